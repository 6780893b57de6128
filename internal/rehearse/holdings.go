package rehearse

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A holding is what one owner has of one kind of credential.
type holding struct{ provider, kind, owner, id string }

func (h holding) String() string { return fmt.Sprintf("%s %s (%s)", h.owner, h.id, h.kind) }

// credentials are those that work, by who has them. What an exchange or a sign-in
// gave out is left out: it ends by itself, and every log-in makes more. So is what is
// revoked already.
type credentials map[holding][]kernel.Credential

func holdings(inventory []kernel.Credential) credentials {
	live := credentials{}
	for _, c := range inventory {
		if c.Live && !c.Exchanged && !c.Going {
			h := holding{c.Provider, c.Kind, c.Owner.Kind, c.Owner.ID}
			live[h] = append(live[h], c)
		}
	}
	return live
}

// settled is what the two undisturbed runs left.
type settled struct{ first, second credentials }

// growth tells what the second of them left more of than the first.
func (s settled) growth() string {
	var grown []string
	for h, list := range s.second {
		if before := len(s.first[h]); len(list) > before {
			grown = append(grown, fmt.Sprintf("%s: %d live, then %d", h, before, len(list)))
		}
	}
	slices.Sort(grown)
	return strings.Join(grown, "; ")
}

// orphans returns of every holding that is larger than it ever was undisturbed
// what is too much: the youngest that were not there after the first run.
func (s settled) orphans(now credentials) []kernel.Credential {
	var orphans []kernel.Credential
	for _, h := range slices.SortedFunc(maps.Keys(now), func(a, b holding) int { return strings.Compare(a.String(), b.String()) }) {
		if usual := max(len(s.first[h]), len(s.second[h])); len(now[h]) > usual {
			orphans = append(orphans, now[h]...)
		}
	}
	return orphans
}

// adopt names orphans by the calls that made them, those first whose answer a
// fault kept from the caller.
func adopt(j *journal.Journal, holders []kernel.Credential) string {
	var lost, others []string
	for _, c := range holders {
		what := fmt.Sprintf("%s %s of %s %s", c.Kind, c.ID, c.Owner.Kind, c.Owner.ID)
		e, ok := j.Get(c.Entry)
		switch {
		case !ok:
			others = append(others, what+" (there from the start)")
		case e.Fault != "":
			lost = append(lost, fmt.Sprintf("%s, made by call %d, %s, whose answer was lost (%s)", what, e.Seq, e.Operation, e.Fault))
		default:
			others = append(others, fmt.Sprintf("%s, made by call %d, %s", what, e.Seq, e.Operation))
		}
	}
	if len(lost) > 0 {
		return "a live credential is left over: " + strings.Join(lost, "; ")
	}
	return "there are more live credentials than after an undisturbed run: " + strings.Join(others, "; ")
}
