package infisical

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
)

// A Setting is a value of one of the provider's settings, for New.
type Setting = kernel.SettingValue

var (
	rateLimit = kernel.NewSetting("rateLimit", 0, "calls a minute from one address; 0: no limit", func(n int) error {
		if n < 0 {
			return fmt.Errorf("%d is negative", n)
		}
		return nil
	})
	ipAllowlisting = kernel.NewSetting("ipAllowlisting", false, "whether the plan allows trusted IPs other than everywhere", nil)
)

// RateLimit answers 429 to more than n calls a minute from one address. 0, the
// default, is no limit, as on a self-hosted instance.
func RateLimit(n int) Setting { return rateLimit.To(n) }

// IPAllowlisting sets whether the plan allows trusted IPs other than everywhere.
func IPAllowlisting(allowed bool) Setting { return ipAllowlisting.To(allowed) }

// window counts the calls of one address in a minute.
type window struct {
	Start time.Time
	Calls int
}

const windowLength = time.Minute

// admit counts a call against the rate limit, as the service's cloud does.
func (p *Provider) admit(c *kernel.Call) error {
	limit := rateLimit.Get(c)
	if limit == 0 {
		return nil
	}
	address := c.RemoteIP().String()
	w, ok := p.windows.Get(c.Tx, address)
	if age := c.Now.Sub(w.Start); !ok || age >= windowLength || age < 0 {
		w = window{Start: c.Now}
	}
	w.Calls++
	p.windows.Put(c.Tx, address, w)
	left := int(math.Ceil((windowLength - c.Now.Sub(w.Start)).Seconds()))
	c.Header.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	c.Header.Set("X-Ratelimit-Remaining", strconv.Itoa(max(0, limit-w.Calls)))
	c.Header.Set("X-Ratelimit-Reset", strconv.Itoa(left))
	if w.Calls <= limit {
		return nil
	}
	c.Header.Set("Retry-After", strconv.Itoa(left))
	return refuse(http.StatusTooManyRequests, "RateLimitExceeded", "Rate limit exceeded. Please try again in %d seconds", left).
		Because("call %d of this minute from %s; the setting infisical.rateLimit allows %d", w.Calls, address, limit).Keep()
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
