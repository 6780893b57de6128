package compat

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// ZITADEL's official Go client speaks gRPC; what is tried here is what is used
// with its OAuth endpoints in its place.

// zitadelScope is the scope of a project's audience.
func zitadelScope(project string) string { return "urn:zitadel:iam:org:project:id:" + project + ":aud" }

// zitadelClient is a client of the Management API by an access token.
type zitadelClient struct {
	t     *testing.T
	zit   *zitadel.Provider
	token string
}

// call makes a call that must succeed and decodes the answer into out.
func (c zitadelClient) call(method, path, body string, out any) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.zit.URL()+"/management/v1"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: status %d", method, path, response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		c.t.Fatal(err)
	}
}

// zitadelSecret is a machine user's new client secret.
func zitadelSecret(c zitadelClient, userID string) (id, secret string) {
	c.t.Helper()
	var answer struct{ ClientID, ClientSecret string }
	c.call(http.MethodPut, "/users/"+userID+"/secret", `{}`, &answer)
	return answer.ClientID, answer.ClientSecret
}

func TestZitadelClientCredentials(t *testing.T) {
	zit := zitadel.New()
	emulator.NewTest(t, zit)
	credentials := zit.Credentials()
	admin := zitadelClient{t, zit, credentials["accessToken"]}
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci", Roles: []string{"ORG_OWNER"}})
	id, secret := zitadelSecret(admin, user.ID)

	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "form": oauth2.AuthStyleInParams, "either": oauth2.AuthStyleAutoDetect} {
		config := clientcredentials.Config{
			ClientID: id, ClientSecret: secret, TokenURL: zit.URL() + "/oauth/v2/token",
			Scopes: []string{"openid", zitadelScope("zitadel")}, AuthStyle: style,
		}
		token, err := config.Token(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if life := time.Until(token.Expiry); token.TokenType != "Bearer" || life < 11*time.Hour || life > 12*time.Hour {
			t.Errorf("%s: type %q, expires in %s", name, token.TokenType, life)
		}
		// The token is good for the API, as that user.
		var org struct{ Org struct{ ID string } }
		zitadelClient{t, zit, token.AccessToken}.call(http.MethodGet, "/orgs/me", "", &org)
		if org.Org.ID != credentials["organizationId"] {
			t.Errorf("%s: the organization is %q", name, org.Org.ID)
		}
	}

	config := clientcredentials.Config{ClientID: id, ClientSecret: user.ClientSecret, TokenURL: zit.URL() + "/oauth/v2/token", AuthStyle: oauth2.AuthStyleInHeader}
	_, err := config.Token(t.Context())
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_request" || refused.ErrorDescription != "Errors.User.Machine.Secret.Invalid" {
		t.Errorf("the old secret: %v", err)
	}
}

// TestZitadelLag does what real code does: it tries again on the one error that
// tells of a secret which the service does not see yet.
func TestZitadelLag(t *testing.T) {
	zit := zitadel.New(zitadel.Lag(5 * time.Second))
	srv := emulator.NewTest(t, zit)
	admin := zitadelClient{t, zit, zit.Credentials()["accessToken"]}
	var user struct{ UserID string }
	admin.call(http.MethodPost, "/users/machine", `{"userName":"ci","name":"CI"}`, &user)
	id, secret := zitadelSecret(admin, user.UserID)
	config := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: zit.URL() + "/oauth/v2/token", AuthStyle: oauth2.AuthStyleInHeader}

	tries := 0
	for {
		tries++
		_, err := config.Token(t.Context())
		var refused *oauth2.RetrieveError
		if err == nil {
			break
		}
		if !errors.As(err, &refused) || refused.ErrorDescription != "Errors.User.Machine.Secret.NotExisting" || tries > 10 {
			t.Fatal(err)
		}
		srv.Clock.Advance(time.Second)
	}
	if tries != 6 {
		t.Errorf("%d tries, want 6", tries)
	}
}

func TestZitadelMachineKey(t *testing.T) {
	zit := zitadel.New()
	emulator.NewTest(t, zit)
	admin := zitadelClient{t, zit, zit.Credentials()["accessToken"]}
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci", Roles: []string{"ORG_OWNER"}})
	var answer struct{ KeyDetails string }
	admin.call(http.MethodPost, "/users/"+user.ID+"/keys", `{"type":"KEY_TYPE_JSON"}`, &answer)
	text, err := base64.StdEncoding.DecodeString(answer.KeyDetails)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ KeyID, Key, UserID string }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}

	// The library has an RS256 of its own.
	config := jwt.Config{
		Email: file.UserID, Subject: file.UserID, PrivateKey: []byte(file.Key), PrivateKeyID: file.KeyID,
		TokenURL: zit.URL() + "/oauth/v2/token", Audience: zit.URL(), Expires: time.Hour,
	}
	token, err := config.TokenSource(t.Context()).Token()
	if err != nil {
		t.Fatal(err)
	}
	if token.AccessToken == "" || token.TokenType != "Bearer" {
		t.Errorf("token %+v", token)
	}
	config.Audience = "https://elsewhere.example"
	_, err = config.TokenSource(t.Context()).Token()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusBadRequest {
		t.Errorf("an assertion for another issuer: %v", err)
	}
}

// TestZitadelTokens verifies JWT access tokens and ID tokens against the
// published keys.
func TestZitadelTokens(t *testing.T) {
	zit := zitadel.New()
	emulator.NewTest(t, zit)
	project := zit.Credentials()["projectId"]
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci", JWT: true})
	provider, err := oidc.NewProvider(t.Context(), zit.URL()) // refuses another issuer
	if err != nil {
		t.Fatal(err)
	}
	config := clientcredentials.Config{
		ClientID: user.UserName, ClientSecret: user.ClientSecret, TokenURL: provider.Endpoint().TokenURL,
		Scopes: []string{"openid", "profile", zitadelScope(project)},
	}
	token, err := config.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	access, err := provider.Verifier(&oidc.Config{ClientID: project}).Verify(t.Context(), token.AccessToken)
	if err != nil {
		t.Fatalf("the access token: %v", err)
	}
	if access.Subject != user.ID || !slices.Equal(access.Audience, []string{project}) || access.Expiry.Sub(access.IssuedAt) != 12*time.Hour {
		t.Errorf("the access token is of %q for %q, for %s", access.Subject, access.Audience, access.Expiry.Sub(access.IssuedAt))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: user.UserName}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatalf("the ID token: %v", err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Errorf("the ID token's at_hash: %v", err)
	}
	info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != user.ID {
		t.Errorf("userinfo: %v %v", info, err)
	}

	// Another world's key has the same form and another name.
	other := zitadel.New()
	emulator.NewTest(t, other, emulator.WithSeed("other"))
	keys := oidc.NewRemoteKeySet(t.Context(), other.URL()+"/oauth/v2/keys")
	verifier := oidc.NewVerifier(zit.URL(), keys, &oidc.Config{ClientID: project})
	if _, err := verifier.Verify(t.Context(), token.AccessToken); err == nil {
		t.Error("another world's keys verify the token")
	}
}

// TestZitadelIntrospection is what an API does with its client secret.
func TestZitadelIntrospection(t *testing.T) {
	zit := zitadel.New()
	srv := emulator.NewTest(t, zit)
	admin := zitadelClient{t, zit, zit.Credentials()["accessToken"]}
	project := zit.Credentials()["projectId"]
	var app struct{ AppID, ClientID, ClientSecret string }
	admin.call(http.MethodPost, "/projects/"+project+"/apps/api", `{"name":"api"}`, &app)
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci"})
	config := clientcredentials.Config{
		ClientID: user.UserName, ClientSecret: user.ClientSecret, TokenURL: zit.URL() + "/oauth/v2/token", Scopes: []string{zitadelScope(project)},
	}
	token, err := config.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	introspect := func(secret string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, zit.URL()+"/oauth/v2/introspect",
			strings.NewReader(url.Values{"token": {token.AccessToken}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(url.QueryEscape(app.ClientID), url.QueryEscape(secret))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		var answer struct {
			Active bool
			Error  string
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(response.StatusCode, " ", answer.Active, " ", answer.Error)
	}
	if got := introspect(app.ClientSecret); got != "200 true " {
		t.Errorf("the secret: %s", got)
	}
	var renewed struct{ ClientSecret string }
	admin.call(http.MethodPost, "/projects/"+project+"/apps/"+app.AppID+"/api_config/_generate_client_secret", `{}`, &renewed)
	if got := introspect(app.ClientSecret); got != "400 false unauthorized_client" {
		t.Errorf("the previous secret: %s", got)
	}
	if got := introspect(renewed.ClientSecret); got != "200 true " {
		t.Errorf("the new secret: %s", got)
	}
	srv.Clock.Advance(12 * time.Hour)
	if got := introspect(renewed.ClientSecret); got != "200 false " {
		t.Errorf("an expired token: %s", got)
	}
}
