package emulator

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/certificate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// An Option configures a server. Every provider is one.
type Option = kernel.Option

// A Provider is an emulated service, such as an *infisical.Provider.
type Provider = kernel.Provider

// A Contract says which behaviour the providers show where a published page and
// the running service are known to differ.
type Contract = kernel.Contract

// The contracts.
const (
	// Documented is what the published page says; where it is silent, what the
	// service does. It is the default.
	Documented = kernel.Documented
	// Live is what the running service does.
	Live = kernel.Live
)

type option func(*kernel.Config)

func (o option) Apply(c *kernel.Config) { o(c) }

// WithSeed sets what identifiers and secrets are derived from: the same seed
// and the same sequence of calls give the same ones. The default is
// "understudy".
func WithSeed(seed string) Option { return option(func(c *kernel.Config) { c.Seed = seed }) }

// WithClock starts the clock at t; it goes on from there unless it is frozen.
func WithClock(t time.Time) Option { return option(func(c *kernel.Config) { c.Clock = t }) }

// WithContract sets the contract the providers are held to.
func WithContract(contract Contract) Option {
	return option(func(c *kernel.Config) { c.Contract = &contract })
}

// WithWorld starts with the world of a file, YAML or JSON, instead of the
// default one; understudy world prints what to start from. Seed, clock,
// contract and settings of other options win over the file's. New fails when the
// file is damaged, with the line and the reason.
func WithWorld(file io.Reader) Option {
	world, err := kernel.ReadWorld(file)
	return option(func(c *kernel.Config) { c.World, c.Err = world, errors.Join(c.Err, err) })
}

// WithSetting sets a provider's setting by name, from text, as a flag has it. In
// Go, the settings are also arguments of the provider's New.
func WithSetting(provider, name, value string) Option {
	return option(func(c *kernel.Config) {
		if c.Settings == nil {
			c.Settings = map[string]map[string]any{}
		}
		if c.Settings[provider] == nil {
			c.Settings[provider] = map[string]any{}
		}
		c.Settings[provider][name] = value
	})
}

// WithLogger sets where calls (at level Info) and failures of the emulator
// itself (at level Error) are logged. The default is nowhere.
func WithLogger(logger *slog.Logger) Option {
	return option(func(c *kernel.Config) { c.Logger = logger })
}

// WithoutHints leaves the X-Understudy-* headers out of answers.
func WithoutHints() Option { return option(func(c *kernel.Config) { c.NoHints = true }) }

// AllowUnknown keeps NewTest from failing a test whose client calls what a
// provider does not know or Understudy does not serve.
func AllowUnknown() Option { return option(func(c *kernel.Config) { c.AllowUnknown = true }) }

// AllowUnused keeps NewTest from failing a test in which a fault of Next met no
// call.
func AllowUnused() Option { return option(func(c *kernel.Config) { c.AllowUnused = true }) }

// InMemory keeps NewTest from listening: the providers are reached by the server's
// Client, at the addresses of the real services. It is what a testing/synctest
// bubble needs, where no socket works, and it is quicker.
func InMemory() Option { return option(func(c *kernel.Config) { c.InMemory = true }) }

// WithAnswerChecks holds every answer to the provider's document and lists the
// breaches in the journal. NewTest always does, and fails the test.
func WithAnswerChecks() Option { return option(func(c *kernel.Config) { c.CheckAnswers = true }) }

// WithoutControl leaves the control API out of the gateway.
func WithoutControl() Option { return option(func(c *kernel.Config) { c.NoControl = true }) }

// WithGatewayOnly makes Listen open the gateway alone: the providers' URLs are
// paths of it.
func WithGatewayOnly() Option { return option(func(c *kernel.Config) { c.GatewayOnly = true }) }

// WithSandboxes bounds the sandboxes of the control API: how many there may be
// at a time, and for how long, by real time, one may go unused before it makes
// room; 0 is for ever. The default is DefaultSandboxes and DefaultSandboxIdle.
func WithSandboxes(most int, idle time.Duration) Option {
	return option(func(c *kernel.Config) { c.MaxSandboxes, c.SandboxIdle = most, idle })
}

// A Server is one world with its providers, and the sandboxes beside it. It is
// safe for concurrent use.
type Server struct {
	Clock   *clock.Clock
	Faults  *fault.Set
	Journal *journal.Journal

	config    kernel.Config
	world     *kernel.World
	own       *space // of world
	sandboxes *sandboxes
	control   *kernel.Instance
	hosts     []string               // names of this server that somebody gave it
	authority *certificate.Authority // nil without WithTLS

	mu sync.Mutex // guards the ports of spaces, and ca
	ca string     // the file that TellCA has told
}

// New returns a server that does not listen: see Handler, HandlerFor, Client
// and Listen. It fails when two providers are of one kind.
func New(opts ...Option) (*Server, error) {
	config := kernel.Config{MaxSandboxes: DefaultSandboxes, SandboxIdle: DefaultSandboxIdle}
	for _, o := range opts {
		o.Apply(&config)
	}
	s := &Server{config: config, hosts: ownHosts(config)}
	if config.TLS && config.Certificate == nil {
		var err error
		if s.authority, err = certificate.NewAuthority(); err != nil {
			return nil, fmt.Errorf("emulator: %w", err)
		}
	}
	world, err := kernel.NewWorld(config)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	s.world, s.Clock, s.Faults, s.Journal, s.own = world, world.Clock, world.Faults, world.Journal, &space{world: world}
	s.sandboxes = newSandboxes(s)
	if s.control, err = newControl(s, config); err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	if config.Keep != nil {
		if err := config.Keep(world); err != nil {
			return nil, fmt.Errorf("emulator: %w", err)
		}
	}
	return s, nil
}

// Revive ends what a fault Die began: calls reach the providers again.
func (s *Server) Revive() { s.Faults.Revive() }

// A Snapshot is a whole world at one moment: what its providers store and the
// instant of its clock.
type Snapshot struct{ kernel kernel.Snapshot }

// Equal reports whether two snapshots hold the same data, whatever their clocks
// say: a way to show that a call changed nothing.
func (s Snapshot) Equal(other Snapshot) bool { return s.kernel.Equal(other.kernel) }

// Snapshot returns the present state.
func (s *Server) Snapshot() Snapshot { return Snapshot{s.world.Snapshot()} }

// Restore brings back a snapshot of this server. Faults and the journal stay as
// they are.
func (s *Server) Restore(snapshot Snapshot) { s.world.Restore(snapshot.kernel) }

// Reset starts the world over: as it was started last, no faults, an empty
// journal.
func (s *Server) Reset() {
	if err := s.world.Reset(s.world.Start()); err != nil {
		panic("emulator: " + err.Error()) // the same start has worked before
	}
}
