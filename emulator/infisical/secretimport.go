package infisical

import (
	"cmp"
	"slices"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// secretImport shows the secrets of one folder in another.
type secretImport struct {
	ID, FolderID         string
	EnvironmentID, Path  string // what is imported
	Position             float64
	IsReplication        bool
	CreatedAt, UpdatedAt time.Time
}

type importBody struct {
	ID                   string          `json:"id"`
	Version              int             `json:"version"`
	ImportPath           string          `json:"importPath"`
	ImportEnv            environmentName `json:"importEnv"`
	Position             float64         `json:"position"`
	CreatedAt            kit.Timestamp   `json:"createdAt"`
	UpdatedAt            kit.Timestamp   `json:"updatedAt"`
	FolderID             string          `json:"folderId"`
	IsReplication        bool            `json:"isReplication"`
	IsReplicationSuccess *bool           `json:"isReplicationSuccess"`
	ReplicationStatus    *string         `json:"replicationStatus"`
	LastReplicated       *kit.Timestamp  `json:"lastReplicated"`
	IsReserved           bool            `json:"isReserved"`
}

type importDetails struct {
	importBody
	ProjectID   string          `json:"projectId"`
	SecretPath  string          `json:"secretPath"`
	Environment environmentName `json:"environment"`
}

type importResponse struct {
	Message      string `json:"message,omitempty"`
	SecretImport any    `json:"secretImport"`
}

func (p *Provider) importBody(c *kernel.Call, i secretImport) importBody {
	env, _ := p.environments.Get(c.Tx, i.EnvironmentID)
	return importBody{
		ID: i.ID, Version: 1, ImportPath: i.Path, ImportEnv: environmentName{env.Name, env.Slug, env.ID}, Position: i.Position,
		CreatedAt: kit.Timestamp(i.CreatedAt), UpdatedAt: kit.Timestamp(i.UpdatedAt), FolderID: i.FolderID, IsReplication: i.IsReplication,
	}
}

// importWhere says which folder a request for imports is about.
type importWhere struct {
	WorkspaceID string  `json:"workspaceId"`
	Environment string  `json:"environment"`
	Path        *string `json:"path"`
}

// importFolder finds the folder that imports.
func (p *Provider) importFolder(c *kernel.Call, in importWhere, action string) (place, error) {
	project, err := p.project(c, trim(in.WorkspaceID), "")
	if err == nil {
		err = p.permitFolder(c, project.ID, action, subjectImports, in.Environment, cleanPath(in.Path))
	}
	if err != nil {
		return place{}, err
	}
	return p.place(c, project, in.Environment, in.Path, "NotFound")
}

// source finds what is imported: an environment of the project. The folder need
// not be there.
func (p *Provider) source(c *kernel.Call, at place, slug, path string) (environmentID, folderPath string, err error) {
	env, ok := p.environmentBySlug.Get(c.Tx, key(at.project.ID, trim(slug)))
	if !ok {
		return "", "", notFound("Imported environment with slug '%s' in project with ID '%s' not found", trim(slug), at.project.ID)
	}
	folderPath = cleanPath(&path)
	_, _, err = p.findValid(c, at.project.ID, env.Slug, folderPath)
	return env.ID, folderPath, err
}

// orderedImports are those of a folder, in their order.
func (p *Provider) orderedImports(c *kernel.Call, folderID string) []secretImport {
	list := collect(p.importsOf.All(c.Tx, folderID))
	slices.SortStableFunc(list, func(a, b secretImport) int { return cmp.Compare(a.Position, b.Position) })
	return list
}

type createImportRequest struct {
	importWhere
	Import struct {
		Environment string `json:"environment"`
		Path        string `json:"path"`
	} `json:"import"`
	IsReplication bool `json:"isReplication"`
}

// createSecretImport makes a folder show what another has.
// https://infisical.com/docs/api-reference/endpoints/secret-imports/create
func (p *Provider) createSecretImport(c *kernel.Call, in createImportRequest) (importResponse, error) {
	var none importResponse
	at, err := p.importFolder(c, in.importWhere, "create")
	if err != nil {
		return none, err
	}
	i := secretImport{FolderID: at.folder.ID, IsReplication: in.IsReplication, CreatedAt: c.Now, UpdatedAt: c.Now}
	if i.EnvironmentID, i.Path, err = p.source(c, at, in.Import.Environment, in.Import.Path); err != nil {
		return none, err
	}
	if _, ok := p.importByPlace.Get(c.Tx, i.place()); ok {
		return none, badRequest("Secret import already exist")
	}
	i.ID = c.Draw("secret-import").UUID()
	i.Position = float64(len(p.orderedImports(c, at.folder.ID)) + 1)
	p.imports.Put(c.Tx, i.ID, i)
	return importResponse{"Successfully linked secrets", p.importBody(c, i)}, nil
}

// place is what an import is: of one folder in another.
func (i secretImport) place() string { return key(i.FolderID, key(i.EnvironmentID, i.Path)) }

type importListRequest struct {
	WorkspaceID string  `query:"workspaceId" json:"-"`
	Environment string  `query:"environment" json:"-"`
	Path        *string `query:"path" json:"-"`
}

type importListResponse struct {
	Message       string       `json:"message"`
	SecretImports []importBody `json:"secretImports"`
}

// listSecretImports returns the imports of a folder.
// https://infisical.com/docs/api-reference/endpoints/secret-imports/list
func (p *Provider) listSecretImports(c *kernel.Call, in importListRequest) (importListResponse, error) {
	response := importListResponse{"Successfully fetched secret imports", []importBody{}}
	at, err := p.importFolder(c, importWhere(in), "read")
	if err != nil {
		return response, err
	}
	for _, i := range p.orderedImports(c, at.folder.ID) {
		response.SecretImports = append(response.SecretImports, p.importBody(c, i))
	}
	return response, nil
}

// getSecretImport returns an import by its id alone.
// https://infisical.com/docs/api-reference/endpoints/secret-imports/list
func (p *Provider) getSecretImport(c *kernel.Call, in struct {
	ID string `path:"importId" json:"-"`
}) (importResponse, error) {
	i, ok := p.imports.Get(c.Tx, in.ID)
	f, _ := p.folders.Get(c.Tx, i.FolderID)
	env, _ := p.environments.Get(c.Tx, f.EnvironmentID)
	if !ok {
		return importResponse{}, notFound("Secret import with ID '%s' not found", in.ID)
	}
	project, err := p.project(c, env.ProjectID, "")
	return importResponse{"", importDetails{p.importBody(c, i), project.ID, p.folderPath(c, f), environmentName{env.Name, env.Slug, env.ID}}}, err
}

type updateImportRequest struct {
	ID string `path:"importId" json:"-"`
	importWhere
	Import struct {
		Environment *string  `json:"environment"`
		Path        *string  `json:"path"`
		Position    *float64 `json:"position"`
	} `json:"import"`
}

// updateSecretImport changes what is imported, or in which order.
// https://infisical.com/docs/api-reference/endpoints/secret-imports/update
func (p *Provider) updateSecretImport(c *kernel.Call, in updateImportRequest) (importResponse, error) {
	var none importResponse
	i, at, err := p.findImport(c, in.importWhere, in.ID, "edit")
	if err != nil {
		return none, err
	}
	env, _ := p.environments.Get(c.Tx, i.EnvironmentID)
	slug, path := env.Slug, i.Path
	kit.Put(&slug, in.Import.Environment)
	kit.Put(&path, in.Import.Path)
	if i.EnvironmentID, i.Path, err = p.source(c, at, slug, path); err != nil {
		return none, err
	}
	if other, ok := p.importByPlace.Get(c.Tx, i.place()); ok && other.ID != i.ID {
		return none, badRequest("Secret import already exist")
	}
	kit.Put(&i.Position, in.Import.Position)
	i.UpdatedAt = c.Now
	p.imports.Put(c.Tx, i.ID, i)
	return importResponse{"Successfully updated secret import", p.importBody(c, i)}, nil
}

type deleteImportRequest struct {
	ID string `path:"importId" json:"-"`
	importWhere
}

// deleteSecretImport ends an import.
// https://infisical.com/docs/api-reference/endpoints/secret-imports/delete
func (p *Provider) deleteSecretImport(c *kernel.Call, in deleteImportRequest) (importResponse, error) {
	i, _, err := p.findImport(c, in.importWhere, in.ID, "delete")
	if err != nil {
		return importResponse{}, err
	}
	body := p.importBody(c, i)
	p.imports.Delete(c.Tx, i.ID)
	return importResponse{"Successfully deleted secret import", body}, nil
}

func (p *Provider) findImport(c *kernel.Call, in importWhere, id, action string) (secretImport, place, error) {
	at, err := p.importFolder(c, in, action)
	if err != nil {
		return secretImport{}, at, err
	}
	i, ok := p.imports.Get(c.Tx, id)
	if !ok || i.FolderID != at.folder.ID {
		return i, at, notFound("Secret import with ID '%s' not found", id)
	}
	return i, at, nil
}

// importedSecrets are the secrets of one folder that another imports.
type importedSecrets struct {
	SecretPath  string         `json:"secretPath"`
	Environment string         `json:"environment"`
	FolderID    string         `json:"folderId"`
	Secrets     []listedSecret `json:"secrets"`
}

// imported calls fn with every folder that f imports, and with what those import,
// each once; the first has precedence.
func (p *Provider) imported(c *kernel.Call, f folder, fn func(f folder, environment, path string) error) error {
	seen := map[string]bool{f.ID: true}
	for queue := []folder{f}; len(queue) > 0; queue = queue[1:] {
		for _, i := range p.orderedImports(c, queue[0].ID) {
			env, _ := p.environments.Get(c.Tx, i.EnvironmentID)
			from, ok := p.find(c, env.ProjectID, env.Slug, i.Path)
			if !ok || seen[from.ID] {
				continue
			}
			seen[from.ID] = true
			if err := fn(from, env.Slug, i.Path); err != nil {
				return err
			}
			queue = append(queue, from)
		}
	}
	return nil
}
