package zitadel

import (
	instancev2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/instance/v2"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// What is told of the instance: what it is named, and by which domains it is known.

// instanceID is the instance's own.
func instanceID(c *kernel.Call) string { return worldID(c, instancePlace) }

func customDomain(c *kernel.Call) *instancev2.CustomDomain {
	return &instancev2.CustomDomain{InstanceId: instanceID(c), CreationDate: moment(kernel.Epoch), Domain: domainSuffix[1:], Primary: true, Generated: true}
}

// getInstance returns the instance.
// https://zitadel.com/docs/reference/api/instance/zitadel.instance.v2.InstanceService.GetInstance
func (p *Provider) getInstance(c *kernel.Call, _ *instancev2.GetInstanceRequest) (*instancev2.GetInstanceResponse, error) {
	return &instancev2.GetInstanceResponse{Instance: &instancev2.Instance{
		Id: instanceID(c), CreationDate: moment(kernel.Epoch), ChangeDate: moment(kernel.Epoch), State: instancev2.State_STATE_RUNNING,
		Name: instanceName, Version: instanceVersion, CustomDomains: []*instancev2.CustomDomain{customDomain(c)},
	}}, nil
}

// listCustomDomains searches the domains of the instance: it has its own.
// https://zitadel.com/docs/reference/api/instance/zitadel.instance.v2.InstanceService.ListCustomDomains
func (p *Provider) listCustomDomains(c *kernel.Call, in *instancev2.ListCustomDomainsRequest) (*instancev2.ListCustomDomainsResponse, error) {
	page := newPage[*instancev2.CustomDomain](in.Pagination)
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
	return &instancev2.ListCustomDomainsResponse{Domains: page.rows, Pagination: page.pagination()}, page.err
}

// listTrustedDomains searches the domains that the instance trusts. It trusts none.
// https://zitadel.com/docs/reference/api/instance/zitadel.instance.v2.InstanceService.ListTrustedDomains
func (p *Provider) listTrustedDomains(c *kernel.Call, in *instancev2.ListTrustedDomainsRequest) (*instancev2.ListTrustedDomainsResponse, error) {
	page := newPage[*instancev2.TrustedDomain](in.Pagination)
	return &instancev2.ListTrustedDomainsResponse{Pagination: page.pagination()}, page.err
}
