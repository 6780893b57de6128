package compat

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	sdk "github.com/infisical/go-sdk"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestTLS logs in with the SDK, which takes an authority's certificate, and lets
// go-oidc find the issuer.
func TestTLS(t *testing.T) {
	inf, zit := infisical.New(), zitadel.New()
	srv := emulator.NewTest(t, inf, zit, emulator.WithTLS())
	credentials := inf.Credentials()
	client := sdk.NewInfisicalClient(t.Context(), sdk.Config{SiteUrl: inf.URL(), CaCertificate: string(srv.CertificatePEM())})
	if _, err := client.Auth().UniversalAuthLogin(credentials["clientId"], credentials["clientSecret"]); err != nil {
		t.Errorf("the SDK over https: %v", err)
	}
	https := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: srv.CertPool()}}}
	if _, err := oidc.NewProvider(oidc.ClientContext(t.Context(), https), zit.URL()); err != nil {
		t.Errorf("discovery over https: %v", err)
	}
}

// behindProxy starts a proxy with TLS that rewrites the Host header.
func behindProxy(t *testing.T, to func() string, forward bool) (string, context.Context) {
	t.Helper()
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		target, err := url.Parse(to())
		if err != nil {
			panic(err)
		}
		r.SetURL(target)
		if forward {
			r.SetXForwarded()
		}
	}})
	t.Cleanup(proxy.Close)
	return proxy.URL, oidc.ClientContext(t.Context(), proxy.Client())
}

func TestBehindProxy(t *testing.T) {
	t.Run("public URL", func(t *testing.T) {
		zit := zitadel.New()
		var srv *emulator.Server
		public, ctx := behindProxy(t, func() string { return srv.URL() }, false)
		srv = emulator.NewTest(t, zit, emulator.WithPublicURL(public))
		if _, err := oidc.NewProvider(ctx, public+"/zitadel"); err != nil {
			t.Error(err)
		}
	})
	t.Run("trusted headers", func(t *testing.T) {
		zit := zitadel.New()
		emulator.NewTest(t, zit, emulator.WithTrustProxy())
		public, ctx := behindProxy(t, zit.URL, true)
		if _, err := oidc.NewProvider(ctx, public); err != nil {
			t.Error(err)
		}
	})
	t.Run("neither", func(t *testing.T) {
		zit := zitadel.New()
		emulator.NewTest(t, zit)
		public, ctx := behindProxy(t, zit.URL, true)
		if _, err := oidc.NewProvider(ctx, public); err == nil {
			t.Error("headers of an untrusted proxy count")
		}
	})
}
