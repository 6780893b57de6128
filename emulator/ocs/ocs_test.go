package ocs_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/internal/providertest"
)

func option() emulator.Option { return ocs.New() }

func TestScripts(t *testing.T) { providertest.Scripts(t, "../../testdata/script/ocs", option) }

func TestProvider(t *testing.T) { providertest.Run(t, option) }

// now is where the clock of the tests stands.
var now = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)

// world is a server with the default world, at now.
type world struct {
	*emulator.Server
	t           *testing.T
	ocs         *ocs.Provider
	client      *http.Client
	credentials map[string]string
}

func newWorld(t *testing.T, p *ocs.Provider, options ...emulator.Option) world {
	t.Helper()
	srv := emulator.NewTest(t, append(options, p)...)
	srv.Clock.Freeze()
	srv.Clock.Set(now)
	return world{srv, t, p, http.DefaultClient, p.Credentials()}
}

// call makes a call with a token, or with none, and returns its status and body.
func (w world) call(method, path, token, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.ocs.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.do(r)
}

func (w world) do(r *http.Request) (int, string) {
	w.t.Helper()
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// tokenRequest is a request for a token by the client's secret in the form.
func (w world) tokenRequest(form url.Values) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.ocs.URL()+"/identity/connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (w world) authenticate(id, secret string) (int, string) {
	w.t.Helper()
	return w.do(w.tokenRequest(url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}))
}

func (w world) path(rest string) string { return "/api/v1/Tenants/" + w.credentials["tenantId"] + rest }

// TestSecretShape holds any new secret to the form of a real one, which the
// golden files, being examples, do not.
func TestSecretShape(t *testing.T) {
	w := newWorld(t, ocs.New(), emulator.WithSeed(t.Name()))
	shape := regexp.MustCompile(`^\{"Secret":"([A-Za-z0-9+/]{43}=)","Id":(\d+),"Expiration":"2025-01-01T00:00:00\+00:00","Expires":true,"Description":null\}$`)
	seen, last := map[string]bool{}, 0
	for range 20 {
		client := w.ocs.SeedClient(ocs.Client{})
		for range 2 {
			status, body := w.call("POST", w.path("/ClientCredentialClients/"+client.ID+"/Secrets"), w.credentials["accessToken"], `{"Expiration":"2025-01-01T00:00:00Z"}`)
			match := shape.FindStringSubmatch(body)
			if status != http.StatusCreated || match == nil {
				t.Fatalf("%d %s", status, body)
			}
			if raw, err := base64.StdEncoding.DecodeString(match[1]); err != nil || len(raw) != 32 {
				t.Errorf("secret %s: %d bytes, %v", match[1], len(raw), err)
			}
			if seen[match[1]] {
				t.Errorf("secret %s is given twice", match[1])
			}
			seen[match[1]] = true
			id := 0
			if _, err := fmt.Sscan(match[2], &id); err != nil || id <= last {
				t.Errorf("id %s after %d", match[2], last)
			}
			last = id
		}
	}
}

// TestTokenClaims compares the token's header and claims byte by byte: their
// order can be seen.
func TestTokenClaims(t *testing.T) {
	w := newWorld(t, ocs.New())
	client := w.ocs.SeedClient(ocs.Client{AccessTokenLifetime: 60})
	decode := func(segment string) string {
		text, err := base64.RawURLEncoding.DecodeString(segment)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	claims := func(token, issuer string, end time.Time) {
		t.Helper()
		parts := strings.Split(token, ".")
		if got := decode(parts[0]); !regexp.MustCompile(`^\{"alg":"RS256","kid":"[0-9A-F]{32}","typ":"JWT"\}$`).MatchString(got) {
			t.Errorf("header %s", got)
		}
		want := regexp.MustCompile(fmt.Sprintf(`^\{"nbf":%d,"exp":%d,"iss":"%s","aud":"ocsapi","client_id":"%s","tid":"%s",`+
			`"role_type":\["2dc742ab-39ea-4fc0-a39e-2bcb71c26a5f","7ad2b9ef-5386-4ead-ac9f-ad99c5c5b977"\],"jti":"[0-9A-F]{32}","iat":%[1]d,"scope":\["ocsapi"\]\}$`,
			now.Unix(), end.Unix(), regexp.QuoteMeta(issuer), client.ID, client.TenantID))
		if got := decode(parts[1]); !want.MatchString(got) {
			t.Errorf("claims\n%s\nwant\n%s", got, want)
		}
	}
	status, body := w.authenticate(client.ID, client.Secret)
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.ExpiresIn != 60 {
		t.Fatalf("%d %s %v", status, body, err)
	}
	claims(answer.AccessToken, w.ocs.URL()+"/identity", now.Add(time.Minute))
	claims(w.ocs.SeedToken(client.ID), "https://uswe.datahub.connect.aveva.com/identity", now.Add(time.Minute))
}

// TestBasic names the client in the Authorization header, form-encoded and not.
func TestBasic(t *testing.T) {
	w := newWorld(t, ocs.New())
	client := w.ocs.SeedClient(ocs.Client{Secret: "a+b/c="})
	grant := url.Values{"grant_type": {"client_credentials"}}
	for _, tt := range []struct {
		name, secret string
		form         url.Values
		status       int
		reason       string
	}{
		{"encoded", url.QueryEscape(client.Secret), nil, 200, ""},
		{"before the form", url.QueryEscape(client.Secret), url.Values{"client_id": {client.ID}, "client_secret": {"wrong"}}, 200, ""},
		{"not encoded", client.Secret, nil, 400, "the secret in the Authorization header is not form-encoded: its + arrives as a space"},
		{"wrong", "wrong", nil, 400, "no client has this secret"},
		{"wrong before the form", "wrong", url.Values{"client_id": {client.ID}, "client_secret": {client.Secret}}, 400, "no client has this secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := url.Values{}
			for _, values := range []url.Values{grant, tt.form} {
				for name := range values {
					form.Set(name, values.Get(name))
				}
			}
			r := w.tokenRequest(form)
			r.SetBasicAuth(client.ID, tt.secret)
			status, body := w.do(r)
			if reason := w.Journal.Last().Reason; status != tt.status || reason != tt.reason {
				t.Errorf("%d %s, because %q", status, body, reason)
			}
			if status == 400 && body != `{"error":"invalid_client"}` {
				t.Errorf("the answer tells more: %s", body)
			}
		})
	}
}

// TestOtherTenant keeps tenants apart.
func TestOtherTenant(t *testing.T) {
	w := newWorld(t, ocs.New())
	tenant := w.ocs.SeedTenant(ocs.Tenant{CompanyName: "Other"})
	foreign := w.ocs.SeedClient(ocs.Client{TenantID: tenant.ID})
	token := w.ocs.SeedToken(foreign.ID)
	if tenant.ID == w.credentials["tenantId"] || tenant.MemberRoleID == w.credentials["memberRoleId"] || tenant.AdministratorRoleID == "" {
		t.Errorf("the tenant is %+v", tenant)
	}
	own := "/api/v1/Tenants/" + tenant.ID
	for _, tt := range []struct {
		method, path, token, body string
		status                    int
	}{
		{"GET", own, token, "", 200},
		{"GET", strings.ToUpper(own), token, "", 200},
		{"GET", own + "/ClientCredentialClients/" + foreign.ID, token, "", 200},
		{"GET", own + "/ClientCredentialClients/" + w.credentials["clientId"], token, "", 404},
		{"GET", own + "/Roles/" + w.credentials["memberRoleId"], token, "", 404},
		{"POST", own + "/ClientCredentialClients", token, `{"Name":"x","RoleIds":["` + w.credentials["memberRoleId"] + `"]}`, 400},
		{"POST", own + "/ClientCredentialClients", token, `{"Name":"x","Id":"` + w.credentials["clientId"] + `"}`, 409},
		{"POST", own + "/Roles", token, `{"Name":"x","Id":"` + w.credentials["memberRoleId"] + `"}`, 409},
		{"GET", own, w.credentials["accessToken"], "", 403},
		{"GET", w.path(""), token, "", 403},
		{"POST", w.path("/HybridClients"), token, `{"Name":"x"}`, 403},
	} {
		if status, body := w.call(tt.method, tt.path, tt.token, tt.body); status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.path, status, body, tt.status)
		}
	}
}

// TestClientLimit fills a tenant with clients of both kinds.
func TestClientLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 50,000 clients")
	}
	const limit = 50_000
	p := ocs.New()
	srv, err := emulator.New(p)
	if err != nil {
		t.Fatal(err)
	}
	w := world{srv, t, p, srv.Client(), p.Credentials()}
	for i := 2; i < limit; i++ { // the default world has two
		p.SeedClient(ocs.Client{Kind: ocs.Kind(i % 2)})
	}
	token := w.credentials["accessToken"]
	for _, kind := range []string{"/HybridClients", "/ClientCredentialClients"} {
		status, body := w.call("POST", w.path(kind), token, `{"Name":"x","RedirectUris":["https://app.example"]}`)
		if kind == "/ClientCredentialClients" {
			status, body = w.call("POST", w.path(kind), token, `{"Name":"x"}`)
		}
		if status != 400 || !strings.Contains(body, "50000") {
			t.Errorf("one more of %s: %d %s", kind, status, body)
		}
		if r := w.header("HEAD", w.path(kind), token); r.Get("Total-Count") != "25000" {
			t.Errorf("%s: Total-Count %s", kind, r.Get("Total-Count"))
		}
	}
	if status, _ := w.call("DELETE", w.path("/ClientCredentialClients/"+w.credentials["clientId"]), token, ""); status != 204 {
		t.Errorf("deleting a client: %d", status)
	}
	if status, body := w.call("POST", w.path("/HybridClients"), token, `{"Name":"x"}`); status != 201 {
		t.Errorf("after a deletion: %d %s", status, body)
	}
}

// header returns the headers of an answer.
func (w world) header(method, path, token string) http.Header {
	w.t.Helper()
	if status, body := w.call(method, path, token, ""); status != 200 {
		w.t.Fatalf("%s %s: %d %s", method, path, status, body)
	}
	return w.Journal.Last().Response.Header
}

// TestSettings refuses what no service would do.
func TestSettings(t *testing.T) {
	for _, d := range []time.Duration{-time.Second, time.Hour + 1} {
		if _, err := emulator.New(ocs.New(ocs.Propagation(d))); err == nil {
			t.Errorf("a propagation of %s is taken", d)
		}
	}
	w := newWorld(t, ocs.New(ocs.Propagation(time.Hour), ocs.StrictRoles(true)))
	client := w.ocs.SeedClient(ocs.Client{Roles: []string{"Tenant Member"}})
	if status, body := w.call("GET", w.path("/Roles"), w.ocs.SeedToken(client.ID), ""); status != 403 {
		t.Errorf("a member reads roles in strict mode: %d %s", status, body)
	}
	if status, body := w.call("DELETE", w.path("/ClientCredentialClients/"+client.ID), w.credentials["accessToken"], ""); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	for d, want := range map[time.Duration]int{0: 200, time.Hour - 1: 200, time.Hour: 400} {
		w.Clock.Set(now.Add(d))
		if status, body := w.authenticate(client.ID, client.Secret); status != want {
			t.Errorf("%s after the deletion: %d %s", d, status, body)
		}
	}
}

// TestSeed fills in what is left empty and refuses what clashes.
func TestSeed(t *testing.T) {
	w := newWorld(t, ocs.New())
	client := w.ocs.SeedClient(ocs.Client{Kind: ocs.Hybrid, Disabled: true, SecretExpiration: now.Add(time.Minute)})
	if client.ID == "" || client.Name == "" || len(client.Secret) != 44 || client.SecretID == 0 || client.AccessTokenLifetime != 3600 {
		t.Errorf("the client is %+v", client)
	}
	secret := w.ocs.SeedSecret(ocs.Secret{ClientID: client.ID, Description: "second", Expiration: now.Add(150)})
	status, body := w.call("GET", w.path("/HybridClients/"+client.ID+"/Secrets"), w.credentials["accessToken"], "")
	want := fmt.Sprintf(`[{"Id":%d,"Expiration":"2024-06-01T00:01:00+00:00","Expires":true,"Description":null},{"Id":%d,"Expiration":"2024-06-01T00:00:00.0000001+00:00","Expires":true,"Description":"second"}]`, client.SecretID, secret.ID)
	if status != 200 || body != want {
		t.Errorf("the secrets: %d %s, want %s", status, body, want)
	}
	for name, seed := range map[string]func(){
		"client id":        func() { w.ocs.SeedClient(ocs.Client{ID: client.ID}) },
		"client's secret":  func() { w.ocs.SeedClient(ocs.Client{Secret: secret.Secret}) },
		"client's tenant":  func() { w.ocs.SeedClient(ocs.Client{TenantID: "none"}) },
		"client's role":    func() { w.ocs.SeedClient(ocs.Client{Roles: []string{"none"}}) },
		"hybrid's role":    func() { w.ocs.SeedClient(ocs.Client{Kind: ocs.Hybrid, Roles: []string{"Tenant Member"}}) },
		"lifetime":         func() { w.ocs.SeedClient(ocs.Client{AccessTokenLifetime: 30}) },
		"secret":           func() { w.ocs.SeedSecret(ocs.Secret{ClientID: client.ID, Secret: secret.Secret}) },
		"secret's client":  func() { w.ocs.SeedSecret(ocs.Secret{ClientID: "none"}) },
		"tenant":           func() { w.ocs.SeedTenant(ocs.Tenant{ID: w.credentials["tenantId"]}) },
		"role of a tenant": func() { w.ocs.SeedTenant(ocs.Tenant{MemberRoleID: w.credentials["memberRoleId"]}) },
		"hybrid token":     func() { w.ocs.SeedToken(client.ID) },
	} {
		before := w.Snapshot()
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			seed()
		}()
		if !w.Snapshot().Equal(before) {
			t.Errorf("%s: something is left behind", name)
		}
	}
}

// TestWorld starts with a file and refuses bad ones, by their lines.
func TestWorld(t *testing.T) {
	const good = `
seed: file
ocs:
  tenants:
    - id: 11111111-1111-4111-8111-111111111111
      companyName: Acme
      roles:
        - {id: 22222222-2222-4222-8222-222222222222, name: Tenant Member}
        - {name: Operators, description: on shift}
      clients:
        - {id: web, type: hybrid, name: web, redirectUris: ["https://app.example/back"]}
        - id: job
          name: job
          accessTokenLifetime: 60
          roles: [Tenant Member, Operators]
          secrets:
            - {secret: "first", description: first, expiration: "2030-01-01T00:00:00+05:30"}
        - {id: off, name: off, enabled: false}
    - {companyName: Other}
`
	p := ocs.New()
	w := newWorld(t, p, emulator.WithWorld(strings.NewReader(good)))
	for name, want := range map[string]string{
		"tenantId": "11111111-1111-4111-8111-111111111111", "memberRoleId": "22222222-2222-4222-8222-222222222222",
		"clientId": "job", "clientSecret": "first",
	} {
		if got := w.credentials[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if status, body := w.authenticate("job", "first"); status != 200 || !strings.Contains(body, `"expires_in":60,`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := w.call("GET", w.path("/ClientCredentialClients"), w.credentials["accessToken"], ""); status != 200 || !strings.Contains(body, `"Id":"off","Name":"off","Enabled":false`) {
		t.Errorf("%d %s", status, body)
	}
	for bad, want := range map[string]string{
		"ocs: {tenants: [{id: x}]}":                                                            "line 1: /ocs/tenants/0/id: breaks format",
		"ocs:\n  tenants:\n  - clients:\n    - {name: a, roles: [None]}":                       `line 4: /ocs/tenants/0/clients/0/roles: there is no role "None" for this client`,
		"ocs:\n  tenants:\n  - clients:\n    - {name: a, id: i}\n    - {name: b, id: i}":       "line 5: /ocs/tenants/0/clients/1/id: There is a client i already.",
		"ocs:\n  tenants:\n  - clients:\n    - {name: a, secrets: [{secret: s}, {secret: s}]}": "line 4: /ocs/tenants/0/clients/0/secrets/1/secret: a client has this secret already",
		"ocs:\n  tenants:\n  - clients:\n    - {name: a, secrets: [{expiration: soon}]}":       "/ocs/tenants/0/clients/0/secrets/0/expiration: breaks format",
		"ocs:\n  tenants:\n  - roles: [{name: a}, {name: a}]":                                  "/ocs/tenants/0/roles/1/name",
		"ocs:\n  tenants:\n  - clients: [{name: a, type: other}]":                              "/ocs/tenants/0/clients/0/type: not one of",
	} {
		if _, err := emulator.New(ocs.New(), emulator.WithWorld(strings.NewReader(bad))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", bad, err, want)
		}
	}
	// A world with nobody in it is a world.
	if _, err := emulator.New(ocs.New(), emulator.WithWorld(strings.NewReader("ocs: {}"))); err != nil {
		t.Error(err)
	}
}

// TestExpiryByTheClock rotates as a program would: while two secrets overlap both
// are good, and what the old one was exchanged for lives on.
func TestExpiryByTheClock(t *testing.T) {
	w := newWorld(t, ocs.New())
	client := w.ocs.SeedClient(ocs.Client{SecretExpiration: now.Add(time.Minute)})
	second := w.ocs.SeedSecret(ocs.Secret{ClientID: client.ID})
	status, body := w.authenticate(client.ID, client.Secret)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &token); err != nil || status != 200 {
		t.Fatalf("%d %s %v", status, body, err)
	}
	for _, tt := range []struct {
		after              time.Duration
		old, new, oldToken int
	}{
		{0, 200, 200, 200},
		{time.Minute, 200, 200, 200}, // the instant itself still counts
		{time.Minute + 1, 400, 200, 200},
		{61 * time.Second, 400, 200, 200},
		{time.Hour - time.Second, 400, 200, 200},
		{time.Hour, 400, 200, 401},
	} {
		w.Clock.Set(now.Add(tt.after))
		old, _ := w.authenticate(client.ID, client.Secret)
		next, _ := w.authenticate(client.ID, second.Secret)
		read, _ := w.call("GET", w.path(""), token.AccessToken, "")
		if old != tt.old || next != tt.new || read != tt.oldToken {
			t.Errorf("after %s: the old secret %d, the new one %d, the old one's token %d", tt.after, old, next, read)
		}
	}
}
