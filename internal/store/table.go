package store

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"sync"

	"github.com/tidwall/btree"
)

// A Table names rows of one kind by a key and keeps the order in which they
// were added. The table itself holds no rows: they live in the store of the
// transaction at hand.
type Table[V any] struct {
	name    string
	slot    int
	unique  []*Unique[V]
	indexes []*Index[V]
	rules   rules[V]
}

// A Unique index finds the one row with a given value of something other than
// its key. Rows whose value is "" are left out.
type Unique[V any] struct {
	table *Table[V]
	name  string
	slot  int
	of    func(V) string
}

// An Index finds the rows that share a value, in the order they were added.
// Rows whose value is "" are left out.
type Index[V any] struct {
	table *Table[V]
	slot  int
	of    func(V) string
}

// NewTable adds a table to the schema.
func NewTable[V any](schema *Schema, name string) *Table[V] {
	t := &Table[V]{name: name, slot: len(schema.tables)}
	schema.tables = append(schema.tables, t)
	return t
}

// Unique adds a unique index; name is what a clash is reported by.
func (t *Table[V]) Unique(name string, of func(V) string) *Unique[V] {
	u := &Unique[V]{table: t, name: name, slot: len(t.unique), of: of}
	t.unique = append(t.unique, u)
	return u
}

// Index adds an index.
func (t *Table[V]) Index(of func(V) string) *Index[V] {
	x := &Index[V]{table: t, slot: len(t.indexes), of: of}
	t.indexes = append(t.indexes, x)
	return x
}

// row is one row of one version; rows are never changed.
type row[V any] struct {
	key   string
	seq   uint64
	value V
}

// entry is a row's place in an index.
type entry[V any] struct {
	of  string
	seq uint64
	row *row[V]
}

func (a entry[V]) less(b entry[V]) bool {
	return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.seq, b.seq)) < 0
}

// rows is a table's content in one store.
type rows[V any] struct {
	nextSeq uint64
	byKey   map[string]*row[V]
	ordered *btree.Map[uint64, *row[V]]
	unique  []map[string]*row[V]
	indexes []*btree.BTreeG[entry[V]]

	// Copying a tree marks it as shared, which is a write: one copy at a time.
	copying sync.Mutex
}

func (t *Table[V]) newData() data {
	d := &rows[V]{byKey: map[string]*row[V]{}, ordered: &btree.Map[uint64, *row[V]]{}}
	for range t.unique {
		d.unique = append(d.unique, map[string]*row[V]{})
	}
	for range t.indexes {
		// The store's lock guards the tree; its own would be paid for nothing.
		d.indexes = append(d.indexes, btree.NewBTreeGOptions(entry[V].less, btree.Options{NoLocks: true}))
	}
	return d
}

func (d *rows[V]) clone() data {
	d.copying.Lock()
	defer d.copying.Unlock()
	c := &rows[V]{nextSeq: d.nextSeq, byKey: maps.Clone(d.byKey), ordered: d.ordered.Copy()}
	for _, u := range d.unique {
		c.unique = append(c.unique, maps.Clone(u))
	}
	for _, x := range d.indexes {
		c.indexes = append(c.indexes, x.Copy())
	}
	return c
}

func (d *rows[V]) each(fn func(order uint64, key string, value any)) {
	d.ordered.Scan(func(order uint64, r *row[V]) bool {
		fn(order, r.key, r.value)
		return true
	})
}

func (d *rows[V]) at(order uint64) (key string, value any, ok bool) {
	r, ok := d.ordered.Get(order)
	if !ok {
		return "", nil, false
	}
	return r.key, r.value, true
}

func (t *Table[V]) data(tx *Tx) *rows[V] { return tx.store.data(t.slot).(*rows[V]) }

// replace takes the old row out and puts the new one in; either may be nil. It
// is the only function that changes a table, so that an undo is its reverse.
func (t *Table[V]) replace(d *rows[V], old, new *row[V]) {
	if old != nil {
		delete(d.byKey, old.key)
		d.ordered.Delete(old.seq)
		for i, u := range t.unique {
			delete(d.unique[i], u.of(old.value))
		}
		for i, x := range t.indexes {
			d.indexes[i].Delete(entry[V]{of: x.of(old.value), seq: old.seq})
		}
	}
	if new != nil {
		d.byKey[new.key] = new
		d.ordered.Set(new.seq, new)
		for i, u := range t.unique {
			if of := u.of(new.value); of != "" {
				d.unique[i][of] = new
			}
		}
		for i, x := range t.indexes {
			if of := x.of(new.value); of != "" {
				d.indexes[i].Set(entry[V]{of: of, seq: new.seq, row: new})
			}
		}
	}
}

func (t *Table[V]) change(tx *Tx, old, new *row[V]) {
	d := t.data(tx)
	t.replace(d, old, new)
	tx.undo = append(tx.undo, func() { t.replace(d, new, old) })
	if touched := tx.store.touched; touched != nil {
		for _, r := range []*row[V]{old, new} {
			if r != nil {
				touched.rows[place{t.slot, r.seq}] = true
			}
		}
	}
}

// Get returns the row of a key.
func (t *Table[V]) Get(tx *Tx, key string) (V, bool) {
	return value(t.data(tx).byKey[key])
}

func value[V any](r *row[V]) (V, bool) {
	if r == nil {
		var zero V
		return zero, false
	}
	return r.value, true
}

// Put adds a row at the end, or replaces the one with that key in its place.
// It panics when a unique index has the value for another key: a provider
// checks what its users may clash on before it writes.
func (t *Table[V]) Put(tx *Tx, key string, v V) {
	d := t.data(tx)
	if err := t.clash(d, key, v); err != nil {
		panic(fmt.Sprintf("store: %s %q: %v", t.name, key, err))
	}
	old := d.byKey[key]
	r := &row[V]{key: key, value: v}
	if old != nil {
		r.seq = old.seq
	} else {
		r.seq = d.nextSeq
		d.nextSeq++ // not undone: a gap in the order means nothing
	}
	t.change(tx, old, r)
}

// clash tells which unique index has a value of v for another key.
func (t *Table[V]) clash(d *rows[V], key string, v V) error {
	for i, u := range t.unique {
		if other := d.unique[i][u.of(v)]; other != nil && other.key != key {
			return fmt.Errorf("its %s belongs to %q", u.name, other.key)
		}
	}
	return nil
}

// Delete removes a row and reports whether it was there.
func (t *Table[V]) Delete(tx *Tx, key string) bool {
	old := t.data(tx).byKey[key]
	if old == nil {
		return false
	}
	t.change(tx, old, nil)
	return true
}

// Len returns the number of rows.
func (t *Table[V]) Len(tx *Tx) int { return len(t.data(tx).byKey) }

// All iterates over the rows in the order they were added. The loop must not
// change the table.
func (t *Table[V]) All(tx *Tx) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		t.data(tx).ordered.Scan(func(_ uint64, r *row[V]) bool { return yield(r.key, r.value) })
	}
}

// Get returns the row whose indexed value is of.
func (u *Unique[V]) Get(tx *Tx, of string) (V, bool) {
	return value(u.table.data(tx).unique[u.slot][of])
}

// All iterates over the rows whose indexed value is of, in the order they were
// added. The loop must not change the table.
func (x *Index[V]) All(tx *Tx, of string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		tree := x.table.data(tx).indexes[x.slot]
		tree.Ascend(entry[V]{of: of}, func(e entry[V]) bool {
			return e.of == of && yield(e.row.key, e.row.value)
		})
	}
}

// Between iterates over the rows whose indexed value is low or above and below
// high, in the order of those values, or backward in the opposite order. It costs
// what the loop takes, wherever in the table that is. The loop must not change the
// table.
func (x *Index[V]) Between(tx *Tx, low, high string, backward bool) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		tree := x.table.data(tx).indexes[x.slot]
		if !backward {
			tree.Ascend(entry[V]{of: low}, func(e entry[V]) bool {
				return e.of < high && yield(e.row.key, e.row.value)
			})
			return
		}
		tree.Descend(entry[V]{of: high}, func(e entry[V]) bool {
			if e.of == high {
				return true // the table's first row, which the place sought is equal to
			}
			return e.of >= low && yield(e.row.key, e.row.value)
		})
	}
}

// Delete removes the rows whose indexed value is of, and returns how many.
func (x *Index[V]) Delete(tx *Tx, of string) int {
	var keys []string
	for key := range x.All(tx, of) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		x.table.Delete(tx, key)
	}
	return len(keys)
}
