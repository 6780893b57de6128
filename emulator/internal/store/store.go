// Package store is the state of one provider in one world: tables of values,
// changed in transactions that roll back on an error or a panic.
//
// Values are replaced, never changed in place, so that an undo is putting the
// old value back and a snapshot is a copy of the tables that shares their rows.
package store

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// A Schema is the list of a provider's tables. It is the same for all its
// stores, and complete before the first of them is made.
type Schema struct{ tables []anyTable }

// Empty reports whether there are no tables, so that nothing needs a transaction.
func (s *Schema) Empty() bool { return len(s.tables) == 0 }

// anyTable is what a store needs of a table whatever its values are.
type anyTable interface {
	newData() data
}

// data is the content of one table in one store.
type data interface {
	clone() data
	each(func(key string, value any))
}

// A Store holds the tables of a schema. It is safe for concurrent use.
type Store struct {
	mu        sync.Mutex
	schema    *Schema
	tables    []data
	sequences map[string]uint64
}

// New returns an empty store.
func New(schema *Schema) *Store {
	s := &Store{schema: schema}
	s.Restore(Snapshot{})
	return s
}

// A Tx is a running transaction. It must not be used after its function has
// returned.
type Tx struct {
	store *Store
	undo  []func()
}

// Update runs fn in a transaction, alone. When fn returns an error or panics,
// everything it changed is put back.
func (s *Store) Update(fn func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &Tx{store: s}
	committed := false
	defer func() {
		if !committed {
			for _, undo := range slices.Backward(tx.undo) {
				undo()
			}
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	committed = true
	return nil
}

// Next returns the next number of a named sequence, from 1.
func (tx *Tx) Next(sequence string) uint64 {
	n := tx.store.sequences[sequence]
	tx.store.sequences[sequence] = n + 1
	tx.undo = append(tx.undo, func() { tx.store.sequences[sequence] = n })
	return n + 1
}

// A Snapshot is a store's content at one moment. The zero Snapshot is empty.
type Snapshot struct {
	tables    []data
	sequences map[string]uint64
	// Copying a tree marks it as shared, which is a write: one copy at a time.
	copying *sync.Mutex
}

// Snapshot returns the present content.
func (s *Store) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Snapshot{tables: s.tables, sequences: s.sequences, copying: &sync.Mutex{}}.clone()
}

// Restore replaces the content by that of a snapshot, which stays usable.
func (s *Store) Restore(snap Snapshot) {
	if snap.tables == nil {
		for _, t := range s.schema.tables {
			snap.tables = append(snap.tables, t.newData())
		}
		snap.sequences = map[string]uint64{}
	} else {
		snap = snap.clone()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables, s.sequences = snap.tables, snap.sequences
}

func (snap Snapshot) clone() Snapshot {
	snap.copying.Lock()
	defer snap.copying.Unlock()
	tables := make([]data, len(snap.tables))
	for i, t := range snap.tables {
		tables[i] = t.clone()
	}
	return Snapshot{tables: tables, sequences: maps.Clone(snap.sequences), copying: &sync.Mutex{}}
}

// Digest returns a fingerprint of the content: equal content, equal digest.
// Sequences do not count, because a number that was drawn for nothing changes
// nothing a client can see.
func (snap Snapshot) Digest() [sha256.Size]byte {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for i, t := range snap.tables {
		t.each(func(key string, value any) {
			fmt.Fprintf(h, "%d %q ", i, key)
			if err := enc.Encode(value); err != nil {
				panic(fmt.Sprintf("store: a row cannot be encoded: %v", err))
			}
		})
	}
	return [sha256.Size]byte(h.Sum(nil))
}
