package emulator

import (
	"fmt"
	"net/http"
	"strings"
)

// Client returns an HTTP client that reaches the providers in memory; see
// Transport.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

// Transport returns a transport that sends requests for the real hosts of the
// providers, and for their URLs and the gateway's here, to the providers in
// memory, without a goroutine or a socket. It refuses any other host, which fails
// the test of NewTest: nothing leaks to production.
//
// It works inside a testing/synctest bubble.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := r.URL.Scheme + "://" + r.URL.Host
	if in := t.server.world.InstanceFor(strings.ToLower(r.URL.Hostname())); in != nil {
		return in.RoundTrip(r, base)
	}
	for _, in := range t.server.world.Instances() {
		if in.URL() == base {
			return in.RoundTrip(r, base)
		}
	}
	if base == t.server.URL() {
		if to := t.server.behind(t.server.own, r); to.in != nil {
			return to.in.RoundTrip(to.request, base+to.prefix)
		}
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	t.server.world.Fail("understudy: a request for %s was refused: it is no host of this server's providers", r.URL.Host)
	return nil, fmt.Errorf("understudy: %s is no host of this server's providers", r.URL.Host)
}

// HandlerFor returns the handler of one provider, for a server of your own. It
// panics when the provider belongs to another server.
func (s *Server) HandlerFor(p Provider) http.Handler {
	in := s.world.InstanceOf(p)
	if in == nil {
		panic("emulator: the provider belongs to another server")
	}
	return in
}
