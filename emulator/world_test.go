package emulator_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/worldfile"
)

// TestPrintedWorldIsTheDefaultWorld starts with what understudy world prints.
func TestPrintedWorldIsTheDefaultWorld(t *testing.T) {
	for _, seed := range []string{"", "another"} {
		t.Run(seed, func(t *testing.T) {
			printing := infisical.New()
			emulator.NewTest(t, printing, emulator.WithSeed(seed))
			text := printedWorld(t, infisical.New(), emulator.WithSeed(seed))
			inf := infisical.New()
			srv := emulator.NewTest(t, inf, emulator.WithWorld(strings.NewReader(text)))
			want := printing.Credentials()
			if got := inf.Credentials(); !maps.Equal(got, want) {
				t.Errorf("credentials %v, want %v", got, want)
			}
			for _, name := range []string{"organizationId", "identityId", "clientId", "clientSecret", "accessToken"} {
				if want[name] == "" || !strings.Contains(text, "#   "+name+": "+want[name]+"\n") {
					t.Errorf("the file's comment lacks %s %q:\n%s", name, want[name], text)
				}
			}
			loggedIn(t, srv, inf.Credentials())

			// What it prints in turn is the same, and so is its state.
			if again := printedWorld(t, infisical.New(), emulator.WithWorld(strings.NewReader(text))); again != text {
				t.Errorf("printed again:\n%s", again)
			}
			srv.Reset()
			if got := inf.Credentials(); !maps.Equal(got, want) {
				t.Errorf("after a reset, credentials %v, want %v", got, want)
			}
		})
	}
}

// printedWorld is what understudy world would print of a server.
func printedWorld(t testing.TB, opts ...emulator.Option) string {
	t.Helper()
	h, err := host.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := worldfile.Print(h.World().Seed(), h.World().DefaultWorld())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// loggedIn fails the test unless the credentials work.
func loggedIn(t *testing.T, srv *emulator.Server, credentials map[string]string) {
	t.Helper()
	url := srv.Info().Providers["infisical"].URL
	anyone := api{srv.Client(), url, ""}
	token := decode[struct{ AccessToken string }](t,
		anyone.call(t, "POST", loginPath, loginBody(credentials["clientId"], credentials["clientSecret"]), http.StatusOK).body).AccessToken
	for _, token := range []string{credentials["accessToken"], token} {
		a := api{srv.Client(), url, token}
		a.call(t, "GET", identityPath(credentials["identityId"]), "", http.StatusOK)
	}
}

// TestDefaultWorldOutlivesTheClock sets the clock to and fro.
func TestDefaultWorldOutlivesTheClock(t *testing.T) {
	for _, contract := range []emulator.Contract{emulator.Documented, emulator.Live} {
		t.Run(contract.String(), func(t *testing.T) {
			inf := infisical.New()
			srv := emulator.NewTest(t, inf, emulator.WithContract(contract))
			for _, at := range []time.Time{
				time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC),
				time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
				time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC),
			} {
				srv.Clock.Set(at)
				loggedIn(t, srv, inf.Credentials())
			}
		})
	}
}

// TestDamagedWorldFiles holds New and the control API's reset to one and the
// same reason, with the line. A refused reset changes nothing.
func TestDamagedWorldFiles(t *testing.T) {
	const twoIdentities = `infisical:
  identities:
    - name: first
      id: 11111111-1111-4111-8111-111111111111
      universalAuth:
        clientId: one
        clientSecrets:
          - secret: first-secret
    - name: second
`
	for _, test := range []struct{ name, file, want string }{
		{"no YAML", "infisical: [", "world file: line 1: did not find expected node content"},
		{"a tab", "seed: a\n\tb: c\n", "world file: line 2: found a tab character that violates indentation"},
		{"an alias", "infisical:\n  identities:\n    - &a\n      name: a\n    - *a\n", "world file: line 5: *a is an alias, and aliases are not read"},
		{"aliases of a long text", "seed: &a " + strings.Repeat("x", 200_000) + "\nworkos: [" + strings.Repeat("*a, ", 200_000) + "]\n", "world file: line 2: *a is an alias"},
		{"a merge", "infisical: &a {}\nworkos:\n  <<: *a\n", "world file: line 3: *a is an alias"},
		{"an alias as a key", "seed: &infisical a\n*infisical : {}\n", "world file: line 2: a key is no text"},
		{"a list as a key", "? [a]\n: b\n", "world file: line 1: a key is no text"},
		{"two documents", "seed: a\n---\nseed: b\n", "world file: line 2: a second document begins"},
		{"nothing", "# no world\n", "world file: it is empty"},
		{"a list", "- a\n", "world file, line 1: /: not of type object but array"},
		{"unknown key", "seed: a\nsed: b\n", "world file, line 2: /sed: unknown sed"},
		{"unknown provider", "seed: a\nnobody: {}\n", "world file, line 2: /nobody: unknown nobody"},
		{"unknown key of an identity", "infisical:\n  identities:\n    - name: a\n      rôle: admin\n", "world file, line 4: /infisical/identities/0/rôle: unknown rôle"},
		{"wrong type", "infisical:\n  identities:\n    - name: a\n      hasDeleteProtection: maybe\n", "world file, line 4: /infisical/identities/0/hasDeleteProtection: not of type boolean but string"},
		{"no name", "infisical:\n  identities:\n    - role: admin\n", "world file, line 3: /infisical/identities/0/name: missing"},
		{"bad uuid", "infisical:\n  identities:\n    - name: a\n      id: not-a-uuid\n", "world file, line 4: /infisical/identities/0/id: breaks format"},
		{"bad clock", "clock: yesterday\n", "world file, line 1: /clock: breaks format"},
		{"bad contract", "seed: a\ncontract: both\n", "world file, line 2: /contract: not one of [documented live]"},
		{"empty seed", `seed: ""`, "world file, line 1: /seed: breaks minLength 1"},
		{"duplicate id", twoIdentities + "      id: 11111111-1111-4111-8111-111111111111\n",
			"world file, line 10: /infisical/identities/1/id: there is an identity 11111111-1111-4111-8111-111111111111 already"},
		{"id in capitals", twoIdentities + "      id: AAAAAAAA-1111-4111-8111-111111111111\n", "world file, line 10: /infisical/identities/1/id: breaks format"},
		{"duplicate client id", twoIdentities + "      universalAuth:\n        clientId: one\n",
			"world file, line 11: /infisical/identities/1/universalAuth: client id one belongs to another identity"},
		{"secret given twice", twoIdentities + "      universalAuth:\n        clientSecrets:\n          - secret: first-secret\n",
			"world file, line 11: /infisical/identities/1/universalAuth: a client secret is given twice"},
		{"short secret", "infisical:\n  identities:\n    - name: a\n      universalAuth:\n        clientSecrets:\n          - secret: abc\n",
			"world file, line 6: /infisical/identities/0/universalAuth/clientSecrets/0/secret: breaks minLength 4"},
		{"unknown role", "infisical:\n  identities:\n    - name: a\n      role: owner\n", "world file, line 4: /infisical/identities/0/role: not one of [admin member no-access]"},
		{"TTL above the maximum", "infisical:\n  identities:\n    - name: a\n      universalAuth:\n        accessTokenTTL: 61\n        accessTokenMaxTTL: 60\n",
			"world file, line 5: /infisical/identities/0/universalAuth: accessTokenTTL 61 is greater than accessTokenMaxTTL 60"},
		{"TTL above the maximum, token auth", "infisical:\n  identities:\n    - name: a\n      tokenAuth:\n        accessTokenMaxTTL: 60\n",
			"world file, line 5: /infisical/identities/0/tokenAuth: accessTokenTTL 2592000 is greater than accessTokenMaxTTL 60"},
		{"TTL beyond all bounds", "infisical:\n  identities:\n    - name: a\n      tokenAuth:\n        accessTokenTTL: 315360001\n",
			"world file, line 5: /infisical/identities/0/tokenAuth/accessTokenTTL: breaks maximum 315360000"},
		{"unknown setting", "settings:\n  infisical:\n    rate: 1\n", `infisical has no setting "rate"; it has [rateLimit ipAllowlisting publicUrl unknownKeys]`},
		{"bad setting", "settings:\n  infisical:\n    rateLimit: -1\n", "infisical.rateLimit: -1 is negative"},
		{"setting of the wrong type", "settings:\n  infisical:\n    ipAllowlisting: 7\n", "infisical.ipAllowlisting: 7 is not a bool"},
		{"unknown provider's setting", "settings:\n  nobody:\n    rateLimit: 1\n", `/settings/nobody: there is no such provider here`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := emulator.New(infisical.New(), emulator.WithWorld(strings.NewReader(test.file)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("New: %v\nwant    %s", err, test.want)
			}

			srv, id, a := newWorld(t)
			before, credentials := srv.Snapshot(), srv.Info().Providers["infisical"].Credentials
			text, err := json.Marshal(map[string]string{"world": test.file})
			if err != nil {
				t.Fatal(err)
			}
			control := api{http.DefaultClient, srv.URL() + "/_understudy", ""}
			got := control.call(t, "POST", "/reset", string(text), http.StatusBadRequest)
			if detail := decode[struct{ Detail string }](t, got.body).Detail; !strings.Contains(detail, test.want) {
				t.Errorf("reset: %s\nwant   %s", detail, test.want)
			}
			if !srv.Snapshot().Equal(before) || !maps.Equal(srv.Info().Providers["infisical"].Credentials, credentials) {
				t.Error("a refused reset has changed the world")
			}
			a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
		})
	}
}

// TestWorldFile starts with a file that says everything.
func TestWorldFile(t *testing.T) {
	const file = `
seed: file
clock: 2031-02-03T04:05:06Z
contract: live
settings:
  infisical: {rateLimit: 3}
infisical:
  organization: {id: acme, name: Acme & Co.}
  identities:
    - id: aaaaaaaa-1111-4111-8111-111111111111
      name: ci
      role: admin
      hasDeleteProtection: true
      metadata: [{key: team, value: a}]
      universalAuth:
        clientId: ci-client
        clientSecrets: [{secret: ci-secret, description: for tests, numUsesLimit: 2, ttl: 60}]
`
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithWorld(strings.NewReader(file)))
	srv.Clock.Freeze()
	c := inf.Credentials()
	for name, want := range map[string]string{
		"organizationId": "acme", "identityId": "aaaaaaaa-1111-4111-8111-111111111111", "clientId": "ci-client", "clientSecret": "ci-secret",
	} {
		if c[name] != want {
			t.Errorf("%s is %q, want %q", name, c[name], want)
		}
	}
	if year := srv.Clock.Now().Year(); year != 2031 {
		t.Errorf("the clock stands in %d", year)
	}
	a := api{srv.Client(), inf.URL(), c["accessToken"]}
	a.call(t, "GET", identityPath("AAAAAAAA-1111-4111-8111-111111111111"), "", http.StatusOK)
	got := a.call(t, "GET", identityPath("x"), "", http.StatusInternalServerError) // live
	if left := got.header.Get("X-Ratelimit-Remaining"); left != "1" {
		t.Errorf("%q calls are left, want 1", left)
	}
	srv.Reset()
	if year := srv.Clock.Now().Year(); year != 2031 {
		t.Errorf("after a reset the clock stands in %d", year)
	}

	// Options win over the file.
	srv = emulator.NewTest(t, infisical.New(), emulator.WithWorld(strings.NewReader(file)), emulator.WithContract(emulator.Documented),
		emulator.WithClock(start), emulator.WithSetting("infisical", "rateLimit", "0"), emulator.WithSeed("option"))
	if year := srv.Clock.Now().Year(); year != start.Year() {
		t.Errorf("the clock stands in %d", year)
	}
	info := srv.Info().Providers["infisical"]
	if info.Credentials["accessToken"] == c["accessToken"] {
		t.Error("the file's seed has won")
	}
	a = api{srv.Client(), info.URL, info.Credentials["accessToken"]}
	got = a.call(t, "GET", identityPath("x"), "", http.StatusNotFound)
	if limit := got.header.Get("X-Ratelimit-Limit"); limit != "" {
		t.Errorf("the file's limit %s has won", limit)
	}
}

// rateLimitOf asks the control API.
func rateLimitOf(t *testing.T, srv *emulator.Server) int {
	t.Helper()
	control := api{http.DefaultClient, srv.URL() + "/_understudy", ""}
	return decode[struct{ RateLimit int }](t, control.call(t, "GET", "/settings/infisical", "", http.StatusOK).body).RateLimit
}

// TestSettings gives a setting in every way there is. The later of this list
// win: New, a world file, an option or flag, PATCH.
func TestSettings(t *testing.T) {
	file := func() emulator.Option {
		return emulator.WithWorld(strings.NewReader("settings: {infisical: {rateLimit: 2}}"))
	}
	flag := emulator.WithSetting("infisical", "rateLimit", "3")
	for _, test := range []struct {
		name    string
		options []emulator.Option
		want    int
	}{
		{"default", []emulator.Option{infisical.New()}, 0},
		{"New", []emulator.Option{infisical.New(infisical.RateLimit(1))}, 1},
		{"file", []emulator.Option{infisical.New(), file()}, 2},
		{"file over New", []emulator.Option{infisical.New(infisical.RateLimit(1)), file()}, 2},
		{"option", []emulator.Option{flag, infisical.New()}, 3},
		{"option over file and New", []emulator.Option{flag, infisical.New(infisical.RateLimit(1)), file()}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := emulator.NewTest(t, test.options...)
			if got := rateLimitOf(t, srv); got != test.want {
				t.Errorf("the limit is %d, want %d", got, test.want)
			}
			control := api{http.DefaultClient, srv.URL() + "/_understudy", ""}
			before := srv.Snapshot()
			for body, want := range map[string]int{`{"rateLimit":4}`: 4, `{"rateLimit":"5"}`: 5} {
				control.call(t, "PATCH", "/settings/infisical", body, http.StatusOK)
				if got := rateLimitOf(t, srv); got != want {
					t.Errorf("%s: the limit is %d", body, got)
				}
			}
			patched := srv.Snapshot()
			last := rateLimitOf(t, srv)
			for _, body := range []string{`{"rateLimit":-1}`, `{"rateLimit":1.5}`, `{"ipAllowlisting":true,"rate":1}`, `{"rateLimit":null}`} {
				control.call(t, "PATCH", "/settings/infisical", body, http.StatusBadRequest)
			}
			control.call(t, "PATCH", "/settings/nobody", `{}`, http.StatusNotFound)
			if got := rateLimitOf(t, srv); got != last {
				t.Errorf("a refused change has left %d", got)
			}

			// A snapshot carries the settings of its moment.
			srv.Restore(before)
			if got := rateLimitOf(t, srv); got != test.want {
				t.Errorf("restored: the limit is %d, want %d", got, test.want)
			}
			srv.Restore(patched)
			if got := rateLimitOf(t, srv); got != last {
				t.Errorf("restored: the limit is %d, want %d", got, last)
			}

			// A reset forgets what PATCH has said.
			srv.Reset()
			if got := rateLimitOf(t, srv); got != test.want {
				t.Errorf("reset: the limit is %d, want %d", got, test.want)
			}
			control.call(t, "POST", "/reset", `{"settings":{"infisical":{"rateLimit":6}}}`, http.StatusOK)
			if got := rateLimitOf(t, srv); got != 6 {
				t.Errorf("reset with settings: the limit is %d, want 6", got)
			}
		})
	}

	for _, set := range [][3]string{{"infisical", "rateLimit", "many"}, {"infisical", "rate", "1"}, {"nobody", "rateLimit", "1"}} {
		if _, err := emulator.New(infisical.New(), emulator.WithSetting(set[0], set[1], set[2])); err == nil {
			t.Errorf("%v passes", set)
		}
	}
	if _, err := emulator.New(infisical.New(infisical.RateLimit(-1))); err == nil {
		t.Error("RateLimit(-1) passes")
	}
}
