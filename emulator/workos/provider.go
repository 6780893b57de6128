package workos

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
const Name = "workos"

// document is parsed once for all servers of a process.
var document = gate.NewDocument(specs.WorkOS, gate.PathRule{IgnoreTrailingSlash: true, IgnoreCase: true}).Beyond(specs.WorkOSBeyond)

// A Provider is an emulated WorkOS environment.
type Provider struct {
	kernel.Binding
	verified oauth.Verified[claims]

	environments *store.Table[environment] // the one there is
	apiKeys      *store.Table[apiKey]      // by digest

	organizations     *store.Table[organization]
	organizationsByID *store.Index[organization]
	byExternalID      *store.Unique[organization]
	domains           *store.Table[string] // the organization of a domain

	applications     *store.Table[application]
	byClientID       *store.Unique[application]
	applicationsByID *store.Index[application]
	byRegistration   *store.Index[application] // registration type, "/" and id
	byOrganization   *store.Index[application] // organization, "/" and id

	secrets        *store.Table[clientSecret]
	secretByDigest *store.Unique[clientSecret]
	secretsOf      *store.Index[clientSecret]

	keys        *store.Table[organizationKey]
	keyByDigest *store.Unique[organizationKey]
	keysOf      *store.Index[organizationKey] // organization, "/" and id

	people        *store.Table[person]
	personByEmail *store.Unique[person]
	desk          *signin.Desk

	issued           *store.Table[kit.Issued] // the newest tokens, to be shown
	authorizations   *store.Table[authorization]
	authorizationsIn *store.Index[authorization] // organization, "/" and id
	authorizationsBy *store.Index[authorization] // person, "/" and id
	authorizedBy     *store.Index[authorization] // person, "/" and application
	authorizationsOf *store.Index[authorization] // application

	idempotentCalls *store.Table[idempotentCall]
	ticks           *store.Table[tick] // by prefix of the ids
	rates           *kernel.RateLimit

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
	p.environments = store.NewTable[environment](env.Schema, "environment")
	p.apiKeys = store.NewTable[apiKey](env.Schema, "API key")
	p.organizations = store.NewTable[organization](env.Schema, "organization")
	p.organizationsByID = p.organizations.Index(func(o organization) string { return o.ID })
	p.byExternalID = p.organizations.Unique("external id", func(o organization) string { return o.ExternalID })
	p.domains = store.NewTable[string](env.Schema, "domain")
	p.applications = store.NewTable[application](env.Schema, "application")
	p.byClientID = p.applications.Unique("client id", func(a application) string { return a.ClientID })
	p.applicationsByID = p.applications.Index(func(a application) string { return a.ID })
	p.byRegistration = p.applications.Index(func(a application) string { return a.registration() + "/" + a.ID })
	p.byOrganization = p.applications.Index(func(a application) string {
		if a.OrganizationID == "" {
			return ""
		}
		return a.OrganizationID + "/" + a.ID
	})
	p.people = store.NewTable[person](env.Schema, "person")
	p.personByEmail = p.people.Unique("email", func(u person) string { return strings.ToLower(u.Email) })
	p.desk = signin.NewDesk(env.Schema, p.dialect())
	p.secrets = store.NewTable[clientSecret](env.Schema, "client secret")
	p.secretByDigest = p.secrets.Unique("digest", func(s clientSecret) string { return s.Digest })
	p.secretsOf = p.secrets.Index(func(s clientSecret) string { return s.ApplicationID })
	p.keys = store.NewTable[organizationKey](env.Schema, "organization's API key")
	p.keyByDigest = p.keys.Unique("digest", func(k organizationKey) string { return k.Digest })
	p.keysOf = p.keys.Index(func(k organizationKey) string { return k.OrganizationID + "/" + k.ID })
	p.issued = store.NewTable[kit.Issued](env.Schema, "issued token")
	p.authorizations = store.NewTable[authorization](env.Schema, "authorized application")
	p.authorizationsIn = p.authorizations.Index(func(a authorization) string { return a.OrganizationID + "/" + a.ID })
	p.authorizationsBy = p.authorizations.Index(func(a authorization) string { return a.PersonID + "/" + a.ID })
	p.authorizedBy = p.authorizations.Index(func(a authorization) string { return by(a.PersonID, a.ApplicationID) })
	p.authorizationsOf = p.authorizations.Index(func(a authorization) string { return a.ApplicationID })
	p.idempotentCalls = store.NewTable[idempotentCall](env.Schema, "idempotent call")
	p.ticks = store.NewTable[tick](env.Schema, "tick")
	p.rates = kernel.NewRateLimit(env.Schema, rateLimit)
	p.rules(env)

	return kernel.Description{
		Name:        Name,
		Document:    document,
		Hosts:       []string{"api.workos.com", "*.authkit.app"},
		Routes:      p.routes(),
		Differences: differences,
		Chosen:      chosen,
		Port:        2,
		Reading: kernel.Reading{
			Order:        kernel.IdentifyFirst,
			Decode:       kit.DecodeOrEmpty,
			NullIsAbsent: true,
		},
		Calling: kernel.Calling{
			Token:    kernel.Token{Credential: "apiKey"},
			Identify: p.identify,
			Admit:    p.admit,
		},
		Answering: kernel.Answering{
			Around: p.once,
			Error:  renderError,
			Finish: finish,
			Expose: []string{"X-Request-Id"},
		},
		Content: kernel.Content{
			Inventory:    p.inventory,
			DefaultWorld: p.defaultWorld,
			Load:         p.load,
			Populate:     kernel.Populate(populate),
		},
		Using: kernel.Using{
			Settings: kernel.Settings(tokenLifetime, rateLimit, signin.Mode),
			Values:   p.settings,
			Env: []kernel.EnvVar{
				{Name: "WORKOS_BASE_URL", Value: "{url}"}, // the Python SDK, the Terraform provider
				{Name: "WORKOS_API_KEY", Value: "{apiKey}"},
				{Name: "WORKOS_CLIENT_ID", Value: "{clientId}"},
			},
			Example: "curl -sS -X POST '{url}/connect/applications/{applicationId}/client_secrets'" +
				" -H 'Authorization: Bearer {apiKey}' -H 'Content-Type: application/json' -d '{}'",
		},
	}
}
