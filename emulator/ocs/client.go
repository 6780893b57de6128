package ocs

import (
	"cmp"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// A Kind is a kind of client.
type Kind int

const (
	clientCredential Kind = iota
	hybrid
	authorizationCode
	kinds // how many there are
)

// The kinds of clients, for SeedClient.
const (
	ClientCredential = clientCredential // a program of its own
	Hybrid           = hybrid           // a web application with users
	// AuthorizationCode is an application with users that can keep no secret.
	AuthorizationCode = authorizationCode
)

// String returns the kind as a world file has it.
func (k Kind) String() string {
	switch k {
	case hybrid:
		return "hybrid"
	case authorizationCode:
		return "authorizationCode"
	}
	return "clientCredential"
}

// client is one client of either kind.
type client struct {
	ID, TenantID string
	Kind         Kind
	Made         uint64 // tells it from a deleted client of the same id
	clientSettings
	Past []past[clientSettings]
}

// clientSettings is what an update can change.
type clientSettings struct {
	Name                        string
	Enabled                     bool
	AccessTokenLifetime         int // seconds
	Tags                        []string
	RoleIDs                     []string // of client-credential clients
	AllowOfflineAccess          bool     // this and the rest: of hybrid clients
	AllowAccessTokensViaBrowser bool
	RedirectURIs                []string
	PostLogoutRedirectURIs      []string
	ClientURI, LogoURI          *string
}

// The bounds of a tenant and of a client.
const (
	maxClients      = 50_000 // a tenant's, of all kinds
	maxSecrets      = 10     // a client's
	defaultLifetime = 3600   // of access tokens, in seconds; also the longest
)

// listKey is what the clients of one kind and tenant are listed by.
func listKey(tenantID string, k Kind) string { return strconv.Itoa(int(k)) + tenantID }

type (
	clientCredentialBody struct {
		RoleIDs             []string `json:"RoleIds"`
		ID                  string   `json:"Id"`
		Name                string   `json:"Name"`
		Enabled             bool     `json:"Enabled"`
		AccessTokenLifetime int      `json:"AccessTokenLifetime"`
		Tags                []string `json:"Tags"`
	}
	hybridBody struct {
		AllowOfflineAccess          bool     `json:"AllowOfflineAccess"`
		AllowAccessTokensViaBrowser bool     `json:"AllowAccessTokensViaBrowser"`
		RedirectURIs                []string `json:"RedirectUris"`
		PostLogoutRedirectURIs      []string `json:"PostLogoutRedirectUris"`
		ClientURI                   *string  `json:"ClientUri"`
		LogoURI                     *string  `json:"LogoUri"`
		ID                          string   `json:"Id"`
		Name                        string   `json:"Name"`
		Enabled                     bool     `json:"Enabled"`
		AccessTokenLifetime         int      `json:"AccessTokenLifetime"`
		Tags                        []string `json:"Tags"`
	}
)

// body is the client as its kind is shown.
func (cl client) body() any {
	if cl.Kind == hybrid {
		return hybridBody{
			cl.AllowOfflineAccess, cl.AllowAccessTokensViaBrowser, kit.List(cl.RedirectURIs), kit.List(cl.PostLogoutRedirectURIs),
			cl.ClientURI, cl.LogoURI, cl.ID, cl.Name, cl.Enabled, cl.AccessTokenLifetime, kit.List(cl.Tags),
		}
	}
	return clientCredentialBody{kit.List(cl.RoleIDs), cl.ID, cl.Name, cl.Enabled, cl.AccessTokenLifetime, kit.List(cl.Tags)}
}

// clientInput is what both kinds of clients are created with and updated by. What
// is missing or null has its default, or stays.
type clientInput struct {
	ID                  *string   `json:"Id"`
	Name                *string   `json:"Name"`
	Enabled             *bool     `json:"Enabled"`
	AccessTokenLifetime *int      `json:"AccessTokenLifetime"`
	Tags                *[]string `json:"Tags"`
}

// hybridInput is what hybrid clients have beside.
type hybridInput struct {
	AllowOfflineAccess          *bool     `json:"AllowOfflineAccess"`
	AllowAccessTokensViaBrowser *bool     `json:"AllowAccessTokensViaBrowser"`
	RedirectURIs                *[]string `json:"RedirectUris"`
	PostLogoutRedirectURIs      *[]string `json:"PostLogoutRedirectUris"`
	ClientURI                   *string   `json:"ClientUri"`
	LogoURI                     *string   `json:"LogoUri"`
}

func (s *clientSettings) assign(in clientInput) {
	kit.Put(&s.Name, in.Name)
	kit.Put(&s.Enabled, in.Enabled)
	kit.Put(&s.AccessTokenLifetime, in.AccessTokenLifetime)
	kit.Put(&s.Tags, in.Tags)
}

func (s *clientSettings) assignHybrid(in hybridInput) {
	kit.Put(&s.AllowOfflineAccess, in.AllowOfflineAccess)
	kit.Put(&s.AllowAccessTokensViaBrowser, in.AllowAccessTokensViaBrowser)
	kit.Put(&s.RedirectURIs, in.RedirectURIs)
	kit.Put(&s.PostLogoutRedirectURIs, in.PostLogoutRedirectURIs)
	if in.ClientURI != nil {
		s.ClientURI = in.ClientURI
	}
	if in.LogoURI != nil {
		s.LogoURI = in.LogoURI
	}
}

// assignRoles sets the roles of a client-credential client, which always include
// the member role.
func (p *Provider) assignRoles(c *kernel.Call, s *clientSettings, tenantID string, ids []string) *kernel.Problem {
	var roles []string
	member := false
	for _, id := range ids {
		id = strings.ToLower(id) // it is a GUID
		r, ok := p.roles.Get(c.Tx, id)
		if !ok || r.TenantID != tenantID {
			return invalid("RoleIds: there is no role %s in this tenant.", "List the tenant's roles to find their identifiers.", id)
		}
		member = member || r.RoleTypeID == memberType
		if !slices.Contains(roles, id) {
			roles = append(roles, id)
		}
	}
	if !member {
		return invalid("RoleIds: the role %s is missing, which every client has.", "Add the identifier of the member role.", memberRole)
	}
	s.RoleIDs = roles
	return nil
}

// createInput is what only a creation has: the client's first secret.
type createInput struct {
	SecretDescription    *string `json:"SecretDescription"`
	SecretExpirationDate *string `json:"SecretExpirationDate"`
}

type createClientCredentialRequest struct {
	TenantID string `path:"tenantId" json:"-"`
	createInput
	clientInput
	RoleIDs *[]string `json:"RoleIds"`
}

type createHybridRequest struct {
	TenantID string `path:"tenantId" json:"-"`
	createInput
	clientInput
	hybridInput
}

// createResponse wraps a new client in its first secret: the identifier beside
// the client is the secret's.
type createResponse struct {
	Secret         string    `json:"Secret"`
	ID             int32     `json:"Id"`
	Description    *string   `json:"Description"`
	ExpirationDate *dateTime `json:"ExpirationDate"`
	Client         any       `json:"Client"`
}

// createClientCredentialClient makes a client and its first secret, which never
// expires unless a date is given.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_ClientCredentialClient.md
func (p *Provider) createClientCredentialClient(c *kernel.Call, in createClientCredentialRequest) (createResponse, error) {
	settings := newSettings()
	settings.assign(in.clientInput)
	if in.RoleIDs == nil {
		t, _ := p.tenants.Get(c.Tx, in.TenantID)
		in.RoleIDs = &[]string{t.MemberRoleID}
	}
	if problem := p.assignRoles(c, &settings, in.TenantID, *in.RoleIDs); problem != nil {
		return createResponse{}, problem
	}
	return p.create(c, client{TenantID: in.TenantID, Kind: clientCredential, clientSettings: settings}, in.ID, in.createInput)
}

// createHybridClient makes a client and its first secret, which never expires
// unless a date is given.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_HybridClient.md
func (p *Provider) createHybridClient(c *kernel.Call, in createHybridRequest) (createResponse, error) {
	settings := newSettings()
	settings.assign(in.clientInput)
	settings.assignHybrid(in.hybridInput)
	if len(settings.RedirectURIs) == 0 && c.Differs(redirectURIs) {
		return createResponse{}, invalid("RedirectUris: missing.", "Send at least one URI to return to after a login.")
	}
	return p.create(c, client{TenantID: in.TenantID, Kind: hybrid, clientSettings: settings}, in.ID, in.createInput)
}

func newSettings() clientSettings {
	return clientSettings{Enabled: true, AccessTokenLifetime: defaultLifetime}
}

// create stores a client with its first secret.
func (p *Provider) create(c *kernel.Call, cl client, id *string, in createInput) (createResponse, error) {
	expiration, problem := parseDateTime("SecretExpirationDate", in.SecretExpirationDate)
	if problem != nil {
		return createResponse{}, problem
	}
	if id != nil {
		cl.ID = strings.TrimSpace(*id)
	}
	if len(cl.ID) > maxParameter {
		return createResponse{}, invalid("Id: longer than %d characters.", "Send a GUID, or no Id at all.", maxParameter)
	}
	if cl, problem = p.addClient(c, cl); problem != nil {
		return createResponse{}, problem
	}
	value, s := p.newSecret(c, cl, secretSettings{in.SecretDescription, expiration}, "")
	return createResponse{value, s.ID, s.Description, orNull(s.Expiration), cl.body()}, nil
}

// addClient stores a client; an empty id is drawn.
func (p *Provider) addClient(c *kernel.Call, cl client) (client, *kernel.Problem) {
	cl.ID = cmp.Or(cl.ID, c.Draw("client").UUID())
	if _, ok := p.clients.Get(c.Tx, cl.ID); ok {
		return cl, refuse(http.StatusConflict, "The client exists already.",
			"There is a client "+cl.ID+" already.", "Choose another Id, or send none.")
	}
	t, _ := p.tenants.Get(c.Tx, cl.TenantID)
	if t.Clients[clientCredential]+t.Clients[hybrid]+t.Clients[authorizationCode] >= maxClients {
		return cl, invalid("The tenant has its %d clients.", "Delete clients that are not used any more.", maxClients)
	}
	cl.Made = c.Tx.Next(madeSequence)
	t.Clients[cl.Kind]++
	p.tenants.Put(c.Tx, t.ID, t)
	p.clients.Put(c.Tx, cl.ID, cl)
	return cl, nil
}

type clientPath struct {
	TenantID string `path:"tenantId" json:"-"`
	ClientID string `path:"clientId" json:"-"`
}

// client finds a client of the tenant and kind.
func (p *Provider) client(c *kernel.Call, k Kind, tenantID, id string) (client, error) {
	cl, ok := p.clients.Get(c.Tx, id)
	switch {
	case !ok:
		return cl, notFound("client", id)
	case cl.TenantID != tenantID:
		return client{}, notFound("client", id).Because("client %s is another tenant's", id)
	case cl.Kind != k:
		return client{}, notFound("client", id).Because("client %s is of the kind %s", id, cl.Kind)
	}
	return cl, nil
}

// getClient returns a client.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_ClientCredentialClient.md
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_HybridClient.md
func (p *Provider) getClient(k Kind) func(*kernel.Call, clientPath) (any, error) {
	return func(c *kernel.Call, in clientPath) (any, error) {
		cl, err := p.client(c, k, in.TenantID, in.ClientID)
		if err != nil {
			return nil, err
		}
		return cl.body(), nil
	}
}

type updateClientCredentialRequest struct {
	TenantID string `path:"tenantId" json:"-"`
	ClientID string `path:"clientId" json:"-"`
	clientInput
	RoleIDs *[]string `json:"RoleIds"`
}

type updateHybridRequest struct {
	TenantID string `path:"tenantId" json:"-"`
	ClientID string `path:"clientId" json:"-"`
	clientInput
	hybridInput
}

// updateClientCredentialClient changes what is given. The token service may take
// a while to go by it.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_ClientCredentialClient.md
func (p *Provider) updateClientCredentialClient(c *kernel.Call, in updateClientCredentialRequest) (any, error) {
	return p.update(c, clientCredential, in.TenantID, in.ClientID, in.clientInput, func(s *clientSettings) *kernel.Problem {
		if in.RoleIDs == nil {
			return nil
		}
		return p.assignRoles(c, s, in.TenantID, *in.RoleIDs)
	})
}

// updateHybridClient changes what is given. The token service may take a while
// to go by it.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_HybridClient.md
func (p *Provider) updateHybridClient(c *kernel.Call, in updateHybridRequest) (any, error) {
	return p.update(c, hybrid, in.TenantID, in.ClientID, in.clientInput, func(s *clientSettings) *kernel.Problem {
		s.assignHybrid(in.hybridInput)
		return nil
	})
}

func (p *Provider) update(c *kernel.Call, k Kind, tenantID, id string, in clientInput, more func(*clientSettings) *kernel.Problem) (any, error) {
	cl, err := p.client(c, k, tenantID, id)
	if err != nil {
		return nil, err
	}
	if in.ID != nil && *in.ID != id {
		return nil, invalid("Id: not the identifier in the path.", "Send the Id of the client, or none.")
	}
	settings := cl.clientSettings
	settings.assign(in)
	if problem := more(&settings); problem != nil {
		return nil, problem
	}
	cl.Past = remember(c, cl.Past, cl.clientSettings)
	cl.clientSettings = settings
	p.clients.Put(c.Tx, cl.ID, cl)
	return cl.body(), nil
}

// deleteClient deletes a client and its secrets. Its tokens live on until they
// expire, and the token service may take a while to notice.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_ClientCredentialClient.md
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_HybridClient.md
func (p *Provider) deleteClient(k Kind) func(*kernel.Call, clientPath) (kernel.Answer, error) {
	return func(c *kernel.Call, in clientPath) (kernel.Answer, error) {
		cl, err := p.client(c, k, in.TenantID, in.ClientID)
		if err != nil {
			return kernel.Answer{}, err
		}
		for _, s := range p.secretsOf.All(c.Tx, cl.ID) {
			bury(c, p.goneSecrets, s)
		}
		p.secretsOf.Delete(c.Tx, cl.ID)
		t, _ := p.tenants.Get(c.Tx, cl.TenantID)
		t.Clients[cl.Kind]--
		p.tenants.Put(c.Tx, t.ID, t)
		p.clients.Delete(c.Tx, cl.ID)
		bury(c, p.goneClients, cl)
		return kernel.Answer{Status: http.StatusNoContent}, nil
	}
}

type listClientsRequest struct {
	TenantID string   `path:"tenantId" json:"-"`
	IDs      []string `query:"id" json:"-"`
	Tags     []string `query:"tag" json:"-"`
}

// childError is one part of a 207 that has failed.
type childError struct {
	StatusCode int    `json:"StatusCode"`
	ModelID    string `json:"ModelId"`
	errorBody
}

// multiStatus is an answer of which a part has failed.
type multiStatus struct {
	OperationID string       `json:"OperationId"`
	Error       string       `json:"Error"`
	Reason      string       `json:"Reason"`
	ChildErrors []childError `json:"ChildErrors"`
	Data        []any        `json:"Data"`
}

// listClients returns clients in the order they were created, or those that are
// asked for by their ids. Of client-credential clients alone it is told which of
// these do not exist.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_ClientCredentialClient.md
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_HybridClient.md
func (p *Provider) listClients(k Kind) func(*kernel.Call, listClientsRequest) (any, error) {
	return func(c *kernel.Call, in listClientsRequest) (any, error) {
		found, total, missing := p.find(c, k, in)
		c.Header.Set("Total-Count", strconv.Itoa(total))
		data := make([]any, len(found))
		for i, cl := range found {
			data[i] = cl.body()
		}
		if len(missing) == 0 || k == hybrid {
			return data, nil
		}
		answer := multiStatus{
			OperationID: operationID(c), Error: "Some clients were not found.",
			Reason: "Not all requested identifiers are those of clients.", ChildErrors: []childError{}, Data: data,
		}
		for _, id := range missing {
			why := notFound("client", id)
			text := why.Details.(advice)
			answer.ChildErrors = append(answer.ChildErrors, childError{
				http.StatusNotFound, id, errorBody{operationID(c), why.Message, text.Reason, text.Resolution},
			})
		}
		return kernel.Answer{Status: http.StatusMultiStatus, Body: answer}, nil
	}
}

// find returns a page of the clients that are asked for, how many there are in
// all, and the ids that none of them has. Ids turn the paging off.
func (p *Provider) find(c *kernel.Call, k Kind, in listClientsRequest) (found []client, total int, missing []string) {
	tagged := func(cl client) bool {
		for _, tag := range in.Tags {
			if tag != "" && !slices.Contains(cl.Tags, tag) {
				return false
			}
		}
		return true
	}
	named := false
	var seen []string
	for _, id := range in.IDs {
		if id = strings.TrimSpace(id); id == "" || slices.Contains(seen, id) {
			continue
		}
		named, seen = true, append(seen, id)
		cl, err := p.client(c, k, in.TenantID, id)
		switch {
		case err != nil:
			missing = append(missing, id)
		case tagged(cl):
			found = append(found, cl)
		}
	}
	if named {
		return found, len(found), missing
	}
	skip, count := kit.Number(c, "skip", 0), kit.Number(c, "count", defaultCount)
	matching := 0
	for _, cl := range p.clientsOf.All(c.Tx, listKey(in.TenantID, k)) {
		if !tagged(cl) {
			continue
		}
		matching++
		if matching > skip && len(found) < count {
			found = append(found, cl)
		}
		if len(in.Tags) == 0 && len(found) == count {
			break // how many there are is known
		}
	}
	if len(in.Tags) > 0 {
		return found, matching, nil
	}
	t, _ := p.tenants.Get(c.Tx, in.TenantID)
	return found, t.Clients[k], nil
}

// defaultCount is how long a page is when nothing is said.
const defaultCount = 100

// page is the service's form of lists, with the number of all there are.
func page(c *kernel.Call, shown iter.Seq[any]) (any, error) {
	some, total := kit.Window(shown, kit.Number(c, "skip", 0), kit.Number(c, "count", defaultCount))
	c.Header.Set("Total-Count", strconv.Itoa(total))
	return some, nil
}
