package workos

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// page are the parameters of a list.
type page struct {
	Limit  int    `query:"limit" json:"-"`
	Order  string `query:"order" json:"-"`
	Before string `query:"before" json:"-"`
	After  string `query:"after" json:"-"`
}

const defaultLimit = 10

type listMetadata struct {
	Before *string `json:"before"`
	After  *string `json:"after"`
}

type list[T any] struct {
	Object       string       `json:"object"`
	Data         []T          `json:"data"`
	ListMetadata listMetadata `json:"list_metadata"`
}

// lastID is above every identifier.
const lastID = "\xff"

// between iterates over the rows whose identifiers are low or above and below
// high, in that order or backward.
type between[V any] func(low, high string, backward bool) iter.Seq2[string, V]

// paginate makes one page of the rows whose identifiers begin with prefix. A cursor
// is a place among identifiers, which need not exist: a list can be read on after
// what was read has been deleted.
//
// With the order normal, the newest come first as with desc, and the cursors are
// swapped: before leads to older rows and after to newer ones, in parameters and
// answers.
func paginate[V, T any](p page, prefix string, rows between[V], keep func(V) bool, show func(V) T) (list[T], error) {
	before, after := p.Before, p.After
	for _, cursor := range []struct{ name, id string }{{"before", before}, {"after", after}} {
		if cursor.id != "" && !strings.HasPrefix(cursor.id, prefix) {
			return list[T]{}, validation(fieldError{cursor.name, cursor.name + badCursor}).
				Because("%s is no identifier that begins with %s", cursor.name, prefix)
		}
	}
	swapped := p.Order == "normal"
	if swapped {
		before, after = after, before
	}
	limit := p.Limit
	if limit == 0 {
		limit = defaultLimit
	}

	// Descending lists are walked backward; a page before a cursor is walked from
	// the cursor, against the list's order. Both cursors bound the page.
	ascending := p.Order == "asc"
	against := before != "" && after == ""
	walkBack := ascending == against
	lower, upper := before, after
	if ascending {
		lower, upper = after, before
	}
	low, high := "", cmp.Or(upper, lastID)
	if lower != "" {
		low = lower + "\x00"
	}
	type row struct {
		id    string
		value V
	}
	var found []row
	more := false
	for id, v := range rows(low, high, walkBack) {
		if keep != nil && !keep(v) {
			continue
		}
		if more = len(found) == limit; more {
			break
		}
		found = append(found, row{id, v})
	}
	answer := list[T]{Object: "list", Data: []T{}}
	if len(found) == 0 {
		return answer, nil
	}
	// What lies on the other side of the first row found is looked at, not assumed.
	behind := false
	other := rows(found[0].id+"\x00", lastID, false)
	if !walkBack {
		other = rows("", found[0].id, true)
	}
	for _, v := range other {
		if keep == nil || keep(v) {
			behind = true
			break
		}
	}
	earlier, later := behind, more
	if against {
		slices.Reverse(found)
		earlier, later = more, behind
	}
	for _, r := range found {
		answer.Data = append(answer.Data, show(r.value))
	}
	if earlier {
		answer.ListMetadata.Before = &found[0].id
	}
	if later {
		answer.ListMetadata.After = &found[len(found)-1].id
	}
	if m := &answer.ListMetadata; swapped {
		m.Before, m.After = m.After, m.Before
	}
	return answer, nil
}

// rows are those of an index of identifiers behind a scope.
func rows[V any](c *kernel.Call, index *store.Index[V], scope string) between[V] {
	return func(low, high string, backward bool) iter.Seq2[string, V] {
		return index.Between(c.Tx, scope+low, scope+high, backward)
	}
}

// behind are all the rows of an index behind a scope, to be changed or deleted one
// by one.
func behind[V any](c *kernel.Call, index *store.Index[V], scope string) []V {
	return collected(index.Between(c.Tx, scope, scope+lastID, false))
}

func collected[V any](rows iter.Seq2[string, V]) (list []V) {
	for _, v := range rows {
		list = append(list, v)
	}
	return list
}
