// Package clock is the time of an emulated world.
//
// Nothing in Understudy expires by a timer: the state of a secret or a token is
// computed from its facts and this clock when somebody looks. Moving the clock
// is therefore instant, whatever is stored.
package clock

import (
	"sync"
	"time"
)

// A Clock follows real time until told otherwise. It is safe for concurrent use.
type Clock struct {
	mu     sync.RWMutex
	frozen bool
	at     time.Time // where the clock stood when it was last moved or set going
	since  time.Time // the real time of that, while running
}

// The first and the last instant that every timestamp can show. A clock that is
// moved beyond stands there. Protocol buffers begin with the year 1, whose first
// second is left out: there the zero time stands, which means never.
var (
	First = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)
	Last  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
)

// State is where a clock stands, as kept in a snapshot: the instant, not its
// distance from real time, so that restoring it later brings the instant back.
type State struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
	Real   time.Time `json:"real,omitzero"` // when it stood there, if it was running
}

// Same reports whether two states are of a clock that nobody has moved between
// them.
func (s State) Same(other State) bool {
	return s.Frozen == other.Frozen && s.Now.Sub(other.Now) == s.Real.Sub(other.Real)
}

// New returns a clock that follows real time.
func New() *Clock {
	c := &Clock{}
	c.Reset()
	return c
}

// Now returns the world's time, in UTC and without a monotonic reading.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.nowLocked(real())
}

func (c *Clock) nowLocked(real time.Time) time.Time {
	now := c.at
	if !c.frozen {
		now = now.Add(real.Sub(c.since))
	}
	return Showable(now)
}

// Showable returns t, or the nearest instant that a timestamp can show.
func Showable(t time.Time) time.Time {
	switch {
	case t.Before(First):
		return First
	case t.After(Last):
		return Last
	}
	return t
}

// Advance moves the clock by d; a negative d moves it back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Set moves the clock to t. A running clock goes on from there.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setLocked(t)
}

func (c *Clock) setLocked(t time.Time) {
	c.at, c.since = t.Round(0).UTC(), real()
}

// Freeze stops the clock where it stands. Advance and Set still move it.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.frozen = c.nowLocked(real()), true
}

// Resume lets a frozen clock run on from where it stands.
func (c *Clock) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		c.setLocked(c.at)
		c.frozen = false
	}
}

// Frozen reports whether the clock stands still.
func (c *Clock) Frozen() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.frozen
}

// Offset returns how far the world is ahead of real time: at most the 292 years
// that a Duration holds, though the clock itself can be set to any.
func (c *Clock) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.frozen {
		return c.at.Sub(real())
	}
	return c.at.Sub(c.since)
}

// State returns where the clock stands.
func (c *Clock) State() State {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.frozen {
		return State{Now: c.nowLocked(c.at), Frozen: true}
	}
	now := real()
	return State{Now: c.nowLocked(now), Real: now}
}

// Restore puts the clock where s says.
func (c *Clock) Restore(s State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setLocked(s.Now)
	c.frozen = s.Frozen
}

// RunOn returns where the clock that s was of stands by now: one that was running
// has run on.
func RunOn(s State) State {
	if s.Frozen {
		return s
	}
	now := real()
	return State{Now: Showable(s.Now.Add(now.Sub(s.Real))), Real: now}
}

// Reset makes the clock follow real time again.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := real()
	c.at, c.since, c.frozen = now, now, false
}

// real is the one place the wall clock is read for what a world shows.
func real() time.Time { return time.Now().Round(0).UTC() }
