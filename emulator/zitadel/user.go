package zitadel

import (
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// user is a machine user; there are no others here. It counts the events of
// itself and of its keys and tokens. The secret itself is not kept.
type user struct {
	stamp
	ID, OrgID string
	UserName  string
	machineInput
	Events uint64
	Secret views[string] // digests, as the OAuth endpoints see them; empty: none
}

type machineInput struct {
	Name            string `json:"name"`
	Description     string `json:"description"`
	AccessTokenType string `json:"accessTokenType"`
}

// The kinds of access tokens a machine user may be given; zero is opaque, and
// not written.
const (
	tokenTypeBearer = "ACCESS_TOKEN_TYPE_BEARER"
	tokenTypeJWT    = "ACCESS_TOKEN_TYPE_JWT"
)

func (in machineInput) normal() machineInput {
	in.AccessTokenType = nonZero(in.AccessTokenType, tokenTypeBearer)
	return in
}

type userBody struct {
	ID                 string        `json:"id"`
	Details            objectDetails `json:"details"`
	State              string        `json:"state"`
	UserName           string        `json:"userName"`
	LoginNames         []string      `json:"loginNames"`
	PreferredLoginName string        `json:"preferredLoginName"`
	Machine            machineBody   `json:"machine"`
}

type machineBody struct {
	Name            string `json:"name"`
	Description     string `json:"description,omitempty"`
	HasSecret       bool   `json:"hasSecret,omitempty"`
	AccessTokenType string `json:"accessTokenType,omitempty"`
}

func (u user) body() userBody {
	return userBody{
		u.ID, u.details(u.OrgID), "USER_STATE_ACTIVE", u.UserName, []string{u.UserName}, u.UserName,
		machineBody{u.Name, u.Description, u.Secret.now() != "", u.AccessTokenType},
	}
}

type userResponse struct {
	User userBody `json:"user"`
}

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
func (p *Provider) userChanged(c *kernel.Call, u *user) detailsResponse {
	u.touch(u.Events+1, c.Now)
	p.userEvent(c, u)
	return detailsResponse{changed(c, u.Events, u.OrgID)}
}

type addMachineUserRequest struct {
	UserName string `json:"userName"`
	machineInput
	UserID string `json:"userId"`
}

type addMachineUserResponse struct {
	UserID  string        `json:"userId"`
	Details objectDetails `json:"details"`
}

// addMachineUser creates a machine user, without any credential.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddMachineUser
func (p *Provider) addMachineUser(c *kernel.Call, in addMachineUserRequest) (addMachineUserResponse, error) {
	var none addMachineUserResponse
	u := user{ID: in.UserID, OrgID: orgOf(c), UserName: in.UserName, machineInput: in.normal()}
	if u.ID == "" {
		u.ID = p.nextID(c)
	}
	if _, ok := p.users.Get(c.Tx, u.ID); ok {
		return none, refuse(failedPrecondition, "COMMAND-k2una", "Errors.User.AlreadyExisting").Because("there is a user with the id %s", u.ID)
	}
	if other, ok := p.byUserName.Get(c.Tx, u.UserName); ok {
		return none, nameTaken(userExists).Because("user %s has the user name %q", other.ID, u.UserName)
	}
	p.userChanged(c, &u)
	return addMachineUserResponse{u.ID, created(c, u.Events, u.OrgID)}, nil
}

type userPath struct {
	ID string `path:"id" json:"-"`
}

// getUser returns one user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetUserByID
func (p *Provider) getUser(c *kernel.Call, in userPath) (userResponse, error) {
	u, ok := p.user(c, in.ID)
	if !ok {
		return userResponse{}, refuse(notFound, "QUERY-Dfbg2", userNotFound).Because("%s", p.whyNoUser(c, in.ID))
	}
	return userResponse{u.body()}, nil
}

// removeUser removes a user with its keys and tokens.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveUser
func (p *Provider) removeUser(c *kernel.Call, in userPath) (detailsResponse, error) {
	u, ok := p.user(c, in.ID)
	if !ok {
		return detailsResponse{}, refuse(notFound, "COMMAND-m9od", userNotFound).Because("%s", p.whyNoUser(c, in.ID))
	}
	// Whatever the lag: the id may be given to another user.
	p.keysOf.Delete(c.Tx, u.ID)
	p.patsOf.Delete(c.Tx, u.ID)
	p.tokensOf.Delete(c.Tx, u.ID)
	p.membershipsOf.Delete(c.Tx, u.ID)
	p.users.Delete(c.Tx, u.ID)
	return detailsResponse{changed(c, u.Events+1, u.OrgID)}, nil
}

// userQuery is one condition of a search for users. Those on what only people
// have never hold.
type userQuery struct {
	UserName *struct {
		UserName string `json:"userName"`
		Method   string `json:"method"`
	} `json:"userNameQuery"`
	FirstName   *struct{} `json:"firstNameQuery"`
	LastName    *struct{} `json:"lastNameQuery"`
	NickName    *struct{} `json:"nickNameQuery"`
	DisplayName *struct {
		DisplayName string `json:"displayName"`
		Method      string `json:"method"`
	} `json:"displayNameQuery"`
	Email *struct{} `json:"emailQuery"`
	State *struct {
		State string `json:"state"`
	} `json:"stateQuery"`
	Type *struct {
		Type string `json:"type"`
	} `json:"typeQuery"`
	LoginName *struct {
		LoginName string `json:"loginName"`
		Method    string `json:"method"`
	} `json:"loginNameQuery"`
	InUserIDs *struct {
		UserIDs []string `json:"userIds"`
	} `json:"inUserIdsQuery"`
	Or           *userQueries `json:"orQuery"`
	And          *userQueries `json:"andQuery"`
	Not          *notQuery    `json:"notQuery"`
	InUserEmails *struct{}    `json:"inUserEmailsQuery"`
}

type userQueries struct {
	Queries []userQuery `json:"queries"`
}

type notQuery struct {
	Query userQuery `json:"query"`
}

func (q userQuery) holds(u user) bool {
	holds := func(q userQuery) bool { return q.holds(u) }
	switch {
	case q.UserName != nil:
		return matches(u.UserName, q.UserName.UserName, q.UserName.Method)
	case q.DisplayName != nil:
		return matches(u.Name, q.DisplayName.DisplayName, q.DisplayName.Method)
	case q.LoginName != nil:
		return matches(u.UserName, q.LoginName.LoginName, q.LoginName.Method)
	case q.State != nil:
		return q.State.State == "USER_STATE_ACTIVE"
	case q.Type != nil:
		return q.Type.Type == "TYPE_MACHINE"
	case q.InUserIDs != nil:
		return slices.Contains(q.InUserIDs.UserIDs, u.ID)
	case q.Or != nil:
		return slices.ContainsFunc(q.Or.Queries, holds)
	case q.And != nil:
		return !slices.ContainsFunc(q.And.Queries, func(q userQuery) bool { return !q.holds(u) })
	case q.Not != nil:
		return !q.Not.Query.holds(u)
	case q.FirstName != nil, q.LastName != nil, q.NickName != nil, q.Email != nil, q.InUserEmails != nil:
		return false
	}
	return true
}

type listUsersRequest struct {
	Query         listQuery   `json:"query"`
	SortingColumn string      `json:"sortingColumn"`
	Queries       []userQuery `json:"queries"`
}

type listUsersResponse struct {
	Details       listDetails `json:"details"`
	SortingColumn string      `json:"sortingColumn,omitempty"`
	Result        []userBody  `json:"result,omitempty"`
}

// listUsers searches the users of an organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListUsers
func (p *Provider) listUsers(c *kernel.Call, in listUsersRequest) (listUsersResponse, error) {
	page, err := newPage[userBody](in.Query)
	if err != nil {
		return listUsersResponse{}, err
	}
	all := rows(p.usersOf.All(c.Tx, orgOf(c)))
	column := nonZero(in.SortingColumn, "USER_FIELD_NAME_UNSPECIFIED")
	if by := userOrder(column); by != nil {
		slices.SortStableFunc(all, func(a, b user) int {
			if in.Query.Asc {
				return by(a, b)
			}
			return by(b, a)
		})
	}
	for _, u := range all {
		page.processed(u.Events)
		if !slices.ContainsFunc(in.Queries, func(q userQuery) bool { return !q.holds(u) }) {
			page.add(u.body())
		}
	}
	list := page.response(c)
	return listUsersResponse{list.Details, column, list.Result}, nil
}

// userOrder returns the order of a column, or nil where all machine users are
// alike.
func userOrder(column string) func(a, b user) int {
	switch column {
	case "USER_FIELD_NAME_USER_NAME":
		return func(a, b user) int { return strings.Compare(a.UserName, b.UserName) }
	case "USER_FIELD_NAME_DISPLAY_NAME":
		return func(a, b user) int { return strings.Compare(a.Name, b.Name) }
	case "USER_FIELD_NAME_CREATION_DATE":
		return func(a, b user) int { return a.Created.Compare(b.Created) }
	}
	return nil
}

type updateUserNameRequest struct {
	UserID   string `path:"userId" json:"-"`
	UserName string `json:"userName"`
}

// updateUserName changes the name that a user logs in by, which is a machine
// user's client id.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateUserName
func (p *Provider) updateUserName(c *kernel.Call, in updateUserNameRequest) (detailsResponse, error) {
	u, ok := p.user(c, in.UserID)
	switch {
	case !ok:
		return detailsResponse{}, refuse(notFound, "COMMAND-5N9ds", userNotFound).Because("%s", p.whyNoUser(c, in.UserID))
	case u.UserName == in.UserName:
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-6m9gs", "Username not changed").Because("the user has that name already")
	}
	if other, ok := p.byUserName.Get(c.Tx, in.UserName); ok {
		return detailsResponse{}, nameTaken(userExists).Because("user %s has the user name %q", other.ID, in.UserName)
	}
	u.UserName = in.UserName
	return p.userChanged(c, &u), nil
}

type updateMachineRequest struct {
	UserID string `path:"userId" json:"-"`
	machineInput
}

// updateMachine changes a machine user. What is not sent is set to nothing.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateMachine
func (p *Provider) updateMachine(c *kernel.Call, in updateMachineRequest) (detailsResponse, error) {
	u, ok := p.user(c, in.UserID)
	switch {
	case !ok:
		return detailsResponse{}, refuse(notFound, "COMMAND-5M0od", userNotFound).Because("%s", p.whyNoUser(c, in.UserID))
	case u.machineInput == in.normal():
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-2n8vs", "Errors.User.NotChanged").Because("the user is like that already")
	}
	u.machineInput = in.normal()
	return p.userChanged(c, &u), nil
}

type machinePath struct {
	UserID string `path:"userId" json:"-"`
}

type machineSecretResponse struct {
	ClientID     string        `json:"clientId"`
	ClientSecret string        `json:"clientSecret"`
	Details      objectDetails `json:"details"`
}

// generateMachineSecret gives a machine user a secret, in place of the one it may
// have, which is dead at once.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GenerateMachineSecret
func (p *Provider) generateMachineSecret(c *kernel.Call, in machinePath) (machineSecretResponse, error) {
	u, ok := p.user(c, in.UserID)
	if !ok {
		return machineSecretResponse{}, refuse(failedPrecondition, "COMMAND-x8910n", userNotExisting).Because("%s", p.whyNoUser(c, in.UserID))
	}
	secret := newSecret(c)
	u.Secret = u.Secret.with(c, digest(secret))
	p.userChanged(c, &u)
	return machineSecretResponse{u.UserName, secret, created(c, u.Events, u.OrgID)}, nil
}

// removeMachineSecret takes the secret of a machine user away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveMachineSecret
func (p *Provider) removeMachineSecret(c *kernel.Call, in machinePath) (detailsResponse, error) {
	u, ok := p.user(c, in.UserID)
	switch {
	case !ok:
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-x7s802", userNotExisting).Because("%s", p.whyNoUser(c, in.UserID))
	case u.Secret.now() == "":
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-coi82n", "Secret doesn't exist").Because("user %s has no secret", u.UserName)
	}
	u.Secret = u.Secret.with(c, "")
	return p.userChanged(c, &u), nil
}

type addMachineKeyRequest struct {
	UserID         string     `path:"userId" json:"-"`
	ExpirationDate *time.Time `json:"expirationDate"`
	PublicKey      []byte     `json:"publicKey"`
}

type addMachineKeyResponse struct {
	KeyID      string        `json:"keyId"`
	KeyDetails []byte        `json:"keyDetails,omitempty"`
	Details    objectDetails `json:"details"`
}

// addMachineKey creates a key for a machine user and shows it for the only time,
// or registers the public half of a key that the user has.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddMachineKey
func (p *Provider) addMachineKey(c *kernel.Call, in addMachineKeyRequest) (addMachineKeyResponse, error) {
	var none addMachineKeyResponse
	public, ok := publicKey(in.PublicKey)
	if len(in.PublicKey) > 0 && !ok {
		return none, refuse(invalidArgument, "COMMAND-5F3h1", "Public key is not a valid RSA public key in PKIX format with PEM encoding").
			Because("publicKey holds no RSA key in PEM")
	}
	expires, err := expiration(c, in.ExpirationDate)
	if err != nil {
		return none, err
	}
	u, ok := p.user(c, in.UserID)
	if !ok {
		return none, refuse(failedPrecondition, "COMMAND-bnipwm1", userNotFound).Because("%s", p.whyNoUser(c, in.UserID))
	}
	k := key{ID: p.nextID(c), OwnerID: u.ID, Identifier: u.ID, Public: public, ExpiresAt: expires, Usable: views[bool](nil).with(c, true)}
	var file []byte
	if len(public) == 0 {
		if file, err = k.generate(c, keyFile{Type: "serviceaccount", UserID: u.ID}); err != nil {
			return none, err
		}
	}
	p.userEvent(c, &u)
	k.touch(u.Events, c.Now)
	p.keys.Put(c.Tx, k.ID, k)
	return addMachineKeyResponse{k.ID, file, created(c, u.Events, u.OrgID)}, nil
}

type listOfUserRequest struct {
	UserID string    `path:"userId" json:"-"`
	Query  listQuery `json:"query"`
}

// listMachineKeys searches the keys of a machine user. One that does not exist
// has none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListMachineKeys
func (p *Provider) listMachineKeys(c *kernel.Call, in listOfUserRequest) (listResponse[keyBody], error) {
	u, ok := p.user(c, in.UserID)
	if !ok {
		return p.listKeys(c, in.Query, "", "", 0)
	}
	return p.listKeys(c, in.Query, u.ID, u.OrgID, u.Events)
}

type machineKeyPath struct {
	UserID string `path:"userId" json:"-"`
	KeyID  string `path:"keyId" json:"-"`
}

// getMachineKey returns one key, without the key itself.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetMachineKeyByIDs
func (p *Provider) getMachineKey(c *kernel.Call, in machineKeyPath) (keyResponse, error) {
	u, ok := p.user(c, in.UserID)
	k, found := p.key(c, u.ID, in.KeyID)
	if !ok || !found {
		return keyResponse{}, noKey("the user", in.KeyID)
	}
	return keyResponse{k.body(u.OrgID)}, nil
}

// removeMachineKey takes a key away from a machine user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveMachineKey
func (p *Provider) removeMachineKey(c *kernel.Call, in machineKeyPath) (detailsResponse, error) {
	u, ok := p.user(c, in.UserID)
	k, found := p.key(c, u.ID, in.KeyID)
	if !ok || !found {
		return detailsResponse{}, refuse(notFound, "COMMAND-4m77G", "Machine key not found").Because("the user has no key %s", in.KeyID)
	}
	p.dropKey(c, k)
	p.userEvent(c, &u)
	return detailsResponse{changed(c, u.Events, u.OrgID)}, nil
}
