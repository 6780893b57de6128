package signin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// audience is one name or a list of them.
type audience []string

// UnmarshalJSON reads either.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// Authorize answers a request to sign somebody in: at once when it is known who,
// else with the page.
func (d *Desk) Authorize(c *kernel.Call) (any, error) {
	var r request
	if f := d.vet(c, &r); f != nil {
		return d.fail(c, r, f)
	}
	who, f := d.find(c, &r)
	switch {
	case f != nil:
		return d.fail(c, r, f)
	case who.page:
		return d.pick(c, r), nil
	case who.session.Person == "":
		who.session = d.enter(c, who.person)
	}
	return d.grant(c, r, who.session)
}

// found is how a request goes on.
type found struct {
	session session // of the browser, if it will do
	person  Person  // who else to sign in
	page    bool    // whether somebody has to say who
}

// find finds out who signs in.
func (d *Desk) find(c *kernel.Call, r *request) (found, *Failure) {
	present := d.session(c)
	asks := asksForPage(c)
	switch chosen := r.inBody.Get(fieldPerson); {
	case r.inBody.Has(fieldDeny):
		return found{}, d.failure(AccessDenied, "the person denied it")
	case chosen != "":
		p, ok := d.named(c, r, chosen)
		if !ok {
			return found{}, d.failure(WrongPerson, "nobody who can sign in is called %q%s", short(chosen), d.names(c, r))
		}
		if present.Person == p.ID && !r.asksAgain() && !d.tooOld(c, r, present) {
			return found{session: present}, nil
		}
		return found{person: p}, nil
	}
	hinted, known := d.hinted(c, r)
	if d.fits(c, r, present, hinted) {
		switch {
		case !d.consentMissing(c, r, present.Person):
			return found{session: present}, nil
		case r.prompts("none"):
			return found{}, d.failure(ConsentRequired, "prompt=none, and the person has not been asked about client %s and these scopes", r.client.ID)
		case asks:
			return found{page: true}, nil
		}
		return found{session: present}, nil
	}
	switch {
	case r.prompts("none"):
		return found{}, d.failure(LoginRequired, "prompt=none, and the browser has no session that fits")
	case known:
		return found{person: hinted}, nil
	case asks:
		return found{page: true}, nil
	case r.subject != "":
		return found{}, d.failure(LoginRequired, "the person of the id_token_hint cannot sign in")
	case r.hint != "":
		return found{}, d.failure(UnknownPerson, "nobody who can sign in is called %q, as login_hint has it%s", short(r.hint), d.names(c, r))
	}
	for p := range d.people(c, r) {
		return found{person: p}, nil
	}
	return found{}, d.failure(UnknownPerson, "nobody can sign in here")
}

// people are those who can sign in.
func (d *Desk) people(c *kernel.Call, r *request) func(func(Person) bool) {
	return func(yield func(Person) bool) {
		for p := range d.People(c, r.values) {
			if p.Gone == "" && !yield(p) {
				return
			}
		}
	}
}

// named finds somebody by any of their names.
func (d *Desk) named(c *kernel.Call, r *request, name string) (Person, bool) {
	for p := range d.people(c, r) {
		if p.is(name) {
			return p, true
		}
	}
	return Person{}, false
}

// names says in a reason who there is.
func (d *Desk) names(c *kernel.Call, r *request) string {
	var list []string
	for p := range d.people(c, r) {
		if len(list) == 5 {
			list = append(list, "…")
			break
		}
		list = append(list, p.Email)
	}
	return "; there are " + strings.Join(list, ", ")
}

// hinted finds whom the request hints at.
func (d *Desk) hinted(c *kernel.Call, r *request) (Person, bool) {
	if r.subject != "" {
		p, ok := d.Person(c, r.subject)
		return p, ok && p.Gone == ""
	}
	return d.named(c, r, r.hint)
}

// fits reports whether the browser's session will do.
func (d *Desk) fits(c *kernel.Call, r *request, s session, hinted Person) bool {
	if s.Person == "" || r.asksAgain() || d.tooOld(c, r, s) {
		return false
	}
	return r.subject == "" && r.hint == "" || hinted.ID == s.Person
}

func (d *Desk) tooOld(c *kernel.Call, r *request, s session) bool {
	return r.aged && c.Now.Sub(s.At) > r.maxAge
}

// asksForPage reports whether the caller is a browser that wants to be shown one.
func asksForPage(c *kernel.Call) bool { return Mode.Get(c) == page && isBrowser(c) }

func isBrowser(c *kernel.Call) bool {
	for _, accept := range c.Request.Header.Values("Accept") {
		for media := range strings.SplitSeq(accept, ",") {
			if name, _, _ := strings.Cut(media, ";"); strings.EqualFold(strings.TrimSpace(name), "text/html") {
				return true
			}
		}
	}
	return false
}

func consentKey(client, person string) string { return client + " " + person }

// consentMissing reports whether the person has to be asked.
func (d *Desk) consentMissing(c *kernel.Call, r *request, person string) bool {
	if r.prompts("consent") {
		return true
	}
	given, ok := d.consents.Get(c.Tx, consentKey(r.client.ID, person))
	return r.client.Consent && (!ok || !among(r.scopes, given))
}

// grant gives the client what it asked for.
func (d *Desk) grant(c *kernel.Call, r request, s session) (any, error) {
	code := d.Fresh(c, func() string { return d.Code(c) })
	g := Grant{
		ID: d.newGrant(c), Code: digest(code),
		Client: r.client.ID, Person: s.Person, Session: s.ID,
		Scopes: r.scopes, Nonce: r.nonce, Challenge: r.challenge, Method: r.method,
		SignedIn: s.At, At: c.Now,
	}
	if r.named {
		g.Redirect = r.redirect
	}
	if d.Granted != nil {
		if f := d.Granted(c, r.client, &g, r.values); f != nil {
			return d.fail(c, r, f)
		}
	}
	if r.client.Consent {
		key := consentKey(g.Client, g.Person)
		given, _ := d.consents.Get(c.Tx, key)
		d.consents.Put(c.Tx, key, Union(given, g.Scopes))
	}
	d.grants.Put(c.Tx, g.ID, g)
	var members [][2]string
	if strings.Contains(r.types, "code") {
		members = append(members, [2]string{"code", code})
	}
	var end [][2]string
	if d.Beside != nil {
		end = d.Beside(g)
	}
	if !strings.Contains(r.types, "id_token") {
		return d.sendBack(c, r, append(members, end...)), nil
	}
	key, claims := d.Key(c), d.IDToken(c, g, code, r.state)
	c.Later(func() (any, error) {
		token, err := key.Sign("JWT", claims)
		if err != nil {
			return nil, err
		}
		return d.sendBack(c, r, slices.Concat(members, [][2]string{{"id_token", token}}, end)), nil
	})
	return nil, nil
}

// Union is the one list, and what the other has beside.
func Union(a, b []string) []string {
	all := kit.List(slices.Clone(a)) // not null where it is stored
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// fail tells the client of a failure, or the person where the client is not to be
// trusted.
func (d *Desk) fail(c *kernel.Call, r request, f *Failure) (any, error) {
	if r.redirect == "" || r.mode == "" || f.Kind == WrongPerson || d.Shown != nil && d.Shown(*f) {
		return d.show(c, f)
	}
	c.Explain("%s", f.Reason)
	members := [][2]string{{"error", f.Code}}
	if f.Description != "" {
		members = append(members, [2]string{"error_description", f.Description})
	}
	return d.sendBack(c, r, members), nil
}

// show tells the person.
func (d *Desk) show(c *kernel.Call, f *Failure) (any, error) {
	switch {
	case !isBrowser(c):
		return d.Show(c, *f)
	case d.Browsers != nil:
		c.Explain("%s", f.Reason)
		return d.Browsers(c, *f)
	}
	return d.ErrorPage(c, *f, http.StatusBadRequest), nil
}

// noStore are the headers of an answer with a code, or of none.
func noStore() http.Header {
	return http.Header{"Cache-Control": {"no-store"}, "Pragma": {"no-cache"}, "Referrer-Policy": {"no-referrer"}}
}

// sendBack returns the browser to the client.
func (d *Desk) sendBack(c *kernel.Call, r request, members [][2]string) kernel.Answer {
	if r.state != "" {
		members = append(members, [2]string{"state", r.state})
	}
	if r.mode == "form_post" {
		return postBack(r.redirect, members)
	}
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = m[0] + "=" + url.QueryEscape(m[1])
	}
	to, text := r.redirect, strings.Join(parts, "&")
	switch {
	case r.mode == "fragment":
		to, _, _ = strings.Cut(to, "#")
		to += "#" + text
	case strings.Contains(to, "?"):
		to += "&" + text
	default:
		to += "?" + text
	}
	header := noStore()
	header.Set("Location", to)
	return kernel.Answer{Status: http.StatusFound, Header: header}
}
