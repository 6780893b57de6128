package signin

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// session is a browser that somebody has signed in with.
type session struct {
	ID     string
	Person string
	At     time.Time
}

// cookieName is the name of a session's cookie. Browsers send the cookies of one
// port of a host to all of them, so each address has a name of its own: two worlds
// never see each other's.
func cookieName(c *kernel.Call) string {
	return fmt.Sprintf("understudy-%x", sha256.Sum256([]byte(c.Base)))[:27]
}

// session returns the session of the caller's browser, if it can be used.
func (d *Desk) session(c *kernel.Call) session {
	cookie, err := c.Request.Cookie(cookieName(c))
	if err != nil {
		return session{}
	}
	s, ok := d.sessions.Get(c.Tx, cookie.Value)
	if !ok || !c.Now.Before(s.At.Add(d.SessionLifetime)) {
		return session{}
	}
	if p, ok := d.Person(c, s.Person); !ok || p.Gone != "" {
		return session{}
	}
	return s
}

// enter begins a session for the caller's browser, which ends the one it has.
func (d *Desk) enter(c *kernel.Call, p Person) session {
	d.leave(c)
	s := session{ID: d.Session(c), Person: p.ID, At: c.Now}
	d.sessions.Put(c.Tx, s.ID, s)
	d.setCookie(c, s.ID, 0)
	return s
}

// leave ends the session of the caller's browser.
func (d *Desk) leave(c *kernel.Call) {
	if cookie, err := c.Request.Cookie(cookieName(c)); err == nil {
		d.sessions.Delete(c.Tx, cookie.Value)
	}
}

func (d *Desk) setCookie(c *kernel.Call, value string, maxAge int) {
	path := "/"
	if u, err := url.Parse(c.Base); err == nil && u.Path != "" {
		path = u.EscapedPath()
	}
	cookie := http.Cookie{
		Name: cookieName(c), Value: value, Path: path, MaxAge: maxAge,
		HttpOnly: true, Secure: strings.HasPrefix(c.Base, "https:"), SameSite: http.SameSiteLaxMode,
	}
	c.Header.Add("Set-Cookie", cookie.String())
}

// EndSession signs the caller's browser out, OpenID Connect RP-Initiated Logout
// 1.0, and returns it to the client if it asks for that.
func (d *Desk) EndSession(c *kernel.Call) (any, error) {
	values, _, ok := read(c)
	if !ok {
		return d.show(c, d.failure(Repeated, "the query or the form is not encoded as one"))
	}
	clientID, to := values.Get("client_id"), values.Get("post_logout_redirect_uri")
	if hint := values.Get("id_token_hint"); hint != "" {
		claims, err := d.readHint(c, hint)
		switch {
		case err != nil:
			return d.show(c, d.failure(WrongLogoutRedirect, "the id_token_hint: %v", err))
		case clientID != "" && !slices.Contains(claims.Audience, clientID):
			return d.show(c, d.failure(WrongLogoutRedirect, "the id_token_hint was not given to client %s", short(clientID)))
		case clientID == "" && len(claims.Audience) > 0:
			clientID = claims.Audience[0]
		}
		if s, ok := d.sessions.Get(c.Tx, claims.Session); ok && s.Person == claims.Subject {
			d.sessions.Delete(c.Tx, s.ID)
		}
	}
	if to != "" {
		cl, why := d.Client(c, clientID)
		switch {
		case clientID == "":
			why = "neither id_token_hint nor client_id says whose post_logout_redirect_uri it is"
		case why == "" && !slices.Contains(cl.AfterLogout, to):
			why = "it is none of those of client " + cl.ID
		}
		if why != "" && !d.IgnoresLogoutRedirect {
			return d.show(c, d.failure(WrongLogoutRedirect, "the post_logout_redirect_uri: %s", why))
		}
		if why != "" {
			c.Warn("the post_logout_redirect_uri is not gone to: %s", why)
			to = ""
		}
	}
	d.leave(c)
	d.setCookie(c, "", -1)
	if to == "" {
		return d.signedOut(), nil
	}
	r := request{redirect: to, mode: "query", state: values.Get("state")}
	if r.state == "" {
		header := noStore()
		header.Set("Location", to)
		return kernel.Answer{Status: http.StatusFound, Header: header}, nil
	}
	return d.sendBack(c, r, nil), nil
}
