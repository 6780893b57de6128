// Package ocs rotates a secret of a client-credential client of AVEVA/OSIsoft Cloud
// by x/oauth2, as its own samples do.
package ocs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/understudy-dev/understudy/compat/rotation"
)

// A Service is a client of a tenant, which may change itself.
type Service struct {
	HTTP                    *http.Client
	URL, TenantID, ClientID string
}

// LogIn gets an access token.
func (s Service) LogIn(ctx context.Context, secret rotation.Secret) (string, error) {
	config := clientcredentials.Config{
		ClientID: s.ClientID, ClientSecret: secret.Value,
		TokenURL: s.URL + "/identity/connect/token", AuthStyle: oauth2.AuthStyleInParams,
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, s.HTTP))
	if err != nil {
		return "", err
	}
	return token.AccessToken, nil
}

// Create adds a secret that does not expire.
func (s Service) Create(ctx context.Context, token string) (rotation.Secret, error) {
	var out struct {
		ID     int `json:"Id"`
		Secret string
	}
	err := s.call(ctx, token, http.MethodPost, "/Secrets", map[string]any{"Expires": false, "Description": "rotated"}, &out)
	return rotation.Secret{ID: strconv.Itoa(out.ID), Value: out.Secret}, err
}

// List returns the ids of the client's secrets.
func (s Service) List(ctx context.Context, token string) ([]string, error) {
	var out []struct {
		ID int `json:"Id"`
	}
	err := s.call(ctx, token, http.MethodGet, "/Secrets", nil, &out)
	var ids []string
	for _, secret := range out {
		ids = append(ids, strconv.Itoa(secret.ID))
	}
	return ids, err
}

// Revoke deletes a secret.
func (s Service) Revoke(ctx context.Context, token, id string) error {
	return s.call(ctx, token, http.MethodDelete, "/Secrets/"+id, nil, nil)
}

// Use reads the client.
func (s Service) Use(ctx context.Context, token string) error {
	return s.call(ctx, token, http.MethodGet, "", nil, &struct{}{})
}

func (s Service) call(ctx context.Context, token, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	url := s.URL + "/api/v1/Tenants/" + s.TenantID + "/ClientCredentialClients/" + s.ClientID + path
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.HTTP)
	response, err := oauth2.NewClient(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, text)
	case out == nil:
		return nil
	}
	return json.Unmarshal(text, out)
}
