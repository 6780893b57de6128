package all_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestOwnIssuer logs in by JWTs of the same server's ZITADEL, by every name that it
// has. Its keys are asked for in memory.
func TestOwnIssuer(t *testing.T) {
	const public = "https://public.example:8443/understudy"
	for _, test := range []struct {
		name string
		base func(srv *emulator.Server, zit *zitadel.Provider) string
		opts []emulator.Option
	}{
		{"its port", func(_ *emulator.Server, zit *zitadel.Provider) string { return zit.URL() }, nil},
		{"its port at another name", func(_ *emulator.Server, zit *zitadel.Provider) string {
			return strings.Replace(zit.URL(), "127.0.0.1", "zitadel.localhost", 1)
		}, nil},
		{"the gateway", func(srv *emulator.Server, _ *zitadel.Provider) string { return srv.URL() + "/zitadel" }, nil},
		{"the service's host", func(*emulator.Server, *zitadel.Provider) string { return "https://acme.zitadel.cloud" }, nil},
		{"a public URL", func(*emulator.Server, *zitadel.Provider) string { return public + "/zitadel" }, []emulator.Option{emulator.WithPublicURL(public)}},
		{"without a port", func(_ *emulator.Server, zit *zitadel.Provider) string { return zit.URL() }, []emulator.Option{emulator.InMemory()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inf, zit := infisical.New(), zitadel.New()
			srv := emulator.NewTest(t, append(test.opts, inf, zit)...)
			base := test.base(srv, zit)
			machine := zit.SeedMachineUser(zitadel.MachineUser{JWT: true})
			token := machineToken(t, srv, base, machine.UserName, machine.ClientSecret)
			id := inf.SeedIdentity(infisical.Identity{})
			call := func(token, method, path, body string, status int) answer {
				t.Helper()
				a, err := send(t.Context(), srv.Client(), token, method, inf.URL()+path, body)
				if err != nil || a.status != status {
					t.Fatalf("%s %s: %v %+v", method, path, err, a)
				}
				return a
			}
			const login = "/api/v1/auth/oidc-auth/login"
			settings, job := "/api/v1/auth/oidc-auth/identities/"+id.ID, fmt.Sprintf(`{"identityId":%q,"jwt":%q}`, id.ID, token)
			call(id.AccessToken, "POST", settings, fmt.Sprintf(`{"oidcDiscoveryUrl":%q,"boundIssuer":%q}`, base, base), http.StatusOK)
			call("", "POST", login, job, http.StatusOK)
			entries := srv.Journal.All()
			if keys := entries[len(entries)-2]; keys.Provider != "zitadel" || !strings.HasSuffix(keys.Request.URL, "/oauth/v2/keys") {
				t.Errorf("before the login came %s %s", keys.Provider, keys.Request.URL)
			}
			call(id.AccessToken, "PATCH", settings, `{"boundSubject":"somebody"}`, http.StatusOK)
			if why := call("", "POST", login, job, http.StatusForbidden).header.Get("X-Understudy-Reason"); !strings.Contains(why, `bound to "somebody"`) {
				t.Errorf("refused because %s", why)
			}
		})
	}
}

// machineToken returns the JWT that a ZITADEL gives a machine user.
func machineToken(t *testing.T, srv *emulator.Server, base, clientID, secret string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}, "client_id": {clientID}, "client_secret": {secret}}
	response, err := srv.Client().PostForm(base+"/oauth/v2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var issued struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&issued); err != nil || issued.Token == "" {
		t.Fatalf("no token: %d %v", response.StatusCode, err)
	}
	return issued.Token
}

// TestSandboxIssuer logs in, in a sandbox, by a JWT of that sandbox's ZITADEL. Another
// world's is refused: it has another issuer, whose keys are not its own.
func TestSandboxIssuer(t *testing.T) {
	srv := emulator.NewTest(t, infisical.New(), zitadel.New())
	type world struct{ infisical, identity, token string }
	open := func(id string) world {
		t.Helper()
		call := func(token, method, path, body string) []byte {
			t.Helper()
			a, err := send(t.Context(), srv.Client(), token, method, srv.URL()+"/~"+id+path, body)
			if err != nil || a.status/100 != 2 {
				t.Fatalf("%s %s: %v %+v", method, path, err, a)
			}
			return []byte(a.body)
		}
		call("", "PUT", "/_understudy", fmt.Sprintf(`{"seed":%q}`, id))
		var info emulator.Info
		if err := json.Unmarshal(call("", "GET", "/_understudy/info", ""), &info); err != nil {
			t.Fatal(err)
		}
		inf, zit := info.Providers["infisical"], info.Providers["zitadel"]
		w := world{inf.URL, inf.Credentials["identityId"], ""}
		bound := fmt.Sprintf(`{"oidcDiscoveryUrl":%[1]q,"boundIssuer":%[1]q}`, zit.URL)
		call(inf.Credentials["accessToken"], "POST", "/infisical/api/v1/auth/oidc-auth/identities/"+w.identity, bound)
		var machine struct{ UserID, ClientID, ClientSecret string }
		admin := zit.Credentials["accessToken"]
		user := call(admin, "POST", "/zitadel/management/v1/users/machine", `{"userName":"job","name":"job","accessTokenType":"ACCESS_TOKEN_TYPE_JWT"}`)
		if err := json.Unmarshal(user, &machine); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(call(admin, "PUT", "/zitadel/management/v1/users/"+machine.UserID+"/secret", "{}"), &machine); err != nil {
			t.Fatal(err)
		}
		w.token = machineToken(t, srv, zit.URL, machine.ClientID, machine.ClientSecret)
		return w
	}
	one, two := open("one"), open("two")
	for _, test := range []struct {
		name   string
		at     world
		token  string
		status int
	}{
		{"its own", one, one.token, http.StatusOK},
		{"another's own", two, two.token, http.StatusOK},
		{"of another world", one, two.token, http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, err := send(t.Context(), srv.Client(), "", "POST", test.at.infisical+"/api/v1/auth/oidc-auth/login", fmt.Sprintf(`{"identityId":%q,"jwt":%q}`, test.at.identity, test.token))
			if err != nil || a.status != test.status {
				t.Errorf("%v %+v, want %d", err, a, test.status)
			}
		})
	}
}
