package infisical

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
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
	ExpiresAt             int64    `json:"exp"`
	ID                    string   `json:"jti"`
}

// identityAccessToken is the kind of JWT that identities carry.
const identityAccessToken = "identityAccessToken"

// revocation ends the tokens that were issued before it.
type revocation struct{ At time.Time }

// The kinds of thing whose tokens are revoked together.
const revokedClientSecret = "client-secret/"

func (p *Provider) revoke(c *kernel.Call, kind, id string) {
	p.revocations.Put(c.Tx, kind+id, revocation{c.Now})
}

// revoked reports whether a token issued at iat falls under a revocation.
func (p *Provider) revoked(c *kernel.Call, kind, id string, iat int64) bool {
	r, ok := p.revocations.Get(c.Tx, kind+id)
	return ok && iat*1000 <= r.At.UnixMilli()
}

// issue makes the access token of a login.
func (p *Provider) issue(c *kernel.Call, id identity, ua universalAuth, clientSecretID string) (tokenResponse, error) {
	ttl, maxTTL := ua.AccessTokenTTL, ua.AccessTokenMaxTTL
	if ua.AccessTokenPeriod > 0 {
		ttl, maxTTL = ua.AccessTokenPeriod, 0
	}
	cl := p.newClaims(c, id, universalAuthMethod)
	cl.ClientSecretID = clientSecretID
	cl.AccessTokenTTL, cl.AccessTokenMaxTTL, cl.AccessTokenPeriod = ttl, maxTTL, ua.AccessTokenPeriod
	cl.NumUsesLimit = ua.AccessTokenNumUsesLimit
	issued := issuedTTL(ttl, maxTTL)
	cl.ExpiresAt = cl.IssuedAt + int64(issued)
	token, err := sign(c, cl)
	if err != nil {
		return tokenResponse{}, err
	}
	return tokenResponse{token, issued, maxTTL, "Bearer"}, nil
}

// newClaims are the claims that do not depend on how long the token lives.
func (p *Provider) newClaims(c *kernel.Call, id identity, method string) claims {
	tokenID := c.Draw("access-token").UUID()
	return claims{
		IdentityID: id.ID, IdentityName: id.Name, AuthMethod: method,
		OrgID: id.OrganizationID, RootOrgID: id.OrganizationID, ParentOrgID: id.OrganizationID,
		IdentityAccessTokenID: tokenID, ID: tokenID,
		CreationEpoch: c.Now.Unix(), IssuedAt: c.Now.Unix(),
		AuthTokenType: identityAccessToken,
	}
}

// issuedTTL is how long a new token lives, in seconds: the configured time,
// within the maximum and the service's own ceiling.
func issuedTTL(ttl, maxTTL float64) float64 {
	issued := float64(maxTokenAge)
	if ttl > 0 {
		issued = min(issued, ttl)
	}
	if maxTTL > 0 {
		issued = min(issued, maxTTL)
	}
	return issued
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
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: signingKey(c)}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("making the token's signer: %w", err)
	}
	token, err := signer.Sign(bytes.TrimSpace(payload.Bytes()))
	if err != nil {
		return "", fmt.Errorf("signing an access token: %w", err)
	}
	return token.CompactSerialize()
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
func verify(c *kernel.Call, text string) (claims, error) {
	var cl claims
	if text == "" {
		return cl, tokenError("jwt must be provided").Because("the Authorization header has nothing behind its first 7 characters")
	}
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.HS256})
	var algorithm *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case errors.As(err, &algorithm):
		return cl, tokenError(tokenAlgorithm).Because("the token is signed with %s, not HS256", algorithm.Got)
	case err != nil && strings.Count(text, ".") == 2:
		return cl, tokenError(tokenInvalid).Because("the bearer token has the three parts of a JWT, but cannot be read as one")
	case err != nil:
		return cl, tokenError(tokenMalformed).Because("the bearer token is not a JWT")
	}
	if err := token.Claims(signingKey(c), &cl); err != nil {
		return cl, tokenError("invalid signature").Because("the token is not signed with this world's key: it is changed, or from another world or seed")
	}
	if cl.ExpiresAt != 0 && c.Now.Unix() >= cl.ExpiresAt {
		return cl, tokenError(tokenExpired).Because("the token expired at %s", time.Unix(cl.ExpiresAt, 0).UTC().Format(time.RFC3339))
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
	if authorization := header.Get("Authorization"); authorization != "" {
		cl, err := verify(c, authorization[min(schemeLength, len(authorization)):])
		if err != nil {
			return err
		}
		if cl.AuthTokenType == identityAccessToken {
			id, err := p.holder(c, cl)
			if err != nil {
				return err
			}
			c.Caller = id
		}
	}
	if c.Secured && c.Caller == nil {
		return unauthorized("Token missing").Because("no Authorization header with an identity's access token")
	}
	return nil
}

// holder returns the identity that a valid token stands for, unless something
// has ended the token before its time.
func (p *Provider) holder(c *kernel.Call, cl claims) (identity, error) {
	const failed = "Failed to authorize: "
	id, ok := p.identities.Get(c.Tx, cl.IdentityID)
	switch {
	case cl.ClientSecretID != "" && p.revoked(c, revokedClientSecret, cl.ClientSecretID, cl.IssuedAt):
		return id, unauthorized(failed+"client secret has been revoked").Because("client secret %s, which the token was issued for, is revoked", cl.ClientSecretID)
	case !ok:
		return id, unauthorized(failed+"Identity is not a member of the organization").Because("identity %s does not exist", cl.IdentityID)
	}
	return id, nil
}

// callerOf returns the identity that calls an operation which asks for one.
func callerOf(c *kernel.Call) identity { return c.Caller.(identity) }

// authorize returns the caller if its role allows the action on identities.
func authorize(c *kernel.Call, action string) (identity, error) {
	caller := callerOf(c)
	if caller.Role == roleAdmin {
		return caller, nil
	}
	problem := refuse(http.StatusForbidden, "PermissionDenied", "You are not allowed to %s on identity", action)
	problem.Details = []any{}
	return caller, problem.Because("the caller's role is %s; only %s may %s identities", caller.Role, roleAdmin, action)
}
