package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// TestSettingsChangeAtRunTime changes from Go what the control API can change, and
// reads it there.
func TestSettingsChangeAtRunTime(t *testing.T) {
	srv := emulator.NewTest(t, infisical.New())
	shown := func() string {
		return controlOf(srv).call(t, "GET", "/settings/infisical", "", http.StatusOK).body
	}
	if before := shown(); !strings.Contains(before, `"rateLimit":0`) {
		t.Fatalf("before: %s", before)
	}
	if err := srv.Settings.Set("infisical", "rateLimit", "3"); err != nil {
		t.Fatal(err)
	}
	if after := shown(); !strings.Contains(after, `"rateLimit":3`) {
		t.Errorf("after: %s", after)
	}
	if got := srv.Settings.Of("infisical")["rateLimit"]; got != 3 {
		t.Errorf("rateLimit is %v", got)
	}
	if got := srv.Settings.Of("nobody"); got != nil {
		t.Errorf("nobody's settings are %v", got)
	}
	for _, wrong := range [][2]string{{"nobody", "rateLimit"}, {"infisical", "rateLimits"}} {
		if err := srv.Settings.Set(wrong[0], wrong[1], "3"); err == nil {
			t.Errorf("%s.%s can be set", wrong[0], wrong[1])
		}
	}
}

// TestSetContract changes the contract of a world that goes on, and takes its
// state to another server.
func TestSetContract(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	seeded := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	srv.SetContract(emulator.Live)
	if info := controlOf(srv).call(t, "GET", "/info", "", http.StatusOK).body; !strings.Contains(info, `"contract":"live"`) {
		t.Errorf("info: %s", info)
	}
	state := controlOf(srv).call(t, "GET", "/state", "", http.StatusOK).body
	other := emulator.NewTest(t, infisical.New())
	controlOf(other).call(t, "PUT", "/state", state, http.StatusOK)
	for _, s := range []*emulator.Server{srv, other} {
		at := api{http.DefaultClient, s.Info().Providers["infisical"].URL, ""}
		at.call(t, "POST", loginPath, loginBody(seeded.ClientID, seeded.ClientSecret), http.StatusOK)
		if got := controlOf(s).call(t, "GET", "/info", "", http.StatusOK).body; !strings.Contains(got, `"contract":"live"`) {
			t.Errorf("info: %s", got)
		}
	}
}
