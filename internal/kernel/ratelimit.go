package kernel

import (
	"fmt"
	"math"
	"time"

	"github.com/understudy-dev/understudy/internal/store"
)

// NewRateLimitSetting returns the setting of a provider that limits how often it
// is called; at first it does not.
func NewRateLimitSetting() *Setting[int] {
	return NewSetting("rateLimit", 0, "calls a minute from one address; 0: no limit", func(n int) error {
		if n < 0 {
			return fmt.Errorf("%d is negative", n)
		}
		return nil
	})
}

// A RateLimit counts the calls of each client address in fixed windows of a
// minute by the world's clock.
type RateLimit struct {
	setting *Setting[int]
	windows *store.Table[window]
}

// window counts the calls of one address.
type window struct {
	Start time.Time
	Calls int
}

const windowLength = time.Minute

// NewRateLimit adds a rate limit's table to the schema.
func NewRateLimit(schema *store.Schema, setting *Setting[int]) *RateLimit {
	windows := store.NewTable[window](schema, "rate window")
	windows.KeyedFreely() // by address
	return &RateLimit{setting, windows}
}

// A RateCount is where a call stands in its window.
type RateCount struct {
	Limit, Calls int
	Left         int // of the window, in seconds rounded up
	// Excess is the reason to refuse the call, or empty.
	Excess string
}

// Count counts a call; on is false when there is no limit.
func (l *RateLimit) Count(c *Call) (count RateCount, on bool) {
	limit := l.setting.Get(c)
	if limit == 0 {
		return RateCount{}, false
	}
	address := c.RemoteIP().String()
	w, ok := l.windows.Get(c.Tx, address)
	if age := c.Now.Sub(w.Start); !ok || age >= windowLength || age < 0 {
		w = window{Start: c.Now}
	}
	w.Calls++
	l.windows.Put(c.Tx, address, w)
	count = RateCount{Limit: limit, Calls: w.Calls, Left: int(math.Ceil((windowLength - c.Now.Sub(w.Start)).Seconds()))}
	if w.Calls > limit {
		count.Excess = fmt.Sprintf("call %d of this minute from %s; the setting %s.%s allows %d",
			w.Calls, address, c.instance.desc.Name, l.setting.name, limit)
	}
	return count, true
}
