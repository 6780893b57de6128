package gate

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/near"
)

// A Line is an operation that the service has and its document here leaves out.
type Line struct {
	Group        string // the heading that it stands under
	Method, Path string // no Method for a procedure
}

// String returns the operation's name within its provider.
func (l Line) String() string { return strings.TrimPrefix(l.Method+" "+l.Path, " ") }

// parseLines reads a list of operations: one a line, headings after "##",
// comments after "#".
func parseLines(text []byte) []Line {
	var lines []Line
	group := ""
	for row := range strings.Lines(string(text)) {
		row = strings.TrimSpace(row)
		if heading, ok := strings.CutPrefix(row, "##"); ok {
			group = strings.TrimSpace(heading)
		} else if row != "" && row[0] != '#' {
			method, path, _ := strings.Cut(row, "/")
			lines = append(lines, Line{group, strings.TrimSpace(method), "/" + path})
		}
	}
	return lines
}

// Beyond lists what the service has and the document leaves out.
func (c *Index) Beyond() []Line { return c.beyond() }

// A Group is how many lines stand under a heading.
type Group struct {
	Name  string
	Lines int
}

// BeyondGroups counts what the document leaves out.
func (c *Index) BeyondGroups() []Group {
	var groups []Group
	for _, l := range c.Beyond() {
		if len(groups) == 0 || groups[len(groups)-1].Name != l.Group {
			groups = append(groups, Group{Name: l.Group})
		}
		groups[len(groups)-1].Lines++
	}
	return groups
}

// Lacks finds the operation that a request is for among those that the document
// leaves out. Op is the one that Match found, whose path may have a variable
// where another has a word: GET /things/{id} covers GET /things/special. When
// there is none, methods are those that its path has.
func (c *Index) Lacks(r *http.Request, op *Operation) (line string, methods []string) {
	candidates := c.beyond
	if op != nil {
		candidates = op.rivals
	}
	if len(candidates()) == 0 {
		return "", nil
	}
	path := strings.Split(c.trim(r).URL.EscapedPath(), "/")
	var best []string
	for _, l := range candidates() {
		template := strings.Split(l.Path, "/")
		switch method := l.verb(); {
		case !slices.EqualFunc(template, path, c.fits):
		case method != r.Method:
			methods = append(methods, method)
		case best == nil || moreExact(template, best):
			line, best = l.String(), template
		}
	}
	return line, methods
}

// rivals are the lines whose requests the document would take for op's.
func (c *Index) rivals(op *Operation) []Line {
	if !strings.Contains(op.Path, "{") {
		return nil
	}
	path := strings.Split(op.Path, "/")
	return slices.DeleteFunc(slices.Clone(c.beyond()), func(l Line) bool {
		template := strings.Split(l.Path, "/")
		return l.verb() != op.Method || !slices.EqualFunc(path, template, c.fits) || !moreExact(template, path)
	})
}

func (l Line) verb() string {
	if l.Method == "" {
		return http.MethodPost
	}
	return l.Method
}

// fits reports whether a segment of a path is one of a template, in which a
// variable stands for anything.
func (c *Index) fits(template, segment string) bool {
	before, rest, variable := strings.Cut(template, "{")
	if !variable {
		return template == segment || c.rule.IgnoreCase && strings.EqualFold(template, segment)
	}
	_, after, _ := strings.Cut(rest, "}")
	return len(segment) > len(before)+len(after) && strings.HasPrefix(segment, before) && strings.HasSuffix(segment, after)
}

// moreExact reports whether the first difference of two templates of one length
// is that a has a word where b has a variable.
func moreExact(a, b []string) bool {
	for i := range a {
		wordA, wordB := !strings.Contains(a[i], "{"), !strings.Contains(b[i], "{")
		if wordA != wordB {
			return wordA
		}
	}
	return false
}

// Nearest returns the operation, of the document or beyond it, that a misspelt
// one may have been meant to be, or "".
func (c *Index) Nearest(method, path string) string {
	names := c.names()
	return cmp.Or(names.operations.To(method+" "+path), names.procedures.To(path))
}

// known are the names that a misspelt one may have been meant to be.
type known struct{ operations, procedures *near.List }

func (c *Index) listNames() known {
	var operations, procedures []string
	add := func(line string) {
		if strings.HasPrefix(line, "/") {
			procedures = append(procedures, line)
		} else {
			operations = append(operations, line)
		}
	}
	for _, op := range c.Operations {
		add(op.Line())
	}
	for _, l := range c.Beyond() {
		add(l.String())
	}
	return known{near.Names(operations), near.Names(procedures)}
}
