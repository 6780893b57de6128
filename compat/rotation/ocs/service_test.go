package ocs

import (
	"strconv"
	"testing"

	"github.com/understudy-dev/understudy/compat/rotation"
	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/emulator/rehearsal"
)

// setUp makes a world and the program in it.
func setUp(c *rehearsal.Case) *rotation.Rotator {
	o := ocs.New()
	srv := c.Server(o, emulator.InMemory())
	client := o.SeedClient(ocs.Client{Name: "ci"})
	return &rotation.Rotator{
		Service: Service{HTTP: srv.Client(), URL: o.URL(), TenantID: client.TenantID, ClientID: client.ID},
		Stored:  rotation.Secret{ID: strconv.Itoa(int(client.SecretID)), Value: client.Secret},
		Admin:   o.Credentials()["accessToken"],
	}
}

func TestRotationSurvives(t *testing.T) {
	rehearsal.Run(t, func(c *rehearsal.Case) { rotation.Declare(c, setUp(c)) }, rehearsal.InBubble())
}

// TestRotationSurvivesTwo: a second fault, also in the run that has to make up for the
// first.
func TestRotationSurvivesTwo(t *testing.T) {
	rehearsal.Run(t, func(c *rehearsal.Case) { rotation.Declare(c, setUp(c)) }, rehearsal.Pairs(), rehearsal.Kinds("503", rehearsal.AnswerLost, rehearsal.Dies), rehearsal.InBubble())
}

func TestMistakesAreFound(t *testing.T) {
	for _, m := range []rotation.Mistake{
		{Name: "revokes first", Way: rotation.RevokesFirst, Case: "addClientCredentialSecret#1:500", Why: `"the program can log in" does not hold`},
		{Name: "forgets the lost", Way: rotation.ForgetsTheLost, Case: "addClientCredentialSecret#1:answer-lost", Why: "a live credential is left over"},
		{Name: "keeps the token", Way: rotation.KeepsTheToken, Case: "addClientCredentialSecret#1:expired", Why: "it does not converge"},
		{Name: "stores last", Way: rotation.StoresLast, Case: "deleteClientCredentialSecret#1:dies-after", Why: `"the program can log in" does not hold`},
	} {
		m.Rehearse(t, setUp, rehearsal.InBubble())
	}
}
