package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// A recorder is a TB that notes what a test would have shown.
type recorder struct {
	mu       sync.Mutex
	errors   []string
	logs     []string
	cleanups []func()
	fatal    bool
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(fn func()) { r.cleanups = append(r.cleanups, fn) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.fatal = true
}

func (r *recorder) Logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.errors) > 0
}

// end does what the testing package does when a test ends.
func (r *recorder) end() {
	for _, fn := range slices.Backward(r.cleanups) {
		fn()
	}
}

// recorded returns a server whose test is r.
func recorded(t *testing.T, r *recorder, opts ...emulator.Option) (*emulator.Server, *infisical.Provider, api) {
	t.Helper()
	inf := infisical.New()
	srv := emulator.NewTest(r, append([]emulator.Option{inf}, opts...)...)
	if srv == nil || r.Failed() {
		t.Fatalf("no server: %v", r.errors)
	}
	t.Cleanup(func() { _ = srv.Close() })
	return srv, inf, api{srv.Client(), inf.URL(), inf.Credentials()["accessToken"]}
}

// TestWhatFailsATest makes calls that a client under test should not make.
func TestWhatFailsATest(t *testing.T) {
	tests := []struct {
		name, method, path string
		status             int
		want               string // in the error; none when it is empty
		allowed            bool   // whether AllowUnknown makes it pass
	}{
		{"known", "GET", "/api/v1/auth/universal-auth/identities/{id}", 200, "", true},
		{"refused", "GET", "/api/v1/identities/nobody", 404, "", true},
		{"preflight", "OPTIONS", "/nowhere", 404, "", true},
		{"unknown path", "GET", "/nowhere", 404, "GET /nowhere is not an operation of infisical", true},
		{"wrong method", "PUT", "/api/v1/auth/universal-auth/login", 404, "PUT /api/v1/auth/universal-auth/login is not an operation of infisical", true},
	}
	for _, tt := range tests {
		for _, allow := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, allowed %t", tt.name, allow), func(t *testing.T) {
				r := &recorder{}
				var opts []emulator.Option
				if allow {
					opts = append(opts, emulator.AllowUnknown())
				}
				srv, inf, a := recorded(t, r, opts...)
				path := strings.ReplaceAll(tt.path, "{id}", inf.Credentials()["identityId"])
				for _, client := range []*http.Client{srv.Client(), http.DefaultClient} {
					a.client = client
					a.call(t, tt.method, path, "", tt.status)
				}
				want := 0
				if tt.want != "" && !allow {
					want = 2
				}
				if len(r.errors) != want {
					t.Fatalf("%d failures, want %d: %q", len(r.errors), want, r.errors)
				}
				for _, e := range r.errors {
					if !strings.Contains(e, tt.want) {
						t.Errorf("the failure %q does not say %q", e, tt.want)
					}
				}
			})
		}
	}
}

// TestForeignHosts makes calls that must not leave the test.
func TestForeignHosts(t *testing.T) {
	tests := []struct {
		url string
		ok  bool
	}{
		{"https://app.infisical.com", true},
		{"https://us.infisical.com", true},
		{"https://eu.infisical.com:443", true},
		{"http://app.infisical.com", true},
		{"{url}", true},
		{"https://infisical.com", false},
		{"https://app.infisical.com.evil.example", false},
		{"https://xapp.infisical.com", false},
		{"http://127.0.0.1:1", false},
		{"http://localhost", false},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			r := &recorder{}
			// A host is no path: AllowUnknown does not open the way out.
			srv, inf, a := recorded(t, r, emulator.AllowUnknown())
			a.url = strings.ReplaceAll(tt.url, "{url}", inf.URL())
			got, err := a.try(t.Context(), "GET", identityPath(inf.Credentials()["identityId"]), "")
			if tt.ok {
				if err != nil || got.status != http.StatusOK || r.Failed() {
					t.Errorf("status %d, error %v, failures %q", got.status, err, r.errors)
				}
				return
			}
			if err == nil || len(r.errors) != 1 || !strings.Contains(r.errors[0], "is no host of this server's providers") {
				t.Errorf("error %v and failures %q, want one of each", err, r.errors)
			}
			if n := len(srv.Journal.All()); n != 0 {
				t.Errorf("%d calls reached a provider", n)
			}
		})
	}
}

// TestUnusedFaults asks for faults that do not come.
func TestUnusedFaults(t *testing.T) {
	const login = "infisical POST /api/v1/auth/universal-auth/login"
	next := func(op infisical.Op, faults ...fault.Fault) func(*testing.T, *emulator.Server) {
		return func(_ *testing.T, srv *emulator.Server) { srv.Faults.Next(op, faults...) }
	}
	tests := []struct {
		name string
		arm  func(*testing.T, *emulator.Server)
		want []string // in the errors
		opts []emulator.Option
	}{
		{"none", next(infisical.OpLogin), nil, nil},
		{"met", next(infisical.OpLogin, fault.Status(500)), nil, nil},
		{"met once of twice", next(infisical.OpLogin, fault.Status(500).Times(2)), nil, nil},
		{"unused", next(infisical.OpLogin, fault.Status(500), fault.Drop().After(), fault.Status(502).Skip(3)), []string{
			`no call met the fault "drop, after the call" of ` + login + `, which was to skip 0 and has skipped 0`,
			`no call met the fault "status 502" of ` + login + `, which was to skip 3 and has skipped 0`,
		}, nil},
		{"skipped", next(infisical.OpLogin, fault.Die().Skip(2)), []string{
			`no call met the fault "die" of ` + login + `, which was to skip 2 and has skipped 1`,
		}, nil},
		{"allowed", next(infisical.OpLogin, fault.Drop().Skip(2)), nil, []emulator.Option{emulator.AllowUnused()}},
		{"always", func(_ *testing.T, srv *emulator.Server) {
			srv.Faults.Always(infisical.OpGetIdentity, fault.Drop())
		}, nil, nil},
		{"cleared", func(_ *testing.T, srv *emulator.Server) {
			srv.Faults.Next(infisical.OpGetIdentity, fault.Drop())
			srv.Faults.Clear()
		}, nil, nil},
		{"by control", func(t *testing.T, srv *emulator.Server) {
			controlOf(srv).call(t, "POST", "/faults", `{"operation":"`+login+`","drop":true,"skip":2}`, http.StatusCreated)
		}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			srv, _, a := recorded(t, r, tt.opts...)
			tt.arm(t, srv)
			_, _ = a.try(t.Context(), "POST", loginPath, loginBody("x", "y"))
			r.end()
			if len(r.errors) != len(tt.want) {
				t.Fatalf("failures %q, want %q", r.errors, tt.want)
			}
			for i, want := range tt.want {
				if !strings.Contains(r.errors[i], want) {
					t.Errorf("failure %q does not say %q", r.errors[i], want)
				}
			}
		})
	}
}

// TestDoneContext makes calls that over a socket would not be sent.
func TestDoneContext(t *testing.T) {
	for _, memory := range []bool{false, true} {
		t.Run(fmt.Sprintf("in memory: %t", memory), func(t *testing.T) {
			srv, id, a := newWorld(t)
			if !memory {
				a.client = socketClient(t, false)
			}
			why := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(why)
			if _, err := a.try(ctx, "POST", secretsPath(id.ID), `{}`); !errors.Is(err, why) {
				t.Errorf("error %v, want %v", err, why)
			}
			if n := len(srv.Journal.All()); n != 0 {
				t.Errorf("%d calls were made, want none", n)
			}
		})
	}
}

func TestNothingIsReportedAfterTheEnd(t *testing.T) {
	r := &recorder{}
	srv, _, a := recorded(t, r)
	r.end()
	if len(r.errors) != 0 || len(r.logs) != 0 {
		t.Fatalf("a test that passes shows %q and %q", r.errors, r.logs)
	}
	a.call(t, "GET", "/nowhere", "", http.StatusNotFound) // the world stays usable in memory
	if _, err := srv.Client().Get("https://evil.example"); err == nil {
		t.Error("another host was reached")
	}
	if _, err := (api{http.DefaultClient, srv.URL(), ""}).try(t.Context(), "GET", "/", ""); err == nil {
		t.Error("the server still listens")
	}
	if len(r.errors) != 0 || len(r.logs) != 0 {
		t.Errorf("after the end of the test it shows %q and %q", r.errors, r.logs)
	}
}

// TestFailureLogsJournal looks at what somebody gets to see whose test fails.
func TestFailureLogsJournal(t *testing.T) {
	r := &recorder{}
	srv, inf, a := recorded(t, r)
	for range 20 {
		a.call(t, "GET", identityPath(inf.Credentials()["identityId"]), "", http.StatusOK)
	}
	srv.Faults.Next(infisical.OpLogin, fault.Status(500))
	a.call(t, "POST", loginPath, loginBody("x", "secret-of-the-test"), http.StatusInternalServerError)
	a.call(t, "GET", "/nowhere", "", http.StatusNotFound)
	a.call(t, "POST", loginPath, loginBody("x", "secret-of-the-test"), http.StatusUnauthorized)
	r.end()
	if len(r.logs) != 20 {
		t.Fatalf("%d lines, want the last 20 of 23: %q", len(r.logs), r.logs)
	}
	for i, want := range map[int]string{
		0:  "understudy: #4 infisical GET /api/v1/identities/{identityId}: 200",
		17: "understudy: #21 infisical POST /api/v1/auth/universal-auth/login: 500; reason: injected fault: status 500; fault: status 500",
		18: "understudy: #22 infisical GET /nowhere: 404; reason: infisical has no operation GET /nowhere",
		19: `understudy: #23 infisical POST /api/v1/auth/universal-auth/login: 401; reason: no universal auth has this client id`,
	} {
		if r.logs[i] != want {
			t.Errorf("line %d is %q, want %q", i, r.logs[i], want)
		}
	}
	if text := strings.Join(r.logs, "\n"); strings.Contains(text, "secret-of-the-test") {
		t.Errorf("the log shows a secret:\n%s", text)
	}
}

func TestNewTestWithBadOptions(t *testing.T) {
	r := &recorder{}
	if srv := emulator.NewTest(r, infisical.New(), infisical.New()); srv != nil || !r.fatal {
		t.Errorf("server %v with two providers of one kind, want a fatal failure", srv)
	}
	if !strings.Contains(strings.Join(r.errors, "\n"), "two infisical providers") {
		t.Errorf("the failure is %q", r.errors)
	}
}

func TestNewWithTwoOfOneKind(t *testing.T) {
	_, err := emulator.New(infisical.New(), infisical.New())
	if err == nil || !strings.Contains(err.Error(), "two infisical providers in one server") {
		t.Errorf("error %v", err)
	}
}

// TestBinding uses providers in ways that cannot work.
func TestBinding(t *testing.T) {
	bound := infisical.New()
	srv, err := emulator.New(bound)
	if err != nil {
		t.Fatal(err)
	}
	other := infisical.New()
	if _, err := emulator.New(other); err != nil {
		t.Fatal(err)
	}
	const unbound = "before it was handed to emulator.New"
	tests := []struct {
		name string
		do   func()
		want string
	}{
		{"URL", func() { infisical.New().URL() }, unbound},
		{"Credentials", func() { infisical.New().Credentials() }, unbound},
		{"SeedIdentity", func() { infisical.New().SeedIdentity(infisical.Identity{}) }, unbound},
		{"SeedClientSecret", func() { infisical.New().SeedClientSecret(infisical.ClientSecret{}) }, unbound},
		{"two servers", func() { _, _ = emulator.New(bound) }, "belongs to another server already"},
		{"handler of another server", func() { srv.HandlerFor(other) }, "belongs to another server"},
		{"handler of none", func() { srv.HandlerFor(infisical.New()) }, "belongs to another server"},
		{"clashing identity", func() { bound.SeedIdentity(infisical.Identity{ID: bound.Credentials()["identityId"]}) }, "already"},
		{"secret of nobody", func() { bound.SeedClientSecret(infisical.ClientSecret{IdentityID: "nobody"}) }, "has no universal auth"},
	}
	before := srv.Snapshot()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.Contains(message, tt.want) {
					t.Errorf("panic %q, want it to say %q", message, tt.want)
				}
			}()
			tt.do()
		})
	}
	if !srv.Snapshot().Equal(before) {
		t.Error("a panic left something behind")
	}
}

// TestMemoryHeaders changes an answer's headers, which in memory are not
// copied by a connection.
func TestMemoryHeaders(t *testing.T) {
	for name, opts := range map[string][]emulator.Option{"hints": nil, "no hints": {emulator.WithoutHints()}} {
		t.Run(name, func(t *testing.T) {
			srv, id, a := newWorld(t, opts...)
			got := a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
			if hinted := got.header.Get("X-Understudy-Entry") != ""; hinted != (opts == nil) {
				t.Errorf("the answer has hints: %t", hinted)
			}
			got.header.Set("Content-Type", "changed")
			if header := srv.Journal.Last().Response.Header.Get("Content-Type"); header == "changed" {
				t.Error("the client changed the journal")
			}
		})
	}
}
