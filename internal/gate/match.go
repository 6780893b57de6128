package gate

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/mux"
)

// Match finds the operation of a request. When it has none,
// methods are those that its path has, if there is such a path. The variables are unescaped.
func (c *Index) Match(r *http.Request) (op *Operation, vars map[string]string, methods []string) {
	r = c.trim(r)
	var m mux.RouteMatch
	router := c.routers[strings.Count(r.URL.EscapedPath(), "/")]
	if router == nil || !router().Match(r, &m) {
		return nil, nil, nil
	}
	for name, value := range m.Vars {
		plain, err := url.PathUnescape(value)
		if err != nil {
			return nil, nil, nil
		}
		m.Vars[name] = plain
	}
	ops := c.paths[m.Route.GetName()]
	if op = ops[r.Method]; op == nil && r.Method == http.MethodHead && c.rule.HeadIsGet {
		op = ops[http.MethodGet]
	}
	if op != nil {
		return op, m.Vars, nil
	}
	return nil, m.Vars, slices.Sorted(maps.Keys(ops))
}

// trim takes a slash at the end off the path, if the provider does. An encoded one
// belongs to the last segment.
func (c *Index) trim(r *http.Request) *http.Request {
	if !c.rule.IgnoreTrailingSlash || len(r.URL.Path) <= 1 || !strings.HasSuffix(r.URL.EscapedPath(), "/") {
		return r
	}
	u := *r.URL
	u.Path = strings.TrimSuffix(u.Path, "/")
	u.RawPath = strings.TrimSuffix(u.RawPath, "/")
	return &http.Request{Method: r.Method, URL: &u}
}
