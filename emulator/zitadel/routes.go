package zitadel

import "github.com/understudy-dev/understudy/emulator/internal/kernel"

// Op names one of the provider's operations, for faults and the journal.
type Op = kernel.Op

// The operations that are served.
const (
	OpHealthz                    Op = "zitadel GET /management/v1/healthz"
	OpGetIAM                     Op = "zitadel GET /management/v1/iam"
	OpGetMyOrg                   Op = "zitadel GET /management/v1/orgs/me"
	OpGetOrgByDomain             Op = "zitadel GET /management/v1/global/orgs/_by_domain"
	OpGetUserByLoginName         Op = "zitadel GET /management/v1/global/users/_by_login_name"
	OpAddProject                 Op = "zitadel POST /management/v1/projects"
	OpListProjects               Op = "zitadel POST /management/v1/projects/_search"
	OpGetProject                 Op = "zitadel GET /management/v1/projects/{id}"
	OpUpdateProject              Op = "zitadel PUT /management/v1/projects/{id}"
	OpRemoveProject              Op = "zitadel DELETE /management/v1/projects/{id}"
	OpDeactivateProject          Op = "zitadel POST /management/v1/projects/{id}/_deactivate"
	OpReactivateProject          Op = "zitadel POST /management/v1/projects/{id}/_reactivate"
	OpAddAPIApp                  Op = "zitadel POST /management/v1/projects/{projectId}/apps/api"
	OpAddOIDCApp                 Op = "zitadel POST /management/v1/projects/{projectId}/apps/oidc"
	OpListApps                   Op = "zitadel POST /management/v1/projects/{projectId}/apps/_search"
	OpGetApp                     Op = "zitadel GET /management/v1/projects/{projectId}/apps/{appId}"
	OpUpdateApp                  Op = "zitadel PUT /management/v1/projects/{projectId}/apps/{appId}"
	OpRemoveApp                  Op = "zitadel DELETE /management/v1/projects/{projectId}/apps/{appId}"
	OpUpdateAPIAppConfig         Op = "zitadel PUT /management/v1/projects/{projectId}/apps/{appId}/api_config"
	OpUpdateOIDCAppConfig        Op = "zitadel PUT /management/v1/projects/{projectId}/apps/{appId}/oidc_config"
	OpDeactivateApp              Op = "zitadel POST /management/v1/projects/{projectId}/apps/{appId}/_deactivate"
	OpReactivateApp              Op = "zitadel POST /management/v1/projects/{projectId}/apps/{appId}/_reactivate"
	OpRegenerateAPIClientSecret  Op = "zitadel POST /management/v1/projects/{projectId}/apps/{appId}/api_config/_generate_client_secret"
	OpRegenerateOIDCClientSecret Op = "zitadel POST /management/v1/projects/{projectId}/apps/{appId}/oidc_config/_generate_client_secret"
	OpAddAppKey                  Op = "zitadel POST /management/v1/projects/{projectId}/apps/{appId}/keys"
	OpListAppKeys                Op = "zitadel POST /management/v1/projects/{projectId}/apps/{appId}/keys/_search"
	OpGetAppKey                  Op = "zitadel GET /management/v1/projects/{projectId}/apps/{appId}/keys/{keyId}"
	OpRemoveAppKey               Op = "zitadel DELETE /management/v1/projects/{projectId}/apps/{appId}/keys/{keyId}"
	OpListUsers                  Op = "zitadel POST /management/v1/users/_search"
	OpAddMachineUser             Op = "zitadel POST /management/v1/users/machine"
	OpGetUser                    Op = "zitadel GET /management/v1/users/{id}"
	OpRemoveUser                 Op = "zitadel DELETE /management/v1/users/{id}"
	OpUpdateUserName             Op = "zitadel PUT /management/v1/users/{userId}/username"
	OpUpdateMachine              Op = "zitadel PUT /management/v1/users/{userId}/machine"
	OpGenerateMachineSecret      Op = "zitadel PUT /management/v1/users/{userId}/secret"
	OpRemoveMachineSecret        Op = "zitadel DELETE /management/v1/users/{userId}/secret"
	OpAddMachineKey              Op = "zitadel POST /management/v1/users/{userId}/keys"
	OpListMachineKeys            Op = "zitadel POST /management/v1/users/{userId}/keys/_search"
	OpGetMachineKey              Op = "zitadel GET /management/v1/users/{userId}/keys/{keyId}"
	OpRemoveMachineKey           Op = "zitadel DELETE /management/v1/users/{userId}/keys/{keyId}"
	OpAddPersonalAccessToken     Op = "zitadel POST /management/v1/users/{userId}/pats"
	OpListPersonalAccessTokens   Op = "zitadel POST /management/v1/users/{userId}/pats/_search"
	OpGetPersonalAccessToken     Op = "zitadel GET /management/v1/users/{userId}/pats/{tokenId}"
	OpRemovePersonalAccessToken  Op = "zitadel DELETE /management/v1/users/{userId}/pats/{tokenId}"

	OpToken        Op = "zitadel POST /oauth/v2/token"
	OpIntrospect   Op = "zitadel POST /oauth/v2/introspect"
	OpRevoke       Op = "zitadel POST /oauth/v2/revoke"
	OpKeys         Op = "zitadel GET /oauth/v2/keys"
	OpUserInfo     Op = "zitadel GET /oidc/v1/userinfo"
	OpPostUserInfo Op = "zitadel POST /oidc/v1/userinfo"
	OpDiscovery    Op = "zitadel GET /.well-known/openid-configuration"
)

func (p *Provider) routes() []kernel.Route {
	return []kernel.Route{
		kernel.On(OpHealthz, p.healthz),
		kernel.On(OpGetIAM, p.getIAM),
		kernel.On(OpGetMyOrg, p.getMyOrg),
		kernel.On(OpGetOrgByDomain, p.getOrgByDomain),
		kernel.On(OpGetUserByLoginName, p.getUserByLoginName),
		kernel.On(OpAddProject, p.addProject),
		kernel.On(OpListProjects, p.listProjects),
		kernel.On(OpGetProject, p.getProject),
		kernel.On(OpUpdateProject, p.updateProject),
		kernel.On(OpRemoveProject, p.removeProject),
		kernel.On(OpDeactivateProject, p.deactivateProject),
		kernel.On(OpReactivateProject, p.reactivateProject),
		kernel.On(OpAddAPIApp, p.addAPIApp).Secret(),
		kernel.On(OpAddOIDCApp, p.addOIDCApp).Secret(),
		kernel.On(OpListApps, p.listApps),
		kernel.On(OpGetApp, p.getApp),
		kernel.On(OpUpdateApp, p.updateApp),
		kernel.On(OpRemoveApp, p.removeApp),
		kernel.On(OpUpdateAPIAppConfig, p.updateAPIAppConfig),
		kernel.On(OpUpdateOIDCAppConfig, p.updateOIDCAppConfig),
		kernel.On(OpDeactivateApp, p.deactivateApp),
		kernel.On(OpReactivateApp, p.reactivateApp),
		kernel.On(OpRegenerateAPIClientSecret, p.regenerateAPIClientSecret).Secret(),
		kernel.On(OpRegenerateOIDCClientSecret, p.regenerateOIDCClientSecret).Secret(),
		kernel.On(OpAddAppKey, p.addAppKey).Secret(),
		kernel.On(OpListAppKeys, p.listAppKeys),
		kernel.On(OpGetAppKey, p.getAppKey),
		kernel.On(OpRemoveAppKey, p.removeAppKey),
		kernel.On(OpListUsers, p.listUsers),
		kernel.On(OpAddMachineUser, p.addMachineUser),
		kernel.On(OpGetUser, p.getUser),
		kernel.On(OpRemoveUser, p.removeUser),
		kernel.On(OpUpdateUserName, p.updateUserName),
		kernel.On(OpUpdateMachine, p.updateMachine),
		kernel.On(OpGenerateMachineSecret, p.generateMachineSecret).Secret(),
		kernel.On(OpRemoveMachineSecret, p.removeMachineSecret),
		kernel.On(OpAddMachineKey, p.addMachineKey).Secret(),
		kernel.On(OpListMachineKeys, p.listMachineKeys),
		kernel.On(OpGetMachineKey, p.getMachineKey),
		kernel.On(OpRemoveMachineKey, p.removeMachineKey),
		kernel.On(OpAddPersonalAccessToken, p.addPersonalAccessToken).Secret(),
		kernel.On(OpListPersonalAccessTokens, p.listPersonalAccessTokens),
		kernel.On(OpGetPersonalAccessToken, p.getPersonalAccessToken),
		kernel.On(OpRemovePersonalAccessToken, p.removePersonalAccessToken),

		kernel.On(OpToken, p.token).Secret(),
		kernel.On(OpIntrospect, p.introspect).Secret(),
		kernel.On(OpRevoke, p.revoke),
		kernel.On(OpKeys, p.keySet),
		kernel.On(OpUserInfo, p.userInfo).Secret(),
		kernel.On(OpPostUserInfo, p.userInfo).Secret(),
		kernel.On(OpDiscovery, p.discovery),
	}
}

// declined are the operations that are not served.
var declined = map[Op]string{
	"zitadel POST /management/v1/projects/{projectId}/apps/saml":                    "SAML applications have no credentials",
	"zitadel POST /management/v1/projects/{projectId}/changes/_search":              "no history of events is kept",
	"zitadel POST /management/v1/projects/{projectId}/apps/{appId}/changes/_search": "no history of events is kept",
	"zitadel GET /oauth/v2/authorize":                                               "there are no login pages",
	"zitadel POST /oauth/v2/device_authorization":                                   "there are no login pages",
	"zitadel GET /oidc/v1/end_session":                                              "there are no login pages",
}

// permissions are what a caller needs for an operation; those that are not
// listed need no more than a good token, if any.
var permissions = map[Op]string{
	OpGetMyOrg:                   "org.read",
	OpGetOrgByDomain:             "org.global.read",
	OpGetUserByLoginName:         "user.global.read",
	OpAddProject:                 "project.create",
	OpListProjects:               "project.read",
	OpGetProject:                 "project.read",
	OpUpdateProject:              "project.write",
	OpRemoveProject:              "project.delete",
	OpDeactivateProject:          "project.write",
	OpReactivateProject:          "project.write",
	OpAddAPIApp:                  "project.app.write",
	OpAddOIDCApp:                 "project.app.write",
	OpListApps:                   "project.app.read",
	OpGetApp:                     "project.app.read",
	OpUpdateApp:                  "project.app.write",
	OpRemoveApp:                  "project.app.delete",
	OpUpdateAPIAppConfig:         "project.app.write",
	OpUpdateOIDCAppConfig:        "project.app.write",
	OpDeactivateApp:              "project.app.write",
	OpReactivateApp:              "project.app.write",
	OpRegenerateAPIClientSecret:  "project.app.write",
	OpRegenerateOIDCClientSecret: "project.app.write",
	OpAddAppKey:                  "project.app.write",
	OpListAppKeys:                "project.app.read",
	OpGetAppKey:                  "project.app.read",
	OpRemoveAppKey:               "project.app.write",
	OpListUsers:                  "user.read",
	OpAddMachineUser:             "user.write",
	OpGetUser:                    "user.read",
	OpRemoveUser:                 "user.delete",
	OpUpdateUserName:             "user.write",
	OpUpdateMachine:              "user.write",
	OpGenerateMachineSecret:      "user.write",
	OpRemoveMachineSecret:        "user.write",
	OpAddMachineKey:              "user.write",
	OpListMachineKeys:            "user.read",
	OpGetMachineKey:              "user.read",
	OpRemoveMachineKey:           "user.write",
	OpAddPersonalAccessToken:     "user.write",
	OpListPersonalAccessTokens:   "user.read",
	OpGetPersonalAccessToken:     "user.read",
	OpRemovePersonalAccessToken:  "user.write",
}
