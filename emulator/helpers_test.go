package emulator_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// start is where the clocks of these tests stand.
var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// TestMain lets the test binary run as another process that prints a
// transcript; see TestAnotherProcessAnswersTheSame.
func TestMain(m *testing.M) {
	if seed, ok := os.LookupEnv(transcriptSeed); ok {
		printTranscript(seed)
		return
	}
	os.Exit(m.Run())
}

// api calls one base URL.
type api struct {
	client *http.Client
	url    string
	token  string // sent as a bearer token, unless empty
}

type answer struct {
	status int
	header http.Header
	length int64 // as the Content-Length header says
	body   string
}

// try makes one call. An error while reading the body comes with the answer as
// far as it was read.
func (a api) try(ctx context.Context, method, path, body string) (answer, error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.url+path, reader)
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	return send(a.client, r)
}

func send(client *http.Client, r *http.Request) (answer, error) {
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, resp.ContentLength, string(text)}, err
}

// call makes one call that must be answered with the given status.
func (a api) call(t testing.TB, method, path, body string, status int) answer {
	t.Helper()
	got, err := a.try(t.Context(), method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if got.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.body)
	}
	return got
}

// decode reads a JSON text that must fit T.
func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

const loginPath = "/api/v1/auth/universal-auth/login"

func loginBody(clientID, secret string) string {
	return `{"clientId":"` + clientID + `","clientSecret":"` + secret + `"}`
}

func secretsPath(identityID string) string {
	return "/api/v1/auth/universal-auth/identities/" + identityID + "/client-secrets"
}

func identityPath(identityID string) string { return "/api/v1/identities/" + identityID }

// descriptions lists the client secrets of an identity by their descriptions.
func descriptions(t testing.TB, a api, identityID string) []string {
	t.Helper()
	list := decode[struct {
		ClientSecretData []struct{ Description string }
	}](t, a.call(t, "GET", secretsPath(identityID), "", http.StatusOK).body)
	names := []string{}
	for _, s := range list.ClientSecretData {
		names = append(names, s.Description)
	}
	return names
}

// newWorld returns a listening server with one identity, and the API of the
// provider in memory in the name of that identity.
func newWorld(t *testing.T, opts ...emulator.Option) (*emulator.Server, infisical.Identity, api) {
	t.Helper()
	inf := infisical.New()
	srv := emulator.NewTest(t, append([]emulator.Option{inf}, opts...)...)
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	return srv, id, api{srv.Client(), inf.URL(), id.AccessToken}
}

// serve calls a handler without a socket.
func serve(h http.Handler, method, url string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, url, nil))
	return w
}
