package store_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/store"
)

// item is a row: its serial number is unique, its color is shared.
type item struct{ Serial, Color string }

type shop struct {
	*store.Store
	items     *store.Table[item]
	bySerial  *store.Unique[item]
	byColor   *store.Index[item]
	byInitial *store.Index[item] // of the serial number: a second index
	others    *store.Table[string]
}

func newShop() *shop {
	schema := &store.Schema{}
	s := &shop{items: store.NewTable[item](schema, "item"), others: store.NewTable[string](schema, "other")}
	s.bySerial = s.items.Unique("serial number", func(i item) string { return i.Serial })
	s.byColor = s.items.Index(func(i item) string { return i.Color })
	s.byInitial = s.items.Index(func(i item) string { return i.Serial[:min(1, len(i.Serial))] })
	s.Store = store.New(schema)
	return s
}

// update runs a transaction that must succeed.
func (s *shop) update(t interface{ Fatal(...any) }, fn func(*store.Tx)) {
	if err := s.Update(func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// keys lists the keys of all rows, or of those of a color.
func (s *shop) keys(t interface{ Fatal(...any) }, color string) string {
	var keys []string
	s.update(t, func(tx *store.Tx) {
		rows := s.items.All(tx)
		if color != "" {
			rows = s.byColor.All(tx, color)
		}
		for key := range rows {
			keys = append(keys, key)
		}
	})
	return strings.Join(keys, " ")
}

// filled has three rows, two of them red.
func filled(t *testing.T) *shop {
	s := newShop()
	s.update(t, func(tx *store.Tx) {
		s.items.Put(tx, "c", item{"s1", "red"})
		s.items.Put(tx, "a", item{"s2", "blue"})
		s.items.Put(tx, "b", item{"s3", "red"})
	})
	return s
}

func TestTable(t *testing.T) {
	tests := []struct {
		name           string
		do             func(*shop, *store.Tx)
		all, red, blue string
	}{
		{"order of addition", func(*shop, *store.Tx) {}, "c a b", "c b", "a"},
		{"add", func(s *shop, tx *store.Tx) { s.items.Put(tx, "0", item{"s4", "red"}) }, "c a b 0", "c b 0", "a"},
		{"replace in place", func(s *shop, tx *store.Tx) { s.items.Put(tx, "c", item{"s9", "red"}) }, "c a b", "c b", "a"},
		{"replace and move between indexes", func(s *shop, tx *store.Tx) { s.items.Put(tx, "c", item{"s1", "blue"}) }, "c a b", "b", "c a"},
		{"leave an index", func(s *shop, tx *store.Tx) { s.items.Put(tx, "c", item{"s1", ""}) }, "c a b", "b", "a"},
		{"delete", func(s *shop, tx *store.Tx) { s.items.Delete(tx, "c") }, "a b", "b", "a"},
		{"delete what is not there", func(s *shop, tx *store.Tx) { s.items.Delete(tx, "x") }, "c a b", "c b", "a"},
		{"delete and add again", func(s *shop, tx *store.Tx) {
			s.items.Delete(tx, "c")
			s.items.Put(tx, "c", item{"s1", "red"})
		}, "a b c", "b c", "a"},
		{"delete by index", func(s *shop, tx *store.Tx) { s.byColor.Delete(tx, "red") }, "a", "", "a"},
		{"delete by an index without rows", func(s *shop, tx *store.Tx) { s.byColor.Delete(tx, "green") }, "c a b", "c b", "a"},
		{"swap unique values", func(s *shop, tx *store.Tx) {
			s.items.Put(tx, "c", item{"", "red"})
			s.items.Put(tx, "a", item{"s1", "blue"})
			s.items.Put(tx, "c", item{"s2", "red"})
		}, "c a b", "c b", "a"},
		{"rows without a unique value do not clash", func(s *shop, tx *store.Tx) {
			s.items.Put(tx, "c", item{"", "red"})
			s.items.Put(tx, "a", item{"", "blue"})
		}, "c a b", "c b", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check := func(s *shop, all, red, blue string) {
				t.Helper()
				if got := s.keys(t, ""); got != all {
					t.Errorf("the rows are %q, want %q", got, all)
				}
				if got := s.keys(t, "red"); got != red {
					t.Errorf("the red rows are %q, want %q", got, red)
				}
				if got := s.keys(t, "blue"); got != blue {
					t.Errorf("the blue rows are %q, want %q", got, blue)
				}
			}
			s := filled(t)
			s.update(t, func(tx *store.Tx) { tt.do(s, tx) })
			check(s, tt.all, tt.red, tt.blue)

			// The same with an error, and with a panic, has not happened.
			s = filled(t)
			before := s.Snapshot()
			failure := errors.New("no")
			if err := s.Update(func(tx *store.Tx) error { tt.do(s, tx); return failure }); err != failure {
				t.Errorf("error %v, want %v", err, failure)
			}
			check(s, "c a b", "c b", "a")
			if v := panics(func() { _ = s.Update(func(tx *store.Tx) error { tt.do(s, tx); panic("no") }) }); v != "no" {
				t.Errorf("panic %v, want the function's own", v)
			}
			check(s, "c a b", "c b", "a")
			if !s.Snapshot().Equal(before) {
				t.Error("undone changes show")
			}
		})
	}
}

func panics(fn func()) (v any) {
	defer func() { v = recover() }()
	fn()
	return nil
}

func TestGet(t *testing.T) {
	s := filled(t)
	s.update(t, func(tx *store.Tx) {
		if got, ok := s.items.Get(tx, "a"); !ok || got != (item{"s2", "blue"}) {
			t.Errorf("a is %v, %t", got, ok)
		}
		if got, ok := s.items.Get(tx, "x"); ok || got != (item{}) {
			t.Errorf("x is %v, %t", got, ok)
		}
		if got, ok := s.bySerial.Get(tx, "s3"); !ok || got.Color != "red" {
			t.Errorf("s3 is %v, %t", got, ok)
		}
		if got, ok := s.bySerial.Get(tx, ""); ok {
			t.Errorf("the row without a serial number is %v", got)
		}
		s.items.Put(tx, "b", item{"s4", "red"})
		if _, ok := s.bySerial.Get(tx, "s3"); ok {
			t.Error("a replaced row is still found by its old serial number")
		}
		if n := s.items.Len(tx); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
		if s.items.Delete(tx, "x") || !s.items.Delete(tx, "b") || s.items.Delete(tx, "b") {
			t.Error("Delete does not tell whether the row was there")
		}
		if n := s.byColor.Delete(tx, "red"); n != 1 {
			t.Errorf("%d red rows were deleted, want 1", n)
		}
		if n := s.others.Len(tx); n != 0 {
			t.Errorf("%d rows of another table", n)
		}
	})
}

func TestUniqueClash(t *testing.T) {
	s := filled(t)
	before := s.Snapshot()
	v := panics(func() {
		_ = s.Update(func(tx *store.Tx) error {
			s.items.Put(tx, "d", item{"s4", "red"})
			s.items.Put(tx, "e", item{"s1", "red"})
			return nil
		})
	})
	if want := `store: item "e": its serial number belongs to "c"`; v != want {
		t.Errorf("panic %v, want %s", v, want)
	}
	if !s.Snapshot().Equal(before) {
		t.Error("the transaction left something behind")
	}
}

func TestBetween(t *testing.T) {
	schema := &store.Schema{}
	items := store.NewTable[item](schema, "item")
	bySerial := items.Index(func(i item) string { return i.Serial })
	s := &shop{Store: store.New(schema)}
	s.update(t, func(tx *store.Tx) {
		for _, serial := range []string{"m", "b", "p", "d", "", "bb"} {
			items.Put(tx, "key-"+serial, item{serial, "red"})
		}
	})
	for _, tt := range []struct{ low, high, want string }{
		{"", "z", "b bb d m p"},
		{"b", "m", "b bb d"},
		{"b\x00", "p", "bb d m"},
		{"c", "n", "d m"},
		{"m", "m", ""},
		{"p", "b", ""},
		{"q", "z", ""},
		{"", "m", "b bb d"}, // m was added first: its place is the one sought
	} {
		for _, backward := range []bool{false, true} {
			want := strings.Fields(tt.want)
			if backward {
				slices.Reverse(want)
			}
			for limit := 1; limit <= len(want)+1; limit++ {
				var got []string
				s.update(t, func(tx *store.Tx) {
					for key, i := range bySerial.Between(tx, tt.low, tt.high, backward) {
						if key != "key-"+i.Serial {
							t.Errorf("the row of %s is %s", key, i.Serial)
						}
						if got = append(got, i.Serial); len(got) == limit {
							break
						}
					}
				})
				if !slices.Equal(got, want[:min(limit, len(want))]) {
					t.Errorf("[%q, %q) backward %t, %d of them: %q, want %q", tt.low, tt.high, backward, limit, got, want)
				}
			}
		}
	}
}

func TestIterationStopsAndNests(t *testing.T) {
	s := filled(t)
	var got []string
	s.update(t, func(tx *store.Tx) {
		for outer, o := range s.items.All(tx) {
			for inner := range s.byColor.All(tx, o.Color) {
				for first := range s.items.All(tx) {
					got = append(got, outer+inner+first)
					break
				}
			}
			if outer == "a" {
				break
			}
		}
	})
	if want := []string{"ccc", "cbc", "aac"}; !slices.Equal(got, want) {
		t.Errorf("the loops saw %v, want %v", got, want)
	}
}

func TestSequences(t *testing.T) {
	s := newShop()
	draw := func(name string, failure error) (n uint64) {
		_ = s.Update(func(tx *store.Tx) error { n = tx.Next(name); return failure })
		return n
	}
	before := s.Snapshot()
	steps := []struct {
		name    string
		failure error
		want    uint64
	}{
		{"x", nil, 1}, {"x", nil, 2}, {"y", nil, 1},
		{"x", errors.New("undone"), 3}, {"x", nil, 3},
	}
	for i, step := range steps {
		if got := draw(step.name, step.failure); got != step.want {
			t.Errorf("step %d: the next %s is %d, want %d", i, step.name, got, step.want)
		}
	}
	if !s.Snapshot().Equal(before) {
		t.Error("numbers that were drawn for nothing show")
	}
	s.Restore(before)
	if got := draw("x", nil); got != 1 {
		t.Errorf("after Restore the next x is %d, want 1", got)
	}
}

func TestSnapshotsAreIndependent(t *testing.T) {
	s := filled(t)
	first := s.Snapshot()
	s.update(t, func(tx *store.Tx) { s.items.Delete(tx, "c"); s.items.Put(tx, "d", item{"s4", "red"}) })
	second := s.Snapshot()
	if first.Equal(second) {
		t.Fatal("a change does not show")
	}
	for range 2 {
		s.Restore(first)
		if got := s.keys(t, "red"); got != "c b" {
			t.Errorf("the first snapshot's red rows are %q, want %q", got, "c b")
		}
		s.update(t, func(tx *store.Tx) { s.byColor.Delete(tx, "red") }) // must not reach the snapshot
		s.Restore(second)
		if got := s.keys(t, "red"); got != "b d" {
			t.Errorf("the second snapshot's red rows are %q, want %q", got, "b d")
		}
	}
	s.Restore(store.Snapshot{})
	if got := s.keys(t, ""); got != "" {
		t.Errorf("the zero snapshot has the rows %q", got)
	}
}

// TestEqual compares contents that somebody could take for one another.
func TestEqual(t *testing.T) {
	contents := map[string]func(*shop, *store.Tx){
		"empty":         func(*shop, *store.Tx) {},
		"one":           func(s *shop, tx *store.Tx) { s.others.Put(tx, "a", "b") },
		"other value":   func(s *shop, tx *store.Tx) { s.others.Put(tx, "a", "c") },
		"other key":     func(s *shop, tx *store.Tx) { s.others.Put(tx, "b", "b") },
		"other table":   func(s *shop, tx *store.Tx) { s.items.Put(tx, "a", item{"b", ""}) },
		"two":           func(s *shop, tx *store.Tx) { s.others.Put(tx, "a", "b"); s.others.Put(tx, "c", "d") },
		"two, reversed": func(s *shop, tx *store.Tx) { s.others.Put(tx, "c", "d"); s.others.Put(tx, "a", "b") },
		"as if two":     func(s *shop, tx *store.Tx) { s.others.Put(tx, `a" "b"`, "c d") },
	}
	snapshots := map[string]store.Snapshot{"zero": {}}
	for name, fill := range contents {
		s := newShop()
		s.update(t, func(tx *store.Tx) { fill(s, tx) })
		snapshots[name] = s.Snapshot()
	}
	for name, snap := range snapshots {
		for other, otherSnap := range snapshots {
			same := name == other || name+other == "zeroempty" || name+other == "emptyzero"
			if snap.Equal(otherSnap) != same {
				t.Errorf("%s and %s are equal: %t", name, other, !same)
			}
		}
	}
	// How the content came about does not matter.
	s := newShop()
	s.update(t, func(tx *store.Tx) {
		s.others.Put(tx, "x", "y")
		s.others.Put(tx, "a", "z")
		s.others.Delete(tx, "x")
		s.others.Put(tx, "a", "b")
	})
	if !s.Snapshot().Equal(snapshots["one"]) || s.Snapshot().Equal(snapshots["two"]) {
		t.Error("the same content by another way is taken for another")
	}
}

// model is the plainest thing that a table could be: a list in order.
type model []modelRow

type modelRow struct {
	key string
	item
}

func (m model) index(key string) int {
	return slices.IndexFunc(m, func(r modelRow) bool { return r.key == key })
}

func (m model) put(key string, v item) model {
	m = slices.Clone(m)
	if i := m.index(key); i >= 0 {
		m[i].item = v
		return m
	}
	return append(m, modelRow{key, v})
}

func (m model) without(drop func(modelRow) bool) model {
	return slices.DeleteFunc(slices.Clone(m), drop)
}

// TestModel runs random transactions, some of them undone, on a store and on a
// list, and compares all that can be read.
func TestModel(t *testing.T) {
	keys := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
	serials := rapid.SampledFrom([]string{"", "s1", "s2", "s3", "t1", "t2"})
	colors := rapid.SampledFrom([]string{"", "red", "blue"})
	undone := errors.New("undone")
	rapid.Check(t, func(t *rapid.T) {
		s, m := newShop(), model(nil)
		type saved struct {
			snapshot store.Snapshot
			model    model
		}
		var snapshots []saved

		change := func(t *rapid.T, tx *store.Tx, m model) model {
			key := keys.Draw(t, "key")
			switch rapid.IntRange(0, 5).Draw(t, "change") {
			case 0:
				if got, want := s.items.Delete(tx, key), m.index(key) >= 0; got != want {
					t.Fatalf("Delete(%s) is %t, want %t", key, got, want)
				}
				return m.without(func(r modelRow) bool { return r.key == key })
			case 1:
				color := colors.Filter(func(c string) bool { return c != "" }).Draw(t, "color")
				rest := m.without(func(r modelRow) bool { return r.Color == color })
				if got, want := s.byColor.Delete(tx, color), len(m)-len(rest); got != want {
					t.Fatalf("Delete of %s rows is %d, want %d", color, got, want)
				}
				return rest
			default:
				v := item{serials.Draw(t, "serial"), colors.Draw(t, "color")}
				for _, r := range m {
					if r.key != key && v.Serial != "" && r.Serial == v.Serial {
						v.Serial = "" // a clash is not what this test is about
					}
				}
				s.items.Put(tx, key, v)
				return m.put(key, v)
			}
		}

		t.Repeat(map[string]func(*rapid.T){
			"transaction": func(t *rapid.T) {
				after, undo := m, rapid.IntRange(0, 2).Draw(t, "undo")
				transaction := func() error {
					return s.Update(func(tx *store.Tx) error {
						for range rapid.IntRange(1, 5).Draw(t, "changes") {
							after = change(t, tx, after)
						}
						switch undo {
						case 1:
							return undone
						case 2:
							panic(undone)
						}
						return nil
					})
				}
				switch undo {
				case 0:
					if err := transaction(); err != nil {
						t.Fatal(err)
					}
					m = after
				case 1:
					if err := transaction(); err != undone {
						t.Fatal(err)
					}
				case 2:
					defer func() {
						if v := recover(); v != undone {
							panic(v)
						}
					}()
					_ = transaction()
				}
			},
			"snapshot": func(*rapid.T) { snapshots = append(snapshots, saved{s.Snapshot(), m}) },
			"restore": func(t *rapid.T) {
				if len(snapshots) == 0 {
					t.Skip("none was taken")
				}
				back := rapid.SampledFrom(snapshots).Draw(t, "snapshot")
				s.Restore(back.snapshot)
				m = back.model
			},
			"": func(t *rapid.T) { compare(t, s, m) },
		})
	})
}

func compare(t *rapid.T, s *shop, m model) {
	s.update(t, func(tx *store.Tx) {
		list := func(keep func(modelRow) bool) string {
			return fmt.Sprint(m.without(func(r modelRow) bool { return !keep(r) }))
		}
		collect := func(rows iter.Seq2[string, item]) string {
			got := model{}
			for key, v := range rows {
				got = append(got, modelRow{key, v})
			}
			return fmt.Sprint(got)
		}
		if got, want := collect(s.items.All(tx)), list(func(modelRow) bool { return true }); got != want {
			t.Fatalf("the rows are %s, want %s", got, want)
		}
		for _, color := range []string{"red", "blue"} {
			if got, want := collect(s.byColor.All(tx, color)), list(func(r modelRow) bool { return r.Color == color }); got != want {
				t.Fatalf("the %s rows are %s, want %s", color, got, want)
			}
		}
		for _, initial := range []string{"s", "t"} {
			want := list(func(r modelRow) bool { return strings.HasPrefix(r.Serial, initial) })
			if got := collect(s.byInitial.All(tx, initial)); got != want {
				t.Fatalf("the rows with %s are %s, want %s", initial, got, want)
			}
		}
		serials := map[string]item{}
		for _, r := range m {
			if r.Serial != "" {
				serials[r.Serial] = r.item
			}
			if got, ok := s.items.Get(tx, r.key); !ok || got != r.item {
				t.Fatalf("%s is %v, %t, want %v", r.key, got, ok, r.item)
			}
		}
		for _, serial := range []string{"", "s1", "s2", "s3", "t1", "t2"} {
			got, ok := s.bySerial.Get(tx, serial)
			if want, there := serials[serial]; ok != there || got != want {
				t.Fatalf("serial number %q is %v, %t, want %v, %t", serial, got, ok, want, there)
			}
		}
		if n := s.items.Len(tx); n != len(m) {
			t.Fatalf("%d rows, want %d", n, len(m))
		}
	})
}

// TestKeep ends transactions that keep a part of what they did.
func TestKeep(t *testing.T) {
	for _, fails := range []bool{false, true} {
		t.Run(fmt.Sprintf("fails: %t", fails), func(t *testing.T) {
			schema := &store.Schema{}
			table := store.NewTable[string](schema, "row")
			s := store.New(schema)
			var tx *store.Tx
			err := s.Update(func(now *store.Tx) error {
				tx = now
				table.Put(tx, "a", "kept")
				table.Put(tx, "b", "kept")
				tx.Keep()
				table.Put(tx, "a", "changed")
				table.Delete(tx, "b")
				table.Put(tx, "c", "added")
				if fails {
					return errors.New("no")
				}
				return nil
			})
			if (err != nil) != fails {
				t.Fatal(err)
			}
			want := map[string]string{"a": "changed", "c": "added"}
			changes := []journal.Change{{Table: "row", ID: "a", Change: journal.Added}, {Table: "row", ID: "c", Change: journal.Added}}
			if fails {
				want = map[string]string{"a": "kept", "b": "kept"}
				changes[1].ID = "b"
			}
			got := map[string]string{}
			if err := s.Update(func(tx *store.Tx) error {
				for key, value := range table.All(tx) {
					got[key] = value
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, want) {
				t.Errorf("rows %v, want %v", got, want)
			}
			if rows, changed := tx.Changes(); !slices.Equal(rows, changes) || !changed {
				t.Errorf("changes %v, %t, want %v", rows, changed, changes)
			}
		})
	}
}
