package emulator_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/specs"
)

// The benchmarks are what to profile: go test -bench Call -cpuprofile cpu.out
// ./emulator. What they come to beside other servers, the command ./bench tells.

func BenchmarkNewTest(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		t := &recorder{}
		emulator.NewTest(t, infisical.New())
		t.end()
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := emulator.New(infisical.New()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDocument parses a document, which a process does once.
func BenchmarkDocument(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gate.NewDocument(specs.Infisical, gate.PathRule{}).Index(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCall makes calls in memory: no socket, no client's work but its
// request.
func BenchmarkCall(b *testing.B) {
	inf, aveva := infisical.New(), ocs.New()
	server, err := emulator.New(inf, aveva)
	if err != nil {
		b.Fatal(err)
	}
	identity, client := inf.Credentials(), aveva.Credentials()
	login := `{"clientId":"` + identity["clientId"] + `","clientSecret":"` + identity["clientSecret"] + `"}`
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client["clientId"]}, "client_secret": {client["clientSecret"]}}
	for _, call := range []struct{ name, url, contentType, bearer, body string }{
		{"Login", inf.URL() + "/api/v1/auth/universal-auth/login", "application/json", "", login},
		{
			"CreateClientSecret", inf.URL() + "/api/v1/auth/universal-auth/identities/" + identity["identityId"] + "/client-secrets",
			"application/json", identity["accessToken"], `{"description":"bench"}`,
		},
		{
			"CreateToken", inf.URL() + "/api/v1/auth/token-auth/identities/" + identity["identityId"] + "/tokens",
			"application/json", identity["accessToken"], `{"name":"bench"}`,
		},
		{"RS256Token", aveva.URL() + "/identity/connect/token", "application/x-www-form-urlencoded", "", form.Encode()},
	} {
		b.Run(call.name, func(b *testing.B) {
			one := func() {
				r, err := http.NewRequest(http.MethodPost, call.url, strings.NewReader(call.body))
				if err != nil {
					b.Fatal(err)
				}
				r.Header.Set("Content-Type", call.contentType)
				if call.bearer != "" {
					r.Header.Set("Authorization", "Bearer "+call.bearer)
				}
				answer, err := server.Transport().RoundTrip(r)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
					b.Fatalf("answered %s, %v", answer.Status, err)
				}
			}
			one() // parses the document
			b.ReportAllocs()
			for b.Loop() {
				one()
			}
		})
	}
}
