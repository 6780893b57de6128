package emulator_test

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/control"
)

// sandbox is what the control API says of one.
type sandbox struct {
	ID, Gateway, Control, Contract, Seed string
	Idle                                 float64
	Providers                            map[string]struct{ URL, GatewayURL string }
}

// root is the gateway of a listening server.
func root(srv *emulator.Server) api { return api{http.DefaultClient, srv.URL(), ""} }

func putSandbox(t testing.TB, srv *emulator.Server, id, body string, status int) sandbox {
	t.Helper()
	return decode[sandbox](t, root(srv).call(t, "PUT", "/~"+id+"/_understudy", body, status).body)
}

// loginAt tries the credentials of a world that the given address leads to.
func loginAt(t testing.TB, url string, credentials map[string]string, status int) {
	t.Helper()
	api{http.DefaultClient, url, ""}.call(t, "POST", loginPath, loginBody(credentials["clientId"], credentials["clientSecret"]), status)
}

func credentialsOf(t testing.TB, control, provider string) map[string]string {
	t.Helper()
	info := decode[emulator.Info](t, api{http.DefaultClient, control, ""}.call(t, "GET", "/info", "", http.StatusOK).body)
	return info.Providers[provider].Credentials
}

func TestSandboxIsAWorldOfItsOwn(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	sb := putSandbox(t, srv, "job-1", `{"seed":"one","contract":"live","settings":{"infisical":{"rateLimit":7}}}`, http.StatusCreated)
	want := srv.URL() + "/~job-1"
	if sb.ID != "job-1" || sb.Gateway != want || sb.Control != want+"/_understudy" || sb.Seed != "one" || sb.Contract != "live" || sb.Providers["infisical"].URL != want+"/infisical" {
		t.Errorf("sandbox %+v", sb)
	}
	credentials := credentialsOf(t, sb.Control, "infisical")
	if credentials["identityId"] == inf.Credentials()["identityId"] {
		t.Error("another seed gives the same ids")
	}
	loginAt(t, sb.Providers["infisical"].URL, credentials, http.StatusOK)
	loginAt(t, inf.URL(), credentials, http.StatusUnauthorized)

	// Clock, faults, journal and settings are its own.
	ct := api{http.DefaultClient, sb.Control, ""}
	ct.call(t, "POST", "/clock/advance", `{"by":"720h"}`, http.StatusOK)
	ct.call(t, "POST", "/faults", `{"operation":"infisical POST `+loginPath+`","status":500}`, http.StatusCreated)
	loginAt(t, inf.URL(), inf.Credentials(), http.StatusOK)
	loginAt(t, sb.Gateway+"/infisical", credentials, http.StatusInternalServerError)
	if ahead := srv.Clock.Offset(); ahead > time.Hour {
		t.Errorf("the server's own clock is ahead by %s", ahead)
	}
	if got := ct.call(t, "GET", "/settings/infisical", "", http.StatusOK).body; !strings.Contains(got, `"rateLimit":7`) {
		t.Errorf("settings %s", got)
	}
	entries := decode[struct{ Entries []journal.Entry }](t, ct.call(t, "GET", "/journal", "", http.StatusOK).body).Entries
	if len(entries) != 2 || entries[1].Response.Status != http.StatusInternalServerError {
		t.Errorf("its journal: %+v", entries)
	}
	if own := srv.Journal.For(infisical.OpLogin); len(own) != 2 {
		t.Errorf("%d logins in the server's journal, want 2", len(own))
	}

	// A reset is of the sandbox alone, and to what it was made from.
	ct.call(t, "POST", "/reset", "", http.StatusOK)
	if clock := decode[control.ClockInfo](t, ct.call(t, "GET", "/clock", "", http.StatusOK).body); strings.Contains(clock.Offset, "720h") {
		t.Errorf("clock %+v after the reset", clock)
	}
	loginAt(t, sb.Gateway+"/infisical", credentials, http.StatusOK)
	if n := len(srv.Journal.All()); n != 2 {
		t.Errorf("%d entries in the server's journal after the sandbox's reset", n)
	}
}

func TestSandboxWithoutABodyIsAsTheServerWasStarted(t *testing.T) {
	inf := infisical.New(infisical.RateLimit(9))
	srv := emulator.NewTest(t, inf, emulator.WithSeed("mine"), emulator.WithContract(emulator.Live))
	inf.SeedIdentity(infisical.Identity{Name: "later"})
	sb := putSandbox(t, srv, "a", "", http.StatusCreated)
	if sb.Seed != "mine" || sb.Contract != "live" {
		t.Errorf("sandbox %+v", sb)
	}
	credentials := credentialsOf(t, sb.Control, "infisical")
	if credentials["clientSecret"] != inf.Credentials()["clientSecret"] {
		t.Error("the same start gives other credentials")
	}
	ct := api{http.DefaultClient, sb.Control, ""}
	if got := ct.call(t, "GET", "/settings/infisical", "", http.StatusOK).body; !strings.Contains(got, `"rateLimit":9`) {
		t.Errorf("settings %s", got)
	}
	// What is done in one is not seen in the other, although they began alike.
	a := api{http.DefaultClient, sb.Gateway + "/infisical", credentials["accessToken"]}
	a.call(t, "POST", secretsPath(credentials["identityId"]), `{"description":"new"}`, http.StatusOK)
	if names := descriptions(t, a, credentials["identityId"]); !slices.Contains(names, "new") {
		t.Errorf("the sandbox has %v", names)
	}
	a.url = inf.URL()
	if names := descriptions(t, a, credentials["identityId"]); slices.Contains(names, "new") {
		t.Errorf("the server's own world has %v", names)
	}
}

func TestSandboxAddresses(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithAllowHost("*.ci.example"))
	putSandbox(t, srv, "job", `{"seed":"job"}`, http.StatusCreated)
	putSandbox(t, srv, "sandbox", `{"seed":"job"}`, http.StatusCreated)
	credentials := credentialsOf(t, srv.URL()+"/~job/_understudy", "infisical")
	body := loginBody(credentials["clientId"], credentials["clientSecret"])
	for _, tt := range []struct {
		name, host, path string
		status           int
	}{
		{"path", "", "/~job/infisical" + loginPath, http.StatusOK},
		{"host of provider and sandbox", "infisical.job.sandbox.localhost", loginPath, http.StatusOK},
		{"host without case, with port", "Infisical.JOB.Sandbox.ci.example:8600", loginPath, http.StatusOK},
		{"host of a sandbox called sandbox", "infisical.sandbox.sandbox.localhost", loginPath, http.StatusOK},
		{"host of that sandbox", "sandbox.sandbox.localhost", "/infisical" + loginPath, http.StatusOK},
		{"a provider in a domain called sandbox", "infisical.sandbox.ci.example", loginPath, http.StatusUnauthorized},
		{"the gateway in one", "sandbox.ci.example", "/infisical" + loginPath, http.StatusUnauthorized},
		{"host of the sandbox", "job.sandbox.localhost", "/infisical" + loginPath, http.StatusOK},
		{"path and host of the provider", "infisical.localhost", "/~job" + loginPath, http.StatusOK},
		{"own world", "", "/infisical" + loginPath, http.StatusUnauthorized},
		{"no such sandbox", "", "/~other/infisical" + loginPath, http.StatusNotFound},
		{"no such host", "infisical.other.sandbox.localhost", loginPath, http.StatusNotFound},
		{"no id", "", "/~/infisical" + loginPath, http.StatusNotFound},
		{"no such provider", "", "/~job/nothing" + loginPath, http.StatusNotFound},
		{"nothing", "", "/~job", http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL()+tt.path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Host = tt.host
			got, err := send(http.DefaultClient, r)
			if err != nil || got.status != tt.status {
				t.Errorf("status %d, %v, want %d: %s", got.status, err, tt.status, got.body)
			}
			if tt.status == http.StatusNotFound {
				wantProblem(t, got)
			}
		})
	}
}

func TestSandboxOnItsOwnPorts(t *testing.T) {
	srv, _, _ := newWorld(t)
	sb := putSandbox(t, srv, "ports", `{"seed":"p","listen":"127.0.0.1:0"}`, http.StatusCreated)
	own := sb.Providers["infisical"].URL
	if strings.HasPrefix(own, srv.URL()) {
		t.Fatalf("sandbox %+v", sb)
	}
	credentials := credentialsOf(t, sb.Control, "infisical")
	loginAt(t, own, credentials, http.StatusOK)
	loginAt(t, sb.Gateway+"/infisical", credentials, http.StatusOK)
	entries := decode[struct{ Entries []journal.Entry }](t, root(srv).call(t, "GET", "/~ports/_understudy/journal", "", http.StatusOK).body).Entries
	if len(entries) != 2 {
		t.Errorf("its journal: %+v", entries)
	}
	// What comes by its own ports is use of it.
	idle := func() float64 {
		t.Helper()
		return decode[struct{ Sandboxes []sandbox }](t, root(srv).call(t, "GET", "/_understudy/sandboxes", "", http.StatusOK).body).Sandboxes[0].Idle
	}
	before := time.Now()
	loginAt(t, own, credentials, http.StatusOK)
	if got, most := idle(), time.Since(before).Seconds(); got > most {
		t.Errorf("idle for %gs, and it was used %gs ago", got, most)
	}
	root(srv).call(t, "DELETE", "/~ports/_understudy", "", http.StatusNoContent)
	if _, err := (api{http.DefaultClient, own, ""}).try(t.Context(), "POST", loginPath, "{}"); err == nil {
		t.Error("its port is open after its end")
	}
	// A port that is taken makes no sandbox.
	taken := strings.TrimPrefix(srv.URL(), "http://")
	got := root(srv).call(t, "PUT", "/~taken/_understudy", `{"listen":"`+taken+`"}`, http.StatusBadRequest)
	wantProblem(t, got)
	root(srv).call(t, "GET", "/~taken/_understudy/health", "", http.StatusNotFound)
}

func TestSandboxLeadsToNoOther(t *testing.T) {
	srv, _, _ := newWorld(t, emulator.WithGatewayOnly())
	putSandbox(t, srv, "other", "", http.StatusCreated)
	sb := putSandbox(t, srv, "job", `{"listen":"127.0.0.1:0"}`, http.StatusCreated)
	gateway := api{http.DefaultClient, strings.TrimSuffix(sb.Providers["infisical"].URL, "/infisical"), ""}
	gateway.call(t, "GET", "/_understudy/health", "", http.StatusOK)
	gateway.call(t, "GET", "/~job/_understudy/health", "", http.StatusOK)
	for _, path := range []string{"/~other/_understudy/health", "/~other/infisical" + loginPath, "/~/_understudy/health"} {
		got := gateway.call(t, "GET", path, "", http.StatusNotFound)
		want := `{"type":"about:blank","title":"Not Found","status":404,"detail":"this is the sandbox job; it does not lead to others"}`
		if strings.TrimSpace(got.body) != want {
			t.Errorf("%s: %s, want %s", path, got.body, want)
		}
	}
}

func TestSandboxLife(t *testing.T) {
	srv, _, _ := newWorld(t, emulator.WithSandboxes(3, 0))
	gateway, ct := root(srv), controlOf(srv)
	putSandbox(t, srv, "a", `{"seed":"x"}`, http.StatusCreated)
	putSandbox(t, srv, "a", `{ "seed": "x" }`, http.StatusOK)
	wantProblem(t, gateway.call(t, "PUT", "/~a/_understudy", `{"seed":"y"}`, http.StatusConflict))
	for _, body := range []string{`{"seed":`, `{"sead":"x"}`, `{"contract":"dead"}`, `{"settings":{"infisical":{"speed":1}}}`, `{"world":{"infisical":{"identities":"none"}}}`, `{"listen":"here"}`} {
		wantProblem(t, gateway.call(t, "PUT", "/~b/_understudy", body, http.StatusBadRequest))
	}
	for _, id := range []string{"B", "a_b", strings.Repeat("a", 41), "%61b%2f"} {
		wantProblem(t, gateway.call(t, "PUT", "/~"+id+"/_understudy", "", http.StatusBadRequest))
	}
	for _, path := range []string{"/~a/_understudy", "/~a/_understudy/"} {
		if got := gateway.call(t, "GET", path, "", http.StatusOK).body; !strings.Contains(got, `"seed":"x"`) {
			t.Errorf("GET %s: %s", path, got)
		}
	}
	gateway.call(t, "PUT", "/~a/_understudy/", `{"seed":"x"}`, http.StatusOK)
	wantProblem(t, gateway.call(t, "GET", "/~b/_understudy/health", "", http.StatusNotFound))
	wantProblem(t, gateway.call(t, "GET", "/~a/_understudy/sandboxes", "", http.StatusNotFound))

	picked := decode[sandbox](t, ct.call(t, "POST", "/sandboxes", "", http.StatusCreated).body)
	putSandbox(t, srv, "s2", "", http.StatusCreated)
	wantProblem(t, ct.call(t, "POST", "/sandboxes", "", http.StatusServiceUnavailable))
	list := decode[struct{ Sandboxes []sandbox }](t, ct.call(t, "GET", "/sandboxes", "", http.StatusOK).body).Sandboxes
	if len(list) != 3 || list[0].ID != "a" || list[1].ID != picked.ID || list[2].ID != "s2" {
		t.Errorf("sandboxes %+v", list)
	}
	ct.call(t, "DELETE", "/sandboxes/"+picked.ID, "", http.StatusNoContent)
	wantProblem(t, ct.call(t, "DELETE", "/sandboxes/"+picked.ID, "", http.StatusNotFound))
	gateway.call(t, "DELETE", "/~a/_understudy", "", http.StatusNoContent)
	wantProblem(t, gateway.call(t, "GET", "/~a/_understudy/health", "", http.StatusNotFound))
	// The server passes over the name that somebody has taken.
	if next := decode[sandbox](t, ct.call(t, "POST", "/sandboxes", "", http.StatusCreated).body); next.ID == "s2" {
		t.Errorf("it was given the id of another")
	}
}

func TestUnusedSandboxesMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := emulator.New(infisical.New(), emulator.WithSandboxes(2, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		// In memory, the handler is called without a socket, which a bubble cannot wait for.
		call := func(method, path string, status int) {
			t.Helper()
			got := serve(srv.Handler(), method, "http://127.0.0.1"+path)
			if got.Code != status {
				t.Fatalf("%s %s: %d, want %d: %s", method, path, got.Code, status, got.Body)
			}
		}
		call("PUT", "/~old/_understudy", http.StatusCreated)
		time.Sleep(30 * time.Second)
		call("PUT", "/~used/_understudy", http.StatusCreated)
		call("PUT", "/~new/_understudy", http.StatusServiceUnavailable)
		time.Sleep(30 * time.Second)
		call("GET", "/~used/_understudy/health", http.StatusOK)
		call("GET", "/~old/_understudy/health", http.StatusNotFound)
		call("PUT", "/~new/_understudy", http.StatusCreated)
		time.Sleep(45 * time.Second)
		call("GET", "/~used/_understudy/health", http.StatusOK)
	})
}

func TestJournalStream(t *testing.T) {
	srv, id, _ := newWorld(t)
	login := func(secret string) {
		srv := api{http.DefaultClient, srv.URL() + "/infisical", ""}
		_, _ = srv.try(t.Context(), "POST", loginPath, loginBody(id.ClientID, secret))
	}
	login(id.ClientSecret)
	follow := func(query, lastID string) func(wantSeq uint64, status int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		r, err := http.NewRequestWithContext(ctx, "GET", srv.URL()+"/_understudy/journal/stream"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if lastID != "" {
			r.Header.Set("Last-Event-ID", lastID)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%s %v", resp.Status, resp.Header)
		}
		lines := bufio.NewScanner(resp.Body)
		return func(wantSeq uint64, status int) {
			t.Helper()
			for lines.Scan() {
				data, ok := strings.CutPrefix(lines.Text(), "data: ")
				if !ok {
					continue
				}
				if e := decode[journal.Entry](t, data); e.Seq != wantSeq || e.Response.Status != status {
					t.Fatalf("entry %d with %d, want %d with %d", e.Seq, e.Response.Status, wantSeq, status)
				}
				return
			}
			t.Fatalf("the stream ended: %v", lines.Err())
		}
	}
	next := follow("", "")
	refused := follow("?status=401", "")
	kept := follow("?since=0", "")
	back := follow("", "1")
	login(id.ClientSecret)
	login("wrong")
	next(2, http.StatusOK)
	next(3, http.StatusUnauthorized)
	refused(3, http.StatusUnauthorized)
	kept(1, http.StatusOK)
	kept(2, http.StatusOK)
	back(2, http.StatusOK)
	r := controlOf(srv)
	wantProblem(t, r.call(t, "GET", "/journal/stream?since=-1", "", http.StatusBadRequest))
	wantProblem(t, r.call(t, "POST", "/journal/stream", "{}", http.StatusMethodNotAllowed))
}

func TestStreamsEndWithTheirWorld(t *testing.T) {
	srv, _, _ := newWorld(t)
	putSandbox(t, srv, "s", "", http.StatusCreated)
	ends := func(path string, end func()) {
		t.Helper()
		resp, err := http.Get(srv.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		end()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
		}
		if err := lines.Err(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	ends("/~s/_understudy/journal/stream", func() {
		root(srv).call(t, "DELETE", "/~s/_understudy", "", http.StatusNoContent)
	})
	ends("/_understudy/journal/stream", func() {
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
