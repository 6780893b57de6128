package zitadel

import (
	"crypto/x509"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// jwtBearer is the type of client assertions that are taken.
const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// credentials are what the client of a request names itself by.
type credentials struct {
	oauth.Credentials
	Assertion string
}

// clientCredentials reads what the client names itself by: the Authorization
// header, the form, or an assertion in the form.
func clientCredentials(c *kernel.Call) (credentials, error) {
	form, _ := c.Body.Value.(map[string]any)
	assertion, _ := form["client_assertion"].(string)
	assertionType, _ := form["client_assertion_type"].(string)
	plain, both := oauth.Client(c.Request, form)
	if assertion != "" && assertionType != "" && plain.Secret != "" {
		both = true
	}
	if both { // what oidc v3.45.5 sends; the releases of the service that are known take it
		c.Warn("the request authenticates its client in two ways; those of the Authorization header count, and zitadel/oidc v3.47.9 and later refuse it")
	}
	switch {
	case plain.ID == "" && assertion == "":
		return credentials{}, refuseOAuth(invalidRequest, "client_id or client_assertion must be provided").
			Because("neither an Authorization header nor client_id nor client_assertion is sent")
	case assertion != "" && assertionType != jwtBearer:
		return credentials{}, refuseOAuth(invalidRequest, "invalid client_assertion_type %s", assertionType).
			Because("a client assertion has to be of type %s", jwtBearer)
	}
	return credentials{plain, assertion}, nil
}

// assertionClaims are those of an assertion that a key is proven by.
type assertionClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ExpiresAt float64  `json:"exp"`
	IssuedAt  float64  `json:"iat"`
}

// audience is one name or several.
type audience []string

// UnmarshalJSON reads a string or a list of them.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// The bounds of an assertion's times.
const (
	maxAssertionAge = time.Hour
	assertionSkew   = time.Second
)

// verifyAssertion finds the key that an assertion is signed with, or says why
// the assertion is not good.
func (p *Provider) verifyAssertion(c *kernel.Call, text string) (key, string) {
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return key{}, "the assertion is not a JWT signed with RS256"
	}
	k, ok := p.keys.Get(c.Tx, signed.Signatures[0].Header.KeyID)
	usable, seen := k.Usable.seen(c)
	switch {
	case !ok || k.Removed && !usable:
		return k, "the assertion's kid names no key"
	case !seen:
		return k, "key " + k.ID + " is so new that the OAuth endpoints do not see it: zitadel.lag is " + lag.Get(c).String()
	case !c.Now.Before(k.ExpiresAt):
		return k, "key " + k.ID + " expired at " + k.ExpiresAt.Format(time.RFC3339)
	}
	public, err := x509.ParsePKIXPublicKey(k.Public)
	if err != nil {
		return k, "key " + k.ID + " cannot be read"
	}
	payload, err := signed.Verify(public)
	if err != nil {
		return k, "the assertion's signature does not fit key " + k.ID
	}
	var claims assertionClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return k, "the assertion's claims cannot be read"
	}
	issued, expires := unix(claims.IssuedAt), unix(claims.ExpiresAt)
	switch {
	case claims.Issuer != claims.Subject:
		return k, "the assertion's iss and sub differ"
	case claims.Issuer != k.Identifier:
		return k, "the assertion's iss is not " + k.Identifier + ", whose key signed it"
	case !slices.Contains(claims.Audience, c.Base):
		return k, "the assertion's aud lacks the issuer, " + c.Base
	case !c.Now.Before(expires.Add(assertionSkew)):
		return k, "the assertion expired at " + expires.Format(time.RFC3339)
	case issued.After(c.In(assertionSkew)):
		return k, "the assertion is issued in the future, at " + issued.Format(time.RFC3339)
	case c.Now.Sub(issued) > maxAssertionAge+assertionSkew:
		return k, "the assertion was issued more than an hour ago, at " + issued.Format(time.RFC3339)
	}
	return k, ""
}

// unix is a moment as claims have it.
func unix(seconds float64) time.Time {
	const farAway = 1 << 40 // no clock gets there, and no overflow
	return time.Unix(int64(max(-farAway, min(seconds, farAway))), 0).UTC()
}

// seenClient returns an application as the OAuth endpoints see it: active, in an
// active project. Otherwise it says why they do not.
func (p *Provider) seenClient(c *kernel.Call, clientID string) (app, client, string) {
	a, ok := p.byClientID.Get(c.Tx, clientID)
	if !ok {
		return a, client{}, "no application has this client id"
	}
	seen, visible := a.Client.seen(c)
	project, _ := p.projects.Get(c.Tx, a.ProjectID)
	active, _ := project.Active.seen(c)
	switch {
	case !visible:
		return a, seen, "application " + a.ID + " is so new that the OAuth endpoints do not see it: zitadel.lag is " + lag.Get(c).String()
	case !seen.Active:
		return a, seen, "application " + a.ID + " is not active"
	case !active:
		return a, seen, "project " + a.ProjectID + " is not active"
	}
	return a, seen, ""
}

// wrongSecret says why a secret is not that of an application.
func wrongSecret(c *kernel.Call, a app, secret string) string {
	if a.Client.now().Digest == kit.Digest(secret) {
		return "the client secret is so new that the OAuth endpoints do not see it: zitadel.lag is " + lag.Get(c).String()
	}
	return "the client secret is not that of application " + a.ID + ", or not its present one"
}
