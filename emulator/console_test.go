package emulator_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// A browser's Accept header.
const accepts = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// visit makes a request as a page's visitor does, with the given Accept header.
func visit(t *testing.T, method, url, accept string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	got, err := send(http.DefaultClient, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestConsoleServed finds the page where people look for it, and programs what they
// had there.
func TestConsoleServed(t *testing.T) {
	srv := emulator.NewTest(t, infisical.New(), emulator.AllowUnknown())
	ct := controlOf(srv)
	ct.call(t, "POST", "/sandboxes", "", http.StatusCreated) // s1
	for _, c := range []struct{ path, accept, files, sandbox string }{
		{"/", accepts, "_understudy/console/", ""},
		{"/", "text/html", "_understudy/console/", ""},
		{"/_understudy", accepts, "_understudy/console/", ""},
		{"/_understudy/", accepts, "console/", ""},
		{"/~s1/", accepts, "_understudy/console/", "s1"},
		{"/~s1", accepts, "~s1/_understudy/console/", "s1"},
		{"/~s1/_understudy/", accepts, "console/", "s1"},
		// Not for people.
		{"/", "*/*", "", ""},
		{"/", "application/json", "", ""},
		{"/", "text/html;q=0, application/json", "", ""},
		{"/_understudy/", "*/*", "", ""},
		{"/~s1/", "application/json", "", ""},
		{"/~s9/", accepts, "", ""},
		{"/_understudy/info", accepts, "", ""},
		{"/infisical/", accepts, "", ""},
		{"/nowhere", accepts, "", ""},
	} {
		t.Run(c.path+" "+c.accept, func(t *testing.T) {
			got := visit(t, "GET", srv.URL()+c.path, c.accept)
			if isPage := strings.HasPrefix(got.header.Get("Content-Type"), "text/html"); isPage != (c.files != "") {
				t.Fatalf("status %d, %s: %s", got.status, got.header.Get("Content-Type"), got.body)
			}
			if c.files == "" {
				return
			}
			if got.status != http.StatusOK || !strings.Contains(got.body, `src="`+c.files+`app.js"`) || !strings.Contains(got.body, `data-sandbox="`+c.sandbox+`"`) {
				t.Errorf("status %d: %s", got.status, got.body)
			}
			head := visit(t, "HEAD", srv.URL()+c.path, c.accept)
			if head.status != got.status || head.body != "" || head.length != int64(len(got.body)) || head.header.Get("Content-Type") != got.header.Get("Content-Type") {
				t.Errorf("HEAD: status %d, length %d, %q", head.status, head.length, head.body)
			}
			for _, name := range []string{"app.js", "console.css", "icon.svg"} {
				folder := c.path[:strings.LastIndex(c.path, "/")+1]
				if file := visit(t, "GET", srv.URL()+folder+c.files+name, "*/*"); file.status != http.StatusOK {
					t.Errorf("%s: status %d", name, file.status)
				}
			}
		})
	}
	for path, want := range map[string]string{
		"/":             "the gateway serves /infisical/, /_understudy/; / is none of them",
		"/_understudy/": `"gateway":"` + srv.URL() + `"`,
		"/~s1/":         "is none of them",
	} {
		if got := visit(t, "GET", srv.URL()+path, "*/*"); !strings.Contains(got.body, want) || !strings.Contains(got.header.Get("Content-Type"), "json") {
			t.Errorf("%s for a program: %s", path, got.body)
		}
	}
	if got := visit(t, "POST", srv.URL()+"/", accepts); got.status != http.StatusNotFound {
		t.Errorf("POST /: status %d", got.status)
	}
	if got := visit(t, "GET", srv.URL()+"/_understudy/console/nothing.js", "*/*"); got.status != http.StatusNotFound {
		t.Errorf("a file that is none: status %d", got.status)
	} else {
		wantProblem(t, got)
	}
}

// TestConsolePolicy holds every file of the console to the policy: own files, own
// server, nothing inline, and no frame.
func TestConsolePolicy(t *testing.T) {
	srv := emulator.NewTest(t, infisical.New())
	const static = "../internal/console/static"
	paths := map[string]string{"/": "text/html; charset=utf-8"}
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	lines := 0
	err := filepath.WalkDir("../internal/console", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) == ".go" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		lines += strings.Count(string(text), "\n")
		if filepath.Dir(name) == filepath.FromSlash(static) {
			paths["/_understudy/console/"+filepath.Base(name)] = types[filepath.Ext(name)]
		}
		for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "<style", "style=", " onclick=", "https://"} {
			if strings.Contains(string(text), never) {
				t.Errorf("%s has %s", name, never)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines > 2000 {
		t.Errorf("the console has %d lines, more than can be read in one sitting", lines)
	}
	if len(paths) < 10 {
		t.Errorf("only %d files", len(paths))
	}
	for path, mediaType := range paths {
		got := visit(t, "GET", srv.URL()+path, accepts)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != mediaType {
			t.Errorf("%s: status %d, type %q", path, got.status, got.header.Get("Content-Type"))
		}
		policy := got.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, got.header)
		}
		if tag := got.header.Get("ETag"); visit(t, "GET", srv.URL()+path, accepts, "If-None-Match", tag).status != http.StatusNotModified {
			t.Errorf("%s is sent again to who has it", path)
		}
	}
}

// TestConsoleGuarded keeps the console behind the guard, and out where the control
// API is.
func TestConsoleGuarded(t *testing.T) {
	srv := emulator.NewTest(t, infisical.New())
	for _, path := range []string{"/", "/_understudy/", "/_understudy/console/app.js"} {
		got := visit(t, "GET", srv.URL()+path, accepts, "Host", "rebound.example")
		if got.status != http.StatusForbidden {
			t.Errorf("%s for another site's name: status %d", path, got.status)
			continue
		}
		wantProblem(t, got)
	}
	for _, path := range []string{"/clock/freeze", "/sandboxes", "/reset"} {
		got := visit(t, "POST", srv.URL()+"/_understudy"+path, "*/*", "Origin", "http://page.example", "Sec-Fetch-Site", "cross-site")
		if got.status != http.StatusForbidden {
			t.Errorf("POST %s from another origin's page: status %d", path, got.status)
		}
	}
	if got := visit(t, "GET", srv.URL()+"/_understudy/journal", "*/*", "Origin", "http://page.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a page of another origin may read the journal")
	}

	plain := emulator.NewTest(t, infisical.New(), emulator.WithoutControl())
	for _, path := range []string{"/", "/_understudy/", "/_understudy/console/app.js"} {
		if got := visit(t, "GET", plain.URL()+path, accepts); got.status != http.StatusNotFound || !strings.Contains(got.header.Get("Content-Type"), "problem+json") {
			t.Errorf("%s without control: status %d, %s", path, got.status, got.header.Get("Content-Type"))
		}
	}
}

// TestInfoForPeople reads what the control API's info adds for the console.
func TestInfoForPeople(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	p := decode[emulator.Info](t, controlOf(srv).call(t, "GET", "/info", "", http.StatusOK).body).Providers["infisical"]
	if p.Env["INFISICAL_API_URL"] != inf.URL()+"/api" || p.Env["INFISICAL_TOKEN"] != p.Credentials["accessToken"] {
		t.Errorf("env %v", p.Env)
	}
	if !strings.HasPrefix(p.Example, "curl ") || !strings.Contains(p.Example, inf.URL()) || !strings.Contains(p.Example, p.Credentials["clientSecret"]) {
		t.Errorf("example %s", p.Example)
	}
}
