package compat

import (
	"testing"

	organizations4 "github.com/workos/workos-go/v4/pkg/organizations"
	organizations6 "github.com/workos/workos-go/v6/pkg/organizations"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// TestWorkosGo4 does what version 4 of the SDK can do here: it knows organizations.
func TestWorkosGo4(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	client := &organizations4.Client{APIKey: wos.Credentials()["apiKey"], Endpoint: wos.URL()}
	made, err := client.CreateOrganization(t.Context(), organizations4.CreateOrganizationOpts{Name: "Acme", IdempotencyKey: "once"})
	if err != nil || made.Name != "Acme" {
		t.Fatalf("%+v %v", made, err)
	}
	changed, err := client.UpdateOrganization(t.Context(), organizations4.UpdateOrganizationOpts{
		Organization: made.ID, Name: "Bolt", ExternalID: "ext_1", Metadata: map[string]string{"tier": "gold"},
	})
	if err != nil || changed.ExternalID != "ext_1" || changed.Metadata["tier"] != "gold" {
		t.Errorf("%+v %v", changed, err)
	}
	page, err := client.ListOrganizations(t.Context(), organizations4.ListOrganizationsOpts{})
	if err != nil || len(page.Data) != 2 {
		t.Errorf("%+v %v", page, err)
	}
	if err := client.DeleteOrganization(t.Context(), organizations4.DeleteOrganizationOpts{Organization: made.ID}); err != nil {
		t.Error(err)
	}
	if _, err := client.GetOrganization(t.Context(), organizations4.GetOrganizationOpts{Organization: made.ID}); err == nil {
		t.Error("it is still there")
	}
}

// TestWorkosGo6 does the same with version 6.
func TestWorkosGo6(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	client := &organizations6.Client{APIKey: wos.Credentials()["apiKey"], Endpoint: wos.URL()}
	made, err := client.CreateOrganization(t.Context(), organizations6.CreateOrganizationOpts{
		Name: "Acme", IdempotencyKey: "once", ExternalID: "ext_1",
		DomainData: []organizations6.OrganizationDomainData{{Domain: "acme.example", State: organizations6.Verified}},
	})
	if err != nil || len(made.Domains) != 1 || made.ExternalID != "ext_1" {
		t.Fatalf("%+v %v", made, err)
	}
	changed, err := client.UpdateOrganization(t.Context(), organizations6.UpdateOrganizationOpts{Organization: made.ID, Name: "Bolt"})
	if err != nil || changed.ExternalID != "ext_1" || len(changed.Domains) != 1 {
		t.Errorf("%+v %v", changed, err)
	}
	if err := client.DeleteOrganization(t.Context(), organizations6.DeleteOrganizationOpts{Organization: made.ID}); err != nil {
		t.Error(err)
	}
}
