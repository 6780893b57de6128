package zitadel

import (
	"slices"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// grant gives a user roles of a project. It counts its own events.
type grant struct {
	stamp
	ID, OrgID         string
	UserID, ProjectID string
	ProjectGrantID    string // by which the organization has the project, if it is another's
	RoleKeys          []string
	Inactive          bool
}

// ofUser is what no other grant has: a user has one of a project in an
// organization.
func (g grant) ofUser() string { return g.OrgID + "/" + g.UserID + "/" + g.ProjectID }

// putGrant stores a grant after an event.
func (p *Provider) putGrant(c *kernel.Call, g grant) grant {
	g.touch(g.Sequence+1, c.Now)
	p.grants.Put(c.Tx, g.ID, g)
	return g
}

func (p *Provider) grantMessage(c *kernel.Call, g grant) *userv1.UserGrant {
	u, _ := p.users.Get(c.Tx, g.UserID)
	v, _ := p.projects.Get(c.Tx, g.ProjectID)
	org, _ := p.organizations.Get(c.Tx, g.OrgID)
	m := &userv1.UserGrant{
		Id: g.ID, Details: g.details(g.OrgID), RoleKeys: g.RoleKeys, State: userv1.UserGrantState_USER_GRANT_STATE_ACTIVE,
		UserId: u.ID, UserName: u.UserName, DisplayName: u.displayName(), OrgId: org.ID, OrgName: org.Name, OrgDomain: org.PrimaryDomain,
		ProjectId: v.ID, ProjectName: v.Name, ProjectGrantId: g.ProjectGrantID, PreferredLoginName: u.UserName, UserType: u.kind(),
	}
	about, email := u.profile()
	m.FirstName, m.LastName, m.Email = about.GetGivenName(), about.GetFamilyName(), email
	if g.Inactive {
		m.State = userv1.UserGrantState_USER_GRANT_STATE_INACTIVE
	}
	return m
}

// lacksRole returns a key that a project has no role of.
func (p *Provider) lacksRole(c *kernel.Call, projectID string, keys []string) (string, bool) {
	for _, key := range keys {
		if _, ok := p.roles.Get(c.Tx, role{ProjectID: projectID, Key: key}.key()); !ok {
			return key, true
		}
	}
	return "", false
}

// lacksGrantable returns a key that a user cannot be granted: of no role of the
// project, or of none that the organization was granted.
func (p *Provider) lacksGrantable(c *kernel.Call, g grant, keys []string) (string, bool) {
	if by, ok := p.projectGrants.Get(c.Tx, g.ProjectGrantID); ok {
		for _, key := range keys {
			if !slices.Contains(by.RoleKeys, key) {
				return key, true
			}
		}
	}
	return p.lacksRole(c, g.ProjectID, keys)
}

// addUserGrant gives a user roles of a project of the organization, or of one that
// is granted to it.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddUserGrant
func (p *Provider) addUserGrant(c *kernel.Call, in *management.AddUserGrantRequest) (*management.AddUserGrantResponse, error) {
	g := grant{OrgID: orgOf(c), UserID: in.UserId, ProjectID: in.ProjectId, RoleKeys: in.RoleKeys}
	_, isUser := p.users.Get(c.Tx, g.UserID)
	_, foreign := p.project(c, g.ProjectID)
	by, _ := p.projectGrants.Get(c.Tx, in.ProjectGrantId)
	isGranted := p.isGrantedTo(c, by, g.ProjectID)
	g.ProjectGrantID = by.ID
	switch {
	case in.ProjectGrantId != "" && !isGranted:
		return nil, refuse(failedPrecondition, "COMMAND-4m9ff", projectGrantNotFound).
			Because("project %s is not granted to organization %s by %q", g.ProjectID, g.OrgID, in.ProjectGrantId)
	case !isUser:
		return nil, refuse(failedPrecondition, "COMMAND-4f8sg", userNotFound).Because("there is no user %s", g.UserID)
	case foreign != "" && !isGranted:
		return nil, refuse(failedPrecondition, "COMMAND-3n77S", projectNotFound).Because("%s", foreign)
	}
	if key, lacks := p.lacksGrantable(c, g, g.RoleKeys); lacks {
		return nil, refuse(failedPrecondition, "COMMAND-mm9F4", roleNotFound).Because("the project has no role %q for the organization", key)
	}
	if other, taken := p.byGrantee.Get(c.Tx, g.ofUser()); taken {
		return nil, nameTaken(grantExists).Because("grant %s is of this user and project", other.ID)
	}
	g.ID = p.nextID(c)
	g = p.putGrant(c, g)
	return &management.AddUserGrantResponse{UserGrantId: g.ID, Details: created(c, g.Sequence, g.OrgID)}, nil
}

// grant returns a grant of a user in the organization that the call works in.
func (p *Provider) grant(c *kernel.Call, userID, id string) (grant, error) {
	g, ok := p.grants.Get(c.Tx, id)
	if !ok || g.UserID != userID || g.OrgID != orgOf(c) {
		return g, refuse(notFound, "COMMAND-3M9sd", grantNotFound).Because("user %s has no grant %s in organization %s", userID, id, orgOf(c))
	}
	return g, nil
}

// updateUserGrant replaces the roles of a grant.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateUserGrant
func (p *Provider) updateUserGrant(c *kernel.Call, in *management.UpdateUserGrantRequest) (*management.UpdateUserGrantResponse, error) {
	g, err := p.grant(c, in.UserId, in.GrantId)
	if err != nil {
		return nil, err
	}
	if slices.Equal(g.RoleKeys, in.RoleKeys) {
		return nil, refuse(failedPrecondition, "COMMAND-Rs8fy", grantNotChanged).Because("the grant has these roles already")
	}
	if key, lacks := p.lacksGrantable(c, g, in.RoleKeys); lacks {
		return nil, refuse(failedPrecondition, "COMMAND-mm9F4", roleNotFound).Because("the project has no role %q for the organization", key)
	}
	g.RoleKeys = in.RoleKeys
	g = p.putGrant(c, g)
	return &management.UpdateUserGrantResponse{Details: changed(c, g.Sequence, g.OrgID)}, nil
}

// setGrantActive makes a grant active or inactive.
func (p *Provider) setGrantActive(c *kernel.Call, userID, id string, active bool) (grant, error) {
	g, err := p.grant(c, userID, id)
	switch {
	case err != nil:
		return g, err
	case active && !g.Inactive:
		return g, refuse(failedPrecondition, "COMMAND-1ML0v", "User grant is not deactivated").Because("the grant is active")
	case !active && g.Inactive:
		return g, refuse(failedPrecondition, "COMMAND-1S9gx", "User grant is not active").Because("the grant is inactive already")
	}
	g.Inactive = !active
	return p.putGrant(c, g), nil
}

// deactivateUserGrant takes the roles of a grant away for a while.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateUserGrant
func (p *Provider) deactivateUserGrant(c *kernel.Call, in *management.DeactivateUserGrantRequest) (*management.DeactivateUserGrantResponse, error) {
	g, err := p.setGrantActive(c, in.UserId, in.GrantId, false)
	return &management.DeactivateUserGrantResponse{Details: changed(c, g.Sequence, g.OrgID)}, err
}

// reactivateUserGrant gives the roles of a grant back.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ReactivateUserGrant
func (p *Provider) reactivateUserGrant(c *kernel.Call, in *management.ReactivateUserGrantRequest) (*management.ReactivateUserGrantResponse, error) {
	g, err := p.setGrantActive(c, in.UserId, in.GrantId, true)
	return &management.ReactivateUserGrantResponse{Details: changed(c, g.Sequence, g.OrgID)}, err
}

// removeUserGrant takes a grant away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveUserGrant
func (p *Provider) removeUserGrant(c *kernel.Call, in *management.RemoveUserGrantRequest) (*management.RemoveUserGrantResponse, error) {
	g, err := p.grant(c, in.UserId, in.GrantId)
	if err != nil {
		return nil, err
	}
	p.grants.Delete(c.Tx, g.ID)
	return &management.RemoveUserGrantResponse{Details: changed(c, g.Sequence+1, g.OrgID)}, nil
}

// getUserGrant returns one grant.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetUserGrantByID
func (p *Provider) getUserGrant(c *kernel.Call, in *management.GetUserGrantByIDRequest) (*management.GetUserGrantByIDResponse, error) {
	g, err := p.grant(c, in.UserId, in.GrantId)
	if err != nil {
		return nil, refuse(notFound, "QUERY-wIPkA", grantNotFound).Because("user %s has no grant %s", in.UserId, in.GrantId)
	}
	return &management.GetUserGrantByIDResponse{UserGrant: p.grantMessage(c, g)}, nil
}

// grantMeets reports whether a condition of a search holds, in the grant as it is
// shown.
func grantMeets(g *userv1.UserGrant, q *userv1.UserGrantQuery) bool {
	switch q := q.Query.(type) {
	case *userv1.UserGrantQuery_ProjectIdQuery:
		return g.ProjectId == q.ProjectIdQuery.ProjectId
	case *userv1.UserGrantQuery_UserIdQuery:
		return g.UserId == q.UserIdQuery.UserId
	case *userv1.UserGrantQuery_RoleKeyQuery:
		return slices.ContainsFunc(g.RoleKeys, func(key string) bool { return matches(key, q.RoleKeyQuery.RoleKey, q.RoleKeyQuery.Method) })
	case *userv1.UserGrantQuery_ProjectGrantIdQuery:
		return g.ProjectGrantId == q.ProjectGrantIdQuery.ProjectGrantId
	case *userv1.UserGrantQuery_UserNameQuery:
		return matches(g.UserName, q.UserNameQuery.UserName, q.UserNameQuery.Method)
	case *userv1.UserGrantQuery_FirstNameQuery:
		return matches(g.FirstName, q.FirstNameQuery.FirstName, q.FirstNameQuery.Method)
	case *userv1.UserGrantQuery_LastNameQuery:
		return matches(g.LastName, q.LastNameQuery.LastName, q.LastNameQuery.Method)
	case *userv1.UserGrantQuery_EmailQuery:
		return matches(g.Email, q.EmailQuery.Email, q.EmailQuery.Method)
	case *userv1.UserGrantQuery_OrgNameQuery:
		return matches(g.OrgName, q.OrgNameQuery.OrgName, q.OrgNameQuery.Method)
	case *userv1.UserGrantQuery_OrgDomainQuery:
		return matches(g.OrgDomain, q.OrgDomainQuery.OrgDomain, q.OrgDomainQuery.Method)
	case *userv1.UserGrantQuery_ProjectNameQuery:
		return matches(g.ProjectName, q.ProjectNameQuery.ProjectName, q.ProjectNameQuery.Method)
	case *userv1.UserGrantQuery_DisplayNameQuery:
		return matches(g.DisplayName, q.DisplayNameQuery.DisplayName, q.DisplayNameQuery.Method)
	case *userv1.UserGrantQuery_UserTypeQuery:
		return g.UserType == q.UserTypeQuery.Type
	case *userv1.UserGrantQuery_InUserIdsQuery:
		return slices.Contains(q.InUserIdsQuery.InUserIds, g.UserId)
	case *userv1.UserGrantQuery_WithGrantedQuery:
		return true
	}
	return q.Query == nil
}

// listUserGrants searches the grants of an organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListUserGrants
func (p *Provider) listUserGrants(c *kernel.Call, in *management.ListUserGrantRequest) (*management.ListUserGrantResponse, error) {
	page := newPage[*userv1.UserGrant](in.Query)
	for _, g := range p.grants.All(c.Tx) {
		if m := p.grantMessage(c, g); g.OrgID == orgOf(c) && all(in.Queries, m, grantMeets) {
			page.processed(g.Sequence)
			page.add(m)
		}
	}
	return &management.ListUserGrantResponse{Details: page.details(c), Result: page.rows}, page.err
}

// drop takes the rows out that are gone with something else.
func drop[V any](c *kernel.Call, from *store.Table[V], gone func(V) bool) {
	var keys []string
	for key, row := range from.All(c.Tx) {
		if gone(row) {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		from.Delete(c.Tx, key)
	}
}

// without is a list of roles without those that are gone.
func without(keys []string, gone func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(keys), gone)
}

// The claims with a user's roles: of the project that asks, and of each that is
// asked for.
const (
	rolesScope  = "urn:zitadel:iam:org:project:roles"
	rolesOfAll  = "urn:zitadel:iam:org:projects:roles"
	roleScope   = "urn:zitadel:iam:org:project:role:"
	rolesPrefix = "urn:zitadel:iam:org:project:"
)

// roleClaims are the roles of a user: by key, the domain of each organization that
// grants it, by its id.
type roleClaims map[string]map[string]map[string]string

// rolesFor gathers a user's roles of the projects that scopes ask for, as claims.
// Of is the project that asks.
// https://zitadel.com/docs/guides/integrate/retrieve-user-roles
func (p *Provider) rolesFor(c *kernel.Call, userID, of string, scopes, audience []string, asserted bool) roleClaims {
	claims := roleClaims{}
	ofAll := slices.Contains(scopes, rolesOfAll)
	for _, g := range p.grants.All(c.Tx) {
		if g.UserID != userID || g.Inactive || g.ProjectID != of && !(ofAll && slices.Contains(audience, g.ProjectID)) {
			continue
		}
		if by, ok := p.projectGrants.Get(c.Tx, g.ProjectGrantID); ok && by.Inactive {
			continue
		}
		org, _ := p.organizations.Get(c.Tx, g.OrgID)
		for _, key := range g.RoleKeys {
			if !asserted && !ofAll && !slices.Contains(scopes, rolesScope) && !slices.Contains(scopes, roleScope+key) {
				continue
			}
			names := []string{rolesPrefix + g.ProjectID + ":roles"}
			if g.ProjectID == of {
				names = append(names, rolesScope)
			}
			for _, name := range names {
				if claims[name] == nil {
					claims[name] = map[string]map[string]string{}
				}
				if claims[name][key] == nil {
					claims[name][key] = map[string]string{}
				}
				claims[name][key][org.ID] = org.PrimaryDomain
			}
		}
	}
	return claims
}
