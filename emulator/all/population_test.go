package all_test

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/emulator/population"
)

// TestPopulation fills every provider: what is invented fits its world.
func TestPopulation(t *testing.T) {
	count := func(n int) map[string]int {
		srv := emulator.NewTest(t, everything(t, emulator.InMemory(), population.Of(n))...)
		credentials := map[string]int{}
		for _, credential := range srv.Inventory() {
			credentials[credential.Provider]++
		}
		return credentials
	}
	const n = 300 // more than the names that there are for programs
	none, some := count(0), count(n)
	for _, name := range all.Names() {
		if more := some[name] - none[name]; more < n {
			t.Errorf("%s has %d more credentials, want %d at least", name, more, n)
		}
	}
}

// BenchmarkPopulation makes a thousand of each kind for every provider.
func BenchmarkPopulation(b *testing.B) {
	for _, name := range all.Names() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				option, err := all.New(name)
				if err != nil {
					b.Fatal(err)
				}
				srv, err := emulator.New(append(option, population.Of(1000))...)
				if err != nil {
					b.Fatal(err)
				}
				_ = srv.Inventory() // a provider's world is made when it is first used
			}
		})
	}
}
