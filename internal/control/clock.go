package control

import (
	"net/http"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/internal/kernel"
)

func clockInfo(k *clock.Clock) ClockInfo {
	return ClockInfo{Now: k.Now(), Frozen: k.Frozen(), Offset: k.Offset().Round(time.Millisecond).String()}
}

func (a *api) getClock(c *kernel.Call, _ none) (ClockInfo, error) {
	return clockInfo(a.world(c).Clock), nil
}

type advanceRequest struct {
	By any `json:"by"`
}

func (a *api) advanceClock(c *kernel.Call, in advanceRequest) (ClockInfo, error) {
	by, err := duration("by", in.By)
	if err != nil {
		return ClockInfo{}, err
	}
	if err := showable("by", a.world(c).Clock.Now().Add(by)); err != nil {
		return ClockInfo{}, err
	}
	a.world(c).Clock.Advance(by)
	return clockInfo(a.world(c).Clock), nil
}

// showable refuses instants that no timestamp can show.
func showable(name string, t time.Time) error {
	if t.Before(clock.First) || t.After(clock.Last) {
		return Refuse(http.StatusBadRequest, "%s: the clock would stand in the year %d, which no timestamp can show", name, t.UTC().Year())
	}
	return nil
}

// duration reads a Go duration or a number of seconds; it cannot be negative.
func duration(name string, v any) (time.Duration, error) {
	var d time.Duration
	switch v := v.(type) {
	case nil:
	case float64:
		if v >= float64(1<<63-1)/float64(time.Second) {
			return 0, Refuse(http.StatusBadRequest, "%s: %g seconds are too many", name, v)
		}
		d = time.Duration(v * float64(time.Second))
	case string:
		var err error
		if d, err = kernel.ParseDuration(v); err != nil {
			return 0, Refuse(http.StatusBadRequest, "%s: %v", name, err)
		}
	}
	if d < 0 {
		return 0, Refuse(http.StatusBadRequest, "%s: %s is negative", name, d)
	}
	return d, nil
}

type setRequest struct {
	To time.Time `json:"to"`
}

func (a *api) setClock(c *kernel.Call, in setRequest) (ClockInfo, error) {
	if err := showable("to", in.To); err != nil {
		return ClockInfo{}, err
	}
	a.world(c).Clock.Set(in.To)
	return clockInfo(a.world(c).Clock), nil
}

func (a *api) freezeClock(c *kernel.Call, _ none) (ClockInfo, error) {
	a.world(c).Clock.Freeze()
	return clockInfo(a.world(c).Clock), nil
}

func (a *api) resumeClock(c *kernel.Call, _ none) (ClockInfo, error) {
	a.world(c).Clock.Resume()
	return clockInfo(a.world(c).Clock), nil
}
