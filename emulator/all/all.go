// Package all is the one list of providers.
package all

import (
	"fmt"
	"strings"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/emulator/zitadel"
	"github.com/understudy-dev/understudy/internal/near"
)

// providers names every provider, in the order of their ports.
var providers = []struct {
	name string
	make func() emulator.Option
}{
	{infisical.Name, func() emulator.Option { return infisical.New() }},
	{workos.Name, func() emulator.Option { return workos.New() }},
	{zitadel.Name, func() emulator.Option { return zitadel.New() }},
	{ocs.Name, func() emulator.Option { return ocs.New() }},
}

// New returns the providers of the given names, or all of them when none is
// given. It fails on a name that there is none of.
func New(names ...string) ([]emulator.Option, error) {
	if len(names) == 0 {
		names = Names()
	}
	var options []emulator.Option
next:
	for _, name := range names {
		for _, p := range providers {
			if p.name == name {
				options = append(options, p.make())
				continue next
			}
		}
		if nearest := near.To(name, Names()); nearest != "" {
			return nil, fmt.Errorf("there is no provider %q; did you mean %s?", name, nearest)
		}
		return nil, fmt.Errorf("there is no provider %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return options, nil
}

// Names returns the names of all providers.
func Names() []string {
	names := make([]string, len(providers))
	for i, p := range providers {
		names[i] = p.name
	}
	return names
}
