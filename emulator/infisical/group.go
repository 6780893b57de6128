package infisical

import (
	"iter"
	"time"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// group is a set of identities with a role in the organization.
type group struct {
	ID, OrganizationID, Name, Slug, Role string
	CreatedAt, UpdatedAt                 time.Time
}

// groupMember is an identity's place in a group.
type groupMember struct {
	GroupID, IdentityID string
	JoinedAt            time.Time
}

type groupInput struct {
	Name *string `json:"name"`
	Slug *string `json:"slug"`
	Role *string `json:"role"`
}

type groupBody struct {
	ID             string        `json:"id"`
	OrgID          string        `json:"orgId"`
	Name           string        `json:"name"`
	Slug           string        `json:"slug"`
	Role           string        `json:"role"`
	RoleID         *string       `json:"roleId"`
	CustomRoleSlug *string       `json:"customRoleSlug"`
	CreatedAt      kit.Timestamp `json:"createdAt"`
	UpdatedAt      kit.Timestamp `json:"updatedAt"`
}

// groupResource are the groups of the organization.
// https://infisical.com/docs/api-reference/endpoints/groups/create
func (p *Provider) groupResource() kit.Resource[group, groupInput] {
	return kit.Resource[group, groupInput]{
		Rows: p.groupsOf, Key: func(g group) string { return g.ID }, Path: "groupId", Enter: inOrganization[groupInput],
		New: func(c *kernel.Call, organization string) group {
			return group{ID: c.Draw("group").UUID(), OrganizationID: organization, Role: roleNoAccess, CreatedAt: c.Now}
		},
		Assign: func(c *kernel.Call, g *group, in groupInput) error {
			kit.Put(&g.Name, in.Name)
			kit.Put(&g.Role, in.Role)
			if in.Slug != nil && *in.Slug != "" {
				g.Slug = *in.Slug
			}
			if g.Slug == "" {
				g.Slug = fixtures.Slug(g.Name) + "-" + g.ID[:4]
			}
			if !p.isRole(c, g.OrganizationID, g.Role) {
				return notFound(unknownRole, g.Role)
			}
			g.UpdatedAt = c.Now
			return fit(text("name", &g.Name), text("slug", &g.Slug))
		},
		Show: func(c *kernel.Call, g group) any {
			body := groupBody{g.ID, g.OrganizationID, g.Name, g.Slug, g.Role, nil, nil, kit.Timestamp(g.CreatedAt), kit.Timestamp(g.UpdatedAt)}
			if own, ok := p.roleBySlug.Get(c.Tx, key(g.OrganizationID, g.Role)); ok {
				body.Role, body.RoleID, body.CustomRoleSlug = customRoleName, &own.ID, &own.Slug
			}
			return body
		},
		Missing: func(id string) error { return notFound("Group with ID '%s' not found", id) },
		Taken:   func(g group, _ string) error { return badRequest("Group with slug %s already exists", g.Slug) },
		Guard: func(c *kernel.Call, do kit.Action, g group) error {
			if do == kit.Delete {
				p.groupMembersOf.Delete(c.Tx, g.ID)
			}
			return nil
		},
		Answer: func(_ kit.Action, shown any) any { return shown },
		Page: func(c *kernel.Call, shown iter.Seq[any]) (any, error) {
			all, err := allUnder("groups")(c, shown)
			if err != nil {
				return nil, err
			}
			return all.(map[string]any)["groups"], nil
		},
	}
}

type groupMemberBody struct {
	ID            string        `json:"id"`
	Name          string        `json:"name"`
	JoinedGroupAt kit.Timestamp `json:"joinedGroupAt"`
	IsPartOfGroup bool          `json:"isPartOfGroup"`
}

// groupMemberResource are the identities of a group.
// https://infisical.com/docs/api-reference/endpoints/groups/add-group-machine-identity
func (p *Provider) groupMemberResource() kit.Resource[groupMember, struct{}] {
	return kit.Resource[groupMember, struct{}]{
		Rows: p.groupMembersOf, Key: groupMember.place, Path: "identityId",
		Enter: func(c *kernel.Call, do kit.Action, _ struct{}) (string, error) {
			organization, err := inOrganization(c, do, struct{}{})
			g, ok := p.groups.Get(c.Tx, c.Vars["groupId"])
			if err == nil && (!ok || g.OrganizationID != organization) {
				err = notFound("Group with ID '%s' not found", c.Vars["groupId"])
			}
			return g.ID, err
		},
		Find: func(c *kernel.Call, group, identity string) (groupMember, bool) {
			return p.groupMembers.Get(c.Tx, key(group, identity))
		},
		New: func(c *kernel.Call, group string) groupMember {
			return groupMember{GroupID: group, IdentityID: c.Vars["identityId"], JoinedAt: c.Now}
		},
		Assign: func(c *kernel.Call, m *groupMember, _ struct{}) error {
			_, err := p.identity(c, m.IdentityID, "Failed to find identity with id %s")
			return err
		},
		Show: func(c *kernel.Call, m groupMember) any {
			id, _ := p.identities.Get(c.Tx, m.IdentityID)
			return groupMemberBody{id.ID, id.Name, kit.Timestamp(m.JoinedAt), true}
		},
		Missing: func(id string) error { return notFound("Machine identity with ID '%s' is not part of the group", id) },
		Taken: func(m groupMember, _ string) error {
			return badRequest("Machine identity with id %s is already part of the group", m.IdentityID)
		},
		Answer: func(_ kit.Action, shown any) any { return map[string]any{"id": shown.(groupMemberBody).ID} },
		Page: func(c *kernel.Call, shown iter.Seq[any]) (any, error) {
			all, total := kit.Window(shown, kit.Number(c, "offset", 0), kit.Number(c, "limit", 100))
			return map[string]any{"machineIdentities": all, "totalCount": total}, nil
		},
	}
}

func (m groupMember) place() string { return key(m.GroupID, m.IdentityID) }
