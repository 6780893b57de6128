package zitadel

import (
	"cmp"
	"slices"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"

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

// deactivateUser makes a user inactive: no credential is good then.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateUser
func (p *Provider) deactivateUser(c *kernel.Call, in *management.DeactivateUserRequest) (*management.DeactivateUserResponse, error) {
	u, err := p.moveUser(c, in.Id, deactivation)
	return &management.DeactivateUserResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// reactivateUser makes an inactive user active.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ReactivateUser
func (p *Provider) reactivateUser(c *kernel.Call, in *management.ReactivateUserRequest) (*management.ReactivateUserResponse, error) {
	u, err := p.moveUser(c, in.Id, reactivation)
	return &management.ReactivateUserResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// lockUser locks a user out: no credential is good then.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.LockUser
func (p *Provider) lockUser(c *kernel.Call, in *management.LockUserRequest) (*management.LockUserResponse, error) {
	u, err := p.moveUser(c, in.Id, locking)
	return &management.LockUserResponse{Details: changed(c, u.Events, u.OrgID)}, err
}

// unlockUser lets a locked user in again.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UnlockUser
func (p *Provider) unlockUser(c *kernel.Call, in *management.UnlockUserRequest) (*management.UnlockUserResponse, error) {
	u, err := p.moveUser(c, in.Id, unlocking)
	return &management.UnlockUserResponse{Details: changed(c, u.Events, u.OrgID)}, err
}
