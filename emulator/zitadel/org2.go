package zitadel

import (
	"cmp"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// What clients that manage whole instances call of the organizations: version 2,
// and the Admin API's reads.

type createOrganizationRequest struct {
	Name   string `json:"name"`
	Admins []struct {
		UserID string    `json:"userId"`
		Human  *struct{} `json:"human"`
		Roles  []string  `json:"roles"`
	} `json:"admins"`
	OrganizationID string `json:"organizationId"`
	OrgID          string `json:"orgId"` // an older name
}

type createOrganizationResponse struct {
	Details        objectDetails2 `json:"details"`
	OrganizationID string         `json:"organizationId"`
}

// createOrganization creates an organization. Its administrators are users that
// exist; its owners, unless other roles are named.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.AddOrganization
func (p *Provider) createOrganization(c *kernel.Call, in createOrganizationRequest) (createOrganizationResponse, error) {
	var none createOrganizationResponse
	id := cmp.Or(in.OrganizationID, in.OrgID)
	if _, taken := p.organizations.Get(c.Tx, id); taken {
		return none, nameTaken(orgExists).Because("there is an organization %s", id)
	}
	if other, taken := p.byDomain.Get(c.Tx, fixtures.Slug(in.Name)+domainSuffix); taken {
		return none, nameTaken(orgExists).Because("organization %s has the domain that would follow from the name %q", other.ID, in.Name)
	}
	org, err := p.addOrganization(c, worldOrganization{ID: id, Name: in.Name}, nil)
	if err != nil {
		return none, err
	}
	for _, admin := range in.Admins {
		if admin.Human != nil {
			return none, notEmulated("there are no people here, only machine users")
		}
		if _, ok := p.users.Get(c.Tx, admin.UserID); !ok {
			return none, refuse(failedPrecondition, "", unknownAdmin).Because("the administrator %q does not exist", admin.UserID)
		}
		m := member{UserID: admin.UserID, OrgID: org.ID, Roles: admin.Roles}
		if len(m.Roles) == 0 {
			m.Roles = []string{roleOrgOwner}
		}
		p.members.Put(c.Tx, m.key(), m)
	}
	return createOrganizationResponse{created(c, org.Sequence, org.ID).version2(), org.ID}, nil
}

type organizationRef struct {
	OrganizationID string `path:"organizationId" json:"-"`
}

// organization finds an organization that the caller has a permission in.
func (p *Provider) organization(c *kernel.Call, id, permission string) (organization, error) {
	org, ok := p.organizations.Get(c.Tx, id)
	if !ok {
		return org, refuse(notFound, "QUERY-iTTGJ", orgNotFound).Because("there is no organization %s", id)
	}
	return org, p.workIn(c, id, "", permission)
}

type updateOrganizationRequest struct {
	organizationRef
	Name string `json:"name"`
}

// updateOrganization renames an organization. Its domain stays.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.UpdateOrganization
func (p *Provider) updateOrganization(c *kernel.Call, in updateOrganizationRequest) (changeResponse, error) {
	org, err := p.organization(c, in.OrganizationID, "org.write")
	switch {
	case err != nil:
		return changeResponse{}, err
	case org.Name == in.Name:
		return changeResponse{}, refuse(failedPrecondition, "", noChanges).Because("the organization has that name already")
	}
	org.Name = in.Name
	org.touch(org.Sequence+1, c.Now)
	p.organizations.Put(c.Tx, org.ID, org)
	return changedNow(c, nil)
}

// deleteOrganization removes an organization with all that it owns. The
// instance's default one stays.
// https://zitadel.com/docs/reference/api/org/zitadel.org.v2.OrganizationService.DeleteOrganization
func (p *Provider) deleteOrganization(c *kernel.Call, in organizationRef) (deletionResponse, error) {
	org, err := p.organization(c, in.OrganizationID, "org.delete")
	switch {
	case err != nil:
		return deletionResponse{}, err
	case org.ID == first(p.organizations.All(c.Tx)):
		return deletionResponse{}, refuse(failedPrecondition, "", defaultOrgStays).Because("%s is the default organization", org.ID)
	}
	for _, v := range rows(p.projectsOf.All(c.Tx, org.ID)) {
		if _, err := p.removeProject(c, projectPath{v.ID}); err != nil {
			return deletionResponse{}, err
		}
	}
	for _, u := range rows(p.usersOf.All(c.Tx, org.ID)) {
		if _, err := p.removeUser(c, userPath{u.ID}); err != nil {
			return deletionResponse{}, err
		}
	}
	for _, m := range rows(p.members.All(c.Tx)) {
		if m.OrgID == org.ID {
			p.members.Delete(c.Tx, m.key())
		}
	}
	p.organizations.Delete(c.Tx, org.ID)
	return deletedNow(c, nil)
}

// getOrg returns any organization of the instance.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.GetOrgByID
func (p *Provider) getOrg(c *kernel.Call, in userPath) (orgResponse, error) {
	org, ok := p.organizations.Get(c.Tx, in.ID)
	if !ok {
		return orgResponse{}, refuse(notFound, "QUERY-iTTGJ", orgNotFound).Because("there is no organization %s", in.ID)
	}
	return orgResponse{org.body()}, nil
}

// getDefaultOrg returns the organization of those who name none.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.GetDefaultOrg
func (p *Provider) getDefaultOrg(c *kernel.Call, _ struct{}) (orgResponse, error) {
	return p.getOrg(c, userPath{first(p.organizations.All(c.Tx))})
}

type generalSettings struct {
	DefaultOrgID          string   `json:"defaultOrgId"`
	DefaultLanguage       string   `json:"defaultLanguage"`
	SupportedLanguages    []string `json:"supportedLanguages"`
	DefaultOrganizationID string   `json:"defaultOrganizationId"`
	AllowedLanguages      []string `json:"allowedLanguages"`
}

// getGeneralSettings tells what holds for the whole instance.
// https://zitadel.com/docs/reference/api/settings/zitadel.settings.v2.SettingsService.GetGeneralSettings
func (p *Provider) getGeneralSettings(c *kernel.Call, _ struct{}) (generalSettings, error) {
	org := first(p.organizations.All(c.Tx))
	languages := []string{"en"}
	return generalSettings{org, languages[0], languages, org, languages}, nil
}
