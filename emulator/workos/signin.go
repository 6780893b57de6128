package workos

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

// How long what a sign-in gives can be used. The codes' ten minutes are those of
// the service's other sign-in; nobody public tells the rest.
const (
	codeLifetime    = 10 * time.Minute
	sessionLifetime = 24 * time.Hour
	refreshLifetime = 30 * 24 * time.Hour
)

// errorPath is where the service tells a person what it does not tell the client.
const errorPath = "/oauth2/error"

// dialect is how Connect signs people in.
func (p *Provider) dialect() signin.Dialect {
	refused := "The grant is invalid, expired or revoked."
	leave := func(c *kernel.Call, f signin.Failure) (kernel.Answer, error) {
		c.Explain("%s", f.Reason)
		to := c.Base + errorPath + "?error=" + url.QueryEscape(f.Code)
		return kernel.Answer{Status: http.StatusFound, Header: http.Header{"Location": {to}}}, nil
	}
	return signin.Dialect{
		Service: "WorkOS",
		People: func(c *kernel.Call, _ url.Values) iter.Seq[signin.Person] {
			return func(yield func(signin.Person) bool) {
				for _, u := range p.people.All(c.Tx) {
					if !yield(u.signIn()) {
						return
					}
				}
			}
		},
		Person: func(c *kernel.Call, id string) (signin.Person, bool) {
			u, ok := p.people.Get(c.Tx, id)
			return u.signIn(), ok
		},
		Client: func(c *kernel.Call, id string) (signin.Client, string) {
			a, ok := p.byClientID.Get(c.Tx, id)
			switch {
			case !ok:
				return signin.Client{}, "no application has this client id" + quoted(id)
			case a.Type == typeM2M:
				return signin.Client{}, "application " + a.ID + " is a machine's: nobody signs in to it"
			}
			return a.signIn(), ""
		},
		ResponseTypes: []string{"code"},
		ResponseModes: []string{"query"},
		Scopes: func(_ *kernel.Call, k signin.Client, asked []string) ([]string, *signin.Failure) {
			for _, s := range asked {
				if !slices.Contains(userScopes, s) && !slices.Contains(k.Scopes, s) {
					return nil, p.desk.Fail(signin.WrongScope, "application %s has the scopes %q, not %q", k.Name, k.Scopes, s)
				}
			}
			if len(asked) == 0 {
				return k.Scopes, nil
			}
			return asked, nil
		},
		Texts: map[signin.Kind]signin.Text{
			signin.MissingClient:       {Code: "application_not_found"},
			signin.UnknownClient:       {Code: "application_not_found"},
			signin.MissingRedirect:     {Code: "redirect_uri_invalid"},
			signin.WrongRedirect:       {Code: "redirect_uri_invalid"},
			signin.MissingResponseType: {Description: "Missing response type."},
			signin.UnknownResponseType: {Description: "The response type is not supported."},
			signin.WrongResponseMode:   {Description: "The response mode is not supported."},
			signin.MissingChallenge:    {Description: "A code challenge is required."},
			signin.WrongChallenge:      {Description: "The code challenge is invalid."},
			signin.WrongMethod:         {Description: "The code challenge method is not supported."},
			signin.WrongScope:          {Description: "The requested scope is invalid."},
			signin.WiderScope:          {Description: "The requested scope is invalid."},
			signin.LoginRequired:       {Description: "The user has to sign in."},
			signin.ConsentRequired:     {Description: "The user has to consent."},
			signin.AccessDenied:        {Description: "The user denied access."},
			signin.MissingCode:         {Description: "Missing code."},
			signin.MissingRefresh:      {Description: "Missing refresh token."},
			signin.UnknownCode:         {Description: refused}, signin.AnothersCode: {Description: refused},
			signin.UsedCode: {Description: refused}, signin.ExpiredCode: {Description: refused},
			signin.CodeWithoutRedirect: {Code: "invalid_grant", Description: refused}, signin.OtherRedirect: {Description: refused},
			signin.MissingVerifier: {Description: refused}, signin.WrongVerifier: {Description: refused},
			signin.UnexpectedVerifier: {Description: refused}, signin.GonePerson: {Description: refused},
			signin.UnknownRefresh: {Description: refused}, signin.AnothersRefresh: {Description: refused},
			signin.UsedRefresh: {Description: refused}, signin.ExpiredRefresh: {Description: refused},
			signin.RevokedGrant:  {Description: refused},
			signin.UnknownDevice: {Description: refused},
			signin.Pending:       {Description: "The user has not signed in yet."},
			signin.SlowDown:      {Description: "The device asks too often."},
			signin.ExpiredDevice: {Description: "The device code has expired."},
		},
		Show:     leave,
		Browsers: leave,
		TokenError: func(f signin.Failure) *kernel.Problem {
			return invalidRequest(f.Code, "%s", f.Description)
		},
		Key:     key,
		Granted: p.choose,
		Code:    func(c *kernel.Call) string { return p.newID(c, "") },
		Session: func(c *kernel.Call) string { return p.newID(c, consentPrefix) },

		CodeLifetime: codeLifetime, SessionLifetime: sessionLifetime,
	}
}

// signIn is the application as sign-in knows it. One that is not the environment's
// own asks people for consent.
func (a application) signIn() signin.Client {
	k := signin.Client{
		ID: a.ClientID, Name: a.Name, Scopes: a.Scopes, ResponseTypes: []string{"code"},
		NeedsPKCE: a.UsesPKCE || a.Dynamic, Consent: !a.FirstParty,
	}
	for _, r := range a.RedirectURIs {
		k.RedirectURIs = append(k.RedirectURIs, r.URI)
		if r.Default {
			k.DefaultRedirect = r.URI
		}
	}
	return k
}

// choose keeps which of a person's organizations is signed in to, and what the
// application is authorized for.
func (p *Provider) choose(c *kernel.Call, k signin.Client, g *signin.Grant, request url.Values) *signin.Failure {
	u, _ := p.people.Get(c.Tx, g.Person)
	asked := request.Get("organization_id")
	switch {
	case slices.Contains(u.Organizations, asked):
		g.Organization = asked
	case asked != "":
		return p.desk.Fail(signin.AccessDenied, "the person %s is no member of organization %q", u.ID, asked)
	case len(u.Organizations) > 0:
		g.Organization = u.Organizations[0]
	}
	if k.Consent {
		p.authorizes(c, k, *g)
	}
	return nil
}

// authorize signs somebody in to an application.
// https://workos.com/docs/reference/workos-connect/authorize
func (p *Provider) authorize(c *kernel.Call) (any, error) { return p.desk.Authorize(c) }

// signInError tells a person what an application is not told.
// https://workos.com/docs/reference/workos-connect/authorize
func (p *Provider) signInError(c *kernel.Call) (any, error) {
	code := c.Request.URL.Query().Get("error")
	return p.desk.ErrorPage(c, signin.Failure{Code: code, Reason: "the entry before in the journal tells the cause"}, http.StatusOK), nil
}

// profile is what is said of a person, by the scopes.
type profile struct {
	Email     string `json:"email,omitempty"`
	Verified  bool   `json:"email_verified,omitempty"`
	Name      string `json:"name,omitempty"`
	GivenName string `json:"given_name,omitempty"`
	Family    string `json:"family_name,omitempty"`
}

func (u person) profile(scopes []string) profile {
	var said profile
	if slices.Contains(scopes, "email") {
		said.Email, said.Verified = u.Email, true
	}
	if slices.Contains(scopes, "profile") {
		said.Name, said.GivenName, said.Family = u.name(), u.FirstName, u.LastName
	}
	return said
}

// idToken are the claims of an ID token, in signing order.
type idToken struct {
	Issuer         string `json:"iss"`
	Audience       string `json:"aud"` // the application's client id
	Subject        string `json:"sub"`
	SessionID      string `json:"sid"`
	OrganizationID string `json:"org_id,omitempty"`
	Nonce          string `json:"nonce,omitempty"`
	TokenHash      string `json:"at_hash"`
	AuthTime       int64  `json:"auth_time"`
	ExpiresAt      int64  `json:"exp"`
	IssuedAt       int64  `json:"iat"`
	profile
}

// exchange answers with the tokens of a code, a refresh token or a device code.
func (p *Provider) exchange(c *kernel.Call, a application, s clientSecret, grantType string) (any, error) {
	k := a.signIn()
	var g signin.Grant
	var scopes []string
	var err error
	switch grantType {
	case grantAuthorizationCode:
		g, err = p.desk.Redeem(c, k, signin.Redemption{Code: form(c, "code"), RedirectURI: form(c, "redirect_uri"), Verifier: form(c, "code_verifier")})
		scopes = g.Scopes
	case grantRefreshToken:
		g, scopes, err = p.desk.Exchange(c, k, form(c, "refresh_token"), form(c, "scope"))
	case grantDeviceCode:
		g, err = p.desk.Poll(c, k, form(c, "device_code"))
		scopes = g.Scopes
	}
	if err != nil {
		return nil, err
	}
	if s.ID != "" {
		s.LastUsedAt = c.Now
		p.secrets.Put(c.Tx, s.ID, s)
	}
	cl, end := p.claims(c, a, g.Person, strings.Join(scopes, " "))
	cl.SessionID, cl.OrganizationID = g.Session, g.Organization
	p.desk.Give(c, signin.Access, g, cl.ID, scopes, end)
	answer := tokenResponse{ExpiresIn: cl.ExpiresAt - cl.IssuedAt, TokenType: "bearer"}
	if slices.Contains(g.Scopes, offlineScope) {
		answer.RefreshToken = p.desk.Fresh(c, func() string { return c.Draw("refresh-token").Alphanumeric(refreshLength) })
		p.desk.Give(c, signin.Refresh, g, answer.RefreshToken, g.Scopes, c.In(refreshLifetime-c.Now.Sub(g.At)))
	}
	u, _ := p.people.Get(c.Tx, g.Person)
	identity := idToken{
		Issuer: c.Base, Audience: a.ClientID, Subject: g.Person, SessionID: g.Session, OrganizationID: g.Organization,
		Nonce: g.Nonce, AuthTime: g.SignedIn.Unix(), ExpiresAt: cl.ExpiresAt, IssuedAt: cl.IssuedAt, profile: u.profile(scopes),
	}
	c.Header.Set("Pragma", "no-cache")
	signing := key(c)
	c.Later(func() (any, error) {
		var err error
		if answer.AccessToken, err = signing.Sign("", cl); err != nil {
			return nil, err
		}
		if slices.Contains(scopes, openidScope) {
			identity.TokenHash = signin.Hash(answer.AccessToken)
			answer.IDToken, err = signing.Sign("", identity)
		}
		return answer, err
	})
	return nil, nil
}

// How long a device may wait, and how often it may ask, as the page's example.
const (
	deviceLifetime = 5 * time.Minute
	deviceInterval = 5 * time.Second
)

type deviceResponse struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// authorizeDevice gives a device what somebody signs it in with elsewhere. The
// device needs no secret.
// https://workos.com/docs/reference/workos-connect/cli-auth/device-authorization
func (p *Provider) authorizeDevice(c *kernel.Call) (any, error) {
	a, ok := p.byClientID.Get(c.Tx, form(c, "client_id"))
	switch {
	case form(c, "client_id") == "":
		return nil, invalidClient(missingClient).Because("the form names no client")
	case !ok:
		return nil, invalidClient("Application not found.").Because("no application has this client id%s", quoted(form(c, "client_id")))
	case a.Type == typeM2M:
		return nil, grant(a, grantDeviceCode)
	}
	scopes, failure := p.desk.Scopes(c, a.signIn(), signin.Distinct(form(c, "scope")))
	if failure != nil {
		return nil, p.desk.TokenError(*failure).Because("%s", failure.Reason)
	}
	answer := deviceResponse{
		DeviceCode: p.desk.Fresh(c, func() string { return c.Draw("device-code").Alphanumeric(deviceLength) }),
		UserCode:   p.desk.UserCode(c), URI: c.Base + "/device",
		ExpiresIn: int(deviceLifetime.Seconds()), Interval: int(deviceInterval.Seconds()),
	}
	answer.Complete = answer.URI + "?user_code=" + answer.UserCode
	p.desk.AddDevice(c, answer.DeviceCode, signin.Device{
		UserCode: answer.UserCode, Client: a.ClientID, Scopes: scopes, Expires: c.In(deviceLifetime), Interval: deviceInterval,
	})
	return answer, nil
}

// deviceLength is how long a device code is.
const deviceLength = 64

// devicePage is where somebody signs a device in.
// https://workos.com/docs/reference/workos-connect/cli-auth/device-authorization
func (p *Provider) devicePage(c *kernel.Call) (any, error) { return p.desk.Verify(c) }

// refreshLength is how long a refresh token is.
const refreshLength = 25

// public reports whether an application may prove itself by PKCE alone.
func (a application) public() bool { return a.Type == typeOAuth && (a.UsesPKCE || a.Dynamic) }

// signedIn refuses an access token of a sign-in that is not good any more.
func (p *Provider) signedIn(c *kernel.Call, cl claims) string {
	if cl.SessionID == "" {
		return ""
	}
	_, _, why := p.desk.Token(c, cl.ID)
	return why
}

// introspectRefresh tells of a refresh token.
func (p *Provider) introspectRefresh(c *kernel.Call, token string) (introspectionResponse, bool) {
	t, g, why := p.desk.Token(c, token)
	switch {
	case t.Use != signin.Refresh:
		return introspectionResponse{}, false
	case why != "":
		c.Explain("the token is not active: %s", why)
		return introspectionResponse{}, true
	}
	return introspectionResponse{
		Active: true, TokenType: "refresh_token", ClientID: g.Client, Issuer: c.Base, Subject: g.Person,
		IssuedAt: t.At.Unix(), OrganizationID: g.Organization, SessionID: g.Session,
	}, true
}
