package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	sdk "github.com/infisical/go-sdk"

	"github.com/understudy-dev/understudy/emulator"
)

// infisicalCommand is the built command and a server that it runs.
type infisicalCommand struct {
	understudy string
	info       emulator.Info
}

// envJSON returns what `understudy env` prints as JSON.
func (c infisicalCommand) envJSON(t *testing.T) map[string]string {
	t.Helper()
	out := output(t, c.understudy, "env", "infisical", "--url", c.info.Gateway, "--format", "json")
	var vars map[string]string
	if err := json.Unmarshal(out, &vars); err != nil {
		t.Fatalf("understudy env: %v: %s", err, out)
	}
	return vars
}

// reset starts the world over with a world file and returns the status and the
// body of the answer.
func (c infisicalCommand) reset(t *testing.T, world string) (int, string) {
	t.Helper()
	request, err := json.Marshal(map[string]string{"world": world})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(c.info.Control+"/reset", "application/json", bytes.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body.String()
}

// logInByEnvironment logs in with nothing but variables.
func logInByEnvironment(t *testing.T, vars map[string]string) (sdk.MachineIdentityCredential, error) {
	t.Helper()
	for name, value := range vars {
		t.Setenv(name, value)
	}
	client := sdk.NewInfisicalClient(t.Context(), sdk.Config{SiteUrl: os.Getenv("INFISICAL_HOST")})
	return client.Auth().UniversalAuthLogin("", "")
}

// loggedIn expects a login with the variables to succeed.
func loggedIn(t *testing.T, vars map[string]string) {
	t.Helper()
	credential, err := logInByEnvironment(t, vars)
	if err != nil {
		t.Fatalf("login by the environment: %v", err)
	}
	if credential.TokenType != "Bearer" || credential.AccessToken == "" {
		t.Errorf("credential: type %q, token %q", credential.TokenType, credential.AccessToken)
	}
}

// TestInfisicalEnv points the SDK at a running server with nothing but the
// environment variables that the command prints.
func TestInfisicalEnv(t *testing.T) {
	understudy := buildUnderstudy(t)
	server, info := serve(t, understudy)
	c := infisicalCommand{understudy, info}
	provider := info.Providers["infisical"]
	want := map[string]string{
		"INFISICAL_HOST":                         provider.URL,
		"INFISICAL_API_URL":                      provider.URL + "/api",
		"INFISICAL_UNIVERSAL_AUTH_CLIENT_ID":     provider.Credentials["clientId"],
		"INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET": provider.Credentials["clientSecret"],
		"INFISICAL_TOKEN":                        provider.Credentials["accessToken"],
	}

	t.Run("json", func(t *testing.T) {
		vars := c.envJSON(t)
		if !maps.Equal(vars, want) {
			t.Errorf("understudy env prints %q, want those of the ready file, %q", vars, want)
		}
		loggedIn(t, vars)
		// The CLI's variable, with /api, is a site URL to the SDK as well.
		vars["INFISICAL_HOST"] = vars["INFISICAL_API_URL"]
		loggedIn(t, vars)
	})

	t.Run("export", func(t *testing.T) {
		bash, err := exec.LookPath("bash")
		if err != nil {
			t.Skip(err)
		}
		vars := environment(output(t, bash, "-c", `set -e; vars=$("$0" env infisical --url "$1"); eval "$vars"; env`, understudy, info.Gateway))
		for name, value := range want {
			if vars[name] != value {
				t.Errorf("the shell has %s=%q, want %q", name, vars[name], value)
			}
		}
		maps.DeleteFunc(vars, func(name, _ string) bool { return !strings.HasPrefix(name, "INFISICAL_") })
		if len(vars) != len(want) {
			t.Errorf("the shell has the variables %q, want only %q", vars, want)
		}
		loggedIn(t, vars)
	})

	t.Run("dotenv", func(t *testing.T) {
		vars := environment(output(t, understudy, "env", "infisical", "--url", info.Gateway, "--format", "dotenv"))
		if !maps.Equal(vars, want) {
			t.Errorf("understudy env prints %q, want %q", vars, want)
		}
	})

	t.Run("reset", func(t *testing.T) {
		// As somebody would make it: print a world and edit it.
		other := string(output(t, understudy, "world", "--seed", "another"))
		other = strings.Replace(other, "secret: ", "secret: edited-", 1)
		if status, body := c.reset(t, other); status != http.StatusOK {
			t.Fatalf("reset: status %d: %s", status, body)
		}
		replaced := c.envJSON(t)
		for name, value := range want {
			same := name == "INFISICAL_HOST" || name == "INFISICAL_API_URL"
			if (replaced[name] == value) != same {
				t.Errorf("after the reset %s=%q, before %q", name, replaced[name], value)
			}
		}
		if secret := replaced["INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"]; !strings.HasPrefix(secret, "edited-") {
			t.Errorf("the client secret is %q, want that of the world file", secret)
		}
		loggedIn(t, replaced)
		var apiError *sdk.APIError
		if _, err := logInByEnvironment(t, want); !errors.As(err, &apiError) || apiError.StatusCode != http.StatusUnauthorized || apiError.ErrorMessage != invalid {
			t.Errorf("login with the replaced credentials: error %v, want 401 %q", err, invalid)
		}

		identities := other[strings.Index(other, "    - id:"):strings.Index(other, "  projects:")]
		for _, damage := range []struct{ name, world, detail string }{
			{"not YAML", "infisical: [", "line 1: did not find expected node content"},
			{"cut off", other[:strings.Index(other, "universalAuth:")] + "universal", "could not find expected ':'"},
			{"unknown key", other + "typo: 1\n", "unknown typo"},
			{"unknown role", strings.Replace(other, "role: admin", "role: root", 1), "/infisical/identities/0/role: not one of"},
			{"clash", strings.Replace(other, identities, identities+identities, 1), "; the world stays as it was"},
		} {
			status, body := c.reset(t, damage.world)
			if status != http.StatusBadRequest || !strings.Contains(body, damage.detail) {
				t.Errorf("reset with a world file that is %s: %d %s, want 400 with %q", damage.name, status, body, damage.detail)
			}
			if vars := c.envJSON(t); !maps.Equal(vars, replaced) {
				t.Errorf("%s: the refused reset has changed the variables to %q", damage.name, vars)
			}
			loggedIn(t, replaced)
		}
	})

	server.terminate()
}
