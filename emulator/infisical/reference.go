package infisical

import (
	"regexp"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// reference is how a value names another secret: ${KEY} of its own folder, or
// ${environment.folder.KEY} of its project.
//
// Differs: ${@project.…} stays as it is, as it does in organizations that have
// not turned references between projects on.
var reference = regexp.MustCompile(`\$\{[a-zA-Z0-9_.@-]+\}`)

const (
	// maxReferenceDepth is how far the service follows references, and how often
	// it looks for ones that only come about when others are filled in.
	maxReferenceDepth = 10
	// maxExpansion bounds what one value can become, in bytes: a few secrets that
	// name each other many times would fill the memory.
	maxExpansion = 1 << 20
)

// expander fills in the references of one project's secrets.
type expander struct {
	c         *kernel.Call
	p         *Provider
	projectID string
	left      int // bytes
}

// spot is where a value stands: what its short references are relative to.
type spot struct{ environment, path, key string }

// expand fills in the references of a secret's value. What names no secret, and
// what leads back to a secret on the way, is left as it is written there.
func (p *Provider) expand(c *kernel.Call, projectID string, at spot, s secret) string {
	if !reference.MatchString(s.Value) {
		return s.Value
	}
	x := &expander{c, p, projectID, maxExpansion}
	at.path = "/" + strings.Join(segments(at.path), "/")
	value := s.Value
	for range maxReferenceDepth {
		before := reference.FindAllString(value, -1)
		value = x.fill(value, []spot{at})
		if x.left <= 0 {
			break
		}
		fresh := func(ref string) bool { return !slices.Contains(before, ref) }
		if !slices.ContainsFunc(reference.FindAllString(value, -1), fresh) {
			break
		}
	}
	if s.SkipMultilineEncoding && strings.Contains(value, "\n") {
		return `"` + strings.ReplaceAll(value, "\n", `\n`) + `"`
	}
	return value
}

// fill fills in the references of a value at the end of a way of references.
func (x *expander) fill(value string, way []spot) string {
	if len(way) > maxReferenceDepth+1 {
		return value
	}
	return reference.ReplaceAllStringFunc(value, func(text string) string {
		if x.left <= 0 {
			return text
		}
		to := way[len(way)-1]
		names := strings.Split(text[len("${"):len(text)-len("}")], ".")
		to.key = names[len(names)-1]
		if len(names) > 1 {
			to.environment, to.path = names[0], "/"+strings.Join(segments(strings.Join(names[1:len(names)-1], "/")), "/")
		}
		f, ok := x.p.find(x.c, x.projectID, to.environment, to.path)
		if !ok {
			return text
		}
		s, ok := x.p.secretByKey.Get(x.c.Tx, key(f.ID, to.key))
		if !ok {
			return text
		}
		x.left -= len(s.Value) + 1
		if slices.Contains(way, to) {
			return s.Value
		}
		return x.fill(s.Value, append(slices.Clip(way), to))
	})
}
