package kernel

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/store"
)

// An Op names an operation by its provider and its line in the documentation.
type Op = journal.Op

// A Contract says which of its two behaviours a provider shows where the
// published page and the running service are known to differ.
type Contract int

const (
	// Documented is what the published page says; where it is silent, what the
	// service does.
	Documented Contract = iota
	// Live is what the running service does.
	Live
)

// String returns the name of the contract as flags and the control API spell it.
func (c Contract) String() string {
	if c == Live {
		return "live"
	}
	return "documented"
}

// ParseContract reads the name of a contract.
func ParseContract(name string) (Contract, error) {
	switch name {
	case "documented":
		return Documented, nil
	case "live":
		return Live, nil
	}
	return 0, fmt.Errorf("contract %q is neither documented nor live", name)
}

// MarshalText returns the contract's name.
func (c Contract) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a contract's name.
func (c *Contract) UnmarshalText(name []byte) (err error) {
	*c, err = ParseContract(string(name))
	return err
}

// A Difference is one row of a provider's table of differences between the two
// contracts.
type Difference struct {
	Name       string
	Documented string // what the documented contract answers
	Live       string // what the live contract answers
	Source     string // where the difference is known from
}

// A Provider emulates one service. Implementations embed a Binding.
type Provider interface {
	Option
	// Mount declares the provider's tables in env and describes the rest. It is
	// called once, when the provider is handed to a server.
	Mount(env *Env) Description
	binding() *Binding
}

// An Env is what a provider is mounted in.
type Env struct {
	Schema *store.Schema

	drawn []drawn
}

// A drawn is that the rows of a table, or the values of an index, come from the
// draws of a kind.
type drawn struct {
	kind  string
	to    store.Target
	shape func(*entropy.Draw) string
}

// Drawn says that a table's keys, or an index's values, are what Draw returns for
// a kind, in a shape. An imported state's sequence must not stand before them: what
// is drawn next would be there already.
func (e *Env) Drawn(kind string, to store.Target, shape func(*entropy.Draw) string) {
	e.drawn = append(e.drawn, drawn{kind, to, shape})
}

// A Description is a provider as data.
type Description struct {
	Name        string
	Document    *gate.Document
	Hosts       []string // the service's own hosts, the preferred one first; "*." stands for any prefix
	Port        int      // the distance of the provider's port from the gateway's
	Routes      []Route
	Declined    map[Op]string // operations of the document, or beyond it, that are not served, and why
	Differences []*Difference
	Chosen      []Choice // the behaviours that nobody public describes

	Reading
	Calling
	Answering
	Content
	Using

	// Internal is set by the control API: its calls are neither journaled nor
	// open to faults.
	Internal bool
}

// Reading is how a provider reads requests.
type Reading struct {
	Order Order
	// Unwrap takes requests in protocols that are wrapped around plain HTTP's: it
	// finds out which operation one is for, has it Run, and wraps the answer. It
	// returns nil for any other request.
	Unwrap func(c *Call) *Outcome
	// MaxBody is the largest request body that is taken, in bytes, if it is not
	// the usual MaxBody.
	MaxBody func(r *http.Request) int64
	// AnyMediaType makes every body count as JSON, whatever its content type says.
	AnyMediaType bool
	// Decode replaces DecodeBody where a provider reads bodies in more ways.
	Decode func(c *Call) (Body, error)
	// FoldQuery makes the names of query parameters count without their case.
	FoldQuery bool
	// NullIsAbsent makes a member of a body that is null count as not sent, where
	// the schema gives null no meaning.
	NullIsAbsent bool
	// UnknownKeys says what the service does with keys that its page does not
	// name: "drops them", as far as is known.
	UnknownKeys string
	// Tolerate lets a breach of the document pass; unknown keys that pass are
	// removed before the handler sees the body.
	Tolerate func(c *Call, b gate.Breach) bool
}

// Calling is who may call a provider.
type Calling struct {
	// Token is the credential that clients send, and where they send it.
	Token Token
	// Identify finds out who calls, for every operation, and refuses bad
	// credentials; c.Secured tells whether the document asks for any.
	Identify func(c *Call) error
	// Admit refuses calls that come too often; it runs between decode and check.
	Admit func(c *Call) error
}

// Answering is how a provider's answers are made.
type Answering struct {
	// Around runs in the transaction of every handler and decides whether it
	// runs: next runs it and encodes its answer. What Around stores is stored
	// with what the handler stores.
	Around func(c *Call, next func() (Answer, error)) (Answer, error)
	// Error renders a problem of any kind in the provider's dialect.
	Error func(c *Call, p *Problem) Answer
	// Finish sees every encoded answer before it leaves, and may change it.
	Finish func(c *Call, out *Outcome)
	// Expose are headers of answers that pages of other origins may read.
	Expose []string
}

// Content is what a provider's worlds hold.
type Content struct {
	// DefaultWorld returns the provider's section of the default world, which
	// must not depend on what is stored: it draws with DrawWorld.
	DefaultWorld func(c *Call) any
	// Load fills an empty store with a section of a world file and returns the
	// world's credentials by their documented names. The section fits its
	// schema; other faults are reported with WorldErrorf.
	Load func(c *Call, section json.RawMessage) (map[string]string, error)
	// Populate adds what is invented to such a section; nil: nothing can be.
	Populate Population
	// Inventory lists every credential that is stored, and the newest of those that
	// are not.
	Inventory func(c *Call) iter.Seq[Credential]
}

// Using is what a user of a provider can turn, and needs to know.
type Using struct {
	// Settings are the provider's knobs; Values are those given to its New.
	Settings []anySetting
	Values   []SettingValue
	// Env are the environment variables that official clients read, in the form
	// of Example.
	Env []EnvVar
	// Example is a shell command that shows the provider at work; {url} and the
	// names of the default world's credentials in braces are filled in.
	Example string
}

// A Token says by which of the default world's credentials a client calls. The zero
// Token is accessToken, as a bearer token.
type Token struct {
	Credential string // its name; "" for accessToken
	Header     string // that it is sent in as it is; "" for a bearer token
}

// Of returns the credential's value, "" when the world has none.
func (t Token) Of(credentials map[string]string) string {
	return credentials[cmp.Or(t.Credential, "accessToken")]
}

// Name is the header that a token is sent in.
func (t Token) Name() string { return cmp.Or(t.Header, "Authorization") }

// Value is what the header says.
func (t Token) Value(token string) string {
	if t.Header != "" {
		return token
	}
	return "Bearer " + token
}

// An EnvVar is an environment variable of an official client.
type EnvVar struct{ Name, Value string }

// A Choice is a behaviour that had to be chosen, and what would decide it.
type Choice struct{ Name, What, Decided string }

// Settings lists settings of any type.
func Settings(settings ...anySetting) []anySetting { return settings }

// Order is the order in which a provider looks at a request.
type Order int

const (
	IdentifyFirst Order = iota // identify, decode, check
	DecodeFirst                // decode, identify, check
)

// A Route binds an operation to its handler.
type Route struct {
	Op     Op
	secret bool
	call   func(*Call) (any, error)
}

// On makes the route of an operation. In is filled from the path (`path:"…"`),
// the query (`query:"…"`) and the JSON body (`json:"…"`), all of which the
// document has vetted. Out is encoded as the body of the documented success
// status, unless it is an Answer.
func On[In, Out any](op Op, handle func(*Call, In) (Out, error)) Route {
	// Most routes of most tests are never called. A sync.OnceValue for each would be a
	// third of what a server costs.
	var bind struct {
		sync.Once
		input func(*Call, *In) error
	}
	return Route{Op: op, call: func(c *Call) (any, error) {
		bind.Do(func() { bind.input = binder[In]() })
		var in In
		if err := bind.input(c, &in); err != nil {
			return nil, err
		}
		return handle(c, in)
	}}
}

// Handle makes the route of an operation whose handler reads its input itself.
func Handle(op Op, handle func(*Call) (any, error)) Route {
	return Route{Op: op, call: handle}
}

// Secret marks a route whose answers carry secrets and must not be cached.
func (r Route) Secret() Route { r.secret = true; return r }

// A Binding connects a provider to the server it was handed to. Providers embed
// it for their public methods URL and Credentials.
type Binding struct{ instance atomic.Pointer[Instance] }

// Types that embed a Binding are Providers by its method. None of them is in this
// package, so without this line the method looks unused.
var _ interface{ binding() *Binding } = (*Binding)(nil)

func (b *Binding) binding() *Binding { return b }

func (b *Binding) mustBeFree() {
	if in := b.instance.Load(); in != nil {
		panic("understudy: this " + in.desc.Name + " provider belongs to another server already; make one for each")
	}
}

func (b *Binding) bind(in *Instance) {
	if !b.instance.CompareAndSwap(nil, in) {
		b.mustBeFree()
	}
}

func (b *Binding) bound() *Instance {
	in := b.instance.Load()
	if in == nil {
		panic("understudy: the provider is used before it was handed to emulator.New or emulator.NewTest")
	}
	return in
}

// URL returns the provider's base URL, without a slash at the end: where the
// server listens, or, for a server that does not listen, the address of the
// real service, which works with the server's Client.
//
// It panics before the provider has been handed to a server.
func (b *Binding) URL() string { return b.bound().URL() }

// Credentials returns the credentials of the default world.
//
// It panics before the provider has been handed to a server.
func (b *Binding) Credentials() map[string]string { return b.bound().Credentials() }

// Seed runs fn in one transaction of the provider's world, as a provider's seed
// helper. It panics when fn fails: a test cannot go on without its data.
func Seed[T any](b *Binding, fn func(*Call) (T, error)) T {
	var result T
	in := b.bound()
	in.world.state.RLock()
	defer in.world.state.RUnlock()
	c := &Call{instance: in}
	c.enter()
	_, err := in.transact(c, func(c *Call) (err error) {
		result, err = fn(c)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("understudy: seeding %s: %v", in.desc.Name, err))
	}
	return result
}
