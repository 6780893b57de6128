package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/report"
)

// outcome is what a run leaves.
type outcome struct {
	status      int
	out, errors string
}

// understudy runs the command with everything it has to be told.
func understudy(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	status := run(ctx, args, &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

func (o outcome) check(t *testing.T, status int, out, errors string) {
	t.Helper()
	if o.status != status || !strings.Contains(o.out, out) || !strings.Contains(o.errors, errors) ||
		out == "" && o.out != "" || errors == "" && o.errors != "" {
		t.Errorf("status %d, want %d\nout    %q, want %q\nerrors %q, want %q", o.status, status, o.out, out, o.errors, errors)
	}
}

// A serving is a server that runs until it is stopped.
type serving struct {
	info control.Info
	stop func() outcome
}

// serve starts a server on free ports and waits until it is ready.
func serve(t *testing.T, args ...string) serving {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan outcome, 1)
	go func() {
		var stdout, stderr bytes.Buffer
		status := run(ctx, append([]string{"serve", "--ready-file", ready}, args...), &stdout, &stderr)
		ended <- outcome{status, stdout.String(), stderr.String()}
	}()
	stop := func() outcome {
		cancel()
		o := <-ended
		ended <- o
		return o
	}
	t.Cleanup(func() { stop() })
	for range 500 {
		if text, err := os.ReadFile(ready); err == nil {
			var info control.Info
			if err := json.Unmarshal(text, &info); err != nil {
				t.Fatal(err)
			}
			return serving{info, stop}
		}
		select {
		case o := <-ended:
			ended <- o
			t.Fatalf("the server ended before it was ready: %+v", o)
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatal("the server is not ready")
	return serving{}
}

func TestVersion(t *testing.T) {
	understudy(t, "version").check(t, 0, control.Version()+"\n", "")
	understudy(t, "--version").check(t, 0, control.Version()+"\n", "")
}

func TestMistakes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("seed: a\nsed: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	running := serve(t, "--listen", "127.0.0.1:0")
	free := []string{"serve", "--listen", "127.0.0.1:0"}
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"serve", "--nope"}, "unknown flag --nope"},
		{"unknown command", []string{"nope"}, `there is no command "nope"; there are serve`},
		{"misspelt command", []string{"serv"}, `there is no command "serv"; did you mean serve?`},
		{"misspelt provider", append(free, "--provider", "infisicl"), `there is no provider "infisicl"; did you mean infisical?`},
		{"misspelt setting", append(free, "--set", "infisical.rateLimits=1"), `infisical has no setting "rateLimits"; did you mean rateLimit?`},
		{"misspelt provider of env", []string{"env", "zitadl", "--listen", "127.0.0.1:1"}, `there is no provider "zitadl"; did you mean zitadel?`},
		{"bad setting form", append(free, "--set", "rateLimit=1"), "--set rateLimit=1 is not of the form PROVIDER.NAME=VALUE"},
		{"bad setting", append(free, "--set", "infisical.rateLimit=many"), `infisical.rateLimit: strconv.Atoi: parsing "many"`},
		{"unknown setting", append(free, "--set", "infisical.rate=1"), `infisical has no setting "rate"`},
		{"unknown provider", append(free, "--provider", "nobody"), `there is no provider "nobody"; there are infisical`},
		{"bad contract", append(free, "--contract", "both"), `--contract must be one of "documented","live",""`},
		{"no such world", append(free, "--world", "no-such-file.yaml"), "no-such-file.yaml"},
		{"bad world", append(free, "--world", bad), "world file, line 2: /sed: unknown sed"},
		{"bad address", []string{"serve", "--listen", "here"}, "missing port in address"},
		{"port taken", []string{"serve", "--listen", taken.Addr().String()}, "another program has that port"},
		{"port of an understudy", []string{"serve", "--listen", strings.TrimPrefix(running.info.Gateway, "http://")}, "an understudy " + control.Version() + " listens there already"},
		{"ready file in no folder", append(free, "--ready-file", filepath.Join(t.TempDir(), "no", "ready")), "ready file: "},
		{"no server", []string{"healthcheck", "--listen", "127.0.0.1:1"}, "connection refused"},
		{"env without a provider", []string{"env"}, "<provider>"},
		{"env of no provider", []string{"env", "nobody", "--listen", "127.0.0.1:1"}, `there is no provider "nobody"`},
		{"env of no server", []string{"env", "infisical", "--url", "http://127.0.0.1:1"}, "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			understudy(t, test.args...).check(t, 1, "", test.want)
		})
	}
}

func TestHelp(t *testing.T) {
	understudy(t, "--help").check(t, 0, "Usage: understudy", "")
	understudy(t, "serve", "--help").check(t, 0, "--ready-file=FILE", "")
}

func TestServe(t *testing.T) {
	s := serve(t, "--listen", "127.0.0.1:0", "--seed", "cmd")
	understudy(t, "healthcheck", "--url", s.info.Gateway).check(t, 0, "", "")
	address := strings.TrimPrefix(s.info.Gateway, "http://")
	understudy(t, "healthcheck", "--listen", address).check(t, 0, "", "")
	infisical := s.info.Providers["infisical"]
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, infisical.URL+"/api/v1/identities/details", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+infisical.Credentials["accessToken"])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the ready file's credentials: %s", response.Status)
	}

	// A cancelled context is what a signal becomes.
	o := s.stop()
	o.check(t, 0, "gateway    "+s.info.Gateway, "status=200")
	for _, line := range []string{"control    " + s.info.Control, "infisical  " + infisical.URL, "  clientSecret " + infisical.Credentials["clientSecret"]} {
		if !strings.Contains(o.out, line) {
			t.Errorf("the banner lacks %q:\n%s", line, o.out)
		}
	}
	if strings.Contains(o.out, infisical.Credentials["accessToken"]) {
		t.Error("the banner has a whole token")
	}
	understudy(t, "healthcheck", "--url", s.info.Gateway).check(t, 1, "", "understudy serve starts one")
}

// TestWorldRoundTrip serves what understudy world prints.
func TestWorldRoundTrip(t *testing.T) {
	printed := understudy(t, "world", "--seed", "round")
	printed.check(t, 0, "seed: round\n", "")
	file := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(file, []byte(printed.out), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--listen", "127.0.0.1:0", "--world", file, "--log-level", "off")
	for name, value := range s.info.Providers["infisical"].Credentials {
		if !strings.Contains(printed.out, "#   "+name+": "+value+"\n") {
			t.Errorf("%s is %q, which was not printed:\n%s", name, value, printed.out)
		}
	}
	s.stop().check(t, 0, "gateway", "")
}

func TestEnv(t *testing.T) {
	s := serve(t, "--listen", "127.0.0.1:0", "--seed", "running", "--log-level", "off")
	p := s.info.Providers["infisical"]
	want := map[string]string{
		"INFISICAL_HOST": p.URL, "INFISICAL_API_URL": p.URL + "/api", "INFISICAL_DOMAIN": p.URL + "/api", "INFISICAL_TOKEN": p.Credentials["accessToken"],
		"INFISICAL_UNIVERSAL_AUTH_CLIENT_ID": p.Credentials["clientId"], "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET": p.Credentials["clientSecret"],
	}
	for _, format := range []string{"export", "dotenv", "json"} {
		o := understudy(t, "env", "infisical", "--format", format, "--url", s.info.Gateway)
		o.check(t, 0, "INFISICAL_HOST", "")
		got := map[string]string{}
		if format == "json" {
			if err := json.Unmarshal([]byte(o.out), &got); err != nil {
				t.Fatal(err)
			}
		} else {
			for line := range strings.Lines(o.out) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				if format == "export" {
					name, value = strings.TrimPrefix(name, "export "), strings.Trim(value, "'")
				}
				got[name] = value
			}
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: %s is %q, want %q", format, name, got[name], value)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s prints %v", format, got)
		}
	}
	understudy(t, "env", "infisical", "--format", "xml").check(t, 1, "", `--format must be one of "export","dotenv","json"`)

	// Without a server it is the default world's.
	understudy(t, "env", "infisical", "--format", "dotenv", "--listen", "127.0.0.1:1").check(t, 0, "INFISICAL_HOST=http://127.0.0.1:2\n", "no server answers")
}

// TestSupportedIsUpToDate keeps the file and the code together.
func TestSupportedIsUpToDate(t *testing.T) {
	file, err := os.ReadFile("../../SUPPORTED.md")
	if err != nil {
		t.Fatal(err)
	}
	if o := understudy(t, "supported"); o.status != 0 || o.out != string(file) {
		t.Errorf("SUPPORTED.md is not what understudy supported prints; go run ./cmd/understudy supported >SUPPORTED.md")
	}
	o := understudy(t, "supported", "--json")
	var coverage report.Coverage
	if err := json.Unmarshal([]byte(o.out), &coverage); err != nil || len(coverage.Providers) == 0 {
		t.Errorf("%v in %s", err, o.out)
	}
	for _, p := range coverage.Providers {
		for _, choice := range p.Chosen {
			if choice.Decided == "" {
				t.Errorf("%s: %s does not say what would decide it", p.Name, choice.Name)
			}
		}
	}
}

// TestEnvironmentTwins sets flags by their variables; a flag wins.
func TestEnvironmentTwins(t *testing.T) {
	t.Setenv("UNDERSTUDY_LISTEN", "127.0.0.1:0")
	t.Setenv("UNDERSTUDY_SEED", "twin")
	t.Setenv("UNDERSTUDY_SET", "infisical.rateLimit=1")
	t.Setenv("UNDERSTUDY_LOG_LEVEL", "off")
	t.Setenv("UNDERSTUDY_GATEWAY_ONLY", "true")
	by := serve(t)
	if got, want := by.info.Providers["infisical"].URL, by.info.Gateway+"/infisical"; got != want {
		t.Errorf("the provider is at %s, want %s", got, want)
	}
	response, err := http.Get(by.info.Control + "/settings/infisical")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var settings struct{ RateLimit int }
	if err := json.NewDecoder(response.Body).Decode(&settings); err != nil || settings.RateLimit != 1 {
		t.Errorf("settings %+v, %v", settings, err)
	}
	flag := serve(t, "--seed", "flag")
	if by.info.Providers["infisical"].Credentials["clientSecret"] == flag.info.Providers["infisical"].Credentials["clientSecret"] {
		t.Error("the variable has won over the flag")
	}
	t.Setenv("UNDERSTUDY_LISTEN", "nowhere")
	understudy(t, "serve").check(t, 1, "", "missing port in address")
	understudy(t).check(t, 1, "", "missing port in address")
}
