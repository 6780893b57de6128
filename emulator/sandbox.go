package emulator

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// The bounds of sandboxes.
const (
	DefaultSandboxes   = 1000      // at a time
	DefaultSandboxIdle = time.Hour // unused, by real time

	// A sandbox's journal is smaller than the server's own.
	sandboxEntries = 1000
	sandboxBytes   = 1 << 20
)

// A space is one world and where it is reached: the server's own, or a
// sandbox's.
type space struct {
	world *kernel.World
	ports *ports // nil without ports of its own
	id    string // "" for the server's own

	asked  [sha256.Size]byte // what a sandbox was made from, to know the same again
	usedAt atomic.Int64      // by real time, in nanoseconds
}

// path is where the gateway has the space.
func (sp *space) path() string {
	if sp.id == "" {
		return ""
	}
	return sandboxPrefix + sp.id
}

// sandboxes are the worlds beside the server's own.
type sandboxes struct {
	server *Server
	wall   *clock.Clock // real time, which nobody moves

	creating sync.Mutex // one at a time, so that nobody waits for a lookup
	mu       sync.Mutex
	byID     map[string]*space
	named    int // by the server
}

func newSandboxes(s *Server) *sandboxes {
	return &sandboxes{server: s, wall: clock.New(), byID: map[string]*space{}}
}

func (b *sandboxes) idle(sp *space) time.Duration {
	return b.wall.Now().Sub(time.Unix(0, sp.usedAt.Load()))
}

// expired reports whether a sandbox has gone unused for too long.
func (b *sandboxes) expired(sp *space) bool {
	limit := b.server.config.SandboxIdle
	return limit > 0 && b.idle(sp) >= limit
}

// use returns a sandbox that is about to be used, or nil.
func (b *sandboxes) use(id string) *space {
	b.mu.Lock()
	sp := b.byID[id]
	b.mu.Unlock()
	if sp == nil {
		return nil
	}
	if b.expired(sp) {
		b.drop(sp)
		return nil
	}
	b.touch(sp)
	return sp
}

func (b *sandboxes) touch(sp *space) { sp.usedAt.Store(b.wall.Now().UnixNano()) }

// touching returns a handler that counts as use of a sandbox: what comes by its
// own ports is not looked up.
func (b *sandboxes) touching(sp *space, next http.Handler) http.Handler {
	if sp.id == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.touch(sp)
		next.ServeHTTP(w, r)
	})
}

// all returns the sandboxes by name, without those that have gone unused for
// too long.
func (b *sandboxes) all() []*space {
	b.mu.Lock()
	all := slices.Collect(maps.Values(b.byID))
	b.mu.Unlock()
	all = slices.DeleteFunc(all, func(sp *space) bool {
		if b.expired(sp) {
			b.drop(sp)
			return true
		}
		return false
	})
	slices.SortFunc(all, func(a, b *space) int { return cmp.Compare(a.id, b.id) })
	return all
}

// create makes a sandbox, or finds the one that was made from the same; created
// tells which. An empty id lets the server pick one. A nil start is the server's
// own; an empty listen opens no ports.
func (b *sandboxes) create(id string, asked [sha256.Size]byte, start *kernel.Start, listen string) (sp *space, created bool, err error) {
	b.creating.Lock()
	defer b.creating.Unlock()
	if sp := b.use(id); sp != nil {
		if sp.asked != asked {
			return nil, false, refuse(http.StatusConflict, "the sandbox %s was made from something else; delete it first", id)
		}
		return sp, false, nil
	}
	if most := b.server.config.MaxSandboxes; len(b.all()) >= most {
		return nil, false, refuse(http.StatusServiceUnavailable, "there are %d sandboxes already, which is the limit; delete some, or start with a higher --sandboxes", most)
	}
	world, err := b.server.world.Sibling(start, journal.New(sandboxEntries, sandboxBytes))
	if err != nil {
		return nil, false, refuse(http.StatusBadRequest, "%v; no sandbox was made", err)
	}
	if id == "" {
		id = b.name()
	}
	sp = &space{world: world, id: id, asked: asked}
	world.Path = sp.path()
	if listen != "" {
		if sp.ports, err = b.server.open(sp, listen); err != nil {
			return nil, false, refuse(http.StatusBadRequest, "%v; no sandbox was made", err)
		}
	}
	b.touch(sp)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byID[sp.id] = sp
	return sp, true, nil
}

// name picks an id that nobody has.
func (b *sandboxes) name() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		b.named++
		if id := "s" + strconv.Itoa(b.named); b.byID[id] == nil {
			return id
		}
	}
}

// delete ends a sandbox and whatever waits in it. It reports whether there was
// one.
func (b *sandboxes) delete(id string) bool {
	b.mu.Lock()
	sp := b.byID[id]
	b.mu.Unlock()
	return sp != nil && b.drop(sp)
}

// drop is delete of this very sandbox: not of one that has taken its id since.
func (b *sandboxes) drop(sp *space) bool {
	b.mu.Lock()
	there := b.byID[sp.id] == sp
	if there {
		delete(b.byID, sp.id)
	}
	b.mu.Unlock()
	if !there {
		return false
	}
	if err := sp.end(); err != nil {
		b.server.world.Logger().Error("a sandbox did not end well", "sandbox", sp.id, "error", err)
	}
	return true
}

func (sp *space) end() error {
	sp.world.Hurry()
	if sp.ports == nil {
		return nil
	}
	return sp.ports.close()
}

// close ends all sandboxes.
func (b *sandboxes) close() error {
	b.mu.Lock()
	all := b.byID
	b.byID = map[string]*space{}
	b.mu.Unlock()
	var errs []error
	for id, sp := range all {
		if err := sp.end(); err != nil {
			errs = append(errs, fmt.Errorf("sandbox %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// spaces returns the server's own space and its sandboxes.
func (s *Server) spaces() []*space { return append(s.sandboxes.all(), s.own) }
