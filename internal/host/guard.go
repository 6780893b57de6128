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

	"github.com/understudy-dev/understudy/internal/kernel"
)

// CheckName refuses what cannot be the name of a host; a port does not count.
func CheckName(name string) error {
	if host := strings.TrimSuffix(hostname(name), "."); host == "" || strings.ContainsAny(host, "/*@ ") {
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

// guard returns what tells why a call of a control API is refused, "" if it is
// not: pages of another origin get through neither by a host name of their own that
// leads here (DNS rebinding) nor, with what changes anything, across origins.
func (h *Host) guard() func(*http.Request) string {
	origins := http.NewCrossOriginProtection()
	if u, err := url.Parse(h.config.PublicURL); err == nil && u.Host != "" {
		if err := origins.AddTrustedOrigin(origin(u)); err != nil {
			panic("emulator: " + err.Error()) // ParsePublicURL lets none pass
		}
	}
	return func(r *http.Request) string {
		for _, host := range append([]string{r.Host}, r.Header["Host"]...) {
			if !h.trusts(host) {
				return "the control API does not answer to the host name " + host + ": it could be a page's way around the same-origin rule"
			}
		}
		if origins.Check(r) != nil {
			return "the control API takes no changes from pages of another origin"
		}
		return ""
	}
}

// origin is the origin of a URL as browsers write it.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host
}

// trusts reports whether a Host header can only mean this server: an address,
// localhost and what is below it, a name without dots, or one that it was given.
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
	return !strings.Contains(host, ".") || name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(h.hosts, name)
}

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
func (h *Host) atPublicURL(r *http.Request) (in *kernel.Instance, seen *http.Request, base string) {
	for _, in := range h.world.Instances() {
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
