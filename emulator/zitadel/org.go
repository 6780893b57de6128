package zitadel

import (
	"cmp"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// organization owns projects and users.
type organization struct {
	stamp
	ID, Name, PrimaryDomain string
}

type orgBody struct {
	ID            string        `json:"id"`
	Details       objectDetails `json:"details"`
	State         string        `json:"state"`
	Name          string        `json:"name"`
	PrimaryDomain string        `json:"primaryDomain"`
}

func (o organization) body() orgBody {
	return orgBody{o.ID, o.details(o.ID), "ORG_STATE_ACTIVE", o.Name, o.PrimaryDomain}
}

type orgResponse struct {
	Org orgBody `json:"org"`
}

// getMyOrg returns the organization that the call works in.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetMyOrg
func (p *Provider) getMyOrg(c *kernel.Call, _ struct{}) (orgResponse, error) {
	org, _ := p.organizations.Get(c.Tx, orgOf(c))
	return orgResponse{org.body()}, nil
}

type domainRequest struct {
	Domain string `query:"domain" json:"-"`
}

// getOrgByDomain finds an organization wherever the caller is at home.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetOrgByDomainGlobal
func (p *Provider) getOrgByDomain(c *kernel.Call, in domainRequest) (orgResponse, error) {
	if in.Domain == "" {
		return orgResponse{}, refuse(invalidArgument, "", "invalid GetOrgByDomainGlobalRequest.Domain: "+idLength).Because("the query lacks domain")
	}
	org, ok := p.byDomain.Get(c.Tx, in.Domain)
	if !ok {
		return orgResponse{}, refuse(notFound, "QUERY-iTTGJ", orgNotFound).Because("no organization has the domain %q", in.Domain)
	}
	return orgResponse{org.body()}, nil
}

type loginNameRequest struct {
	LoginName  string `query:"loginName" json:"-"`
	LoginName2 string `query:"login_name" json:"-"`
}

// getUserByLoginName finds a user wherever the caller is at home.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetUserByLoginNameGlobal
func (p *Provider) getUserByLoginName(c *kernel.Call, in loginNameRequest) (userResponse, error) {
	name := cmp.Or(in.LoginName, in.LoginName2)
	if name == "" {
		return userResponse{}, refuse(invalidArgument, "", "invalid GetUserByLoginNameGlobalRequest.LoginName: "+idLength).Because("the query lacks loginName")
	}
	u, ok := p.byUserName.Get(c.Tx, name)
	if !ok {
		return userResponse{}, refuse(notFound, "QUERY-Dfbg2", userNotFound).Because("no user has the login name %q", name)
	}
	return userResponse{u.body()}, nil
}

type iamResponse struct {
	GlobalOrgID  string `json:"globalOrgId"`
	IAMProjectID string `json:"iamProjectId"`
	DefaultOrgID string `json:"defaultOrgId"`
}

// getIAM tells which organization and project are the instance's own.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetIAM
func (p *Provider) getIAM(c *kernel.Call, _ struct{}) (iamResponse, error) {
	var first string
	for id := range p.organizations.All(c.Tx) {
		first = id
		break
	}
	return iamResponse{first, instanceProject(c), first}, nil
}

// healthz answers while the service is up.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.Healthz
func (p *Provider) healthz(*kernel.Call, struct{}) (struct{}, error) { return struct{}{}, nil }
