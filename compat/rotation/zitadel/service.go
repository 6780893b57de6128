//lint:file-ignore SA1019 most programs call what the service deprecates

// Package zitadel rotates a personal access token of a machine user by zitadel-go,
// which speaks gRPC.
package zitadel

import (
	"context"

	"github.com/zitadel/zitadel-go/v3/pkg/client"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/auth"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"github.com/zitadel/zitadel-go/v3/pkg/zitadel"

	"github.com/understudy-dev/understudy/compat/rotation"
)

// A Service is a machine user that may change itself.
type Service struct {
	Instance *zitadel.Zitadel
	UserID   string
}

// LogIn does nothing: a personal access token is the token that calls are made with.
func (s Service) LogIn(_ context.Context, secret rotation.Secret) (string, error) {
	return secret.Value, nil
}

// Create adds a personal access token.
func (s Service) Create(ctx context.Context, token string) (secret rotation.Secret, err error) {
	err = s.call(ctx, token, func(c *client.Client) error {
		added, err := c.ManagementService().AddPersonalAccessToken(ctx, &management.AddPersonalAccessTokenRequest{UserId: s.UserID})
		secret = rotation.Secret{ID: added.GetTokenId(), Value: added.GetToken()}
		return err
	})
	return secret, err
}

// List returns the ids of the user's personal access tokens.
func (s Service) List(ctx context.Context, token string) (ids []string, err error) {
	err = s.call(ctx, token, func(c *client.Client) error {
		list, err := c.ManagementService().ListPersonalAccessTokens(ctx, &management.ListPersonalAccessTokensRequest{UserId: s.UserID})
		for _, pat := range list.GetResult() {
			ids = append(ids, pat.GetId())
		}
		return err
	})
	return ids, err
}

// Revoke removes a personal access token.
func (s Service) Revoke(ctx context.Context, token, id string) error {
	return s.call(ctx, token, func(c *client.Client) error {
		_, err := c.ManagementService().RemovePersonalAccessToken(ctx, &management.RemovePersonalAccessTokenRequest{UserId: s.UserID, TokenId: id})
		return err
	})
}

// Use asks who the caller is.
func (s Service) Use(ctx context.Context, token string) error {
	return s.call(ctx, token, func(c *client.Client) error {
		_, err := c.AuthService().GetMyUser(ctx, &auth.GetMyUserRequest{})
		return err
	})
}

// call makes a call on a connection of its own, which has one token for its life.
func (s Service) call(ctx context.Context, token string, call func(*client.Client) error) error {
	c, err := client.New(ctx, s.Instance, client.WithAuth(client.PAT(token)))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return call(c)
}
