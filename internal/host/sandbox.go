package host

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/control"
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
	host  *Host
	world *kernel.World
	ports *ports // nil without ports of its own
	id    string // "" for the server's own

	asked  [sha256.Size]byte // what a sandbox was made from, to know the same again
	usedAt atomic.Int64      // by real time, in nanoseconds
}

// World is the space's world.
func (sp *space) World() *kernel.World { return sp.world }

// ID is the sandbox's id, "" for the server's own space.
func (sp *space) ID() string { return sp.id }

// Idle is for how long nobody has used it, by real time.
func (sp *space) Idle() time.Duration { return sp.host.sandboxes.idle(sp) }

// URL returns the address to use for a provider that the gateway has at the given
// one: its own port, at the host that the call came by, which may be the name of a
// container.
func (sp *space) URL(in *kernel.Instance, r *http.Request, gatewayURL string) string {
	h, listens := sp.host, sp.host.portsOf(sp) != nil
	if sp == h.own && h.config.GatewayOnly || sp != h.own && !listens {
		return gatewayURL
	}
	u, err := url.Parse(in.URL())
	if err != nil || !listens || h.config.TrustProxy { // the call came by the proxy's host
		return in.URL()
	}
	u.Host = net.JoinHostPort(hostname(r.Host), u.Port())
	return u.String()
}

// Path is where the gateway has the space.
func (sp *space) Path() string {
	if sp.id == "" {
		return ""
	}
	return sandboxPrefix + sp.id
}

// sandboxes are the worlds beside the server's own.
type sandboxes struct {
	host *Host
	wall *clock.Clock // real time, which nobody moves

	creating sync.Mutex // one at a time, so that nobody waits for a lookup
	mu       sync.Mutex
	byID     map[string]*space
	named    int // by the server
}

func newSandboxes(h *Host) *sandboxes {
	return &sandboxes{host: h, wall: clock.New(), byID: map[string]*space{}}
}

func (b *sandboxes) idle(sp *space) time.Duration {
	return b.wall.Now().Sub(time.Unix(0, sp.usedAt.Load()))
}

// expired reports whether a sandbox has gone unused for too long.
func (b *sandboxes) expired(sp *space) bool {
	limit := b.host.config.SandboxIdle
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
			return nil, false, control.Refuse(http.StatusConflict, "the sandbox %s was made from something else; delete it first", id)
		}
		return sp, false, nil
	}
	if most := b.host.config.MaxSandboxes; len(b.all()) >= most {
		return nil, false, control.Refuse(http.StatusServiceUnavailable, "there are %d sandboxes already, which is the limit; delete some, or start with a higher --sandboxes", most)
	}
	world, err := b.host.world.Sibling(start, journal.New(sandboxEntries, sandboxBytes))
	if err != nil {
		return nil, false, control.Refuse(http.StatusBadRequest, "%v; no sandbox was made", err)
	}
	if id == "" {
		id = b.name()
	}
	sp = &space{host: b.host, world: world, id: id, asked: asked}
	world.Path, world.Outbound = sp.Path(), newOutbound(sp)
	if listen != "" {
		if sp.ports, err = b.host.open(sp, listen); err != nil {
			return nil, false, control.Refuse(http.StatusBadRequest, "%v; no sandbox was made", err)
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
		b.host.world.Logger().Error("a sandbox did not end well", "sandbox", sp.id, "error", err)
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
func (h *Host) spaces() []*space { return append(h.sandboxes.all(), h.own) }

// Own is the server's own space, for the control API.
func (h *Host) Own() control.Space { return h.own }

// Sandboxes are the spaces beside it, for the control API.
func (h *Host) Sandboxes() []control.Space {
	var all []control.Space
	for _, sp := range h.sandboxes.all() {
		all = append(all, sp)
	}
	return all
}

// CreateSandbox makes a sandbox, or finds the one that was made from the same, for
// the control API.
func (h *Host) CreateSandbox(id string, from [sha256.Size]byte, start *kernel.Start, listen string) (control.Space, bool, error) {
	return h.sandboxes.create(id, from, start, listen)
}

// DeleteSandbox ends a sandbox, for the control API.
func (h *Host) DeleteSandbox(id string) bool { return h.sandboxes.delete(id) }
