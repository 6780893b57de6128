package ocs_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/ocs"
)

const (
	realIdentity = "https://uswe.datahub.connect.aveva.com/identity/connect/"
	callback     = "http://localhost:5000/callback"
	verifier     = "a-verifier-that-is-long-enough-to-be-one-of-them"
)

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func askCode(clientID string) url.Values {
	return url.Values{
		"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid ocsapi offline_access"},
		"state": {"s"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
}

// The model of what sign-ins give out: a code is good once, for five minutes, and
// a second use takes back what the first gave; a refresh token is good once, for
// eight hours from the sign-in.
type (
	modelGrant struct {
		client  string
		at      time.Time
		used    bool
		revoked bool
	}
	modelRefresh struct {
		grant *modelGrant
		used  bool
	}
)

// TestSignInModel holds random histories of codes and refresh tokens to a model.
func TestSignInModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := ocs.New()
		srv, err := emulator.New(p)
		if err != nil {
			t.Fatal(err)
		}
		srv.Clock.Freeze()
		var clients []string
		for range 2 {
			cl := p.SeedClient(ocs.Client{Kind: ocs.AuthorizationCode, RedirectURIs: []string{callback}, AllowOfflineAccess: true})
			clients = append(clients, cl.ID)
		}
		grants, refreshes := map[string]*modelGrant{}, map[string]*modelRefresh{}
		var codes, tokens []string
		exchange := func(form url.Values, good bool, g *modelGrant) {
			r, err := srv.Client().PostForm(realIdentity+"token", form)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Body.Close() }()
			var body struct {
				Error        string
				RefreshToken string `json:"refresh_token"`
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Fatal(err)
			}
			if good != (r.StatusCode == http.StatusOK) || !good && body.Error != "invalid_grant" {
				t.Fatalf("%v: %d %s, want good %t", form, r.StatusCode, body.Error, good)
			}
			if good {
				refreshes[body.RefreshToken] = &modelRefresh{grant: g}
				tokens = append(tokens, body.RefreshToken)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"sign in": func(t *rapid.T) {
				client := rapid.SampledFrom(clients).Draw(t, "client")
				back, err := srv.SignIn("ada@example.com", realIdentity+"authorize?"+askCode(client).Encode())
				if err != nil {
					t.Fatal(err)
				}
				u, err := url.Parse(back)
				if err != nil {
					t.Fatal(err)
				}
				code := u.Query().Get("code")
				grants[code], codes = &modelGrant{client: client, at: srv.Clock.Now()}, append(codes, code)
			},
			"code": func(t *rapid.T) {
				if len(codes) == 0 {
					t.Skip("no code")
				}
				code := rapid.SampledFrom(codes).Draw(t, "code")
				client := rapid.SampledFrom(clients).Draw(t, "client")
				proof := rapid.SampledFrom([]string{verifier, verifier, "another-" + verifier, ""}).Draw(t, "verifier")
				to := rapid.SampledFrom([]string{callback, callback, "http://localhost:5000/"}).Draw(t, "redirect")
				form := url.Values{"grant_type": {"authorization_code"}, "client_id": {client}, "code": {code}, "redirect_uri": {to}, "code_verifier": {proof}}
				g := grants[code]
				good := false
				switch {
				case g.client != client:
				case g.used:
					g.revoked = true
				case srv.Clock.Now().Sub(g.at) >= 5*time.Minute, to != callback, proof != verifier:
				default:
					good, g.used = true, true
				}
				exchange(form, good, g)
			},
			"refresh": func(t *rapid.T) {
				if len(tokens) == 0 {
					t.Skip("no refresh token")
				}
				token := rapid.SampledFrom(tokens).Draw(t, "token")
				client := rapid.SampledFrom(clients).Draw(t, "client")
				r := refreshes[token]
				good := r.grant.client == client && !r.used && !r.grant.revoked && srv.Clock.Now().Sub(r.grant.at) < 8*time.Hour
				r.used = r.used || good
				exchange(url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {token}}, good, r.grant)
			},
			"time": func(t *rapid.T) {
				srv.Clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, 4 * time.Minute, 3 * time.Hour}).Draw(t, "by"))
			},
		})
	})
}

// TestSignInWorlds signs two people in to two worlds with the same seed, by one
// browser: neither world sees the other's session or takes its code.
func TestSignInWorlds(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	type world struct {
		*ocs.Provider
		client, code string
	}
	visit := func(w *world, more url.Values) url.Values {
		t.Helper()
		ask := askCode(w.client)
		for name, values := range more {
			ask[name] = values
		}
		r, err := browser.Get(w.URL() + "/identity/connect/authorize?" + ask.Encode())
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		u, err := r.Location()
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()
	}
	exchange := func(w *world, code string) (int, string) {
		t.Helper()
		r, err := browser.PostForm(w.URL()+"/identity/connect/token", url.Values{
			"grant_type": {"authorization_code"}, "client_id": {w.client}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			IDToken string `json:"id_token"`
		}
		var claims struct{ Sub string }
		if err := json.Unmarshal(text, &body); err == nil && body.IDToken != "" {
			payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(body.IDToken, ".")[1])
			if err := json.Unmarshal(payload, &claims); err != nil {
				t.Fatal(err)
			}
		}
		return r.StatusCode, claims.Sub
	}
	var worlds []*world
	for range 2 {
		w := &world{Provider: ocs.New()}
		emulator.NewTest(t, w.Provider)
		w.client = w.SeedClient(ocs.Client{Kind: ocs.AuthorizationCode, RedirectURIs: []string{callback}, AllowOfflineAccess: true}).ID
		worlds = append(worlds, w)
	}
	one, other := worlds[0], worlds[1]
	one.code = visit(one, url.Values{"login_hint": {"ben@example.com"}}).Get("code")
	if got := visit(other, url.Values{"prompt": {"none"}}).Get("error"); got != "login_required" {
		t.Errorf("the other world takes the session: %q", got)
	}
	if status, _ := exchange(other, one.code); status != http.StatusBadRequest {
		t.Errorf("the other world takes the code: %d", status)
	}
	visit(other, url.Values{"login_hint": {"cleo@example.com"}})
	status, ben := exchange(one, visit(one, url.Values{"prompt": {"none"}}).Get("code"))
	if status != http.StatusOK {
		t.Fatalf("the first world's session is gone: %d", status)
	}
	if _, cleo := exchange(other, visit(other, url.Values{"prompt": {"none"}}).Get("code")); ben == cleo {
		t.Error("the worlds' people are the same")
	}
}

// TestSignInDiscovery looks that discovery has what OpenID Connect Discovery 1.0
// section 3 requires, and that whatever it names answers.
func TestSignInDiscovery(t *testing.T) {
	p := ocs.New()
	srv := emulator.NewTest(t, p, emulator.AllowUnknown())
	r, err := http.Get(p.URL() + "/identity/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var document map[string]any
	if err := json.NewDecoder(r.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} {
		if document[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	for name, value := range document {
		at, ok := value.(string)
		if !ok || name == "issuer" {
			continue
		}
		method := http.MethodGet
		if name == "token_endpoint" {
			method = http.MethodPost
		}
		request, err := http.NewRequest(method, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if last := srv.Journal.Last(); last.Operation == "" || answer.StatusCode == http.StatusNotImplemented {
			t.Errorf("%s leads to %s, which nobody serves: %d", name, at, answer.StatusCode)
		}
	}
}

// FuzzAuthorize sends any query to the authorization endpoint: nobody is sent to
// an address that is not the client's, and only a sign-in changes anything.
func FuzzAuthorize(f *testing.F) {
	p := ocs.New()
	srv, err := emulator.New(p, emulator.WithAnswerChecks())
	if err != nil {
		f.Fatal(err)
	}
	cl := p.SeedClient(ocs.Client{ID: "spa", Kind: ocs.AuthorizationCode, RedirectURIs: []string{callback}, AllowOfflineAccess: true})
	clean := srv.Snapshot()
	good := askCode(cl.ID).Encode()
	for _, seed := range []string{
		"", good, good + "&prompt=none", good + "&prompt=login&max_age=0", good + "&login_hint=%00", good + "&response_mode=form_post",
		strings.Replace(good, "localhost", "evil.example", 1), good + "&state=%0d%0aSet-Cookie:x", good + "&acr_values=tenant:x",
		good + "&id_token_hint=a.b.c", strings.Replace(good, "S256", "plain", 1), "client_id=spa&redirect_uri=%zz", good + "&person=x",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, query string, browser bool) {
		srv.Restore(clean)
		r, err := http.NewRequest(http.MethodGet, realIdentity+"authorize", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = query
		if browser {
			r.Header.Set("Accept", "text/html")
		}
		answer, err := srv.Transport().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		to := answer.Header.Get("Location")
		switch {
		case !slices.Contains([]int{http.StatusOK, http.StatusFound, http.StatusBadRequest}, answer.StatusCode):
			t.Errorf("%q is answered %d", query, answer.StatusCode)
		case to != "" && to != callback && !strings.HasPrefix(to, callback+"?") && !strings.HasPrefix(to, callback+"#"):
			t.Errorf("%q leads to %q", query, to)
		case strings.ContainsAny(to, "\r\n"):
			t.Errorf("%q leads to two lines", query)
		}
		signedIn := strings.Contains(to, "code=") || answer.StatusCode == http.StatusOK && !browser
		if !signedIn && !srv.Snapshot().Equal(clean) && answer.StatusCode != http.StatusOK {
			t.Errorf("%q is answered %d and has changed the state", query, answer.StatusCode)
		}
		if last := srv.Journal.Last(); len(last.Breaches) > 0 {
			t.Errorf("%q breaks the document: %v", query, last.Breaches)
		}
	})
}
