package compat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/ocs"
)

// TestOCS gets tokens and verifies them with the OAuth and OpenID Connect
// libraries that Go programs use, by what the token service says of itself.
func TestOCS(t *testing.T) {
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams, oauth2.AuthStyleAutoDetect} {
		o := ocs.New()
		srv := emulator.NewTest(t, o)
		credentials := o.Credentials()
		ctx := t.Context()

		provider, err := oidc.NewProvider(ctx, o.URL()+"/identity")
		if err != nil {
			t.Fatal(err)
		}
		// The secret is in base64: + and / and = have to survive either way of
		// sending it.
		added := o.SeedSecret(ocs.Secret{ClientID: credentials["clientId"], Secret: "++//" + strings.Repeat("A", 39) + "="})
		config := clientcredentials.Config{
			ClientID: credentials["clientId"], ClientSecret: added.Secret,
			TokenURL: provider.Endpoint().TokenURL, AuthStyle: style,
		}
		token, err := config.Token(ctx)
		if err != nil {
			t.Fatalf("style %d: %v", style, err)
		}
		if left := time.Until(token.Expiry); token.Type() != "Bearer" || left < 59*time.Minute || left > time.Hour {
			t.Errorf("style %d: a token of the type %s for another %s", style, token.Type(), left)
		}

		verified, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: "ocsapi"}).Verify(ctx, token.AccessToken)
		if err != nil {
			t.Fatalf("style %d: %v", style, err)
		}
		var claims struct {
			ClientID  string   `json:"client_id"`
			TenantID  string   `json:"tid"`
			RoleTypes []string `json:"role_type"`
		}
		if err := verified.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		if claims.ClientID != credentials["clientId"] || claims.TenantID != credentials["tenantId"] || len(claims.RoleTypes) != 2 {
			t.Errorf("style %d: claims %+v", style, claims)
		}
		info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil || info.Subject != credentials["clientId"] {
			t.Errorf("style %d: user info %+v, %v", style, info, err)
		}

		response, err := config.Client(ctx).Get(o.URL() + "/api/v1/Tenants/" + credentials["tenantId"])
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("style %d: the tenant: %d", style, response.StatusCode)
		}

		config.ClientSecret = "wrong"
		_, err = config.Token(ctx)
		var refused *oauth2.RetrieveError
		if !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" || refused.Response.StatusCode != http.StatusBadRequest {
			t.Errorf("style %d: a wrong secret: %v", style, err)
		}
		if reason := srv.Journal.Last().Reason; reason != "no client has this secret" {
			t.Errorf("style %d: the reason is %q", style, reason)
		}
	}
}

// TestOCSNode does the same with the libraries that programs for Node.js use.
func TestOCSNode(t *testing.T) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("openid-client is not tested: %v", err)
		}
	}
	srv, err := emulator.New(ocs.New(), emulator.WithAnswerChecks())
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
	for _, command := range [][]string{{"npm", "ci", "--no-audit", "--no-fund"}, {"node", "--test"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir, cmd.Env = "node-ocs", append(os.Environ(), "UNDERSTUDY_READY_FILE="+ready)
		cmd.WaitDelay = 5 * time.Second // what it has started may hold its output open
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			t.Fatalf("%q: %v\n%s", command, err, out)
		}
	}
	for _, e := range srv.Journal.All() {
		if len(e.Breaches) > 0 {
			t.Errorf("%s breaks its document: %s", e.Operation, e.Breaches)
		}
	}
}
