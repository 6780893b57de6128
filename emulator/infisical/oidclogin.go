package infisical

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// oidcLogin exchanges an ID token, or any JWT of an OpenID Connect issuer, for an
// access token. The issuer's discovery document says where its keys are.
//
// Differs: the service asks no issuer at a private address; Understudy asks no other
// but those on this machine, its own providers and those it was told of.
//
// https://infisical.com/docs/api-reference/endpoints/oidc-auth/login
func (p *Provider) oidcLogin(c *kernel.Call, in assertionRequest) (tokenResponse, error) {
	var none tokenResponse
	a, ok := p.methods.oidc.table.Get(c.Tx, strings.ToLower(trim(in.IdentityID)))
	if !ok {
		return none, notFound("OIDC auth method not found for identity, did you configure OIDC auth?").
			Because("identity %s has no OIDC auth", in.IdentityID)
	}
	keysAt, err := a.Own.discover(c)
	if err != nil {
		return none, err
	}
	given, err := readAssertion(trim(in.JWT))
	if err != nil {
		return none, err
	}
	said, err := given.verifyWithIssuer(c, a.Own, keysAt)
	if err != nil {
		return none, err
	}
	if err := a.Own.bounds().admit(said); err != nil {
		return none, err
	}
	mapped := map[string]string{}
	for name, claim := range a.Own.ClaimMetadataMapping {
		value, err := claimAt(said, claim)
		if err != nil {
			return none, err
		}
		mapped[name] = scriptText(value)
	}
	return p.grant(c, a.tokenAuth, p.methods.oidc.slug, in.OrganizationSlug, identityAuth{OIDC: &mappedClaims{mapped}})
}

// discover returns where the issuer's keys are.
func (s oidcSettings) discover(c *kernel.Call) (string, error) {
	url := s.DiscoveryURL + "/.well-known/openid-configuration"
	text, err := kernel.Await(c, "discovery\n"+url+"\n"+s.CACert, func(ctx context.Context) ([]byte, error) {
		return c.Fetch(ctx, url, s.CACert, func([]byte) bool { return true })
	})
	if kernel.Waits(err) {
		return "", err
	}
	if err != nil {
		return "", unauthorized("Access denied: Failed to fetch OIDC discovery document from %s. %v", s.DiscoveryURL, err).
			Because("%s: %v", url, err)
	}
	var document struct {
		KeysAt string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &document); err != nil || document.KeysAt == "" {
		return "", unauthorized("Access denied: OIDC discovery document does not contain a jwks_uri. The identity provider may be misconfigured.").
			Because("%s has no jwks_uri", url)
	}
	return document.KeysAt, nil
}

// mostKeys are how many keys are tried of an issuer whose JWT names none.
const mostKeys = 10

// verifyWithIssuer takes the key that the JWT names, or tries all.
func (a assertion) verifyWithIssuer(c *kernel.Call, s oidcSettings, keysAt string) (map[string]any, error) {
	keys, err := a.keySet(c, keysAt, s.CACert)
	if kernel.Waits(err) {
		return nil, err
	}
	noun := "keys"
	if a.KeyID != "" {
		noun = "key"
	}
	switch {
	case err != nil:
		return nil, unauthorized("Access denied: Failed to retrieve signing %s from OIDC provider: %v", noun, err).Because("%v", err)
	case a.KeyID == "" && len(keys) > mostKeys:
		return nil, unauthorized("Access denied: OIDC provider has %d signing keys. Tokens must include 'kid' header when provider has more than %d keys.", len(keys), mostKeys)
	case a.KeyID == "":
		return a.verifyWithAny(c, s, keys)
	}
	i := slices.IndexFunc(keys, a.signedWith)
	if i < 0 {
		return nil, unauthorized("Access denied: Unable to verify JWT signature. The signing key '%s' was not found in the OIDC provider's JWKS endpoint. "+
			"This may indicate an invalid token or misconfigured OIDC provider.", a.KeyID).
			Because("none of the issuer's keys has the id %q", a.KeyID)
	}
	said, err := a.verify(c, keys[i].Key, s.BoundIssuer)
	if err != nil {
		return nil, denied("Access denied: "+err.Error(), err)
	}
	return said, nil
}

func (a assertion) verifyWithAny(c *kernel.Call, s oidcSettings, keys []jose.JSONWebKey) (map[string]any, error) {
	var last error
	for _, key := range keys {
		said, err := a.verify(c, key.Key, s.BoundIssuer)
		if err == nil {
			return said, nil
		}
		last = err
	}
	return nil, denied(fmt.Sprintf("Access denied: Unable to verify JWT signature with any available signing key. %v", last), last)
}

func (s oidcSettings) bounds() bounds {
	return bounds{
		subject: s.BoundSubject, audiences: s.BoundAudiences, claims: s.BoundClaims,
		badSubject:  func() *kernel.Problem { return forbidden("Access denied: OIDC subject not allowed.") },
		badAudience: func() *kernel.Problem { return unauthorized("Access denied: OIDC audience not allowed.") },
		badClaim:    func(string) *kernel.Problem { return unauthorized("Access denied: OIDC claim not allowed.") },
	}
}
