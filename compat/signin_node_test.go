package compat

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestSignInNode runs the tests in node-signin: openid-client and oidc-client-ts.
func TestSignInNode(t *testing.T) {
	ready := serveNode(t, ocs.New(), workos.New(), zitadel.New())
	run(t, "node-signin", nil, "npm", "ci", "--no-audit", "--no-fund")
	run(t, "node-signin", []string{"UNDERSTUDY_READY_FILE=" + ready}, "node", "--test")
}
