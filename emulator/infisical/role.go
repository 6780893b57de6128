package infisical

import (
	"encoding/json"
	"iter"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// role is a role that an organization or a project has made for itself.
type role struct {
	ID, Scope            string // an organization's or a project's id
	Slug, Name           string
	Description          *string
	Permissions          string // rules, as JSON
	CreatedAt, UpdatedAt time.Time
}

// roleInput is what a new role and a change have.
type roleInput struct {
	Slug        *string         `json:"slug"`
	Name        *string         `json:"name"`
	Description *string         `json:"description"`
	Permissions json.RawMessage `json:"permissions"`
}

type roleBody struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Slug        string          `json:"slug"`
	Permissions json.RawMessage `json:"permissions"`
	CreatedAt   kit.Timestamp   `json:"createdAt"`
	UpdatedAt   kit.Timestamp   `json:"updatedAt"`
	OrgID       string          `json:"orgId,omitempty"`
	ProjectID   string          `json:"projectId,omitempty"`
}

// The roles that every project has, and every organization but for viewer.
var builtIn = map[string]string{roleAdmin: "Admin", roleMember: "Member", roleViewer: "Viewer", roleNoAccess: "No Access"}

// roleViewer may read in a project.
const roleViewer = "viewer"

// roleResource are the roles of the scope that enter finds.
// https://infisical.com/docs/api-reference/endpoints/project-roles/create
func (p *Provider) roleResource(enter func(*kernel.Call, kit.Action, roleInput) (string, error), show func(*roleBody, string)) kit.Resource[role, roleInput] {
	return kit.Resource[role, roleInput]{
		Rows: p.rolesOf, Key: func(r role) string { return r.ID }, Path: "roleId", Enter: enter,
		New: func(c *kernel.Call, scope string) role {
			return role{ID: c.Draw("role").UUID(), Scope: scope, Permissions: "[]", CreatedAt: c.Now}
		},
		Assign: func(c *kernel.Call, r *role, in roleInput) error {
			kit.Put(&r.Slug, in.Slug)
			kit.Put(&r.Name, in.Name)
			if in.Description != nil {
				r.Description = in.Description
			}
			if in.Permissions != nil {
				r.Permissions = string(in.Permissions)
			}
			r.UpdatedAt = c.Now
			if builtIn[r.Slug] != "" {
				return badRequest("Role with slug %s already exists", r.Slug)
			}
			return fit(text("name", &r.Name), text("description", r.Description))
		},
		Show: func(_ *kernel.Call, r role) any {
			body := roleBody{r.ID, r.Name, r.Description, r.Slug, json.RawMessage(r.Permissions), kit.Timestamp(r.CreatedAt), kit.Timestamp(r.UpdatedAt), "", ""}
			show(&body, r.Scope)
			return body
		},
		Missing: func(id string) error { return notFound("Role with '%s' not found", id) },
		Taken:   func(r role, _ string) error { return badRequest("Role with slug %s already exists", r.Slug) },
		Answer:  kit.Under("role"), Page: allUnder("roles"),
	}
}

func (p *Provider) projectRoles() kit.Resource[role, roleInput] {
	return p.roleResource(inProject[roleInput](p, subjectRole), func(b *roleBody, scope string) { b.ProjectID = scope })
}

// getRole finds a role of any project by its id.
// https://github.com/Infisical/terraform-provider-infisical/blob/main/internal/client/project_role.go
func (p *Provider) getRole(c *kernel.Call, in struct {
	ID string `path:"roleId" json:"-"`
}) (any, error) {
	roles := p.projectRoles()
	r, _ := p.roles.Get(c.Tx, in.ID)
	if _, ok := p.projects.Get(c.Tx, r.Scope); !ok { // an organization's too
		return nil, roles.Missing(in.ID)
	}
	c.Vars["projectId"] = r.Scope
	return roles.Get(c, roleInput{})
}

// projectRolesV1 are the same, with the project named by its slug.
func (p *Provider) projectRolesV1() kit.Resource[role, roleInput] {
	r := p.projectRoles()
	r.Enter = func(c *kernel.Call, do kit.Action, _ roleInput) (string, error) {
		project, err := p.project(c, "", c.Vars["projectSlug"])
		if err == nil {
			err = p.permitChange(c, do, project.ID, subjectRole)
		}
		return project.ID, err
	}
	return r
}

// organizationRoles are for administrators alone to change.
// https://infisical.com/docs/api-reference/endpoints/organizations/create-org-role
func (p *Provider) organizationRoles() kit.Resource[role, roleInput] {
	return p.roleResource(inOrganization[roleInput], func(b *roleBody, scope string) { b.OrgID = scope })
}

// inOrganization is the Enter of what belongs to the caller's organization.
func inOrganization[In any](c *kernel.Call, do kit.Action, _ In) (string, error) {
	caller, err := authorize(c, string(do))
	return caller.OrganizationID, err
}

// roleNamed finds a role by its slug, those that everybody has included.
func (p *Provider) roleNamed(c *kernel.Call, scope, slug string) (role, bool) {
	if name := builtIn[slug]; name != "" {
		return role{ID: slug, Scope: scope, Slug: slug, Name: name, Permissions: "[]"}, true
	}
	return p.roleBySlug.Get(c.Tx, key(scope, slug))
}

// allUnder is a Page of all rows that comes to no more than an answer may.
func allUnder(name string) func(*kernel.Call, iter.Seq[any]) (any, error) {
	return func(_ *kernel.Call, shown iter.Seq[any]) (any, error) {
		all, answer := []json.RawMessage{}, newBudget()
		for row := range shown {
			encoded, err := json.Marshal(row)
			if err == nil {
				err = answer.spend(len(encoded))
			}
			if err != nil {
				return nil, err
			}
			all = append(all, encoded)
		}
		return map[string]any{name: all}, nil
	}
}
