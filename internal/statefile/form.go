package statefile

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// The form of the file:
//
//	understudy
//	    head                     a head
//	providers
//	    <name>
//	        sequences            the numbers that were drawn last
//	        tables
//	            <name>
//	                <order>      a store.Row
//
// Every value is JSON behind its checksum: bbolt has none for values.
var (
	marker    = []byte("understudy")
	headKey   = []byte("head")
	providers = []byte("providers")
	sequences = []byte("sequences")
	tables    = []byte("tables")
)

type head struct {
	kernel.StateHead
	Rows counts `json:"rows"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func seal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	sealed := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(text)), crc32.Checksum(text, castagnoli))
	return append(sealed, text...), nil
}

func unseal(sealed []byte, v any) error {
	if len(sealed) < 4 || binary.BigEndian.Uint32(sealed) != crc32.Checksum(sealed[4:], castagnoli) {
		return errors.New("its checksum is wrong")
	}
	return json.Unmarshal(sealed[4:], v)
}

func orderKey(order uint64) []byte { return binary.BigEndian.AppendUint64(nil, order) }

// A batch is what changes together, encoded.
type batch []part

// A part is what changes in one provider.
type part struct {
	provider  string
	all       bool   // what is not in rows is gone
	sequences []byte // nil: as they were
	rows      []change
}

type change struct {
	table string
	order uint64
	value []byte // nil: gone
}

// newBatch encodes changes. What cannot be encoded is left out and told.
func newBatch(c kernel.Changes) (batch, error) {
	var (
		b       batch
		failure error
	)
	for provider, changes := range c.Stores {
		if changes.Empty() {
			continue
		}
		p := part{provider: provider, all: changes.All}
		failure = errors.Join(failure, changes.Encode(
			func(table string, r store.Row) {
				value, err := seal(r)
				failure = errors.Join(failure, err)
				p.rows = append(p.rows, change{table, r.Order, value})
			},
			func(table string, order uint64) { p.rows = append(p.rows, change{table, order, nil}) },
		))
		if changes.Sequences != nil {
			var err error
			p.sequences, err = seal(changes.Sequences)
			failure = errors.Join(failure, err)
		}
		b = append(b, p)
	}
	return b, failure
}

// write writes the batch and keeps count of the rows.
func (b batch) write(tx *bbolt.Tx, rows counts) error {
	root, err := tx.CreateBucketIfNotExists(providers)
	if err != nil {
		return err
	}
	for _, p := range b {
		name := []byte(p.provider)
		if p.all && root.Bucket(name) != nil {
			if err := root.DeleteBucket(name); err != nil {
				return err
			}
		}
		if p.all {
			rows[p.provider] = map[string]int{}
		}
		at, err := root.CreateBucketIfNotExists(name)
		if err != nil {
			return err
		}
		if p.sequences != nil {
			if err := at.Put(sequences, p.sequences); err != nil {
				return err
			}
		}
		if at, err = at.CreateBucketIfNotExists(tables); err != nil {
			return err
		}
		for _, r := range p.rows {
			table, err := at.CreateBucketIfNotExists([]byte(r.table))
			if err != nil {
				return err
			}
			key := orderKey(r.order)
			if table.Get(key) != nil {
				rows[p.provider][r.table]--
			}
			if r.value == nil {
				err = table.Delete(key)
			} else {
				rows[p.provider][r.table]++
				err = table.Put(key, r.value)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func writeHead(tx *bbolt.Tx, h kernel.StateHead, rows counts) error {
	at, err := tx.CreateBucketIfNotExists(marker)
	if err != nil {
		return err
	}
	value, err := seal(head{h, rows})
	if err != nil {
		return err
	}
	return at.Put(headKey, value)
}

// load reads the whole file.
func load(tx *bbolt.Tx) (*kernel.State, counts, error) {
	at := tx.Bucket(marker)
	if at == nil {
		return nil, nil, errors.New("it is a bbolt database, but no state of Understudy")
	}
	var h head
	if err := unseal(at.Get(headKey), &h); err != nil {
		return nil, nil, fmt.Errorf("it is damaged: the head: %w", err)
	}
	s := &kernel.State{StateHead: h.StateHead, Providers: map[string]store.Content{}}
	found := counts{}
	root := tx.Bucket(providers)
	if root == nil {
		return nil, nil, errors.New("it is damaged: there are no providers")
	}
	err := root.ForEachBucket(func(name []byte) error {
		content, err := loadProvider(root.Bucket(name))
		if err != nil {
			return fmt.Errorf("it is damaged: %s: %w", name, err)
		}
		s.Providers[string(name)] = content
		found[string(name)] = map[string]int{}
		for table, rows := range content.Tables {
			found[string(name)][table] = len(rows)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for provider, tables := range h.Rows {
		for table, want := range tables {
			if n := found[provider][table]; n != want {
				return nil, nil, fmt.Errorf("it is damaged: %s: table %s has %d rows, and had %d when it was written", provider, table, n, want)
			}
		}
	}
	return s, found, nil
}

func loadProvider(at *bbolt.Bucket) (store.Content, error) {
	c := store.Content{Sequences: map[string]uint64{}, Tables: map[string][]store.Row{}}
	if err := unseal(at.Get(sequences), &c.Sequences); err != nil {
		return c, fmt.Errorf("the sequences: %w", err)
	}
	if at = at.Bucket(tables); at == nil {
		return c, errors.New("there are no tables")
	}
	err := at.ForEachBucket(func(name []byte) error {
		var rows []store.Row
		err := at.Bucket(name).ForEach(func(key, value []byte) error {
			var r store.Row
			if err := unseal(value, &r); err != nil {
				return fmt.Errorf("table %s: row %x: %w", name, key, err)
			}
			if !slices.Equal(key, orderKey(r.Order)) {
				return fmt.Errorf("table %s: row %x is not where it belongs", name, key)
			}
			rows = append(rows, r)
			return nil
		})
		if len(rows) > 0 {
			c.Tables[string(name)] = rows
		}
		return err
	})
	return c, err
}
