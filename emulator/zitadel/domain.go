package zitadel

import (
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	orgv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org"
	orgv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// domain is a name of an organization. No organization shares one with another.
type domain struct {
	stamp
	OrgID, Name string
}

// orgEvent counts an event of an organization.
func (p *Provider) orgEvent(c *kernel.Call, org organization) organization {
	org.touch(org.Sequence+1, c.Now)
	p.organizations.Put(c.Tx, org.ID, org)
	return org
}

// newDomain gives an organization a domain, which is verified: the service's default
// policy asks for no proof.
func (p *Provider) newDomain(c *kernel.Call, orgID, name string) (organization, error) {
	org, _ := p.organizations.Get(c.Tx, orgID)
	if other, taken := p.domains.Get(c.Tx, fold(name)); taken {
		return org, nameTaken("Domain already exists").Because("the domain is organization %s's", other.OrgID)
	}
	org = p.orgEvent(c, org)
	d := domain{OrgID: orgID, Name: name}
	d.touch(org.Sequence, c.Now)
	p.domains.Put(c.Tx, fold(name), d)
	return org, nil
}

// domainOf returns a domain of the organization that the call works in.
func (p *Provider) domainOf(c *kernel.Call, name string) (domain, organization, error) {
	org, _ := p.organizations.Get(c.Tx, orgOf(c))
	d, ok := p.domains.Get(c.Tx, fold(name))
	if !ok || d.OrgID != org.ID {
		return d, org, refuse(notFound, "ORG-GDfA3", "Domain doesn't exist on organisation").Because("organization %s has no domain %q", org.ID, name)
	}
	return d, org, nil
}

// dropDomain takes a domain away that is not the primary one.
func (p *Provider) dropDomain(c *kernel.Call, name string) (organization, error) {
	d, org, err := p.domainOf(c, name)
	switch {
	case err != nil:
		return org, err
	case d.Name == org.PrimaryDomain:
		return org, refuse(failedPrecondition, "ORG-Sjdi3", "Primary domain must not be deleted").Because("%s is the primary domain", d.Name)
	}
	p.domains.Delete(c.Tx, fold(d.Name))
	return p.orgEvent(c, org), nil
}

// addOrgDomain gives the organization a domain.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddOrgDomain
func (p *Provider) addOrgDomain(c *kernel.Call, in *management.AddOrgDomainRequest) (*management.AddOrgDomainResponse, error) {
	org, err := p.newDomain(c, orgOf(c), in.Domain)
	return &management.AddOrgDomainResponse{Details: created(c, org.Sequence, org.ID)}, err
}

// removeOrgDomain takes a domain of the organization away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveOrgDomain
func (p *Provider) removeOrgDomain(c *kernel.Call, in *management.RemoveOrgDomainRequest) (*management.RemoveOrgDomainResponse, error) {
	org, err := p.dropDomain(c, in.Domain)
	return &management.RemoveOrgDomainResponse{Details: changed(c, org.Sequence, org.ID)}, err
}

// setPrimaryOrgDomain makes a domain the one that the organization is found by.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.SetPrimaryOrgDomain
func (p *Provider) setPrimaryOrgDomain(c *kernel.Call, in *management.SetPrimaryOrgDomainRequest) (*management.SetPrimaryOrgDomainResponse, error) {
	d, org, err := p.domainOf(c, in.Domain)
	if err != nil {
		return nil, err
	}
	org.PrimaryDomain = d.Name
	org = p.orgEvent(c, org)
	return &management.SetPrimaryOrgDomainResponse{Details: changed(c, org.Sequence, org.ID)}, nil
}

// listOrgDomains searches the domains of the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListOrgDomains
func (p *Provider) listOrgDomains(c *kernel.Call, in *management.ListOrgDomainsRequest) (*management.ListOrgDomainsResponse, error) {
	page := newPage[*orgv1.Domain](in.Query)
	org, _ := p.organizations.Get(c.Tx, orgOf(c))
	holds := func(d domain, q *orgv1.DomainSearchQuery) bool {
		name := q.GetDomainNameQuery()
		return name == nil || matches(d.Name, name.Name, name.Method)
	}
	for _, d := range p.domainsOf.All(c.Tx, org.ID) {
		if all(in.Queries, d, holds) {
			page.processed(d.Sequence)
			page.add(&orgv1.Domain{OrgId: org.ID, Details: d.details(org.ID), DomainName: d.Name, IsVerified: true, IsPrimary: d.Name == org.PrimaryDomain})
		}
	}
	return &management.ListOrgDomainsResponse{Details: page.details(c), Result: page.rows}, page.err
}

// addOrganizationDomain gives an organization a domain.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.AddOrganizationDomain
func (p *Provider) addOrganizationDomain(c *kernel.Call, in *orgv2.AddOrganizationDomainRequest) (*orgv2.AddOrganizationDomainResponse, error) {
	_, err := p.newDomain(c, orgOf(c), in.Domain)
	return &orgv2.AddOrganizationDomainResponse{CreationDate: moment(c.Now)}, err
}

// deleteOrganizationDomain takes a domain of an organization away.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.DeleteOrganizationDomain
func (p *Provider) deleteOrganizationDomain(c *kernel.Call, in *orgv2.DeleteOrganizationDomainRequest) (*orgv2.DeleteOrganizationDomainResponse, error) {
	_, err := p.dropDomain(c, in.Domain)
	return &orgv2.DeleteOrganizationDomainResponse{DeletionDate: moment(c.Now)}, err
}

// listOrganizationDomains searches the domains of an organization.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.ListOrganizationDomains
func (p *Provider) listOrganizationDomains(c *kernel.Call, in *orgv2.ListOrganizationDomainsRequest) (*orgv2.ListOrganizationDomainsResponse, error) {
	page := newPage[*orgv2.Domain](in.Pagination)
	org, _ := p.organizations.Get(c.Tx, orgOf(c))
	holds := func(d domain, f *orgv2.DomainSearchFilter) bool {
		name := f.GetDomainFilter()
		return name == nil || matches(d.Name, name.Domain, name.Method)
	}
	for _, d := range p.domainsOf.All(c.Tx, org.ID) {
		if all(in.Filters, d, holds) {
			page.add(&orgv2.Domain{OrganizationId: org.ID, Domain: d.Name, IsVerified: true, IsPrimary: d.Name == org.PrimaryDomain})
		}
	}
	return &orgv2.ListOrganizationDomainsResponse{Domains: page.rows, Pagination: page.pagination()}, page.err
}
