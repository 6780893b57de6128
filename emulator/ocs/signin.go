package ocs

import (
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
)

// SignIn sets whether a browser is shown a page that picks who signs in, "page",
// the default, or is signed in as the default person at once, "auto".
func SignIn(mode string) Setting { return signin.Mode.To(mode) }

// The scopes of people.
const (
	openidScope  = "openid"
	profileScope = "profile"
	emailScope   = "email"
	offlineScope = "offline_access"
)

// How long what a sign-in gives can be used. The engine's defaults, but for the
// refresh tokens of authorization-code clients, which the vendor's Grafana plugin
// says last eight hours.
const (
	codeLifetime          = 5 * time.Minute
	idTokenLifetime       = 5 * time.Minute
	sessionLifetime       = 10 * time.Hour
	hybridRefreshLifetime = 30 * 24 * time.Hour
	codeRefreshLifetime   = 8 * time.Hour
)

// The response types.
const (
	codeType   = "code"
	hybridType = "code id_token"
)

// dialect is how the token service, by all that is public an IdentityServer4,
// signs people in.
func (p *Provider) dialect() signin.Dialect {
	return signin.Dialect{
		Service:       "OCS",
		People:        p.signingIn,
		Person:        p.personOf,
		Client:        p.signInClient,
		ResponseTypes: []string{codeType, hybridType},
		ResponseModes: []string{"query", "fragment", "form_post"},
		Scopes:        p.userScopes,
		Texts: map[signin.Kind]signin.Text{
			signin.MissingClient:       {Description: "Invalid client_id"},
			signin.UnknownClient:       {Description: "Unknown client or client not enabled"},
			signin.MissingRedirect:     {Description: "Invalid redirect_uri"},
			signin.WrongRedirect:       {Code: unauthorizedClient, Description: "Invalid redirect_uri"},
			signin.MissingResponseType: {Code: "unsupported_response_type", Description: "Missing response_type"},
			signin.UnknownResponseType: {Description: "Response type not supported"},
			signin.WrongResponseType:   {Description: "Invalid grant type for client"},
			signin.WrongResponseMode:   {Code: "unsupported_response_type", Description: "Invalid response_mode"},
			signin.MissingChallenge:    {Description: "code challenge required"},
			signin.WrongChallenge:      {Description: "Invalid code_challenge"},
			signin.WrongMethod:         {Description: "Transform algorithm not supported"},
			signin.MissingScope:        {Description: "Invalid scope"},
			signin.NoOpenID:            {Description: "Missing openid scope"},
			signin.WrongScope:          {Description: "Invalid scope"},
			signin.MissingNonce:        {Description: "Invalid nonce"},
			signin.WrongPrompt:         {Description: "Invalid prompt"},
			signin.WrongMaxAge:         {Description: "Invalid max_age"},
			signin.MissingCode:         {Code: invalidGrant},
			signin.CodeWithoutRedirect: {Code: unauthorizedClient},
		},
		// The engine sends only what a person decides back to the client.
		Shown: func(f signin.Failure) bool {
			return !slices.Contains([]string{"access_denied", "login_required", "consent_required"}, f.Code)
		},
		Show: func(_ *kernel.Call, f signin.Failure) (kernel.Answer, error) {
			return kernel.Answer{}, refuse(http.StatusBadRequest, f.Code, f.Description, "Correct the request to sign in.").Because("%s", f.Reason)
		},
		TokenError: func(f signin.Failure) *kernel.Problem { return tokenError(f.Code, "%s", f.Reason) },
		Key:        signingKey,
		IDToken: func(c *kernel.Call, g signin.Grant, code, state string) any {
			t := p.newIDToken(c, g, g.Scopes)
			t.CodeHash = signin.Hash(code)
			if state != "" {
				t.StateHash = signin.Hash(state)
			}
			return t
		},
		Beside: func(g signin.Grant) [][2]string {
			return [][2]string{{"scope", strings.Join(g.Scopes, " ")}}
		},
		Code:                  func(c *kernel.Call) string { return strings.ToUpper(c.Draw("code").Hex(32)) },
		Session:               func(c *kernel.Call) string { return strings.ToUpper(c.Draw("session").Hex(16)) },
		CodeLifetime:          codeLifetime,
		SessionLifetime:       sessionLifetime,
		IgnoresLogoutRedirect: true,
	}
}

// signingIn are the people of the tenant that a request names, as the vendor's
// samples do, or of all of them.
func (p *Provider) signingIn(c *kernel.Call, request url.Values) iter.Seq[signin.Person] {
	var tenantID string
	for _, acr := range strings.Fields(request.Get("acr_values")) {
		if id, ok := strings.CutPrefix(acr, "tenant:"); ok {
			tenantID = strings.ToLower(id)
		}
	}
	return func(yield func(signin.Person) bool) {
		for _, u := range p.people.All(c.Tx) {
			if (tenantID == "" || u.TenantID == tenantID) && !yield(u.signIn()) {
				return
			}
		}
	}
}

func (p *Provider) personOf(c *kernel.Call, id string) (signin.Person, bool) {
	u, ok := p.people.Get(c.Tx, id)
	return u.signIn(), ok
}

// signInClient finds a client that people sign in to, as the token service sees
// it.
func (p *Provider) signInClient(c *kernel.Call, id string) (signin.Client, string) {
	cl, ok := p.clients.Get(c.Tx, id)
	if !ok {
		if cl, ok = exhume(c, p.goneClientsByID, id); !ok {
			return signin.Client{}, "there is no client with this client_id"
		}
	}
	settings := seen(c, cl.clientSettings, cl.Past)
	if !settings.Enabled {
		return signin.Client{}, "client " + cl.ID + " is disabled"
	}
	return cl.signIn(settings), ""
}

// signIn is the client as sign-in knows it.
func (cl client) signIn(settings clientSettings) signin.Client {
	k := signin.Client{
		ID: cl.ID, Name: settings.Name,
		RedirectURIs: settings.RedirectURIs, AfterLogout: settings.PostLogoutRedirectURIs,
	}
	switch cl.Kind {
	case hybrid:
		k.ResponseTypes = []string{hybridType}
	case authorizationCode:
		k.ResponseTypes, k.NeedsPKCE = []string{codeType}, true
	}
	return k
}

// userScopes returns the scopes of a sign-in: those there are, and offline access
// for a client that may have it.
func (p *Provider) userScopes(c *kernel.Call, k signin.Client, asked []string) ([]string, *signin.Failure) {
	if len(asked) == 0 {
		return nil, p.desk.Fail(signin.MissingScope, "no scope")
	}
	if n := len(strings.Join(asked, " ")); n > maxScope {
		return nil, p.desk.Fail(signin.WrongScope, "the scope has %d characters, not up to %d", n, maxScope)
	}
	cl, _ := p.clients.Get(c.Tx, k.ID)
	settings := seen(c, cl.clientSettings, cl.Past)
	for _, s := range asked {
		switch {
		case s == offlineScope && !settings.AllowOfflineAccess:
			return nil, p.desk.Fail(signin.WrongScope, "client %s may not have %s", k.ID, s)
		case !slices.Contains(scopesSupported, s):
			return nil, p.desk.Fail(signin.WrongScope, "the scopes are %q, not %q", scopesSupported, s)
		}
	}
	identity := slices.Contains(asked, profileScope) || slices.Contains(asked, emailScope)
	if identity && !slices.Contains(asked, openidScope) {
		return nil, p.desk.Fail(signin.WrongScope, "%s and %s need %s", profileScope, emailScope, openidScope)
	}
	return asked, nil
}

// scopesSupported are the scopes there are.
var scopesSupported = []string{openidScope, profileScope, emailScope, apiScope, offlineScope}

// authorize signs somebody in to a client.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/developer-guide/identity-dev/dev-guide-authorization-code-flow.html
func (p *Provider) authorize(c *kernel.Call) (any, error) { return p.desk.Authorize(c) }

// endSession signs somebody out.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/developer-guide/identity-dev/dev-guide-authorization-code-flow.html
func (p *Provider) endSession(c *kernel.Call) (any, error) { return p.desk.EndSession(c) }

// profile is what is said of a person, by the scopes.
type profile struct {
	TenantID   string   `json:"tid"`
	RoleTypes  []string `json:"role_type"`
	Name       string   `json:"name,omitempty"`
	GivenName  string   `json:"given_name,omitempty"`
	FamilyName string   `json:"family_name,omitempty"`
	Email      string   `json:"email,omitempty"`
	Verified   *bool    `json:"email_verified,omitempty"`
}

func (p *Provider) profile(c *kernel.Call, u person, scopes []string) profile {
	said := profile{TenantID: u.TenantID, RoleTypes: p.roleTypes(c, u.Roles)}
	if slices.Contains(scopes, profileScope) {
		said.Name, said.GivenName, said.FamilyName = u.name(), u.GivenName, u.Surname
	}
	if slices.Contains(scopes, emailScope) {
		yes := true
		said.Email, said.Verified = u.Email, &yes
	}
	return said
}

// idToken are the claims of an ID token, in signing order.
type idToken struct {
	NotBefore int64    `json:"nbf"`
	ExpiresAt int64    `json:"exp"`
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	Nonce     string   `json:"nonce,omitempty"`
	IssuedAt  int64    `json:"iat"`
	TokenHash string   `json:"at_hash,omitempty"`
	CodeHash  string   `json:"c_hash,omitempty"`
	StateHash string   `json:"s_hash,omitempty"`
	SessionID string   `json:"sid"`
	Subject   string   `json:"sub"`
	AuthTime  int64    `json:"auth_time"`
	IDP       string   `json:"idp"`
	Methods   []string `json:"amr"`
	profile
}

// localIDP and passwordMethod are what the engine says of a person who signed in
// without another identity provider.
const (
	localIDP       = "local"
	passwordMethod = "pwd"
)

func (p *Provider) newIDToken(c *kernel.Call, g signin.Grant, scopes []string) idToken {
	u, _ := p.people.Get(c.Tx, g.Person)
	return idToken{
		NotBefore: c.Now.Unix(), ExpiresAt: c.In(idTokenLifetime).Unix(),
		Issuer: c.Base + identityPath, Audience: g.Client, Nonce: g.Nonce, IssuedAt: c.Now.Unix(),
		SessionID: g.Session, Subject: g.Person, AuthTime: g.SignedIn.Unix(),
		IDP: localIDP, Methods: []string{passwordMethod},
		profile: p.profile(c, u, scopes),
	}
}

// redeem answers with the tokens of a code.
func (p *Provider) redeem(c *kernel.Call, cl client, settings clientSettings, in tokenRequest) (kernel.Answer, error) {
	g, err := p.desk.Redeem(c, cl.signIn(settings), signin.Redemption{Code: in.Code, RedirectURI: in.RedirectURI, Verifier: in.CodeVerifier})
	if err != nil {
		return kernel.Answer{}, err
	}
	return p.userTokens(c, cl, settings, g, g.Scopes)
}

// refresh answers with the tokens of a refresh token, which is used up by it.
func (p *Provider) refresh(c *kernel.Call, cl client, settings clientSettings, in tokenRequest) (kernel.Answer, error) {
	g, scopes, err := p.desk.Exchange(c, cl.signIn(settings), in.RefreshToken, in.Scope)
	if err != nil {
		return kernel.Answer{}, err
	}
	return p.userTokens(c, cl, settings, g, scopes)
}

// userTokens are what a person's sign-in gives a client.
func (p *Provider) userTokens(c *kernel.Call, cl client, settings clientSettings, g signin.Grant, scopes []string) (kernel.Answer, error) {
	lifetime := time.Duration(settings.AccessTokenLifetime) * time.Second
	u, _ := p.people.Get(c.Tx, g.Person)
	content := p.newClaims(c, cl, settings, c.In(lifetime))
	content.TenantID, content.RoleTypes, content.Scope = u.TenantID, p.roleTypes(c, u.Roles), scopes
	content.Subject, content.AuthTime, content.IDP, content.SessionID = g.Person, g.SignedIn.Unix(), localIDP, g.Session
	content.Methods = []string{passwordMethod}
	p.desk.Give(c, signin.Access, g, content.ID, scopes, c.In(lifetime))
	answer := tokenResponse{ExpiresIn: int64(settings.AccessTokenLifetime), TokenType: "Bearer", Scope: strings.Join(scopes, " ")}
	if p.givesRefresh(c, cl, g) {
		answer.RefreshToken = p.desk.Fresh(c, func() string { return strings.ToUpper(c.Draw("refresh-token").Hex(32)) })
		p.desk.Give(c, signin.Refresh, g, answer.RefreshToken, g.Scopes, c.In(refreshLifetime(cl)-c.Now.Sub(g.At)))
	}
	identity := p.newIDToken(c, g, nil)
	key := signingKey(c)
	c.Later(func() (any, error) {
		var err error
		if answer.AccessToken, err = key.Sign("JWT", content); err != nil {
			return nil, err
		}
		if slices.Contains(scopes, openidScope) {
			identity.TokenHash = signin.Hash(answer.AccessToken)
			if answer.IDToken, err = key.Sign("JWT", identity); err != nil {
				return nil, err
			}
		}
		return tokenAnswer(answer), nil
	})
	return kernel.Answer{}, nil
}

// givesRefresh reports whether a refresh token goes with the tokens.
func (p *Provider) givesRefresh(c *kernel.Call, cl client, g signin.Grant) bool {
	return slices.Contains(g.Scopes, offlineScope) && (cl.Kind != hybrid || !c.Differs(hybridRefresh))
}

// refreshLifetime counts from the sign-in: a new refresh token lasts no longer
// than the first.
func refreshLifetime(cl client) time.Duration {
	if cl.Kind == hybrid {
		return hybridRefreshLifetime
	}
	return codeRefreshLifetime
}
