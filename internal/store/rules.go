package store

import (
	"fmt"
	"iter"

	"github.com/tidwall/btree"
)

// The rules of a table say what the rest of a program takes for granted of its
// rows: what key a row has, which rows it names, what its values may be. Decode
// holds to them what comes from outside. What is put in a transaction is not
// looked at again: whoever puts it has seen to it.
type rules struct {
	ruled      bool // whether its key was spoken of
	key        func(v any) string
	references []reference
	valid      []func(v any) error
	counts     []count
}

// A Target is what rows are named by: a table by its keys, or a unique index.
type Target interface {
	described() string
	// of returns the rows of a snapshot by their names.
	of(snap Snapshot) *btree.Map[string, *row]
}

// Names reports whether a key names a row of a snapshot.
func (snap Snapshot) Names(to Target, key string) bool { return find(to.of(snap), key) != nil }

// Len returns how many rows of a snapshot a target names.
func (snap Snapshot) Len(to Target) int { return to.of(snap).Len() }

// A reference is that rows name others.
type reference struct {
	what  string // the column; "" for the key
	to    Target
	chain bool // whether it may not lead back
	of    func(key string, v any) []string
}

// A count is that rows have numbers of a sequence.
type count struct {
	sequence string
	of       func(key string, v any) uint64
}

// Keyed says what key a row has.
func (t *Table[V]) Keyed(key func(V) string) {
	t.core.rules.ruled, t.core.rules.key = true, func(v any) string { return key(v.(V)) }
}

// KeyedFreely says that a row's key is not to be seen in it.
func (t *Table[V]) KeyedFreely() { t.core.rules.ruled = true }

// KeyedBy says that a row's key names a row of another table.
func (t *Table[V]) KeyedBy(to Target) {
	t.core.rules.ruled = true
	t.core.rules.refer(reference{"", to, false, func(key string, _ any) []string { return []string{key} }})
}

// Refers says that a row names a row of a table, which may be its own, by what:
// the empty key names none. A row's chain of rows of its own table has an end.
func (t *Table[V]) Refers(what string, to Target, of func(V) string) {
	own, _ := to.(*Table[V])
	t.core.rules.refer(reference{what, to, own == t, func(_ string, v any) []string {
		if key := of(v.(V)); key != "" {
			return []string{key}
		}
		return nil
	}})
}

// RefersAll says that a row names rows of a table, in any number.
func (t *Table[V]) RefersAll(what string, to Target, of func(V) []string) {
	t.core.rules.refer(reference{what, to, false, func(_ string, v any) []string { return of(v.(V)) }})
}

func (r *rules) refer(ref reference) { r.references = append(r.references, ref) }

// Valid says what else holds for every row.
func (t *Table[V]) Valid(of func(V) error) {
	t.core.rules.valid = append(t.core.rules.valid, func(v any) error { return of(v.(V)) })
}

// Counted says that a row has a number that was drawn from a sequence.
func (t *Table[V]) Counted(sequence string, of func(key string, v V) uint64) {
	t.core.rules.counts = append(t.core.rules.counts, count{sequence, func(key string, v any) uint64 { return of(key, v.(V)) }})
}

// Unruled returns the names of tables that say nothing of their keys.
func (s *Schema) Unruled() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range s.tables {
			if !t.rules.ruled && !yield(t.name) {
				return
			}
		}
	}
}

// checkRow holds a row to what can be said of it alone.
func (t *table) checkRow(r *row, sequences map[string]uint64) (member string, err error) {
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
func (t *table) checkReferences(snap Snapshot) error {
	d := snap.table(t.slot)
	if d == nil {
		return nil
	}
	for _, ref := range t.rules.references {
		to := ref.to.of(snap)
		ended := map[string]bool{} // rows whose chain has an end
		i := -1
		var err error
		misfit := func(key, why string) {
			pointer := fmt.Sprintf("/tables/%s/%d", t.name, i)
			if ref.what == "" {
				err = &MisfitError{pointer + "/key", fmt.Errorf("%q %s", key, why)}
			} else {
				err = &MisfitError{pointer + "/value", fmt.Errorf("its %s %q %s", ref.what, key, why)}
			}
		}
		d.ordered.Scan(func(_ uint64, r *row) bool {
			i++
			for _, key := range ref.of(r.key, r.value) {
				if find(to, key) == nil {
					misfit(key, "is no "+ref.to.described())
					return false
				}
			}
			if ref.chain && !ends(d, ref, r, ended) {
				misfit(r.key, "leads back to itself")
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
func ends(d *rows, ref reference, r *row, ended map[string]bool) bool {
	seen := map[string]bool{}
	for r != nil && !ended[r.key] {
		if seen[r.key] {
			return false
		}
		seen[r.key] = true
		next := ref.of(r.key, r.value)
		if len(next) == 0 {
			break
		}
		r = find(d.byKey, next[0])
	}
	for key := range seen {
		ended[key] = true
	}
	return true
}

func (t *Table[V]) described() string { return t.core.name }

func (t *Table[V]) of(snap Snapshot) *btree.Map[string, *row] {
	if d := snap.table(t.core.slot); d != nil {
		return d.byKey
	}
	return &btree.Map[string, *row]{}
}

func (u *Unique[V]) described() string {
	return u.table.core.name + " by its " + u.table.core.unique[u.slot].name
}

func (u *Unique[V]) of(snap Snapshot) *btree.Map[string, *row] {
	if d := snap.table(u.table.core.slot); d != nil {
		return d.unique[u.slot]
	}
	return &btree.Map[string, *row]{}
}
