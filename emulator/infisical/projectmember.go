package infisical

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// projectMember is an identity's membership of a project: what it may do there.
type projectMember struct {
	ID, ProjectID, IdentityID string
	Roles                     []memberRole
	CreatedAt, UpdatedAt      time.Time
}

// memberRole is one role of a member, for good or for a while.
type memberRole struct {
	ID, Slug string
	span
	CreatedAt, UpdatedAt time.Time
}

// A span is how long something lasts: for good, or from a moment for a while.
type span struct {
	Temporary   bool
	Range       string
	From, Until time.Time
}

// spanInput is a span as it is sent.
type spanInput struct {
	IsTemporary bool      `json:"isTemporary"`
	Range       string    `json:"temporaryRange"`
	Start       time.Time `json:"temporaryAccessStartTime"`
}

type spanBody struct {
	IsTemporary              bool           `json:"isTemporary"`
	TemporaryMode            *string        `json:"temporaryMode"`
	TemporaryRange           *string        `json:"temporaryRange"`
	TemporaryAccessStartTime *kit.Timestamp `json:"temporaryAccessStartTime"`
	TemporaryAccessEndTime   *kit.Timestamp `json:"temporaryAccessEndTime"`
}

// relative is the only mode of spans that end.
const relative = "relative"

func (in spanInput) span() (span, error) {
	if !in.IsTemporary {
		return span{}, nil
	}
	lasts, err := parseRange(in.Range)
	return span{true, in.Range, in.Start, in.Start.Add(lasts)}, err
}

// at reports whether it lasts at a moment.
func (s span) at(now time.Time) bool {
	return !s.Temporary || !now.Before(s.From) && now.Before(s.Until)
}

func (s span) body() spanBody {
	if !s.Temporary {
		return spanBody{}
	}
	mode := relative
	return spanBody{true, &mode, &s.Range, kit.Nullable(s.From), kit.Nullable(s.Until)}
}

// memberRoleInput is a role as it is sent.
type memberRoleInput struct {
	Role string `json:"role"`
	spanInput
}

type memberRoleBody struct {
	ID             string  `json:"id"`
	Role           string  `json:"role"`
	CustomRoleID   *string `json:"customRoleId"`
	CustomRoleName *string `json:"customRoleName"`
	CustomRoleSlug *string `json:"customRoleSlug"`
	spanBody
	CreatedAt kit.Timestamp `json:"createdAt"`
	UpdatedAt kit.Timestamp `json:"updatedAt"`
}

type memberBody struct {
	ID         string           `json:"id"`
	CreatedAt  kit.Timestamp    `json:"createdAt"`
	UpdatedAt  kit.Timestamp    `json:"updatedAt"`
	ProjectID  string           `json:"projectId"`
	IdentityID string           `json:"identityId"`
	Roles      []memberRoleBody `json:"roles"`
	Identity   memberIdentity   `json:"identity"`
	Project    memberProject    `json:"project"`
}

type memberIdentity struct {
	ID                  string   `json:"id"`
	Name                string   `json:"name"`
	HasDeleteProtection bool     `json:"hasDeleteProtection"`
	OrgID               string   `json:"orgId"`
	ProjectID           *string  `json:"projectId"`
	AuthMethods         []string `json:"authMethods"`
}

type memberProject struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

func (p *Provider) showRoles(c *kernel.Call, m projectMember) []memberRoleBody {
	list := []memberRoleBody{}
	for _, r := range m.Roles {
		body := memberRoleBody{ID: r.ID, Role: r.Slug, CreatedAt: kit.Timestamp(r.CreatedAt), UpdatedAt: kit.Timestamp(r.UpdatedAt), spanBody: r.span.body()}
		if own, ok := p.roleBySlug.Get(c.Tx, key(m.ProjectID, r.Slug)); ok {
			body.Role, body.CustomRoleID, body.CustomRoleName, body.CustomRoleSlug = customRoleName, &own.ID, &own.Name, &own.Slug
		}
		list = append(list, body)
	}
	return list
}

// customRoleName stands where a role's slug does for one of the scope's own.
const customRoleName = "custom"

func (p *Provider) showMember(c *kernel.Call, m projectMember) any {
	id, _ := p.identities.Get(c.Tx, m.IdentityID)
	project, _ := p.projects.Get(c.Tx, m.ProjectID)
	identity := id.body()
	return memberBody{
		m.ID, kit.Timestamp(m.CreatedAt), kit.Timestamp(m.UpdatedAt), m.ProjectID, m.IdentityID, p.showRoles(c, m),
		memberIdentity{id.ID, id.Name, id.HasDeleteProtection, id.OrganizationID, identity.ProjectID, p.authMethods(c, id)},
		memberProject{project.ID, project.Name, project.Slug},
	}
}

type memberInput struct {
	Role  *string           `json:"role"`
	Roles []memberRoleInput `json:"roles"`
}

// memberResource are the identities of a project.
// https://infisical.com/docs/api-reference/endpoints/project-identities/add-identity-membership
func (p *Provider) memberResource() kit.Resource[projectMember, memberInput] {
	return kit.Resource[projectMember, memberInput]{
		Rows: p.membersOf, Key: func(m projectMember) string { return m.ID }, Path: "identityId",
		Enter: inProject[memberInput](p, subjectIdentity),
		Find: func(c *kernel.Call, project, identity string) (projectMember, bool) {
			return p.memberByPlace.Get(c.Tx, key(project, identity))
		},
		New: func(c *kernel.Call, project string) projectMember { return newMember(c, project, c.Vars["identityId"]) },
		Assign: func(c *kernel.Call, m *projectMember, in memberInput) error {
			if _, err := p.identity(c, m.IdentityID, "Failed to find identity with id %s"); err != nil {
				return err
			}
			if in.Role != nil && in.Roles == nil {
				in.Roles = []memberRoleInput{{Role: *in.Role}}
			}
			return p.assignRoles(c, m, in.Roles)
		},
		Show:    p.showMember,
		Missing: func(id string) error { return notFound("Identity with ID '%s' is not a member of the project", id) },
		Taken: func(m projectMember, _ string) error {
			return badRequest("Identity with ID %s already exists in project with ID %s", m.IdentityID, m.ProjectID)
		},
		Guard: func(c *kernel.Call, do kit.Action, m projectMember) error {
			if do == kit.Delete {
				p.privilegesOf.Delete(c.Tx, m.ID)
			}
			return nil
		},
		Answer: func(do kit.Action, shown any) any {
			if do == kit.Edit {
				return map[string]any{"roles": shown.(memberBody).Roles}
			}
			return map[string]any{"identityMembership": shown}
		},
		Page: allUnder("identityMemberships"),
	}
}

// getMembership finds a membership of any project by its own id.
// https://github.com/Infisical/terraform-provider-infisical/blob/main/internal/client/project_identity.go
func (p *Provider) getMembership(c *kernel.Call, in struct {
	ID string `path:"membershipId" json:"-"`
}) (any, error) {
	m, ok := p.members.Get(c.Tx, in.ID)
	if !ok {
		return nil, notFound("Project membership with ID '%s' not found", in.ID)
	}
	c.Vars["projectId"], c.Vars["identityId"] = m.ProjectID, m.IdentityID
	return p.memberResource().Get(c, memberInput{})
}

func newMember(c *kernel.Call, project, identity string) projectMember {
	return projectMember{ID: c.Draw("project-membership").UUID(), ProjectID: project, IdentityID: identity, CreatedAt: c.Now}
}

// assignRoles sets a member's roles, the least of all where none is sent.
func (p *Provider) assignRoles(c *kernel.Call, m *projectMember, in []memberRoleInput) error {
	if len(in) == 0 {
		in = []memberRoleInput{{Role: roleNoAccess}}
	}
	m.Roles, m.UpdatedAt = nil, c.Now
	for _, r := range in {
		if _, ok := p.roleNamed(c, m.ProjectID, r.Role); !ok {
			return notFound(unknownRole, r.Role)
		}
		lasts, err := r.span()
		if err != nil {
			return err
		}
		m.Roles = append(m.Roles, memberRole{c.Draw("member-role").UUID(), r.Role, lasts, c.Now, c.Now})
	}
	return nil
}

// parseRange reads how long a role lasts: a number and s, m, h, d, w or y.
func parseRange(text string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'y': 365 * 24 * time.Hour}
	if n := len(text); n > 1 {
		if count, err := strconv.ParseUint(text[:n-1], 10, 16); err == nil && count > 0 && units[text[n-1]] > 0 {
			return min(time.Duration(count), 1<<62/units[text[n-1]]) * units[text[n-1]], nil
		}
	}
	return 0, validation(custom{"custom", "Temporary range must be a positive number", []any{"temporaryRange"}}).
		Because("temporaryRange %q is not a number and one of s, m, h, d, w and y", text)
}

// privilege is what one identity may do in a project beside its roles.
type privilege struct {
	ID, MemberID      string
	Slug, Permissions string
	span
	CreatedAt, UpdatedAt time.Time
}

type privilegeInput struct {
	ProjectID   string          `json:"projectId"`
	IdentityID  string          `json:"identityId"`
	Slug        *string         `json:"slug"`
	Permissions json.RawMessage `json:"permissions"`
	Type        *spanInput      `json:"type"`
}

type privilegeBody struct {
	ID                  string `json:"id"`
	Slug                string `json:"slug"`
	ProjectMembershipID string `json:"projectMembershipId"`
	spanBody
	CreatedAt   kit.Timestamp   `json:"createdAt"`
	UpdatedAt   kit.Timestamp   `json:"updatedAt"`
	Permissions json.RawMessage `json:"permissions"`
}

// privilegeResource are the specific privileges of a project's members; a row is
// found by its id alone.
// https://infisical.com/docs/api-reference/endpoints/identity-specific-privilege/v2/create
func (p *Provider) privilegeResource() kit.Resource[privilege, privilegeInput] {
	return kit.Resource[privilege, privilegeInput]{
		Rows: p.privilegesOf, Key: func(v privilege) string { return v.ID }, Path: "privilegeId",
		Enter: func(c *kernel.Call, do kit.Action, in privilegeInput) (string, error) {
			m, ok := p.memberByPlace.Get(c.Tx, key(in.ProjectID, in.IdentityID))
			if do != kit.Create {
				v, _ := p.privileges.Get(c.Tx, c.Vars["privilegeId"])
				m, ok = p.members.Get(c.Tx, v.MemberID)
			}
			if !ok && do != kit.Create {
				return "", noPrivilege(c.Vars["privilegeId"])
			}
			if !ok {
				return "", notFound("Failed to find identity with ID %s", in.IdentityID).Because("the identity is no member of project %s", in.ProjectID)
			}
			if _, err := p.project(c, m.ProjectID, ""); err != nil {
				return "", err
			}
			return m.ID, p.permitChange(c, do, m.ProjectID, subjectIdentity)
		},
		New: func(c *kernel.Call, member string) privilege {
			v := privilege{ID: c.Draw("privilege").UUID(), MemberID: member, Permissions: "[]", CreatedAt: c.Now}
			v.Slug = "privilege-" + v.ID[:8]
			return v
		},
		Assign: func(c *kernel.Call, v *privilege, in privilegeInput) error {
			kit.Put(&v.Slug, in.Slug)
			if in.Permissions != nil {
				v.Permissions = string(in.Permissions)
			}
			v.UpdatedAt = c.Now
			if in.Type == nil {
				return nil
			}
			lasts, err := in.Type.span()
			v.span = lasts
			return err
		},
		Show: func(_ *kernel.Call, v privilege) any {
			return privilegeBody{v.ID, v.Slug, v.MemberID, v.span.body(), kit.Timestamp(v.CreatedAt), kit.Timestamp(v.UpdatedAt), json.RawMessage(v.Permissions)}
		},
		Missing: noPrivilege,
		Taken: func(v privilege, _ string) error {
			return badRequest("Additional privilege with provided slug already exists").Because("the identity has a privilege %s already", v.Slug)
		},
		Answer: kit.Under("privilege"),
	}
}

// deletePrivilegeBySlug deletes a privilege that is named by everything but its id.
// https://infisical.com/docs/api-reference/endpoints/identity-specific-privilege/v1/delete
func (p *Provider) deletePrivilegeBySlug(c *kernel.Call, in struct {
	ProjectSlug   string `json:"projectSlug"`
	IdentityID    string `json:"identityId"`
	PrivilegeSlug string `json:"privilegeSlug"`
}) (any, error) {
	project, err := p.project(c, "", trim(in.ProjectSlug))
	if err != nil {
		return nil, err
	}
	m, _ := p.memberByPlace.Get(c.Tx, key(project.ID, trim(in.IdentityID)))
	v, ok := p.privilegeBySlug.Get(c.Tx, key(m.ID, trim(in.PrivilegeSlug)))
	if !ok {
		return nil, noPrivilege(trim(in.PrivilegeSlug))
	}
	c.Vars["privilegeId"] = v.ID
	return p.privilegeResource().Delete(c, privilegeInput{})
}

func noPrivilege(id string) error { return notFound("Identity privilege with ID '%s' not found", id) }
