package infisical

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// folder is one step of a path in an environment. A folder without a parent is
// the root of its environment.
type folder struct {
	ID, EnvironmentID, ParentID, Name string
	Description                       *string
	LastSecretModified                time.Time // zero: never
	CreatedAt, UpdatedAt              time.Time
}

// rootFolder is the name of every environment's root.
const rootFolder = "root"

// place is what a folder is found by: its parent and its name.
func (f folder) place() string { return key(key(f.EnvironmentID, f.ParentID), f.Name) }

var folderName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// segments are the names of a path. Slashes too many do not count.
func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// cleanPath is a path as the service's schema leaves it: without white space
// around it or slashes at its end, and the root when nothing was sent.
func cleanPath(path *string) string {
	if path == nil {
		return "/"
	}
	if clean := strings.TrimRight(trim(*path), "/"); clean != "" {
		return clean
	}
	return "/"
}

// find looks a folder up by its path, one step at a time. It reports false when
// the environment or a step does not exist.
func (p *Provider) find(c *kernel.Call, projectID, environment, path string) (folder, bool) {
	env, ok := p.environmentBySlug.Get(c.Tx, key(projectID, environment))
	if !ok {
		return folder{}, false
	}
	f, ok := p.folderByPlace.Get(c.Tx, folder{EnvironmentID: env.ID, Name: rootFolder}.place())
	for _, name := range segments(path) {
		if !ok {
			break
		}
		f, ok = p.folderByPlace.Get(c.Tx, folder{EnvironmentID: env.ID, ParentID: f.ID, Name: name}.place())
	}
	return f, ok
}

// findValid is find for paths that a caller sent.
func (p *Provider) findValid(c *kernel.Call, projectID, environment, path string) (folder, bool, error) {
	names := segments(path)
	if err := checkDepth(names); err != nil {
		return folder{}, false, err
	}
	for _, name := range names {
		if !folderName.MatchString(name) {
			return folder{}, false, badRequest("Invalid secret path. Only alphanumeric characters, dashes, and underscores are allowed.")
		}
		if err := fit(text("a folder's name", &name)); err != nil {
			return folder{}, false, err
		}
	}
	f, ok := p.find(c, projectID, environment, path)
	return f, ok, nil
}

// folderPath is where a folder is, from its environment's root.
func (p *Provider) folderPath(c *kernel.Call, f folder) string {
	var names []string
	for f.ParentID != "" {
		names = append(names, f.Name)
		f, _ = p.folders.Get(c.Tx, f.ParentID)
	}
	slices.Reverse(names)
	return "/" + strings.Join(names, "/")
}

// below calls fn with f and everything below it, parents first, and with their
// paths, when path is f's. It ends with fn's first error.
func (p *Provider) below(c *kernel.Call, f folder, path string, fn func(f folder, path string) error) error {
	if err := fn(f, path); err != nil {
		return err
	}
	var children []folder
	for _, child := range p.foldersByParent.All(c.Tx, f.ID) {
		children = append(children, child) // fn may delete
	}
	for _, child := range children {
		if err := p.below(c, child, strings.TrimSuffix(path, "/")+"/"+child.Name, fn); err != nil {
			return err
		}
	}
	return nil
}

// makeFolders returns the folder at the end of a path below f. Those that are
// missing are made.
func (p *Provider) makeFolders(c *kernel.Call, f folder, names []string) folder {
	for _, name := range names {
		child := folder{EnvironmentID: f.EnvironmentID, ParentID: f.ID, Name: name}
		if there, ok := p.folderByPlace.Get(c.Tx, child.place()); ok {
			f = there
			continue
		}
		f = p.addFolder(c, child)
	}
	return f
}

func (p *Provider) addFolder(c *kernel.Call, f folder) folder {
	f.ID = c.Draw("folder").UUID()
	f.CreatedAt, f.UpdatedAt = c.Now, c.Now
	p.folders.Put(c.Tx, f.ID, f)
	return f
}

type folderBody struct {
	ID                 string     `json:"id"`
	Name               string     `json:"name"`
	Version            int        `json:"version"`
	CreatedAt          timestamp  `json:"createdAt"`
	UpdatedAt          timestamp  `json:"updatedAt"`
	EnvID              string     `json:"envId"`
	ParentID           *string    `json:"parentId"`
	IsReserved         bool       `json:"isReserved"`
	Description        *string    `json:"description"`
	LastSecretModified *timestamp `json:"lastSecretModified"`
}

// body shows a folder. Its version is 1 for good: nothing that is served raises it.
func (f folder) body() folderBody {
	b := folderBody{
		ID: f.ID, Name: f.Name, Version: 1, EnvID: f.EnvironmentID, Description: f.Description,
		CreatedAt: timestamp(f.CreatedAt), UpdatedAt: timestamp(f.UpdatedAt),
	}
	if f.ParentID != "" {
		b.ParentID = &f.ParentID
	}
	if !f.LastSecretModified.IsZero() {
		at := timestamp(f.LastSecretModified)
		b.LastSecretModified = &at
	}
	return b
}

// folderWhere says which folder a request is about. Old versions of the CLI
// call the path directory.
type folderWhere struct {
	WorkspaceID string  `json:"workspaceId"`
	Environment string  `json:"environment"`
	Path        *string `json:"path"`
	Directory   *string `json:"directory"`
}

// path is where the folder is, with a slash in front.
func (w folderWhere) path() string {
	path := w.Path
	if path == nil || trim(*path) == "" {
		path = w.Directory
	}
	return "/" + strings.TrimLeft(cleanPath(path), "/")
}

// projectOf finds the project of a request for a caller who may do that to the folder.
func (p *Provider) projectOf(c *kernel.Call, in folderWhere, action string) (project, error) {
	project, err := p.project(c, trim(in.WorkspaceID), "")
	if err == nil {
		err = p.permitFolder(c, project.ID, action, subjectFolders, in.Environment, in.path())
	}
	return project, err
}

type pathFolderResponse struct {
	Folder pathFolder `json:"folder"`
}

type pathFolder struct {
	folderBody
	Path string `json:"path"`
}

type createFolderRequest struct {
	folderWhere
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

// createFolder makes a folder, and those above it that are missing. One that is
// there already is the answer too.
// https://infisical.com/docs/api-reference/endpoints/folders/create
func (p *Provider) createFolder(c *kernel.Call, in createFolderRequest) (pathFolderResponse, error) {
	var none pathFolderResponse
	name, err := newFolderName(in.Name)
	if err != nil {
		return none, err
	}
	project, err := p.projectOf(c, in.folderWhere, "create")
	if err != nil {
		return none, err
	}
	slug := trim(in.Environment)
	root, ok := p.find(c, project.ID, slug, "/")
	if !ok {
		return none, notFound("Environment with slug '%s' in project with ID '%s' not found", slug, project.ID)
	}
	if _, _, err := p.findValid(c, project.ID, slug, in.path()+"/"+name); err != nil {
		return none, err
	}
	if err := fit(text("description", in.Description)); err != nil {
		return none, err
	}
	parent := p.makeFolders(c, root, segments(in.path()))
	f := folder{EnvironmentID: parent.EnvironmentID, ParentID: parent.ID, Name: name, Description: in.Description}
	if there, ok := p.folderByPlace.Get(c.Tx, f.place()); ok {
		f = there
	} else {
		f = p.addFolder(c, f)
	}
	return pathFolderResponse{pathFolder{f.body(), p.folderPath(c, f)}}, nil
}

func newFolderName(name string) (string, error) {
	name = trim(name)
	if !folderName.MatchString(name) {
		return "", validation(custom{"custom", "Invalid folder name. Only alphanumeric characters, dashes, and underscores are allowed.", []any{"name"}}).
			Because("%q cannot be the name of a folder", name)
	}
	return name, nil
}

type updateFolderRequest struct {
	FolderID string `path:"folderId" json:"-"`
	folderWhere
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

// updateFolder renames a folder; an old CLI names it in the place of its id.
// https://infisical.com/docs/api-reference/endpoints/folders/update
func (p *Provider) updateFolder(c *kernel.Call, in updateFolderRequest) (pathFolderResponse, error) {
	var none pathFolderResponse
	name, err := newFolderName(in.Name)
	if err != nil {
		return none, err
	}
	project, err := p.projectOf(c, in.folderWhere, "edit")
	if err != nil {
		return none, err
	}
	slug := trim(in.Environment)
	parent, ok, err := p.findValid(c, project.ID, slug, in.path())
	switch {
	case err != nil:
		return none, err
	case !ok:
		return none, noFolder("UpdateFolder", in.path(), slug)
	}
	f, ok := p.child(c, parent, in.FolderID)
	if !ok {
		return none, refuse(http.StatusNotFound, "UpdateFolder", "Folder with ID '%s' not found", in.FolderID)
	}
	if name != f.Name {
		renamed := f
		renamed.Name = name
		if _, ok := p.folderByPlace.Get(c.Tx, renamed.place()); ok {
			return none, refuse(http.StatusBadRequest, "UpdateFolder", "Folder with specified name already exists")
		}
		f = renamed
	}
	if err := fit(text("name", &name), text("description", in.Description)); err != nil {
		return none, err
	}
	kit.Put(&f.Description, &in.Description)
	f.UpdatedAt = c.Now
	p.folders.Put(c.Tx, f.ID, f)
	return pathFolderResponse{pathFolder{f.body(), p.folderPath(c, f)}}, nil
}

// noFolder is the refusal of most operations where there is no folder; each has
// an error name of its own.
func noFolder(name, path, environment string) *kernel.Problem {
	return refuse(http.StatusNotFound, name, "Folder with path '%s' in environment with slug '%s' not found", path, environment)
}

// child finds a folder in another by its name or its id.
func (p *Provider) child(c *kernel.Call, parent folder, idOrName string) (folder, bool) {
	if f, ok := p.folders.Get(c.Tx, strings.ToLower(idOrName)); ok && f.ParentID == parent.ID {
		return f, true
	}
	return p.folderByPlace.Get(c.Tx, folder{EnvironmentID: parent.EnvironmentID, ParentID: parent.ID, Name: idOrName}.place())
}

type deleteFolderRequest struct {
	FolderID string `path:"folderId" json:"-"`
	folderWhere
}

type folderResponse struct {
	Folder folderBody `json:"folder"`
}

// deleteFolder deletes a folder, named by its id or its name, with everything
// in it.
// https://infisical.com/docs/api-reference/endpoints/folders/delete
func (p *Provider) deleteFolder(c *kernel.Call, in deleteFolderRequest) (folderResponse, error) {
	var none folderResponse
	project, err := p.projectOf(c, in.folderWhere, "delete")
	if err != nil {
		return none, err
	}
	slug := trim(in.Environment)
	if _, ok := p.environmentBySlug.Get(c.Tx, key(project.ID, slug)); !ok {
		return none, notFound("Environment with slug '%s' not found", slug)
	}
	parent, ok, err := p.findValid(c, project.ID, slug, in.path())
	switch {
	case err != nil:
		return none, err
	case !ok:
		return none, noFolder("NotFound", in.path(), slug)
	}
	f, ok := p.child(c, parent, in.FolderID)
	if !ok {
		return none, notFound("Target folder not found").Because("%s has no folder with the name or id %q", in.path(), in.FolderID)
	}
	p.removeFolder(c, f)
	return folderResponse{f.body()}, nil
}

// removeFolder deletes a folder with everything in it.
func (p *Provider) removeFolder(c *kernel.Call, f folder) {
	_ = p.below(c, f, "", func(f folder, _ string) error {
		for id := range p.secretsByFolder.All(c.Tx, f.ID) {
			p.pastSecrets.Delete(c.Tx, id)
		}
		p.secretsByFolder.Delete(c.Tx, f.ID)
		p.importsOf.Delete(c.Tx, f.ID)
		p.folders.Delete(c.Tx, f.ID)
		return nil
	})
}

// deleteFolderV2 is deleteFolder where the project is called one.
// https://infisical.com/docs/api-reference/endpoints/folders/delete
func (p *Provider) deleteFolderV2(c *kernel.Call, in struct {
	FolderID    string  `path:"folderId" json:"-"`
	ProjectID   string  `json:"projectId"`
	Environment string  `json:"environment"`
	Path        *string `json:"path"`
}) (folderResponse, error) {
	return p.deleteFolder(c, deleteFolderRequest{in.FolderID, folderWhere{WorkspaceID: in.ProjectID, Environment: in.Environment, Path: in.Path}})
}

type listFoldersRequest struct {
	WorkspaceID        string  `query:"workspaceId" json:"-"`
	Environment        string  `query:"environment" json:"-"`
	Path               *string `query:"path" json:"-"`
	Directory          *string `query:"directory" json:"-"`
	Recursive          string  `query:"recursive" json:"-"`
	LastSecretModified string  `query:"lastSecretModified" json:"-"`
}

type listFoldersResponse struct {
	Folders []listedFolder `json:"folders"`
}

type listedFolder struct {
	folderBody
	RelativePath *string `json:"relativePath,omitempty"`
}

// listFolders returns the folders in another, which need not exist. Any role may
// ask.
// https://infisical.com/docs/api-reference/endpoints/folders/list
func (p *Provider) listFolders(c *kernel.Call, in listFoldersRequest) (listFoldersResponse, error) {
	response := listFoldersResponse{[]listedFolder{}}
	project, err := p.project(c, trim(in.WorkspaceID), "")
	if err != nil {
		return response, err
	}
	slug := trim(in.Environment)
	if _, ok := p.environmentBySlug.Get(c.Tx, key(project.ID, slug)); !ok {
		return response, notFound("Environment with slug '%s' not found", slug)
	}
	path := folderWhere{Path: in.Path, Directory: in.Directory}.path()
	parent, ok, err := p.findValid(c, project.ID, slug, path)
	if err != nil || !ok {
		return response, err
	}
	since, _ := time.Parse(time.RFC3339, in.LastSecretModified) // the document has checked it
	answer := newBudget()
	list := func(f folder, path *string) error {
		if f.ID == parent.ID || f.LastSecretModified.Before(since) {
			return nil
		}
		response.Folders = append(response.Folders, listedFolder{f.body(), path})
		return answer.spendOn(400, f.Name, orEmpty(f.Description), orEmpty(path))
	}
	if isTrue(in.Recursive) {
		err = p.below(c, parent, "/", func(f folder, path string) error { return list(f, &path) })
		return response, err
	}
	for _, f := range p.foldersByParent.All(c.Tx, parent.ID) {
		if err := list(f, nil); err != nil {
			return response, err
		}
	}
	return response, nil
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// isTrue reads a query value as the service reads those it does not hold to
// true and false.
func isTrue(text string) bool {
	text = trim(text)
	return text != "" && text != "0" && !strings.EqualFold(text, "false")
}

type folderPath struct {
	FolderID string `path:"folderId" json:"-"`
}

type gotFolderResponse struct {
	Folder gotFolder `json:"folder"`
}

type gotFolder struct {
	folderBody
	Environment folderEnvironment `json:"environment"`
	Path        string            `json:"path"`
	ProjectID   string            `json:"projectId"`
}

type folderEnvironment struct {
	EnvID   string `json:"envId"`
	EnvName string `json:"envName"`
	EnvSlug string `json:"envSlug"`
}

// getFolder returns a folder by its id.
// https://infisical.com/docs/api-reference/endpoints/folders/get-by-id
func (p *Provider) getFolder(c *kernel.Call, in folderPath) (gotFolderResponse, error) {
	var none gotFolderResponse
	f, ok := p.folders.Get(c.Tx, strings.ToLower(trim(in.FolderID)))
	if !ok {
		return none, notFound("Folder with ID '%s' not found", trim(in.FolderID))
	}
	env, _ := p.environments.Get(c.Tx, f.EnvironmentID)
	project, err := p.project(c, env.ProjectID, "")
	if err != nil {
		return none, err
	}
	return gotFolderResponse{gotFolder{f.body(), folderEnvironment{env.ID, env.Name, env.Slug}, p.folderPath(c, f), project.ID}}, nil
}
