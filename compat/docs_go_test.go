package compat

import (
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/infisical/go-sdk"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

func TestLogin(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"}) // what is left empty is filled in

	client := sdk.NewInfisicalClient(t.Context(), sdk.Config{SiteUrl: inf.URL()})
	if _, err := client.Auth().UniversalAuthLogin(id.ClientID, id.ClientSecret); err != nil {
		t.Fatal(err)
	}
	if n := len(srv.Journal.For(infisical.OpLogin)); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func TestSecretExpires(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	secret := inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id.ID, TTL: 3600}) // seconds

	srv.Clock.Advance(61 * time.Minute)
	client := sdk.NewInfisicalClient(t.Context(), sdk.Config{SiteUrl: inf.URL()})
	if _, err := client.Auth().UniversalAuthLogin(id.ClientID, secret.Secret); err == nil {
		t.Error("the secret works after its end")
	}
	t.Log(srv.Journal.Last().Reason) // why: "client secret … expired at …"
}

func TestLostAnswer(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	world := inf.Credentials() // those of the default world

	// The login happens; its answer does not arrive.
	srv.Faults.Next(infisical.OpLogin, fault.Drop().After())
	client := sdk.NewInfisicalClient(t.Context(), sdk.Config{SiteUrl: inf.URL()})
	if _, err := client.Auth().UniversalAuthLogin(world["clientId"], world["clientSecret"]); err != nil {
		t.Fatal(err) // the SDK tries again
	}
	if n := len(srv.Journal.For(infisical.OpLogin)); n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
}

func TestMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inf := infisical.New()
		srv := emulator.NewTest(t, inf, emulator.InMemory()) // does not listen
		id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
		// Real hosts, answered in memory; any other host is refused.
		api := &rotator{srv.Client(), "https://app.infisical.com", id.ClientID, id.ClientSecret}

		token := api.logIn(t)
		time.Sleep(29 * 24 * time.Hour) // of the bubble's time: none of yours
		if status := api.identity(t, id.ID, token); status != 200 {
			t.Errorf("after 29 days: %d", status)
		}
		time.Sleep(2 * 24 * time.Hour)
		if status := api.identity(t, id.ID, token); status != 403 {
			t.Errorf("after 31 days: %d", status)
		}
	})
}
