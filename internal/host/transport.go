package host

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// RoundTrip sends requests for the real hosts of the providers, for their public
// URLs, and for their URLs and the gateway's here, to the providers in memory,
// without a goroutine or a socket. It refuses any other host.
func (h *Host) RoundTrip(r *http.Request) (*http.Response, error) {
	base := r.URL.Scheme + "://" + r.URL.Host
	if in := h.world.InstanceFor(strings.ToLower(r.URL.Hostname())); in != nil {
		return in.RoundTrip(r, base)
	}
	for _, in := range h.world.Instances() {
		if in.URL() == base {
			return in.RoundTrip(r, base)
		}
	}
	if base == h.URL() {
		if to := h.behind(h.own, r); to.in != nil {
			return to.in.RoundTrip(to.request, base+to.prefix)
		}
	}
	if in, inner, public := h.atPublicURL(r); in != nil {
		return in.RoundTrip(inner, public)
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	h.world.Fail("understudy: a request for %s was refused: it is no host of this server's providers", r.URL.Host)
	return nil, fmt.Errorf("understudy: %s is no host of this server's providers", r.URL.Host)
}

// HandlerFor returns the handler of one provider, nil for another server's.
func (h *Host) HandlerFor(p kernel.Provider) http.Handler {
	in := h.world.InstanceOf(p)
	if in == nil {
		return nil
	}
	return h.provider(in)
}
