package zitadel_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// TestSeedRefusals seeds what clashes.
func TestSeedRefusals(t *testing.T) {
	srv, s := start(t)
	zit, known := s.zit, s.zit.Credentials()
	domain := zit.SeedOrganization(zitadel.Organization{}).PrimaryDomain
	for _, bad := range []struct {
		name string
		seed func()
		want string
	}{
		{"organization's id", func() { zit.SeedOrganization(zitadel.Organization{ID: known["organizationId"]}) },
			"there is an organization " + known["organizationId"] + " already"},
		{"organization's domain", func() { zit.SeedOrganization(zitadel.Organization{PrimaryDomain: domain}) },
			"the domain " + domain + " belongs to another organization"},
		{"project's organization", func() { zit.SeedProject(zitadel.Project{OrganizationID: "1"}) }, `there is no organization "1"`},
		{"project's id", func() { zit.SeedProject(zitadel.Project{ID: known["projectId"]}) }, "there is a project " + known["projectId"] + " already"},
		{"project's name", func() { zit.SeedProject(zitadel.Project{Name: "understudy"}) }, `the organization has a project "understudy" already`},
		{"application's project", func() { zit.SeedAPIApp(zitadel.APIApp{ProjectID: "1"}) }, `there is no project "1"`},
		{"application's name", func() { zit.SeedAPIApp(zitadel.APIApp{Name: "understudy"}) }, `the project has an application "understudy" already`},
		{"user's organization", func() { zit.SeedMachineUser(zitadel.MachineUser{OrganizationID: "1"}) }, `there is no organization "1"`},
		{"user's id", func() { zit.SeedMachineUser(zitadel.MachineUser{ID: known["userId"]}) }, "there is a user " + known["userId"] + " already"},
		{"user's name", func() { zit.SeedMachineUser(zitadel.MachineUser{UserName: "understudy"}) }, `the user name "understudy" belongs to another user`},
		{"user's token", func() { zit.SeedMachineUser(zitadel.MachineUser{AccessToken: known["accessToken"]}) }, "a personal access token is given twice"},
	} {
		t.Run(bad.name, func(t *testing.T) { providertest.RefusesSeed(t, srv, bad.seed, bad.want) })
	}

	// A world without organizations has nothing to seed into.
	empty := zitadel.New()
	srv = emulator.NewTest(t, empty, emulator.WithWorld(strings.NewReader("zitadel: {organizations: []}")))
	for _, bad := range []struct {
		name string
		seed func()
		want string
	}{
		{"project of nobody", func() { empty.SeedProject(zitadel.Project{}) }, `there is no organization ""`},
		{"application of nobody", func() { empty.SeedAPIApp(zitadel.APIApp{}) }, `there is no project ""`},
	} {
		t.Run(bad.name, func(t *testing.T) { providertest.RefusesSeed(t, srv, bad.seed, bad.want) })
	}
}

// TestWorldRefusals resets to worlds that do not go together.
func TestWorldRefusals(t *testing.T) {
	const world = "zitadel:\n  organizations:\n    - name: Mine\n"
	for _, bad := range []struct {
		name, file, want string
	}{
		{"domain", world + "      primaryDomain: a.example\n    - {name: Theirs, primaryDomain: a.example}\n",
			"5: /zitadel/organizations/1/primaryDomain: the domain a.example belongs to another organization"},
		{"user", world + "      users:\n        - {userName: a, id: '1'}\n        - {userName: b, id: '1'}\n",
			"6: /zitadel/organizations/0/users/1/id: there is a user 1 already"},
		{"token", world + "      users:\n        - userName: a\n          personalAccessTokens:\n            - {id: '1'}\n            - {id: '1'}\n",
			"8: /zitadel/organizations/0/users/0/personalAccessTokens/1/id: there is a personal access token 1 already"},
		{"project", world + "      projects:\n        - {name: a, id: '1'}\n        - {name: b, id: '1'}\n",
			"6: /zitadel/organizations/0/projects/1/id: there is a project 1 already"},
		{"project's name", world + "      projects:\n        - {name: a}\n        - {name: a}\n",
			`6: /zitadel/organizations/0/projects/1/name: the organization has a project "a" already`},
	} {
		t.Run(bad.name, func(t *testing.T) { providertest.RefusesWorld(t, option, bad.file, bad.want) })
	}
}

// TestSeededRoles shows that a user has all its roles, and that an application can
// be one that proves itself with a key.
func TestSeededRoles(t *testing.T) {
	_, s := start(t)
	s.token = s.zit.SeedMachineUser(zitadel.MachineUser{Roles: []string{"ORG_OWNER_VIEWER", "ORG_USER_MANAGER"}}).AccessToken
	app := s.zit.SeedAPIApp(zitadel.APIApp{Name: "signed", PrivateKeyJWT: true})
	if status, text := s.call("GET", "/projects/"+s.zit.Credentials()["projectId"]+"/apps/"+app.ID, ""); status != http.StatusOK ||
		!strings.Contains(text, `"authMethodType":"API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"`) {
		t.Errorf("reading an application: %d %s", status, text)
	}
	s.make("POST", "/users/machine", `{"userName":"a","name":"A"}`)
}

// TestDeepBody nests messages deeper than they may be.
func TestDeepBody(t *testing.T) {
	_, s := start(t)
	query := func(n int) string {
		return `{"queries":[` + strings.Repeat(`{"notQuery":{"query":`, n) + `{}` + strings.Repeat(`}}`, n) + `]}`
	}
	s.make("POST", "/users/_search", query(40))
	if status, text := s.call("POST", "/users/_search", query(60)); status != http.StatusBadRequest || text != `{"code":3,"message":"proto: exceeded max recursion depth"}` {
		t.Errorf("%d %s", status, text)
	}
}
