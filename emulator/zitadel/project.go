package zitadel

import (
	"cmp"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	projectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// project holds applications. It counts the events of itself and of all that it
// holds.
type project struct {
	stamp
	ID, OrgID string
	projectSettings
	Inactive, Removed bool
	Events            uint64
	Active            views[bool] // as the OAuth endpoints see it
}

type projectSettings struct {
	Name                                      string
	RoleAssertion, RoleCheck, HasProjectCheck bool
	PrivateLabeling                           projectv1.PrivateLabelingSetting
}

// uniqueName is what no other project of the organization may have.
func (v project) uniqueName() string { return present(v.Removed, v.OrgID+"/"+fold(v.Name)) }

func (v project) state() projectv1.ProjectState {
	if v.Inactive {
		return projectv1.ProjectState_PROJECT_STATE_INACTIVE
	}
	return projectv1.ProjectState_PROJECT_STATE_ACTIVE
}

func (v project) message() *projectv1.Project {
	return &projectv1.Project{
		Id: v.ID, Details: v.details(v.OrgID), Name: v.Name, State: v.state(),
		ProjectRoleAssertion: v.RoleAssertion, ProjectRoleCheck: v.RoleCheck, HasProjectCheck: v.HasProjectCheck,
		PrivateLabelingSetting: v.PrivateLabeling,
	}
}

// project returns a project of the organization that the call works in, or says why
// there is none.
func (p *Provider) project(c *kernel.Call, id string) (project, string) {
	switch v, ok := p.projects.Get(c.Tx, id); {
	case !ok || v.Removed:
		return project{}, "there is no project " + id
	case v.OrgID != orgOf(c):
		return project{}, "project " + id + " belongs to organization " + v.OrgID + ", and the call is for " + orgOf(c)
	default:
		return v, ""
	}
}

// push counts n events of a project and stores it.
func (p *Provider) push(c *kernel.Call, v *project, n uint64) {
	v.Events += n
	p.projects.Put(c.Tx, v.ID, *v)
}

// newProject stores a new project in the organization that the call works in.
func (p *Provider) newProject(c *kernel.Call, id string, settings projectSettings) (project, error) {
	v := project{ID: cmp.Or(id, p.nextID(c)), OrgID: orgOf(c), projectSettings: settings, Active: views[bool](nil).with(c, true)}
	if _, taken := p.byProjectName.Get(c.Tx, v.uniqueName()); taken {
		return v, nameTaken("Project already exists on organization").Because("the organization has a project %q", v.Name)
	}
	if _, taken := p.projects.Get(c.Tx, v.ID); taken {
		return v, nameTaken("Project already exists on organization").Because("there is a project %s", v.ID)
	}
	v.touch(1, c.Now)
	p.push(c, &v, 1)
	return v, nil
}

// addProject creates a project. Every administrator is an event of its own.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddProject
func (p *Provider) addProject(c *kernel.Call, in *management.AddProjectRequest) (*management.AddProjectResponse, error) {
	v, err := p.newProject(c, "", projectSettings{
		in.Name, in.ProjectRoleAssertion, in.ProjectRoleCheck, in.HasProjectCheck, in.PrivateLabelingSetting,
	})
	if err != nil {
		return nil, err
	}
	for _, admin := range in.Admins {
		m := member{UserID: admin.UserId, ProjectID: v.ID, Roles: admin.Roles}
		if _, ok := p.users.Get(c.Tx, m.UserID); !ok {
			return nil, refuse(failedPrecondition, "", unknownAdmin).Because("the administrator %q does not exist", m.UserID)
		}
		p.putMember(c, m)
		p.push(c, &v, 1)
	}
	return &management.AddProjectResponse{Id: v.ID, Details: created(c, v.Events, v.OrgID)}, nil
}

// listProjects searches the projects of an organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListProjects
func (p *Provider) listProjects(c *kernel.Call, in *management.ListProjectsRequest) (*management.ListProjectsResponse, error) {
	page := newPage[*projectv1.Project](in.Query)
	holds := func(v project, q *projectv1.ProjectQuery) bool {
		switch {
		case q.GetNameQuery() != nil:
			return matches(v.Name, q.GetNameQuery().Name, q.GetNameQuery().Method)
		case q.GetProjectResourceOwnerQuery() != nil:
			return v.OrgID == q.GetProjectResourceOwnerQuery().ResourceOwner
		}
		return true
	}
	for _, v := range p.projectsOf.All(c.Tx, orgOf(c)) {
		page.processed(v.Events)
		if all(in.Queries, v, holds) {
			page.add(v.message())
		}
	}
	return &management.ListProjectsResponse{Details: page.details(c), Result: page.rows}, page.err
}

// getProject returns one project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetProjectByID
func (p *Provider) getProject(c *kernel.Call, in *management.GetProjectByIDRequest) (*management.GetProjectByIDResponse, error) {
	v, why := p.project(c, in.Id)
	if why != "" {
		return nil, refuse(notFound, "QUERY-fk2fs", projectNotFound).Because("%s", why)
	}
	return &management.GetProjectByIDResponse{Project: v.message()}, nil
}

// changeProject replaces the settings of a project.
func (p *Provider) changeProject(c *kernel.Call, id string, settings projectSettings) (project, error) {
	v, why := p.project(c, id)
	if why != "" {
		return v, refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", why)
	}
	if settings == v.projectSettings {
		return v, refuse(failedPrecondition, "COMMAND-2M0fs", noChanges).Because("the project is like that already")
	}
	v.projectSettings = settings
	if other, taken := p.byProjectName.Get(c.Tx, v.uniqueName()); taken && other.ID != v.ID {
		return v, nameTaken("Project already exists on organization").Because("project %s is named %q", other.ID, v.Name)
	}
	return p.projectChanged(c, v), nil
}

// updateProject changes a project. What is not sent is set to nothing.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateProject
func (p *Provider) updateProject(c *kernel.Call, in *management.UpdateProjectRequest) (*management.UpdateProjectResponse, error) {
	v, err := p.changeProject(c, in.Id, projectSettings{
		in.Name, in.ProjectRoleAssertion, in.ProjectRoleCheck, in.HasProjectCheck, in.PrivateLabelingSetting,
	})
	return &management.UpdateProjectResponse{Details: changed(c, v.Events, v.OrgID)}, err
}

// projectChanged stores a project after one event of its own.
func (p *Provider) projectChanged(c *kernel.Call, v project) project {
	v.touch(v.Events+1, c.Now)
	p.push(c, &v, 1)
	return v
}

// setProjectActive makes a project active or inactive.
func (p *Provider) setProjectActive(c *kernel.Call, id string, active bool) (project, error) {
	v, why := p.project(c, id)
	switch {
	case why != "" && active:
		return v, refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", why)
	case why != "":
		return v, refuse(notFound, "COMMAND-112M9", projectNotFound).Because("%s", why)
	case active && !v.Inactive:
		return v, refuse(failedPrecondition, "COMMAND-5M9bs", "Project is not deactivated").Because("the project is active")
	case !active && v.Inactive:
		return v, refuse(failedPrecondition, "COMMAND-mki55", "Project is not active").Because("the project is inactive already")
	}
	v.Inactive, v.Active = !active, v.Active.with(c, active)
	return p.projectChanged(c, v), nil
}

// deactivateProject makes a project inactive; its applications cannot
// authenticate then.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateProject
func (p *Provider) deactivateProject(c *kernel.Call, in *management.DeactivateProjectRequest) (*management.DeactivateProjectResponse, error) {
	v, err := p.setProjectActive(c, in.Id, false)
	return &management.DeactivateProjectResponse{Details: changed(c, v.Events, v.OrgID)}, err
}

// reactivateProject makes an inactive project active.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ReactivateProject
func (p *Provider) reactivateProject(c *kernel.Call, in *management.ReactivateProjectRequest) (*management.ReactivateProjectResponse, error) {
	v, err := p.setProjectActive(c, in.Id, true)
	return &management.ReactivateProjectResponse{Details: changed(c, v.Events, v.OrgID)}, err
}

// dropProject removes a project with its applications and their keys.
func (p *Provider) dropProject(c *kernel.Call, id string) (project, error) {
	v, why := p.project(c, id)
	if why != "" {
		return v, refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", why)
	}
	for _, a := range rows(p.appsOf.All(c.Tx, v.ID)) {
		p.dropApp(c, a)
	}
	p.membersOf.Delete(c.Tx, v.ID)
	p.rolesOf.Delete(c.Tx, v.ID)
	p.grantsOf.Delete(c.Tx, v.ID)
	for _, g := range rows(p.projectGrants.All(c.Tx)) {
		if g.ProjectID == v.ID {
			p.dropProjectGrant(c, g)
		}
	}
	v.Removed = true
	v.Active = v.Active.with(c, false)
	v = p.projectChanged(c, v)
	if lag.Get(c) == 0 {
		p.projects.Delete(c.Tx, v.ID) // otherwise the OAuth endpoints still see it
	}
	return v, nil
}

// removeProject removes a project with its applications and their keys.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveProject
func (p *Provider) removeProject(c *kernel.Call, in *management.RemoveProjectRequest) (*management.RemoveProjectResponse, error) {
	v, err := p.dropProject(c, in.Id)
	return &management.RemoveProjectResponse{Details: changed(c, v.Events, v.OrgID)}, err
}
