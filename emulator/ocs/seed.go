package ocs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// A Tenant is a further tenant, as SeedTenant makes it.
type Tenant struct {
	ID          string // a GUID
	CompanyName string
	// AdministratorRoleID and MemberRoleID are the tenant's own two roles.
	AdministratorRoleID, MemberRoleID string
}

// A Client is a client with one secret, if its kind has any, as SeedClient makes it.
type Client struct {
	ID       string
	TenantID string // the default world's
	Kind     Kind
	Name     string
	// Roles are names of roles, or their ids; empty means Tenant Administrator and
	// Tenant Member. Only client-credential clients have any.
	Roles []string
	// RedirectURIs and what follows them are for clients that people sign in to.
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	AllowOfflineAccess     bool
	Disabled               bool
	AccessTokenLifetime    int // seconds, from 60 to 3600, which is what 0 means
	Secret                 string
	SecretID               int32     // filled in
	SecretExpiration       time.Time // zero: never
}

// A Secret is a further secret of a client.
type Secret struct {
	ClientID    string // whose it is
	ID          int32  // filled in
	Secret      string
	Description string
	Expiration  time.Time // zero: never
}

// SeedTenant adds a tenant with the built-in roles and returns it with everything
// filled in that was left empty. It panics when the id is another tenant's.
func (p *Provider) SeedTenant(in Tenant) Tenant {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Tenant, error) {
		t, err := p.addTenant(c, worldTenant{
			ID: cmp.Or(in.ID, c.Draw("tenant").UUID()), CompanyName: in.CompanyName,
			Roles: []worldRole{
				{ID: cmp.Or(in.AdministratorRoleID, c.Draw("role").UUID()), Name: administratorRole},
				{ID: cmp.Or(in.MemberRoleID, c.Draw("role").UUID()), Name: memberRole},
			},
		}, nil)
		if err != nil {
			return in, err
		}
		in.ID, in.CompanyName, in.MemberRoleID = t.ID, t.CompanyName, t.MemberRoleID
		in.AdministratorRoleID = p.roleNamed(c, t.ID, administratorRole)
		return in, nil
	})
}

// SeedClient adds a client and returns it with everything filled in that was left
// empty. It panics when the client or its secret clashes with another, or when a
// role does not exist.
func (p *Provider) SeedClient(in Client) Client {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Client, error) {
		if in.TenantID == "" {
			for id := range p.tenants.All(c.Tx) {
				in.TenantID = id
				break
			}
		}
		if len(in.Roles) == 0 && in.Kind == clientCredential {
			in.Roles = []string{administratorRole, memberRole}
		}
		enabled := !in.Disabled
		var expiration *string
		if !in.SecretExpiration.IsZero() {
			text := in.SecretExpiration.Format(time.RFC3339Nano)
			expiration = &text
		}
		w := worldClient{
			ID: in.ID, Type: in.Kind.String(), Name: in.Name, Enabled: &enabled, AccessTokenLifetime: in.AccessTokenLifetime,
			Roles: in.Roles, AllowOfflineAccess: in.AllowOfflineAccess,
			RedirectURIs: in.RedirectURIs, PostLogoutRedirectURIs: in.PostLogoutRedirectURIs,
		}
		if in.Kind.hasSecrets() {
			w.Secrets = []worldSecret{{Secret: in.Secret, Expiration: expiration}}
		}
		cl, secrets, err := p.addWorldClient(c, in.TenantID, w, nil)
		if err != nil {
			return in, err
		}
		in.ID, in.Name, in.AccessTokenLifetime = cl.ID, cl.Name, cl.AccessTokenLifetime
		for _, s := range secrets {
			in.Secret, in.SecretID = s.Secret, s.id
		}
		return in, nil
	})
}

// SeedSecret adds a secret to a client that was seeded or created, whatever the
// limit, and returns it with everything filled in that was left empty. It panics
// when there is no such client, or another has the secret.
func (p *Provider) SeedSecret(in Secret) Secret {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Secret, error) {
		cl, ok := p.clients.Get(c.Tx, in.ClientID)
		if !ok {
			return in, fmt.Errorf("there is no client %q", in.ClientID)
		}
		if _, ok := p.byDigest.Get(c.Tx, kit.Digest(in.Secret)); ok {
			return in, fmt.Errorf("a client has this secret already")
		}
		var settings secretSettings
		if in.Description != "" {
			settings.Description = &in.Description
		}
		if !in.Expiration.IsZero() {
			at := in.Expiration.UTC().Truncate(tick)
			settings.Expiration = &at
		}
		value, s := p.newSecret(c, cl, settings, in.Secret)
		in.Secret, in.ID = value, s.ID
		return in, nil
	})
}

// SeedToken returns an access token of a client-credential client that was seeded
// or created, as if it had authenticated now. It panics when there is none.
func (p *Provider) SeedToken(clientID string) string {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (string, error) {
		cl, ok := p.clients.Get(c.Tx, clientID)
		if !ok || cl.Kind != clientCredential {
			return "", fmt.Errorf("there is no client-credential client %q", clientID)
		}
		c.Base = cmp.Or(c.Base, "https://"+realHost) // nobody has called; a public URL is known all the same
		expires := c.In(time.Duration(cl.AccessTokenLifetime) * time.Second)
		content := p.newClaims(c, cl, cl.clientSettings, expires)
		p.remember(c, content)
		return signingKey(c).Sign("JWT", content)
	})
}

// realHost is the service's own host, which tokens name that are issued before
// anybody has called.
const realHost = "uswe.datahub.connect.aveva.com"

// The provider's section of a world file; specs/world/ocs.yaml describes it.
type (
	world struct {
		Tenants []worldTenant `json:"tenants"`
		People  []Person      `json:"people,omitempty"`
	}
	worldTenant struct {
		ID          string        `json:"id,omitempty"`
		CompanyName string        `json:"companyName,omitempty"`
		Alias       string        `json:"alias,omitempty"`
		Roles       []worldRole   `json:"roles,omitempty"`
		Namespaces  []Namespace   `json:"namespaces,omitempty"`
		Communities []Community   `json:"communities,omitempty"`
		Clients     []worldClient `json:"clients,omitempty"`
	}
	worldRole struct {
		ID          string `json:"id,omitempty"`
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
	}
	worldClient struct {
		ID                     string        `json:"id,omitempty"`
		Type                   string        `json:"type,omitempty"`
		Name                   string        `json:"name"`
		Enabled                *bool         `json:"enabled,omitempty"`
		AccessTokenLifetime    int           `json:"accessTokenLifetime,omitempty"`
		Roles                  []string      `json:"roles,omitempty"`
		Tags                   []string      `json:"tags,omitempty"`
		AllowOfflineAccess     bool          `json:"allowOfflineAccess,omitempty"`
		RedirectURIs           []string      `json:"redirectUris,omitempty"`
		PostLogoutRedirectURIs []string      `json:"postLogoutRedirectUris,omitempty"`
		Secrets                []worldSecret `json:"secrets,omitempty"`
	}
	worldSecret struct {
		Secret      string  `json:"secret,omitempty"`
		Description *string `json:"description,omitempty"`
		Expiration  *string `json:"expiration,omitempty"`
		id          int32   // as it was stored
	}
)

// defaultWorld is a tenant with its built-in roles, an administrator client, a
// hybrid one, and people.
func (p *Provider) defaultWorld(c *kernel.Call) any {
	name := fixtures.Company(c.Seed())
	t := worldTenant{ID: c.DrawWorld("tenant").UUID(), CompanyName: name, Alias: fixtures.Slug(name)}
	for _, r := range builtIn {
		t.Roles = append(t.Roles, worldRole{ID: worldRoleID(c, r.name), Name: r.name})
	}
	t.Namespaces = []Namespace{{ID: "understudy", Description: "There are no data here."}}
	t.Communities = []Community{{ID: c.DrawWorld("community").UUID(), Name: "understudy"}}
	described := "the default world's"
	t.Clients = []worldClient{{
		ID: c.DrawWorld("client").UUID(), Type: clientCredential.String(), Name: "understudy",
		Roles:   []string{administratorRole, memberRole},
		Secrets: []worldSecret{{Secret: worldSecretValue(c, "secret"), Description: &described}},
	}, {
		ID: c.DrawWorld("hybrid-client").UUID(), Type: hybrid.String(), Name: "understudy-web",
		AllowOfflineAccess:     true,
		RedirectURIs:           []string{"http://localhost:5000/signin-oidc"},
		PostLogoutRedirectURIs: []string{"http://localhost:5000/signout-callback-oidc"},
		Secrets:                []worldSecret{{Secret: worldSecretValue(c, "hybrid-secret"), Description: &described}},
	}}
	return world{Tenants: []worldTenant{t}, People: worldPeople(c)}
}

func worldRoleID(c *kernel.Call, name string) string {
	return c.DrawWorld("role/" + fixtures.Slug(name)).UUID()
}

func worldSecretValue(c *kernel.Call, kind string) string {
	return newValue(c.DrawWorld(kind))
}

// endOfWorld is when the world's access token expires: outside every lifetime,
// so that it works wherever the clock is set.
var endOfWorld = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// load fills an empty store.
func (p *Provider) load(c *kernel.Call, section json.RawMessage) (map[string]string, error) {
	var w world
	if err := json.Unmarshal(section, &w); err != nil {
		return nil, err
	}
	credentials := map[string]string{}
	for i, in := range w.Tenants {
		path := []any{"tenants", i}
		if i == 0 {
			in.ID = cmp.Or(in.ID, c.DrawWorld("tenant").UUID())
			in.CompanyName = cmp.Or(in.CompanyName, fixtures.Company(c.Seed()))
		}
		t, err := p.addTenant(c, in, path)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			credentials["tenantId"], credentials["memberRoleId"] = t.ID, t.MemberRoleID
			credentials["administratorRoleId"] = p.roleNamed(c, t.ID, administratorRole)
		}
		for j, in := range in.Clients {
			cl, secrets, err := p.addWorldClient(c, t.ID, in, append(slices.Clone(path), "clients", j))
			if err != nil {
				return nil, err
			}
			if i > 0 || cl.Kind != clientCredential || credentials["clientId"] != "" {
				continue
			}
			credentials["clientId"] = cl.ID
			if len(secrets) > 0 {
				credentials["clientSecret"] = secrets[0].Secret
			}
			c.Base = "https://" + realHost
			key, content := signingKey(c), p.newClaims(c, cl, cl.clientSettings, endOfWorld)
			c.LateCredential("accessToken", func() (string, error) { return key.Sign("JWT", content) })
		}
	}
	for i, in := range w.People {
		if _, err := p.addPerson(c, in, []any{"people", i}); err != nil {
			return nil, err
		}
	}
	return credentials, nil
}

// addTenant stores a tenant with its roles and fills in what is left empty. Path
// is where it stands in a world file.
func (p *Provider) addTenant(c *kernel.Call, in worldTenant, path []any) (tenant, error) {
	t := tenant{ID: strings.ToLower(cmp.Or(in.ID, c.Draw("tenant").UUID())), CreatedAt: c.Now}
	t.CompanyName = cmp.Or(in.CompanyName, fixtures.Company(c.Seed()+t.ID))
	t.Alias = cmp.Or(in.Alias, fixtures.Slug(t.CompanyName))
	if _, ok := p.tenants.Get(c.Tx, t.ID); ok {
		return t, kernel.WorldErrorf(append(slices.Clone(path), "id"), "there is a tenant %s already", t.ID)
	}
	first := p.tenants.Len(c.Tx) == 0
	put := func(in worldRole, at []any) error {
		r := role{ID: strings.ToLower(in.ID), TenantID: t.ID, Name: in.Name, Description: in.Description}
		for _, b := range builtIn {
			if b.name == in.Name {
				r.RoleTypeID = b.typeID
			}
		}
		if r.ID == "" && r.RoleTypeID != "" && first {
			r.ID = worldRoleID(c, r.Name)
		}
		r.ID = cmp.Or(r.ID, c.Draw("role").UUID())
		if _, ok := p.roles.Get(c.Tx, r.ID); ok {
			return kernel.WorldErrorf(append(slices.Clone(at), "id"), "there is a role %s already", r.ID)
		}
		if p.roleNamed(c, t.ID, r.Name) != "" {
			return kernel.WorldErrorf(append(slices.Clone(at), "name"), "the tenant has a role %q already", r.Name)
		}
		if r.RoleTypeID == memberType {
			t.MemberRoleID = r.ID
		}
		p.roles.Put(c.Tx, r.ID, r)
		return nil
	}
	for i, in := range in.Roles {
		if err := put(in, append(slices.Clone(path), "roles", i)); err != nil {
			return t, err
		}
	}
	for _, b := range builtIn { // every tenant has them, whatever its section lists
		if p.roleNamed(c, t.ID, b.name) == "" {
			if err := put(worldRole{Name: b.name}, path); err != nil {
				return t, err
			}
		}
	}
	for i, n := range in.Namespaces {
		n.TenantID = t.ID
		if _, ok := p.namespaceTable.Get(c.Tx, n.key()); ok {
			return t, kernel.WorldErrorf(append(slices.Clone(path), "namespaces", i, "id"), "the tenant has a namespace %q already", n.ID)
		}
		p.namespaceTable.Put(c.Tx, n.key(), n)
	}
	for i, g := range in.Communities {
		g.ID, g.TenantID = strings.ToLower(cmp.Or(g.ID, c.Draw("community").UUID())), t.ID
		if _, ok := p.communityTable.Get(c.Tx, g.ID); ok {
			return t, kernel.WorldErrorf(append(slices.Clone(path), "communities", i, "id"), "there is a community %s already", g.ID)
		}
		p.communityTable.Put(c.Tx, g.ID, g)
	}
	p.tenants.Put(c.Tx, t.ID, t)
	return t, nil
}

// roleNamed returns the id of the tenant's role of that name, or "".
func (p *Provider) roleNamed(c *kernel.Call, tenantID, name string) string {
	r, _ := p.roleByName.Get(c.Tx, role{TenantID: tenantID, Name: name}.place())
	return r.ID
}

// addWorldClient stores a client with its secrets and fills in what is left
// empty. Path is where it stands in a world file.
func (p *Provider) addWorldClient(c *kernel.Call, tenantID string, in worldClient, path []any) (client, []worldSecret, error) {
	refuse := func(field, format string, args ...any) (client, []worldSecret, error) {
		return client{}, nil, kernel.WorldErrorf(append(slices.Clone(path), field), format, args...)
	}
	if _, ok := p.tenants.Get(c.Tx, tenantID); !ok {
		return refuse("id", "there is no tenant %q", tenantID)
	}
	cl := client{ID: cmp.Or(in.ID, c.Draw("client").UUID()), TenantID: tenantID, Kind: kindNamed(in.Type), clientSettings: newSettings()}
	cl.Name = cmp.Or(in.Name, "client-"+cl.ID[:min(8, len(cl.ID))])
	cl.Tags, cl.AllowOfflineAccess = in.Tags, in.AllowOfflineAccess
	cl.RedirectURIs, cl.PostLogoutRedirectURIs = in.RedirectURIs, in.PostLogoutRedirectURIs
	kit.Put(&cl.Enabled, in.Enabled)
	cl.AccessTokenLifetime = cmp.Or(in.AccessTokenLifetime, defaultLifetime)
	if cl.AccessTokenLifetime < 60 || cl.AccessTokenLifetime > defaultLifetime {
		return refuse("accessTokenLifetime", "%d is not between 60 and %d", cl.AccessTokenLifetime, defaultLifetime)
	}
	switch {
	case cl.Kind == clientCredential && len(in.Roles) == 0:
		in.Roles = []string{memberRole}
	case !cl.Kind.hasSecrets() && len(in.Secrets) > 0:
		return refuse("secrets", "a client of the type %s has none", in.Type)
	}
	for _, name := range in.Roles {
		id := cmp.Or(p.roleNamed(c, tenantID, name), strings.ToLower(name))
		if _, ok := p.roleOf(c, tenantID, id); !ok || cl.Kind != clientCredential {
			return refuse("roles", "there is no role %q for this client", name)
		}
		cl.RoleIDs = append(cl.RoleIDs, id)
	}
	cl, problem := p.addClient(c, cl)
	if problem != nil {
		return refuse("id", "%s", problem.Reason)
	}
	var secrets []worldSecret
	for i, in := range in.Secrets {
		at := append(slices.Clone(path), "secrets", i)
		if _, ok := p.byDigest.Get(c.Tx, kit.Digest(in.Secret)); ok {
			return client{}, nil, kernel.WorldErrorf(append(at, "secret"), "a client has this secret already")
		}
		expiration, problem := parseDateTime("expiration", in.Expiration)
		if problem != nil {
			return client{}, nil, kernel.WorldErrorf(append(at, "expiration"), "%s", notADate)
		}
		value, s := p.newSecret(c, cl, secretSettings{in.Description, expiration}, in.Secret)
		in.Secret, in.id = value, s.ID
		secrets = append(secrets, in)
	}
	return cl, secrets, nil
}
