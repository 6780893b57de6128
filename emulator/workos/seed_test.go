package workos_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// TestSeedRefusals seeds what clashes or does not go together.
func TestSeedRefusals(t *testing.T) {
	wos := workos.New()
	srv := emulator.NewTest(t, wos)
	org := wos.SeedOrganization(workos.Organization{}).ID
	app := wos.SeedApplication(workos.Application{ClientSecret: "first"})
	for range 4 { // as many as there can be
		wos.SeedClientSecret(workos.ClientSecret{ApplicationID: app.ClientID})
	}
	for _, bad := range []struct {
		name string
		seed func()
		want string
	}{
		{"organization's id", func() { wos.SeedOrganization(workos.Organization{ID: "x"}) }, `organization id "x" does not begin with org_`},
		{"organization twice", func() { wos.SeedOrganization(workos.Organization{ID: org}) }, "there is an organization " + org + " already"},
		{"type", func() { wos.SeedApplication(workos.Application{Type: "spa"}) }, `there is no type "spa"`},
		{"organization", func() { wos.SeedApplication(workos.Application{OrganizationID: "org_x"}) }, `there is no organization "org_x"`},
		{"application's id", func() { wos.SeedApplication(workos.Application{ID: "x"}) }, `application id "x" does not begin with conn_app_`},
		{"application twice", func() { wos.SeedApplication(workos.Application{ID: app.ID}) }, "there is an application " + app.ID + " already"},
		{"client id twice", func() { wos.SeedApplication(workos.Application{ClientID: app.ClientID}) },
			"client id " + app.ClientID + " belongs to application " + app.ID},
		{"secret of another", func() { wos.SeedApplication(workos.Application{ClientSecret: "first"}) }, "a client secret is given twice"},
		{"secret of no application", func() { wos.SeedClientSecret(workos.ClientSecret{ApplicationID: "x"}) },
			"404 entity_not_found: Application not found: 'x'. (no application has this id or client id)"},
		{"secret too many", func() { wos.SeedClientSecret(workos.ClientSecret{ApplicationID: app.ID}) }, "An application can have at most 5 client secrets."},
	} {
		t.Run(bad.name, func(t *testing.T) { providertest.RefusesSeed(t, srv, bad.seed, bad.want) })
	}
}

// TestSeededRedirects shows an OAuth application as it was seeded.
func TestSeededRedirects(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	app := wos.SeedApplication(workos.Application{
		Type: "oauth", FirstParty: true, RedirectURIs: []workos.RedirectURI{{URI: "https://a.example", Default: true}},
	})
	response, body := send(t, wos, http.MethodGet, "/connect/applications/"+app.ID, nil, "")
	if want := `"redirect_uris":[{"uri":"https://a.example","default":true}]`; response.StatusCode != http.StatusOK || !strings.Contains(body, want) {
		t.Errorf("%d %s, want %s", response.StatusCode, body, want)
	}
}
