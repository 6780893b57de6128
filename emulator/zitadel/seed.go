package zitadel

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// An Organization owns projects and users.
type Organization struct {
	ID            string
	Name          string
	PrimaryDomain string
}

// A Project holds applications.
type Project struct {
	ID             string
	OrganizationID string // the default world's
	Name           string
}

// An APIApp is an application of type API, which introspects tokens.
type APIApp struct {
	ID        string
	ProjectID string // the default world's
	Name      string
	// PrivateKeyJWT makes it authenticate with assertions; it has a secret all the
	// same.
	PrivateKeyJWT bool
	ClientID      string
	ClientSecret  string
}

// A MachineUser is a user that calls APIs, with a client secret and a personal
// access token.
type MachineUser struct {
	ID             string
	OrganizationID string // the default world's
	UserName       string // its client id
	Name           string
	Roles          []string // in its organization; IAM_OWNER and IAM_OWNER_VIEWER are in all
	JWT            bool     // whether its access tokens are JWTs
	ClientSecret   string
	AccessToken    string // a personal access token
}

// SeedOrganization adds an organization and returns it with everything filled in
// that was left empty. It panics when the id or the domain is taken.
func (p *Provider) SeedOrganization(in Organization) Organization {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Organization, error) {
		org, err := p.addOrganization(c, worldOrganization{ID: in.ID, Name: in.Name, PrimaryDomain: in.PrimaryDomain}, nil)
		return Organization{org.ID, org.Name, org.PrimaryDomain}, err
	})
}

// SeedProject adds a project and returns it with everything filled in that was
// left empty. It panics when its id or its name is taken.
func (p *Provider) SeedProject(in Project) Project {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Project, error) {
		orgID, err := p.seededOrganization(c, in.OrganizationID)
		if err != nil {
			return in, err
		}
		v, err := p.addWorldProject(c, orgID, worldProject{ID: in.ID, Name: in.Name}, nil)
		return Project{v.ID, v.OrgID, v.Name}, err
	})
}

// SeedAPIApp adds an API application and returns it with everything filled in
// that was left empty. It panics when there is no such project, or when an id or
// the name is taken.
func (p *Provider) SeedAPIApp(in APIApp) APIApp {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (APIApp, error) {
		if in.ProjectID == "" {
			in.ProjectID = first(p.projects.All(c.Tx))
		}
		v, ok := p.projects.Get(c.Tx, in.ProjectID)
		if !ok {
			return in, fmt.Errorf("there is no project %q", in.ProjectID)
		}
		w := worldApp{ID: in.ID, Name: in.Name, ClientID: in.ClientID, ClientSecret: in.ClientSecret}
		if in.PrivateKeyJWT {
			w.AuthMethodType = appv1.APIAuthMethodType_API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT.String()
		}
		if w.ClientSecret == "" {
			w.ClientSecret = newSecret(c)
		}
		a, err := p.addWorldApp(c, v, w, nil)
		in.ID, in.Name, in.ClientID, in.ClientSecret = a.ID, a.Name, a.ClientID, w.ClientSecret
		return in, err
	})
}

// SeedMachineUser adds a machine user and returns it with everything filled in
// that was left empty. It panics when its id or its user name is taken.
func (p *Provider) SeedMachineUser(in MachineUser) MachineUser {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (MachineUser, error) {
		orgID, err := p.seededOrganization(c, in.OrganizationID)
		if err != nil {
			return in, err
		}
		w := worldUser{
			ID: in.ID, UserName: in.UserName, Name: in.Name, Roles: in.Roles,
			Secret: cmp.Or(in.ClientSecret, newSecret(c)),
			Tokens: []worldToken{{Token: in.AccessToken}},
		}
		if in.JWT {
			w.AccessTokenType = userv1.AccessTokenType_ACCESS_TOKEN_TYPE_JWT.String()
		}
		u, tokens, err := p.addWorldUser(c, orgID, w, nil)
		if err != nil {
			return in, err
		}
		in.ID, in.OrganizationID, in.UserName, in.Name = u.ID, u.OrgID, u.UserName, u.Name
		in.ClientSecret, in.AccessToken = w.Secret, tokens[0]
		return in, nil
	})
}

// seededOrganization returns the organization to seed into.
func (p *Provider) seededOrganization(c *kernel.Call, id string) (string, error) {
	if id == "" {
		id = first(p.organizations.All(c.Tx))
	}
	if _, ok := p.organizations.Get(c.Tx, id); !ok {
		return id, fmt.Errorf("there is no organization %q", id)
	}
	return id, nil
}

// first returns the key of a table's first row.
func first[V any](all func(func(string, V) bool)) string {
	for key := range all {
		return key
	}
	return ""
}

// The provider's section of a world file; specs/world/zitadel.yaml describes it.
type (
	world struct {
		Organizations []worldOrganization `json:"organizations"`
		People        []Person            `json:"people,omitempty"`
	}
	worldOrganization struct {
		ID            string         `json:"id,omitempty"`
		Name          string         `json:"name"`
		PrimaryDomain string         `json:"primaryDomain,omitempty"`
		Users         []worldUser    `json:"users,omitempty"`
		Projects      []worldProject `json:"projects,omitempty"`
	}
	worldUser struct {
		ID              string       `json:"id,omitempty"`
		UserName        string       `json:"userName"`
		Name            string       `json:"name,omitempty"`
		Description     string       `json:"description,omitempty"`
		AccessTokenType string       `json:"accessTokenType,omitempty"`
		Roles           []string     `json:"roles,omitempty"`
		Secret          string       `json:"clientSecret,omitempty"`
		Tokens          []worldToken `json:"personalAccessTokens,omitempty"`
	}
	worldToken struct {
		ID             string     `json:"id,omitempty"`
		Token          string     `json:"token,omitempty"`
		ExpirationDate *time.Time `json:"expirationDate,omitempty"`
	}
	worldProject struct {
		ID   string     `json:"id,omitempty"`
		Name string     `json:"name"`
		Apps []worldApp `json:"apps,omitempty"`
	}
	worldApp struct {
		ID             string      `json:"id,omitempty"`
		Name           string      `json:"name"`
		ClientID       string      `json:"clientId,omitempty"`
		ClientSecret   string      `json:"clientSecret,omitempty"`
		AuthMethodType string      `json:"authMethodType,omitempty"`
		OIDC           *oidcConfig `json:"oidc,omitempty"`
	}
)

// The places of the default world's identifiers in its one tick.
const (
	instanceProjectPlace = iota
	signingKeyPlace
	organizationPlace
	userPlace
	tokenPlace
	projectPlace
	appPlace
	clientIDPlace
	instancePlace
)

// endOfWorld is when the world's access token expires.
var endOfWorld = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// defaultWorld is an organization with an owner, which is a machine user, and a
// project with an API application.
func (p *Provider) defaultWorld(c *kernel.Call) any {
	name := fixtures.Company(c.Seed())
	return world{Organizations: []worldOrganization{{
		ID: worldID(c, organizationPlace), Name: name, PrimaryDomain: fixtures.Slug(name) + domainSuffix,
		Users: []worldUser{{
			ID: worldID(c, userPlace), UserName: "understudy", Name: "Understudy", Roles: []string{roleOrgOwner, roleIAMOwner},
			Secret: c.DrawWorld("client-secret").Alphanumeric(secretLength),
			Tokens: []worldToken{{
				ID:             worldID(c, tokenPlace),
				Token:          base64URL(c.DrawWorld("personal-access-token").Bytes(patLength)),
				ExpirationDate: &endOfWorld,
			}},
		}},
		Projects: []worldProject{{
			ID: worldID(c, projectPlace), Name: "understudy",
			Apps: []worldApp{{
				ID: worldID(c, appPlace), Name: "understudy", ClientID: worldID(c, clientIDPlace),
				ClientSecret: c.DrawWorld("app-secret").Alphanumeric(secretLength),
			}},
		}},
	}}, People: worldPeople(c)}
}

// load fills an empty store. The first user and the first project are those of
// the world's credentials.
func (p *Provider) load(c *kernel.Call, section json.RawMessage) (map[string]string, error) {
	var w world
	if err := json.Unmarshal(section, &w); err != nil {
		return nil, err
	}
	p.putWebKey(c, firstWebKey(c))
	credentials := map[string]string{}
	note := func(name, value string) {
		if credentials[name] == "" && value != "" {
			credentials[name] = value
		}
	}
	for i, in := range w.Organizations {
		path := []any{"organizations", i}
		org, err := p.addOrganization(c, in, path)
		if err != nil {
			return nil, err
		}
		note("organizationId", org.ID)
		for j, in := range in.Users {
			u, tokens, err := p.addWorldUser(c, org.ID, in, at(path, "users", j))
			if err != nil {
				return nil, err
			}
			if credentials["userId"] != "" {
				continue
			}
			note("userId", u.ID)
			if in.Secret != "" {
				note("clientId", u.UserName)
				note("clientSecret", in.Secret)
			}
			if len(tokens) > 0 {
				note("accessToken", tokens[0])
			}
		}
		for j, in := range in.Projects {
			v, err := p.addWorldProject(c, org.ID, in, at(path, "projects", j))
			if err != nil {
				return nil, err
			}
			note("projectId", v.ID)
		}
	}
	for i, in := range w.People {
		if _, err := p.addPerson(c, in, []any{"people", i}); err != nil {
			return nil, err
		}
	}
	return credentials, nil
}

// at is a place below another one.
func at(path []any, steps ...any) []any { return append(append([]any{}, path...), steps...) }

// domainSuffix is the instance's own domain, below which organizations have theirs.
const domainSuffix = ".understudy.zitadel.cloud"

// addOrganization stores an organization and fills in what is left empty. Path is
// where it stands in a world file.
func (p *Provider) addOrganization(c *kernel.Call, in worldOrganization, path []any) (organization, error) {
	org := organization{ID: cmp.Or(in.ID, p.nextID(c))}
	org.Name = cmp.Or(in.Name, "Organization "+org.ID)
	org.PrimaryDomain = cmp.Or(in.PrimaryDomain, fixtures.Slug(org.Name)+domainSuffix)
	if _, ok := p.organizations.Get(c.Tx, org.ID); ok {
		return org, kernel.WorldErrorf(at(path, "id"), "there is an organization %s already", org.ID)
	}
	if _, ok := p.domains.Get(c.Tx, fold(org.PrimaryDomain)); ok {
		return org, kernel.WorldErrorf(at(path, "primaryDomain"), "the domain %s belongs to another organization", org.PrimaryDomain)
	}
	org = p.orgEvent(c, org)
	d := domain{org.stamp, org.ID, org.PrimaryDomain}
	p.domains.Put(c.Tx, fold(d.Name), d)
	return org, nil
}

// addWorldUser stores a machine user with its credentials, and returns the values
// of its personal access tokens.
func (p *Provider) addWorldUser(c *kernel.Call, orgID string, in worldUser, path []any) (user, []string, error) {
	u := user{ID: cmp.Or(in.ID, p.nextID(c)), OrgID: orgID}
	u.UserName = cmp.Or(in.UserName, "user-"+u.ID)
	u.machine = machine{cmp.Or(in.Name, u.UserName), in.Description, userv1.AccessTokenType(userv1.AccessTokenType_value[in.AccessTokenType])}
	if _, ok := p.users.Get(c.Tx, u.ID); ok {
		return u, nil, kernel.WorldErrorf(at(path, "id"), "there is a user %s already", u.ID)
	}
	if _, ok := p.byUserName.Get(c.Tx, u.uniqueName()); ok {
		return u, nil, kernel.WorldErrorf(at(path, "userName"), "the user name %q belongs to another user", u.UserName)
	}
	u.Secret = old("")
	if in.Secret != "" {
		u.Secret = old(kit.Digest(in.Secret))
	}
	p.userChanged(c, &u)
	for _, role := range in.Roles {
		m := member{UserID: u.ID, OrgID: orgID}
		if role == roleIAMOwner || role == roleIAMOwnerViewer {
			m.OrgID = ""
		}
		if known, ok := p.members.Get(c.Tx, m.key()); ok {
			m.Roles = append(m.Roles, known.Roles...)
		}
		m.Roles = append(m.Roles, role)
		p.putMember(c, m)
	}
	var tokens []string
	for i, in := range in.Tokens {
		t := personalAccessToken{ID: cmp.Or(in.ID, p.nextID(c)), ExpiresAt: keyWithoutEnd}
		if in.ExpirationDate != nil {
			t.ExpiresAt = *in.ExpirationDate
		}
		if _, ok := p.byPATDigest.Get(c.Tx, kit.Digest(in.Token)); ok && in.Token != "" {
			return u, nil, kernel.WorldErrorf(at(path, "personalAccessTokens", i, "token"), "a personal access token is given twice")
		}
		if _, ok := p.pats.Get(c.Tx, t.ID); ok {
			return u, nil, kernel.WorldErrorf(at(path, "personalAccessTokens", i, "id"), "there is a personal access token %s already", t.ID)
		}
		tokens = append(tokens, p.addPAT(c, &u, &t, in.Token))
	}
	return u, tokens, nil
}

// addWorldProject stores a project with its applications.
func (p *Provider) addWorldProject(c *kernel.Call, orgID string, in worldProject, path []any) (project, error) {
	v := project{ID: cmp.Or(in.ID, p.nextID(c)), OrgID: orgID, Active: old(true)}
	v.Name = cmp.Or(in.Name, "project-"+v.ID)
	if _, ok := p.projects.Get(c.Tx, v.ID); ok {
		return v, kernel.WorldErrorf(at(path, "id"), "there is a project %s already", v.ID)
	}
	if _, ok := p.byProjectName.Get(c.Tx, v.uniqueName()); ok {
		return v, kernel.WorldErrorf(at(path, "name"), "the organization has a project %q already", v.Name)
	}
	v = p.projectChanged(c, v)
	for i, in := range in.Apps {
		v, _ = p.projects.Get(c.Tx, v.ID)
		if _, err := p.addWorldApp(c, v, in, at(path, "apps", i)); err != nil {
			return v, err
		}
	}
	v, _ = p.projects.Get(c.Tx, v.ID)
	return v, nil
}

// addWorldApp stores an application.
func (p *Provider) addWorldApp(c *kernel.Call, v project, in worldApp, path []any) (app, error) {
	a := app{
		ID: cmp.Or(in.ID, p.nextID(c)), ProjectID: v.ID, ClientID: cmp.Or(in.ClientID, p.nextID(c)),
		AuthMethod: appv1.APIAuthMethodType(appv1.APIAuthMethodType_value[in.AuthMethodType]),
	}
	a.Name = cmp.Or(in.Name, "app-"+a.ID)
	state := client{Active: true}
	if in.OIDC != nil {
		a.OIDC, a.AuthMethod = newOIDCConfig(in.OIDC.OIDCConfig), 0
		state.AuthMethod = a.OIDC.AuthMethodType
	}
	if _, ok := p.apps.Get(c.Tx, a.ID); ok {
		return a, kernel.WorldErrorf(at(path, "id"), "there is an application %s already", a.ID)
	}
	if _, ok := p.byAppName.Get(c.Tx, a.uniqueName()); ok {
		return a, kernel.WorldErrorf(at(path, "name"), "the project has an application %q already", a.Name)
	}
	if _, ok := p.byClientID.Get(c.Tx, a.ClientID); ok {
		return a, kernel.WorldErrorf(at(path, "clientId"), "client id %s belongs to another application", a.ClientID)
	}
	if in.ClientSecret != "" {
		state.Digest = kit.Digest(in.ClientSecret)
	}
	a.Client = old(state)
	p.appChanged(c, v, a, 2)
	return a, nil
}
