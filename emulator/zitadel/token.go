package zitadel

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
	"github.com/understudy-dev/understudy/internal/signin"
)

// accessToken is the record of an access token. The token itself is not kept; a
// JWT is known by its id, an opaque one by its digest.
type accessToken struct {
	ID, Digest          string
	UserID, ClientID    string
	Scopes, Audience    []string
	IssuedAt, ExpiresAt time.Time
	SignedBy            string // the web key's id; empty for an opaque one
}

// The grants of the token endpoint.
const (
	grantCode              = "authorization_code"
	grantRefreshToken      = "refresh_token"
	grantClientCredentials = "client_credentials"
	grantJWTProfile        = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
	grantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
)

// appGrants are the grants that OIDC applications may be given, by the name of
// the Management API, and the parameter that each wants.
var appGrants = map[string]struct {
	of        appv1.OIDCGrantType
	parameter string
}{
	grantCode:          {appv1.OIDCGrantType_OIDC_GRANT_TYPE_AUTHORIZATION_CODE, "code"},
	grantRefreshToken:  {appv1.OIDCGrantType_OIDC_GRANT_TYPE_REFRESH_TOKEN, "refresh_token"},
	grantDeviceCode:    {appv1.OIDCGrantType_OIDC_GRANT_TYPE_DEVICE_CODE, "device_code"},
	grantTokenExchange: {appv1.OIDCGrantType_OIDC_GRANT_TYPE_TOKEN_EXCHANGE, "subject_token"},
}

// The scopes that name an audience: a project's, or, by its name, the instance's
// own project, which stands for its APIs.
const (
	audiencePrefix   = "urn:zitadel:iam:org:project:id:"
	audienceSuffix   = ":aud"
	instanceName     = "zitadel"
	instanceAudience = audiencePrefix + instanceName + audienceSuffix
)

// instanceProject is the id of the instance's own project.
func instanceProject(c *kernel.Call) string { return worldID(c, instanceProjectPlace) }

// audienceOf returns the projects that a token with these scopes is meant for.
func audienceOf(c *kernel.Call, scopes []string) []string {
	var projects []string
	for _, scope := range scopes {
		id, ok := strings.CutPrefix(scope, audiencePrefix)
		id, suffixed := strings.CutSuffix(id, audienceSuffix)
		if !ok || !suffixed {
			continue
		}
		if id == instanceName {
			id = instanceProject(c)
		}
		if !slices.Contains(projects, id) {
			projects = append(projects, id)
		}
	}
	return projects
}

type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	Scope        string `json:"scope"`
	Assertion    string `json:"assertion"`
	Code         string `json:"code"`
	RedirectURI  string `json:"redirect_uri"`
	CodeVerifier string `json:"code_verifier"`
	RefreshToken string `json:"refresh_token"`
	DeviceCode   string `json:"device_code"`
}

type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ExpiresIn    int    `json:"expires_in"`
	IDToken      string `json:"id_token,omitempty"`
}

// token answers every grant.
// https://zitadel.com/docs/apis/openidoauth/endpoints#token_endpoint
func (p *Provider) token(c *kernel.Call, in tokenRequest) (tokenResponse, error) {
	switch in.GrantType {
	case "":
		return tokenResponse{}, refuseOAuth(invalidRequest, "grant_type missing").Because("the form has no grant_type")
	case grantClientCredentials:
		u, err := p.machineClient(c)
		if err != nil {
			return tokenResponse{}, err
		}
		return p.issue(c, u, u.UserName, in.Scope), nil
	case grantJWTProfile:
		u, err := p.assertingUser(c, in.Assertion)
		if err != nil {
			return tokenResponse{}, err
		}
		return p.issue(c, u, u.ID, in.Scope), nil
	}
	grant, ok := appGrants[in.GrantType]
	if !ok {
		return tokenResponse{}, refuseOAuth(unsupportedGrantType, "%s not supported", in.GrantType).Because("there is no such grant")
	}
	a, err := p.oidcClient(c)
	if err != nil {
		return tokenResponse{}, err
	}
	if !slices.Contains(a.OIDC.GrantTypes, grant.of) {
		return tokenResponse{}, refuseOAuth(unauthorizedClient, "grant_type %q not allowed", in.GrantType).
			Because("application %s is not configured for the grant", a.ID)
	}
	form, _ := c.Body.Value.(map[string]any)
	if value, _ := form[grant.parameter].(string); value == "" {
		return tokenResponse{}, refuseOAuth(invalidRequest, "%s missing", grant.parameter).Because("the form has no %s", grant.parameter)
	}
	if in.GrantType != grantTokenExchange {
		return p.exchange(c, a, in)
	}
	return tokenResponse{}, refuseOAuth(invalidGrant, "invalid %s", grant.parameter).Because("tokens are not exchanged for others here")
}

// machineClient returns the machine user that authenticates with its secret. An
// application is none: that its client id is not found here surprises many.
func (p *Provider) machineClient(c *kernel.Call) (user, error) {
	cc, err := clientCredentials(c)
	if err != nil {
		return user{}, err
	}
	u, ok := p.byUserName.Get(c.Tx, fold(cc.ID))
	if !ok {
		problem := refuseOAuth(invalidClient, "client not found")
		if a, ok := p.byClientID.Get(c.Tx, cc.ID); ok {
			return u, problem.Because("%s is the client id of application %s; client credentials are for machine users, whose client id is the user name", cc.ID, a.ID)
		}
		return u, problem.Because("no machine user has this login name")
	}
	if why := u.whyNotActive(); why != "" {
		return u, refuseOAuth(invalidRequest, userNotActive).Because("%s", why)
	}
	sum, _ := u.Secret.seen(c)
	present := u.Secret.now()
	if sum == "" {
		problem := refuseOAuth(invalidRequest, secretNotExisting)
		if present != "" {
			return u, problem.Because("the secret of user %s is so new that the OAuth endpoints do not see it: zitadel.lag is %s", u.UserName, lag.Get(c))
		}
		return u, problem.Because("user %s has no secret", u.UserName)
	}
	given := kit.Digest(cc.Secret)
	if subtle.ConstantTimeCompare([]byte(sum), []byte(given)) != 1 {
		problem := refuseOAuth(invalidRequest, secretInvalid)
		if given == present {
			return u, problem.Because("the secret is so new that the OAuth endpoints do not see it: zitadel.lag is %s", lag.Get(c))
		}
		return u, problem.Because("the secret is not that of user %s, or not its present one", u.UserName)
	}
	return u, nil
}

// assertingUser returns the machine user that proves to have one of its keys.
func (p *Provider) assertingUser(c *kernel.Call, assertion string) (user, error) {
	if assertion == "" {
		return user{}, refuseOAuth(invalidRequest, "assertion missing").Because("the form has no assertion")
	}
	k, why := p.verifyAssertion(c, assertion)
	u, ok := p.users.Get(c.Tx, k.OwnerID)
	if why == "" && !ok {
		why = "key " + k.ID + " is an application's, which is good for introspection alone"
	}
	if why == "" {
		why = u.whyNotActive()
	}
	if why == "" {
		return u, nil
	}
	if c.Differs(badAssertion) {
		problem := refuseOAuth(serverError, "Errors.Internal")
		problem.Status = http.StatusInternalServerError
		return u, problem.Because("%s", why)
	}
	return u, refuseOAuth(invalidGrant, "invalid assertion").Because("%s", why)
}

// oidcClient returns the OIDC application that authenticates as it is configured
// to.
func (p *Provider) oidcClient(c *kernel.Call) (app, error) {
	cc, err := clientCredentials(c)
	if err != nil {
		return app{}, err
	}
	clientID, k, why := cc.ID, key{}, ""
	if cc.Assertion != "" {
		k, why = p.verifyAssertion(c, cc.Assertion)
		clientID = k.Identifier
	}
	a, seen, unseen := p.seenClient(c, clientID)
	if unseen == "" && a.OIDC == nil {
		unseen = "application " + a.ID + " is of type API, which this endpoint does not take"
	}
	switch {
	case cc.Assertion != "" && why != "":
		return a, refuseOAuth(invalidClient, "invalid assertion").Because("%s", why)
	case unseen != "":
		return a, refuseOAuth(invalidClient, "no active client not found").Because("%s", unseen) // sic
	case cc.Assertion != "", seen.AuthMethod == appv1.OIDCAuthMethodType_OIDC_AUTH_METHOD_TYPE_NONE:
		return a, nil
	case seen.AuthMethod == appv1.OIDCAuthMethodType_OIDC_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT:
		return a, refuseOAuth(invalidClient, "invalid assertion").Because("application %s authenticates with an assertion, and there is none", a.ID)
	case cc.Secret == "":
		return a, refuseOAuth(invalidClient, "empty client secret").Because("no client secret is sent")
	case subtle.ConstantTimeCompare([]byte(seen.Digest), []byte(kit.Digest(cc.Secret))) != 1:
		return a, refuseOAuth(invalidClient, "invalid secret").Because("%s", wrongSecret(c, a, cc.Secret))
	}
	return a, nil
}

// accessClaims are those of a JWT access token, in signing order.
type accessClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  []string `json:"aud,omitempty"`
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	ClientID  string   `json:"client_id"`
	ID        string   `json:"jti"`

	Roles roleClaims `json:"-"`
}

// MarshalJSON adds the claims with roles.
func (a accessClaims) MarshalJSON() ([]byte, error) {
	type plain accessClaims
	return withClaims(plain(a), a.Roles)
}

// idClaims are those of an ID token, in signing order; the nonce, methods and session
// are of a person's alone.
type idClaims struct {
	Issuer          string   `json:"iss"`
	Subject         string   `json:"sub"`
	Audience        []string `json:"aud"`
	ExpiresAt       int64    `json:"exp"`
	IssuedAt        int64    `json:"iat"`
	AuthTime        int64    `json:"auth_time"`
	Nonce           string   `json:"nonce,omitempty"`
	Methods         []string `json:"amr,omitempty"`
	AuthorizedParty string   `json:"azp"`
	ClientID        string   `json:"client_id"`
	AccessTokenHash string   `json:"at_hash,omitempty"`
	SessionID       string   `json:"sid,omitempty"`
	profile
}

// newIDToken makes an ID token of a user who signed in at an instant.
func newIDToken(c *kernel.Call, userID, clientID string, audience []string, life time.Duration, at time.Time) idClaims {
	return idClaims{
		Issuer: c.Base, Subject: userID, Audience: audience, ExpiresAt: c.In(life).Unix(), IssuedAt: c.Now.Unix(),
		AuthTime: at.Unix(), AuthorizedParty: clientID, ClientID: clientID,
	}
}

// newToken stores an access token, and begins the answer that it is in. A JWT is
// signed later.
func (p *Provider) newToken(c *kernel.Call, userID, clientID string, scopes, audience []string, asJWT bool) (accessToken, tokenResponse) {
	life := p.oidcSettings(c)
	t := accessToken{
		ID:     "V2_" + p.nextID(c) + "-at_" + p.nextID(c),
		UserID: userID, ClientID: clientID, Scopes: scopes, Audience: audience,
		IssuedAt: c.Now, ExpiresAt: c.In(life.AccessToken),
	}
	answer := tokenResponse{TokenType: "Bearer", ExpiresIn: life.expiresIn()}
	if asJWT {
		t.SignedBy = p.signingKey(c).ID
	} else {
		answer.AccessToken = p.opaque(c, "access-token", t.ID+":"+userID)
		t.Digest = kit.Digest(answer.AccessToken)
	}
	p.tokens.Put(c.Tx, t.ID, t)
	return t, answer
}

// sign signs after the transaction what an answer lacks: the access token, unless it
// is opaque, and the ID token that the scope openid is for.
func (p *Provider) sign(c *kernel.Call, answer tokenResponse, t accessToken, projectID string, identity idClaims) tokenResponse {
	asJWT, openID := answer.AccessToken == "", slices.Contains(t.Scopes, "openid")
	if !asJWT && !openID {
		return answer
	}
	signer, issuer := p.signingKey(c), c.Base
	roles := p.rolesFor(c, t.UserID, projectID, t.Scopes, t.Audience, false)
	c.Later(func() (any, error) {
		var err error
		if asJWT {
			answer.AccessToken, err = signer.Sign("JWT", accessClaims{
				issuer, t.UserID, t.Audience, t.ExpiresAt.Unix(), t.IssuedAt.Unix(), t.IssuedAt.Unix(), t.ClientID, t.ID, roles,
			})
		}
		if err == nil && openID {
			identity.AccessTokenHash = signin.Hash(answer.AccessToken)
			answer.IDToken, err = signer.Sign("JWT", identity)
		}
		return answer, err
	})
	return answer
}

// issue makes the tokens of a machine user's grant.
func (p *Provider) issue(c *kernel.Call, u user, clientID, scope string) tokenResponse {
	scopes := strings.Fields(scope)
	asJWT := u.AccessTokenType == userv1.AccessTokenType_ACCESS_TOKEN_TYPE_JWT
	t, answer := p.newToken(c, u.ID, clientID, scopes, audienceOf(c, scopes), asJWT)
	if slices.Contains(scopes, offlineScope) {
		answer.RefreshToken = p.opaque(c, "refresh-token", t.ID+":"+u.ID)
	}
	identity := newIDToken(c, u.ID, clientID, append([]string{clientID}, t.Audience...), p.oidcSettings(c).IDToken, c.Now)
	return p.sign(c, answer, t, "", identity)
}

// verifyJWT returns the id of an access token that this instance has signed, or
// says why it is none.
func (p *Provider) verifyJWT(c *kernel.Call, text string) (string, string) {
	var claims accessClaims
	if err := oauth.Verify(text, &claims, p.signingKeys(c)...); err != nil {
		return "", "no token here has this value, and it is none of this world's JWTs: " + err.Error()
	}
	if claims.ID == "" {
		return "", "the JWT is not an access token"
	}
	return claims.ID, ""
}
