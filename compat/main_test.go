package compat

import (
	"os"
	"strings"
	"testing"
)

// TestMain runs the tests without what the environment may tell the clients:
// parallel tests cannot set it aside for themselves.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "INFISICAL_") || strings.HasPrefix(name, "WORKOS_") || strings.HasPrefix(name, "UNDERSTUDY_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}
