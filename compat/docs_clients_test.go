package compat

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
)

// The pages of docs/ show functions of this package that read nothing but the
// environment. Each runs with what `understudy env` prints, for the server's own
// world and for a sandbox behind a path.
func TestDocsClients(t *testing.T) {
	understudy := buildUnderstudy(t)
	_, info := serve(t, understudy)
	sandbox := info.Gateway + "/~job"
	makeSandbox(t, sandbox)
	for _, client := range []struct {
		provider string
		run      func(*testing.T)
	}{
		{"infisical", func(t *testing.T) {
			keys, err := infisicalKeys(t.Context(), info.Providers["infisical"].Credentials["projectId"])
			if err != nil || len(keys) != 2 {
				t.Errorf("keys %q, %v", keys, err)
			}
		}},
		{"workos", func(t *testing.T) {
			secret, err := newClientSecret(t.Context(), info.Providers["workos"].Credentials["applicationId"])
			if err != nil || secret == "" {
				t.Errorf("secret %q, %v", secret, err)
			}
		}},
		{"zitadel", func(t *testing.T) {
			c := info.Providers["zitadel"].Credentials
			token, err := zitadelToken(t.Context(), c["clientId"], c["clientSecret"], c["projectId"])
			if err != nil || token.Subject != c["userId"] {
				t.Errorf("token %+v, %v", token, err)
			}
		}},
		{"ocs", func(t *testing.T) {
			token, err := ocsToken(t.Context())
			if err != nil || token.Issuer != os.Getenv("Resource")+"/identity" {
				t.Errorf("token %+v, %v", token, err)
			}
		}},
	} {
		for _, gateway := range []string{info.Gateway, sandbox} {
			t.Run(client.provider, func(t *testing.T) {
				out := output(t, understudy, "env", client.provider, "--url", gateway, "--format", "json")
				var vars map[string]string
				if err := json.Unmarshal(out, &vars); err != nil {
					t.Fatal(err)
				}
				for name, value := range vars {
					t.Setenv(name, value)
				}
				client.run(t)
			})
		}
	}
}

// makeSandbox makes the sandbox that the gateway is to have at an address.
func makeSandbox(t *testing.T, gateway string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, gateway+"/_understudy", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("PUT %s: %s", request.URL, response.Status)
	}
}

// TestDocsNode runs the pages' programs for Node.js, for the server's own world,
// a sandbox behind a path and one with its own ports.
func TestDocsNode(t *testing.T) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the pages' programs for Node.js are not run: %v", err)
		}
	}
	understudy := buildUnderstudy(t)
	_, info := serve(t, understudy)
	path := info.Gateway + "/~path"
	makeSandbox(t, path)
	response, err := http.Post(info.Control+"/sandboxes", "application/json", bytes.NewReader([]byte(`{"listen":"127.0.0.1:0"}`)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var ports emulator.Info
	if err := json.NewDecoder(response.Body).Decode(&ports); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		provider, dir, program, node string
		gateways                     []string
	}{
		{"infisical", "node", "docs.mjs", "node", []string{info.Gateway, path, ports.Gateway}},
		// The SDK takes a host and a port, no path.
		{"workos", "node-workos", "docs.mjs", "node_modules/node/bin/node", []string{info.Gateway, ports.Gateway}},
		{"ocs", "node-ocs", "docs.mjs", "node", []string{info.Gateway, path, ports.Gateway}},
	} {
		t.Run(p.provider, func(t *testing.T) {
			install := exec.CommandContext(t.Context(), "npm", "ls", "--all")
			install.Dir = p.dir
			if install.Run() != nil { // they are not there yet, or are others
				run(t, p.dir, nil, "npm", "ci", "--no-audit", "--no-fund")
			}
			for _, gateway := range p.gateways {
				var env []string
				for name, value := range environment(output(t, understudy, "env", p.provider, "--url", gateway, "--format", "dotenv")) {
					env = append(env, name+"="+value)
				}
				credentials := info.Providers[p.provider].Credentials
				env = append(env, "PROJECT_ID="+credentials["projectId"], "APPLICATION_ID="+credentials["applicationId"])
				run(t, p.dir, env, p.node, p.program)
			}
		})
	}
}
