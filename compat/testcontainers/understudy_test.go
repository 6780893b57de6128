package testcontainers

import (
	"net/http"
	"testing"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

func TestUnderstudy(t *testing.T) {
	testcontainers.SkipIfProviderIsNotHealthy(t)

	understudy, err := testcontainers.Run(t.Context(), "understudy",
		testcontainers.WithExposedPorts("8600/tcp", "8601/tcp", "8602/tcp", "8603/tcp", "8604/tcp"),
		testcontainers.WithEnv(map[string]string{"UNDERSTUDY_SEED": t.Name()}),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/_understudy/health").WithPort("8600/tcp")),
	)
	testcontainers.CleanupContainer(t, understudy)
	if err != nil {
		t.Fatal(err)
	}
	infisical, err := understudy.PortEndpoint(t.Context(), "8601/tcp", "http")
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := understudy.PortEndpoint(t.Context(), "8600/tcp", "http")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("INFISICAL_HOST", infisical)

	response, err := http.Get(gateway + "/_understudy/info") // addresses and credentials
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("info: %s", response.Status)
	}
}
