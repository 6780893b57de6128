// Package infisical rotates a client secret of universal auth by Infisical's SDK.
package infisical

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	sdk "github.com/infisical/go-sdk"

	"github.com/understudy-dev/understudy/compat/rotation"
)

// A Service is an identity of Infisical.
type Service struct {
	URL, ClientID, IdentityID, ProjectID string
}

// LogIn gets an access token.
func (s Service) LogIn(ctx context.Context, secret rotation.Secret) (string, error) {
	var token string
	err := within(ctx, func() error {
		credential, err := s.client(ctx).Auth().UniversalAuthLogin(s.ClientID, secret.Value)
		token = credential.AccessToken
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Use reads a secret of the project.
func (s Service) Use(ctx context.Context, token string) error {
	return within(ctx, func() error {
		client := s.client(ctx)
		client.Auth().SetAccessToken(token)
		_, err := client.Secrets().Retrieve(sdk.RetrieveSecretOptions{
			ProjectID: s.ProjectID, Environment: "dev", SecretPath: "/", SecretKey: "API_KEY",
		})
		return err
	})
}

// Create makes a client secret. For this and what follows the SDK has no calls.
func (s Service) Create(ctx context.Context, token string) (rotation.Secret, error) {
	var out struct {
		ClientSecret     string
		ClientSecretData struct{ ID string }
	}
	err := s.call(ctx, http.MethodPost, "", token, &out)
	return rotation.Secret{ID: out.ClientSecretData.ID, Value: out.ClientSecret}, err
}

// List returns the ids of the identity's client secrets that are not revoked.
func (s Service) List(ctx context.Context, token string) ([]string, error) {
	var out struct {
		ClientSecretData []struct{ ID string }
	}
	err := s.call(ctx, http.MethodGet, "", token, &out)
	var ids []string
	for _, secret := range out.ClientSecretData {
		ids = append(ids, secret.ID)
	}
	return ids, err
}

// Revoke ends a client secret, and with it the tokens that it gave out.
func (s Service) Revoke(ctx context.Context, token, id string) error {
	return s.call(ctx, http.MethodPost, "/"+id+"/revoke", token, &struct{}{})
}

// client returns a client that tries once: the next run of the program is its retry.
func (s Service) client(ctx context.Context) sdk.InfisicalClientInterface {
	return sdk.NewInfisicalClient(ctx, sdk.Config{
		SiteUrl: s.URL, SilentMode: true, AutoTokenRefresh: sdk.BoolPtr(false),
		RetryRequestsConfig: &sdk.RetryRequestsConfig{ExponentialBackoff: &sdk.ExponentialBackoffStrategy{}},
	})
}

// within gives up on a call of the SDK, which knows no deadline, when the context is
// done.
func within(ctx context.Context, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s Service) call(ctx context.Context, method, path, token string, out any) error {
	url := s.URL + "/api/v1/auth/universal-auth/identities/" + s.IdentityID + "/client-secrets" + path
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte("{}")))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, text)
	}
	return json.Unmarshal(text, out)
}
