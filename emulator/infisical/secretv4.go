package infisical

import (
	"github.com/understudy-dev/understudy/internal/kernel"
)

// secretWhereV4 is secretWhere where the project is called one.
type secretWhereV4 struct {
	ProjectID   string  `json:"projectId"`
	Environment string  `json:"environment"`
	SecretPath  *string `json:"secretPath"`
	Type        string  `json:"type"`
}

func (w secretWhereV4) where() secretWhere {
	return secretWhere{WorkspaceID: w.ProjectID, Environment: w.Environment, SecretPath: w.SecretPath, Type: w.Type}
}

// createSecretV4 is createSecret as newer clients call it.
// https://infisical.com/docs/api-reference/endpoints/secrets/create
func (p *Provider) createSecretV4(c *kernel.Call, in struct {
	SecretName string `path:"secretName" json:"-"`
	secretWhereV4
	newSecret
}) (createSecretResponse, error) {
	return p.createSecret(c, createSecretRequest{in.SecretName, in.where(), in.newSecret})
}

// secretChange is what a change of a secret may have.
type secretChange struct {
	NewSecretName            *string           `json:"newSecretName"`
	SecretValue              *string           `json:"secretValue"`
	SecretComment            *string           `json:"secretComment"`
	SecretMetadata           *[]secretMetadata `json:"secretMetadata"`
	TagIDs                   *[]string         `json:"tagIds"`
	SkipMultilineEncoding    *bool             `json:"skipMultilineEncoding"`
	SecretReminderRepeatDays *float64          `json:"secretReminderRepeatDays"`
	SecretReminderNote       *string           `json:"secretReminderNote"`
}

// updateSecretV4 is updateSecret as newer clients call it.
// https://infisical.com/docs/api-reference/endpoints/secrets/update
func (p *Provider) updateSecretV4(c *kernel.Call, in struct {
	SecretName string `path:"secretName" json:"-"`
	secretWhereV4
	secretChange
}) (changedSecretResponse, error) {
	return p.updateSecret(c, updateSecretRequest{in.SecretName, in.where(), in.secretChange})
}

// deleteSecretV4 is deleteSecret as newer clients call it.
// https://infisical.com/docs/api-reference/endpoints/secrets/delete
func (p *Provider) deleteSecretV4(c *kernel.Call, in struct {
	SecretName string `path:"secretName" json:"-"`
	secretWhereV4
}) (changedSecretResponse, error) {
	return p.deleteSecret(c, deleteSecretRequest{in.SecretName, in.where()})
}

// createSecretsV4 is createSecrets as newer clients call it.
// https://infisical.com/docs/api-reference/endpoints/secrets/create-many
func (p *Provider) createSecretsV4(c *kernel.Call, in struct {
	secretWhereV4
	Secrets []batchSecret `json:"secrets"`
}) (createSecretsResponse, error) {
	return p.createSecrets(c, createSecretsRequest{in.where(), in.Secrets})
}

type changedSecretsResponse struct {
	Secrets []changedSecret `json:"secrets"`
}

// updateSecretsV4 changes several secrets of one folder, or none.
// https://infisical.com/docs/api-reference/endpoints/secrets/update-many
func (p *Provider) updateSecretsV4(c *kernel.Call, in struct {
	secretWhereV4
	Secrets []struct {
		SecretKey string `json:"secretKey"`
		secretChange
	} `json:"secrets"`
}) (changedSecretsResponse, error) {
	return each(in.Secrets, func(i int) (changedSecretResponse, error) {
		return p.updateSecret(c, updateSecretRequest{in.Secrets[i].SecretKey, in.where(), in.Secrets[i].secretChange})
	})
}

// deleteSecretsV4 deletes several secrets of one folder, or none.
// https://infisical.com/docs/api-reference/endpoints/secrets/delete-many
func (p *Provider) deleteSecretsV4(c *kernel.Call, in struct {
	secretWhereV4
	Secrets []struct {
		SecretKey string `json:"secretKey"`
	} `json:"secrets"`
}) (changedSecretsResponse, error) {
	return each(in.Secrets, func(i int) (changedSecretResponse, error) {
		return p.deleteSecret(c, deleteSecretRequest{in.Secrets[i].SecretKey, in.where()})
	})
}

// each changes all items of a batch, within the bounds of an answer.
func each[T any](items []T, change func(i int) (changedSecretResponse, error)) (changedSecretsResponse, error) {
	response, answer := changedSecretsResponse{[]changedSecret{}}, newBudget()
	for i := range items {
		changed, err := change(i)
		if err == nil {
			err = answer.spendOn(700, changed.Secret.SecretKey, changed.Secret.SecretValue, changed.Secret.SecretComment)
		}
		if err != nil {
			return response, err
		}
		response.Secrets = append(response.Secrets, changed.Secret)
	}
	return response, nil
}
