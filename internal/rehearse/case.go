package rehearse

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Step is something that an application does, or something that must hold.
type Step struct {
	Name string
	Do   func(context.Context) error
}

// A Case is a world of its own and what is done in it. The world's clock stands
// still.
type Case struct {
	World    *kernel.World
	Acts     []Step // what is rehearsed
	Always   []Step // must hold after every act, whatever came of it
	InTheEnd []Step // must hold once the acts have been done again
	// Complaints returns what the emulator has found wrong with its clients or
	// itself so far, such as a call of an operation that no provider has.
	Complaints func() []string
	Close      func()
}

var (
	errDied     = errors.New("the caller died")
	errNoReturn = errors.New("it did not return when its context was done; a client that takes no context has to be left behind then")
)

// grace is how long a step may take to notice that its context is done.
const grace = 2 * time.Second

// do does one step, for as long as it may take and the caller lives.
func (c *Case) do(ctx context.Context, limit time.Duration, step Step) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(limit, func() { cancel(fmt.Errorf("it was not done within %s", limit)) })
	defer timer.Stop()
	died := c.World.Faults.Died()
	done := make(chan error, 1)
	go func() { done <- guarded(ctx, step.Do) }()
	var err error
	select {
	case err = <-done:
	case <-died:
		cancel(errDied)
		err = await(done)
	case <-ctx.Done():
		err = await(done)
	}
	select {
	case <-died: // whatever it made of that: a dead process returns nothing
		if !errors.Is(err, errNoReturn) {
			err = errDied
		}
	default:
		if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, errNoReturn) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
	}
	return err
}

// await waits for a step that has been told to end.
func await(done <-chan error) error {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errNoReturn
	}
}

// guarded turns a panic into an error: one case must not end the others.
func guarded(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return do(ctx)
}
