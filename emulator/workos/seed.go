package workos

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// An Application is a Connect application, as SeedApplication makes one and a world
// file has it.
type Application struct {
	ID             string         `json:"id,omitempty"` // conn_app_ and a ULID
	ClientID       string         `json:"clientId,omitempty"`
	Type           string         `json:"type,omitempty"` // m2m or oauth; empty means m2m
	Name           string         `json:"name"`
	Description    string         `json:"description,omitempty"`
	Scopes         []string       `json:"scopes,omitempty"`
	OrganizationID string         `json:"organizationId,omitempty"` // the default world's; none for first-party and dynamic applications
	RedirectURIs   []RedirectURI  `json:"redirectUris,omitempty"`
	UsesPKCE       bool           `json:"usesPkce,omitempty"`
	FirstParty     bool           `json:"firstParty,omitempty"` // of an oauth application
	Dynamic        bool           `json:"dynamic,omitempty"`    // an oauth application that registered itself
	ClientSecrets  []ClientSecret `json:"clientSecrets,omitempty"`
	// ClientSecret is the first one's value. SeedApplication makes it, if no
	// ClientSecrets are given.
	ClientSecret string `json:"-"`
}

// A RedirectURI is where an OAuth application takes its users back.
type RedirectURI struct {
	URI     string `json:"uri"`
	Default bool   `json:"default"`
}

// An Organization is a customer that applications belong to.
type Organization struct {
	ID   string `json:"id,omitempty"` // org_ and a ULID
	Name string `json:"name,omitempty"`
}

// A ClientSecret is a client secret of an application.
type ClientSecret struct {
	ApplicationID string `json:"-"` // whose it is; its client id will do
	ID            string `json:"id,omitempty"`
	Secret        string `json:"secret,omitempty"`
}

// SeedApplication adds an application and returns it with everything filled in
// that was left empty. It panics when it clashes with another, or what is given
// does not go together.
func (p *Provider) SeedApplication(in Application) Application {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Application, error) {
		in.Name = cmp.Or(in.Name, "application")
		if len(in.ClientSecrets) == 0 {
			in.ClientSecrets = []ClientSecret{{Secret: in.ClientSecret}}
		}
		return p.seedApplication(c, in, nil)
	})
}

// SeedOrganization adds an organization and returns it with everything filled in
// that was left empty. It panics when its id is another's.
func (p *Provider) SeedOrganization(in Organization) Organization {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Organization, error) { return p.seedOrganization(c, in, nil) })
}

// SeedClientSecret adds a client secret to an application and returns it with
// everything filled in that was left empty. It panics when the application is
// unknown, has as many as it can, or the secret is another's.
func (p *Provider) SeedClientSecret(in ClientSecret) ClientSecret {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (ClientSecret, error) {
		a, err := p.application(c, in.ApplicationID)
		if err != nil {
			return in, err
		}
		return p.seedClientSecret(c, a, in, nil)
	})
}

// SeedAPIKey adds an API key to the environment and returns it. An empty one is
// made up.
func (p *Provider) SeedAPIKey(key string) string {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (string, error) {
		if key == "" {
			key = apiKeyPrefix + c.Draw("api-key").Alphanumeric(apiKeyLength)
		}
		p.addAPIKey(c, key)
		return key, nil
	})
}

// The form of API keys.
const (
	apiKeyPrefix = "sk_test_"
	apiKeyLength = 40
	// organizationKeyValue begins the value of an organization's key.
	organizationKeyValue = "sk_"
)

// world is the provider's section of a world file; specs/world/workos.yaml
// describes it.
type world struct {
	ClientID      string         `json:"clientId"`
	APIKeys       []string       `json:"apiKeys"`
	Organizations []Organization `json:"organizations"`
	People        []Person       `json:"people,omitempty"`
	Applications  []Application  `json:"applications"`
}

// defaultWorld is an organization with a machine's application, and people.
func (p *Provider) defaultWorld(c *kernel.Call) any {
	org := Organization{ID: worldID(organizationPrefix, c.DrawWorld("organization")), Name: fixtures.Company(c.Seed())}
	return world{
		ClientID:      p.environmentClientID(c),
		APIKeys:       []string{worldAPIKey(c)},
		Organizations: []Organization{org},
		People:        worldPeople(c),
		Applications: []Application{{
			ID:       worldID(applicationPrefix, c.DrawWorld("application")),
			ClientID: worldID(clientPrefix, c.DrawWorld("client")),
			Type:     typeM2M, Name: "understudy", Scopes: []string{"reports:read", "reports:write"},
			OrganizationID: org.ID,
			ClientSecrets: []ClientSecret{{
				ID:     worldID(secretPrefix, c.DrawWorld("client-secret-id")),
				Secret: c.DrawWorld("client-secret").Hex(secretBytes),
			}},
		}},
	}
}

func (p *Provider) environmentClientID(c *kernel.Call) string {
	return worldID(clientPrefix, c.DrawWorld("environment"))
}

func worldAPIKey(c *kernel.Call) string {
	return apiKeyPrefix + c.DrawWorld("api-key").Alphanumeric(apiKeyLength)
}

// load fills an empty store.
func (p *Provider) load(c *kernel.Call, section json.RawMessage) (map[string]string, error) {
	var w world
	if err := json.Unmarshal(section, &w); err != nil {
		return nil, err
	}
	w.ClientID = cmp.Or(w.ClientID, p.environmentClientID(c))
	p.environments.Put(c.Tx, theEnvironment, environment{w.ClientID})
	if len(w.APIKeys) == 0 {
		w.APIKeys = []string{worldAPIKey(c)}
	}
	for _, key := range w.APIKeys {
		p.addAPIKey(c, key)
	}
	credentials := map[string]string{"clientId": w.ClientID, "apiKey": w.APIKeys[0]}
	for i, in := range w.Organizations {
		o, err := p.seedOrganization(c, in, []any{"organizations", i})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			credentials["organizationId"] = o.ID
		}
	}
	for i, in := range w.Applications {
		a, err := p.seedApplication(c, in, []any{"applications", i})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			credentials["applicationId"], credentials["applicationClientId"] = a.ID, a.ClientID
			if a.ClientSecret != "" {
				credentials["applicationClientSecret"] = a.ClientSecret
			}
		}
	}
	for i, in := range w.People {
		if _, err := p.addPerson(c, in, []any{"people", i}); err != nil {
			return nil, err
		}
	}
	return credentials, nil
}

// wrong is an error at a place of a world file.
func wrong(path []any, field, format string, args ...any) error {
	return kernel.WorldErrorf(kernel.Below(path, field), format, args...)
}

// seedOrganization stores an organization and fills in what is left empty. Path is
// where it stands in a world file, as below.
func (p *Provider) seedOrganization(c *kernel.Call, in Organization, path []any) (Organization, error) {
	if in.ID != "" && !strings.HasPrefix(in.ID, organizationPrefix) {
		return in, wrong(path, "id", "organization id %q does not begin with %s", in.ID, organizationPrefix)
	}
	if _, ok := p.organizations.Get(c.Tx, in.ID); ok {
		return in, wrong(path, "id", "there is an organization %s already", in.ID)
	}
	o := p.addOrganization(c, organization{ID: in.ID, Name: cmp.Or(in.Name, fixtures.Company(c.Seed()))})
	in.ID, in.Name = o.ID, o.Name
	return in, nil
}

// seedApplication stores an application with its secrets.
func (p *Provider) seedApplication(c *kernel.Call, in Application, path []any) (Application, error) {
	refuse := func(field, format string, args ...any) (Application, error) {
		return in, wrong(path, field, format, args...)
	}
	in.Type = cmp.Or(in.Type, typeM2M)
	switch {
	case in.Type != typeM2M && in.Type != typeOAuth:
		return refuse("type", "there is no type %q", in.Type)
	case in.Type == typeM2M && (in.FirstParty || in.Dynamic || in.UsesPKCE || len(in.RedirectURIs) > 0):
		return refuse("type", "firstParty, dynamic, usesPkce and redirectUris are for the type oauth")
	case in.FirstParty && in.Dynamic:
		return refuse("dynamic", "a first-party application does not register itself")
	case in.ID != "" && !strings.HasPrefix(in.ID, applicationPrefix):
		return refuse("id", "application id %q does not begin with %s", in.ID, applicationPrefix)
	case (in.FirstParty || in.Dynamic) && in.OrganizationID != "":
		return refuse("organizationId", "a first-party or dynamic application belongs to no organization")
	}
	if _, ok := p.applications.Get(c.Tx, in.ID); ok {
		return refuse("id", "there is an application %s already", in.ID)
	}
	if other, ok := p.byClientID.Get(c.Tx, in.ClientID); ok {
		return refuse("clientId", "client id %s belongs to application %s", in.ClientID, other.ID)
	}
	if !in.FirstParty && !in.Dynamic {
		if in.OrganizationID == "" {
			in.OrganizationID, _, _ = p.organizations.First(c.Tx)
		}
		if _, err := p.organization(c, in.OrganizationID); err != nil {
			return refuse("organizationId", "there is no organization %q", in.OrganizationID)
		}
	}
	row := application{
		ID: in.ID, ClientID: in.ClientID, Type: in.Type, Name: in.Name,
		Scopes: in.Scopes, OrganizationID: in.OrganizationID, RedirectURIs: in.RedirectURIs,
		UsesPKCE: in.UsesPKCE, FirstParty: in.FirstParty, Dynamic: in.Dynamic,
	}
	if in.Description != "" {
		row.Description = &in.Description
	}
	row = p.addApplication(c, row)
	in.ID, in.ClientID = row.ID, row.ClientID
	in.ClientSecrets = slices.Clone(in.ClientSecrets)
	for i, s := range in.ClientSecrets {
		var err error
		if in.ClientSecrets[i], err = p.seedClientSecret(c, row, s, kernel.Below(path, "clientSecrets", i)); err != nil {
			return in, err
		}
		in.ClientSecret = in.ClientSecrets[0].Secret
	}
	return in, nil
}

// seedClientSecret stores a secret; an empty value is drawn.
func (p *Provider) seedClientSecret(c *kernel.Call, a application, in ClientSecret, path []any) (ClientSecret, error) {
	if _, ok := p.secrets.Get(c.Tx, in.ID); ok || in.ID != "" && !strings.HasPrefix(in.ID, secretPrefix) {
		return in, wrong(path, "id", "client secret id %q is taken or does not begin with %s", in.ID, secretPrefix)
	}
	if in.Secret != "" {
		if _, ok := p.secretByDigest.Get(c.Tx, kit.Digest(in.Secret)); ok {
			return in, wrong(path, "secret", "a client secret is given twice")
		}
	}
	if p.countSecrets(c, a) >= maxSecrets {
		return in, wrong(path, "secret", tooManySecrets, maxSecrets)
	}
	value, s := p.addClientSecret(c, a, in.ID, in.Secret)
	return ClientSecret{a.ID, s.ID, value}, nil
}
