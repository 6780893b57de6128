package kernel

import (
	"fmt"

	"github.com/understudy-dev/understudy/internal/gate"
)

// UnknownKeys is a setting of every provider.
var UnknownKeys = NewSetting("unknownKeys", "refuse", "what becomes of a body's keys that neither the page nor an official client knows: refuse or ignore",
	func(value string) error {
		if value != "refuse" && value != IgnoreUnknown {
			return fmt.Errorf("%q is neither refuse nor ignore", value)
		}
		return nil
	})

// IgnoreUnknown is the value of UnknownKeys that lets them pass.
const IgnoreUnknown = "ignore"

// passes reports whether a breach is none after all, and takes what passes
// unknown out of the body.
func (in *Instance) passes(c *Call, b gate.Breach) bool {
	ignored := b.Rule == gate.RuleUnknown && UnknownKeys.Get(c) == IgnoreUnknown
	if !ignored && (in.desc.Tolerate == nil || !in.desc.Tolerate(c, b)) {
		return false
	}
	if ignored {
		c.Warn("%s; it passes because of the setting %s.%s", b, in.Name(), UnknownKeys.Name())
	}
	if b.Rule == gate.RuleUnknown {
		c.Body = NewBody(c.Body.MediaType, gate.Prune(c.Body.Value, b))
	}
	return true
}

// wayOut tells who is refused for an unknown key what the service does, and how
// to go on.
func (in *Instance) wayOut() string {
	service := in.desc.UnknownKeys
	if service == "" {
		service = "takes them or not, nobody public says"
	}
	return fmt.Sprintf("; of unknown keys, the service %s; --set %s.%s=%s lets them pass", service, in.Name(), UnknownKeys.Name(), IgnoreUnknown)
}
