package zitadel

import (
	"cmp"
	"slices"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	memberv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/member"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A scope is what members are of: the instance, an organization, a project, or a
// project as it is granted to another organization.
type scope struct {
	orgID, projectID, grantID string
	prefix                    string // of its roles
	owner                     string // the organization that details name
	missing                   error  // why there is no such scope
}

func (s scope) of(userID string) member {
	return member{UserID: userID, OrgID: s.orgID, ProjectID: s.projectID, GrantID: s.grantID}
}

func instanceScope(c *kernel.Call) scope { return scope{prefix: "IAM_", owner: orgOf(c)} }

func orgScope(c *kernel.Call) scope {
	return scope{orgID: orgOf(c), prefix: "ORG_", owner: orgOf(c)}
}

// projectScope is that of a project of the organization that the call works in.
func (p *Provider) projectScope(c *kernel.Call, id string) scope {
	v, ok := p.project(c, id)
	if !ok {
		return scope{missing: refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", p.whyNoProject(c, id))}
	}
	return scope{projectID: v.ID, prefix: "PROJECT_", owner: v.OrgID}
}

// grantScope is that of a project that is granted to another organization.
func (p *Provider) grantScope(c *kernel.Call, projectID, id string) scope {
	g, v, err := p.projectGrant(c, projectID, id)
	if err != nil && p.isGrantedTo(c, g, projectID) {
		v.OrgID, err = orgOf(c), nil
	}
	return scope{projectID: projectID, grantID: id, prefix: "PROJECT_GRANT_", owner: v.OrgID, missing: err}
}

// setMember adds a member, or replaces the roles of one.
func (p *Provider) setMember(c *kernel.Call, s scope, userID string, roles []string, isNew bool) (*objectv1.ObjectDetails, error) {
	m := s.of(userID)
	known, ok := p.members.Get(c.Tx, m.key())
	_, isUser := p.users.Get(c.Tx, userID)
	wrong := slices.IndexFunc(roles, func(role string) bool { return len(role) < len(s.prefix) || role[:len(s.prefix)] != s.prefix })
	switch {
	case s.missing != nil:
		return nil, s.missing
	case len(roles) == 0:
		return nil, refuse(invalidArgument, "V2-PfYhb", invalidMember).Because("a member needs a role")
	case wrong >= 0:
		return nil, refuse(invalidArgument, "Org-4N8es", invalidMember).Because("%q is no role here: they begin with %s", roles[wrong], s.prefix)
	case !isUser:
		return nil, refuse(failedPrecondition, "ORG-GoXOn", userNotFound).Because("there is no user %s", userID)
	case isNew && ok:
		return nil, nameTaken(memberExists).Because("user %s is a member already", userID)
	case !isNew && !ok:
		return nil, refuse(notFound, "Org-D8JxR", memberNotFound).Because("user %s is no member", userID)
	case !isNew && slices.Equal(known.Roles, roles):
		return nil, refuse(failedPrecondition, "Org-LiaZi", noChanges).Because("the member has these roles already")
	}
	m.stamp, m.Roles = known.stamp, roles
	m.touch(m.Sequence+1, c.Now)
	p.members.Put(c.Tx, m.key(), m)
	if isNew {
		return created(c, m.Sequence, s.owner), nil
	}
	return changed(c, m.Sequence, s.owner), nil
}

// removeMember takes a member's roles away. One that there is not is removed
// already.
func (p *Provider) removeMember(c *kernel.Call, s scope, userID string) (*objectv1.ObjectDetails, error) {
	m, _ := p.members.Get(c.Tx, s.of(userID).key())
	p.members.Delete(c.Tx, s.of(userID).key())
	return changed(c, m.Sequence+1, s.owner), s.missing
}

// listMembers searches the members of a scope.
func (p *Provider) listMembers(c *kernel.Call, s scope, q query, conditions []*memberv1.SearchQuery) (*page[*memberv1.Member], error) {
	page, err := newPage[*memberv1.Member](q)
	if err = cmp.Or(s.missing, err); err != nil {
		return nil, err
	}
	holds := func(m *memberv1.Member, q *memberv1.SearchQuery) bool {
		switch q := q.Query.(type) {
		case *memberv1.SearchQuery_UserIdQuery:
			return m.UserId == q.UserIdQuery.UserId
		case *memberv1.SearchQuery_FirstNameQuery:
			return matches(m.FirstName, q.FirstNameQuery.FirstName, q.FirstNameQuery.Method)
		case *memberv1.SearchQuery_LastNameQuery:
			return matches(m.LastName, q.LastNameQuery.LastName, q.LastNameQuery.Method)
		case *memberv1.SearchQuery_EmailQuery:
			return matches(m.Email, q.EmailQuery.Email, q.EmailQuery.Method)
		}
		return true
	}
	for _, m := range p.members.All(c.Tx) {
		if m.OrgID != s.orgID || m.ProjectID != s.projectID || m.GrantID != s.grantID {
			continue
		}
		u, _ := p.users.Get(c.Tx, m.UserID)
		about, email := u.profile()
		shown := &memberv1.Member{
			UserId: u.ID, Details: m.details(s.owner), Roles: m.Roles, PreferredLoginName: u.UserName, DisplayName: u.displayName(),
			FirstName: about.GetGivenName(), LastName: about.GetFamilyName(), Email: email,
			UserType: u.kind(), UserResourceOwner: u.OrgID,
		}
		if all(conditions, shown, holds) {
			page.processed(m.Sequence)
			page.add(shown)
		}
	}
	return page, nil
}

// addIAMMember gives a user roles in the instance.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.AddIAMMember
func (p *Provider) addIAMMember(c *kernel.Call, in *admin.AddIAMMemberRequest) (*admin.AddIAMMemberResponse, error) {
	details, err := p.setMember(c, instanceScope(c), in.UserId, in.Roles, true)
	return &admin.AddIAMMemberResponse{Details: details}, err
}

// updateIAMMember replaces a user's roles in the instance.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.UpdateIAMMember
func (p *Provider) updateIAMMember(c *kernel.Call, in *admin.UpdateIAMMemberRequest) (*admin.UpdateIAMMemberResponse, error) {
	details, err := p.setMember(c, instanceScope(c), in.UserId, in.Roles, false)
	return &admin.UpdateIAMMemberResponse{Details: details}, err
}

// removeIAMMember takes a user's roles in the instance away.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.RemoveIAMMember
func (p *Provider) removeIAMMember(c *kernel.Call, in *admin.RemoveIAMMemberRequest) (*admin.RemoveIAMMemberResponse, error) {
	details, err := p.removeMember(c, instanceScope(c), in.UserId)
	return &admin.RemoveIAMMemberResponse{Details: details}, err
}

// listIAMMembers searches the members of the instance.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.ListIAMMembers
func (p *Provider) listIAMMembers(c *kernel.Call, in *admin.ListIAMMembersRequest) (*admin.ListIAMMembersResponse, error) {
	page, err := p.listMembers(c, instanceScope(c), in.Query, in.Queries)
	if err != nil {
		return nil, err
	}
	return &admin.ListIAMMembersResponse{Details: page.details(c), Result: page.rows}, nil
}

// addOrgMember gives a user roles in the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddOrgMember
func (p *Provider) addOrgMember(c *kernel.Call, in *management.AddOrgMemberRequest) (*management.AddOrgMemberResponse, error) {
	details, err := p.setMember(c, orgScope(c), in.UserId, in.Roles, true)
	return &management.AddOrgMemberResponse{Details: details}, err
}

// updateOrgMember replaces a user's roles in the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateOrgMember
func (p *Provider) updateOrgMember(c *kernel.Call, in *management.UpdateOrgMemberRequest) (*management.UpdateOrgMemberResponse, error) {
	details, err := p.setMember(c, orgScope(c), in.UserId, in.Roles, false)
	return &management.UpdateOrgMemberResponse{Details: details}, err
}

// removeOrgMember takes a user's roles in the organization away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveOrgMember
func (p *Provider) removeOrgMember(c *kernel.Call, in *management.RemoveOrgMemberRequest) (*management.RemoveOrgMemberResponse, error) {
	details, err := p.removeMember(c, orgScope(c), in.UserId)
	return &management.RemoveOrgMemberResponse{Details: details}, err
}

// listOrgMembers searches the members of the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListOrgMembers
func (p *Provider) listOrgMembers(c *kernel.Call, in *management.ListOrgMembersRequest) (*management.ListOrgMembersResponse, error) {
	page, err := p.listMembers(c, orgScope(c), in.Query, in.Queries)
	if err != nil {
		return nil, err
	}
	return &management.ListOrgMembersResponse{Details: page.details(c), Result: page.rows}, nil
}

// addProjectMember gives a user roles in a project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddProjectMember
func (p *Provider) addProjectMember(c *kernel.Call, in *management.AddProjectMemberRequest) (*management.AddProjectMemberResponse, error) {
	details, err := p.setMember(c, p.projectScope(c, in.ProjectId), in.UserId, in.Roles, true)
	return &management.AddProjectMemberResponse{Details: details}, err
}

// updateProjectMember replaces a user's roles in a project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateProjectMember
func (p *Provider) updateProjectMember(c *kernel.Call, in *management.UpdateProjectMemberRequest) (*management.UpdateProjectMemberResponse, error) {
	details, err := p.setMember(c, p.projectScope(c, in.ProjectId), in.UserId, in.Roles, false)
	return &management.UpdateProjectMemberResponse{Details: details}, err
}

// removeProjectMember takes a user's roles in a project away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveProjectMember
func (p *Provider) removeProjectMember(c *kernel.Call, in *management.RemoveProjectMemberRequest) (*management.RemoveProjectMemberResponse, error) {
	details, err := p.removeMember(c, p.projectScope(c, in.ProjectId), in.UserId)
	return &management.RemoveProjectMemberResponse{Details: details}, err
}

// listProjectMembers searches the members of a project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListProjectMembers
func (p *Provider) listProjectMembers(c *kernel.Call, in *management.ListProjectMembersRequest) (*management.ListProjectMembersResponse, error) {
	page, err := p.listMembers(c, p.projectScope(c, in.ProjectId), in.Query, in.Queries)
	if err != nil {
		return nil, err
	}
	return &management.ListProjectMembersResponse{Details: page.details(c), Result: page.rows}, nil
}

// addProjectGrantMember gives a user roles in a granted project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddProjectGrantMember
func (p *Provider) addProjectGrantMember(c *kernel.Call, in *management.AddProjectGrantMemberRequest) (*management.AddProjectGrantMemberResponse, error) {
	details, err := p.setMember(c, p.grantScope(c, in.ProjectId, in.GrantId), in.UserId, in.Roles, true)
	return &management.AddProjectGrantMemberResponse{Details: details}, err
}

// updateProjectGrantMember replaces a user's roles in a granted project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateProjectGrantMember
func (p *Provider) updateProjectGrantMember(c *kernel.Call, in *management.UpdateProjectGrantMemberRequest) (*management.UpdateProjectGrantMemberResponse, error) {
	details, err := p.setMember(c, p.grantScope(c, in.ProjectId, in.GrantId), in.UserId, in.Roles, false)
	return &management.UpdateProjectGrantMemberResponse{Details: details}, err
}

// removeProjectGrantMember takes a user's roles in a granted project away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveProjectGrantMember
func (p *Provider) removeProjectGrantMember(c *kernel.Call, in *management.RemoveProjectGrantMemberRequest) (*management.RemoveProjectGrantMemberResponse, error) {
	details, err := p.removeMember(c, p.grantScope(c, in.ProjectId, in.GrantId), in.UserId)
	return &management.RemoveProjectGrantMemberResponse{Details: details}, err
}

// listProjectGrantMembers searches the members of a granted project.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListProjectGrantMembers
func (p *Provider) listProjectGrantMembers(c *kernel.Call, in *management.ListProjectGrantMembersRequest) (*management.ListProjectGrantMembersResponse, error) {
	page, err := p.listMembers(c, p.grantScope(c, in.ProjectId, in.GrantId), in.Query, in.Queries)
	if err != nil {
		return nil, err
	}
	return &management.ListProjectGrantMembersResponse{Details: page.details(c), Result: page.rows}, nil
}
