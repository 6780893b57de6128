package compat

import (
	"net/url"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestZitadelRelyingParty is ZITADEL's own library for applications that people sign
// in to: it authenticates its client in two ways at once when it refreshes and
// revokes, which the service takes.
func TestZitadelRelyingParty(t *testing.T) {
	zit := zitadel.New()
	srv := emulator.NewTest(t, zit)
	ctx := t.Context()
	c := zitadelClient{t, zit, zit.Credentials()["accessToken"]}
	var app struct{ ClientID, ClientSecret string }
	c.call("POST", "/projects/"+zit.Credentials()["projectId"]+"/apps/oidc", `{"name":"web","redirectUris":["https://app.example/back"],`+
		`"grantTypes":["OIDC_GRANT_TYPE_AUTHORIZATION_CODE","OIDC_GRANT_TYPE_REFRESH_TOKEN"]}`, &app)
	party := must(rp.NewRelyingPartyOIDC(ctx, zit.URL(), app.ClientID, app.ClientSecret, "https://app.example/back", []string{"openid", "offline_access"}))(t)

	back := must(srv.SignIn("", rp.AuthURL("a state", party)))(t)
	code := must(url.Parse(back))(t).Query().Get("code")
	tokens := must(rp.CodeExchange[*oidc.IDTokenClaims](ctx, code, party))(t)
	fresh := must(rp.RefreshTokens[*oidc.IDTokenClaims](ctx, party, tokens.RefreshToken, "", ""))(t)
	if fresh.AccessToken == tokens.AccessToken || fresh.RefreshToken == tokens.RefreshToken || fresh.IDTokenClaims.GetSubject() != tokens.IDTokenClaims.GetSubject() {
		t.Errorf("refreshed: %+v", fresh)
	}
	if _, err := rp.Userinfo[*oidc.UserInfo](ctx, fresh.AccessToken, "Bearer", fresh.IDTokenClaims.GetSubject(), party); err != nil {
		t.Error(err)
	}
	if err := rp.RevokeToken(ctx, party, fresh.RefreshToken, "refresh_token"); err != nil {
		t.Fatal(err)
	}
	if _, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, party, fresh.RefreshToken, "", ""); err == nil {
		t.Error("a revoked refresh token is good")
	}
	if _, err := rp.Userinfo[*oidc.UserInfo](ctx, fresh.AccessToken, "Bearer", fresh.IDTokenClaims.GetSubject(), party); err == nil {
		t.Error("the access token of a revoked grant is good")
	}
}
