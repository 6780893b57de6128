package workos

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Setting is a value of one of the provider's settings, for New.
type Setting = kernel.SettingValue

var (
	tokenLifetime = kernel.NewSetting("tokenLifetime", 5*time.Minute, "how long an access token lives", func(d time.Duration) error {
		if d < time.Second {
			return fmt.Errorf("%s is less than a second", d)
		}
		return nil
	})
	rateLimit = kernel.NewRateLimitSetting()
)

// TokenLifetime sets how long an access token lives, 5 minutes at first; parts of
// a second do not count.
func TokenLifetime(d time.Duration) Setting { return tokenLifetime.To(d) }

// RateLimit answers 429 to more than n calls a minute from one address. 0, the
// default, is no limit; the service's own is 6,000.
func RateLimit(n int) Setting { return rateLimit.To(n) }

// PublicURL pins the base URL that issuers, discovery documents and links name,
// whatever address a request came by: where clients find the provider behind a
// proxy. Empty, the default, is none of its own. See emulator.WithPublicURL.
func PublicURL(base string) Setting { return kernel.PublicURL.To(base) }

// IgnoreUnknownKeys lets keys of a body pass, with a warning in the journal, that
// neither the page nor an official client knows. They are refused otherwise.
func IgnoreUnknownKeys() Setting { return kernel.UnknownKeys.To(kernel.IgnoreUnknown) }

// admit counts a call against the rate limit.
func (p *Provider) admit(c *kernel.Call) error {
	count, _ := p.rates.Count(c)
	if count.Excess == "" {
		return nil
	}
	c.Header.Set("Retry-After", strconv.Itoa(count.Left))
	return (&kernel.Problem{Status: http.StatusTooManyRequests}).Because("%s", count.Excess).Keep()
}

// finish puts a request id and a weak ETag on answers and spares a reader what it
// has, as Express does.
func finish(c *kernel.Call, out *kernel.Outcome) {
	out.Header.Set("X-Request-Id", c.DrawRequest("request-id").UUID())
	if out.Status == http.StatusTooManyRequests && out.Header.Get("Retry-After") == "" {
		out.Header.Set("Retry-After", "1") // an injected one; every SDK reads it
	}
	if len(out.Body) == 0 {
		return
	}
	sum := sha1.Sum(out.Body)
	etag := fmt.Sprintf(`W/"%x-%s"`, len(out.Body), base64.StdEncoding.EncodeToString(sum[:])[:27])
	out.Header.Set("ETag", etag)
	if c.Request.Method == http.MethodGet && out.Status == http.StatusOK && c.Request.Header.Get("If-None-Match") == etag {
		out.Status, out.Body = http.StatusNotModified, nil
		out.Header.Del("Content-Type")
	}
}
