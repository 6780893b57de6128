package emulator_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// TestUsesUnderConcurrency logs in at once and more often than the secret may be
// used. Once the limit is found out the secret is revoked, so that the others
// count as wrong secrets and lock the login; none of them gets in.
func TestUsesUnderConcurrency(t *testing.T) {
	const clients, limit = 200, 50
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	secret := inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id.ID, NumUsesLimit: limit})
	a := api{srv.Client(), inf.URL(), ""}
	var (
		wg          sync.WaitGroup
		in, refused atomic.Int32
		tokens      sync.Map
	)
	for range clients {
		wg.Go(func() {
			got, err := a.try(t.Context(), "POST", loginPath, loginBody(id.ClientID, secret.Secret))
			switch {
			case err != nil:
				t.Error(err)
			case got.status == http.StatusOK:
				in.Add(1)
				tokens.Store(got.body, true)
			case got.status == http.StatusUnauthorized:
				refused.Add(1)
			default:
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
	}
	wg.Wait()
	if in.Load() != limit || refused.Load() != clients-limit {
		t.Errorf("%d logins succeeded and %d were refused, want %d and %d", in.Load(), refused.Load(), limit, clients-limit)
	}
	distinct := 0
	tokens.Range(func(any, any) bool { distinct++; return true })
	if distinct != limit {
		t.Errorf("%d distinct tokens, want %d", distinct, limit)
	}
	a.token = id.AccessToken
	got := a.call(t, "GET", secretsPath(id.ID)+"/"+secret.ID, "", http.StatusOK)
	if !strings.Contains(got.body, `"clientSecretNumUses":50,`) || !strings.Contains(got.body, `"isClientSecretRevoked":true`) {
		t.Errorf("the secret is %s, want 50 uses and revoked", got.body)
	}
	if n := len(srv.Journal.For(infisical.OpLogin)); n != clients {
		t.Errorf("%d logins are in the journal, want %d", n, clients)
	}
}

// TestEverythingAtOnce gives the race detector something to look at: calls,
// faults, clock, snapshots and resets, all at the same time.
func TestEverythingAtOnce(t *testing.T) {
	srv, id, a := newWorld(t)
	credentials := srv.Info().Providers["infisical"].Credentials
	a.token = credentials["accessToken"]
	before := srv.Snapshot()
	var wg sync.WaitGroup
	for _, do := range []func(){
		func() { _, _ = a.try(t.Context(), "POST", secretsPath(id.ID), `{}`) },
		func() { _, _ = a.try(t.Context(), "GET", secretsPath(credentials["identityId"]), "") },
		func() { srv.Clock.Advance(1); srv.Clock.Freeze(); srv.Clock.Resume() },
		func() { srv.Restore(before) },
		func() { _ = srv.Snapshot().Equal(before) },
		func() { srv.Journal.All(); srv.Journal.Last() },
		func() { srv.Reset() },
		func() { _, _ = controlOf(srv).try(t.Context(), "GET", "/info", "") },
	} {
		wg.Go(func() {
			for range 20 {
				do()
			}
		})
	}
	wg.Wait()
	srv.Reset()
	a.call(t, "GET", identityPath(credentials["identityId"]), "", http.StatusOK)
}
