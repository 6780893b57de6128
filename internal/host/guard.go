package host

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// CheckName refuses what cannot be the name of a host; a port does not count.
func CheckName(name string) error {
	if host := strings.TrimSuffix(hostname(name), "."); host == "" || strings.ContainsAny(strings.TrimPrefix(host, "*."), "/*@ ") {
		return fmt.Errorf("allowed host: %q is not a host name", name)
	}
	return nil
}

// ownHosts are the names of this server that somebody gave it.
func ownHosts(config kernel.Config) []string {
	var hosts []string
	if u, err := url.Parse(config.PublicURL); err == nil && u.Host != "" {
		hosts = append(hosts, u.Host)
	}
	hosts = append(hosts, config.AllowHosts...)
	for i, host := range hosts {
		hosts[i] = strings.TrimSuffix(hostname(host), ".")
	}
	return hosts
}

// arriving hands requests on as they were before a trusted proxy.
func (h *Host) arriving(next http.Handler) http.Handler {
	if !h.config.TrustProxy {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, forwarded(r)) })
}

func forwarded(r *http.Request) *http.Request {
	// In a chain of proxies the first value is the client's.
	first := func(header string) string {
		value, _, _ := strings.Cut(r.Header.Get(header), ",")
		return strings.TrimSpace(value)
	}
	inner := new(http.Request)
	*inner = *r
	if host := first("X-Forwarded-Host"); host != "" {
		if u, err := url.Parse("//" + host); err == nil && u.Host == host {
			inner.Host = host
			inner.Header = r.Header.Clone()
			inner.Header.Del("Host") // HTTP/2 may have one beside :authority
		}
	}
	switch strings.ToLower(first("X-Forwarded-Proto")) {
	case "https":
		inner.TLS = cmp.Or(r.TLS, &tls.ConnectionState{}) // what kernel.BaseURL goes by
	case "http":
		inner.TLS = nil
	}
	return inner
}

// named refuses requests for a host that could be another site's which leads here
// (DNS rebinding), and hands on the others as they were before a trusted proxy.
func (h *Host) named(next http.Handler) http.Handler {
	return h.arriving(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, host := range append([]string{r.Host}, r.Header["Host"]...) {
			if !h.trusts(host) {
				h.refuse(w, r, "this server does not answer to the host name "+host+
					": it could be a page's way around the same-origin rule; --allow-host lets it, if it is this server's")
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
}

// serve hands a request on unless a page of another origin sends it: no such page
// changes anything by the control API, and only those that may use the providers do.
func (h *Host) serve(in *kernel.Instance, w http.ResponseWriter, r *http.Request, base string) {
	switch {
	case in == h.api:
		if h.controlOrigins.Check(r) != nil || r.Header.Get("Sec-Fetch-Site") == "" && changes(r) && h.otherScheme(r) {
			h.refuse(w, r, "the control API takes no changes from pages of another origin")
			return
		}
	case h.mayUse(r):
		if origin := r.Header.Get("Origin"); origin != "" && share(w, r, origin, in) {
			return
		}
	case changes(r) || r.Method == http.MethodOptions:
		h.refuse(w, r, "pages of the origin "+r.Header.Get("Origin")+" may not use "+in.Name()+"; --allow-origin lets them")
		return
	}
	in.ServeAt(w, r, base)
}

// refuse answers what gets no further, with the reason as a hint too.
func (h *Host) refuse(w http.ResponseWriter, r *http.Request, reason string) {
	if !h.config.NoHints {
		w.Header().Set(kernel.HeaderReason, kernel.OneLine(reason))
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	control.WriteProblem(w, http.StatusForbidden, reason)
}

// provider returns the handler of a provider's own port.
func (h *Host) provider(in *kernel.Instance) http.Handler {
	return h.named(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(in, w, r, kernel.BaseURL(r)) }))
}

func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// otherScheme reports whether a request comes from the page of this very host, but
// of http where the call is https's, or the other way round: by the rule of
// browsers that is another origin.
func (h *Host) otherScheme(r *http.Request) bool {
	from := r.Header.Get("Origin")
	return from != "" && !slices.Contains(h.origins, from) && from != ownOrigin(r)
}

// mayUse reports whether a provider is used by no page, by its own, by one on this
// machine, or by one of an origin that the server was told.
func (h *Host) mayUse(r *http.Request) bool {
	from, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	switch {
	case site == "same-origin" || site == "none":
		return true
	case from == "":
		return site == "" // or a page that hides where it is
	case slices.Contains(h.origins, from) || from == ownOrigin(r):
		return true
	}
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	name := u.Hostname()
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && ip.IsLoopback()
}

// ownOrigin is the origin of the pages that the address of a request has.
func ownOrigin(r *http.Request) string {
	u, err := url.Parse(kernel.BaseURL(r))
	if err != nil {
		return ""
	}
	return origin(u)
}

// share lets a page read the answer. It answers the question that browsers ask
// before a call, which is no call itself, and then reports true.
func share(w http.ResponseWriter, r *http.Request, origin string, in *kernel.Instance) bool {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Allow-Credentials", "true")
	header.Set("Vary", "Origin")
	method := r.Header.Get("Access-Control-Request-Method")
	if r.Method != http.MethodOptions || method == "" {
		header.Set("Access-Control-Expose-Headers", strings.Join(in.Exposed(), ", "))
		return false
	}
	header.Set("Access-Control-Allow-Methods", method)
	if headers := r.Header.Get("Access-Control-Request-Headers"); headers != "" {
		header.Set("Access-Control-Allow-Headers", headers)
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// CheckOrigin refuses what is no origin as browsers write it.
func CheckOrigin(text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme == "" || u.Host == "" || text != origin(u) {
		return fmt.Errorf("allowed origin: %q is not one like https://host:port", text)
	}
	return nil
}

// origin is the origin of a URL as browsers write it.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host
}

// trusts reports whether a Host header can only mean this server: an address, a
// name that no public site can have, a provider's own, or one that it was given.
// Any other could be another site's that resolves to here.
func (h *Host) trusts(hostport string) bool {
	host := hostname(hostport)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name := strings.TrimSuffix(host, ".")
	if name == "" || strings.Trim(name, nameCharacters) != "" {
		return false
	}
	return !strings.Contains(host, ".") || name == "localhost" || slices.ContainsFunc(privateDomains, func(domain string) bool { return strings.HasSuffix(name, domain) }) ||
		h.world.InstanceFor(name) != nil || slices.ContainsFunc(h.hosts, func(own string) bool {
		suffix, any := strings.CutPrefix(own, "*")
		return name == own || any && strings.HasSuffix(name, suffix)
	})
}

// privateDomains are those that are never public sites'; .svc.cluster.local is
// below .local.
var privateDomains = []string{".localhost", ".local", ".internal", ".test", ".svc"}

// nameCharacters are those of host names; what else a Host header may hold is no
// name of this server.
const nameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_."

// hostname is the host of a Host header; host names have no case.
func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]"))
}

// atPublicURL returns the provider whose public URL a request in memory is for,
// the request as seen from there, and that URL.
func (sp *space) atPublicURL(r *http.Request) (in *kernel.Instance, seen *http.Request, base string) {
	for _, in := range sp.world.Instances() {
		base := in.PublicURL()
		u, err := url.Parse(base)
		if base == "" || err != nil || u.Scheme != r.URL.Scheme || !strings.EqualFold(u.Host, r.URL.Host) {
			continue
		}
		rest, ok := strings.CutPrefix(r.URL.EscapedPath(), u.EscapedPath())
		if ok && (rest == "" || rest[0] == '/') {
			return in, inner(r, rest), base
		}
	}
	return nil, nil, ""
}
