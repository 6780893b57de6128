package ocs

import (
	"strings"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
	"github.com/understudy-dev/understudy/internal/signin"
	"github.com/understudy-dev/understudy/internal/store"
	"github.com/understudy-dev/understudy/specs"
)

// Name is the provider's name in operations, flags and the control API.
const Name = "ocs"

// document is parsed once for all servers of a process. The pages themselves
// write tenants and Tenants, and the service's framework takes either.
var document = gate.NewDocument(specs.OCS, gate.PathRule{IgnoreTrailingSlash: true, IgnoreCase: true}).Beyond(specs.OCSBeyond)

// A Provider is an emulated OCS with its tenants.
type Provider struct {
	kernel.Binding
	verified oauth.Verified[claims]

	tenants           *store.Table[tenant]
	roles             *store.Table[role]
	rolesOf           *store.Index[role] // by tenant
	roleByName        *store.Unique[role]
	clients           *store.Table[client]
	clientsOf         *store.Index[client] // by tenant and kind
	automations       *store.Table[automationIdentity]
	automationsOf     *store.Index[automationIdentity] // by tenant
	namespaceTable    *store.Table[Namespace]
	namespacesOf      *store.Index[Namespace] // by tenant
	communityTable    *store.Table[Community]
	communitiesOf     *store.Index[Community] // by tenant
	secrets           *store.Table[secret]
	byDigest          *store.Unique[secret]
	secretsOf         *store.Index[secret] // by client
	people            *store.Table[person]
	personByEmail     *store.Unique[person]
	usersOf           *store.Index[person] // by tenant
	invitationTable   *store.Table[invitation]
	invitationsOf     *store.Index[invitation] // by tenant
	invitationByUser  *store.Unique[invitation]
	invitationsByUser *store.Index[invitation]
	desk              *signin.Desk
	goneClients       *store.Table[gone[client]]
	goneSecrets       *store.Table[gone[secret]]
	goneByDigest      *store.Index[gone[secret]]
	goneClientsByID   *store.Index[gone[client]]

	issued *store.Table[kit.Issued] // the newest tokens, to be shown

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
	p.tenants = store.NewTable[tenant](env.Schema, "tenant")
	p.roles = store.NewTable[role](env.Schema, "role")
	p.rolesOf = p.roles.Index(func(r role) string { return r.TenantID })
	p.roleByName = p.roles.Unique("name", role.place)
	p.clients = store.NewTable[client](env.Schema, "client")
	p.clientsOf = p.clients.Index(func(cl client) string { return listKey(cl.TenantID, cl.Kind) })
	p.automations = store.NewTable[automationIdentity](env.Schema, "automation identity")
	p.automationsOf = p.automations.Index(func(a automationIdentity) string { return a.TenantID })
	p.namespaceTable = store.NewTable[Namespace](env.Schema, "namespace")
	p.namespacesOf = p.namespaceTable.Index(func(n Namespace) string { return n.TenantID })
	p.communityTable = store.NewTable[Community](env.Schema, "community")
	p.communitiesOf = p.communityTable.Index(func(g Community) string { return g.TenantID })
	p.secrets = store.NewTable[secret](env.Schema, "secret")
	p.byDigest = p.secrets.Unique("digest", func(s secret) string { return s.Digest })
	p.secretsOf = p.secrets.Index(func(s secret) string { return s.ClientID })
	p.people = store.NewTable[person](env.Schema, "person")
	p.usersOf = p.people.Index(func(u person) string { return u.TenantID })
	p.invitationTable = store.NewTable[invitation](env.Schema, "invitation")
	p.invitationsOf = p.invitationTable.Index(func(i invitation) string { return i.TenantID })
	p.invitationByUser = p.invitationTable.Unique("user", func(i invitation) string { return i.UserID })
	p.invitationsByUser = p.invitationTable.Index(func(i invitation) string { return i.UserID })
	p.personByEmail = p.people.Unique("email", func(u person) string { return strings.ToLower(u.Email) })
	p.desk = signin.NewDesk(env.Schema, p.dialect())
	p.goneClients = store.NewTable[gone[client]](env.Schema, "deleted client")
	p.goneClientsByID = p.goneClients.Index(func(g gone[client]) string { return g.Row.ID })
	p.goneSecrets = store.NewTable[gone[secret]](env.Schema, "deleted secret")
	p.goneByDigest = p.goneSecrets.Index(func(g gone[secret]) string { return g.Row.Digest })
	p.issued = store.NewTable[kit.Issued](env.Schema, "issued token")
	p.rules(env)

	return kernel.Description{
		Name:        Name,
		Document:    document,
		Hosts:       []string{"uswe.datahub.connect.aveva.com", "datahub.connect.aveva.com", "*.datahub.connect.aveva.com", "dat-b.osisoft.com"},
		Routes:      p.routes(),
		Differences: differences,
		Chosen:      chosen,
		Port:        4,
		Reading: kernel.Reading{
			Order:       kernel.IdentifyFirst,
			Decode:      decode,
			Tolerate:    tolerate,
			UnknownKeys: "skips them",
			FoldQuery:   true, // as ASP.NET reads them
		},
		Calling: kernel.Calling{
			Identify: p.identify,
		},
		Answering: kernel.Answering{
			Error:  renderError,
			Finish: finish,
			Expose: []string{"Operation-Id", "Total-Count"},
		},
		Content: kernel.Content{
			Inventory:    p.inventory,
			DefaultWorld: p.defaultWorld,
			Load:         p.load,
			Populate:     kernel.Populate(populate),
		},
		Using: kernel.Using{
			Settings: kernel.Settings(propagation, signin.Mode, strictRoles),
			Values:   p.settings,
			// The vendor's samples read a file, appsettings.json; these are the names of
			// its keys.
			Env: []kernel.EnvVar{
				{Name: "Resource", Value: "{url}"},
				{Name: "ApiVersion", Value: "v1"},
				{Name: "TenantId", Value: "{tenantId}"},
				{Name: "ClientId", Value: "{clientId}"},
				{Name: "ClientSecret", Value: "{clientSecret}"},
			},
			Example: "curl -sS '{url}/identity/connect/token' -d grant_type=client_credentials" +
				" -d 'client_id={clientId}' --data-urlencode 'client_secret={clientSecret}'",
		},
	}
}
