package drift

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// A Difference is one thing that a published document and ours say otherwise.
type Difference struct {
	Operation string `json:"operation"`
	Where     string `json:"where,omitempty"` // "query limit", "body.name", "200.data[].id"; none for the operation itself
	What      string `json:"what"`            // "operation", "presence" or the fact: "maximum"
	Published string `json:"published"`       // "" when it says nothing
	Ours      string `json:"ours"`            // "" when ours says nothing
	Declared  string `json:"declared,omitempty"`
}

// String returns the difference in one line.
func (d Difference) String() string {
	said := func(v string) string { return cmp.Or(v, "nothing") }
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s: published %s, ours %s", d.Operation, d.Where, d.What, said(d.Published), said(d.Ours))), " ")
}

// A Comparison is all that a published document and ours say otherwise.
type Comparison struct {
	Served      int          `json:"served"` // operations that both have
	Beyond      int          `json:"beyond"` // operations that are known and not served
	Differences []Difference `json:"differences"`
	// Unlisted are lines of the list of what is beyond that the published document
	// has not. They do not count: a list has more than one source.
	Unlisted []string `json:"unlisted,omitempty"`

	published []*operation // those that ours has not
}

// Undeclared counts the differences that nothing declares.
func (c Comparison) Undeclared() int {
	n := 0
	for _, d := range c.Differences {
		if d.Declared == "" {
			n++
		}
	}
	return n
}

// Ours is our side of a comparison.
type Ours struct {
	Document *Document
	Beyond   []string // "METHOD /path", as specs/beyond has it
	Declared *Declarations
}

// Compare compares a published document with ours.
func Compare(published *Document, ours Ours) Comparison {
	known := map[string]*operation{}
	for _, o := range ours.Document.operations {
		known[matching(o.line())] = o
	}
	beyond := map[string]string{}
	for _, line := range ours.Beyond {
		beyond[matching(line)] = line
	}
	c := Comparison{}
	met := map[string]bool{}
	for _, line := range slices.Sorted(maps.Keys(published.operations)) {
		theirs := published.operations[line]
		k := matching(theirs.line())
		met[k] = true
		mine := known[k]
		switch {
		case mine != nil:
			c.Served++
			c.compare(mine.line(), "", theirs.says, mine.says)
		case beyond[k] != "":
			c.Beyond++
			c.published = append(c.published, theirs)
		default:
			c.published = append(c.published, theirs)
			c.add(Difference{Operation: line, What: "operation", Published: "has it"})
		}
	}
	for k, mine := range known {
		if !met[k] && !mine.procedure {
			c.add(Difference{Operation: mine.line(), What: "operation", Ours: "has it"})
		}
	}
	for k, line := range beyond {
		if !met[k] && strings.Contains(line, " ") {
			c.Unlisted = append(c.Unlisted, line)
		}
	}
	slices.Sort(c.Unlisted)
	for i, d := range c.Differences {
		if d.Declared == "" {
			c.Differences[i].Declared = ours.Declared.reason(d)
		}
	}
	slices.SortStableFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Where, b.Where), cmp.Compare(a.What, b.What))
	})
	return c
}

// matching is a line by which two documents' operations are held to be one,
// whatever they call the variables of its path, and however they write it.
func matching(line string) string {
	segments := strings.Split(strings.TrimSuffix(line, "/"), "/")
	for i, s := range segments {
		if before, rest, ok := strings.Cut(s, "{"); ok {
			_, after, _ := strings.Cut(rest, "}")
			segments[i] = before + "{}" + after
		}
	}
	return strings.ToLower(strings.Join(segments, "/"))
}

func (c *Comparison) add(d Difference) { c.Differences = append(c.Differences, d) }

func (c *Comparison) compare(operation, where string, published, ours *node) {
	for name := range union(published.facts, ours.facts) {
		if p, o := published.facts[name], ours.facts[name]; p != o {
			c.add(Difference{Operation: operation, Where: where, What: name, Published: p, Ours: o})
		}
	}
	for name := range union(published.parts, ours.parts) {
		p, o := published.parts[name], ours.parts[name]
		at := where + name
		if where == "" || !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "[") {
			at = strings.TrimSpace(where + " " + name)
		}
		switch {
		case p != nil && o != nil:
			c.compare(operation, at, p, o)
		case p == nil && o.always, o == nil && p.always:
		case p == nil:
			c.add(Difference{Operation: operation, Where: at, What: "presence", Ours: "has it", Declared: o.ours})
		default:
			c.add(Difference{Operation: operation, Where: at, What: "presence", Published: "has it"})
		}
	}
}

func union[V any](a, b map[string]V) map[string]bool {
	all := map[string]bool{}
	for name := range a {
		all[name] = true
	}
	for name := range b {
		all[name] = true
	}
	return all
}

// Declarations are differences that are meant, with the reason of each.
type Declarations struct{ rules []declaration }

type declaration struct{ operation, where, what, reason string }

// ReadDeclarations reads a list: on each line an operation, a place, a fact and
// the reason, between bars; * stands for any text. Lines after # are comments.
func ReadDeclarations(text []byte) (*Declarations, error) {
	d := &Declarations{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "|")
		if len(fields) != 4 {
			return nil, fmt.Errorf("line %d: four fields between bars are needed: operation | where | what | reason", n)
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if fields[3] == "" {
			return nil, fmt.Errorf("line %d: it gives no reason", n)
		}
		d.rules = append(d.rules, declaration{fields[0], fields[1], fields[2], fields[3]})
	}
	return d, lines.Err()
}

func (d *Declarations) reason(of Difference) string {
	if d == nil {
		return ""
	}
	for _, rule := range d.rules {
		if fits(rule.operation, of.Operation) && fits(rule.where, of.Where) && fits(rule.what, of.What) {
			return rule.reason
		}
	}
	return ""
}

// fits reports whether a text is one of a pattern; neither slashes nor brackets
// mean anything of their own.
func fits(pattern, text string) bool {
	plain := strings.NewReplacer("/", "\x01", "[", "\x02", "]", "\x03")
	ok, err := path.Match(plain.Replace(pattern), plain.Replace(text))
	return ok && err == nil
}
