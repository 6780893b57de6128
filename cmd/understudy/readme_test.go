package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestFirstMinute pastes the README's first minute into one shell, in its order:
// create, log in, advance, refused with the reason.
func TestFirstMinute(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s", tool)
		}
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## The first minute\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var script string
	for _, block := range regexp.MustCompile("(?s)```sh(?: refused)?\n(.*?)```").FindAllStringSubmatch(section, -1) {
		script += block[1] + "echo\n"
	}
	s := serve(t, "--listen", "127.0.0.1:0")
	infisical := s.info.Providers["infisical"]
	for _, name := range []string{"clientId", "clientSecret", "identityId"} {
		if !strings.Contains(section, infisical.Credentials[name]) {
			t.Errorf("the README's %s is not the default world's, %s", name, infisical.Credentials[name])
		}
	}
	script = strings.NewReplacer("http://127.0.0.1:8600", s.info.Gateway, "http://127.0.0.1:8601", infisical.URL).Replace(script)
	out, err := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	want := regexp.MustCompile(`(?s)"accessToken":"[^"]+".*"now":"[^"]+".*"message":"Access denied due to expired client secret".*"reason":"[^"]*expired`)
	if !want.Match(out) {
		t.Errorf("got\n%s", out)
	}
}

// TestBannerLines pastes what the banner prints: the credentials beside each line are
// those in it, and the line works.
func TestBannerLines(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	s := serve(t, "--listen", "127.0.0.1:0")
	h, err := local()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range s.info.Providers { // the ready file has no lines to paste
		p.Example = h.World().Instance(name).Example(p.URL, p.Credentials)
		s.info.Providers[name] = p
	}
	var banned strings.Builder
	banner(&banned, s.info, false)
	for name := range s.info.Providers {
		_, part, ok := strings.Cut(banned.String(), "\n\n"+name+"\n")
		if !ok {
			t.Fatalf("%s has no part:\n%s", name, banned.String())
		}
		part, _, _ = strings.Cut(part, "\n\n")
		lines := strings.Split(part, "\n")
		paste := lines[len(lines)-1]
		for _, line := range lines[:len(lines)-1] {
			if value := strings.Fields(line)[1]; !strings.Contains(paste, value) {
				t.Errorf("%s: %s is not in the line", name, line)
			}
		}
		if len(lines) < 2 {
			t.Errorf("%s shows no credential", name)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(paste, "curl ", "curl --fail-with-body ", 1)).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, paste, out)
		}
	}
}
