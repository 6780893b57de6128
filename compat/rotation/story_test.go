package rotation_test

import (
	"context"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/compat/rotation"
	service "github.com/understudy-dev/understudy/compat/rotation/infisical"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/rehearsal"
)

func setUp(c *rehearsal.Case) *rotation.Rotator {
	inf := infisical.New()
	c.Server(inf)
	id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
	return &rotation.Rotator{
		Service: service.Service{URL: inf.URL(), ClientID: id.ClientID, IdentityID: id.ID, ProjectID: inf.Credentials()["projectId"]},
		Stored:  rotation.Secret{ID: id.ClientSecretID, Value: id.ClientSecret},
	}
}

// first makes a new secret, revokes the old one and stores the new one.
func first(ctx context.Context, r *rotation.Rotator) error {
	token, err := r.LogIn(ctx, r.Stored)
	if err != nil {
		return err
	}
	fresh, err := r.Create(ctx, token)
	if err != nil {
		return err
	}
	if err := r.Revoke(ctx, token, r.Stored.ID); err != nil {
		return err
	}
	r.Stored = fresh
	return nil
}

// second stores before it revokes.
func second(ctx context.Context, r *rotation.Rotator) error {
	token, err := r.LogIn(ctx, r.Stored)
	if err != nil {
		return err
	}
	fresh, err := r.Create(ctx, token)
	if err != nil {
		return err
	}
	old := r.Stored
	r.Stored = fresh
	return r.Revoke(ctx, token, old.ID)
}

// third revokes whatever is not stored.
func third(ctx context.Context, r *rotation.Rotator) error {
	token, err := r.LogIn(ctx, r.Stored)
	if err != nil {
		return err
	}
	fresh, err := r.Create(ctx, token)
	if err != nil {
		return err
	}
	r.Stored = fresh
	ids, err := r.List(ctx, token)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id != r.Stored.ID {
			if err := r.Revoke(ctx, token, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// fourth revokes by a token of the new secret.
func fourth(ctx context.Context, r *rotation.Rotator) error {
	token, err := r.LogIn(ctx, r.Stored)
	if err != nil {
		return err
	}
	fresh, err := r.Create(ctx, token)
	if err != nil {
		return err
	}
	r.Stored = fresh
	if token, err = r.LogIn(ctx, fresh); err != nil {
		return err
	}
	ids, err := r.List(ctx, token)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id != r.Stored.ID {
			if err := r.Revoke(ctx, token, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestStory is the one of docs/rehearsal.md.
func TestStory(t *testing.T) {
	for _, m := range []rotation.Mistake{
		{Name: "first", Way: first, Case: "revokeClientSecret#1:dies-after",
			Why: `"the program can log in" does not hold: log in: APIError: CallUniversalAuthLogin unsuccessful response`},
		{Name: "second", Way: second, Case: "createClientSecret#1:answer-lost",
			Why: "a live credential is left over: client-secret"},
		{Name: "third", Way: third, Case: "createClientSecret#1:answer-lost",
			Why: "it does not converge: done again without a fault, it ends with: POST"},
	} {
		m.Rehearse(t, setUp, rehearsal.Kinds("503", rehearsal.AnswerLost, rehearsal.Dies), rehearsal.Timeout(5*time.Second))
	}
	rehearsal.Run(t, func(c *rehearsal.Case) {
		program := setUp(c)
		program.Way = fourth
		c.Act(program.Rotate)
		c.Always("the program can log in", program.CanLogIn)
	}, rehearsal.Kinds("503", rehearsal.AnswerLost, rehearsal.Dies), rehearsal.Timeout(5*time.Second))
}
