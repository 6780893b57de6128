package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/internal/store"
)

// page is a row with everything that rules are about.
type page struct {
	ID, Parent, Author string
	Links              []string
	Number             uint64
}

// TestRules decodes contents that break a rule each.
func TestRules(t *testing.T) {
	schema := &store.Schema{}
	authors := store.NewTable[string](schema, "author")
	authors.KeyedFreely()
	byName := authors.Unique("name", func(name string) string { return name })
	lives := store.NewTable[string](schema, "life")
	lives.KeyedBy(authors)
	pages := store.NewTable[page](schema, "page")
	pages.Keyed(func(p page) string { return p.ID })
	pages.Refers("Parent", pages, func(p page) string { return p.Parent })
	pages.Refers("Author", byName, func(p page) string { return p.Author })
	pages.RefersAll("Links", pages, func(p page) []string { return p.Links })
	pages.Counted("pages", func(_ string, p page) uint64 { return p.Number })
	pages.Valid(func(p page) error {
		if p.ID == "bad" {
			return errors.New("it is bad")
		}
		return nil
	})
	store.NewTable[int](schema, "unruled")
	if got := slices.Collect(schema.Unruled()); len(got) != 1 || got[0] != "unruled" {
		t.Errorf("unruled are %q", got)
	}

	for _, test := range []struct{ name, lives, pages, want string }{
		{"good", "1", `{"ID":"a","Parent":"b","Author":"Ada","Links":["a","b","c"],"Number":3} {"ID":"b","Parent":"c","Number":1} {"ID":"c"}`, ""},
		{"empty", "", "", ""},
		{"another key", "", `{"ID":"a"} {"ID":"b","Parent":""}!x`, `/tables/page/1/key: the row's own key is "b"`},
		{"key of no row", "2", "", `/tables/life/0/key: "2" is no author`},
		{"no such row", "", `{"ID":"a"} {"ID":"b","Parent":"x"}`, `/tables/page/1/value: its Parent "x" is no page`},
		{"no such value", "", `{"ID":"a","Author":"1"}`, `/tables/page/0/value: its Author "1" is no author by its name`},
		{"one of many", "", `{"ID":"a","Links":["a","x"]}`, `/tables/page/0/value: its Links "x" is no page`},
		{"its own parent", "", `{"ID":"a"} {"ID":"b","Parent":"b"}`, `/tables/page/1/value: its Parent "b" leads back to itself`},
		{"a circle", "", `{"ID":"a","Parent":"b"} {"ID":"b","Parent":"c"} {"ID":"c","Parent":"b"}`, `/tables/page/0/value: its Parent "a" leads back to itself`},
		{"not valid", "", `{"ID":"bad"}`, `/tables/page/0/value: it is bad`},
		{"beyond the sequence", "", `{"ID":"a","Number":4}`, `/tables/page/0: it has number 4 of the sequence "pages", which stands at 3`},
	} {
		t.Run(test.name, func(t *testing.T) {
			content := store.Content{Sequences: map[string]uint64{"pages": 3}, Tables: map[string][]store.Row{
				"author": {{Key: "1", Value: []byte(`"Ada"`)}},
			}}
			if test.lives != "" {
				content.Tables["life"] = []store.Row{{Key: test.lives, Value: []byte(`"long"`)}}
			}
			for i, text := range strings.Fields(test.pages) {
				text, key, given := strings.Cut(text, "!")
				if !given {
					key = strings.Split(text, `"`)[3]
				}
				content.Tables["page"] = append(content.Tables["page"], store.Row{Order: uint64(i), Key: key, Value: []byte(text)})
			}
			_, err := schema.Decode(content)
			if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
