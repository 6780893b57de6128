package infisical

import (
	"iter"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

type subOrganizationInput struct {
	Name *string `json:"name"`
	Slug *string `json:"slug"`
}

type subOrganizationBody struct {
	organizationBody
	ParentOrgID string        `json:"parentOrgId"`
	RootOrgID   string        `json:"rootOrgId"`
	CreatedAt   kit.Timestamp `json:"createdAt"`
	UpdatedAt   kit.Timestamp `json:"updatedAt"`
}

// subOrganizationResource are the sub-organizations of the caller's organization.
// https://infisical.com/docs/api-reference/endpoints/sub-organizations/create
func (p *Provider) subOrganizationResource() kit.Resource[organization, subOrganizationInput] {
	return kit.Resource[organization, subOrganizationInput]{
		Rows: p.organizationsOf, Key: func(o organization) string { return o.ID }, Path: "subOrganizationId",
		Enter: inOrganization[subOrganizationInput],
		New: func(c *kernel.Call, parent string) organization {
			return organization{ID: c.Draw("organization").UUID(), ParentID: parent, CreatedAt: c.Now}
		},
		Assign: func(c *kernel.Call, o *organization, in subOrganizationInput) error {
			kit.Put(&o.Name, in.Name)
			if in.Slug != nil && *in.Slug != "" {
				o.Slug = *in.Slug
			}
			o.Slug = newSlug(o.Slug, o.Name, o.ID)
			o.UpdatedAt = c.Now
			return fit(text("name", &o.Name), text("slug", &o.Slug))
		},
		Show: func(_ *kernel.Call, o organization) any {
			return subOrganizationBody{o.body(), o.ParentID, o.ParentID, kit.Timestamp(o.CreatedAt), kit.Timestamp(o.UpdatedAt)}
		},
		Missing: func(id string) error { return notFound("Sub-organization with ID '%s' not found", id) },
		Taken: func(o organization, _ string) error {
			return badRequest("Sub-organization with slug %s already exists", o.Slug)
		},
		Guard: func(c *kernel.Call, do kit.Action, o organization) error {
			if do == kit.Delete {
				for _, r := range collect(p.projectsOf.All(c.Tx, o.ID)) {
					p.emptyProject(c, r.ID)
					p.projects.Delete(c.Tx, r.ID)
				}
				for _, id := range collect(p.identities.All(c.Tx)) {
					if id.OrganizationID == o.ID {
						p.removeIdentity(c, id)
					}
				}
				p.groupsOf.Delete(c.Tx, o.ID)
				p.rolesOf.Delete(c.Tx, o.ID)
			}
			return nil
		},
		Answer: kit.Under("organization"),
		Page: func(c *kernel.Call, shown iter.Seq[any]) (any, error) {
			all, total := kit.Window(shown, kit.Number(c, "offset", 0), kit.Number(c, "limit", 100))
			return map[string]any{"organizations": all, "totalCount": total}, nil
		},
	}
}

// projectIdentityInput is what a new identity of a project and a change have.
type projectIdentityInput struct {
	Name                *string           `json:"name"`
	HasDeleteProtection *bool             `json:"hasDeleteProtection"`
	Metadata            *[]metadataInput  `json:"metadata"`
	Roles               []memberRoleInput `json:"roles"`
}

// projectIdentityResource are the identities that a project has of its own. They
// are members of it, and the auth methods' endpoints work on them.
// https://infisical.com/docs/api-reference/endpoints/identities/create
func (p *Provider) projectIdentityResource() kit.Resource[identity, projectIdentityInput] {
	return kit.Resource[identity, projectIdentityInput]{
		Rows: p.identitiesOfProject, Key: func(id identity) string { return id.ID }, Path: "identityId",
		Enter: inProject[projectIdentityInput](p, subjectIdentity),
		New: func(c *kernel.Call, project string) identity {
			return identity{
				ID: c.Draw("identity").UUID(), ProjectID: project, OrganizationID: callerOf(c).OrganizationID, Role: roleNoAccess,
				MembershipID: c.Draw("membership").UUID(), Metadata: []metadata{}, CreatedAt: c.Now,
			}
		},
		Assign: func(c *kernel.Call, id *identity, in projectIdentityInput) error {
			kit.Put(&id.Name, in.Name)
			kit.Put(&id.HasDeleteProtection, in.HasDeleteProtection)
			fresh := id.UpdatedAt.IsZero()
			id.UpdatedAt = c.Now
			var pairs []metadataInput
			if in.Metadata != nil {
				var err error
				if pairs, err = trimMetadata(*in.Metadata); err != nil {
					return err
				}
				id.Metadata = newMetadata(c, pairs)
			}
			if err := fitIdentity(id.Name, pairs); err != nil || !fresh {
				return err
			}
			m := newMember(c, id.ProjectID, id.ID)
			err := p.assignRoles(c, &m, in.Roles)
			p.members.Put(c.Tx, m.ID, m)
			return err
		},
		Show: func(c *kernel.Call, id identity) any {
			return createdIdentity{id.body(), p.authMethods(c, id), id.Metadata}
		},
		Missing: func(id string) error { return notFound("Identity with id %s not found", id) },
		Taken:   func(id identity, _ string) error { return badRequest("Identity %s already exists", id.Name) },
		Guard: func(c *kernel.Call, do kit.Action, id identity) error {
			if do == kit.Delete && id.HasDeleteProtection {
				return badRequest("Identity has delete protection")
			}
			if do == kit.Delete {
				p.removeIdentity(c, id)
			}
			return nil
		},
		Answer: kit.Under("identity"), Page: allUnder("identities"),
	}
}
