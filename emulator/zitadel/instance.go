package zitadel

import (
	"cmp"

	instancev2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/instance/v2"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// What is told of the instance: what it is named, and by which domains it is known.

// instanceID is the instance's own.
func instanceID(c *kernel.Call) string { return worldID(c, instancePlace) }

// inInstance refuses a caller that may not read the instance, and the id of another
// one. Empty names this one.
func (p *Provider) inInstance(c *kernel.Call, id string) error {
	if err := p.workIn(c, orgOf(c), "", "iam.read"); err != nil {
		return err
	}
	if own := instanceID(c); cmp.Or(id, own) != own {
		return refuse(notFound, "QUERY-nKIhF", instanceNotFound).Because("this is instance %s", own)
	}
	return nil
}

func customDomain(c *kernel.Call) *instancev2.CustomDomain {
	return &instancev2.CustomDomain{InstanceId: instanceID(c), CreationDate: moment(kernel.Epoch), Domain: domainSuffix[1:], Primary: true, Generated: true}
}

// getInstance returns the instance.
// https://zitadel.com/docs/reference/api/instance/zitadel.instance.v2.InstanceService.GetInstance
func (p *Provider) getInstance(c *kernel.Call, in *instancev2.GetInstanceRequest) (*instancev2.GetInstanceResponse, error) {
	return &instancev2.GetInstanceResponse{Instance: &instancev2.Instance{
		Id: instanceID(c), CreationDate: moment(kernel.Epoch), ChangeDate: moment(kernel.Epoch), State: instancev2.State_STATE_RUNNING,
		Name: instanceName, Version: instanceVersion, CustomDomains: []*instancev2.CustomDomain{customDomain(c)},
	}}, p.inInstance(c, in.InstanceId)
}

// listCustomDomains searches the domains of the instance: it has its own.
// https://zitadel.com/docs/reference/api/instance/zitadel.instance.v2.InstanceService.ListCustomDomains
func (p *Provider) listCustomDomains(c *kernel.Call, in *instancev2.ListCustomDomainsRequest) (*instancev2.ListCustomDomainsResponse, error) {
	page, err := newPage[*instancev2.CustomDomain](in.Pagination)
	if err != nil {
		return nil, err
	}
	holds := func(d *instancev2.CustomDomain, f *instancev2.CustomDomainFilter) bool {
		switch f := f.Filter.(type) {
		case *instancev2.CustomDomainFilter_DomainFilter:
			return matches(d.Domain, f.DomainFilter.Domain, f.DomainFilter.Method)
		case *instancev2.CustomDomainFilter_PrimaryFilter:
			return d.Primary == f.PrimaryFilter
		case *instancev2.CustomDomainFilter_GeneratedFilter:
			return d.Generated == f.GeneratedFilter
		}
		return true
	}
	if d := customDomain(c); all(in.Filters, d, holds) {
		page.add(d)
	}
	return &instancev2.ListCustomDomainsResponse{Domains: page.rows, Pagination: page.pagination()}, p.inInstance(c, in.InstanceId)
}

// listTrustedDomains searches the domains that the instance trusts. It trusts none.
// https://zitadel.com/docs/reference/api/instance/zitadel.instance.v2.InstanceService.ListTrustedDomains
func (p *Provider) listTrustedDomains(c *kernel.Call, in *instancev2.ListTrustedDomainsRequest) (*instancev2.ListTrustedDomainsResponse, error) {
	page, err := newPage[*instancev2.TrustedDomain](in.Pagination)
	if err != nil {
		return nil, err
	}
	return &instancev2.ListTrustedDomainsResponse{Pagination: page.pagination()}, p.inInstance(c, in.InstanceId)
}
