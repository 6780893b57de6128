package workos

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
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
	rateLimit = kernel.NewSetting("rateLimit", 0, "calls a minute from one address; 0: no limit", func(n int) error {
		if n < 0 {
			return fmt.Errorf("%d is negative", n)
		}
		return nil
	})
)

// TokenLifetime sets how long an access token lives, 5 minutes at first; parts of
// a second do not count.
func TokenLifetime(d time.Duration) Setting { return tokenLifetime.To(d) }

// RateLimit answers 429 to more than n calls a minute from one address. 0, the
// default, is no limit; the service's own is 6,000.
func RateLimit(n int) Setting { return rateLimit.To(n) }

// window counts the calls of one address in a minute.
type window struct {
	Start time.Time
	Calls int
}

const windowLength = time.Minute

// admit counts a call against the rate limit.
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
	if w.Calls <= limit {
		return nil
	}
	left := math.Ceil((windowLength - c.Now.Sub(w.Start)).Seconds())
	c.Header.Set("Retry-After", strconv.Itoa(int(left)))
	return (&kernel.Problem{Status: http.StatusTooManyRequests}).
		Because("call %d of this minute from %s; the setting workos.rateLimit allows %d", w.Calls, address, limit).Keep()
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
