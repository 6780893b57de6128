// Package control is the control API: it moves the clock, plants faults, reads
// the journal and makes sandboxes. The kernel serves it like a provider, held to
// its own document by the same gate. It has no state: it acts on the world of the
// server, or on that of the sandbox which the gateway found in the call's path.
package control

import (
	"context"
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/near"
	"github.com/understudy-dev/understudy/specs"
)

// Prefix is where the control API lives on a gateway.
const Prefix = "/_understudy"

// A Host is the server that the control API is for.
type Host interface {
	// Own is the server's own world.
	Own() Space
	// CAFile is the file in which clients find the authority to trust, or "".
	CAFile() string
	// Sandboxes are the worlds beside it, by name.
	Sandboxes() []Space
	// CreateSandbox makes a sandbox, or finds the one that was made from the same;
	// created tells which. An empty id lets the host pick one, a nil start is what
	// the server's own world was started with, and an empty listen opens no ports.
	CreateSandbox(id string, from [sha256.Size]byte, start *kernel.Start, listen string) (s Space, created bool, err error)
	// DeleteSandbox reports whether there was one.
	DeleteSandbox(id string) bool
}

// A Space is one world and where it is reached.
type Space interface {
	World() *kernel.World
	ID() string   // of a sandbox; "" for the server's own
	Path() string // below the gateway; "" for the server's own
	Idle() time.Duration
	// URL is the address to use for a provider by who came by r and finds it on the
	// gateway at gatewayURL.
	URL(of *kernel.Instance, r *http.Request, gatewayURL string) string
}

type spaceKey struct{}

// For returns a context whose calls are for a space, and not for the host's own.
func For(ctx context.Context, s Space) context.Context { return context.WithValue(ctx, spaceKey{}, s) }

type api struct {
	kernel.Binding
	host Host
}

var document = gate.NewDocument(specs.Control, gate.PathRule{})

// New returns the control API of a host, as an instance to hand calls to.
func New(host Host, config kernel.Config) (*kernel.Instance, error) {
	a := &api{host: host}
	world, err := kernel.NewWorld(kernel.Config{
		Providers: []kernel.Provider{a}, NoHints: true, AllowUnknown: true,
		Logger: config.Logger, CheckAnswers: config.CheckAnswers,
	})
	if err != nil {
		return nil, err
	}
	return world.InstanceOf(a), nil
}

// at returns the space that a call is for.
func (a *api) at(c *kernel.Call) Space {
	if s, ok := c.Request.Context().Value(spaceKey{}).(Space); ok {
		return s
	}
	return a.host.Own()
}

// world returns the world that a call is for.
func (a *api) world(c *kernel.Call) *kernel.World { return a.at(c).World() }

func (a *api) Apply(c *kernel.Config) { c.Providers = append(c.Providers, a) }

func (a *api) Mount(*kernel.Env) kernel.Description {
	on := "control "
	return kernel.Description{
		Name:     "control",
		Document: document,
		Hosts:    []string{"localhost"},
		Internal: true,
		Routes: []kernel.Route{
			kernel.On(kernel.Op(on+"GET /_understudy/health"), a.health),
			kernel.On(kernel.Op(on+"GET /_understudy/info"), a.info),
			kernel.On(kernel.Op(on+"GET /_understudy/operations"), a.operations),
			kernel.On(kernel.Op(on+"GET /_understudy/clock"), a.getClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/advance"), a.advanceClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/set"), a.setClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/freeze"), a.freezeClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/resume"), a.resumeClock),
			kernel.On(kernel.Op(on+"GET /_understudy/faults"), a.listFaults),
			kernel.On(kernel.Op(on+"POST /_understudy/faults"), a.addFault),
			kernel.On(kernel.Op(on+"DELETE /_understudy/faults"), a.clearFaults),
			kernel.On(kernel.Op(on+"DELETE /_understudy/faults/{id}"), a.removeFault),
			kernel.On(kernel.Op(on+"POST /_understudy/revive"), a.revive),
			kernel.On(kernel.Op(on+"GET /_understudy/inventory"), a.inventory),
			kernel.On(kernel.Op(on+"GET /_understudy/journal"), a.listJournal),
			kernel.On(kernel.Op(on+"DELETE /_understudy/journal"), a.clearJournal),
			kernel.On(kernel.Op(on+"GET /_understudy/journal/{seq}"), a.getJournalEntry),
			kernel.On(kernel.Op(on+"GET /_understudy/journal/stream"), a.streamJournal),
			kernel.On(kernel.Op(on+"POST /_understudy/reset"), a.reset),
			kernel.On(kernel.Op(on+"GET /_understudy/state"), a.getState).Secret(),
			kernel.On(kernel.Op(on+"PUT /_understudy/state"), a.putState),
			kernel.On(kernel.Op(on+"GET /_understudy/settings/{provider}"), a.getSettings),
			kernel.On(kernel.Op(on+"PATCH /_understudy/settings/{provider}"), a.patchSettings),
			kernel.On(kernel.Op(on+"PUT /~{id}/_understudy"), a.putSandbox),
			kernel.On(kernel.Op(on+"DELETE /~{id}/_understudy"), a.deleteSandbox),
			kernel.On(kernel.Op(on+"GET /_understudy/sandboxes"), a.listSandboxes),
			kernel.On(kernel.Op(on+"POST /_understudy/sandboxes"), a.postSandbox),
			kernel.On(kernel.Op(on+"DELETE /_understudy/sandboxes/{id}"), a.deleteSandbox),
		},
		Reading: kernel.Reading{
			MaxBody: maxBody,
		},
		Calling: kernel.Calling{
			Identify: knowsQuery,
		},
		Answering: kernel.Answering{
			Error: renderProblem,
		},
	}
}

// knowsQuery refuses query parameters that nobody reads: a misspelt filter would
// let everything through.
func knowsQuery(c *kernel.Call) error {
	names := c.QueryNames()
	for _, name := range slices.Sorted(maps.Keys(c.Request.URL.Query())) {
		if !slices.Contains(names, name) {
			return Refuse(http.StatusBadRequest, "there is no query parameter %q here%s", name, hint(name, names))
		}
	}
	return nil
}

// hint names what a misspelt name was meant to be, or all that there are.
func hint(misspelt string, names []string) string {
	if nearest := near.To(misspelt, names); nearest != "" {
		return "; did you mean " + nearest + "?"
	}
	if len(names) == 0 {
		return ""
	}
	return "; there are " + strings.Join(names, ", ")
}

// known refuses the name of a provider that the world does not have.
func known(w *kernel.World, provider string) error {
	if w.Instance(provider) != nil {
		return nil
	}
	var names []string
	for _, in := range w.Instances() {
		names = append(names, in.Name())
	}
	return Refuse(http.StatusBadRequest, "there is no provider %q here%s", provider, hint(provider, names))
}

type none struct{}

var noContent = kernel.Answer{Status: http.StatusNoContent}
