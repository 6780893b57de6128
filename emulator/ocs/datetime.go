package ocs

import (
	"encoding/json"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// tick is the unit of the service's times: seven fractional digits.
const tick = 100 * time.Nanosecond

// dateTime is a moment as the samples of the pages have it, in UTC: with an offset,
// the fraction without the zeros at its end, and no fraction rather than an empty one.
type dateTime time.Time

// MarshalJSON writes the moment.
func (t dateTime) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Time(t).UTC().Format("2006-01-02T15:04:05.9999999-07:00"))
}

// orNull is a moment that may be missing, as JSON has it.
func orNull(t *time.Time) *dateTime {
	if t == nil {
		return nil
	}
	written := dateTime(*t)
	return &written
}

// notADate is what is wrong with a time that cannot be read.
const notADate = "not a date and time such as 2030-01-31T12:00:00Z"

// parseDateTime reads a time as the service does: with an offset or without,
// which is UTC then, and with any number of fractional digits, of which seven
// count. That a time of day can be missing is the live contract's. Name is whose
// value it is.
func parseDateTime(name string, text *string) (*time.Time, *kernel.Problem) {
	if text == nil {
		return nil, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", time.DateOnly} {
		t, err := time.Parse(layout, *text)
		if err != nil {
			continue
		}
		if t = t.UTC().Truncate(tick); t.Year() >= 1 && t.Year() <= 9999 { // as .NET's range is
			return &t, nil
		}
	}
	return nil, invalid("%s: %s.", "Send an ISO 8601 date and time with an offset.", name, notADate).
		Because("%s is %s", name, notADate)
}
