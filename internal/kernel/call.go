package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/store"
)

// MaxBody is the largest request body that is taken, in bytes.
const MaxBody = 1 << 20

// maxDrain bounds what is read and thrown away of a body that is too large, so
// that its sender gets to see the refusal.
const maxDrain = 16 << 20

// maxPromised bounds what is set aside for a body before any of it has come.
const maxPromised = 16 << 10

// A Call is one request to a provider, or the seeding of one, as handlers and a
// provider's own functions meet it. What else the pipeline carries of a request is
// its passage.
type Call struct {
	Op      Op
	Request *http.Request // nil while seeding
	Base    string        // the provider's address for the client, without a slash at the end
	Vars    map[string]string
	Query   map[string]any
	Body    Body
	Tx      *store.Tx
	Now     time.Time // the world's time; one instant for the whole call
	Secured bool      // whether the document asks for a credential
	Caller  any       // who calls, as the provider's Identify found out

	// Credential is the id of the good secret, key or token that the call is made
	// with, as the inventory has it.
	Credential string

	// Header is added to the answer, whatever it is.
	Header http.Header

	// Reason is why the call is refused, for the hint and the journal.
	Reason string

	instance *Instance
	setup    *setup
	number   uint64

	// What came, for a provider's own ways to read it.
	cameAt    time.Time // by real time
	cameBy    string    // the address of the request
	raw       []byte
	limit     int64 // of raw
	tooLarge  bool
	unwrapped *Unwrapped      // of a request in another protocol
	operation *gate.Operation // nil before it is found
	path      map[string]any  // Vars, by the types of the document

	// What is noted on the way for the hints and the journal.
	problem  *Problem // why the call is refused
	entry    string   // its number in the journal, as a hint
	differs  string
	warnings []string

	late     func() (any, error)
	awaiting func(context.Context)             // sets awaited
	awaited  map[string]outcome                // what Await has returned, by what was asked
	minted   map[string]func() (string, error) // credentials of the world being loaded
}

// LateCredential adds a credential to those that Load returns which takes long
// to make, such as a signed token: fn runs when they are first read. It must not
// depend on the transaction.
func (c *Call) LateCredential(name string, fn func() (string, error)) {
	if c.minted == nil {
		c.minted = map[string]func() (string, error){}
	}
	c.minted[name] = fn
}

// Later makes fn's result the answer, in place of what the handler returns. It
// runs after the transaction, without the store: a signature takes long enough
// that others should not wait for it. What the transaction stored stays even if
// fn fails, and Around sees no encoded answer.
func (c *Call) Later(fn func() (any, error)) { c.late = fn }

// QueryNames are the query parameters that the call's operation has.
func (c *Call) QueryNames() []string { return c.operation.Query() }

// A Body is a decoded request body.
type Body struct {
	MediaType string
	Value     any    // as encoding/json decodes it, whatever the media type
	JSON      []byte // Value as JSON; nil when there was no body
	// Message is what a provider's Decode has made of the body beside Value, for
	// handlers that take it as it is.
	Message any
}

// Live reports whether the call is held to the live contract.
func (c *Call) Live() bool { return c.setup.contract == Live }

// In returns the instant that is d from now, or the last one that can be written:
// what is stored can always be exported.
func (c *Call) In(d time.Duration) time.Time { return clock.Showable(c.Now.Add(d)) }

// Differs reports whether the live side of d holds, and notes on the answer
// that the call is one on which the contracts differ. The first difference a
// call meets is the one that is noted.
func (c *Call) Differs(d *Difference) bool {
	switch {
	case c.differs != "":
	case c.Live():
		c.differs = fmt.Sprintf("%s; documented answers %s", d.Name, d.Documented)
	default:
		c.differs = fmt.Sprintf("%s; live answers %s", d.Name, d.Live)
	}
	return c.Live()
}

// Seed returns the world's seed.
func (c *Call) Seed() string { return c.setup.seed }

// Warn adds a line to the journal's entry.
func (c *Call) Warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// Explain notes the true cause of an answer that refuses without being a
// problem, such as a redirect that carries an error.
func (c *Call) Explain(format string, args ...any) { c.Reason = OneLine(fmt.Sprintf(format, args...)) }

// Draw returns the next random value of a kind, for what is stored.
func (c *Call) Draw(kind string) *entropy.Draw {
	kind = c.instance.desc.Name + "/" + kind
	return c.setup.entropy.Draw(kind, c.Tx.Next(kind))
}

// Encoded returns the body of an answer that next of Around returned.
func (a Answer) Encoded() []byte { return a.encoded }

// DrawRequest returns a random value that belongs to this request alone.
func (c *Call) DrawRequest(kind string) *entropy.Draw {
	return c.setup.entropy.Draw(c.instance.desc.Name+"/"+kind, c.number)
}

// DrawWorld returns the random value of a kind that is the same for the whole
// life of a world, such as a signing key.
func (c *Call) DrawWorld(kind string) *entropy.Draw {
	return c.setup.entropy.Draw(c.instance.desc.Name+"/"+kind, 0)
}

// RemoteIP returns the client's address; a call in memory comes from 127.0.0.1.
func (c *Call) RemoteIP() net.IP {
	if host, _, err := net.SplitHostPort(c.Request.RemoteAddr); err == nil {
		return net.ParseIP(host)
	}
	return net.IPv4(127, 0, 0, 1)
}

// readBody reads the request body up to the provider's limit.
func (c *Call) readBody() error {
	c.limit = MaxBody
	if of := c.instance.desc.MaxBody; of != nil {
		c.limit = of(c.Request)
	}
	body := c.Request.Body
	if body == nil || body == http.NoBody {
		return nil
	}
	// As long as the sender says, within reason, and one more to see the end.
	buffer := bytes.NewBuffer(make([]byte, 0, min(max(c.Request.ContentLength, 0), maxPromised)+bytes.MinRead))
	if _, err := buffer.ReadFrom(io.LimitReader(body, c.limit+1)); err != nil {
		return err
	}
	raw := buffer.Bytes()
	if int64(len(raw)) > c.limit {
		c.tooLarge = true
		raw = raw[:c.limit]
		if _, err := io.CopyN(io.Discard, body, maxDrain); err != nil && err != io.EOF {
			return err
		}
	}
	c.raw = raw
	return nil
}

// MediaType returns the media type of the request, "" when there is none, and
// what is not a media type as it came.
func (c *Call) MediaType() string {
	header := c.Request.Header.Get("Content-Type")
	if header == "application/json" {
		return header
	}
	if mediaType, _, err := mime.ParseMediaType(header); err == nil {
		return mediaType
	}
	return header
}

// query returns the parameters of the request's query.
func (c *Call) query() (url.Values, error) {
	if c.Request.URL.RawQuery == "" {
		return nil, nil
	}
	return url.ParseQuery(c.Request.URL.RawQuery)
}

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// Whole returns the body as it came, for a Decode that reads it by itself, or the
// refusal of one that is too large.
func (c *Call) Whole() ([]byte, error) {
	if c.tooLarge {
		return nil, (&Problem{Kind: TooLarge}).Because("the body is longer than %d bytes", c.limit)
	}
	return c.raw, nil
}

// Operation returns the call's operation, nil before it is found.
func (c *Call) Operation() *gate.Operation { return c.operation }

// DecodeBody decodes the body as one of the given media types.
func (c *Call) DecodeBody(takes func(mediaType string) bool) (Body, error) {
	body := Body{MediaType: c.MediaType()}
	if _, err := c.Whole(); err != nil {
		return body, err
	}
	switch {
	case body.MediaType == "" && len(c.raw) == 0:
		return body, nil
	case c.instance.desc.AnyMediaType: // the media type is as it was sent
	case !takes(body.MediaType):
		return body, (&Problem{Kind: UnsupportedMediaType}).Because("the operation takes no body of type %q", body.MediaType)
	case body.MediaType == mediaForm:
		return c.DecodeForm()
	case len(bytes.TrimSpace(c.raw)) == 0:
		return body, (&Problem{Kind: EmptyBody}).Because("the content type promises JSON, but the body is empty")
	}
	if err := json.Unmarshal(c.raw, &body.Value); err != nil {
		return body, (&Problem{Kind: MalformedBody, cause: err}).Because("the body is not one JSON value: %v", err)
	}
	body.JSON = c.raw
	return body, nil
}

// DecodeForm decodes the body as a form: an object of strings, the last value
// of each key.
func (c *Call) DecodeForm() (Body, error) {
	values, err := url.ParseQuery(string(c.raw))
	if err != nil {
		return Body{}, (&Problem{Kind: MalformedBody, cause: err}).Because("the body is not a form: %v", err)
	}
	object := map[string]any{}
	for key, all := range values {
		object[key] = all[len(all)-1]
	}
	return NewBody(mediaForm, object), nil
}

// DecodeText decodes the body as plain text: one string.
func (c *Call) DecodeText() Body { return NewBody("text/plain", string(c.raw)) }

// NewBody returns the body of a decoded value.
func NewBody(mediaType string, value any) Body {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("kernel: a decoded body cannot be encoded: %v", err))
	}
	return Body{MediaType: mediaType, Value: value, JSON: text}
}
