package zitadel

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	authnv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authn"
	filterv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/filter/v2"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// user is a machine user, or a person. It counts the events of itself and of its
// keys and tokens. The secret itself is not kept.
type user struct {
	stamp
	ID, OrgID string
	UserName  string
	State     userv1.UserState // none: active
	machine
	Human  *human // nil of a machine user
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
	m := &userv1.User{
		Id: u.ID, Details: u.details(u.OrgID), State: u.state(), UserName: u.UserName,
		LoginNames: []string{u.UserName}, PreferredLoginName: u.UserName,
	}
	if u.Human != nil {
		m.Type = &userv1.User_Human{Human: translate(&userv1.Human{}, u.Human)}
	} else {
		m.Type = &userv1.User_Machine{Machine: u.machineMessage()}
	}
	return m
}

// kind tells machine users from people.
func (u user) kind() userv1.Type {
	if u.Human != nil {
		return userv1.Type_TYPE_HUMAN
	}
	return userv1.Type_TYPE_MACHINE
}

// displayName is what the user is called.
func (u user) displayName() string {
	if u.Human != nil {
		return u.Human.Profile.GetDisplayName()
	}
	return u.Name
}

// isPerson is the key of the index of people.
const isPerson = "person"

// profile is what is told of a person, nothing of a machine user.
func (u user) profile() (*userv2.HumanProfile, string) {
	if u.Human == nil {
		return nil, ""
	}
	return u.Human.Profile, u.Human.Email.GetEmail()
}

// uniqueName is what no other user of the instance may have.
func (u user) uniqueName() string { return fold(u.UserName) }

// user returns a user of the organization that the call works in, or says why there
// is none.
func (p *Provider) user(c *kernel.Call, id string) (user, string) {
	switch u, ok := p.users.Get(c.Tx, id); {
	case !ok:
		return u, "there is no user " + id
	case u.OrgID != orgOf(c):
		return user{}, "user " + id + " belongs to organization " + u.OrgID + ", and the call is for " + orgOf(c)
	default:
		return u, ""
	}
}

// machineUser is user for a machine user: people have none of its credentials.
func (p *Provider) machineUser(c *kernel.Call, id string) (user, string) {
	u, why := p.user(c, id)
	if why == "" && u.Human != nil {
		why = "user " + id + " is a person"
	}
	return u, why
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

// newUser stores a new user in the organization that the call works in,
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
	u, why := p.user(c, in.Id)
	if why != "" {
		return nil, refuse(notFound, "QUERY-Dfbg2", userNotFound).Because("%s", why)
	}
	return &management.GetUserByIDResponse{User: u.message()}, nil
}

// dropUser removes a user with its keys and tokens.
func (p *Provider) dropUser(c *kernel.Call, id string) (user, error) {
	u, why := p.user(c, id)
	if why != "" {
		return u, refuse(notFound, "COMMAND-m9od", userNotFound).Because("%s", why)
	}
	// Whatever the lag: the id may be given to another user.
	p.keysOf.Delete(c.Tx, u.ID)
	p.patsOf.Delete(c.Tx, u.ID)
	p.tokensOf.Delete(c.Tx, u.ID)
	p.membershipsOf.Delete(c.Tx, u.ID)
	p.metadataBy.Delete(c.Tx, u.ID)
	drop(c, p.grants, func(g grant) bool { return g.UserID == u.ID })
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
// only people have never do for a machine user.
func (p *Provider) meets(c *kernel.Call, u user, q *userv2.SearchQuery) bool {
	holds := func(u user, q *userv2.SearchQuery) bool { return p.meets(c, u, q) }
	about, email := u.profile()
	switch q := q.GetQuery().(type) {
	case *userv2.SearchQuery_UserNameQuery:
		return matches(u.UserName, q.UserNameQuery.UserName, q.UserNameQuery.Method)
	case *userv2.SearchQuery_FirstNameQuery:
		return about != nil && matches(about.GivenName, q.FirstNameQuery.FirstName, q.FirstNameQuery.Method)
	case *userv2.SearchQuery_LastNameQuery:
		return about != nil && matches(about.FamilyName, q.LastNameQuery.LastName, q.LastNameQuery.Method)
	case *userv2.SearchQuery_NickNameQuery:
		return about != nil && matches(about.GetNickName(), q.NickNameQuery.NickName, q.NickNameQuery.Method)
	case *userv2.SearchQuery_DisplayNameQuery:
		return matches(u.displayName(), q.DisplayNameQuery.DisplayName, q.DisplayNameQuery.Method)
	case *userv2.SearchQuery_EmailQuery:
		return about != nil && matches(email, q.EmailQuery.EmailAddress, q.EmailQuery.Method)
	case *userv2.SearchQuery_PhoneQuery:
		return about != nil && matches(u.Human.Phone.GetPhone(), q.PhoneQuery.Number, q.PhoneQuery.Method)
	case *userv2.SearchQuery_StateQuery:
		return q.StateQuery.State.String() == u.state().String()
	case *userv2.SearchQuery_TypeQuery:
		return q.TypeQuery.Type.String() == u.kind().String()
	case *userv2.SearchQuery_LoginNameQuery:
		return matches(u.UserName, q.LoginNameQuery.LoginName, q.LoginNameQuery.Method)
	case *userv2.SearchQuery_InUserIdsQuery:
		return slices.Contains(q.InUserIdsQuery.UserIds, u.ID)
	case *userv2.SearchQuery_InUserEmailsQuery:
		return about != nil && slices.Contains(q.InUserEmailsQuery.UserEmails, email)
	case *userv2.SearchQuery_OrganizationIdQuery:
		return q.OrganizationIdQuery.OrganizationId == u.OrgID
	case *userv2.SearchQuery_MetadataKeyFilter:
		return p.hasMetadata(c, u.ID, func(m metadata) bool { return matches(m.Key, q.MetadataKeyFilter.Key, q.MetadataKeyFilter.Method) })
	case *userv2.SearchQuery_MetadataValueFilter:
		return p.hasMetadata(c, u.ID, func(m metadata) bool {
			equal := bytes.Equal(m.Value, q.MetadataValueFilter.Value)
			return equal == (q.MetadataValueFilter.Method == filterv2.ByteFilterMethod_BYTE_FILTER_METHOD_EQUALS)
		})
	case *userv2.SearchQuery_OrQuery:
		return slices.ContainsFunc(q.OrQuery.Queries, func(q *userv2.SearchQuery) bool { return p.meets(c, u, q) })
	case *userv2.SearchQuery_AndQuery:
		return all(q.AndQuery.Queries, u, holds)
	case *userv2.SearchQuery_NotQuery:
		return !p.meets(c, u, q.NotQuery.Query)
	}
	return q.GetQuery() == nil
}

// listUsers searches the users of an organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListUsers
func (p *Provider) listUsers(c *kernel.Call, in *management.ListUsersRequest) (*management.ListUsersResponse, error) {
	page := newPage[*userv1.User](in.Query)
	users := rows(p.usersOf.All(c.Tx, orgOf(c)))
	sortUsers(users, in.SortingColumn, in.Query.GetAsc())
	holds := func(u user, q *userv1.SearchQuery) bool { return p.meets(c, u, translate(&userv2.SearchQuery{}, q)) }
	for _, u := range users {
		page.processed(u.Events)
		if all(in.Queries, u, holds) {
			page.add(u.message())
		}
	}
	return &management.ListUsersResponse{Details: page.details(c), SortingColumn: in.SortingColumn, Result: page.rows}, page.err
}

// sortUsers orders users by a column, if one is named.
func sortUsers(users []user, column userv1.UserFieldName, ascending bool) {
	by, ok := userColumns[column]
	if !ok {
		return
	}
	slices.SortStableFunc(users, func(a, b user) int {
		if ascending {
			return by(a, b)
		}
		return by(b, a)
	})
}

// userColumns are the orders of users.
var userColumns = map[userv1.UserFieldName]func(a, b user) int{
	userv1.UserFieldName_USER_FIELD_NAME_USER_NAME:     byText(func(u user) string { return u.UserName }),
	userv1.UserFieldName_USER_FIELD_NAME_FIRST_NAME:    byText(func(u user) string { about, _ := u.profile(); return about.GetGivenName() }),
	userv1.UserFieldName_USER_FIELD_NAME_LAST_NAME:     byText(func(u user) string { about, _ := u.profile(); return about.GetFamilyName() }),
	userv1.UserFieldName_USER_FIELD_NAME_NICK_NAME:     byText(func(u user) string { about, _ := u.profile(); return about.GetNickName() }),
	userv1.UserFieldName_USER_FIELD_NAME_DISPLAY_NAME:  byText(user.displayName),
	userv1.UserFieldName_USER_FIELD_NAME_EMAIL:         byText(func(u user) string { _, email := u.profile(); return email }),
	userv1.UserFieldName_USER_FIELD_NAME_STATE:         func(a, b user) int { return cmp.Compare(a.state(), b.state()) },
	userv1.UserFieldName_USER_FIELD_NAME_TYPE:          func(a, b user) int { return cmp.Compare(a.kind(), b.kind()) },
	userv1.UserFieldName_USER_FIELD_NAME_CREATION_DATE: func(a, b user) int { return a.Created.Compare(b.Created) },
}

func byText(of func(user) string) func(a, b user) int {
	return func(a, b user) int { return strings.Compare(of(a), of(b)) }
}

// updateUserName changes the name that a user logs in by, which is a machine
// user's client id.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateUserName
func (p *Provider) updateUserName(c *kernel.Call, in *management.UpdateUserNameRequest) (*management.UpdateUserNameResponse, error) {
	u, why := p.user(c, in.UserId)
	switch {
	case why != "":
		return nil, refuse(notFound, "COMMAND-5N9ds", userNotFound).Because("%s", why)
	case u.UserName == in.UserName:
		return nil, refuse(failedPrecondition, "COMMAND-6m9gs", nameNotChanged).Because("the user has that name already")
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
	u, why := p.machineUser(c, id)
	switch {
	case why != "":
		return u, refuse(notFound, "COMMAND-5M0od", userNotFound).Because("%s", why)
	case u.machine == m:
		return u, refuse(failedPrecondition, "COMMAND-2n8vs", userNotChanged).Because("the user is like that already")
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
	u, why := p.machineUser(c, in.UserId)
	if why != "" {
		return nil, refuse(failedPrecondition, "COMMAND-x8910n", userNotExisting).Because("%s", why)
	}
	secret := newSecret(c)
	u.Secret = u.Secret.with(c, kit.Digest(secret))
	p.userChanged(c, &u)
	return &management.GenerateMachineSecretResponse{ClientId: u.UserName, ClientSecret: secret, Details: created(c, u.Events, u.OrgID)}, nil
}

// removeMachineSecret takes the secret of a machine user away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveMachineSecret
func (p *Provider) removeMachineSecret(c *kernel.Call, in *management.RemoveMachineSecretRequest) (*management.RemoveMachineSecretResponse, error) {
	u, why := p.machineUser(c, in.UserId)
	switch {
	case why != "":
		return nil, refuse(failedPrecondition, "COMMAND-x7s802", userNotExisting).Because("%s", why)
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
	u, why := p.machineUser(c, userID)
	if why != "" {
		return k, u, nil, refuse(failedPrecondition, "COMMAND-bnipwm1", userNotFound).Because("%s", why)
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
	page := newPage[*authnv1.Key](in.Query)
	if u, why := p.user(c, in.UserId); why == "" {
		page.processed(u.Events)
		p.addKeys(c, page, u.ID, u.OrgID)
	}
	return &management.ListMachineKeysResponse{Details: page.details(c), Result: page.rows}, page.err
}

// getMachineKey returns one key, without the key itself.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetMachineKeyByIDs
func (p *Provider) getMachineKey(c *kernel.Call, in *management.GetMachineKeyByIDsRequest) (*management.GetMachineKeyByIDsResponse, error) {
	u, why := p.user(c, in.UserId)
	k, found := p.key(c, u.ID, in.KeyId)
	if why != "" || !found {
		return nil, noKey("the user", in.KeyId)
	}
	return &management.GetMachineKeyByIDsResponse{Key: k.message(u.OrgID)}, nil
}

// removeMachineKey takes a key away from a machine user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveMachineKey
func (p *Provider) removeMachineKey(c *kernel.Call, in *management.RemoveMachineKeyRequest) (*management.RemoveMachineKeyResponse, error) {
	u, why := p.user(c, in.UserId)
	k, found := p.key(c, u.ID, in.KeyId)
	if why != "" || !found {
		return nil, refuse(notFound, "COMMAND-4m77G", "Machine key not found").Because("the user has no key %s", in.KeyId)
	}
	p.dropKey(c, k)
	p.userEvent(c, &u)
	return &management.RemoveMachineKeyResponse{Details: changed(c, u.Events, u.OrgID)}, nil
}
