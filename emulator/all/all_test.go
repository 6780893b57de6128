// Package all_test holds the providers together: what needs all of them in one
// server stands here, so that who imports package emulator has none of what they
// need among his dependencies.
package all_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
)

// everything returns the options of a server with all providers.
func everything(t testing.TB, opts ...emulator.Option) []emulator.Option {
	t.Helper()
	providers, err := all.New()
	if err != nil {
		t.Fatal(err)
	}
	return append(providers, opts...)
}

// An answer is what a call was answered.
type answer struct {
	status int
	header http.Header
	length int64 // as the Content-Length header says
	body   string
}

// send makes one call, with the token as a bearer token unless it is empty. An
// error while reading the body comes with the answer as far as it was read.
func send(ctx context.Context, client *http.Client, token, method, url, body string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, response.ContentLength, string(text)}, err
}

// control makes a call of the control API at a gateway or a sandbox, which must be
// answered with the status.
func control(t testing.TB, gateway, method, path, body string, status int) answer {
	t.Helper()
	a, err := send(t.Context(), http.DefaultClient, "", method, gateway+"/_understudy"+path, body)
	if err != nil || a.status != status {
		t.Fatalf("%s %s: %d, want %d: %s %v", method, path, a.status, status, a.body, err)
	}
	return a
}

// isProblem reports whether an answer is a refusal by RFC 9457.
func isProblem(a answer) bool {
	var p struct {
		Title, Detail string
		Status        int
	}
	return a.header.Get("Content-Type") == "application/problem+json" && json.Unmarshal([]byte(a.body), &p) == nil &&
		p.Status == a.status && p.Title == http.StatusText(a.status) && p.Detail != ""
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
