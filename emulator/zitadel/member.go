package zitadel

import (
	"cmp"
	"slices"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	memberv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/member"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"
	"google.golang.org/protobuf/proto"

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

// A scopeOf says which members a request is about.
type scopeOf func(*kernel.Call, proto.Message) scope

// The requests about members, whatever the scope.
type (
	memberRequest interface {
		proto.Message
		GetUserId() string
	}
	rolesRequest interface {
		memberRequest
		GetRoles() []string
	}
	membersRequest interface {
		proto.Message
		GetQuery() *objectv1.ListQuery
		GetQueries() []*memberv1.SearchQuery
	}
)

func (s scope) of(userID string) member {
	return member{UserID: userID, OrgID: s.orgID, ProjectID: s.projectID, GrantID: s.grantID}
}

func instanceScope(c *kernel.Call, _ proto.Message) scope {
	return scope{prefix: "IAM_", owner: orgOf(c)}
}

func orgScope(c *kernel.Call, _ proto.Message) scope {
	return scope{orgID: orgOf(c), prefix: "ORG_", owner: orgOf(c)}
}

// projectScope is that of a project of the organization that the call works in.
func (p *Provider) projectScope(c *kernel.Call, in proto.Message) scope {
	v, why := p.project(c, in.(interface{ GetProjectId() string }).GetProjectId())
	if why != "" {
		return scope{missing: refuse(notFound, "COMMAND-3M9sd", projectNotFound).Because("%s", why)}
	}
	return scope{projectID: v.ID, prefix: "PROJECT_", owner: v.OrgID}
}

// grantScope is that of a project that is granted to another organization.
func (p *Provider) grantScope(c *kernel.Call, in proto.Message) scope {
	of := in.(interface{ GetProjectId() string }).GetProjectId()
	by := in.(interface{ GetGrantId() string }).GetGrantId()
	g, v, err := p.projectGrant(c, of, by)
	if err != nil && p.isGrantedTo(c, g, of) {
		v.OrgID, err = orgOf(c), nil
	}
	return scope{projectID: of, grantID: by, prefix: "PROJECT_GRANT_", owner: v.OrgID, missing: err}
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

// membersIn searches the members of a scope.
func (p *Provider) membersIn(c *kernel.Call, s scope, q query, conditions []*memberv1.SearchQuery) *page[*memberv1.Member] {
	page := newPage[*memberv1.Member](q)
	page.err = cmp.Or(s.missing, page.err)
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
	return page
}

// Every scope has the same four methods. Their messages differ in name alone.

// addMember gives a user roles in a scope.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddOrgMember
func addMember[In rolesRequest, Out any, POut messageOf[Out]](p *Provider, in scopeOf) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, sent In) (POut, error) {
		details, err := p.setMember(c, in(c, sent), sent.GetUserId(), sent.GetRoles(), true)
		return translate(POut(new(Out)), &management.AddOrgMemberResponse{Details: details}), err
	}
}

// updateMember replaces a user's roles in a scope.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateOrgMember
func updateMember[In rolesRequest, Out any, POut messageOf[Out]](p *Provider, in scopeOf) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, sent In) (POut, error) {
		details, err := p.setMember(c, in(c, sent), sent.GetUserId(), sent.GetRoles(), false)
		return translate(POut(new(Out)), &management.UpdateOrgMemberResponse{Details: details}), err
	}
}

// removeMember takes a user's roles in a scope away. Those that there are not are
// removed already.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveOrgMember
func removeMember[In memberRequest, Out any, POut messageOf[Out]](p *Provider, in scopeOf) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, sent In) (POut, error) {
		s := in(c, sent)
		m, _ := p.members.Get(c.Tx, s.of(sent.GetUserId()).key())
		p.members.Delete(c.Tx, s.of(sent.GetUserId()).key())
		details := changed(c, m.Sequence+1, s.owner)
		return translate(POut(new(Out)), &management.RemoveOrgMemberResponse{Details: details}), s.missing
	}
}

// listMembers searches the members of a scope.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListOrgMembers
func listMembers[In membersRequest, Out any, POut messageOf[Out]](p *Provider, in scopeOf) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, sent In) (POut, error) {
		page := p.membersIn(c, in(c, sent), sent.GetQuery(), sent.GetQueries())
		return translate(POut(new(Out)), &management.ListOrgMembersResponse{Details: page.details(c), Result: page.rows}), page.err
	}
}
