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

// TestWhatAPersonExpects asks the control API as somebody who guesses.
func TestWhatAPersonExpects(t *testing.T) {
	srv := emulator.NewTest(t, infisical.New())
	ct := controlOf(srv)
	info := ct.call(t, "GET", "/info", "", http.StatusOK).body
	for _, path := range []string{"", "/"} {
		if got := ct.call(t, "GET", path, "", http.StatusOK).body; strings.Split(got, `"clock"`)[0] != strings.Split(info, `"clock"`)[0] {
			t.Errorf("GET /_understudy%s: %s", path, got)
		}
	}
	for call, detail := range map[string]string{
		"/journal?stauts=200":                                        `there is no query parameter \"stauts\" here; did you mean status?`,
		"/journal?provider=infisicl":                                 `there is no provider \"infisicl\" here; did you mean infisical?`,
		"/journal?operation=POST%20/api/v1/auth/universal-auth/logn": `did you mean POST /api/v1/auth/universal-auth/login?`,
	} {
		if got := ct.call(t, "GET", call, "", http.StatusBadRequest).body; !strings.Contains(got, detail) {
			t.Errorf("%s: %s", call, got)
		}
	}
	ct.call(t, "POST", "/clock/freeze", "", http.StatusOK)
	before := srv.Clock.Now()
	ct.call(t, "POST", "/clock/advance", `{"by":"30d"}`, http.StatusOK)
	ct.call(t, "POST", "/clock/advance", `{"by":"1d12h"}`, http.StatusOK)
	if got := srv.Clock.Now().Sub(before).Hours(); got != 31.5*24 {
		t.Errorf("the clock moved by %v hours", got)
	}
	made := ct.call(t, "POST", "/sandboxes", `{"seed":"other"}`, http.StatusCreated).body
	sandbox := decode[struct {
		Providers map[string]struct {
			URL         string
			Credentials map[string]string
		}
	}](t, made).Providers["infisical"]
	api{http.DefaultClient, sandbox.URL, ""}.call(t, "POST", loginPath, loginBody(sandbox.Credentials["clientId"], sandbox.Credentials["clientSecret"]), http.StatusOK)
	if list := ct.call(t, "GET", "/sandboxes", "", http.StatusOK).body; strings.Contains(list, "credentials") {
		t.Errorf("the list tells credentials: %s", list)
	}
}
