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
		in, inner, prefix := s.behind(r)
		switch {
		case in == nil:
			writeProblem(w, http.StatusNotFound, "the gateway serves "+strings.Join(s.names(), ", ")+"; "+r.URL.Path+" is none of them")
		case in != s.control:
			in.ServeAt(w, inner, kernel.BaseURL(r)+prefix)
		case !controlHost(r.Host):
			writeProblem(w, http.StatusForbidden, "the control API does not answer to the host name "+r.Host+": it could be a page's way around the same-origin rule")
		default:
			control.ServeHTTP(w, r)
		}
	})
}

// behind returns what the gateway has behind a request, the request as seen from
// there, and the path that leads there.
func (s *Server) behind(r *http.Request) (in *kernel.Instance, inner *http.Request, prefix string) {
	if strings.HasPrefix(r.URL.Path, controlPrefix+"/") && !s.config.NoControl {
		return s.control, r, ""
	}
	label, _, _ := strings.Cut(hostname(r.Host), ".")
	if in := s.world.Instance(label); in != nil {
		return in, r, ""
	}
	// The rest of the path stays as it was sent: an encoded slash is none.
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	if in = s.world.Instance(name); in == nil {
		return nil, r, ""
	}
	path, err := url.PathUnescape("/" + rest)
	if err != nil {
		return nil, r, ""
	}
	inner = new(http.Request)
	*inner = *r
	inner.URL = new(url.URL)
	*inner.URL = *r.URL
	inner.URL.Path, inner.URL.RawPath = path, "/"+rest
	return in, inner, "/" + name
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
