package host

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/understudy-dev/understudy/internal/console"
	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/kernel"
)

const (
	// sandboxPrefix begins the first path segment of what is a sandbox's.
	sandboxPrefix = "/~"
	// sandboxLabel follows a sandbox's id in a host name.
	sandboxLabel = "sandbox"
)

// Handler returns the gateway: every provider under /{provider}/ and under the
// host name {provider}.…, the control API under /_understudy/, the console at its root, and the same of
// each sandbox under /~{id}/ and {provider}.{id}.sandbox.….
func (h *Host) Handler() http.Handler { return h.gateway(h.own) }

// gateway returns the gateway of one space. A sandbox's does not lead to others.
func (h *Host) gateway(own *space) http.Handler {
	return h.named(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, ok := strings.CutSuffix(r.URL.EscapedPath(), control.Prefix+"/"); ok && r.Method != http.MethodGet && r.Method != http.MethodHead {
			r = inner(r, path+control.Prefix) // PUT /~a/_understudy/ means the sandbox
		}
		to := h.behind(own, r)
		if h.showConsole(to, w, r) {
			return
		}
		if to.in == nil {
			control.WriteProblem(w, http.StatusNotFound, to.problem)
			return
		}
		h.serve(to.in, w, to.request, kernel.BaseURL(r)+to.prefix)
	}))
}

// A target is what the gateway has behind a request.
type target struct {
	in      *kernel.Instance // nil when there is none
	problem string           // then why
	request *http.Request    // as seen from there
	prefix  string           // the path that leads there
	console *consoleFile     // what people find there; nil for nothing
}

// A consoleFile is a part of the console of a space.
type consoleFile struct {
	space  *space
	prefix string // the path of the space
	name   string // of a file; "" for the page
}

// consoleAt returns what a space has for people at a path: the page at its root
// and at that of its control API, and the page's files.
func (h *Host) consoleAt(sp *space, prefix, path string) *consoleFile {
	if h.config.NoControl {
		return nil
	}
	if path == "/" || strings.TrimSuffix(path, "/") == control.Prefix {
		return &consoleFile{space: sp, prefix: prefix}
	}
	if name, ok := strings.CutPrefix(path, control.Prefix+"/"+console.Files); ok {
		return &consoleFile{sp, prefix, name}
	}
	return nil
}

// showConsole answers with what people find at a target, if that is wanted. It
// reports whether it has.
func (h *Host) showConsole(to target, w http.ResponseWriter, r *http.Request) bool {
	switch at := to.console; {
	case at == nil || r.Method != http.MethodGet && r.Method != http.MethodHead:
		return false
	case at.name != "":
		return console.ServeFile(w, r, at.name)
	case console.Wanted(r):
		console.ServePage(w, r, at.prefix+control.Prefix+"/", at.space.id)
		return true
	}
	w.Header().Set("Vary", "Accept")
	return false
}

// behind returns what the gateway of a space has behind a request.
func (h *Host) behind(own *space, r *http.Request) target {
	sp, prefix := own, ""
	path := r.URL.EscapedPath() // what is not cut off stays as it was sent: an encoded slash is none
	host, id := h.splitHost(r.Host)
	byPath, rest, inSandbox := cutSandbox(path)
	if inSandbox {
		if rest == control.Prefix && own == h.own && !h.config.NoControl && r.Method != http.MethodGet && r.Method != http.MethodHead {
			return target{in: h.api, request: r} // to make the sandbox, or end it
		}
		id, prefix, path = byPath, sandboxPrefix+byPath, rest
	}
	switch {
	case id == "" && !inSandbox:
	case own != h.own && id != own.id:
		return target{problem: "this is the sandbox " + own.id + "; it does not lead to others"}
	case own == h.own:
		if sp = h.sandboxes.use(id); sp == nil {
			return target{problem: "there is no sandbox " + id + ", or no longer; PUT " + sandboxPrefix + id + control.Prefix + " makes it"}
		}
	}
	shown := h.consoleAt(sp, prefix, path)
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.TrimSuffix(path, "/") == control.Prefix {
		path = control.Prefix + "/info" // what a person looks for there
		r = inner(r, strings.TrimSuffix(strings.TrimSuffix(r.URL.EscapedPath(), "/"), control.Prefix)+path)
	}
	if strings.HasPrefix(path, control.Prefix+"/") && (!h.config.NoControl || path == control.Prefix+"/health") {
		if sp == h.own {
			return target{in: h.api, request: r, console: shown}
		}
		if strings.HasPrefix(path, control.Prefix+"/sandboxes") {
			return target{problem: "this is the sandbox " + sp.id + "; a sandbox has no sandboxes"}
		}
		return target{in: h.api, request: inner(r.WithContext(control.For(r.Context(), sp)), path), prefix: prefix, console: shown}
	}
	if in := sp.world.Instance(host); in != nil {
		return target{in: in, request: inner(r, path), prefix: prefix}
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if in := sp.world.Instance(name); in != nil {
		return target{in: in, request: inner(r, "/"+rest), prefix: prefix + "/" + name}
	}
	return target{problem: "the gateway serves " + strings.Join(h.names(), ", ") + "; " + r.URL.Path + " is none of them", console: shown}
}

// cutSandbox splits the path of a sandbox.
func cutSandbox(path string) (id, rest string, ok bool) {
	after, ok := strings.CutPrefix(path, sandboxPrefix)
	id, rest, _ = strings.Cut(after, "/")
	return id, "/" + rest, ok
}

// splitHost returns what a Host header says of provider and sandbox: of
// {provider}.{id}.sandbox.… both, of {id}.sandbox.… the sandbox, else its first
// label. A name such as {provider}.sandbox.example is the provider's.
func (h *Host) splitHost(hostport string) (first, sandbox string) {
	labels := strings.Split(hostname(hostport), ".")
	isProvider := h.world.Instance(labels[0]) != nil
	switch {
	case isProvider && len(labels) > 2 && labels[2] == sandboxLabel:
		return labels[0], labels[1]
	case !isProvider && len(labels) > 1 && labels[1] == sandboxLabel:
		return "", labels[0]
	}
	return labels[0], ""
}

// inner returns the request with the given path, which is encoded.
func inner(r *http.Request, path string) *http.Request {
	if path == r.URL.EscapedPath() {
		return r
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		panic("emulator: the end of a well encoded path is not") // net/http has read the whole
	}
	copied := *r
	u := *r.URL
	u.Path, u.RawPath = decoded, path
	copied.URL = &u
	return &copied
}

// names lists the paths of the gateway.
func (h *Host) names() []string {
	var names []string
	for _, in := range h.world.Instances() {
		names = append(names, "/"+in.Name()+"/")
	}
	if !h.config.NoControl {
		names = append(names, control.Prefix+"/")
	}
	return names
}
