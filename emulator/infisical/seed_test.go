package infisical_test

import (
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// TestSeedRefusals seeds what clashes or does not go together.
func TestSeedRefusals(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	const (
		known   = "11111111-1111-4111-8111-111111111111"
		unknown = "22222222-2222-4222-8222-222222222222"
	)
	inf.SeedOrganization(infisical.Organization{ID: "acme", Slug: "acme"})
	id := inf.SeedIdentity(infisical.Identity{ClientSecret: "known"}).ID
	inf.SeedProject(infisical.Project{ID: known, Slug: "taken", Environments: []string{"test"}})
	secret := inf.SeedSecret(infisical.Secret{ProjectID: known, Environment: "test", Key: "KEY"})
	for _, bad := range []struct {
		name string
		seed func()
		want string
	}{
		{"organization's id", func() { inf.SeedOrganization(infisical.Organization{ID: "acme"}) }, "there is an organization acme already"},
		{"organization's slug", func() { inf.SeedOrganization(infisical.Organization{Slug: "acme"}) }, "there is an organization with slug acme already"},
		{"identity's organization", func() { inf.SeedIdentity(infisical.Identity{OrganizationID: "none"}) }, `there is no organization "none"`},
		{"identity's id", func() { inf.SeedIdentity(infisical.Identity{ID: "one"}) }, `identity id "one" is not a UUID`},
		{"identity's role", func() { inf.SeedIdentity(infisical.Identity{Role: "owner"}) }, `there is no role "owner"`},
		{"identity's lifetime", func() { inf.SeedIdentity(infisical.Identity{AccessTokenTTL: -1}) }, "a lifetime cannot be negative"},
		{"secret of no identity", func() { inf.SeedClientSecret(infisical.ClientSecret{IdentityID: unknown}) }, `identity "` + unknown + `" has no universal auth`},
		{"client secret twice", func() { inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id, Secret: "known"}) }, "a client secret is given twice"},
		{"client secret's lifetime", func() { inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id, TTL: -1}) }, "a use limit and a lifetime cannot be negative"},
		{"project's organization", func() { inf.SeedProject(infisical.Project{OrganizationID: "none"}) }, `there is no organization "none"`},
		{"project's id", func() { inf.SeedProject(infisical.Project{ID: known}) }, "there is a project " + known + " already"},
		{"project's slug", func() { inf.SeedProject(infisical.Project{Slug: "taken"}) }, "there is a project with slug taken already"},
		{"secret's project", func() { inf.SeedSecret(infisical.Secret{ProjectID: unknown, Key: "KEY"}) }, `project "` + unknown + `" has no environment "dev"`},
		{"default project's environment", func() { inf.SeedSecret(infisical.Secret{Environment: "none", Key: "KEY"}) },
			`project "` + inf.Credentials()["projectId"] + `" has no environment "none"`},
		{"secret's name", func() { inf.SeedSecret(infisical.Secret{Key: "A/B"}) }, `"A/B" is no name for a secret`},
		{"secret's path", func() { inf.SeedSecret(infisical.Secret{Key: "KEY", Path: "/a b"}) }, `folder name "a b" has other characters than letters, digits, - and _`},
		{"secret twice", func() { inf.SeedSecret(infisical.Secret{Key: "API_KEY"}) }, "there is a secret API_KEY already"},
		{"secret's id", func() { inf.SeedSecret(infisical.Secret{Key: "KEY", ID: secret.ID}) }, "there is a secret with id " + secret.ID + " already"},
	} {
		t.Run(bad.name, func(t *testing.T) { providertest.RefusesSeed(t, srv, bad.seed, bad.want) })
	}

	// A world that nobody has set up has nothing to seed into.
	empty := infisical.New()
	srv = emulator.NewTest(t, empty, emulator.WithWorld(strings.NewReader("infisical: {}")))
	for _, bad := range []struct {
		name string
		seed func()
		want string
	}{
		{"identity of nobody", func() { empty.SeedIdentity(infisical.Identity{}) }, `there is no organization ""`},
		{"project of nobody", func() { empty.SeedProject(infisical.Project{}) }, `there is no organization ""`},
	} {
		t.Run(bad.name, func(t *testing.T) { providertest.RefusesSeed(t, srv, bad.seed, bad.want) })
	}
}

// TestWorldRefusals resets to worlds whose projects do not go together; the
// identities' are among those of the control API's tests.
func TestWorldRefusals(t *testing.T) {
	const (
		one = "33333333-3333-4333-8333-333333333333"
		two = "44444444-4444-4444-8444-444444444444"
	)
	const projects = "infisical:\n  identities: [{name: ci}]\n  projects:\n    - name: One\n      environments:\n        - slug: test\n"
	for _, bad := range []struct {
		name, file, want string
	}{
		{"environment twice", projects + "          id: " + one + "\n        - {slug: test, id: " + two + "}\n",
			"8: /infisical/projects/0/environments/1: there is an environment with id " + two + " or slug test already"},
		{"environment's id twice", projects + "          id: " + one + "\n    - name: Two\n      environments: [{slug: test, id: " + one + "}]\n",
			"9: /infisical/projects/1/environments/0: there is an environment with id " + one + " or slug test already"},
		{"folder", projects + "          folders: [/good, /bad one]\n",
			`7: /infisical/projects/0/environments/0/folders/1: folder name "bad one" has other characters than letters, digits, - and _`},
		{"secret", projects + "          secrets:\n            - {key: 'A:B', value: v}\n",
			`8: /infisical/projects/0/environments/0/secrets/0/key: "A:B" is no name for a secret`},
	} {
		t.Run(bad.name, func(t *testing.T) { providertest.RefusesWorld(t, option, bad.file, bad.want) })
	}
}
