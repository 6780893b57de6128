package zitadel

import (
	"cmp"
	"fmt"
	"iter"
	"strings"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
)

// A Person is somebody of an organization who can sign in, as SeedPerson makes one
// and a world file has it.
type Person struct {
	ID             string `json:"id,omitempty"`
	OrganizationID string `json:"organizationId,omitempty"` // the default world's
	UserName       string `json:"userName,omitempty"`       // the login name; the email, if it is left out
	GivenName      string `json:"givenName,omitempty"`
	FamilyName     string `json:"familyName,omitempty"`
	Email          string `json:"email,omitempty"`
}

// human is what makes a user a person. In rows it is the API's JSON. Of a password
// only that there is one is kept: nobody is asked for it.
type human struct{ *userv2.HumanUser }

// MarshalJSON writes what there is to tell.
func (h human) MarshalJSON() ([]byte, error) { return protojson.Marshal(h.HumanUser) }

// UnmarshalJSON reads what there is to tell.
func (h *human) UnmarshalJSON(text []byte) error {
	h.HumanUser = &userv2.HumanUser{}
	return protojson.Unmarshal(text, h.HumanUser)
}

// newHuman is the person that a request describes. What has a default gets it.
func newHuman(c *kernel.Call, in proto.Message, hasPassword bool) *human {
	h := translate(&userv2.HumanUser{}, in)
	if hasPassword {
		h.PasswordChanged = moment(c.Now)
	}
	return &human{completed(h)}
}

// completed gives what has a default its default.
func completed(h *userv2.HumanUser) *userv2.HumanUser {
	if h.Profile.GetDisplayName() == "" {
		h.Profile.DisplayName = new(strings.TrimSpace(h.Profile.GetGivenName() + " " + h.Profile.GetFamilyName()))
	}
	if h.Profile.GetPreferredLanguage() == "" {
		h.Profile.PreferredLanguage = new(undetermined)
	}
	return h
}

// state is that of a new person of version 1: until the email is verified and there
// is a password, initial.
func (h human) state() userv1.UserState {
	if h.Email.GetIsVerified() && h.PasswordChanged != nil {
		return userv1.UserState_USER_STATE_ACTIVE
	}
	return userv1.UserState_USER_STATE_INITIAL
}

// signIn is the person as sign-in knows them.
func (u user) signIn() signin.Person {
	return signin.Person{ID: u.ID, Name: u.displayName(), Email: u.Human.Email.GetEmail(), Login: u.UserName}
}

// persons are those who can sign in.
func (p *Provider) persons(c *kernel.Call) iter.Seq[user] {
	return func(yield func(user) bool) {
		for _, u := range p.people.All(c.Tx, isPerson) {
			if u.whyNotActive() == "" && !yield(u) {
				return
			}
		}
	}
}

// person returns somebody who can sign in.
func (p *Provider) person(c *kernel.Call, id string) (user, bool) {
	u, ok := p.users.Get(c.Tx, id)
	return u, ok && u.Human != nil && u.whyNotActive() == ""
}

// SeedPerson adds somebody who can sign in and returns them with everything filled
// in that was left empty. It panics when the id or the user name is taken, or when
// there is no such organization.
func (p *Provider) SeedPerson(in Person) Person {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Person, error) { return p.addPerson(c, in, nil) })
}

// firstPersonPlace is where the ids of the default world's people begin.
const firstPersonPlace = 100

// worldPeople are the default world's.
func worldPeople(c *kernel.Call) []Person {
	var list []Person
	for i, from := range fixtures.People() {
		list = append(list, Person{
			ID: worldID(c, firstPersonPlace+uint64(i)), UserName: from.Email,
			GivenName: from.Given, FamilyName: from.Family, Email: from.Email,
		})
	}
	return list
}

// addPerson stores a person and fills in what is left empty. Path is where they
// stand in a world file.
func (p *Provider) addPerson(c *kernel.Call, in Person, path []any) (Person, error) {
	refuse := func(field, format string, args ...any) (Person, error) {
		return in, kernel.WorldErrorf(kernel.Below(path, field), format, args...)
	}
	in.ID = cmp.Or(in.ID, p.nextID(c))
	in.OrganizationID = cmp.Or(in.OrganizationID, p.defaultOrg(c))
	if in.GivenName == "" && in.FamilyName == "" {
		in.GivenName, in.FamilyName = "Person", fmt.Sprint(len(rows(p.people.All(c.Tx, isPerson)))+1)
	}
	profile := &userv2.HumanProfile{GivenName: in.GivenName, FamilyName: in.FamilyName}
	h := newHuman(c, &userv2.HumanUser{Profile: profile}, true)
	in.Email = cmp.Or(in.Email, strings.ReplaceAll(fixtures.Slug(profile.GetDisplayName()), "-", ".")+"@example.com")
	in.UserName = cmp.Or(in.UserName, in.Email)
	h.Email = &userv2.HumanEmail{Email: in.Email, IsVerified: true}
	u := user{ID: in.ID, OrgID: in.OrganizationID, UserName: in.UserName, Human: h}
	if _, ok := p.organizations.Get(c.Tx, u.OrgID); !ok {
		return refuse("organizationId", "there is no organization %q", u.OrgID)
	}
	if _, ok := p.users.Get(c.Tx, u.ID); ok {
		return refuse("id", "there is a user %s already", u.ID)
	}
	if other, ok := p.byUserName.Get(c.Tx, u.uniqueName()); ok {
		return refuse("userName", "the user name is that of user %s", other.ID)
	}
	p.userChanged(c, &u)
	return in, nil
}

// importHumanUser creates a person, with or without a password.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ImportHumanUser
func (p *Provider) importHumanUser(c *kernel.Call, in *management.ImportHumanUserRequest) (*management.ImportHumanUserResponse, error) {
	if in.RequestPasswordlessRegistration || len(in.Idps) > 0 || len(in.RecoveryCodes) > 0 {
		return nil, notEmulated(otherFactors)
	}
	if in.OtpCode != "" {
		c.Warn("%s", otherFactors)
	}
	h := newHuman(c, in, in.Password != "" || in.HashedPassword.GetValue() != "")
	u, err := p.newUser(c, user{UserName: in.UserName, Human: h, State: h.state()})
	return &management.ImportHumanUserResponse{UserId: u.ID, Details: created(c, u.Events, u.OrgID)}, err
}

// addHumanUser creates a person.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddHumanUser
func (p *Provider) addHumanUser(c *kernel.Call, in *management.AddHumanUserRequest) (*management.AddHumanUserResponse, error) {
	h := newHuman(c, in, in.InitialPassword != "")
	u, err := p.newUser(c, user{UserName: in.UserName, Human: h, State: h.state()})
	return &management.AddHumanUserResponse{UserId: u.ID, Details: created(c, u.Events, u.OrgID)}, err
}

// changeHuman changes a person, or refuses a change that changes nothing, with an id
// of the caller's.
func (p *Provider) changeHuman(c *kernel.Call, userID, unchanged string, change func(*userv2.HumanUser)) (user, error) {
	u, why := p.user(c, userID)
	if why == "" && u.Human == nil {
		why = "user " + userID + " is a machine user"
	}
	if why != "" {
		return u, refuse(notFound, "COMMAND-M0dsl", userNotFound).Because("%s", why)
	}
	h := proto.CloneOf(u.Human.HumanUser)
	change(h)
	if proto.Equal(completed(h), u.Human.HumanUser) {
		return u, refuse(failedPrecondition, unchanged, noChanges).Because("the person is like that already")
	}
	u.Human = &human{h}
	p.userChanged(c, &u)
	return u, nil
}

// updateHumanProfile changes what a person is called. What is not sent is set to
// nothing.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateHumanProfile
func (p *Provider) updateHumanProfile(c *kernel.Call, in *management.UpdateHumanProfileRequest) (*management.UpdateHumanProfileResponse, error) {
	u, err := p.changeHuman(c, in.UserId, "COMMAND-2M0fs", func(h *userv2.HumanUser) { h.Profile = translate(&userv2.HumanProfile{}, in) })
	return &management.UpdateHumanProfileResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// updateHumanEmail changes a person's address.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateHumanEmail
func (p *Provider) updateHumanEmail(c *kernel.Call, in *management.UpdateHumanEmailRequest) (*management.UpdateHumanEmailResponse, error) {
	u, err := p.changeHuman(c, in.UserId, "COMMAND-2b7fM", func(h *userv2.HumanUser) { h.Email = translate(&userv2.HumanEmail{}, in) })
	return &management.UpdateHumanEmailResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// updateHumanPhone changes a person's number.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateHumanPhone
func (p *Provider) updateHumanPhone(c *kernel.Call, in *management.UpdateHumanPhoneRequest) (*management.UpdateHumanPhoneResponse, error) {
	u, err := p.changeHuman(c, in.UserId, "COMMAND-wF94r", func(h *userv2.HumanUser) { h.Phone = translate(&userv2.HumanPhone{}, in) })
	return &management.UpdateHumanPhoneResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// removeHumanPhone takes a person's number away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveHumanPhone
func (p *Provider) removeHumanPhone(c *kernel.Call, in *management.RemoveHumanPhoneRequest) (*management.RemoveHumanPhoneResponse, error) {
	u, err := p.changeHuman(c, in.UserId, "COMMAND-p6rsc", func(h *userv2.HumanUser) { h.Phone = nil })
	return &management.RemoveHumanPhoneResponse{Details: changed(c, u.Events, u.OrgID)}, err
}
