package workos

import "github.com/understudy-dev/understudy/internal/kernel"

// Op names one of the provider's operations, for faults and the journal.
type Op = kernel.Op

// The operations that are served.
const (
	OpListApplications       Op = "workos GET /connect/applications"
	OpCreateApplication      Op = "workos POST /connect/applications"
	OpGetApplication         Op = "workos GET /connect/applications/{id}"
	OpUpdateApplication      Op = "workos PUT /connect/applications/{id}"
	OpDeleteApplication      Op = "workos DELETE /connect/applications/{id}"
	OpListClientSecrets      Op = "workos GET /connect/applications/{id}/client_secrets"
	OpCreateClientSecret     Op = "workos POST /connect/applications/{id}/client_secrets"
	OpDeleteClientSecret     Op = "workos DELETE /connect/client_secrets/{id}"
	OpListOrganizations      Op = "workos GET /organizations"
	OpCreateOrganization     Op = "workos POST /organizations"
	OpGetOrganization        Op = "workos GET /organizations/{id}"
	OpUpdateOrganization     Op = "workos PUT /organizations/{id}"
	OpDeleteOrganization     Op = "workos DELETE /organizations/{id}"
	OpGetByExternalID        Op = "workos GET /organizations/external_id/{external_id}"
	OpListAPIKeys            Op = "workos GET /organizations/{organizationId}/api_keys"
	OpCreateAPIKey           Op = "workos POST /organizations/{organizationId}/api_keys"
	OpValidateAPIKey         Op = "workos POST /api_keys/validations"
	OpExpireAPIKey           Op = "workos POST /api_keys/{id}/expire"
	OpDeleteAPIKey           Op = "workos DELETE /api_keys/{id}"
	OpListAuthorized         Op = "workos GET /organizations/{organization_id}/authorized_applications"
	OpListAuthorizedByUser   Op = "workos GET /user_management/users/{user_id}/authorized_applications"
	OpDeleteAuthorized       Op = "workos DELETE /user_management/users/{user_id}/authorized_applications/{application_id}"
	OpAuthorize              Op = "workos GET /oauth2/authorize"
	OpPostAuthorize          Op = "workos POST /oauth2/authorize"
	OpRegister               Op = "workos POST /oauth2/register"
	OpSignInError            Op = "workos GET /oauth2/error"
	OpDeviceAuthorization    Op = "workos POST /oauth2/device_authorization"
	OpDevice                 Op = "workos GET /device"
	OpPostDevice             Op = "workos POST /device"
	OpToken                  Op = "workos POST /oauth2/token"
	OpIntrospect             Op = "workos POST /oauth2/introspection"
	OpGetUserinfo            Op = "workos GET /oauth2/userinfo"
	OpPostUserinfo           Op = "workos POST /oauth2/userinfo"
	OpGetJWKS                Op = "workos GET /oauth2/jwks"
	OpGetEnvironmentJWKS     Op = "workos GET /sso/jwks/{clientId}"
	OpGetOpenIDConfiguration Op = "workos GET /.well-known/openid-configuration"
	OpGetAuthorizationServer Op = "workos GET /.well-known/oauth-authorization-server"
)

// oauthOps answer in the envelope of RFC 6749, not the API's.
var oauthOps = map[Op]bool{
	OpToken: true, OpIntrospect: true, OpGetUserinfo: true, OpPostUserinfo: true,
	OpAuthorize: true, OpPostAuthorize: true, OpSignInError: true, OpDeviceAuthorization: true, OpDevice: true, OpPostDevice: true, OpRegister: true,
}

func (p *Provider) routes() []kernel.Route {
	return []kernel.Route{
		kernel.On(OpListApplications, p.listApplications),
		kernel.On(OpCreateApplication, p.createApplication),
		kernel.On(OpGetApplication, p.getApplication),
		kernel.On(OpUpdateApplication, p.updateApplication),
		kernel.On(OpDeleteApplication, p.deleteApplication),
		kernel.On(OpListClientSecrets, p.listClientSecrets),
		kernel.On(OpCreateClientSecret, p.createClientSecret).Secret(),
		kernel.On(OpDeleteClientSecret, p.deleteClientSecret),
		kernel.On(OpListOrganizations, p.listOrganizations),
		kernel.On(OpCreateOrganization, p.createOrganization),
		kernel.On(OpGetOrganization, p.getOrganization),
		kernel.On(OpUpdateOrganization, p.updateOrganization),
		kernel.On(OpDeleteOrganization, p.deleteOrganization),
		kernel.On(OpGetByExternalID, p.organizationByExternalID),
		kernel.On(OpListAPIKeys, p.listAPIKeys),
		kernel.On(OpCreateAPIKey, p.createAPIKey).Secret(),
		kernel.On(OpValidateAPIKey, p.validateAPIKey),
		kernel.On(OpExpireAPIKey, p.expireAPIKey),
		kernel.On(OpDeleteAPIKey, p.deleteAPIKey),
		kernel.On(OpListAuthorized, p.listAuthorized),
		kernel.On(OpListAuthorizedByUser, p.listAuthorizedByUser),
		kernel.On(OpDeleteAuthorized, p.deleteAuthorized),
		kernel.Handle(OpAuthorize, p.authorize),
		kernel.Handle(OpPostAuthorize, p.authorize),
		kernel.On(OpRegister, p.register).Secret(),
		kernel.Handle(OpSignInError, p.signInError),
		kernel.Handle(OpDeviceAuthorization, p.authorizeDevice).Secret(),
		kernel.Handle(OpDevice, p.devicePage),
		kernel.Handle(OpPostDevice, p.devicePage),
		kernel.Handle(OpToken, p.token).Secret(),
		kernel.Handle(OpIntrospect, p.introspect),
		kernel.Handle(OpGetUserinfo, p.userinfo),
		kernel.Handle(OpPostUserinfo, p.userinfo),
		kernel.Handle(OpGetJWKS, p.jwks),
		kernel.On(OpGetEnvironmentJWKS, p.environmentJWKS),
		kernel.Handle(OpGetOpenIDConfiguration, p.openIDConfiguration),
		kernel.Handle(OpGetAuthorizationServer, p.authorizationServer),
	}
}
