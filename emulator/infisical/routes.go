package infisical

import "github.com/understudy-dev/understudy/internal/kernel"

// Op names one of the provider's operations, for faults and the journal.
type Op = kernel.Op

// The operations that are served.
const (
	OpLogin                      Op = "infisical POST /api/v1/auth/universal-auth/login"
	OpAttachUniversalAuth        Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}"
	OpUpdateUniversalAuth        Op = "infisical PATCH /api/v1/auth/universal-auth/identities/{identityId}"
	OpGetUniversalAuth           Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}"
	OpDetachUniversalAuth        Op = "infisical DELETE /api/v1/auth/universal-auth/identities/{identityId}"
	OpCreateClientSecret         Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"
	OpListClientSecrets          Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"
	OpGetClientSecret            Op = "infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets/{clientSecretId}"
	OpRevokeClientSecret         Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets/{clientSecretId}/revoke"
	OpClearLockouts              Op = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/clear-lockouts"
	OpRenewToken                 Op = "infisical POST /api/v1/auth/token/renew"
	OpRevokeToken                Op = "infisical POST /api/v1/auth/token/revoke"
	OpAttachTokenAuth            Op = "infisical POST /api/v1/auth/token-auth/identities/{identityId}"
	OpUpdateTokenAuth            Op = "infisical PATCH /api/v1/auth/token-auth/identities/{identityId}"
	OpGetTokenAuth               Op = "infisical GET /api/v1/auth/token-auth/identities/{identityId}"
	OpDetachTokenAuth            Op = "infisical DELETE /api/v1/auth/token-auth/identities/{identityId}"
	OpCreateToken                Op = "infisical POST /api/v1/auth/token-auth/identities/{identityId}/tokens"
	OpListTokens                 Op = "infisical GET /api/v1/auth/token-auth/identities/{identityId}/tokens"
	OpGetIdentityToken           Op = "infisical GET /api/v1/auth/token-auth/identities/{identityId}/tokens/{tokenId}"
	OpGetToken                   Op = "infisical GET /api/v1/auth/token-auth/tokens/{tokenId}"
	OpUpdateToken                Op = "infisical PATCH /api/v1/auth/token-auth/tokens/{tokenId}"
	OpRevokeIdentityToken        Op = "infisical POST /api/v1/auth/token-auth/tokens/{tokenId}/revoke"
	OpCreateIdentity             Op = "infisical POST /api/v1/identities"
	OpListIdentities             Op = "infisical GET /api/v1/identities"
	OpSearchIdentities           Op = "infisical POST /api/v1/identities/search"
	OpGetIdentityDetails         Op = "infisical GET /api/v1/identities/details"
	OpGetIdentity                Op = "infisical GET /api/v1/identities/{identityId}"
	OpUpdateIdentity             Op = "infisical PATCH /api/v1/identities/{identityId}"
	OpDeleteIdentity             Op = "infisical DELETE /api/v1/identities/{identityId}"
	OpBootstrap                  Op = "infisical POST /api/v1/admin/bootstrap"
	OpListSecrets                Op = "infisical GET /api/v3/secrets/raw"
	OpGetSecret                  Op = "infisical GET /api/v3/secrets/raw/{secretName}"
	OpCreateSecret               Op = "infisical POST /api/v3/secrets/raw/{secretName}"
	OpUpdateSecret               Op = "infisical PATCH /api/v3/secrets/raw/{secretName}"
	OpDeleteSecret               Op = "infisical DELETE /api/v3/secrets/raw/{secretName}"
	OpCreateSecrets              Op = "infisical POST /api/v3/secrets/batch/raw"
	OpListSecretsV4              Op = "infisical GET /api/v4/secrets"
	OpGetSecretV4                Op = "infisical GET /api/v4/secrets/{secretName}"
	OpCreateFolder               Op = "infisical POST /api/v1/folders"
	OpListFolders                Op = "infisical GET /api/v1/folders"
	OpGetFolder                  Op = "infisical GET /api/v1/folders/{folderId}"
	OpUpdateFolder               Op = "infisical PATCH /api/v1/folders/{folderId}"
	OpDeleteFolder               Op = "infisical DELETE /api/v1/folders/{folderId}"
	OpGetStatus                  Op = "infisical GET /api/status"
	OpCreateProjectV2            Op = "infisical POST /api/v2/workspace"
	OpGetProjectBySlugV2         Op = "infisical GET /api/v2/workspace/{slug}"
	OpDeleteProjectBySlugV2      Op = "infisical DELETE /api/v2/workspace/{slug}"
	OpListWorkspaces             Op = "infisical GET /api/v1/workspace"
	OpGetWorkspace               Op = "infisical GET /api/v1/workspace/{projectId}"
	OpUpdateWorkspace            Op = "infisical PATCH /api/v1/workspace/{projectId}"
	OpDeleteWorkspace            Op = "infisical DELETE /api/v1/workspace/{projectId}"
	OpListProjects               Op = "infisical GET /api/v1/projects"
	OpCreateProject              Op = "infisical POST /api/v1/projects"
	OpGetProject                 Op = "infisical GET /api/v1/projects/{projectId}"
	OpUpdateProject              Op = "infisical PATCH /api/v1/projects/{projectId}"
	OpDeleteProject              Op = "infisical DELETE /api/v1/projects/{projectId}"
	OpGetProjectBySlug           Op = "infisical GET /api/v1/projects/slug/{slug}"
	OpDeleteProjectBySlug        Op = "infisical DELETE /api/v1/projects/slug/{slug}"
	OpCreateWorkspaceEnvironment Op = "infisical POST /api/v1/workspace/{projectId}/environments"
	OpUpdateWorkspaceEnvironment Op = "infisical PATCH /api/v1/workspace/{projectId}/environments/{environmentId}"
	OpDeleteWorkspaceEnvironment Op = "infisical DELETE /api/v1/workspace/{projectId}/environments/{environmentId}"
	OpGetWorkspaceEnvironment    Op = "infisical GET /api/v1/workspace/environments/{environmentId}"
	OpCreateEnvironment          Op = "infisical POST /api/v1/projects/{projectId}/environments"
	OpGetEnvironment             Op = "infisical GET /api/v1/projects/{projectId}/environments/{environmentId}"
	OpUpdateEnvironment          Op = "infisical PATCH /api/v1/projects/{projectId}/environments/{environmentId}"
	OpDeleteEnvironment          Op = "infisical DELETE /api/v1/projects/{projectId}/environments/{environmentId}"
	OpGetEnvironmentBySlug       Op = "infisical GET /api/v1/projects/{projectId}/environments/slug/{environmentSlug}"
	OpCreateWorkspaceTag         Op = "infisical POST /api/v1/workspace/{projectId}/tags"
	OpListWorkspaceTags          Op = "infisical GET /api/v1/workspace/{projectId}/tags"
	OpGetWorkspaceTag            Op = "infisical GET /api/v1/workspace/{projectId}/tags/{tagId}"
	OpUpdateWorkspaceTag         Op = "infisical PATCH /api/v1/workspace/{projectId}/tags/{tagId}"
	OpDeleteWorkspaceTag         Op = "infisical DELETE /api/v1/workspace/{projectId}/tags/{tagId}"
	OpGetWorkspaceTagBySlug      Op = "infisical GET /api/v1/workspace/{projectId}/tags/slug/{tagSlug}"
	OpCreateTag                  Op = "infisical POST /api/v1/projects/{projectId}/tags"
	OpListTags                   Op = "infisical GET /api/v1/projects/{projectId}/tags"
	OpGetTag                     Op = "infisical GET /api/v1/projects/{projectId}/tags/{tagId}"
	OpUpdateTag                  Op = "infisical PATCH /api/v1/projects/{projectId}/tags/{tagId}"
	OpDeleteTag                  Op = "infisical DELETE /api/v1/projects/{projectId}/tags/{tagId}"
	OpGetTagBySlug               Op = "infisical GET /api/v1/projects/{projectId}/tags/slug/{tagSlug}"
	OpGetSecretByID              Op = "infisical GET /api/v3/secrets/raw/id/{secretId}"
	OpDeleteFolderV2             Op = "infisical DELETE /api/v2/folders/{folderId}"
	OpCreateSecretImport         Op = "infisical POST /api/v1/secret-imports"
	OpListSecretImports          Op = "infisical GET /api/v1/secret-imports"
	OpGetSecretImport            Op = "infisical GET /api/v1/secret-imports/{importId}"
	OpUpdateSecretImport         Op = "infisical PATCH /api/v1/secret-imports/{importId}"
	OpDeleteSecretImport         Op = "infisical DELETE /api/v1/secret-imports/{importId}"
	OpListWorkspaceMembers       Op = "infisical GET /api/v2/workspace/{projectId}/identity-memberships"
	OpAddWorkspaceMember         Op = "infisical POST /api/v2/workspace/{projectId}/identity-memberships/{identityId}"
	OpGetWorkspaceMember         Op = "infisical GET /api/v2/workspace/{projectId}/identity-memberships/{identityId}"
	OpUpdateWorkspaceMember      Op = "infisical PATCH /api/v2/workspace/{projectId}/identity-memberships/{identityId}"
	OpRemoveWorkspaceMember      Op = "infisical DELETE /api/v2/workspace/{projectId}/identity-memberships/{identityId}"
	OpGetMembership              Op = "infisical GET /api/v2/workspace/identity-memberships/{membershipId}"
	OpListMembers                Op = "infisical GET /api/v1/projects/{projectId}/memberships/identities"
	OpAddMember                  Op = "infisical POST /api/v1/projects/{projectId}/memberships/identities/{identityId}"
	OpGetMember                  Op = "infisical GET /api/v1/projects/{projectId}/memberships/identities/{identityId}"
	OpUpdateMember               Op = "infisical PATCH /api/v1/projects/{projectId}/memberships/identities/{identityId}"
	OpRemoveMember               Op = "infisical DELETE /api/v1/projects/{projectId}/memberships/identities/{identityId}"
	OpCreateWorkspaceRole        Op = "infisical POST /api/v2/workspace/{projectId}/roles"
	OpListWorkspaceRoles         Op = "infisical GET /api/v2/workspace/{projectId}/roles"
	OpGetWorkspaceRole           Op = "infisical GET /api/v2/workspace/{projectId}/roles/{roleId}"
	OpUpdateWorkspaceRole        Op = "infisical PATCH /api/v2/workspace/{projectId}/roles/{roleId}"
	OpDeleteWorkspaceRole        Op = "infisical DELETE /api/v2/workspace/{projectId}/roles/{roleId}"
	OpGetWorkspaceRoleBySlug     Op = "infisical GET /api/v2/workspace/{projectId}/roles/slug/{roleSlug}"
	OpCreateProjectRole          Op = "infisical POST /api/v1/projects/{projectId}/roles"
	OpListProjectRoles           Op = "infisical GET /api/v1/projects/{projectId}/roles"
	OpGetProjectRole             Op = "infisical GET /api/v1/projects/{projectId}/roles/{roleId}"
	OpUpdateProjectRole          Op = "infisical PATCH /api/v1/projects/{projectId}/roles/{roleId}"
	OpDeleteProjectRole          Op = "infisical DELETE /api/v1/projects/{projectId}/roles/{roleId}"
	OpGetProjectRoleBySlug       Op = "infisical GET /api/v1/projects/{projectId}/roles/slug/{roleSlug}"
	OpGetRole                    Op = "infisical GET /api/v1/projects/roles/{roleId}"
	OpCreateOrganizationRole     Op = "infisical POST /api/v1/organization/roles"
	OpListOrganizationRoles      Op = "infisical GET /api/v1/organization/roles"
	OpGetOrganizationRole        Op = "infisical GET /api/v1/organization/roles/{roleId}"
	OpUpdateOrganizationRole     Op = "infisical PATCH /api/v1/organization/roles/{roleId}"
	OpDeleteOrganizationRole     Op = "infisical DELETE /api/v1/organization/roles/{roleId}"
	OpGetOrganizationRoleBySlug  Op = "infisical GET /api/v1/organization/roles/slug/{roleSlug}"
	OpCreatePrivilege            Op = "infisical POST /api/v2/identity-project-additional-privilege"
	OpGetPrivilege               Op = "infisical GET /api/v2/identity-project-additional-privilege/{privilegeId}"
	OpUpdatePrivilege            Op = "infisical PATCH /api/v2/identity-project-additional-privilege/{privilegeId}"
	OpDeletePrivilege            Op = "infisical DELETE /api/v2/identity-project-additional-privilege/{privilegeId}"
	OpCreateGroup                Op = "infisical POST /api/v1/groups"
	OpListGroups                 Op = "infisical GET /api/v1/groups"
	OpGetGroup                   Op = "infisical GET /api/v1/groups/{groupId}"
	OpUpdateGroup                Op = "infisical PATCH /api/v1/groups/{groupId}"
	OpDeleteGroup                Op = "infisical DELETE /api/v1/groups/{groupId}"
	OpListGroupIdentities        Op = "infisical GET /api/v1/groups/{groupId}/machine-identities"
	OpAddGroupIdentity           Op = "infisical POST /api/v1/groups/{groupId}/machine-identities/{identityId}"
	OpRemoveGroupIdentity        Op = "infisical DELETE /api/v1/groups/{groupId}/machine-identities/{identityId}"
	OpCreateSubOrganization      Op = "infisical POST /api/v1/sub-organizations"
	OpListSubOrganizations       Op = "infisical GET /api/v1/sub-organizations"
	OpUpdateSubOrganization      Op = "infisical PATCH /api/v1/sub-organizations/{subOrganizationId}"
	OpDeleteSubOrganization      Op = "infisical DELETE /api/v1/sub-organizations/{subOrganizationId}"
	OpCreateProjectIdentity      Op = "infisical POST /api/v1/projects/{projectId}/identities"
	OpListProjectIdentities      Op = "infisical GET /api/v1/projects/{projectId}/identities"
	OpGetProjectIdentity         Op = "infisical GET /api/v1/projects/{projectId}/identities/{identityId}"
	OpUpdateProjectIdentity      Op = "infisical PATCH /api/v1/projects/{projectId}/identities/{identityId}"
	OpDeleteProjectIdentity      Op = "infisical DELETE /api/v1/projects/{projectId}/identities/{identityId}"
	OpAttachOIDCAuth             Op = "infisical POST /api/v1/auth/oidc-auth/identities/{identityId}"
	OpUpdateOIDCAuth             Op = "infisical PATCH /api/v1/auth/oidc-auth/identities/{identityId}"
	OpGetOIDCAuth                Op = "infisical GET /api/v1/auth/oidc-auth/identities/{identityId}"
	OpDetachOIDCAuth             Op = "infisical DELETE /api/v1/auth/oidc-auth/identities/{identityId}"
	OpAttachJWTAuth              Op = "infisical POST /api/v1/auth/jwt-auth/identities/{identityId}"
	OpUpdateJWTAuth              Op = "infisical PATCH /api/v1/auth/jwt-auth/identities/{identityId}"
	OpGetJWTAuth                 Op = "infisical GET /api/v1/auth/jwt-auth/identities/{identityId}"
	OpDetachJWTAuth              Op = "infisical DELETE /api/v1/auth/jwt-auth/identities/{identityId}"
	OpAttachKubernetesAuth       Op = "infisical POST /api/v1/auth/kubernetes-auth/identities/{identityId}"
	OpUpdateKubernetesAuth       Op = "infisical PATCH /api/v1/auth/kubernetes-auth/identities/{identityId}"
	OpGetKubernetesAuth          Op = "infisical GET /api/v1/auth/kubernetes-auth/identities/{identityId}"
	OpDetachKubernetesAuth       Op = "infisical DELETE /api/v1/auth/kubernetes-auth/identities/{identityId}"
	OpAttachAWSAuth              Op = "infisical POST /api/v1/auth/aws-auth/identities/{identityId}"
	OpUpdateAWSAuth              Op = "infisical PATCH /api/v1/auth/aws-auth/identities/{identityId}"
	OpGetAWSAuth                 Op = "infisical GET /api/v1/auth/aws-auth/identities/{identityId}"
	OpDetachAWSAuth              Op = "infisical DELETE /api/v1/auth/aws-auth/identities/{identityId}"
	OpLoginJWT                   Op = "infisical POST /api/v1/auth/jwt-auth/login"
	OpLoginOIDC                  Op = "infisical POST /api/v1/auth/oidc-auth/login"
	OpCreateRoleV1               Op = "infisical POST /api/v1/workspace/{projectSlug}/roles"
	OpListRolesV1                Op = "infisical GET /api/v1/workspace/{projectSlug}/roles"
	OpUpdateRoleV1               Op = "infisical PATCH /api/v1/workspace/{projectSlug}/roles/{roleId}"
	OpDeleteRoleV1               Op = "infisical DELETE /api/v1/workspace/{projectSlug}/roles/{roleId}"
	OpGetRoleBySlugV1            Op = "infisical GET /api/v1/workspace/{projectSlug}/roles/slug/{roleSlug}"
	OpDeletePrivilegeBySlug      Op = "infisical DELETE /api/v1/additional-privilege/identity"
	OpCreateSecretV4             Op = "infisical POST /api/v4/secrets/{secretName}"
	OpUpdateSecretV4             Op = "infisical PATCH /api/v4/secrets/{secretName}"
	OpDeleteSecretV4             Op = "infisical DELETE /api/v4/secrets/{secretName}"
	OpCreateSecretsV4            Op = "infisical POST /api/v4/secrets/batch"
	OpUpdateSecretsV4            Op = "infisical PATCH /api/v4/secrets/batch"
	OpDeleteSecretsV4            Op = "infisical DELETE /api/v4/secrets/batch"
)

func (p *Provider) routes() []kernel.Route {
	projects, workspaces := p.projectResource("project"), p.projectResource("workspace")
	bareProjects := p.projectResource("").By("slug", p.bySlugOfProject)
	environments, workspaceEnvironments := p.environmentResource(false), p.environmentResource(true)
	tags, workspaceTags := p.tagResource("tag", "tags"), p.tagResource("workspaceTag", "workspaceTags")
	members, projectRoles, organizationRoles := p.memberResource(), p.projectRoles(), p.organizationRoles()
	privileges, groups, groupMembers := p.privilegeResource(), p.groupResource(), p.groupMemberResource()
	subOrganizations, projectIdentities := p.subOrganizationResource(), p.projectIdentityResource()
	rolesV1 := p.projectRolesV1()
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
		kernel.On(OpGetStatus, p.getStatus),
		kernel.On(OpCreateProjectV2, projects.Create),
		kernel.On(OpGetProjectBySlugV2, bareProjects.Get),
		kernel.On(OpDeleteProjectBySlugV2, bareProjects.Delete),
		kernel.On(OpListWorkspaces, workspaces.List),
		kernel.On(OpGetWorkspace, workspaces.Get),
		kernel.On(OpUpdateWorkspace, workspaces.Update),
		kernel.On(OpDeleteWorkspace, workspaces.Delete),
		kernel.On(OpListProjects, projects.List),
		kernel.On(OpCreateProject, projects.Create),
		kernel.On(OpGetProject, projects.Get),
		kernel.On(OpUpdateProject, projects.Update),
		kernel.On(OpDeleteProject, projects.Delete),
		kernel.On(OpGetProjectBySlug, bareProjects.Get),
		kernel.On(OpDeleteProjectBySlug, bareProjects.Delete),
		kernel.On(OpCreateWorkspaceEnvironment, workspaceEnvironments.Create),
		kernel.On(OpUpdateWorkspaceEnvironment, workspaceEnvironments.Update),
		kernel.On(OpDeleteWorkspaceEnvironment, workspaceEnvironments.Delete),
		kernel.On(OpGetWorkspaceEnvironment, p.getWorkspaceEnvironment),
		kernel.On(OpCreateEnvironment, environments.Create),
		kernel.On(OpGetEnvironment, environments.Get),
		kernel.On(OpUpdateEnvironment, environments.Update),
		kernel.On(OpDeleteEnvironment, environments.Delete),
		kernel.On(OpGetEnvironmentBySlug, p.getEnvironmentBySlug),
		kernel.On(OpCreateWorkspaceTag, workspaceTags.Create),
		kernel.On(OpListWorkspaceTags, workspaceTags.List),
		kernel.On(OpGetWorkspaceTag, workspaceTags.Get),
		kernel.On(OpUpdateWorkspaceTag, workspaceTags.Update),
		kernel.On(OpDeleteWorkspaceTag, workspaceTags.Delete),
		kernel.On(OpGetWorkspaceTagBySlug, workspaceTags.By("tagSlug", p.tagBySlugIn).Get),
		kernel.On(OpCreateTag, tags.Create),
		kernel.On(OpListTags, tags.List),
		kernel.On(OpGetTag, tags.Get),
		kernel.On(OpUpdateTag, tags.Update),
		kernel.On(OpDeleteTag, tags.Delete),
		kernel.On(OpGetTagBySlug, tags.By("tagSlug", p.tagBySlugIn).Get),
		kernel.On(OpGetSecretByID, p.getSecretByID).Secret(),
		kernel.On(OpDeleteFolderV2, p.deleteFolderV2),
		kernel.On(OpCreateSecretImport, p.createSecretImport),
		kernel.On(OpListSecretImports, p.listSecretImports),
		kernel.On(OpGetSecretImport, p.getSecretImport),
		kernel.On(OpUpdateSecretImport, p.updateSecretImport),
		kernel.On(OpDeleteSecretImport, p.deleteSecretImport),
		kernel.On(OpListWorkspaceMembers, members.List),
		kernel.On(OpAddWorkspaceMember, members.Create),
		kernel.On(OpGetWorkspaceMember, members.Get),
		kernel.On(OpUpdateWorkspaceMember, members.Update),
		kernel.On(OpRemoveWorkspaceMember, members.Delete),
		kernel.On(OpGetMembership, p.getMembership),
		kernel.On(OpListMembers, members.List),
		kernel.On(OpAddMember, members.Create),
		kernel.On(OpGetMember, members.Get),
		kernel.On(OpUpdateMember, members.Update),
		kernel.On(OpRemoveMember, members.Delete),
		kernel.On(OpCreateWorkspaceRole, projectRoles.Create),
		kernel.On(OpListWorkspaceRoles, projectRoles.List),
		kernel.On(OpGetWorkspaceRole, projectRoles.Get),
		kernel.On(OpUpdateWorkspaceRole, projectRoles.Update),
		kernel.On(OpDeleteWorkspaceRole, projectRoles.Delete),
		kernel.On(OpGetWorkspaceRoleBySlug, projectRoles.By("roleSlug", p.roleNamed).Get),
		kernel.On(OpCreateProjectRole, projectRoles.Create),
		kernel.On(OpListProjectRoles, projectRoles.List),
		kernel.On(OpGetProjectRole, projectRoles.Get),
		kernel.On(OpUpdateProjectRole, projectRoles.Update),
		kernel.On(OpDeleteProjectRole, projectRoles.Delete),
		kernel.On(OpGetProjectRoleBySlug, projectRoles.By("roleSlug", p.roleNamed).Get),
		kernel.On(OpGetRole, p.getRole),
		kernel.On(OpCreateOrganizationRole, organizationRoles.Create),
		kernel.On(OpListOrganizationRoles, organizationRoles.List),
		kernel.On(OpGetOrganizationRole, organizationRoles.Get),
		kernel.On(OpUpdateOrganizationRole, organizationRoles.Update),
		kernel.On(OpDeleteOrganizationRole, organizationRoles.Delete),
		kernel.On(OpGetOrganizationRoleBySlug, organizationRoles.By("roleSlug", p.roleNamed).Get),
		kernel.On(OpCreatePrivilege, privileges.Create),
		kernel.On(OpGetPrivilege, privileges.Get),
		kernel.On(OpUpdatePrivilege, privileges.Update),
		kernel.On(OpDeletePrivilege, privileges.Delete),
		kernel.On(OpCreateGroup, groups.Create),
		kernel.On(OpListGroups, groups.List),
		kernel.On(OpGetGroup, groups.Get),
		kernel.On(OpUpdateGroup, groups.Update),
		kernel.On(OpDeleteGroup, groups.Delete),
		kernel.On(OpListGroupIdentities, groupMembers.List),
		kernel.On(OpAddGroupIdentity, groupMembers.Create),
		kernel.On(OpRemoveGroupIdentity, groupMembers.Delete),
		kernel.On(OpCreateSubOrganization, subOrganizations.Create),
		kernel.On(OpListSubOrganizations, subOrganizations.List),
		kernel.On(OpUpdateSubOrganization, subOrganizations.Update),
		kernel.On(OpDeleteSubOrganization, subOrganizations.Delete),
		kernel.On(OpCreateProjectIdentity, projectIdentities.Create),
		kernel.On(OpListProjectIdentities, projectIdentities.List),
		kernel.On(OpGetProjectIdentity, projectIdentities.Get),
		kernel.On(OpUpdateProjectIdentity, projectIdentities.Update),
		kernel.On(OpDeleteProjectIdentity, projectIdentities.Delete),
		kernel.On(OpAttachOIDCAuth, p.methods.oidc.attach),
		kernel.On(OpUpdateOIDCAuth, p.methods.oidc.update),
		kernel.On(OpGetOIDCAuth, p.methods.oidc.get),
		kernel.On(OpDetachOIDCAuth, p.methods.oidc.detach),
		kernel.On(OpAttachJWTAuth, p.methods.jwt.attach),
		kernel.On(OpUpdateJWTAuth, p.methods.jwt.update),
		kernel.On(OpGetJWTAuth, p.methods.jwt.get),
		kernel.On(OpDetachJWTAuth, p.methods.jwt.detach),
		kernel.On(OpAttachKubernetesAuth, p.methods.kubernetes.attach),
		kernel.On(OpUpdateKubernetesAuth, p.methods.kubernetes.update),
		kernel.On(OpGetKubernetesAuth, p.methods.kubernetes.get),
		kernel.On(OpDetachKubernetesAuth, p.methods.kubernetes.detach),
		kernel.On(OpAttachAWSAuth, p.methods.aws.attach),
		kernel.On(OpUpdateAWSAuth, p.methods.aws.update),
		kernel.On(OpGetAWSAuth, p.methods.aws.get),
		kernel.On(OpDetachAWSAuth, p.methods.aws.detach),
		kernel.On(OpLoginJWT, p.jwtLogin).Secret(),
		kernel.On(OpLoginOIDC, p.oidcLogin).Secret(),
		kernel.On(OpCreateRoleV1, rolesV1.Create),
		kernel.On(OpListRolesV1, rolesV1.List),
		kernel.On(OpUpdateRoleV1, rolesV1.Update),
		kernel.On(OpDeleteRoleV1, rolesV1.Delete),
		kernel.On(OpGetRoleBySlugV1, rolesV1.By("roleSlug", p.roleNamed).Get),
		kernel.On(OpDeletePrivilegeBySlug, p.deletePrivilegeBySlug),
		kernel.On(OpCreateSecretV4, p.createSecretV4).Secret(),
		kernel.On(OpUpdateSecretV4, p.updateSecretV4).Secret(),
		kernel.On(OpDeleteSecretV4, p.deleteSecretV4).Secret(),
		kernel.On(OpCreateSecretsV4, p.createSecretsV4).Secret(),
		kernel.On(OpUpdateSecretsV4, p.updateSecretsV4).Secret(),
		kernel.On(OpDeleteSecretsV4, p.deleteSecretsV4).Secret(),
	}
}

// declined are operations of the service whose answers somebody else would have to
// give.
var declined = map[Op]string{
	"infisical POST /api/v1/auth/kubernetes-auth/login": "a cluster's TokenReview would have to vouch for the service account, and there is no cluster; the configuration is kept and shown",
	"infisical POST /api/v1/auth/aws-auth/login":        "AWS STS would have to say who has signed the request, and it is not asked; the configuration is kept and shown",
	"infisical POST /api/v1/auth/azure-auth/login":      "Microsoft Entra ID would have to have signed the token, and its keys are not asked for",
	"infisical POST /api/v1/auth/gcp-auth/login":        "Google would have to have signed the token, and its keys are not asked for",
	"infisical POST /api/v1/auth/oci-auth/login":        "Oracle Cloud would have to say who has signed the request, and it is not asked",
	"infisical POST /api/v1/auth/alicloud-auth/login":   "Alibaba Cloud would have to say who has signed the request, and it is not asked",
	"infisical POST /api/v1/auth/ldap-auth/login":       "a directory would have to check the password, and there is none",
	"infisical POST /api/v1/auth/tls-cert-auth/login":   "a proxy in front would have to hand on the client's certificate, and there is none",
	"infisical POST /api/v1/dynamic-secrets":            noTargets,
	"infisical POST /api/v1/dynamic-secrets/leases":     noTargets,
}

const noTargets = "a database or a cloud would have to make the secret, and there is none"
