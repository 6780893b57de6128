package infisical

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/understudy-dev/understudy/internal/kernel"
)

const jwtAuthMethod = "jwt-auth"

// algorithms are those of JWTs that other systems sign.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA}

// checkJWTSettings refuses keys that are none.
func checkJWTSettings(s jwtSettings) error {
	for i, text := range s.PublicKeys {
		if _, err := parsePublicKey(text); err != nil {
			return badRequest("Invalid public key").Because("publicKeys[%d]: %v", i, err)
		}
	}
	return nil
}

func parsePublicKey(text string) (any, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("not in PEM")
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

type jwtLoginRequest struct {
	IdentityID       string  `json:"identityId"`
	JWT              string  `json:"jwt"`
	OrganizationSlug *string `json:"organizationSlug"`
}

// jwtLogin exchanges a JWT that another system has signed for an access token.
// https://infisical.com/docs/api-reference/endpoints/jwt-auth/login
func (p *Provider) jwtLogin(c *kernel.Call, in jwtLoginRequest) (tokenResponse, error) {
	var none tokenResponse
	a, ok := p.methods.jwt.table.Get(c.Tx, strings.ToLower(trim(in.IdentityID)))
	if !ok {
		return none, notFound("JWT auth method not found for identity, did you configure JWT auth?").
			Because("identity %s has no JWT auth", in.IdentityID)
	}
	if a.Own.ConfigurationType == "jwks" {
		return none, badRequest("Failed to fetch signing keys").
			Because("the identity's JWT auth takes its keys from %s, and Understudy calls out to nobody: configure static public keys", a.Own.JWKSURL)
	}
	said, err := a.Own.verify(c, trim(in.JWT))
	if err != nil {
		return none, err
	}
	if err := a.Own.admit(c, said); err != nil {
		return none, err
	}
	id, _ := p.identities.Get(c.Tx, a.IdentityID)
	if problem := checkIP(c, a.AccessTokenTrustedIPs, "the identity's access tokens"); problem != nil {
		return none, problem
	}
	org, problem := p.selectOrganization(c, id, trim(orEmpty(in.OrganizationSlug)), "name")
	if problem != nil {
		return none, problem
	}
	p.loginNow(c, id, jwtAuthMethod)
	cl := p.newClaims(c, id, org, jwtAuthMethod)
	cl.AccessTokenTTL, cl.AccessTokenMaxTTL, cl.NumUsesLimit = a.AccessTokenTTL, a.AccessTokenMaxTTL, a.AccessTokenNumUsesLimit
	cl.IPRestrictionEnabled = restricted(a.AccessTokenTrustedIPs)
	return p.give(c, cl)
}

// verify reads a JWT that one of the keys has signed.
func (s jwtSettings) verify(c *kernel.Call, text string) (map[string]any, error) {
	token, err := jwt.ParseSigned(text, algorithms)
	if err != nil {
		return nil, unauthorized("Invalid JWT").Because("the JWT cannot be read: %v", err)
	}
	why := "the identity's JWT auth has no public key"
	for _, key := range s.PublicKeys {
		public, err := parsePublicKey(key)
		if err != nil {
			continue // no settings have such a key
		}
		var said map[string]any
		if err := token.Claims(public, &said); err != nil {
			why = "none of the identity's public keys has signed it"
			continue
		}
		for name, before := range map[string]bool{"exp": true, "nbf": false} {
			if at, ok := said[name].(float64); ok && (float64(c.Now.Unix()) >= at) == before {
				return nil, unauthorized("Access denied: %s", map[bool]string{true: "jwt expired", false: "jwt not active"}[before]).
					Because("%s is %s, now is %d", name, decimal(at), c.Now.Unix())
			}
		}
		return said, nil
	}
	return nil, unauthorized("Access denied: JWT verification failed with all keys").Because("%s", why)
}

// admit refuses a JWT that is not what the identity is bound to.
func (s jwtSettings) admit(_ *kernel.Call, said map[string]any) error {
	if s.BoundIssuer != "" && said["iss"] != s.BoundIssuer {
		return forbidden("Access denied: issuer mismatch").Because("iss is %v, bound to %q", said["iss"], s.BoundIssuer)
	}
	if s.BoundSubject != "" && !fits(s.BoundSubject, said["sub"]) {
		return forbidden("Access denied: subject not allowed").Because("sub is %v, bound to %q", said["sub"], s.BoundSubject)
	}
	if s.BoundAudiences != "" && !slices.ContainsFunc(strings.Split(s.BoundAudiences, ","), func(one string) bool { return fits(trim(one), said["aud"]) }) {
		return forbidden("Access denied: audience not allowed").Because("aud is %v, bound to %q", said["aud"], s.BoundAudiences)
	}
	for name, allowed := range s.BoundClaims {
		if !slices.ContainsFunc(strings.Split(allowed, ","), func(one string) bool { return fits(trim(one), said[name]) }) {
			return forbidden("Access denied: claim mismatch for field %s", name).Because("%s is %v, bound to %q", name, said[name], allowed)
		}
	}
	return nil
}

// fits reports whether a claim, or one of its values, is what a pattern says.
func fits(pattern string, claim any) bool {
	if list, ok := claim.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return fits(pattern, one) })
	}
	text := fmt.Sprint(claim)
	matched, err := path.Match(pattern, text)
	return claim != nil && (text == pattern || matched && err == nil)
}
