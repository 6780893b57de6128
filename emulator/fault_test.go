package emulator_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/journal"
)

// carriers are the ways a call can reach a provider.
var carriers = []struct {
	name   string
	client func(*testing.T, *emulator.Server) *http.Client
	cut    func(error) bool // whether this is how a truncated body ends
	tls    []emulator.Option
}{
	{"HTTP1", func(t *testing.T, _ *emulator.Server) *http.Client { return socketClient(t, false) }, isUnexpectedEOF, nil},
	{"HTTP2", func(t *testing.T, _ *emulator.Server) *http.Client { return socketClient(t, true) }, isStreamError, nil},
	{"TLS1", func(t *testing.T, srv *emulator.Server) *http.Client { return tlsClient(t, srv, false) }, isUnexpectedEOF, []emulator.Option{emulator.WithTLS()}},
	{"TLS2", func(t *testing.T, srv *emulator.Server) *http.Client { return tlsClient(t, srv, true) }, isStreamError, []emulator.Option{emulator.WithTLS()}},
	{"memory", func(_ *testing.T, srv *emulator.Server) *http.Client { return srv.Client() }, isUnexpectedEOF, nil},
}

func isUnexpectedEOF(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

// isStreamError goes by the text: net/http does not export the type.
func isStreamError(err error) bool {
	return err != nil && strings.Contains(err.Error(), "stream error")
}

// socketClient returns a client with connections of its own.
func socketClient(t *testing.T, http2 bool) *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// overCarriers runs a test once for each carrier, in a world of its own.
func overCarriers(t *testing.T, test func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, cut func(error) bool)) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			srv, id, a := newWorld(t, c.tls...)
			a.client = c.client(t, srv)
			test(t, srv, id, a, c.cut)
		})
	}
}

const wanted = "the secret in question"

// TestFaults makes the creation of a client secret go wrong in every way and
// looks at what the caller sees and at what has happened.
func TestFaults(t *testing.T) {
	const (
		lost = -1 // the connection breaks before an answer
		half = -2 // an answer of status 200 breaks off
	)
	tests := []struct {
		name  string
		fault fault.Fault
		want  int // a status, lost or half
		made  bool
	}{
		{"drop", fault.Drop(), lost, false},
		{"drop after", fault.Drop().After(), lost, true},
		{"silent drop", fault.Drop().Silent(), lost, false},
		{"silent drop after", fault.Drop().Silent().After(), lost, true},
		{"truncate", fault.Truncate(), half, true},
		{"truncate after", fault.Truncate().After(), half, true},
		{"delay", fault.Delay(time.Millisecond), http.StatusOK, true},
		{"status", fault.Status(500), http.StatusInternalServerError, false},
		{"status after", fault.Status(500).After(), http.StatusInternalServerError, true},
		{"status of the transport", fault.Status(503), http.StatusServiceUnavailable, false},
		{"undocumented status", fault.Status(418).Undocumented(), http.StatusTeapot, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overCarriers(t, func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, cut func(error) bool) {
				srv.Faults.Next(infisical.OpCreateClientSecret, tt.fault)
				got, err := a.try(t.Context(), "POST", secretsPath(id.ID), `{"description":"`+wanted+`"}`)
				switch tt.want {
				case lost:
					if err == nil || got.status != 0 {
						t.Errorf("status %d and error %v, want a lost connection", got.status, err)
					}
				case half:
					if got.status != http.StatusOK || !cut(err) {
						t.Errorf("status %d and error %v, want 200 and a body that breaks off", got.status, err)
					}
					if n := len(got.body); n == 0 || int64(n) >= got.length {
						t.Errorf("%d of %d bytes, want some and not all", n, got.length)
					}
				default:
					if err != nil || got.status != tt.want {
						t.Errorf("status %d and error %v, want status %d", got.status, err, tt.want)
					}
				}
				entry := srv.Journal.Last()
				if entry.Operation != infisical.OpCreateClientSecret || !strings.HasPrefix(entry.Fault, tt.fault.String()) {
					t.Errorf("the journal's last entry is %q with fault %q, want the call with fault %q", entry.Operation, entry.Fault, tt.fault)
				}
				if entry.Committed != tt.made || (len(entry.Changes) > 0) != tt.made {
					t.Errorf("the journal says committed %t and %v, want %t", entry.Committed, entry.Changes, tt.made)
				}
				if hidden := tt.made && tt.want != half && tt.want != http.StatusOK; (entry.Outcome != nil) != hidden {
					t.Errorf("the journal's outcome is %v, want one: %t", entry.Outcome, hidden)
				}
				if status := max(got.status, 0); entry.Response.Status != status {
					t.Errorf("the journal says status %d, the client %d", entry.Response.Status, status)
				}
				if made := slices.Contains(descriptions(t, a, id.ID), wanted); made != tt.made {
					t.Errorf("the secret is there: %t, want %t", made, tt.made)
				}
				if waiting := srv.Faults.List(); len(waiting) != 0 {
					t.Errorf("%d faults still wait", len(waiting))
				}
			})
		})
	}
}

// TestTruncatedLength holds the length that a truncated answer claims to what
// the whole one has.
func TestTruncatedLength(t *testing.T) {
	overCarriers(t, func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, _ func(error) bool) {
		whole := a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
		srv.Faults.Next(infisical.OpGetIdentity, fault.Truncate())
		part, err := a.try(t.Context(), "GET", identityPath(id.ID), "")
		if err == nil || part.length != int64(len(whole.body)) {
			t.Errorf("length %d with error %v, want the %d of the whole answer", part.length, err, len(whole.body))
		}
		if !strings.HasPrefix(whole.body, part.body) {
			t.Errorf("%s is not the beginning of %s", part.body, whole.body)
		}
	})
}

func TestDelay(t *testing.T) {
	overCarriers(t, func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, _ func(error) bool) {
		const delay = 30 * time.Millisecond
		srv.Faults.Next(infisical.OpGetIdentity, fault.Delay(delay))
		began := time.Now()
		a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
		if took := time.Since(began); took < delay {
			t.Errorf("answered after %s, want %s at least", took, delay)
		}
	})
}

// cancelOnceTaken cancels a call when the server has met its fault: one that is
// cancelled earlier may never arrive.
func cancelOnceTaken(srv *emulator.Server, op infisical.Op, cancel func()) {
	waits := func() bool {
		return slices.ContainsFunc(srv.Faults.List(), func(r fault.Rule) bool { return r.Op == op })
	}
	for deadline := time.Now().Add(10 * time.Second); waits() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	cancel()
}

// TestDelayObeysContext cancels calls that are held back for longer than a test
// may take.
func TestDelayObeysContext(t *testing.T) {
	tests := []struct {
		name  string
		fault fault.Fault
		made  bool
	}{
		{"before", fault.Delay(time.Hour), false},
		{"after", fault.Delay(time.Hour).After(), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overCarriers(t, func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, _ func(error) bool) {
				srv.Faults.Next(infisical.OpCreateClientSecret, tt.fault)
				ctx, cancel := context.WithCancel(t.Context())
				go cancelOnceTaken(srv, infisical.OpCreateClientSecret, cancel)
				_, err := a.try(ctx, "POST", secretsPath(id.ID), `{"description":"`+wanted+`"}`)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v, want %v", err, context.Canceled)
				}
				// The server gives up too, soon after.
				if err := srv.Journal.Wait(t.Context(), infisical.OpCreateClientSecret, 1); err != nil {
					t.Fatal(err)
				}
				if got := srv.Journal.Last().Fault; !strings.HasSuffix(got, "the client did not wait") {
					t.Errorf("fault %q does not say that the client did not wait", got)
				}
				if made := slices.Contains(descriptions(t, a, id.ID), wanted); made != tt.made {
					t.Errorf("the secret is there: %t, want %t", made, tt.made)
				}
			})
		})
	}
}

// TestCancelledCallLeavesOthersAlone cancels one of two calls that share a
// connection of HTTP/2.
func TestCancelledCallLeavesOthersAlone(t *testing.T) {
	srv, id, a := newWorld(t)
	a.client = socketClient(t, true)
	a.call(t, "GET", secretsPath(id.ID), "", http.StatusOK) // opens the connection
	srv.Faults.Next(infisical.OpCreateClientSecret, fault.Delay(time.Hour))
	srv.Faults.Next(infisical.OpGetIdentity, fault.Delay(200*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	go cancelOnceTaken(srv, infisical.OpCreateClientSecret, cancel)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := a.try(ctx, "POST", secretsPath(id.ID), `{}`); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	})
	wg.Go(func() {
		if got, err := a.try(t.Context(), "GET", identityPath(id.ID), ""); err != nil || got.status != http.StatusOK {
			t.Errorf("the other call has status %d and error %v", got.status, err)
		}
	})
	wg.Wait()
}

// TestFaultEnvelope compares injected refusals byte for byte, but for the
// request id.
func TestFaultEnvelope(t *testing.T) {
	const anyID = `{"reqId":"req-[0-9A-Za-z]{14}",`
	tests := []struct {
		name  string
		fault fault.Fault
		want  string
	}{
		{"plain", fault.Status(500), `"statusCode":500,"message":"Something went wrong","error":"InternalServerError"}`},
		{"message", fault.Status(500).Message("<out>"), `"statusCode":500,"message":"<out>","error":"InternalServerError"}`},
		{"code", fault.Status(500).Code("DatabaseError"), `"statusCode":500,"message":"Something went wrong","error":"DatabaseError"}`},
		{"both", fault.Status(429).Message("slow down").Code("Slow"), `"statusCode":429,"message":"slow down","error":"Slow"}`},
		{"transport's", fault.Status(502), `"statusCode":502,"message":"Bad Gateway","error":"BadGateway"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overCarriers(t, func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, _ func(error) bool) {
				srv.Faults.Next(infisical.OpGetIdentity, tt.fault)
				got, err := a.try(t.Context(), "GET", identityPath(id.ID), "")
				if err != nil || got.status != tt.fault.Spec.Status {
					t.Fatalf("status %d and error %v, want %d", got.status, err, tt.fault.Spec.Status)
				}
				if !regexp.MustCompile("^" + anyID + regexp.QuoteMeta(tt.want) + "$").MatchString(got.body) {
					t.Errorf("%s, want an id and %s", got.body, tt.want)
				}
				if reason := got.header.Get("X-Understudy-Reason"); reason != "injected fault: "+tt.fault.String() {
					t.Errorf("reason %q", reason)
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		after time.Duration
		want  string
	}{
		{0, ""}, {time.Millisecond, "1"}, {time.Second, "1"}, {1001 * time.Millisecond, "2"}, {time.Hour, "3600"},
	}
	srv, id, a := newWorld(t)
	for _, tt := range tests {
		srv.Faults.Next(infisical.OpGetIdentity, fault.Status(429).RetryAfter(tt.after))
		got := a.call(t, "GET", identityPath(id.ID), "", http.StatusTooManyRequests)
		if header := got.header.Get("Retry-After"); header != tt.want {
			t.Errorf("RetryAfter(%s): Retry-After %q, want %q", tt.after, header, tt.want)
		}
	}
}

// TestFaultOrder looks at which calls are hit, by the statuses of a sequence of
// calls; 200 is a call that no fault hits.
func TestFaultOrder(t *testing.T) {
	f500, f502, f503 := fault.Status(500), fault.Status(502), fault.Status(503)
	const op = infisical.OpGetIdentity
	tests := []struct {
		name string
		arm  func(*fault.Set)
		want []int
	}{
		{"none", func(*fault.Set) {}, []int{200, 200}},
		{"once", func(s *fault.Set) { s.Next(op, f500) }, []int{500, 200}},
		{"in order", func(s *fault.Set) { s.Next(op, f500, f502); s.Next(op, f503) }, []int{500, 502, 503, 200}},
		{"skip", func(s *fault.Set) { s.Next(op, f500.Skip(1)) }, []int{200, 500, 200}},
		{"times", func(s *fault.Set) { s.Next(op, f500.Times(2)) }, []int{500, 500, 200}},
		{"skip and times", func(s *fault.Set) { s.Next(op, f500.Skip(2).Times(2), f502) }, []int{200, 200, 500, 500, 502, 200}},
		{"skip behind", func(s *fault.Set) { s.Next(op, f500, f502.Skip(1)) }, []int{500, 200, 502, 200}},
		{"always", func(s *fault.Set) { s.Always(op, f500) }, []int{500, 500, 500}},
		{"always behind next", func(s *fault.Set) { s.Always(op, f500); s.Next(op, f502) }, []int{502, 500, 500}},
		{"always for a while", func(s *fault.Set) { s.Always(op, f500.Skip(1).Times(2)) }, []int{200, 500, 500, 200}},
		{"always until cleared", func(s *fault.Set) { s.Always(op, f500); s.Clear() }, []int{200, 200}},
		{"removed", func(s *fault.Set) { s.Next(op, f500, f502); s.Remove(s.List()[0].ID) }, []int{502, 200}},
		{"of another operation", func(s *fault.Set) { s.Always(infisical.OpLogin, f500) }, []int{200}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv, id, a := newWorld(t)
			tt.arm(srv.Faults)
			var got []int
			for range tt.want {
				one, err := a.try(t.Context(), "GET", identityPath(id.ID), "")
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, one.status)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("statuses %v, want %v", got, tt.want)
			}
		})
	}
}

// TestAfterTellsWhatHappened hides the answers of calls that change something and
// of calls that do not.
func TestAfterTellsWhatHappened(t *testing.T) {
	type call func(infisical.Identity) (method, path, body string)
	create := func(id infisical.Identity) (string, string, string) { return "POST", secretsPath(id.ID), `{"ttl":60}` }
	missing := func(infisical.Identity) (string, string, string) { return "POST", secretsPath(nobody), `{"ttl":60}` }
	wrong := func(id infisical.Identity) (string, string, string) {
		return "POST", loginPath, loginBody(id.ClientID, strings.Repeat("0", 64))
	}
	read := func(id infisical.Identity) (string, string, string) { return "GET", identityPath(id.ID), "" }
	tests := []struct {
		name   string
		op     infisical.Op
		call   call
		fault  string
		tables []string // of the rows that change
		status int      // that the operation came to
		body   string   // a part of it
	}{
		{"created", infisical.OpCreateClientSecret, create, "drop, after the call, which answered 200 and changed what is stored", []string{"client secret"}, 200, `"clientSecret":"`},
		{"refused", infisical.OpCreateClientSecret, missing, "drop, after the call, which answered 404 and changed nothing", nil, 404, nobody},
		{"read", infisical.OpGetIdentity, read, "drop, after the call, which answered 200 and changed nothing", nil, 200, `"identity":{`},
		{"refused and counted", infisical.OpLogin, wrong, "drop, after the call, which answered 401 and changed what is stored", []string{"lockout"}, 401, "Invalid credentials"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv, id, a := newWorld(t)
			method, path, body := tt.call(id)
			srv.Faults.Next(tt.op, fault.Drop().After().Skip(1))
			if _, err := a.try(t.Context(), method, path, body); err != nil {
				t.Fatal(err)
			}
			plain := srv.Journal.Last()
			if got, err := a.try(t.Context(), method, path, body); err == nil {
				t.Fatalf("status %d, want a lost connection", got.status)
			}
			e := srv.Journal.Last()
			if e.Fault != tt.fault {
				t.Errorf("fault %q, want %q", e.Fault, tt.fault)
			}
			if e.Response.Status != 0 || e.Outcome == nil || e.Outcome.Status != tt.status || !strings.Contains(e.Outcome.Body, tt.body) {
				t.Errorf("answered %d and came to %+v, want 0 and %d with %s", e.Response.Status, e.Outcome, tt.status, tt.body)
			}
			if plain.Outcome != nil || plain.Nth != 1 || e.Nth != 2 {
				t.Errorf("the call before is number %d with outcome %v, this one %d", plain.Nth, plain.Outcome, e.Nth)
			}
			var tables []string
			for _, c := range e.Changes {
				tables = append(tables, c.Table)
			}
			if e.Committed != (tt.tables != nil) || !slices.Equal(tables, tt.tables) {
				t.Errorf("committed %t, changes in %v, want those in %v", e.Committed, tables, tt.tables)
			}
		})
	}
}

const nobody = "00000000-0000-4000-8000-000000000000"

// TestChanges follows one client secret through the journal.
func TestChanges(t *testing.T) {
	srv, id, a := newWorld(t)
	made := decode[struct{ ClientSecretData struct{ ID string } }](t, a.call(t, "POST", secretsPath(id.ID), `{}`, http.StatusOK).body)
	a.call(t, "POST", secretsPath(id.ID)+"/"+made.ClientSecretData.ID+"/revoke", "", http.StatusOK)
	a.call(t, "DELETE", identityPath(id.ID), "", http.StatusOK)
	var got []string
	for _, e := range srv.Journal.All() {
		for _, c := range e.Changes {
			if c.Table == "client secret" && c.ID == made.ClientSecretData.ID {
				got = append(got, c.Change)
			}
		}
	}
	if want := []string{journal.Added, journal.Replaced, journal.Removed}; !slices.Equal(got, want) {
		t.Errorf("the secret's changes are %v, want %v", got, want)
	}
}

// TestDie loses the caller in the middle of its calls.
func TestDie(t *testing.T) {
	tests := []struct {
		name  string
		fault fault.Fault
		made  bool
	}{
		{"before", fault.Die(), false},
		{"after", fault.Die().After(), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overCarriers(t, func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, _ func(error) bool) {
				srv.Faults.Next(infisical.OpCreateClientSecret, tt.fault)
				a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
				if got, err := a.try(t.Context(), "POST", secretsPath(id.ID), `{"description":"`+wanted+`"}`); err == nil {
					t.Errorf("status %d, want a lost connection", got.status)
				}
				if got, err := a.try(t.Context(), "GET", identityPath(id.ID), ""); err == nil {
					t.Errorf("after its death, status %d, want a lost connection", got.status)
				}
				if got, want := srv.Journal.Last().Fault, "the caller has died, and was not revived"; got != want {
					t.Errorf("the last call's fault is %q, want %q", got, want)
				}
				srv.Revive()
				if made := slices.Contains(descriptions(t, a, id.ID), wanted); made != tt.made {
					t.Errorf("the secret is there: %t, want %t", made, tt.made)
				}
			})
		})
	}
}

// TestDeadUntil ends death in every way there is, and in none of those there are
// not.
func TestDeadUntil(t *testing.T) {
	tests := []struct {
		name  string
		do    func(t *testing.T, srv *emulator.Server)
		alive bool
	}{
		{"revive", func(_ *testing.T, srv *emulator.Server) { srv.Revive() }, true},
		{"revive by control", func(t *testing.T, srv *emulator.Server) {
			controlOf(srv).call(t, "POST", "/revive", "", http.StatusNoContent)
		}, true},
		{"reset", func(_ *testing.T, srv *emulator.Server) { srv.Reset() }, true},
		{"clear", func(_ *testing.T, srv *emulator.Server) { srv.Faults.Clear() }, false},
		{"restore", func(_ *testing.T, srv *emulator.Server) { srv.Restore(srv.Snapshot()) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv, _, a := newWorld(t, emulator.AllowUnknown())
			body := `{"operation":"infisical POST /api/v1/auth/universal-auth/login","die":true}`
			if got := controlOf(srv).call(t, "POST", "/faults", body, http.StatusCreated).body; !strings.HasSuffix(got, `"die":true,"hits":0}`) {
				t.Errorf("the fault is shown as %s", got)
			}
			for _, path := range []string{loginPath, "/nowhere"} {
				if got, err := a.try(t.Context(), "POST", path, loginBody("x", "y")); err == nil {
					t.Errorf("%s: status %d, want a lost connection", path, got.status)
				}
			}
			tt.do(t, srv)
			if got, err := a.try(t.Context(), "POST", "/nowhere", ""); (err == nil) != tt.alive {
				t.Errorf("status %d and error %v, want an answer: %t", got.status, err, tt.alive)
			}
		})
	}
}

func TestAlwaysUntilClear(t *testing.T) {
	srv, id, a := newWorld(t)
	srv.Faults.Always(infisical.OpGetIdentity, fault.Status(500))
	for range 3 {
		a.call(t, "GET", identityPath(id.ID), "", http.StatusInternalServerError)
	}
	if rules := srv.Faults.List(); len(rules) != 1 || rules[0].Hits != 3 || !rules[0].Always {
		t.Errorf("rules %+v, want one that has hit 3 calls", rules)
	}
	srv.Faults.Clear()
	a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
}

// TestSilentDrop shows what a silent drop is: nothing that a client of HTTP/1.1
// would notice, if it has a connection to use again and its call can be sent
// twice; and that a plain drop is not that.
func TestSilentDrop(t *testing.T) {
	t.Run("HTTP1", func(t *testing.T) {
		srv, id, a := newWorld(t)
		a.client = socketClient(t, false)
		a.call(t, "GET", identityPath(id.ID), "", http.StatusOK) // opens the connection
		srv.Faults.Next(infisical.OpGetIdentity, fault.Drop().Silent())
		a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
		if n := len(srv.Journal.For(infisical.OpGetIdentity)); n != 3 {
			t.Errorf("%d calls came in, want 3: the dropped one is sent again", n)
		}
		srv.Faults.Next(infisical.OpGetIdentity, fault.Drop())
		if got, err := a.try(t.Context(), "GET", identityPath(id.ID), ""); err == nil {
			t.Errorf("a plain drop was answered with %d: it was sent again", got.status)
		}
	})
	t.Run("memory", func(t *testing.T) {
		srv, id, a := newWorld(t)
		for _, f := range []fault.Fault{fault.Drop().Silent(), fault.Drop()} {
			srv.Faults.Next(infisical.OpGetIdentity, f)
			_, err := a.try(t.Context(), "GET", identityPath(id.ID), "")
			if _, ok := errors.AsType[*net.OpError](err); !ok {
				t.Errorf("%s: error %v, want a *net.OpError", f, err)
			}
		}
	})
}

// TestRefusedFaults asks for the impossible.
func TestRefusedFaults(t *testing.T) {
	const op = infisical.OpLogin
	tests := []struct {
		name  string
		op    infisical.Op
		fault fault.Fault
		want  string // part of the panic's message
	}{
		{"undocumented status", op, fault.Status(418), "[400 401 403 404 405 408 413 415 422 429 500 502 503 504]"},
		{"no such path", "infisical GET /nowhere", fault.Drop(), "not an operation that is served"},
		{"no such method", "infisical PUT /api/v1/auth/universal-auth/login", fault.Drop(), "not an operation that is served"},
		{"no such provider", "acme GET /", fault.Drop(), "does not begin with a provider"},
		{"no provider", "POST /api/v1/auth/universal-auth/login", fault.Drop(), "does not begin with a provider"},
		{"nothing at all", op, fault.Fault{}, "needs a status"},
		{"not a status", op, fault.Status(42), "42 is not one that ends an HTTP call"},
		{"not a status, undocumented", op, fault.Status(600).Undocumented(), "600 is not one that ends an HTTP call"},
		{"death and truncate", op, fault.Fault{Spec: fault.Spec{Die: true, Truncate: true}}, "no half answer"},
		{"silent alone", op, fault.Truncate().Silent(), "silent goes with drop"},
		{"message alone", op, fault.Drop().Message("x"), "go with a status"},
		{"code alone", op, fault.Drop().Code("x"), "go with a status"},
		{"Retry-After alone", op, fault.Drop().RetryAfter(1), "go with a status"},
		{"negative delay", op, fault.Delay(-1), "cannot be negative"},
		{"negative skip", op, fault.Drop().Skip(-1), "cannot be negative"},
		{"negative times", op, fault.Drop().Times(-1), "cannot be negative"},
		{"dropped status", op, fault.Fault{Spec: fault.Spec{Status: 500, Drop: true}}, "carries no status"},
	}
	srv, _, _ := newWorld(t)
	arm := map[string]func(infisical.Op, fault.Fault){
		"Next":   func(op infisical.Op, f fault.Fault) { srv.Faults.Next(op, f) },
		"Always": srv.Faults.Always,
		"Add": func(op infisical.Op, f fault.Fault) {
			if _, err := srv.Faults.Add(op, f, false); err != nil {
				panic(err.Error())
			}
		},
	}
	for _, tt := range tests {
		for name, arm := range arm {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				defer func() {
					message, _ := recover().(string)
					if !strings.Contains(message, tt.want) {
						t.Errorf("panic %q, want it to say %q", message, tt.want)
					}
					if n := len(srv.Faults.List()); n != 0 {
						t.Errorf("%d faults wait, want none", n)
					}
				}()
				arm(tt.op, tt.fault)
			})
		}
	}
}

// TestFaultsUnderConcurrency counts the calls that are hit when many come at
// once.
func TestFaultsUnderConcurrency(t *testing.T) {
	overCarriers(t, func(t *testing.T, srv *emulator.Server, id infisical.Identity, a api, _ func(error) bool) {
		const calls, refused, late = 50, 7, 3
		srv.Faults.Next(infisical.OpCreateClientSecret,
			fault.Status(500).Skip(5).Times(refused), fault.Status(503).After().Times(late))
		var (
			wg       sync.WaitGroup
			by       [600]atomic.Int32
			failures atomic.Int32
		)
		for range calls {
			wg.Go(func() {
				got, err := a.try(t.Context(), "POST", secretsPath(id.ID), `{"description":"`+wanted+`"}`)
				if err != nil {
					failures.Add(1)
				}
				by[got.status].Add(1)
			})
		}
		wg.Wait()
		for status, want := range map[int]int32{200: calls - refused - late, 500: refused, 503: late} {
			if got := by[status].Load(); got != want {
				t.Errorf("%d calls with status %d, want %d", got, status, want)
			}
		}
		if n := failures.Load(); n != 0 {
			t.Errorf("%d calls failed", n)
		}
		made := len(descriptions(t, a, id.ID)) - 1 // but the one of the identity
		if made != calls-refused {
			t.Errorf("%d secrets were made, want %d", made, calls-refused)
		}
	})
}

// TestFaultsByControl names an operation in every way and looks at how the fault is
// shown. What faults do that are set from outside is TestFaultMatrix's.
func TestFaultsByControl(t *testing.T) {
	const operation = "POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"
	forms := map[string]string{
		"by line":     `"provider":"infisical","operation":"` + operation + `"`,
		"by name":     `"operation":"infisical ` + operation + `"`,
		"by line too": `"provider":"infisical","operation":"infisical ` + operation + `"`,
	}
	srv, _, _ := newWorld(t)
	ct := controlOf(srv)
	for _, fault := range []struct{ set, shown string }{ // behind the operation; the hits come last
		{`"status":500`, `"status":500`},
		{`"status":429,"code":"Slow","message":"wait","retryAfter":1.5`, `"status":429,"code":"Slow","message":"wait","retryAfter":"1.5s"`},
		{`"status":500,"after":true`, `"status":500,"after":true`},
		{`"status":418,"undocumented":true`, `"status":418,"undocumented":true`},
		{`"drop":true`, `"drop":true`},
		{`"drop":true,"silent":true,"after":true`, `"drop":true,"silent":true,"after":true`},
		{`"truncate":true`, `"truncate":true`},
		{`"delay":"1ms"`, `"delay":"1ms"`},
		{`"die":true`, `"die":true`},
		{`"status":500,"skip":1,"times":2`, `"status":500,"skip":1,"times":2`},
		{`"status":500,"always":true`, `"status":500,"always":true`},
	} {
		for form, named := range forms {
			made := ct.call(t, "POST", "/faults", `{`+named+`,`+fault.set+`}`, http.StatusCreated)
			shown := `"provider":"infisical","operation":"` + operation + `",` + fault.shown + `,"hits":0}`
			if !strings.HasSuffix(made.body, shown) {
				t.Errorf("%s, %s: answered %s, want an id and %s", fault.set, form, made.body, shown)
			}
			if list := ct.call(t, "GET", "/faults", "", http.StatusOK).body; list != `{"faults":[`+made.body+`]}` {
				t.Errorf("%s, %s: the list is %s, want the one fault %s", fault.set, form, list, made.body)
			}
			ct.call(t, "DELETE", "/faults", "", http.StatusNoContent)
		}
	}
}

func TestRemoveFaultsByControl(t *testing.T) {
	srv, id, a := newWorld(t)
	ct := controlOf(srv)
	add := func(status string) string {
		body := `{"operation":"infisical GET /api/v1/identities/{identityId}","status":` + status + `}`
		return decode[struct{ ID string }](t, ct.call(t, "POST", "/faults", body, http.StatusCreated).body).ID
	}
	first, _, _ := add("500"), add("502"), add("503")
	ct.call(t, "DELETE", "/faults/"+first, "", http.StatusNoContent)
	ct.call(t, "DELETE", "/faults/"+first, "", http.StatusNotFound)
	a.call(t, "GET", identityPath(id.ID), "", http.StatusBadGateway)
	ct.call(t, "DELETE", "/faults", "", http.StatusNoContent)
	ct.call(t, "DELETE", "/faults", "", http.StatusNoContent)
	if list := ct.call(t, "GET", "/faults", "", http.StatusOK).body; list != `{"faults":[]}` {
		t.Errorf("the list is %s, want none", list)
	}
	a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
}

func TestRefusedFaultsByControl(t *testing.T) {
	const login = `"operation":"infisical POST /api/v1/auth/universal-auth/login"`
	tests := []struct{ name, body, want string }{
		{"no operation", `{"status":500}`, "operation"},
		{"empty operation", `{"operation":"","status":500}`, "operation"},
		{"unknown operation", `{"operation":"infisical GET /nowhere","status":500}`, "not an operation that is served"},
		{"unknown provider", `{"provider":"acme","operation":"GET /","status":500}`, "does not begin with a provider"},
		{"nothing", `{` + login + `}`, "needs a status"},
		{"undocumented", `{` + login + `,"status":418}`, "allowed are [400 401"},
		{"not a status", `{` + login + `,"status":42}`, "status"},
		{"fractional status", `{` + login + `,"status":500.5}`, "status"},
		{"status as text", `{` + login + `,"status":"500"}`, "status"},
		{"drop and status", `{` + login + `,"status":500,"drop":true}`, "carries no status"},
		{"drop and truncate", `{` + login + `,"drop":true,"truncate":true}`, "no half answer"},
		{"die and drop", `{` + login + `,"die":true,"drop":true}`, "no other lost connection"},
		{"silent alone", `{` + login + `,"status":500,"silent":true}`, "silent goes with drop"},
		{"negative delay", `{` + login + `,"delay":"-1s"}`, "negative"},
		{"negative seconds", `{` + login + `,"delay":-1}`, "delay"},
		{"not a delay", `{` + login + `,"delay":"soon"}`, "delay"},
		{"endless delay", `{` + login + `,"delay":1e300}`, "too many"},
		{"negative skip", `{` + login + `,"status":500,"skip":-1}`, "skip"},
		{"skip out of range", `{` + login + `,"status":500,"skip":1e99}`, "skip"},
		{"no times", `{` + login + `,"status":500,"times":0}`, "times"},
		{"unknown key", `{` + login + `,"status":500,"wen":"now"}`, "wen"},
		{"not JSON", `{` + login, "not one JSON value"},
		{"two values", `{` + login + `,"status":500}{}`, "not one JSON value"},
	}
	srv, _, _ := newWorld(t)
	ct := controlOf(srv)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ct.call(t, "POST", "/faults", tt.body, http.StatusBadRequest)
			wantProblem(t, got)
			if !strings.Contains(got.body, tt.want) {
				t.Errorf("%s does not say %q", got.body, tt.want)
			}
			if n := len(srv.Faults.List()); n != 0 {
				t.Errorf("%d faults wait, want none", n)
				srv.Faults.Clear()
			}
		})
	}
}
