package infisical

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// claims are those of an access token, in signing order.
type claims struct {
	IdentityID            string   `json:"identityId"`
	IdentityName          string   `json:"identityName"`
	AuthMethod            string   `json:"authMethod"`
	OrgID                 string   `json:"orgId"`
	RootOrgID             string   `json:"rootOrgId"`
	ParentOrgID           string   `json:"parentOrgId"`
	ClientSecretID        string   `json:"clientSecretId"`
	IdentityAccessTokenID string   `json:"identityAccessTokenId"`
	IPRestrictionEnabled  bool     `json:"ipRestrictionEnabled"`
	AccessTokenTTL        float64  `json:"accessTokenTTL"`
	AccessTokenMaxTTL     float64  `json:"accessTokenMaxTTL"`
	AccessTokenPeriod     float64  `json:"accessTokenPeriod"`
	CreationEpoch         int64    `json:"creationEpoch"`
	AuthTokenType         string   `json:"authTokenType"`
	IdentityAuth          struct{} `json:"identityAuth"`
	NumUsesLimit          float64  `json:"numUsesLimit,omitempty"`
	IssuedAt              int64    `json:"iat"`
	ExpiresAt             int64    `json:"exp,omitempty"` // 0: without end
	ID                    string   `json:"jti"`

	endless bool // of the token of a bootstrap
}

// identityAccessToken is the kind of JWT that identities carry.
const identityAccessToken = "identityAccessToken"

// revocation ends tokens before their time. It names them one by one, or all
// those of a client secret or an identity, which are never used again.
type revocation struct {
	At      time.Time
	Message string // what their holders are told
}

// The keys of revocations; an id follows.
const (
	clientSecretTokens = "client-secret/"
	identityTokens     = "identity/"
	singleToken        = "token/"
)

func (p *Provider) revoke(c *kernel.Call, key, message string) {
	p.revocations.Put(c.Tx, key, revocation{c.Now, message})
}

// issue makes the access token of a login.
func (p *Provider) issue(c *kernel.Call, id identity, org organization, ua universalAuth, clientSecretID string) (tokenResponse, error) {
	cl := p.newClaims(c, id, org, universalAuthMethod)
	cl.ClientSecretID = clientSecretID
	cl.AccessTokenTTL, cl.AccessTokenMaxTTL = ua.AccessTokenTTL, ua.AccessTokenMaxTTL
	if ua.AccessTokenPeriod > 0 {
		cl.AccessTokenTTL, cl.AccessTokenMaxTTL, cl.AccessTokenPeriod = ua.AccessTokenPeriod, 0, ua.AccessTokenPeriod
	}
	cl.NumUsesLimit = ua.AccessTokenNumUsesLimit
	cl.IPRestrictionEnabled = restricted(ua.AccessTokenTrustedIPs)
	return p.give(c, cl)
}

// give issues a token and remembers it.
func (p *Provider) give(c *kernel.Call, cl claims) (tokenResponse, error) {
	response, err := cl.token(c)
	if err == nil {
		p.remember(c, cl)
	}
	return response, err
}

// token signs the claims for as long as a token may live from now: its TTL,
// within what is left of its maximum. The service knows no token without end: it
// has a ceiling of its own, which the page of token auth does not.
func (cl *claims) token(c *kernel.Call) (tokenResponse, error) {
	issued := math.Inf(1)
	if cl.AccessTokenTTL > 0 {
		issued = cl.AccessTokenTTL
	}
	if cl.AccessTokenMaxTTL > 0 {
		issued = min(issued, cl.AccessTokenMaxTTL-float64(c.Now.Unix()-cl.CreationEpoch))
	}
	if issued > maxTokenAge && !cl.endless && (cl.AuthMethod != tokenAuthMethod || c.Differs(tokenCeiling)) {
		issued = maxTokenAge
	}
	cl.IssuedAt, cl.ExpiresAt = c.Now.Unix(), 0
	if math.IsInf(issued, 1) {
		issued = 0 // without end
	} else {
		cl.ExpiresAt = cl.IssuedAt + int64(issued)
	}
	text, err := sign(c, *cl)
	return tokenResponse{text, issued, cl.AccessTokenMaxTTL, "Bearer"}, err
}

// newClaims are the claims that do not depend on how long the token lives.
func (p *Provider) newClaims(c *kernel.Call, id identity, org organization, method string) claims {
	tokenID := c.Draw("access-token").UUID()
	return claims{
		IdentityID: id.ID, IdentityName: id.Name, AuthMethod: method,
		OrgID: org.ID, RootOrgID: id.OrganizationID, ParentOrgID: id.OrganizationID,
		IdentityAccessTokenID: tokenID, ID: tokenID,
		CreationEpoch: c.Now.Unix(), IssuedAt: c.Now.Unix(),
		AuthTokenType: identityAccessToken,
	}
}

// signingKey is the organization's AUTH_SECRET.
func signingKey(c *kernel.Call) []byte { return []byte(c.DrawWorld("auth-secret").Hex(16)) }

// sign makes the JWT itself rather than through the library's claims builder,
// which would sort the claims.
func sign(c *kernel.Call, cl claims) (string, error) {
	// JavaScript escapes no <, > and &.
	var payload bytes.Buffer
	enc := json.NewEncoder(&payload)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(cl); err != nil {
		return "", fmt.Errorf("encoding claims: %w", err)
	}
	return oauth.SignHS256(signingKey(c), bytes.TrimSpace(payload.Bytes())), nil
}

// The answers to a bad JWT.
const (
	tokenMalformed = "The provided access token is malformed. Please use a valid token or generate a new one and try again."
	tokenInvalid   = "invalid token" // three parts that make no JWT: the library's own words
	tokenExpired   = "Your token has expired. Please re-authenticate."
	tokenAlgorithm = "The access token is signed with an invalid algorithm. Please provide a valid token and try again."
)

// verify reads a JWT: its form, algorithm, signature and expiry, in the order of
// the library the service uses.
func (p *Provider) verify(c *kernel.Call, text string) (claims, error) {
	if text == "" {
		return claims{}, tokenError("jwt must be provided").Because("the token is empty; of an Authorization header the first 7 characters are cut off")
	}
	key := signingKey(c)
	cl, err := p.verified.Claims(string(key), text, func() (claims, error) { return readSigned(text, key) })
	if err == nil && cl.ExpiresAt != 0 && c.Now.Unix() >= cl.ExpiresAt {
		return cl, tokenError(tokenExpired).Because("the token expired at %s", time.Unix(cl.ExpiresAt, 0).UTC().Format(time.RFC3339))
	}
	return cl, err
}

// readSigned reads a JWT that is signed with key.
func readSigned(text string, key []byte) (claims, error) {
	var cl claims
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.HS256})
	var algorithm *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case errors.As(err, &algorithm):
		return cl, tokenError(tokenAlgorithm).Because("the token is signed with %s, not HS256", algorithm.Got)
	case err != nil && strings.Count(text, ".") == 2:
		return cl, tokenError(tokenInvalid).Because("the token has the three parts of a JWT, but cannot be read as one")
	case err != nil:
		return cl, tokenError(tokenMalformed).Because("the token is not a JWT")
	}
	if err := token.Claims(key, &cl); err != nil {
		return cl, tokenError("invalid signature").Because("the token is not signed with this world's key: it is changed, or from another world or seed")
	}
	return cl, nil
}

// schemeLength is what the service cuts off the Authorization header without
// looking: the length of "Bearer ".
const schemeLength = 7

// identify finds out which identity calls. A bad token is refused even where
// none is asked for.
// https://infisical.com/docs/api-reference/overview/authentication
func (p *Provider) identify(c *kernel.Call) error {
	header := c.Request.Header
	if header.Get("X-API-Key") != "" {
		return badRequest("API key authentication is not supported anymore. Please switch to identity authentication.")
	}
	if slug := header.Get("X-Infisical-Org"); slug != "" && fixtures.Slug(slug) != slug {
		return validation(custom{"custom", "Slug field can only contain lowercase letters, numbers, and hyphens", []any{}}).Because("the header x-infisical-org has %q", slug)
	}
	if authorization := header.Get("Authorization"); authorization != "" {
		cl, err := p.verify(c, authorization[min(schemeLength, len(authorization)):])
		if err != nil {
			return err
		}
		if cl.AuthTokenType == identityAccessToken {
			id, err := p.holder(c, cl, "Failed to authorize: ")
			if err == nil {
				err = p.use(c, id, cl)
			}
			if err != nil {
				return err
			}
			id.OrganizationID = cl.OrgID // which may be a sub-organization
			c.Caller, c.Credential = id, cl.ID
		}
	}
	if c.Secured && c.Caller == nil {
		return unauthorized("Token missing").Because("no Authorization header with an identity's access token")
	}
	return nil
}

// endOfEndless is when the service stopped taking tokens without an end.
var endOfEndless = time.Date(2026, 8, 2, 0, 0, 0, 0, time.UTC)

// holder returns the identity that a valid token stands for, unless something
// has ended the token before its time. What is refused begins with doing.
func (p *Provider) holder(c *kernel.Call, cl claims, doing string) (identity, error) {
	if cl.IssuedAt == 0 || cl.IdentityID == "" || cl.IdentityAccessTokenID == "" {
		return identity{}, unauthorized("Invalid identity access token claims, please re-authenticate").
			Because("the token lacks iat, identityId or identityAccessTokenId")
	}
	if cl.ExpiresAt == 0 && c.Now.After(endOfEndless) && c.Differs(endlessToken) {
		return identity{}, unauthorized("Identity access token exceeded max age, please re-authenticate").
			Because("the token has no end, and since %s the service takes none without", endOfEndless.Format(time.DateOnly))
	}
	keys := []string{singleToken + cl.IdentityAccessTokenID, identityTokens + cl.IdentityID}
	if cl.ClientSecretID != "" {
		keys = append(keys, clientSecretTokens+cl.ClientSecretID)
	}
	for _, key := range keys {
		if r, ok := p.revocations.Get(c.Tx, key); ok {
			return identity{}, unauthorized("%s%s", doing, r.Message).Because("%s, at %s: %s", r.Message, r.At.Format(time.RFC3339), key)
		}
	}
	id, ok := p.identities.Get(c.Tx, cl.IdentityID)
	if !ok {
		return id, unauthorized("%sIdentity is not a member of the organization", doing).Because("identity %s does not exist", cl.IdentityID)
	}
	if cl.AuthMethod == jwtAuthMethod && !p.methods.jwt.has(c, id.ID) {
		return id, unauthorized("%sauth method has been revoked", doing).Because("JWT auth was taken from identity %s", id.ID)
	}
	return id, nil
}

// tokenUse counts the uses of a token that has a limit.
type tokenUse struct{ Uses float64 }

// use counts an authenticated call, whatever becomes of it.
func (p *Provider) use(c *kernel.Call, id identity, cl claims) error {
	if cl.NumUsesLimit > 0 {
		if p.exhausted(c, cl) {
			return unauthorized("Failed to authorize: token usage limit reached").Because("the token has had its %s uses", decimal(cl.NumUsesLimit))
		}
		u, _ := p.tokenUses.Get(c.Tx, cl.IdentityAccessTokenID)
		u.Uses++
		p.tokenUses.Put(c.Tx, cl.IdentityAccessTokenID, u)
	}
	if trusted := p.trustedNow(c, id, cl.AuthMethod); restricted(trusted) {
		if problem := checkIP(c, trusted, "the identity's access tokens"); problem != nil {
			return problem.Keep() // a use all the same
		}
	}
	return nil
}

// trustedNow returns the trusted addresses of an auth method's tokens: those of
// now, not of when a token was issued.
func (p *Provider) trustedNow(c *kernel.Call, id identity, method string) []trustedIP {
	if method == jwtAuthMethod {
		a, _ := p.methods.jwt.table.Get(c.Tx, id.ID)
		return a.AccessTokenTrustedIPs
	}
	if method == tokenAuthMethod {
		t, _ := p.tokenAuths.Get(c.Tx, id.ID)
		return t.AccessTokenTrustedIPs
	}
	ua, _ := p.universalAuths.Get(c.Tx, id.ID)
	return ua.AccessTokenTrustedIPs
}

func (p *Provider) exhausted(c *kernel.Call, cl claims) bool {
	u, _ := p.tokenUses.Get(c.Tx, cl.IdentityAccessTokenID)
	return cl.NumUsesLimit > 0 && u.Uses >= cl.NumUsesLimit
}

type accessTokenRequest struct {
	AccessToken string `json:"accessToken"`
}

// identityToken reads the token of a renewal or revocation.
func (p *Provider) identityToken(c *kernel.Call, in accessTokenRequest) (claims, error) {
	cl, err := p.verify(c, trim(in.AccessToken))
	if err == nil && cl.AuthTokenType != identityAccessToken {
		err = badRequest("Token is not an identity access token").Because("the token's authTokenType is %q", cl.AuthTokenType)
	}
	return cl, err
}

// renewToken issues a new JWT under the same token id. Near the end of the
// maximum the renewed life shrinks to what is left of it; there is no refusal
// for a spent maximum, because the token has expired by then.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/renew-access-token
func (p *Provider) renewToken(c *kernel.Call, in accessTokenRequest) (tokenResponse, error) {
	var none tokenResponse
	cl, err := p.identityToken(c, in)
	if err != nil {
		return none, err
	}
	if _, err := p.holder(c, cl, "Cannot renew: "); err != nil {
		return none, err
	}
	if p.exhausted(c, cl) {
		return none, unauthorized("Cannot renew exhausted access token").Because("the token has had its %s uses", decimal(cl.NumUsesLimit))
	}
	return p.give(c, cl)
}

// tokenEnded is the answer to a revocation.
const tokenEnded = "Successfully revoked access token"

type messageResponse struct {
	Message string `json:"message"`
}

// revokeToken ends a token, and what it was or will be renewed to.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/revoke-access-token
func (p *Provider) revokeToken(c *kernel.Call, in accessTokenRequest) (messageResponse, error) {
	cl, err := p.identityToken(c, in)
	if err != nil {
		return messageResponse{}, err
	}
	p.endToken(c, cl.IdentityAccessTokenID)
	return messageResponse{tokenEnded}, nil
}

// callerOf returns the identity that calls an operation which asks for one.
func callerOf(c *kernel.Call) identity { return c.Caller.(identity) }

// authorize returns the caller if its role allows the action on identities.
func authorize(c *kernel.Call, action string) (identity, error) {
	caller := callerOf(c)
	if caller.Role == roleAdmin {
		return caller, nil
	}
	return caller, permissionDenied(action, "identity").Because("the caller's role is %s; only %s may %s identities", caller.Role, roleAdmin, action)
}
