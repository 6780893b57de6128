package compat

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	sdk "github.com/workos/workos-go/v7"

	"github.com/understudy-dev/understudy/emulator/workos"
)

// TestWorkosOrganizations makes every call that the SDK has for organizations.
func TestWorkosOrganizations(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	ctx, organizations := t.Context(), w.client.Organizations()
	made, err := organizations.Create(ctx, &sdk.OrganizationsCreateParams{
		Name: "Acme", ExternalID: sdk.Ptr("ext_1"), Metadata: map[string]string{"tier": "gold"},
		DomainData: []*sdk.OrganizationDomainData{{Domain: "acme.example", State: sdk.OrganizationDomainDataStateVerified}},
	})
	if err != nil || *made.ExternalID != "ext_1" || made.Metadata["tier"] != "gold" || len(made.Domains) != 1 || made.Domains[0].Domain != "acme.example" {
		t.Fatalf("%+v %v", made, err)
	}
	changed, err := organizations.Update(ctx, made.ID, &sdk.OrganizationsUpdateParams{Name: sdk.Ptr("Bolt"), Metadata: map[string]string{"region": "eu"}})
	if err != nil || changed.Name != "Bolt" || len(changed.Metadata) != 2 || *changed.ExternalID != "ext_1" {
		t.Errorf("%+v %v", changed, err)
	}
	for name, get := range map[string]func() (*sdk.Organization, error){
		"id":          func() (*sdk.Organization, error) { return organizations.Get(ctx, made.ID) },
		"external id": func() (*sdk.Organization, error) { return organizations.GetByExternalID(ctx, "ext_1") },
	} {
		if got, err := get(); err != nil || got.ID != made.ID || got.Name != "Bolt" {
			t.Errorf("by %s: %+v %v", name, got, err)
		}
	}
	var listed []string
	for list := organizations.List(ctx, &sdk.OrganizationsListParams{}); list.Next(); {
		listed = append(listed, list.Current().ID)
	}
	if len(listed) != 2 || listed[0] != made.ID {
		t.Errorf("listed are %q", listed)
	}
	if err := organizations.Delete(ctx, made.ID); err != nil {
		t.Error(err)
	}
	var refused *sdk.APIError
	if _, err := organizations.Get(ctx, made.ID); !errors.As(err, &refused) || refused.StatusCode != http.StatusNotFound {
		t.Errorf("after it was deleted: %v", err)
	}
}

// TestWorkosAPIKeys makes every call that the SDK has for API keys, and ends one by
// the clock: for that it has no call.
func TestWorkosAPIKeys(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	ctx, keys, organization := t.Context(), w.client.APIKeys(), w.credentials["organizationId"]
	made, err := keys.CreateOrganizationAPIKey(ctx, organization, &sdk.APIKeysCreateOrganizationAPIKeyParams{Name: "ci", Permissions: []string{"posts:read"}})
	if err != nil || made.Value == "" || made.LastUsedAt != nil || len(made.Permissions) != 1 {
		t.Fatalf("%+v %v", made, err)
	}
	valid := func() bool {
		t.Helper()
		got, err := keys.CreateValidation(ctx, &sdk.APIKeysCreateValidationParams{Value: made.Value})
		if err != nil {
			t.Fatal(err)
		}
		return got.APIKey != nil && got.APIKey.ID == made.ID
	}
	if !valid() {
		t.Error("a new key is not valid")
	}
	list := keys.ListOrganizationAPIKeys(ctx, organization, &sdk.APIKeysListOrganizationAPIKeysParams{})
	if !list.Next() || list.Current().ID != made.ID || list.Current().LastUsedAt == nil {
		t.Errorf("the list begins with %+v, %v", list.Current(), list.Err())
	}
	at := w.srv.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	r, err := http.NewRequest(http.MethodPost, w.wos.URL()+"/api_keys/"+made.ID+"/expire", bytes.NewReader([]byte(`{"expires_at":"`+at+`"}`)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.credentials["apiKey"])
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Body.Close()
	if got.StatusCode != http.StatusOK || !valid() {
		t.Errorf("before its end: %d", got.StatusCode)
	}
	w.srv.Clock.Advance(time.Hour)
	if valid() {
		t.Error("after its end it is valid")
	}
	if err := keys.Delete(ctx, made.ID); err != nil {
		t.Error(err)
	}
	if err := keys.Delete(ctx, made.ID); err == nil {
		t.Error("it is deleted twice")
	}
}

// TestWorkosAuthorizedApplications takes back what a person authorized by signing
// in.
func TestWorkosAuthorizedApplications(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	a := w.wos.SeedApplication(workos.Application{Type: "oauth", RedirectURIs: []workos.RedirectURI{{URI: "https://app.example/back", Default: true}}})
	who := w.wos.SeedPerson(workos.Person{FirstName: "Dora", LastName: "Lind"})
	if _, err := w.srv.SignIn(who.ID, w.wos.URL()+"/oauth2/authorize?response_type=code&scope=openid&client_id="+a.ClientID); err != nil {
		t.Fatal(err)
	}
	users := w.client.UserManagement()
	list := users.ListAuthorizedApplications(t.Context(), who.ID, &sdk.UserManagementListAuthorizedApplicationsParams{})
	if !list.Next() || list.Current().Application.ID != a.ID || list.Current().GrantedScopes[0] != "openid" {
		t.Fatalf("authorized is %+v, %v", list.Current(), list.Err())
	}
	if err := users.DeleteAuthorizedApplication(t.Context(), who.ID, a.ID); err != nil {
		t.Error(err)
	}
	if list := users.ListAuthorizedApplications(t.Context(), who.ID, &sdk.UserManagementListAuthorizedApplicationsParams{}); list.Next() {
		t.Errorf("still authorized is %+v", list.Current())
	}
}
