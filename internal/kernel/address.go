package kernel

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// PublicURL is a setting of every provider. It wins over Config.PublicURL.
var PublicURL = NewSetting("publicUrl", "", "the base URL that issuers, discovery and links name; empty: that of the request, or one below --public-url",
	func(text string) error {
		if text == "" {
			return nil
		}
		_, err := ParsePublicURL(text)
		return err
	})

// ParsePublicURL reads a base URL as clients know it: http or https, a host, and
// perhaps a path. A slash at its end is left out.
func ParsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, fmt.Errorf("%q is not a base URL like https://host:port/path", text)
	}
	return url.Parse(strings.TrimRight(text, "/"))
}

// BaseURL returns the address a request came by.
func BaseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// pinned is the provider's public URL, "" when addresses follow the request.
func (in *Instance) pinned(s *setup) string {
	if own, _ := s.settings[in.Name()][PublicURL.Name()].(string); own != "" {
		return strings.TrimRight(own, "/")
	}
	if in.world.config.PublicURL != "" {
		return in.world.config.PublicURL + in.world.Path + "/" + in.Name()
	}
	return ""
}

// PublicURL returns the provider's public URL, "" when it has none and its
// addresses follow the request.
func (in *Instance) PublicURL() string { return in.pinned(in.world.setup.Load()) }

// enter takes the world's present settings and time.
func (c *Call) enter() {
	c.setup, c.Now = c.instance.world.setup.Load(), c.instance.world.Clock.Now()
	c.Base = cmp.Or(c.instance.pinned(c.setup), c.cameBy)
}
