package rotation

import (
	"context"
	"errors"
	"fmt"
)

// A Secret is what a program logs in with. Its id names it where it is revoked.
type Secret struct{ ID, Value string }

// A Service is what a rotation needs of whoever issues the secrets. A token is what
// a log-in gives out.
type Service interface {
	LogIn(context.Context, Secret) (token string, err error)
	Create(ctx context.Context, token string) (Secret, error)
	List(ctx context.Context, token string) (ids []string, err error)
	Revoke(ctx context.Context, token, id string) error
	// Use does what the program needs its token for.
	Use(ctx context.Context, token string) error
}

// A Rotator replaces the secret that a program has.
type Rotator struct {
	Service
	Stored Secret // survives the program: a file, a row, a secret of the cluster
	// Way is how it is replaced; nil: the right way.
	Way func(context.Context, *Rotator) error
	// Admin is an administrator's token, for the way that needs one.
	Admin string

	token string // of the way that keeps one
}

// Rotate replaces the stored secret and then uses the new one.
func (r *Rotator) Rotate(ctx context.Context) error {
	if r.Way != nil {
		return r.Way(ctx, r)
	}
	token, err := r.LogIn(ctx, r.Stored)
	if err != nil {
		return err
	}
	fresh, err := r.Create(ctx, token)
	if err != nil {
		return err
	}
	r.Stored = fresh // before anything else may fail
	// What the old secret gave out may end with it.
	if token, err = r.LogIn(ctx, fresh); err != nil {
		return err
	}
	if err := r.revokeOthers(ctx, token); err != nil {
		return err
	}
	return r.Use(ctx, token)
}

// revokeOthers revokes all that is not stored: the old secret, and any whose
// creation was never heard of.
func (r *Rotator) revokeOthers(ctx context.Context, token string) error {
	ids, err := r.List(ctx, token)
	for _, id := range ids {
		if id != r.Stored.ID {
			err = errors.Join(err, r.Revoke(ctx, token, id))
		}
	}
	return err
}

// CanLogIn reports why the program is locked out.
func (r *Rotator) CanLogIn(ctx context.Context) error {
	token, err := r.LogIn(ctx, r.Stored)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	return r.Use(ctx, token)
}
