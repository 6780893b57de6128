package emulator

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
)

// controlPrefix is where the control API lives on the gateway.
const controlPrefix = "/_understudy"

// Handler returns the gateway: every provider under /{provider}/ and under the
// host name {provider}.…, and the control API under /_understudy/.
func (s *Server) Handler() http.Handler {
	guarded := http.NewCrossOriginProtection()
	guarded.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusForbidden, "the control API takes no changes from pages of another origin")
	}))
	control := guarded.Handler(s.control)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, controlPrefix+"/") && !s.config.NoControl {
			if !controlHost(r.Host) {
				writeProblem(w, http.StatusForbidden, "the control API does not answer to the host name "+r.Host+": it could be a page's way around the same-origin rule")
				return
			}
			control.ServeHTTP(w, r)
			return
		}
		label, _, _ := strings.Cut(hostname(r.Host), ".")
		if in := s.world.Instance(label); in != nil {
			in.ServeHTTP(w, r)
			return
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		in := s.world.Instance(name)
		if in == nil {
			writeProblem(w, http.StatusNotFound, "the gateway serves "+strings.Join(s.names(), ", ")+"; "+r.URL.Path+" is none of them")
			return
		}
		prefix := "/" + name
		in.ServeAt(w, within(r, prefix), kernel.BaseURL(r)+prefix)
	})
}

// names lists the paths of the gateway.
func (s *Server) names() []string {
	var names []string
	for _, in := range s.world.Instances() {
		names = append(names, "/"+in.Name()+"/")
	}
	if !s.config.NoControl {
		names = append(names, controlPrefix+"/")
	}
	return names
}

// within returns the request as seen below prefix.
func within(r *http.Request, prefix string) *http.Request {
	inner := new(http.Request)
	*inner = *r
	inner.URL = new(url.URL)
	*inner.URL = *r.URL
	inner.URL.Path = strings.TrimPrefix(r.URL.Path, prefix)
	inner.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, prefix)
	if inner.URL.Path == "" {
		inner.URL.Path = "/"
	}
	return inner
}

// hostname is the host of a Host header; host names have no case.
func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	return strings.ToLower(hostport)
}

// controlHost reports whether a Host header can be trusted to mean this server:
// an address, localhost or a name without dots. A public name could be another
// site's that resolves to here (DNS rebinding).
func controlHost(hostport string) bool {
	host := strings.Trim(hostname(hostport), "[]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && (!strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost"))
}
