package workos_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/internal/providertest"
)

func option() emulator.Option { return workos.New() }

func TestScripts(t *testing.T) { providertest.Scripts(t, "../../testdata/script/workos", option) }

func TestProvider(t *testing.T) { providertest.Run(t, option) }

// send makes a request, with the default world's API key unless a header says
// otherwise, and returns the answer with its body.
func send(t *testing.T, wos *workos.Provider, method, path string, header http.Header, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, wos.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+wos.Credentials()["apiKey"])
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(answer)
}

func secretsPath(applicationID string) string {
	return "/connect/applications/" + applicationID + "/client_secrets"
}

// TestClientSecretShape holds any new secret to the form of a real one, which
// the golden files, being examples, do not.
func TestClientSecretShape(t *testing.T) {
	for contract, hint := range map[emulator.Contract]func(string) string{
		emulator.Documented: func(s string) string { return s[:6] },
		emulator.Live:       func(s string) string { return s[58:] },
	} {
		wos := workos.New()
		emulator.NewTest(t, wos, emulator.WithSeed(t.Name()), emulator.WithContract(contract))
		const moment = `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`
		shape := regexp.MustCompile(`^\{"object":"connect_application_secret","id":"secret_[0-9A-HJKMNP-TV-Z]{26}","secret":"([0-9a-f]{64})","secret_hint":"([0-9a-f]{6})","last_used_at":null,` +
			`"created_at":` + moment + `,"updated_at":` + moment + `\}$`)
		seen := map[string]bool{}
		for range 10 {
			app := wos.SeedApplication(workos.Application{})
			for range 4 {
				response, body := send(t, wos, http.MethodPost, secretsPath(app.ID), nil, "{}")
				match := shape.FindStringSubmatch(body)
				if response.StatusCode != http.StatusCreated || match == nil {
					t.Fatalf("%d %s", response.StatusCode, body)
				}
				if match[2] != hint(match[1]) {
					t.Errorf("%v: hint %s of secret %s", contract, match[1], match[2])
				}
				if seen[match[1]] {
					t.Errorf("secret %s is given twice", match[1])
				}
				seen[match[1]] = true
			}
		}
	}
}

// exchange asks for a token with a form and maybe HTTP Basic.
func exchange(t *testing.T, wos *workos.Provider, form url.Values, basic ...string) (*http.Response, string) {
	t.Helper()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": nil}
	if basic != nil {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(basic[0]+":"+basic[1])))
	}
	return send(t, wos, http.MethodPost, "/oauth2/token", header, form.Encode())
}

// TestBasic is here because scripts cannot write base64.
func TestBasic(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	app := wos.SeedApplication(workos.Application{ClientSecret: "p+s:%"})
	grant := func(more ...string) url.Values {
		form := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	for _, tt := range []struct {
		name   string
		form   url.Values
		basic  []string
		status int
		answer string
	}{
		{"encoded", grant(), []string{app.ClientID, "p%2Bs%3A%25"}, 200, `"token_type":"bearer"`},
		{"and the client id in the form", grant("client_id", app.ClientID), []string{app.ClientID, "p%2Bs%3A%25"}, 200, `"token_type":"bearer"`},
		{"wrong", grant(), []string{app.ClientID, "x"}, 401, `"error_description":"Invalid client ID or secret."`},
		{"no secret", grant(), []string{app.ClientID, ""}, 401, `"error_description":"Missing authorization header."`},
		{"unknown", grant(), []string{"client_x", "x"}, 401, `"error_description":"Application not found."`},
		{"both ways", grant("client_id", app.ClientID, "client_secret", app.ClientSecret), []string{app.ClientID, "p%2Bs%3A%25"}, 400, `"error":"invalid_request"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response, body := exchange(t, wos, tt.form, tt.basic...)
			if response.StatusCode != tt.status || !strings.Contains(body, tt.answer) {
				t.Errorf("%d %s", response.StatusCode, body)
			}
		})
	}
}

// TestTokenHeader compares the token's header with the service's, byte by byte:
// there is no typ.
func TestTokenHeader(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	app := wos.SeedApplication(workos.Application{})
	_, body := exchange(t, wos, url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ClientID}, "client_secret": {app.ClientSecret}})
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &token); err != nil {
		t.Fatal(err)
	}
	segment, _, _ := strings.Cut(token.AccessToken, ".")
	header, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil || !regexp.MustCompile(`^\{"alg":"RS256","kid":"sso_oidc_key_pair_[0-9A-HJKMNP-TV-Z]{26}"\}$`).Match(header) {
		t.Errorf("header %s, %v", header, err)
	}
}

// TestCertificate shows that the key set's certificate is of its key.
func TestCertificate(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	_, body := send(t, wos, http.MethodGet, "/oauth2/jwks", nil, "")
	var set struct {
		Keys []struct {
			N, E string
			X5c  []string
			X5t  string `json:"x5t#S256"`
		}
	}
	if err := json.Unmarshal([]byte(body), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%v %s", err, body)
	}
	key := set.Keys[0]
	der, err := base64.StdEncoding.DecodeString(key.X5c[0])
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := base64.RawURLEncoding.DecodeString(key.N)
	e, _ := base64.RawURLEncoding.DecodeString(key.E)
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if !public.Equal(certificate.PublicKey) {
		t.Error("the certificate is another key's")
	}
	if sum := sha256.Sum256(der); key.X5t != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("the thumbprint is %s", key.X5t)
	}
}

// TestAddresses shows that issuer and links follow the address that was asked,
// as the service's own hosts in memory.
func TestAddresses(t *testing.T) {
	wos := workos.New()
	srv, err := emulator.New(wos)
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{"https://acme.authkit.app", "https://api.workos.com"} {
		response, err := srv.Client().Get(base + "/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		var metadata map[string]any
		err = json.NewDecoder(response.Body).Decode(&metadata)
		_ = response.Body.Close()
		if err != nil || metadata["issuer"] != base || metadata["token_endpoint"] != base+"/oauth2/token" {
			t.Errorf("%s: %v %v", base, metadata, err)
		}
	}
}

// TestRegistrationTypes lists applications that registered themselves, which no
// call makes.
func TestRegistrationTypes(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	first := wos.Credentials()["applicationId"]
	var dynamic, machines []string
	for range 3 {
		dynamic = append(dynamic, wos.SeedApplication(workos.Application{Type: "oauth", Dynamic: true}).ID)
		machines = append(machines, wos.SeedApplication(workos.Application{}).ID)
	}
	organization := wos.SeedOrganization(workos.Organization{Name: "other"})
	other := wos.SeedApplication(workos.Application{OrganizationID: organization.ID}).ID
	newestFirst := func(ids ...string) []string { slices.Sort(ids); slices.Reverse(ids); return ids }
	authenticated := newestFirst(append([]string{first, other}, machines...)...)
	for query, want := range map[string][]string{
		"":                                  authenticated,
		"?registration_types=authenticated": authenticated,
		"?registration_types=dynamic":       newestFirst(slices.Clone(dynamic)...),
		"?registration_types=dynamic,authenticated":                                         newestFirst(append(slices.Clone(dynamic), authenticated...)...),
		"?registration_types=authenticated&registration_types=dynamic":                      newestFirst(append(slices.Clone(dynamic), authenticated...)...),
		"?organization_id=" + organization.ID:                                               {other},
		"?organization_id=" + organization.ID + "&registration_types=dynamic,authenticated": {other},
	} {
		for _, limit := range []int{1, 2, 100} {
			var got []string
			for after := ""; ; {
				path := "/connect/applications" + query
				separator := "?"
				if query != "" {
					separator = "&"
				}
				path += fmt.Sprintf("%slimit=%d&after=%s", separator, limit, after)
				response, body := send(t, wos, http.MethodGet, path, nil, "")
				var page struct {
					Data         []struct{ ID string }
					ListMetadata struct{ After *string } `json:"list_metadata"`
				}
				if err := json.Unmarshal([]byte(body), &page); err != nil || response.StatusCode != 200 {
					t.Fatalf("%s: %d %s", path, response.StatusCode, body)
				}
				for _, a := range page.Data {
					got = append(got, a.ID)
				}
				if page.ListMetadata.After == nil {
					break
				}
				after = *page.ListMetadata.After
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d: %q, want %q", query, limit, got, want)
			}
		}
	}
	if _, body := send(t, wos, http.MethodGet, "/connect/applications/"+dynamic[0], nil, ""); !strings.HasSuffix(body,
		`"application_type":"oauth","redirect_uris":[],"uses_pkce":false,"is_first_party":false,"was_dynamically_registered":true}`) {
		t.Errorf("a dynamic application: %s", body)
	}
}

// TestIdempotencyTwins sends the same creation many times at once.
func TestIdempotencyTwins(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	path := secretsPath(wos.Credentials()["applicationId"])
	answers := make([]string, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			_, answers[i] = send(t, wos, http.MethodPost, path, http.Header{"Idempotency-Key": {"twin"}}, "{}")
		})
	}
	wg.Wait()
	if all := slices.Compact(answers); len(all) != 1 || !strings.Contains(all[0], `"secret":"`) {
		t.Errorf("the answers are %q", all)
	}
	if _, list := send(t, wos, http.MethodGet, path, nil, ""); strings.Count(list, `"id"`) != 2 { // the world's, and one
		t.Errorf("the secrets are %s", list)
	}
}

// TestIdempotencyScope shows that a key is one API key's own.
func TestIdempotencyScope(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	path := secretsPath(wos.Credentials()["applicationId"])
	key := http.Header{"Idempotency-Key": {"mine"}}
	_, mine := send(t, wos, http.MethodPost, path, key, "{}")
	key.Set("Authorization", "Bearer "+wos.SeedAPIKey(""))
	if _, other := send(t, wos, http.MethodPost, path, key, "{}"); other == mine {
		t.Error("another API key got the same answer")
	}
}

// TestWorldFile shows what a world file can say, and that it is told where it is
// wrong.
func TestWorldFile(t *testing.T) {
	const good = `
workos:
  clientId: client_env
  apiKeys: [sk_one, sk_two]
  organizations:
    - {id: org_a, name: A}
    - {name: B}
  applications:
    - {id: conn_app_m, clientId: client_m, name: m, organizationId: org_a, scopes: [x], clientSecrets: [{secret: one}, {}]}
    - {name: web, type: oauth, firstParty: true, redirectUris: [{uri: "https://a.example"}], usesPkce: true, description: The site}
    - {name: bot, type: oauth, dynamic: true}
`
	wos := workos.New()
	world, err := emulator.New(wos, emulator.WithWorld(strings.NewReader(good)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(wos.Credentials()), "map[apiKey:sk_one applicationClientId:client_m applicationClientSecret:one applicationId:conn_app_m clientId:client_env organizationId:org_a]"; got != want {
		t.Errorf("the credentials are %s, want %s", got, want)
	}
	response, err := world.Client().PostForm("https://x.authkit.app/oauth2/token",
		url.Values{"grant_type": {"client_credentials"}, "client_id": {"client_m"}, "client_secret": {"one"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("the file's secret is refused: %s", response.Header.Get("X-Understudy-Reason"))
	}

	for _, tt := range []struct{ from, to, want string }{
		{"id: org_a, name", "id: a, name", `/workos/organizations/0/id: organization id "a" does not begin with org_`},
		{"{name: B}", "{id: org_a}", "/workos/organizations/1/id: there is an organization org_a already"},
		{"organizationId: org_a", "organizationId: org_x", `/workos/applications/0/organizationId: there is no organization "org_x"`},
		{"id: conn_app_m", "id: m", `/workos/applications/0/id: application id "m" does not begin with conn_app_`},
		{"{name: bot, ", "{name: bot, id: conn_app_m, ", "/workos/applications/2/id: there is an application conn_app_m already"},
		{"{name: bot, ", "{name: bot, clientId: client_m, ", "/workos/applications/2/clientId: client id client_m belongs to application conn_app_m"},
		{"{name: bot, ", "{name: bot, firstParty: true, ", "/workos/applications/2/dynamic: a first-party application does not register itself"},
		{"{name: bot, ", "{name: bot, organizationId: org_a, ", "/workos/applications/2/organizationId: a first-party or dynamic application belongs to no organization"},
		{"type: oauth, dynamic", "dynamic", "/workos/applications/2/type: firstParty, dynamic, usesPkce and redirectUris are for the type oauth"},
		{"{secret: one}, {}", "{secret: one}, {secret: one}", "/workos/applications/0/clientSecrets/1/secret: a client secret is given twice"},
		{"[{secret: one}, {}]", "[{}, {}, {}, {}, {}, {}]", "/workos/applications/0/clientSecrets: breaks maxItems 5"},
	} {
		text := strings.Replace(good, tt.from, tt.to, 1)
		if text == good {
			t.Fatalf("%q is not in the file", tt.from)
		}
		if _, err := emulator.New(workos.New(), emulator.WithWorld(strings.NewReader(text))); err == nil || !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("error %v, want %s", err, tt.want)
		}
	}
}

// TestSettings shows the settings as arguments of New.
func TestSettings(t *testing.T) {
	wos := workos.New(workos.RateLimit(1), workos.TokenLifetime(90e9))
	emulator.NewTest(t, wos)
	app := wos.SeedApplication(workos.Application{})
	_, body := exchange(t, wos, url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ClientID}, "client_secret": {app.ClientSecret}})
	if !strings.Contains(body, `"expires_in":90,`) {
		t.Errorf("the token lives %s", body)
	}
	if response, body := send(t, wos, http.MethodGet, "/organizations", nil, ""); response.StatusCode != 429 || response.Header.Get("Retry-After") == "" {
		t.Errorf("the second call: %d %s", response.StatusCode, body)
	}
	for _, bad := range []workos.Setting{workos.RateLimit(-1), workos.TokenLifetime(1)} {
		if _, err := emulator.New(workos.New(bad)); err == nil {
			t.Error("a setting out of bounds is taken")
		}
	}
}

// BenchmarkPage shows that a page in the middle of a list costs its size,
// whatever the list's.
func BenchmarkPage(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			wos := workos.New()
			srv, err := emulator.New(wos)
			if err != nil {
				b.Fatal(err)
			}
			var middle string
			for i := range size {
				if id := wos.SeedApplication(workos.Application{Name: "x"}).ID; i == size/2 {
					middle = id
				}
			}
			client := srv.Client()
			for b.Loop() {
				r, err := http.NewRequest(http.MethodGet, "https://api.workos.com/connect/applications?after="+middle, nil)
				if err != nil {
					b.Fatal(err)
				}
				r.Header.Set("Authorization", "Bearer "+wos.Credentials()["apiKey"])
				response, err := client.Do(r)
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatalf("%v %v", response, err)
				}
				_ = response.Body.Close()
			}
		})
	}
}

// BenchmarkToken exchanges a secret among few and among many.
func BenchmarkToken(b *testing.B) {
	for _, size := range []int{100, 100_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			wos := workos.New()
			srv, err := emulator.New(wos)
			if err != nil {
				b.Fatal(err)
			}
			var app workos.Application
			for range size {
				app = wos.SeedApplication(workos.Application{Name: "x"})
			}
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ClientID}, "client_secret": {app.ClientSecret}}
			client := srv.Client()
			for b.Loop() {
				response, err := client.PostForm("https://x.authkit.app/oauth2/token", form)
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatalf("%v %v", response, err)
				}
				_ = response.Body.Close()
			}
		})
	}
}
