package zitadel

import (
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	orgv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// organization owns projects and users.
type organization struct {
	stamp
	ID, Name, PrimaryDomain string
}

func (o organization) message() *orgv1.Org {
	return &orgv1.Org{Id: o.ID, Details: o.details(o.ID), State: orgv1.OrgState_ORG_STATE_ACTIVE, Name: o.Name, PrimaryDomain: o.PrimaryDomain}
}

// getMyOrg returns the organization that the call works in.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetMyOrg
func (p *Provider) getMyOrg(c *kernel.Call, _ *management.GetMyOrgRequest) (*management.GetMyOrgResponse, error) {
	org, _ := p.organizations.Get(c.Tx, orgOf(c))
	return &management.GetMyOrgResponse{Org: org.message()}, nil
}

// getOrgByDomain finds an organization wherever the caller is at home.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetOrgByDomainGlobal
func (p *Provider) getOrgByDomain(c *kernel.Call, in *management.GetOrgByDomainGlobalRequest) (*management.GetOrgByDomainGlobalResponse, error) {
	d, ok := p.domains.Get(c.Tx, fold(in.Domain))
	org, _ := p.organizations.Get(c.Tx, d.OrgID)
	if !ok {
		return nil, refuse(notFound, "QUERY-iTTGJ", orgNotFound).Because("no organization has the domain %q", in.Domain)
	}
	return &management.GetOrgByDomainGlobalResponse{Org: org.message()}, nil
}

// getUserByLoginName finds a user wherever the caller is at home.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetUserByLoginNameGlobal
func (p *Provider) getUserByLoginName(c *kernel.Call, in *management.GetUserByLoginNameGlobalRequest) (*management.GetUserByLoginNameGlobalResponse, error) {
	u, ok := p.byUserName.Get(c.Tx, fold(in.LoginName))
	if !ok {
		return nil, refuse(notFound, "QUERY-Dfbg2", userNotFound).Because("no user has the login name %q", in.LoginName)
	}
	return &management.GetUserByLoginNameGlobalResponse{User: u.message()}, nil
}

// defaultOrg is the organization of those who name none.
func (p *Provider) defaultOrg(c *kernel.Call) string { return first(p.organizations.All(c.Tx)) }

// getIAM tells which organization and project are the instance's own.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetIAM
func (p *Provider) getIAM(c *kernel.Call, _ *management.GetIAMRequest) (*management.GetIAMResponse, error) {
	org := p.defaultOrg(c)
	return &management.GetIAMResponse{GlobalOrgId: org, IamProjectId: instanceProject(c), DefaultOrgId: org}, nil
}

// healthz answers while the service is up.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.Healthz
func (p *Provider) healthz(*kernel.Call, *management.HealthzRequest) (*management.HealthzResponse, error) {
	return &management.HealthzResponse{}, nil
}

// adminHealthz answers while the service is up.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.Healthz
func (p *Provider) adminHealthz(*kernel.Call, *admin.HealthzRequest) (*admin.HealthzResponse, error) {
	return &admin.HealthzResponse{}, nil
}

// organization returns any organization of the instance.
func (p *Provider) organization(c *kernel.Call, id string) (organization, error) {
	org, ok := p.organizations.Get(c.Tx, id)
	if !ok {
		return org, refuse(notFound, "QUERY-iTTGJ", orgNotFound).Because("there is no organization %s", id)
	}
	return org, nil
}

// getOrg returns any organization of the instance.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.GetOrgByID
func (p *Provider) getOrg(c *kernel.Call, in *admin.GetOrgByIDRequest) (*admin.GetOrgByIDResponse, error) {
	org, err := p.organization(c, in.Id)
	return &admin.GetOrgByIDResponse{Org: org.message()}, err
}

// getDefaultOrg returns the organization of those who name none.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.GetDefaultOrg
func (p *Provider) getDefaultOrg(c *kernel.Call, _ *admin.GetDefaultOrgRequest) (*admin.GetDefaultOrgResponse, error) {
	org, err := p.organization(c, p.defaultOrg(c))
	return &admin.GetDefaultOrgResponse{Org: org.message()}, err
}
