package zitadel

import (
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	appbeta "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app/v2beta"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"

	"github.com/understudy-dev/understudy/internal/kernel"
)

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
	OpAddHumanUser               Op = "zitadel POST /management/v1/users/human"
	OpImportHumanUser            Op = "zitadel POST /management/v1/users/human/_import"
	OpUpdateHumanProfile         Op = "zitadel PUT /management/v1/users/{userId}/profile"
	OpUpdateHumanEmail           Op = "zitadel PUT /management/v1/users/{userId}/email"
	OpUpdateHumanPhone           Op = "zitadel PUT /management/v1/users/{userId}/phone"
	OpRemoveHumanPhone           Op = "zitadel DELETE /management/v1/users/{userId}/phone"
	OpDeactivateUser             Op = "zitadel POST /management/v1/users/{id}/_deactivate"
	OpReactivateUser             Op = "zitadel POST /management/v1/users/{id}/_reactivate"
	OpLockUser                   Op = "zitadel POST /management/v1/users/{id}/_lock"
	OpUnlockUser                 Op = "zitadel POST /management/v1/users/{id}/_unlock"
	OpAddPersonalAccessToken     Op = "zitadel POST /management/v1/users/{userId}/pats"
	OpListPersonalAccessTokens   Op = "zitadel POST /management/v1/users/{userId}/pats/_search"
	OpGetPersonalAccessToken     Op = "zitadel GET /management/v1/users/{userId}/pats/{tokenId}"
	OpRemovePersonalAccessToken  Op = "zitadel DELETE /management/v1/users/{userId}/pats/{tokenId}"

	// Version 2, and what clients call of the Admin API, by their REST paths.
	OpCreateUser                  Op = "zitadel POST /v2/users/new"
	OpGetUserV2                   Op = "zitadel GET /v2/users/{userId}"
	OpUpdateUser                  Op = "zitadel PATCH /v2/users/{userId}"
	OpDeleteUser                  Op = "zitadel DELETE /v2/users/{userId}"
	OpAddHumanUserV2              Op = "zitadel POST /v2/users/human"
	OpUpdateHumanUser             Op = "zitadel PUT /v2/users/human/{userId}"
	OpListUsersV2                 Op = "zitadel POST /v2/users"
	OpDeactivateUserV2            Op = "zitadel POST /v2/users/{userId}/deactivate"
	OpReactivateUserV2            Op = "zitadel POST /v2/users/{userId}/reactivate"
	OpLockUserV2                  Op = "zitadel POST /v2/users/{userId}/lock"
	OpUnlockUserV2                Op = "zitadel POST /v2/users/{userId}/unlock"
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
	OpGetInstance           Op = "zitadel /zitadel.instance.v2.InstanceService/GetInstance"
	OpListCustomDomains     Op = "zitadel /zitadel.instance.v2.InstanceService/ListCustomDomains"
	OpListTrustedDomains    Op = "zitadel /zitadel.instance.v2.InstanceService/ListTrustedDomains"
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

	// What stands around the credentials: roles, grants, members, organizations.
	OpAddProjectRole      Op = "zitadel POST /management/v1/projects/{projectId}/roles"
	OpBulkAddProjectRoles Op = "zitadel POST /management/v1/projects/{projectId}/roles/_bulk"
	OpListProjectRoles    Op = "zitadel POST /management/v1/projects/{projectId}/roles/_search"
	OpUpdateProjectRole   Op = "zitadel PUT /management/v1/projects/{projectId}/roles/{roleKey}"
	OpRemoveProjectRole   Op = "zitadel DELETE /management/v1/projects/{projectId}/roles/{roleKey}"
	OpListUserGrants      Op = "zitadel POST /management/v1/users/grants/_search"
	OpAddUserGrant        Op = "zitadel POST /management/v1/users/{userId}/grants"
	OpGetUserGrant        Op = "zitadel GET /management/v1/users/{userId}/grants/{grantId}"
	OpUpdateUserGrant     Op = "zitadel PUT /management/v1/users/{userId}/grants/{grantId}"
	OpRemoveUserGrant     Op = "zitadel DELETE /management/v1/users/{userId}/grants/{grantId}"
	OpDeactivateUserGrant Op = "zitadel POST /management/v1/users/{userId}/grants/{grantId}/_deactivate"
	OpReactivateUserGrant Op = "zitadel POST /management/v1/users/{userId}/grants/{grantId}/_reactivate"
	OpAddOrgMember        Op = "zitadel POST /management/v1/orgs/me/members"
	OpUpdateOrgMember     Op = "zitadel PUT /management/v1/orgs/me/members/{userId}"
	OpRemoveOrgMember     Op = "zitadel DELETE /management/v1/orgs/me/members/{userId}"
	OpListOrgMembers      Op = "zitadel POST /management/v1/orgs/me/members/_search"
	OpAddProjectMember    Op = "zitadel POST /management/v1/projects/{projectId}/members"
	OpUpdateProjectMember Op = "zitadel PUT /management/v1/projects/{projectId}/members/{userId}"
	OpRemoveProjectMember Op = "zitadel DELETE /management/v1/projects/{projectId}/members/{userId}"
	OpListProjectMembers  Op = "zitadel POST /management/v1/projects/{projectId}/members/_search"
	OpAddOrg              Op = "zitadel POST /management/v1/orgs"
	OpAddIAMMember        Op = "zitadel POST /admin/v1/members"
	OpUpdateIAMMember     Op = "zitadel PUT /admin/v1/members/{userId}"
	OpRemoveIAMMember     Op = "zitadel DELETE /admin/v1/members/{userId}"
	OpListIAMMembers      Op = "zitadel POST /admin/v1/members/_search"
	OpListOrgs            Op = "zitadel POST /admin/v1/orgs/_search"
	OpListOrganizations   Op = "zitadel POST /v2/organizations/_search"
	OpGetMyUser           Op = "zitadel GET /auth/v1/users/me"

	// Projects of other organizations, domains, and what holds for the instance.
	OpAddProjectGrant            Op = "zitadel POST /management/v1/projects/{projectId}/grants"
	OpListProjectGrants          Op = "zitadel POST /management/v1/projects/{projectId}/grants/_search"
	OpGetProjectGrant            Op = "zitadel GET /management/v1/projects/{projectId}/grants/{grantId}"
	OpUpdateProjectGrant         Op = "zitadel PUT /management/v1/projects/{projectId}/grants/{grantId}"
	OpRemoveProjectGrant         Op = "zitadel DELETE /management/v1/projects/{projectId}/grants/{grantId}"
	OpDeactivateProjectGrant     Op = "zitadel POST /management/v1/projects/{projectId}/grants/{grantId}/_deactivate"
	OpReactivateProjectGrant     Op = "zitadel POST /management/v1/projects/{projectId}/grants/{grantId}/_reactivate"
	OpAddProjectGrantMember      Op = "zitadel POST /management/v1/projects/{projectId}/grants/{grantId}/members"
	OpUpdateProjectGrantMember   Op = "zitadel PUT /management/v1/projects/{projectId}/grants/{grantId}/members/{userId}"
	OpRemoveProjectGrantMember   Op = "zitadel DELETE /management/v1/projects/{projectId}/grants/{grantId}/members/{userId}"
	OpListProjectGrantMembers    Op = "zitadel POST /management/v1/projects/{projectId}/grants/{grantId}/members/_search"
	OpListAllProjectGrants       Op = "zitadel POST /management/v1/projectgrants/_search"
	OpGetGrantedProject          Op = "zitadel GET /management/v1/granted_projects/{projectId}/grants/{grantId}"
	OpListGrantedProjects        Op = "zitadel POST /management/v1/granted_projects/_search"
	OpAddOrgDomain               Op = "zitadel POST /management/v1/orgs/me/domains"
	OpListOrgDomains             Op = "zitadel POST /management/v1/orgs/me/domains/_search"
	OpRemoveOrgDomain            Op = "zitadel DELETE /management/v1/orgs/me/domains/{domain}"
	OpSetPrimaryOrgDomain        Op = "zitadel POST /management/v1/orgs/me/domains/{domain}/_set_primary"
	OpAddOrganizationDomain      Op = "zitadel POST /v2/organizations/{organizationId}/domains"
	OpListOrganizationDomains    Op = "zitadel POST /v2/organizations/{organizationId}/domains/search"
	OpDeleteOrganizationDomain   Op = "zitadel DELETE /v2/organizations/{organizationId}/domains"
	OpSetOrganizationMetadata    Op = "zitadel POST /v2/organizations/{organizationId}/metadata"
	OpListOrganizationMetadata   Op = "zitadel POST /v2/organizations/{organizationId}/metadata/search"
	OpDeleteOrganizationMetadata Op = "zitadel DELETE /v2/organizations/{organizationId}/metadata"
	OpGetOIDCSettings            Op = "zitadel GET /admin/v1/settings/oidc"
	OpUpdateOIDCSettings         Op = "zitadel PUT /admin/v1/settings/oidc"
	OpCreateWebKey               Op = "zitadel /zitadel.webkey.v2.WebKeyService/CreateWebKey"
	OpActivateWebKey             Op = "zitadel /zitadel.webkey.v2.WebKeyService/ActivateWebKey"
	OpDeleteWebKey               Op = "zitadel DELETE /v2/web_keys/{id}"
	OpListWebKeys                Op = "zitadel GET /v2/web_keys"

	// The beta of the applications of version 2.
	OpCreateApplicationBeta     Op = "zitadel POST /v2beta/applications"
	OpListApplicationsBeta      Op = "zitadel POST /v2beta/applications/search"
	OpGetApplicationBeta        Op = "zitadel GET /v2beta/applications/{id}"
	OpUpdateApplicationBeta     Op = "zitadel PATCH /v2beta/applications/{id}"
	OpDeleteApplicationBeta     Op = "zitadel DELETE /v2beta/applications/{id}"
	OpDeactivateApplicationBeta Op = "zitadel POST /v2beta/applications/{id}/deactivate"
	OpReactivateApplicationBeta Op = "zitadel POST /v2beta/applications/{id}/reactivate"
	OpRegenerateClientSecret    Op = "zitadel POST /v2beta/applications/{applicationId}/generate_client_secret"
	OpCreateApplicationKeyBeta  Op = "zitadel POST /v2beta/application_keys"
	OpListApplicationKeysBeta   Op = "zitadel POST /v2beta/application_keys/search"
	OpGetApplicationKeyBeta     Op = "zitadel GET /v2beta/application_keys/{id}"
	OpDeleteApplicationKeyBeta  Op = "zitadel DELETE /v2beta/application_keys/{id}"

	OpAuthorize      Op = "zitadel GET /oauth/v2/authorize"
	OpPostAuthorize  Op = "zitadel POST /oauth/v2/authorize"
	OpDeviceCode     Op = "zitadel POST /oauth/v2/device_authorization"
	OpDevice         Op = "zitadel GET /device"
	OpPostDevice     Op = "zitadel POST /device"
	OpEndSession     Op = "zitadel GET /oidc/v1/end_session"
	OpPostEndSession Op = "zitadel POST /oidc/v1/end_session"

	// What clients keep at users and organizations.
	OpSetUserMetadata    Op = "zitadel POST /management/v1/users/{id}/metadata/{key}"
	OpGetUserMetadata    Op = "zitadel GET /management/v1/users/{id}/metadata/{key}"
	OpRemoveUserMetadata Op = "zitadel DELETE /management/v1/users/{id}/metadata/{key}"
	OpListUserMetadata   Op = "zitadel POST /management/v1/users/{id}/metadata/_search"
	OpSetOrgMetadata     Op = "zitadel POST /management/v1/metadata/{key}"
	OpGetOrgMetadata     Op = "zitadel GET /management/v1/metadata/{key}"
	OpRemoveOrgMetadata  Op = "zitadel DELETE /management/v1/metadata/{key}"
	OpListOrgMetadata    Op = "zitadel POST /management/v1/metadata/_search"

	OpToken        Op = "zitadel POST /oauth/v2/token"
	OpIntrospect   Op = "zitadel POST /oauth/v2/introspect"
	OpRevoke       Op = "zitadel POST /oauth/v2/revoke"
	OpKeys         Op = "zitadel GET /oauth/v2/keys"
	OpUserInfo     Op = "zitadel GET /oidc/v1/userinfo"
	OpPostUserInfo Op = "zitadel POST /oidc/v1/userinfo"
	OpDiscovery    Op = "zitadel GET /.well-known/openid-configuration"
)

// endpoints are those of OAuth, which take forms.
func (p *Provider) endpoints() []kernel.Route {
	return []kernel.Route{
		kernel.Handle(OpAuthorize, p.signInAt),
		kernel.Handle(OpPostAuthorize, p.signInAt),
		kernel.On(OpDeviceCode, p.authorizeDevice).Secret(),
		kernel.Handle(OpDevice, p.devicePage),
		kernel.Handle(OpPostDevice, p.devicePage),
		kernel.Handle(OpEndSession, p.endSession),
		kernel.Handle(OpPostEndSession, p.endSession),
		kernel.On(OpToken, p.token).Secret(),
		kernel.On(OpIntrospect, p.introspect).Secret(),
		kernel.On(OpRevoke, p.revoke),
		kernel.On(OpKeys, p.keySet),
		kernel.On(OpUserInfo, p.userInfo).Secret(),
		kernel.On(OpPostUserInfo, p.userInfo).Secret(),
		kernel.On(OpDiscovery, p.discovery),
	}
}

// methods are those of the services, by REST, gRPC, gRPC-Web and Connect.
func (p *Provider) methods() []method {
	return []method{
		on(OpHealthz, p.healthz),
		on(OpGetIAM, p.getIAM),
		on(OpGetMyOrg, p.getMyOrg),
		on(OpGetOrgByDomain, p.getOrgByDomain),
		on(OpGetUserByLoginName, p.getUserByLoginName),
		on(OpAddProject, p.addProject),
		on(OpListProjects, p.listProjects),
		on(OpGetProject, p.getProject),
		on(OpUpdateProject, p.updateProject),
		on(OpRemoveProject, p.removeProject),
		on(OpDeactivateProject, p.deactivateProject),
		on(OpReactivateProject, p.reactivateProject),
		on(OpAddAPIApp, p.addAPIApp).secret(),
		on(OpAddOIDCApp, p.addOIDCApp).secret(),
		on(OpListApps, p.listApps),
		on(OpGetApp, p.getApp),
		on(OpUpdateApp, p.updateApp),
		on(OpRemoveApp, p.removeApp),
		on(OpUpdateAPIAppConfig, p.updateAPIAppConfig),
		on(OpUpdateOIDCAppConfig, p.updateOIDCAppConfig),
		on(OpDeactivateApp, p.deactivateApp),
		on(OpReactivateApp, p.reactivateApp),
		on(OpRegenerateAPIClientSecret, p.regenerateAPIClientSecret).secret(),
		on(OpRegenerateOIDCClientSecret, p.regenerateOIDCClientSecret).secret(),
		on(OpAddAppKey, p.addAppKey).secret(),
		on(OpListAppKeys, p.listAppKeys),
		on(OpGetAppKey, p.getAppKey),
		on(OpRemoveAppKey, p.removeAppKey),
		on(OpListUsers, p.listUsers),
		on(OpAddMachineUser, p.addMachineUser),
		on(OpGetUser, p.getUser),
		on(OpRemoveUser, p.removeUser),
		on(OpUpdateUserName, p.updateUserName),
		on(OpUpdateMachine, p.updateMachine),
		on(OpGenerateMachineSecret, p.generateMachineSecret).secret(),
		on(OpRemoveMachineSecret, p.removeMachineSecret),
		on(OpAddMachineKey, p.addMachineKey).secret(),
		on(OpListMachineKeys, p.listMachineKeys),
		on(OpGetMachineKey, p.getMachineKey),
		on(OpRemoveMachineKey, p.removeMachineKey),
		on(OpAddHumanUser, p.addHumanUser),
		on(OpImportHumanUser, p.importHumanUser),
		on(OpUpdateHumanProfile, p.updateHumanProfile),
		on(OpUpdateHumanEmail, p.updateHumanEmail),
		on(OpUpdateHumanPhone, p.updateHumanPhone),
		on(OpRemoveHumanPhone, p.removeHumanPhone),
		on(OpDeactivateUser, moving[*management.DeactivateUserRequest, management.DeactivateUserResponse](p, deactivation)),
		on(OpReactivateUser, moving[*management.ReactivateUserRequest, management.ReactivateUserResponse](p, reactivation)),
		on(OpLockUser, moving[*management.LockUserRequest, management.LockUserResponse](p, locking)),
		on(OpUnlockUser, moving[*management.UnlockUserRequest, management.UnlockUserResponse](p, unlocking)),
		on(OpAddPersonalAccessToken, p.addPersonalAccessToken).secret(),
		on(OpListPersonalAccessTokens, p.listPersonalAccessTokens),
		on(OpGetPersonalAccessToken, p.getPersonalAccessToken),
		on(OpRemovePersonalAccessToken, p.removePersonalAccessToken),

		on(OpCreateUser, p.createUser),
		on(OpGetUserV2, p.getUserV2, p.ofUser("user.read")),
		on(OpUpdateUser, p.updateUser, p.ofUser("user.write")),
		on(OpDeleteUser, p.deleteUser, p.ofUser("user.delete")),
		on(OpAddHumanUserV2, p.addHumanUserV2),
		on(OpUpdateHumanUser, p.updateHumanUser, p.ofUser("user.write")),
		on(OpListUsersV2, p.listUsersV2),
		on(OpDeactivateUserV2, movingV2[*userv2.DeactivateUserRequest, userv2.DeactivateUserResponse](p, deactivation), p.ofUser("user.write")),
		on(OpReactivateUserV2, movingV2[*userv2.ReactivateUserRequest, userv2.ReactivateUserResponse](p, reactivation), p.ofUser("user.write")),
		on(OpLockUserV2, movingV2[*userv2.LockUserRequest, userv2.LockUserResponse](p, locking), p.ofUser("user.write")),
		on(OpUnlockUserV2, movingV2[*userv2.UnlockUserRequest, userv2.UnlockUserResponse](p, unlocking), p.ofUser("user.write")),
		on(OpAddSecret, p.addSecret, p.ofUser("user.write")).secret(),
		on(OpRemoveSecret, p.removeSecret, p.ofUser("user.write")),
		on(OpAddKey, p.addKey, p.ofUser("user.write")).secret(),
		on(OpRemoveKey, p.removeKey, p.ofUser("user.write")),
		on(OpListKeys, p.listKeysV2),
		on(OpAddPersonalAccessTokenV2, p.addPersonalAccessTokenV2, p.ofUser("user.write")).secret(),
		on(OpRemovePersonalAccessTokenV2, p.removePersonalAccessTokenV2, p.ofUser("user.write")),
		on(OpListPersonalAccessTokensV2, p.listPersonalAccessTokensV2),
		on(OpAddOrganization, p.createOrganization, p.ofInstance("org.create")),
		on(OpUpdateOrganization, p.updateOrganization, p.ofOrganization("org.write")),
		on(OpDeleteOrganization, p.deleteOrganization, p.ofOrganization("org.delete")),
		on(OpGetGeneralSettings, p.getGeneralSettings),
		on(OpAdminHealthz, p.adminHealthz),
		on(OpGetDefaultOrg, p.getDefaultOrg),
		on(OpGetOrg, p.getOrg),

		on(OpGetInstance, p.getInstance, p.ofInstance("iam.read")),
		on(OpListCustomDomains, p.listCustomDomains, p.ofInstance("iam.read")),
		on(OpListTrustedDomains, p.listTrustedDomains, p.ofInstance("iam.read")),
		on(OpCreateApplication, p.createApplication, p.ofProject("project.app.write")).secret(),
		on(OpUpdateApplication, p.updateApplication, p.ofProject("project.app.write")),
		on(OpGetApplication, p.getApplication),
		on(OpDeleteApplication, p.deleteApplication, p.ofProject("project.app.delete")),
		on(OpDeactivateApplication, p.deactivateApplication, p.ofProject("project.app.write")),
		on(OpReactivateApplication, p.reactivateApplication, p.ofProject("project.app.write")),
		on(OpGenerateClientSecret, p.generateClientSecret, p.ofProject("project.app.write")).secret(),
		on(OpListApplications, p.listApplications),
		on(OpCreateApplicationKey, p.createApplicationKey, p.ofProject("project.app.write")).secret(),
		on(OpDeleteApplicationKey, p.deleteApplicationKey, p.ofProject("project.app.write")),
		on(OpGetApplicationKey, p.getApplicationKey),
		on(OpListApplicationKeys, p.listApplicationKeys),
		on(OpCreateProject, p.createProject),
		on(OpUpdateProjectV2, p.updateProjectV2, p.ofProject("project.write")),
		on(OpDeleteProject, p.deleteProject, p.ofProject("project.delete")),
		on(OpGetProjectV2, p.getProjectV2, p.ofProject("project.read")),
		on(OpListProjectsV2, p.listProjectsV2),
		on(OpDeactivateProjectV2, p.deactivateProjectV2, p.ofProject("project.write")),
		on(OpActivateProject, p.activateProject, p.ofProject("project.write")),

		on(OpAddProjectRole, p.addProjectRole),
		on(OpBulkAddProjectRoles, p.bulkAddProjectRoles),
		on(OpListProjectRoles, p.listProjectRoles),
		on(OpUpdateProjectRole, p.updateProjectRole),
		on(OpRemoveProjectRole, p.removeProjectRole),
		on(OpListUserGrants, p.listUserGrants),
		on(OpAddUserGrant, p.addUserGrant),
		on(OpGetUserGrant, p.getUserGrant),
		on(OpUpdateUserGrant, p.updateUserGrant),
		on(OpRemoveUserGrant, p.removeUserGrant),
		on(OpDeactivateUserGrant, p.deactivateUserGrant),
		on(OpReactivateUserGrant, p.reactivateUserGrant),
		on(OpAddOrgMember, addMember[*management.AddOrgMemberRequest, management.AddOrgMemberResponse](p, orgScope)),
		on(OpUpdateOrgMember, updateMember[*management.UpdateOrgMemberRequest, management.UpdateOrgMemberResponse](p, orgScope)),
		on(OpRemoveOrgMember, removeMember[*management.RemoveOrgMemberRequest, management.RemoveOrgMemberResponse](p, orgScope)),
		on(OpListOrgMembers, listMembers[*management.ListOrgMembersRequest, management.ListOrgMembersResponse](p, orgScope)),
		on(OpAddProjectMember, addMember[*management.AddProjectMemberRequest, management.AddProjectMemberResponse](p, p.projectScope)),
		on(OpUpdateProjectMember, updateMember[*management.UpdateProjectMemberRequest, management.UpdateProjectMemberResponse](p, p.projectScope)),
		on(OpRemoveProjectMember, removeMember[*management.RemoveProjectMemberRequest, management.RemoveProjectMemberResponse](p, p.projectScope)),
		on(OpListProjectMembers, listMembers[*management.ListProjectMembersRequest, management.ListProjectMembersResponse](p, p.projectScope)),
		on(OpAddOrg, p.addOrg),
		on(OpAddIAMMember, addMember[*admin.AddIAMMemberRequest, admin.AddIAMMemberResponse](p, instanceScope)),
		on(OpUpdateIAMMember, updateMember[*admin.UpdateIAMMemberRequest, admin.UpdateIAMMemberResponse](p, instanceScope)),
		on(OpRemoveIAMMember, removeMember[*admin.RemoveIAMMemberRequest, admin.RemoveIAMMemberResponse](p, instanceScope)),
		on(OpListIAMMembers, listMembers[*admin.ListIAMMembersRequest, admin.ListIAMMembersResponse](p, instanceScope)),
		on(OpListOrgs, p.listOrgs),
		on(OpListOrganizations, p.listOrganizations),
		on(OpGetMyUser, p.getMyUser),

		on(OpSetUserMetadata, setValue[*management.SetUserMetadataRequest, management.SetUserMetadataResponse](p)),
		on(OpGetUserMetadata, getValue[*management.GetUserMetadataRequest, management.GetUserMetadataResponse](p)),
		on(OpRemoveUserMetadata, removeValue[*management.RemoveUserMetadataRequest, management.RemoveUserMetadataResponse](p)),
		on(OpListUserMetadata, listValues[*management.ListUserMetadataRequest, management.ListUserMetadataResponse](p)),
		on(OpSetOrgMetadata, setValue[*management.SetOrgMetadataRequest, management.SetOrgMetadataResponse](p)),
		on(OpGetOrgMetadata, getValue[*management.GetOrgMetadataRequest, management.GetOrgMetadataResponse](p)),
		on(OpRemoveOrgMetadata, removeValue[*management.RemoveOrgMetadataRequest, management.RemoveOrgMetadataResponse](p)),
		on(OpListOrgMetadata, listValues[*management.ListOrgMetadataRequest, management.ListOrgMetadataResponse](p)),

		on(OpAddProjectGrant, p.addProjectGrant),
		on(OpListProjectGrants, p.listProjectGrants),
		on(OpGetProjectGrant, p.getProjectGrant),
		on(OpUpdateProjectGrant, p.updateProjectGrant),
		on(OpRemoveProjectGrant, p.removeProjectGrant),
		on(OpDeactivateProjectGrant, p.deactivateProjectGrant),
		on(OpReactivateProjectGrant, p.reactivateProjectGrant),
		on(OpAddProjectGrantMember, addMember[*management.AddProjectGrantMemberRequest, management.AddProjectGrantMemberResponse](p, p.grantScope)),
		on(OpUpdateProjectGrantMember, updateMember[*management.UpdateProjectGrantMemberRequest, management.UpdateProjectGrantMemberResponse](p, p.grantScope)),
		on(OpRemoveProjectGrantMember, removeMember[*management.RemoveProjectGrantMemberRequest, management.RemoveProjectGrantMemberResponse](p, p.grantScope)),
		on(OpListProjectGrantMembers, listMembers[*management.ListProjectGrantMembersRequest, management.ListProjectGrantMembersResponse](p, p.grantScope)),
		on(OpListAllProjectGrants, p.listAllProjectGrants),
		on(OpGetGrantedProject, p.getGrantedProject),
		on(OpListGrantedProjects, p.listGrantedProjects),
		on(OpAddOrgDomain, p.addOrgDomain),
		on(OpListOrgDomains, p.listOrgDomains),
		on(OpRemoveOrgDomain, p.removeOrgDomain),
		on(OpSetPrimaryOrgDomain, p.setPrimaryOrgDomain),
		on(OpAddOrganizationDomain, p.addOrganizationDomain, p.ofOrganization("org.write")),
		on(OpListOrganizationDomains, p.listOrganizationDomains, p.ofOrganization("org.read")),
		on(OpDeleteOrganizationDomain, p.deleteOrganizationDomain, p.ofOrganization("org.write")),
		on(OpSetOrganizationMetadata, p.setOrganizationMetadata, p.ofOrganization("org.write")),
		on(OpListOrganizationMetadata, p.listOrganizationMetadata, p.ofOrganization("org.read")),
		on(OpDeleteOrganizationMetadata, p.deleteOrganizationMetadata, p.ofOrganization("org.write")),
		on(OpGetOIDCSettings, p.getOIDCSettings),
		on(OpUpdateOIDCSettings, p.updateOIDCSettings),
		on(OpCreateWebKey, p.createWebKey, p.ofInstance("iam.web_key.write")),
		on(OpActivateWebKey, p.activateWebKey, p.ofInstance("iam.web_key.write")),
		on(OpDeleteWebKey, p.deleteWebKey, p.ofInstance("iam.web_key.delete")),
		on(OpListWebKeys, p.listWebKeys, p.ofInstance("iam.web_key.read")),

		on(OpCreateApplicationBeta, beta[appbeta.CreateApplicationRequest, appbeta.CreateApplicationResponse](p.createApplication), p.ofProject("project.app.write")).secret(),
		on(OpListApplicationsBeta, p.listApplicationsBeta),
		on(OpGetApplicationBeta, beta[appbeta.GetApplicationRequest, appbeta.GetApplicationResponse](p.getApplication)),
		on(OpUpdateApplicationBeta, beta[appbeta.UpdateApplicationRequest, appbeta.UpdateApplicationResponse](p.updateApplication), p.ofProject("project.app.write")),
		on(OpDeleteApplicationBeta, beta[appbeta.DeleteApplicationRequest, appbeta.DeleteApplicationResponse](p.deleteApplication), p.ofProject("project.app.delete")),
		on(OpDeactivateApplicationBeta, beta[appbeta.DeactivateApplicationRequest, appbeta.DeactivateApplicationResponse](p.deactivateApplication), p.ofProject("project.app.write")),
		on(OpReactivateApplicationBeta, beta[appbeta.ReactivateApplicationRequest, appbeta.ReactivateApplicationResponse](p.reactivateApplication), p.ofProject("project.app.write")),
		on(OpRegenerateClientSecret, beta[appbeta.RegenerateClientSecretRequest, appbeta.RegenerateClientSecretResponse](p.generateClientSecret), p.ofProject("project.app.write")).secret(),
		on(OpCreateApplicationKeyBeta, beta[appbeta.CreateApplicationKeyRequest, appbeta.CreateApplicationKeyResponse](p.createApplicationKey), p.ofProject("project.app.write")).secret(),
		on(OpListApplicationKeysBeta, p.listApplicationKeysBeta),
		on(OpGetApplicationKeyBeta, beta[appbeta.GetApplicationKeyRequest, appbeta.GetApplicationKeyResponse](p.getApplicationKey)),
		on(OpDeleteApplicationKeyBeta, beta[appbeta.DeleteApplicationKeyRequest, appbeta.DeleteApplicationKeyResponse](p.deleteApplicationKey), p.ofProject("project.app.write")),
	}
}
