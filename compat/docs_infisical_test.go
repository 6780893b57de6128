package compat

import (
	"context"
	"os"

	sdk "github.com/infisical/go-sdk"
)

func infisicalKeys(ctx context.Context, project string) ([]string, error) {
	client := sdk.NewInfisicalClient(ctx, sdk.Config{SiteUrl: os.Getenv("INFISICAL_HOST")})
	// Empty arguments: the SDK reads INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and …_SECRET.
	if _, err := client.Auth().UniversalAuthLogin("", ""); err != nil {
		return nil, err
	}
	list, err := client.Secrets().ListSecrets(sdk.ListSecretsOptions{ProjectID: project, Environment: "dev"})
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, secret := range list.Secrets {
		keys = append(keys, secret.SecretKey)
	}
	return keys, nil
}
