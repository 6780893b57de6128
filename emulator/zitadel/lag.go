package zitadel

import (
	"slices"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A view is a state that the OAuth endpoints may see, from an instant on. The
// service reads them from projections, which follow the changes with a delay.
type view[V any] struct {
	From  time.Time
	State V
}

// views are what the OAuth endpoints may see of one thing, the oldest state
// first and the present one last.
type views[V any] []view[V]

// now returns the present state, which the Management API works with.
func (v views[V]) now() V {
	if len(v) == 0 {
		var zero V
		return zero
	}
	return v[len(v)-1].State
}

// last returns the newest state that is of some kind, or the zero one.
func (v views[V]) last(is func(V) bool) V {
	for _, one := range slices.Backward(v) {
		if is(one.State) {
			return one.State
		}
	}
	var zero V
	return zero
}

// seen returns the state that the OAuth endpoints see, and whether they see any.
func (v views[V]) seen(c *kernel.Call) (V, bool) {
	delay := lag.Get(c)
	if delay == 0 { // whatever the clock says
		return v.now(), len(v) > 0
	}
	until := c.In(-delay)
	for _, one := range slices.Backward(v) {
		if !one.From.After(until) {
			return one.State, true
		}
	}
	var zero V
	return zero, false
}

// with returns the views after a change. Only what the present lag may still
// show is kept; without one, that is the new state alone.
func (v views[V]) with(c *kernel.Call, state V) views[V] {
	delay := lag.Get(c)
	next := view[V]{From: c.Now, State: state}
	if delay == 0 {
		return old(state) // seen at once, also if there is a lag later
	}
	first := 0
	for i, one := range v {
		if !one.From.After(c.In(-delay)) {
			first = i
		}
	}
	kept := slices.Clone(v[first:])
	if n := len(kept); n > 1 && kept[n-2].From.Equal(c.Now) {
		kept = slices.Delete(kept, n-2, n-1) // nobody can see it; the last is what a removal removes
	}
	return append(kept, next)
}

// old is the views of what is there since the beginning of the world, and needs
// no time to be seen.
func old[V any](state V) views[V] { return views[V]{{State: state}} }
