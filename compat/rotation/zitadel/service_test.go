package zitadel

import (
	"net/url"
	"testing"
	"time"

	client "github.com/zitadel/zitadel-go/v3/pkg/zitadel"

	"github.com/understudy-dev/understudy/compat/rotation"
	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/rehearsal"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// setUp makes a world and the program in it.
func setUp(c *rehearsal.Case) *rotation.Rotator {
	zit := zitadel.New()
	srv := c.Server(zit)
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci", Roles: []string{"ORG_OWNER"}})
	address, err := url.Parse(zit.URL())
	if err != nil {
		c.Fatalf("%v", err)
	}
	return &rotation.Rotator{
		Service: Service{client.New(address.Hostname(), client.WithInsecure(address.Port())), user.ID},
		Stored:  rotation.Secret{ID: tokenOf(srv, user.ID), Value: user.AccessToken},
		Admin:   zit.Credentials()["accessToken"],
	}
}

// tokenOf is the id of a user's only personal access token.
func tokenOf(srv *emulator.Server, user string) string {
	for _, k := range srv.Inventory() {
		if k.Kind == "personal-access-token" && k.Owner.ID == user {
			return k.ID
		}
	}
	return ""
}

func TestRotationSurvives(t *testing.T) {
	rehearsal.Run(t, func(c *rehearsal.Case) { rotation.Declare(c, setUp(c)) }, rehearsal.Timeout(5*time.Second))
}

// TestRotationSurvivesTwo: a second fault, also in the run that has to make up for the
// first.
func TestRotationSurvivesTwo(t *testing.T) {
	rehearsal.Run(t, func(c *rehearsal.Case) { rotation.Declare(c, setUp(c)) }, rehearsal.Pairs(), rehearsal.Kinds("503", rehearsal.AnswerLost, rehearsal.Dies), rehearsal.Timeout(5*time.Second))
}

func TestMistakesAreFound(t *testing.T) {
	for _, m := range []rotation.Mistake{
		{Name: "revokes first", Way: rotation.RevokesFirst, Case: "AddPersonalAccessToken#1:503", Why: `"the program can log in" does not hold`},
		{Name: "forgets the lost", Way: rotation.ForgetsTheLost, Case: "AddPersonalAccessToken#1:answer-lost", Why: "a live credential is left over"},
		{Name: "keeps the token", Way: rotation.KeepsTheToken, Case: "RemovePersonalAccessToken#1:answer-lost", Why: "it does not converge"},
		{Name: "stores last", Way: rotation.StoresLast, Case: "RemovePersonalAccessToken#1:dies-after", Why: `"the program can log in" does not hold`},
	} {
		m.Rehearse(t, setUp, rehearsal.Timeout(5*time.Second))
	}
}
