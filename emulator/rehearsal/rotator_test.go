package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/understudy-dev/understudy/emulator/infisical"
)

// A vault is what survives the death of a rotator: a file, a secret of the cluster.
type vault struct {
	ID, Value string
}

// A rotator replaces the client secret of an identity, well or in one of four
// wrong ways.
type rotator struct {
	http  *http.Client
	url   string
	id    infisical.Identity
	vault *vault
	wrong string
	token string // of a rotator that keeps it
	admin string // an administrator's token
}

// The ways to be wrong.
const (
	revokesFirst   = "revokes the old secret before it has a new one"
	forgetsTheLost = "forgets the secret whose answer was lost"
	keepsTheToken  = "keeps using a token that died with its secret"
	storesLast     = "stores the new secret when the old one is revoked already"
)

func (r *rotator) call(ctx context.Context, method, path, token string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := r.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return json.Unmarshal(text, out)
}

func (r *rotator) login(ctx context.Context, secret string) (string, error) {
	var out struct{ AccessToken string }
	in := map[string]string{"clientId": r.id.ClientID, "clientSecret": secret}
	err := r.call(ctx, "POST", "/api/v1/auth/universal-auth/login", "", in, &out)
	return out.AccessToken, err
}

func (r *rotator) secrets() string {
	return "/api/v1/auth/universal-auth/identities/" + r.id.ID + "/client-secrets"
}

func (r *rotator) create(ctx context.Context, token string) (vault, error) {
	var out struct {
		ClientSecret     string
		ClientSecretData struct{ ID string }
	}
	err := r.call(ctx, "POST", r.secrets(), token, map[string]string{"description": "rotated"}, &out)
	return vault{ID: out.ClientSecretData.ID, Value: out.ClientSecret}, err
}

func (r *rotator) revoke(ctx context.Context, token, id string) error {
	return r.call(ctx, "POST", r.secrets()+"/"+id+"/revoke", token, struct{}{}, &struct{}{})
}

func (r *rotator) list(ctx context.Context, token string) ([]string, error) {
	var out struct {
		ClientSecretData []struct{ ID string }
	}
	if err := r.call(ctx, "GET", r.secrets(), token, struct{}{}, &out); err != nil {
		return nil, err
	}
	var ids []string
	for _, s := range out.ClientSecretData {
		ids = append(ids, s.ID)
	}
	return ids, nil
}

// rotate makes a new secret, stores it, and revokes whatever else there is.
func (r *rotator) rotate(ctx context.Context) error {
	if r.wrong == keepsTheToken {
		return r.rotateByOneToken(ctx)
	}
	old := r.vault.ID
	token := r.admin
	if r.wrong == revokesFirst {
		if err := r.revoke(ctx, token, old); err != nil {
			return err
		}
	} else {
		var err error
		if token, err = r.login(ctx, r.vault.Value); err != nil {
			return err
		}
	}
	fresh, err := r.create(ctx, token)
	if err != nil {
		return err
	}
	if r.wrong == storesLast {
		if err := r.revoke(ctx, token, old); err != nil {
			return err
		}
	}
	*r.vault = fresh
	switch r.wrong {
	case "":
		return r.revokeOthers(ctx)
	case forgetsTheLost:
		return r.revoke(ctx, token, old)
	}
	return nil
}

// rotateByOneToken gets one token for the life of the program: when that has
// stored a new secret, its token is still the old one's.
func (r *rotator) rotateByOneToken(ctx context.Context) error {
	if r.token == "" {
		token, err := r.login(ctx, r.vault.Value)
		if err != nil {
			return err
		}
		r.token = token
	}
	ids, err := r.list(ctx, r.token)
	if err != nil {
		return err
	}
	fresh, err := r.create(ctx, r.token)
	if err != nil {
		return err
	}
	next, err := r.login(ctx, fresh.Value)
	if err != nil {
		return err
	}
	*r.vault = fresh
	for _, id := range ids {
		if err := r.revoke(ctx, r.token, id); err != nil { // the first one may be the token's own
			return err
		}
	}
	r.token = next
	return nil
}

// revokeOthers revokes every secret but the stored one, by that one's own token:
// the old one's die with it.
func (r *rotator) revokeOthers(ctx context.Context) error {
	token, err := r.login(ctx, r.vault.Value)
	if err != nil {
		return err
	}
	ids, err := r.list(ctx, token)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id != r.vault.ID {
			err = errors.Join(err, r.revoke(ctx, token, id))
		}
	}
	return err
}

func (r *rotator) canLogIn(ctx context.Context) error {
	_, err := r.login(ctx, r.vault.Value)
	return err
}
