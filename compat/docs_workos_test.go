package compat

import (
	"context"
	"os"

	sdk "github.com/workos/workos-go/v7"
)

func newClientSecret(ctx context.Context, application string) (string, error) {
	client := sdk.NewClient(os.Getenv("WORKOS_API_KEY"),
		sdk.WithBaseURL(os.Getenv("WORKOS_BASE_URL")), // the SDK itself reads no environment
		sdk.WithClientID(os.Getenv("WORKOS_CLIENT_ID")))
	secret, err := client.Connect().CreateApplicationClientSecret(ctx, application)
	if err != nil {
		return "", err
	}
	return secret.Secret, nil
}
