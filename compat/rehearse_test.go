package compat

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRehearseNode rehearses a program of Node.js and the official SDK by the command.
// The program's own file outlives its death.
func TestRehearseNode(t *testing.T) {
	for _, program := range []string{"node", "npm", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the program is not rehearsed: %v", err)
		}
	}
	run(t, "node", nil, "npm", "ci", "--no-audit", "--no-fund")
	understudy := buildUnderstudy(t)
	for _, test := range []struct {
		name, variable string
		broken         int
		says           string
	}{
		{"right", "", 0, "9 recovered"},
		// The old secret's token ends with it, and there is another one to revoke.
		{"wrong", "REVOKE_BY_THE_OLD_TOKEN=yes", 1, "BROKEN createClientSecret#1:dies-after"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			c := exec.CommandContext(t.Context(), understudy, "rehearse", "--provider", "infisical", "--kinds", "dies-before,dies-after,503",
				"--only", "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets",
				"--only", "infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets",
				"--only", "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets/{clientSecretId}/revoke",
				"--setup", `printf '{"value":"%s"}' "$UNDERSTUDY_INFISICAL_CLIENT_SECRET" >"$UNDERSTUDY_CASE_DIR/secret"`,
				"--check", `test -s "$UNDERSTUDY_CASE_DIR/secret"`,
				"--report", dir, "--junit", filepath.Join(dir, "junit.xml"), "--", "node", "rotate.mjs")
			c.Dir, c.Env = "node", append(os.Environ(), test.variable)
			out, err := c.CombinedOutput()
			if status := c.ProcessState.ExitCode(); status != min(test.broken, 1) || !strings.Contains(string(out), test.says) {
				t.Errorf("exit status %d (%v), want %d and %q\n%s", status, err, min(test.broken, 1), test.says, out)
			}
			text, err := os.ReadFile(filepath.Join(dir, "junit.xml"))
			if err != nil {
				t.Fatal(err)
			}
			var suite struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
			}
			if err := xml.Unmarshal(text, &suite); err != nil || suite.Tests != 9 || suite.Failures < test.broken {
				t.Errorf("JUnit has %+v, %v", suite, err)
			}
			if page, err := os.ReadFile(filepath.Join(dir, "rehearsal.html")); err != nil || !strings.Contains(string(page), "</html>") {
				t.Errorf("the page: %v", err)
			}
		})
	}
}
