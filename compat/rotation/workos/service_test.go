package workos

import (
	"testing"

	"github.com/understudy-dev/understudy/compat/rotation"
	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/rehearsal"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// setUp makes a world and the program in it. The SDK waits before it tries again,
// which takes no time in a bubble.
func setUp(c *rehearsal.Case) *rotation.Rotator {
	wos := workos.New()
	srv := c.Server(wos, emulator.InMemory())
	app := wos.SeedApplication(workos.Application{Name: "ci"})
	secrets := srv.Inventory()
	return &rotation.Rotator{
		Service: Service{HTTP: srv.Client(), URL: wos.URL(), APIKey: wos.Credentials()["apiKey"], ApplicationID: app.ID, ClientID: app.ClientID},
		Stored:  rotation.Secret{ID: secrets[len(secrets)-1].ID, Value: app.ClientSecret},
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
		{Name: "revokes first", Way: rotation.RevokesFirst, Case: "createClientSecret#1:dies-before", Why: `"the program can log in" does not hold`},
		// The SDK's own retries save it from a lost answer, and not from its own death.
		{Name: "forgets the lost", Way: rotation.ForgetsTheLost, Case: "createClientSecret#1:dies-after", Why: "a live credential is left over"},
		{Name: "keeps the token", Way: rotation.KeepsTheToken, Case: "getUserinfo#1:expired", Why: "it does not converge"},
		{Name: "stores last", Way: rotation.StoresLast, Case: "deleteClientSecret#1:dies-after", Why: `"the program can log in" does not hold`},
	} {
		m.Rehearse(t, setUp, rehearsal.InBubble())
	}
}
