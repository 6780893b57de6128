package zitadel

import (
	"cmp"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// project holds applications. It counts the events of itself and of all that it
// holds.
type project struct {
	stamp
	ID, OrgID string
	projectInput
	Inactive, Removed bool
	Events            uint64
	Active            views[bool] // as the OAuth endpoints see it
}

// uniqueName is what no other project of the organization may have.
func (v project) uniqueName() string { return present(v.Removed, v.OrgID+"/"+v.Name) }

type projectInput struct {
	Name                   string `json:"name"`
	ProjectRoleAssertion   bool   `json:"projectRoleAssertion"`
	ProjectRoleCheck       bool   `json:"projectRoleCheck"`
	HasProjectCheck        bool   `json:"hasProjectCheck"`
	PrivateLabelingSetting string `json:"privateLabelingSetting"`
}

// normal is the input with one spelling of the zero of its enum.
func (in projectInput) normal() projectInput {
	if in.PrivateLabelingSetting == "PRIVATE_LABELING_SETTING_UNSPECIFIED" {
		in.PrivateLabelingSetting = ""
	}
	return in
}

type projectBody struct {
	ID                     string        `json:"id"`
	Details                objectDetails `json:"details"`
	Name                   string        `json:"name"`
	State                  string        `json:"state"`
	ProjectRoleAssertion   bool          `json:"projectRoleAssertion,omitempty"`
	ProjectRoleCheck       bool          `json:"projectRoleCheck,omitempty"`
	HasProjectCheck        bool          `json:"hasProjectCheck,omitempty"`
	PrivateLabelingSetting string        `json:"privateLabelingSetting,omitempty"`
}

func (v project) body() projectBody {
	state := "PROJECT_STATE_ACTIVE"
	if v.Inactive {
		state = "PROJECT_STATE_INACTIVE"
	}
	return projectBody{
		v.ID, v.details(v.OrgID), v.Name, state,
		v.ProjectRoleAssertion, v.ProjectRoleCheck, v.HasProjectCheck, v.PrivateLabelingSetting,
	}
}

// project returns a project of the organization that the call works in.
func (p *Provider) project(c *kernel.Call, id string) (project, bool) {
	v, ok := p.projects.Get(c.Tx, id)
	return v, ok && !v.Removed && v.OrgID == orgOf(c)
}

// push counts n events of a project and stores it.
func (p *Provider) push(c *kernel.Call, v *project, n uint64) {
	v.Events += n
	p.projects.Put(c.Tx, v.ID, *v)
}

type addProjectRequest struct {
	ID string `json:"-"` // version 2 lets the client choose it
	projectInput
	Admins []struct {
		UserID string   `json:"userId"`
		Roles  []string `json:"roles"`
	} `json:"admins"`
}

type idResponse struct {
	ID      string        `json:"id"`
	Details objectDetails `json:"details"`
}

// addProject creates a project. Every administrator is an event of its own.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddProject
func (p *Provider) addProject(c *kernel.Call, in addProjectRequest) (idResponse, error) {
	v := project{ID: cmp.Or(in.ID, p.nextID(c)), OrgID: orgOf(c), projectInput: in.normal(), Active: views[bool](nil).with(c, true)}
	if _, taken := p.byProjectName.Get(c.Tx, v.uniqueName()); taken {
		return idResponse{}, nameTaken("Project already exists on organization").Because("the organization has a project %q", v.Name)
	}
	if _, taken := p.projects.Get(c.Tx, v.ID); taken {
		return idResponse{}, nameTaken("Project already exists on organization").Because("there is a project %s", v.ID)
	}
	v.touch(1, c.Now)
	p.push(c, &v, 1)
	for _, admin := range in.Admins {
		m := member{UserID: admin.UserID, ProjectID: v.ID, Roles: admin.Roles}
		if _, ok := p.users.Get(c.Tx, m.UserID); !ok {
			return idResponse{}, refuse(failedPrecondition, "", unknownAdmin).Because("the administrator %q does not exist", m.UserID)
		}
		p.members.Put(c.Tx, m.key(), m)
		p.push(c, &v, 1)
	}
	return idResponse{v.ID, created(c, v.Events, v.OrgID)}, nil
}

type listProjectsRequest struct {
	Query   listQuery `json:"query"`
	Queries []struct {
		Name          *nameQuery `json:"nameQuery"`
		ResourceOwner *struct {
			ResourceOwner string `json:"resourceOwner"`
		} `json:"projectResourceOwnerQuery"`
	} `json:"queries"`
}

// listProjects searches the projects of an organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListProjects
func (p *Provider) listProjects(c *kernel.Call, in listProjectsRequest) (listResponse[projectBody], error) {
	page, err := newPage[projectBody](in.Query)
	if err != nil {
		return listResponse[projectBody]{}, err
	}
next:
	for _, v := range p.projectsOf.All(c.Tx, orgOf(c)) {
		page.processed(v.Events)
		for _, q := range in.Queries {
			if q.Name != nil && !matches(v.Name, q.Name.Name, q.Name.Method) ||
				q.ResourceOwner != nil && v.OrgID != q.ResourceOwner.ResourceOwner {
				continue next
			}
		}
		page.add(v.body())
	}
	return page.response(c), nil
}

type projectPath struct {
	ID string `path:"id" json:"-"`
}

type projectResponse struct {
	Project projectBody `json:"project"`
}

// getProject returns one project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetProjectByID
func (p *Provider) getProject(c *kernel.Call, in projectPath) (projectResponse, error) {
	v, ok := p.project(c, in.ID)
	if !ok {
		return projectResponse{}, refuse(notFound, "QUERY-fk2fs", projectNotFound).Because("%s", p.whyNoProject(c, in.ID))
	}
	return projectResponse{v.body()}, nil
}

// whyNoProject says why a project is not found.
func (p *Provider) whyNoProject(c *kernel.Call, id string) string {
	v, ok := p.projects.Get(c.Tx, id)
	if !ok || v.Removed {
		return "there is no project " + id
	}
	return "project " + id + " belongs to organization " + v.OrgID + ", and the call is for " + orgOf(c)
}

type updateProjectRequest struct {
	ID string `path:"id" json:"-"`
	projectInput
}

// updateProject changes a project. What is not sent is set to nothing.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateProject
func (p *Provider) updateProject(c *kernel.Call, in updateProjectRequest) (detailsResponse, error) {
	v, ok := p.project(c, in.ID)
	if !ok {
		return detailsResponse{}, refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", p.whyNoProject(c, in.ID))
	}
	if in.normal() == v.projectInput {
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-2M0fs", noChanges).Because("the project is like that already")
	}
	v.projectInput = in.normal()
	if other, taken := p.byProjectName.Get(c.Tx, v.uniqueName()); taken && other.ID != v.ID {
		return detailsResponse{}, nameTaken("Project already exists on organization").Because("project %s is named %q", other.ID, v.Name)
	}
	return p.projectChanged(c, v), nil
}

// projectChanged stores a project after one event of its own.
func (p *Provider) projectChanged(c *kernel.Call, v project) detailsResponse {
	v.touch(v.Events+1, c.Now)
	p.push(c, &v, 1)
	return detailsResponse{changed(c, v.Events, v.OrgID)}
}

// deactivateProject makes a project inactive; its applications cannot
// authenticate then.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateProject
func (p *Provider) deactivateProject(c *kernel.Call, in projectPath) (detailsResponse, error) {
	v, ok := p.project(c, in.ID)
	if !ok {
		return detailsResponse{}, refuse(notFound, "COMMAND-112M9", projectNotFound).Because("%s", p.whyNoProject(c, in.ID))
	}
	if v.Inactive {
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-mki55", "Project is not active").Because("the project is inactive already")
	}
	v.Inactive, v.Active = true, v.Active.with(c, false)
	return p.projectChanged(c, v), nil
}

// reactivateProject makes an inactive project active.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ReactivateProject
func (p *Provider) reactivateProject(c *kernel.Call, in projectPath) (detailsResponse, error) {
	v, ok := p.project(c, in.ID)
	if !ok {
		return detailsResponse{}, refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", p.whyNoProject(c, in.ID))
	}
	if !v.Inactive {
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-5M9bs", "Project is not deactivated").Because("the project is active")
	}
	v.Inactive, v.Active = false, v.Active.with(c, true)
	return p.projectChanged(c, v), nil
}

// removeProject removes a project with its applications and their keys.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveProject
func (p *Provider) removeProject(c *kernel.Call, in projectPath) (detailsResponse, error) {
	v, ok := p.project(c, in.ID)
	if !ok {
		return detailsResponse{}, refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", p.whyNoProject(c, in.ID))
	}
	for _, a := range rows(p.appsOf.All(c.Tx, v.ID)) {
		p.dropApp(c, a)
	}
	p.membersOf.Delete(c.Tx, v.ID)
	v.Removed = true
	v.Active = v.Active.with(c, false)
	answer := p.projectChanged(c, v)
	if lag.Get(c) == 0 {
		p.projects.Delete(c.Tx, v.ID) // otherwise the OAuth endpoints still see it
	}
	return answer, nil
}
