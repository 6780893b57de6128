package compat

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// A runner takes the steps of action.yml as GitHub's does: inputs come as variables,
// and what a step tells the later ones comes by files.
type runner struct {
	t      *testing.T
	dir    string   // the job's folder
	extra  []string // further variables of the machine
	action struct {
		Inputs map[string]struct {
			Default  string
			Required bool
		}
		Runs struct {
			Main, Post string
			PostIf     string `json:"post-if"`
		}
	}
}

func newRunner(t *testing.T) *runner {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skipf("the action needs Node.js: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(repository, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{t: t, dir: t.TempDir()}
	decode(t, string(text), &r.action)
	return r
}

// step runs one of the action's programs and returns what it prints.
func (r *runner) step(program string, env ...string) (string, error) {
	r.t.Helper()
	path, err := filepath.Abs(filepath.Join(repository, program))
	if err != nil {
		r.t.Fatal(err)
	}
	c := exec.CommandContext(r.t.Context(), "node", path)
	c.Dir = r.dir
	c.Env = append(append(os.Environ(), "RUNNER_TEMP="+r.dir), append(r.extra, env...)...)
	for _, file := range []string{"ENV", "OUTPUT", "STATE"} {
		c.Env = append(c.Env, "GITHUB_"+file+"="+filepath.Join(r.dir, file))
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := c.CombinedOutput()
	r.t.Cleanup(func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM) })
	return string(out), err
}

// begin runs the action's main step.
func (r *runner) begin(with map[string]string) (string, error) {
	r.t.Helper()
	var env []string
	for name, input := range r.action.Inputs {
		value, given := with[name]
		if !given && input.Required {
			r.t.Errorf("the input %s is required", name)
		}
		if !given {
			value = input.Default
		}
		env = append(env, "INPUT_"+strings.ToUpper(name)+"="+value)
	}
	for name := range with {
		if _, ok := r.action.Inputs[name]; !ok {
			r.t.Errorf("the action has no input %s", name)
		}
	}
	return r.step(r.action.Runs.Main, env...)
}

// start is begin, and has to succeed. The server ends with the test, as with a job.
func (r *runner) start(with map[string]string) {
	r.t.Helper()
	out, err := r.begin(with)
	r.t.Cleanup(r.endJob)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
	r.t.Logf("%s", out)
}

// endJob ends what still runs in the job's folder, as the runner does with orphans.
func (r *runner) endJob() {
	processes, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range processes {
		environ, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(environ, []byte("RUNNER_TEMP="+r.dir+"\x00")) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/environ", &pid); err == nil {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
	}
}

// told reads what steps have written to one of the files.
func (r *runner) told(file string) map[string]string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, file))
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	values := map[string]string{}
	for lines := strings.Split(string(text), "\n"); len(lines) > 1; lines = lines[1:] {
		if name, end, ok := strings.Cut(lines[0], "<<"); ok {
			var value []string
			for lines = lines[1:]; lines[0] != end; lines = lines[1:] {
				value = append(value, lines[0])
			}
			values[name] = strings.Join(value, "\n")
		} else if name, value, ok := strings.Cut(lines[0], "="); ok {
			values[name] = value
		} else {
			r.t.Fatalf("%s: %q", file, lines[0])
		}
	}
	return values
}

// env is what the later steps of the job have in their environment.
func (r *runner) env() []string {
	env := []string{"GITHUB_ENV=" + filepath.Join(r.dir, "ENV")}
	for name, value := range r.told("ENV") {
		env = append(env, name+"="+value)
	}
	return env
}

// TestAction takes the action's steps with a program, and with the release that it
// downloads. With the image it is taken by the page's block.
func TestAction(t *testing.T) {
	understudy := buildUnderstudy(t)

	t.Run("program", func(t *testing.T) {
		r := newRunner(t)
		r.start(map[string]string{"providers": "infisical workos", "binary": understudy, "args": "--listen 127.0.0.1:0 --seed ci"})
		vars := r.told("ENV")
		loggedIn(t, vars)
		if vars["WORKOS_API_KEY"] == "" || vars["ZITADEL_API_URL"] != "" {
			t.Errorf("not the variables of infisical and workos: %v", vars)
		}
		gateway := r.told("OUTPUT")["gateway"]
		response, err := http.Post(vars["INFISICAL_HOST"]+"/api/v1/auth/universal-auth/login", "application/json",
			strings.NewReader(`{"clientId":"`+vars["INFISICAL_UNIVERSAL_AUTH_CLIENT_ID"]+`","clientSecret":"wrong"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()

		if r.action.Runs.PostIf != "failure()" {
			t.Errorf("the last step runs if %s", r.action.Runs.PostIf)
		}
		said, err := r.step(r.action.Runs.Post, "STATE_gateway="+r.told("STATE")["gateway"])
		if err != nil || !strings.Contains(said, "refused 1 of 2 calls:") ||
			!strings.Contains(said, "infisical POST /api/v1/auth/universal-auth/login: 401: ") {
			t.Errorf("%v: at %s the last step says\n%s", err, gateway, said)
		}
	})

	t.Run("release", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("the program of this build is one for Linux")
		}
		name := "understudy_linux_" + runtime.GOARCH + ".tar.gz"
		archive := tarball(t, understudy)
		sums := fmt.Sprintf("%x  %s\n", sha256.Sum256(archive), name)
		releases := map[string][]byte{
			"/understudy-dev/understudy/releases/download/v1.2.3/" + name:       archive,
			"/understudy-dev/understudy/releases/download/v1.2.3/checksums.txt": []byte(sums),
			"/understudy-dev/understudy/releases/latest/download/" + name:       archive[:len(archive)-1],
			"/understudy-dev/understudy/releases/latest/download/checksums.txt": []byte(sums),
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			content, ok := releases[r.URL.Path]
			if !ok {
				http.NotFound(w, r)
			}
			_, _ = w.Write(content)
		}))
		defer server.Close()

		r := newRunner(t)
		r.extra = []string{"GITHUB_SERVER_URL=" + server.URL, "GITHUB_ACTION_REPOSITORY=understudy-dev/understudy", "GITHUB_ACTION_REF=v1"}
		with := map[string]string{"providers": "infisical", "args": "--listen 127.0.0.1:0"}
		if out, err := r.begin(with); err == nil || !strings.Contains(out, "is not what checksums.txt") {
			t.Errorf("a damaged archive: %v\n%s", err, out)
		}
		with["version"] = "v9.9.9"
		if out, err := r.begin(with); err == nil || !strings.Contains(out, "404") {
			t.Errorf("a release that is not there: %v\n%s", err, out)
		}
		with["version"] = "v1.2.3"
		r.start(with)
		loggedIn(t, r.told("ENV"))
	})

	t.Run("a program that does not start", func(t *testing.T) {
		r := newRunner(t)
		out, err := r.begin(map[string]string{"providers": "infisical", "binary": understudy, "args": "--no-such-flag"})
		if err == nil || !strings.Contains(out, "no-such-flag") {
			t.Errorf("%v\n%s", err, out)
		}
		if out, err := r.step(r.action.Runs.Post); err != nil || out != "" {
			t.Errorf("the last step: %v\n%s", err, out)
		}
	})
}

// tarball packs a program as a release has it.
func tarball(t *testing.T, program string) []byte {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	fast, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	archive := tar.NewWriter(fast)
	if err := archive.WriteHeader(&tar.Header{Name: "understudy", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := fast.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestJava runs the page's program.
func TestJava(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		t.Skip(err)
	}
	_, info := serve(t, buildUnderstudy(t))
	infisical := info.Providers["infisical"]
	c := exec.CommandContext(t.Context(), java, filepath.Join(repository, "docs/java/Rotation.java"))
	c.Env = append(os.Environ(),
		"UNDERSTUDY_CONTROL="+info.Control,
		"INFISICAL_HOST="+infisical.URL,
		"INFISICAL_UNIVERSAL_AUTH_CLIENT_ID="+infisical.Credentials["clientId"],
		"INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET="+infisical.Credentials["clientSecret"])
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "new secret: 200\nan hour later: 401\n") || !strings.Contains(string(out), "expired") {
		t.Errorf("%v\n%s", err, out)
	}
}
