package emulator

import (
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
)

// controlPrefix is where the control API lives on the gateway.
const controlPrefix = "/_understudy"

// Handler returns the gateway: every provider under /{provider}/ and under the
// host name {provider}.…, and the control API under /_understudy/.
func (s *Server) Handler() http.Handler {
	control := s.guarded(s.control)
	return s.arriving(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, inner, prefix := s.behind(r)
		switch {
		case in == nil:
			writeProblem(w, http.StatusNotFound, "the gateway serves "+strings.Join(s.names(), ", ")+"; "+r.URL.Path+" is none of them")
		case in != s.control:
			in.ServeAt(w, inner, kernel.BaseURL(r)+prefix)
		default:
			control.ServeHTTP(w, r)
		}
	}))
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
	if inner = below(r, "/"+rest); inner == nil {
		return nil, r, ""
	}
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
