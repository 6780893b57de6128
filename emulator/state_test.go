package emulator_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// TestStateMoves imports an export into another server, which goes on as the first
// one does.
func TestStateMoves(t *testing.T) {
	serve := func(seed string) (*emulator.Server, *infisical.Provider) {
		inf := infisical.New()
		return emulator.NewTest(t, inf, workos.New(), emulator.WithSeed(seed)), inf
	}
	first, from := serve("first")
	first.Clock.Freeze()
	first.Clock.Set(start)
	made := from.SeedIdentity(infisical.Identity{Name: "made"})
	exported := controlOf(first).call(t, "GET", "/state", "", http.StatusOK).body

	second, to := serve("second")
	controlOf(second).call(t, "PUT", "/state", exported, http.StatusOK)
	if got := controlOf(second).call(t, "GET", "/state", "", http.StatusOK).body; got != exported {
		t.Errorf("exported again it is\n%s\nand was\n%s", got, exported)
	}
	a := api{http.DefaultClient, to.URL(), from.Credentials()["accessToken"]}
	a.call(t, "GET", identityPath(made.ID), "", http.StatusOK)
	a.call(t, "POST", loginPath, loginBody(made.ClientID, made.ClientSecret), http.StatusOK)
	if got, want := to.Credentials()["clientSecret"], from.Credentials()["clientSecret"]; got != want {
		t.Errorf("the client secret is %s, want %s", got, want)
	}
	if got, want := to.SeedIdentity(infisical.Identity{}), from.SeedIdentity(infisical.Identity{}); got.ID != want.ID || got.ClientSecret != want.ClientSecret {
		t.Errorf("the next identity is %+v, want %+v", got, want)
	}
}

// TestStateRefused imports what does not fit; nothing changes.
func TestStateRefused(t *testing.T) {
	srv := emulator.NewTest(t, infisical.New())
	srv.Clock.Freeze()
	srv.Clock.Set(start)
	good := controlOf(srv).call(t, "GET", "/state", "", http.StatusOK).body
	identity := srv.Info().Providers["infisical"].Credentials["identityId"]
	part := func(pattern string) string {
		t.Helper()
		found := regexp.MustCompile(pattern).FindStringSubmatch(good)
		if found == nil {
			t.Fatalf("no %s in %s", pattern, good)
		}
		return found[1]
	}
	root := part(`"key":"([^"]*)","value":{"ID":"[^"]*","EnvironmentID":"[^"]*","ParentID":"","Name":"root"`)
	folders := part(`"infisical/folder":(\d+)`)
	for name, test := range map[string]struct{ old, new, want string }{
		"another version":           {`"understudy":1`, `"understudy":2`, "/understudy: the version is 2, and this program reads 1; the world stays as it was"},
		"unknown provider":          {`"providers":{`, `"providers":{"nobody":{"sequences":{},"tables":{}},`, "/providers/nobody: this server does not serve nobody; the world stays as it was"},
		"unknown table":             {`"tables":{`, `"tables":{"vault":[],`, "/providers/infisical/tables/vault: there is no such table; the world stays as it was"},
		"unknown field":             {`"value":{"ID"`, `"value":{"Vault":1,"ID"`, `json: unknown field \"Vault\"; the world stays as it was`},
		"another type":              {`"value":{"ID":"`, `"value":{"ID":1,"X":"`, "/value: "},
		"another seed":              {`"seed":"understudy"`, `"seed":"vault"`, "/seed: "},
		"a key not the row's own":   {`"key":"` + identity + `","value":{"ID":"` + identity, `"key":"other","value":{"ID":"` + identity, `/tables/identity/0/key: the row's own key is \"` + identity + `\"; the world stays as it was`},
		"a row that does not exist": {`"OrganizationID":"`, `"OrganizationID":"0`, `/tables/identity/0/value: its OrganizationID \"0`},
		"a folder above itself":     {`"ParentID":"","Name":"root"`, `"ParentID":"` + root + `","Name":"root"`, `/value: its ParentID \"` + root + `\" leads back to itself; the world stays as it was`},
		"a sequence put back":       {`"infisical/folder":` + folders, `"infisical/folder":0`, `/providers/infisical/sequences: infisical/folder stands at 0, and number 1, ` + root + `, is there already; the world stays as it was`},
		"a sequence left out":       {`"infisical/folder":` + folders + `,`, ``, `/providers/infisical/sequences: infisical/folder stands at 0, and number 1, ` + root + `, is there already`},
		"foreign":                   {good, `{"a":1}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, test.old, test.new, 1)
			if text == good {
				t.Fatal("nothing was changed")
			}
			got := controlOf(srv).call(t, "PUT", "/state", text, http.StatusBadRequest)
			wantProblem(t, got)
			if !strings.Contains(got.body, test.want) {
				t.Errorf("%s, want %s", got.body, test.want)
			}
			if controlOf(srv).call(t, "GET", "/state", "", http.StatusOK).body != good {
				t.Error("the world has changed")
			}
		})
	}
}
