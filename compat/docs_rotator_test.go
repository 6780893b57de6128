package compat

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

func TestRotation(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)

	id := inf.SeedIdentity(infisical.Identity{Name: "ci"}) // what is left empty is filled in
	client := newRotator(inf.URL(), id.ClientID, id.ClientSecret)

	srv.Faults.Next(infisical.OpCreateClientSecret, fault.Status(500), fault.Drop().After())
	srv.Clock.Advance(31 * 24 * time.Hour)
	client.Rotate(t.Context())

	if n := len(srv.Journal.For(infisical.OpLogin)); n != 3 {
		t.Errorf("%d logins, want 3", n)
	}
}

// A rotator stands for the code of the pages' readers: it logs in and makes itself
// another secret, from the start again when something fails.
type rotator struct {
	client           *http.Client
	url, id, current string
}

func newRotator(url, id, secret string) *rotator {
	return &rotator{http.DefaultClient, url, id, secret}
}

func (r *rotator) Rotate(ctx context.Context) {
	for range 5 {
		var login struct{ AccessToken string }
		body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, r.id, r.current)
		if r.call(ctx, http.MethodPost, "/api/v1/auth/universal-auth/login", "", body, &login) != http.StatusOK {
			continue
		}
		var claims struct{ IdentityID string }
		payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(login.AccessToken, ".")[1])
		_ = json.Unmarshal(payload, &claims)
		var created struct{ ClientSecret string }
		path := "/api/v1/auth/universal-auth/identities/" + claims.IdentityID + "/client-secrets"
		if r.call(ctx, http.MethodPost, path, login.AccessToken, "{}", &created) == http.StatusOK {
			r.current = created.ClientSecret
			return
		}
	}
}

func (r *rotator) logIn(t *testing.T) (token string) {
	t.Helper()
	var answer struct{ AccessToken string }
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, r.id, r.current)
	if status := r.call(t.Context(), http.MethodPost, "/api/v1/auth/universal-auth/login", "", body, &answer); status != http.StatusOK {
		t.Fatalf("login: %d", status)
	}
	return answer.AccessToken
}

// identity returns the status with which an identity is answered.
func (r *rotator) identity(t *testing.T, id, token string) int {
	return r.call(t.Context(), http.MethodGet, "/api/v1/identities/"+id, token, "", nil)
}

// call returns 0 when no answer arrives.
func (r *rotator) call(ctx context.Context, method, path, token, body string, out any) (status int) {
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, strings.NewReader(body))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	if out != nil && json.NewDecoder(response.Body).Decode(out) != nil {
		return 0
	}
	return response.StatusCode
}
