package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
)

var day = time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)

// TestClock runs in a bubble, where real time stands still unless a step
// sleeps, so that instants can be compared exactly.
func TestClock(t *testing.T) {
	const hour = time.Hour
	advance := func(d time.Duration) func(*clock.Clock) { return func(c *clock.Clock) { c.Advance(d) } }
	set := func(at time.Time) func(*clock.Clock) { return func(c *clock.Clock) { c.Set(at) } }
	sleep := func(d time.Duration) func(*clock.Clock) { return func(*clock.Clock) { time.Sleep(d) } }
	freeze, resume, reset := (*clock.Clock).Freeze, (*clock.Clock).Resume, (*clock.Clock).Reset
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when every bubble begins

	tests := []struct {
		name   string
		steps  []func(*clock.Clock)
		want   time.Time
		frozen bool
		offset time.Duration
	}{
		{"new", nil, begin, false, 0},
		{"follows real time", []func(*clock.Clock){sleep(hour)}, begin.Add(hour), false, 0},
		{"advance", []func(*clock.Clock){advance(hour)}, begin.Add(hour), false, hour},
		{"advance twice", []func(*clock.Clock){advance(hour), sleep(hour), advance(hour)}, begin.Add(3 * hour), false, 2 * hour},
		{"advance back", []func(*clock.Clock){advance(-hour)}, begin.Add(-hour), false, -hour},
		{"set", []func(*clock.Clock){set(day)}, day, false, day.Sub(begin)},
		{"set and run on", []func(*clock.Clock){set(day), sleep(hour)}, day.Add(hour), false, day.Sub(begin)},
		{"set back", []func(*clock.Clock){set(begin.Add(-hour))}, begin.Add(-hour), false, -hour},
		{"set in another zone", []func(*clock.Clock){set(day.In(time.FixedZone("", 3600)))}, day, false, day.Sub(begin)},
		{"freeze", []func(*clock.Clock){freeze, sleep(hour)}, begin, true, -hour},
		{"freeze twice", []func(*clock.Clock){freeze, sleep(hour), freeze}, begin, true, -hour},
		{"advance frozen", []func(*clock.Clock){freeze, advance(hour)}, begin.Add(hour), true, hour},
		{"set frozen", []func(*clock.Clock){freeze, set(day), sleep(hour)}, day, true, day.Sub(begin) - hour},
		{"resume", []func(*clock.Clock){freeze, sleep(hour), resume, sleep(hour)}, begin.Add(hour), false, -hour},
		{"resume running", []func(*clock.Clock){advance(hour), resume}, begin.Add(hour), false, hour},
		{"resume where it was set", []func(*clock.Clock){freeze, set(day), sleep(hour), resume}, day, false, day.Sub(begin) - hour},
		{"reset", []func(*clock.Clock){set(day), freeze, sleep(hour), reset}, begin.Add(hour), false, 0},
		{"far ahead", []func(*clock.Clock){set(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)), sleep(hour)},
			time.Date(9999, 1, 1, 1, 0, 0, 0, time.UTC), false, 1<<63 - 1},
		{"far back", []func(*clock.Clock){set(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), sleep(hour)},
			time.Date(1, 1, 1, 1, 0, 0, 0, time.UTC), false, -1 << 63},
		{"far ahead in steps", []func(*clock.Clock){advance(1<<63 - 1), advance(1<<63 - 1)},
			begin.Add(1<<63 - 1).Add(1<<63 - 1), false, 1<<63 - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clock.New()
				for _, step := range tt.steps {
					step(c)
				}
				now := c.Now()
				if now != tt.want { // == compares the zone and the monotonic reading too
					t.Errorf("the clock stands at %v, want %v", now, tt.want)
				}
				if c.Frozen() != tt.frozen {
					t.Errorf("frozen is %t", c.Frozen())
				}
				if got := c.Offset(); got != tt.offset {
					t.Errorf("the offset is %s, want %s", got, tt.offset)
				}

				// A state brings the instant back, however long it was kept.
				state := c.State()
				wantState := clock.State{Now: tt.want, Frozen: tt.frozen}
				if !tt.frozen {
					wantState.Real = time.Now().Round(0).UTC()
				}
				if state != wantState {
					t.Errorf("the state is %+v, want %+v", state, wantState)
				}
				time.Sleep(hour)
				if later := c.State(); !later.Same(state) || later != clock.RunOn(state) {
					t.Errorf("an hour later the state is %+v, want %+v", later, clock.RunOn(state))
				}
				c.Advance(1)
				if c.State().Same(state) {
					t.Error("a clock that was moved has the same state")
				}
				c.Freeze()
				c.Set(day)
				c.Restore(state)
				if c.Now() != tt.want || c.Frozen() != tt.frozen {
					t.Errorf("restored it stands at %v, frozen: %t", c.Now(), c.Frozen())
				}
				time.Sleep(hour)
				want := tt.want
				if !tt.frozen {
					want = want.Add(hour)
				}
				if c.Now() != want {
					t.Errorf("an hour later it stands at %v, want %v", c.Now(), want)
				}
			})
		})
	}
}
