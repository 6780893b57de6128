package ocs

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// apiScope is the one scope of the API, which is also the tokens' audience.
const apiScope = "ocsapi"

// claims are those of an access token, in signing order. A client's own token has
// no sub: nobody has signed in.
type claims struct {
	NotBefore int64    `json:"nbf"`
	ExpiresAt int64    `json:"exp"`
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	ClientID  string   `json:"client_id"`
	Subject   string   `json:"sub,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	IDP       string   `json:"idp,omitempty"`
	TenantID  string   `json:"tid"`
	RoleTypes []string `json:"role_type"`
	ID        string   `json:"jti"`
	SessionID string   `json:"sid,omitempty"`
	IssuedAt  int64    `json:"iat"`
	Scope     []string `json:"scope"`
	Methods   []string `json:"amr,omitempty"`
}

// signingKey is the world's key.
func signingKey(c *kernel.Call) oauth.Key {
	draw := c.DrawWorld("signing-key")
	pair := fixtures.RSAKey(int(draw.Bytes(1)[0]))
	return oauth.Key{ID: strings.ToUpper(draw.Hex(16)), Pair: pair}
}

// newClaims are what a token for the client says, from now until it expires.
func (p *Provider) newClaims(c *kernel.Call, cl client, settings clientSettings, expires time.Time) claims {
	return claims{
		NotBefore: c.Now.Unix(), ExpiresAt: expires.Unix(),
		Issuer: c.Base + identityPath, Audience: apiScope,
		ClientID: cl.ID, TenantID: cl.TenantID, RoleTypes: p.roleTypes(c, settings.RoleIDs),
		ID: strings.ToUpper(c.Draw("token").Hex(16)), IssuedAt: c.Now.Unix(), Scope: []string{apiScope},
	}
}

// remember notes a token that a client got, for the inventory.
func (p *Provider) remember(c *kernel.Call, content claims) {
	kit.Remember(c, p.issued, content.ID, kit.Issued{ID: content.ID, Client: content.ClientID, At: c.Now, Expires: time.Unix(content.ExpiresAt, 0).UTC()})
}

// The bounds of what the token endpoint reads at all, in characters.
const (
	maxParameter = 100
	maxScope     = 300
)

// noStore forbids to keep a token, or why there is none.
const noStore = "no-store, no-cache, max-age=0"

type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	Scope        string `json:"scope"`
	Code         string `json:"code"`
	RedirectURI  string `json:"redirect_uri"`
	CodeVerifier string `json:"code_verifier"`
	RefreshToken string `json:"refresh_token"`
}

type tokenResponse struct {
	IDToken      string `json:"id_token,omitempty"`
	AccessToken  string `json:"access_token"`
	ExpiresIn    int64  `json:"expires_in"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

func tokenAnswer(body tokenResponse) kernel.Answer {
	return kernel.Answer{
		Status: http.StatusOK,
		Header: http.Header{"Cache-Control": {noStore}, "Pragma": {"no-cache"}},
		Body:   body,
	}
}

// token exchanges a client's secret, a code or a refresh token for an access
// token. The client is looked at
// before anything else, and what is wrong with it is never told.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/developer-guide/identity-dev/dev-guide-token-management.html
func (p *Provider) token(c *kernel.Call, in tokenRequest) (kernel.Answer, error) {
	cl, settings, err := p.authenticate(c)
	if err != nil {
		return kernel.Answer{}, err
	}
	switch {
	case in.GrantType == "":
		return kernel.Answer{}, tokenError(unsupportedGrantType, "no grant_type")
	case in.GrantType == "client_credentials" && cl.Kind == clientCredential:
		return p.grant(c, cl, settings, in.Scope)
	case in.GrantType == "client_credentials",
		in.GrantType == "authorization_code" && cl.Kind == clientCredential,
		in.GrantType == "refresh_token" && !settings.AllowOfflineAccess:
		return kernel.Answer{}, tokenError(unauthorizedClient, "the grant %s is not for %s %s", in.GrantType, cl.Kind, cl.ID)
	case in.GrantType == "authorization_code":
		return p.redeem(c, cl, settings, in)
	case in.GrantType == "refresh_token":
		return p.refresh(c, cl, settings, in)
	}
	return kernel.Answer{}, tokenError(unsupportedGrantType, "the grant_type is none of client_credentials, authorization_code, refresh_token")
}

// grant answers with an access token.
func (p *Provider) grant(c *kernel.Call, cl client, settings clientSettings, scope string) (kernel.Answer, error) {
	if len(scope) > maxScope {
		return kernel.Answer{}, tokenError(invalidScope, "the scope is longer than %d characters", maxScope)
	}
	for _, s := range strings.Fields(scope) {
		if s != apiScope {
			return kernel.Answer{}, tokenError(invalidScope, "a client can ask for the scope %s alone", apiScope)
		}
	}
	lifetime := time.Duration(settings.AccessTokenLifetime) * time.Second
	content := p.newClaims(c, cl, settings, c.In(lifetime))
	p.remember(c, content)
	key := signingKey(c)
	c.Later(func() (any, error) {
		token, err := key.Sign("JWT", content)
		return tokenAnswer(tokenResponse{AccessToken: token, ExpiresIn: int64(settings.AccessTokenLifetime), TokenType: "Bearer", Scope: apiScope}), err
	})
	return kernel.Answer{}, nil
}

// authenticate finds the client of a token request, as the token service sees it:
// it may go by the state of a while ago. Any secret that has not expired will do.
func (p *Provider) authenticate(c *kernel.Call) (client, clientSettings, error) {
	fail := func(because string, args ...any) (client, clientSettings, error) {
		return client{}, clientSettings{}, tokenError(invalidClient, because, args...)
	}
	form, _ := c.Body.Value.(map[string]any)
	credentials, _ := oauth.Client(c.Request, form)
	id, value := credentials.ID, credentials.Secret
	switch {
	case id == "":
		return fail("no client_id")
	case len(id) > maxParameter || len(value) > maxParameter:
		return fail("the client_id or the client_secret is longer than %d characters", maxParameter)
	}
	cl, ok := p.clients.Get(c.Tx, id)
	if !ok {
		if cl, ok = exhume(c, p.goneClientsByID, id); !ok {
			return fail("there is no client with this client_id")
		}
	}
	settings := seen(c, cl.clientSettings, cl.Past)
	switch {
	case !settings.Enabled:
		return fail("client %s is disabled", id)
	case cl.Kind == authorizationCode:
		return cl, settings, nil // it has no secret; PKCE stands for it
	case value == "":
		return fail("no client_secret")
	}
	sum := kit.Digest(value)
	s, ok := p.byDigest.Get(c.Tx, sum)
	if !ok {
		s, ok = exhume(c, p.goneByDigest, sum)
	}
	switch {
	case !ok:
		if restored := kit.Digest(strings.ReplaceAll(value, " ", "+")); credentials.Method == oauth.Basic && restored != sum {
			if _, ok := p.byDigest.Get(c.Tx, restored); ok {
				return fail("the secret in the Authorization header is not form-encoded: its + arrives as a space")
			}
		}
		return fail("no client has this secret")
	case s.ClientID != id || s.ClientMade != cl.Made:
		return fail("the secret is another client's")
	}
	// At its Expiration a secret still works: the service's IdentityServer refuses it
	// when now is greater (DateTimeExtensions.HasExpired).
	if expiration := seen(c, s.secretSettings, s.Past).Expiration; expiration != nil && c.Now.After(*expiration) {
		return fail("secret %d expired at %s", s.ID, expiration.Format(time.RFC3339Nano))
	}
	if stored, ok := p.secrets.Get(c.Tx, secretKey(s.ID)); ok {
		stored.LastUsed = c.Now
		p.secrets.Put(c.Tx, secretKey(s.ID), stored)
		c.Credential = secretKey(s.ID)
	}
	return cl, settings, nil
}

// roleTypes are the built-in roles among the given ones, in their order.
func (p *Provider) roleTypes(c *kernel.Call, ids []string) []string {
	types := []string{}
	for _, id := range ids {
		if r, ok := p.roles.Get(c.Tx, id); ok && r.RoleTypeID != "" && !slices.Contains(types, r.RoleTypeID) {
			types = append(types, r.RoleTypeID)
		}
	}
	return types
}

type none struct{}

// discoveryDocument names the parts of the token service, as OpenID Connect
// Discovery 1.0 has it.
type discoveryDocument struct {
	Issuer                string   `json:"issuer"`
	JWKSURI               string   `json:"jwks_uri"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	Scopes                []string `json:"scopes_supported"`
	Claims                []string `json:"claims_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
}

// discovery describes the token service by the address of the request.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/developer-guide/identity-dev/dev-guide-token-management.html
func (p *Provider) discovery(c *kernel.Call, _ none) (discoveryDocument, error) {
	return discoveryDocument{
		Issuer:                c.Base + identityPath,
		JWKSURI:               c.Base + keysPath,
		AuthorizationEndpoint: c.Base + authorizePath,
		TokenEndpoint:         c.Base + tokenPath,
		UserInfoEndpoint:      c.Base + userInfoPath,
		EndSessionEndpoint:    c.Base + endSessionPath,
		Scopes:                scopesSupported,
		Claims:                []string{"sub", "tid", "role_type", "name", "given_name", "family_name", "email", "email_verified"},
		GrantTypes:            []string{"authorization_code", "client_credentials", "refresh_token"},
		ResponseTypes:         []string{codeType, hybridType},
		ResponseModes:         []string{"form_post", "query", "fragment"},
		AuthMethods:           []string{"client_secret_basic", "client_secret_post"},
		SubjectTypes:          []string{"public"},
		Algorithms:            []string{"RS256"},
		ChallengeMethods:      []string{"plain", "S256"}, // what the engine says, though no client here may use plain
	}, nil
}

// keys publishes what access tokens are verified by.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/developer-guide/identity-dev/dev-guide-token-management.html
func (p *Provider) keys(c *kernel.Call, _ none) (oauth.KeySet, error) {
	return oauth.KeySet{Keys: []oauth.PublicKey{signingKey(c).Public(true)}}, nil
}

// userInfoBody is what the token says of its holder.
type userInfoBody struct {
	Subject string `json:"sub"`
	profile
}

// userInfo tells the holder of a token who it is.
//
// Differs: a client's own token is answered as a person's would be, under the
// client's id; the service is said to know people alone here.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/developer-guide/identity-dev/dev-guide-token-management.html
func (p *Provider) userInfo(c *kernel.Call, _ none) (userInfoBody, error) {
	who := callerOf(c)
	if who.Person == "" {
		return userInfoBody{who.ClientID, profile{TenantID: who.TenantID, RoleTypes: who.RoleTypes}}, nil
	}
	u, _ := p.people.Get(c.Tx, who.Person)
	return userInfoBody{u.ID, p.profile(c, u, who.Scopes)}, nil
}
