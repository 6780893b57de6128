package zitadel

import (
	"cmp"

	metadatav2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/metadata/v2"
	orgv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2"
	settingsv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/settings/v2"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// What clients that manage whole instances call of the organizations in version 2.

// newOrganization stores a new organization, whose domain follows from its name.
func (p *Provider) newOrganization(c *kernel.Call, id, name string) (organization, error) {
	if _, taken := p.organizations.Get(c.Tx, id); taken {
		return organization{}, nameTaken(orgExists).Because("there is an organization %s", id)
	}
	if other, taken := p.domains.Get(c.Tx, fixtures.Slug(name)+domainSuffix); taken {
		return organization{}, nameTaken(orgExists).Because("organization %s has the domain that would follow from the name %q", other.OrgID, name)
	}
	return p.addOrganization(c, organization{ID: id, Name: name}, nil)
}

// createOrganization creates an organization. Its administrators are users that
// exist; its owners, unless other roles are named.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.AddOrganization
func (p *Provider) createOrganization(c *kernel.Call, in *orgv2.AddOrganizationRequest) (*orgv2.AddOrganizationResponse, error) {
	org, err := p.newOrganization(c, cmp.Or(in.GetOrganizationId(), in.GetOrgId()), in.Name) //lint:ignore SA1019 clients of an older version send it
	if err != nil {
		return nil, err
	}
	for _, admin := range in.Admins {
		if admin.GetHuman() != nil {
			return nil, notEmulated("an administrator is a user that exists")
		}
		if _, ok := p.users.Get(c.Tx, admin.GetUserId()); !ok {
			return nil, refuse(failedPrecondition, "", unknownAdmin).Because("the administrator %q does not exist", admin.GetUserId())
		}
		m := member{UserID: admin.GetUserId(), OrgID: org.ID, Roles: admin.Roles}
		if len(m.Roles) == 0 {
			m.Roles = []string{roleOrgOwner}
		}
		p.putMember(c, m)
	}
	return &orgv2.AddOrganizationResponse{Details: detailsV2(created(c, org.Sequence, org.ID)), OrganizationId: org.ID}, nil
}

// updateOrganization renames an organization. Its domain stays.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.UpdateOrganization
func (p *Provider) updateOrganization(c *kernel.Call, in *orgv2.UpdateOrganizationRequest) (*orgv2.UpdateOrganizationResponse, error) {
	org, _ := p.organizations.Get(c.Tx, orgOf(c))
	if org.Name == in.Name {
		return nil, refuse(failedPrecondition, "", noChanges).Because("the organization has that name already")
	}
	org.Name = in.Name
	p.orgEvent(c, org)
	return &orgv2.UpdateOrganizationResponse{ChangeDate: moment(c.Now)}, nil
}

// deleteOrganization removes an organization with all that it owns. The
// instance's default one stays.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.DeleteOrganization
func (p *Provider) deleteOrganization(c *kernel.Call, in *orgv2.DeleteOrganizationRequest) (*orgv2.DeleteOrganizationResponse, error) {
	id := orgOf(c)
	if id == p.defaultOrg(c) {
		return nil, refuse(failedPrecondition, "COMMA-wG9p1", defaultOrgStays).Because("%s is the default organization", id)
	}
	for _, v := range rows(p.projectsOf.All(c.Tx, id)) {
		if _, err := p.dropProject(c, v.ID); err != nil {
			return nil, err
		}
	}
	for _, u := range rows(p.usersOf.All(c.Tx, id)) {
		if _, err := p.dropUser(c, u.ID); err != nil {
			return nil, err
		}
	}
	p.metadataBy.Delete(c.Tx, id)
	p.domainsOf.Delete(c.Tx, id)
	for _, g := range rows(p.projectGrants.All(c.Tx)) {
		if g.OrgID == id {
			p.dropProjectGrant(c, g)
		}
	}
	drop(c, p.grants, func(g grant) bool { return g.OrgID == id })
	drop(c, p.members, func(m member) bool { return m.OrgID == id })
	p.organizations.Delete(c.Tx, id)
	return &orgv2.DeleteOrganizationResponse{DeletionDate: moment(c.Now)}, nil
}

// setOrganizationMetadata stores values at an organization.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.SetOrganizationMetadata
func (p *Provider) setOrganizationMetadata(c *kernel.Call, in *orgv2.SetOrganizationMetadataRequest) (*orgv2.SetOrganizationMetadataResponse, error) {
	err := setAll(p, c, orgOf(c), in.Metadata)
	return &orgv2.SetOrganizationMetadataResponse{SetDate: moment(c.Now)}, err
}

// listOrganizationMetadata searches the values of an organization.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.ListOrganizationMetadata
func (p *Provider) listOrganizationMetadata(c *kernel.Call, in *orgv2.ListOrganizationMetadataRequest) (*orgv2.ListOrganizationMetadataResponse, error) {
	page := newPage[*metadatav2.Metadata](in.Pagination)
	holds := func(m metadata, f *metadatav2.MetadataSearchFilter) bool {
		return f.GetKeyFilter() == nil || matches(m.Key, f.GetKeyFilter().Key, f.GetKeyFilter().Method)
	}
	for _, m := range p.metadataBy.All(c.Tx, orgOf(c)) {
		if all(in.Filters, m, holds) {
			page.add(&metadatav2.Metadata{CreationDate: moment(m.Created), ChangeDate: moment(m.Changed), Key: m.Key, Value: m.Value})
		}
	}
	return &orgv2.ListOrganizationMetadataResponse{Pagination: page.pagination(), Metadata: page.rows}, page.err
}

// deleteOrganizationMetadata takes values of an organization away, all or none.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.DeleteOrganizationMetadata
func (p *Provider) deleteOrganizationMetadata(c *kernel.Call, in *orgv2.DeleteOrganizationMetadataRequest) (*orgv2.DeleteOrganizationMetadataResponse, error) {
	for _, key := range in.Keys {
		m := metadata{OwnerID: orgOf(c), Key: key}
		if _, ok := p.metadata.Get(c.Tx, m.key()); !ok {
			return nil, refuse(notFound, "META-2npds", "One or more keys do not exist").Because("%s has no metadata %q", orgOf(c), key)
		}
		p.metadata.Delete(c.Tx, m.key())
	}
	return &orgv2.DeleteOrganizationMetadataResponse{DeletionDate: moment(c.Now)}, nil
}

// getGeneralSettings tells what holds for the whole instance.
// https://zitadel.com/docs/reference/api/settings/zitadel.settings.v2.SettingsService.GetGeneralSettings
func (p *Provider) getGeneralSettings(c *kernel.Call, _ *settingsv2.GetGeneralSettingsRequest) (*settingsv2.GetGeneralSettingsResponse, error) {
	org := p.defaultOrg(c)
	languages := []string{"en"}
	return &settingsv2.GetGeneralSettingsResponse{
		DefaultOrgId: org, DefaultLanguage: languages[0], SupportedLanguages: languages, DefaultOrganizationId: org, AllowedLanguages: languages,
	}, nil
}
