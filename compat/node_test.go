package compat

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// TestNode runs the tests in node, which use the official SDKs for Node.js.
func TestNode(t *testing.T) {
	ready := serveNode(t, infisical.New())
	run(t, "node", nil, "npm", "ci", "--no-audit", "--no-fund")
	run(t, "node", []string{"UNDERSTUDY_READY_FILE=" + ready}, "node", "--test")
}

// serveNode starts a server for tests in node and returns its ready file. When the
// test ends, no answer may have broken its document. Without npm the test is
// skipped.
func serveNode(t *testing.T, providers ...emulator.Option) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the Node.js SDKs are not tested: %v", err)
		}
	}
	srv, err := emulator.New(append(providers, emulator.WithAnswerChecks())...)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	info, err := json.Marshal(srv.Info())
	if err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(t.TempDir(), "ready.json")
	if err := os.WriteFile(ready, info, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, e := range srv.Journal.All() {
			if len(e.Breaches) > 0 {
				t.Errorf("%s breaks its document: %s", e.Operation, e.Breaches)
			}
		}
	})
	return ready
}

// run runs a program in a folder and fails the test with its output when
// it fails or does not end.
func run(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.WaitDelay = 5 * time.Second // what it has started may hold its output open
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
