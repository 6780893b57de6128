package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Grant is what one sign-in gave a client.
type Grant struct {
	ID       string
	Code     string // digest; "" for a device
	Client   string
	Person   string
	Session  string
	Redirect string // "" when the request named none
	Scopes   []string
	Nonce    string
	// Challenge and Method are what the code's verifier has to fit.
	Challenge, Method string
	SignedIn          time.Time // the person, which may be before
	At                time.Time
	Redeemed          time.Time // zero until the code is used
	Revoked           string    // why
	Organization      string    // that the person signed in to, where there are several
}

// A Use is what a token of a sign-in is for.
type Use string

// The uses.
const (
	Access  Use = "access"
	Refresh Use = "refresh"
)

// A Token is one that a sign-in gave out.
type Token struct {
	Key     string // digest of its value, or its id
	Use     Use
	Grant   string
	Scopes  []string
	At      time.Time
	Expires time.Time
	Used    time.Time // of a refresh token: when it was exchanged
	Revoked string
}

// Redemption is a token request with a code.
type Redemption struct{ Code, RedirectURI, Verifier string }

// Redeem exchanges a code. Only a code that is used again leaves a trace when it is
// refused: what it gave is revoked.
func (d *Desk) Redeem(c *kernel.Call, cl Client, in Redemption) (Grant, error) {
	if in.Code == "" {
		return Grant{}, d.refuse(MissingCode, "no code")
	}
	g, ok := d.byCode.Get(c.Tx, digest(in.Code))
	switch end := g.At.Add(d.CodeLifetime); {
	case !ok:
		return g, d.refuse(UnknownCode, "there is no such code")
	case g.Client != cl.ID:
		return g, d.refuse(AnothersCode, "the code was given to client %s", g.Client)
	case !g.Redeemed.IsZero():
		d.revoke(c, g, "its code was used a second time")
		return g, d.refuse(UsedCode, "the code was used at %s; what it gave is revoked now", g.Redeemed.UTC().Format(time.RFC3339)).Keep()
	case !c.Now.Before(end):
		return g, d.refuse(ExpiredCode, "the code expired at %s", end.UTC().Format(time.RFC3339))
	case g.Redirect != "" && in.RedirectURI == "":
		return g, d.refuse(CodeWithoutRedirect, "no redirect_uri, and the authorization request had one")
	case in.RedirectURI != "" && g.Redirect != "" && g.Redirect != in.RedirectURI:
		return g, d.refuse(OtherRedirect, "the redirect_uri is not that of the authorization request, %q", g.Redirect)
	case g.Challenge != "" && in.Verifier == "":
		return g, d.refuse(MissingVerifier, "no code_verifier, and the authorization request had a code_challenge")
	case g.Challenge == "" && in.Verifier != "":
		return g, d.refuse(UnexpectedVerifier, "a code_verifier, and the authorization request had no code_challenge")
	case g.Challenge != "" && !verifies(g, in.Verifier):
		return g, d.refuse(WrongVerifier, "the code_verifier does not fit the code_challenge, whose method is %s", g.Method)
	}
	if err := d.present(c, g); err != nil {
		return g, err
	}
	g.Redeemed = c.Now
	d.grants.Put(c.Tx, g.ID, g)
	return g, nil
}

// verifies reports whether a verifier fits a grant's challenge.
func verifies(g Grant, verifier string) bool {
	if len(verifier) < minChallenge || len(verifier) > maxChallenge {
		return false
	}
	if g.Method == s256 {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(g.Challenge), []byte(verifier)) == 1
}

// present refuses a grant whose person has gone.
func (d *Desk) present(c *kernel.Call, g Grant) error {
	p, ok := d.Person(c, g.Person)
	switch {
	case !ok:
		return d.refuse(GonePerson, "the person %s does not exist any more", g.Person)
	case p.Gone != "":
		return d.refuse(GonePerson, "%s", p.Gone)
	}
	return nil
}

// Give stores a token of a grant by its value, or by its id.
func (d *Desk) Give(c *kernel.Call, use Use, g Grant, value string, scopes []string, expires time.Time) {
	t := Token{Key: digest(value), Use: use, Grant: g.ID, Scopes: scopes, At: c.Now, Expires: expires}
	d.tokens.Put(c.Tx, t.Key, t)
}

// Exchange takes a refresh token: it cannot be used again. It returns the grant
// and the scopes that are asked for, all of them if none are.
func (d *Desk) Exchange(c *kernel.Call, cl Client, value, scope string) (Grant, []string, error) {
	if value == "" {
		return Grant{}, nil, d.refuse(MissingRefresh, "no refresh_token")
	}
	t, ok := d.tokens.Get(c.Tx, digest(value))
	g, _ := d.grants.Get(c.Tx, t.Grant)
	scopes := Distinct(scope)
	switch {
	case !ok || t.Use != Refresh:
		return g, nil, d.refuse(UnknownRefresh, "there is no such refresh token")
	case g.Client != cl.ID:
		return g, nil, d.refuse(AnothersRefresh, "the refresh token was given to client %s", g.Client)
	case t.Revoked != "" || g.Revoked != "":
		return g, nil, d.refuse(RevokedGrant, "the refresh token was revoked: %s", t.Revoked+g.Revoked)
	case !t.Used.IsZero():
		return g, nil, d.refuse(UsedRefresh, "the refresh token was exchanged for another at %s", t.Used.UTC().Format(time.RFC3339))
	case !c.Now.Before(t.Expires):
		return g, nil, d.refuse(ExpiredRefresh, "the refresh token expired at %s", t.Expires.UTC().Format(time.RFC3339))
	case !among(scopes, g.Scopes):
		return g, nil, d.refuse(WiderScope, "the sign-in granted %q, not all of %q", strings.Join(g.Scopes, " "), short(scope))
	}
	if err := d.present(c, g); err != nil {
		return g, nil, err
	}
	t.Used = c.Now
	d.tokens.Put(c.Tx, t.Key, t)
	if len(scopes) == 0 {
		scopes = g.Scopes
	}
	return g, scopes, nil
}

// Token finds a token by its value, or by its id, and says why it cannot be used
// if so.
func (d *Desk) Token(c *kernel.Call, value string) (t Token, g Grant, why string) {
	t, ok := d.tokens.Get(c.Tx, digest(value))
	if !ok {
		return t, g, "there is no such token"
	}
	g, why = d.ended(c, t)
	return t, g, why
}

// ended says why a token cannot be used, "" if it can.
func (d *Desk) ended(c *kernel.Call, t Token) (g Grant, why string) {
	g, _ = d.grants.Get(c.Tx, t.Grant)
	p, ok := d.Person(c, g.Person)
	switch {
	case t.Revoked != "":
		why = "it was revoked: " + t.Revoked
	case g.Revoked != "":
		why = "it was revoked: " + g.Revoked
	case !t.Used.IsZero():
		why = "it was exchanged for another"
	case !c.Now.Before(t.Expires):
		why = "it expired at " + t.Expires.UTC().Format(time.RFC3339)
	case !ok:
		why = "its person does not exist any more"
	case p.Gone != "":
		why = p.Gone
	}
	return g, why
}

// Revoke ends one token.
func (d *Desk) Revoke(c *kernel.Call, t Token, why string) {
	t.Revoked = why
	d.tokens.Put(c.Tx, t.Key, t)
}

// Withdraw takes a person's consent to a client back, with all that sign-ins gave.
func (d *Desk) Withdraw(c *kernel.Call, client, person, why string) {
	d.consents.Delete(c.Tx, consentKey(client, person))
	var given []Grant
	for _, g := range d.grantsOf.All(c.Tx, consentKey(client, person)) {
		given = append(given, g)
	}
	for _, g := range given {
		d.revoke(c, g, why)
	}
}

// RevokeGrant ends all that a sign-in gave.
func (d *Desk) RevokeGrant(c *kernel.Call, g Grant, why string) { d.revoke(c, g, why) }

func (d *Desk) revoke(c *kernel.Call, g Grant, why string) {
	if g.Revoked == "" {
		g.Revoked = why
		d.grants.Put(c.Tx, g.ID, g)
	}
}
