package ocs

import (
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// Op names one of the provider's operations, for faults and the journal.
type Op = kernel.Op

// The operations that are served.
const (
	OpListHybridSecrets  Op = "ocs GET /api/v1/Tenants/{tenantId}/HybridClients/{clientId}/Secrets"
	OpCountHybridSecrets Op = "ocs HEAD /api/v1/Tenants/{tenantId}/HybridClients/{clientId}/Secrets"
	OpAddHybridSecret    Op = "ocs POST /api/v1/Tenants/{tenantId}/HybridClients/{clientId}/Secrets"
	OpGetHybridSecret    Op = "ocs GET /api/v1/Tenants/{tenantId}/HybridClients/{clientId}/Secrets/{secretId}"
	OpHeadHybridSecret   Op = "ocs HEAD /api/v1/Tenants/{tenantId}/HybridClients/{clientId}/Secrets/{secretId}"
	OpUpdateHybridSecret Op = "ocs PUT /api/v1/Tenants/{tenantId}/HybridClients/{clientId}/Secrets/{secretId}"
	OpDeleteHybridSecret Op = "ocs DELETE /api/v1/Tenants/{tenantId}/HybridClients/{clientId}/Secrets/{secretId}"

	OpListClientCredentialSecrets  Op = "ocs GET /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets"
	OpCountClientCredentialSecrets Op = "ocs HEAD /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets"
	OpAddClientCredentialSecret    Op = "ocs POST /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets"
	OpGetClientCredentialSecret    Op = "ocs GET /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets/{secretId}"
	OpHeadClientCredentialSecret   Op = "ocs HEAD /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets/{secretId}"
	OpUpdateClientCredentialSecret Op = "ocs PUT /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets/{secretId}"
	OpDeleteClientCredentialSecret Op = "ocs DELETE /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets/{secretId}"

	OpListHybridClients  Op = "ocs GET /api/v1/Tenants/{tenantId}/HybridClients"
	OpCountHybridClients Op = "ocs HEAD /api/v1/Tenants/{tenantId}/HybridClients"
	OpCreateHybridClient Op = "ocs POST /api/v1/Tenants/{tenantId}/HybridClients"
	OpGetHybridClient    Op = "ocs GET /api/v1/Tenants/{tenantId}/HybridClients/{clientId}"
	OpHeadHybridClient   Op = "ocs HEAD /api/v1/Tenants/{tenantId}/HybridClients/{clientId}"
	OpUpdateHybridClient Op = "ocs PUT /api/v1/Tenants/{tenantId}/HybridClients/{clientId}"
	OpDeleteHybridClient Op = "ocs DELETE /api/v1/Tenants/{tenantId}/HybridClients/{clientId}"

	OpListClientCredentialClients  Op = "ocs GET /api/v1/Tenants/{tenantId}/ClientCredentialClients"
	OpCountClientCredentialClients Op = "ocs HEAD /api/v1/Tenants/{tenantId}/ClientCredentialClients"
	OpCreateClientCredentialClient Op = "ocs POST /api/v1/Tenants/{tenantId}/ClientCredentialClients"
	OpGetClientCredentialClient    Op = "ocs GET /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}"
	OpHeadClientCredentialClient   Op = "ocs HEAD /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}"
	OpUpdateClientCredentialClient Op = "ocs PUT /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}"
	OpDeleteClientCredentialClient Op = "ocs DELETE /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}"

	OpListAuthorizationCodeClients  Op = "ocs GET /api/v1/Tenants/{tenantId}/AuthorizationCodeClients"
	OpCountAuthorizationCodeClients Op = "ocs HEAD /api/v1/Tenants/{tenantId}/AuthorizationCodeClients"
	OpCreateAuthorizationCodeClient Op = "ocs POST /api/v1/Tenants/{tenantId}/AuthorizationCodeClients"
	OpGetAuthorizationCodeClient    Op = "ocs GET /api/v1/Tenants/{tenantId}/AuthorizationCodeClients/{clientId}"
	OpHeadAuthorizationCodeClient   Op = "ocs HEAD /api/v1/Tenants/{tenantId}/AuthorizationCodeClients/{clientId}"
	OpUpdateAuthorizationCodeClient Op = "ocs PUT /api/v1/Tenants/{tenantId}/AuthorizationCodeClients/{clientId}"
	OpDeleteAuthorizationCodeClient Op = "ocs DELETE /api/v1/Tenants/{tenantId}/AuthorizationCodeClients/{clientId}"

	OpListDeviceCodeClients  Op = "ocs GET /api/v1/Tenants/{tenantId}/DeviceCodeClients"
	OpCountDeviceCodeClients Op = "ocs HEAD /api/v1/Tenants/{tenantId}/DeviceCodeClients"
	OpCreateDeviceCodeClient Op = "ocs POST /api/v1/Tenants/{tenantId}/DeviceCodeClients"
	OpGetDeviceCodeClient    Op = "ocs GET /api/v1/Tenants/{tenantId}/DeviceCodeClients/{clientId}"
	OpHeadDeviceCodeClient   Op = "ocs HEAD /api/v1/Tenants/{tenantId}/DeviceCodeClients/{clientId}"
	OpUpdateDeviceCodeClient Op = "ocs PUT /api/v1/Tenants/{tenantId}/DeviceCodeClients/{clientId}"
	OpDeleteDeviceCodeClient Op = "ocs DELETE /api/v1/Tenants/{tenantId}/DeviceCodeClients/{clientId}"

	OpListClientCredentialClientRoles  Op = "ocs GET /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Roles"
	OpCountClientCredentialClientRoles Op = "ocs HEAD /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Roles"
	OpSetClientCredentialClientRoles   Op = "ocs PUT /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Roles"
	OpListClientRoles                  Op = "ocs GET /api/v1/Tenants/{tenantId}/Clients/{clientId}/Roles"
	OpCountClientRoles                 Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Clients/{clientId}/Roles"
	OpSetClientRoles                   Op = "ocs PUT /api/v1/Tenants/{tenantId}/Clients/{clientId}/Roles"

	OpListAutomationIdentities  Op = "ocs GET /api/v1/Tenants/{tenantId}/AutomationIdentities"
	OpCountAutomationIdentities Op = "ocs HEAD /api/v1/Tenants/{tenantId}/AutomationIdentities"
	OpCreateAutomationIdentity  Op = "ocs POST /api/v1/Tenants/{tenantId}/AutomationIdentities"
	OpGetAutomationIdentity     Op = "ocs GET /api/v1/Tenants/{tenantId}/AutomationIdentities/{automationIdentityId}"
	OpHeadAutomationIdentity    Op = "ocs HEAD /api/v1/Tenants/{tenantId}/AutomationIdentities/{automationIdentityId}"
	OpUpdateAutomationIdentity  Op = "ocs PUT /api/v1/Tenants/{tenantId}/AutomationIdentities/{automationIdentityId}"
	OpDeleteAutomationIdentity  Op = "ocs DELETE /api/v1/Tenants/{tenantId}/AutomationIdentities/{automationIdentityId}"

	OpListUsers            Op = "ocs GET /api/v1/Tenants/{tenantId}/Users"
	OpCountUsers           Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Users"
	OpCreateUser           Op = "ocs POST /api/v1/Tenants/{tenantId}/Users"
	OpListUserStatuses     Op = "ocs GET /api/v1/Tenants/{tenantId}/Users/Status"
	OpGetUser              Op = "ocs GET /api/v1/Tenants/{tenantId}/Users/{userId}"
	OpHeadUser             Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Users/{userId}"
	OpUpdateUser           Op = "ocs PUT /api/v1/Tenants/{tenantId}/Users/{userId}"
	OpDeleteUser           Op = "ocs DELETE /api/v1/Tenants/{tenantId}/Users/{userId}"
	OpGetUserStatus        Op = "ocs GET /api/v1/Tenants/{tenantId}/Users/{userId}/Status"
	OpListUserRoles        Op = "ocs GET /api/v1/Tenants/{tenantId}/Users/{userId}/Roles"
	OpCountUserRoles       Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Users/{userId}/Roles"
	OpSetUserRoles         Op = "ocs PUT /api/v1/Tenants/{tenantId}/Users/{userId}/Roles"
	OpGetUserInvitation    Op = "ocs GET /api/v1/Tenants/{tenantId}/Users/{userId}/Invitation"
	OpHeadUserInvitation   Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Users/{userId}/Invitation"
	OpCreateUserInvitation Op = "ocs POST /api/v1/Tenants/{tenantId}/Users/{userId}/Invitation"
	OpSetUserInvitation    Op = "ocs PUT /api/v1/Tenants/{tenantId}/Users/{userId}/Invitation"
	OpDeleteUserInvitation Op = "ocs DELETE /api/v1/Tenants/{tenantId}/Users/{userId}/Invitation"
	OpListInvitations      Op = "ocs GET /api/v1/Tenants/{tenantId}/Invitations"
	OpCountInvitations     Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Invitations"
	OpGetInvitation        Op = "ocs GET /api/v1/Tenants/{tenantId}/Invitations/{invitationId}"
	OpHeadInvitation       Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Invitations/{invitationId}"
	OpUpdateInvitation     Op = "ocs PUT /api/v1/Tenants/{tenantId}/Invitations/{invitationId}"
	OpDeleteInvitation     Op = "ocs DELETE /api/v1/Tenants/{tenantId}/Invitations/{invitationId}"
	OpListRoleUsers        Op = "ocs GET /api/v1/Tenants/{tenantId}/Roles/{roleId}/users"
	OpCountRoleUsers       Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Roles/{roleId}/users"

	OpListNamespaces  Op = "ocs GET /api/v1/Tenants/{tenantId}/Namespaces"
	OpGetNamespace    Op = "ocs GET /api/v1/Tenants/{tenantId}/Namespaces/{namespaceId}"
	OpListCommunities Op = "ocs GET /api/v1-preview/Communities"
	OpGetCommunity    Op = "ocs GET /api/v1-preview/Communities/{communityId}"

	OpListRoles        Op = "ocs GET /api/v1/Tenants/{tenantId}/Roles"
	OpCountRoles       Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Roles"
	OpCreateRole       Op = "ocs POST /api/v1/Tenants/{tenantId}/Roles"
	OpGetRole          Op = "ocs GET /api/v1/Tenants/{tenantId}/Roles/{roleId}"
	OpHeadRole         Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Roles/{roleId}"
	OpUpdateRole       Op = "ocs PUT /api/v1/Tenants/{tenantId}/Roles/{roleId}"
	OpDeleteRole       Op = "ocs DELETE /api/v1/Tenants/{tenantId}/Roles/{roleId}"
	OpListRoleClients  Op = "ocs GET /api/v1/Tenants/{tenantId}/Roles/{roleId}/clientcredentialclients"
	OpCountRoleClients Op = "ocs HEAD /api/v1/Tenants/{tenantId}/Roles/{roleId}/clientcredentialclients"

	OpGetTenant  Op = "ocs GET /api/v1/Tenants/{tenantId}"
	OpHeadTenant Op = "ocs HEAD /api/v1/Tenants/{tenantId}"

	OpAuthorize      Op = "ocs GET /identity/connect/authorize"
	OpPostAuthorize  Op = "ocs POST /identity/connect/authorize"
	OpEndSession     Op = "ocs GET /identity/connect/endsession"
	OpPostEndSession Op = "ocs POST /identity/connect/endsession"

	OpToken        Op = "ocs POST /identity/connect/token"
	OpUserInfo     Op = "ocs GET /identity/connect/userinfo"
	OpPostUserInfo Op = "ocs POST /identity/connect/userinfo"
	OpDiscovery    Op = "ocs GET /identity/.well-known/openid-configuration"
	OpKeys         Op = "ocs GET /identity/.well-known/openid-configuration/jwks"
)

// The paths of the token service, as the discovery document names them.
const (
	identityPath   = "/identity" // the issuer
	authorizePath  = identityPath + "/connect/authorize"
	endSessionPath = identityPath + "/connect/endsession"
	tokenPath      = identityPath + "/connect/token"
	userInfoPath   = identityPath + "/connect/userinfo"
	keysPath       = identityPath + "/.well-known/openid-configuration/jwks"
)

func (p *Provider) routes() []kernel.Route {
	roles, identities := p.tenantRoles(), p.automationIdentities()
	namespaces, communities := p.namespaces(), p.communities()
	users, invitations, theirs := p.users(), p.invitations(), p.invitationsOfUsers()
	return []kernel.Route{
		kernel.On(OpListHybridSecrets, p.listSecrets(hybrid)),
		kernel.On(OpCountHybridSecrets, kit.Head(p.listSecrets(hybrid))),
		kernel.On(OpAddHybridSecret, p.addSecret(hybrid)).Secret(),
		kernel.On(OpGetHybridSecret, p.getSecret(hybrid)),
		kernel.On(OpHeadHybridSecret, kit.Head(p.getSecret(hybrid))),
		kernel.On(OpUpdateHybridSecret, p.updateSecret(hybrid)),
		kernel.On(OpDeleteHybridSecret, p.deleteSecret(hybrid)),
		kernel.On(OpListClientCredentialSecrets, p.listSecrets(clientCredential)),
		kernel.On(OpCountClientCredentialSecrets, kit.Head(p.listSecrets(clientCredential))),
		kernel.On(OpAddClientCredentialSecret, p.addSecret(clientCredential)).Secret(),
		kernel.On(OpGetClientCredentialSecret, p.getSecret(clientCredential)),
		kernel.On(OpHeadClientCredentialSecret, kit.Head(p.getSecret(clientCredential))),
		kernel.On(OpUpdateClientCredentialSecret, p.updateSecret(clientCredential)),
		kernel.On(OpDeleteClientCredentialSecret, p.deleteSecret(clientCredential)),
		kernel.On(OpListHybridClients, p.listClients(hybrid)),
		kernel.On(OpCountHybridClients, kit.Head(p.listClients(hybrid))),
		kernel.On(OpCreateHybridClient, p.createClient(hybrid)).Secret(),
		kernel.On(OpGetHybridClient, p.getClient(hybrid)),
		kernel.On(OpHeadHybridClient, kit.Head(p.getClient(hybrid))),
		kernel.On(OpUpdateHybridClient, p.updateClient(hybrid)),
		kernel.On(OpDeleteHybridClient, p.deleteClient(hybrid)),
		kernel.On(OpListClientCredentialClients, p.listClients(clientCredential)),
		kernel.On(OpCountClientCredentialClients, kit.Head(p.listClients(clientCredential))),
		kernel.On(OpCreateClientCredentialClient, p.createClient(clientCredential)).Secret(),
		kernel.On(OpGetClientCredentialClient, p.getClient(clientCredential)),
		kernel.On(OpHeadClientCredentialClient, kit.Head(p.getClient(clientCredential))),
		kernel.On(OpUpdateClientCredentialClient, p.updateClient(clientCredential)),
		kernel.On(OpDeleteClientCredentialClient, p.deleteClient(clientCredential)),
		kernel.On(OpListAuthorizationCodeClients, p.listClients(authorizationCode)),
		kernel.On(OpCountAuthorizationCodeClients, kit.Head(p.listClients(authorizationCode))),
		kernel.On(OpCreateAuthorizationCodeClient, p.createClient(authorizationCode)),
		kernel.On(OpGetAuthorizationCodeClient, p.getClient(authorizationCode)),
		kernel.On(OpHeadAuthorizationCodeClient, kit.Head(p.getClient(authorizationCode))),
		kernel.On(OpUpdateAuthorizationCodeClient, p.updateClient(authorizationCode)),
		kernel.On(OpDeleteAuthorizationCodeClient, p.deleteClient(authorizationCode)),
		kernel.On(OpListDeviceCodeClients, p.listClients(deviceCode)),
		kernel.On(OpCountDeviceCodeClients, kit.Head(p.listClients(deviceCode))),
		kernel.On(OpCreateDeviceCodeClient, p.createClient(deviceCode)),
		kernel.On(OpGetDeviceCodeClient, p.getClient(deviceCode)),
		kernel.On(OpHeadDeviceCodeClient, kit.Head(p.getClient(deviceCode))),
		kernel.On(OpUpdateDeviceCodeClient, p.updateClient(deviceCode)),
		kernel.On(OpDeleteDeviceCodeClient, p.deleteClient(deviceCode)),
		kernel.On(OpListClientCredentialClientRoles, p.listRolesOfClient),
		kernel.On(OpCountClientCredentialClientRoles, kit.Head(p.listRolesOfClient)),
		kernel.Handle(OpSetClientCredentialClientRoles, p.setRolesOfClient),
		kernel.On(OpListClientRoles, p.listRolesOfClient),
		kernel.On(OpCountClientRoles, kit.Head(p.listRolesOfClient)),
		kernel.Handle(OpSetClientRoles, p.setRolesOfClient),
		kernel.On(OpListAutomationIdentities, identities.List),
		kernel.On(OpCountAutomationIdentities, kit.Head(identities.List)),
		kernel.On(OpCreateAutomationIdentity, identities.Create),
		kernel.On(OpGetAutomationIdentity, identities.Get),
		kernel.On(OpHeadAutomationIdentity, kit.Head(identities.Get)),
		kernel.On(OpUpdateAutomationIdentity, identities.Update),
		kernel.On(OpDeleteAutomationIdentity, identities.Delete),
		kernel.On(OpListUsers, p.listUsers),
		kernel.On(OpCountUsers, kit.Head(p.listUsers)),
		kernel.On(OpCreateUser, users.Create),
		kernel.On(OpListUserStatuses, p.listUserStatuses),
		kernel.On(OpGetUser, users.Get),
		kernel.On(OpHeadUser, kit.Head(users.Get)),
		kernel.On(OpUpdateUser, users.Update),
		kernel.On(OpDeleteUser, users.Delete),
		kernel.On(OpGetUserStatus, p.getUserStatus),
		kernel.On(OpListUserRoles, p.listRolesOfUser),
		kernel.On(OpCountUserRoles, kit.Head(p.listRolesOfUser)),
		kernel.Handle(OpSetUserRoles, p.setRolesOfUser),
		kernel.On(OpGetUserInvitation, theirs.Get),
		kernel.On(OpHeadUserInvitation, kit.Head(theirs.Get)),
		kernel.On(OpCreateUserInvitation, theirs.Create),
		kernel.On(OpSetUserInvitation, p.setInvitation),
		kernel.On(OpDeleteUserInvitation, theirs.Delete),
		kernel.On(OpListInvitations, p.listInvitations),
		kernel.On(OpCountInvitations, kit.Head(p.listInvitations)),
		kernel.On(OpGetInvitation, invitations.Get),
		kernel.On(OpHeadInvitation, kit.Head(invitations.Get)),
		kernel.On(OpUpdateInvitation, invitations.Update),
		kernel.On(OpDeleteInvitation, invitations.Delete),
		kernel.On(OpListRoleUsers, p.listRoleUsers),
		kernel.On(OpCountRoleUsers, kit.Head(p.listRoleUsers)),
		kernel.On(OpListNamespaces, namespaces.List),
		kernel.On(OpGetNamespace, namespaces.Get),
		kernel.On(OpListCommunities, communities.List),
		kernel.On(OpGetCommunity, communities.Get),
		kernel.On(OpListRoles, roles.List),
		kernel.On(OpCountRoles, kit.Head(roles.List)),
		kernel.On(OpCreateRole, p.createRole),
		kernel.On(OpGetRole, roles.Get),
		kernel.On(OpHeadRole, kit.Head(roles.Get)),
		kernel.On(OpUpdateRole, roles.Update),
		kernel.On(OpDeleteRole, roles.Delete),
		kernel.On(OpListRoleClients, p.listRoleClients),
		kernel.On(OpCountRoleClients, kit.Head(p.listRoleClients)),
		kernel.On(OpGetTenant, p.getTenant),
		kernel.On(OpHeadTenant, kit.Head(p.getTenant)),
		kernel.Handle(OpAuthorize, p.authorize),
		kernel.Handle(OpPostAuthorize, p.authorize),
		kernel.Handle(OpEndSession, p.endSession),
		kernel.Handle(OpPostEndSession, p.endSession),
		kernel.On(OpToken, p.token),
		kernel.On(OpUserInfo, p.userInfo),
		kernel.On(OpPostUserInfo, p.userInfo),
		kernel.On(OpDiscovery, p.discovery),
		kernel.On(OpKeys, p.keys),
	}
}
