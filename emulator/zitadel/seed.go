package zitadel

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// An Organization owns projects and users.
type Organization struct {
	ID            string        `json:"id,omitempty"`
	Name          string        `json:"name"`
	PrimaryDomain string        `json:"primaryDomain,omitempty"`
	Users         []MachineUser `json:"users,omitempty"`
	Projects      []Project     `json:"projects,omitempty"`
}

// A Project holds applications.
type Project struct {
	ID             string   `json:"id,omitempty"`
	OrganizationID string   `json:"-"` // the default world's
	Name           string   `json:"name"`
	Apps           []APIApp `json:"apps,omitempty"`
}

// An APIApp is an application of type API, which introspects tokens.
type APIApp struct {
	ID        string `json:"id,omitempty"`
	ProjectID string `json:"-"` // the default world's
	Name      string `json:"name"`
	// PrivateKeyJWT makes it authenticate with assertions; it has a secret all the
	// same.
	PrivateKeyJWT bool   `json:"-"`
	ClientID      string `json:"clientId,omitempty"`
	ClientSecret  string `json:"clientSecret,omitempty"` // a world file's application has none unless it says so
	appInFile
}

// appInFile is what only a world file says of an application.
type appInFile struct {
	AuthMethodType string      `json:"authMethodType,omitempty"`
	OIDC           *oidcConfig `json:"oidc,omitempty"` // it is of type OIDC, not API
}

// A MachineUser is a user that calls APIs, with a client secret and a personal
// access token.
type MachineUser struct {
	ID                   string                `json:"id,omitempty"`
	OrganizationID       string                `json:"-"`        // the default world's
	UserName             string                `json:"userName"` // its client id
	Name                 string                `json:"name,omitempty"`
	Description          string                `json:"description,omitempty"`
	Roles                []string              `json:"roles,omitempty"`        // in its organization; IAM_OWNER and IAM_OWNER_VIEWER are in all
	JWT                  bool                  `json:"-"`                      // whether its access tokens are JWTs
	ClientSecret         string                `json:"clientSecret,omitempty"` // a world file's user has none unless it says so
	PersonalAccessTokens []PersonalAccessToken `json:"personalAccessTokens,omitempty"`
	// AccessToken is the first of them. SeedMachineUser makes it, if none are given.
	AccessToken string `json:"-"`
	machineUserInFile
}

// machineUserInFile is what a world file says in other words than MachineUser.
type machineUserInFile struct {
	AccessTokenType string `json:"accessTokenType,omitempty"` // as JWT
}

// A PersonalAccessToken is one of a machine user's.
type PersonalAccessToken struct {
	ID             string    `json:"id,omitempty"`
	Token          string    `json:"token,omitempty"`
	ExpirationDate time.Time `json:"expirationDate,omitzero"` // zero: the year 9999
}

// SeedOrganization adds an organization and returns it with everything filled in
// that was left empty. It panics when the id or the domain is taken.
func (p *Provider) SeedOrganization(in Organization) Organization {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Organization, error) { return p.seedOrganization(c, in, nil) })
}

// SeedProject adds a project and returns it with everything filled in that was
// left empty. It panics when its id or its name is taken.
func (p *Provider) SeedProject(in Project) Project {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (_ Project, err error) {
		if in.OrganizationID, err = p.seededOrganization(c, in.OrganizationID); err != nil {
			return in, err
		}
		return p.seedProject(c, in, nil)
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
		if _, ok := p.projects.Get(c.Tx, in.ProjectID); !ok {
			return in, fmt.Errorf("there is no project %q", in.ProjectID)
		}
		if in.PrivateKeyJWT {
			in.AuthMethodType = appv1.APIAuthMethodType_API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT.String()
		}
		if in.ClientSecret == "" {
			in.ClientSecret = newSecret(c)
		}
		in, err := p.seedApp(c, in, nil)
		in.appInFile = appInFile{}
		return in, err
	})
}

// SeedMachineUser adds a machine user and returns it with everything filled in
// that was left empty. It panics when its id or its user name is taken.
func (p *Provider) SeedMachineUser(in MachineUser) MachineUser {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (_ MachineUser, err error) {
		if in.OrganizationID, err = p.seededOrganization(c, in.OrganizationID); err != nil {
			return in, err
		}
		in.ClientSecret = cmp.Or(in.ClientSecret, newSecret(c))
		if len(in.PersonalAccessTokens) == 0 {
			in.PersonalAccessTokens = []PersonalAccessToken{{Token: in.AccessToken}}
		}
		if in.JWT {
			in.AccessTokenType = userv1.AccessTokenType_ACCESS_TOKEN_TYPE_JWT.String()
		}
		in, err = p.seedMachineUser(c, in, nil)
		in.machineUserInFile = machineUserInFile{}
		return in, err
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

// world is the provider's section of a world file; specs/world/zitadel.yaml
// describes it.
type world struct {
	Organizations []Organization `json:"organizations"`
	People        []Person       `json:"people,omitempty"`
}

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
	return world{Organizations: []Organization{{
		ID: worldID(c, organizationPlace), Name: name, PrimaryDomain: fixtures.Slug(name) + domainSuffix,
		Users: []MachineUser{{
			ID: worldID(c, userPlace), UserName: "understudy", Name: "Understudy", Roles: []string{roleOrgOwner, roleIAMOwner},
			ClientSecret: c.DrawWorld("client-secret").Alphanumeric(secretLength),
			PersonalAccessTokens: []PersonalAccessToken{{
				ID:             worldID(c, tokenPlace),
				Token:          base64URL(c.DrawWorld("personal-access-token").Bytes(patLength)),
				ExpirationDate: endOfWorld,
			}},
		}},
		Projects: []Project{{
			ID: worldID(c, projectPlace), Name: "understudy",
			Apps: []APIApp{{
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
		org, err := p.seedOrganization(c, in, []any{"organizations", i})
		if err != nil {
			return nil, err
		}
		note("organizationId", org.ID)
		if len(org.Users) > 0 && credentials["userId"] == "" {
			u := org.Users[0]
			note("userId", u.ID)
			if u.ClientSecret != "" {
				note("clientId", u.UserName)
				note("clientSecret", u.ClientSecret)
			}
			note("accessToken", u.AccessToken)
		}
		if len(org.Projects) > 0 {
			note("projectId", org.Projects[0].ID)
		}
	}
	for i, in := range w.People {
		if _, err := p.addPerson(c, in, []any{"people", i}); err != nil {
			return nil, err
		}
	}
	return credentials, nil
}

// domainSuffix is the instance's own domain, below which organizations have theirs.
const domainSuffix = ".understudy.zitadel.cloud"

// seedOrganization stores an organization with what it owns and fills in what is
// left empty. Path is where it stands in a world file, as below.
func (p *Provider) seedOrganization(c *kernel.Call, in Organization, path []any) (Organization, error) {
	org, err := p.addOrganization(c, organization{ID: in.ID, Name: in.Name, PrimaryDomain: in.PrimaryDomain}, path)
	if err != nil {
		return in, err
	}
	in.ID, in.Name, in.PrimaryDomain = org.ID, org.Name, org.PrimaryDomain
	in.Users, in.Projects = slices.Clone(in.Users), slices.Clone(in.Projects)
	for i, u := range in.Users {
		u.OrganizationID = org.ID
		if in.Users[i], err = p.seedMachineUser(c, u, kernel.Below(path, "users", i)); err != nil {
			return in, err
		}
	}
	for i, v := range in.Projects {
		v.OrganizationID = org.ID
		if in.Projects[i], err = p.seedProject(c, v, kernel.Below(path, "projects", i)); err != nil {
			return in, err
		}
	}
	return in, nil
}

// addOrganization stores an organization and fills in what is left empty.
func (p *Provider) addOrganization(c *kernel.Call, org organization, path []any) (organization, error) {
	org.ID = cmp.Or(org.ID, p.nextID(c))
	org.Name = cmp.Or(org.Name, "Organization "+org.ID)
	org.PrimaryDomain = cmp.Or(org.PrimaryDomain, fixtures.Slug(org.Name)+domainSuffix)
	if _, ok := p.organizations.Get(c.Tx, org.ID); ok {
		return org, kernel.WorldErrorf(kernel.Below(path, "id"), "there is an organization %s already", org.ID)
	}
	if _, ok := p.domains.Get(c.Tx, fold(org.PrimaryDomain)); ok {
		return org, kernel.WorldErrorf(kernel.Below(path, "primaryDomain"), "the domain %s belongs to another organization", org.PrimaryDomain)
	}
	org = p.orgEvent(c, org)
	d := domain{org.stamp, org.ID, org.PrimaryDomain}
	p.domains.Put(c.Tx, fold(d.Name), d)
	return org, nil
}

// seedMachineUser stores a machine user with its credentials.
func (p *Provider) seedMachineUser(c *kernel.Call, in MachineUser, path []any) (MachineUser, error) {
	in.ID = cmp.Or(in.ID, p.nextID(c))
	in.UserName = cmp.Or(in.UserName, "user-"+in.ID)
	in.Name = cmp.Or(in.Name, in.UserName)
	kind := userv1.AccessTokenType(userv1.AccessTokenType_value[in.AccessTokenType])
	in.JWT = kind == userv1.AccessTokenType_ACCESS_TOKEN_TYPE_JWT
	u := user{ID: in.ID, OrgID: in.OrganizationID, UserName: in.UserName, machine: machine{in.Name, in.Description, kind}}
	if _, ok := p.users.Get(c.Tx, u.ID); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "id"), "there is a user %s already", u.ID)
	}
	if _, ok := p.byUserName.Get(c.Tx, u.uniqueName()); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "userName"), "the user name %q belongs to another user", u.UserName)
	}
	u.Secret = old("")
	if in.ClientSecret != "" {
		u.Secret = old(kit.Digest(in.ClientSecret))
	}
	p.userChanged(c, &u)
	for _, role := range in.Roles {
		m := member{UserID: u.ID, OrgID: u.OrgID}
		if role == roleIAMOwner || role == roleIAMOwnerViewer {
			m.OrgID = ""
		}
		if known, ok := p.members.Get(c.Tx, m.key()); ok {
			m.Roles = append(m.Roles, known.Roles...)
		}
		m.Roles = append(m.Roles, role)
		p.putMember(c, m)
	}
	in.PersonalAccessTokens = slices.Clone(in.PersonalAccessTokens)
	for i := range in.PersonalAccessTokens {
		if err := p.seedPAT(c, &u, &in.PersonalAccessTokens[i], kernel.Below(path, "personalAccessTokens", i)); err != nil {
			return in, err
		}
		in.AccessToken = in.PersonalAccessTokens[0].Token
	}
	return in, nil
}

// seedPAT stores a personal access token of a user and fills in what is left empty.
func (p *Provider) seedPAT(c *kernel.Call, u *user, in *PersonalAccessToken, path []any) error {
	in.ID = cmp.Or(in.ID, p.nextID(c))
	if in.ExpirationDate.IsZero() {
		in.ExpirationDate = keyWithoutEnd
	}
	if _, ok := p.byPATDigest.Get(c.Tx, kit.Digest(in.Token)); ok && in.Token != "" {
		return kernel.WorldErrorf(kernel.Below(path, "token"), "a personal access token is given twice")
	}
	if _, ok := p.pats.Get(c.Tx, in.ID); ok {
		return kernel.WorldErrorf(kernel.Below(path, "id"), "there is a personal access token %s already", in.ID)
	}
	in.Token = p.addPAT(c, u, &personalAccessToken{ID: in.ID, ExpiresAt: in.ExpirationDate}, in.Token)
	return nil
}

// seedProject stores a project with its applications.
func (p *Provider) seedProject(c *kernel.Call, in Project, path []any) (Project, error) {
	in.ID = cmp.Or(in.ID, p.nextID(c))
	in.Name = cmp.Or(in.Name, "project-"+in.ID)
	v := project{ID: in.ID, OrgID: in.OrganizationID, Active: old(true)}
	v.Name = in.Name
	if _, ok := p.projects.Get(c.Tx, v.ID); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "id"), "there is a project %s already", v.ID)
	}
	if _, ok := p.byProjectName.Get(c.Tx, v.uniqueName()); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "name"), "the organization has a project %q already", v.Name)
	}
	p.projectChanged(c, v)
	in.Apps = slices.Clone(in.Apps)
	for i, a := range in.Apps {
		a.ProjectID = v.ID
		var err error
		if in.Apps[i], err = p.seedApp(c, a, kernel.Below(path, "apps", i)); err != nil {
			return in, err
		}
	}
	return in, nil
}

// seedApp stores an application of a project.
func (p *Provider) seedApp(c *kernel.Call, in APIApp, path []any) (APIApp, error) {
	in.ID = cmp.Or(in.ID, p.nextID(c))
	in.ClientID = cmp.Or(in.ClientID, p.nextID(c))
	in.Name = cmp.Or(in.Name, "app-"+in.ID)
	a := app{ID: in.ID, ProjectID: in.ProjectID, ClientID: in.ClientID, Name: in.Name}
	a.AuthMethod = appv1.APIAuthMethodType(appv1.APIAuthMethodType_value[in.AuthMethodType])
	state := client{Active: true}
	if in.OIDC != nil {
		a.OIDC, a.AuthMethod = newOIDCConfig(in.OIDC.OIDCConfig), 0
		state.AuthMethod = a.OIDC.AuthMethodType
	}
	if _, ok := p.apps.Get(c.Tx, a.ID); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "id"), "there is an application %s already", a.ID)
	}
	if _, ok := p.byAppName.Get(c.Tx, a.uniqueName()); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "name"), "the project has an application %q already", a.Name)
	}
	if _, ok := p.byClientID.Get(c.Tx, a.ClientID); ok {
		return in, kernel.WorldErrorf(kernel.Below(path, "clientId"), "client id %s belongs to another application", a.ClientID)
	}
	if in.ClientSecret != "" {
		state.Digest = kit.Digest(in.ClientSecret)
	}
	a.Client = old(state)
	v, _ := p.projects.Get(c.Tx, a.ProjectID)
	p.appChanged(c, v, a, 2)
	return in, nil
}
