package workos

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// organization is a customer, to whom applications belong.
type organization struct {
	ID, Name             string
	AllowOutsiders       bool
	Domains              []domain
	Metadata             map[string]string
	ExternalID           string // "" for none
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
	AllowOutsiders bool              `json:"allow_profiles_outside_organization"`
	Domains        []domainData      `json:"domains"`
	Metadata       map[string]string `json:"metadata"`
	ExternalID     *string           `json:"external_id"`
	CreatedAt      timestamp         `json:"created_at"`
	UpdatedAt      timestamp         `json:"updated_at"`
}

type domainData struct {
	Object               string    `json:"object"`
	ID                   string    `json:"id"`
	OrganizationID       string    `json:"organization_id"`
	Domain               string    `json:"domain"`
	State                string    `json:"state"`
	VerificationStrategy string    `json:"verification_strategy"`
	VerificationToken    string    `json:"verification_token,omitempty"`
	CreatedAt            timestamp `json:"created_at"`
	UpdatedAt            timestamp `json:"updated_at"`
}

// The states of a domain.
const (
	statePending  = "pending"
	stateVerified = "verified"
)

func (o organization) data() organizationData {
	d := organizationData{
		Object: "organization", ID: o.ID, Name: o.Name, AllowOutsiders: o.AllowOutsiders,
		Domains: []domainData{}, Metadata: o.Metadata,
		CreatedAt: timestamp(o.CreatedAt), UpdatedAt: timestamp(o.UpdatedAt),
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

type createOrganizationRequest struct {
	Name           string   `json:"name"`
	AllowOutsiders bool     `json:"allow_profiles_outside_organization"`
	Domains        []string `json:"domains"`
	DomainData     []struct {
		Domain string `json:"domain"`
		State  string `json:"state"`
	} `json:"domain_data"`
	Metadata   map[string]string `json:"metadata"`
	ExternalID *string           `json:"external_id"`
}

// createOrganization makes an organization.
// https://workos.com/docs/reference/organization/create
func (p *Provider) createOrganization(c *kernel.Call, in createOrganizationRequest) (organizationData, error) {
	o := organization{Name: in.Name, AllowOutsiders: in.AllowOutsiders, Metadata: in.Metadata}
	if in.ExternalID != nil {
		o.ExternalID = *in.ExternalID
	}
	if other, ok := p.byExternalID.Get(c.Tx, o.ExternalID); ok {
		return organizationData{}, refuse(http.StatusBadRequest, "external_id_already_used", externalIDUsed, o.ExternalID).
			Because("organization %s has the external id", other.ID)
	}
	for _, d := range in.DomainData {
		o.Domains = append(o.Domains, domain{Name: d.Domain, State: d.State})
	}
	for _, name := range in.Domains {
		o.Domains = append(o.Domains, domain{Name: strings.ToLower(name), State: statePending})
	}
	for i, d := range o.Domains {
		other, taken := p.domains.Get(c.Tx, d.Name)
		if !taken {
			taken = slices.ContainsFunc(o.Domains[:i], func(before domain) bool { return before.Name == d.Name })
		}
		if taken {
			return organizationData{}, refuse(http.StatusConflict, "", "An Organization with the domain %s already exists.", d.Name).
				Because("the domain is another organization's (%s), or given twice", other)
		}
	}
	return p.addOrganization(c, o).data(), nil
}

// addOrganization stores an organization with what every one gets.
func (p *Provider) addOrganization(c *kernel.Call, o organization) organization {
	if o.ID == "" {
		o.ID = p.newID(c, organizationPrefix)
	}
	for i := range o.Domains {
		o.Domains[i].ID = p.newID(c, domainPrefix)
		o.Domains[i].Token = c.Draw("domain-token").Alphanumeric(25)
		p.domains.Put(c.Tx, o.Domains[i].Name, o.ID)
	}
	o.CreatedAt, o.UpdatedAt = c.Now, c.Now
	p.organizations.Put(c.Tx, o.ID, o)
	return o
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

// deleteOrganization ends an organization and its applications, at once: the
// service says that it will.
//
// Differs: the recorded answer has the plain text "Accepted" for a body.
// https://workos.com/docs/reference/organization/delete
func (p *Provider) deleteOrganization(c *kernel.Call, in idPath) (kernel.Answer, error) {
	o, ok := p.organizations.Get(c.Tx, in.ID)
	if !ok {
		// Recorded: unlike a read, a deletion does not name what is missing.
		return kernel.Answer{}, refuse(http.StatusNotFound, "", "Not Found").Because("no organization has the id %s", in.ID)
	}
	var applications []application
	for _, a := range p.byOrganization.Between(c.Tx, o.ID+"/", o.ID+"/"+lastID, false) {
		applications = append(applications, a)
	}
	for _, a := range applications {
		p.removeApplication(c, a)
	}
	for _, d := range o.Domains {
		p.domains.Delete(c.Tx, d.Name)
	}
	p.organizations.Delete(c.Tx, o.ID)
	return kernel.Answer{Status: http.StatusAccepted}, nil
}
