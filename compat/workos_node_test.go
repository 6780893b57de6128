package compat

import (
	"path/filepath"
	"testing"

	"github.com/understudy-dev/understudy/emulator/workos"
)

// TestWorkosNode runs the tests in node-workos. The SDK needs a newer Node.js than
// is common, so the one that npm has comes with it: on an older one npm would give
// an SDK that lacks Connect.
func TestWorkosNode(t *testing.T) {
	ready := serveNode(t, workos.New())
	run(t, "node-workos", nil, "npm", "ci", "--no-audit", "--no-fund")
	node, err := filepath.Abs(filepath.Join("node-workos", "node_modules", "node", "bin", "node"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, "node-workos", []string{"UNDERSTUDY_READY_FILE=" + ready}, node, "--test")
}
