package workos

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// The grants that the service knows.
const (
	grantClientCredentials = "client_credentials"
	grantAuthorizationCode = "authorization_code"
	grantRefreshToken      = "refresh_token"
	grantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
)

// openidScope lets a token ask who it is about.
const openidScope = "openid"

// userScopes are those of the discovery documents, which any application has.
var userScopes = []string{"email", offlineScope, openidScope, "profile"}

// offlineScope is for a refresh token.
const offlineScope = "offline_access"

// claims are those of an access token, in signing order. A machine's has no sid.
type claims struct {
	Issuer         string `json:"iss"`
	Audience       string `json:"aud"` // the environment's client id
	Subject        string `json:"sub"`
	ClientID       string `json:"client_id"`
	SessionID      string `json:"sid,omitempty"`
	OrganizationID string `json:"org_id,omitempty"`
	Scope          string `json:"scope,omitempty"`
	ID             string `json:"jti"`
	ExpiresAt      int64  `json:"exp"`
	IssuedAt       int64  `json:"iat"`
}

type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	ExpiresIn    int64  `json:"expires_in"`
	TokenType    string `json:"token_type"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// key is what the world's tokens are signed with.
func key(c *kernel.Call) oauth.Key {
	return oauth.Key{ID: worldID(keyPrefix, c.DrawWorld("signing-key")), Pair: fixtures.RSAKey(0)}
}

func invalidClient(description string) *kernel.Problem {
	return refuse(http.StatusUnauthorized, "invalid_client", "%s", description)
}

func invalidRequest(code, format string, args ...any) *kernel.Problem {
	return refuse(http.StatusBadRequest, code, format, args...)
}

// form returns a value of the call's form.
func form(c *kernel.Call, name string) string {
	values, _ := c.Body.Value.(map[string]any)
	text, _ := values[name].(string)
	return text
}

// authenticate finds the application that calls and the secret it calls with. The
// application is looked up before anything else is looked at, as recorded.
func (p *Provider) authenticate(c *kernel.Call) (application, clientSecret, error) {
	values, _ := c.Body.Value.(map[string]any)
	client, both := oauth.Client(c.Request, values)
	fail := func(why *kernel.Problem) (application, clientSecret, error) {
		return application{}, clientSecret{}, why
	}
	if client.ID == "" {
		return fail(invalidClient(missingClient).Because("the request names no client, in the form or by HTTP Basic"))
	}
	a, ok := p.byClientID.Get(c.Tx, client.ID)
	switch {
	case !ok:
		return fail(invalidClient("Application not found.").Because("no application has this client id%s", quoted(client.ID)))
	case both:
		return fail(invalidRequest("invalid_request", "Client credentials must be sent in one way only.").
			Because("the client secret is in the form and in the Authorization header"))
	case client.Secret == "" && (a.public() || form(c, "grant_type") == grantDeviceCode && a.Type == typeOAuth):
		return a, clientSecret{}, nil
	case client.Secret == "":
		return fail(invalidClient(missingClient).Because("the request has no client secret"))
	}
	s, ok := p.secretByDigest.Get(c.Tx, kit.Digest(client.Secret))
	if !ok {
		return fail(invalidClient(wrongSecret).Because("the secret is none of application %s; it may have been deleted", a.ID))
	}
	if s.ApplicationID != a.ID {
		return fail(invalidClient(wrongSecret).Because("the secret is another application's"))
	}
	c.Credential = s.ID
	return a, s, nil
}

// token exchanges a client secret, a code or a refresh token for an access token. A secret that was used is
// marked when there is a token, and only then.
// https://workos.com/docs/reference/workos-connect/token/client-credentials-grant
func (p *Provider) token(c *kernel.Call) (any, error) {
	a, s, err := p.authenticate(c)
	if err != nil {
		return nil, err
	}
	grantType := form(c, "grant_type")
	if err := grant(a, grantType); err != nil {
		return nil, err
	}
	if a.Type == typeOAuth {
		return p.exchange(c, a, s, grantType)
	}
	scope, err := scopes(a, form(c, "scope"))
	if err != nil {
		return nil, err
	}
	cl, end := p.claims(c, a, a.ClientID, scope)
	cl.OrganizationID = a.OrganizationID
	s.LastUsedAt, s.UpdatedAt = c.Now, c.Now
	p.secrets.Put(c.Tx, s.ID, s)
	kit.Remember(c, p.issued, cl.ID, kit.Issued{ID: cl.ID, Client: a.ClientID, At: c.Now, Expires: end})
	c.Header.Set("Pragma", "no-cache")
	signing := key(c)
	c.Later(func() (any, error) {
		signed, err := signing.Sign("", cl) // the service's headers have no typ
		return tokenResponse{AccessToken: signed, ExpiresIn: cl.ExpiresAt - cl.IssuedAt, TokenType: "bearer"}, err
	})
	return nil, nil
}

// claims are those of a token that an application gets now, and when it ends.
func (p *Provider) claims(c *kernel.Call, a application, subject, scope string) (claims, time.Time) {
	end := c.In(tokenLifetime.Get(c).Truncate(time.Second))
	return claims{
		Issuer: c.Base, Audience: p.environment(c).ClientID, Subject: subject, ClientID: a.ClientID,
		Scope: scope, ID: p.newID(c, tokenPrefix), ExpiresAt: end.Unix(), IssuedAt: c.Now.Unix(),
	}, end
}

// grant refuses a grant that is not for the application.
func grant(a application, grantType string) error {
	switch grantType {
	case grantClientCredentials:
		if a.Type != typeM2M {
			return invalidRequest("unauthorized_client", "The client is not authorized to use this grant type.").
				Because("application %s is of type %s; client_credentials are for %s", a.ID, a.Type, typeM2M)
		}
		return nil
	case grantAuthorizationCode, grantRefreshToken, grantDeviceCode:
		if a.Type == typeM2M {
			return invalidRequest("unauthorized_client", "The client is not authorized to use this grant type.").
				Because("application %s is of type %s, which has client_credentials alone", a.ID, a.Type)
		}
		return nil
	case "":
		return invalidRequest("invalid_request", "Missing grant type.").Because("the form has no grant_type")
	}
	return invalidRequest("unsupported_grant_type", "The grant type is not supported.").Because("there is no such grant type")
}

// scopes returns what is granted of what is asked for.
func scopes(a application, asked string) (string, error) {
	list := strings.Fields(asked)
	if len(list) == 0 {
		return strings.Join(a.Scopes, " "), nil
	}
	for _, s := range list {
		if !slices.Contains(a.Scopes, s) && !slices.Contains(userScopes, s) {
			return "", invalidRequest("invalid_scope", "The requested scope is invalid.").
				Because("application %s has the scopes %q, not %q", a.ID, a.Scopes, s)
		}
	}
	return strings.Join(list, " "), nil
}

// verify reads a token of this world that is alive, or says why it is not.
func (p *Provider) verify(c *kernel.Call, token string) (claims, error) {
	k := key(c)
	cl, err := p.verified.Claims(k.ID, token, func() (cl claims, err error) {
		err = oauth.Verify(token, &cl, k)
		return cl, err
	})
	if err != nil {
		return cl, err
	}
	if end := cl.ExpiresAt; c.Now.Unix() >= end {
		return cl, expired(end)
	}
	if _, ok := p.byClientID.Get(c.Tx, cl.ClientID); !ok {
		return cl, errors.New("its application has been deleted")
	}
	if why := p.signedIn(c, cl); why != "" {
		return cl, errors.New(why)
	}
	if cl.SessionID == "" {
		c.Credential = cl.ID
	}
	return cl, nil
}
