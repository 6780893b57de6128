package zitadel

import (
	"cmp"
	"time"

	filterv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/filter/v2"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"
	objectv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object/v2"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Version 2 of the users: other messages, the same rules.

// createUser creates a machine user, without any credential, or a person. A machine
// user without a user name logs in by its id.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.CreateUser
func (p *Provider) createUser(c *kernel.Call, in *userv2.CreateUserRequest) (*userv2.CreateUserResponse, error) {
	if err := p.workIn(c, in.OrganizationId, "", "user.write"); err != nil {
		return nil, err
	}
	var u user
	var err error
	metadata := in.Metadata
	switch h, m := in.GetHuman(), in.GetMachine(); {
	case h != nil:
		u, err = p.newPerson(c, in.GetUserId(), in.GetUsername(), h, h.GetPassword(), h.GetHashedPassword())
		//lint:ignore SA1019 older clients send it there
		metadata = append(metadata, h.Metadata...)
	case m != nil:
		id := cmp.Or(in.GetUserId(), p.nextID(c))
		u, err = p.newUser(c, user{
			ID: id, UserName: cmp.Or(in.GetUsername(), id),
			machine: machine{m.Name, m.GetDescription(), userv1.AccessTokenType(m.AccessTokenType)},
		})
	default:
		err = refuse(invalidArgument, "", unknownUserType).Because("there is neither machine nor human")
	}
	if err == nil {
		err = setAll(p, c, u.ID, metadata)
	}
	return &userv2.CreateUserResponse{Id: u.ID, CreationDate: moment(c.Now)}, err
}

// detailsV2 are details in version 2.
func detailsV2(d *objectv1.ObjectDetails) *objectv2.Details { return translate(&objectv2.Details{}, d) }

// getUserV2 returns one user, whatever its organization.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.GetUserByID
func (p *Provider) getUserV2(c *kernel.Call, in *userv2.GetUserByIDRequest) (*userv2.GetUserByIDResponse, error) {
	u, why := p.user(c, in.UserId)
	if why != "" {
		return nil, refuse(notFound, "QUERY-Dfbg2", userNotFound).Because("%s", why)
	}
	return &userv2.GetUserByIDResponse{Details: detailsV2(u.details(u.OrgID)), User: u.messageV2()}, nil
}

func (u user) messageV2() *userv2.User {
	m := translate(&userv2.User{}, u.message())
	m.UserId, m.Username = u.ID, u.UserName
	if h := u.Human; h != nil {
		shown := proto.CloneOf(h.HumanUser)
		shown.UserId, shown.State, shown.Username, shown.LoginNames, shown.PreferredLoginName = u.ID, m.State, u.UserName, m.LoginNames, u.UserName
		m.Type = &userv2.User_Human{Human: shown}
	}
	return m
}

// updateUser changes what is sent of a user. What is so already is no change.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.UpdateUser
func (p *Provider) updateUser(c *kernel.Call, in *userv2.UpdateUserRequest) (*userv2.UpdateUserResponse, error) {
	u, why := p.user(c, in.UserId)
	if why != "" {
		return nil, refuse(notFound, "COMMAND-5M0od", userNotFound).Because("%s", why)
	}
	var err error
	if in.Username != nil {
		err = p.renameUser(c, u.ID, *in.Username)
	}
	if sent := in.GetMachine(); sent != nil && err == nil {
		m := u.machine
		set(&m.Name, sent.Name)
		set(&m.Description, sent.Description)
		if sent.AccessTokenType != nil {
			m.AccessTokenType = userv1.AccessTokenType(*sent.AccessTokenType)
		}
		if _, err = p.changeMachine(c, u.ID, m); isNoChange(err) {
			err = nil
		}
	}
	if sent := in.GetHuman(); sent != nil && err == nil {
		err = p.updateHuman(c, u.ID, sent, sent.Password)
	}
	if err == nil {
		err = setAll(p, c, u.ID, in.Metadata)
	}
	u, _ = p.user(c, in.UserId)
	return &userv2.UpdateUserResponse{ChangeDate: moment(u.Changed)}, err
}

// renameUser changes the name that a user logs in by, if it is another.
func (p *Provider) renameUser(c *kernel.Call, id, name string) error {
	_, err := p.updateUserName(c, &management.UpdateUserNameRequest{UserId: id, UserName: name})
	if isNoChange(err) {
		return nil
	}
	return err
}

// deleteUser removes a user with its keys and tokens.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.DeleteUser
func (p *Provider) deleteUser(c *kernel.Call, in *userv2.DeleteUserRequest) (*userv2.DeleteUserResponse, error) {
	u, err := p.dropUser(c, in.UserId)
	return &userv2.DeleteUserResponse{Details: detailsV2(changed(c, u.Events, u.OrgID))}, err
}

// addSecret gives a machine user a secret, in place of the one it may have.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.AddSecret
func (p *Provider) addSecret(c *kernel.Call, in *userv2.AddSecretRequest) (*userv2.AddSecretResponse, error) {
	made, err := p.generateMachineSecret(c, &management.GenerateMachineSecretRequest{UserId: in.UserId})
	return &userv2.AddSecretResponse{CreationDate: moment(c.Now), ClientSecret: made.GetClientSecret()}, err
}

// removeSecret takes the secret of a machine user away.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.RemoveSecret
func (p *Provider) removeSecret(c *kernel.Call, in *userv2.RemoveSecretRequest) (*userv2.RemoveSecretResponse, error) {
	_, err := p.removeMachineSecret(c, &management.RemoveMachineSecretRequest{UserId: in.UserId})
	return &userv2.RemoveSecretResponse{DeletionDate: moment(c.Now)}, err
}

// addKey creates a key for a machine user and shows it for the only time, or
// registers the public half of a key that the user has.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.AddKey
func (p *Provider) addKey(c *kernel.Call, in *userv2.AddKeyRequest) (*userv2.AddKeyResponse, error) {
	k, _, file, err := p.newMachineKey(c, in.UserId, in.PublicKey, in.ExpirationDate)
	return &userv2.AddKeyResponse{CreationDate: moment(c.Now), KeyId: k.ID, KeyContent: file}, err
}

// removeKey takes a key away from a machine user.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.RemoveKey
func (p *Provider) removeKey(c *kernel.Call, in *userv2.RemoveKeyRequest) (*userv2.RemoveKeyResponse, error) {
	_, err := p.removeMachineKey(c, &management.RemoveMachineKeyRequest{UserId: in.UserId, KeyId: in.KeyId})
	return &userv2.RemoveKeyResponse{DeletionDate: moment(c.Now)}, err
}

// credential is a key or a token of a user, as searches look at it.
type credential struct {
	ID      string
	user    user
	created time.Time
	expires time.Time
}

// meets reports whether a condition of a search for keys or tokens holds.
func (r credential) meets(f interface {
	GetUserIdFilter() *filterv2.IDFilter
	GetOrganizationIdFilter() *filterv2.IDFilter
	GetCreatedDateFilter() *filterv2.TimestampFilter
	GetExpirationDateFilter() *filterv2.TimestampFilter
}, id *filterv2.IDFilter) bool {
	return (id == nil || id.Id == r.ID) &&
		(f.GetUserIdFilter() == nil || f.GetUserIdFilter().Id == r.user.ID) &&
		(f.GetOrganizationIdFilter() == nil || f.GetOrganizationIdFilter().Id == r.user.OrgID) &&
		(f.GetCreatedDateFilter() == nil || isAt(r.created, f.GetCreatedDateFilter())) &&
		(f.GetExpirationDateFilter() == nil || isAt(r.expires, f.GetExpirationDateFilter()))
}

// listKeysV2 searches the keys of the machine users that the caller may read.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.ListKeys
func (p *Provider) listKeysV2(c *kernel.Call, in *userv2.ListKeysRequest) (*userv2.ListKeysResponse, error) {
	page := newPage[*userv2.Key](in.Pagination)
	holds := func(r credential, f *userv2.KeysSearchFilter) bool { return r.meets(f, f.GetKeyIdFilter()) }
	for _, k := range p.keys.All(c.Tx) {
		u, ok := p.users.Get(c.Tx, k.OwnerID)
		if ok && !k.Removed && p.may(c, u.OrgID, "", "user.read") && all(in.Filters, credential{k.ID, u, k.Created, k.ExpiresAt}, holds) {
			page.add(&userv2.Key{
				CreationDate: moment(k.Created), ChangeDate: moment(k.Changed), Id: k.ID, UserId: u.ID, OrganizationId: u.OrgID,
				ExpirationDate: moment(k.ExpiresAt),
			})
		}
	}
	return &userv2.ListKeysResponse{Pagination: page.pagination(), Result: page.rows}, page.err
}

// addPersonalAccessTokenV2 creates a token and shows it for the only time.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.AddPersonalAccessToken
func (p *Provider) addPersonalAccessTokenV2(c *kernel.Call, in *userv2.AddPersonalAccessTokenRequest) (*userv2.AddPersonalAccessTokenResponse, error) {
	t, _, value, err := p.newPAT(c, in.UserId, in.ExpirationDate)
	return &userv2.AddPersonalAccessTokenResponse{CreationDate: moment(c.Now), TokenId: t.ID, Token: value}, err
}

// removePersonalAccessTokenV2 ends a token at once.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.RemovePersonalAccessToken
func (p *Provider) removePersonalAccessTokenV2(c *kernel.Call, in *userv2.RemovePersonalAccessTokenRequest) (*userv2.RemovePersonalAccessTokenResponse, error) {
	_, err := p.removePersonalAccessToken(c, &management.RemovePersonalAccessTokenRequest{UserId: in.UserId, TokenId: in.TokenId})
	return &userv2.RemovePersonalAccessTokenResponse{DeletionDate: moment(c.Now)}, err
}

// listPersonalAccessTokensV2 searches the personal access tokens of the machine
// users that the caller may read.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.ListPersonalAccessTokens
func (p *Provider) listPersonalAccessTokensV2(c *kernel.Call, in *userv2.ListPersonalAccessTokensRequest) (*userv2.ListPersonalAccessTokensResponse, error) {
	page := newPage[*userv2.PersonalAccessToken](in.Pagination)
	holds := func(r credential, f *userv2.PersonalAccessTokensSearchFilter) bool {
		return r.meets(f, f.GetTokenIdFilter())
	}
	for _, t := range p.pats.All(c.Tx) {
		u, ok := p.users.Get(c.Tx, t.UserID)
		if ok && p.may(c, u.OrgID, "", "user.read") && all(in.Filters, credential{t.ID, u, t.Created, t.ExpiresAt}, holds) {
			page.add(&userv2.PersonalAccessToken{
				CreationDate: moment(t.Created), ChangeDate: moment(t.Changed), Id: t.ID, UserId: u.ID, OrganizationId: u.OrgID,
				ExpirationDate: moment(t.ExpiresAt),
			})
		}
	}
	return &userv2.ListPersonalAccessTokensResponse{Pagination: page.pagination(), Result: page.rows}, page.err
}
