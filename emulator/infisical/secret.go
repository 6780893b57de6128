package infisical

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// secret is a row: one version of a secret. All of them are shared; personal
// ones belong to users, and identities are none.
type secret struct {
	ID, FolderID          string
	Key, Value, Comment   string
	Version               int
	SkipMultilineEncoding bool
	Metadata              []secretMetadata
	Tags                  []string // ids
	ReminderNote          *string
	ReminderRepeatDays    *float64
	CreatedAt, UpdatedAt  time.Time
}

// secretMetadata is one pair of a secret's metadata.
type secretMetadata struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	IsEncrypted bool   `json:"isEncrypted"`
}

// The types of secrets.
const (
	typeShared   = "shared"
	typePersonal = "personal"
)

// hiddenValue is what stands for a value that was not asked for.
const hiddenValue = "<hidden-by-infisical>"

// secretBody is what every answer shows of a secret.
type secretBody struct {
	ID                       string    `json:"id"`
	LegacyID                 string    `json:"_id"`
	Workspace                string    `json:"workspace"`
	Environment              string    `json:"environment"`
	Version                  int       `json:"version"`
	Type                     string    `json:"type"`
	SecretKey                string    `json:"secretKey"`
	SecretValue              string    `json:"secretValue"`
	SecretComment            string    `json:"secretComment"`
	SecretReminderNote       *string   `json:"secretReminderNote"`
	SecretReminderRepeatDays *float64  `json:"secretReminderRepeatDays"`
	SkipMultilineEncoding    bool      `json:"skipMultilineEncoding"`
	CreatedAt                timestamp `json:"createdAt"`
	UpdatedAt                timestamp `json:"updatedAt"`
	IsRotatedSecret          bool      `json:"isRotatedSecret"`
	RotationID               *string   `json:"rotationId"`
}

func (s secret) body(at place) secretBody {
	return secretBody{
		ID: s.ID, LegacyID: s.ID, Workspace: at.project.ID, Environment: at.environment,
		Version: s.Version, Type: typeShared,
		SecretKey: s.Key, SecretValue: s.Value, SecretComment: s.Comment,
		SecretReminderNote: s.ReminderNote, SecretReminderRepeatDays: s.ReminderRepeatDays,
		SkipMultilineEncoding: s.SkipMultilineEncoding,
		CreatedAt:             timestamp(s.CreatedAt), UpdatedAt: timestamp(s.UpdatedAt),
	}
}

// changedSecret is a secret that an operation has changed or deleted.
type changedSecret struct {
	secretBody
	SecretValueHidden bool `json:"secretValueHidden"`
}

// gotSecret and listedSecret show the same in the order of their operations.
type (
	gotSecret struct {
		secretBody
		SecretValueHidden bool             `json:"secretValueHidden"`
		SecretPath        string           `json:"secretPath"`
		Tags              []secretTag      `json:"tags"`
		SecretMetadata    []secretMetadata `json:"secretMetadata"`
	}
	listedSecret struct {
		secretBody
		SecretPath        string           `json:"secretPath"`
		SecretValueHidden bool             `json:"secretValueHidden"`
		SecretMetadata    []secretMetadata `json:"secretMetadata"`
		Tags              []secretTag      `json:"tags"`
	}
	secretTag struct {
		ID    string  `json:"id"`
		Slug  string  `json:"slug"`
		Color *string `json:"color"`
		Name  string  `json:"name"`
	}
)

func (p *Provider) secretTags(c *kernel.Call, s secret) []secretTag {
	list := []secretTag{}
	for _, id := range s.Tags {
		t, _ := p.tags.Get(c.Tx, id)
		list = append(list, secretTag{ID: t.ID, Slug: t.Slug, Color: t.Color, Name: t.Slug})
	}
	return list
}

// place is a folder, and the names it was asked for by.
type place struct {
	project           project
	environment, path string
	folder            folder
}

// place finds the folder of a request for secrets; name is the error's when it
// is not there.
func (p *Provider) place(c *kernel.Call, project project, environment string, path *string, name string) (place, error) {
	at := place{project: project, environment: trim(environment), path: cleanPath(path)}
	var ok bool
	var err error
	at.folder, ok, err = p.findValid(c, project.ID, at.environment, at.path)
	if err == nil && !ok {
		err = noFolder(name, at.path, at.environment)
	}
	return at, err
}

// reader shows secrets to somebody who asks for their values or not.
type reader struct {
	view, expand bool
	expander     expander
	answer       *budget
}

func (p *Provider) reader(c *kernel.Call, projectID, view, expand string) reader {
	return reader{view != "false", expand == "true", expander{c, p, projectID, newBudget()}, newBudget()}
}

func (r reader) read(s secret, at place) (body secretBody, err error) {
	switch {
	case !r.view:
		s.Value = hiddenValue
	case r.expand:
		s.Value, err = r.expander.expand(spot{at.environment, at.path, s.Key}, s)
	}
	if err == nil {
		err = s.spend(r.answer, at.path)
	}
	return s.body(at), err
}

// spend takes what a secret at a path comes to in an answer.
func (s secret) spend(b *budget, path string) error {
	for _, m := range s.Metadata {
		if err := b.spendOn(64, m.Key, m.Value); err != nil {
			return err
		}
	}
	const frame, tag = 700, 600
	return b.spendOn(frame+tag*len(s.Tags), s.Key, s.Value, s.Comment, path)
}

type listSecretsRequest struct {
	WorkspaceID            string  `query:"workspaceId" json:"-"`
	WorkspaceSlug          string  `query:"workspaceSlug" json:"-"`
	Environment            string  `query:"environment" json:"-"`
	SecretPath             *string `query:"secretPath" json:"-"`
	ViewSecretValue        string  `query:"viewSecretValue" json:"-"`
	ExpandSecretReferences string  `query:"expandSecretReferences" json:"-"`
	Recursive              string  `query:"recursive" json:"-"`
	TagSlugs               string  `query:"tagSlugs" json:"-"`
	MetadataFilter         string  `query:"metadataFilter" json:"-"`
	IncludeImports         string  `query:"include_imports" json:"-"`
}

type listSecretsResponse struct {
	Secrets []listedSecret    `json:"secrets"`
	Imports []importedSecrets `json:"imports"`
}

// listSecrets returns the secrets of a folder, or of everything below it, and what
// the folder imports.
// https://infisical.com/docs/api-reference/endpoints/deprecated/secrets/list
func (p *Provider) listSecrets(c *kernel.Call, in listSecretsRequest) (listSecretsResponse, error) {
	filter, err := metadataFilter(in.MetadataFilter)
	if err != nil {
		return listSecretsResponse{}, err
	}
	project, err := p.project(c, trim(in.WorkspaceID), trim(in.WorkspaceSlug))
	if err != nil {
		return listSecretsResponse{}, err
	}
	return p.list(c, project, in, filter)
}

type listSecretsV4Request struct {
	ProjectID              string  `query:"projectId" json:"-"`
	Environment            string  `query:"environment" json:"-"`
	SecretPath             *string `query:"secretPath" json:"-"`
	ViewSecretValue        string  `query:"viewSecretValue" json:"-"`
	ExpandSecretReferences string  `query:"expandSecretReferences" json:"-"`
	Recursive              string  `query:"recursive" json:"-"`
	TagSlugs               string  `query:"tagSlugs" json:"-"`
	MetadataFilter         string  `query:"metadataFilter" json:"-"`
	IncludeImports         string  `query:"includeImports" json:"-"`
}

// listSecretsV4 is listSecrets as the CLI calls it.
// https://infisical.com/docs/api-reference/endpoints/secrets/list
func (p *Provider) listSecretsV4(c *kernel.Call, in listSecretsV4Request) (listSecretsResponse, error) {
	filter, err := metadataFilter(in.MetadataFilter)
	if err != nil {
		return listSecretsResponse{}, err
	}
	if trim(in.ProjectID) == "" {
		return listSecretsResponse{}, badRequest(missingPlace)
	}
	project, err := p.project(c, trim(in.ProjectID), "")
	if err != nil {
		return listSecretsResponse{}, err
	}
	return p.list(c, project, listSecretsRequest{
		Environment: in.Environment, SecretPath: in.SecretPath, ViewSecretValue: in.ViewSecretValue,
		ExpandSecretReferences: in.ExpandSecretReferences, Recursive: in.Recursive, TagSlugs: in.TagSlugs,
		IncludeImports: in.IncludeImports,
	}, filter)
}

// metadataFilter reads key=a,value=b|key=c,value=d; what is not of this form
// filters nothing.
func metadataFilter(text string) ([]secretMetadata, error) {
	var filter []secretMetadata
	for pair := range strings.SplitSeq(text, "|") {
		parts := strings.FieldsFunc(pair, func(r rune) bool { return r == ',' || r == '=' })
		var m secretMetadata
		for i := 0; i+1 < len(parts); i += 2 {
			switch strings.ToLower(trim(parts[i])) {
			case "key":
				m.Key = trim(parts[i+1])
			case "value":
				m.Value = trim(parts[i+1])
			}
		}
		if m.Key != "" && m.Value != "" {
			filter = append(filter, m)
		}
	}
	if len(filter) > 10 {
		return nil, validation(custom{"custom", "You can only filter by up to 10 metadata fields", []any{"metadataFilter"}}).
			Because("metadataFilter has %d fields", len(filter))
	}
	return filter, nil
}

// has reports whether the secret has all of the metadata, in the clear.
func (s secret) has(filter []secretMetadata) bool {
	return !slices.ContainsFunc(filter, func(m secretMetadata) bool { return !slices.Contains(s.Metadata, m) })
}

const missingPlace = "Missing project id or environment"

func (p *Provider) list(c *kernel.Call, project project, in listSecretsRequest, filter []secretMetadata) (listSecretsResponse, error) {
	response := listSecretsResponse{[]listedSecret{}, []importedSecrets{}}
	at := place{project: project, environment: trim(in.Environment), path: cleanPath(in.SecretPath)}
	if at.environment == "" {
		return response, badRequest(missingPlace)
	}
	if err := p.permitValue(c, project.ID, in.ViewSecretValue, spotIn{environment: at.environment, path: at.path}); err != nil {
		return response, err
	}
	recursive := in.Recursive == "true"
	if _, ok := p.environmentBySlug.Get(c.Tx, key(project.ID, at.environment)); !ok && recursive {
		return response, notFound("Environment with slug '%s' in project with ID %s not found", at.environment, project.ID)
	}
	top, ok, err := p.findValid(c, project.ID, at.environment, at.path)
	switch {
	case err != nil:
		return response, err
	case !ok:
		return response, refuse(http.StatusNotFound, "SecretPathNotFound",
			"Folder with path '%s' in environment '%s' was not found. Please ensure the environment slug and secret path is correct.", at.path, at.environment)
	}
	tags := map[string]bool{}
	for slug := range strings.FieldsFuncSeq(in.TagSlugs, func(r rune) bool { return r == ',' || r == ' ' }) {
		tags[slug] = true
	}
	r, inSight := p.reader(c, project.ID, in.ViewSecretValue, in.ExpandSecretReferences), p.sight(c, project.ID, in.ViewSecretValue)
	list := func(f folder, path string, to *[]listedSecret) error {
		here := at
		here.path = path
		if e, ok := p.environments.Get(c.Tx, f.EnvironmentID); ok {
			here.environment = e.Slug // another for what is imported
		}
		for _, s := range p.secretsByFolder.All(c.Tx, f.ID) {
			shown := p.secretTags(c, s)
			if len(tags) > 0 && !slices.ContainsFunc(shown, func(t secretTag) bool { return tags[t.Slug] }) {
				continue
			}
			if !s.has(filter) || !inSight(spotIn{here.environment, path, s.Key}) {
				continue
			}
			body, err := r.read(s, here)
			if err != nil {
				return err
			}
			*to = append(*to, listedSecret{body, path, !r.view, s.Metadata, shown})
		}
		return nil
	}
	if recursive {
		err = p.below(c, top, at.path, func(f folder, path string) error { return list(f, path, &response.Secrets) })
	} else {
		err = list(top, at.path, &response.Secrets)
	}
	if err == nil && in.IncludeImports == "true" {
		err = p.imported(c, top, func(f folder, environment, path string) error {
			from := importedSecrets{path, environment, f.ID, []listedSecret{}}
			err := list(f, path, &from.Secrets)
			response.Imports = append(response.Imports, from)
			return err
		})
	}
	if err != nil {
		return listSecretsResponse{}, err
	}
	// The service orders by id, which comes to no order anyone could rely on.
	slices.SortFunc(response.Secrets, func(a, b listedSecret) int { return cmp.Compare(a.ID, b.ID) })
	return response, nil
}

type getSecretRequest struct {
	SecretName             string   `path:"secretName" json:"-"`
	WorkspaceID            string   `query:"workspaceId" json:"-"`
	WorkspaceSlug          string   `query:"workspaceSlug" json:"-"`
	Environment            string   `query:"environment" json:"-"`
	SecretPath             *string  `query:"secretPath" json:"-"`
	Version                *float64 `query:"version" json:"-"`
	Type                   string   `query:"type" json:"-"`
	ViewSecretValue        string   `query:"viewSecretValue" json:"-"`
	ExpandSecretReferences string   `query:"expandSecretReferences" json:"-"`
	IncludeImports         string   `query:"include_imports" json:"-"`
}

type getSecretResponse struct {
	Secret gotSecret `json:"secret"`
}

// getSecret returns one secret, as it is or as it was.
// https://infisical.com/docs/api-reference/endpoints/deprecated/secrets/read
func (p *Provider) getSecret(c *kernel.Call, in getSecretRequest) (getSecretResponse, error) {
	project, err := p.project(c, trim(in.WorkspaceID), trim(in.WorkspaceSlug))
	if err != nil {
		return getSecretResponse{}, err
	}
	return p.get(c, project, in)
}

type getSecretV4Request struct {
	SecretName             string   `path:"secretName" json:"-"`
	ProjectID              string   `query:"projectId" json:"-"`
	Environment            string   `query:"environment" json:"-"`
	SecretPath             *string  `query:"secretPath" json:"-"`
	Version                *float64 `query:"version" json:"-"`
	Type                   string   `query:"type" json:"-"`
	ViewSecretValue        string   `query:"viewSecretValue" json:"-"`
	ExpandSecretReferences string   `query:"expandSecretReferences" json:"-"`
	IncludeImports         string   `query:"includeImports" json:"-"`
}

// getSecretV4 is getSecret as the CLI calls it.
// https://infisical.com/docs/api-reference/endpoints/secrets/read
func (p *Provider) getSecretV4(c *kernel.Call, in getSecretV4Request) (getSecretResponse, error) {
	project, err := p.project(c, trim(in.ProjectID), "")
	if err != nil {
		return getSecretResponse{}, err
	}
	return p.get(c, project, getSecretRequest{
		SecretName: in.SecretName, Environment: in.Environment, SecretPath: in.SecretPath, Version: in.Version,
		Type: in.Type, ViewSecretValue: in.ViewSecretValue, ExpandSecretReferences: in.ExpandSecretReferences,
		IncludeImports: in.IncludeImports,
	})
}

func (p *Provider) get(c *kernel.Call, project project, in getSecretRequest) (getSecretResponse, error) {
	var none getSecretResponse
	if trim(in.Environment) == "" {
		return none, badRequest("Missing environment")
	}
	at, err := p.place(c, project, in.Environment, in.SecretPath, "GetSecretByName")
	if err != nil {
		return none, err
	}
	if err := p.permitValue(c, project.ID, in.ViewSecretValue, spotIn{at.environment, at.path, trim(in.SecretName)}); err != nil {
		return none, err
	}
	name := trim(in.SecretName)
	s, ok := p.secretByKey.Get(c.Tx, key(at.folder.ID, name))
	if ok && in.Version != nil && *in.Version != float64(s.Version) {
		s, ok = p.pastVersions.Get(c.Tx, s.versionKey(*in.Version))
	}
	if !ok && in.IncludeImports == "true" {
		_ = p.imported(c, at.folder, func(f folder, environment, path string) error {
			if found, there := p.secretByKey.Get(c.Tx, key(f.ID, name)); there && !ok {
				s, ok = found, true
				at.folder, at.environment, at.path = f, environment, path
			}
			return nil
		})
	}
	if !ok || in.Type == typePersonal {
		return none, notFound("Secret with name '%s' not found", name)
	}
	r := p.reader(c, project.ID, in.ViewSecretValue, in.ExpandSecretReferences)
	body, err := r.read(s, at)
	return getSecretResponse{gotSecret{body, !r.view, at.path, p.secretTags(c, s), s.Metadata}}, err
}

// getSecretByID returns a secret of any folder by its id.
// https://infisical.com/docs/api-reference/endpoints/secrets/read
func (p *Provider) getSecretByID(c *kernel.Call, in struct {
	SecretID        string `path:"secretId" json:"-"`
	ViewSecretValue string `query:"viewSecretValue" json:"-"`
}) (getSecretResponse, error) {
	s, ok := p.secrets.Get(c.Tx, trim(in.SecretID))
	if !ok {
		return getSecretResponse{}, notFound("Secret with ID '%s' not found", in.SecretID)
	}
	f, _ := p.folders.Get(c.Tx, s.FolderID)
	env, _ := p.environments.Get(c.Tx, f.EnvironmentID)
	project, err := p.project(c, env.ProjectID, "")
	if err == nil {
		err = p.permitValue(c, project.ID, in.ViewSecretValue, spotIn{env.Slug, p.folderPath(c, f), s.Key})
	}
	if err != nil {
		return getSecretResponse{}, err
	}
	at := place{project, env.Slug, p.folderPath(c, f), f}
	r := p.reader(c, project.ID, in.ViewSecretValue, "")
	body, err := r.read(s, at)
	return getSecretResponse{gotSecret{body, !r.view, at.path, p.secretTags(c, s), s.Metadata}}, err
}

// versionKey is what a past version of the secret is kept by.
func (s secret) versionKey(version float64) string {
	return key(s.ID, strconv.FormatFloat(version, 'f', -1, 64))
}

// secretWhere says which folder a change is about, and of what type the secret.
type secretWhere struct {
	WorkspaceID string  `json:"workspaceId"`
	ProjectSlug string  `json:"projectSlug"`
	Environment string  `json:"environment"`
	SecretPath  *string `json:"secretPath"`
	Type        string  `json:"type"`
}

// change finds the folder of a change that only users may make to personal
// secrets; name is the error's when the folder is not there.
func (p *Provider) change(c *kernel.Call, in secretWhere, name, personal string) (place, error) {
	project, err := p.project(c, trim(in.WorkspaceID), trim(in.ProjectSlug))
	if err != nil {
		return place{}, err
	}
	at, err := p.place(c, project, in.Environment, in.SecretPath, name)
	if err == nil && in.Type == typePersonal {
		err = badRequest("%s", personal).Because("the caller is an identity, and personal secrets belong to users")
	}
	return at, err
}

// newSecret is what a secret is made of.
type newSecret struct {
	SecretValue              string           `json:"secretValue"`
	SecretComment            string           `json:"secretComment"`
	SecretMetadata           []secretMetadata `json:"secretMetadata"`
	TagIDs                   []string         `json:"tagIds"`
	SkipMultilineEncoding    bool             `json:"skipMultilineEncoding"`
	SecretReminderRepeatDays *float64         `json:"secretReminderRepeatDays"`
	SecretReminderNote       *string          `json:"secretReminderNote"`
}

// row is the first version of a secret, without its id and folder.
func (in newSecret) row(name string) secret {
	return secret{
		Key: name, Value: cleanValue(in.SecretValue), Comment: trim(in.SecretComment),
		SkipMultilineEncoding: in.SkipMultilineEncoding, Metadata: cleanMetadata(in.SecretMetadata), Tags: in.TagIDs,
		ReminderNote: in.SecretReminderNote, ReminderRepeatDays: in.SecretReminderRepeatDays,
	}
}

// cleanValue cuts white space off a value; a line's end stays.
func cleanValue(value string) string {
	clean := trim(value)
	if strings.HasSuffix(value, "\n") {
		clean += "\n"
	}
	return clean
}

func cleanMetadata(in []secretMetadata) []secretMetadata {
	list := make([]secretMetadata, len(in))
	for i, m := range in {
		list[i] = secretMetadata{trim(m.Key), trim(m.Value), m.IsEncrypted}
	}
	return list
}

// secretNameIssue says what is wrong with the name of a new secret, or nil.
func secretNameIssue(name string, path ...any) any {
	switch {
	case name == "":
		return tooSmall{"too_small", 1, "string", true, false, "String must contain at least 1 character(s)", path}
	case strings.ContainsAny(name, ":/"):
		return custom{"custom", "Secret name cannot contain colon or forward slash.", path}
	}
	return nil
}

// fit refuses what the service's columns do not hold; values and comments are
// encrypted and may be of any length.
func (s secret) fit() error {
	columns := []column{{"the secret's name", s.Key, maxSecretKey}}
	for _, m := range s.Metadata {
		columns = append(columns, text("a key of secretMetadata", &m.Key), column{"a value of secretMetadata", m.Value, maxMetadataValue})
	}
	return fit(columns...)
}

// addSecret stores a new secret in a folder.
func (p *Provider) addSecret(c *kernel.Call, f folder, s secret) secret {
	s.ID = cmp.Or(s.ID, c.Draw("secret").UUID())
	s.FolderID, s.Version = f.ID, 1
	s.CreatedAt, s.UpdatedAt = c.Now, c.Now
	p.secrets.Put(c.Tx, s.ID, s)
	p.touch(c, f)
	return s
}

// touch notes that a secret of the folder has changed.
func (p *Provider) touch(c *kernel.Call, f folder) {
	f.LastSecretModified = c.Now
	p.folders.Put(c.Tx, f.ID, f)
}

type createSecretRequest struct {
	SecretName string `path:"secretName" json:"-"`
	secretWhere
	newSecret
}

type createSecretResponse struct {
	Secret secretBody `json:"secret"`
}

const personalSecretOfIdentity = "Must be user to create personal secret" // of updates too

// createSecret makes a secret.
// https://infisical.com/docs/api-reference/endpoints/deprecated/secrets/create
func (p *Provider) createSecret(c *kernel.Call, in createSecretRequest) (createSecretResponse, error) {
	var none createSecretResponse
	name := trim(in.SecretName)
	if issue := secretNameIssue(name, "secretName"); issue != nil {
		return none, validation(issue).Because("%q cannot be the name of a secret", name)
	}
	at, err := p.change(c, in.secretWhere, "CreateSecret", personalSecretOfIdentity)
	if err != nil {
		return none, err
	}
	if _, ok := p.secretByKey.Get(c.Tx, key(at.folder.ID, name)); ok {
		return none, badRequest("Secret already exists").Because("%s has a secret %s already", at.path, name)
	}
	if in.TagIDs, err = p.resolveTags(c, at.project.ID, in.TagIDs); err != nil {
		return none, err
	}
	if err := p.permit(c, at.project.ID, "create", subjectSecrets, spotIn{at.environment, at.path, name}); err != nil {
		return none, err
	}
	row := in.row(name)
	if err := row.fit(); err != nil {
		return none, err
	}
	return createSecretResponse{p.addSecret(c, at.folder, row).body(at)}, nil
}

type createSecretsRequest struct {
	secretWhere
	Secrets []batchSecret `json:"secrets"`
}

// batchSecret is one of several new secrets.
type batchSecret struct {
	SecretKey string `json:"secretKey"`
	newSecret
}

type createSecretsResponse struct {
	Secrets []secretBody `json:"secrets"`
}

// createSecrets makes several secrets in one folder, or none.
// https://infisical.com/docs/api-reference/endpoints/deprecated/secrets/create-many
func (p *Provider) createSecrets(c *kernel.Call, in createSecretsRequest) (createSecretsResponse, error) {
	response := createSecretsResponse{[]secretBody{}}
	var issues []any
	for i, s := range in.Secrets {
		if issue := secretNameIssue(trim(s.SecretKey), "secrets", i, "secretKey"); issue != nil {
			issues = append(issues, issue)
		}
	}
	if issues != nil {
		return response, validation(issues...).Because("some of the names cannot be those of secrets")
	}
	at, err := p.change(c, in.secretWhere, "CreateManySecret", "")
	if err != nil {
		return response, err
	}
	var there []string
	seen := map[string]bool{}
	for _, s := range in.Secrets {
		name := trim(s.SecretKey)
		if _, ok := p.secretByKey.Get(c.Tx, key(at.folder.ID, name)); ok || seen[name] {
			there = append(there, name)
		}
		seen[name] = true
	}
	if there != nil {
		return response, badRequest("Secret already exists: %s", strings.Join(there, ","))
	}
	for i, s := range in.Secrets {
		if in.Secrets[i].TagIDs, err = p.resolveTags(c, at.project.ID, s.TagIDs); err != nil {
			return response, err
		}
	}
	answer := newBudget()
	for _, s := range in.Secrets {
		if err := p.permit(c, at.project.ID, "create", subjectSecrets, spotIn{at.environment, at.path, trim(s.SecretKey)}); err != nil {
			return response, err
		}
		row := s.row(trim(s.SecretKey))
		if err := errors.Join(row.fit(), row.spend(answer, at.path)); err != nil {
			return response, err
		}
		response.Secrets = append(response.Secrets, p.addSecret(c, at.folder, row).body(at))
	}
	return response, nil
}

type updateSecretRequest struct {
	SecretName string `path:"secretName" json:"-"`
	secretWhere
	secretChange
}

type changedSecretResponse struct {
	Secret changedSecret `json:"secret"`
}

// updateSecret changes what is sent, in a new version. References to a secret that
// gets a new name are rewritten.
// https://infisical.com/docs/api-reference/endpoints/deprecated/secrets/update
func (p *Provider) updateSecret(c *kernel.Call, in updateSecretRequest) (changedSecretResponse, error) {
	var none changedSecretResponse
	name := trim(in.SecretName)
	rename := name
	if in.NewSecretName != nil {
		rename = trim(*in.NewSecretName)
		if issue := secretNameIssue(rename, "newSecretName"); issue != nil {
			return none, validation(issue).Because("%q cannot be the name of a secret", rename)
		}
	}
	at, err := p.change(c, in.secretWhere, "UpdateSecret", personalSecretOfIdentity)
	if err != nil {
		return none, err
	}
	s, ok := p.secretByKey.Get(c.Tx, key(at.folder.ID, name))
	if !ok {
		return none, notFound("Secret with name %s not found", name)
	}
	if err := p.permit(c, at.project.ID, "edit", subjectSecrets, spotIn{at.environment, at.path, name}); err != nil {
		return none, err
	}
	next := s
	if in.TagIDs != nil {
		if next.Tags, err = p.resolveTags(c, at.project.ID, *in.TagIDs); err != nil {
			return none, err
		}
	}
	if in.NewSecretName != nil {
		if _, ok := p.secretByKey.Get(c.Tx, key(at.folder.ID, rename)); ok {
			return none, badRequest("Secret with the new name already exists")
		}
		next.Key = rename
	}
	if in.SecretValue != nil {
		next.Value = cleanValue(*in.SecretValue)
	}
	if in.SecretMetadata != nil {
		next.Metadata = cleanMetadata(*in.SecretMetadata)
	}
	kit.Put(&next.Comment, in.SecretComment)
	kit.Put(&next.SkipMultilineEncoding, in.SkipMultilineEncoding)
	if in.SecretReminderRepeatDays != nil {
		next.ReminderRepeatDays, next.ReminderNote = in.SecretReminderRepeatDays, in.SecretReminderNote
	}
	if err := next.fit(); err != nil {
		return none, err
	}
	next.Version++
	next.UpdatedAt = c.Now
	p.pastVersions.Put(c.Tx, s.versionKey(float64(s.Version)), s)
	p.secrets.Put(c.Tx, next.ID, next)
	p.touch(c, at.folder)
	if next.Key != s.Key {
		err = p.renameReferences(c, at, s, next.Key)
	}
	return changedSecretResponse{changedSecret{next.body(at), false}}, err
}

type deleteSecretRequest struct {
	SecretName string `path:"secretName" json:"-"`
	secretWhere
}

// deleteSecret deletes a secret with all its versions.
// https://infisical.com/docs/api-reference/endpoints/deprecated/secrets/delete
func (p *Provider) deleteSecret(c *kernel.Call, in deleteSecretRequest) (changedSecretResponse, error) {
	var none changedSecretResponse
	at, err := p.change(c, in.secretWhere, "DeleteSecret", "Must be user to delete personal secret")
	if err != nil {
		return none, err
	}
	s, ok := p.secretByKey.Get(c.Tx, key(at.folder.ID, in.SecretName))
	if !ok {
		return none, notFound("Secret not found").Because("%s has no secret %s", at.path, in.SecretName)
	}
	if err := p.permit(c, at.project.ID, "delete", subjectSecrets, spotIn{at.environment, at.path, in.SecretName}); err != nil {
		return none, err
	}
	p.pastSecrets.Delete(c.Tx, s.ID)
	p.secrets.Delete(c.Tx, s.ID)
	p.touch(c, at.folder)
	return changedSecretResponse{changedSecret{s.body(at), false}}, nil
}
