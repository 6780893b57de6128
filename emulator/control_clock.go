package emulator

import (
	"net/http"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/internal/kernel"
)

func (ct *control) clock() ClockInfo {
	k := ct.server.Clock
	return ClockInfo{Now: k.Now(), Frozen: k.Frozen(), Offset: k.Offset().Round(time.Millisecond).String()}
}

func (ct *control) getClock(*kernel.Call, none) (ClockInfo, error) { return ct.clock(), nil }

type advanceRequest struct {
	By any `json:"by"`
}

func (ct *control) advanceClock(_ *kernel.Call, in advanceRequest) (ClockInfo, error) {
	by, err := duration("by", in.By)
	if err != nil {
		return ClockInfo{}, err
	}
	if err := showable("by", ct.server.Clock.Now().Add(by)); err != nil {
		return ClockInfo{}, err
	}
	ct.server.Clock.Advance(by)
	return ct.clock(), nil
}

// showable refuses instants that no timestamp can show.
func showable(name string, t time.Time) error {
	if t.Before(clock.First) || t.After(clock.Last) {
		return refuse(http.StatusBadRequest, "%s: the clock would stand in the year %d, which no timestamp can show", name, t.UTC().Year())
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
			return 0, refuse(http.StatusBadRequest, "%s: %g seconds are too many", name, v)
		}
		d = time.Duration(v * float64(time.Second))
	case string:
		var err error
		if d, err = time.ParseDuration(v); err != nil {
			return 0, refuse(http.StatusBadRequest, "%s: %v", name, err)
		}
	}
	if d < 0 {
		return 0, refuse(http.StatusBadRequest, "%s: %s is negative", name, d)
	}
	return d, nil
}

type setRequest struct {
	To time.Time `json:"to"`
}

func (ct *control) setClock(_ *kernel.Call, in setRequest) (ClockInfo, error) {
	if err := showable("to", in.To); err != nil {
		return ClockInfo{}, err
	}
	ct.server.Clock.Set(in.To)
	return ct.clock(), nil
}

func (ct *control) freezeClock(*kernel.Call, none) (ClockInfo, error) {
	ct.server.Clock.Freeze()
	return ct.clock(), nil
}

func (ct *control) resumeClock(*kernel.Call, none) (ClockInfo, error) {
	ct.server.Clock.Resume()
	return ct.clock(), nil
}
