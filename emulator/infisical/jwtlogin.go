package infisical

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

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

// An assertionRequest is the body of a login by another system's word.
type assertionRequest struct {
	IdentityID       string  `json:"identityId"`
	JWT              string  `json:"jwt"`
	OrganizationSlug *string `json:"organizationSlug"`
}

// jwtLogin exchanges a JWT that another system has signed for an access token. The
// keys are in the identity's settings, or at a URL.
// https://infisical.com/docs/api-reference/endpoints/jwt-auth/login
func (p *Provider) jwtLogin(c *kernel.Call, in assertionRequest) (tokenResponse, error) {
	var none tokenResponse
	a, ok := p.methods.jwt.table.Get(c.Tx, strings.ToLower(trim(in.IdentityID)))
	if !ok {
		return none, notFound("JWT auth method not found for identity, did you configure JWT auth?").
			Because("identity %s has no JWT auth", in.IdentityID)
	}
	given, err := readAssertion(trim(in.JWT))
	if err != nil {
		return none, err
	}
	verify := given.verifyWithStaticKeys
	if a.Own.ConfigurationType == jwksConfiguration {
		verify = given.verifyWithKeySet
	}
	said, err := verify(c, a.Own)
	if err != nil {
		return none, err
	}
	if a.Own.BoundIssuer != "" && said["iss"] != a.Own.BoundIssuer {
		return none, forbidden("Access denied: issuer mismatch").Because("iss is %v, bound to %q", said["iss"], a.Own.BoundIssuer)
	}
	if err := a.Own.bounds().admit(said); err != nil {
		return none, err
	}
	return p.grant(c, a.tokenAuth, p.methods.jwt.slug, in.OrganizationSlug, identityAuth{})
}

// jwksConfiguration is the type of those settings whose keys are at a URL.
const jwksConfiguration = "jwks"

// verifyWithStaticKeys tries all keys that the settings have.
func (a assertion) verifyWithStaticKeys(c *kernel.Call, s jwtSettings) (map[string]any, error) {
	var words, reasons []string
	for _, key := range s.PublicKeys {
		public, err := parsePublicKey(key)
		if err != nil {
			continue // no settings have such a key
		}
		said, err := a.verify(c, public, "")
		if err == nil {
			return said, nil
		}
		words, reasons = append(words, err.Error()), append(reasons, err.(*notGood).why)
	}
	if words == nil {
		reasons = []string{"the identity's JWT auth has no public key"}
	}
	return nil, unauthorized("Access denied: JWT verification failed with all keys. Errors - %s", strings.Join(words, "; ")).
		Because("%s", strings.Join(reasons, "; "))
}

// verifyWithKeySet takes the key that the JWT names of those at the settings' URL.
func (a assertion) verifyWithKeySet(c *kernel.Call, s jwtSettings) (map[string]any, error) {
	keys, err := a.keySet(c, s.JWKSURL, s.JWKSCACert)
	if err != nil {
		return nil, keyFailure(c, err)
	}
	i := slices.IndexFunc(keys, a.signedWith)
	if i < 0 {
		return nil, keyFailure(c, fmt.Errorf("none of the keys at %s has the id %q", s.JWKSURL, a.KeyID))
	}
	said, err := a.verify(c, keys[i].Key, "")
	if err != nil {
		return nil, denied("Access denied: "+err.Error(), err)
	}
	return said, nil
}

// keyFailure refuses a login for keys that cannot be had.
func keyFailure(c *kernel.Call, err error) error {
	switch {
	case kernel.Waits(err):
		return err
	case c.Differs(keysNotRead):
		return refuse(http.StatusInternalServerError, "InternalServerError", "%s", errorMessages[500]).Because("%v", err)
	}
	return unauthorized("Access denied: Failed to retrieve signing key: %v", err).Because("%v", err)
}

func (s jwtSettings) bounds() bounds {
	return bounds{
		subject: s.BoundSubject, audiences: s.BoundAudiences, claims: s.BoundClaims,
		noSubject:   func() *kernel.Problem { return unauthorized("Access denied: token has no subject field") },
		badSubject:  func() *kernel.Problem { return forbidden("Access denied: subject not allowed") },
		noAudience:  func() *kernel.Problem { return unauthorized("Access denied: token has no audience field") },
		badAudience: func() *kernel.Problem { return unauthorized("Access denied: token audience not allowed") },
		badClaim: func(name string) *kernel.Problem {
			return unauthorized("Access denied: claim mismatch for field %s", name)
		},
	}
}
