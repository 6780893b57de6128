package all_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/report"
	"github.com/understudy-dev/understudy/internal/worldfile"
)

// memory is a call of a server that is made in memory; ok is false for what
// net/http would not let through.
func memory(srv *emulator.Server, method, target, header, body string) (a answer, ok bool) {
	text := fmt.Sprintf("%s %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", method, target, header, len(body), body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil || strings.ContainsAny(header, "\x00\x7f") {
		return answer{}, false
	}
	// A stream ends when its client goes away.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if strings.Contains(target, "/stream") {
		r = r.WithContext(ctx)
	}
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	recorder := httptest.NewRecorder()
	srv.Handler().ServeHTTP(recorder, r)
	return answer{recorder.Code, recorder.Header(), int64(recorder.Body.Len()), recorder.Body.String()}, true
}

// FuzzWorld starts with any file. What is refused is refused for one reason that
// names the file; what is taken is a world whose providers can be read.
func FuzzWorld(f *testing.F) {
	every, err := host.New(everything(f)...)
	if err != nil {
		f.Fatal(err)
	}
	text, err := worldfile.Print(every.World().Seed(), every.World().DefaultWorld())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	// Each provider's section by itself, and some files that are none.
	for _, section := range bytes.Split(text, []byte("\n# "))[1:] {
		f.Add(append([]byte("# "), section...))
	}
	for _, file := range []string{
		"", "seed: a", "{}", "[]", "null", "infisical: {}", "zitadel:\n", `{"workos":{},"ocs":{"tenants":[]}}`,
		"contract: live\nclock: 2030-01-01T00:00:00Z\nsettings:\n  ocs: {propagation: 1h}\n  workos: {rateLimit: 1}\n",
		"a: &a [*a]", "a: &a {b: 1}\nc: {<<: *a}", "seed: !!binary aGk=", "seed: 1e999", "seed: .inf", "? [a]\n: b", "seed: a\n---\nseed: b",
		"a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]", "clock: 0001-01-01", "\xff\xfe", "\x00",
		"infisical:\n  identities:\n    - name: \"\\0\"\n      universalAuth: {accessTokenTTL: 1e300}\n",
		"zitadel:\n  organizations:\n    - {name: a, users: [{userName: b}], projects: [{name: c, apps: [{name: d}]}]}\n",
	} {
		f.Add([]byte(file))
	}
	coverage, err := report.Of(every.World())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		srv, err := emulator.New(everything(t, emulator.WithWorld(bytes.NewReader(file)), emulator.WithAnswerChecks())...)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "emulator: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("refused: %v", err)
			}
			return
		}
		for _, p := range coverage.Providers {
			info := srv.Info().Providers[p.Name]
			token := info.Credentials["accessToken"] + info.Credentials["apiKey"] // it has one of them
			for _, o := range p.Operations {
				method, path, _ := strings.Cut(o.Operation, " ")
				for name, value := range info.Credentials {
					path = strings.ReplaceAll(path, "{"+name+"}", value)
				}
				if method != http.MethodGet || strings.Contains(path, "{") {
					continue
				}
				if _, ok := memory(srv, method, "/"+p.Name+path, "Host: localhost\r\nAuthorization: Bearer "+token+"\r\n", ""); !ok {
					continue // a name that no path can hold
				}
				if e := srv.Journal.Last(); len(e.Breaches) > 0 || e.Response.Status == http.StatusInternalServerError {
					t.Errorf("%s is answered %d: %s: %q", e.Operation, e.Response.Status, e.Reason, e.Breaches)
				}
			}
		}
	})
}

// observed is all that a control call can change, as far as it shows.
func observed(t *testing.T, srv *emulator.Server) string {
	t.Helper()
	read := func(path string) string {
		a, _ := memory(srv, http.MethodGet, "/_understudy"+path, "Host: localhost\r\n", "")
		return a.body
	}
	info := decode[emulator.Info](t, read("/info"))
	info.Clock.Offset = "" // grows while the clock is frozen
	sandboxes := decode[struct {
		Sandboxes []struct{ ID, Contract, Seed string }
	}](t, read("/sandboxes"))
	text, err := json.Marshal([]any{info, srv.Faults.List(), len(srv.Journal.All()), sandboxes})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all.Names() {
		text = append(text, read("/settings/"+name)...)
	}
	return string(text)
}

// FuzzControl makes any call of the control API. A refusal changes nothing, and
// after anything else the server can still be read.
func FuzzControl(f *testing.F) {
	const login = `"operation":"infisical POST /api/v1/auth/universal-auth/login"`
	for _, s := range []struct{ method, path, body string }{
		{"GET", "/health", ""}, {"GET", "/info", ""}, {"GET", "/operations?provider=ocs", ""},
		{"GET", "/clock", ""}, {"POST", "/clock/advance", `{"by":"720h"}`}, {"POST", "/clock/advance", `{"by":1.5}`},
		{"POST", "/clock/set", `{"to":"2030-01-02T04:04:05+01:00"}`}, {"POST", "/clock/freeze", ""}, {"POST", "/clock/resume", "{}"},
		{"GET", "/faults", ""}, {"DELETE", "/faults", ""}, {"DELETE", "/faults/fault-1", ""},
		{"POST", "/faults", `{` + login + `,"status":500,"code":"a","message":"b","delay":"1ms","after":true,"skip":1,"times":2,"retryAfter":1.5}`},
		{"POST", "/faults", `{` + login + `,"drop":true,"silent":true,"always":true}`},
		{"POST", "/faults", `{"provider":"ocs","operation":"POST /identity/connect/token","truncate":true,"status":418,"undocumented":true}`},
		{"GET", "/journal?provider=ocs&operation=x&status=200&since=1&limit=2", ""}, {"GET", "/journal/1", ""}, {"DELETE", "/journal", ""},
		{"GET", "/journal/18446744073709551616", ""}, {"GET", "/journal/stream", ""},
		{"POST", "/reset", `{"seed":"s","contract":"live","settings":{"zitadel":{"lag":"5s"},"workos":{"rateLimit":1}}}`},
		{"POST", "/reset", `{"world":"seed: a\nclock: 2030-01-01T00:00:00Z\n"}`}, {"POST", "/reset", `{"world":{"ocs":{}}}`}, {"POST", "/reset", ""},
		{"GET", "/settings/workos", ""}, {"PATCH", "/settings/ocs", `{"propagation":"1h","strictRoles":true}`}, {"PATCH", "/settings/infisical", `{"rateLimit":1e300}`},
		{"GET", "/state", ""}, {"PUT", "/state", "{}"}, {"POST", "/sandboxes", `{"seed":"x"}`}, {"GET", "/sandboxes", ""}, {"DELETE", "/sandboxes/a", ""},
		{"POST", "/sandboxes", `{"world":{"ocs":{}},"contract":"live"}`}, {"PUT", "/../_understudy/clock", ""}, {"TRACE", "/health", ""}, {"POST", "/clock/advance", `{"by":"1h"}{"by":"2h"}`},
	} {
		f.Add(s.method, "/_understudy"+s.path, "Content-Type: application/json\r\n", s.body)
	}
	for _, target := range []string{
		"/~a/_understudy", "/~a/_understudy/clock", "/~a/ocs/x", "/~a%2fb/_understudy", "//_understudy/clock", "/_understudy", "/_understudy/",
		"/%5funderstudy/clock", "/infisical/../_understudy/clock", "/infisical/%2e%2e/_understudy/clock", "*", "http://evil.example/_understudy/clock",
	} {
		f.Add("PUT", target, "Host: infisical.a.sandbox.localhost\r\n", `{"seed":"a"}`)
		f.Add("GET", target, "Host: ocs\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n", "")
	}
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		srv := emulator.NewTest(t, everything(t, emulator.AllowUnknown())...)
		srv.Clock.Freeze()
		srv.Faults.Always(infisical.OpGetIdentity, fault.Drop())
		memory(srv, http.MethodPut, "/~a/_understudy", "Host: localhost\r\n", "")
		state, before := srv.Snapshot(), observed(t, srv)
		if !strings.Contains(header, "Host:") {
			header += "Host: localhost\r\n"
		}
		a, ok := memory(srv, method, target, header, body)
		if !ok {
			return
		}
		switch {
		case a.header.Get("X-Understudy-Entry") != "": // a provider's, which has targets of its own
		case a.status >= 500:
			t.Errorf("%d %s", a.status, a.body)
		case a.status >= 400:
			if method != http.MethodHead && !isProblem(a) {
				t.Errorf("the refusal is %d %s", a.status, a.body)
			}
			if after := observed(t, srv); !srv.Snapshot().Equal(state) || after != before {
				t.Errorf("the refusal %d %s has changed\n%s\nto\n%s", a.status, a.body, before, after)
			}
		case a.status >= 200:
			for _, path := range []string{"/info", "/clock", "/faults", "/journal", "/settings/ocs", "/operations", "/sandboxes"} {
				if a, _ := memory(srv, http.MethodGet, "/_understudy"+path, "Host: localhost\r\n", ""); a.status != http.StatusOK {
					t.Errorf("%s is answered %d %s", path, a.status, a.body)
				}
			}
		}
	})
}
