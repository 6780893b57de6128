package compat

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestZitadelNode runs the tests in node-zitadel, which use the official client's
// gRPC transport.
func TestZitadelNode(t *testing.T) {
	ready := serveNode(t, zitadel.New())
	run(t, "node-zitadel", nil, "npm", "ci", "--no-audit", "--no-fund")
	run(t, "node-zitadel", []string{"UNDERSTUDY_READY_FILE=" + ready}, "node", "--test")
}
