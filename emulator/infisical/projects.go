package infisical

import (
	"iter"
	"math"
	"slices"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// projectBody is what every answer shows of a project.
type projectBody struct {
	ID                    string            `json:"id"`
	Name                  string            `json:"name"`
	Description           *string           `json:"description"`
	Type                  string            `json:"type"`
	DefaultProduct        *string           `json:"defaultProduct"`
	Slug                  string            `json:"slug"`
	AutoCapitalization    bool              `json:"autoCapitalization"`
	OrgID                 string            `json:"orgId"`
	CreatedAt             kit.Timestamp     `json:"createdAt"`
	UpdatedAt             kit.Timestamp     `json:"updatedAt"`
	Version               int               `json:"version"`
	UpgradeStatus         *string           `json:"upgradeStatus"`
	PitVersionLimit       int               `json:"pitVersionLimit"`
	KmsCertificateKeyID   *string           `json:"kmsCertificateKeyId"`
	AuditLogsRetention    *float64          `json:"auditLogsRetentionDays"`
	HasDeleteProtection   bool              `json:"hasDeleteProtection"`
	SecretSharing         bool              `json:"secretSharing"`
	ShowSnapshotsLegacy   bool              `json:"showSnapshotsLegacy"`
	LegacyID              string            `json:"_id"`
	Environments          []environmentName `json:"environments"`
	KmsSecretManagerKeyID *string           `json:"kmsSecretManagerKeyId"`
}

// environmentName is an environment in the answer to something else.
type environmentName struct {
	Name string `json:"name"`
	Slug string `json:"slug"`
	ID   string `json:"id"`
}

// projectVersion and pitVersionLimit are the service's for new projects.
const (
	projectVersion  = 3
	pitVersionLimit = 10
)

func (p *Provider) showProject(c *kernel.Call, r project) any {
	body := projectBody{
		ID: r.ID, Name: r.Name, Description: r.Description, Type: r.Type, Slug: r.Slug, AutoCapitalization: r.AutoCapitalization,
		OrgID: r.OrganizationID, CreatedAt: kit.Timestamp(r.CreatedAt), UpdatedAt: kit.Timestamp(r.UpdatedAt),
		Version: projectVersion, PitVersionLimit: pitVersionLimit, HasDeleteProtection: r.HasDeleteProtection, SecretSharing: true,
		LegacyID: r.ID, Environments: []environmentName{},
	}
	for _, e := range p.environmentsOf.All(c.Tx, r.ID) {
		body.Environments = append(body.Environments, environmentName{e.Name, e.Slug, e.ID})
	}
	return body
}

// projectInput is what a new project and a change have: they call the name by
// different names.
type projectInput struct {
	ProjectName             *string `json:"projectName"`
	ProjectDescription      *string `json:"projectDescription"`
	Slug                    *string `json:"slug"`
	Type                    *string `json:"type"`
	ShouldCreateDefaultEnvs *bool   `json:"shouldCreateDefaultEnvs"`
	HasDeleteProtection     *bool   `json:"hasDeleteProtection"`
	AutoCapitalization      *bool   `json:"autoCapitalization"`
	Name                    *string `json:"name"`
	Description             *string `json:"description"`
}

// subjectProject is what permissions for projects are about.
const subjectProject = "project"

// projectResource are the projects of the caller's organization; name is what
// their answers stand under, if anything.
// https://infisical.com/docs/api-reference/endpoints/projects/create-project
func (p *Provider) projectResource(name string) kit.Resource[project, projectInput] {
	r := kit.Resource[project, projectInput]{
		Rows: p.projectsOf, Key: func(r project) string { return r.ID }, Path: "projectId",
		Enter: func(c *kernel.Call, do kit.Action, _ projectInput) (string, error) {
			return callerOf(c).OrganizationID, permitChange(c, do, subjectProject)
		},
		New: func(c *kernel.Call, organization string) project {
			return project{ID: c.Draw("project").UUID(), OrganizationID: organization, Type: projectType, CreatedAt: c.Now}
		},
		Assign: p.assignProject, Show: p.showProject,
		Missing: func(id string) error { return notFound("Project with %s not found", id) },
		Taken: func(r project, _ string) error {
			return badRequest("Project with slug %s already exists in your organization", r.Slug)
		},
		Guard: func(c *kernel.Call, do kit.Action, r project) error {
			if do == kit.Delete && r.HasDeleteProtection {
				return forbidden("Project delete protection is enabled")
			}
			if do == kit.Delete {
				p.emptyProject(c, r.ID)
			}
			return nil
		},
		Page:   allUnder(name + "s"),
		Answer: kit.Under(name),
	}
	if name == "" {
		r.Answer = func(_ kit.Action, shown any) any { return shown }
	}
	return r
}

func (p *Provider) bySlugOfProject(c *kernel.Call, organization, slug string) (project, bool) {
	return p.projectBySlug.Get(c.Tx, key(organization, slug))
}

func (p *Provider) assignProject(c *kernel.Call, r *project, in projectInput) error {
	for _, name := range []*string{in.ProjectName, in.Name} {
		if name != nil {
			r.Name = trim(*name)
		}
	}
	for _, description := range []*string{in.ProjectDescription, in.Description} {
		if description != nil {
			r.Description = description
		}
	}
	kit.Put(&r.Slug, in.Slug)
	kit.Put(&r.Type, in.Type)
	kit.Put(&r.HasDeleteProtection, in.HasDeleteProtection)
	kit.Put(&r.AutoCapitalization, in.AutoCapitalization)
	fresh := r.UpdatedAt.IsZero()
	r.UpdatedAt = c.Now
	if fresh {
		r.Slug = newSlug(r.Slug, r.Name, r.ID)
	}
	if fresh && (in.ShouldCreateDefaultEnvs == nil || *in.ShouldCreateDefaultEnvs) {
		for i, e := range newEnvironments() {
			p.addEnvironment(c, environment{ProjectID: r.ID, Slug: e.Slug, Name: e.Name, Position: float64(i + 1)})
		}
	}
	return nil
}

// addEnvironment stores an environment with its root.
func (p *Provider) addEnvironment(c *kernel.Call, e environment) environment {
	if e.ID == "" {
		e.ID = c.Draw("environment").UUID()
	}
	e.CreatedAt, e.UpdatedAt = c.Now, c.Now
	p.environments.Put(c.Tx, e.ID, e)
	p.addFolder(c, folder{EnvironmentID: e.ID, Name: rootFolder})
	return e
}

// emptyProject deletes everything that a project has.
func (p *Provider) emptyProject(c *kernel.Call, id string) {
	for _, e := range collect(p.environmentsOf.All(c.Tx, id)) {
		p.emptyEnvironment(c, e)
		p.environments.Delete(c.Tx, e.ID)
	}
	p.tagsOf.Delete(c.Tx, id)
	p.rolesOf.Delete(c.Tx, id)
	for _, own := range collect(p.identitiesOfProject.All(c.Tx, id)) {
		p.removeIdentity(c, own)
	}
	for _, m := range collect(p.membersOf.All(c.Tx, id)) {
		p.privilegesOf.Delete(c.Tx, m.ID)
		p.members.Delete(c.Tx, m.ID)
	}
}

// emptyEnvironment deletes everything that an environment has, and what imports
// from it.
func (p *Provider) emptyEnvironment(c *kernel.Call, e environment) {
	if root, ok := p.folderByPlace.Get(c.Tx, folder{EnvironmentID: e.ID, Name: rootFolder}.place()); ok {
		p.removeFolder(c, root)
	}
	p.importsFrom.Delete(c.Tx, e.ID)
}

func collect[V any](rows iter.Seq2[string, V]) []V {
	var all []V
	for _, v := range rows {
		all = append(all, v)
	}
	return all
}

// environmentInput is what a new environment and a change have.
type environmentInput struct {
	Name     *string  `json:"name"`
	Slug     *string  `json:"slug"`
	Position *float64 `json:"position"`
}

type environmentBody struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Slug      string        `json:"slug"`
	Position  float64       `json:"position"`
	ProjectID string        `json:"projectId"`
	CreatedAt kit.Timestamp `json:"createdAt"`
	UpdatedAt kit.Timestamp `json:"updatedAt"`
}

func showEnvironment(_ *kernel.Call, e environment) any {
	return environmentBody{e.ID, e.Name, e.Slug, e.Position, e.ProjectID, kit.Timestamp(e.CreatedAt), kit.Timestamp(e.UpdatedAt)}
}

// environmentChange is the answer to a change of an environment: where the paths
// say workspace, so does it.
type environmentChange struct {
	Message     string `json:"message"`
	Workspace   string `json:"workspace,omitempty"`
	ProjectID   string `json:"projectId,omitempty"`
	Environment any    `json:"environment"`
}

// environmentResource are the environments of a project.
// https://infisical.com/docs/api-reference/endpoints/environments/create
func (p *Provider) environmentResource(workspace bool) kit.Resource[environment, environmentInput] {
	return kit.Resource[environment, environmentInput]{
		Rows: p.environmentsOf, Key: func(e environment) string { return e.ID }, Path: "environmentId",
		Enter: inProject[environmentInput](p, "environments"),
		New: func(c *kernel.Call, project string) environment {
			return environment{ID: c.Draw("environment").UUID(), ProjectID: project, Position: p.lastPosition(c, project) + 1, CreatedAt: c.Now}
		},
		Assign: func(c *kernel.Call, e *environment, in environmentInput) error {
			kit.Put(&e.Name, in.Name)
			kit.Put(&e.Slug, in.Slug)
			if in.Position != nil {
				p.makeRoom(c, *e, *in.Position)
				e.Position = *in.Position
			}
			if e.UpdatedAt.IsZero() {
				p.addFolder(c, folder{EnvironmentID: e.ID, Name: rootFolder})
			}
			e.UpdatedAt = c.Now
			return fit(text("name", &e.Name))
		},
		Show:    showEnvironment,
		Missing: func(id string) error { return notFound("Environment with ID '%s' not found", id) },
		Taken: func(environment, string) error {
			return refuse(400, "CreateEnvironment", "Environment with slug already exist")
		},
		Guard: func(c *kernel.Call, do kit.Action, e environment) error {
			if do == kit.Delete {
				p.emptyEnvironment(c, e)
			}
			return nil
		},
		Answer: func(do kit.Action, shown any) any {
			said := map[kit.Action]string{kit.Create: "Successfully created new environment", kit.Edit: "Successfully updated environment", kit.Delete: "Successfully deleted environment"}[do]
			id := shown.(environmentBody).ProjectID
			switch {
			case do == kit.Read:
				return map[string]any{"environment": shown}
			case workspace:
				return environmentChange{Message: said, Workspace: id, Environment: shown}
			}
			return environmentChange{Message: said, ProjectID: id, Environment: shown}
		},
	}
}

// lastPosition is that of a project's last environment, 0 without one.
func (p *Provider) lastPosition(c *kernel.Call, project string) (last float64) {
	for _, e := range p.environmentsOf.All(c.Tx, project) {
		last = max(last, e.Position)
	}
	return last
}

// makeRoom moves the environments that stand between an environment's place and the
// one it goes to, if that is taken. A new environment pushes all behind it.
func (p *Provider) makeRoom(c *kernel.Call, moving environment, to float64) {
	others := collect(p.environmentsOf.All(c.Tx, moving.ProjectID))
	if !slices.ContainsFunc(others, func(e environment) bool { return e.ID != moving.ID && e.Position == to }) {
		return
	}
	from := moving.Position
	if moving.UpdatedAt.IsZero() {
		from = math.Inf(1)
	}
	for _, e := range others {
		switch {
		case e.ID == moving.ID:
			continue
		case to <= e.Position && e.Position < from:
			e.Position++
		case from < e.Position && e.Position <= to:
			e.Position--
		default:
			continue
		}
		e.UpdatedAt = c.Now
		p.environments.Put(c.Tx, e.ID, e)
	}
}

// getWorkspaceEnvironment finds an environment of any project of the caller's.
// https://infisical.com/docs/api-reference/endpoints/environments/get
func (p *Provider) getWorkspaceEnvironment(c *kernel.Call, in struct {
	ID string `path:"environmentId" json:"-"`
}) (any, error) {
	e, ok := p.environments.Get(c.Tx, in.ID)
	if !ok {
		return nil, notFound("Environment with ID '%s' not found", in.ID)
	}
	if _, err := p.project(c, e.ProjectID, ""); err != nil {
		return nil, err
	}
	return map[string]any{"environment": showEnvironment(c, e)}, nil
}

// getEnvironmentBySlug finds an environment of a project by its slug.
// https://infisical.com/docs/api-reference/endpoints/environments/get
func (p *Provider) getEnvironmentBySlug(c *kernel.Call, in struct {
	ProjectID string `path:"projectId" json:"-"`
	Slug      string `path:"environmentSlug" json:"-"`
}) (any, error) {
	project, err := p.project(c, in.ProjectID, "")
	if err != nil {
		return nil, err
	}
	e, ok := p.environmentBySlug.Get(c.Tx, key(project.ID, in.Slug))
	if !ok {
		return nil, notFound("Environment with slug '%s' not found", in.Slug)
	}
	return showEnvironment(c, e), nil
}

// inProject is the Enter of what belongs to a project.
func inProject[In any](p *Provider, subject string) func(*kernel.Call, kit.Action, In) (string, error) {
	return func(c *kernel.Call, do kit.Action, _ In) (string, error) {
		project, err := p.project(c, c.Vars["projectId"], "")
		if err == nil {
			err = permitChange(c, do, subject)
		}
		return project.ID, err
	}
}

// permitChange is permit for those resources that every role may read.
func permitChange(c *kernel.Call, do kit.Action, subject string) error {
	if do == kit.Read {
		return nil
	}
	return permit(c, string(do), subject)
}

// tagInput is what a new tag and a change have.
type tagInput struct {
	Slug  *string `json:"slug"`
	Color *string `json:"color"`
}

type tagBody struct {
	ID                 string        `json:"id"`
	Slug               string        `json:"slug"`
	Color              *string       `json:"color"`
	CreatedAt          kit.Timestamp `json:"createdAt"`
	UpdatedAt          kit.Timestamp `json:"updatedAt"`
	ProjectID          string        `json:"projectId"`
	CreatedByActorType string        `json:"createdByActorType"`
	Name               string        `json:"name"`
}

// tagResource are the labels that a project has for its secrets; one and many are
// what answers stand under.
// https://infisical.com/docs/api-reference/endpoints/secret-tags/create
func (p *Provider) tagResource(one, many string) kit.Resource[tag, tagInput] {
	return kit.Resource[tag, tagInput]{
		Rows: p.tagsOf, Key: func(t tag) string { return t.ID }, Path: "tagId",
		Enter: inProject[tagInput](p, "tags"),
		New: func(c *kernel.Call, project string) tag {
			return tag{ID: c.Draw("tag").UUID(), ProjectID: project, CreatedAt: c.Now}
		},
		Assign: func(c *kernel.Call, t *tag, in tagInput) error {
			kit.Put(&t.Slug, in.Slug)
			if in.Color != nil {
				t.Color = in.Color
			}
			t.UpdatedAt = c.Now
			return fit(text("color", t.Color))
		},
		Show: func(_ *kernel.Call, t tag) any {
			return tagBody{t.ID, t.Slug, t.Color, kit.Timestamp(t.CreatedAt), kit.Timestamp(t.UpdatedAt), t.ProjectID, "identity", t.Slug}
		},
		Missing: func(id string) error { return notFound("Tag with ID '%s' not found", id) },
		Taken:   func(tag, string) error { return badRequest("Tag already exist") },
		Guard: func(c *kernel.Call, do kit.Action, t tag) error {
			if do == kit.Delete {
				p.untag(c, t)
			}
			return nil
		},
		Answer: kit.Under(one), Page: allUnder(many),
	}
}

func (p *Provider) tagBySlugIn(c *kernel.Call, project, slug string) (tag, bool) {
	return p.tagBySlug.Get(c.Tx, key(project, slug))
}

// untag takes a tag from the secrets that have it.
func (p *Provider) untag(c *kernel.Call, t tag) {
	for _, s := range collect(p.secrets.All(c.Tx)) {
		var left []string
		for _, id := range s.Tags {
			if id != t.ID {
				left = append(left, id)
			}
		}
		if len(left) != len(s.Tags) {
			s.Tags = left
			p.secrets.Put(c.Tx, s.ID, s)
		}
	}
}
