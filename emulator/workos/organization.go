package workos

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// organization is a customer, to whom applications belong.
type organization struct {
	ID, Name             string
	AllowOutsiders       bool
	Domains              []domain
	Metadata             map[string]string
	ExternalID           string // "" for none
	StripeCustomerID     string
	CreatedAt, UpdatedAt time.Time
}

// domain is a domain of one organization.
type domain struct {
	ID, Name, State string
	Token           string // what a DNS record would have to show
}

type organizationData struct {
	Object         string            `json:"object"`
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Domains        []domainData      `json:"domains"`
	Metadata       map[string]string `json:"metadata"`
	ExternalID     *string           `json:"external_id"`
	StripeID       string            `json:"stripe_customer_id,omitempty"`
	CreatedAt      kit.Timestamp     `json:"created_at"`
	UpdatedAt      kit.Timestamp     `json:"updated_at"`
	AllowOutsiders bool              `json:"allow_profiles_outside_organization"`
}

type domainData struct {
	Object               string        `json:"object"`
	ID                   string        `json:"id"`
	OrganizationID       string        `json:"organization_id"`
	Domain               string        `json:"domain"`
	State                string        `json:"state"`
	VerificationPrefix   string        `json:"verification_prefix,omitempty"`
	VerificationToken    string        `json:"verification_token,omitempty"`
	VerificationStrategy string        `json:"verification_strategy"`
	CreatedAt            kit.Timestamp `json:"created_at"`
	UpdatedAt            kit.Timestamp `json:"updated_at"`
}

// The states of a domain.
const (
	statePending  = "pending"
	stateVerified = "verified"
)

func (o organization) data() organizationData {
	d := organizationData{
		Object: "organization", ID: o.ID, Name: o.Name, AllowOutsiders: o.AllowOutsiders,
		Domains: []domainData{}, Metadata: o.Metadata, StripeID: o.StripeCustomerID,
		CreatedAt: kit.Timestamp(o.CreatedAt), UpdatedAt: kit.Timestamp(o.UpdatedAt),
	}
	if o.Metadata == nil {
		d.Metadata = map[string]string{}
	}
	if o.ExternalID != "" {
		d.ExternalID = &o.ExternalID
	}
	for _, in := range o.Domains {
		out := domainData{
			Object: "organization_domain", ID: in.ID, OrganizationID: o.ID, Domain: in.Name, State: in.State,
			VerificationStrategy: "manual", CreatedAt: d.CreatedAt, UpdatedAt: d.CreatedAt,
		}
		if in.State == statePending {
			out.VerificationPrefix = verificationPrefix + strings.ToLower(o.ID[max(0, len(o.ID)-6):])
			out.VerificationStrategy, out.VerificationToken = "dns", in.Token
		}
		d.Domains = append(d.Domains, out)
	}
	return d
}

// organization finds an organization.
func (p *Provider) organization(c *kernel.Call, id string) (organization, *kernel.Problem) {
	o, ok := p.organizations.Get(c.Tx, id)
	if !ok {
		return o, entityNotFound("Organization", id).Because("no organization has the id %s", id)
	}
	return o, nil
}

// domainsInput are the two ways of naming an organization's domains.
type domainsInput struct {
	Domains    *[]string `json:"domains"`
	DomainData *[]struct {
		Domain string `json:"domain"`
		State  string `json:"state"`
	} `json:"domain_data"`
}

// given are the domains that a body names, nil when it names none.
func (in domainsInput) given() []domain {
	var all []domain
	if in.DomainData != nil {
		all = []domain{}
		for _, d := range *in.DomainData {
			all = append(all, domain{Name: d.Domain, State: d.State})
		}
	}
	if in.Domains != nil {
		all = kit.List(all)
		for _, name := range *in.Domains {
			all = append(all, domain{Name: strings.ToLower(name), State: statePending})
		}
	}
	return all
}

// free refuses what another organization than the one with the id has.
func (p *Provider) free(c *kernel.Call, id, externalID string, domains []domain) error {
	if other, ok := p.byExternalID.Get(c.Tx, externalID); ok && other.ID != id {
		return refuse(http.StatusBadRequest, "external_id_already_used", externalIDUsed, externalID).
			Because("organization %s has the external id", other.ID)
	}
	for i, d := range domains {
		other, taken := p.domains.Get(c.Tx, d.Name)
		taken = taken && other != id || slices.ContainsFunc(domains[:i], func(before domain) bool { return before.Name == d.Name })
		if taken {
			return refuse(http.StatusConflict, "", "An Organization with the domain %s already exists.", d.Name).
				Because("the domain is another organization's (%s), or given twice", other)
		}
	}
	return nil
}

type createOrganizationRequest struct {
	domainsInput
	Name           string            `json:"name"`
	AllowOutsiders bool              `json:"allow_profiles_outside_organization"`
	Metadata       map[string]string `json:"metadata"`
	ExternalID     string            `json:"external_id"`
}

// createOrganization makes an organization.
// https://workos.com/docs/reference/organization/create
func (p *Provider) createOrganization(c *kernel.Call, in createOrganizationRequest) (organizationData, error) {
	o := organization{Name: in.Name, AllowOutsiders: in.AllowOutsiders, Metadata: in.Metadata, ExternalID: in.ExternalID, Domains: in.given()}
	if err := p.free(c, "", o.ExternalID, o.Domains); err != nil {
		return organizationData{}, err
	}
	return p.addOrganization(c, o).data(), nil
}

type updateOrganizationRequest struct {
	idPath
	domainsInput
	Name             *string            `json:"name"`
	AllowOutsiders   *bool              `json:"allow_profiles_outside_organization"`
	StripeCustomerID *string            `json:"stripe_customer_id"`
	Metadata         map[string]*string `json:"metadata"`
	ExternalID       kit.Field[string]  `json:"external_id"`
}

// updateOrganization changes what is given. Of the metadata it changes the keys
// that are given, and null takes one away.
// https://workos.com/docs/reference/organization/update
func (p *Provider) updateOrganization(c *kernel.Call, in updateOrganizationRequest) (organizationData, error) {
	o, problem := p.organization(c, in.ID)
	if problem != nil {
		return organizationData{}, problem
	}
	kit.Put(&o.Name, in.Name)
	kit.Put(&o.AllowOutsiders, in.AllowOutsiders)
	kit.Put(&o.StripeCustomerID, in.StripeCustomerID)
	switch id := in.ExternalID; {
	case id.Value != nil && *id.Value != "":
		o.ExternalID = *id.Value
	case id.Sent && id.Value == nil:
		o.ExternalID = ""
	}
	o.Metadata = maps.Clone(o.Metadata)
	for key, value := range in.Metadata {
		if value == nil {
			delete(o.Metadata, key)
			continue
		}
		if o.Metadata == nil {
			o.Metadata = map[string]string{}
		}
		o.Metadata[key] = *value
	}
	if len(o.Metadata) > maxMetadata {
		return organizationData{}, refuse(http.StatusBadRequest, "invalid_metadata", invalidMetadata).
			Because("there would be %d keys of metadata, more than %d", len(o.Metadata), maxMetadata)
	}
	domains := in.given()
	if err := p.free(c, o.ID, o.ExternalID, domains); err != nil {
		return organizationData{}, err
	}
	if domains != nil {
		p.removeDomains(c, o)
		for i, d := range domains {
			if at := slices.IndexFunc(o.Domains, func(old domain) bool { return old.Name == d.Name }); at >= 0 {
				domains[i].ID, domains[i].Token = o.Domains[at].ID, o.Domains[at].Token
			}
		}
		o.Domains = domains
	}
	o.UpdatedAt = c.Now
	return p.putOrganization(c, o).data(), nil
}

// maxMetadata is how many keys an organization's metadata can have.
const maxMetadata = 50

// addOrganization stores an organization with what every one gets.
func (p *Provider) addOrganization(c *kernel.Call, o organization) organization {
	if o.ID == "" {
		o.ID = p.newID(c, organizationPrefix)
	}
	o.CreatedAt, o.UpdatedAt = c.Now, c.Now
	return p.putOrganization(c, o)
}

// putOrganization stores an organization and its domains.
func (p *Provider) putOrganization(c *kernel.Call, o organization) organization {
	for i, d := range o.Domains {
		if d.ID == "" {
			o.Domains[i].ID = p.newID(c, domainPrefix)
			o.Domains[i].Token = c.Draw("domain-token").Alphanumeric(25)
		}
		p.domains.Put(c.Tx, d.Name, o.ID)
	}
	p.organizations.Put(c.Tx, o.ID, o)
	return o
}

func (p *Provider) removeDomains(c *kernel.Call, o organization) {
	for _, d := range o.Domains {
		p.domains.Delete(c.Tx, d.Name)
	}
}

// getOrganization returns one organization.
// https://workos.com/docs/reference/organization/get
func (p *Provider) getOrganization(c *kernel.Call, in idPath) (organizationData, error) {
	o, err := p.organization(c, in.ID)
	if err != nil {
		return organizationData{}, err
	}
	return o.data(), nil
}

type externalIDPath struct {
	ExternalID string `path:"external_id" json:"-"`
}

// organizationByExternalID returns the organization that has an external id.
// https://workos.com/docs/reference/organization/get-by-external-id
func (p *Provider) organizationByExternalID(c *kernel.Call, in externalIDPath) (organizationData, error) {
	o, ok := p.byExternalID.Get(c.Tx, in.ExternalID)
	if !ok {
		return organizationData{}, entityNotFound("Organization", in.ExternalID).Because("no organization has the external id %s", in.ExternalID)
	}
	return o.data(), nil
}

type listOrganizationsRequest struct {
	page
	Domains []string `query:"domains" json:"-"`
	Search  string   `query:"search" json:"-"`
}

// listOrganizations returns a page of the organizations. A search looks at all of
// them; a page without one costs its size.
// https://workos.com/docs/reference/organization/list
func (p *Provider) listOrganizations(c *kernel.Call, in listOrganizationsRequest) (list[organizationData], error) {
	var keep func(organization) bool
	if len(in.Domains) > 0 || in.Search != "" {
		keep = func(o organization) bool {
			return (len(in.Domains) == 0 || slices.ContainsFunc(o.Domains, func(d domain) bool {
				return slices.ContainsFunc(in.Domains, func(name string) bool { return strings.EqualFold(name, d.Name) })
			})) &&
				strings.Contains(strings.ToLower(o.Name), strings.ToLower(in.Search))
		}
	}
	return paginate(in.page, organizationPrefix, rows(c, p.organizationsByID, ""), keep, organization.data)
}

// deleteOrganization ends an organization, its applications, API keys and
// memberships, at once: the service says that it will.
//
// Differs: the recorded answer has the plain text "Accepted" for a body.
// https://workos.com/docs/reference/organization/delete
func (p *Provider) deleteOrganization(c *kernel.Call, in idPath) (kernel.Answer, error) {
	o, ok := p.organizations.Get(c.Tx, in.ID)
	if !ok {
		// Recorded: unlike a read, a deletion does not name what is missing.
		return kernel.Answer{}, refuse(http.StatusNotFound, "", "Not Found").Because("no organization has the id %s", in.ID)
	}
	for _, a := range behind(c, p.byOrganization, o.ID+"/") {
		p.removeApplication(c, a)
	}
	for _, k := range behind(c, p.keysOf, o.ID+"/") {
		p.keys.Delete(c.Tx, k.ID)
	}
	for _, a := range behind(c, p.authorizationsIn, o.ID+"/") {
		p.authorizations.Delete(c.Tx, a.ID)
	}
	for _, u := range collected(p.people.All(c.Tx)) {
		if slices.Contains(u.Organizations, o.ID) {
			u.Organizations = slices.DeleteFunc(slices.Clone(u.Organizations), func(id string) bool { return id == o.ID })
			p.people.Put(c.Tx, u.ID, u)
		}
	}
	p.removeDomains(c, o)
	p.organizations.Delete(c.Tx, o.ID)
	return kernel.Answer{Status: http.StatusAccepted}, nil
}
