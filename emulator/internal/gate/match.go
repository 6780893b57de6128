package gate

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"
)

// Match finds the operation of a request. Known is whether the path exists,
// with this method or another. The variables are unescaped.
func (c *Contract) Match(r *http.Request) (op *Operation, vars map[string]string, known bool) {
	// An encoded slash at the end belongs to the last segment.
	if c.rule.IgnoreTrailingSlash && len(r.URL.Path) > 1 && strings.HasSuffix(r.URL.EscapedPath(), "/") {
		u := *r.URL
		u.Path = strings.TrimSuffix(u.Path, "/")
		u.RawPath = strings.TrimSuffix(u.RawPath, "/")
		r = &http.Request{Method: r.Method, URL: &u}
	}
	var m mux.RouteMatch
	if !c.router.Match(r, &m) {
		return nil, nil, false
	}
	for name, value := range m.Vars {
		plain, err := url.PathUnescape(value)
		if err != nil {
			return nil, nil, false
		}
		m.Vars[name] = plain
	}
	return c.paths[m.Route][r.Method], m.Vars, true
}
