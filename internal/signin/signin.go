// Package signin lets people sign in to the clients of a provider: the
// authorization endpoint of OAuth 2.0 and OpenID Connect with the page that picks
// a person, what a sign-in gives out (codes, refresh tokens) and how that ends.
// Everything is rows of the provider's world, by its clock and its entropy.
//
// The provider brings its dialect: who its people and clients are, which scopes
// they have, how it refuses, and what its tokens say.
package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
	"github.com/understudy-dev/understudy/internal/store"
)

// The values of Mode.
const (
	page = "page"
	auto = "auto"
)

// Mode is a setting of every provider that people sign in to.
var Mode = kernel.NewSetting("signIn", page, "page: a browser is shown a page that picks a person; auto: it is signed in as the default person at once, as every other client is",
	func(mode string) error {
		if mode != page && mode != auto {
			return fmt.Errorf("%q is neither %s nor %s", mode, page, auto)
		}
		return nil
	})

// A Person is somebody who can sign in, as this package needs to know them.
type Person struct {
	ID    string
	Name  string
	Email string
	Login string // another name they are found by, if any
	Gone  string // why they cannot sign in, "" if they can
}

// is reports whether a name means the person.
func (p Person) is(name string) bool {
	return name != "" && (p.ID == name || p.Name == name || strings.EqualFold(p.Email, name) || strings.EqualFold(p.Login, name))
}

// A Client is what people sign in to.
type Client struct {
	ID, Name string
	// Redirects reports whether the client may be returned to at an address; nil
	// is exactly at one of RedirectURIs.
	Redirects    func(uri string) bool
	RedirectURIs []string
	// DefaultRedirect is where a request that names no address returns to; "" is
	// that it has to name one.
	DefaultRedirect string
	AfterLogout     []string // where it may be returned to at the end
	ResponseTypes   []string // such as "code id_token", in the order of the alphabet
	Scopes          []string // its own, for the dialect
	NeedsPKCE       bool
	PlainPKCE       bool // whether a challenge may be the verifier itself
	Consent         bool // whether people are asked whether it may know them
}

// A Kind is a way in which a sign-in fails.
type Kind int

// The kinds. Those up to AccessDenied are of the authorization endpoint.
const (
	MissingClient Kind = iota
	UnknownClient
	MissingRedirect
	WrongRedirect
	Repeated // a parameter that is given more than once
	MissingResponseType
	UnknownResponseType
	WrongResponseType // another client may use it
	WrongResponseMode
	MissingChallenge
	WrongChallenge
	WrongMethod // of a code challenge
	MissingScope
	NoOpenID
	WrongScope
	MissingNonce
	WrongPrompt
	WrongMaxAge
	RequestObject
	WrongHint     // an id_token_hint that is none
	UnknownPerson // as login_hint names them
	WrongPerson   // as the page or a test picks them
	LoginRequired
	ConsentRequired
	AccessDenied
	MissingCode
	UnknownCode
	AnothersCode
	UsedCode
	ExpiredCode
	CodeWithoutRedirect
	OtherRedirect
	MissingVerifier
	WrongVerifier
	UnexpectedVerifier
	GonePerson
	MissingRefresh
	UnknownRefresh
	AnothersRefresh
	UsedRefresh
	ExpiredRefresh
	RevokedGrant
	WiderScope
	WrongLogoutRedirect
	UnknownDevice
	Pending
	SlowDown
	ExpiredDevice
)

// codes are what the standards call the kinds: RFC 6749 sections 4.1.2.1 and 5.2,
// RFC 7636, RFC 8628 section 3.5 and OpenID Connect Core section 3.1.2.6.
var codes = map[Kind]string{
	UnknownClient: "unauthorized_client", UnknownResponseType: "unsupported_response_type",
	WrongResponseType: "unauthorized_client", WrongScope: "invalid_scope", WiderScope: "invalid_scope",
	RequestObject: "request_not_supported", LoginRequired: "login_required", WrongHint: "login_required",
	ConsentRequired: "consent_required", AccessDenied: "access_denied", UnknownPerson: "access_denied",
	UnknownCode: "invalid_grant", AnothersCode: "invalid_grant", UsedCode: "invalid_grant", ExpiredCode: "invalid_grant",
	OtherRedirect: "invalid_grant", MissingVerifier: "invalid_grant", WrongVerifier: "invalid_grant",
	UnexpectedVerifier: "invalid_grant", GonePerson: "invalid_grant", UnknownRefresh: "invalid_grant",
	AnothersRefresh: "invalid_grant", UsedRefresh: "invalid_grant", ExpiredRefresh: "invalid_grant", RevokedGrant: "invalid_grant",
	UnknownDevice: "invalid_grant", Pending: "authorization_pending", SlowDown: "slow_down", ExpiredDevice: "expired_token",
}

// A Failure is a sign-in that fails: what the client is told, and why.
type Failure struct {
	Kind              Kind
	Code, Description string
	Reason            string
}

// A Text is what a dialect says of a kind; an empty Code is the standards' own.
type Text struct{ Code, Description string }

// A Dialect is what sign-in needs to know of a provider.
type Dialect struct {
	// Service is its name, for people.
	Service string
	// People are those who may be picked in a request, the default one first.
	People func(c *kernel.Call, request url.Values) iter.Seq[Person]
	// Person finds somebody by their id.
	Person func(c *kernel.Call, id string) (Person, bool)
	// Client finds a client that people sign in to; the text says why there is
	// none.
	Client func(c *kernel.Call, id string) (Client, string)
	// ResponseTypes and ResponseModes are those it knows.
	ResponseTypes, ResponseModes []string
	// Scopes returns what is granted of the scopes a request asks for, or fails
	// with MissingScope or WrongScope.
	Scopes func(c *kernel.Call, cl Client, asked []string) ([]string, *Failure)
	// Texts are what it says of failures.
	Texts map[Kind]Text
	// Shown reports whether the person is told of a failure, and not the client.
	// A wrong client or address is never returned to.
	Shown func(f Failure) bool
	// Show is how the person is told, if their client is no browser.
	Show func(c *kernel.Call, f Failure) (kernel.Answer, error)
	// Browsers is how a browser's person is told, if not by a page of ours.
	Browsers func(c *kernel.Call, f Failure) (kernel.Answer, error)
	// TokenError is how a token request is refused.
	TokenError func(f Failure) *kernel.Problem
	// Key signs its tokens.
	Key func(c *kernel.Call) oauth.Key
	// Keys are those whose ID tokens are taken as hints; nil is Key alone.
	Keys func(c *kernel.Call) []oauth.Key
	// IDToken returns the claims of an ID token that is given out beside a code;
	// nil if there are no such.
	IDToken func(c *kernel.Call, g Grant, code, state string) any
	// Granted may keep something of a request with what it gives, and may fail.
	Granted func(c *kernel.Call, cl Client, g *Grant, request url.Values) *Failure
	// Beside are further members of a successful answer.
	Beside func(g Grant) [][2]string
	// Code draws a code's value.
	Code func(c *kernel.Call) string
	// Session draws a session's id.
	Session func(c *kernel.Call) string
	// CodeLifetime and SessionLifetime are how long they can be used.
	CodeLifetime, SessionLifetime time.Duration
	// IgnoresLogoutRedirect is that an address it does not know is not gone to,
	// where others refuse.
	IgnoresLogoutRedirect bool
}

// A Desk is where people of one provider sign in.
type Desk struct {
	Dialect
	sessions   *store.Table[session]
	consents   *store.Table[[]string] // scopes, by client and person
	grants     *store.Table[Grant]
	byCode     *store.Unique[Grant]
	grantsOf   *store.Index[Grant] // by client and person
	tokens     *store.Table[Token] // by digest, or by what the provider calls one
	tokensOf   *store.Index[Token]
	devices    *store.Table[Device] // by digest of the device code
	byUserCode *store.Unique[Device]
}

// NewDesk adds the tables of a desk to a schema.
func NewDesk(schema *store.Schema, dialect Dialect) *Desk {
	d := &Desk{Dialect: dialect}
	d.sessions = store.NewTable[session](schema, "sign-in session")
	d.consents = store.NewTable[[]string](schema, "consent")
	d.grants = store.NewTable[Grant](schema, "sign-in")
	d.byCode = d.grants.Unique("code", func(g Grant) string { return g.Code })
	d.grantsOf = d.grants.Index(func(g Grant) string { return consentKey(g.Client, g.Person) })
	d.tokens = store.NewTable[Token](schema, "token of a sign-in")
	d.tokensOf = d.tokens.Index(func(t Token) string { return t.Grant })
	d.devices = store.NewTable[Device](schema, "device")
	d.byUserCode = d.devices.Unique("user code", func(v Device) string { return v.UserCode })
	d.sessions.Keyed(func(s session) string { return s.ID })
	d.consents.KeyedFreely() // by person and client
	d.grants.Keyed(func(g Grant) string { return g.ID })
	d.tokens.Keyed(func(t Token) string { return t.Key })
	d.tokens.Refers("Grant", d.grants, func(t Token) string { return t.Grant })
	d.devices.Keyed(func(v Device) string { return v.Key })
	d.devices.Refers("Grant", d.grants, func(v Device) string { return v.Grant })
	return d
}

// failure makes a failure of a kind as the dialect has it.
func (d *Desk) failure(kind Kind, reason string, args ...any) *Failure {
	text := d.Texts[kind]
	f := &Failure{Kind: kind, Code: text.Code, Description: text.Description, Reason: fmt.Sprintf(reason, args...)}
	if f.Code == "" {
		f.Code = codes[kind]
	}
	if f.Code == "" {
		f.Code = "invalid_request"
	}
	return f
}

// Fail makes a failure of a kind as the dialect has it.
func (d *Desk) Fail(kind Kind, reason string, args ...any) *Failure {
	return d.failure(kind, reason, args...)
}

// refuse is failure as a token request is told.
func (d *Desk) refuse(kind Kind, reason string, args ...any) *kernel.Problem {
	f := d.failure(kind, reason, args...)
	return d.TokenError(*f).Because("%s", f.Reason)
}

// Fresh draws a value that the desk has given to nobody yet. Only in a state whose
// sequences were put back is what is drawn there already; it is passed over.
func (d *Desk) Fresh(c *kernel.Call, draw func() string) string {
	for {
		value := draw()
		key := digest(value)
		_, code := d.byCode.Get(c.Tx, key)
		_, token := d.tokens.Get(c.Tx, key)
		_, device := d.devices.Get(c.Tx, key)
		_, userCode := d.byUserCode.Get(c.Tx, value)
		_, grant := d.grants.Get(c.Tx, value)
		if !code && !token && !device && !userCode && !grant {
			return value
		}
	}
}

// newGrant draws the id of what a sign-in gives.
func (d *Desk) newGrant(c *kernel.Call) string {
	return d.Fresh(c, func() string { return c.Draw("sign-in").Hex(16) })
}

// digest is what a code or a token is found by.
func digest(value string) string {
	if value == "" {
		return ""
	}
	return kit.Digest(value)
}

// Hash is what an ID token says of a code or an access token it came with, OpenID
// Connect Core section 3.1.3.6: the left half of its SHA-256.
func Hash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// among reports whether every scope is one of a list.
func among(scopes, list []string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(list, s) })
}

// Distinct splits a scope parameter and leaves out what comes again.
func Distinct(scope string) []string {
	var list []string
	for _, s := range strings.Fields(scope) {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
