package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/specs"
)

func TestDrift(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return file
	}
	ours := string(specs.OCS)
	same := write("same.yaml", ours)
	understudy(t, "drift", "ocs", same).check(t, 0, "; 0 differences, 0 of them declared\n", "")

	changed := strings.Replace(ours, "  /api/v1/Tenants/{tenantId}/Roles:\n", "  /api/v1/Tenants/{tenantId}/Characters:\n", 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/openapi.yaml" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(changed))
	}))
	defer server.Close()
	understudy(t, "drift", "ocs", server.URL+"/openapi.yaml").check(t, exitDiffers,
		"GET /api/v1/Tenants/{tenantId}/Characters operation: published has it, ours nothing\n", " differences are not declared")
	understudy(t, "drift", "ocs", "--json", server.URL+"/openapi.yaml").check(t, exitDiffers, `"published": "has it",`, "are not declared")

	list := write("ocs.txt", "# From a page.\n\n## roles\nGET /api/v1/Tenants/{tenantId}/Characters\n")
	understudy(t, "drift", "ocs", "--update-beyond", list, server.URL+"/openapi.yaml").check(t, exitDiffers, "operation", "not declared")
	if text, err := os.ReadFile(list); err != nil || !strings.Contains(string(text), "# From a page.\n# Rewritten from http") ||
		!strings.Contains(string(text), "## roles\nGET /api/v1/Tenants/{tenantId}/Characters\n") {
		t.Errorf("%s, %v", text, err)
	}

	understudy(t, "drift", "ocs").check(t, exitUsage, "", "expected")
	understudy(t, "drift", "osc", same).check(t, exitUsage, "", "there is no provider \"osc\"")
	understudy(t, "drift", "ocs", filepath.Join(dir, "none")).check(t, exitUsage, "", "no such file")
	understudy(t, "drift", "ocs", server.URL+"/none").check(t, exitUsage, "", "404")
	understudy(t, "drift", "ocs", write("not.yaml", "hello")).check(t, exitUsage, "", "not.yaml: it is no OpenAPI document")
	understudy(t, "drift", "ocs", "--update-beyond", filepath.Join(dir, "none"), same).check(t, exitUsage, "", "no such file")
}
