package infisical

import (
	"testing"
	"time"

	"github.com/understudy-dev/understudy/compat/rotation"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/rehearsal"
)

// setUp makes a world and the program in it.
func setUp(c *rehearsal.Case) *rotation.Rotator {
	inf := infisical.New()
	c.Server(inf)
	id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
	known := inf.Credentials()
	return &rotation.Rotator{
		Service: Service{URL: inf.URL(), ClientID: id.ClientID, IdentityID: id.ID, ProjectID: known["projectId"]},
		Stored:  rotation.Secret{ID: id.ClientSecretID, Value: id.ClientSecret},
		Admin:   known["accessToken"],
	}
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
		{Name: "revokes first", Way: rotation.RevokesFirst, Case: "createClientSecret#1:500", Why: `"the program can log in" does not hold`},
		{Name: "forgets the lost", Way: rotation.ForgetsTheLost, Case: "createClientSecret#1:answer-lost", Why: "a live credential is left over"},
		{Name: "keeps the token", Way: rotation.KeepsTheToken, Case: "revokeClientSecret#1:answer-lost", Why: "it does not converge"},
		{Name: "stores last", Way: rotation.StoresLast, Case: "revokeClientSecret#1:dies-after", Why: `"the program can log in" does not hold`},
	} {
		m.Rehearse(t, setUp, rehearsal.Timeout(5*time.Second))
	}
}
