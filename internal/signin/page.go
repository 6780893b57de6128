package signin

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the pages
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/understudy-dev/understudy/internal/kernel"
)

//go:embed page.html
var pageText string

//go:embed page.css
var style string

// script sends the form of postBack. Without scripts a button does.
const script = `document.forms[0].submit()`

// pages are parsed when the first of them is shown: most tests never see one.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(style) },
		"script": func() template.JS { return script },
	}).Parse(pageText))
})

// maxPeople is how many people a page shows.
const maxPeople = 100

// hashed is how a policy allows one inline text.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy allows a page its style and to send its form. Browsers hold where the
// form's answer redirects to against it, too, and where the client goes on from
// there; so it names schemes.
func policy(returnTo string, more ...string) string {
	targets := []string{"'self'", "http:", "https:"}
	if u, err := url.Parse(returnTo); err == nil && u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		targets = append(targets, u.Scheme+":") // letters, digits, "+", "-" and "."
	}
	return strings.Join(append([]string{
		"default-src 'none'", "style-src " + hashed(style), "form-action " + strings.Join(targets, " "), "base-uri 'none'",
	}, more...), "; ")
}

// unframed forbids other pages to show one inside themselves.
const unframed = "frame-ancestors 'none'"

// shown is what a page shows.
type shown struct {
	Page    string // which
	Service string
	Client  string
	Scopes  []string
	People  []Person
	More    bool   // whether there are more people
	Present string // who is signed in
	Fields  [][2]string
	Action  string
	Message string
	Reason  string
	Code    string
}

func render(status int, policy string, s shown) kernel.Answer {
	var text bytes.Buffer
	if err := pages().Execute(&text, s); err != nil {
		panic(fmt.Sprintf("signin: the page: %v", err))
	}
	header := noStore()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	return kernel.Answer{Status: status, Header: header, Body: kernel.Raw(text.Bytes())}
}

// pick shows the page that picks a person. The request stays with the browser: the
// page's form sends it again, with the person's id.
func (d *Desk) pick(c *kernel.Call, r request) kernel.Answer {
	present := d.session(c).Person
	s := shown{
		Page: "pick", Service: d.Service, Client: r.client.Name, Scopes: r.scopes,
		Present: present, Fields: fields(r.inBody),
	}
	for p := range d.people(c, &r) {
		if len(s.People) == maxPeople {
			s.More = true
			break
		}
		s.People = append(s.People, p)
	}
	first := func(p Person) bool { return p.ID == present || present == "" && p.is(r.hint) }
	if i := slices.IndexFunc(s.People, first); i > 0 {
		p := s.People[i]
		s.People = slices.Insert(slices.Delete(s.People, i, i+1), 0, p)
	}
	return render(http.StatusOK, policy(r.redirect, unframed), s)
}

// fields are what a form sends again.
func fields(values url.Values) [][2]string {
	var list [][2]string
	for name, all := range values {
		if name != fieldPerson && name != fieldDeny {
			list = append(list, [2]string{name, all[0]})
		}
	}
	slices.SortFunc(list, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return list
}

// postBack returns the browser to the client with a form, OAuth 2.0 Form Post
// Response Mode.
func postBack(to string, members [][2]string) kernel.Answer {
	return render(http.StatusOK, policy(to, "script-src "+hashed(script)), shown{Page: "post", Action: to, Fields: members})
}

// ErrorPage tells a person of a failure.
func (d *Desk) ErrorPage(c *kernel.Call, f Failure, status int) kernel.Answer {
	c.Explain("%s", f.Reason)
	return render(status, policy("", unframed), shown{
		Page: "error", Service: d.Service, Code: f.Code, Message: f.Description, Reason: f.Reason,
	})
}

func (d *Desk) signedOut() kernel.Answer {
	return render(http.StatusOK, policy("", unframed), shown{Page: "out", Service: d.Service})
}
