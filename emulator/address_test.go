package emulator_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/workos"
)

const (
	foreignOrigin = `{"type":"about:blank","title":"Forbidden","status":403,"detail":"the control API takes no changes from pages of another origin"}` + "\n"
	foreignHost   = `{"type":"about:blank","title":"Forbidden","status":403,"detail":"this server does not answer to the host name %s: it could be a page's way around the same-origin rule; --allow-host lets it, if it is this server's"}` + "\n"
)

// raw sends a request as it is written, over a socket.
func raw(t *testing.T, address, request string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"Connection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// TestControlHosts asks in every form that a request can name its host in.
func TestControlHosts(t *testing.T) {
	plain, _, _ := newWorld(t, emulator.WithAllowHost("allowed.example", "*.below.example"), emulator.WithPublicURL("http://public.example:99"))
	proxied, _, _ := newWorld(t, emulator.WithTrustProxy())
	for _, test := range []struct {
		srv     *emulator.Server
		request string
		refused string // the host, or ""
	}{
		{plain, "GET /_understudy/health HTTP/1.1\nHost: evil.example\n", "evil.example"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: EVIL.example.:80\n", "EVIL.example.:80"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: localhost\nForwarded: host=localhost\nOrigin: http://localhost\nSec-Fetch-Site: same-origin\n", "evil.example"},
		{plain, "GET http://evil.example/_understudy/health HTTP/1.1\nHost: localhost\n", "evil.example"},
		{plain, "GET http://localhost/_understudy/health HTTP/1.1\nHost: localhost\n", ""},
		{plain, "GET /_understudy/health HTTP/1.0\n", "-"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: localhost:1:2\n", "localhost:1:2"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: LocalHost.:80\n", ""},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: Allowed.Example\n", ""},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: allowed.example.:8600\n", ""},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: x.allowed.example\n", "x.allowed.example"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: x.y.below.example\n", ""},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: below.example\n", "below.example"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: understudy.ns.svc.cluster.local:8600\n", ""},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: a.test.evil.example\n", "a.test.evil.example"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: us.infisical.com\n", ""},
		{plain, "GET /infisical/api/status HTTP/1.1\nHost: evil.example\n", "evil.example"},
		{plain, "GET /_understudy/health HTTP/1.1\nHost: public.example\n", ""},
		{plain, "GET /~a/_understudy HTTP/1.1\nHost: evil.example\n", "evil.example"},
		{proxied, "GET /_understudy/health HTTP/1.1\nHost: backend.example\nX-Forwarded-Host: localhost:8443\n", ""},
		{proxied, "GET /_understudy/health HTTP/1.1\nHost: localhost\nX-Forwarded-Host: evil.example\n", "evil.example"},
	} {
		status, body := raw(t, strings.TrimPrefix(test.srv.URL(), "http://"), test.request)
		host := strings.TrimPrefix(test.refused, "-")
		if test.refused != "" && (status != http.StatusForbidden || body != fmt.Sprintf(foreignHost, host)) || test.refused == "" && status != http.StatusOK {
			t.Errorf("%q: %d %s", test.request, status, body)
		}
	}
}

// TestForeignAuthority names the host as HTTP/2 does, with TLS and without.
func TestForeignAuthority(t *testing.T) {
	plain, _, _ := newWorld(t)
	secure, _, _ := newWorld(t, emulator.WithTLS())
	for srv, client := range map[*emulator.Server]*http.Client{plain: socketClient(t, true), secure: tlsClient(t, secure, true)} {
		for host, status := range map[string]int{"evil.example": http.StatusForbidden, "localhost": http.StatusOK} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL()+"/_understudy/health", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			r.Header.Set("X-Forwarded-Host", "localhost")
			got, err := send(client, r)
			if err != nil || got.status != status || status != http.StatusOK && got.body != fmt.Sprintf(foreignHost, host) {
				t.Errorf("%s: %d %s %v", host, got.status, got.body, err)
			}
		}
	}
}

// TestOtherPagesChangeNothing sends what a page can make a browser send.
func TestOtherPagesChangeNothing(t *testing.T) {
	srv, _, _ := newWorld(t)
	own := srv.URL()
	calls := []struct {
		method, path, body string
		status             int // when it is allowed
	}{
		{"POST", "/clock/advance", `{"by":"1h"}`, 200},
		{"POST", "/clock/freeze", ``, 200},
		{"POST", "/faults", `{"operation":"` + string(infisical.OpLogin) + `","status":500}`, 201},
		{"DELETE", "/faults", ``, 204},
		{"PATCH", "/settings/infisical", `{"rateLimit":1}`, 200},
		{"DELETE", "/journal", ``, 204},
		{"POST", "/reset", `{}`, 200},
	}
	for _, page := range []struct {
		header  map[string]string
		refused bool
	}{
		{map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, true},
		{map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, true},
		{map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		{map[string]string{"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}, true},
		{map[string]string{"Origin": "null"}, true},
		{map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": own}, false},
		{map[string]string{"Origin": own}, false},
		{map[string]string{"Origin": strings.Replace(own, "http:", "https:", 1)}, true},
	} {
		for _, call := range calls {
			before := srv.Snapshot()
			r, err := http.NewRequestWithContext(t.Context(), call.method, own+"/_understudy"+call.path, strings.NewReader(call.body))
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range page.header {
				r.Header.Set(name, value)
			}
			if call.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			got, err := send(http.DefaultClient, r)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case page.refused && (got.status != http.StatusForbidden || got.body != foreignOrigin || !srv.Snapshot().Equal(before) || len(srv.Faults.List()) > 0 || srv.Clock.Offset() != 0):
				t.Errorf("%v: %s %s: %d %s", page.header, call.method, call.path, got.status, got.body)
			case !page.refused && got.status != call.status:
				t.Errorf("%v: %s %s: %d %s, want %d", page.header, call.method, call.path, got.status, got.body, call.status)
			}
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("the control API sends %s", name)
				}
			}
		}
	}
}

// issuer reads a provider's discovery document.
func issuer(t *testing.T, client *http.Client, url string, header ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/.well-known/openid-configuration", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got, err := send(client, r)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %v %s", got.status, err, got.body)
	}
	return decode[struct{ Issuer string }](t, got.body).Issuer
}

func TestIssuers(t *testing.T) {
	type headers = []string
	forwarded := headers{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "public.example:8443"}
	const pinned = "https://public.example/under"
	for _, test := range []struct {
		name    string
		options []emulator.Option
		header  headers
		want    string // "": the address of the request
	}{
		{"request", nil, nil, ""},
		{"headers of nobody", nil, forwarded, ""},
		{"trusted headers", []emulator.Option{emulator.WithTrustProxy(), emulator.WithAllowHost("public.example")}, forwarded, "https://public.example:8443"},
		{"trusted host only", []emulator.Option{emulator.WithTrustProxy(), emulator.WithAllowHost("public.example")}, forwarded[2:], "http://public.example:8443"},
		{"a chain", []emulator.Option{emulator.WithTrustProxy(), emulator.WithAllowHost("public.example")}, headers{"X-Forwarded-Proto", "HTTPS, http", "X-Forwarded-Host", "public.example, inner"}, "https://public.example"},
		{"a bad host", []emulator.Option{emulator.WithTrustProxy()}, headers{"X-Forwarded-Host", "evil/path?"}, ""},
		{"public", []emulator.Option{emulator.WithPublicURL(pinned + "/")}, forwarded, pinned + "/workos"},
		{"setting", []emulator.Option{emulator.WithPublicURL(pinned), emulator.WithSetting("workos", "publicUrl", "https://id.example/")}, nil, "https://id.example"},
		{"TLS", []emulator.Option{emulator.WithTLS()}, nil, ""},
		{"TLS behind plain", []emulator.Option{emulator.WithTLS(), emulator.WithTrustProxy(), emulator.WithAllowHost("public.example")}, headers{"X-Forwarded-Proto", "http", "X-Forwarded-Host", "public.example"}, "http://public.example"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wos := workos.New()
			srv := emulator.NewTest(t, append(test.options, wos)...)
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: srv.CertPool()}}}
			t.Cleanup(client.CloseIdleConnections)
			for _, url := range []string{wos.URL(), srv.URL() + "/workos"} {
				want := test.want
				switch {
				case want == "":
					want = url
				case url != wos.URL() && !strings.HasSuffix(want, "/workos") && test.name != "setting":
					want += "/workos"
				}
				if got := issuer(t, client, url, test.header...); got != want {
					t.Errorf("by %s: %s, want %s", url, got, want)
				}
			}
			if pin := srv.Info().Providers["workos"].PublicURL; pin != "" && issuer(t, srv.Client(), pin) != pin {
				t.Errorf("in memory, %s is not its own issuer", pin)
			}
		})
	}
	for _, bad := range []string{"public.example", "ftp://x", "https://", "https://u:p@x", "https://x?a", "https://x#a"} {
		if _, err := emulator.New(workos.New(), emulator.WithPublicURL(bad)); err == nil {
			t.Errorf("the public URL %s passes", bad)
		}
	}
}
