// Package near finds what a misspelt name was meant to be.
package near

import "strings"

const (
	longest  = 256 // of what is looked at: longer is no slip of the pen
	furthest = 8   // edits that still count as one
)

// To returns the name that is nearest to a misspelt one, "" when none is near.
// Segments between slashes are compared as wholes, so that one too many costs
// little more than its length, and a variable, "{id}", stands for any.
func To(misspelt string, names []string) string { return Names(names).To(misspelt) }

// A List is names that are looked through again and again.
type List struct {
	names    []string
	segments [][]string
}

// Names returns the list of names.
func Names(names []string) *List {
	l := &List{names: names}
	for _, name := range names {
		l.segments = append(l.segments, strings.Split(name, "/"))
	}
	return l
}

// To is To among the names of the list.
func (l *List) To(misspelt string) string {
	if len(misspelt) > longest {
		return ""
	}
	nearest, least := "", min(furthest, (len(misspelt)+2)/3)+1
	sent := strings.Split(misspelt, "/")
	known := map[[2]string]int{} // the edits between two segments: few are different ones
	for i, segments := range l.segments {
		if apart := len(sent) - len(segments); max(apart, -apart) >= least {
			continue // a segment more or less is an edit at least
		}
		edits := distance(sent, segments, func(a, b string) int {
			switch {
			case a == b, a != "" && strings.HasPrefix(b, "{") && strings.HasSuffix(b, "}"):
				return 0
			case strings.HasSuffix(a, " ") && strings.HasSuffix(b, " "):
				return 1 // a method before the path
			}
			pair := [2]string{a, b}
			if _, ok := known[pair]; !ok {
				known[pair] = distance([]rune(a), []rune(b), letters, func(rune) int { return 1 })
				if known[pair] > (max(len(a), len(b))+1)/2 {
					known[pair] = furthest + 1 // another word, not a slip
				}
			}
			return known[pair]
		}, func(segment string) int { return len(segment) + 1 })
		if edits < least {
			nearest, least = l.names[i], edits
		}
	}
	return nearest
}

func letters(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}

// distance is the cost of the cheapest edits that turn a into b.
func distance[T any](a, b []T, replace func(a, b T) int, gap func(T) int) int {
	row := make([]int, len(b)+1)
	for j, y := range b {
		row[j+1] = row[j] + gap(y)
	}
	for _, x := range a {
		diagonal := row[0]
		row[0] += gap(x)
		for j, y := range b {
			cheapest := min(row[j+1]+gap(x), row[j]+gap(y), diagonal+replace(x, y))
			diagonal, row[j+1] = row[j+1], cheapest
		}
	}
	return row[len(b)]
}
