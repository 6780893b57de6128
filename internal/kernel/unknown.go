package kernel

import (
	"fmt"
	"slices"
	"strings"

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

// dropNulls takes members out of the body that are null where that means nothing.
func (c *Call) dropNulls() {
	object, _ := c.Body.Value.(map[string]any)
	schema := c.operation.BodySchema(mediaJSON)
	if schema == nil {
		return
	}
	var absent []string
	for name, value := range object {
		if p := schema.Properties[name]; value == nil && p != nil && !p.Value.Nullable {
			absent = append(absent, name)
		}
	}
	if len(absent) == 0 {
		return
	}
	slices.Sort(absent)
	c.Warn("null for %s counts as not sent: official clients send it", strings.Join(absent, ", "))
	c.Body = NewBody(c.Body.MediaType, gate.Prune(object, gate.Breach{Keys: absent}))
}
