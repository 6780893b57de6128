package emulator

import (
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// WithWriteTimeout sets how long a client may take nothing of an answer, which no
// test wants to wait for.
func WithWriteTimeout(d time.Duration) Option {
	return option(func(c *kernel.Config) { c.WriteTimeout = d })
}
