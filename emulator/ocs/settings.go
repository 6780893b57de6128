package ocs

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// A Setting is a value of one of the provider's settings, for New.
type Setting = kernel.SettingValue

// maxPropagation is how long a change may take to reach the token service, by
// the page.
const maxPropagation = time.Hour

var (
	propagation = kernel.NewSetting("propagation", time.Duration(0), "how long the token service goes by the state before an update or a deletion, up to 1h", func(d time.Duration) error {
		if d < 0 || d > maxPropagation {
			return fmt.Errorf("%s is not between 0 and %s", d, maxPropagation)
		}
		return nil
	})
	strictRoles = kernel.NewSetting("strictRoles", false, "whether the tenant lets only administrators read clients and roles", nil)
)

// Propagation sets how long an update or a deletion of a client or a secret takes
// to show at the token endpoint: at most an hour, as the page warns, and by
// default no time at all. What is added can be used at once.
func Propagation(d time.Duration) Setting { return propagation.To(d) }

// StrictRoles sets whether only administrators may read clients and roles, as a
// tenant can have it. By default members may, too.
func StrictRoles(strict bool) Setting { return strictRoles.To(strict) }

// PublicURL pins the base URL that issuers, discovery documents and links name,
// whatever address a request came by: where clients find the provider behind a
// proxy. Empty, the default, is none of its own. See emulator.WithPublicURL.
func PublicURL(base string) Setting { return kernel.PublicURL.To(base) }

// IgnoreUnknownKeys lets keys of a body pass, with a warning in the journal, that
// neither the page nor an official client knows. They are refused otherwise.
func IgnoreUnknownKeys() Setting { return kernel.UnknownKeys.To(kernel.IgnoreUnknown) }

// past is what held until a change.
type past[T any] struct {
	Was   T
	Until time.Time
}

// seen returns the value that the token service goes by: the one of a while ago,
// or of now if it has not changed since.
func seen[T any](c *kernel.Call, now T, history []past[T]) T {
	at := c.In(-propagation.Get(c))
	for _, h := range history {
		if h.Until.After(at) {
			return h.Was
		}
	}
	return now
}

// remember adds what was to a history of changes, if anything can come of it,
// and leaves out what nobody sees any more.
func remember[T any](c *kernel.Call, history []past[T], was T) []past[T] {
	history = slices.DeleteFunc(slices.Clone(history), func(h past[T]) bool { return !h.Until.After(c.In(-maxPropagation)) })
	// Of changes at the same instant, nobody has seen what was between them.
	if n := len(history); propagation.Get(c) > 0 && (n == 0 || !history[n-1].Until.Equal(c.Now)) {
		history = append(history, past[T]{was, c.Now})
	}
	if len(history) == 0 {
		return nil
	}
	return history
}

// gone is a row that has been deleted and that the token service still goes by.
type gone[T any] struct {
	Row T
	At  time.Time
}

// bury keeps a deleted row for as long as the token service may go by it, and
// forgets those for which that is over.
func bury[T any](c *kernel.Call, table *store.Table[gone[T]], row T) {
	var over []string
	for key, g := range table.All(c.Tx) {
		if g.At.After(c.In(-maxPropagation)) {
			break // what follows is younger
		}
		over = append(over, key)
	}
	for _, key := range over {
		table.Delete(c.Tx, key)
	}
	if propagation.Get(c) > 0 {
		table.Put(c.Tx, strconv.FormatUint(c.Tx.Next(deletionSequence), 10), gone[T]{row, c.Now})
	}
}

// exhume returns the row with the given index value that the token service still
// goes by although it has been deleted.
func exhume[T any](c *kernel.Call, index *store.Index[gone[T]], of string) (T, bool) {
	var found T
	ok := false
	for _, g := range index.All(c.Tx, of) { // the last one counts
		if g.At.After(c.In(-propagation.Get(c))) {
			found, ok = g.Row, true
		}
	}
	return found, ok
}
