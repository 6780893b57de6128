package compat

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestZitadelNode runs the tests in node-zitadel, which use the official client's
// gRPC transport, and in node-zitadel-3, which use the one before it.
func TestZitadelNode(t *testing.T) {
	for _, dir := range []string{"node-zitadel", "node-zitadel-3"} {
		ready := serveNode(t, zitadel.New())
		run(t, dir, nil, "npm", "ci", "--no-audit", "--no-fund")
		run(t, dir, []string{"UNDERSTUDY_READY_FILE=" + ready}, "node", "--test")
	}
}
