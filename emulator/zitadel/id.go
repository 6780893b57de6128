package zitadel

import (
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// Identifiers are numbers in decimal that grow with time: ticks of 10 ms since
// the epoch, a sequence of 8 bits within the tick, and 16 bits of the machine.
const (
	tick         = 10 * time.Millisecond
	sequenceBits = 8
	machineBits  = 16
	maxSequence  = 1<<sequenceBits - 1
)

var idEpoch = time.Date(2019, 4, 29, 0, 0, 0, 0, time.UTC)

// place is where an identifier stands in their order: tick and sequence.
func place(at time.Time, sequence uint64) uint64 {
	ticks := max(0, at.Sub(idEpoch)/tick)
	return uint64(ticks)<<sequenceBits | sequence
}

func formatID(c *kernel.Call, place uint64) string {
	b := c.DrawWorld("machine").Bytes(2)
	return strconv.FormatUint(place<<machineBits|uint64(b[0])<<8|uint64(b[1]), 10)
}

// lastID is the place of the last identifier that was given out.
type lastID struct{ Place uint64 }

// nextID returns the next identifier. When a tick's sequence is used up, or the
// clock has moved back, the tick after the last one is used: a frozen clock does
// not run out of identifiers, and each is greater than those before.
func (p *Provider) nextID(c *kernel.Call) string {
	last, ok := p.ids.Get(c.Tx, "")
	if !ok {
		last.Place = place(kernel.Epoch, maxSequence) // that tick is the default world's
	}
	last.Place = max(place(c.Now, 0), last.Place+1)
	id := formatID(c, last.Place)
	for p.known(c, id) { // from a world file, or a state whose last id was put back
		last.Place++
		id = formatID(c, last.Place)
	}
	p.ids.Put(c.Tx, "", last)
	return id
}

// known reports whether anything that is stored by its identifier has this one.
func (p *Provider) known(c *kernel.Call, id string) bool {
	return has(c, p.organizations, id) || has(c, p.projects, id) || has(c, p.apps, id) || has(c, p.users, id) ||
		has(c, p.keys, id) || has(c, p.pats, id) || has(c, p.grants, id) || has(c, p.projectGrants, id) ||
		has(c, p.webKeys, id) || has(c, p.byClientID, id)
}

func has[V any](c *kernel.Call, in interface {
	Get(*store.Tx, string) (V, bool)
}, id string) bool {
	_, ok := in.Get(c.Tx, id)
	return ok
}

// worldID returns the n-th identifier of the default world.
func worldID(c *kernel.Call, n uint64) string { return formatID(c, place(kernel.Epoch, n)) }
