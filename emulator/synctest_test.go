package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// TestBubble lets a month pass for a client and the server alike, in no time.
func TestBubble(t *testing.T) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		inf := infisical.New()
		srv := emulator.NewTest(t, inf, emulator.InMemory())
		id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
		a := api{srv.Client(), inf.URL(), ""}
		login := a.call(t, "POST", loginPath, loginBody(id.ClientID, id.ClientSecret), http.StatusOK)
		a.token = decode[struct{ AccessToken string }](t, login.body).AccessToken
		a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)

		time.Sleep(29 * 24 * time.Hour)
		a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)

		time.Sleep(2 * 24 * time.Hour)
		got := a.call(t, "GET", identityPath(id.ID), "", http.StatusForbidden)
		if !strings.Contains(got.body, `"message":"Your token has expired. Please re-authenticate."`) {
			t.Errorf("refused with %s", got.body)
		}
		a.token = "" // an expired token is refused even where none is asked for
		a.call(t, "POST", loginPath, loginBody(id.ClientID, id.ClientSecret), http.StatusOK)

		// A delay passes by the bubble's time too.
		srv.Faults.Next(infisical.OpLogin, fault.Delay(time.Hour))
		before := time.Now()
		a.call(t, "POST", loginPath, loginBody(id.ClientID, id.ClientSecret), http.StatusOK)
		if took := time.Since(before); took != time.Hour {
			t.Errorf("the delayed call took %s of the bubble's time, want an hour", took)
		}
		for _, e := range srv.Journal.All() {
			if len(e.Breaches) > 0 {
				t.Errorf("%s breaks its document: %v", e.Operation, e.Breaches)
			}
		}
	})
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the month took %s", took)
	}
}

// TestBubbleChecks makes a call in a bubble that fails a test.
func TestBubbleChecks(t *testing.T) {
	r := &recorder{}
	synctest.Test(t, func(t *testing.T) {
		_, _, a := recorded(t, r, emulator.InMemory())
		a.call(t, "GET", "/nowhere", "", http.StatusNotFound)
		r.end()
	})
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "GET /nowhere is not an operation of infisical") {
		t.Errorf("failures %q, want that the path is unknown", r.errors)
	}
}

// TestBubbleWithoutInMemory asks for sockets where none can work.
func TestBubbleWithoutInMemory(t *testing.T) {
	r := &recorder{}
	synctest.Test(t, func(*testing.T) {
		if srv := emulator.NewTest(r, infisical.New()); srv != nil {
			t.Error("there is a server")
		}
	})
	if !r.fatal || len(r.errors) != 1 || !strings.Contains(r.errors[0], "emulator.InMemory()") {
		t.Errorf("failures %q, want one that ends the test and names emulator.InMemory()", r.errors)
	}
}
