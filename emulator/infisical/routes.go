package infisical

import "github.com/understudy-dev/understudy/internal/kernel"

// Op names one of the provider's operations, for faults and the journal.
type Op = kernel.Op

// The operations that are served.
const (
	OpLogin               Op = "infisical POST /api/v1/auth/universal-auth/login"
	OpAttachUniversalAuth Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}"
	OpUpdateUniversalAuth Op = "infisical PATCH /api/v1/auth/universal-auth/identities/{identityId}"
	OpGetUniversalAuth    Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}"
	OpDetachUniversalAuth Op = "infisical DELETE /api/v1/auth/universal-auth/identities/{identityId}"
	OpCreateClientSecret  Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"
	OpListClientSecrets   Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"
	OpGetClientSecret     Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets/{clientSecretId}"
	OpRevokeClientSecret  Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets/{clientSecretId}/revoke"
	OpClearLockouts       Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/clear-lockouts"
	OpRenewToken          Op = "infisical POST /api/v1/auth/token/renew"
	OpRevokeToken         Op = "infisical POST /api/v1/auth/token/revoke"
	OpAttachTokenAuth     Op = "infisical POST /api/v1/auth/token-auth/identities/{identityId}"
	OpUpdateTokenAuth     Op = "infisical PATCH /api/v1/auth/token-auth/identities/{identityId}"
	OpGetTokenAuth        Op = "infisical GET /api/v1/auth/token-auth/identities/{identityId}"
	OpDetachTokenAuth     Op = "infisical DELETE /api/v1/auth/token-auth/identities/{identityId}"
	OpCreateToken         Op = "infisical POST /api/v1/auth/token-auth/identities/{identityId}/tokens"
	OpListTokens          Op = "infisical GET /api/v1/auth/token-auth/identities/{identityId}/tokens"
	OpGetIdentityToken    Op = "infisical GET /api/v1/auth/token-auth/identities/{identityId}/tokens/{tokenId}"
	OpGetToken            Op = "infisical GET /api/v1/auth/token-auth/tokens/{tokenId}"
	OpUpdateToken         Op = "infisical PATCH /api/v1/auth/token-auth/tokens/{tokenId}"
	OpRevokeIdentityToken Op = "infisical POST /api/v1/auth/token-auth/tokens/{tokenId}/revoke"
	OpCreateIdentity      Op = "infisical POST /api/v1/identities"
	OpListIdentities      Op = "infisical GET /api/v1/identities"
	OpSearchIdentities    Op = "infisical POST /api/v1/identities/search"
	OpGetIdentityDetails  Op = "infisical GET /api/v1/identities/details"
	OpGetIdentity         Op = "infisical GET /api/v1/identities/{identityId}"
	OpUpdateIdentity      Op = "infisical PATCH /api/v1/identities/{identityId}"
	OpDeleteIdentity      Op = "infisical DELETE /api/v1/identities/{identityId}"
	OpBootstrap           Op = "infisical POST /api/v1/admin/bootstrap"
	OpListSecrets         Op = "infisical GET /api/v3/secrets/raw"
	OpGetSecret           Op = "infisical GET /api/v3/secrets/raw/{secretName}"
	OpCreateSecret        Op = "infisical POST /api/v3/secrets/raw/{secretName}"
	OpUpdateSecret        Op = "infisical PATCH /api/v3/secrets/raw/{secretName}"
	OpDeleteSecret        Op = "infisical DELETE /api/v3/secrets/raw/{secretName}"
	OpCreateSecrets       Op = "infisical POST /api/v3/secrets/batch/raw"
	OpListSecretsV4       Op = "infisical GET /api/v4/secrets"
	OpGetSecretV4         Op = "infisical GET /api/v4/secrets/{secretName}"
	OpCreateFolder        Op = "infisical POST /api/v1/folders"
	OpListFolders         Op = "infisical GET /api/v1/folders"
	OpGetFolder           Op = "infisical GET /api/v1/folders/{folderId}"
	OpUpdateFolder        Op = "infisical PATCH /api/v1/folders/{folderId}"
	OpDeleteFolder        Op = "infisical DELETE /api/v1/folders/{folderId}"
)

func (p *Provider) routes() []kernel.Route {
	return []kernel.Route{
		kernel.On(OpLogin, p.login).Secret(),
		kernel.On(OpAttachUniversalAuth, p.attachUniversalAuth),
		kernel.On(OpUpdateUniversalAuth, p.updateUniversalAuth),
		kernel.On(OpGetUniversalAuth, p.getUniversalAuth),
		kernel.On(OpDetachUniversalAuth, p.detachUniversalAuth),
		kernel.On(OpCreateClientSecret, p.createClientSecret).Secret(),
		kernel.On(OpListClientSecrets, p.listClientSecrets),
		kernel.On(OpGetClientSecret, p.getClientSecret),
		kernel.On(OpRevokeClientSecret, p.revokeClientSecret),
		kernel.On(OpClearLockouts, p.clearLockouts),
		kernel.On(OpRenewToken, p.renewToken).Secret(),
		kernel.On(OpRevokeToken, p.revokeToken),
		kernel.On(OpAttachTokenAuth, p.attachTokenAuth),
		kernel.On(OpUpdateTokenAuth, p.updateTokenAuth),
		kernel.On(OpGetTokenAuth, p.getTokenAuth),
		kernel.On(OpDetachTokenAuth, p.detachTokenAuth),
		kernel.On(OpCreateToken, p.createToken).Secret(),
		kernel.On(OpListTokens, p.listTokens),
		kernel.On(OpGetIdentityToken, p.getToken),
		kernel.On(OpGetToken, p.getToken),
		kernel.On(OpUpdateToken, p.updateToken),
		kernel.On(OpRevokeIdentityToken, p.revokeIdentityToken),
		kernel.On(OpCreateIdentity, p.createIdentity),
		kernel.On(OpListIdentities, p.listIdentities),
		kernel.On(OpSearchIdentities, p.searchIdentities),
		kernel.On(OpGetIdentityDetails, p.getIdentityDetails),
		kernel.On(OpGetIdentity, p.getIdentity),
		kernel.On(OpUpdateIdentity, p.updateIdentity),
		kernel.On(OpDeleteIdentity, p.deleteIdentity),
		kernel.On(OpBootstrap, p.bootstrap).Secret(),
		kernel.On(OpListSecrets, p.listSecrets).Secret(),
		kernel.On(OpGetSecret, p.getSecret).Secret(),
		kernel.On(OpCreateSecret, p.createSecret).Secret(),
		kernel.On(OpUpdateSecret, p.updateSecret).Secret(),
		kernel.On(OpDeleteSecret, p.deleteSecret).Secret(),
		kernel.On(OpCreateSecrets, p.createSecrets).Secret(),
		kernel.On(OpListSecretsV4, p.listSecretsV4).Secret(),
		kernel.On(OpGetSecretV4, p.getSecretV4).Secret(),
		kernel.On(OpCreateFolder, p.createFolder),
		kernel.On(OpListFolders, p.listFolders),
		kernel.On(OpGetFolder, p.getFolder),
		kernel.On(OpUpdateFolder, p.updateFolder),
		kernel.On(OpDeleteFolder, p.deleteFolder),
	}
}
