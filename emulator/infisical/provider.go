package infisical

import (
	"time"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
	"github.com/understudy-dev/understudy/internal/store"
	"github.com/understudy-dev/understudy/specs"
)

// Name is the provider's name in operations, flags and the control API.
const Name = "infisical"

// document is parsed once for all servers of a process.
var document = gate.NewDocument(specs.Infisical, gate.PathRule{IgnoreTrailingSlash: true, HeadIsGet: true}).Beyond(specs.InfisicalBeyond)

// A Provider is an emulated Infisical organization.
type Provider struct {
	kernel.Binding
	verified oauth.Verified[claims]

	organizations  *store.Table[organization]
	bySlug         *store.Unique[organization]
	identities     *store.Table[identity]
	universalAuths *store.Table[universalAuth] // by identity
	byClientID     *store.Unique[universalAuth]
	byUAID         *store.Unique[universalAuth]
	clientSecrets  *store.Table[clientSecret]
	byDigest       *store.Unique[clientSecret]
	byUA           *store.Index[clientSecret]
	tokenAuths     *store.Table[tokenAuth] // by identity
	tokens         *store.Table[accessToken]
	tokensOf       *store.Index[accessToken]
	issued         *store.Table[issuedToken] // the newest tokens, to be shown
	tokensByChange *store.Index[accessToken] // by identity and time
	lockouts       *store.Table[lockout]     // by universal auth
	revocations    *store.Table[revocation]  // by what is revoked
	tokenUses      *store.Table[tokenUse]    // by token
	rates          *kernel.RateLimit

	projects          *store.Table[project]
	projectBySlug     *store.Unique[project]
	environments      *store.Table[environment]
	environmentBySlug *store.Unique[environment]
	folders           *store.Table[folder]
	folderByPlace     *store.Unique[folder]
	foldersByParent   *store.Index[folder]
	tags              *store.Table[tag]
	tagBySlug         *store.Unique[tag]
	secrets           *store.Table[secret]
	secretByKey       *store.Unique[secret]
	secretsByFolder   *store.Index[secret]
	pastVersions      *store.Table[secret] // by secret and version
	pastSecrets       *store.Index[secret]

	projectsOf     *store.Index[project]
	environmentsOf *store.Index[environment]
	tagsOf         *store.Index[tag]
	imports        *store.Table[secretImport]
	importByPlace  *store.Unique[secretImport]
	importsOf      *store.Index[secretImport] // by the folder that imports
	importsFrom    *store.Index[secretImport] // by the environment that is imported

	organizationsOf     *store.Index[organization] // by the organization above
	identitiesOfProject *store.Index[identity]
	roles               *store.Table[role]
	roleBySlug          *store.Unique[role]
	rolesOf             *store.Index[role] // by organization or project
	members             *store.Table[projectMember]
	memberByPlace       *store.Unique[projectMember]
	membersOf           *store.Index[projectMember] // by project
	membersOfIdentity   *store.Index[projectMember]
	privileges          *store.Table[privilege]
	privilegeBySlug     *store.Unique[privilege]
	privilegesOf        *store.Index[privilege] // by membership
	groups              *store.Table[group]
	groupsOf            *store.Index[group] // by organization
	groupMembers        *store.Table[groupMember]
	groupMembersOf      *store.Index[groupMember] // by group
	groupsOfIdentity    *store.Index[groupMember]
	methods             methods

	settings []Setting
}

// New returns a provider to hand to one server.
func New(settings ...Setting) *Provider { return &Provider{settings: settings} }

// Apply adds the provider to a server's configuration: a provider is an
// emulator.Option.
func (p *Provider) Apply(c *kernel.Config) { c.Providers = append(c.Providers, p) }

// URL returns the provider's base URL, without a slash at the end: where the server
// listens, or, for a server that does not listen, the address of the real service,
// which works with the server's Client. It panics before the provider has been
// handed to a server.
func (p *Provider) URL() string { return p.Binding.URL() }

// Credentials returns the credentials of the default world, by the names of the
// README. It panics before the provider has been handed to a server.
func (p *Provider) Credentials() map[string]string { return p.Binding.Credentials() }

// Mount describes the provider to the server it is handed to.
func (p *Provider) Mount(env *kernel.Env) kernel.Description {
	p.organizations = store.NewTable[organization](env.Schema, "organization")
	p.bySlug = p.organizations.Unique("slug", func(o organization) string { return o.Slug })
	p.identities = store.NewTable[identity](env.Schema, "identity")
	p.universalAuths = store.NewTable[universalAuth](env.Schema, "universal auth")
	p.byClientID = p.universalAuths.Unique("client id", func(u universalAuth) string { return u.ClientID })
	p.byUAID = p.universalAuths.Unique("id", func(u universalAuth) string { return u.ID })
	p.clientSecrets = store.NewTable[clientSecret](env.Schema, "client secret")
	p.byDigest = p.clientSecrets.Unique("digest", func(s clientSecret) string { return s.Digest })
	p.byUA = p.clientSecrets.Index(func(s clientSecret) string { return s.UAID })
	p.tokenAuths = store.NewTable[tokenAuth](env.Schema, "token auth")
	p.tokens = store.NewTable[accessToken](env.Schema, "access token")
	p.tokensOf = p.tokens.Index(func(t accessToken) string { return t.IdentityID })
	p.issued = store.NewTable[issuedToken](env.Schema, "issued token")
	p.tokensByChange = p.tokens.Index(func(t accessToken) string {
		return key(t.IdentityID, t.UpdatedAt.UTC().Format("2006-01-02T15:04:05.000000000"))
	})
	p.lockouts = store.NewTable[lockout](env.Schema, "lockout")
	p.revocations = store.NewTable[revocation](env.Schema, "revocation")
	p.tokenUses = store.NewTable[tokenUse](env.Schema, "token use")
	p.rates = kernel.NewRateLimit(env.Schema, rateLimit)
	p.projects = store.NewTable[project](env.Schema, "project")
	p.projectBySlug = p.projects.Unique("slug", func(r project) string { return key(r.OrganizationID, r.Slug) })
	p.environments = store.NewTable[environment](env.Schema, "environment")
	p.environmentBySlug = p.environments.Unique("slug", func(e environment) string { return key(e.ProjectID, e.Slug) })
	p.folders = store.NewTable[folder](env.Schema, "folder")
	p.folderByPlace = p.folders.Unique("path", folder.place)
	p.foldersByParent = p.folders.Index(func(f folder) string { return f.ParentID })
	p.tags = store.NewTable[tag](env.Schema, "tag")
	p.tagBySlug = p.tags.Unique("slug", func(t tag) string { return key(t.ProjectID, t.Slug) })
	p.projectsOf = p.projects.Index(func(r project) string { return r.OrganizationID })
	p.environmentsOf = p.environments.Index(func(e environment) string { return e.ProjectID })
	p.tagsOf = p.tags.Index(func(t tag) string { return t.ProjectID })
	p.imports = store.NewTable[secretImport](env.Schema, "secret import")
	p.importByPlace = p.imports.Unique("place", secretImport.place)
	p.importsOf = p.imports.Index(func(i secretImport) string { return i.FolderID })
	p.importsFrom = p.imports.Index(func(i secretImport) string { return i.EnvironmentID })
	p.secrets = store.NewTable[secret](env.Schema, "secret")
	p.secretByKey = p.secrets.Unique("key", func(s secret) string { return key(s.FolderID, s.Key) })
	p.secretsByFolder = p.secrets.Index(func(s secret) string { return s.FolderID })
	p.pastVersions = store.NewTable[secret](env.Schema, "secret version")
	p.pastSecrets = p.pastVersions.Index(func(s secret) string { return s.ID })

	p.organizationsOf = p.organizations.Index(func(o organization) string { return o.ParentID })
	p.identitiesOfProject = p.identities.Index(func(id identity) string { return id.ProjectID })
	p.roles = store.NewTable[role](env.Schema, "role")
	p.roleBySlug = p.roles.Unique("slug", func(r role) string { return key(r.Scope, r.Slug) })
	p.rolesOf = p.roles.Index(func(r role) string { return r.Scope })
	p.members = store.NewTable[projectMember](env.Schema, "project membership")
	p.memberByPlace = p.members.Unique("identity", func(m projectMember) string { return key(m.ProjectID, m.IdentityID) })
	p.membersOf = p.members.Index(func(m projectMember) string { return m.ProjectID })
	p.membersOfIdentity = p.members.Index(func(m projectMember) string { return m.IdentityID })
	p.privileges = store.NewTable[privilege](env.Schema, "privilege")
	p.privilegeBySlug = p.privileges.Unique("slug", func(v privilege) string { return key(v.MemberID, v.Slug) })
	p.privilegesOf = p.privileges.Index(func(v privilege) string { return v.MemberID })
	p.groups = store.NewTable[group](env.Schema, "group")
	p.groups.Unique("slug", func(g group) string { return key(g.OrganizationID, g.Slug) })
	p.groupsOf = p.groups.Index(func(g group) string { return g.OrganizationID })
	p.groupMembers = store.NewTable[groupMember](env.Schema, "group member")
	p.groupMembersOf = p.groupMembers.Index(func(m groupMember) string { return m.GroupID })
	p.groupsOfIdentity = p.groupMembers.Index(func(m groupMember) string { return m.IdentityID })
	p.methods = newMethods(p, env.Schema)
	p.rules(env)

	return kernel.Description{
		Name:        Name,
		Document:    document,
		Hosts:       []string{"app.infisical.com", "us.infisical.com", "eu.infisical.com"},
		Routes:      p.routes(),
		Declined:    declined,
		Differences: differences,
		Chosen:      chosen,
		Port:        1,
		Reading: kernel.Reading{
			Order:       kernel.IdentifyFirst,
			Decode:      decode,
			Tolerate:    tolerate,
			UnknownKeys: "drops them",
		},
		Calling: kernel.Calling{
			Identify: p.identify,
			Admit:    p.admit,
		},
		Answering: kernel.Answering{
			Error:  renderError,
			Finish: finish,
			Expose: []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"},
		},
		Content: kernel.Content{
			Inventory:    p.inventory,
			DefaultWorld: p.defaultWorld,
			Load:         p.load,
			Populate:     kernel.Populate(populate),
		},
		Using: kernel.Using{
			Settings: kernel.Settings(rateLimit, ipAllowlisting),
			Values:   p.settings,
			Env: []kernel.EnvVar{
				{Name: "INFISICAL_HOST", Value: "{url}"},        // the Terraform provider, the operator
				{Name: "INFISICAL_API_URL", Value: "{url}/api"}, // the CLI, unless INFISICAL_DOMAIN is set
				{Name: "INFISICAL_DOMAIN", Value: "{url}/api"},
				{Name: "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", Value: "{clientId}"},
				{Name: "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", Value: "{clientSecret}"},
				{Name: "INFISICAL_TOKEN", Value: "{accessToken}"},
			},
			Example: "curl -sS '{url}/api/v1/auth/universal-auth/login' -H 'Content-Type: application/json'" +
				` -d '{"clientId":"{clientId}","clientSecret":"{clientSecret}"}'`,
		},
	}
}

// timestamp is a moment as JavaScript's Date writes it.
type timestamp time.Time

// MarshalJSON writes UTC with milliseconds.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}
