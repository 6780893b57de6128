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

// A Tenant is a tenant, as SeedTenant makes one and a world file has it.
type Tenant struct {
	ID          string      `json:"id,omitempty"` // a GUID
	CompanyName string      `json:"companyName,omitempty"`
	Alias       string      `json:"alias,omitempty"`
	Roles       []Role      `json:"roles,omitempty"` // the built-in ones need not stand here
	Namespaces  []Namespace `json:"namespaces,omitempty"`
	Communities []Community `json:"communities,omitempty"`
	Clients     []Client    `json:"clients,omitempty"`
	// AdministratorRoleID and MemberRoleID are the tenant's own two roles.
	AdministratorRoleID string `json:"-"`
	MemberRoleID        string `json:"-"`
}

// A Role is a role of a tenant.
type Role struct {
	ID          string `json:"id,omitempty"` // a GUID
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// A Client is a client, as SeedClient makes one and a world file has it.
type Client struct {
	ID       string `json:"id,omitempty"`
	TenantID string `json:"-"` // the default world's
	Kind     Kind   `json:"-"`
	Name     string `json:"name"`
	// Roles are names of roles, or their ids. Empty means the member role, and for
	// SeedClient the administrator's too. Only client-credential clients have any.
	Roles []string `json:"roles,omitempty"`
	Tags  []string `json:"tags,omitempty"`
	// RedirectURIs and what follows them are for clients that people sign in to.
	RedirectURIs           []string `json:"redirectUris,omitempty"`
	PostLogoutRedirectURIs []string `json:"postLogoutRedirectUris,omitempty"`
	AllowOfflineAccess     bool     `json:"allowOfflineAccess,omitempty"`
	Disabled               bool     `json:"-"`
	AccessTokenLifetime    int      `json:"accessTokenLifetime,omitempty"` // seconds, from 60 to 3600, which is what 0 means
	Secrets                []Secret `json:"secrets,omitempty"`
	// Secret and what follows it are the first of Secrets. SeedClient makes it, if
	// none are given and the kind has any.
	Secret           string    `json:"-"`
	SecretID         int32     `json:"-"` // filled in
	SecretExpiration time.Time `json:"-"` // zero: never
	clientInFile
}

// clientInFile is what a world file says in other words than Client.
type clientInFile struct {
	Type    string `json:"type,omitempty"`    // of the Kind
	Enabled *bool  `json:"enabled,omitempty"` // not Disabled
}

// A Secret is a secret of a client.
type Secret struct {
	ClientID    string    `json:"-"` // whose it is
	ID          int32     `json:"-"` // filled in
	Secret      string    `json:"secret,omitempty"`
	Description string    `json:"description,omitempty"`
	Expiration  time.Time `json:"expiration,omitzero"` // zero: never
}

// SeedTenant adds a tenant with the built-in roles and returns it with everything
// filled in that was left empty. It panics when an id is another's.
func (p *Provider) SeedTenant(in Tenant) Tenant {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Tenant, error) {
		in.ID = cmp.Or(in.ID, c.Draw("tenant").UUID())
		in.Roles = append([]Role{
			{ID: cmp.Or(in.AdministratorRoleID, c.Draw("role").UUID()), Name: administratorRole},
			{ID: cmp.Or(in.MemberRoleID, c.Draw("role").UUID()), Name: memberRole},
		}, in.Roles...)
		return p.seedTenant(c, in, nil)
	})
}

// SeedClient adds a client and returns it with everything filled in that was left
// empty. It panics when the client or its secret clashes with another, or when a
// role does not exist.
func (p *Provider) SeedClient(in Client) Client {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Client, error) {
		if in.TenantID == "" {
			in.TenantID, _, _ = p.tenants.First(c.Tx)
		}
		if len(in.Roles) == 0 && in.Kind == clientCredential {
			in.Roles = []string{administratorRole, memberRole}
		}
		if len(in.Secrets) == 0 && in.Kind.hasSecrets() {
			in.Secrets = []Secret{{Secret: in.Secret, Expiration: in.SecretExpiration}}
		}
		enabled := !in.Disabled
		in.clientInFile = clientInFile{in.Kind.String(), &enabled}
		in, err := p.seedClient(c, in, nil)
		in.clientInFile = clientInFile{}
		return in, err
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
		return p.seedSecret(c, cl, in, nil)
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

// world is the provider's section of a world file; specs/world/ocs.yaml describes
// it.
type world struct {
	Tenants []Tenant `json:"tenants"`
	People  []Person `json:"people,omitempty"`
}

// defaultWorld is a tenant with its built-in roles, an administrator client, a
// hybrid one, and people.
func (p *Provider) defaultWorld(c *kernel.Call) any {
	name := fixtures.Company(c.Seed())
	t := Tenant{ID: c.DrawWorld("tenant").UUID(), CompanyName: name, Alias: fixtures.Slug(name)}
	for _, r := range builtIn {
		t.Roles = append(t.Roles, Role{ID: worldRoleID(c, r.name), Name: r.name})
	}
	t.Namespaces = []Namespace{{ID: "understudy", Description: "There are no data here."}}
	t.Communities = []Community{{ID: c.DrawWorld("community").UUID(), Name: "understudy"}}
	const described = "the default world's"
	t.Clients = []Client{{
		ID: c.DrawWorld("client").UUID(), Name: "understudy", clientInFile: clientInFile{Type: clientCredential.String()},
		Roles:   []string{administratorRole, memberRole},
		Secrets: []Secret{{Secret: worldSecretValue(c, "secret"), Description: described}},
	}, {
		ID: c.DrawWorld("hybrid-client").UUID(), Name: "understudy-web", clientInFile: clientInFile{Type: hybrid.String()},
		AllowOfflineAccess:     true,
		RedirectURIs:           []string{"http://localhost:5000/signin-oidc"},
		PostLogoutRedirectURIs: []string{"http://localhost:5000/signout-callback-oidc"},
		Secrets:                []Secret{{Secret: worldSecretValue(c, "hybrid-secret"), Description: described}},
	}}
	return world{Tenants: []Tenant{t}, People: worldPeople(c)}
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
		if i == 0 {
			in.ID = cmp.Or(in.ID, c.DrawWorld("tenant").UUID())
			in.CompanyName = cmp.Or(in.CompanyName, fixtures.Company(c.Seed()))
		}
		t, err := p.seedTenant(c, in, []any{"tenants", i})
		if err != nil {
			return nil, err
		}
		if i > 0 {
			continue
		}
		credentials["tenantId"] = t.ID
		credentials["administratorRoleId"], credentials["memberRoleId"] = t.AdministratorRoleID, t.MemberRoleID
		if i := slices.IndexFunc(t.Clients, func(in Client) bool { return in.Kind == clientCredential }); i >= 0 {
			p.noteClient(c, t.Clients[i], credentials)
		}
	}
	for i, in := range w.People {
		if _, err := p.addPerson(c, in, []any{"people", i}); err != nil {
			return nil, err
		}
	}
	return credentials, nil
}

// noteClient adds a client's credentials to the world's.
func (p *Provider) noteClient(c *kernel.Call, in Client, credentials map[string]string) {
	credentials["clientId"] = in.ID
	if in.Secret != "" {
		credentials["clientSecret"] = in.Secret
	}
	cl, _ := p.clients.Get(c.Tx, in.ID)
	c.Base = "https://" + realHost
	key, content := signingKey(c), p.newClaims(c, cl, cl.clientSettings, endOfWorld)
	c.LateCredential("accessToken", func() (string, error) { return key.Sign("JWT", content) })
}

// seedTenant stores a tenant with what it holds and fills in what is left empty.
// Path is where it stands in a world file, as below.
func (p *Provider) seedTenant(c *kernel.Call, in Tenant, path []any) (Tenant, error) {
	t := tenant{ID: strings.ToLower(cmp.Or(in.ID, c.Draw("tenant").UUID())), CreatedAt: c.Now}
	t.CompanyName = cmp.Or(in.CompanyName, fixtures.Company(c.Seed()+t.ID))
	t.Alias = cmp.Or(in.Alias, fixtures.Slug(t.CompanyName))
	if _, ok := p.tenants.Get(c.Tx, t.ID); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "id"), "there is a tenant %s already", t.ID)
	}
	first := p.tenants.Len(c.Tx) == 0
	put := func(in Role, at []any) error {
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
			return kernel.WorldErrorf(kernel.Below(at, "id"), "there is a role %s already", r.ID)
		}
		if p.roleNamed(c, t.ID, r.Name) != "" {
			return kernel.WorldErrorf(kernel.Below(at, "name"), "the tenant has a role %q already", r.Name)
		}
		if r.RoleTypeID == memberType {
			t.MemberRoleID = r.ID
		}
		p.roles.Put(c.Tx, r.ID, r)
		return nil
	}
	for i, r := range in.Roles {
		if err := put(r, kernel.Below(path, "roles", i)); err != nil {
			return in, err
		}
	}
	for _, b := range builtIn { // every tenant has them, whatever its section lists
		if p.roleNamed(c, t.ID, b.name) == "" {
			if err := put(Role{Name: b.name}, path); err != nil {
				return in, err
			}
		}
	}
	for i, n := range in.Namespaces {
		n.TenantID = t.ID
		if _, ok := p.namespaceTable.Get(c.Tx, n.key()); ok {
			return in, kernel.WorldErrorf(kernel.Below(path, "namespaces", i, "id"), "the tenant has a namespace %q already", n.ID)
		}
		p.namespaceTable.Put(c.Tx, n.key(), n)
	}
	for i, g := range in.Communities {
		g.ID, g.TenantID = strings.ToLower(cmp.Or(g.ID, c.Draw("community").UUID())), t.ID
		if _, ok := p.communityTable.Get(c.Tx, g.ID); ok {
			return in, kernel.WorldErrorf(kernel.Below(path, "communities", i, "id"), "there is a community %s already", g.ID)
		}
		p.communityTable.Put(c.Tx, g.ID, g)
	}
	p.tenants.Put(c.Tx, t.ID, t)
	in.Clients = slices.Clone(in.Clients)
	for i, cl := range in.Clients {
		cl.TenantID = t.ID
		var err error
		if in.Clients[i], err = p.seedClient(c, cl, kernel.Below(path, "clients", i)); err != nil {
			return in, err
		}
	}
	in.ID, in.CompanyName, in.Alias = t.ID, t.CompanyName, t.Alias
	in.AdministratorRoleID, in.MemberRoleID = p.roleNamed(c, t.ID, administratorRole), t.MemberRoleID
	return in, nil
}

// roleNamed returns the id of the tenant's role of that name, or "".
func (p *Provider) roleNamed(c *kernel.Call, tenantID, name string) string {
	r, _ := p.roleByName.Get(c.Tx, role{TenantID: tenantID, Name: name}.place())
	return r.ID
}

// seedClient stores a client with its secrets.
func (p *Provider) seedClient(c *kernel.Call, in Client, path []any) (Client, error) {
	refuse := func(field, format string, args ...any) (Client, error) {
		return in, kernel.WorldErrorf(kernel.Below(path, field), format, args...)
	}
	if _, ok := p.tenants.Get(c.Tx, in.TenantID); !ok {
		return refuse("id", "there is no tenant %q", in.TenantID)
	}
	in.Kind = kindNamed(in.Type)
	cl := client{ID: cmp.Or(in.ID, c.Draw("client").UUID()), TenantID: in.TenantID, Kind: in.Kind, clientSettings: newSettings()}
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
		id := cmp.Or(p.roleNamed(c, in.TenantID, name), strings.ToLower(name))
		if _, ok := p.roleOf(c, in.TenantID, id); !ok || cl.Kind != clientCredential {
			return refuse("roles", "there is no role %q for this client", name)
		}
		cl.RoleIDs = append(cl.RoleIDs, id)
	}
	cl, problem := p.addClient(c, cl)
	if problem != nil {
		return refuse("id", "%s", problem.Reason)
	}
	in.ID, in.Name, in.AccessTokenLifetime, in.Disabled = cl.ID, cl.Name, cl.AccessTokenLifetime, !cl.Enabled
	in.Secrets = slices.Clone(in.Secrets)
	for i, s := range in.Secrets {
		var err error
		if in.Secrets[i], err = p.seedSecret(c, cl, s, kernel.Below(path, "secrets", i)); err != nil {
			return in, err
		}
		first := in.Secrets[0]
		in.Secret, in.SecretID, in.SecretExpiration = first.Secret, first.ID, first.Expiration
	}
	return in, nil
}

// seedSecret stores a secret of a client.
func (p *Provider) seedSecret(c *kernel.Call, cl client, in Secret, path []any) (Secret, error) {
	if _, ok := p.byDigest.Get(c.Tx, kit.Digest(in.Secret)); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "secret"), "a client has this secret already")
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
	in.ClientID, in.ID, in.Secret = cl.ID, s.ID, value
	return in, nil
}
