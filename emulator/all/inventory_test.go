package all_test

import (
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
)

// TestInventory: the default world of every provider has live credentials, and what
// has an end is dead behind it, with the reason.
func TestInventory(t *testing.T) {
	srv := emulator.NewTest(t, everything(t, emulator.InMemory())...)
	srv.Clock.Freeze()
	found := map[string]int{}
	for _, k := range srv.Inventory() {
		found[k.Provider]++
		if !k.Live || k.Reason != "" || k.ID == "" || k.Owner.ID == "" || k.Owner.Name == "" || k.Created.IsZero() {
			t.Errorf("of the default world: %+v", k)
		}
	}
	for _, name := range all.Names() {
		if found[name] == 0 {
			t.Errorf("%s has no credentials", name)
		}
	}
	srv.Clock.Set(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, k := range srv.Inventory() {
		if ended := !k.Expires.IsZero() && k.Expires.Before(srv.Clock.Now()); k.Live == ended || ended && k.Reason != "expired" {
			t.Errorf("in 2200: %+v", k)
		}
	}
}
