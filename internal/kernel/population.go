package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
)

// MaxPopulation is the most that a provider can be populated with, of each kind.
const MaxPopulation = 10_000

// An Inventor invents what a world is populated with. Names and addresses, which
// have to be unique somewhere, it gives out once.
type Inventor interface {
	Company() string                       // the name of an organization
	Program() string                       // of a machine's identity, a client or an application, such as neural-firewall
	Variable() string                      // of a secret, such as NEURAL_FIREWALL_TOKEN
	Person() (given, family, email string) // somebody and their address
	Sentence() string                      // a description
	Secret(length int) string              // letters and digits
}

// A Population adds n invented rows of each kind to a provider's section of a
// world, behind those that are there.
type Population func(section json.RawMessage, n int, from Inventor) (json.RawMessage, error)

// Populate returns the population of a provider whose sections are Sections.
func Populate[Section any](add func(s *Section, n int, from Inventor)) Population {
	return func(section json.RawMessage, n int, from Inventor) (json.RawMessage, error) {
		var s Section
		if err := json.Unmarshal(section, &s); err != nil {
			return nil, err
		}
		add(&s, n, from)
		return json.Marshal(s)
	}
}

// checkPopulation refuses what a world cannot be populated with.
func (w *World) checkPopulation(n int) error {
	switch {
	case n < 0 || n > MaxPopulation:
		return fmt.Errorf("populate: %d is not between 0 and %d", n, MaxPopulation)
	case n > 0 && w.config.Invent == nil:
		return errors.New("populate: this server cannot; import github.com/understudy-dev/understudy/emulator/population and give it population.Of(0)")
	}
	return nil
}
