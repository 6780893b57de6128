package infisical

import (
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// maxReferenceDepth is how far the service follows references, and how often it
// looks for ones that only come about when others are filled in.
const maxReferenceDepth = 10

// nextReference finds the next way that a value names another secret: ${KEY} of
// its own folder, or ${environment.folder.KEY} of its project.
//
// Differs: ${@project.…} stays as it is, as it does in organizations that have
// not turned references between projects on.
func nextReference(value string, from int) (start, end int, ok bool) {
	for {
		at := strings.Index(value[from:], "${")
		if at < 0 {
			return 0, 0, false
		}
		start = from + at
		end = start + len("${")
		for end < len(value) && inReference(value[end]) {
			end++
		}
		if end < len(value) && value[end] == '}' && end > start+len("${") {
			return start, end + 1, true
		}
		from = end
	}
}

func inReference(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("_.@-", b) >= 0
}

// references are those that a value has.
func references(value string) map[string]bool {
	found := map[string]bool{}
	for start, end, ok := nextReference(value, 0); ok; start, end, ok = nextReference(value, end) {
		found[value[start:end]] = true
	}
	return found
}

// renameReferences makes the project's secrets that name a secret name it by its new
// key: those of its folder by ${KEY}, all others by ${environment.folder.KEY}.
// backend/src/services/secret-v2-bridge/secret-v2-bridge-fns.ts
func (p *Provider) renameReferences(c *kernel.Call, at place, s secret, to string) error {
	way := "${" + strings.Join(append([]string{at.environment}, segments(at.path)...), ".") + "."
	far := strings.NewReplacer(way+s.Key+"}", way+to+"}")
	near := strings.NewReplacer(way+s.Key+"}", way+to+"}", "${"+s.Key+"}", "${"+to+"}")
	work := newBudget()
	for _, e := range p.environmentsOf.All(c.Tx, at.project.ID) {
		root, ok := p.folderByPlace.Get(c.Tx, folder{EnvironmentID: e.ID, Name: rootFolder}.place())
		if !ok {
			continue
		}
		if err := p.below(c, root, "/", func(f folder, _ string) error {
			names := far
			if f.ID == at.folder.ID {
				names = near
			}
			for _, other := range collect(p.secretsByFolder.All(c.Tx, f.ID)) {
				if err := work.spend(lookupCost + len(other.Value)); err != nil {
					return err
				}
				value := names.Replace(other.Value)
				if other.ID == s.ID || value == other.Value {
					continue
				}
				if err := work.spend(len(value)); err != nil {
					return err
				}
				other.Value, other.UpdatedAt = value, c.Now
				p.secrets.Put(c.Tx, other.ID, other)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// expander fills in the references of one project's secrets, within a budget.
type expander struct {
	c         *kernel.Call
	p         *Provider
	projectID string
	budget    *budget
}

// spot is where a value stands: what its short references are relative to.
type spot struct{ environment, path, key string }

// expand fills in the references of a secret's value. What names no secret, and
// what leads back to a secret on the way, is left as it is written there.
func (x expander) expand(at spot, s secret) (string, error) {
	before := references(s.Value)
	if len(before) == 0 {
		return s.Value, nil
	}
	at.path = "/" + strings.Join(segments(at.path), "/")
	value := s.Value
	for range maxReferenceDepth {
		var err error
		if value, err = x.fill(value, []spot{at}); err != nil {
			return "", err
		}
		after := references(value)
		fresh := false
		for ref := range after {
			fresh = fresh || !before[ref]
		}
		if !fresh {
			break
		}
		before = after
	}
	if s.SkipMultilineEncoding && strings.Contains(value, "\n") {
		return `"` + strings.ReplaceAll(value, "\n", `\n`) + `"`, nil
	}
	return value, nil
}

// lookupCost is what finding a referenced secret costs, in bytes looked at.
const lookupCost = 256

// fill fills in the references of a value at the end of a way of references.
func (x expander) fill(value string, way []spot) (string, error) {
	if err := x.budget.spend(len(value)); err != nil || len(way) > maxReferenceDepth+1 {
		return value, err
	}
	var filled strings.Builder
	rest := 0
	for start, end, ok := nextReference(value, 0); ok; start, end, ok = nextReference(value, end) {
		if err := x.budget.spend(lookupCost); err != nil {
			return "", err
		}
		to, s, ok := x.follow(value[start+len("${"):end-len("}")], way[len(way)-1])
		if !ok {
			continue
		}
		if !slices.Contains(way, to) {
			var err error
			if s.Value, err = x.fill(s.Value, append(slices.Clip(way), to)); err != nil {
				return "", err
			}
		}
		filled.WriteString(value[rest:start])
		filled.WriteString(s.Value)
		rest = end
	}
	filled.WriteString(value[rest:])
	return filled.String(), nil
}

// follow finds what a reference names, from a spot.
func (x expander) follow(name string, from spot) (spot, secret, bool) {
	names := strings.Split(name, ".")
	to := from
	to.key = names[len(names)-1]
	if len(names) > 1 {
		to.environment, to.path = names[0], "/"+strings.Join(segments(strings.Join(names[1:len(names)-1], "/")), "/")
	}
	f, ok := x.p.find(x.c, x.projectID, to.environment, to.path)
	if !ok {
		return to, secret{}, false
	}
	s, ok := x.p.secretByKey.Get(x.c.Tx, key(f.ID, to.key))
	return to, s, ok
}
