package ocs

import (
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// A Namespace is a part of a tenant that data would be in, as a world file has it
// and as it is stored. Clients look for one first; there are no data here.
type Namespace struct {
	ID          string `json:"id"`
	TenantID    string `json:"tenantId,omitempty"` // the one it stands in
	Description string `json:"description,omitempty"`
}

// A Community is what tenants share data in, as a world file has it and as it is
// stored. It belongs to one tenant here.
type Community struct {
	ID          string `json:"id,omitempty"`       // a GUID
	TenantID    string `json:"tenantId,omitempty"` // the one it stands in
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Where every namespace is.
const (
	region       = "WestUS"
	activeSpace  = 1 // the provisioning state of a namespace that can be used
	sharesActive = "Active"
)

// key tells a namespace from those of other tenants.
func (n Namespace) key() string { return n.TenantID + "/" + n.ID }

type namespaceBody struct {
	ID                         string `json:"Id"`
	Region                     string `json:"Region"`
	Self                       string `json:"Self"`
	Description                string `json:"Description"`
	State                      int    `json:"State"`
	RegionID                   string `json:"RegionId"`
	InstanceID                 string `json:"InstanceId"`
	Name                       string `json:"Name"`
	AllowCrossRegionProcessing bool   `json:"AllowCrossRegionProcessing"`
}

type namespaceInput struct {
	Region string `query:"region" json:"-"`
}

// namespaces are those of a tenant, to be read.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/tenant/tenant-namespaces.html
func (p *Provider) namespaces() kit.Resource[Namespace, namespaceInput] {
	return kit.Resource[Namespace, namespaceInput]{
		Rows: p.namespacesOf, Key: Namespace.key, Path: "namespaceId", Enter: inTenant[namespaceInput],
		Find: func(c *kernel.Call, tenantID, id string) (Namespace, bool) {
			return p.namespaceTable.Get(c.Tx, Namespace{ID: id, TenantID: tenantID}.key())
		},
		Show: func(c *kernel.Call, n Namespace) any {
			return namespaceBody{
				ID: n.ID, Region: region, Self: c.Base + "/api/v1/Tenants/" + n.TenantID + "/Namespaces/" + n.ID,
				Description: n.Description, State: activeSpace, RegionID: region,
				InstanceID: c.DrawWorld("instance/" + n.key()).UUID(), Name: n.ID, AllowCrossRegionProcessing: true,
			}
		},
		Missing: func(id string) error { return notFound("namespace", id) },
		Keep:    func(in namespaceInput, _ Namespace) bool { return in.Region == "" || in.Region == region },
	}
}

type (
	communityBody struct {
		ID                string            `json:"Id"`
		MemberRoleID      string            `json:"MemberRoleId"`
		Name              string            `json:"Name"`
		DisplayName       string            `json:"DisplayName"`
		Description       string            `json:"Description"`
		Tenants           []communityTenant `json:"Tenants"`
		DateCreated       dateTime          `json:"DateCreated"`
		PreferredRegionID string            `json:"PreferredRegionId"`
		CommunityRoles    []roleBody        `json:"CommunityRoles"`
	}
	communityTenant struct {
		ID                string `json:"Id"`
		Name              string `json:"Name"`
		Status            string `json:"Status"`
		IsOwner           bool   `json:"IsOwner"`
		UserCount         int    `json:"UserCount"`
		ClientCount       int    `json:"ClientCount"`
		PreferredRegionID string `json:"PreferredRegionId"`
	}
)

// The types and names of the roles that every community has, and their scope.
const communityScope = 2

var communityRoles = []struct{ name, typeID string }{
	{"Community Administrator", "b50b3349-fa9e-4a03-9220-cf99184b4645"},
	{"Community Moderator", "f49f69a6-61b2-423e-8ad5-d58841be441c"},
	{communityMember, "f79a55da-7c76-4600-a809-0f62ca9971d9"},
}

const communityMember = "Community Member"

// communities are those of the caller's tenant, to be read.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/communities.html
func (p *Provider) communities() kit.Resource[Community, none] {
	return kit.Resource[Community, none]{
		Rows: p.communitiesOf, Key: func(g Community) string { return g.ID }, Path: "communityId",
		Enter:   func(c *kernel.Call, _ kit.Action, _ none) (string, error) { return callerOf(c).TenantID, nil },
		Show:    func(c *kernel.Call, g Community) any { return p.communityBody(c, g) },
		Missing: func(id string) error { return notFound("community", id) },
		Page:    page,
	}
}

func (p *Provider) communityBody(c *kernel.Call, g Community) communityBody {
	t, _ := p.tenants.Get(c.Tx, g.TenantID)
	b := communityBody{
		ID: g.ID, Name: g.Name, DisplayName: g.Name, Description: g.Description, DateCreated: dateTime(t.CreatedAt),
		PreferredRegionID: region, Tenants: []communityTenant{{ID: t.ID, Name: t.CompanyName, Status: sharesActive, IsOwner: true, PreferredRegionID: region}},
	}
	for _, r := range communityRoles {
		id, typeID := c.DrawWorld("community-role/"+g.ID+r.name).UUID(), r.typeID
		b.CommunityRoles = append(b.CommunityRoles, roleBody{ID: id, Name: r.name, RoleScope: communityScope, CommunityID: &g.ID, RoleTypeID: &typeID})
		if r.name == communityMember {
			b.MemberRoleID = id
		}
	}
	return b
}
