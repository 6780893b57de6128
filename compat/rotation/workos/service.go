// Package workos rotates a client secret of a Connect application by WorkOS's SDK.
package workos

import (
	"context"
	"fmt"
	"net/http"

	sdk "github.com/workos/workos-go/v7"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/understudy-dev/understudy/compat/rotation"
)

// A Service is an application for machines. Its secrets are made and deleted by the
// environment's API key, whatever token a program has.
type Service struct {
	HTTP                    *http.Client
	URL, APIKey             string
	ApplicationID, ClientID string
}

// LogIn gets an access token.
func (s Service) LogIn(ctx context.Context, secret rotation.Secret) (string, error) {
	config := clientcredentials.Config{
		ClientID: s.ClientID, ClientSecret: secret.Value, Scopes: []string{"openid"},
		TokenURL: s.URL + "/oauth2/token", AuthStyle: oauth2.AuthStyleInParams,
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, s.HTTP))
	if err != nil {
		return "", err
	}
	return token.AccessToken, nil
}

// Create makes a client secret. The SDK tries again with the same idempotency key.
func (s Service) Create(ctx context.Context, _ string) (rotation.Secret, error) {
	secret, err := s.connect().CreateApplicationClientSecret(ctx, s.ApplicationID)
	if err != nil {
		return rotation.Secret{}, err
	}
	return rotation.Secret{ID: secret.ID, Value: secret.Secret}, nil
}

// List returns the ids of the application's client secrets.
func (s Service) List(ctx context.Context, _ string) ([]string, error) {
	secrets, err := s.connect().ListApplicationClientSecrets(ctx, s.ApplicationID)
	var ids []string
	for _, secret := range secrets {
		ids = append(ids, secret.ID)
	}
	return ids, err
}

// Revoke deletes a client secret.
func (s Service) Revoke(ctx context.Context, _, id string) error {
	return s.connect().DeleteClientSecret(ctx, id)
}

// Use asks whom the token is about.
func (s Service) Use(ctx context.Context, token string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/oauth2/userinfo", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := s.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("userinfo: %s", response.Status)
	}
	return nil
}

func (s Service) connect() *sdk.ConnectService {
	return sdk.NewClient(s.APIKey, sdk.WithBaseURL(s.URL), sdk.WithHTTPClient(s.HTTP)).Connect()
}
