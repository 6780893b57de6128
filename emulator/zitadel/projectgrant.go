package zitadel

import (
	"slices"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"
	projectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// projectGrant lets another organization give its users roles of a project. It
// counts with the project.
type projectGrant struct {
	stamp
	ID, ProjectID, OrgID string // the organization that it is granted to
	RoleKeys             []string
	Inactive             bool
}

// uniqueName is what no other grant has: a project is granted to an organization
// once.
func (g projectGrant) uniqueName() string { return g.ProjectID + "/" + g.OrgID }

func (p *Provider) projectGrantMessage(c *kernel.Call, g projectGrant) *projectv1.GrantedProject {
	v, _ := p.projects.Get(c.Tx, g.ProjectID)
	owner, _ := p.organizations.Get(c.Tx, v.OrgID)
	to, _ := p.organizations.Get(c.Tx, g.OrgID)
	m := &projectv1.GrantedProject{
		GrantId: g.ID, GrantedOrgId: to.ID, GrantedOrgName: to.Name, GrantedRoleKeys: g.RoleKeys,
		State: projectv1.ProjectGrantState_PROJECT_GRANT_STATE_ACTIVE, ProjectId: v.ID, ProjectName: v.Name,
		ProjectOwnerId: owner.ID, ProjectOwnerName: owner.Name, Details: g.details(v.OrgID),
	}
	if g.Inactive {
		m.State = projectv1.ProjectGrantState_PROJECT_GRANT_STATE_INACTIVE
	}
	return m
}

// putProjectGrant stores a grant after an event.
func (p *Provider) putProjectGrant(c *kernel.Call, v project, g projectGrant) project {
	p.push(c, &v, 1)
	g.touch(v.Events, c.Now)
	p.projectGrants.Put(c.Tx, g.ID, g)
	return v
}

// projectGrant returns a grant of a project of the organization that the call works
// in.
func (p *Provider) projectGrant(c *kernel.Call, projectID, id string) (projectGrant, project, error) {
	v, why := p.project(c, projectID)
	g, found := p.projectGrants.Get(c.Tx, id)
	switch {
	case why != "":
		return g, v, refuse(notFound, "PROJECT-D8JxR", projectGrantNotFound).Because("%s", why)
	case !found || g.ProjectID != projectID:
		return g, v, refuse(notFound, "PROJECT-D8JxR", projectGrantNotFound).Because("project %s has no grant %s", projectID, id)
	}
	return g, v, nil
}

// isGrantedTo reports whether a grant gives a project to the organization that the
// call works in.
func (p *Provider) isGrantedTo(c *kernel.Call, g projectGrant, projectID string) bool {
	return g.ID != "" && g.ProjectID == projectID && g.OrgID == orgOf(c)
}

// addProjectGrant grants a project to another organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddProjectGrant
func (p *Provider) addProjectGrant(c *kernel.Call, in *management.AddProjectGrantRequest) (*management.AddProjectGrantResponse, error) {
	v, why := p.project(c, in.ProjectId)
	g := projectGrant{ProjectID: v.ID, OrgID: in.GrantedOrgId, RoleKeys: in.RoleKeys}
	_, isOrg := p.organizations.Get(c.Tx, g.OrgID)
	key, lacks := p.lacksRole(c, v.ID, g.RoleKeys)
	switch other, taken := p.byGrantedOrg.Get(c.Tx, g.uniqueName()); {
	case why != "":
		return nil, refuse(failedPrecondition, "COMMAND-m9gsd", projectNotFound).Because("%s", why)
	case !isOrg:
		return nil, refuse(failedPrecondition, "COMMAND-3m9gg", orgNotFound).Because("there is no organization %s", g.OrgID)
	case lacks:
		return nil, refuse(failedPrecondition, "COMMAND-6m9gd", roleNotFound).Because("the project has no role %q", key)
	case g.OrgID == v.OrgID:
		return nil, refuse(failedPrecondition, "PROJECT-ckUpbvboAH", "Project grant is invalid").Because("the project is this organization's own")
	case taken:
		return nil, nameTaken("Project grant already exists").Because("grant %s is to this organization", other.ID)
	}
	g.ID = p.nextID(c)
	v = p.putProjectGrant(c, v, g)
	return &management.AddProjectGrantResponse{GrantId: g.ID, Details: created(c, v.Events, v.OrgID)}, nil
}

// updateProjectGrant replaces the roles of a grant; users of the other organization
// lose those that are gone.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateProjectGrant
func (p *Provider) updateProjectGrant(c *kernel.Call, in *management.UpdateProjectGrantRequest) (*management.UpdateProjectGrantResponse, error) {
	details, g, err := p.changeProjectGrant(c, in.ProjectId, in.GrantId, func(g *projectGrant) { g.RoleKeys = in.RoleKeys })
	if err != nil {
		return nil, err
	}
	for _, granted := range rows(p.grantsOf.All(c.Tx, g.ProjectID)) {
		kept := without(granted.RoleKeys, func(key string) bool { return !slices.Contains(g.RoleKeys, key) })
		if granted.ProjectGrantID == g.ID && len(kept) < len(granted.RoleKeys) {
			granted.RoleKeys = kept
			p.putGrant(c, granted)
		}
	}
	return &management.UpdateProjectGrantResponse{Details: details}, nil
}

// changeProjectGrant changes a grant. What is so already is no event, and no refusal.
// https://github.com/zitadel/zitadel/blob/main/internal/command/project_grant.go
func (p *Provider) changeProjectGrant(c *kernel.Call, projectID, id string, change func(*projectGrant)) (*objectv1.ObjectDetails, projectGrant, error) {
	g, v, err := p.projectGrant(c, projectID, id)
	now := g
	change(&g)
	if err != nil || now.Inactive == g.Inactive && slices.Equal(now.RoleKeys, g.RoleKeys) {
		return &objectv1.ObjectDetails{Sequence: g.Sequence, ChangeDate: moment(g.Changed), ResourceOwner: v.OrgID}, g, err
	}
	if key, lacks := p.lacksRole(c, v.ID, g.RoleKeys); lacks {
		return nil, g, refuse(failedPrecondition, "COMMAND-6m9gd", roleNotFound).Because("the project has no role %q", key)
	}
	v = p.putProjectGrant(c, v, g)
	return changed(c, v.Events, v.OrgID), g, nil
}

// deactivateProjectGrant takes the roles that a grant gave away for a while.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateProjectGrant
func (p *Provider) deactivateProjectGrant(c *kernel.Call, in *management.DeactivateProjectGrantRequest) (*management.DeactivateProjectGrantResponse, error) {
	details, _, err := p.changeProjectGrant(c, in.ProjectId, in.GrantId, func(g *projectGrant) { g.Inactive = true })
	return &management.DeactivateProjectGrantResponse{Details: details}, err
}

// reactivateProjectGrant gives the roles of a grant back.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ReactivateProjectGrant
func (p *Provider) reactivateProjectGrant(c *kernel.Call, in *management.ReactivateProjectGrantRequest) (*management.ReactivateProjectGrantResponse, error) {
	details, _, err := p.changeProjectGrant(c, in.ProjectId, in.GrantId, func(g *projectGrant) { g.Inactive = false })
	return &management.ReactivateProjectGrantResponse{Details: details}, err
}

// removeProjectGrant takes a project from the organization that it was granted to,
// with what its users had by it.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveProjectGrant
func (p *Provider) removeProjectGrant(c *kernel.Call, in *management.RemoveProjectGrantRequest) (*management.RemoveProjectGrantResponse, error) {
	g, v, err := p.projectGrant(c, in.ProjectId, in.GrantId)
	if err != nil {
		return nil, err
	}
	p.dropProjectGrant(c, g)
	p.push(c, &v, 1)
	return &management.RemoveProjectGrantResponse{Details: changed(c, v.Events, v.OrgID)}, nil
}

func (p *Provider) dropProjectGrant(c *kernel.Call, g projectGrant) {
	drop(c, p.grants, func(u grant) bool { return u.ProjectGrantID == g.ID })
	drop(c, p.members, func(m member) bool { return m.GrantID == g.ID })
	p.projectGrants.Delete(c.Tx, g.ID)
}

// getProjectGrant returns one grant.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetProjectGrantByID
func (p *Provider) getProjectGrant(c *kernel.Call, in *management.GetProjectGrantByIDRequest) (*management.GetProjectGrantByIDResponse, error) {
	g, _, err := p.projectGrant(c, in.ProjectId, in.GrantId)
	if err != nil {
		return nil, refuse(notFound, "QUERY-n98GGs", "Errors.ProjectGrant.NotFound").Because("project %s has no grant %s", in.ProjectId, in.GrantId)
	}
	return &management.GetProjectGrantByIDResponse{ProjectGrant: p.projectGrantMessage(c, g)}, nil
}

// searchProjectGrants gathers the grants that a search is for.
func (p *Provider) searchProjectGrants(c *kernel.Call, q query, wanted func(*projectv1.GrantedProject) bool) *page[*projectv1.GrantedProject] {
	page := newPage[*projectv1.GrantedProject](q)
	for _, g := range p.projectGrants.All(c.Tx) {
		if m := p.projectGrantMessage(c, g); wanted(m) {
			page.processed(g.Sequence)
			page.add(m)
		}
	}
	return page
}

// projectGrantMeets reports whether a condition of a search holds.
func projectGrantMeets(m *projectv1.GrantedProject, q *projectv1.AllProjectGrantQuery) bool {
	switch q := q.Query.(type) {
	case *projectv1.AllProjectGrantQuery_ProjectNameQuery:
		return matches(m.ProjectName, q.ProjectNameQuery.Name, q.ProjectNameQuery.Method)
	case *projectv1.AllProjectGrantQuery_RoleKeyQuery:
		return slices.ContainsFunc(m.GrantedRoleKeys, func(key string) bool { return matches(key, q.RoleKeyQuery.RoleKey, q.RoleKeyQuery.Method) })
	case *projectv1.AllProjectGrantQuery_ProjectIdQuery:
		return m.ProjectId == q.ProjectIdQuery.ProjectId
	case *projectv1.AllProjectGrantQuery_GrantedOrgIdQuery:
		return m.GrantedOrgId == q.GrantedOrgIdQuery.GrantedOrgId
	}
	return true
}

// listProjectGrants searches the grants of a project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListProjectGrants
func (p *Provider) listProjectGrants(c *kernel.Call, in *management.ListProjectGrantsRequest) (*management.ListProjectGrantsResponse, error) {
	page := p.searchProjectGrants(c, in.Query, func(m *projectv1.GrantedProject) bool {
		return m.ProjectOwnerId == orgOf(c) && m.ProjectId == in.ProjectId &&
			all(in.Queries, m, func(m *projectv1.GrantedProject, q *projectv1.ProjectGrantQuery) bool {
				return projectGrantMeets(m, translate(&projectv1.AllProjectGrantQuery{}, q))
			})
	})
	return &management.ListProjectGrantsResponse{Details: page.details(c), Result: page.rows}, page.err
}

// listAllProjectGrants searches the grants of the organization's projects.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListAllProjectGrants
func (p *Provider) listAllProjectGrants(c *kernel.Call, in *management.ListAllProjectGrantsRequest) (*management.ListAllProjectGrantsResponse, error) {
	page := p.searchProjectGrants(c, in.Query, func(m *projectv1.GrantedProject) bool {
		return m.ProjectOwnerId == orgOf(c) && all(in.Queries, m, projectGrantMeets)
	})
	return &management.ListAllProjectGrantsResponse{Details: page.details(c), Result: page.rows}, page.err
}

// getGrantedProject returns a project that is granted to the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetGrantedProjectByID
func (p *Provider) getGrantedProject(c *kernel.Call, in *management.GetGrantedProjectByIDRequest) (*management.GetGrantedProjectByIDResponse, error) {
	g, _ := p.projectGrants.Get(c.Tx, in.GrantId)
	if !p.isGrantedTo(c, g, in.ProjectId) {
		return nil, refuse(notFound, "QUERY-n98GGs", "Errors.ProjectGrant.NotFound").Because("organization %s has no grant %s of project %s", orgOf(c), in.GrantId, in.ProjectId)
	}
	return &management.GetGrantedProjectByIDResponse{GrantedProject: p.projectGrantMessage(c, g)}, nil
}

// listGrantedProjects searches the projects that are granted to the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListGrantedProjects
func (p *Provider) listGrantedProjects(c *kernel.Call, in *management.ListGrantedProjectsRequest) (*management.ListGrantedProjectsResponse, error) {
	page := p.searchProjectGrants(c, in.Query, func(m *projectv1.GrantedProject) bool {
		return m.GrantedOrgId == orgOf(c) && all(in.Queries, m, func(m *projectv1.GrantedProject, q *projectv1.ProjectQuery) bool {
			name, owner := q.GetNameQuery(), q.GetProjectResourceOwnerQuery()
			return (name == nil || matches(m.ProjectName, name.Name, name.Method)) && (owner == nil || m.ProjectOwnerId == owner.ResourceOwner)
		})
	})
	return &management.ListGrantedProjectsResponse{Details: page.details(c), Result: page.rows}, page.err
}
