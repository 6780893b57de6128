package zitadel

import (
	"slices"
	"strings"

	authnv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authn"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// user is a machine user; there are no others here. It counts the events of
// itself and of its keys and tokens. The secret itself is not kept.
type user struct {
	stamp
	ID, OrgID string
	UserName  string
	machine
	Events uint64
	Secret views[string] // digests, as the OAuth endpoints see them; empty: none
}

type machine struct {
	Name, Description string
	AccessTokenType   userv1.AccessTokenType
}

func (u user) machineMessage() *userv1.Machine {
	return &userv1.Machine{Name: u.Name, Description: u.Description, HasSecret: u.Secret.now() != "", AccessTokenType: u.AccessTokenType}
}

func (u user) message() *userv1.User {
	return &userv1.User{
		Id: u.ID, Details: u.details(u.OrgID), State: userv1.UserState_USER_STATE_ACTIVE, UserName: u.UserName,
		LoginNames: []string{u.UserName}, PreferredLoginName: u.UserName, Type: &userv1.User_Machine{Machine: u.machineMessage()},
	}
}

// uniqueName is what no other user of the instance may have.
func (u user) uniqueName() string { return fold(u.UserName) }

// user returns a user of the organization that the call works in.
func (p *Provider) user(c *kernel.Call, id string) (user, bool) {
	u, ok := p.users.Get(c.Tx, id)
	return u, ok && u.OrgID == orgOf(c)
}

// whyNoUser says why a user is not found.
func (p *Provider) whyNoUser(c *kernel.Call, id string) string {
	if u, ok := p.users.Get(c.Tx, id); ok {
		return "user " + id + " belongs to organization " + u.OrgID + ", and the call is for " + orgOf(c)
	}
	return "there is no user " + id
}

// userEvent counts an event of a user and stores it.
func (p *Provider) userEvent(c *kernel.Call, u *user) {
	u.Events++
	p.users.Put(c.Tx, u.ID, *u)
}

// userChanged stores a user after an event of its own.
func (p *Provider) userChanged(c *kernel.Call, u *user) {
	u.touch(u.Events+1, c.Now)
	p.userEvent(c, u)
}

// newUser stores a new machine user in the organization that the call works in,
// without any credential.
func (p *Provider) newUser(c *kernel.Call, u user) (user, error) {
	u.OrgID = orgOf(c)
	if u.ID == "" {
		u.ID = p.nextID(c)
	}
	if _, ok := p.users.Get(c.Tx, u.ID); ok {
		return u, refuse(failedPrecondition, "COMMAND-k2una", "Errors.User.AlreadyExisting").Because("there is a user with the id %s", u.ID)
	}
	if other, ok := p.byUserName.Get(c.Tx, u.uniqueName()); ok {
		return u, nameTaken(userExists).Because("user %s has the user name %q", other.ID, u.UserName)
	}
	p.userChanged(c, &u)
	return u, nil
}

// addMachineUser creates a machine user, without any credential.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddMachineUser
func (p *Provider) addMachineUser(c *kernel.Call, in *management.AddMachineUserRequest) (*management.AddMachineUserResponse, error) {
	u, err := p.newUser(c, user{ID: in.GetUserId(), UserName: in.UserName, machine: machine{in.Name, in.Description, in.AccessTokenType}})
	return &management.AddMachineUserResponse{UserId: u.ID, Details: created(c, u.Events, u.OrgID)}, err
}

// getUser returns one user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetUserByID
func (p *Provider) getUser(c *kernel.Call, in *management.GetUserByIDRequest) (*management.GetUserByIDResponse, error) {
	u, ok := p.user(c, in.Id)
	if !ok {
		return nil, refuse(notFound, "QUERY-Dfbg2", userNotFound).Because("%s", p.whyNoUser(c, in.Id))
	}
	return &management.GetUserByIDResponse{User: u.message()}, nil
}

// dropUser removes a user with its keys and tokens.
func (p *Provider) dropUser(c *kernel.Call, id string) (user, error) {
	u, ok := p.user(c, id)
	if !ok {
		return u, refuse(notFound, "COMMAND-m9od", userNotFound).Because("%s", p.whyNoUser(c, id))
	}
	// Whatever the lag: the id may be given to another user.
	p.keysOf.Delete(c.Tx, u.ID)
	p.patsOf.Delete(c.Tx, u.ID)
	p.tokensOf.Delete(c.Tx, u.ID)
	p.membershipsOf.Delete(c.Tx, u.ID)
	p.metadataBy.Delete(c.Tx, u.ID)
	p.dropGrants(c, func(g grant) bool { return g.UserID == u.ID })
	p.users.Delete(c.Tx, u.ID)
	u.Events++
	return u, nil
}

// removeUser removes a user with its keys and tokens.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveUser
func (p *Provider) removeUser(c *kernel.Call, in *management.RemoveUserRequest) (*management.RemoveUserResponse, error) {
	u, err := p.dropUser(c, in.Id)
	return &management.RemoveUserResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// meets reports whether a condition of a search for users holds. Those on what
// only people have never do.
func (u user) meets(q *userv1.SearchQuery) bool {
	switch q := q.GetQuery().(type) {
	case *userv1.SearchQuery_UserNameQuery:
		return matches(u.UserName, q.UserNameQuery.UserName, q.UserNameQuery.Method)
	case *userv1.SearchQuery_DisplayNameQuery:
		return matches(u.Name, q.DisplayNameQuery.DisplayName, q.DisplayNameQuery.Method)
	case *userv1.SearchQuery_LoginNameQuery:
		return matches(u.UserName, q.LoginNameQuery.LoginName, q.LoginNameQuery.Method)
	case *userv1.SearchQuery_StateQuery:
		return q.StateQuery.State == userv1.UserState_USER_STATE_ACTIVE
	case *userv1.SearchQuery_TypeQuery:
		return q.TypeQuery.Type == userv1.Type_TYPE_MACHINE
	case *userv1.SearchQuery_InUserIdsQuery:
		return slices.Contains(q.InUserIdsQuery.UserIds, u.ID)
	case *userv1.SearchQuery_OrQuery:
		return slices.ContainsFunc(q.OrQuery.Queries, u.meets)
	case *userv1.SearchQuery_AndQuery:
		return all(q.AndQuery.Queries, u, user.meets)
	case *userv1.SearchQuery_NotQuery:
		return !u.meets(q.NotQuery.Query)
	}
	return q.GetQuery() == nil
}

// listUsers searches the users of an organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListUsers
func (p *Provider) listUsers(c *kernel.Call, in *management.ListUsersRequest) (*management.ListUsersResponse, error) {
	page, err := newPage[*userv1.User](in.Query)
	if err != nil {
		return nil, err
	}
	users := rows(p.usersOf.All(c.Tx, orgOf(c)))
	if by := userOrder(in.SortingColumn); by != nil {
		slices.SortStableFunc(users, func(a, b user) int {
			if in.Query.GetAsc() {
				return by(a, b)
			}
			return by(b, a)
		})
	}
	for _, u := range users {
		page.processed(u.Events)
		if all(in.Queries, u, user.meets) {
			page.add(u.message())
		}
	}
	return &management.ListUsersResponse{Details: page.details(c), SortingColumn: in.SortingColumn, Result: page.rows}, nil
}

// userOrder returns the order of a column, or nil where all machine users are
// alike.
func userOrder(column userv1.UserFieldName) func(a, b user) int {
	switch column {
	case userv1.UserFieldName_USER_FIELD_NAME_USER_NAME:
		return func(a, b user) int { return strings.Compare(a.UserName, b.UserName) }
	case userv1.UserFieldName_USER_FIELD_NAME_DISPLAY_NAME:
		return func(a, b user) int { return strings.Compare(a.Name, b.Name) }
	case userv1.UserFieldName_USER_FIELD_NAME_CREATION_DATE:
		return func(a, b user) int { return a.Created.Compare(b.Created) }
	}
	return nil
}

// updateUserName changes the name that a user logs in by, which is a machine
// user's client id.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateUserName
func (p *Provider) updateUserName(c *kernel.Call, in *management.UpdateUserNameRequest) (*management.UpdateUserNameResponse, error) {
	u, ok := p.user(c, in.UserId)
	switch {
	case !ok:
		return nil, refuse(notFound, "COMMAND-5N9ds", userNotFound).Because("%s", p.whyNoUser(c, in.UserId))
	case u.UserName == in.UserName:
		return nil, refuse(failedPrecondition, "COMMAND-6m9gs", "Username not changed").Because("the user has that name already")
	}
	if other, ok := p.byUserName.Get(c.Tx, fold(in.UserName)); ok && other.ID != u.ID {
		return nil, nameTaken(userExists).Because("user %s has the user name %q", other.ID, in.UserName)
	}
	u.UserName = in.UserName
	p.userChanged(c, &u)
	return &management.UpdateUserNameResponse{Details: changed(c, u.Events, u.OrgID)}, nil
}

// changeMachine replaces what there is to tell of a machine user.
func (p *Provider) changeMachine(c *kernel.Call, id string, m machine) (user, error) {
	u, ok := p.user(c, id)
	switch {
	case !ok:
		return u, refuse(notFound, "COMMAND-5M0od", userNotFound).Because("%s", p.whyNoUser(c, id))
	case u.machine == m:
		return u, refuse(failedPrecondition, "COMMAND-2n8vs", "Errors.User.NotChanged").Because("the user is like that already")
	}
	u.machine = m
	p.userChanged(c, &u)
	return u, nil
}

// updateMachine changes a machine user. What is not sent is set to nothing.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateMachine
func (p *Provider) updateMachine(c *kernel.Call, in *management.UpdateMachineRequest) (*management.UpdateMachineResponse, error) {
	u, err := p.changeMachine(c, in.UserId, machine{in.Name, in.Description, in.AccessTokenType})
	return &management.UpdateMachineResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// generateMachineSecret gives a machine user a secret, in place of the one it may
// have, which is dead at once.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GenerateMachineSecret
func (p *Provider) generateMachineSecret(c *kernel.Call, in *management.GenerateMachineSecretRequest) (*management.GenerateMachineSecretResponse, error) {
	u, ok := p.user(c, in.UserId)
	if !ok {
		return nil, refuse(failedPrecondition, "COMMAND-x8910n", userNotExisting).Because("%s", p.whyNoUser(c, in.UserId))
	}
	secret := newSecret(c)
	u.Secret = u.Secret.with(c, kit.Digest(secret))
	p.userChanged(c, &u)
	return &management.GenerateMachineSecretResponse{ClientId: u.UserName, ClientSecret: secret, Details: created(c, u.Events, u.OrgID)}, nil
}

// removeMachineSecret takes the secret of a machine user away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveMachineSecret
func (p *Provider) removeMachineSecret(c *kernel.Call, in *management.RemoveMachineSecretRequest) (*management.RemoveMachineSecretResponse, error) {
	u, ok := p.user(c, in.UserId)
	switch {
	case !ok:
		return nil, refuse(failedPrecondition, "COMMAND-x7s802", userNotExisting).Because("%s", p.whyNoUser(c, in.UserId))
	case u.Secret.now() == "":
		return nil, refuse(failedPrecondition, "COMMAND-coi82n", "Secret doesn't exist").Because("user %s has no secret", u.UserName)
	}
	u.Secret = u.Secret.with(c, "")
	p.userChanged(c, &u)
	return &management.RemoveMachineSecretResponse{Details: changed(c, u.Events, u.OrgID)}, nil
}

// newMachineKey creates a key for a machine user, with the file that shows it, or
// registers the public half of a key that the user has.
func (p *Provider) newMachineKey(c *kernel.Call, userID string, public []byte, until *timestamppb.Timestamp) (k key, u user, file []byte, err error) {
	pkix, ok := publicKey(public)
	if len(public) > 0 && !ok {
		return k, u, nil, refuse(invalidArgument, "COMMAND-5F3h1", "Public key is not a valid RSA public key in PKIX format with PEM encoding").
			Because("publicKey holds no RSA key in PEM")
	}
	expires, err := expiration(c, until)
	if err != nil {
		return k, u, nil, err
	}
	if u, ok = p.user(c, userID); !ok {
		return k, u, nil, refuse(failedPrecondition, "COMMAND-bnipwm1", userNotFound).Because("%s", p.whyNoUser(c, userID))
	}
	k = key{ID: p.nextID(c), OwnerID: u.ID, Identifier: u.ID, Public: pkix, ExpiresAt: expires, Usable: views[bool](nil).with(c, true)}
	if len(pkix) == 0 {
		if file, err = k.generate(c, keyFile{Type: "serviceaccount", UserID: u.ID}); err != nil {
			return k, u, nil, err
		}
	}
	p.userEvent(c, &u)
	k.touch(u.Events, c.Now)
	p.keys.Put(c.Tx, k.ID, k)
	return k, u, file, nil
}

// addMachineKey creates a key for a machine user and shows it for the only time,
// or registers the public half of a key that the user has.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddMachineKey
func (p *Provider) addMachineKey(c *kernel.Call, in *management.AddMachineKeyRequest) (*management.AddMachineKeyResponse, error) {
	k, u, file, err := p.newMachineKey(c, in.UserId, in.PublicKey, in.ExpirationDate)
	return &management.AddMachineKeyResponse{KeyId: k.ID, KeyDetails: file, Details: created(c, u.Events, u.OrgID)}, err
}

// listMachineKeys searches the keys of a machine user. One that does not exist
// has none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListMachineKeys
func (p *Provider) listMachineKeys(c *kernel.Call, in *management.ListMachineKeysRequest) (*management.ListMachineKeysResponse, error) {
	page, err := newPage[*authnv1.Key](in.Query)
	if err != nil {
		return nil, err
	}
	if u, ok := p.user(c, in.UserId); ok {
		page.processed(u.Events)
		p.addKeys(c, page, u.ID, u.OrgID)
	}
	return &management.ListMachineKeysResponse{Details: page.details(c), Result: page.rows}, nil
}

// getMachineKey returns one key, without the key itself.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetMachineKeyByIDs
func (p *Provider) getMachineKey(c *kernel.Call, in *management.GetMachineKeyByIDsRequest) (*management.GetMachineKeyByIDsResponse, error) {
	u, ok := p.user(c, in.UserId)
	k, found := p.key(c, u.ID, in.KeyId)
	if !ok || !found {
		return nil, noKey("the user", in.KeyId)
	}
	return &management.GetMachineKeyByIDsResponse{Key: k.message(u.OrgID)}, nil
}

// removeMachineKey takes a key away from a machine user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveMachineKey
func (p *Provider) removeMachineKey(c *kernel.Call, in *management.RemoveMachineKeyRequest) (*management.RemoveMachineKeyResponse, error) {
	u, ok := p.user(c, in.UserId)
	k, found := p.key(c, u.ID, in.KeyId)
	if !ok || !found {
		return nil, refuse(notFound, "COMMAND-4m77G", "Machine key not found").Because("the user has no key %s", in.KeyId)
	}
	p.dropKey(c, k)
	p.userEvent(c, &u)
	return &management.RemoveMachineKeyResponse{Details: changed(c, u.Events, u.OrgID)}, nil
}
