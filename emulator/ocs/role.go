package ocs

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
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

type roleBody struct {
	ID          string  `json:"Id"`
	Name        string  `json:"Name"`
	Description string  `json:"Description"`
	RoleScope   int     `json:"RoleScope"`
	TenantID    string  `json:"TenantId"`
	CommunityID *string `json:"CommunityId"`
	RoleTypeID  *string `json:"RoleTypeId"`
}

func (r role) body() roleBody {
	b := roleBody{ID: r.ID, Name: r.Name, Description: r.Description, RoleScope: tenantScope, TenantID: r.TenantID}
	if r.RoleTypeID != "" {
		b.RoleTypeID = &r.RoleTypeID
	}
	return b
}

type listRolesRequest struct {
	TenantID   string  `path:"tenantId" json:"-"`
	RoleTypeID *string `query:"roleTypeId" json:"-"`
	Skip       *int    `query:"skip" json:"-"`
	Count      *int    `query:"count" json:"-"`
}

// listRoles returns the tenant's roles, the built-in ones first.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) listRoles(c *kernel.Call, in listRolesRequest) ([]roleBody, error) {
	all := []roleBody{}
	for _, r := range p.rolesOf.All(c.Tx, in.TenantID) {
		if in.RoleTypeID == nil || *in.RoleTypeID == "" || strings.EqualFold(*in.RoleTypeID, r.RoleTypeID) {
			all = append(all, r.body())
		}
	}
	c.Header.Set("Total-Count", strconv.Itoa(len(all)))
	return paged(all, in.Skip, in.Count), nil
}

// countRoles tells how many roles the tenant has.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) countRoles(c *kernel.Call, in tenantPath) (kernel.Answer, error) {
	_, err := p.listRoles(c, listRolesRequest{TenantID: in.TenantID})
	return kernel.Answer{Status: http.StatusOK}, err
}

type roleInput struct {
	ID          *string `json:"Id"`
	Name        *string `json:"Name"`
	Description *string `json:"Description"`
	RoleScope   *int    `json:"RoleScope"`
	TenantID    *string `json:"TenantId"`
}

// check refuses a role that is not the tenant's. What the service itself sets,
// CommunityId and RoleTypeId, is not looked at.
func (in roleInput) check(tenantID string) *kernel.Problem {
	switch {
	case in.RoleScope != nil && *in.RoleScope != tenantScope && *in.RoleScope != 0:
		return invalid("RoleScope: only roles of a tenant are here, whose scope is %d.", "Send the scope of a tenant's role, or none.", tenantScope)
	case in.TenantID != nil && !strings.EqualFold(*in.TenantID, tenantID):
		return invalid("TenantId: not the tenant in the path.", "Send the Id of the tenant, or none.")
	}
	return nil
}

type createRoleRequest struct {
	PathTenantID string `path:"tenantId" json:"-"`
	roleInput
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// createRole makes a role. One that exists already is pointed at, or, when it
// differs, in the way.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) createRole(c *kernel.Call, in createRoleRequest) (any, error) {
	if problem := in.check(in.PathTenantID); problem != nil {
		return nil, problem
	}
	r := role{TenantID: in.PathTenantID}
	put(&r.Name, in.Name)
	put(&r.Description, in.Description)
	if in.ID != nil {
		r.ID = strings.ToLower(*in.ID)
	}
	if r.ID != "" && !guid.MatchString(r.ID) {
		return nil, invalid("Id: not a GUID.", "Send a GUID, or no Id at all.")
	}
	other, exists := p.roles.Get(c.Tx, r.ID)
	for _, same := range p.rolesOf.All(c.Tx, r.TenantID) {
		if !exists && same.Name == r.Name {
			other, exists = same, true
		}
	}
	switch {
	case exists && other.TenantID == r.TenantID && other.Name == r.Name &&
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

// role finds a role of the tenant.
func (p *Provider) role(c *kernel.Call, in rolePath) (role, error) {
	r, ok := p.roles.Get(c.Tx, strings.ToLower(in.RoleID))
	if !ok || r.TenantID != in.TenantID {
		return role{}, notFound("role", in.RoleID)
	}
	return r, nil
}

// getRole returns a role.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) getRole(c *kernel.Call, in rolePath) (roleBody, error) {
	r, err := p.role(c, in)
	return r.body(), err
}

// headRole tells whether a role exists.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) headRole(c *kernel.Call, in rolePath) (kernel.Answer, error) {
	_, err := p.role(c, in)
	return kernel.Answer{Status: http.StatusOK}, err
}

type updateRoleRequest struct {
	PathTenantID string `path:"tenantId" json:"-"`
	RoleID       string `path:"roleId" json:"-"`
	roleInput
}

// updateRole changes the name and the description of a role that is not built in.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) updateRole(c *kernel.Call, in updateRoleRequest) (roleBody, error) {
	r, err := p.role(c, rolePath{in.PathTenantID, in.RoleID})
	if err != nil {
		return roleBody{}, err
	}
	if problem := in.check(in.PathTenantID); problem != nil {
		return roleBody{}, problem
	}
	if in.ID != nil && !strings.EqualFold(*in.ID, r.ID) {
		return roleBody{}, invalid("Id: not the identifier in the path.", "Send the Id of the role, or none.")
	}
	if r.RoleTypeID != "" {
		return roleBody{}, invalid("The role is built in.", "Change a role of your own.")
	}
	put(&r.Name, in.Name)
	put(&r.Description, in.Description)
	for _, other := range p.rolesOf.All(c.Tx, r.TenantID) {
		if other.Name == r.Name && other.ID != r.ID {
			return roleBody{}, invalid("Name: another role has it.", "Choose another Name.")
		}
	}
	p.roles.Put(c.Tx, r.ID, r)
	return r.body(), nil
}

// deleteRole deletes a role that is not built in, and takes it from the clients.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) deleteRole(c *kernel.Call, in rolePath) (kernel.Answer, error) {
	r, err := p.role(c, in)
	if err != nil {
		return kernel.Answer{}, err
	}
	if r.RoleTypeID != "" {
		return kernel.Answer{}, refuse(http.StatusMethodNotAllowed, "The role cannot be deleted.",
			"The role is built in.", "Delete a role of your own.")
	}
	for _, cl := range p.holders(c, r) {
		cl.RoleIDs = slices.DeleteFunc(slices.Clone(cl.RoleIDs), func(id string) bool { return id == r.ID })
		p.clients.Put(c.Tx, cl.ID, cl)
	}
	p.roles.Delete(c.Tx, r.ID)
	return kernel.Answer{Status: http.StatusNoContent}, nil
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
	r, err := p.role(c, in)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, cl := range p.holders(c, r) {
		list = append(list, cl.body())
	}
	c.Header.Set("Total-Count", strconv.Itoa(len(list)))
	return list, nil
}

// countRoleClients tells how many clients hold a role.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) countRoleClients(c *kernel.Call, in rolePath) (kernel.Answer, error) {
	_, err := p.listRoleClients(c, in)
	return kernel.Answer{Status: http.StatusOK}, err
}
