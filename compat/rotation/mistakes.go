package rotation

import "context"

// RevokesFirst revokes the old secret before it has a new one. It has to be somebody
// else's doing: the secret's own token may end with it.
func RevokesFirst(ctx context.Context, r *Rotator) error {
	ids, err := r.List(ctx, r.Admin)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.Revoke(ctx, r.Admin, id); err != nil {
			return err
		}
	}
	fresh, err := r.Create(ctx, r.Admin)
	if err != nil {
		return err
	}
	r.Stored = fresh
	return r.CanLogIn(ctx)
}

// ForgetsTheLost revokes the one secret that it knows of. A secret that was made and
// whose answer was lost stays for ever.
func ForgetsTheLost(ctx context.Context, r *Rotator) error {
	old := r.Stored
	token, err := r.LogIn(ctx, old)
	if err != nil {
		return err
	}
	if r.Stored, err = r.create(ctx, token); err != nil {
		return err
	}
	if token, err = r.LogIn(ctx, r.Stored); err != nil {
		return err
	}
	if err := r.Revoke(ctx, token, old.ID); err != nil {
		return err
	}
	return r.Use(ctx, token)
}

// create makes a secret, and returns the stored one when it cannot.
func (r *Rotator) create(ctx context.Context, token string) (Secret, error) {
	fresh, err := r.Create(ctx, token)
	if err != nil {
		return r.Stored, err
	}
	return fresh, nil
}

// KeepsTheToken gets a token when the program starts and goes on with it, whatever
// has become of the secret behind it or of the time.
func KeepsTheToken(ctx context.Context, r *Rotator) (err error) {
	if r.token == "" {
		if r.token, err = r.LogIn(ctx, r.Stored); err != nil {
			return err
		}
	}
	if err = r.Use(ctx, r.token); err != nil {
		return err
	}
	if r.Stored, err = r.create(ctx, r.token); err != nil {
		return err
	}
	next, err := r.LogIn(ctx, r.Stored)
	if err != nil {
		return err
	}
	if err := r.revokeOthers(ctx, r.token); err != nil { // one of them is the token's own
		return err
	}
	r.token = next
	return nil
}

// StoresLast revokes the old secret before the new one is stored.
func StoresLast(ctx context.Context, r *Rotator) error {
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
	return r.CanLogIn(ctx)
}
