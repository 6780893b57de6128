package infisical

import "github.com/understudy-dev/understudy/emulator/internal/kernel"

// Op names one of the provider's operations, for faults and the journal.
type Op = kernel.Op

// The operations that are served.
const (
	OpLogin               Op = "infisical POST /api/v1/auth/universal-auth/login"
	OpAttachUniversalAuth Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}"
	OpGetUniversalAuth    Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}"
	OpCreateClientSecret  Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"
	OpListClientSecrets   Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"
	OpGetClientSecret     Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets/{clientSecretId}"
	OpRevokeClientSecret  Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets/{clientSecretId}/revoke"
	OpCreateIdentity      Op = "infisical POST /api/v1/identities"
	OpGetIdentity         Op = "infisical GET /api/v1/identities/{identityId}"
)

func (p *Provider) routes() []kernel.Route {
	return []kernel.Route{
		kernel.On(OpLogin, p.login).Secret(),
		kernel.On(OpAttachUniversalAuth, p.attachUniversalAuth),
		kernel.On(OpGetUniversalAuth, p.getUniversalAuth),
		kernel.On(OpCreateClientSecret, p.createClientSecret).Secret(),
		kernel.On(OpListClientSecrets, p.listClientSecrets),
		kernel.On(OpGetClientSecret, p.getClientSecret),
		kernel.On(OpRevokeClientSecret, p.revokeClientSecret),
		kernel.On(OpCreateIdentity, p.createIdentity),
		kernel.On(OpGetIdentity, p.getIdentity),
	}
}

// declined are operations of the document that have no handler yet.
var declined = map[Op]string{
	"infisical PATCH /api/v1/auth/universal-auth/identities/{identityId}":               notYet,
	"infisical DELETE /api/v1/auth/universal-auth/identities/{identityId}":              notYet,
	"infisical POST /api/v1/auth/universal-auth/identities/{identityId}/clear-lockouts": notYet,
	"infisical POST /api/v1/auth/token/renew":                                           notYet,
	"infisical POST /api/v1/auth/token/revoke":                                          notYet,
	"infisical GET /api/v1/identities":                                                  notYet,
	"infisical GET /api/v1/identities/details":                                          notYet,
	"infisical PATCH /api/v1/identities/{identityId}":                                   notYet,
	"infisical DELETE /api/v1/identities/{identityId}":                                  notYet,
}

const notYet = "planned; see SUPPORTED.md"
