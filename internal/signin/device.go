package signin

import (
	"net/http"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Device is one that waits for somebody to sign it in elsewhere, RFC 8628.
type Device struct {
	Key      string // digest of its code
	UserCode string
	Client   string
	Scopes   []string
	Expires  time.Time
	Interval time.Duration
	Asked    time.Time // when it asked last
	Grant    string    // once somebody has signed it in
	Denied   bool
	Done     bool
}

// userCodeLetters are those that are not mistaken for another, and make no words.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// UserCode draws what a person types in.
func (d *Desk) UserCode(c *kernel.Call) string {
	return d.Fresh(c, func() string { return userCodeOf(c.Draw("user-code")) })
}

func userCodeOf(from *entropy.Draw) string {
	var letters []byte
	for i, b := range from.Bytes(8) {
		if i == 4 {
			letters = append(letters, '-')
		}
		letters = append(letters, userCodeLetters[int(b)%len(userCodeLetters)])
	}
	return string(letters)
}

// AddDevice stores a device.
func (d *Desk) AddDevice(c *kernel.Call, code string, v Device) {
	v.Key = digest(code)
	d.devices.Put(c.Tx, v.Key, v)
}

// userCode is how a code is stored however it was typed.
func userCode(text string) string { return strings.ToUpper(strings.TrimSpace(text)) }

// Verify is the page where somebody signs a device in.
func (d *Desk) Verify(c *kernel.Call) (any, error) {
	var r request
	var ok bool
	if r.values, r.inBody, ok = read(c); !ok {
		return d.show(c, d.failure(UnknownDevice, "the query or the form is not encoded as one"))
	}
	text := r.values.Get("user_code")
	if text == "" {
		return render(http.StatusOK, policy("", unframed), shown{Page: "code", Service: d.Service}), nil
	}
	v, ok := d.byUserCode.Get(c.Tx, userCode(text))
	var why string
	switch {
	case !ok:
		why = "no device shows this code"
	case !c.Now.Before(v.Expires):
		why = "the code expired at " + v.Expires.UTC().Format(time.RFC3339)
	case v.Grant != "" || v.Denied:
		why = "the code was used already"
	}
	if why == "" {
		r.client, why = d.Client(c, v.Client)
	}
	if why != "" {
		return d.show(c, d.failure(UnknownDevice, "%s", why))
	}
	r.scopes = v.Scopes
	who, f := d.find(c, &r)
	switch {
	case f != nil && f.Kind != AccessDenied:
		return d.show(c, f)
	case f != nil:
		v.Denied = true
		d.devices.Put(c.Tx, v.Key, v)
		return d.done("Denied"), nil
	case who.page || asksForPage(c) && r.inBody.Get(fieldPerson) == "": // a session alone signs no device in
		return d.pick(c, r), nil
	case who.session.Person == "":
		who.session = d.enter(c, who.person)
	}
	g := Grant{
		ID: d.newGrant(c), Client: v.Client, Person: who.session.Person, Session: who.session.ID,
		Scopes: v.Scopes, SignedIn: who.session.At, At: c.Now,
	}
	if d.Granted != nil {
		if f := d.Granted(c, r.client, &g, r.values); f != nil {
			return d.show(c, f)
		}
	}
	d.grants.Put(c.Tx, g.ID, g)
	v.Grant = g.ID
	d.devices.Put(c.Tx, v.Key, v)
	return d.done("The device is signed in"), nil
}

func (d *Desk) done(message string) kernel.Answer {
	return render(http.StatusOK, policy("", unframed), shown{Page: "done", Service: d.Service, Message: message})
}

// Poll answers a device that asks whether it is signed in.
func (d *Desk) Poll(c *kernel.Call, cl Client, code string) (Grant, error) {
	v, ok := d.devices.Get(c.Tx, digest(code))
	g, _ := d.grants.Get(c.Tx, v.Grant)
	switch early := c.Now.Before(v.Asked.Add(v.Interval)); {
	case !ok:
		return g, d.refuse(UnknownDevice, "there is no such device code")
	case v.Client != cl.ID:
		return g, d.refuse(UnknownDevice, "the device code was given to client %s", v.Client)
	case v.Done:
		return g, d.refuse(UnknownDevice, "the device code was used already")
	case v.Denied:
		return g, d.refuse(AccessDenied, "the person denied it")
	case !c.Now.Before(v.Expires):
		return g, d.refuse(ExpiredDevice, "the device code expired at %s", v.Expires.UTC().Format(time.RFC3339))
	case v.Grant == "" && early:
		v.Interval += 5 * time.Second // RFC 8628 section 3.5
		v.Asked = c.Now
		d.devices.Put(c.Tx, v.Key, v)
		return g, d.refuse(SlowDown, "the device asks again too early; the interval is %s now", v.Interval).Keep()
	case v.Grant == "":
		v.Asked = c.Now
		d.devices.Put(c.Tx, v.Key, v)
		return g, d.refuse(Pending, "nobody has signed the device in yet").Keep()
	}
	if err := d.present(c, g); err != nil {
		return g, err
	}
	v.Done = true
	d.devices.Put(c.Tx, v.Key, v)
	g.Redeemed = c.Now
	d.grants.Put(c.Tx, g.ID, g)
	return g, nil
}
