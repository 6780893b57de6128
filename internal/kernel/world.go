package kernel

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/store"
	"github.com/understudy-dev/understudy/internal/worldfile"
)

// DefaultSeed is the seed of a world that names none.
const DefaultSeed = "understudy"

// Epoch is the date of everything in the default world.
var Epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// An Option configures a server. A provider is one.
type Option interface{ Apply(*Config) }

// Config is what the options of a server add up to.
type Config struct {
	Start
	Providers    []Provider
	Logger       *slog.Logger
	NoHints      bool
	AllowUnknown bool
	AllowUnused  bool // faults that no call meets
	CheckAnswers bool
	InMemory     bool             // a test's server does not listen
	NoControl    bool             // the gateway has no control API
	GatewayOnly  bool             // providers have no ports of their own
	MaxSandboxes int              // at a time
	SandboxIdle  time.Duration    // until one makes room; 0: never
	WriteTimeout time.Duration    // that a client may take nothing of an answer
	TLS          bool             // listeners speak TLS
	Certificate  *tls.Certificate // theirs; nil: one of a throw-away authority
	PublicURL    string           // the gateway's address for clients, without a slash at the end; "": that of each request
	TrustProxy   bool             // X-Forwarded-Host and -Proto count
	AllowHosts   []string         // further names of this server; "*." stands for any prefix
	AllowOrigins []string         // of pages that may use the providers, beside those on this machine
	AllowIssuers []string         // origins of token issuers that may be asked for their keys
	// Keep is called with the server's own world before it serves, to bring back
	// what was kept of it and to keep what becomes of it.
	Keep func(*World) error
	Err  error // why an option could not be used
	// Invent returns what a world is populated by, which follows from the draw; nil:
	// this server cannot.
	Invent func(draw *entropy.Draw) Inventor
}

// Start is what a world starts with. What is left empty is the world file's,
// or else the default.
type Start struct {
	Seed     string                    `json:"seed,omitempty"`
	Contract *Contract                 `json:"contract,omitempty"`
	Clock    time.Time                 `json:"clock,omitzero"` // zero: real time
	World    *worldfile.File           `json:"world,omitempty"`
	Settings map[string]map[string]any `json:"settings,omitempty"` // by provider, as flags or JSON have them
	Populate int                       `json:"populate,omitempty"` // how many of each kind to invent
}

// A World is one isolated state of all its providers.
type World struct {
	Clock   *clock.Clock
	Faults  *fault.Set
	Journal *journal.Journal
	Path    string // of this world below the gateway's public URL; "" for the default one
	// Outbound reads what other servers publish; nil reads nothing.
	Outbound Outbound

	wall      *clock.Clock // real time, which nobody moves
	config    Config
	instances []*Instance
	setup     atomic.Pointer[setup]
	calls     atomic.Uint64
	report    *atomic.Pointer[func(format string, args ...any)] // shared with its siblings
	life      context.Context                                   // done when delays and streams should end
	end       context.CancelFunc
	// state is held for reading by whatever works on the stores, and for writing
	// by what replaces or copies a whole world.
	state sync.RWMutex
	start Start        // of the last Reset
	begun *setup       // what it made of it
	save  func() error // nil: the world is not kept
}

// setup is what a reset may change. It is replaced, never changed.
type setup struct {
	seed     string
	contract Contract
	entropy  entropy.Source
	settings map[string]map[string]any          // by provider; what is missing is initial
	origins  map[string]func() (*origin, error) // by provider
}

// origin is what a provider starts with. It is made when it is first needed:
// most worlds use few of their providers.
type origin struct {
	content     store.Snapshot
	credentials func() map[string]string
}

// A mounted is a provider as all worlds of a server share it.
type mounted struct {
	desc   Description
	schema *store.Schema
	drawn  []drawn
	routes map[Op]*Route
}

// An Instance is one provider in one world.
type Instance struct {
	*mounted
	world   *World
	store   *store.Store
	address atomic.Pointer[string] // where it listens
}

// NewWorld mounts the providers and fills their stores with the default world.
func NewWorld(config Config) (*World, error) {
	if config.Err != nil {
		return nil, config.Err
	}
	names := map[string]bool{}
	var mounts []*mounted
	for _, p := range config.Providers {
		p.binding().mustBeFree()
		m, err := mount(p)
		if err != nil {
			return nil, err
		}
		if names[m.desc.Name] {
			return nil, fmt.Errorf("two %s providers in one server", m.desc.Name)
		}
		names[m.desc.Name] = true
		mounts = append(mounts, m)
	}
	w := newWorld(config, mounts, journal.New(journal.MaxEntries, journal.MaxBytes))
	w.report = &atomic.Pointer[func(format string, args ...any)]{}
	if err := w.Reset(config.Start); err != nil {
		return nil, err
	}
	for i, p := range config.Providers {
		p.binding().bind(w.instances[i])
	}
	return w, nil
}

func newWorld(config Config, mounts []*mounted, j *journal.Journal) *World {
	w := &World{Clock: clock.New(), wall: clock.New(), Journal: j, config: config}
	w.life, w.end = context.WithCancel(context.Background())
	w.Faults = fault.NewSet(w.checkFault)
	instances := make([]Instance, len(mounts))
	w.instances = make([]*Instance, len(mounts))
	for i, m := range mounts {
		in := &instances[i]
		in.mounted, in.world, in.store = m, w, store.New(m.schema)
		w.instances[i] = in
	}
	return w
}

// Sibling returns another world of the same providers with a state, a clock and
// faults of its own and the given journal. It starts with start, or, when that is
// nil, as w was started last, which costs next to nothing.
func (w *World) Sibling(start *Start, j *journal.Journal) (*World, error) {
	mounts := make([]*mounted, len(w.instances))
	for i, in := range w.instances {
		mounts[i] = in.mounted
	}
	sibling := newWorld(w.config, mounts, j)
	sibling.report = w.report
	if start != nil {
		return sibling, sibling.Reset(*start)
	}
	w.state.RLock()
	same, s := w.start, w.begun
	w.state.RUnlock()
	sibling.begin(same, s)
	return sibling, nil
}

func mount(p Provider) (*mounted, error) {
	env := &Env{Schema: &store.Schema{}}
	m := &mounted{desc: p.Mount(env), schema: env.Schema, drawn: env.drawn}
	d := &m.desc
	m.routes = make(map[Op]*Route, len(d.Routes))
	switch {
	case d.Name == "" || d.Document == nil || d.Error == nil:
		return nil, fmt.Errorf("provider %q lacks its name, document or error dialect", d.Name)
	case d.Identify == nil:
		d.Identify = func(*Call) error { return nil }
	}
	if !d.Internal {
		d.Settings = append(d.Settings, PublicURL, UnknownKeys)
	}
	for i := range d.Routes {
		route := &d.Routes[i]
		if m.routes[route.Op] != nil {
			return nil, fmt.Errorf("%s has two handlers", route.Op)
		}
		m.routes[route.Op] = route
	}
	return m, nil
}

// Reset starts the world over: what start describes, no faults, an empty
// journal. When it fails, nothing changes.
func (w *World) Reset(start Start) error {
	w.state.Lock()
	defer w.state.Unlock()
	s, err := w.resolve(start)
	if err != nil {
		return err
	}
	w.begin(start, s)
	return nil
}

// begin is the part of Reset that cannot fail.
func (w *World) begin(start Start, s *setup) {
	w.start, w.begun = start, s
	w.setup.Store(s)
	for _, in := range w.instances {
		in.store.Promise(func() store.Snapshot { return s.origin(in.Name()).content })
	}
	w.calls.Store(0)
	w.Faults.Clear()
	w.Faults.Revive()
	w.Journal.Clear()
	w.Clock.Reset()
	if at := start.clock(); !at.IsZero() {
		w.Clock.Set(at)
	}
}

// clock is where the clock starts, zero for real time.
func (start Start) clock() time.Time {
	if start.Clock.IsZero() && start.World != nil {
		return start.World.Clock
	}
	return start.Clock
}

// origin returns what a provider starts with, which the reset has vetted.
func (s *setup) origin(provider string) *origin {
	o, err := s.origins[provider]()
	if err != nil {
		panic(fmt.Sprintf("kernel: the default world of %s cannot be made: %v", provider, err))
	}
	return o
}

// resolve fills in what start leaves out.
func (w *World) resolve(start Start) (*setup, error) {
	file := start.World
	if file == nil {
		file = &worldfile.File{}
	}
	s := &setup{seed: cmp.Or(start.Seed, file.Seed, DefaultSeed), settings: map[string]map[string]any{}, origins: map[string]func() (*origin, error){}}
	s.entropy = entropy.New(s.seed)
	if err := w.checkPopulation(start.Populate); err != nil {
		return nil, err
	}
	switch {
	case start.Contract != nil:
		s.contract = *start.Contract
	case file.Contract != "":
		var err error
		if s.contract, err = ParseContract(file.Contract); err != nil {
			return nil, err
		}
	}
	for _, in := range w.instances {
		given := map[string]any{}
		for _, v := range in.desc.Values {
			given[v.setting.Name()] = v.value
		}
		values, err := in.settings(nil, given)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(file.Settings[in.Name()])) {
			if values, err = in.settings(values, map[string]any{name: file.Settings[in.Name()][name]}); err != nil {
				return nil, file.At([]string{"settings", in.Name(), name}, err)
			}
		}
		if values, err = in.settings(values, start.Settings[in.Name()]); err != nil {
			return nil, err
		}
		s.settings[in.Name()] = values
	}
	for _, name := range slices.Sorted(maps.Keys(file.Settings)) {
		if w.Instance(name) == nil {
			return nil, file.At([]string{"settings", name}, errors.New("there is no such provider here"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(start.Settings)) {
		if w.Instance(name) == nil {
			return nil, fmt.Errorf("settings: there is no provider %q here", name)
		}
	}
	for _, in := range w.instances {
		of := sync.OnceValues(func() (*origin, error) { return in.load(s, start) })
		s.origins[in.Name()] = of
		if file.Providers[in.Name()] == nil {
			continue
		}
		if _, err := of(); err != nil { // what somebody wrote may be wrong, and must be told now
			return nil, err
		}
	}
	return s, nil
}

// load returns the content of a new world: the file's section for the provider,
// or the default world's.
func (in *Instance) load(s *setup, start Start) (*origin, error) {
	scratch := &Instance{mounted: in.mounted, world: in.world, store: store.New(in.schema)}
	o := &origin{credentials: func() map[string]string { return nil }}
	if in.desc.Load == nil {
		return o, nil
	}
	c := &Call{instance: scratch, setup: s, Now: Epoch}
	file := start.World
	var section json.RawMessage
	if file != nil {
		section = file.Providers[in.Name()]
	}
	var err error
	if section == nil {
		if section, err = json.Marshal(in.desc.DefaultWorld(c)); err != nil {
			return nil, err
		}
	}
	if start.Populate > 0 && in.desc.Populate != nil {
		if section, err = in.desc.Populate(section, start.Populate, in.world.config.Invent(c.DrawWorld("population"))); err != nil {
			return nil, err
		}
	}
	_, err = scratch.transact(c, func(c *Call) error {
		credentials, err := in.desc.Load(c, section)
		o.credentials = sync.OnceValue(func() map[string]string { return c.mint(credentials) })
		return err
	})
	if err != nil {
		if file != nil {
			err = locate(file, in.Name(), err)
		}
		return nil, err
	}
	o.content = scratch.store.Snapshot()
	return o, nil
}

// Start returns what the world was last started with.
func (w *World) Start() Start {
	w.state.Lock()
	defer w.state.Unlock()
	return w.start
}

// A Snapshot is a world at one moment: what it stores and where its clock stands.
type Snapshot struct {
	world  *World
	start  Start
	begun  *setup
	setup  *setup
	clock  clock.State
	calls  uint64
	stores []store.Snapshot
}

// Snapshot returns the present state.
func (w *World) Snapshot() Snapshot {
	w.state.Lock()
	defer w.state.Unlock()
	s := Snapshot{world: w, start: w.start, begun: w.begun, setup: w.setup.Load(), clock: w.Clock.State(), calls: w.calls.Load()}
	for _, in := range w.instances {
		s.stores = append(s.stores, in.store.Snapshot())
	}
	return s
}

// Restore brings a snapshot of this world back. Faults and the journal stay as
// they are. It panics with another world's snapshot.
func (w *World) Restore(s Snapshot) {
	if s.world != w {
		panic("understudy: the snapshot is not of this server")
	}
	w.state.Lock()
	defer w.state.Unlock()
	w.restore(s)
}

func (w *World) restore(s Snapshot) {
	w.start, w.begun = s.start, s.begun
	w.setup.Store(s.setup)
	for i, in := range w.instances {
		in.store.Restore(s.stores[i])
	}
	w.calls.Store(s.calls)
	w.Clock.Restore(s.clock)
}

// Equal reports whether two snapshots hold the same rows.
func (s Snapshot) Equal(t Snapshot) bool {
	return slices.EqualFunc(s.stores, t.stores, store.Snapshot.Equal)
}

// Config returns what the options of the world's server add up to.
func (w *World) Config() Config { return w.config }

// Seed returns the world's seed.
func (w *World) Seed() string { return w.setup.Load().seed }

// Document returns the document that the provider is held to.
func (in *Instance) Document() *gate.Document { return in.desc.Document }

// Contract returns the contract the world is held to.
func (w *World) Contract() Contract { return w.setup.Load().contract }

// Instances returns the world's providers, in the order they were given.
func (w *World) Instances() []*Instance { return w.instances }

// Instance returns a provider by name, or nil.
func (w *World) Instance(name string) *Instance {
	for _, in := range w.instances {
		if in.Name() == name {
			return in
		}
	}
	return nil
}

// InstanceOf returns the instance of a provider, or nil when it is another
// world's.
func (w *World) InstanceOf(p Provider) *Instance {
	if in := p.binding().instance.Load(); in != nil && in.world == w {
		return in
	}
	return nil
}

// InstanceFor returns the provider that serves a real host name, or nil.
func (w *World) InstanceFor(host string) *Instance {
	for _, in := range w.instances {
		for _, pattern := range in.desc.Hosts {
			if suffix, ok := strings.CutPrefix(pattern, "*"); host == pattern || ok && strings.HasSuffix(host, suffix) && host != suffix {
				return in
			}
		}
	}
	return nil
}

// ReportTo makes fn hear of answers that break their document, of calls the
// emulator does not know, and of panics: what fails a test. Nil ends it.
func (w *World) ReportTo(fn func(format string, args ...any)) {
	if fn == nil {
		w.report.Store(nil)
		return
	}
	w.report.Store(&fn)
}

// Hurry ends what waits in the world, such as the delay of a fault, now and from
// then on.
func (w *World) Hurry() { w.end() }

// WithLife returns a context that is done when ctx is, or when the world is told
// to hurry. The caller must call cancel.
func (w *World) WithLife(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(w.life, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// Fail reports what fails a test.
func (w *World) Fail(format string, args ...any) {
	if fn := w.report.Load(); fn != nil {
		(*fn)(format, args...)
	}
}

// checkFault refuses faults that the operation's document does not allow.
func (w *World) checkFault(op Op, f fault.Fault) error {
	name, line := SplitOp(op)
	in := w.Instance(name)
	if in == nil {
		var names []string
		for _, in := range w.instances {
			names = append(names, in.Name())
		}
		return fmt.Errorf("%q does not begin with a provider of this server; there are %s", op, strings.Join(names, ", "))
	}
	index, err := in.desc.Document.Index()
	if err != nil {
		return err
	}
	operation := index.Operation(line)
	if operation == nil || in.routes[op] == nil {
		var lines []string
		for _, route := range in.desc.Routes {
			_, line := SplitOp(route.Op)
			lines = append(lines, line)
		}
		return fmt.Errorf("%s is not an operation that is served; there are %s", op, strings.Join(lines, ", "))
	}
	if err := operation.Load(); err != nil {
		return err
	}
	if status := f.Spec.Status; status != 0 && !f.Spec.Undocumented && !slices.Contains(operation.Refusals(), status) {
		return fmt.Errorf("%s does not document the refusal %d; allowed are %v, or undocumented faults", op, status, operation.Refusals())
	}
	return nil
}

// ResolveOp returns the operation of a line with or without the provider's name.
func ResolveOp(provider, line string) Op {
	if provider == "" || strings.HasPrefix(line, provider+" ") {
		return Op(line)
	}
	return Op(provider + " " + line)
}

// SplitOp returns an operation's provider and line.
func SplitOp(op Op) (provider, line string) {
	provider, line, _ = strings.Cut(string(op), " ")
	return provider, line
}

// Exposed are the headers of answers that pages of other origins may read.
func (in *Instance) Exposed() []string {
	return append([]string{HeaderEntry, HeaderReason, HeaderDiffers, "ETag", "Retry-After"}, in.desc.Expose...)
}

// Name returns the provider's name.
func (in *Instance) Name() string { return in.desc.Name }

// Contract returns the provider's parsed document.
func (in *Instance) Index() (*gate.Index, error) { return in.desc.Document.Index() }

// Differences returns the provider's table of differences.
func (in *Instance) Differences() []*Difference { return in.desc.Differences }

// Serves reports whether an operation has a handler; when it has none, declined
// says why, if the provider declines it.
func (in *Instance) Serves(op Op) (served bool, declined string) {
	return in.routes[op] != nil, in.desc.Declined[op]
}

// URL returns the provider's base URL; see Binding.URL.
func (in *Instance) URL() string {
	if address := in.address.Load(); address != nil {
		return *address
	}
	for _, host := range in.desc.Hosts {
		if !strings.HasPrefix(host, "*") {
			return "https://" + host
		}
	}
	return "https://" + in.Name() + ".localhost"
}

// ListenAt tells the instance where it listens.
func (in *Instance) ListenAt(url string) { in.address.Store(&url) }

// Credentials returns the credentials of the default world.
func (in *Instance) Credentials() map[string]string {
	return maps.Clone(in.world.setup.Load().origin(in.Name()).credentials())
}

// mint adds the late credentials of a world that has been loaded.
func (c *Call) mint(credentials map[string]string) map[string]string {
	for name, fn := range c.minted {
		value, err := fn()
		if err != nil {
			panic(fmt.Sprintf("kernel: making the credential %s: %v", name, err))
		}
		credentials[name] = value
	}
	return credentials
}

// Example returns a shell command that shows the provider at work at url with
// the given credentials.
func (in *Instance) Example(url string, credentials map[string]string) string {
	return fill(in.desc.Example, url, credentials)
}

// Env returns the environment variables that point official clients at url.
func (in *Instance) Env(url string, credentials map[string]string) []EnvVar {
	var env []EnvVar
	for _, v := range in.desc.Env {
		env = append(env, EnvVar{v.Name, fill(v.Value, url, credentials)})
	}
	return env
}

func fill(text, url string, credentials map[string]string) string {
	pairs := []string{"{url}", url}
	for name, value := range credentials {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Chosen returns the behaviours that nobody public describes.
func (in *Instance) Chosen() []Choice { return in.desc.Chosen }

// Port returns the distance of the provider's port from the gateway's.
func (in *Instance) Port() int { return in.desc.Port }

// transact runs fn as one transaction of the call, and returns it as it has ended,
// nil where there is nothing to guard. A problem that asks to be kept commits.
func (in *Instance) transact(c *Call, fn func(*Call) error) (done *store.Tx, err error) {
	if in.schema != nil && in.schema.Empty() {
		return nil, fn(c) // as in the control API
	}
	err = in.store.Update(func(tx *store.Tx) error {
		c.Tx, done = tx, tx
		defer func() { c.Tx = nil }()
		err := fn(c)
		if err != nil && asProblem(err).keep {
			tx.Keep()
		}
		return err
	})
	return done, err
}

// keep makes what a phase has stored stay, whatever becomes of the call: a use of a
// token is counted although the call is refused.
func (c *Call) keep() {
	if c.Tx != nil {
		c.Tx.Keep()
	}
}

// World returns the instance's world.
func (in *Instance) World() *World { return in.world }

// Logger returns the server's logger.
func (w *World) Logger() *slog.Logger {
	if w.config.Logger != nil {
		return w.config.Logger
	}
	return slog.New(slog.DiscardHandler)
}
