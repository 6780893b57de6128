package ocs

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// maxUsers is how many users a tenant can have.
const maxUsers = 50_000

// contact is what an administrator says of a user. What the user's own identity
// provider says, such as the name, comes with the first sign-in.
type contact struct {
	ContactEmail, ContactGivenName, ContactSurname string
	ExternalUserID, IdentityProviderID, SpecificID string
}

type userInput struct {
	IDs                []string  `query:"id" json:"-"`
	Statuses           []string  `query:"status" json:"-"`
	ID                 *string   `json:"Id"`
	ExternalUserID     *string   `json:"ExternalUserId"`
	ContactGivenName   *string   `json:"ContactGivenName"`
	ContactSurname     *string   `json:"ContactSurname"`
	ContactEmail       *string   `json:"ContactEmail"`
	IdentityProviderID *string   `json:"IdentityProviderId"`
	SpecificID         *string   `json:"IdentityProviderSpecificUserId"`
	RoleIDs            *[]string `json:"RoleIds"`
}

type userBody struct {
	ID                 string   `json:"Id"`
	GivenName          *string  `json:"GivenName"`
	Surname            *string  `json:"Surname"`
	Name               *string  `json:"Name"`
	Email              *string  `json:"Email"`
	ContactEmail       *string  `json:"ContactEmail"`
	ContactGivenName   *string  `json:"ContactGivenName"`
	ContactSurname     *string  `json:"ContactSurname"`
	ExternalUserID     *string  `json:"ExternalUserId"`
	IdentityProviderID *string  `json:"IdentityProviderId"`
	RoleIDs            []string `json:"RoleIds"`
}

func (u person) body() userBody {
	orNull := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	return userBody{
		u.ID, orNull(u.GivenName), orNull(u.Surname), orNull(u.name()), orNull(u.Email),
		orNull(u.ContactEmail), orNull(u.ContactGivenName), orNull(u.ContactSurname),
		orNull(u.ExternalUserID), orNull(u.IdentityProviderID), kit.List(u.Roles),
	}
}

// users are those of a tenant. One that is made here has yet to accept an
// invitation.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-users.html
func (p *Provider) users() kit.Resource[person, userInput] {
	return kit.Resource[person, userInput]{
		Rows: p.usersOf, Key: func(u person) string { return u.ID }, Path: "userId", Enter: inTenant[userInput],
		Find: p.userOf,
		New: func(c *kernel.Call, tenantID string) person {
			t, _ := p.tenants.Get(c.Tx, tenantID)
			return person{TenantID: tenantID, Invited: true, Roles: []string{t.MemberRoleID}}
		},
		Assign:  p.assignUser,
		Show:    func(_ *kernel.Call, u person) any { return u.body() },
		Missing: func(id string) error { return notFound("user", id) },
		Taken: func(u person, _ string) error {
			return invalid("Id: another user has it.", "Send another Id, or none.")
		},
		Guard: func(c *kernel.Call, do kit.Action, u person) error {
			switch {
			case do != kit.Delete:
			case u.ID == callerOf(c).Person:
				return forbidden("nobody deletes himself")
			default:
				p.invitationsByUser.Delete(c.Tx, u.ID)
			}
			return nil
		},
		Page: page,
	}
}

// userOf finds a user of a tenant.
func (p *Provider) userOf(c *kernel.Call, tenantID, id string) (person, bool) {
	u, ok := p.people.Get(c.Tx, strings.ToLower(id))
	return u, ok && u.TenantID == tenantID
}

// assignUser sets what was sent of a user, who has no identifier yet when new.
func (p *Provider) assignUser(c *kernel.Call, u *person, in userInput) (err error) {
	switch {
	case u.ID != "" && in.ID != nil && !strings.EqualFold(*in.ID, u.ID):
		return invalid("Id: not the identifier in the path.", "Send the Id of the user, or none.")
	case u.ID != "" && in.IdentityProviderID != nil && !strings.EqualFold(*in.IdentityProviderID, u.IdentityProviderID):
		return invalid("IdentityProviderId: not the user's, which stays.", "Send the user's, or none.")
	case u.ID == "" && in.ID != nil && !guid.MatchString(strings.ToLower(*in.ID)):
		return invalid("Id: not a GUID.", "Send a GUID, or no Id at all.")
	case u.ID == "" && p.people.Len(c.Tx) >= maxUsers && p.count(c, u.TenantID) >= maxUsers:
		return invalid("The tenant has its %d users.", "Delete users who are not there any more.", maxUsers)
	case u.ID == "" && in.ID != nil:
		u.ID = strings.ToLower(*in.ID)
	case u.ID == "":
		u.ID = c.Draw("person").UUID()
	}
	kit.Put(&u.ExternalUserID, in.ExternalUserID)
	kit.Put(&u.ContactGivenName, in.ContactGivenName)
	kit.Put(&u.ContactSurname, in.ContactSurname)
	kit.Put(&u.ContactEmail, in.ContactEmail)
	kit.Put(&u.IdentityProviderID, in.IdentityProviderID)
	kit.Put(&u.SpecificID, in.SpecificID)
	if in.RoleIDs != nil {
		u.Roles, err = p.rolesFor(c, u.TenantID, *in.RoleIDs)
	}
	return err
}

// count returns how many users a tenant has.
func (p *Provider) count(c *kernel.Call, tenantID string) (n int) {
	for range p.usersOf.All(c.Tx, tenantID) {
		n++
	}
	return n
}

// listUsers returns the tenant's users; who asks for some is told which of them
// do not exist.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-users.html
func (p *Provider) listUsers(c *kernel.Call, in userInput) (any, error) {
	ids := slices.DeleteFunc(slices.Clone(in.IDs), func(id string) bool { return strings.TrimSpace(id) == "" })
	if len(ids) == 0 {
		return p.users().List(c, in)
	}
	found, missing := []any{}, []string{}
	for _, id := range ids {
		if u, ok := p.userOf(c, c.Vars["tenantId"], id); ok {
			found = append(found, u.body())
		} else {
			missing = append(missing, id)
		}
	}
	return partly(c, "user", found, len(found), missing), nil
}

// The states of a user's invitation.
const (
	accepted = iota
	noInvitation
	notSent
	sent
	expired
)

type userStatus struct {
	InvitationStatus int      `json:"InvitationStatus"`
	User             userBody `json:"User"`
}

// status is a user with the state of the invitation.
func (p *Provider) status(c *kernel.Call, u person) userStatus {
	state := accepted
	if i, ok := p.invitationByUser.Get(c.Tx, u.ID); u.Invited {
		switch {
		case !ok:
			state = noInvitation
		case c.Now.After(i.Expires):
			state = expired
		case i.Sent:
			state = sent
		default:
			state = notSent
		}
	}
	return userStatus{state, u.body()}
}

// getUserStatus returns a user with the state of the invitation.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-users.html
func (p *Provider) getUserStatus(c *kernel.Call, in userPath) (any, error) {
	u, ok := p.userOf(c, in.TenantID, in.UserID)
	if !ok {
		return nil, notFound("user", in.UserID)
	}
	return p.status(c, u), nil
}

// listUserStatuses returns the users, or those that are asked for, with the states
// of their invitations.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-users.html
func (p *Provider) listUserStatuses(c *kernel.Call, in userInput) (any, error) {
	names := []string{"InvitationAccepted", "NoInvitation", "InvitationNotSent", "InvitationSent", "InvitationExpired"}
	return page(c, func(yield func(any) bool) {
		for id, u := range p.usersOf.All(c.Tx, c.Vars["tenantId"]) {
			s := p.status(c, u)
			wanted := len(in.IDs) == 0 || slices.ContainsFunc(in.IDs, func(given string) bool { return strings.EqualFold(given, id) })
			if len(in.Statuses) > 0 && !slices.Contains(in.Statuses, names[s.InvitationStatus]) {
				wanted = false
			}
			if wanted && !yield(s) {
				return
			}
		}
	})
}

type userPath struct {
	TenantID string `path:"tenantId" json:"-"`
	UserID   string `path:"userId" json:"-"`
}

// listRolesOfUser returns the roles of a user.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-users-roles.html
func (p *Provider) listRolesOfUser(c *kernel.Call, in userPath) (any, error) {
	u, ok := p.userOf(c, in.TenantID, in.UserID)
	if !ok {
		return nil, notFound("user", in.UserID)
	}
	return page(c, p.shown(c, u.Roles))
}

// setRolesOfUser replaces the roles of a user.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-users-roles.html
func (p *Provider) setRolesOfUser(c *kernel.Call) (any, error) {
	u, ok := p.userOf(c, c.Vars["tenantId"], c.Vars["userId"])
	if !ok {
		return nil, notFound("user", c.Vars["userId"])
	}
	ids, err := sentRoles(c)
	if err != nil {
		return nil, err
	}
	if u.Roles, err = p.rolesFor(c, u.TenantID, ids); err != nil {
		return nil, err
	}
	p.people.Put(c.Tx, u.ID, u)
	all, _ := kit.Window(p.shown(c, u.Roles), 0, -1)
	return all, nil
}

// listRoleUsers returns the users who hold a role.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-tenants-roles.html
func (p *Provider) listRoleUsers(c *kernel.Call, in rolePath) (any, error) {
	r, ok := p.roleOf(c, in.TenantID, in.RoleID)
	if !ok {
		return nil, notFound("role", in.RoleID)
	}
	return page(c, func(yield func(any) bool) {
		for _, u := range p.usersOf.All(c.Tx, in.TenantID) {
			if slices.Contains(u.Roles, r.ID) && !yield(u.body()) {
				return
			}
		}
	})
}

// invitation is what a user who was made here has to accept. Nobody does.
type invitation struct {
	ID, TenantID, UserID string
	Issued, Expires      time.Time
	Sent                 bool
}

// How long an invitation holds: at first, and at most.
const (
	invitationDays   = 21
	invitationMonths = 2
)

type invitationInput struct {
	IncludeExpired bool    `query:"includeExpiredInvitations" json:"-"`
	Expires        *string `json:"ExpiresDateTime"`
	Send           *bool   `json:"SendInvitation"`
}

type invitationBody struct {
	ID       string    `json:"Id"`
	Issued   dateTime  `json:"Issued"`
	Expires  dateTime  `json:"Expires"`
	Accepted *dateTime `json:"Accepted"`
	State    int       `json:"State"`
	TenantID string    `json:"TenantId"`
	UserID   string    `json:"UserId"`
}

func (i invitation) body() invitationBody {
	b := invitationBody{ID: i.ID, Issued: dateTime(i.Issued), Expires: dateTime(i.Expires), TenantID: i.TenantID, UserID: i.UserID}
	if i.Sent {
		b.State = 1
	}
	return b
}

// invitations are those of a tenant, by their own identifiers.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-invitations.html
func (p *Provider) invitations() kit.Resource[invitation, invitationInput] {
	return kit.Resource[invitation, invitationInput]{
		Rows: p.invitationsOf, Key: func(i invitation) string { return i.ID }, Path: "invitationId",
		Enter: func(c *kernel.Call, _ kit.Action, _ invitationInput) (string, error) {
			if id, ok := c.Vars["userId"]; ok {
				if _, ok := p.userOf(c, c.Vars["tenantId"], id); !ok {
					return "", notFound("user", id)
				}
			}
			return c.Vars["tenantId"], nil
		},
		New: func(c *kernel.Call, tenantID string) invitation {
			return invitation{
				ID: c.Draw("invitation").UUID(), TenantID: tenantID, UserID: strings.ToLower(c.Vars["userId"]),
				Issued: c.Now, Expires: c.Now.AddDate(0, 0, invitationDays),
			}
		},
		Assign: func(c *kernel.Call, i *invitation, in invitationInput) error {
			expires, problem := parseDateTime("ExpiresDateTime", in.Expires)
			switch {
			case problem != nil:
				return problem
			case expires != nil && (!expires.After(c.Now) || expires.After(c.Now.AddDate(0, invitationMonths, 0))):
				return invalid("ExpiresDateTime: not within the next %d months.", "Send a date and time within them, or none.", invitationMonths)
			}
			kit.Put(&i.Expires, expires)
			i.Sent = i.Sent || in.Send == nil || *in.Send
			return nil
		},
		Show:    func(_ *kernel.Call, i invitation) any { return i.body() },
		Missing: func(id string) error { return notFound("invitation", id) },
		Taken: func(invitation, string) error {
			return refuse(http.StatusConflict, "The invitation exists already.", "The user has an invitation.", "Update it, or delete it first.")
		},
	}
}

// invitationsOfUsers are the same by their users, who have one at most.
func (p *Provider) invitationsOfUsers() kit.Resource[invitation, invitationInput] {
	r := p.invitations().By("userId", func(c *kernel.Call, _, userID string) (invitation, bool) {
		return p.invitationByUser.Get(c.Tx, strings.ToLower(userID))
	})
	r.Missing = func(userID string) error { return notFound("invitation", "of user "+userID) }
	return r
}

// setInvitation invites a user, or changes the invitation.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-invitations.html
func (p *Provider) setInvitation(c *kernel.Call, in invitationInput) (any, error) {
	of := p.invitationsOfUsers()
	if _, ok := p.invitationByUser.Get(c.Tx, strings.ToLower(c.Vars["userId"])); ok {
		return of.Update(c, in)
	}
	body, err := of.Create(c, in)
	return kernel.Answer{Status: http.StatusCreated, Body: body}, err
}

// listInvitations returns the invitations that have not expired, or all.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-invitations.html
func (p *Provider) listInvitations(c *kernel.Call, in invitationInput) (any, error) {
	return page(c, func(yield func(any) bool) {
		for _, i := range p.invitationsOf.All(c.Tx, c.Vars["tenantId"]) {
			if (in.IncludeExpired || !c.Now.After(i.Expires)) && !yield(i.body()) {
				return
			}
		}
	})
}
