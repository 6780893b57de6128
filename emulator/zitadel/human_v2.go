package zitadel

import (
	"cmp"

	objectv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object/v2"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Version 2 of the people: other messages, the same rules.

// A described person is what every request of version 2 for one has.
type described interface {
	proto.Message
	GetEmail() *userv2.SetHumanEmail
	GetPhone() *userv2.SetHumanPhone
}

// otherFactors is why a request is not served that has other ways to sign in.
const otherFactors = "nobody is asked for a factor or another provider here"

// unserved refuses what is asked for beside what is kept of a person.
func unserved(c *kernel.Call, in described) error {
	if in.GetEmail().GetReturnCode() != nil || in.GetPhone().GetReturnCode() != nil {
		return notEmulated("there are no codes that an address could be verified with")
	}
	more, ok := in.(interface {
		GetIdpLinks() []*userv2.IDPLink
		GetTotpSecret() string
	})
	switch {
	case ok && len(more.GetIdpLinks()) > 0:
		return notEmulated(otherFactors)
	case ok && more.GetTotpSecret() != "":
		c.Warn("%s", otherFactors)
	}
	return nil
}

// newPerson stores a person as version 2 describes one. One without a user name logs
// in by the email.
func (p *Provider) newPerson(c *kernel.Call, id, userName string, in described, password *userv2.Password, hash *userv2.HashedPassword) (user, error) {
	if err := unserved(c, in); err != nil {
		return user{}, err
	}
	h := newHuman(c, in, password != nil || hash != nil)
	h.PasswordChangeRequired = password.GetChangeRequired() || hash.GetChangeRequired()
	return p.newUser(c, user{ID: id, UserName: cmp.Or(userName, in.GetEmail().GetEmail()), Human: h})
}

// addHumanUserV2 creates a person.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.AddHumanUser
func (p *Provider) addHumanUserV2(c *kernel.Call, in *userv2.AddHumanUserRequest) (*userv2.AddHumanUserResponse, error) {
	orgID := cmp.Or(in.Organization.GetOrgId(), orgOf(c))
	if domain := in.Organization.GetOrgDomain(); domain != "" {
		d, _ := p.domains.Get(c.Tx, fold(domain))
		orgID = d.OrgID
	}
	if err := p.workIn(c, orgID, "", "user.write"); err != nil {
		return nil, err
	}
	u, err := p.newPerson(c, in.GetUserId(), in.GetUsername(), in, in.GetPassword(), in.GetHashedPassword())
	if err == nil {
		err = setAll(p, c, u.ID, in.Metadata)
	}
	return &userv2.AddHumanUserResponse{UserId: u.ID, Details: detailsV2(created(c, u.Events, u.OrgID))}, err
}

// updateHuman changes what is sent of a person. What is so already is no change.
func (p *Provider) updateHuman(c *kernel.Call, userID string, sent described, password *userv2.SetPassword) error {
	if err := unserved(c, sent); err != nil {
		return err
	}
	_, err := p.changeHuman(c, userID, "", func(h *userv2.HumanUser) {
		now := proto.CloneOf(h)
		proto.Merge(h, translate(&userv2.HumanUser{}, sent))
		if email := sent.GetEmail(); email != nil {
			h.Email = translate(&userv2.HumanEmail{}, email)
		}
		if phone := sent.GetPhone(); phone != nil {
			h.Phone = translate(&userv2.HumanPhone{}, phone)
		}
		if now.Email.GetEmail() == h.Email.GetEmail() && sent.GetEmail().GetVerification() == nil {
			h.Email = now.Email // the same address stays as it is
		}
		if password != nil {
			h.PasswordChanged = moment(c.Now)
			h.PasswordChangeRequired = password.GetPassword().GetChangeRequired() || password.GetHashedPassword().GetChangeRequired()
		}
	})
	if isNoChange(err) {
		return nil
	}
	return err
}

// updateHumanUser changes what is sent of a person.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.UpdateHumanUser
func (p *Provider) updateHumanUser(c *kernel.Call, in *userv2.UpdateHumanUserRequest) (*userv2.UpdateHumanUserResponse, error) {
	var err error
	if in.Username != nil {
		err = p.renameUser(c, in.UserId, *in.Username)
	}
	if err == nil {
		err = p.updateHuman(c, in.UserId, in, in.Password)
	}
	u, _ := p.user(c, in.UserId)
	return &userv2.UpdateHumanUserResponse{Details: detailsV2(changed(c, u.Events, u.OrgID))}, err
}

// listUsersV2 searches the users that the caller may read.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.ListUsers
func (p *Provider) listUsersV2(c *kernel.Call, in *userv2.ListUsersRequest) (*userv2.ListUsersResponse, error) {
	page := newPage[*userv2.User](in.Query)
	users := rows(p.users.All(c.Tx))
	sortUsers(users, userv1.UserFieldName(in.SortingColumn), in.Query.GetAsc())
	holds := func(u user, q *userv2.SearchQuery) bool { return p.meets(c, u, q) }
	for _, u := range users {
		if p.may(c, u.OrgID, "", "user.read") && all(in.Queries, u, holds) {
			page.processed(u.Events)
			page.add(u.messageV2())
		}
	}
	details := &objectv2.ListDetails{TotalResult: page.total, ProcessedSequence: page.sequence, Timestamp: moment(c.Now)}
	return &userv2.ListUsersResponse{Details: details, SortingColumn: in.SortingColumn, Result: page.rows}, page.err
}
