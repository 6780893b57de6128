package emulator_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// trust makes an identity take the word of an issuer.
func trust(t *testing.T, inf api, identity, issuer, ca string) {
	t.Helper()
	body := fmt.Sprintf(`{"oidcDiscoveryUrl":%q,"boundIssuer":%q,"caCert":%q}`, issuer, issuer, ca)
	inf.call(t, "POST", "/api/v1/auth/oidc-auth/identities/"+identity, body, http.StatusOK)
}

// vouchedLogin logs an identity in by a JWT and returns why that was refused.
func vouchedLogin(t *testing.T, inf api, identity, jwt string, want int) string {
	t.Helper()
	inf.token = ""
	a := inf.call(t, "POST", "/api/v1/auth/oidc-auth/login", fmt.Sprintf(`{"identityId":%q,"jwt":%q}`, identity, jwt), want)
	return a.header.Get("X-Understudy-Reason")
}

// TestIssuerOnThisMachine takes the word of an issuer that is no provider: its keys
// are read at each login, so that a key that it has withdrawn is good no more.
func TestIssuerOnThisMachine(t *testing.T) {
	issuer := providertest.NewIssuer()
	t.Cleanup(issuer.Close)
	inf := infisical.New()
	emulator.NewTest(t, inf)
	id := inf.SeedIdentity(infisical.Identity{})
	caller := api{http.DefaultClient, inf.URL(), id.AccessToken}
	trust(t, caller, id.ID, issuer.URL, "")
	vouchedLogin(t, caller, id.ID, signed(t, issuer, "first"), http.StatusOK)
	issuer.Rotate("second")
	vouchedLogin(t, caller, id.ID, signed(t, issuer, "second"), http.StatusOK)
	if why := vouchedLogin(t, caller, id.ID, signed(t, issuer, "first"), http.StatusUnauthorized); !strings.Contains(why, `has the id "first"`) {
		t.Errorf("refused because %s", why)
	}
}

func signed(t *testing.T, issuer *providertest.Issuer, key string) string {
	t.Helper()
	jwt, err := issuer.Sign(key, map[string]any{"iss": issuer.URL, "sub": "job"})
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

// TestToldIssuer keeps what an issuer publishes that the server was told of, and
// reads it again for a key that it does not know.
func TestToldIssuer(t *testing.T) {
	issuer := providertest.NewIssuer()
	t.Cleanup(issuer.Close)
	inf := infisical.New()
	emulator.NewTest(t, inf, emulator.WithAllowIssuer(issuer.URL+"/"))
	id := inf.SeedIdentity(infisical.Identity{})
	caller := api{http.DefaultClient, inf.URL(), id.AccessToken}
	trust(t, caller, id.ID, issuer.URL, "")
	vouchedLogin(t, caller, id.ID, signed(t, issuer, "first"), http.StatusOK)
	vouchedLogin(t, caller, id.ID, signed(t, issuer, "first"), http.StatusOK)
	issuer.Rotate("second")
	vouchedLogin(t, caller, id.ID, signed(t, issuer, "second"), http.StatusOK)
	if asked, want := issuer.Asked(), []string{"/.well-known/openid-configuration", "/keys", "/keys"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}

// TestIssuersThatAreNotTrusted refuses a login for each way in which an issuer may
// not be asked, or does not answer as one.
func TestIssuersThatAreNotTrusted(t *testing.T) {
	issuer := providertest.NewIssuer()
	t.Cleanup(issuer.Close)
	answer := func(handle http.HandlerFunc) *httptest.Server {
		server := httptest.NewServer(handle)
		t.Cleanup(server.Close)
		return server
	}
	long := answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20+1)) })
	moved := answer(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, issuer.URL+r.URL.Path, http.StatusFound)
	})
	endless := answer(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	bare := answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	elsewhere := answer(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"jwks_uri":"https://keys.example/keys"}`))
	})
	secure := httptest.NewTLSServer(issuer.Config.Handler)
	t.Cleanup(secure.Close)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))

	inf := infisical.New()
	emulator.NewTest(t, inf)
	for _, test := range []struct{ name, issuer, ca, why string }{
		{"no provider, not on this machine", "https://ci.example", "", "https://ci.example is no provider of this server, not on this machine, and not named by --allow-issuer"},
		{"a private address", "http://10.0.0.1", "", "nobody else is asked"},
		{"no address", "ftp://ci.example", "", "is no address"},
		{"nobody listens", "http://127.0.0.1:1", "", "refused"},
		{"too long", long.URL, "", "longer than 1048576 bytes"},
		{"redirects to elsewhere", moved.URL, "", "which is elsewhere"},
		{"redirects without end", endless.URL, "", "too often"},
		{"no keys", bare.URL, "", "has no jwks_uri"},
		{"keys elsewhere", elsewhere.URL, "", "https://keys.example is no provider"},
		{"not found", issuer.URL + "/nowhere", "", "the answer was 404"},
		{"a certificate that nobody knows", secure.URL, "", "certificate"},
		{"no certificate", secure.URL, "nonsense", "not one in PEM"},
		{"a certificate that is known", secure.URL, ca, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			id := inf.SeedIdentity(infisical.Identity{})
			caller := api{http.DefaultClient, inf.URL(), id.AccessToken}
			trust(t, caller, id.ID, test.issuer, test.ca)
			caller.call(t, "PATCH", "/api/v1/auth/oidc-auth/identities/"+id.ID, fmt.Sprintf(`{"boundIssuer":%q}`, issuer.URL), http.StatusOK)
			want := http.StatusUnauthorized
			if test.why == "" {
				want = http.StatusOK
			}
			if why := vouchedLogin(t, caller, id.ID, signed(t, issuer, "first"), want); !strings.Contains(why, test.why) {
				t.Errorf("refused because %s", why)
			}
		})
	}
}
