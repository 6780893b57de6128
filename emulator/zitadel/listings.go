package zitadel

import (
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/auth"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	objectv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object/v2"
	orgv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org"
	orgv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// addOrg creates an organization that the caller owns.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddOrg
func (p *Provider) addOrg(c *kernel.Call, in *management.AddOrgRequest) (*management.AddOrgResponse, error) {
	org, err := p.newOrganization(c, "", in.Name)
	if err != nil {
		return nil, err
	}
	m := member{UserID: c.Caller.(caller).user.ID, OrgID: org.ID, Roles: []string{roleOrgOwner}}
	p.putMember(c, m)
	return &management.AddOrgResponse{Id: org.ID, Details: created(c, org.Sequence, org.ID)}, nil
}

// orgMeets reports whether a condition of a search for organizations holds.
func (p *Provider) orgMeets(c *kernel.Call, o organization, q *orgv2.SearchQuery) bool {
	switch q := q.Query.(type) {
	case *orgv2.SearchQuery_NameQuery:
		return matches(o.Name, q.NameQuery.Name, q.NameQuery.Method)
	case *orgv2.SearchQuery_DomainQuery:
		return matches(o.PrimaryDomain, q.DomainQuery.Domain, q.DomainQuery.Method)
	case *orgv2.SearchQuery_StateQuery:
		return q.StateQuery.State == orgv2.OrganizationState_ORGANIZATION_STATE_ACTIVE
	case *orgv2.SearchQuery_IdQuery:
		return q.IdQuery.Id == o.ID
	case *orgv2.SearchQuery_DefaultQuery:
		return o.ID == p.defaultOrg(c)
	}
	return true
}

// listOrgs searches the organizations of the instance.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.ListOrgs
func (p *Provider) listOrgs(c *kernel.Call, in *admin.ListOrgsRequest) (*admin.ListOrgsResponse, error) {
	page := newPage[*orgv1.Org](in.Query)
	holds := func(o organization, q *orgv1.OrgQuery) bool {
		return p.orgMeets(c, o, translate(&orgv2.SearchQuery{}, q))
	}
	for _, o := range p.organizations.All(c.Tx) {
		page.processed(o.Sequence)
		if all(in.Queries, o, holds) {
			page.add(o.message())
		}
	}
	return &admin.ListOrgsResponse{Details: page.details(c), SortingColumn: in.SortingColumn, Result: page.rows}, page.err
}

// listOrganizations searches the organizations that the caller may read.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.ListOrganizations
func (p *Provider) listOrganizations(c *kernel.Call, in *orgv2.ListOrganizationsRequest) (*orgv2.ListOrganizationsResponse, error) {
	page := newPage[*orgv2.Organization](in.Query)
	holds := func(o organization, q *orgv2.SearchQuery) bool { return p.orgMeets(c, o, q) }
	for _, o := range p.organizations.All(c.Tx) {
		if p.may(c, o.ID, "", "org.read") && all(in.Queries, o, holds) {
			page.processed(o.Sequence)
			page.add(&orgv2.Organization{
				Id: o.ID, Details: detailsV2(o.details(o.ID)), State: orgv2.OrganizationState_ORGANIZATION_STATE_ACTIVE,
				Name: o.Name, PrimaryDomain: o.PrimaryDomain,
			})
		}
	}
	details := &objectv2.ListDetails{TotalResult: page.total, ProcessedSequence: page.sequence, Timestamp: moment(c.Now)}
	return &orgv2.ListOrganizationsResponse{Details: details, SortingColumn: in.SortingColumn, Result: page.rows}, page.err
}

// getMyUser returns who calls.
// https://zitadel.com/docs/reference/api/auth/zitadel.auth.v1.AuthService.GetMyUser
func (p *Provider) getMyUser(c *kernel.Call, _ *auth.GetMyUserRequest) (*auth.GetMyUserResponse, error) {
	return &auth.GetMyUserResponse{User: c.Caller.(caller).user.message()}, nil
}
