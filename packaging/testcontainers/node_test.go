package understudy_test

import (
	"os/exec"
	"testing"
)

// TestNode runs the tests of the package for Node.js.
func TestNode(t *testing.T) {
	run := func(name string, args ...string) (string, error) {
		c := exec.CommandContext(t.Context(), name, args...)
		c.Dir = "node"
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip(err)
	}
	if _, err := run("npm", "ls", "--all"); err != nil { // they are not there yet, or are others
		if out, err := run("npm", "ci", "--no-audit", "--no-fund"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if out, err := run("node", "--test"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
