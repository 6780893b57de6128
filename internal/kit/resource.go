package kit

import (
	"iter"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// An Action is what a call does to a resource.
type Action string

// The actions.
const (
	Create Action = "create"
	Read   Action = "read"
	Edit   Action = "edit"
	Delete Action = "delete"
)

// A Resource is a kind of thing that clients make, read, list, change and delete
// by no other rule than what is declared here. Its methods are handlers, all with
// the same input: what the paths, the queries and the bodies of its operations
// have, of which each fills its part.
type Resource[Row, In any] struct {
	Rows *store.Index[Row] // all there are, by the scope that they belong to
	Key  func(Row) string  // in their table
	Path string            // the path parameter that names one

	// Enter returns the scope that a call is for, such as the project in its path,
	// to a caller who may do that there.
	Enter func(c *kernel.Call, do Action, in In) (scope string, err error)
	// New returns a row with an identifier and the defaults.
	New func(c *kernel.Call, scope string) Row
	// Assign sets what was sent, on a new row and on a changed one.
	Assign func(c *kernel.Call, row *Row, in In) error
	// Show returns the body that shows a row.
	Show func(c *kernel.Call, row Row) any
	// Missing refuses what no row has the name of.
	Missing func(id string) error

	// What follows may be left out.

	// Find looks a row up by what the path names it; left out, by its key.
	Find func(c *kernel.Call, scope, id string) (Row, bool)
	// Taken refuses a row of which another has the value that the named index of
	// the table keeps unique.
	Taken func(row Row, index string) error
	// Keep tells which rows a list has, for a call that asks for some.
	Keep func(in In, row Row) bool
	// Guard refuses to change or delete a row, or deals with what depends on it.
	Guard func(c *kernel.Call, do Action, row Row) error
	// Answer puts around a row that is shown what the provider has around it. Left
	// out, nothing is, and a deletion has no body.
	Answer func(do Action, shown any) any
	// Page is the provider's form of lists; left out, all rows in an array.
	Page func(c *kernel.Call, shown iter.Seq[any]) (any, error)
}

// Create makes a row.
func (r Resource[Row, In]) Create(c *kernel.Call, in In) (any, error) {
	scope, err := r.Enter(c, Create, in)
	if err != nil {
		return nil, err
	}
	return r.put(c, Create, r.New(c, scope), in)
}

// Get returns a row.
func (r Resource[Row, In]) Get(c *kernel.Call, in In) (any, error) {
	row, err := r.find(c, Read, in)
	if err != nil {
		return nil, err
	}
	return r.answer(c, Read, row), nil
}

// Update changes what is sent of a row.
func (r Resource[Row, In]) Update(c *kernel.Call, in In) (any, error) {
	row, err := r.find(c, Edit, in)
	if err != nil {
		return nil, err
	}
	return r.put(c, Edit, row, in)
}

// Delete deletes a row.
func (r Resource[Row, In]) Delete(c *kernel.Call, in In) (any, error) {
	row, err := r.find(c, Delete, in)
	if err != nil {
		return nil, err
	}
	answer := r.answer(c, Delete, row)
	r.Rows.Table().Delete(c.Tx, r.Key(row))
	if r.Answer == nil {
		return nil, nil
	}
	return answer, nil
}

// List returns the rows of a scope, in the order in which they were added.
func (r Resource[Row, In]) List(c *kernel.Call, in In) (any, error) {
	scope, err := r.Enter(c, Read, in)
	if err != nil {
		return nil, err
	}
	shown := func(yield func(any) bool) {
		for _, row := range r.Rows.All(c.Tx, scope) {
			if (r.Keep == nil || r.Keep(in, row)) && !yield(r.Show(c, row)) {
				return
			}
		}
	}
	if r.Page == nil {
		all, _ := Window(shown, 0, -1)
		return all, nil
	}
	return r.Page(c, shown)
}

// By is the resource with its rows named in another way, such as by their slug.
func (r Resource[Row, In]) By(path string, find func(c *kernel.Call, scope, name string) (Row, bool)) Resource[Row, In] {
	r.Path, r.Find = path, find
	return r
}

// find returns the row that the path names, to a caller who may do that.
func (r Resource[Row, In]) find(c *kernel.Call, do Action, in In) (row Row, err error) {
	scope, err := r.Enter(c, do, in)
	if err != nil {
		return row, err
	}
	id, ok := c.Vars[r.Path], false
	if r.Find != nil {
		row, ok = r.Find(c, scope, id)
	} else if row, ok = r.Rows.Table().Get(c.Tx, id); ok {
		ok = r.Rows.Of(row) == scope
	}
	switch {
	case !ok:
		return row, r.Missing(id)
	case do != Read && r.Guard != nil:
		return row, r.Guard(c, do, row)
	}
	return row, nil
}

// put stores a row with what was sent, unless it clashes with another.
func (r Resource[Row, In]) put(c *kernel.Call, do Action, row Row, in In) (any, error) {
	if err := r.Assign(c, &row, in); err != nil {
		return nil, err
	}
	table := r.Rows.Table()
	if do == Create {
		if _, ok := table.Get(c.Tx, r.Key(row)); ok {
			return nil, r.Taken(row, "id")
		}
	}
	if index, ok := table.Clash(c.Tx, r.Key(row), row); ok {
		return nil, r.Taken(row, index)
	}
	table.Put(c.Tx, r.Key(row), row)
	return r.answer(c, do, row), nil
}

func (r Resource[Row, In]) answer(c *kernel.Call, do Action, row Row) any {
	shown := r.Show(c, row)
	if r.Answer == nil {
		return shown
	}
	return r.Answer(do, shown)
}

// Under is an Answer with the row as the one member of an object.
func Under(name string) func(Action, any) any {
	return func(_ Action, shown any) any { return map[string]any{name: shown} }
}

// AllUnder is a Page with all rows as the one member of an object.
func AllUnder(name string) func(*kernel.Call, iter.Seq[any]) (any, error) {
	return func(_ *kernel.Call, shown iter.Seq[any]) (any, error) {
		all, _ := Window(shown, 0, -1)
		return map[string]any{name: all}, nil
	}
}

// Window returns the items behind the first skip ones, count of them or with -1
// all, and how many items there are.
func Window[T any](items iter.Seq[T], skip, count int) (page []T, total int) {
	page = []T{}
	for item := range items {
		if total >= skip && (count < 0 || len(page) < count) {
			page = append(page, item)
		}
		total++
	}
	return page, total
}

// Number returns a number of the call's query, which the document has checked, or
// otherwise.
func Number(c *kernel.Call, name string, otherwise int) int {
	if n, ok := c.Query[name].(float64); ok {
		return int(n)
	}
	return otherwise
}

// Head makes a handler that answers as another without the body, for an
// operation whose method is HEAD.
func Head[In, Out any](handle func(*kernel.Call, In) (Out, error)) func(*kernel.Call, In) (any, error) {
	return func(c *kernel.Call, in In) (any, error) {
		_, err := handle(c, in)
		return nil, err
	}
}
