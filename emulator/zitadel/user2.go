package zitadel

import (
	"cmp"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Version 2 of the machine users: other messages, the same rules.

type createUserRequest struct {
	OrganizationID string        `json:"organizationId"`
	UserID         string        `json:"userId"`
	UserName       string        `json:"username"`
	Human          *struct{}     `json:"human"`
	Machine        *machineInput `json:"machine"`
}

type createUserResponse struct {
	ID string `json:"id"`
	creationResponse
}

// createUser creates a machine user, without any credential. One without a user
// name logs in by its id.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.CreateUser
func (p *Provider) createUser(c *kernel.Call, in createUserRequest) (createUserResponse, error) {
	if err := p.workIn(c, in.OrganizationID, "", "user.write"); err != nil {
		return createUserResponse{}, err
	}
	switch {
	case in.Human != nil:
		return createUserResponse{}, notEmulated("there are no people here, only machine users")
	case in.Machine == nil:
		return createUserResponse{}, refuse(invalidArgument, "", unknownUserType).Because("there is neither machine nor human")
	}
	in.UserID = cmp.Or(in.UserID, p.nextID(c))
	made, err := p.addMachineUser(c, addMachineUserRequest{cmp.Or(in.UserName, in.UserID), *in.Machine, in.UserID})
	return createUserResponse{made.UserID, creationResponse{timestamp(c.Now)}}, err
}

type userRef struct {
	UserID string `path:"userId" json:"-"`
}

// objectDetails2 are objectDetails in the order of version 2.
type objectDetails2 struct {
	Sequence      uint64    `json:"sequence,omitempty,string"`
	ChangeDate    timestamp `json:"changeDate,omitzero"`
	ResourceOwner string    `json:"resourceOwner,omitempty"`
	CreationDate  timestamp `json:"creationDate,omitzero"`
}

func (d objectDetails) version2() objectDetails2 {
	return objectDetails2{d.Sequence, d.ChangeDate, d.ResourceOwner, d.CreationDate}
}

// userBody2 is a machine user as version 2 shows it.
type userBody2 struct {
	UserID             string         `json:"userId"`
	State              string         `json:"state"`
	UserName           string         `json:"username"`
	LoginNames         []string       `json:"loginNames"`
	PreferredLoginName string         `json:"preferredLoginName"`
	Machine            machineBody    `json:"machine"`
	Details            objectDetails2 `json:"details"`
}

type getUserResponse2 struct {
	Details objectDetails2 `json:"details"`
	User    userBody2      `json:"user"`
}

// getUser2 returns one user, whatever its organization.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.GetUserByID
func (p *Provider) getUser2(c *kernel.Call, in userRef) (getUserResponse2, error) {
	if err := p.inUser(c, in.UserID, "user.read"); err != nil {
		return getUserResponse2{}, err
	}
	found, err := p.getUser(c, userPath{in.UserID})
	u, details := found.User, found.User.Details.version2()
	return getUserResponse2{details, userBody2{u.ID, u.State, u.UserName, u.LoginNames, u.PreferredLoginName, u.Machine, details}}, err
}

type updateUserRequest struct {
	UserID   string    `path:"userId" json:"-"`
	UserName *string   `json:"username"`
	Human    *struct{} `json:"human"`
	Machine  *struct {
		Name            *string `json:"name"`
		Description     *string `json:"description"`
		AccessTokenType *string `json:"accessTokenType"`
	} `json:"machine"`
}

// updateUser changes what is sent of a machine user. What is so already is no
// change.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.UpdateUser
func (p *Provider) updateUser(c *kernel.Call, in updateUserRequest) (changeResponse, error) {
	if err := p.inUser(c, in.UserID, "user.write"); err != nil {
		return changeResponse{}, err
	}
	u, ok := p.user(c, in.UserID)
	switch {
	case !ok:
		return changeResponse{}, refuse(notFound, "COMMAND-5M0od", userNotFound).Because("%s", p.whyNoUser(c, in.UserID))
	case in.Human != nil:
		return changeResponse{}, notEmulated("there are no people here, only machine users")
	}
	if in.UserName != nil && *in.UserName != u.UserName {
		if _, err := p.updateUserName(c, updateUserNameRequest{in.UserID, *in.UserName}); err != nil {
			return changeResponse{}, err
		}
	}
	if in.Machine != nil {
		input := u.machineInput
		set(&input.Name, in.Machine.Name)
		set(&input.Description, in.Machine.Description)
		set(&input.AccessTokenType, in.Machine.AccessTokenType)
		if input.normal() != u.machineInput {
			if _, err := p.updateMachine(c, updateMachineRequest{in.UserID, input}); err != nil {
				return changeResponse{}, err
			}
		}
	}
	u, _ = p.user(c, in.UserID)
	return changeResponse{timestamp(u.Changed)}, nil
}

type deleteUserResponse struct {
	Details objectDetails2 `json:"details"`
}

// deleteUser removes a user with its keys and tokens.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.DeleteUser
func (p *Provider) deleteUser(c *kernel.Call, in userRef) (deleteUserResponse, error) {
	if err := p.inUser(c, in.UserID, "user.delete"); err != nil {
		return deleteUserResponse{}, err
	}
	done, err := p.removeUser(c, userPath{in.UserID})
	return deleteUserResponse{done.Details.version2()}, err
}

type addSecretResponse struct {
	creationResponse
	ClientSecret string `json:"clientSecret"`
}

// addSecret gives a machine user a secret, in place of the one it may have.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.AddSecret
func (p *Provider) addSecret(c *kernel.Call, in userRef) (addSecretResponse, error) {
	if err := p.inUser(c, in.UserID, "user.write"); err != nil {
		return addSecretResponse{}, err
	}
	made, err := p.generateMachineSecret(c, machinePath(in))
	return addSecretResponse{creationResponse{timestamp(c.Now)}, made.ClientSecret}, err
}

// removeSecret takes the secret of a machine user away.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.RemoveSecret
func (p *Provider) removeSecret(c *kernel.Call, in userRef) (deletionResponse, error) {
	err := p.inUser(c, in.UserID, "user.write")
	if err == nil {
		_, err = p.removeMachineSecret(c, machinePath(in))
	}
	return deletedNow(c, err)
}

type addKeyRequest struct {
	UserID         string     `path:"userId" json:"-"`
	ExpirationDate *time.Time `json:"expirationDate"`
	PublicKey      []byte     `json:"publicKey"`
}

type addKeyResponse struct {
	creationResponse
	KeyID      string `json:"keyId"`
	KeyContent []byte `json:"keyContent,omitempty"`
}

// addKey creates a key for a machine user and shows it for the only time, or
// registers the public half of a key that the user has.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.AddKey
func (p *Provider) addKey(c *kernel.Call, in addKeyRequest) (addKeyResponse, error) {
	if err := p.inUser(c, in.UserID, "user.write"); err != nil {
		return addKeyResponse{}, err
	}
	made, err := p.addMachineKey(c, addMachineKeyRequest(in))
	return addKeyResponse{creationResponse{timestamp(c.Now)}, made.KeyID, made.KeyDetails}, err
}

// removeKey takes a key away from a machine user.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.RemoveKey
func (p *Provider) removeKey(c *kernel.Call, in machineKeyPath) (deletionResponse, error) {
	err := p.inUser(c, in.UserID, "user.write")
	if err == nil {
		_, err = p.removeMachineKey(c, in)
	}
	return deletedNow(c, err)
}

// credentialFilter is one condition of a search for keys or tokens of users.
type credentialFilter struct {
	Key          *idFilter        `json:"keyIdFilter"`
	Token        *idFilter        `json:"tokenIdFilter"`
	User         *idFilter        `json:"userIdFilter"`
	Organization *idFilter        `json:"organizationIdFilter"`
	Created      *timestampFilter `json:"createdDateFilter"`
	Expires      *timestampFilter `json:"expirationDateFilter"`
}

// credential is a key or a token of a user, as version 2 lists it.
type credential struct {
	CreationDate   timestamp `json:"creationDate"`
	ChangeDate     timestamp `json:"changeDate"`
	ID             string    `json:"id"`
	UserID         string    `json:"userId"`
	OrganizationID string    `json:"organizationId"`
	ExpirationDate timestamp `json:"expirationDate"`
}

func (f credentialFilter) holds(r credential) bool {
	return f.Key.holds(r.ID) && f.Token.holds(r.ID) && f.User.holds(r.UserID) && f.Organization.holds(r.OrganizationID) &&
		f.Created.holds(time.Time(r.CreationDate)) && f.Expires.holds(time.Time(r.ExpirationDate))
}

type listCredentialsRequest struct {
	Pagination listQuery          `json:"pagination"`
	Filters    []credentialFilter `json:"filters"`
}

type listCredentialsResponse struct {
	Pagination listed       `json:"pagination"`
	Result     []credential `json:"result,omitempty"`
}

// listCredentials lists those of all that the request wants and the caller may
// read.
func (p *Provider) listCredentials(c *kernel.Call, in listCredentialsRequest, all func(yield func(credential) bool)) (listCredentialsResponse, error) {
	page, err := newPage[credential](in.Pagination)
	if err != nil {
		return listCredentialsResponse{}, err
	}
next:
	for r := range all {
		if !p.may(c, r.OrganizationID, "", "user.read") {
			continue
		}
		for _, f := range in.Filters {
			if !f.holds(r) {
				continue next
			}
		}
		page.add(r)
	}
	return listCredentialsResponse{page.listed(), page.rows}, nil
}

// listKeys2 searches the keys of machine users.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.ListKeys
func (p *Provider) listKeys2(c *kernel.Call, in listCredentialsRequest) (listCredentialsResponse, error) {
	return p.listCredentials(c, in, func(yield func(credential) bool) {
		for _, k := range p.keys.All(c.Tx) {
			u, ok := p.users.Get(c.Tx, k.OwnerID)
			if ok && !k.Removed && !yield(credential{timestamp(k.Created), timestamp(k.Changed), k.ID, u.ID, u.OrgID, timestamp(k.ExpiresAt)}) {
				return
			}
		}
	})
}

type addPATRequest2 struct {
	UserID         string     `path:"userId" json:"-"`
	ExpirationDate *time.Time `json:"expirationDate"`
}

type addPATResponse2 struct {
	creationResponse
	TokenID string `json:"tokenId"`
	Token   string `json:"token"`
}

// addPAT2 creates a token and shows it for the only time.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.AddPersonalAccessToken
func (p *Provider) addPAT2(c *kernel.Call, in addPATRequest2) (addPATResponse2, error) {
	if err := p.inUser(c, in.UserID, "user.write"); err != nil {
		return addPATResponse2{}, err
	}
	made, err := p.addPersonalAccessToken(c, addPATRequest(in))
	return addPATResponse2{creationResponse{timestamp(c.Now)}, made.TokenID, made.Token}, err
}

// removePAT2 ends a token at once.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.RemovePersonalAccessToken
func (p *Provider) removePAT2(c *kernel.Call, in patPath) (deletionResponse, error) {
	err := p.inUser(c, in.UserID, "user.write")
	if err == nil {
		_, err = p.removePersonalAccessToken(c, in)
	}
	return deletedNow(c, err)
}

// listPATs2 searches the personal access tokens of machine users.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.ListPersonalAccessTokens
func (p *Provider) listPATs2(c *kernel.Call, in listCredentialsRequest) (listCredentialsResponse, error) {
	return p.listCredentials(c, in, func(yield func(credential) bool) {
		for _, t := range p.pats.All(c.Tx) {
			u, ok := p.users.Get(c.Tx, t.UserID)
			if ok && !yield(credential{timestamp(t.Created), timestamp(t.Changed), t.ID, u.ID, u.OrgID, timestamp(t.ExpiresAt)}) {
				return
			}
		}
	})
}
