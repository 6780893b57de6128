package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// TestOriginsAndHosts is the table of docs/testing.md: what a page of an origin, on
// a browser that asks beforehand where it has to, reads and changes.
func TestOriginsAndHosts(t *testing.T) {
	const (
		foreign = "https://evil.example"
		page    = "http://localhost:3000" // of a program under development
		told    = "https://app.example:3000"
	)
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithAllowOrigin(told), emulator.AllowUnknown())
	credentials := inf.Credentials()
	login := loginBody(credentials["clientId"], credentials["clientSecret"])
	own, control := inf.URL(), srv.URL()

	const (
		read    = "GET"       // a simple request
		write   = "POST"      // with a body and type that need no question before
		ask     = "preflight" // the question
		stream  = "SSE"
		yes, no = true, false
	)
	for _, test := range []struct {
		to           string // provider or control
		origin, host string
		what         string
		status       int
		shared       bool // whether the page may read the answer
	}{
		{"provider", "", "", write, 200, no}, // no browser
		{"provider", page, "", read, 200, yes},
		{"provider", page, "", write, 200, yes},
		{"provider", page, "", ask, 204, yes},
		{"provider", "http://127.0.0.1:5173", "", ask, 204, yes},
		{"provider", "http://[::1]:5173", "", ask, 204, yes},
		{"provider", "https://app.localhost", "", ask, 204, yes},
		{"provider", told, "", ask, 204, yes},
		{"provider", told, "", write, 200, yes},
		{"provider", "OWN", "", write, 200, yes},
		{"provider", foreign, "", read, 200, no},
		{"provider", foreign, "", write, 403, no},
		{"provider", foreign, "", ask, 403, no},
		{"provider", "null", "", write, 403, no},
		{"provider", "http://localhost.evil.example", "", ask, 403, no},
		{"provider", "http://app.example:3000", "", ask, 403, no}, // told with https
		{"provider", "", "evil.example", read, 403, no},
		{"provider", "http://evil.example", "evil.example", write, 403, no}, // rebound
		{"provider", "", "app.infisical.com", read, 200, no},
		{"provider", "", "understudy", read, 200, no},
		{"control", "", "", write, 200, no},
		{"control", page, "", read, 200, no},
		{"control", page, "", write, 403, no},
		{"control", page, "", ask, 405, no},
		{"control", told, "", write, 403, no},
		{"control", "OWN", "", write, 200, no},
		{"control", foreign, "", read, 200, no},
		{"control", foreign, "", stream, 200, no},
		{"control", foreign, "", write, 403, no},
		{"control", "null", "", write, 403, no},
		{"control", "", "evil.example", read, 403, no},
		{"control", "", "evil.example", stream, 403, no},
		{"control", "http://evil.example", "evil.example", write, 403, no},
		{"control", "", "understudy.internal", read, 200, no},
	} {
		for _, version := range []string{"HTTP/1.1", "h2c"} {
			t.Run(fmt.Sprintf("%s %s %s from %q by %q", version, test.what, test.to, test.origin, test.host), func(t *testing.T) {
				var url string
				method, body := http.MethodGet, ""
				switch {
				case test.to == "provider" && test.what == read:
					url = own + identityPath(credentials["identityId"])
				case test.to == "provider":
					method, url, body = http.MethodPost, own+loginPath, login
				case test.what == read:
					url = control + "/_understudy/clock"
				case test.what == stream:
					url = control + "/_understudy/journal/stream"
				default:
					method, url, body = http.MethodPost, control+"/_understudy/clock/resume", ""
				}
				if test.what == ask {
					method, body = http.MethodOptions, ""
				}
				r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				r.Host = test.host
				if body != "" {
					r.Header.Set("Content-Type", "application/json")
				}
				if test.what == ask {
					r.Header.Set("Access-Control-Request-Method", "POST")
				}
				if test.to == "provider" && test.what == read {
					r.Header.Set("Authorization", "Bearer "+credentials["accessToken"])
				}
				switch test.origin {
				case "":
				case "OWN":
					r.Header.Set("Origin", strings.TrimSuffix(map[string]string{"provider": own, "control": control}[test.to], "/"))
				default:
					r.Header.Set("Origin", test.origin)
				}
				before := len(srv.Journal.All())
				response, err := socketClient(t, version == "h2c").Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = response.Body.Close() // a stream has no end
				if response.StatusCode != test.status {
					t.Errorf("status %d, want %d", response.StatusCode, test.status)
				}
				if shared := response.Header.Get("Access-Control-Allow-Origin") != ""; shared != test.shared {
					t.Errorf("the page may read it: %t, want %t", shared, test.shared)
				}
				if test.status == http.StatusForbidden && len(srv.Journal.All()) != before {
					t.Error("the call has come through")
				}
			})
		}
	}
}
