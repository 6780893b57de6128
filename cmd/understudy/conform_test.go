package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/emulator/population"
)

// A service is one to hold Understudy against: Understudy, with something
// between.
type service struct {
	*httptest.Server
	world *emulator.Server
	calls atomic.Int32
}

// mutate is what a target does to an answer; body is the answer's, which it may
// replace.
type mutate func(r *http.Request, a *httptest.ResponseRecorder)

func newService(t *testing.T, provider string, change mutate, opts ...emulator.Option) *service {
	t.Helper()
	option, err := all.New(provider)
	if err != nil {
		t.Fatal(err)
	}
	world, err := emulator.New(append(option, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	handler := world.HandlerFor(option[0].(emulator.Provider))
	s := &service{world: world}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		a := httptest.NewRecorder()
		handler.ServeHTTP(a, r)
		if change != nil {
			change(r, a)
		}
		for name, values := range a.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	return s
}

func TestConformSame(t *testing.T) {
	for _, provider := range all.Names() {
		for _, contract := range []emulator.Contract{emulator.Documented, emulator.Live} {
			t.Run(provider+" "+contract.String(), func(t *testing.T) {
				t.Parallel()
				s := newService(t, provider, nil, emulator.WithContract(contract))
				o := understudy(t, "conform", provider, "--target", s.URL, "--contract", contract.String())
				o.check(t, 0, "calls: 0 differences, 0 of them explained\n", "")
			})
		}
	}
}

// A service that is live where it differs from its page is told by the row.
func TestConformExplains(t *testing.T) {
	s := newService(t, "workos", nil, emulator.WithContract(emulator.Live))
	file := filepath.Join(t.TempDir(), "report")
	o := understudy(t, "conform", "workos", "--target", s.URL, "--report", file+".md")
	o.check(t, 0, "explained  conform-client-secrets:", "")
	if text, err := os.ReadFile(file + ".md"); err != nil || !strings.HasPrefix(string(text), "# workos at http://") {
		t.Errorf("%s, %v", text, err)
	}
}

// One line of the target is changed at a time: it is found, and nothing else is.
func TestConformMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("compares one call after the other")
	}
	at := func(method, path string) func(*http.Request) bool {
		pattern := regexp.MustCompile("^" + path + "$")
		return func(r *http.Request) bool { return r.Method == method && pattern.MatchString(r.URL.Path) }
	}
	const id = "[0-9a-f-]{36}"
	var (
		secrets = "/api/v1/auth/universal-auth/identities/" + id + "/client-secrets"
		create  = at("POST", secrets)
		list    = at("GET", secrets)
		login   = at("POST", "/api/v1/auth/universal-auth/login")
	)
	status := func(from, to int) mutate {
		return func(_ *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == from {
				a.Code = to
			}
		}
	}
	text := func(pattern, to string) mutate {
		find := regexp.MustCompile(pattern)
		return func(_ *http.Request, a *httptest.ResponseRecorder) {
			body := find.ReplaceAllString(a.Body.String(), to)
			a.Body = bytes.NewBufferString(body)
		}
	}
	header := func(name, value string) mutate {
		return func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set(name, value) }
	}
	for name, c := range map[string]struct {
		on     func(*http.Request) bool
		change mutate
		want   string
		// follows is what else it leads to: a credential that was changed on the way
		// does not work.
		follows string
	}{
		"a status of success":        {create, status(200, 201), ": status: target 201, Understudy 200 (", ""},
		"a status of a refusal":      {create, status(422, 400), ": status: target 400, Understudy 422 (", ""},
		"a member more":              {create, text(`"clientSecretPrefix"`, `"color":"red","clientSecretPrefix"`), "/clientSecretData/color: target has it, Understudy nothing", ""},
		"a member less":              {create, text(`,"clientSecretNumUses":0`, ``), "/clientSecretData/clientSecretNumUses: target nothing, Understudy has it", ""},
		"a member renamed":           {create, text(`"clientSecretTTL"`, `"ttl"`), "/clientSecretData/", ""},
		"the order of members":       {create, text(`"clientSecretNumUses":0,"clientSecretNumUsesLimit":(\d)`, `"clientSecretNumUsesLimit":$1,"clientSecretNumUses":0`), "/clientSecretData order: ", ""},
		"a number as a text":         {create, text(`"clientSecretTTL":(\d+)`, `"clientSecretTTL":"$1"`), "/clientSecretData/clientSecretTTL: target a text, Understudy a number", ""},
		"another number":             {login, text(`"expiresIn":3600`, `"expiresIn":7200`), "/expiresIn: target 7200, Understudy 3600", ""},
		"null for an empty text":     {create, text(`"description":""`, `"description":null`), "/clientSecretData/description: target null, Understudy a text", ""},
		"a truth":                    {create, text(`"isClientSecretRevoked":false`, `"isClientSecretRevoked":true`), "/clientSecretData/isClientSecretRevoked: target true, Understudy false", ""},
		"a text that was sent":       {create, text(`"description":"one use"`, `"description":"  one use\n"`), "/clientSecretData/description: ", ""},
		"the format of a time":       {create, text(`\.\d{3}Z"`, `Z"`), "At: target <time 00:00:00Z>, Understudy <time 00:00:00.000Z>", ""},
		"the length of a secret":     {create, text(`"clientSecret":"[0-9a-f]{32}`, `"clientSecret":"`), "/clientSecret: target <32 hexadecimal digits>, Understudy <64 hexadecimal digits>", "/login: status: target 401, Understudy 200"},
		"the format of an id":        {create, text(`"identityUAId":"[^"]*"`, `"identityUAId":"17"`), "/clientSecretData/identityUAId: target 17, Understudy <uuid>", ""},
		"a message":                  {login, text(`Invalid credentials`, `Wrong secret`), "/message: target Wrong secret, Understudy Invalid credentials", ""},
		"an error's name":            {login, text(`UnauthorizedError`, `Unauthorized`), "/error: target Unauthorized, Understudy UnauthorizedError", ""},
		"the content type":           {list, header("Content-Type", "text/plain"), ": header Content-Type: target text/plain, Understudy application/json; charset=utf-8", ""},
		"what may be cached":         {create, header("Cache-Control", "max-age=60"), ": header Cache-Control: target max-age=60, Understudy ", ""},
		"a list shorter":             {list, text(`"clientSecretData":\[.+\]`, `"clientSecretData":[]`), "/clientSecretData length: target 0, Understudy ", ""},
		"a claim of a token":         {login, text(`"accessToken":"[^"]*"`, `"accessToken":"eyJhbGciOiJIUzI1NiJ9.e30.x"`), "/accessToken/", "/token/renew: status: target 403, Understudy 200"},
		"a body that is no JSON":     {list, text(`^\{`, `<`), ": body: target <", ""},
		"a refusal that is not made": {login, status(401, 200), ": status: target 200, Understudy 401 (", ""},
		"a bound that is not kept": {create, func(r *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == http.StatusUnprocessableEntity {
				a.Code = http.StatusOK
			}
		}, ": status: target 200, Understudy 422 (", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, "infisical", func(r *http.Request, a *httptest.ResponseRecorder) {
				if c.on(r) {
					c.change(r, a)
				}
			})
			o := understudy(t, "conform", "infisical", "--target", s.URL)
			if o.status != exitDiffers {
				t.Fatalf("status %d\n%s%s", o.status, o.out, o.errors)
			}
			found := 0
			for line := range strings.Lines(o.out) {
				switch {
				case strings.Contains(line, c.want):
					found++
				case strings.HasPrefix(line, "differs") && (c.follows == "" || !strings.Contains(line, c.follows)):
					t.Errorf("%s, want only %s", line, c.want)
				}
			}
			if found == 0 {
				t.Errorf("%s\nhas no %s", o.out, c.want)
			}
			if strings.Contains(o.out, "left there") {
				t.Error(o.out)
			}
		})
	}
}

// A target that cannot be used ends it with a clear word, and what was made is
// removed or told.
func TestConformUnusable(t *testing.T) {
	after := func(n int32, s **service, change mutate) mutate {
		return func(r *http.Request, a *httptest.ResponseRecorder) {
			if (*s).calls.Load() > n && r.Method != http.MethodDelete {
				change(r, a)
			}
		}
	}
	for name, c := range map[string]struct {
		change mutate
		want   string
	}{
		"500": {func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = 500 }, "is answered 500"},
		"429": {func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Code = 429
			a.Header().Set("Retry-After", "0")
		}, "is answered 429"},
		"closed": {func(*http.Request, *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s *service
			s = newService(t, "infisical", func(r *http.Request, a *httptest.ResponseRecorder) { after(5, &s, c.change)(r, a) })
			before := identities(t, s)
			file := filepath.Join(t.TempDir(), "report.xml")
			o := understudy(t, "conform", "infisical", "--target", s.URL, "--report", file)
			o.check(t, exitUnusable, "ended early: conform-", c.want)
			if after := identities(t, s); after != before {
				t.Errorf("%d identities, %d before:\n%s", after, before, o.out)
			}
			var suite struct {
				Errors int `xml:"errors,attr"`
			}
			if text, err := os.ReadFile(file); err != nil || xml.Unmarshal(text, &suite) != nil || suite.Errors != 1 {
				t.Errorf("%s, %v", text, err)
			}
		})
	}
	t.Run("nothing can be removed", func(t *testing.T) {
		t.Parallel()
		var s *service
		s = newService(t, "infisical", func(_ *http.Request, a *httptest.ResponseRecorder) {
			if s.calls.Load() > 5 {
				a.Code = 500
			}
		})
		understudy(t, "conform", "infisical", "--target", s.URL).check(t, exitUnusable, "left there DELETE /api/v1/identities/", "cannot be used")
	})
	t.Run("interrupted while the target hangs", func(t *testing.T) {
		t.Parallel()
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		var s *service
		s = newService(t, "infisical", func(r *http.Request, _ *httptest.ResponseRecorder) {
			if s.calls.Load() == 5 {
				interrupt()
				<-r.Context().Done()
			}
		})
		before := identities(t, s)
		var out, errs bytes.Buffer
		if status := run(ctx, []string{"conform", "infisical", "--target", s.URL}, &out, &errs); status != exitUnusable {
			t.Errorf("status %d: %s%s", status, &out, &errs)
		}
		if after := identities(t, s); after != before {
			t.Errorf("%d identities, %d before", after, before)
		}
	})
	understudy(t, "conform", "infisical").check(t, exitUsage, "", "--target")
	understudy(t, "conform", "infisical", "--target", "here").check(t, exitUsage, "", "an http or https address")
	understudy(t, "conform", "infsical", "--target", "http://127.0.0.1:1").check(t, exitUsage, "", "did you mean infisical?")
	understudy(t, "conform", "infisical", "--target", "http://127.0.0.1:1").check(t, exitUnusable, "ended early", "refused")
}

func identities(t *testing.T, s *service) int { return len(rows(t, s)["infisical/identity"]) }

// rows are those of the service's state, by table and key.
func rows(t *testing.T, s *service) map[string]map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	s.world.Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/_understudy/state", nil))
	var state struct {
		Providers map[string]struct {
			Tables map[string][]struct {
				Key   any
				Value json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &state); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]string{}
	for provider, p := range state.Providers {
		for table, rows := range p.Tables {
			byKey := map[string]string{}
			for _, row := range rows {
				byKey[fmt.Sprint(row.Key)] = string(row.Value)
			}
			found[provider+"/"+table] = byKey
		}
	}
	return found
}

// notes are tables in which the emulator keeps what it has given out, of whomever.
var notes = []string{"infisical/issued token", "infisical/revocation", "ocs/issued token", "workos/issued token", "workos/tick", "zitadel/last id"}

// What others have at the service stays as it is, and nothing is left there.
func TestConformTouchesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("compares one call after the other")
	}
	for _, provider := range all.Names() {
		t.Run(provider, func(t *testing.T) {
			s := newService(t, provider, nil, population.Of(1000))
			before := rows(t, s)
			understudy(t, "conform", provider, "--target", s.URL).check(t, 0, "0 differences", "")
			n := 0
			after := rows(t, s)
			for table, rows := range before {
				if slices.Contains(notes, table) {
					continue
				}
				for key, value := range rows {
					n++
					if after[table][key] != value {
						t.Errorf("%s %s was %s, is %s", table, key, value, after[table][key])
					}
				}
			}
			for table, rows := range after {
				if slices.Contains(notes, table) {
					continue
				}
				for key, value := range rows {
					if before[table][key] == "" {
						t.Errorf("%s %s was not there: %s", table, key, value)
					}
				}
			}
			if n < 1000 {
				t.Errorf("%d rows of others", n)
			}
		})
	}
}
