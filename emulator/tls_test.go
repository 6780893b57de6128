package emulator_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// tlsClient returns a client that trusts the server, with connections of its own.
func tlsClient(t *testing.T, srv *emulator.Server, http2 bool) *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{RootCAs: srv.CertPool()}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestTLS reaches every listener by both protocols.
func TestTLS(t *testing.T) {
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithTLS())
	id := inf.SeedIdentity(infisical.Identity{})
	for _, http2 := range []bool{false, true} {
		client := tlsClient(t, srv, http2)
		for _, url := range []string{inf.URL(), srv.URL() + "/infisical"} {
			if !strings.HasPrefix(url, "https://127.0.0.1:") {
				t.Errorf("the address is %s", url)
			}
			api{client, url, id.AccessToken}.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
		}
		info := decode[emulator.Info](t, api{client, srv.URL() + "/_understudy", ""}.call(t, "GET", "/info", "", http.StatusOK).body)
		if got, want := info.Providers["infisical"].GatewayURL, srv.URL()+"/infisical"; info.Gateway != srv.URL() || got != want {
			t.Errorf("info names %s and %s, want %s", info.Gateway, got, want)
		}
	}
	if _, err := (api{http.DefaultClient, inf.URL(), ""}).try(t.Context(), "GET", "/", ""); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("a client that does not trust the authority: %v", err)
	}
	// In memory there is nothing to trust.
	api{srv.Client(), inf.URL(), id.AccessToken}.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
}

// TestCertificateNames looks at the certificate by the names that clients use.
func TestCertificateNames(t *testing.T) {
	srv, _, _ := newWorld(t, emulator.WithTLS(), emulator.WithPublicURL("https://Public.example:8443/u"), emulator.WithAllowHost("also.example"))
	address := strings.TrimPrefix(srv.URL(), "https://")
	for name, good := range map[string]bool{
		"127.0.0.1": true, "::1": true, "localhost": true, "x.localhost": true, "infisical.ci.sandbox.localhost": true,
		"understudy": true, "public.example": true, "also.example": true,
		"another.example": false, "x.public.example": false,
	} {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: srv.CertPool(), ServerName: name})
		if (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			leaf := conn.ConnectionState().PeerCertificates[0]
			if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() || leaf.IsCA {
				t.Errorf("%s: a certificate of %v", name, leaf.PublicKey)
			}
			_ = conn.Close()
		}
	}
	other, _, _ := newWorld(t, emulator.WithTLS())
	if bytes.Equal(srv.CertificatePEM(), other.CertificatePEM()) {
		t.Error("two servers share an authority")
	}
	plain, _, _ := newWorld(t)
	if plain.CertificatePEM() != nil || plain.CertPool() != nil {
		t.Error("a server without TLS has an authority")
	}
}
