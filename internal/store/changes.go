package store

import (
	"errors"
	"fmt"

	"github.com/understudy-dev/understudy/emulator/journal"
)

// A change is what a transaction made of one row.
type change struct {
	table, key string
	was, is    bool // whether there is such a row, before and after
}

// note keeps the first rows that a transaction touches. One more than can be shown
// is enough to tell that something changed.
func (tx *Tx) note(table, key string, was, is bool) {
	for i := range tx.changes {
		if c := &tx.changes[i]; c.key == key && c.table == table {
			c.is = is
			return
		}
	}
	if len(tx.changes) <= journal.MaxChanges {
		tx.changes = append(tx.changes, change{table, key, was, is})
	}
}

// Changes returns the rows that an ended transaction has changed, the first
// journal.MaxChanges of them in the order in which it did, and whether there are
// any.
func (tx *Tx) Changes() (rows []journal.Change, changed bool) {
	for _, c := range tx.changes {
		row := journal.Change{Table: c.table, ID: c.key, Change: journal.Replaced}
		switch {
		case !c.was && !c.is:
			continue // came and went
		case !c.was:
			row.Change = journal.Added
		case !c.is:
			row.Change = journal.Removed
		}
		changed = true
		if len(rows) < journal.MaxChanges {
			rows = append(rows, row)
		}
	}
	return rows, changed
}

// touched notes what may have changed. A change that was undone is noted too:
// writing a row down once more does no harm.
type touched struct {
	all       bool
	rows      map[place]bool
	sequences bool
}

// place is a row's.
type place struct {
	slot  int
	order uint64
}

// Watch makes the store note what changes, for Changes. With all, everything
// counts as changed.
func (s *Store) Watch(all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched = &touched{all: all, rows: map[place]bool{}}
}

// Changes are what has changed in a store, as of one moment between two
// transactions.
type Changes struct {
	All       bool              // the rows are all there are
	Sequences map[string]uint64 // all of them; nil when none has changed
	rows      []changed
}

type changed struct {
	table string
	order uint64
	key   string
	value any // nil: the row is gone
}

// Empty reports whether nothing has changed.
func (c Changes) Empty() bool { return !c.All && c.Sequences == nil && len(c.rows) == 0 }

// Changes returns what has changed since the last call, or since Watch.
func (s *Store) Changes() Changes {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.touched
	s.touched = &touched{rows: map[place]bool{}}
	c := Changes{All: t.all}
	if t.all || t.sequences {
		s.fill()
		c.Sequences = drawn(s.sequences)
	}
	if t.all {
		for i, table := range s.schema.tables {
			d := s.tables[i]
			if d == nil {
				d = s.base.table(i)
			}
			if d != nil {
				d.each(func(order uint64, key string, value any) {
					c.rows = append(c.rows, changed{table.name, order, key, value})
				})
			}
		}
		return c
	}
	for at := range t.rows {
		key, value, _ := s.tables[at.slot].at(at.order)
		c.rows = append(c.rows, changed{s.schema.tables[at.slot].name, at.order, key, value})
	}
	return c
}

// Encode calls fn for each row that is new or has changed, and gone for each that
// is there no more. Rows that cannot be encoded are left out and told at the end.
func (c Changes) Encode(fn func(table string, r Row), gone func(table string, order uint64)) error {
	var failure error
	for _, r := range c.rows {
		if r.value == nil {
			gone(r.table, r.order)
			continue
		}
		encoded, err := encode(r.order, r.key, r.value)
		if err != nil {
			failure = errors.Join(failure, fmt.Errorf("store: %s %q: %w", r.table, r.key, err))
			continue
		}
		fn(r.table, encoded)
	}
	return failure
}
