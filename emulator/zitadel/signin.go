package zitadel

import (
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
)

// SignIn sets whether a browser is shown a page that picks who signs in, "page",
// the default, or is signed in as the default person at once, "auto".
func SignIn(mode string) Setting { return signin.Mode.To(mode) }

// How long what a sign-in gives can be used: the service's defaults for refresh
// tokens and devices; nobody public tells the rest.
const (
	codeLifetime        = 5 * time.Minute
	sessionLifetime     = 24 * time.Hour
	refreshIdleLifetime = 30 * 24 * time.Hour
	refreshLifetime     = 90 * 24 * time.Hour
	deviceLifetime      = 5 * time.Minute
	deviceInterval      = 5 * time.Second
)

// offlineScope is for a refresh token.
const offlineScope = "offline_access"

// unknownScope reports whether no application may ask for a scope; such ones are left
// out, as zitadel/oidc has it.
func unknownScope(scope string) bool {
	known := []string{"openid", "profile", "email", "phone", "address", offlineScope}
	return !slices.Contains(known, scope) && !strings.HasPrefix(scope, "urn:zitadel:iam:")
}

// contact is the end of the sentences about a request.
const contact = " If you have any questions, you may contact the administrator of the application."

// dialect is how the service signs people in, by the library it is built on.
// https://github.com/zitadel/oidc/blob/0755685475fe2e12817d4ddc12c38c470fdb41a7/pkg/op/auth_request.go
func (p *Provider) dialect() signin.Dialect {
	code, refresh := "invalid code", "invalid refresh_token"
	return signin.Dialect{
		Service: "ZITADEL",
		People: func(c *kernel.Call, request url.Values) iter.Seq[signin.Person] {
			orgID := ""
			for _, scope := range strings.Fields(request.Get("scope")) {
				if id, ok := strings.CutPrefix(scope, "urn:zitadel:iam:org:id:"); ok {
					orgID = id
				}
			}
			return func(yield func(signin.Person) bool) {
				for u := range p.persons(c) {
					if (orgID == "" || u.OrgID == orgID) && !yield(u.signIn()) {
						return
					}
				}
			}
		},
		Person: func(c *kernel.Call, id string) (signin.Person, bool) {
			if u, ok := p.person(c, id); ok {
				return u.signIn(), true
			}
			return signin.Person{}, false
		},
		Client: func(c *kernel.Call, id string) (signin.Client, string) {
			a, _, why := p.seenClient(c, id)
			if why == "" && a.OIDC == nil {
				why = "application " + a.ID + " is of type API, which nobody signs in to"
			}
			if why != "" {
				return signin.Client{}, why
			}
			return a.signIn(), ""
		},
		ResponseTypes: []string{"code", "id_token"},
		ResponseModes: []string{"query", "fragment", "form_post"},
		Scopes: func(_ *kernel.Call, _ signin.Client, asked []string) ([]string, *signin.Failure) {
			if len(asked) == 0 {
				return nil, p.desk.Fail(signin.MissingScope, "no scope")
			}
			return slices.DeleteFunc(asked, unknownScope), nil
		},
		Texts: map[signin.Kind]signin.Text{
			signin.MissingClient:       {Description: "auth request is missing client_id"},
			signin.UnknownClient:       {Code: invalidRequest, Description: "unable to retrieve client by id"},
			signin.MissingRedirect:     {Description: "auth request is missing redirect_uri"},
			signin.WrongRedirect:       {Description: "The requested redirect_uri is missing in the client configuration." + contact},
			signin.MissingResponseType: {Description: "The response type is missing in your request." + contact},
			signin.UnknownResponseType: {Code: unauthorizedClient, Description: "The requested response type is missing in the client configuration." + contact},
			signin.WrongResponseType:   {Description: "The requested response type is missing in the client configuration." + contact},
			signin.MissingChallenge:    {Description: "code_challenge required"},
			signin.WrongChallenge:      {Description: "invalid code_challenge"},
			signin.WrongMethod:         {Description: "invalid code_challenge_method"},
			signin.MissingScope:        {Description: "The scope of your request is missing. Please ensure some scopes are requested." + contact},
			signin.WrongPrompt:         {Description: "The prompt parameter `none` must only be used as a single value"},
			signin.WrongHint:           {Description: "The id_token_hint is invalid." + contact},

			signin.MissingCode: {Description: "code missing"}, signin.UnknownCode: {Description: code},
			signin.AnothersCode: {Description: code}, signin.UsedCode: {Description: code}, signin.ExpiredCode: {Description: code},
			signin.CodeWithoutRedirect: {Description: "redirect_uri missing"},
			signin.OtherRedirect:       {Description: "redirect_uri does not correspond"},
			signin.MissingVerifier:     {Code: invalidRequest, Description: "code_verifier required"},
			signin.WrongVerifier:       {Description: "invalid code_verifier"},
			signin.UnexpectedVerifier:  {Description: "code_verifier unexpected"},
			signin.GonePerson:          {Description: code},
			signin.MissingRefresh:      {Description: "refresh_token missing"}, signin.UnknownRefresh: {Description: refresh},
			signin.AnothersRefresh: {Description: refresh}, signin.UsedRefresh: {Description: refresh},
			signin.ExpiredRefresh: {Description: refresh}, signin.RevokedGrant: {Description: refresh},
			signin.WrongLogoutRedirect: {Description: "post_logout_redirect_uri invalid"},
			signin.UnknownDevice:       {Description: "invalid device_code"},
		},
		// Differs: the library answers in plain text, which says as much.
		Show: func(_ *kernel.Call, f signin.Failure) (kernel.Answer, error) {
			return kernel.Answer{}, refuseOAuth(f.Code, "%s", f.Description).Because("%s", f.Reason)
		},
		TokenError: func(f signin.Failure) *kernel.Problem { return refuseOAuth(f.Code, "%s", f.Description) },
		Key:        p.signingKey,
		Keys:       p.signingKeys,
		IDToken: func(c *kernel.Call, g signin.Grant, _, _ string) any {
			return personIDToken(c, g, []string{g.Client}, p.oidcSettings(c).IDToken)
		},
		Code:    func(c *kernel.Call) string { return p.opaque(c, "code", p.nextID(c)) },
		Session: func(c *kernel.Call) string { return "V2_" + p.nextID(c) },

		CodeLifetime: codeLifetime, SessionLifetime: sessionLifetime,
	}
}

// responseTypes are those of applications that are served.
var responseTypes = map[appv1.OIDCResponseType]string{
	appv1.OIDCResponseType_OIDC_RESPONSE_TYPE_CODE:     "code",
	appv1.OIDCResponseType_OIDC_RESPONSE_TYPE_ID_TOKEN: "id_token",
}

// signIn is the application as sign-in knows it.
func (a app) signIn() signin.Client {
	k := signin.Client{
		ID: a.ClientID, Name: a.Name, RedirectURIs: a.OIDC.RedirectUris, AfterLogout: a.OIDC.PostLogoutRedirectUris,
		NeedsPKCE: a.OIDC.AuthMethodType == appv1.OIDCAuthMethodType_OIDC_AUTH_METHOD_TYPE_NONE,
	}
	for _, t := range a.OIDC.ResponseTypes {
		if name := responseTypes[t]; name != "" {
			k.ResponseTypes = append(k.ResponseTypes, name)
		}
	}
	if a.OIDC.AppType == appv1.OIDCAppType_OIDC_APP_TYPE_NATIVE {
		k.Redirects = func(uri string) bool {
			return slices.ContainsFunc(a.OIDC.RedirectUris, func(known string) bool { return uri == known || sameLoopback(uri, known) })
		}
	}
	return k
}

// sameLoopback reports whether two addresses of this machine differ by the port
// alone, which a native application finds out when it starts.
func sameLoopback(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	local := func(u *url.URL) bool {
		return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) && (u.Scheme == "http" || u.Scheme == "https")
	}
	return errX == nil && errY == nil && local(x) && local(y) && x.Path == y.Path && x.RawQuery == y.RawQuery
}

// signInAt signs somebody in to an application.
// https://zitadel.com/docs/apis/openidoauth/endpoints#authorization_endpoint
func (p *Provider) signInAt(c *kernel.Call) (any, error) { return p.desk.Authorize(c) }

// endSession signs somebody out.
// https://zitadel.com/docs/apis/openidoauth/endpoints#end_session_endpoint
func (p *Provider) endSession(c *kernel.Call) (any, error) { return p.desk.EndSession(c) }

// devicePage is where somebody signs a device in.
// https://zitadel.com/docs/apis/openidoauth/endpoints#device_authorization_endpoint
func (p *Provider) devicePage(c *kernel.Call) (any, error) { return p.desk.Verify(c) }

// devicePath is its path.
const devicePath = "/device"

type deviceResponse struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// authorizeDevice gives a device what somebody signs it in with elsewhere.
// https://zitadel.com/docs/apis/openidoauth/endpoints#device_authorization_endpoint
func (p *Provider) authorizeDevice(c *kernel.Call, in tokenRequest) (deviceResponse, error) {
	a, err := p.oidcClient(c)
	if err != nil {
		return deviceResponse{}, err
	}
	if !slices.Contains(a.OIDC.GrantTypes, appv1.OIDCGrantType_OIDC_GRANT_TYPE_DEVICE_CODE) {
		return deviceResponse{}, refuseOAuth(unauthorizedClient, "grant_type %q not allowed", grantDeviceCode).
			Because("application %s is not configured for the grant", a.ID)
	}
	scopes := slices.DeleteFunc(signin.Distinct(in.Scope), unknownScope)
	answer := deviceResponse{
		DeviceCode: p.opaque(c, "device-code", p.nextID(c)), UserCode: p.desk.UserCode(c), URI: c.Base + devicePath,
		ExpiresIn: int(deviceLifetime.Seconds()), Interval: int(deviceInterval.Seconds()),
	}
	answer.Complete = answer.URI + "?user_code=" + answer.UserCode
	p.desk.AddDevice(c, answer.DeviceCode, signin.Device{
		UserCode: answer.UserCode, Client: a.ClientID, Scopes: scopes, Expires: c.In(deviceLifetime), Interval: deviceInterval,
	})
	return answer, nil
}

// exchange answers with the tokens of a code, a refresh token or a device code.
func (p *Provider) exchange(c *kernel.Call, a app, in tokenRequest) (tokenResponse, error) {
	k := a.signIn()
	var g signin.Grant
	var scopes []string
	var err error
	switch in.GrantType {
	case grantCode:
		g, err = p.desk.Redeem(c, k, signin.Redemption{Code: in.Code, RedirectURI: in.RedirectURI, Verifier: in.CodeVerifier})
		scopes = g.Scopes
	case grantRefreshToken:
		g, scopes, err = p.desk.Exchange(c, k, in.RefreshToken, in.Scope)
	case grantDeviceCode:
		g, err = p.desk.Poll(c, k, in.DeviceCode)
		scopes = g.Scopes
	}
	if err != nil {
		return tokenResponse{}, err
	}
	asJWT := a.OIDC.AccessTokenType == appv1.OIDCTokenType_OIDC_TOKEN_TYPE_JWT
	t, answer := p.newToken(c, g.Person, a.ClientID, scopes, append([]string{a.ClientID, a.ProjectID}, audienceOf(c, scopes)...), asJWT)
	p.desk.Give(c, signin.Access, g, t.ID, scopes, t.ExpiresAt)
	life := p.oidcSettings(c)
	renews := slices.Contains(a.OIDC.GrantTypes, appv1.OIDCGrantType_OIDC_GRANT_TYPE_REFRESH_TOKEN)
	if renews && slices.Contains(g.Scopes, offlineScope) {
		answer.RefreshToken = p.opaque(c, "refresh-token", t.ID+":"+g.Person)
		p.desk.Give(c, signin.Refresh, g, answer.RefreshToken, g.Scopes, c.In(min(life.RefreshIdle, life.Refresh-c.Now.Sub(g.At))))
	}
	identity := personIDToken(c, g, t.Audience, life.IDToken)
	if a.OIDC.IdTokenUserinfoAssertion {
		u, _ := p.users.Get(c.Tx, g.Person)
		identity.profile = p.profileOf(c, u, scopes)
	}
	return p.sign(c, answer, t, a.ProjectID, identity), nil
}

// personIDToken is newIDToken for what a person has granted.
func personIDToken(c *kernel.Call, g signin.Grant, audience []string, life time.Duration) idClaims {
	claims := newIDToken(c, g.Person, g.Client, audience, life, g.SignedIn)
	claims.Nonce, claims.Methods, claims.SessionID = g.Nonce, []string{"pwd"}, g.Session
	return claims
}

// revokeRefresh ends a refresh token, and with it what its sign-in gave, if it is
// the application's.
func (p *Provider) revokeRefresh(c *kernel.Call, a app, token string) bool {
	t, g, _ := p.desk.Token(c, token)
	if t.Use != signin.Refresh || g.Client != a.ClientID {
		return false
	}
	p.desk.RevokeGrant(c, g, "its refresh token was revoked")
	return true
}
