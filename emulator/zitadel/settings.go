package zitadel

import (
	"fmt"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Setting is a value of one of the provider's settings, for New.
type Setting = kernel.SettingValue

// maxLag bounds the lag, and with it what is remembered of the past.
const maxLag = time.Hour

var lag = kernel.NewSetting("lag", time.Duration(0), "how long after a change the OAuth endpoints see it; at most 1h", func(d time.Duration) error {
	if d < 0 || d > maxLag {
		return fmt.Errorf("%s is not between 0 and %s", d, maxLag)
	}
	return nil
})

// Lag makes the OAuth endpoints see new, changed and removed credentials of
// applications and machine users only d later, as the service does under load: a
// fresh machine secret is answered Errors.User.Machine.Secret.NotExisting until
// then. The delay is by the world's clock. 0, the default, is none.
func Lag(d time.Duration) Setting { return lag.To(d) }

// PublicURL pins the base URL that issuers, discovery documents and links name,
// whatever address a request came by: where clients find the provider behind a
// proxy. Empty, the default, is none of its own. See emulator.WithPublicURL.
func PublicURL(base string) Setting { return kernel.PublicURL.To(base) }

// IgnoreUnknownKeys lets keys of a body pass, with a warning in the journal, that
// neither the page nor an official client knows. They are refused otherwise.
func IgnoreUnknownKeys() Setting { return kernel.UnknownKeys.To(kernel.IgnoreUnknown) }
