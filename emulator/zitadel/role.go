package zitadel

import (
	"slices"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"
	projectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// role is what a project lets users be granted.
type role struct {
	stamp
	ProjectID, Key     string
	DisplayName, Group string
}

func (r role) key() string { return r.ProjectID + "/" + r.Key }

func (r role) message(orgID string) *projectv1.Role {
	return &projectv1.Role{Key: r.Key, Details: r.details(orgID), DisplayName: r.DisplayName, Group: r.Group}
}

// newRoles adds roles to a project.
func (p *Provider) newRoles(c *kernel.Call, projectID string, roles ...role) (*objectv1.ObjectDetails, error) {
	v, why := p.project(c, projectID)
	if why != "" {
		return nil, refuse(failedPrecondition, "COMMAND-EbFMN", projectNotFound).Because("%s", why)
	}
	for _, r := range roles {
		r.ProjectID = v.ID
		if _, taken := p.roles.Get(c.Tx, r.key()); taken {
			return nil, nameTaken(roleExists).Because("the project has a role %q", r.Key)
		}
		p.push(c, &v, 1)
		r.touch(v.Events, c.Now)
		p.roles.Put(c.Tx, r.key(), r)
	}
	return created(c, v.Events, v.OrgID), nil
}

// addProjectRole adds a role to a project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddProjectRole
func (p *Provider) addProjectRole(c *kernel.Call, in *management.AddProjectRoleRequest) (*management.AddProjectRoleResponse, error) {
	details, err := p.newRoles(c, in.ProjectId, role{Key: in.RoleKey, DisplayName: in.DisplayName, Group: in.Group})
	return &management.AddProjectRoleResponse{Details: details}, err
}

// bulkAddProjectRoles adds several roles to a project, or none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.BulkAddProjectRoles
func (p *Provider) bulkAddProjectRoles(c *kernel.Call, in *management.BulkAddProjectRolesRequest) (*management.BulkAddProjectRolesResponse, error) {
	var roles []role
	for _, r := range in.Roles {
		roles = append(roles, role{Key: r.Key, DisplayName: r.DisplayName, Group: r.Group})
	}
	details, err := p.newRoles(c, in.ProjectId, roles...)
	return &management.BulkAddProjectRolesResponse{Details: details}, err
}

// role returns a role of a project of the organization that the call works in.
func (p *Provider) role(c *kernel.Call, projectID, key string) (role, project, error) {
	v, why := p.project(c, projectID)
	r, found := p.roles.Get(c.Tx, role{ProjectID: projectID, Key: key}.key())
	switch {
	case why != "":
		return r, v, refuse(notFound, "COMMAND-vv8M9", roleNotExisting).Because("%s", why)
	case !found:
		return r, v, refuse(notFound, "COMMAND-vv8M9", roleNotExisting).Because("the project has no role %q", key)
	}
	return r, v, nil
}

// updateProjectRole changes how a role is called.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateProjectRole
func (p *Provider) updateProjectRole(c *kernel.Call, in *management.UpdateProjectRoleRequest) (*management.UpdateProjectRoleResponse, error) {
	r, v, err := p.role(c, in.ProjectId, in.RoleKey)
	switch {
	case err != nil:
		return nil, err
	case r.DisplayName == in.DisplayName && r.Group == in.Group:
		return nil, refuse(failedPrecondition, "COMMAND-5M0cs", noChanges).Because("the role is like that already")
	}
	r.DisplayName, r.Group = in.DisplayName, in.Group
	p.push(c, &v, 1)
	r.touch(v.Events, c.Now)
	p.roles.Put(c.Tx, r.key(), r)
	return &management.UpdateProjectRoleResponse{Details: changed(c, v.Events, v.OrgID)}, nil
}

// removeProjectRole takes a role away from a project, and from those who were
// granted it.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveProjectRole
func (p *Provider) removeProjectRole(c *kernel.Call, in *management.RemoveProjectRoleRequest) (*management.RemoveProjectRoleResponse, error) {
	r, v, err := p.role(c, in.ProjectId, in.RoleKey)
	if err != nil {
		return nil, err
	}
	p.roles.Delete(c.Tx, r.key())
	isGone := func(key string) bool { return key == r.Key }
	for _, g := range rows(p.grantsOf.All(c.Tx, v.ID)) {
		if slices.Contains(g.RoleKeys, r.Key) {
			g.RoleKeys = without(g.RoleKeys, isGone)
			p.putGrant(c, g)
		}
	}
	for _, g := range rows(p.projectGrants.All(c.Tx)) {
		if g.ProjectID == v.ID && slices.Contains(g.RoleKeys, r.Key) {
			g.RoleKeys = without(g.RoleKeys, isGone)
			v = p.putProjectGrant(c, v, g)
		}
	}
	p.push(c, &v, 1)
	return &management.RemoveProjectRoleResponse{Details: changed(c, v.Events, v.OrgID)}, nil
}

// listProjectRoles searches the roles of a project. One that does not exist has
// none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListProjectRoles
func (p *Provider) listProjectRoles(c *kernel.Call, in *management.ListProjectRolesRequest) (*management.ListProjectRolesResponse, error) {
	page := newPage[*projectv1.Role](in.Query)
	holds := func(r role, q *projectv1.RoleQuery) bool {
		switch {
		case q.GetKeyQuery() != nil:
			return matches(r.Key, q.GetKeyQuery().Key, q.GetKeyQuery().Method)
		case q.GetDisplayNameQuery() != nil:
			return matches(r.DisplayName, q.GetDisplayNameQuery().DisplayName, q.GetDisplayNameQuery().Method)
		}
		return true
	}
	if v, why := p.project(c, in.ProjectId); why == "" {
		page.processed(v.Events)
		for _, r := range p.rolesOf.All(c.Tx, v.ID) {
			if all(in.Queries, r, holds) {
				page.add(r.message(v.OrgID))
			}
		}
	}
	return &management.ListProjectRolesResponse{Details: page.details(c), Result: page.rows}, page.err
}
