// Package host has the worlds of a server where clients reach them: its listeners
// and gateway, the guard before them, TLS, and the sandboxes beside its own world.
package host

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/understudy-dev/understudy/internal/certificate"
	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Host is one world with its providers, and the sandboxes beside it. It is safe
// for concurrent use.
type Host struct {
	config    kernel.Config
	world     *kernel.World
	own       *space // of world
	sandboxes *sandboxes
	api       *kernel.Instance       // the control API
	hosts     []string               // names of this server that somebody gave it
	origins   []string               // of pages that may use it, beside those on this machine
	authority *certificate.Authority // nil without Config.TLS

	controlOrigins *http.CrossOriginProtection

	mu sync.Mutex // guards the ports of spaces, and ca
	ca string     // the file that TellCA has told
}

// New returns a host that does not listen. It fails when two providers are of one
// kind.
func New(opts ...kernel.Option) (*Host, error) {
	config := kernel.Config{MaxSandboxes: DefaultSandboxes, SandboxIdle: DefaultSandboxIdle, WriteTimeout: defaultWriteTimeout}
	for _, o := range opts {
		o.Apply(&config)
	}
	h := &Host{config: config, hosts: ownHosts(config), origins: config.AllowOrigins, controlOrigins: http.NewCrossOriginProtection()}
	if config.TLS && config.Certificate == nil {
		var err error
		if h.authority, err = certificate.NewAuthority(); err != nil {
			return nil, fmt.Errorf("emulator: %w", err)
		}
	}
	if u, err := url.Parse(config.PublicURL); err == nil && u.Host != "" {
		h.origins = append(h.origins, origin(u))
		if err := h.controlOrigins.AddTrustedOrigin(origin(u)); err != nil {
			return nil, fmt.Errorf("emulator: %w", err)
		}
	}
	world, err := kernel.NewWorld(config)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	h.world, h.own = world, &space{host: h, world: world}
	h.sandboxes = newSandboxes(h)
	if h.api, err = control.New(h, config); err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	if config.Keep != nil {
		if err := config.Keep(world); err != nil {
			return nil, fmt.Errorf("emulator: %w", err)
		}
	}
	return h, nil
}

// World is the host's own world.
func (h *Host) World() *kernel.World { return h.world }

// ReportTo makes fn hear of what fails a test, of the control API too.
func (h *Host) ReportTo(fn func(format string, args ...any)) {
	h.world.ReportTo(fn)
	h.api.World().ReportTo(fn)
}
