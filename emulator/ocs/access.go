package ocs

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// caller is who calls, as the access token says: what it says holds until it
// expires, whatever has become of the client.
type caller struct {
	ClientID, TenantID string
	RoleTypes          []string
	Person             string // "" for a client itself
	Scopes             []string
}

func callerOf(c *kernel.Call) caller { return c.Caller.(caller) }

func (who caller) administrates() bool { return slices.Contains(who.RoleTypes, administratorType) }

// isMember reports whether the caller may do what members may. Administrators
// may, too.
func (who caller) isMember() bool {
	return slices.Contains(who.RoleTypes, memberType) || who.administrates()
}

// A level is who may call an operation.
type level int

const (
	anybody       level = iota // with a token for the tenant
	readers                    // members, or with strictRoles administrators
	hybridReaders              // administrators in the pages of 2019, readers since
	members                    //
	administrators
	selfOrReaders // readers, and the client itself
	ownSecrets    // administrators, and in the live contract the client itself
)

// access says who may call what.
var access = map[Op]level{
	OpListHybridSecrets:                administrators,
	OpCountHybridSecrets:               administrators,
	OpAddHybridSecret:                  administrators,
	OpGetHybridSecret:                  administrators,
	OpHeadHybridSecret:                 administrators,
	OpUpdateHybridSecret:               administrators,
	OpDeleteHybridSecret:               administrators,
	OpListClientCredentialSecrets:      ownSecrets,
	OpCountClientCredentialSecrets:     ownSecrets,
	OpAddClientCredentialSecret:        ownSecrets,
	OpGetClientCredentialSecret:        ownSecrets,
	OpHeadClientCredentialSecret:       ownSecrets,
	OpUpdateClientCredentialSecret:     administrators,
	OpDeleteClientCredentialSecret:     ownSecrets,
	OpListHybridClients:                hybridReaders,
	OpCountHybridClients:               hybridReaders,
	OpCreateHybridClient:               administrators,
	OpGetHybridClient:                  hybridReaders,
	OpHeadHybridClient:                 hybridReaders,
	OpUpdateHybridClient:               administrators,
	OpDeleteHybridClient:               administrators,
	OpListClientCredentialClients:      readers,
	OpCountClientCredentialClients:     readers,
	OpCreateClientCredentialClient:     administrators,
	OpGetClientCredentialClient:        readers,
	OpHeadClientCredentialClient:       readers,
	OpUpdateClientCredentialClient:     administrators,
	OpDeleteClientCredentialClient:     administrators,
	OpListAuthorizationCodeClients:     readers,
	OpCountAuthorizationCodeClients:    readers,
	OpCreateAuthorizationCodeClient:    administrators,
	OpGetAuthorizationCodeClient:       readers,
	OpHeadAuthorizationCodeClient:      readers,
	OpUpdateAuthorizationCodeClient:    administrators,
	OpDeleteAuthorizationCodeClient:    administrators,
	OpListDeviceCodeClients:            readers,
	OpCountDeviceCodeClients:           readers,
	OpCreateDeviceCodeClient:           administrators,
	OpGetDeviceCodeClient:              readers,
	OpHeadDeviceCodeClient:             readers,
	OpUpdateDeviceCodeClient:           administrators,
	OpDeleteDeviceCodeClient:           administrators,
	OpListClientCredentialClientRoles:  selfOrReaders,
	OpCountClientCredentialClientRoles: selfOrReaders,
	OpSetClientCredentialClientRoles:   administrators,
	OpListClientRoles:                  selfOrReaders,
	OpCountClientRoles:                 selfOrReaders,
	OpSetClientRoles:                   administrators,
	OpListAutomationIdentities:         members,
	OpCountAutomationIdentities:        members,
	OpCreateAutomationIdentity:         members,
	OpGetAutomationIdentity:            members,
	OpHeadAutomationIdentity:           members,
	OpUpdateAutomationIdentity:         members,
	OpDeleteAutomationIdentity:         members,
	OpListUsers:                        members,
	OpCountUsers:                       members,
	OpCreateUser:                       administrators,
	OpListUserStatuses:                 members,
	OpGetUser:                          selfOrReaders,
	OpHeadUser:                         selfOrReaders,
	OpUpdateUser:                       administrators,
	OpDeleteUser:                       administrators,
	OpGetUserStatus:                    selfOrReaders,
	OpListUserRoles:                    selfOrReaders,
	OpCountUserRoles:                   selfOrReaders,
	OpSetUserRoles:                     administrators,
	OpGetUserInvitation:                administrators,
	OpHeadUserInvitation:               administrators,
	OpCreateUserInvitation:             administrators,
	OpSetUserInvitation:                administrators,
	OpDeleteUserInvitation:             administrators,
	OpListInvitations:                  administrators,
	OpCountInvitations:                 administrators,
	OpGetInvitation:                    administrators,
	OpHeadInvitation:                   administrators,
	OpUpdateInvitation:                 administrators,
	OpDeleteInvitation:                 administrators,
	OpListRoleUsers:                    readers,
	OpCountRoleUsers:                   readers,
	OpListNamespaces:                   members,
	OpGetNamespace:                     members,
	OpListCommunities:                  members,
	OpGetCommunity:                     members,
	OpListRoles:                        readers,
	OpCountRoles:                       readers,
	OpCreateRole:                       administrators,
	OpGetRole:                          readers,
	OpHeadRole:                         readers,
	OpUpdateRole:                       administrators,
	OpDeleteRole:                       administrators,
	OpListRoleClients:                  readers,
	OpCountRoleClients:                 readers,
	OpGetTenant:                        members,
	OpHeadTenant:                       members,
	OpUserInfo:                         anybody,
	OpPostUserInfo:                     anybody,
}

// identify finds out who calls and whether they may: a token that lacks
// permission is told so before what it asks for is looked at.
func (p *Provider) identify(c *kernel.Call) error {
	if !c.Secured {
		return nil // the token service reads the header itself
	}
	who, err := p.verify(c)
	if err != nil {
		return err
	}
	c.Caller = who
	if id, ok := c.Vars["tenantId"]; ok {
		if err := p.enter(c, who, id); err != nil {
			return err
		}
	}
	return permit(c, who)
}

// verify reads the access token of a call.
func (p *Provider) verify(c *kernel.Call) (caller, error) {
	header := c.Request.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return caller{}, unauthorized("no Authorization header with an access token")
	case !strings.EqualFold(scheme, "Bearer"):
		return caller{}, unauthorized("the Authorization header's scheme is not Bearer")
	}
	token = strings.TrimSpace(token)
	key := signingKey(c)
	cl, err := p.verified.Claims(key.ID, token, func() (cl claims, err error) {
		err = oauth.Verify(token, &cl, key)
		return cl, err
	})
	switch {
	case errors.Is(err, oauth.ErrKey):
		return caller{}, unauthorized("the token is not signed with this world's key: it is from another world or seed")
	case err != nil:
		return caller{}, unauthorized("the bearer token: %v", err)
	case c.Now.Unix() >= cl.ExpiresAt:
		return caller{}, unauthorized("the token expired at %s", time.Unix(cl.ExpiresAt, 0).UTC().Format(time.RFC3339))
	}
	c.Credential = cl.ID
	if cl.Subject != "" {
		t, _, why := p.desk.Token(c, cl.ID)
		if why != "" {
			return caller{}, unauthorized("the token of a sign-in: %s", why)
		}
		c.Credential = t.Key
	}
	roles := append([]string{}, cl.RoleTypes...) // anybody can sign one without
	return caller{cl.ClientID, cl.TenantID, roles, cl.Subject, cl.Scope}, nil
}

// enter refuses a tenant that is not the caller's. Only an administrator is told
// that a tenant does not exist.
func (p *Provider) enter(c *kernel.Call, who caller, id string) error {
	id = strings.ToLower(id) // it is a GUID
	c.Vars["tenantId"] = id
	_, exists := p.tenants.Get(c.Tx, id)
	switch {
	case exists && id == who.TenantID:
		return nil
	case !exists && who.administrates():
		return notFound("tenant", id)
	case !exists:
		return forbidden("there is no tenant %s, which only an administrator is told", id)
	}
	return forbidden("the token is for tenant %s, not for %s", who.TenantID, id)
}

// permit refuses a caller whose roles do not allow the operation.
func permit(c *kernel.Call, who caller) error {
	isSelf := c.Vars["clientId"] != "" && c.Vars["clientId"] == who.ClientID ||
		c.Vars["userId"] != "" && strings.EqualFold(c.Vars["userId"], who.Person)
	required := access[c.Op]
	switch required {
	case anybody:
		return nil
	case selfOrReaders:
		if isSelf {
			return nil
		}
		required = members
		if strictRoles.Get(c) {
			required = administrators
		}
	case hybridReaders:
		if who.isMember() && !who.administrates() && !strictRoles.Get(c) && c.Differs(hybridReads) {
			return nil
		}
		required = administrators
	case ownSecrets:
		if isSelf && !who.administrates() && c.Differs(self) {
			return nil
		}
		required = administrators
	case readers:
		required = members
		if strictRoles.Get(c) {
			required = administrators
		}
	}
	switch {
	case who.administrates(), required == members && who.isMember():
		return nil
	case required == members:
		return forbidden("client %s holds neither the role %s nor %s", who.ClientID, memberRole, administratorRole)
	}
	return forbidden("client %s does not hold the role %s", who.ClientID, administratorRole)
}
