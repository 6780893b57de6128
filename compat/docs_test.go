package compat

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A block is what a page has between two fences.
type block struct {
	name       string // where it is
	kind, text string // the words after the opening fence, and what follows it
}

var (
	fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")
	port  = regexp.MustCompile(`:860([0-4])\b`)
)

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, at := range fence.FindAllSubmatchIndex(text, -1) {
		line := 1 + bytes.Count(text[:at[0]], []byte("\n"))
		all = append(all, block{fmt.Sprintf("%s:%d", filepath.Base(page), line), string(text[at[2]:at[3]]), string(text[at[4]:at[5]])})
	}
	return all
}

// TestDocs proves every block of the pages by what follows its fence:
//
//	go, js, … FILE             part of a file of the repository, which other tests run
//	sh .ci/run                 part of what CI runs; sh .ci/packages the same
//	sh                         runs, in one shell a page, against a server of its own
//	sh refused                 the same, and the last call is refused
//	sh serve                   runs until a server is ready
//	sh there                   runs against the server of the block before, in its folder
//	text                       what the last block before that prints anything does; … stands for anything
//	yaml compose, yaml actions the service is run, with the users' variables or steps
//	sh cluster                 not run: it needs a cluster
//
// What is told to use docker runs in the root directory of the image.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	d := docs{understudy: buildUnderstudy(t)}
	d.bin = filepath.Dir(d.understudy)
	d.docker(t)
	for _, page := range []string{"README.md", "packaging/npm/README.md", "packaging/python/README.md"} {
		pages = append(pages, filepath.Join(repository, page))
	}
	for _, page := range pages {
		page, err := filepath.Rel(repository, page)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(page, func(t *testing.T) { d.page(t, blocks(t, page)) })
	}
}

// docs is what the blocks are run with.
type docs struct {
	understudy, bin string // the command, and the folder that it is in
	engine          string // why docker cannot be stood in for, or ""
}

// docker makes a command that runs understudy in the image's root directory.
func (d *docs) docker(t *testing.T) {
	if chroot, err := exec.LookPath("chroot"); err != nil || os.Geteuid() != 0 {
		d.engine = fmt.Sprintf("only root can change the root directory (%v)", err)
		return
	} else if root := buildImage(t, readDockerfile(t)); exec.Command(chroot, "--userspec="+imageUser, root, "/understudy", "version").Run() != nil {
		d.engine = "chroot is not allowed here"
	} else {
		script := `#!/usr/bin/env bash
case $1 in
build | logs) exit 0 ;;
port) # of the container, outside
	echo "$UNDERSTUDY_LISTEN"
	exit
	;;
esac
if [ "$2" = -d ]; then
	shift 2
	"$0" run "$@" >/dev/null 2>&1 &
	echo understudy
	exit
fi
until [ "$1" = understudy ]; do shift; done # the image or the container
shift
[ "${1-}" = /understudy ] || set -- /understudy "$@"
exec env -i $(env | grep ^UNDERSTUDY_) ` + chroot + " --userspec=" + imageUser + " " + root + ` "$@"
`
		if err := os.WriteFile(filepath.Join(d.bin, "docker"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// shell makes a command in an empty folder. It finds the server at its gateway
// without being told, curl fails on refusals, and ports are the server's.
func (d *docs) shell(t *testing.T, gateway, script string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".curlrc"), []byte("fail-with-body\nsilent\nshow-error\nnoproxy=*\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script = strings.ReplaceAll(script, "go run ./cmd/understudy", "understudy") // which go run would build
	c := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", at(gateway, script))
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+d.bin+":"+os.Getenv("PATH"), "HOME="+dir, "CURL_HOME="+dir, listenName+"="+gateway)
	return c
}

// at has the ports of a gateway in the place of the default ones.
func at(gateway, text string) string {
	_, first, _ := net.SplitHostPort(gateway)
	n, _ := strconv.Atoi(first)
	return port.ReplaceAllStringFunc(text, func(s string) string { return ":" + strconv.Itoa(n+int(s[4]-'0')) })
}

// serve runs a script until the server that it starts is ready.
func (d *docs) serve(t *testing.T, gateway, script string, env ...string) *process {
	t.Helper()
	c := d.shell(t, gateway, script)
	c.Env = append(c.Env, env...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the shell's children with it
	p := start(t, c)
	t.Cleanup(func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
	p.until(func() bool {
		check := exec.Command(d.understudy, "healthcheck", "--listen", gateway)
		if check.Dir = c.Dir; strings.Contains(script, "--tls") {
			check.Args = append(check.Args, "--tls", "--ca", "understudy-ca.pem")
		}
		return check.Run() == nil
	})
	return p
}

// stop ends what serve has started and returns what it has printed.
func (p *process) stop() string {
	p.t.Helper()
	if err := syscall.Kill(-p.command.Process.Pid, syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
	return p.log.String()
}

func (d *docs) page(t *testing.T, all []block) {
	var script strings.Builder
	var shells []int
	printed := make([]string, len(all))
	gateway := freePorts(t)
	for i, b := range all {
		form := map[string]string{"sh": "%s\n", "sh refused": "if {\n%s\n}; then exit 1; fi\n"}[b.kind]
		if form != "" {
			fmt.Fprintf(&script, form+"printf '\\0'\n", strings.TrimSpace(b.text))
			shells = append(shells, i)
		}
	}
	if len(shells) > 0 {
		d.serve(t, gateway, "understudy")
		for i, out := range strings.Split(string(d.run(t, d.shell(t, gateway, script.String()))), "\x00")[:len(shells)] {
			printed[shells[i]] = out
		}
	}
	for i, b := range all {
		t.Run(b.name, func(t *testing.T) {
			language, proof, _ := strings.Cut(b.kind, " ")
			switch {
			case b.kind == "sh", b.kind == "sh refused", b.kind == "sh there" && printed[i] != "":
				t.Logf("%s", printed[i])
			case b.kind == "sh serve":
				if strings.Contains(b.text, "docker") && d.engine != "" {
					t.Skip(d.engine)
				}
				gateway := freePorts(t)
				p := d.serve(t, gateway, b.text)
				if i+1 < len(all) && all[i+1].kind == "sh there" {
					c := d.shell(t, gateway, all[i+1].text)
					c.Dir = p.command.Dir
					printed[i+1] = string(d.run(t, c))
				}
				printed[i] = p.stop()
			case language == "text":
				before := i - 1
				for before > 0 && printed[before] == "" {
					before--
				}
				matches(t, printed[before], b.text)
			case b.kind == "yaml compose":
				d.compose(t, b.text)
			case b.kind == "yaml actions":
				d.actions(t, b.text)
			case proof == "cluster":
				t.Skip("it needs a cluster; TestManifests and TestFleet prove what it applies")
			case slices.Contains([]string{"go", "java", "js", "nginx", "python", "yaml"}, language) && proof != "",
				language == "sh" && strings.HasPrefix(proof, "."):
				file, err := os.ReadFile(filepath.Join(repository, proof))
				if err != nil {
					t.Fatal(err)
				}
				if want := strings.TrimSpace(dedent(b.text)); want == "" || !strings.Contains(dedent(string(file)), want) {
					t.Errorf("this is no part of %s:\n%s", proof, b.text)
				}
			default:
				t.Errorf("nothing proves a block of the kind %q", b.kind)
			}
		})
	}
}

// dedent leaves the indentation out, which an excerpt may have less of.
func dedent(text string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(text, "")
}

func (d *docs) run(t *testing.T, c *exec.Cmd) []byte {
	t.Helper()
	var problems bytes.Buffer
	c.Stderr = &problems
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", c, err, out, &problems)
	}
	return out
}

// matches expects to find the lines somewhere in what was printed.
func matches(t *testing.T, printed, want string) {
	t.Helper()
	// The ports of the page are the default ones.
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want)), "…", ".*")
	pattern = regexp.MustCompile(`:860[0-4]\b`).ReplaceAllString(pattern, `:\d+`)
	if !regexp.MustCompile(pattern).MatchString(printed) {
		t.Errorf("it prints\n%s\nwant\n%s", printed, want)
	}
}

// A service is one of a Compose file or of a job.
type service struct {
	Image       string
	Ports       []string
	Environment map[string]string                     // of Compose
	Env         map[string]string                     // of a job's service
	DependsOn   map[string]struct{ Condition string } `json:"depends_on"`
}

// serveImage runs the image as a service does and returns its gateway.
func (d *docs) serveImage(t *testing.T, s service, env map[string]string) string {
	t.Helper()
	if d.engine != "" {
		t.Skip(d.engine)
	}
	for _, p := range s.Ports {
		if p != "127.0.0.1:8600-8604:8600-8604" && p != "8600-8604:8600-8604" {
			t.Errorf("the ports %s are not those that the image listens on", p)
		}
	}
	gateway := freePorts(t)
	var vars []string
	for name, value := range env {
		vars = append(vars, name+"="+value)
	}
	d.serve(t, gateway, "docker run understudy", vars...)
	d.run(t, d.shell(t, gateway, "docker exec understudy /understudy healthcheck")) // as the image's own check does
	return gateway
}

// compose runs the service understudy and gives the variables of the others to the
// SDK, which has to get in with them.
func (d *docs) compose(t *testing.T, text string) {
	var file struct{ Services map[string]service }
	decode(t, text, &file)
	understudy := file.Services["understudy"]
	if understudy.Image != "understudy" || len(file.Services) < 2 {
		t.Fatalf("services %+v", file.Services)
	}
	gateway := d.serveImage(t, understudy, understudy.Environment)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+gateway+"/_understudy/info", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "understudy:8600"
	if response, err := http.DefaultClient.Do(request); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("by the service's name: %v %v", response, err)
	}
	for name, user := range file.Services {
		if name == "understudy" {
			continue
		}
		if user.DependsOn["understudy"].Condition != "service_healthy" {
			t.Errorf("%s does not wait until understudy is ready", name)
		}
		vars := map[string]string{}
		for name, value := range user.Environment {
			vars[name] = at(gateway, strings.ReplaceAll(value, "//understudy:", "//127.0.0.1:"))
		}
		loggedIn(t, vars)
	}
}

// actions runs the service of a job, if it has one, and then its steps; that of the
// reader, ./test, is a login by its variables.
func (d *docs) actions(t *testing.T, text string) {
	var file struct {
		Jobs map[string]struct {
			Services map[string]service
			Steps    []struct {
				Uses, Run string
				With      map[string]string
			}
		}
	}
	decode(t, text, &file)
	for _, job := range file.Jobs {
		gateway := freePorts(t)
		if understudy, ok := job.Services["understudy"]; ok {
			if len(understudy.Ports) == 0 {
				t.Fatalf("job %+v", job)
			}
			gateway = d.serveImage(t, understudy, understudy.Env)
		}
		r := newRunner(t)
		test := `#!/bin/sh
curl -d "{\"clientId\":\"$INFISICAL_UNIVERSAL_AUTH_CLIENT_ID\",\"clientSecret\":\"$INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET\"}" \
	-H 'Content-Type: application/json' "$INFISICAL_HOST/api/v1/auth/universal-auth/login"
`
		if err := os.WriteFile(filepath.Join(r.dir, "test"), []byte(test), 0o755); err != nil {
			t.Fatal(err)
		}
		ran := 0
		for _, step := range job.Steps {
			switch {
			case strings.HasPrefix(step.Uses, "understudy-dev/understudy@"):
				if step.With["image"] == "" { // its release is this build, and its ports are free ones
					step.With["binary"], step.With["args"] = d.understudy, "--listen "+gateway
				} else if d.engine != "" {
					t.Skip(d.engine)
				} else {
					step.With["image"] = strings.ReplaceAll(step.With["image"], "${{ vars.UNDERSTUDY_IMAGE }}", "understudy")
				}
				r.extra = []string{"PATH=" + d.bin + ":" + os.Getenv("PATH"), listenName + "=" + gateway}
				r.start(step.With)
			case step.Run != "":
				ran++
				c := d.shell(t, gateway, strings.ReplaceAll(step.Run, "${{ job.services.understudy.id }}", "understudy"))
				c.Dir, c.Env = r.dir, append(c.Env, r.env()...)
				out := d.run(t, c)
				if step.Run == "./test" && !bytes.Contains(out, []byte(`"accessToken"`)) {
					t.Errorf("./test: %s", out)
				}
			}
		}
		if ran == 0 {
			t.Error("the job runs nothing")
		}
	}
}

func decode(t *testing.T, text string, out any) {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	fromYAML(t, object, out)
}
