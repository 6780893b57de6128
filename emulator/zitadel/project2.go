package zitadel

import (
	"slices"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Version 2 of the projects: other messages, the same rules.

type createProjectRequest struct {
	OrganizationID         string `json:"organizationId"`
	ProjectID              string `json:"projectId"`
	Name                   string `json:"name"`
	ProjectRoleAssertion   bool   `json:"projectRoleAssertion"`
	AuthorizationRequired  bool   `json:"authorizationRequired"`
	ProjectAccessRequired  bool   `json:"projectAccessRequired"`
	PrivateLabelingSetting string `json:"privateLabelingSetting"`
}

type createProjectResponse struct {
	ProjectID string `json:"projectId"`
	creationResponse
}

// createProject creates a project in an organization.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.CreateProject
func (p *Provider) createProject(c *kernel.Call, in createProjectRequest) (createProjectResponse, error) {
	if err := p.workIn(c, in.OrganizationID, "", "project.create"); err != nil {
		return createProjectResponse{}, err
	}
	made, err := p.addProject(c, addProjectRequest{ID: in.ProjectID, projectInput: projectInput{
		in.Name, in.ProjectRoleAssertion, in.AuthorizationRequired, in.ProjectAccessRequired, in.PrivateLabelingSetting,
	}})
	return createProjectResponse{made.ID, creationResponse{timestamp(c.Now)}}, err
}

type updateProjectRequest2 struct {
	ProjectID              string  `json:"projectId"`
	Name                   *string `json:"name"`
	ProjectRoleAssertion   *bool   `json:"projectRoleAssertion"`
	AuthorizationRequired  *bool   `json:"authorizationRequired"`
	ProjectAccessRequired  *bool   `json:"projectAccessRequired"`
	PrivateLabelingSetting *string `json:"privateLabelingSetting"`
}

// updateProject2 changes what is sent of a project.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.UpdateProject
func (p *Provider) updateProject2(c *kernel.Call, in updateProjectRequest2) (changeResponse, error) {
	if err := p.inProject(c, in.ProjectID, "project.write"); err != nil {
		return changeResponse{}, err
	}
	v, _ := p.projects.Get(c.Tx, in.ProjectID)
	input := v.projectInput
	set(&input.Name, in.Name)
	set(&input.ProjectRoleAssertion, in.ProjectRoleAssertion)
	set(&input.ProjectRoleCheck, in.AuthorizationRequired)
	set(&input.HasProjectCheck, in.ProjectAccessRequired)
	set(&input.PrivateLabelingSetting, in.PrivateLabelingSetting)
	_, err := p.updateProject(c, updateProjectRequest{in.ProjectID, input})
	return changedNow(c, err)
}

type projectRef struct {
	ProjectID string `json:"projectId"`
}

// deleteProject removes a project with its applications and their keys. One that
// does not exist is removed already: there is no date.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.DeleteProject
func (p *Provider) deleteProject(c *kernel.Call, in projectRef) (deletionResponse, error) {
	if v, ok := p.projects.Get(c.Tx, in.ProjectID); !ok || v.Removed {
		return deletionResponse{}, nil
	}
	err := p.inProject(c, in.ProjectID, "project.delete")
	if err == nil {
		_, err = p.removeProject(c, projectPath{in.ProjectID})
	}
	return deletedNow(c, err)
}

// projectBody2 is a project as version 2 shows it.
type projectBody2 struct {
	ProjectID              string    `json:"projectId"`
	OrganizationID         string    `json:"organizationId"`
	CreationDate           timestamp `json:"creationDate"`
	ChangeDate             timestamp `json:"changeDate"`
	Name                   string    `json:"name"`
	State                  string    `json:"state"`
	ProjectRoleAssertion   bool      `json:"projectRoleAssertion,omitempty"`
	AuthorizationRequired  bool      `json:"authorizationRequired,omitempty"`
	ProjectAccessRequired  bool      `json:"projectAccessRequired,omitempty"`
	PrivateLabelingSetting string    `json:"privateLabelingSetting,omitempty"`
}

func (v project) body2() projectBody2 {
	b := v.body()
	return projectBody2{
		v.ID, v.OrgID, timestamp(v.Created), timestamp(v.Changed), v.Name, b.State,
		v.ProjectRoleAssertion, v.ProjectRoleCheck, v.HasProjectCheck, v.PrivateLabelingSetting,
	}
}

type getProjectResponse2 struct {
	Project projectBody2 `json:"project"`
}

// getProject2 returns one project, whatever its organization.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.GetProject
func (p *Provider) getProject2(c *kernel.Call, in projectRef) (getProjectResponse2, error) {
	if err := p.inProject(c, in.ProjectID, "project.read"); err != nil {
		return getProjectResponse2{}, err
	}
	_, err := p.getProject(c, projectPath{in.ProjectID})
	v, _ := p.projects.Get(c.Tx, in.ProjectID)
	return getProjectResponse2{v.body2()}, err
}

type listProjectsRequest2 struct {
	Pagination listQuery `json:"pagination"`
	Filters    []struct {
		Name *struct {
			Name   string `json:"projectName"`
			Method string `json:"method"`
		} `json:"projectNameFilter"`
		InIDs *struct {
			IDs []string `json:"ids"`
		} `json:"inProjectIdsFilter"`
		Organization *struct {
			OrganizationID string `json:"organizationId"`
			Type           string `json:"type"`
		} `json:"organizationIdFilter"`
	} `json:"filters"`
}

type listProjectsResponse2 struct {
	Pagination listed         `json:"pagination"`
	Projects   []projectBody2 `json:"projects,omitempty"`
}

// listProjects2 searches the projects that the caller may read. None is granted
// to another organization.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.ListProjects
func (p *Provider) listProjects2(c *kernel.Call, in listProjectsRequest2) (listProjectsResponse2, error) {
	page, err := newPage[projectBody2](in.Pagination)
	if err != nil {
		return listProjectsResponse2{}, err
	}
next:
	for _, v := range p.projects.All(c.Tx) {
		if v.Removed || !p.may(c, v.OrgID, v.ID, "project.read") {
			continue
		}
		for _, f := range in.Filters {
			if f.Name != nil && !matches2(v.Name, f.Name.Name, f.Name.Method) ||
				f.InIDs != nil && !slices.Contains(f.InIDs.IDs, v.ID) ||
				f.Organization != nil && (f.Organization.OrganizationID != v.OrgID || f.Organization.Type == "GRANTED") {
				continue next
			}
		}
		page.add(v.body2())
	}
	return listProjectsResponse2{page.listed(), page.rows}, nil
}

// deactivateProject2 makes a project inactive.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.DeactivateProject
func (p *Provider) deactivateProject2(c *kernel.Call, in projectRef) (changeResponse, error) {
	err := p.inProject(c, in.ProjectID, "project.write")
	if err == nil {
		_, err = p.deactivateProject(c, projectPath{in.ProjectID})
	}
	return changedNow(c, err)
}

// activateProject makes an inactive project active.
// https://zitadel.com/docs/reference/api/project/zitadel.project.v2.ProjectService.ActivateProject
func (p *Provider) activateProject(c *kernel.Call, in projectRef) (changeResponse, error) {
	err := p.inProject(c, in.ProjectID, "project.write")
	if err == nil {
		_, err = p.reactivateProject(c, projectPath{in.ProjectID})
	}
	return changedNow(c, err)
}
