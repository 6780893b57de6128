package compat

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// A relying is an application that people sign in to, as Go programs write one.
type relying struct {
	t        *testing.T
	srv      *emulator.Server
	provider *oidc.Provider
	config   oauth2.Config
	hybrid   bool
}

func newRelying(t *testing.T, srv *emulator.Server, issuer string, config oauth2.Config) *relying {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	config.Endpoint = provider.Endpoint()
	return &relying{t: t, srv: srv, provider: provider, config: config}
}

const nonce = "a nonce"

// signIn signs a person in and returns the code and what proves who asked for it.
func (r *relying) signIn(person string) (string, []oauth2.AuthCodeOption) {
	r.t.Helper()
	verifier := oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)}
	if r.hybrid {
		options = append(options, oauth2.SetAuthURLParam("response_type", "code id_token"))
	}
	back, err := r.srv.SignIn(person, r.config.AuthCodeURL("a state", options...))
	if err != nil {
		r.t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		r.t.Fatal(err)
	}
	got := u.Query()
	if r.hybrid {
		if got, err = url.ParseQuery(u.Fragment); err != nil {
			r.t.Fatal(err)
		}
		r.verify(got.Get("id_token"))
	}
	if got.Get("state") != "a state" || got.Get("code") == "" {
		r.t.Fatalf("back at %s", back)
	}
	return got.Get("code"), []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
}

// verify verifies an ID token by what is published, with the nonce.
func (r *relying) verify(raw string) *oidc.IDToken {
	r.t.Helper()
	token, err := r.provider.Verifier(&oidc.Config{ClientID: r.config.ClientID, Now: r.srv.Clock.Now}).Verify(r.t.Context(), raw)
	if err != nil {
		r.t.Fatal(err)
	}
	if token.Nonce != nonce {
		r.t.Errorf("the nonce is %q", token.Nonce)
	}
	return token
}

// exchange takes a code all the way: ID token, userinfo, refreshing to the end.
func (r *relying) exchange(person, email string) {
	r.t.Helper()
	code, proof := r.signIn(person)
	token, err := r.config.Exchange(r.t.Context(), code, proof...)
	if err != nil {
		r.t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	identity := r.verify(raw)
	if err := identity.VerifyAccessToken(token.AccessToken); err != nil {
		r.t.Error(err)
	}
	info, err := r.provider.UserInfo(r.t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != identity.Subject || info.Email != email {
		r.t.Errorf("userinfo: %+v, %v", info, err)
	}
	for range 3 {
		was := token.RefreshToken
		if token, err = r.refresh(was); err != nil {
			r.t.Fatal(err)
		}
		if token.RefreshToken == was {
			r.t.Error("the refresh token has not changed")
		}
		if _, err := r.refresh(was); !isOAuth(err, "invalid_grant") {
			r.t.Errorf("a used refresh token: %v", err)
		}
	}
	r.srv.Clock.Advance(91 * 24 * time.Hour)
	if _, err := r.refresh(token.RefreshToken); !isOAuth(err, "invalid_grant") {
		r.t.Errorf("after 91 days: %v", err)
	}
}

func (r *relying) refresh(token string) (*oauth2.Token, error) {
	return r.config.TokenSource(r.t.Context(), &oauth2.Token{RefreshToken: token}).Token()
}

func isOAuth(err error, code string) bool {
	e, ok := err.(*oauth2.RetrieveError)
	return ok && e.ErrorCode == code
}

// refused exchanges a code with a secret that is not good, and then with one that
// is: the first has not used it up.
func (r *relying) refused(code string, proof []oauth2.AuthCodeOption, secret, want string) {
	r.t.Helper()
	wrong := r.config
	wrong.ClientSecret = secret
	if _, err := wrong.Exchange(r.t.Context(), code, proof...); !isOAuth(err, want) {
		r.t.Errorf("with another secret: %v, want %s", err, want)
	}
	if _, err := r.config.Exchange(r.t.Context(), code, proof...); err != nil {
		r.t.Errorf("with the right secret after it: %v", err)
	}
}

// TestSignInOCS signs people in to a hybrid client with two live secrets, and to a
// client without one.
func TestSignInOCS(t *testing.T) {
	o := ocs.New()
	srv := emulator.NewTest(t, o)
	scopes := []string{"openid", "email", "ocsapi", "offline_access"}
	cl := o.SeedClient(ocs.Client{Kind: ocs.Hybrid, RedirectURIs: []string{"http://localhost:5000/back"}, AllowOfflineAccess: true})
	second := o.SeedSecret(ocs.Secret{ClientID: cl.ID, Expiration: srv.Clock.Now().Add(time.Hour)})
	r := newRelying(t, srv, o.URL()+"/identity", oauth2.Config{ClientID: cl.ID, ClientSecret: cl.Secret, RedirectURL: cl.RedirectURIs[0], Scopes: scopes})
	r.hybrid = true
	code, proof := r.signIn("ben@example.com")
	r.refused(code, proof, "wrong", "invalid_client")
	r.config.ClientSecret = second.Secret
	code, proof = r.signIn("ben@example.com")
	if _, err := r.config.Exchange(t.Context(), code, proof...); err != nil {
		t.Errorf("with the second secret: %v", err)
	}
	srv.Clock.Advance(time.Hour + time.Second)
	r.config.ClientSecret = cl.Secret
	code, proof = r.signIn("ben@example.com")
	r.refused(code, proof, second.Secret, "invalid_client")
	r.exchange("Cleo Marchetti", "cleo@example.com")

	spa := o.SeedClient(ocs.Client{Kind: ocs.AuthorizationCode, RedirectURIs: []string{"http://localhost:5001/back"}, AllowOfflineAccess: true})
	r = newRelying(t, srv, o.URL()+"/identity", oauth2.Config{ClientID: spa.ID, RedirectURL: spa.RedirectURIs[0], Scopes: scopes})
	r.exchange("ada@example.com", "ada@example.com")
}

// TestSignInWorkOS signs people in to a partner's application whose secret is
// rotated, and to one of the environment's own with PKCE.
func TestSignInWorkOS(t *testing.T) {
	w := workos.New()
	srv := emulator.NewTest(t, w)
	scopes := []string{"openid", "email", "offline_access"}
	a := w.SeedApplication(workos.Application{Type: "oauth", RedirectURIs: []workos.RedirectURI{{URI: "https://app.example/back"}}})
	r := newRelying(t, srv, w.URL(), oauth2.Config{ClientID: a.ClientID, ClientSecret: a.ClientSecret, RedirectURL: a.RedirectURIs[0].URI, Scopes: scopes})
	code, proof := r.signIn("ben@example.com")
	r.config.ClientSecret = w.SeedClientSecret(workos.ClientSecret{ApplicationID: a.ID}).Secret
	r.refused(code, proof, "wrong", "invalid_client")
	r.exchange("cleo@example.com", "cleo@example.com")

	own := w.SeedApplication(workos.Application{Type: "oauth", FirstParty: true, UsesPKCE: true, RedirectURIs: []workos.RedirectURI{{URI: "https://own.example/back"}}})
	r = newRelying(t, srv, w.URL(), oauth2.Config{ClientID: own.ClientID, RedirectURL: own.RedirectURIs[0].URI, Scopes: scopes})
	r.exchange("ada@example.com", "ada@example.com")
}

// oidcApp makes an OIDC application by the Management API.
func oidcApp(t *testing.T, z *zitadel.Provider, config map[string]any) (appID, clientID, secret string) {
	t.Helper()
	var app struct{ AppID, ClientID, ClientSecret string }
	manage(t, z, "/apps/oidc", config, &app)
	return app.AppID, app.ClientID, app.ClientSecret
}

// manage makes a call for the default project and reads its answer.
func manage(t *testing.T, z *zitadel.Provider, path string, body, answer any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, z.URL()+"/management/v1/projects/"+z.Credentials()["projectId"]+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+z.Credentials()["accessToken"])
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	if err := json.NewDecoder(got.Body).Decode(answer); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", path, got.StatusCode, err)
	}
}

// TestSignInZITADEL signs people in to an application whose secret is regenerated,
// by each way of sending it, and to one that has none.
func TestSignInZITADEL(t *testing.T) {
	z := zitadel.New()
	srv := emulator.NewTest(t, z)
	scopes := []string{"openid", "email", "offline_access"}
	grants := []string{"OIDC_GRANT_TYPE_AUTHORIZATION_CODE", "OIDC_GRANT_TYPE_REFRESH_TOKEN"}
	const back = "https://app.example/back"
	for method, style := range map[string]oauth2.AuthStyle{
		"OIDC_AUTH_METHOD_TYPE_BASIC": oauth2.AuthStyleInHeader, "OIDC_AUTH_METHOD_TYPE_POST": oauth2.AuthStyleInParams,
	} {
		id, clientID, secret := oidcApp(t, z, map[string]any{"name": method, "redirectUris": []string{back}, "authMethodType": method, "grantTypes": grants})
		r := newRelying(t, srv, z.URL(), oauth2.Config{ClientID: clientID, ClientSecret: secret, RedirectURL: back, Scopes: scopes})
		r.config.Endpoint.AuthStyle = style
		code, proof := r.signIn("ben@example.com")
		var next struct{ ClientSecret string }
		manage(t, z, "/apps/"+id+"/oidc_config/_generate_client_secret", map[string]any{}, &next)
		r.config.ClientSecret = next.ClientSecret
		r.refused(code, proof, secret, "invalid_client")
		r.exchange("cleo@example.com", "cleo@example.com")
	}
	_, clientID, _ := oidcApp(t, z, map[string]any{"name": "none", "redirectUris": []string{back}, "authMethodType": "OIDC_AUTH_METHOD_TYPE_NONE", "grantTypes": grants})
	r := newRelying(t, srv, z.URL(), oauth2.Config{ClientID: clientID, RedirectURL: back, Scopes: scopes})
	r.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	r.exchange("ada@example.com", "ada@example.com")
}

// TestSignInBrowser signs somebody in through the page, in Chromium, with the
// keyboard alone.
func TestSignInBrowser(t *testing.T) {
	b := startChromium(t)
	back := make(chan string, 10)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			form, _ := io.ReadAll(r.Body)
			back <- r.Method + " " + r.URL.RawQuery + string(form)
		}
		_, _ = io.WriteString(w, "<!doctype html><title>Back</title>")
	}))
	t.Cleanup(app.Close)

	o, w, z := ocs.New(), workos.New(), zitadel.New()
	srv := emulator.NewTest(t, o, w, z)
	hybrid := o.SeedClient(ocs.Client{Name: "Plant <historian>", Kind: ocs.Hybrid, RedirectURIs: []string{app.URL + "/back"}})
	partner := w.SeedApplication(workos.Application{Name: "Partner", Type: "oauth", RedirectURIs: []workos.RedirectURI{{URI: app.URL + "/back"}}})
	_, web, _ := oidcApp(t, z, map[string]any{"name": "Web", "redirectUris": []string{app.URL + "/back"}})
	for _, c := range []struct{ name, url, want string }{
		{"zitadel", z.URL() + "/oauth/v2/authorize?" + url.Values{
			"client_id": {web}, "redirect_uri": {app.URL + "/back"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		}.Encode(), "GET code="},
		{"ocs", o.URL() + "/identity/connect/authorize?" + url.Values{
			"client_id": {hybrid.ID}, "redirect_uri": {app.URL + "/back"}, "response_type": {"code id_token"},
			"response_mode": {"form_post"}, "scope": {"openid ocsapi"}, "nonce": {"n"}, "state": {"s"},
		}.Encode(), "POST code="},
		{"workos", w.URL() + "/oauth2/authorize?" + url.Values{
			"client_id": {partner.ClientID}, "redirect_uri": {app.URL + "/back"}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"s"},
		}.Encode(), "GET code="},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.open(t, c.url)
			b.screenshot(t, c.name)
			b.press(t, "Tab", 9) // from the first person, who has the focus, to the second
			b.press(t, "Enter", 13)
			select {
			case got := <-back:
				if !strings.HasPrefix(got, c.want) || !strings.Contains(got, "state=s") {
					t.Errorf("back with %s", got)
				}
			case <-time.After(60 * time.Second):
				t.Fatal("the browser did not come back")
			}
			entries := srv.Journal.All()
			i := slices.IndexFunc(entries, func(e journal.Entry) bool {
				return e.Request.Method == http.MethodPost && strings.HasPrefix(e.Request.Body, "person=")
			})
			if i < 0 {
				t.Error("no page was answered")
			}
			srv.Journal.Clear()

			// The session is kept: nobody is asked again, unless that is wanted.
			b.open(t, c.url)
			select {
			case <-back:
			case <-time.After(60 * time.Second):
				t.Fatal("the browser did not come back by its session")
			}
		})
	}
}
