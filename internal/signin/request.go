package signin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// What the page sends beside the request.
const (
	fieldPerson = "person"
	fieldDeny   = "deny"
)

// maxReason bounds what a reason quotes of a request.
const maxReason = 100

// request is what a client asks of the authorization endpoint.
type request struct {
	values    url.Values
	inBody    url.Values // those that a form sent
	client    Client
	redirect  string // "" until it is known to be the client's
	named     bool   // whether the request names it
	state     string
	types     string // the response type, in the order of the alphabet
	mode      string
	scopes    []string
	nonce     string
	challenge string
	method    string
	prompt    []string
	maxAge    time.Duration
	aged      bool   // whether there is a maxAge
	subject   string // of the id_token_hint
	hint      string // login_hint
}

// read returns the parameters of a request: the query's and a form's.
func read(c *kernel.Call) (values, inBody url.Values, ok bool) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, nil, false
	}
	if c.Request.Method != http.MethodPost {
		return values, nil, true
	}
	text, err := c.Whole()
	if err != nil {
		return nil, nil, false
	}
	if inBody, err = url.ParseQuery(string(text)); err != nil {
		return nil, nil, false
	}
	for name, more := range inBody {
		values[name] = append(values[name], more...)
	}
	return values, inBody, true
}

// vet reads a request and refuses what does not hold. What it has found out by
// then stays in r: whom to tell.
func (d *Desk) vet(c *kernel.Call, r *request) *Failure {
	var ok bool
	if r.values, r.inBody, ok = read(c); !ok {
		return d.failure(MissingClient, "the query or the form is not encoded as one")
	}
	v := r.values
	for name, all := range v {
		if len(all) > 1 {
			return d.failure(Repeated, "the parameter %q comes %d times", short(name), len(all))
		}
	}
	if v.Get("client_id") == "" {
		return d.failure(MissingClient, "no client_id")
	}
	var why string
	if r.client, why = d.Client(c, v.Get("client_id")); why != "" {
		return d.failure(UnknownClient, "%s", why)
	}
	if f := d.vetRedirect(r); f != nil {
		return f
	}
	r.state = v.Get("state")
	if f := d.vetResponse(r); f != nil {
		return f
	}
	if v.Has("request") || v.Has("request_uri") {
		return d.failure(RequestObject, "request objects are not served")
	}
	var f *Failure
	if r.scopes, f = d.Scopes(c, r.client, Distinct(v.Get("scope"))); f != nil {
		return f
	}
	r.nonce = v.Get("nonce")
	if strings.Contains(r.types, "id_token") {
		switch {
		case !slices.Contains(r.scopes, "openid"):
			return d.failure(NoOpenID, "an ID token needs the scope openid")
		case r.nonce == "":
			return d.failure(MissingNonce, "an ID token that comes through the browser needs a nonce")
		}
	}
	return d.vetPerson(c, r)
}

// vetRedirect finds where to return to, which nothing is sent to before.
func (d *Desk) vetRedirect(r *request) *Failure {
	uri := r.values.Get("redirect_uri")
	if r.named = uri != ""; !r.named {
		if r.redirect = r.client.DefaultRedirect; r.redirect == "" {
			return d.failure(MissingRedirect, "no redirect_uri")
		}
		return nil
	}
	known := slices.Contains(r.client.RedirectURIs, uri)
	if r.client.Redirects != nil {
		known = r.client.Redirects(uri)
	}
	if _, err := url.Parse(uri); err != nil || !known {
		return d.failure(WrongRedirect, "client %s has the redirect URIs %q, not %q", r.client.ID, r.client.RedirectURIs, short(uri))
	}
	r.redirect = uri
	return nil
}

// vetResponse finds how to answer, and what proves later who asked.
func (d *Desk) vetResponse(r *request) *Failure {
	v := r.values
	types := strings.Fields(v.Get("response_type"))
	slices.Sort(types)
	r.types = strings.Join(types, " ")
	r.mode = "query"
	if len(types) > 1 || r.types == "id_token" {
		r.mode = "fragment"
	}
	switch {
	case r.types == "":
		return d.failure(MissingResponseType, "no response_type")
	case !slices.Contains(d.ResponseTypes, r.types):
		return d.failure(UnknownResponseType, "the response type is none of %q", d.ResponseTypes)
	}
	if f := d.vetChallenge(r); f != nil {
		return f
	}
	if mode := v.Get("response_mode"); mode != "" {
		if !slices.Contains(d.ResponseModes, mode) || mode == "query" && r.mode == "fragment" {
			return d.failure(WrongResponseMode, "the response mode %q is not for the response type %s", short(mode), r.types)
		}
		r.mode = mode
	}
	if !slices.Contains(r.client.ResponseTypes, r.types) {
		return d.failure(WrongResponseType, "client %s has the response types %q, not %q", r.client.ID, r.client.ResponseTypes, r.types)
	}
	return nil
}

// The methods of code challenges, and how long a challenge or a verifier is: RFC
// 7636.
const (
	plain        = "plain"
	s256         = "S256"
	minChallenge = 43
	maxChallenge = 128
)

func (d *Desk) vetChallenge(r *request) *Failure {
	r.challenge, r.method = r.values.Get("code_challenge"), r.values.Get("code_challenge_method")
	switch {
	case r.challenge == "" && (r.client.NeedsPKCE || r.method != ""):
		return d.failure(MissingChallenge, "no code_challenge; client %s needs PKCE: %t", r.client.ID, r.client.NeedsPKCE)
	case r.challenge == "":
		return nil
	case len(r.challenge) < minChallenge || len(r.challenge) > maxChallenge:
		return d.failure(WrongChallenge, "the code_challenge has %d characters, not %d to %d", len(r.challenge), minChallenge, maxChallenge)
	case r.method == "":
		r.method = plain
	}
	if r.method != s256 && (r.method != plain || !r.client.PlainPKCE) {
		return d.failure(WrongMethod, "the code_challenge_method is %q; without one it is plain", short(r.method))
	}
	return nil
}

// vetPerson reads who should sign in, and how.
func (d *Desk) vetPerson(c *kernel.Call, r *request) *Failure {
	v := r.values
	r.prompt, r.hint = strings.Fields(v.Get("prompt")), v.Get("login_hint")
	if r.prompts("none") && len(r.prompt) > 1 {
		return d.failure(WrongPrompt, "prompt=none goes with no other")
	}
	if text := v.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return d.failure(WrongMaxAge, "max_age is not a number of seconds")
		}
		r.maxAge, r.aged = time.Duration(seconds)*time.Second, true
	}
	if hint := v.Get("id_token_hint"); hint != "" {
		claims, err := d.readHint(c, hint)
		if err != nil {
			return d.failure(WrongHint, "the id_token_hint: %v", err)
		}
		r.subject = claims.Subject
	}
	return nil
}

func (r *request) prompts(what string) bool { return slices.Contains(r.prompt, what) }

// asksAgain reports whether a session is not enough.
func (r *request) asksAgain() bool {
	return r.prompts("login") || r.prompts("select_account") || r.prompts("create")
}

// hinted is what an ID token says that came back, expired or not.
type hinted struct {
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Session  string   `json:"sid"`
}

func (d *Desk) readHint(c *kernel.Call, token string) (hinted, error) {
	var claims hinted
	keys := []oauth.Key{d.Key(c)}
	if d.Keys != nil {
		keys = d.Keys(c)
	}
	return claims, oauth.Verify(token, &claims, keys...)
}

// short bounds what is quoted.
func short(text string) string {
	if len(text) > maxReason {
		return text[:maxReason] + "..."
	}
	return text
}
