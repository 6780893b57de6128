package compat

import (
	"errors"
	"net/http"
	"testing"

	sdk "github.com/infisical/go-sdk"
	sdkerrors "github.com/infisical/go-sdk/packages/errors"

	"github.com/understudy-dev/understudy/emulator/infisical"
)

// keys are the keys and values of the dev environment, as the SDK lists them.
func (w infisicalWorld) keys(recursive bool) map[string]string {
	w.t.Helper()
	list, err := w.client.Secrets().ListSecrets(sdk.ListSecretsOptions{
		ProjectID: w.credentials["projectId"], Environment: "dev", ExpandSecretReferences: true, IncludeImports: true, Recursive: recursive,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	keys := map[string]string{}
	for _, s := range list.Secrets {
		keys[s.SecretKey] = s.SecretValue
	}
	return keys
}

// refusal expects the SDK to report a status and a message.
func (w infisicalWorld) refusal(err error, status int, message string) {
	w.t.Helper()
	var apiError *sdk.APIError
	if !errors.As(err, &apiError) || apiError.StatusCode != status || apiError.ErrorMessage != message {
		w.t.Errorf("got %v, want %d %q", err, status, message)
	}
}

func TestInfisicalSecrets(t *testing.T) {
	w := newInfisicalWorld(t)
	w.logIn(w.credentials["clientSecret"])
	secrets, project := w.client.Secrets(), w.credentials["projectId"]

	before := w.keys(false)
	if len(before) != 2 || before["API_KEY"] == "" || before["DATABASE_PASSWORD"] == "" {
		t.Fatalf("the default world's secrets: %v", before)
	}

	created, err := secrets.Create(sdk.CreateSecretOptions{
		ProjectID: project, Environment: "dev", SecretKey: "URL", SecretValue: "https://${API_KEY}@host", SecretComment: "compat",
	})
	if err != nil {
		t.Fatal(err)
	}
	if created.ID == "" || created.Version != 1 || created.Type != "shared" || created.Workspace != project || created.SecretComment != "compat" {
		t.Errorf("created: %+v", created)
	}
	got, err := secrets.Retrieve(sdk.RetrieveSecretOptions{ProjectID: project, Environment: "dev", SecretKey: "URL", ExpandSecretReferences: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://" + before["API_KEY"] + "@host"; got.SecretValue != want || got.SecretPath != "/" {
		t.Errorf("retrieved: %+v, want value %s", got, want)
	}
	updated, err := secrets.Update(sdk.UpdateSecretOptions{ProjectID: project, Environment: "dev", SecretKey: "URL", NewSecretValue: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if updated.Version != 2 || updated.SecretValue != "other" {
		t.Errorf("updated: %+v", updated)
	}
	first, err := secrets.Retrieve(sdk.RetrieveSecretOptions{ProjectSlug: "understudy", Environment: "dev", SecretKey: "URL", Version: 1})
	if err != nil || first.SecretValue != "https://${API_KEY}@host" {
		t.Errorf("version 1: %+v, %v", first, err)
	}

	_, err = secrets.Create(sdk.CreateSecretOptions{ProjectID: project, Environment: "dev", SecretKey: "URL", SecretValue: "x"})
	w.refusal(err, http.StatusBadRequest, "Secret already exists")
	deleted, err := secrets.Delete(sdk.DeleteSecretOptions{ProjectID: project, Environment: "dev", SecretKey: "URL"})
	if err != nil || deleted.ID != created.ID {
		t.Errorf("deleted: %+v, %v", deleted, err)
	}
	_, err = secrets.Retrieve(sdk.RetrieveSecretOptions{ProjectID: project, Environment: "dev", SecretKey: "URL"})
	w.refusal(err, http.StatusNotFound, "Secret with name 'URL' not found")
}

func TestInfisicalListUnchanged(t *testing.T) {
	w := newInfisicalWorld(t)
	w.client.Auth().SetAccessToken(w.credentials["accessToken"])
	options := sdk.ListSecretsOptions{ProjectID: w.credentials["projectId"], Environment: "dev"}
	first, err := w.client.Secrets().ListSecrets(options)
	if err != nil {
		t.Fatal(err)
	}
	options.IfNoneMatch = first.ETag
	_, err = w.client.Secrets().ListSecrets(options)
	var unchanged *sdkerrors.NotModifiedError
	if first.ETag == "" || !errors.As(err, &unchanged) {
		t.Errorf("list with ETag %q: %v, want a NotModifiedError", first.ETag, err)
	}

	w.inf.SeedSecret(infisical.Secret{Key: "NEW", Value: "v"})
	second, err := w.client.Secrets().ListSecrets(options)
	if err != nil || len(second.Secrets) != 3 || second.ETag == first.ETag {
		t.Errorf("list after a change: %d secrets, ETag %s, %v", len(second.Secrets), second.ETag, err)
	}
}

func TestInfisicalFoldersAndBatch(t *testing.T) {
	w := newInfisicalWorld(t)
	w.client.Auth().SetAccessToken(w.credentials["accessToken"])
	project := w.credentials["projectId"]
	folder, err := w.client.Folders().Create(sdk.CreateFolderOptions{ProjectID: project, Environment: "dev", Name: "app", Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	renamed, err := w.client.Folders().Update(sdk.UpdateFolderOptions{FolderID: folder.ID, ProjectID: project, Environment: "dev", NewName: "web", Path: "/"})
	if err != nil || renamed.Name != "web" || renamed.ParentID == "" {
		t.Errorf("renamed: %+v, %v", renamed, err)
	}
	batch, err := w.client.Secrets().Batch().Create(sdk.BatchCreateSecretsOptions{
		ProjectID: project, Environment: "dev", SecretPath: "/web",
		Secrets: []sdk.BatchCreateSecret{
			{SecretKey: "ONE", SecretValue: "1", SecretMetadata: []sdk.SecretMetadata{{Key: "owner", Value: "web"}}},
			{SecretKey: "TWO", SecretValue: "${ONE}${ONE}"},
		},
	})
	if err != nil || len(batch) != 2 || batch[1].SecretPath != "/web" {
		t.Errorf("batch: %+v, %v", batch, err)
	}
	if keys := w.keys(true); len(keys) != 4 || keys["TWO"] != "11" {
		t.Errorf("recursive: %v", keys)
	}
	folders, err := w.client.Folders().List(sdk.ListFoldersOptions{ProjectID: project, Environment: "dev"})
	if err != nil || len(folders) != 1 || folders[0].ID != folder.ID {
		t.Errorf("folders: %+v, %v", folders, err)
	}
	if _, err := w.client.Folders().Delete(sdk.DeleteFolderOptions{FolderName: "web", ProjectID: project, Environment: "dev", Path: "/"}); err != nil {
		t.Error(err)
	}
	_, err = w.client.Secrets().ListSecrets(sdk.ListSecretsOptions{ProjectID: project, Environment: "dev", SecretPath: "/web"})
	w.refusal(err, http.StatusNotFound, "Folder with path '/web' in environment 'dev' was not found. Please ensure the environment slug and secret path is correct.")
}
