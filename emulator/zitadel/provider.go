package zitadel

import (
	"slices"
	"strings"
	"time"

	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
	"github.com/understudy-dev/understudy/internal/store"
	"github.com/understudy-dev/understudy/specs"
)

// Name is the provider's name in operations, flags and the control API.
const Name = "zitadel"

// document is parsed once for all servers of a process.
var document = gate.NewDocument(specs.Zitadel, gate.PathRule{}).Beyond(specs.ZitadelBeyond)

// A Provider is an emulated ZITADEL instance.
type Provider struct {
	kernel.Binding

	ids            *store.Table[lastID] // one row
	organizations  *store.Table[organization]
	members        *store.Table[member]
	membershipsOf  *store.Index[member] // by user
	membersOf      *store.Index[member] // by project
	metadata       *store.Table[metadata]
	metadataBy     *store.Index[metadata] // by owner
	roles          *store.Table[role]
	rolesOf        *store.Index[role] // by project
	grants         *store.Table[grant]
	byGrantee      *store.Unique[grant]
	grantsOf       *store.Index[grant] // by project
	projectGrants  *store.Table[projectGrant]
	byGrantedOrg   *store.Unique[projectGrant]
	domains        *store.Table[domain]
	domainsOf      *store.Index[domain] // by organization
	webKeys        *store.Table[webKey]
	settingsOfOIDC *store.Table[oidcSettings] // one row, or none
	projects       *store.Table[project]
	byProjectName  *store.Unique[project]
	projectsOf     *store.Index[project] // by organization
	apps           *store.Table[app]
	byAppName      *store.Unique[app]
	byClientID     *store.Unique[app]
	appsOf         *store.Index[app] // by project
	users          *store.Table[user]
	byUserName     *store.Unique[user]
	usersOf        *store.Index[user] // by organization
	keys           *store.Table[key]  // of applications and machine users
	keysOf         *store.Index[key]  // by owner
	pats           *store.Table[personalAccessToken]
	patsOf         *store.Index[personalAccessToken] // by user
	byPATDigest    *store.Unique[personalAccessToken]
	tokens         *store.Table[accessToken]
	byTokenDigest  *store.Unique[accessToken]
	tokensOf       *store.Index[accessToken] // by user
	inputs         map[Op]proto.Message      // what methods take, nil ones
	people         *store.Index[user]        // those that are not machine users
	desk           *signin.Desk
	settings       []Setting
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
	p.ids = store.NewTable[lastID](env.Schema, "last id")
	p.organizations = store.NewTable[organization](env.Schema, "organization")
	p.members = store.NewTable[member](env.Schema, "member")
	p.membershipsOf = p.members.Index(func(m member) string { return m.UserID })
	p.membersOf = p.members.Index(func(m member) string { return m.ProjectID })
	p.metadata = store.NewTable[metadata](env.Schema, "metadata")
	p.metadataBy = p.metadata.Index(func(m metadata) string { return m.OwnerID })
	p.roles = store.NewTable[role](env.Schema, "project role")
	p.rolesOf = p.roles.Index(func(r role) string { return r.ProjectID })
	p.grants = store.NewTable[grant](env.Schema, "user grant")
	p.byGrantee = p.grants.Unique("grantee", grant.ofUser)
	p.grantsOf = p.grants.Index(func(g grant) string { return g.ProjectID })
	p.projectGrants = store.NewTable[projectGrant](env.Schema, "project grant")
	p.byGrantedOrg = p.projectGrants.Unique("organization", projectGrant.uniqueName)
	p.domains = store.NewTable[domain](env.Schema, "domain")
	p.domainsOf = p.domains.Index(func(d domain) string { return d.OrgID })
	p.webKeys = store.NewTable[webKey](env.Schema, "web key")
	p.settingsOfOIDC = store.NewTable[oidcSettings](env.Schema, "OIDC settings")
	p.projects = store.NewTable[project](env.Schema, "project")
	p.byProjectName = p.projects.Unique("name", project.uniqueName)
	p.projectsOf = p.projects.Index(func(v project) string { return present(v.Removed, v.OrgID) })
	p.apps = store.NewTable[app](env.Schema, "application")
	p.byAppName = p.apps.Unique("name", app.uniqueName)
	p.byClientID = p.apps.Unique("client id", func(a app) string { return a.ClientID })
	p.appsOf = p.apps.Index(func(a app) string { return present(a.Removed, a.ProjectID) })
	p.users = store.NewTable[user](env.Schema, "user")
	p.byUserName = p.users.Unique("user name", user.uniqueName)
	p.usersOf = p.users.Index(func(u user) string { return u.OrgID })
	p.people = p.users.Index(func(u user) string { return present(u.Human == nil, isPerson) })
	p.keys = store.NewTable[key](env.Schema, "key")
	p.keysOf = p.keys.Index(func(k key) string { return present(k.Removed, k.OwnerID) })
	p.pats = store.NewTable[personalAccessToken](env.Schema, "personal access token")
	p.patsOf = p.pats.Index(func(t personalAccessToken) string { return t.UserID })
	p.byPATDigest = p.pats.Unique("digest", func(t personalAccessToken) string { return t.Digest })
	p.tokens = store.NewTable[accessToken](env.Schema, "access token")
	p.byTokenDigest = p.tokens.Unique("digest", func(t accessToken) string { return t.Digest })
	p.tokensOf = p.tokens.Index(func(t accessToken) string { return t.UserID })

	p.desk = signin.NewDesk(env.Schema, p.dialect())
	p.rules()

	methods, routes := p.methods(), p.endpoints()
	p.inputs = make(map[Op]proto.Message, len(methods))
	routes = slices.Grow(routes, len(methods))
	for _, m := range methods {
		p.inputs[m.Op] = m.input
		routes = append(routes, m.Route)
	}

	return kernel.Description{
		Name:        Name,
		Document:    document,
		Hosts:       []string{"understudy.zitadel.cloud", "*.zitadel.cloud"},
		Routes:      routes,
		Differences: differences,
		Chosen:      chosen,
		Port:        3,
		Reading: kernel.Reading{
			Order:       kernel.DecodeFirst,
			Decode:      p.decode,
			UnknownKeys: "ignores them",
			Unwrap:      p.unwrap,
		},
		Calling: kernel.Calling{
			Identify: p.identify,
		},
		Answering: kernel.Answering{
			Error:  p.renderError,
			Finish: finish,
			Expose: []string{"Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin", "Content-Encoding"},
		},
		Content: kernel.Content{
			Inventory:    p.inventory,
			DefaultWorld: p.defaultWorld,
			Load:         p.load,
			Populate:     kernel.Populate(populate),
		},
		Using: kernel.Using{
			Settings: kernel.Settings(lag, signin.Mode),
			Values:   p.settings,
			Env: []kernel.EnvVar{ // those of the official login application
				{Name: "ZITADEL_API_URL", Value: "{url}"},
				{Name: "ZITADEL_SERVICE_USER_ID", Value: "{userId}"},
				{Name: "ZITADEL_SERVICE_USER_TOKEN", Value: "{accessToken}"},
			},
			Example: "curl -sS '{url}/oauth/v2/token' -u '{clientId}:{clientSecret}' -d grant_type=client_credentials" +
				" -d 'scope=openid urn:zitadel:iam:org:project:id:{projectId}:aud'",
		},
	}
}

// fold is a name as unique constraints compare it: without regard to case.
func fold(name string) string { return strings.ToLower(name) }

// present is what an index knows a row by: nothing once it is removed.
func present(removed bool, key string) string {
	if removed {
		return ""
	}
	return key
}

// finish gives every answer the content type of the service, which names no
// character set.
func finish(_ *kernel.Call, out *kernel.Outcome) {
	if !strings.HasPrefix(out.Header.Get("Content-Type"), "text/html") {
		out.Header.Set("Content-Type", "application/json")
	}
}

// A stamp is what reads tell of a row's history.
type stamp struct {
	Sequence         uint64 // of the last event that changed it
	Created, Changed time.Time
}

func (s *stamp) touch(sequence uint64, now time.Time) {
	if s.Created.IsZero() {
		s.Created = now
	}
	s.Sequence, s.Changed = sequence, now
}

// details are those of a read. Which of the dates is there depends on the kind of
// call.
func (s stamp) details(orgID string) *objectv1.ObjectDetails {
	return &objectv1.ObjectDetails{Sequence: s.Sequence, CreationDate: moment(s.Created), ChangeDate: moment(s.Changed), ResourceOwner: orgID}
}

// created are the details of a call that creates something.
func created(c *kernel.Call, sequence uint64, orgID string) *objectv1.ObjectDetails {
	return &objectv1.ObjectDetails{Sequence: sequence, CreationDate: moment(c.Now), ResourceOwner: orgID}
}

// changed are the details of a call that changes or removes something.
func changed(c *kernel.Call, sequence uint64, orgID string) *objectv1.ObjectDetails {
	return &objectv1.ObjectDetails{Sequence: sequence, ChangeDate: moment(c.Now), ResourceOwner: orgID}
}
