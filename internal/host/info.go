package host

import (
	"net"
	"strconv"

	"github.com/understudy-dev/understudy/internal/control"
)

// Info returns the addresses and the default world's credentials.
func (h *Host) Info() control.Info {
	info := control.Info{Gateway: h.URL(), CA: h.CAFile(), Providers: map[string]control.ProviderInfo{}}
	if !h.config.NoControl {
		info.Control = h.URL() + control.Prefix
	}
	for _, in := range h.world.Instances() {
		url, credentials := in.URL(), in.Credentials()
		info.Providers[in.Name()] = control.ProviderInfo{URL: url, PublicURL: in.PublicURL(), Credentials: credentials}
	}
	return info
}

// InfoAt returns what Info would if the server listened at addr.
func (h *Host) InfoAt(addr string) (control.Info, error) {
	host, port, err := splitAddress(addr)
	if err != nil {
		return control.Info{}, err
	}
	at := func(offset int) string {
		return h.scheme() + "://" + net.JoinHostPort(shownHost(host), strconv.Itoa(port+offset))
	}
	info := h.Info()
	info.Gateway, info.Control = at(0), at(0)+control.Prefix
	for _, in := range h.world.Instances() {
		p := info.Providers[in.Name()]
		p.URL = at(in.Port())
		info.Providers[in.Name()] = p
	}
	return info, nil
}
