package zitadel

import (
	"cmp"
	"slices"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// The states of users, by their names in version 1.
const (
	userActive   = userv1.UserState_USER_STATE_ACTIVE
	userInactive = userv1.UserState_USER_STATE_INACTIVE
	userLocked   = userv1.UserState_USER_STATE_LOCKED
	userInitial  = userv1.UserState_USER_STATE_INITIAL
)

// state is the user's; a row says nothing of one who is active.
func (u user) state() userv1.UserState { return cmp.Or(u.State, userActive) }

// whyNotActive says why a user's credentials are not good.
func (u user) whyNotActive() string {
	switch u.state() {
	case userInactive:
		return "user " + u.UserName + " is inactive"
	case userLocked:
		return "user " + u.UserName + " is locked"
	}
	return ""
}

// A move brings a user from one of some states to another, or is refused.
type move struct {
	from      []userv1.UserState
	to        userv1.UserState
	missing   string // the id, if there is no such user
	id, words string // the refusal of a user in another state
}

// https://github.com/zitadel/zitadel/blob/main/internal/command/user.go tells the ids.
var (
	deactivation = move{[]userv1.UserState{userActive, userLocked}, userInactive, "COMMAND-3M9ds", "COMMAND-5M0sf", "User is already deactivated"}
	reactivation = move{[]userv1.UserState{userInactive}, userActive, "COMMAND-4M0sd", "COMMAND-6M0sf", "User is not inactive"}
	locking      = move{[]userv1.UserState{userActive, userInitial}, userLocked, "COMMAND-5M9fs", "COMMAND-3NN8v", "User is not active or initial"}
	unlocking    = move{[]userv1.UserState{userLocked}, userActive, "COMMAND-M0dos", "COMMAND-4M0ds", "User is not locked"}
)

// moveUser brings a user to another state.
func (p *Provider) moveUser(c *kernel.Call, id string, m move) (user, error) {
	u, why := p.user(c, id)
	switch {
	case why != "":
		return u, refuse(notFound, m.missing, userNotFound).Because("%s", why)
	case !slices.Contains(m.from, u.state()):
		return u, refuse(failedPrecondition, m.id, m.words).Because("the user is in %s", u.state())
	}
	u.State = m.to
	p.userChanged(c, &u)
	return u, nil
}

// moving is a method of version 1 that brings a user to another state.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateUser
func moving[In interface {
	proto.Message
	GetId() string
}, Out any, POut messageOf[Out]](p *Provider, m move) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, in In) (POut, error) {
		u, err := p.moveUser(c, in.GetId(), m)
		return translate(POut(new(Out)), &management.DeactivateUserResponse{Details: changed(c, u.Events, u.OrgID)}), err
	}
}

// movingV2 is a method of version 2 that brings a user to another state.
// https://zitadel.com/docs/reference/api/user/zitadel.user.v2.UserService.DeactivateUser
func movingV2[In interface {
	proto.Message
	GetUserId() string
}, Out any, POut messageOf[Out]](p *Provider, m move) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, in In) (POut, error) {
		u, err := p.moveUser(c, in.GetUserId(), m)
		return translate(POut(new(Out)), &userv2.DeactivateUserResponse{Details: detailsV2(changed(c, u.Events, u.OrgID))}), err
	}
}
