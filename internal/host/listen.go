package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// Bounds on what a client may make a listening server wait for.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute
	idleTimeout   = 2 * time.Minute
)

type handlerKey struct{}

// ports are the open ports of one world: the gateway's, and each provider's.
type ports struct {
	server *http.Server
	silent sync.Map // connections that have asked nothing yet
	base   string   // the gateway's address
	// running counts listeners and handlers.
	running sync.WaitGroup
}

// Listen opens the gateway on addr and each provider on its own port after it; with
// port 0 all ports are free ones. It returns when all of them are open, or with an
// error and none open. HTTP/1.1 and HTTP/2 are both served.
func (h *Host) Listen(addr string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.own.ports != nil {
		return errors.New("emulator: the server listens already")
	}
	var err error
	h.own.ports, err = h.open(h.own, addr)
	return err
}

// open opens the ports of a world.
func (h *Host) open(of *space, addr string) (*ports, error) {
	host, port, err := splitAddress(addr)
	if err != nil {
		return nil, err
	}
	certificates, err := h.tlsConfig(shownHost(host))
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	handlers := map[net.Listener]http.Handler{}
	open := func(offset int, handler http.Handler) (string, error) {
		p := 0
		if port != 0 {
			p = port + offset
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(p)))
		if err != nil {
			return "", err
		}
		handlers[l] = handler
		_, shownPort, _ := net.SplitHostPort(l.Addr().String())
		return h.scheme() + "://" + net.JoinHostPort(shownHost(host), shownPort), nil
	}
	base, err := open(0, h.sandboxes.touching(of, h.gateway(of)))
	urls := map[*kernel.Instance]string{}
	for _, in := range of.world.Instances() {
		switch {
		case err != nil:
		case h.config.GatewayOnly:
			urls[in] = base + "/" + in.Name()
		default:
			urls[in], err = open(in.Port(), h.sandboxes.touching(of, h.provider(in)))
		}
	}
	if err != nil {
		for l := range handlers {
			_ = l.Close()
		}
		return nil, fmt.Errorf("emulator: %w", err)
	}
	for in, url := range urls {
		in.ListenAt(url)
	}

	p := &ports{base: base}
	p.server = newHTTPServer(&p.running, certificates, h.config.WriteTimeout)
	p.server.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			p.silent.Store(conn, nil)
		} else {
			p.silent.Delete(conn)
		}
	}
	byAddress := map[string]http.Handler{} // the server may see a listener through TLS
	for l, handler := range handlers {
		byAddress[l.Addr().String()] = handler
	}
	p.server.BaseContext = func(l net.Listener) context.Context {
		return context.WithValue(context.Background(), handlerKey{}, byAddress[l.Addr().String()])
	}
	serve := p.server.Serve
	if certificates != nil {
		serve = func(l net.Listener) error { return p.server.ServeTLS(l, "", "") } // with those of its configuration
	}
	for l := range handlers {
		p.running.Add(1)
		go func() {
			defer p.running.Done()
			if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
				of.world.Logger().Error("a listener failed", "error", err)
			}
		}()
	}
	return p, nil
}

func splitAddress(addr string) (host string, port int, err error) {
	host, portText, err := net.SplitHostPort(addr)
	if err == nil {
		port, err = strconv.Atoi(portText)
	}
	if err != nil {
		return "", 0, fmt.Errorf("emulator: listen address %q: %w", addr, err)
	}
	return host, port, nil
}

// shownHost is how to reach what listens on host: one that listens everywhere
// is shown as loopback.
func shownHost(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// newHTTPServer returns the one server of all listeners; the handler of each is
// in its base context. Without certificates it speaks no TLS.
func newHTTPServer(running *sync.WaitGroup, certificates *tls.Config, writeTimeout time.Duration) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(certificates != nil)
	protocols.SetUnencryptedHTTP2(certificates == nil)
	wall := clock.New()
	return &http.Server{
		HTTP2: &http.HTTP2Config{WriteByteTimeout: writeTimeout},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running.Add(1)
			defer running.Done()
			r.Context().Value(handlerKey{}).(http.Handler).ServeHTTP(newProgress(w, wall, writeTimeout), r)
		}),
		ConnContext:       kernel.ConnContext,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		Protocols:         protocols,
		TLSConfig:         certificates,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // noise of clients that go away
	}
}

// Shutdown stops listening, ends streams and the delays of faults, and waits for
// running calls until ctx is done; then it closes what is left. The same holds
// for the sandboxes' own ports.
func (h *Host) Shutdown(ctx context.Context) error {
	var drained sync.WaitGroup
	for _, of := range h.spaces() {
		of.world.Hurry()
		if p := h.portsOf(of); p != nil {
			drained.Go(func() {
				if err := p.shutdown(ctx); err != nil {
					h.world.Logger().Warn("calls were cut off", "error", err)
				}
			})
		}
	}
	drained.Wait()
	return h.Close()
}

// closeGrace bounds how long Close waits for handlers to notice.
const closeGrace = time.Second

// Close stops listening, breaks connections, waits for the handlers to end and
// deletes the sandboxes. The server's own world stays usable in memory.
func (h *Host) Close() error {
	p := h.portsOf(h.own)
	if p == nil {
		return h.sandboxes.close()
	}
	for _, of := range h.spaces() {
		of.world.Hurry()
	}
	err := p.close() // before the sandboxes: a running call may make one more
	return errors.Join(err, h.sandboxes.close())
}

// shutdown waits for the answers that are under way. Connections that have asked
// nothing have none, and net/http would wait for them.
func (p *ports) shutdown(ctx context.Context) error {
	p.silent.Range(func(conn, _ any) bool {
		_ = conn.(net.Conn).Close()
		return true
	})
	return p.server.Shutdown(ctx)
}

func (p *ports) close() error {
	err := p.server.Close()
	ended := make(chan struct{})
	go func() {
		p.running.Wait()
		close(ended)
	}()
	timer := time.NewTimer(closeGrace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		err = errors.Join(err, errors.New("emulator: handlers still run"))
	}
	return err
}

func (h *Host) portsOf(of *space) *ports {
	h.mu.Lock()
	defer h.mu.Unlock()
	return of.ports
}

// URL returns the gateway's base URL, or "" while the server does not listen.
func (h *Host) URL() string {
	if p := h.portsOf(h.own); p != nil {
		return p.base
	}
	return ""
}

// Warm parses the providers' documents, which first requests would otherwise do,
// and returns when it is done: one after the other, so that a request that comes
// meanwhile has a processor for the one that it waits for.
func (h *Host) Warm() {
	for _, in := range slices.Concat(h.world.Instances(), []*kernel.Instance{h.api}) {
		if _, err := in.Index(); err != nil {
			h.world.Logger().Error("a document cannot be used", "provider", in.Name(), "error", err)
		}
	}
}
