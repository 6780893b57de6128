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
	deviceCode
	kinds // how many there are
)

// The kinds of clients, for SeedClient.
const (
	ClientCredential  = clientCredential  // a program of its own
	Hybrid            = hybrid            // a web application with users
	AuthorizationCode = authorizationCode // an application with users that can keep no secret
	DeviceCode        = deviceCode        // a device whose users sign in elsewhere
)

// String returns the kind as a world file has it.
func (k Kind) String() string {
	return [...]string{"clientCredential", "hybrid", "authorizationCode", "deviceCode"}[k]
}

// kindNamed returns the kind that a world file names; "" is the first.
func kindNamed(name string) Kind {
	for k := range kinds {
		if k.String() == name {
			return k
		}
	}
	return clientCredential
}

// hasSecrets reports whether clients of the kind have secrets.
func (k Kind) hasSecrets() bool { return k == clientCredential || k == hybrid }

// client is one client of any kind.
type client struct {
	ID, TenantID string
	Kind         Kind
	Made         uint64 // tells it from a deleted client of the same id
	clientSettings
	Past []past[clientSettings]
}

// clientSettings is what an update can change. Most of it only some kinds have.
type clientSettings struct {
	Name                        string
	Enabled                     bool
	AccessTokenLifetime         int // seconds
	Tags                        []string
	RoleIDs                     []string
	AllowOfflineAccess          bool
	AllowAccessTokensViaBrowser bool
	RedirectURIs                []string
	PostLogoutRedirectURIs      []string
	AllowedCorsOrigins          []string
	DeviceCodeLifetime          int // seconds
	ClientURI, LogoURI          *string
}

// The bounds of a tenant and of a client.
const (
	maxClients      = 50_000 // a tenant's, of all kinds
	maxSecrets      = 10     // a client's
	defaultLifetime = 3600   // of access tokens, in seconds; also the longest

	defaultDeviceCodeLifetime = 300 // seconds
)

// listKey is what the clients of one kind and tenant are listed by.
func listKey(tenantID string, k Kind) string { return strconv.Itoa(int(k)) + tenantID }

type (
	clientCredentialBody struct {
		RoleIDs []string `json:"RoleIds"`
		clientBody
	}
	hybridBody struct {
		AllowOfflineAccess          bool `json:"AllowOfflineAccess"`
		AllowAccessTokensViaBrowser bool `json:"AllowAccessTokensViaBrowser"`
		interactiveBody
		clientBody
	}
	authorizationCodeBody struct {
		interactiveBody
		clientBody
		AllowedCorsOrigins []string `json:"AllowedCorsOrigins"`
		AllowOfflineAccess bool     `json:"AllowOfflineAccess"`
	}
	deviceCodeBody struct {
		clientBody
		DeviceCodeLifetime int     `json:"DeviceCodeLifetime"`
		ClientURI          *string `json:"ClientUri"`
		LogoURI            *string `json:"LogoUri"`
	}
	// clientBody is what all kinds show.
	clientBody struct {
		ID                  string   `json:"Id"`
		Name                string   `json:"Name"`
		Enabled             bool     `json:"Enabled"`
		AccessTokenLifetime int      `json:"AccessTokenLifetime"`
		Tags                []string `json:"Tags"`
	}
	// interactiveBody is what clients show that send their users away and back.
	interactiveBody struct {
		RedirectURIs           []string `json:"RedirectUris"`
		PostLogoutRedirectURIs []string `json:"PostLogoutRedirectUris"`
		ClientURI              *string  `json:"ClientUri"`
		LogoURI                *string  `json:"LogoUri"`
	}
)

// body is the client as its kind is shown.
func (cl client) body() any {
	all := clientBody{cl.ID, cl.Name, cl.Enabled, cl.AccessTokenLifetime, kit.List(cl.Tags)}
	interactive := interactiveBody{kit.List(cl.RedirectURIs), kit.List(cl.PostLogoutRedirectURIs), cl.ClientURI, cl.LogoURI}
	switch cl.Kind {
	case hybrid:
		return hybridBody{cl.AllowOfflineAccess, cl.AllowAccessTokensViaBrowser, interactive, all}
	case authorizationCode:
		return authorizationCodeBody{interactive, all, kit.List(cl.AllowedCorsOrigins), cl.AllowOfflineAccess}
	case deviceCode:
		return deviceCodeBody{all, cl.DeviceCodeLifetime, cl.ClientURI, cl.LogoURI}
	}
	return clientCredentialBody{kit.List(cl.RoleIDs), all}
}

// clientInput is what clients of all kinds are created with and updated by, of
// which the document knows what each kind has. What is missing or null has its
// default, or stays.
type clientInput struct {
	ID                          *string   `json:"Id"`
	Name                        *string   `json:"Name"`
	Enabled                     *bool     `json:"Enabled"`
	AccessTokenLifetime         *int      `json:"AccessTokenLifetime"`
	Tags                        *[]string `json:"Tags"`
	RoleIDs                     *[]string `json:"RoleIds"`
	AllowOfflineAccess          *bool     `json:"AllowOfflineAccess"`
	AllowAccessTokensViaBrowser *bool     `json:"AllowAccessTokensViaBrowser"`
	RedirectURIs                *[]string `json:"RedirectUris"`
	PostLogoutRedirectURIs      *[]string `json:"PostLogoutRedirectUris"`
	AllowedCorsOrigins          *[]string `json:"AllowedCorsOrigins"`
	DeviceCodeLifetime          *int      `json:"DeviceCodeLifetime"`
	ClientURI                   *string   `json:"ClientUri"`
	LogoURI                     *string   `json:"LogoUri"`
}

// assign sets what was sent of a tenant's client.
func (p *Provider) assign(c *kernel.Call, s *clientSettings, tenantID string, in clientInput) (err error) {
	kit.Put(&s.Name, in.Name)
	kit.Put(&s.Enabled, in.Enabled)
	kit.Put(&s.AccessTokenLifetime, in.AccessTokenLifetime)
	kit.Put(&s.Tags, in.Tags)
	kit.Put(&s.AllowOfflineAccess, in.AllowOfflineAccess)
	kit.Put(&s.AllowAccessTokensViaBrowser, in.AllowAccessTokensViaBrowser)
	kit.Put(&s.RedirectURIs, in.RedirectURIs)
	kit.Put(&s.PostLogoutRedirectURIs, in.PostLogoutRedirectURIs)
	kit.Put(&s.AllowedCorsOrigins, in.AllowedCorsOrigins)
	kit.Put(&s.DeviceCodeLifetime, in.DeviceCodeLifetime)
	s.ClientURI, s.LogoURI = cmp.Or(in.ClientURI, s.ClientURI), cmp.Or(in.LogoURI, s.LogoURI)
	if in.RoleIDs != nil {
		s.RoleIDs, err = p.rolesFor(c, tenantID, *in.RoleIDs)
	}
	return err
}

// rolesFor returns the roles of a tenant with the given ids, which always include
// the member role, for somebody to hold.
func (p *Provider) rolesFor(c *kernel.Call, tenantID string, ids []string) ([]string, error) {
	var roles []string
	member := false
	for _, id := range ids {
		r, ok := p.roleOf(c, tenantID, id)
		if !ok {
			return nil, invalid("RoleIds: there is no role %s in this tenant.", "List the tenant's roles to find their identifiers.", id)
		}
		member = member || r.RoleTypeID == memberType
		if !slices.Contains(roles, r.ID) {
			roles = append(roles, r.ID)
		}
	}
	if !member {
		return nil, invalid("RoleIds: the role %s is missing, which everybody has.", "Add the identifier of the member role.", memberRole)
	}
	return roles, nil
}

type createClientRequest struct {
	TenantID             string  `path:"tenantId" json:"-"`
	SecretDescription    *string `json:"SecretDescription"` // this and the next: of its first secret
	SecretExpirationDate *string `json:"SecretExpirationDate"`
	clientInput
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

// createClient makes a client and, if its kind has any, its first secret, which
// never expires unless a date is given.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_ClientCredentialClient.md
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_HybridClient.md
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-authorization-code-clients.html
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-device-code-clients.html
func (p *Provider) createClient(k Kind) func(*kernel.Call, createClientRequest) (any, error) {
	return func(c *kernel.Call, in createClientRequest) (any, error) {
		cl := client{TenantID: in.TenantID, Kind: k, clientSettings: newSettings()}
		if in.RoleIDs == nil && k == clientCredential {
			t, _ := p.tenants.Get(c.Tx, in.TenantID)
			in.RoleIDs = &[]string{t.MemberRoleID}
		}
		if err := p.assign(c, &cl.clientSettings, in.TenantID, in.clientInput); err != nil {
			return nil, err
		}
		if len(cl.RedirectURIs) == 0 && (k == authorizationCode || k == hybrid && c.Differs(redirectURIs)) {
			return nil, invalid("RedirectUris: missing.", "Send at least one URI to return to after a login.")
		}
		expiration, problem := parseDateTime("SecretExpirationDate", in.SecretExpirationDate)
		if problem != nil {
			return nil, problem
		}
		if in.ID != nil {
			cl.ID = strings.TrimSpace(*in.ID)
		}
		if len(cl.ID) > maxParameter {
			return nil, invalid("Id: longer than %d characters.", "Send a GUID, or no Id at all.", maxParameter)
		}
		if cl, problem = p.addClient(c, cl); problem != nil {
			return nil, problem
		}
		if !k.hasSecrets() {
			return cl.body(), nil
		}
		value, s := p.newSecret(c, cl, secretSettings{in.SecretDescription, expiration}, "")
		return createResponse{value, s.ID, s.Description, orNull(s.Expiration), cl.body()}, nil
	}
}

func newSettings() clientSettings {
	return clientSettings{Enabled: true, AccessTokenLifetime: defaultLifetime, DeviceCodeLifetime: defaultDeviceCodeLifetime}
}

// addClient stores a client; an empty id is drawn.
func (p *Provider) addClient(c *kernel.Call, cl client) (client, *kernel.Problem) {
	cl.ID = cmp.Or(cl.ID, c.Draw("client").UUID())
	if _, ok := p.clients.Get(c.Tx, cl.ID); ok {
		return cl, refuse(http.StatusConflict, "The client exists already.",
			"There is a client "+cl.ID+" already.", "Choose another Id, or send none.")
	}
	t, _ := p.tenants.Get(c.Tx, cl.TenantID)
	total := 0
	for _, n := range t.Clients {
		total += n
	}
	if total >= maxClients {
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

type updateClientRequest struct {
	clientPath
	clientInput
}

// updateClient changes what is given. The token service may take a while to go by
// it.
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_ClientCredentialClient.md
// https://github.com/osisoft/OCS-Docs/blob/ff10f54e73369a411e5a38fc53203c6feff7a986/Documentation/Identity/Identity_HybridClient.md
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-authorization-code-clients.html
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-device-code-clients.html
func (p *Provider) updateClient(k Kind) func(*kernel.Call, updateClientRequest) (any, error) {
	return func(c *kernel.Call, in updateClientRequest) (any, error) {
		cl, err := p.client(c, k, in.TenantID, in.ClientID)
		if err != nil {
			return nil, err
		}
		if in.ID != nil && *in.ID != cl.ID {
			return nil, invalid("Id: not the identifier in the path.", "Send the Id of the client, or none.")
		}
		settings := cl.clientSettings
		if err := p.assign(c, &settings, in.TenantID, in.clientInput); err != nil {
			return nil, err
		}
		return p.change(c, cl, settings).body(), nil
	}
}

// change stores a client with new settings, which the token service may take a
// while to see.
func (p *Provider) change(c *kernel.Call, cl client, settings clientSettings) client {
	cl.Past = remember(c, cl.Past, cl.clientSettings)
	cl.clientSettings = settings
	p.clients.Put(c.Tx, cl.ID, cl)
	return cl
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
		data := make([]any, len(found))
		for i, cl := range found {
			data[i] = cl.body()
		}
		if k != clientCredential {
			missing = nil
		}
		return partly(c, "client", data, total, missing), nil
	}
}

// partly is a list of which a part was not found.
func partly(c *kernel.Call, what string, data []any, total int, missing []string) any {
	c.Header.Set("Total-Count", strconv.Itoa(total))
	if len(missing) == 0 {
		return data
	}
	answer := multiStatus{
		OperationID: operationID(c), Error: "Some " + what + "s were not found.",
		Reason: "Not all requested identifiers are those of " + what + "s.", ChildErrors: []childError{}, Data: data,
	}
	for _, id := range missing {
		why := notFound(what, id)
		text := why.Details.(advice)
		answer.ChildErrors = append(answer.ChildErrors, childError{
			http.StatusNotFound, id, errorBody{operationID(c), why.Message, text.Reason, text.Resolution},
		})
	}
	return kernel.Answer{Status: http.StatusMultiStatus, Body: answer}
}

// find returns a page of the clients that are asked for, how many there are in
// all, and the ids that none of them has. Ids turn the paging off.
func (p *Provider) find(c *kernel.Call, k Kind, in listClientsRequest) (found []client, total int, missing []string) {
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
		case tagged(cl.Tags, in.Tags):
			found = append(found, cl)
		}
	}
	if named {
		return found, len(found), missing
	}
	skip, count := kit.Number(c, "skip", 0), kit.Number(c, "count", defaultCount)
	matching := 0
	for _, cl := range p.clientsOf.All(c.Tx, listKey(in.TenantID, k)) {
		if !tagged(cl.Tags, in.Tags) {
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
