// Package store is the state of one provider in one world: tables of values,
// changed in transactions that roll back on an error or a panic.
//
// Values are replaced, never changed in place, so that an undo is putting the
// old value back and a snapshot is a copy of the tables that shares their rows.
package store

import (
	"maps"
	"slices"
	"sync"
)

// A Schema is the list of a provider's tables. It is the same for all its
// stores, and complete before the first of them is made.
type Schema struct{ tables []*table }

// Empty reports whether there are no tables, so that nothing needs a transaction.
func (s *Schema) Empty() bool { return len(s.tables) == 0 }

// A Store holds the tables of a schema. It is safe for concurrent use.
//
// Most stores are made and thrown away with most of their tables untouched, so
// nothing is copied before somebody looks: the content is asked for with the
// first transaction, and a table is copied from it when it is first used.
type Store struct {
	mu        sync.Mutex
	schema    *Schema
	from      func() Snapshot // what base will be; nil once it is
	base      Snapshot
	tables    []*rows // nil where base's still holds
	sequences map[string]uint64
	touched   *touched // nil until Watch
}

// New returns an empty store.
func New(schema *Schema) *Store { return &Store{schema: schema} }

// A Tx is a running transaction. After its function has returned, only Changes
// may be called.
type Tx struct {
	store   *Store
	undo    []func()
	changes []change
	kept    []change // those of Keep
}

// Update runs fn in a transaction, alone. When fn returns an error or panics,
// everything it changed is put back, but for what came before its last Keep.
func (s *Store) Update(fn func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill()
	tx := &Tx{store: s}
	committed := false
	defer func() {
		if !committed {
			for _, undo := range slices.Backward(tx.undo) {
				undo()
			}
			tx.changes = tx.kept
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	committed = true
	return nil
}

// Keep makes what the transaction has done so far stay, whatever becomes of the
// rest.
func (tx *Tx) Keep() {
	tx.undo = nil
	tx.kept = slices.Clone(tx.changes)
}

// Next returns the next number of a named sequence, from 1.
func (tx *Tx) Next(sequence string) uint64 {
	n := tx.store.sequences[sequence]
	tx.store.sequences[sequence] = n + 1
	tx.undo = append(tx.undo, func() { tx.store.sequences[sequence] = n })
	if tx.store.touched != nil {
		tx.store.touched.sequences = true
	}
	return n + 1
}

// A Snapshot is a store's content at one moment. The zero Snapshot is empty.
type Snapshot struct {
	tables    []*rows // nil where a table is empty
	sequences map[string]uint64
}

// fill takes over the content that was promised.
func (s *Store) fill() {
	if s.from != nil {
		s.base, s.from = s.from(), nil
	}
	if s.tables == nil {
		s.tables = make([]*rows, len(s.schema.tables))
		s.sequences = map[string]uint64{}
		maps.Copy(s.sequences, s.base.sequences)
	}
}

// rows returns the content of a table.
func (s *Store) rows(slot int) *rows {
	if s.tables[slot] == nil {
		if base := s.base.table(slot); base != nil {
			s.tables[slot] = base.clone()
		} else {
			s.tables[slot] = s.schema.tables[slot].newRows()
		}
	}
	return s.tables[slot]
}

func (snap Snapshot) table(slot int) *rows {
	if snap.tables == nil {
		return nil
	}
	return snap.tables[slot]
}

// Snapshot returns the present content.
func (s *Store) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill()
	snap := Snapshot{tables: make([]*rows, len(s.tables)), sequences: maps.Clone(s.sequences)}
	for i, t := range s.tables {
		if t != nil {
			snap.tables[i] = t.clone()
		} else {
			snap.tables[i] = s.base.table(i)
		}
	}
	return snap
}

// Restore replaces the content by that of a snapshot, which stays usable.
func (s *Store) Restore(snap Snapshot) { s.Promise(func() Snapshot { return snap }) }

// Promise replaces the content by that of the snapshot which from returns. It is
// called once, when the content is first needed.
func (s *Store) Promise(from func() Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.base, s.tables, s.sequences = from, Snapshot{}, nil, nil
	if s.touched != nil {
		s.touched.all = true
	}
}

// Equal reports whether two snapshots have the same rows in the same order.
// Sequences do not count, because a number that was drawn for nothing changes
// nothing a client can see.
func (snap Snapshot) Equal(other Snapshot) bool {
	for slot := range max(len(snap.tables), len(other.tables)) {
		if !snap.table(slot).equal(other.table(slot)) {
			return false
		}
	}
	return true
}
