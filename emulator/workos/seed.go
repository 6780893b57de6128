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

// An Application is a Connect application with one client secret, as
// SeedApplication makes it.
type Application struct {
	ID             string // conn_app_ and a ULID
	ClientID       string
	Type           string // m2m or oauth; empty means m2m
	Name           string
	Description    string
	Scopes         []string
	OrganizationID string // the default world's; none for first-party and dynamic applications
	RedirectURIs   []RedirectURI
	UsesPKCE       bool
	FirstParty     bool // of an oauth application
	Dynamic        bool // an oauth application that registered itself
	ClientSecret   string
}

// A RedirectURI is where an OAuth application takes its users back.
type RedirectURI struct {
	URI     string
	Default bool
}

// An Organization is a customer that applications belong to.
type Organization struct {
	ID   string // org_ and a ULID
	Name string
}

// A ClientSecret is a further client secret of an application.
type ClientSecret struct {
	ApplicationID string // whose it is; its client id will do
	ID            string
	Secret        string
}

// SeedApplication adds an application and returns it with everything filled in
// that was left empty. It panics when it clashes with another, or what is given
// does not go together.
func (p *Provider) SeedApplication(in Application) Application {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Application, error) {
		w := worldApplication{
			ID: in.ID, ClientID: in.ClientID, Type: cmp.Or(in.Type, typeM2M), Name: cmp.Or(in.Name, "application"),
			Description: in.Description, Scopes: in.Scopes, OrganizationID: in.OrganizationID,
			UsesPKCE: in.UsesPKCE, FirstParty: in.FirstParty, Dynamic: in.Dynamic,
			ClientSecrets: []worldClientSecret{{Secret: in.ClientSecret}},
		}
		for _, uri := range in.RedirectURIs {
			w.RedirectURIs = append(w.RedirectURIs, redirectURI(uri))
		}
		a, secrets, err := p.addWorldApplication(c, w, nil)
		if err != nil {
			return in, err
		}
		in.ID, in.ClientID, in.Type, in.Name = a.ID, a.ClientID, a.Type, a.Name
		in.OrganizationID, in.ClientSecret = a.OrganizationID, secrets[0]
		return in, nil
	})
}

// SeedOrganization adds an organization and returns it with everything filled in
// that was left empty. It panics when its id is another's.
func (p *Provider) SeedOrganization(in Organization) Organization {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Organization, error) {
		o, err := p.addWorldOrganization(c, worldOrganization(in), nil)
		return Organization{ID: o.ID, Name: o.Name}, err
	})
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
		value, s, err := p.addWorldSecret(c, a, worldClientSecret{in.ID, in.Secret}, nil)
		in.ApplicationID, in.ID, in.Secret = a.ID, s.ID, value
		return in, err
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

// The provider's section of a world file; specs/world/workos.yaml describes it.
type (
	world struct {
		ClientID      string              `json:"clientId"`
		APIKeys       []string            `json:"apiKeys"`
		Organizations []worldOrganization `json:"organizations"`
		People        []Person            `json:"people,omitempty"`
		Applications  []worldApplication  `json:"applications"`
	}
	worldOrganization struct {
		ID   string `json:"id,omitempty"`
		Name string `json:"name,omitempty"`
	}
	worldApplication struct {
		ID             string              `json:"id,omitempty"`
		ClientID       string              `json:"clientId,omitempty"`
		Type           string              `json:"type,omitempty"`
		Name           string              `json:"name"`
		Description    string              `json:"description,omitempty"`
		Scopes         []string            `json:"scopes,omitempty"`
		OrganizationID string              `json:"organizationId,omitempty"`
		RedirectURIs   []redirectURI       `json:"redirectUris,omitempty"`
		UsesPKCE       bool                `json:"usesPkce,omitempty"`
		FirstParty     bool                `json:"firstParty,omitempty"`
		Dynamic        bool                `json:"dynamic,omitempty"`
		ClientSecrets  []worldClientSecret `json:"clientSecrets,omitempty"`
	}
	worldClientSecret struct {
		ID     string `json:"id,omitempty"`
		Secret string `json:"secret,omitempty"`
	}
)

// defaultWorld is an organization with a machine's application, and people.
func (p *Provider) defaultWorld(c *kernel.Call) any {
	org := worldOrganization{ID: worldID(organizationPrefix, c.DrawWorld("organization")), Name: fixtures.Company(c.Seed())}
	return world{
		ClientID:      p.environmentClientID(c),
		APIKeys:       []string{worldAPIKey(c)},
		Organizations: []worldOrganization{org},
		People:        worldPeople(c),
		Applications: []worldApplication{{
			ID:       worldID(applicationPrefix, c.DrawWorld("application")),
			ClientID: worldID(clientPrefix, c.DrawWorld("client")),
			Type:     typeM2M, Name: "understudy", Scopes: []string{"reports:read", "reports:write"},
			OrganizationID: org.ID,
			ClientSecrets: []worldClientSecret{{
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
		o, err := p.addWorldOrganization(c, in, []any{"organizations", i})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			credentials["organizationId"] = o.ID
		}
	}
	for i, in := range w.Applications {
		a, secrets, err := p.addWorldApplication(c, in, []any{"applications", i})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			credentials["applicationId"], credentials["applicationClientId"] = a.ID, a.ClientID
			if len(secrets) > 0 {
				credentials["applicationClientSecret"] = secrets[0]
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
	return kernel.WorldErrorf(append(slices.Clone(path), field), format, args...)
}

func (p *Provider) addWorldOrganization(c *kernel.Call, in worldOrganization, path []any) (organization, error) {
	if in.ID != "" && !strings.HasPrefix(in.ID, organizationPrefix) {
		return organization{}, wrong(path, "id", "organization id %q does not begin with %s", in.ID, organizationPrefix)
	}
	if _, ok := p.organizations.Get(c.Tx, in.ID); ok {
		return organization{}, wrong(path, "id", "there is an organization %s already", in.ID)
	}
	return p.addOrganization(c, organization{ID: in.ID, Name: cmp.Or(in.Name, fixtures.Company(c.Seed()))}), nil
}

// addWorldApplication stores an application with its secrets and fills in what is
// left empty. Path is where it stands in a world file.
func (p *Provider) addWorldApplication(c *kernel.Call, in worldApplication, path []any) (application, []string, error) {
	refuse := func(field, format string, args ...any) (application, []string, error) {
		return application{}, nil, wrong(path, field, format, args...)
	}
	a := application{
		ID: in.ID, ClientID: in.ClientID, Type: cmp.Or(in.Type, typeM2M), Name: in.Name,
		Scopes: in.Scopes, OrganizationID: in.OrganizationID, RedirectURIs: in.RedirectURIs,
		UsesPKCE: in.UsesPKCE, FirstParty: in.FirstParty, Dynamic: in.Dynamic,
	}
	if in.Description != "" {
		a.Description = &in.Description
	}
	switch {
	case a.Type != typeM2M && a.Type != typeOAuth:
		return refuse("type", "there is no type %q", a.Type)
	case a.Type == typeM2M && (a.FirstParty || a.Dynamic || a.UsesPKCE || len(a.RedirectURIs) > 0):
		return refuse("type", "firstParty, dynamic, usesPkce and redirectUris are for the type oauth")
	case a.FirstParty && a.Dynamic:
		return refuse("dynamic", "a first-party application does not register itself")
	case a.ID != "" && !strings.HasPrefix(a.ID, applicationPrefix):
		return refuse("id", "application id %q does not begin with %s", a.ID, applicationPrefix)
	case (a.FirstParty || a.Dynamic) && a.OrganizationID != "":
		return refuse("organizationId", "a first-party or dynamic application belongs to no organization")
	}
	if _, ok := p.applications.Get(c.Tx, a.ID); ok {
		return refuse("id", "there is an application %s already", a.ID)
	}
	if other, ok := p.byClientID.Get(c.Tx, a.ClientID); ok {
		return refuse("clientId", "client id %s belongs to application %s", a.ClientID, other.ID)
	}
	if !a.FirstParty && !a.Dynamic {
		if a.OrganizationID == "" {
			for id := range p.organizations.All(c.Tx) {
				a.OrganizationID = id
				break
			}
		}
		if _, err := p.organization(c, a.OrganizationID); err != nil {
			return refuse("organizationId", "there is no organization %q", a.OrganizationID)
		}
	}
	a = p.addApplication(c, a)
	var secrets []string
	for i, s := range in.ClientSecrets {
		value, _, err := p.addWorldSecret(c, a, s, append(slices.Clone(path), "clientSecrets", i))
		if err != nil {
			return a, nil, err
		}
		secrets = append(secrets, value)
	}
	return a, secrets, nil
}

// addWorldSecret stores a secret; an empty value is drawn.
func (p *Provider) addWorldSecret(c *kernel.Call, a application, in worldClientSecret, path []any) (string, clientSecret, error) {
	if _, ok := p.secrets.Get(c.Tx, in.ID); ok || in.ID != "" && !strings.HasPrefix(in.ID, secretPrefix) {
		return "", clientSecret{}, wrong(path, "id", "client secret id %q is taken or does not begin with %s", in.ID, secretPrefix)
	}
	if in.Secret != "" {
		if _, ok := p.secretByDigest.Get(c.Tx, kit.Digest(in.Secret)); ok {
			return "", clientSecret{}, wrong(path, "secret", "a client secret is given twice")
		}
	}
	if p.countSecrets(c, a) >= maxSecrets {
		return "", clientSecret{}, wrong(path, "secret", tooManySecrets, maxSecrets)
	}
	value, s := p.addClientSecret(c, a, in.ID, in.Secret)
	return value, s, nil
}
