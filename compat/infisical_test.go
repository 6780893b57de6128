package compat

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/infisical/go-sdk"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// The messages of Infisical that refuse a login.
const (
	invalid   = "Invalid credentials"
	expired   = "Access denied due to expired client secret"
	exhausted = "Access denied due to client secret usage limit reached"
	locked    = "This identity auth method is temporarily locked, please try again later"
)

// wrongSecret has the shape of a client secret and is none.
var wrongSecret = strings.Repeat("0", 64)

// infisicalWorld is a server with the default world, and the SDK's client of it.
type infisicalWorld struct {
	t           *testing.T
	srv         *emulator.Server
	inf         *infisical.Provider
	credentials map[string]string
	client      sdk.InfisicalClientInterface
}

func newInfisicalWorld(t *testing.T) infisicalWorld {
	t.Helper()
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	srv.Clock.Freeze() // reasons name instants
	return infisicalWorld{
		t: t, srv: srv, inf: inf, credentials: inf.Credentials(),
		// The client refreshes tokens in the background until the context ends.
		client: sdk.NewInfisicalClient(t.Context(), sdk.Config{SiteUrl: inf.URL()}),
	}
}

// call makes a plain HTTP request with a bearer token, decodes the answer into
// out and returns its status.
func (w infisicalWorld) call(method, path, token, body string, out any) int {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.inf.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		w.t.Fatalf("%s %s: decoding the answer: %v", method, path, err)
	}
	return response.StatusCode
}

func (w infisicalWorld) clientSecretsPath() string {
	return "/api/v1/auth/universal-auth/identities/" + w.credentials["identityId"] + "/client-secrets"
}

// createSecret makes a client secret of the default world's identity, which the
// SDK has no call for.
func (w infisicalWorld) createSecret(body string) (id, secret string) {
	w.t.Helper()
	var out struct {
		ClientSecret     string `json:"clientSecret"`
		ClientSecretData struct {
			ID string `json:"id"`
		} `json:"clientSecretData"`
	}
	if status := w.call(http.MethodPost, w.clientSecretsPath(), w.credentials["accessToken"], body, &out); status != http.StatusOK {
		w.t.Fatalf("creating a client secret: status %d", status)
	}
	return out.ClientSecretData.ID, out.ClientSecret
}

// identityStatus asks for the default world's identity.
func (w infisicalWorld) identityStatus(token string) int {
	w.t.Helper()
	var out struct{}
	return w.call(http.MethodGet, "/api/v1/identities/"+w.credentials["identityId"], token, "", &out)
}

func (w infisicalWorld) logIn(secret string) sdk.MachineIdentityCredential {
	w.t.Helper()
	credential, err := w.client.Auth().UniversalAuthLogin(w.credentials["clientId"], secret)
	if err != nil {
		w.t.Fatalf("login: %v", err)
	}
	return credential
}

// refused logs in and expects the SDK to report a 401 with the message, and the
// journal to know the reason.
func (w infisicalWorld) refused(secret, message, reason string) {
	w.t.Helper()
	_, err := w.client.Auth().UniversalAuthLogin(w.credentials["clientId"], secret)
	var apiError *sdk.APIError
	if !errors.As(err, &apiError) {
		w.t.Fatalf("login: error %v, want an APIError with message %q", err, message)
	}
	if apiError.StatusCode != http.StatusUnauthorized || apiError.ErrorMessage != message {
		w.t.Errorf("login: %d %q, want 401 %q", apiError.StatusCode, apiError.ErrorMessage, message)
	}
	if apiError.ReqId == "" {
		w.t.Error("login: the SDK found no request id in the refusal")
	}
	last := w.srv.Journal.Last()
	if last.Operation != infisical.OpLogin || last.Reason != reason {
		w.t.Errorf("journal: %s: %q, want %s: %q", last.Operation, last.Reason, infisical.OpLogin, reason)
	}
}

// in shows the world's time after d as reasons do.
func (w infisicalWorld) in(d time.Duration) string {
	return w.srv.Clock.Now().Add(d).Format(time.RFC3339)
}

func TestInfisicalLogin(t *testing.T) {
	w := newInfisicalWorld(t)
	_, secret := w.createSecret(`{"description":"compat"}`)

	credential := w.logIn(secret)
	if credential.TokenType != "Bearer" || credential.ExpiresIn != 2592000 || credential.AccessTokenMaxTTL != 2592000 {
		t.Errorf("credential: type %q, expires in %d, max TTL %d; want Bearer and 30 days", credential.TokenType, credential.ExpiresIn, credential.AccessTokenMaxTTL)
	}
	if held := w.client.Auth().GetAccessToken(); held != credential.AccessToken {
		t.Error("the SDK does not hold the token it returned")
	}
	if status := w.identityStatus(credential.AccessToken); status != http.StatusOK {
		t.Errorf("GET identity with the token: status %d, want 200", status)
	}
}

func TestInfisicalNumUsesLimit(t *testing.T) {
	w := newInfisicalWorld(t)
	id, secret := w.createSecret(`{"numUsesLimit":2}`)

	w.logIn(secret)
	w.logIn(secret)
	w.refused(secret, exhausted, "client secret "+id+" has had its 2 uses")
	// The refusal has revoked the secret.
	w.refused(secret, invalid, "client secret "+id+" is revoked")
}

func TestInfisicalTTL(t *testing.T) {
	w := newInfisicalWorld(t)
	id, secret := w.createSecret(`{"ttl":60}`)

	w.logIn(secret)
	end := w.in(time.Minute)
	w.srv.Clock.Advance(61 * time.Second)
	w.refused(secret, expired, "client secret "+id+" expired at "+end)
	// The refusal has revoked the secret.
	w.refused(secret, invalid, "client secret "+id+" is revoked")
}

func TestInfisicalRevoked(t *testing.T) {
	w := newInfisicalWorld(t)
	id, secret := w.createSecret(`{}`)
	token := w.logIn(secret).AccessToken

	var out struct{}
	if status := w.call(http.MethodPost, w.clientSecretsPath()+"/"+id+"/revoke", w.credentials["accessToken"], "", &out); status != http.StatusOK {
		t.Fatalf("revoking the client secret: status %d", status)
	}
	w.refused(secret, invalid, "client secret "+id+" is revoked")
	if status := w.identityStatus(token); status != http.StatusUnauthorized {
		t.Errorf("GET identity with a token of the revoked secret: status %d, want 401", status)
	}
	w.srv.Clock.Advance(365 * 24 * time.Hour)
	w.refused(secret, invalid, "client secret "+id+" is revoked")
}

func TestInfisicalLockout(t *testing.T) {
	w := newInfisicalWorld(t)
	_, secret := w.createSecret(`{}`)
	until := w.in(300 * time.Second)

	w.refused(wrongSecret, invalid, "no such client secret")
	w.refused(wrongSecret, invalid, "no such client secret")
	w.refused(wrongSecret, invalid, "no such client secret; the login is now locked until "+until)
	w.refused(secret, locked, "locked by 3 wrong client secrets until "+until)

	w.srv.Clock.Advance(299 * time.Second)
	w.refused(secret, locked, "locked by 3 wrong client secrets until "+until)
	w.srv.Clock.Advance(time.Second)
	w.logIn(secret)
}
