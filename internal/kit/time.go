package kit

import "time"

// A Timestamp is a moment as JavaScript's Date writes it: UTC, milliseconds.
type Timestamp time.Time

// MarshalJSON writes the moment.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

// Nullable is a moment that may be missing: zero is null.
func Nullable(t time.Time) *Timestamp {
	if t.IsZero() {
		return nil
	}
	at := Timestamp(t)
	return &at
}
