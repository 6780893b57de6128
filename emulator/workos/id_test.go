package workos

import (
	"slices"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

func TestULID(t *testing.T) {
	for _, tt := range []struct {
		tick tick
		want string
	}{
		{tick{}, "00000000000000000000000000"},
		{tick{Millis: -1}, "00000000000000000000000000"},
		{tick{Millis: 1}, "00000000010000000000000000"},
		{tick{Rest: [10]byte{9: 31}}, "0000000000000000000000000Z"},
		{tick{Rest: [10]byte{9: 32}}, "00000000000000000000000010"},
		{tick{1<<48 - 1, [10]byte(slices.Repeat([]byte{0xff}, 10))}, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
		{tick{Millis: 1469918176385}, "01ARYZ6S410000000000000000"}, // the time of the ULID specification's example
	} {
		if got := tt.tick.ulid(); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.tick, got, tt.want)
		}
	}
}

func TestTickGrows(t *testing.T) {
	ff := byte(0xff)
	for _, tt := range []struct {
		rest [10]byte
		by   uint64
		want [10]byte
		fits bool
	}{
		{[10]byte{}, 1, [10]byte{9: 1}, true},
		{[10]byte{8: 1, 9: ff}, 2, [10]byte{8: 2, 9: 1}, true},
		{[10]byte{}, 1 << 32, [10]byte{5: 1}, true},
		{[10]byte{0, ff, ff, ff, ff, ff, ff, ff, ff, ff}, 1, [10]byte{1}, true},
		{[10]byte(slices.Repeat([]byte{ff}, 10)), 1, [10]byte{}, false},
	} {
		got, fits := tick{Rest: tt.rest}.grow(tt.by)
		if got.Rest != tt.want || fits != tt.fits {
			t.Errorf("%v + %d: %v %t, want %v %t", tt.rest, tt.by, got.Rest, fits, tt.want, tt.fits)
		}
	}
}

// TestNewID shows that identifiers sort by creation wherever the clock is: in a
// millisecond, in one that is full, and after the clock has moved back.
func TestNewID(t *testing.T) {
	wos := New()
	if _, err := kernel.NewWorld(kernel.Config{Providers: []kernel.Provider{wos}}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	kernel.Seed(&wos.Binding, func(c *kernel.Call) (any, error) {
		var ids []string
		draw := func(at time.Time) string {
			c.Now = at
			ids = append(ids, wos.newID(c, "x_"))
			return ids[len(ids)-1][:12]
		}
		at := func(at time.Time) string { return "x_" + tick{Millis: at.UnixMilli()}.ulid()[:10] }
		for range 1000 {
			if got := draw(now); got != at(now) {
				t.Fatalf("a frozen clock: %s, want %s", got, at(now))
			}
		}
		last, _ := wos.ticks.Get(c.Tx, "x_")
		last.Rest = [10]byte(slices.Repeat([]byte{0xff}, 10))
		wos.ticks.Put(c.Tx, "x_", last)
		if got, want := draw(now), at(now.Add(time.Millisecond)); got != want {
			t.Errorf("a full millisecond: %s, want %s", got, want)
		}
		if got, want := draw(now.Add(-time.Hour)), at(now.Add(2*time.Millisecond)); got != want {
			t.Errorf("a clock that moved back: %s, want %s", got, want)
		}
		if got, want := draw(now.Add(time.Hour)), at(now.Add(time.Hour)); got != want {
			t.Errorf("a clock that moved on: %s, want %s", got, want)
		}
		if !slices.IsSorted(ids) || len(slices.Compact(ids)) != len(ids) {
			t.Error("the identifiers do not ascend")
		}
		return nil, nil
	})
}
