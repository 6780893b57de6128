package rehearsal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/rehearsal"
)

func TestRotationSurvives(t *testing.T) {
	rehearsal.Run(t, func(r *rehearsal.Case) {
		inf := infisical.New()
		srv := r.Server(inf) // this case's world; options as for NewTest
		id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
		app := rehearsal.NewApp(srv.Client(), inf.URL(), id)

		r.Act(app.Rotate)                         // gets the faults, and is run again without
		r.Always("the app can log in", app.LogIn) // after every Act, whatever came of it
		r.InTheEnd("one live secret", func(context.Context) error {
			if n := live(srv.Inventory(), id.ID); n != 1 {
				return fmt.Errorf("there are %d", n)
			}
			return nil
		})
	}, rehearsal.Kinds(rehearsal.Statuses, rehearsal.Lost, rehearsal.AnswerLost, rehearsal.Dies, rehearsal.Expired))
}

func live(all []emulator.Credential, owner string) (n int) {
	for _, k := range all {
		if k.Live && k.Owner.ID == owner && k.Kind == "client-secret" {
			n++
		}
	}
	return n
}
