package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// UpdateBeyond returns a list of specs/beyond rewritten from a comparison: what
// the published document has and ours has not, under the headings of before; what
// is new stands under its tag. Lines about where the list is from are kept, and
// so are procedures, which OpenAPI does not list.
func UpdateBeyond(before string, c Comparison, source string) string {
	var head []string
	groups := map[string]string{}  // by line
	lines := map[string][]string{} // by group
	group := ""
	for line := range strings.Lines(before) {
		line = strings.TrimSpace(line)
		heading, isHeading := strings.CutPrefix(line, "##")
		switch {
		case isHeading:
			group = strings.TrimSpace(heading)
		case strings.HasPrefix(line, "#"):
			if group == "" {
				head = append(head, line)
			}
		case strings.HasPrefix(line, "/"):
			lines[group] = append(lines[group], line)
		case line != "":
			groups[matching(line)] = group
		}
	}
	for _, o := range c.published {
		first, _, _ := strings.Cut(strings.TrimPrefix(o.path, "/"), "/")
		g := cmp.Or(groups[matching(o.line())], o.group, first)
		lines[g] = append(lines[g], o.line())
	}
	var b strings.Builder
	for _, line := range head {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "# Rewritten from %s.\n", source)
	var names []string
	for name := range lines {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n## %s\n", name)
		slices.SortFunc(lines[name], func(a, b string) int {
			_, pathA, _ := strings.Cut(a, "/")
			_, pathB, _ := strings.Cut(b, "/")
			return cmp.Or(cmp.Compare(pathA, pathB), cmp.Compare(a, b))
		})
		fmt.Fprintln(&b, strings.Join(lines[name], "\n"))
	}
	return b.String()
}
