package infisical

import (
	"cmp"
	"fmt"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Project holds environments of secrets, as SeedProject makes one and a world
// file has it.
type Project struct {
	ID             string   `json:"id,omitempty"`
	Name           string   `json:"name"`
	Slug           string   `json:"slug,omitempty"`
	OrganizationID string   `json:"-"` // the default world's
	Environments   []string `json:"-"` // slugs; none means dev, staging and prod
	projectInFile
}

// projectInFile is what only a world file says of a project.
type projectInFile struct {
	Holds []environmentInFile `json:"environments,omitempty"`
}

type environmentInFile struct {
	ID      string   `json:"id,omitempty"`
	Slug    string   `json:"slug"`
	Name    string   `json:"name,omitempty"`
	Folders []string `json:"folders,omitempty"`
	Secrets []Secret `json:"secrets,omitempty"`
}

// A Secret is a secret of a project, as SeedSecret makes one and a world file has
// it.
type Secret struct {
	ProjectID             string   `json:"-"` // the default world's
	Environment           string   `json:"-"` // a slug; empty means dev
	ID                    string   `json:"id,omitempty"`
	Path                  string   `json:"path,omitempty"` // empty means /; folders that are missing are made
	Key                   string   `json:"key"`
	Value                 string   `json:"value"`
	Comment               string   `json:"comment,omitempty"`
	SkipMultilineEncoding bool     `json:"skipMultilineEncoding,omitempty"`
	Tags                  []string `json:"tags,omitempty"` // slugs; those that are missing are made
	secretInFile
}

// secretInFile is what only a world file says of a secret.
type secretInFile struct {
	Metadata []secretMetadata `json:"metadata,omitempty"`
}

// SeedProject adds a project and returns it with everything filled in that was
// left empty. It panics when an id or a slug clashes.
func (p *Provider) SeedProject(in Project) Project {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Project, error) {
		for _, slug := range in.Environments {
			in.Holds = append(in.Holds, environmentInFile{Slug: slug})
		}
		in, err := p.seedProject(c, in, nil)
		in.projectInFile = projectInFile{}
		return in, err
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
		return p.placeSecret(c, root, in, nil)
	})
}

// newEnvironments are those the service gives a new project.
func newEnvironments() []environmentInFile {
	return []environmentInFile{{Slug: "dev", Name: "Development"}, {Slug: "staging", Name: "Staging"}, {Slug: "prod", Name: "Production"}}
}

// defaultProject is the default world's, with two secrets in dev.
func defaultProject(c *kernel.Call) Project {
	environments := newEnvironments()
	environments[0].Secrets = []Secret{
		{Key: "API_KEY", Value: c.DrawWorld("api-key").Alphanumeric(32)},
		{Key: "DATABASE_PASSWORD", Value: c.DrawWorld("database-password").Alphanumeric(24)},
	}
	return Project{ID: c.DrawWorld("project").UUID(), Name: "understudy", Slug: "understudy", projectInFile: projectInFile{environments}}
}

// seedProject stores a project with what it holds and fills in what is left empty.
// Path is where it stands in a world file.
func (p *Provider) seedProject(c *kernel.Call, in Project, path []any) (Project, error) {
	refuse := func(field, format string, args ...any) (Project, error) {
		return in, kernel.WorldErrorf(kernel.Below(path, field), format, args...)
	}
	org, ok := p.organizationOr(c, in.OrganizationID)
	if !ok {
		return refuse("organizationId", "there is no organization %q", in.OrganizationID)
	}
	in.ID, in.OrganizationID = cmp.Or(in.ID, c.Draw("project").UUID()), org.ID
	in.Slug = newSlug(in.Slug, in.Name, in.ID)
	in.Name = cmp.Or(in.Name, in.Slug)
	if _, ok := p.projects.Get(c.Tx, in.ID); ok {
		return refuse("id", "there is a project %s already", in.ID)
	}
	if _, ok := p.projectBySlug.Get(c.Tx, key(org.ID, in.Slug)); ok {
		return refuse("slug", "there is a project with slug %s already", in.Slug)
	}
	p.projects.Put(c.Tx, in.ID, project{
		ID: in.ID, Name: in.Name, Slug: in.Slug, OrganizationID: org.ID, Type: projectType, CreatedAt: c.Now, UpdatedAt: c.Now,
	})

	if in.Holds == nil {
		in.Holds = newEnvironments()
	}
	in.Environments = nil
	for i, e := range in.Holds {
		env := environment{ID: cmp.Or(e.ID, c.Draw("environment").UUID()), ProjectID: in.ID, Slug: e.Slug, Name: cmp.Or(e.Name, e.Slug), Position: float64(i + 1)}
		at := kernel.Below(path, "environments", i)
		_, idTaken := p.environments.Get(c.Tx, env.ID)
		_, slugTaken := p.environmentBySlug.Get(c.Tx, key(in.ID, env.Slug))
		if idTaken || slugTaken {
			return in, kernel.WorldErrorf(at, "there is an environment with id %s or slug %s already", env.ID, env.Slug)
		}
		p.addEnvironment(c, env)
		root, _ := p.find(c, in.ID, env.Slug, "/")
		for j, f := range e.Folders {
			if _, err := p.seedFolders(c, root, f, kernel.Below(at, "folders", j)); err != nil {
				return in, err
			}
		}
		for j, s := range e.Secrets {
			s.ProjectID = in.ID
			if _, err := p.placeSecret(c, root, s, kernel.Below(at, "secrets", j)); err != nil {
				return in, err
			}
		}
		in.Environments = append(in.Environments, env.Slug)
	}
	return in, nil
}

// newSlug is the slug of a new project.
func newSlug(slug, name, id string) string {
	return cmp.Or(slug, fixtures.Slug(name), "project-"+id[:min(8, len(id))])
}

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

// placeSecret stores a secret below the root of an environment and fills in what is
// left empty.
func (p *Provider) placeSecret(c *kernel.Call, root folder, in Secret, at []any) (Secret, error) {
	refuse := func(field, format string, args ...any) (Secret, error) {
		return in, kernel.WorldErrorf(kernel.Below(at, field), format, args...)
	}
	if issue := secretNameIssue(trim(in.Key)); issue != nil {
		return refuse("key", "%q is no name for a secret", in.Key)
	}
	f, err := p.seedFolders(c, root, in.Path, kernel.Below(at, "path"))
	if err != nil {
		return in, err
	}
	s := newSecret{
		SecretValue: in.Value, SecretComment: in.Comment, SecretMetadata: in.Metadata,
		SkipMultilineEncoding: in.SkipMultilineEncoding,
	}.row(trim(in.Key))
	s.ID = in.ID
	if _, ok := p.secretByKey.Get(c.Tx, key(f.ID, s.Key)); ok {
		return refuse("key", "there is a secret %s already", s.Key)
	}
	if _, ok := p.secrets.Get(c.Tx, s.ID); ok {
		return refuse("id", "there is a secret with id %s already", s.ID)
	}
	for _, slug := range in.Tags {
		t, ok := p.tagBySlug.Get(c.Tx, key(in.ProjectID, slug))
		if !ok {
			t = tag{ID: c.Draw("tag").UUID(), ProjectID: in.ProjectID, Slug: slug, CreatedAt: c.Now, UpdatedAt: c.Now}
			p.tags.Put(c.Tx, t.ID, t)
		}
		s.Tags = append(s.Tags, t.ID)
	}
	s = p.addSecret(c, f, s)
	in.ID, in.Key, in.Value = s.ID, s.Key, s.Value
	return in, nil
}
