package signin_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator"
)

// The model of what sign-ins give out: a code is good once, for a while, and a
// second use takes back what the first gave; a refresh token is good once, for a
// while from the sign-in and from its own making.
type (
	modelGrant struct {
		client  string
		at      time.Time
		used    bool
		revoked bool
	}
	modelRefresh struct {
		grant *modelGrant
		at    time.Time
		used  bool
	}
)

// TestModel holds random histories of codes and refresh tokens to the model.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, srv, clients := drawService(t)
		grants, refreshes := map[string]*modelGrant{}, map[string]*modelRefresh{}
		var codes, renewable []string
		exchange := func(form url.Values, want string, g *modelGrant) {
			got, given := s.swap(t, srv, form)
			if given.Error != want || (want == "") != (got.status == http.StatusOK) {
				t.Fatalf("%s: %v: %d %s, want %q", s.name, form, got.status, got.body, want)
			}
			if want == "" {
				refreshes[given.Refresh] = &modelRefresh{grant: g, at: srv.Clock.Now()}
				renewable = append(renewable, given.Refresh)
			}
		}
		some := func(t *rapid.T, label string, from []string) string {
			if len(from) == 0 {
				t.Skip("none")
			}
			return rapid.SampledFrom(from).Draw(t, label)
		}
		t.Repeat(map[string]func(*rapid.T){
			"sign in": func(t *rapid.T) {
				client := some(t, "client", clients)
				code := s.code(t, srv, s.asks(client))
				grants[code], codes = &modelGrant{client: client, at: srv.Clock.Now()}, append(codes, code)
			},
			"code": func(t *rapid.T) {
				code, client := some(t, "code", codes), some(t, "client", clients)
				proof := some(t, "verifier", []string{verifier, verifier, "another-" + verifier, ""})
				to := some(t, "redirect", []string{callback, callback, "https://app.example/"})
				g, want := grants[code], "invalid_grant"
				switch {
				case g.client != client:
				case g.used:
					g.revoked = true
				case srv.Clock.Now().Sub(g.at) >= s.codes, to != callback:
				case proof == "":
					want = s.missingVerifier
				case proof == verifier:
					want, g.used = "", true
				}
				exchange(s.swaps(client, code, "code_verifier", proof, "redirect_uri", to), want, g)
			},
			"refresh": func(t *rapid.T) {
				token, client := some(t, "token", renewable), some(t, "client", clients)
				r, now, want := refreshes[token], srv.Clock.Now(), "invalid_grant"
				if r.grant.client == client && !r.used && !r.grant.revoked && now.Sub(r.grant.at) < s.refreshes && now.Sub(r.at) < s.idle {
					r.used, want = true, ""
				}
				exchange(s.renews(client, token), want, r.grant)
			},
			"time": func(t *rapid.T) {
				srv.Clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, s.codes - time.Second, s.refreshes / 3}).Draw(t, "by"))
			},
		})
	})
}

// TestWorlds signs two people in to two worlds with the same seed, by one browser:
// neither world sees the other's session or takes its code.
func TestWorlds(t *testing.T) {
	type world struct {
		service
		client string
	}
	for i, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			visit := func(w world, more ...string) url.Values {
				t.Helper()
				r, err := browser.Get(w.url() + w.authorize + "?" + w.asks(w.client, more...).Encode())
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
			exchange := func(w world, code string) (int, string) {
				t.Helper()
				r, err := browser.PostForm(w.url()+w.token, w.swaps(w.client, code))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = r.Body.Close() }()
				var given tokens
				if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
					t.Fatal(err)
				}
				return r.StatusCode, subject(t, given.ID)
			}
			var worlds []world
			for range 2 {
				w := world{service: services()[i]}
				w.client = w.public(t, emulator.NewTest(t, w))
				worlds = append(worlds, w)
			}
			one, other := worlds[0], worlds[1]
			code := visit(one, "login_hint", "ben@example.com").Get("code")
			if got := visit(other, "prompt", "none").Get("error"); got != "login_required" {
				t.Errorf("the other world takes the session: %q", got)
			}
			if status, _ := exchange(other, code); status != http.StatusBadRequest {
				t.Errorf("the other world takes the code: %d", status)
			}
			visit(other, "login_hint", "cleo@example.com")
			status, ben := exchange(one, visit(one, "prompt", "none").Get("code"))
			if status != http.StatusOK {
				t.Fatalf("the first world's session is gone: %d", status)
			}
			if _, cleo := exchange(other, visit(other, "prompt", "none").Get("code")); ben == cleo || cleo == "" {
				t.Error("the worlds' people are the same")
			}
		})
	}
}

// subject is whom an ID token is about, "" without one.
func subject(t *testing.T, token string) string {
	t.Helper()
	if token == "" {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Sub string }
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Sub
}

// TestDiscovery looks that discovery has what is required, and that whatever it
// names answers.
func TestDiscovery(t *testing.T) {
	// By OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2.
	required := map[string][]string{
		"openid-configuration": {
			"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
		},
		"oauth-authorization-server": {"issuer", "authorization_endpoint", "token_endpoint", "response_types_supported"},
	}
	posted := []string{"token_endpoint", "introspection_endpoint", "revocation_endpoint", "device_authorization_endpoint", "registration_endpoint"}
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			srv := emulator.NewTest(t, s, emulator.AllowUnknown())
			for _, path := range s.discovery {
				r, err := http.NewRequest(http.MethodGet, s.url()+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				var document map[string]any
				if got := send(t, srv, r); json.Unmarshal([]byte(got.body), &document) != nil || got.status != http.StatusOK {
					t.Fatalf("%s: %d %s", path, got.status, got.body)
				}
				for _, name := range required[path[strings.LastIndex(path, "/")+1:]] {
					if document[name] == nil {
						t.Errorf("%s: %s is missing", path, name)
					}
				}
				if document["issuer"] != s.url()+s.issuer {
					t.Errorf("%s: the issuer is %v", path, document["issuer"])
				}
				for name, value := range document {
					at, ok := value.(string)
					if !ok || name == "issuer" {
						continue
					}
					method := http.MethodGet
					if slices.Contains(posted, name) {
						method = http.MethodPost
					}
					r, err := http.NewRequest(method, at, nil)
					if err != nil {
						t.Fatal(err)
					}
					got := send(t, srv, r)
					if last := srv.Journal.Last(); last.Operation == "" || slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, got.status) {
						t.Errorf("%s: %s leads to %s, which nobody serves: %d", path, name, at, got.status)
					}
				}
			}
		})
	}
}

// FuzzAuthorize sends any query to the authorization endpoints: nobody is sent to
// an address that is not the client's, and only a sign-in changes anything.
func FuzzAuthorize(f *testing.F) {
	type world struct {
		service
		*emulator.Server
		clean emulator.Snapshot
	}
	var worlds []world
	for i, s := range services() {
		srv, err := emulator.New(s, emulator.WithAnswerChecks())
		if err != nil {
			f.Fatal(err)
		}
		good := s.asks(s.public(f, srv)).Encode()
		w := world{service: s, Server: srv}
		w.clean = srv.Snapshot()
		worlds = append(worlds, w)
		for _, seed := range []string{
			"", good, good + "&prompt=none", good + "&prompt=login&max_age=0", good + "&login_hint=%00", good + "&response_mode=form_post",
			strings.Replace(good, "app.example", "evil.example", 1), good + "&state=%0d%0aSet-Cookie:x", good + "&acr_values=tenant:x", good + "&organization_id=org_x",
			good + "&id_token_hint=a.b.c", strings.Replace(good, "S256", "plain", 1), good + "&redirect_uri=%zz", good + "&person=x", good + "&deny=1",
		} {
			f.Add(uint8(i), seed, true)
			f.Add(uint8(i), seed, false)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, query string, browser bool) {
		w := worlds[int(which)%len(worlds)]
		w.Restore(w.clean)
		r, err := http.NewRequest(http.MethodGet, w.url()+w.authorize, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = query
		if browser {
			r.Header.Set("Accept", "text/html")
		}
		got := send(t, w.Server, r)
		to, own := got.location, w.url()+"/oauth2/error?error="
		switch {
		case !slices.Contains([]int{http.StatusOK, http.StatusFound, http.StatusBadRequest}, got.status):
			t.Errorf("%s: %q is answered %d", w.name, query, got.status)
		case to != "" && to != callback && !strings.HasPrefix(to, callback+"?") && !strings.HasPrefix(to, callback+"#") && !strings.HasPrefix(to, own):
			t.Errorf("%s: %q leads to %q", w.name, query, to)
		case strings.ContainsAny(to, "\r\n"):
			t.Errorf("%s: %q leads to two lines", w.name, query)
		}
		// Who is no member of an organization has signed in all the same.
		signedIn := strings.Contains(to, "code=") || strings.Contains(to, "error=access_denied") || got.status == http.StatusOK
		if !signedIn && !w.Snapshot().Equal(w.clean) {
			t.Errorf("%s: %q is answered %d and has changed the state", w.name, query, got.status)
		}
		if last := w.Journal.Last(); len(last.Breaches) > 0 {
			t.Errorf("%s: %q breaks the document: %v", w.name, query, last.Breaches)
		}
	})
}
