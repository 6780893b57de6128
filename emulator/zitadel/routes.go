package zitadel

import "github.com/understudy-dev/understudy/internal/kernel"

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

	// Version 2, and what clients call of the Admin API, by their REST paths.
	OpCreateUser                  Op = "zitadel POST /v2/users/new"
	OpGetUserV2                   Op = "zitadel GET /v2/users/{userId}"
	OpUpdateUser                  Op = "zitadel PATCH /v2/users/{userId}"
	OpDeleteUser                  Op = "zitadel DELETE /v2/users/{userId}"
	OpAddSecret                   Op = "zitadel POST /v2/users/{userId}/secret"
	OpRemoveSecret                Op = "zitadel DELETE /v2/users/{userId}/secret"
	OpAddKey                      Op = "zitadel POST /v2/users/{userId}/keys"
	OpRemoveKey                   Op = "zitadel DELETE /v2/users/{userId}/keys/{keyId}"
	OpListKeys                    Op = "zitadel POST /v2/users/keys/search"
	OpAddPersonalAccessTokenV2    Op = "zitadel POST /v2/users/{userId}/pats"
	OpRemovePersonalAccessTokenV2 Op = "zitadel DELETE /v2/users/{userId}/pats/{tokenId}"
	OpListPersonalAccessTokensV2  Op = "zitadel POST /v2/users/pats/search"
	OpAddOrganization             Op = "zitadel POST /v2/organizations"
	OpUpdateOrganization          Op = "zitadel POST /v2/organizations/{organizationId}"
	OpDeleteOrganization          Op = "zitadel DELETE /v2/organizations/{organizationId}"
	OpGetGeneralSettings          Op = "zitadel GET /v2/settings"
	OpAdminHealthz                Op = "zitadel GET /admin/v1/healthz"
	OpGetDefaultOrg               Op = "zitadel GET /admin/v1/orgs/default"
	OpGetOrg                      Op = "zitadel GET /admin/v1/orgs/{id}"

	// What has no REST path.
	OpCreateApplication     Op = "zitadel /zitadel.application.v2.ApplicationService/CreateApplication"
	OpUpdateApplication     Op = "zitadel /zitadel.application.v2.ApplicationService/UpdateApplication"
	OpGetApplication        Op = "zitadel /zitadel.application.v2.ApplicationService/GetApplication"
	OpDeleteApplication     Op = "zitadel /zitadel.application.v2.ApplicationService/DeleteApplication"
	OpDeactivateApplication Op = "zitadel /zitadel.application.v2.ApplicationService/DeactivateApplication"
	OpReactivateApplication Op = "zitadel /zitadel.application.v2.ApplicationService/ReactivateApplication"
	OpGenerateClientSecret  Op = "zitadel /zitadel.application.v2.ApplicationService/GenerateClientSecret"
	OpListApplications      Op = "zitadel /zitadel.application.v2.ApplicationService/ListApplications"
	OpCreateApplicationKey  Op = "zitadel /zitadel.application.v2.ApplicationService/CreateApplicationKey"
	OpDeleteApplicationKey  Op = "zitadel /zitadel.application.v2.ApplicationService/DeleteApplicationKey"
	OpGetApplicationKey     Op = "zitadel /zitadel.application.v2.ApplicationService/GetApplicationKey"
	OpListApplicationKeys   Op = "zitadel /zitadel.application.v2.ApplicationService/ListApplicationKeys"
	OpCreateProject         Op = "zitadel /zitadel.project.v2.ProjectService/CreateProject"
	OpUpdateProjectV2       Op = "zitadel /zitadel.project.v2.ProjectService/UpdateProject"
	OpDeleteProject         Op = "zitadel /zitadel.project.v2.ProjectService/DeleteProject"
	OpGetProjectV2          Op = "zitadel /zitadel.project.v2.ProjectService/GetProject"
	OpListProjectsV2        Op = "zitadel /zitadel.project.v2.ProjectService/ListProjects"
	OpDeactivateProjectV2   Op = "zitadel /zitadel.project.v2.ProjectService/DeactivateProject"
	OpActivateProject       Op = "zitadel /zitadel.project.v2.ProjectService/ActivateProject"

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

		kernel.On(OpCreateUser, p.createUser),
		kernel.On(OpGetUserV2, p.getUser2),
		kernel.On(OpUpdateUser, p.updateUser),
		kernel.On(OpDeleteUser, p.deleteUser),
		kernel.On(OpAddSecret, p.addSecret).Secret(),
		kernel.On(OpRemoveSecret, p.removeSecret),
		kernel.On(OpAddKey, p.addKey).Secret(),
		kernel.On(OpRemoveKey, p.removeKey),
		kernel.On(OpListKeys, p.listKeys2),
		kernel.On(OpAddPersonalAccessTokenV2, p.addPAT2).Secret(),
		kernel.On(OpRemovePersonalAccessTokenV2, p.removePAT2),
		kernel.On(OpListPersonalAccessTokensV2, p.listPATs2),
		kernel.On(OpAddOrganization, p.createOrganization),
		kernel.On(OpUpdateOrganization, p.updateOrganization),
		kernel.On(OpDeleteOrganization, p.deleteOrganization),
		kernel.On(OpGetGeneralSettings, p.getGeneralSettings),
		kernel.On(OpAdminHealthz, p.healthz),
		kernel.On(OpGetDefaultOrg, p.getDefaultOrg),
		kernel.On(OpGetOrg, p.getOrg),

		kernel.On(OpCreateApplication, p.createApplication).Secret(),
		kernel.On(OpUpdateApplication, p.updateApplication),
		kernel.On(OpGetApplication, p.getApplication),
		kernel.On(OpDeleteApplication, p.deleteApplication),
		kernel.On(OpDeactivateApplication, p.deactivateApplication),
		kernel.On(OpReactivateApplication, p.reactivateApplication),
		kernel.On(OpGenerateClientSecret, p.generateClientSecret).Secret(),
		kernel.On(OpListApplications, p.listApplications),
		kernel.On(OpCreateApplicationKey, p.createApplicationKey).Secret(),
		kernel.On(OpDeleteApplicationKey, p.deleteApplicationKey),
		kernel.On(OpGetApplicationKey, p.getApplicationKey),
		kernel.On(OpListApplicationKeys, p.listApplicationKeys),
		kernel.On(OpCreateProject, p.createProject),
		kernel.On(OpUpdateProjectV2, p.updateProject2),
		kernel.On(OpDeleteProject, p.deleteProject),
		kernel.On(OpGetProjectV2, p.getProject2),
		kernel.On(OpListProjectsV2, p.listProjects2),
		kernel.On(OpDeactivateProjectV2, p.deactivateProject2),
		kernel.On(OpActivateProject, p.activateProject),

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
// listed need no more than a good token, if any, or ask by themselves: those of
// version 2, once they know the organization.
var permissions = map[Op]string{
	OpAddOrganization:            "org.create",
	OpGetDefaultOrg:              "iam.read",
	OpGetOrg:                     "iam.read",
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
