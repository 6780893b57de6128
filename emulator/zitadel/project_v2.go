package zitadel

import (
	"slices"

	projectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project"
	projectv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project/v2"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Version 2 of the projects: other messages, the same rules.

// createProject creates a project in an organization.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.CreateProject
func (p *Provider) createProject(c *kernel.Call, in *projectv2.CreateProjectRequest) (*projectv2.CreateProjectResponse, error) {
	if err := p.workIn(c, in.OrganizationId, "", "project.create"); err != nil {
		return nil, err
	}
	v, err := p.newProject(c, in.GetProjectId(), projectSettings{
		in.Name, in.ProjectRoleAssertion, in.AuthorizationRequired, in.ProjectAccessRequired,
		projectv1.PrivateLabelingSetting(in.PrivateLabelingSetting),
	})
	return &projectv2.CreateProjectResponse{ProjectId: v.ID, CreationDate: moment(c.Now)}, err
}

// updateProjectV2 changes what is sent of a project.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.UpdateProject
func (p *Provider) updateProjectV2(c *kernel.Call, in *projectv2.UpdateProjectRequest) (*projectv2.UpdateProjectResponse, error) {
	v, _ := p.projects.Get(c.Tx, in.ProjectId)
	settings := v.projectSettings
	set(&settings.Name, in.Name)
	set(&settings.RoleAssertion, in.ProjectRoleAssertion)
	set(&settings.RoleCheck, in.AuthorizationRequired)
	set(&settings.HasProjectCheck, in.ProjectAccessRequired)
	if in.PrivateLabelingSetting != nil {
		settings.PrivateLabeling = projectv1.PrivateLabelingSetting(*in.PrivateLabelingSetting)
	}
	_, err := p.changeProject(c, in.ProjectId, settings)
	return &projectv2.UpdateProjectResponse{ChangeDate: moment(c.Now)}, err
}

// set changes a field if there is a value for it.
func set[T any](field, sent *T) {
	if sent != nil {
		*field = *sent
	}
}

// deleteProject removes a project with its applications and their keys. One that
// does not exist is removed already: there is no date.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.DeleteProject
func (p *Provider) deleteProject(c *kernel.Call, in *projectv2.DeleteProjectRequest) (*projectv2.DeleteProjectResponse, error) {
	if v, ok := p.projects.Get(c.Tx, in.ProjectId); !ok || v.Removed {
		return &projectv2.DeleteProjectResponse{}, nil
	}
	_, err := p.dropProject(c, in.ProjectId)
	return &projectv2.DeleteProjectResponse{DeletionDate: moment(c.Now)}, err
}

func (v project) messageV2() *projectv2.Project {
	return &projectv2.Project{
		ProjectId: v.ID, OrganizationId: v.OrgID, CreationDate: moment(v.Created), ChangeDate: moment(v.Changed),
		Name: v.Name, State: projectv2.ProjectState(v.state()),
		ProjectRoleAssertion: v.RoleAssertion, AuthorizationRequired: v.RoleCheck, ProjectAccessRequired: v.HasProjectCheck,
		PrivateLabelingSetting: projectv2.PrivateLabelingSetting(v.PrivateLabeling),
	}
}

// getProjectV2 returns one project, whatever its organization.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.GetProject
func (p *Provider) getProjectV2(c *kernel.Call, in *projectv2.GetProjectRequest) (*projectv2.GetProjectResponse, error) {
	v, why := p.project(c, in.ProjectId)
	if why != "" {
		return nil, refuse(notFound, "QUERY-fk2fs", projectNotFound).Because("%s", why)
	}
	return &projectv2.GetProjectResponse{Project: v.messageV2()}, nil
}

// listProjectsV2 searches the projects that the caller may read, and those that are
// granted to an organization where the caller may.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.ListProjects
func (p *Provider) listProjectsV2(c *kernel.Call, in *projectv2.ListProjectsRequest) (*projectv2.ListProjectsResponse, error) {
	page := newPage[*projectv2.Project](in.Pagination)
	holds := func(m *projectv2.Project, f *projectv2.ProjectSearchFilter) bool {
		switch {
		case f.GetProjectNameFilter() != nil:
			return matches(m.Name, f.GetProjectNameFilter().ProjectName, f.GetProjectNameFilter().Method)
		case f.GetInProjectIdsFilter() != nil:
			return slices.Contains(f.GetInProjectIdsFilter().Ids, m.ProjectId)
		case f.GetOrganizationIdFilter() != nil:
			of := f.GetOrganizationIdFilter()
			owned := m.GrantedOrganizationId == nil && m.OrganizationId == of.OrganizationId
			granted := m.GetGrantedOrganizationId() == of.OrganizationId
			return owned && of.Type != projectv2.ProjectOrganizationIDFilter_GRANTED || granted && of.Type != projectv2.ProjectOrganizationIDFilter_OWNED
		}
		return true
	}
	for _, v := range p.projects.All(c.Tx) {
		if m := v.messageV2(); !v.Removed && p.may(c, v.OrgID, v.ID, "project.read") && all(in.Filters, m, holds) {
			page.add(m)
		}
	}
	for _, g := range p.projectGrants.All(c.Tx) {
		v, _ := p.projects.Get(c.Tx, g.ProjectID)
		to, _ := p.organizations.Get(c.Tx, g.OrgID)
		m := v.messageV2()
		m.GrantedOrganizationId, m.GrantedOrganizationName = &to.ID, &to.Name
		m.GrantedState = projectv2.GrantedProjectState(p.projectGrantMessage(c, g).State)
		if p.may(c, g.OrgID, "", "project.read") && all(in.Filters, m, holds) {
			page.add(m)
		}
	}
	return &projectv2.ListProjectsResponse{Pagination: page.pagination(), Projects: page.rows}, page.err
}

// deactivateProjectV2 makes a project inactive.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.DeactivateProject
func (p *Provider) deactivateProjectV2(c *kernel.Call, in *projectv2.DeactivateProjectRequest) (*projectv2.DeactivateProjectResponse, error) {
	_, err := p.setProjectActive(c, in.ProjectId, false)
	return &projectv2.DeactivateProjectResponse{ChangeDate: moment(c.Now)}, err
}

// activateProject makes an inactive project active.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.ActivateProject
func (p *Provider) activateProject(c *kernel.Call, in *projectv2.ActivateProjectRequest) (*projectv2.ActivateProjectResponse, error) {
	_, err := p.setProjectActive(c, in.ProjectId, true)
	return &projectv2.ActivateProjectResponse{ChangeDate: moment(c.Now)}, err
}
