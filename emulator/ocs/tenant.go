package ocs

import (
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// tenant is one customer of the service.
type tenant struct {
	ID, CompanyName, Alias string
	MemberRoleID           string
	CreatedAt              time.Time
	Clients                [kinds]int
}

// activeState is the provisioning state of a tenant that can be used.
const activeState = 1

type tenantPath struct {
	TenantID string `path:"tenantId" json:"-"`
}

type tenantBody struct {
	ID           string   `json:"Id"`
	CompanyName  string   `json:"CompanyName"`
	State        int      `json:"State"`
	Created      dateTime `json:"Created"`
	LastUpdated  dateTime `json:"LastUpdated"`
	Alias        string   `json:"Alias"`
	Features     []none   `json:"Features"`
	Entitlements []none   `json:"Entitlements"`
	TenantType   string   `json:"TenantType"`
}

// getTenant returns the tenant: the call by which the vendor's samples show that
// a token works.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/tenant/tenant-tenants.html
func (p *Provider) getTenant(c *kernel.Call, in tenantPath) (tenantBody, error) {
	t, _ := p.tenants.Get(c.Tx, in.TenantID)
	created := dateTime(t.CreatedAt)
	return tenantBody{t.ID, t.CompanyName, activeState, created, created, t.Alias, []none{}, []none{}, "Unlinked"}, nil
}

// inTenant is the scope of what belongs to the path's tenant, which identify has
// entered.
func inTenant[In any](c *kernel.Call, _ kit.Action, _ In) (string, error) {
	return c.Vars["tenantId"], nil
}
