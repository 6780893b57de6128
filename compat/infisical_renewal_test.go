package compat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/infisical/go-sdk"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/journal"
)

// These tests pass in real time. The SDK makes its HTTP transport itself, so
// that it cannot be put into a testing/synctest bubble, and begins to refresh a
// token 5 seconds before its end: one of 6 seconds after the first.
//
// The SDK's methods read without its lock what its background refresh writes.
// A test must not call them once a refresh may have happened; what the client
// holds is read from the journal.
const (
	shortTTL = 6
	hour     = 3600
	// patience is for machines under load; nothing here takes half as long.
	patience = 30 * time.Second
)

// tokenMessage is what the holder of a revoked token is told, behind what was
// refused.
const tokenMessage = "token has been revoked"

// newRenewalWorld is a server by real time with an identity whose tokens live
// ttl seconds and can be renewed for maxTTL, and the SDK's client, logged in
// with a secret of its own.
func newRenewalWorld(t *testing.T, ttl, maxTTL, numUsesLimit int) (infisicalWorld, infisical.ClientSecret) {
	t.Helper()
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	id := inf.SeedIdentity(infisical.Identity{AccessTokenTTL: ttl, AccessTokenMaxTTL: maxTTL})
	secret := inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id.ID, NumUsesLimit: numUsesLimit})
	w := infisicalWorld{
		t: t, srv: srv, inf: inf,
		credentials: map[string]string{
			"identityId": id.ID, "clientId": id.ClientID, "clientSecret": id.ClientSecret,
			"accessToken": inf.Credentials()["accessToken"],
		},
	}
	w.client = w.newClient()
	credential := w.logIn(secret.Secret)
	if credential.ExpiresIn != int64(ttl) || credential.AccessTokenMaxTTL != int64(maxTTL) {
		t.Fatalf("credential: expires in %d, max TTL %d; want %d and %d", credential.ExpiresIn, credential.AccessTokenMaxTTL, ttl, maxTTL)
	}
	return w, secret
}

// newClient is a further client, without the SDK's warning of short lifetimes.
func (w infisicalWorld) newClient() sdk.InfisicalClientInterface {
	return sdk.NewInfisicalClient(w.t.Context(), sdk.Config{SiteUrl: w.inf.URL(), SilentMode: true})
}

// await waits for the nth call of an operation and returns all of them.
func (w infisicalWorld) await(op infisical.Op, n int) []journal.Entry {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.srv.Journal.Wait(ctx, op, n); err != nil {
		w.t.Fatalf("waiting for call %d of %s: %v", n, op, err)
	}
	return w.srv.Journal.For(op)
}

// refreshes shows the logins and renewals so far, like "login 200".
func (w infisicalWorld) refreshes() []string {
	var list []string
	for _, e := range w.srv.Journal.All() {
		switch e.Operation {
		case infisical.OpLogin:
			list = append(list, fmt.Sprint("login ", e.Response.Status))
		case infisical.OpRenewToken:
			list = append(list, fmt.Sprint("renew ", e.Response.Status))
		}
	}
	return list
}

// answered expects an entry to be an answer with the status and message.
func (w infisicalWorld) answered(e journal.Entry, status int, message string) {
	w.t.Helper()
	var body struct{ Message string }
	if err := json.Unmarshal([]byte(e.Response.Body), &body); err != nil {
		w.t.Fatalf("%s: decoding the answer: %v", e.Operation, err)
	}
	if e.Response.Status != status || body.Message != message {
		w.t.Errorf("%s: %d %q, want %d %q", e.Operation, e.Response.Status, body.Message, status, message)
	}
}

// tokenOf returns the token that a login or a renewal was answered with.
func (w infisicalWorld) tokenOf(e journal.Entry) string {
	w.t.Helper()
	var body struct{ AccessToken string }
	if err := json.Unmarshal([]byte(e.Response.Body), &body); err != nil || body.AccessToken == "" {
		w.t.Fatalf("%s: no token in the answer %s (%v)", e.Operation, e.Response.Body, err)
	}
	return body.AccessToken
}

// works expects a token to open the identity.
func (w infisicalWorld) works(token string) {
	w.t.Helper()
	if status := w.identityStatus(token); status != http.StatusOK {
		w.t.Errorf("GET identity with the token: status %d, want 200", status)
	}
}

// ended expects a token to be refused as the message says.
func (w infisicalWorld) ended(token, message string) {
	w.t.Helper()
	var out struct{ Message string }
	status := w.call(http.MethodGet, "/api/v1/identities/"+w.credentials["identityId"], token, "", &out)
	if want := "Failed to authorize: " + message; status != http.StatusUnauthorized || out.Message != want {
		w.t.Errorf("GET identity with an ended token: %d %q, want 401 %q", status, out.Message, want)
	}
}

// used expects the uses of a client secret.
func (w infisicalWorld) used(secret infisical.ClientSecret, uses float64, revoked bool) {
	w.t.Helper()
	var out struct {
		ClientSecretData struct {
			ClientSecretNumUses   float64 `json:"clientSecretNumUses"`
			IsClientSecretRevoked bool    `json:"isClientSecretRevoked"`
		} `json:"clientSecretData"`
	}
	if status := w.call(http.MethodGet, w.clientSecretsPath()+"/"+secret.ID, w.credentials["accessToken"], "", &out); status != http.StatusOK {
		w.t.Fatalf("GET client secret: status %d", status)
	}
	if got := out.ClientSecretData; got.ClientSecretNumUses != uses || got.IsClientSecretRevoked != revoked {
		w.t.Errorf("client secret: %g uses, revoked %t; want %g, %t", got.ClientSecretNumUses, got.IsClientSecretRevoked, uses, revoked)
	}
}

// TestInfisicalRenewal lets the SDK renew a token as long as it likes to.
func TestInfisicalRenewal(t *testing.T) {
	t.Parallel()
	w, secret := newRenewalWorld(t, shortTTL, hour, 0)

	renewals := w.await(infisical.OpRenewToken, 3)
	want := []string{"login 200", "renew 200", "renew 200", "renew 200"}
	if got := w.refreshes(); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("the SDK's calls are %q, want %q", got, want)
	}
	for _, e := range renewals {
		w.works(w.tokenOf(e))
	}
	w.used(secret, 1, false)
}

// TestInfisicalMaxTTL spends the budget of 9 seconds: after the third, what is
// left of it is shorter than a token, and the SDK logs in again.
func TestInfisicalMaxTTL(t *testing.T) {
	t.Parallel()
	w, secret := newRenewalWorld(t, shortTTL, shortTTL+3, 0)

	logins := w.await(infisical.OpLogin, 2)
	got := w.refreshes()
	// Two renewals, or one where the machine is slow.
	again := 1 + slices.Index(got[1:], "login 200")
	if got[0] != "login 200" || again < 2 || again > 3 ||
		slices.ContainsFunc(got[1:again], func(call string) bool { return call != "renew 200" }) {
		t.Fatalf("the SDK's calls are %q, want renewals between two logins", got)
	}
	w.used(secret, 2, false)

	// The second login has a budget of its own.
	w.await(infisical.OpRenewToken, again)
	if got := w.refreshes(); got[again+1] != "renew 200" {
		t.Errorf("the SDK's calls are %q, want a renewal after the second login", got)
	}
	w.works(w.tokenOf(logins[1]))
}

// TestInfisicalBurntUses gives tokens no budget beyond their TTL, as the
// default configuration does: the SDK never renews and burns the secret's uses.
func TestInfisicalBurntUses(t *testing.T) {
	t.Parallel()
	w, secret := newRenewalWorld(t, shortTTL, shortTTL, 2)

	logins := w.await(infisical.OpLogin, 4)
	w.answered(logins[2], http.StatusUnauthorized, exhausted)
	w.answered(logins[3], http.StatusUnauthorized, invalid) // the third has revoked it
	if got := w.refreshes(); slices.ContainsFunc(got, func(call string) bool { return strings.HasPrefix(call, "renew") }) {
		t.Errorf("the SDK's calls are %q, want no renewal", got)
	}
	w.used(secret, 2, true)
}

// TestInfisicalRevokeAccessToken has the client give its own token up.
func TestInfisicalRevokeAccessToken(t *testing.T) {
	t.Parallel()
	w, secret := newRenewalWorld(t, shortTTL+2, hour, 0) // 3 seconds until a refresh
	auth := w.client.Auth()
	token := auth.GetAccessToken()
	w.works(token)

	if err := auth.RevokeAccessToken(); err != nil {
		t.Fatalf("revoking the token: %v", err)
	}
	w.answered(w.srv.Journal.Last(), http.StatusOK, "Successfully revoked access token")
	w.ended(token, tokenMessage)
	if held := auth.GetAccessToken(); held != "" {
		t.Errorf("the SDK still holds the token %s", held)
	}
	if err := auth.RevokeAccessToken(); err == nil {
		t.Error("the SDK revoked a token that it does not have")
	}

	// Another holder of the token is refused by the server.
	other := w.newClient().Auth()
	other.SetAccessToken(token)
	var apiError *sdk.APIError
	if err := other.RevokeAccessToken(); !errors.As(err, &apiError) {
		t.Fatalf("revoking with the revoked token: error %v, want an APIError", err)
	}
	if want := "Failed to authorize: " + tokenMessage; apiError.StatusCode != http.StatusUnauthorized || apiError.ErrorMessage != want {
		t.Errorf("revoking with the revoked token: %d %q, want 401 %q", apiError.StatusCode, apiError.ErrorMessage, want)
	}

	time.Sleep(4 * time.Second) // past the instant at which the SDK would refresh
	if got, want := w.refreshes(), []string{"login 200"}; !slices.Equal(got, want) {
		t.Errorf("the SDK's calls are %q, want %q", got, want)
	}
	w.works(w.logIn(secret.Secret).AccessToken)
}

// TestInfisicalTokenRevokedElsewhere ends a token that a client has renewed. The
// client's secret is still good, so that its next refresh heals it.
func TestInfisicalTokenRevokedElsewhere(t *testing.T) {
	t.Parallel()
	w, secret := newRenewalWorld(t, shortTTL, hour, 0)
	token := w.tokenOf(w.await(infisical.OpRenewToken, 1)[0])

	other := w.newClient().Auth()
	other.SetAccessToken(token)
	if err := other.RevokeAccessToken(); err != nil {
		t.Fatalf("revoking the token: %v", err)
	}
	w.ended(token, tokenMessage)
	w.ended(w.tokenOf(w.srv.Journal.For(infisical.OpLogin)[0]), tokenMessage) // the one it was renewed from

	logins := w.await(infisical.OpLogin, 2)
	renewals := w.srv.Journal.For(infisical.OpRenewToken)
	w.answered(renewals[len(renewals)-1], http.StatusUnauthorized, "Cannot renew: "+tokenMessage)
	w.works(w.tokenOf(logins[1]))
	w.used(secret, 2, false)
}

// TestInfisicalSecretRevokedElsewhere takes a running client's secret away, and
// with it the token. The client is stopped: it tries every second, and by that
// locks the login for all secrets of the identity.
func TestInfisicalSecretRevokedElsewhere(t *testing.T) {
	t.Parallel()
	w, secret := newRenewalWorld(t, shortTTL, hour, 0)
	token := w.tokenOf(w.await(infisical.OpRenewToken, 1)[0])

	var out struct{}
	if status := w.call(http.MethodPost, w.clientSecretsPath()+"/"+secret.ID+"/revoke", w.credentials["accessToken"], "", &out); status != http.StatusOK {
		t.Fatalf("revoking the client secret: status %d", status)
	}
	const message = "client secret has been revoked"
	w.ended(token, message)

	logins := w.await(infisical.OpLogin, 5)
	for _, e := range logins[1:4] {
		w.answered(e, http.StatusUnauthorized, invalid)
		if want := "client secret " + secret.ID + " is revoked"; !strings.HasPrefix(e.Reason, want) {
			t.Errorf("journal: %q, want %q", e.Reason, want)
		}
	}
	w.answered(logins[4], http.StatusUnauthorized, locked)
	renewals := w.srv.Journal.For(infisical.OpRenewToken)
	w.answered(renewals[len(renewals)-1], http.StatusUnauthorized, "Cannot renew: "+message)

	// The identity's other secret is good, but locked out as well.
	var apiError *sdk.APIError
	_, err := w.newClient().Auth().UniversalAuthLogin(w.credentials["clientId"], w.credentials["clientSecret"])
	if !errors.As(err, &apiError) || apiError.ErrorMessage != locked {
		t.Errorf("login with the other secret: error %v, want %q", err, locked)
	}
}
