package understudy_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/testcontainers/testcontainers-go"

	understudy "github.com/understudy-dev/understudy/packaging/testcontainers"
)

func TestLogin(t *testing.T) {
	testcontainers.SkipIfProviderIsNotHealthy(t)

	server, err := understudy.Run(t.Context(), testcontainers.WithEnv(map[string]string{"UNDERSTUDY_SEED": "ci"}))
	testcontainers.CleanupContainer(t, server)
	if err != nil {
		t.Fatal(err)
	}
	infisical := server.Providers["infisical"]
	login := `{"clientId":"` + infisical.Credentials["clientId"] + `","clientSecret":"` + infisical.Credentials["clientSecret"] + `"}`
	response, err := http.Post(infisical.URL+"/api/v1/auth/universal-auth/login", "application/json", strings.NewReader(login))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("login: %s", response.Status)
	}
}

func TestControl(t *testing.T) {
	testcontainers.SkipIfProviderIsNotHealthy(t)

	server, err := understudy.Run(t.Context())
	testcontainers.CleanupContainer(t, server)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"infisical", "workos", "zitadel", "ocs"} {
		if p := server.Providers[name]; p.URL == "" || len(p.Credentials) == 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	var clock struct{ Now string }
	if err := server.Control(t.Context(), "POST", "clock/set", map[string]string{"to": "2040-01-01T00:00:00Z"}, &clock); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(clock.Now, "2040-01-01T") {
		t.Errorf("the clock shows %q", clock.Now)
	}
	err = server.Control(t.Context(), "POST", "clock/advance", map[string]string{"by": "-1h"}, nil)
	if err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("a clock that goes back: %v", err)
	}
}

func TestAnotherImage(t *testing.T) {
	testcontainers.SkipIfProviderIsNotHealthy(t)

	server, err := understudy.Run(t.Context(), understudy.WithImage("no-such-image"))
	testcontainers.CleanupContainer(t, server)
	if err == nil || !strings.Contains(err.Error(), "no-such-image") {
		t.Errorf("an image that is not there: %v", err)
	}
}
