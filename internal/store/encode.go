package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
)

// Content is what a store holds, in the form that leaves the process.
type Content struct {
	// Sequences are the numbers that were drawn last.
	Sequences map[string]uint64 `json:"sequences"`
	// Tables are the rows of each table in their order. Empty tables are left out.
	Tables map[string][]Row `json:"tables"`
}

// A Row is an encoded row.
type Row struct {
	Order uint64          `json:"order"` // where it stands in its table; ascending, with gaps
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// A MisfitError says which place of a content does not fit.
type MisfitError struct {
	Pointer string // from the content's root
	Err     error
}

// Error returns the place and the reason.
func (e *MisfitError) Error() string { return e.Pointer + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *MisfitError) Unwrap() error { return e.Err }

// maxNumber bounds order and sequence numbers: JSON's numbers are exact so far,
// and there is room to count on.
const maxNumber = 1 << 53

func encode(order uint64, key string, value any) (Row, error) {
	text, err := json.Marshal(value)
	return Row{order, key, text}, err
}

// Encode returns the content of a snapshot.
func (s *Schema) Encode(snap Snapshot) (Content, error) {
	c := Content{Sequences: drawn(snap.sequences), Tables: map[string][]Row{}}
	for i, t := range s.tables {
		d := snap.table(i)
		if d == nil {
			continue
		}
		var failure error
		d.each(func(order uint64, key string, value any) {
			r, err := encode(order, key, value)
			if err != nil {
				failure = errors.Join(failure, fmt.Errorf("store: %s %q: %w", t.name, key, err))
			}
			c.Tables[t.name] = append(c.Tables[t.name], r)
		})
		if failure != nil {
			return Content{}, failure
		}
	}
	return c, nil
}

// drawn leaves out the sequences that an undo has put back to their beginning.
func drawn(sequences map[string]uint64) map[string]uint64 {
	all := map[string]uint64{}
	for name, n := range sequences {
		if n > 0 {
			all[name] = n
		}
	}
	return all
}

// Decode returns the snapshot of a content. What does not fit the schema or breaks
// a table's rules is a *MisfitError.
func (s *Schema) Decode(c Content) (Snapshot, error) {
	snap := Snapshot{tables: make([]*rows, len(s.tables)), sequences: map[string]uint64{}}
	for _, name := range slices.Sorted(maps.Keys(c.Sequences)) {
		n := c.Sequences[name]
		if n >= maxNumber {
			return Snapshot{}, &MisfitError{"/sequences/" + name, fmt.Errorf("%d is too large", n)}
		}
		snap.sequences[name] = n
	}
	for _, name := range slices.Sorted(maps.Keys(c.Tables)) {
		i := slices.IndexFunc(s.tables, func(t *table) bool { return t.name == name })
		if i < 0 {
			return Snapshot{}, &MisfitError{"/tables/" + name, errors.New("there is no such table")}
		}
		var err error
		if snap.tables[i], err = s.tables[i].decode(c.Tables[name], snap.sequences); err != nil {
			return Snapshot{}, err
		}
	}
	for _, t := range s.tables {
		if err := t.checkReferences(snap); err != nil {
			return Snapshot{}, err
		}
	}
	return snap, nil
}

// RowTypes returns the type of each table's rows, for tests of what becomes of
// them on their way out and in.
func (s *Schema) RowTypes() iter.Seq2[string, reflect.Type] {
	return func(yield func(string, reflect.Type) bool) {
		for _, t := range s.tables {
			if !yield(t.name, t.row) {
				return
			}
		}
	}
}

func (t *table) decode(encoded []Row, sequences map[string]uint64) (*rows, error) {
	d := t.newRows()
	for i, e := range encoded {
		misfit := func(member string, format string, args ...any) error {
			return &MisfitError{fmt.Sprintf("/tables/%s/%d%s", t.name, i, member), fmt.Errorf(format, args...)}
		}
		if e.Order < d.nextSeq {
			return nil, misfit("/order", "the row before it has %d", d.nextSeq-1)
		}
		if e.Order >= maxNumber {
			return nil, misfit("/order", "%d is too large", e.Order)
		}
		if find(d.byKey, e.Key) != nil {
			return nil, misfit("/key", "a row before it has the key %q", e.Key)
		}
		value, err := t.read(e.Value)
		if err != nil {
			return nil, misfit("/value", "%w", err)
		}
		r := &row{key: e.Key, seq: e.Order, value: value}
		if member, err := t.checkRow(r, sequences); err != nil {
			return nil, misfit(member, "%w", err)
		}
		if u, other := t.holder(d, e.Key, value); u != nil {
			return nil, misfit("/value", "its %s belongs to %q", u.name, other.key)
		}
		t.replace(d, nil, r)
		d.nextSeq = e.Order + 1
	}
	return d, nil
}

// strictly decodes one JSON value, without a key that v has no place for.
func strictly(text json.RawMessage, v any) error {
	if len(text) == 0 || string(text) == "null" {
		return errors.New("it is missing")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}
