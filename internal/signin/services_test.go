package signin_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// What the clients of these tests have in common.
const (
	callback = "https://app.example/callback"
	verifier = "a-verifier-that-is-long-enough-to-be-one-of-them"
)

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// tb is what tests, fuzz targets and random histories can do.
type tb interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// A service is a provider as people sign in to it: three configurations of the same
// tests.
type service struct {
	name string
	emulator.Option
	url              func() string
	issuer           string   // these are paths
	discovery        []string // its documents
	authorize, token string
	userinfo         string
	scope            string
	// public adds a client that proves itself by PKCE alone, confidential one that
	// has a secret.
	public       func(t tb, srv *emulator.Server) (id string)
	confidential func(t tb, srv *emulator.Server) (id, secret string)
	responseType string // of the confidential one
	// How long codes and refresh tokens can be used, from the sign-in, and a refresh
	// token from its own making.
	codes, refreshes, idle time.Duration
	// ends are the ways in which a token, or more, can come to an end before its time.
	ends map[string]func(t tb, srv *emulator.Server, k held)
	// missingVerifier is the error of a code without one.
	missingVerifier string
}

// drawService begins a history: one of the services, in a server whose clock stands
// still, with two public clients.
func drawService(t *rapid.T) (service, *emulator.Server, []string) {
	s := rapid.SampledFrom(services()).Draw(t, "service")
	srv, err := emulator.New(s)
	if err != nil {
		t.Fatal(err)
	}
	srv.Clock.Freeze()
	return s, srv, []string{s.public(t, srv), s.public(t, srv)}
}

func services() []service { return []service{ocsService(), workosService(), zitadelService()} }

func ocsService() service {
	p := ocs.New()
	tenant := func() string { return p.URL() + "/api/v1/Tenants/" + p.Credentials()["tenantId"] }
	client := func(kind ocs.Kind) ocs.Client {
		return p.SeedClient(ocs.Client{Kind: kind, RedirectURIs: []string{callback}, AllowOfflineAccess: true})
	}
	return service{
		name: ocs.Name, Option: p, url: p.URL, issuer: "/identity", discovery: []string{"/identity/.well-known/openid-configuration"},
		authorize: "/identity/connect/authorize", token: "/identity/connect/token", scope: "openid ocsapi offline_access",
		public: func(tb, *emulator.Server) string { return client(ocs.AuthorizationCode).ID },
		confidential: func(tb, *emulator.Server) (string, string) {
			cl := client(ocs.Hybrid)
			return cl.ID, cl.Secret
		},
		responseType: "code id_token",
		userinfo:     "/identity/connect/userinfo",
		ends: map[string]func(tb, *emulator.Server, held){
			"delete the client": func(t tb, srv *emulator.Server, k held) {
				done(t, call(t, srv, http.MethodDelete, tenant()+"/AuthorizationCodeClients/"+k.client, p.Credentials()["accessToken"], ""))
			},
			"delete the person": func(t tb, srv *emulator.Server, k held) {
				for _, who := range srv.Inventory() {
					if who.Kind == k.kind && who.ID == k.id {
						done(t, call(t, srv, http.MethodDelete, tenant()+"/Users/"+who.Owner.ID, p.Credentials()["accessToken"], ""))
					}
				}
			},
		},
		codes: 5 * time.Minute, refreshes: 8 * time.Hour, idle: 8 * time.Hour, missingVerifier: "invalid_grant",
	}
}

func workosService() service {
	p := workos.New()
	client := func(own bool) workos.Application {
		return p.SeedApplication(workos.Application{Type: "oauth", FirstParty: own, UsesPKCE: own, RedirectURIs: []workos.RedirectURI{{URI: callback}}})
	}
	return service{
		name: workos.Name, Option: p, url: p.URL,
		discovery: []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"},
		authorize: "/oauth2/authorize", token: "/oauth2/token", scope: "openid offline_access",
		public: func(tb, *emulator.Server) string { return client(true).ClientID },
		confidential: func(tb, *emulator.Server) (string, string) {
			a := client(false)
			return a.ClientID, a.ClientSecret
		},
		responseType: "code",
		userinfo:     "/oauth2/userinfo",
		ends: map[string]func(tb, *emulator.Server, held){
			"delete the application": func(t tb, srv *emulator.Server, k held) {
				done(t, call(t, srv, http.MethodDelete, p.URL()+"/connect/applications/"+k.client, p.Credentials()["apiKey"], ""))
			},
		},
		codes: 10 * time.Minute, refreshes: 30 * 24 * time.Hour, idle: 30 * 24 * time.Hour, missingVerifier: "invalid_grant",
	}
}

func zitadelService() service {
	p := zitadel.New()
	made, apps := 0, map[string]string{} // their ids by client
	person := func(t tb, srv *emulator.Server, k held, verb string) {
		for _, who := range srv.Inventory() {
			if who.Kind == k.kind && who.ID == k.id {
				done(t, call(t, srv, http.MethodPost, p.URL()+"/management/v1/users/"+who.Owner.ID+"/"+verb, p.Credentials()["accessToken"], "{}"))
			}
		}
	}
	client := func(t tb, srv *emulator.Server, method string) (string, string) {
		t.Helper()
		made++
		body, err := json.Marshal(map[string]any{
			"name": strings.Repeat("a", made), "redirectUris": []string{callback}, "authMethodType": method,
			"grantTypes": []string{"OIDC_GRANT_TYPE_AUTHORIZATION_CODE", "OIDC_GRANT_TYPE_REFRESH_TOKEN"},
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodPost, p.URL()+"/management/v1/projects/"+p.Credentials()["projectId"]+"/apps/oidc", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+p.Credentials()["accessToken"])
		r.Header.Set("Content-Type", "application/json")
		var app struct{ AppID, ClientID, ClientSecret string }
		answer := send(t, srv, r)
		if err := json.Unmarshal([]byte(answer.body), &app); err != nil || answer.status != http.StatusOK {
			t.Fatalf("making an application: %d %s", answer.status, answer.body)
		}
		apps[app.ClientID] = app.AppID
		return app.ClientID, app.ClientSecret
	}
	return service{
		name: zitadel.Name, Option: p, url: p.URL, discovery: []string{"/.well-known/openid-configuration"},
		authorize: "/oauth/v2/authorize", token: "/oauth/v2/token", scope: "openid offline_access",
		public: func(t tb, srv *emulator.Server) string {
			id, _ := client(t, srv, "OIDC_AUTH_METHOD_TYPE_NONE")
			return id
		},
		confidential: func(t tb, srv *emulator.Server) (string, string) {
			return client(t, srv, "OIDC_AUTH_METHOD_TYPE_POST")
		},
		responseType: "code",
		userinfo:     "/oidc/v1/userinfo",
		ends: map[string]func(tb, *emulator.Server, held){
			"revoke": func(t tb, srv *emulator.Server, k held) {
				done(t, call(t, srv, http.MethodPost, p.URL()+"/oauth/v2/revoke", "", url.Values{"client_id": {k.client}, "token": {k.value}}.Encode()))
			},
			"deactivate the person": func(t tb, srv *emulator.Server, k held) { person(t, srv, k, "_deactivate") },
			"reactivate the person": func(t tb, srv *emulator.Server, k held) { person(t, srv, k, "_reactivate") },
			"delete the application": func(t tb, srv *emulator.Server, k held) {
				path := p.URL() + "/management/v1/projects/" + p.Credentials()["projectId"] + "/apps/" + apps[k.client]
				done(t, call(t, srv, http.MethodDelete, path, p.Credentials()["accessToken"], ""))
			},
		},
		codes: 5 * time.Minute, refreshes: 90 * 24 * time.Hour, idle: 30 * 24 * time.Hour, missingVerifier: "invalid_request",
	}
}

// answer is one to a call.
type answer struct {
	status         int
	body, location string
}

// said is the answer as the tables have it.
func (a answer) said() string {
	if a.location != "" {
		return a.location
	}
	return a.body
}

// send makes a call in memory and does not follow where it leads.
func send(t tb, srv *emulator.Server, r *http.Request) answer {
	t.Helper()
	got, err := srv.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, strings.TrimSpace(string(body)), got.Header.Get("Location")}
}

// asks is an authorization request of a client without a secret.
func (s service) asks(client string, more ...string) url.Values {
	ask := url.Values{
		"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {s.scope},
		"state": {"s"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	return with(ask, more)
}

// swaps is a token request for a code.
func (s service) swaps(client, code string, more ...string) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {client}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	return with(form, more)
}

// renews is a token request for a refresh token.
func (s service) renews(client, token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {token}}
}

// with sets further parameters, by name and value in turn; an empty value takes one
// away.
func with(values url.Values, more []string) url.Values {
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
		if more[i+1] == "" {
			values.Del(more[i])
		}
	}
	return values
}

// ask makes an authorization request, as a client that is no browser.
func (s service) ask(t tb, srv *emulator.Server, query url.Values) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.url()+s.authorize+"?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, srv, r)
}

// code signs the default person in and returns the code.
func (s service) code(t tb, srv *emulator.Server, query url.Values) string {
	t.Helper()
	got := s.ask(t, srv, query)
	_, text, _ := strings.Cut(strings.Replace(got.location, "#", "?", 1), "?")
	values, err := url.ParseQuery(text)
	if err != nil || values.Get("code") == "" {
		t.Fatalf("no code: %d %s", got.status, got.said())
	}
	return values.Get("code")
}

// tokens are what a token request gives.
type tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

// swap makes a token request.
func (s service) swap(t tb, srv *emulator.Server, form url.Values) (answer, tokens) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url()+s.token, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := send(t, srv, r)
	var given tokens
	if err := json.Unmarshal([]byte(got.body), &given); err != nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	return got, given
}
