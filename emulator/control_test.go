package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/control"
)

// controlOf returns the control API of a listening server.
func controlOf(srv *emulator.Server) api {
	return api{http.DefaultClient, srv.URL() + "/_understudy", ""}
}

// wantProblem holds a refusal to RFC 9457.
func wantProblem(t *testing.T, got answer) {
	t.Helper()
	if mediaType := got.header.Get("Content-Type"); mediaType != "application/problem+json" {
		t.Errorf("content type %q", mediaType)
	}
	p := decode[struct {
		Type, Title, Detail string
		Status              int
	}](t, got.body)
	if p.Type != "about:blank" || p.Status != got.status || p.Title != http.StatusText(got.status) || p.Detail == "" {
		t.Errorf("status %d with %s", got.status, got.body)
	}
}

func TestHealth(t *testing.T) {
	srv, _, _ := newWorld(t)
	got := controlOf(srv).call(t, "GET", "/health", "", http.StatusOK)
	if want := fmt.Sprintf(`{"status":"ok","version":%q}`, control.Version()); got.body != want {
		t.Errorf("%s, want %s", got.body, want)
	}
}

func TestInfo(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithSeed("s"), emulator.WithContract(emulator.Live), emulator.WithClock(start))
	srv.Clock.Freeze()
	srv.Clock.Set(start)
	info := decode[emulator.Info](t, controlOf(srv).call(t, "GET", "/info", "", http.StatusOK).body)
	if info.Gateway != srv.URL() || info.Control != srv.URL()+"/_understudy" || info.Seed != "s" || info.Contract != "live" {
		t.Errorf("info %+v", info)
	}
	if info.Clock == nil || !info.Clock.Frozen || !info.Clock.Now.Equal(start) {
		t.Errorf("clock %+v, want it frozen at %s", info.Clock, start)
	}
	p := info.Providers["infisical"]
	if p.URL != inf.URL() || p.GatewayURL != srv.URL()+"/infisical" {
		t.Errorf("provider %+v", p)
	}
	// What the info says is enough to get in.
	a := api{http.DefaultClient, p.GatewayURL, p.Credentials["accessToken"]}
	a.call(t, "GET", identityPath(p.Credentials["identityId"]), "", http.StatusOK)
	a.call(t, "POST", loginPath, loginBody(p.Credentials["clientId"], p.Credentials["clientSecret"]), http.StatusOK)
}

func TestOperations(t *testing.T) {
	type operation struct {
		Operation, Provider, Reason string
		Served                      bool
		Statuses                    []int
	}
	srv, _, _ := newWorld(t)
	ct := controlOf(srv)
	all := decode[struct{ Operations []operation }](t, ct.call(t, "GET", "/operations", "", http.StatusOK).body).Operations
	find := func(line string) operation {
		i := slices.IndexFunc(all, func(o operation) bool { return o.Operation == line })
		if i < 0 {
			t.Fatalf("%s is not listed", line)
		}
		return all[i]
	}
	login := find("POST " + loginPath)
	if !login.Served || login.Provider != "infisical" || login.Reason != "" || !slices.Equal(login.Statuses, []int{200, 400, 401, 403, 404, 422, 500}) {
		t.Errorf("login is %+v", login)
	}
	for _, o := range all {
		if o.Served == (o.Reason != "") {
			t.Errorf("%s: served is %t, but the reason is %q", o.Operation, o.Served, o.Reason)
		}
	}
	same := ct.call(t, "GET", "/operations?provider=infisical", "", http.StatusOK).body
	if n := len(decode[struct{ Operations []operation }](t, same).Operations); n != len(all) {
		t.Errorf("%d operations of the only provider, want all %d", n, len(all))
	}
	wantProblem(t, ct.call(t, "GET", "/operations?provider=acme", "", http.StatusBadRequest))
}

func TestClockByControl(t *testing.T) {
	srv, _, _ := newWorld(t)
	ct := controlOf(srv)
	steps := []struct {
		path, body string
		want       time.Time
		frozen     bool
	}{
		{"/clock/freeze", "", time.Time{}, true}, // wherever it stood
		{"/clock/set", `{"to":"2030-01-02T03:04:05Z"}`, start, true},
		{"/clock/advance", `{"by":"720h"}`, start.Add(720 * time.Hour), true},
		{"/clock/advance", `{"by":1.5}`, start.Add(720*time.Hour + 1500*time.Millisecond), true},
		{"/clock/advance", `{"by":0}`, start.Add(720*time.Hour + 1500*time.Millisecond), true},
		{"/clock/set", `{"to":"2030-01-02T04:04:05+01:00"}`, start, true},
		{"/clock/set", `{"to":"9999-12-31T23:00:00Z"}`, time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC), true},
		{"/clock/set", `{"to":"1999-01-01T00:00:00Z"}`, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{"/clock/freeze", `{}`, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{"/clock/resume", "", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), false},
		{"/clock/resume", "", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), false},
		{"/clock/set", `{"to":"9000-01-01T00:00:00Z"}`, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC), false},
		{"/clock/advance", `{"by":"2000000h"}`, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC).Add(2000000 * time.Hour), false},
	}
	for _, s := range steps {
		for _, got := range []string{
			ct.call(t, "POST", s.path, s.body, http.StatusOK).body,
			ct.call(t, "GET", "/clock", "", http.StatusOK).body,
		} {
			clock := decode[control.ClockInfo](t, got)
			if clock.Frozen != s.frozen {
				t.Errorf("%s %s: frozen is %t", s.path, s.body, clock.Frozen)
			}
			// A running clock has gone on for as long as a slow machine takes.
			if d := clock.Now.Sub(s.want); !s.want.IsZero() && (d < 0 || d > time.Minute || s.frozen && d != 0) {
				t.Errorf("%s %s: the clock stands at %s, want %s", s.path, s.body, clock.Now, s.want)
			}
			if offset, err := time.ParseDuration(clock.Offset); err != nil {
				t.Errorf("%s: offset %s: %v", s.path, offset, err)
			}
		}
	}
}

func TestJournalByControl(t *testing.T) {
	srv, id, a := newWorld(t)
	ct := controlOf(srv)
	a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)                             // 1
	a.call(t, "POST", loginPath, loginBody(id.ClientID, id.ClientSecret), http.StatusOK) // 2
	a.call(t, "POST", loginPath, loginBody(id.ClientID, "wrong"), http.StatusUnauthorized)
	srv.Faults.Next(infisical.OpGetIdentity, fault.Drop())
	if _, err := a.try(t.Context(), "GET", identityPath(id.ID), ""); err == nil { // 4
		t.Fatal("the call was not dropped")
	}
	a.call(t, "GET", identityPath(id.ID), "", http.StatusOK) // 5

	const login = "POST%20/api/v1/auth/universal-auth/login"
	tests := []struct {
		query string
		want  []uint64
	}{
		{"", []uint64{1, 2, 3, 4, 5}},
		{"?provider=infisical", []uint64{1, 2, 3, 4, 5}},
		{"?operation=" + login, []uint64{2, 3}},
		{"?operation=infisical%20" + login, []uint64{2, 3}},
		{"?status=200", []uint64{1, 2, 5}},
		{"?status=401", []uint64{3}},
		{"?status=0", []uint64{4}},
		{"?since=0", []uint64{1, 2, 3, 4, 5}},
		{"?since=3", []uint64{4, 5}},
		{"?since=5", nil},
		{"?since=99", nil},
		{"?limit=2", []uint64{4, 5}},
		{"?limit=10000", []uint64{1, 2, 3, 4, 5}},
		{"?limit=1&since=1&status=200&provider=infisical&operation=" + login, []uint64{2}},
	}
	for _, tt := range tests {
		var got []uint64
		body := ct.call(t, "GET", "/journal"+tt.query, "", http.StatusOK).body
		for _, e := range decode[struct{ Entries []journal.Entry }](t, body).Entries {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("journal%s: entries %v, want %v", tt.query, got, tt.want)
		}
		if len(tt.want) == 0 && body != `{"entries":[]}` {
			t.Errorf("journal%s: %s", tt.query, body)
		}
	}

	e := decode[journal.Entry](t, ct.call(t, "GET", "/journal/3", "", http.StatusOK).body)
	if e.Operation != infisical.OpLogin || e.Reason != "no such client secret" || e.Response.Status != 401 ||
		e.Request.URL != loginPath || e.Request.Body != loginBody(id.ClientID, "wrong") || !strings.Contains(e.Response.Body, "Invalid credentials") {
		t.Errorf("entry 3 is %+v", e)
	}
	for path, status := range map[string]int{
		"/journal/0": 400, "/journal/6": 404, "/journal/18446744073709551615": 404,
		"/journal/18446744073709551616": 404, "/journal/-1": 400, "/journal/first": 400, "/journal/1.5": 400,
		"/journal?status=ok": 400, "/journal?since=-1": 400, "/journal?since=1.5": 400,
		"/journal?limit=0": 400, "/journal?limit=10001": 400, "/journal?limit=": 400, "/journal?limit=many": 400,
		"/journal?limit=NaN": 400, "/journal?since=Inf": 400,
	} {
		t.Run(path, func(t *testing.T) { wantProblem(t, ct.call(t, "GET", path, "", status)) })
	}

	ct.call(t, "DELETE", "/journal", "", http.StatusNoContent)
	if body := ct.call(t, "GET", "/journal", "", http.StatusOK).body; body != `{"entries":[]}` {
		t.Errorf("after DELETE: %s", body)
	}
	got := a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
	if seq := got.header.Get("X-Understudy-Entry"); seq != "6" {
		t.Errorf("the next entry is %s, want 6: sequence numbers go on", seq)
	}
}

// TestJournalDefaultLimit makes more calls than a journal call answers with.
func TestJournalDefaultLimit(t *testing.T) {
	srv, id, a := newWorld(t)
	for range 103 {
		a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
	}
	body := controlOf(srv).call(t, "GET", "/journal", "", http.StatusOK).body
	entries := decode[struct{ Entries []journal.Entry }](t, body).Entries
	if len(entries) != 100 || entries[0].Seq != 4 || entries[99].Seq != 103 {
		t.Errorf("%d entries, want the newest 100", len(entries))
	}
}

func TestResetByControl(t *testing.T) {
	tests := []struct{ name, body, seed, contract string }{
		{"nothing", "", "first", "documented"},
		{"empty", "{}", "first", "documented"},
		{"seed", `{"seed":"second"}`, "second", "documented"},
		{"contract", `{"contract":"live"}`, "first", "live"},
		{"both", `{"seed":"second","contract":"live"}`, "second", "live"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv, id, a := newWorld(t, emulator.WithSeed("first"))
			before := srv.Info().Providers["infisical"].Credentials
			srv.Faults.Always(infisical.OpLogin, fault.Drop())
			info := decode[emulator.Info](t, controlOf(srv).call(t, "POST", "/reset", tt.body, http.StatusOK).body)
			if info.Seed != tt.seed || info.Contract != tt.contract {
				t.Errorf("seed %q and contract %q, want %q and %q", info.Seed, info.Contract, tt.seed, tt.contract)
			}
			fresh := info.Providers["infisical"].Credentials
			if same := fresh["clientId"] == before["clientId"]; same != (tt.seed == "first") {
				t.Errorf("the same credentials: %t", same)
			}
			if len(srv.Faults.List()) != 0 || len(srv.Journal.All()) != 0 {
				t.Error("faults or entries are left")
			}
			a.token = fresh["accessToken"]
			a.call(t, "GET", identityPath(fresh["identityId"]), "", http.StatusOK)
			a.call(t, "GET", identityPath(id.ID), "", http.StatusNotFound) // seeded before

			// The contract is followed, not only shown: they differ on unknown keys.
			status := map[string]int{"documented": 422, "live": 200}[tt.contract]
			a.call(t, "POST", secretsPath(fresh["identityId"]), `{"unknown":1}`, status)
		})
	}
}

// TestBadControlCalls makes calls that are refused, and shows that they change
// nothing.
func TestBadControlCalls(t *testing.T) {
	tests := []struct {
		name, method, path, contentType, body string
		status                                int
	}{
		{"malformed JSON", "POST", "/clock/advance", "application/json", `{"by":`, 400},
		{"two values", "POST", "/clock/advance", "application/json", `{"by":1}{"by":2}`, 400},
		{"not an object", "POST", "/clock/advance", "application/json", `[1]`, 400},
		{"null", "POST", "/clock/advance", "application/json", `null`, 400},
		{"empty body", "POST", "/clock/advance", "application/json", ``, 400},
		{"no body", "POST", "/clock/advance", "", ``, 400},
		{"no key", "POST", "/clock/advance", "application/json", `{}`, 400},
		{"null key", "POST", "/clock/advance", "application/json", `{"by":null}`, 400},
		{"wrong type", "POST", "/clock/advance", "application/json", `{"by":true}`, 400},
		{"unknown field", "POST", "/clock/advance", "application/json", `{"by":1,"in":"seconds"}`, 400},
		{"negative advance", "POST", "/clock/advance", "application/json", `{"by":"-1h"}`, 400},
		{"negative seconds", "POST", "/clock/advance", "application/json", `{"by":-1}`, 400},
		{"endless advance", "POST", "/clock/advance", "application/json", `{"by":1e300}`, 400},
		{"almost endless advance", "POST", "/clock/advance", "application/json", `{"by":9223372036.854775807}`, 400},
		{"advance past what can be written", "POST", "/clock/advance", "application/json", `{"by":"2500000h"}`, 400},
		{"not a duration", "POST", "/clock/advance", "application/json", `{"by":"31 days"}`, 400},
		{"empty duration", "POST", "/clock/advance", "application/json", `{"by":""}`, 400},
		{"not a date", "POST", "/clock/set", "application/json", `{"to":"tomorrow"}`, 400},
		{"no zone", "POST", "/clock/set", "application/json", `{"to":"2030-01-01T00:00:00"}`, 400},
		{"no such day", "POST", "/clock/set", "application/json", `{"to":"2030-02-30T00:00:00Z"}`, 400},
		{"date as number", "POST", "/clock/set", "application/json", `{"to":0}`, 400},
		{"freeze with a key", "POST", "/clock/freeze", "application/json", `{"at":"now"}`, 400},
		{"seed as number", "POST", "/reset", "application/json", `{"seed":1}`, 400},
		{"unknown contract", "POST", "/reset", "application/json", `{"contract":"both"}`, 400},
		{"oversized", "POST", "/reset", "application/json", `{"seed":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		{"text", "POST", "/clock/advance", "text/plain", `{"by":1}`, 415},
		{"form", "POST", "/clock/advance", "application/x-www-form-urlencoded", `by=1`, 415},
		{"no content type", "POST", "/clock/advance", "", `{"by":1}`, 415},
		{"wrong method", "PUT", "/clock", "application/json", `{"by":1}`, 405},
		{"wrong method for POST", "GET", "/clock/advance", "", ``, 405},
		{"wrong method for DELETE", "POST", "/journal", "", ``, 405},
		{"unknown path", "POST", "/clock/reverse", "application/json", `{}`, 404},
		{"nothing of the path", "POST", "/", "", ``, 404},
		{"unknown query parameter", "GET", "/journal?stauts=200", "", ``, 400},
		{"query parameter of another call", "GET", "/clock?limit=1", "", ``, 400},
		{"unknown provider", "GET", "/journal?provider=acme", "", ``, 400},
		{"unknown operation", "GET", "/journal?operation=nothing", "", ``, 400},
		{"unknown operation of a stream", "GET", "/journal/stream?operation=nothing", "", ``, 400},
		{"days are no fractions", "POST", "/clock/advance", "application/json", `{"by":"1.5d"}`, 400},
		{"too many days", "POST", "/clock/advance", "application/json", `{"by":"999999d"}`, 400},
		{"negative days", "POST", "/clock/advance", "application/json", `{"by":"-1d"}`, 400},
		{"no trailing slashes", "GET", "/clock/", "", ``, 404},
		{"unknown fault", "DELETE", "/faults/fault-99", "", ``, 404},
	}
	srv, _, _ := newWorld(t, emulator.WithClock(time.Date(9990, 1, 1, 0, 0, 0, 0, time.UTC)))
	srv.Clock.Freeze()
	srv.Faults.Always(infisical.OpGetIdentity, fault.Drop())
	before, now := srv.Snapshot(), srv.Clock.Now()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL()+"/_understudy"+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.contentType != "" {
				r.Header.Set("Content-Type", tt.contentType)
			}
			got, err := send(http.DefaultClient, r)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status {
				t.Errorf("status %d, want %d: %s", got.status, tt.status, got.body)
			}
			wantProblem(t, got)
			if !srv.Snapshot().Equal(before) || !srv.Clock.Now().Equal(now) || !srv.Clock.Frozen() || len(srv.Faults.List()) != 1 {
				t.Error("the call changed something")
			}
		})
	}
	if n := len(srv.Journal.All()); n != 0 {
		t.Errorf("%d control calls are in the journal", n)
	}
}

// TestProblemPointers shows that a refusal says where the mistakes are.
func TestProblemPointers(t *testing.T) {
	srv, _, _ := newWorld(t)
	got := controlOf(srv).call(t, "POST", "/faults", `{"status":1,"operation":"","a/b~c":0}`, http.StatusBadRequest)
	errs := decode[struct {
		Errors json.RawMessage
	}](t, got.body).Errors
	const want = `[{"pointer":"/operation","detail":"body/operation: breaks minLength 1"},` +
		`{"pointer":"/status","detail":"body/status: breaks minimum 100"},` +
		`{"pointer":"","detail":"body: unknown a/b~c"}]`
	if string(errs) != want {
		t.Errorf("errors are %s, want %s", errs, want)
	}
}

func TestHostGuard(t *testing.T) {
	srv, _, _ := newWorld(t)
	tests := []struct {
		host   string
		status int
	}{
		{"127.0.0.1", 200}, {"127.0.0.1:8600", 200}, {"10.1.2.3:80", 200}, {"[::1]:8600", 200}, {"[::1]", 200},
		{"localhost", 200}, {"localhost:8600", 200}, {"LOCALHOST", 200},
		{"x.localhost", 200}, {"x.y.localhost:1", 200}, {"X.LocalHost", 200},
		{"understudy", 200}, {"understudy:8600", 200},
		{"evil.example", 403}, {"evil.example:8600", 403}, {"127.0.0.1.evil.example", 403},
		{"localhost.evil.example", 403}, {"xlocalhost.example", 403}, {"infisical.evil.example", 403},
		{".", 403}, {"understudy.", 403},
	}
	for _, tt := range tests {
		r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL()+"/_understudy/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = tt.host
		got, err := send(http.DefaultClient, r)
		if err != nil {
			t.Fatal(err)
		}
		if got.status != tt.status {
			t.Errorf("Host %s: status %d, want %d", tt.host, got.status, tt.status)
		}
		if tt.status != http.StatusOK {
			wantProblem(t, got)
		}
	}
}

func TestOriginGuard(t *testing.T) {
	srv, _, _ := newWorld(t)
	tests := []struct {
		name, method, site, origin string
		refused                    bool
	}{
		{"no browser", "POST", "", "", false},
		{"cross-site", "POST", "cross-site", "https://evil.example", true},
		{"same-site", "POST", "same-site", "", true},
		{"same origin", "POST", "same-origin", "", false},
		{"typed by a person", "POST", "none", "", false},
		{"old browser", "POST", "", "https://evil.example", true},
		{"opaque origin", "POST", "", "null", true},
		{"cross-site DELETE", "DELETE", "cross-site", "", true},
		{"cross-site GET", "GET", "cross-site", "https://evil.example", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv.Clock.Resume()
			path := map[string]string{"POST": "/clock/freeze", "DELETE": "/journal", "GET": "/clock"}[tt.method]
			r, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL()+"/_understudy"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{"Sec-Fetch-Site": tt.site, "Origin": tt.origin} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			got, err := send(http.DefaultClient, r)
			if err != nil {
				t.Fatal(err)
			}
			if refused := got.status == http.StatusForbidden; refused != tt.refused {
				t.Errorf("status %d, want a refusal: %t", got.status, tt.refused)
			}
			if tt.refused {
				wantProblem(t, got)
			}
			if frozen := srv.Clock.Frozen(); frozen != (tt.method == "POST" && !tt.refused) {
				t.Errorf("the clock is frozen: %t", frozen)
			}
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("the control API sends %s", name)
				}
			}
		})
	}
}

// TestGatewayAddresses reaches the provider by every address it has.
func TestGatewayAddresses(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithAllowHost("*.test.example"))
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	host := strings.TrimPrefix(srv.URL(), "http://")
	tests := []struct {
		name, url, host string
		status          int
	}{
		{"its own port", inf.URL(), "", 200},
		{"path", srv.URL() + "/infisical", "", 200},
		{"path and localhost", srv.URL() + "/infisical", "localhost", 200},
		{"host", srv.URL(), "infisical.localhost", 200},
		{"host with port", srv.URL(), "infisical.localhost:8600", 200},
		{"single label", srv.URL(), "infisical", 200},
		{"own domain", srv.URL(), "infisical.test.example", 200},
		{"a domain of nobody", srv.URL(), "infisical.evil.example", 403},
		{"another case", srv.URL(), "Infisical.LocalHost", 200},
		{"no provider", srv.URL(), host, 404},
		{"another provider", srv.URL() + "/acme", "", 404},
		{"another host", srv.URL(), "acme.localhost", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", tt.url+identityPath(id.ID), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+id.AccessToken)
			r.Host = tt.host
			got, err := send(http.DefaultClient, r)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status {
				t.Errorf("status %d, want %d: %s", got.status, tt.status, got.body)
			}
			if tt.status != http.StatusOK {
				wantProblem(t, got)
			} else if e := srv.Journal.Last(); e.Request.URL != identityPath(id.ID) {
				t.Errorf("the journal has the URL %s, want it as the provider sees it", e.Request.URL)
			}
		})
	}
}

func TestWithoutControl(t *testing.T) {
	srv, _, _ := newWorld(t, emulator.WithoutControl())
	controlOf(srv).call(t, "GET", "/health", "", http.StatusOK) // for what waits for a container
	wantProblem(t, controlOf(srv).call(t, "GET", "", "", http.StatusNotFound))
	wantProblem(t, controlOf(srv).call(t, "GET", "/info", "", http.StatusNotFound))
	wantProblem(t, controlOf(srv).call(t, "POST", "/reset", "", http.StatusNotFound))
	if info := srv.Info(); info.Control != "" {
		t.Errorf("the info names a control API at %s", info.Control)
	}
}

func TestGatewayOnly(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithGatewayOnly())
	if want := srv.URL() + "/infisical"; inf.URL() != want {
		t.Errorf("the provider is at %s, want %s", inf.URL(), want)
	}
	id := inf.SeedIdentity(infisical.Identity{})
	api{http.DefaultClient, inf.URL(), id.AccessToken}.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
}

func TestInfoNamesTheHostOfTheCall(t *testing.T) {
	srv, _, _ := newWorld(t)
	own := decode[emulator.Info](t, controlOf(srv).call(t, "GET", "/info", "", http.StatusOK).body).Providers["infisical"].URL
	r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL()+"/_understudy/info", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "understudy:8600"
	got, err := send(http.DefaultClient, r)
	if err != nil {
		t.Fatal(err)
	}
	p := decode[emulator.Info](t, got.body).Providers["infisical"]
	if want := strings.Replace(own, "127.0.0.1", "understudy", 1); p.URL != want || p.GatewayURL != "http://understudy:8600/infisical" {
		t.Errorf("provider %+v, want the URL %s", p, want)
	}
}
