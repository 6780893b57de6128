package compat

import (
	"context"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2/clientcredentials"
)

func ocsToken(ctx context.Context) (*oidc.IDToken, error) {
	provider, err := oidc.NewProvider(ctx, os.Getenv("Resource")+"/identity")
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID: os.Getenv("ClientId"), ClientSecret: os.Getenv("ClientSecret"),
		TokenURL: provider.Endpoint().TokenURL,
	}
	token, err := config.Token(ctx)
	if err != nil {
		return nil, err
	}
	return provider.Verifier(&oidc.Config{ClientID: "ocsapi"}).Verify(ctx, token.AccessToken)
}
