package compat

import (
	"context"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2/clientcredentials"
)

func zitadelToken(ctx context.Context, clientID, clientSecret, project string) (*oidc.IDToken, error) {
	provider, err := oidc.NewProvider(ctx, os.Getenv("ZITADEL_API_URL"))
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID: clientID, ClientSecret: clientSecret, TokenURL: provider.Endpoint().TokenURL,
		Scopes: []string{"openid", "urn:zitadel:iam:org:project:id:" + project + ":aud"},
	}
	token, err := config.Token(ctx)
	if err != nil {
		return nil, err
	}
	id, _ := token.Extra("id_token").(string)
	return provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(ctx, id)
}
