package emulator

import (
	"context"
	"crypto/x509"
	"net/http"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Provider is an emulated service, such as an *infisical.Provider.
type Provider = kernel.Provider

// A Contract says which behaviour the providers show where a published page and
// the running service are known to differ.
type Contract = kernel.Contract

// The contracts.
const (
	// Documented is what the published page says; where it is silent, what the
	// service does. It is the default.
	Documented = kernel.Documented
	// Live is what the running service does.
	Live = kernel.Live
)

// A Server is one world with its providers, and the sandboxes beside it. It is
// safe for concurrent use.
type Server struct {
	Clock    *clock.Clock
	Faults   *fault.Set
	Journal  *journal.Journal
	Settings *Settings

	host *host.Host
}

// New returns a server that does not listen: see Handler, HandlerFor, Client
// and Listen. It fails when two providers are of one kind.
func New(opts ...Option) (*Server, error) {
	h, err := host.New(opts...)
	if err != nil {
		return nil, err
	}
	w := h.World()
	return &Server{Clock: w.Clock, Faults: w.Faults, Journal: w.Journal, Settings: &Settings{w}, host: h}, nil
}

// Listen opens the gateway on addr and each provider on its own port after it
// (infisical the next one); with port 0 all ports are free ones. It returns
// when all of them are open, or with an error and none open. HTTP/1.1 and
// HTTP/2 are both served, without TLS unless WithTLS or WithCertificate asks for
// it.
func (s *Server) Listen(addr string) error { return s.host.Listen(addr) }

// Shutdown stops listening, ends streams and the delays of faults, and waits for
// running calls until ctx is done; then it closes what is left. The same holds
// for the sandboxes' own ports.
func (s *Server) Shutdown(ctx context.Context) error { return s.host.Shutdown(ctx) }

// Close stops listening, breaks connections, waits for the handlers to end and
// deletes the sandboxes. The server's own world stays usable in memory.
func (s *Server) Close() error { return s.host.Close() }

// URL returns the gateway's base URL, or "" while the server does not listen.
func (s *Server) URL() string { return s.host.URL() }

// Info describes a server as the ready file and the control API's info do: what a
// program in another language needs, as JSON.
type Info = control.Info

// Info returns the addresses and the default world's credentials.
func (s *Server) Info() Info { return s.host.Info() }

// Handler returns the gateway: every provider under /{provider}/ and under the
// host name {provider}.…, the control API under /_understudy/, and the same of
// each sandbox under /~{id}/ and {provider}.{id}.sandbox.….
func (s *Server) Handler() http.Handler { return s.host.Handler() }

// HandlerFor returns the handler of one provider, for a server of your own. It
// panics when the provider belongs to another server.
func (s *Server) HandlerFor(p Provider) http.Handler {
	if handler := s.host.HandlerFor(p); handler != nil {
		return handler
	}
	panic("emulator: the provider belongs to another server")
}

// Client returns an HTTP client that reaches the providers in memory; see
// Transport.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

// Transport returns a transport that sends requests for the real hosts of the
// providers, for their public URLs, and for their URLs and the gateway's here, to
// the providers in memory, without a goroutine or a socket. It refuses any other
// host, which fails the test of NewTest: nothing leaks to production.
//
// It works inside a testing/synctest bubble.
func (s *Server) Transport() http.RoundTripper { return s.host }

// CertificatePEM returns the certificate of WithTLS's authority, PEM-encoded: what
// a client has to trust. It is nil without WithTLS, and with WithCertificate.
func (s *Server) CertificatePEM() []byte { return s.host.CertificatePEM() }

// CertPool returns the certificate of WithTLS's authority as the RootCAs of a
// tls.Config. Where CertificatePEM has none, it is nil, which stands for the
// system's authorities.
func (s *Server) CertPool() *x509.CertPool { return s.host.CertPool() }

// Settings are the providers' settings in the server's own world. In the arguments
// of a provider's New they hold from the start; here they change at any time.
type Settings struct{ world *kernel.World }

// Of returns a provider's settings as the control API shows them, nil for a
// provider that the server does not have.
func (s *Settings) Of(provider string) map[string]any {
	if in := s.world.Instance(provider); in != nil {
		return in.Settings()
	}
	return nil
}

// Set changes a setting, as Set("ocs", "propagation", "5s"): the value is of the
// setting's type, or text as a flag has it.
func (s *Settings) Set(provider, name string, value any) error {
	return s.world.Set(provider, map[string]any{name: value})
}

// SetContract holds the server's own world to a contract from the next call on.
// What the world stores stays.
func (s *Server) SetContract(c Contract) { s.host.World().SetContract(c) }

// Revive ends what a fault Die began: calls reach the providers again.
func (s *Server) Revive() { s.Faults.Revive() }

// A Credential is what the inventory tells of a secret, a key or a token; its value
// is not kept.
type Credential = kernel.Credential

// Inventory returns every credential of the world, by provider: whose it is, when it
// ends, and whether it works at this moment. Of the tokens that exchanges and sign-ins
// give out it has the newest.
func (s *Server) Inventory() []Credential { return s.host.World().Inventory() }

// A Snapshot is a whole world at one moment: what its providers store and the
// instant of its clock.
type Snapshot struct{ kernel kernel.Snapshot }

// Equal reports whether two snapshots hold the same data, whatever their clocks
// say: a way to show that a call changed nothing.
func (s Snapshot) Equal(other Snapshot) bool { return s.kernel.Equal(other.kernel) }

// Snapshot returns the present state.
func (s *Server) Snapshot() Snapshot { return Snapshot{s.host.World().Snapshot()} }

// Restore brings back a snapshot of this server. Faults and the journal stay as
// they are.
func (s *Server) Restore(snapshot Snapshot) { s.host.World().Restore(snapshot.kernel) }

// Reset starts the world over: as it was started last, no faults, an empty
// journal.
func (s *Server) Reset() {
	if err := s.host.World().Reset(s.host.World().Start()); err != nil {
		panic("emulator: " + err.Error()) // the same start has worked before
	}
}
