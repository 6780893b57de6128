package store

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"sync"

	"github.com/tidwall/btree"
)

// A Table names rows of one kind by a key and keeps the order in which they
// were added. The table itself holds no rows: they live in the store of the
// transaction at hand.
//
// Only what is said here knows the type of the rows. What holds them does not: it
// would be compiled for every type, in every package that names one.
type Table[V any] struct{ core *table }

// table is a Table whatever its rows are.
type table struct {
	name    string
	slot    int
	row     reflect.Type
	unique  []*unique
	indexes []func(any) string
	read    func(json.RawMessage) (any, error) // a row's value
	rules   rules
}

type unique struct {
	name string
	of   func(any) string
}

// A Unique index finds the one row with a given value of something other than
// its key. Rows whose value is "" are left out.
type Unique[V any] struct {
	table *Table[V]
	slot  int
}

// An Index finds the rows that share a value, in the order they were added.
// Rows whose value is "" are left out.
type Index[V any] struct {
	table *Table[V]
	slot  int
}

// NewTable adds a table to the schema.
func NewTable[V any](schema *Schema, name string) *Table[V] {
	t := &table{name: name, slot: len(schema.tables), row: reflect.TypeFor[V](), read: func(text json.RawMessage) (any, error) {
		var v V
		err := strictly(text, &v)
		return v, err
	}}
	schema.tables = append(schema.tables, t)
	return &Table[V]{t}
}

// Unique adds a unique index; name is what a clash is reported by.
func (t *Table[V]) Unique(name string, of func(V) string) *Unique[V] {
	t.core.unique = append(t.core.unique, &unique{name, func(v any) string { return of(v.(V)) }})
	return &Unique[V]{t, len(t.core.unique) - 1}
}

// Index adds an index.
func (t *Table[V]) Index(of func(V) string) *Index[V] {
	t.core.indexes = append(t.core.indexes, func(v any) string { return of(v.(V)) })
	return &Index[V]{t, len(t.core.indexes) - 1}
}

// row is one row of one version; rows are never changed.
type row struct {
	key   string
	seq   uint64
	value any
}

// entry is a row's place in an index.
type entry struct {
	of  string
	seq uint64
	row *row
}

func (a entry) less(b entry) bool {
	return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.seq, b.seq)) < 0
}

// rows is a table's content in one store. All of it is trees, which share what
// they have in common with their copies.
type rows struct {
	nextSeq uint64
	byKey   *btree.Map[string, *row]
	ordered *btree.Map[uint64, *row]
	unique  []*btree.Map[string, *row]
	indexes []*btree.BTreeG[entry]

	// Copying a tree marks it as shared, which is a write: one copy at a time.
	copying sync.Mutex
}

func (t *table) newRows() *rows {
	d := &rows{byKey: &btree.Map[string, *row]{}, ordered: &btree.Map[uint64, *row]{}}
	for range t.unique {
		d.unique = append(d.unique, &btree.Map[string, *row]{})
	}
	for range t.indexes {
		// The store's lock guards the tree; its own would be paid for nothing.
		d.indexes = append(d.indexes, btree.NewBTreeGOptions(entry.less, btree.Options{NoLocks: true}))
	}
	return d
}

// clone returns a copy, at a cost that does not depend on the rows.
func (d *rows) clone() *rows {
	d.copying.Lock()
	defer d.copying.Unlock()
	c := &rows{nextSeq: d.nextSeq, byKey: d.byKey.Copy(), ordered: d.ordered.Copy()}
	for _, u := range d.unique {
		c.unique = append(c.unique, u.Copy())
	}
	for _, x := range d.indexes {
		c.indexes = append(c.indexes, x.Copy())
	}
	return c
}

// find returns the row of a tree that has a value, or nil.
func find(tree *btree.Map[string, *row], value string) *row {
	r, _ := tree.Get(value)
	return r
}

func (d *rows) each(fn func(order uint64, key string, value any)) {
	d.ordered.Scan(func(order uint64, r *row) bool {
		fn(order, r.key, r.value)
		return true
	})
}

// equal reports whether two tables, of which nil is empty, have the same rows. Most
// are one row in both, since rows are never changed; others are held by their JSON.
func (d *rows) equal(other *rows) bool {
	if d == nil || other == nil {
		return (d == nil || d.ordered.Len() == 0) && (other == nil || other.ordered.Len() == 0)
	}
	a, b := d.ordered.Iter(), other.ordered.Iter()
	more, moreOthers := a.First(), b.First()
	for more && moreOthers {
		r, o := a.Value(), b.Value()
		if r != o && (r.key != o.key || !bytes.Equal(encoded(r.value), encoded(o.value))) {
			return false
		}
		more, moreOthers = a.Next(), b.Next()
	}
	return more == moreOthers
}

func encoded(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("store: a row cannot be encoded: %v", err))
	}
	return text
}

func (d *rows) at(order uint64) (key string, value any, ok bool) {
	r, ok := d.ordered.Get(order)
	if !ok {
		return "", nil, false
	}
	return r.key, r.value, true
}

func (t *table) rows(tx *Tx) *rows { return tx.store.rows(t.slot) }

// replace takes the old row out and puts the new one in; either may be nil. It
// is the only function that changes a table, so that an undo is its reverse.
func (t *table) replace(d *rows, old, new *row) {
	if old != nil {
		d.byKey.Delete(old.key)
		d.ordered.Delete(old.seq)
		for i, u := range t.unique {
			d.unique[i].Delete(u.of(old.value))
		}
		for i, of := range t.indexes {
			d.indexes[i].Delete(entry{of: of(old.value), seq: old.seq})
		}
	}
	if new != nil {
		d.byKey.Set(new.key, new)
		d.ordered.Set(new.seq, new)
		for i, u := range t.unique {
			if of := u.of(new.value); of != "" {
				d.unique[i].Set(of, new)
			}
		}
		for i, of := range t.indexes {
			if of := of(new.value); of != "" {
				d.indexes[i].Set(entry{of: of, seq: new.seq, row: new})
			}
		}
	}
}

func (t *table) change(tx *Tx, old, new *row) {
	d := t.rows(tx)
	t.replace(d, old, new)
	tx.undo = append(tx.undo, func() { t.replace(d, new, old) })
	if old != nil {
		tx.note(t.name, old.key, true, new != nil)
	} else {
		tx.note(t.name, new.key, false, true)
	}
	if touched := tx.store.touched; touched != nil {
		for _, r := range []*row{old, new} {
			if r != nil {
				touched.rows[place{t.slot, r.seq}] = true
			}
		}
	}
}

// put adds a row at the end, or replaces the one with that key in its place.
func (t *table) put(tx *Tx, key string, v any) {
	d := t.rows(tx)
	if u, other := t.holder(d, key, v); u != nil {
		panic(fmt.Sprintf("store: %s %q: its %s belongs to %q", t.name, key, u.name, other.key))
	}
	old := find(d.byKey, key)
	r := &row{key: key, value: v}
	if old != nil {
		r.seq = old.seq
	} else {
		r.seq = d.nextSeq
		d.nextSeq++ // not undone: a gap in the order means nothing
	}
	t.change(tx, old, r)
}

// holder returns a unique index that has a value of v for another key, and that
// key's row.
func (t *table) holder(d *rows, key string, v any) (*unique, *row) {
	for i, u := range t.unique {
		if other := find(d.unique[i], u.of(v)); other != nil && other.key != key {
			return u, other
		}
	}
	return nil, nil
}

// delete removes a row and reports whether it was there.
func (t *table) delete(tx *Tx, key string) bool {
	old := find(t.rows(tx).byKey, key)
	if old == nil {
		return false
	}
	t.change(tx, old, nil)
	return true
}

// scan calls fn with the rows of an index that share a value, until it returns
// false.
func (t *table) scan(tx *Tx, slot int, of string, fn func(*row) bool) {
	t.rows(tx).indexes[slot].Ascend(entry{of: of}, func(e entry) bool { return e.of == of && fn(e.row) })
}

// between calls fn with the rows of an index from low to below high, or backward,
// until it returns false.
func (t *table) between(tx *Tx, slot int, low, high string, backward bool, fn func(*row) bool) {
	tree := t.rows(tx).indexes[slot]
	if !backward {
		tree.Ascend(entry{of: low}, func(e entry) bool { return e.of < high && fn(e.row) })
		return
	}
	tree.Descend(entry{of: high}, func(e entry) bool {
		if e.of == high {
			return true // the table's first row, which the place sought is equal to
		}
		return e.of >= low && fn(e.row)
	})
}

// Get returns the row of a key.
func (t *Table[V]) Get(tx *Tx, key string) (V, bool) {
	return value[V](find(t.core.rows(tx).byKey, key))
}

func value[V any](r *row) (V, bool) {
	if r == nil {
		var zero V
		return zero, false
	}
	return r.value.(V), true
}

// Put adds a row at the end, or replaces the one with that key in its place.
// It panics when a unique index has the value for another key: a provider
// checks what its users may clash on before it writes.
func (t *Table[V]) Put(tx *Tx, key string, v V) { t.core.put(tx, key, v) }

// Clash returns the name of a unique index that has a value of v for another key,
// and whether there is one.
func (t *Table[V]) Clash(tx *Tx, key string, v V) (index string, clashes bool) {
	if u, _ := t.core.holder(t.core.rows(tx), key, v); u != nil {
		return u.name, true
	}
	return "", false
}

// Delete removes a row and reports whether it was there.
func (t *Table[V]) Delete(tx *Tx, key string) bool { return t.core.delete(tx, key) }

// Len returns the number of rows.
func (t *Table[V]) Len(tx *Tx) int { return t.core.rows(tx).byKey.Len() }

// First returns the row that was added before all others that are there.
func (t *Table[V]) First(tx *Tx) (key string, v V, ok bool) {
	_, r, ok := t.core.rows(tx).ordered.Min()
	if ok {
		key, v = r.key, r.value.(V)
	}
	return key, v, ok
}

// All iterates over the rows in the order they were added. The loop must not
// change the table.
func (t *Table[V]) All(tx *Tx) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		t.core.rows(tx).ordered.Scan(func(_ uint64, r *row) bool { return yield(r.key, r.value.(V)) })
	}
}

// Get returns the row whose indexed value is of.
func (u *Unique[V]) Get(tx *Tx, of string) (V, bool) {
	return value[V](find(u.table.core.rows(tx).unique[u.slot], of))
}

// Table returns the table that is indexed.
func (x *Index[V]) Table() *Table[V] { return x.table }

// Of returns the value that a row is indexed by.
func (x *Index[V]) Of(v V) string { return x.table.core.indexes[x.slot](v) }

// All iterates over the rows whose indexed value is of, in the order they were
// added. The loop must not change the table.
func (x *Index[V]) All(tx *Tx, of string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		x.table.core.scan(tx, x.slot, of, func(r *row) bool { return yield(r.key, r.value.(V)) })
	}
}

// Between iterates over the rows whose indexed value is low or above and below
// high, in the order of those values, or backward in the opposite order. It costs
// what the loop takes, wherever in the table that is. The loop must not change the
// table.
func (x *Index[V]) Between(tx *Tx, low, high string, backward bool) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		x.table.core.between(tx, x.slot, low, high, backward, func(r *row) bool { return yield(r.key, r.value.(V)) })
	}
}

// Delete removes the rows whose indexed value is of, and returns how many.
func (x *Index[V]) Delete(tx *Tx, of string) int {
	var keys []string
	x.table.core.scan(tx, x.slot, of, func(r *row) bool {
		keys = append(keys, r.key)
		return true
	})
	for _, key := range keys {
		x.table.core.delete(tx, key)
	}
	return len(keys)
}
