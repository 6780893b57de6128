package infisical

import (
	"cmp"
	"fmt"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Project holds environments of secrets, as SeedProject makes it.
type Project struct {
	ID             string
	Name, Slug     string
	OrganizationID string   // the default world's
	Environments   []string // slugs; none means dev, staging and prod
}

// A Secret is a secret of a project, as SeedSecret makes it.
type Secret struct {
	ProjectID   string // the default world's
	Environment string // a slug; empty means dev
	Path        string // empty means /; folders that are missing are made
	ID          string
	Key         string
	Value       string
	Comment     string
	Tags        []string // slugs; those that are missing are made
}

// SeedProject adds a project and returns it with everything filled in that was
// left empty. It panics when an id or a slug clashes.
func (p *Provider) SeedProject(in Project) Project {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Project, error) {
		w := worldProject{ID: in.ID, Name: in.Name, Slug: in.Slug, OrganizationID: in.OrganizationID}
		for _, slug := range in.Environments {
			w.Environments = append(w.Environments, worldEnvironment{Slug: slug})
		}
		row, environments, err := p.addProject(c, w, nil)
		return Project{row.ID, row.Name, row.Slug, row.OrganizationID, environments}, err
	})
}

// SeedSecret adds a secret and returns it with everything filled in that was
// left empty. It panics when the project or the environment does not exist, or
// the key is taken.
func (p *Provider) SeedSecret(in Secret) Secret {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Secret, error) {
		if in.ProjectID == "" {
			for id := range p.projects.All(c.Tx) {
				in.ProjectID = id
				break
			}
		}
		in.Environment, in.Path = cmp.Or(in.Environment, "dev"), cmp.Or(in.Path, "/")
		root, ok := p.find(c, in.ProjectID, in.Environment, "/")
		if !ok {
			return in, fmt.Errorf("project %q has no environment %q", in.ProjectID, in.Environment)
		}
		s, err := p.placeSecret(c, in.ProjectID, root, worldSecret{
			ID: in.ID, Path: in.Path, Key: in.Key, Value: in.Value, Comment: in.Comment, Tags: in.Tags,
		}, nil)
		in.ID, in.Key, in.Value = s.ID, s.Key, s.Value
		return in, err
	})
}

// The projects of a world file.
type (
	worldProject struct {
		ID             string             `json:"id,omitempty"`
		Name           string             `json:"name"`
		Slug           string             `json:"slug,omitempty"`
		Environments   []worldEnvironment `json:"environments,omitempty"`
		OrganizationID string             `json:"-"`
	}
	worldEnvironment struct {
		ID      string        `json:"id,omitempty"`
		Slug    string        `json:"slug"`
		Name    string        `json:"name,omitempty"`
		Folders []string      `json:"folders,omitempty"`
		Secrets []worldSecret `json:"secrets,omitempty"`
	}
	worldSecret struct {
		ID                    string           `json:"id,omitempty"`
		Path                  string           `json:"path,omitempty"`
		Key                   string           `json:"key"`
		Value                 string           `json:"value"`
		Comment               string           `json:"comment,omitempty"`
		SkipMultilineEncoding bool             `json:"skipMultilineEncoding,omitempty"`
		Metadata              []secretMetadata `json:"metadata,omitempty"`
		Tags                  []string         `json:"tags,omitempty"`
	}
)

// newEnvironments are those the service gives a new project.
func newEnvironments() []worldEnvironment {
	return []worldEnvironment{{Slug: "dev", Name: "Development"}, {Slug: "staging", Name: "Staging"}, {Slug: "prod", Name: "Production"}}
}

// defaultProject is the default world's, with two secrets in dev.
func defaultProject(c *kernel.Call) worldProject {
	environments := newEnvironments()
	environments[0].Secrets = []worldSecret{
		{Key: "API_KEY", Value: c.DrawWorld("api-key").Alphanumeric(32)},
		{Key: "DATABASE_PASSWORD", Value: c.DrawWorld("database-password").Alphanumeric(24)},
	}
	return worldProject{ID: c.DrawWorld("project").UUID(), Name: "understudy", Slug: "understudy", Environments: environments}
}

// addProject stores a project with what it holds and fills in what is left
// empty; it returns the environments' slugs too. Path is where it stands in a
// world file.
func (p *Provider) addProject(c *kernel.Call, in worldProject, path []any) (project, []string, error) {
	refuse := func(field, format string, args ...any) (project, []string, error) {
		return project{}, nil, kernel.WorldErrorf(below(path, field), format, args...)
	}
	org, ok := p.organizationOr(c, in.OrganizationID)
	if !ok {
		return refuse("organizationId", "there is no organization %q", in.OrganizationID)
	}
	row := project{ID: cmp.Or(in.ID, c.Draw("project").UUID()), OrganizationID: org.ID, Type: projectType, CreatedAt: c.Now, UpdatedAt: c.Now}
	row.Slug = newSlug(in.Slug, in.Name, row.ID)
	row.Name = cmp.Or(in.Name, row.Slug)
	if _, ok := p.projects.Get(c.Tx, row.ID); ok {
		return refuse("id", "there is a project %s already", row.ID)
	}
	if _, ok := p.projectBySlug.Get(c.Tx, key(row.OrganizationID, row.Slug)); ok {
		return refuse("slug", "there is a project with slug %s already", row.Slug)
	}
	p.projects.Put(c.Tx, row.ID, row)

	if in.Environments == nil {
		in.Environments = newEnvironments()
	}
	var slugs []string
	for i, e := range in.Environments {
		env := environment{ID: cmp.Or(e.ID, c.Draw("environment").UUID()), ProjectID: row.ID, Slug: e.Slug, Name: cmp.Or(e.Name, e.Slug), Position: float64(i + 1)}
		at := below(path, "environments", i)
		_, idTaken := p.environments.Get(c.Tx, env.ID)
		_, slugTaken := p.environmentBySlug.Get(c.Tx, key(row.ID, env.Slug))
		if idTaken || slugTaken {
			return row, nil, kernel.WorldErrorf(at, "there is an environment with id %s or slug %s already", env.ID, env.Slug)
		}
		p.addEnvironment(c, env)
		root, _ := p.find(c, row.ID, env.Slug, "/")
		for j, f := range e.Folders {
			if _, err := p.seedFolders(c, root, f, below(at, "folders", j)); err != nil {
				return row, nil, err
			}
		}
		for j, s := range e.Secrets {
			if _, err := p.placeSecret(c, row.ID, root, s, below(at, "secrets", j)); err != nil {
				return row, nil, err
			}
		}
		slugs = append(slugs, env.Slug)
	}
	return row, slugs, nil
}

// newSlug is the slug of a new project.
func newSlug(slug, name, id string) string {
	return cmp.Or(slug, fixtures.Slug(name), "project-"+id[:min(8, len(id))])
}

// below is a path of a world file with further steps.
func below(path []any, steps ...any) []any { return append(append([]any{}, path...), steps...) }

func (p *Provider) seedFolders(c *kernel.Call, root folder, path string, at []any) (folder, error) {
	names := segments(path)
	if checkDepth(names) != nil {
		return folder{}, kernel.WorldErrorf(at, "the path has %d folders, more than %d", len(names), maxDepth)
	}
	for _, name := range names {
		if !folderName.MatchString(name) {
			return folder{}, kernel.WorldErrorf(at, "folder name %q has other characters than letters, digits, - and _", name)
		}
	}
	return p.makeFolders(c, root, names), nil
}

// placeSecret stores a secret below the root of an environment.
func (p *Provider) placeSecret(c *kernel.Call, projectID string, root folder, in worldSecret, at []any) (secret, error) {
	if issue := secretNameIssue(trim(in.Key)); issue != nil {
		return secret{}, kernel.WorldErrorf(below(at, "key"), "%q is no name for a secret", in.Key)
	}
	f, err := p.seedFolders(c, root, in.Path, below(at, "path"))
	if err != nil {
		return secret{}, err
	}
	s := newSecret{
		SecretValue: in.Value, SecretComment: in.Comment, SecretMetadata: in.Metadata,
		SkipMultilineEncoding: in.SkipMultilineEncoding,
	}.row(trim(in.Key))
	s.ID = in.ID
	if _, ok := p.secretByKey.Get(c.Tx, key(f.ID, s.Key)); ok {
		return s, kernel.WorldErrorf(below(at, "key"), "there is a secret %s already", s.Key)
	}
	if _, ok := p.secrets.Get(c.Tx, s.ID); ok {
		return s, kernel.WorldErrorf(below(at, "id"), "there is a secret with id %s already", s.ID)
	}
	for _, slug := range in.Tags {
		t, ok := p.tagBySlug.Get(c.Tx, key(projectID, slug))
		if !ok {
			t = tag{ID: c.Draw("tag").UUID(), ProjectID: projectID, Slug: slug, CreatedAt: c.Now, UpdatedAt: c.Now}
			p.tags.Put(c.Tx, t.ID, t)
		}
		s.Tags = append(s.Tags, t.ID)
	}
	return p.addSecret(c, f, s), nil
}
