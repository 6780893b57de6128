package host

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// RoundTrip sends requests for the real hosts of the providers, for their public
// URLs, and for their URLs and the gateway's here, to the providers in memory,
// without a goroutine or a socket. It refuses any other host.
func (h *Host) RoundTrip(r *http.Request) (*http.Response, error) {
	if in, seen, base := h.own.within(r, ""); in != nil {
		return in.RoundTrip(seen, base)
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	h.world.Fail("understudy: a request for %s was refused: it is no host of this server's providers", r.URL.Host)
	return nil, fmt.Errorf("understudy: %s is no host of this server's providers", r.URL.Host)
}

// within returns the provider that a request in memory is for, the request as seen
// from there, and the address that it came by. Providers are found by the hosts of
// the real services, by their public URLs, and at the ports that are open here, by
// all names of this server; seenAt is one that a caller knows it by.
func (sp *space) within(r *http.Request, seenAt string) (in *kernel.Instance, seen *http.Request, base string) {
	base = r.URL.Scheme + "://" + r.URL.Host
	if in := sp.world.InstanceFor(strings.ToLower(r.URL.Hostname())); in != nil {
		return in, r, base
	}
	for _, in := range sp.world.Instances() {
		if in.URL() == base {
			return in, r, base
		}
	}
	if in, inner, public := sp.atPublicURL(r); in != nil {
		return in, inner, public
	}
	h := sp.host
	if r.URL.Scheme != h.scheme() || !h.isNamed(r.URL.Hostname(), seenAt) {
		return nil, nil, ""
	}
	for _, of := range []*space{sp, h.own} {
		p := h.portsOf(of)
		if p == nil {
			continue
		}
		for _, in := range of.world.Instances() {
			if !h.config.GatewayOnly && port(in.URL()) == port(base) {
				return in, r, base
			}
		}
		if port(p.base) == port(base) {
			to := h.behind(of, r)
			return to.in, to.request, base + to.prefix
		}
	}
	return nil, nil, ""
}

// isNamed reports whether a host name is this server's.
func (h *Host) isNamed(host, seenAt string) bool {
	host = strings.ToLower(host)
	listens, err := url.Parse(h.URL())
	return isLoopback(host) || host == hostname(seenAt) || err == nil && host == listens.Hostname() || slices.Contains(h.hosts, host)
}

// port is that of an address, which may go without saying.
func port(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

// HandlerFor returns the handler of one provider, nil for another server's.
func (h *Host) HandlerFor(p kernel.Provider) http.Handler {
	in := h.world.InstanceOf(p)
	if in == nil {
		return nil
	}
	return h.provider(in)
}
