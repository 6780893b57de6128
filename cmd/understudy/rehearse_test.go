package main

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// logIn logs in with the default world's secret and then notes that it has.
const logIn = `curl -fsS --noproxy '*' --max-time 5 -X POST "$UNDERSTUDY_INFISICAL_URL/api/v1/auth/universal-auth/login" -H 'Content-Type: application/json' ` +
	`-d "{\"clientId\":\"$UNDERSTUDY_INFISICAL_CLIENT_ID\",\"clientSecret\":\"$UNDERSTUDY_INFISICAL_CLIENT_SECRET\"}" && touch "$UNDERSTUDY_CASE_DIR/done"`

func TestRehearse(t *testing.T) {
	for _, name := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	tests := []struct {
		name   string
		args   []string
		status int
		said   []string
	}{
		{"held together", []string{"--setup", `touch "$UNDERSTUDY_CASE_DIR/ready"`, "--check", `test -e "$UNDERSTUDY_CASE_DIR/ready"`,
			"--finally", `test -e "$UNDERSTUDY_CASE_DIR/done"`, "--", "sh", "-c", logIn}, 0, []string{"4 cases of 1 calls: 4 recovered"}},
		{"broken", []string{"--check", `test -e "$UNDERSTUDY_CASE_DIR/done"`, "--", "sh", "-c", logIn}, 1,
			[]string{"BROKEN login#1:lost", "does not hold: exit status 1", "! infisical POST /api/v1/auth/universal-auth/login → drop", "understudy rehearse --only"}},
		{"no program", nil, 2, []string{"expected \"<command>"}},
		{"no such program", []string{"--", "no-such-program"}, 2, []string{"not found"}},
		{"no such kind", []string{"--kinds", "rain", "--", "true"}, 2, []string{`"rain" is no kind of fault`}},
		{"no such operation", []string{"--only", "infisical POST /api/v1/auth/universal-auth/logn", "--", "true"}, 2,
			[]string{`did you mean "infisical POST /api/v1/auth/universal-auth/login"?`}},
		{"no call is struck", []string{"--only", "infisical GET /api/v1/identities/details", "--", "sh", "-c", logIn}, 3, []string{"no call is struck"}},
		{"no such flag", []string{"--rain", "--", "true"}, 2, []string{"unknown flag --rain"}},
		{"it makes no call", []string{"--", "true"}, 3, []string{"no call was made"}},
		{"it fails by itself", []string{"--", "sh", "-c", "echo no luck; exit 7"}, 3, []string{"exit status 7: no luck"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			junit := filepath.Join(t.TempDir(), "junit.xml")
			var out, errs strings.Builder
			args := append([]string{"rehearse", "--provider", "infisical", "--kinds", "503,lost,dies", "--junit", junit}, tt.args...)
			if status := run(t.Context(), args, &out, &errs); status != tt.status {
				t.Errorf("exit status %d, want %d\n%s%s", status, tt.status, out.String(), errs.String())
			}
			for _, want := range tt.said {
				if !strings.Contains(out.String()+errs.String(), want) {
					t.Errorf("%q is not said:\n%s%s", want, out.String(), errs.String())
				}
			}
			if tt.status > 1 {
				return
			}
			text, err := os.ReadFile(junit)
			if err != nil {
				t.Fatal(err)
			}
			var suite struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
				Cases    []struct {
					Failure *struct{} `xml:"failure"`
				} `xml:"testcase"`
			}
			if err := xml.Unmarshal(text, &suite); err != nil {
				t.Fatal(err)
			}
			if suite.Tests != 4 || len(suite.Cases) != 4 || suite.Failures != 4*tt.status {
				t.Errorf("%d tests, %d cases, %d failures", suite.Tests, len(suite.Cases), suite.Failures)
			}
		})
	}
}
