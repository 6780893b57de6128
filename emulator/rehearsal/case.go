package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/rehearse"
)

// A Case is one world and what is done in it. It is an emulator.TB: helpers that
// were written for tests can be handed one.
type Case struct {
	began    time.Time
	world    *kernel.World
	acts     []rehearse.Step
	always   []rehearse.Step
	inTheEnd []rehearse.Step

	mu       sync.Mutex
	errs     []string
	cleanups []func()
}

var _ emulator.TB = (*Case)(nil)

// Server returns the case's server, made as by emulator.NewTest with the given
// options. Its clock stands still, at the same instant in all cases. A case has one
// server.
func (c *Case) Server(opts ...emulator.Option) *emulator.Server {
	if c.world != nil {
		c.Fatalf("a case has one server; hand all providers to it")
	}
	srv := emulator.NewTest(c, slices.Concat([]emulator.Option{emulator.WithClock(c.began), watch{c}}, opts)...)
	srv.Clock.Freeze()
	srv.Clock.Set(c.began) // it has gone on for a moment
	return srv
}

// watch tells a case which world its server has.
type watch struct{ of *Case }

func (w watch) Apply(config *kernel.Config) {
	keep := config.Keep
	config.Keep = func(world *kernel.World) error {
		w.of.world = world
		if keep == nil {
			return nil
		}
		return keep(world)
	}
}

// Act declares what is rehearsed. It is called with the faults, then again without
// them; it must return when its context is done. What it keeps outside survives the
// death of its process. Several acts are done one after the other.
func (c *Case) Act(do func(context.Context) error) {
	c.acts = append(c.acts, rehearse.Step{Name: fmt.Sprintf("act %d", len(c.acts)+1), Do: do})
}

// Always declares what must hold after every act, whatever came of it. Its own
// calls get no faults.
func (c *Case) Always(name string, check func(context.Context) error) {
	c.always = append(c.always, rehearse.Step{Name: name, Do: check})
}

// InTheEnd declares what must hold once the acts have been done again. Its own
// calls get no faults.
func (c *Case) InTheEnd(name string, check func(context.Context) error) {
	c.inTheEnd = append(c.inTheEnd, rehearse.Step{Name: name, Do: check})
}

// Helper is that of a TB; a case has no use for it.
func (c *Case) Helper() {}

// Cleanup has fn called when the case has ended, the last one first.
func (c *Case) Cleanup(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cleanups = append(c.cleanups, fn)
}

// Errorf makes the case broken.
func (c *Case) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, fmt.Sprintf(format, args...))
}

// Fatalf is Errorf, and ends the goroutine that calls it: the set-up.
func (c *Case) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	runtime.Goexit()
}

// Logf is that of a TB. Nothing is logged: there are hundreds of cases, and the
// report has the calls of those that are broken.
func (c *Case) Logf(string, ...any) {}

// Failed reports whether the case is broken already.
func (c *Case) Failed() bool { return len(c.complaints()) > 0 }

func (c *Case) complaints() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.errs)
}

// complete tells what the set-up has left out.
func (c *Case) complete() error {
	switch {
	case c.Failed():
		return errors.New(strings.Join(c.complaints(), "; "))
	case c.world == nil:
		return errNoServer
	case len(c.acts) == 0:
		return errNoAct
	}
	return nil
}

func (c *Case) close() {
	c.mu.Lock()
	cleanups := c.cleanups
	c.mu.Unlock()
	for _, fn := range slices.Backward(cleanups) {
		fn()
	}
}
