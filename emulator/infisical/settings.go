package infisical

import (
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Setting is a value of one of the provider's settings, for New.
type Setting = kernel.SettingValue

var (
	rateLimit      = kernel.NewRateLimitSetting()
	ipAllowlisting = kernel.NewSetting("ipAllowlisting", false, "whether the plan allows trusted IPs other than everywhere", nil)
)

// RateLimit answers 429 to more than n calls a minute from one address. 0, the
// default, is no limit, as on a self-hosted instance.
func RateLimit(n int) Setting { return rateLimit.To(n) }

// IPAllowlisting sets whether the plan allows trusted IPs other than everywhere.
func IPAllowlisting(allowed bool) Setting { return ipAllowlisting.To(allowed) }

// PublicURL pins the base URL that issuers, discovery documents and links name,
// whatever address a request came by: where clients find the provider behind a
// proxy. Empty, the default, is none of its own. See emulator.WithPublicURL.
func PublicURL(base string) Setting { return kernel.PublicURL.To(base) }

// IgnoreUnknownKeys lets keys of a body pass, with a warning in the journal, that
// neither the page nor an official client knows. They are refused otherwise.
func IgnoreUnknownKeys() Setting { return kernel.UnknownKeys.To(kernel.IgnoreUnknown) }

// admit counts a call against the rate limit, as the service's cloud does.
func (p *Provider) admit(c *kernel.Call) error {
	count, on := p.rates.Count(c)
	if !on {
		return nil
	}
	c.Header.Set("X-Ratelimit-Limit", strconv.Itoa(count.Limit))
	c.Header.Set("X-Ratelimit-Remaining", strconv.Itoa(max(0, count.Limit-count.Calls)))
	c.Header.Set("X-Ratelimit-Reset", strconv.Itoa(count.Left))
	if count.Excess == "" {
		return nil
	}
	c.Header.Set("Retry-After", strconv.Itoa(count.Left))
	return refuse(http.StatusTooManyRequests, "RateLimitExceeded", "Rate limit exceeded. Please try again in %d seconds", count.Left).
		Because("%s", count.Excess).Keep()
}

// finish puts an ETag on every answer and spares a reader what it has.
func finish(c *kernel.Call, out *kernel.Outcome) {
	sum := fnv.New32a()
	_, _ = sum.Write(out.Body)
	etag := `"` + strconv.FormatUint(uint64(sum.Sum32()), 36) + `"`
	out.Header.Set("ETag", etag)
	if c.Request.Method == http.MethodGet && strings.TrimPrefix(c.Request.Header.Get("If-None-Match"), "W/") == etag {
		out.Status, out.Body = http.StatusNotModified, nil
		out.Header.Del("Content-Type")
	}
}
