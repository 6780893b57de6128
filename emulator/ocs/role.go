package ocs

import (
	"cmp"
	"encoding/json"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// role is what a client may be allowed to do in a tenant.
type role struct {
	ID, TenantID      string
	Name, Description string
	RoleTypeID        string // of built-in roles
}

// The types of the built-in roles, which are the same in every tenant. Their
// names were Account Administrator and so on until 2021.
const (
	administratorType = "2dc742ab-39ea-4fc0-a39e-2bcb71c26a5f"
	memberType        = "7ad2b9ef-5386-4ead-ac9f-ad99c5c5b977"

	administratorRole = "Tenant Administrator"
	memberRole        = "Tenant Member"
)

// builtIn are the roles that every tenant has.
var builtIn = []struct{ name, typeID string }{
	{administratorRole, administratorType},
	{memberRole, memberType},
	{"Tenant Contributor", "f1439595-e5a2-487f-8a4f-0627fefe75df"},
	{"Tenant Data Steward", "45b66433-5f57-420b-bbdf-8bbd60c1cd9d"},
	{"Tenant Viewer", "e6cbf91e-0be8-4858-92b5-f88ecafd5574"},
}

// tenantScope is the scope of a tenant's roles.
const tenantScope = 1

// place is what no two roles share.
func (r role) place() string { return r.TenantID + "/" + r.Name }

type roleBody struct {
	ID          string  `json:"Id"`
	Name        string  `json:"Name"`
	Description string  `json:"Description"`
	RoleScope   int     `json:"RoleScope"`
	TenantID    *string `json:"TenantId"`
	CommunityID *string `json:"CommunityId"`
	RoleTypeID  *string `json:"RoleTypeId"`
}

func (r role) body() roleBody {
	b := roleBody{ID: r.ID, Name: r.Name, Description: r.Description, RoleScope: tenantScope, TenantID: &r.TenantID}
	if r.RoleTypeID != "" {
		b.RoleTypeID = &r.RoleTypeID
	}
	return b
}

// roleInput is what the operations of roles are sent.
type roleInput struct {
	RoleTypeID  string  `query:"roleTypeId" json:"-"`
	ID          *string `json:"Id"`
	Name        *string `json:"Name"`
	Description *string `json:"Description"`
	RoleScope   *int    `json:"RoleScope"`
	TenantID    *string `json:"TenantId"`
}

// tenantRoles are the roles of a tenant, the built-in ones first, but for how one
// is made.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) tenantRoles() kit.Resource[role, roleInput] {
	return kit.Resource[role, roleInput]{
		Rows: p.rolesOf, Key: func(r role) string { return r.ID }, Path: "roleId", Enter: inTenant[roleInput],
		Find:    p.roleOf,
		Show:    func(_ *kernel.Call, r role) any { return r.body() },
		Missing: func(id string) error { return notFound("role", id) },
		Keep: func(in roleInput, r role) bool {
			return in.RoleTypeID == "" || strings.EqualFold(in.RoleTypeID, r.RoleTypeID)
		},
		Page:  page,
		Guard: p.guardRole,
		Assign: func(c *kernel.Call, r *role, in roleInput) error {
			kit.Put(&r.Name, in.Name)
			kit.Put(&r.Description, in.Description)
			return in.check(*r)
		},
		Taken: func(role, string) error { return invalid("Name: another role has it.", "Choose another Name.") },
	}
}

// roleOf finds a role of a tenant.
func (p *Provider) roleOf(c *kernel.Call, tenantID, id string) (role, bool) {
	r, ok := p.roles.Get(c.Tx, strings.ToLower(id))
	return r, ok && r.TenantID == tenantID
}

// guardRole leaves the built-in roles as they are, and takes one that is deleted
// from the clients.
func (p *Provider) guardRole(c *kernel.Call, do kit.Action, r role) error {
	switch {
	case r.RoleTypeID != "" && do == kit.Edit:
		return invalid("The role is built in.", "Change a role of your own.")
	case r.RoleTypeID != "":
		return refuse(http.StatusMethodNotAllowed, "The role cannot be deleted.",
			"The role is built in.", "Delete a role of your own.")
	case do == kit.Delete:
		for _, cl := range p.holders(c, r) {
			cl.RoleIDs = slices.DeleteFunc(slices.Clone(cl.RoleIDs), func(id string) bool { return id == r.ID })
			p.clients.Put(c.Tx, cl.ID, cl)
		}
		p.takeRole(c, r)
	}
	return nil
}

// takeRole takes a role from users and automation identities.
func (p *Provider) takeRole(c *kernel.Call, r role) {
	without := func(ids []string) ([]string, bool) {
		left := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == r.ID })
		return left, len(left) < len(ids)
	}
	var users []person
	for _, u := range p.usersOf.All(c.Tx, r.TenantID) {
		users = append(users, u)
	}
	for _, u := range users {
		if left, had := without(u.Roles); had {
			u.Roles = left
			p.people.Put(c.Tx, u.ID, u)
		}
	}
	var identities []automationIdentity
	for _, a := range p.automationsOf.All(c.Tx, r.TenantID) {
		identities = append(identities, a)
	}
	for _, a := range identities {
		if left, had := without(a.RoleIDs); had {
			a.RoleIDs = left
			p.automations.Put(c.Tx, a.ID, a)
		}
	}
}

// check refuses what would make a role another tenant's or another role. What the
// service itself sets, CommunityId and RoleTypeId, is not looked at.
func (in roleInput) check(r role) error {
	switch {
	case in.RoleScope != nil && *in.RoleScope != tenantScope && *in.RoleScope != 0:
		return invalid("RoleScope: only roles of a tenant are here, whose scope is %d.", "Send the scope of a tenant's role, or none.", tenantScope)
	case in.TenantID != nil && !strings.EqualFold(*in.TenantID, r.TenantID):
		return invalid("TenantId: not the tenant in the path.", "Send the Id of the tenant, or none.")
	case in.ID != nil && r.ID != "" && !strings.EqualFold(*in.ID, r.ID):
		return invalid("Id: not the identifier in the path.", "Send the Id of the role, or none.")
	}
	return nil
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// createRole makes a role. One that exists already is pointed at, or, when it
// differs, in the way.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) createRole(c *kernel.Call, in roleInput) (any, error) {
	r := role{TenantID: c.Vars["tenantId"]}
	if err := in.check(r); err != nil {
		return nil, err
	}
	kit.Put(&r.Name, in.Name)
	kit.Put(&r.Description, in.Description)
	if in.ID != nil {
		r.ID = strings.ToLower(*in.ID)
	}
	if r.ID != "" && !guid.MatchString(r.ID) {
		return nil, invalid("Id: not a GUID.", "Send a GUID, or no Id at all.")
	}
	other, exists := p.roles.Get(c.Tx, r.ID)
	if !exists {
		other, exists = p.roleByName.Get(c.Tx, r.place())
	}
	switch {
	case exists && other.place() == r.place() &&
		(r.ID == "" || r.ID == other.ID) && (in.Description == nil || r.Description == other.Description):
		c.Reason = "role " + other.ID + " is the same"
		location := c.Base + "/api/v1/Tenants/" + r.TenantID + "/Roles/" + other.ID
		return kernel.Answer{Status: http.StatusFound, Header: http.Header{"Location": {location}}}, nil
	case exists:
		return nil, refuse(http.StatusConflict, "The role exists already.",
			"There is a role with this Id or Name and other values.", "Update that role, or choose another Id and Name.")
	}
	r.ID = cmp.Or(r.ID, c.Draw("role").UUID())
	p.roles.Put(c.Tx, r.ID, r)
	return r.body(), nil
}

type rolePath struct {
	TenantID string `path:"tenantId" json:"-"`
	RoleID   string `path:"roleId" json:"-"`
}

// holders returns the clients that hold a role.
func (p *Provider) holders(c *kernel.Call, r role) []client {
	var holders []client
	for _, cl := range p.clientsOf.All(c.Tx, listKey(r.TenantID, clientCredential)) {
		if slices.Contains(cl.RoleIDs, r.ID) {
			holders = append(holders, cl)
		}
	}
	return holders
}

// listRoleClients returns the clients that hold a role.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) listRoleClients(c *kernel.Call, in rolePath) ([]any, error) {
	r, ok := p.roleOf(c, in.TenantID, in.RoleID)
	if !ok {
		return nil, notFound("role", in.RoleID)
	}
	list := []any{}
	for _, cl := range p.holders(c, r) {
		list = append(list, cl.body())
	}
	c.Header.Set("Total-Count", strconv.Itoa(len(list)))
	return list, nil
}

// shown are the roles with the given ids, as lists show them.
func (p *Provider) shown(c *kernel.Call, ids []string) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, id := range ids {
			if r, ok := p.roles.Get(c.Tx, id); ok && !yield(r.body()) {
				return
			}
		}
	}
}

// sentRoles are the ids of the roles that a body lists.
func sentRoles(c *kernel.Call) ([]string, error) {
	var roles []struct{ ID string }
	if err := json.Unmarshal(c.Body.JSON, &roles); err != nil {
		return nil, err
	}
	ids := make([]string, len(roles))
	for i, r := range roles {
		ids[i] = r.ID
	}
	return ids, nil
}

// listRolesOfClient returns the roles of a client-credential client.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-client-credential-clients-roles.html
func (p *Provider) listRolesOfClient(c *kernel.Call, in clientPath) (any, error) {
	cl, err := p.client(c, clientCredential, in.TenantID, in.ClientID)
	if err != nil {
		return nil, err
	}
	return page(c, p.shown(c, cl.RoleIDs))
}

// setRolesOfClient replaces the roles of a client-credential client. Tokens that
// it has go on telling the roles of then.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-client-credential-clients-roles.html
func (p *Provider) setRolesOfClient(c *kernel.Call) (any, error) {
	cl, err := p.client(c, clientCredential, c.Vars["tenantId"], c.Vars["clientId"])
	if err != nil {
		return nil, err
	}
	ids, err := sentRoles(c)
	if err != nil {
		return nil, err
	}
	settings := cl.clientSettings
	if settings.RoleIDs, err = p.rolesFor(c, cl.TenantID, ids); err != nil {
		return nil, err
	}
	all, _ := kit.Window(p.shown(c, p.change(c, cl, settings).RoleIDs), 0, -1)
	return all, nil
}
