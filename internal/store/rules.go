package store

import (
	"fmt"
	"iter"
)

// The rules of a table say what the rest of a program takes for granted of its
// rows: what key a row has, which rows it names, what its values may be. Decode
// holds to them what comes from outside. What is put in a transaction is not
// looked at again: whoever puts it has seen to it.
type rules[V any] struct {
	ruled      bool // whether its key was spoken of
	key        func(V) string
	references []reference[V]
	valid      []func(V) error
	counts     []count[V]
}

// A Target is what rows are named by: a table by its keys, or a unique index.
type Target interface {
	described() string
	names(snap Snapshot, key string) bool
	size(snap Snapshot) int
}

// Names reports whether a key names a row of a snapshot.
func (snap Snapshot) Names(to Target, key string) bool { return to.names(snap, key) }

// Len returns how many rows of a snapshot a target tells apart.
func (snap Snapshot) Len(to Target) int { return to.size(snap) }

// A reference is that rows name others.
type reference[V any] struct {
	what  string // the column; "" for the key
	to    Target
	chain bool // whether it may not lead back
	of    func(key string, v V) []string
}

// A count is that rows have numbers of a sequence.
type count[V any] struct {
	sequence string
	of       func(key string, v V) uint64
}

// Keyed says what key a row has.
func (t *Table[V]) Keyed(key func(V) string) { t.rules.key, t.rules.ruled = key, true }

// KeyedFreely says that a row's key is not to be seen in it.
func (t *Table[V]) KeyedFreely() { t.rules.ruled = true }

// KeyedBy says that a row's key names a row of another table.
func (t *Table[V]) KeyedBy(to Target) {
	t.rules.ruled = true
	t.rules.references = append(t.rules.references, reference[V]{"", to, false, func(key string, _ V) []string { return []string{key} }})
}

// Refers says that a row names a row of a table, which may be its own, by what:
// the empty key names none. A row's chain of rows of its own table has an end.
func (t *Table[V]) Refers(what string, to Target, of func(V) string) {
	t.rules.references = append(t.rules.references, reference[V]{what, to, to == Target(t), func(_ string, v V) []string {
		if key := of(v); key != "" {
			return []string{key}
		}
		return nil
	}})
}

// RefersAll says that a row names rows of a table, in any number.
func (t *Table[V]) RefersAll(what string, to Target, of func(V) []string) {
	t.rules.references = append(t.rules.references, reference[V]{what, to, false, func(_ string, v V) []string { return of(v) }})
}

// Valid says what else holds for every row.
func (t *Table[V]) Valid(of func(V) error) { t.rules.valid = append(t.rules.valid, of) }

// Counted says that a row has a number that was drawn from a sequence.
func (t *Table[V]) Counted(sequence string, of func(key string, v V) uint64) {
	t.rules.counts = append(t.rules.counts, count[V]{sequence, of})
}

// Unruled returns the names of tables that say nothing of their keys.
func (s *Schema) Unruled() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range s.tables {
			if !t.ruled() && !yield(t.title()) {
				return
			}
		}
	}
}

func (t *Table[V]) ruled() bool { return t.rules.ruled }

// checkRow holds a row to what can be said of it alone.
func (t *Table[V]) checkRow(r *row[V], sequences map[string]uint64) (member string, err error) {
	if t.rules.key != nil {
		if key := t.rules.key(r.value); key != r.key {
			return "/key", fmt.Errorf("the row's own key is %q", key)
		}
	}
	for _, c := range t.rules.counts {
		if n := c.of(r.key, r.value); n > sequences[c.sequence] {
			return "", fmt.Errorf("it has number %d of the sequence %q, which stands at %d", n, c.sequence, sequences[c.sequence])
		}
	}
	for _, valid := range t.rules.valid {
		if err := valid(r.value); err != nil {
			return "/value", err
		}
	}
	return "", nil
}

// checkReferences holds the rows of a snapshot to those that they name.
func (t *Table[V]) checkReferences(snap Snapshot) error {
	d, _ := snap.table(t.slot).(*rows[V])
	if d == nil {
		return nil
	}
	misfit := func(r *row[V], what, key, why string) error {
		i := 0
		d.ordered.Scan(func(_ uint64, other *row[V]) bool { i++; return other != r })
		pointer := fmt.Sprintf("/tables/%s/%d", t.name, i-1)
		if what == "" {
			return &MisfitError{pointer + "/key", fmt.Errorf("%q %s", key, why)}
		}
		return &MisfitError{pointer + "/value", fmt.Errorf("its %s %q %s", what, key, why)}
	}
	for _, ref := range t.rules.references {
		ended := map[string]bool{} // rows whose chain has an end
		var err error
		d.ordered.Scan(func(_ uint64, r *row[V]) bool {
			for _, key := range ref.of(r.key, r.value) {
				if !ref.to.names(snap, key) {
					err = misfit(r, ref.what, key, "is no "+ref.to.described())
					return false
				}
			}
			if ref.chain && !t.ends(d, ref, r, ended) {
				err = misfit(r, ref.what, r.key, "leads back to itself")
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ends follows a row's chain and reports whether it has an end.
func (t *Table[V]) ends(d *rows[V], ref reference[V], r *row[V], ended map[string]bool) bool {
	var way []string
	seen := map[string]bool{}
	for r != nil && !ended[r.key] {
		if seen[r.key] {
			return false
		}
		seen[r.key] = true
		way = append(way, r.key)
		next := ref.of(r.key, r.value)
		if len(next) == 0 {
			break
		}
		r = d.byKey[next[0]]
	}
	for _, key := range way {
		ended[key] = true
	}
	return true
}

func (t *Table[V]) described() string { return t.name }

func (t *Table[V]) names(snap Snapshot, key string) bool {
	d, _ := snap.table(t.slot).(*rows[V])
	return d != nil && d.byKey[key] != nil
}

func (u *Unique[V]) described() string { return u.table.name + " by its " + u.name }

func (u *Unique[V]) names(snap Snapshot, key string) bool {
	d, _ := snap.table(u.table.slot).(*rows[V])
	return d != nil && d.unique[u.slot][key] != nil
}

func (t *Table[V]) size(snap Snapshot) int {
	d, _ := snap.table(t.slot).(*rows[V])
	if d == nil {
		return 0
	}
	return len(d.byKey)
}

func (u *Unique[V]) size(snap Snapshot) int { return u.table.size(snap) }
