package infisical

import (
	"net/http"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// project is a row: what environments, folders and secrets belong to.
type project struct {
	ID, Name, Slug, OrganizationID          string
	Description                             *string
	Type                                    string
	HasDeleteProtection, AutoCapitalization bool
	CreatedAt, UpdatedAt                    time.Time
}

// projectType is that of projects which nothing else is said of.
const projectType = "secret-manager"

// environment is one of a project's sets of secrets.
type environment struct {
	ID, ProjectID, Slug, Name string
	Position                  float64
	CreatedAt, UpdatedAt      time.Time
}

// tag is a label that a project has for its secrets.
type tag struct {
	ID, ProjectID, Slug  string
	Color                *string
	CreatedAt, UpdatedAt time.Time
}

// key joins the parts of an index value. No part but the last has a slash.
func key(scope, name string) string { return scope + "/" + name }

// project finds a project of the caller's organization, by id or else by slug.
// Every identity of the organization is a member of its projects.
func (p *Provider) project(c *kernel.Call, id, slug string) (project, error) {
	organization := callerOf(c).OrganizationID
	switch {
	case id != "":
		row, ok := p.projects.Get(c.Tx, id)
		if !ok {
			return row, notFound("Project with %s not found", id)
		}
		if row.OrganizationID != organization {
			return row, forbidden("This project does not belong to your selected organization.").
				Because("project %s belongs to organization %s, the caller to %s", id, row.OrganizationID, organization)
		}
		return row, nil
	case slug != "":
		row, ok := p.projectBySlug.Get(c.Tx, key(organization, slug))
		if !ok {
			return row, notFound(unknownProjectSlug, slug).Because("the caller's organization has no project with slug %q", slug)
		}
		return row, nil
	}
	return project{}, badRequest("You must provide projectSlug or workspaceId")
}

// permissionDenied is what the service's permission library throws.
func permissionDenied(action, subject string) *kernel.Problem {
	problem := refuse(http.StatusForbidden, "PermissionDenied", "You are not allowed to %s on %s", action, subject)
	problem.Details = []any{}
	return problem
}

// resolveTags finds tags of a project by their ids.
func (p *Provider) resolveTags(c *kernel.Call, projectID string, ids []string) ([]string, error) {
	found := ""
	var missing []string
	for _, id := range ids {
		t, ok := p.tags.Get(c.Tx, id)
		switch {
		case !ok || t.ProjectID != projectID:
			missing = append(missing, id)
		case found == "":
			found = t.Slug
		default:
			found += "," + t.Slug
		}
	}
	if missing != nil {
		return nil, notFound("Tag not found. Found %s", found).Because("the project has no tags %q", missing)
	}
	return ids, nil
}
