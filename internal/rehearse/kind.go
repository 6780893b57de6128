package rehearse

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/journal"
)

// A Kind is a way in which one call goes wrong: a status, such as "503", or one
// of the constants.
type Kind string

// The kinds that are no status.
const (
	Lost       Kind = "lost"        // the connection is lost, and nothing has happened
	AnswerLost Kind = "answer-lost" // it has happened, and nobody hears of it
	Cut        Kind = "cut"         // it has happened, and half the answer arrives
	NoAnswer   Kind = "no-answer"   // nothing happens until the caller gives up
	DiesBefore Kind = "dies-before" // the caller's process ends before the call
	DiesAfter  Kind = "dies-after"  // the caller's process ends after the change
	Expired    Kind = "expired"     // the credential of the call expires just before it
)

// Groups of kinds, as a selection names them.
const (
	Statuses Kind = "status" // every documented 429 and 5xx
	Dies     Kind = "dies"   // DiesBefore and DiesAfter
)

// lasting are the kinds beside the statuses, in the order of a report's columns.
var lasting = []Kind{Lost, AnswerLost, Cut, NoAnswer, DiesBefore, DiesAfter, Expired}

// ParseKind reads the name of a kind or of a group.
func ParseKind(name string) (Kind, error) {
	k := Kind(name)
	if k == Statuses || k == Dies || slices.Contains(lasting, k) || k.status() != 0 {
		return k, nil
	}
	names := []string{string(Statuses), "429", "500", string(Dies)}
	for _, k := range lasting {
		names = append(names, string(k))
	}
	return "", fmt.Errorf("%q is no kind of fault; there are %s", name, strings.Join(names, ", "))
}

// status is the status that a kind answers with, 0 for the others.
func (k Kind) status() int {
	n, err := strconv.Atoi(string(k))
	if err != nil || n != http.StatusTooManyRequests && (n < 500 || n > 599) {
		return 0
	}
	return n
}

// among reports whether a selection has the kind; an empty one has all.
func (k Kind) among(selected []Kind) bool {
	return len(selected) == 0 || slices.ContainsFunc(selected, func(s Kind) bool {
		return s == k || s == Statuses && k.status() != 0 || s == Dies && (k == DiesBefore || k == DiesAfter)
	})
}

// About says in a few words what the kind does to a call.
func (k Kind) About() string {
	switch k {
	case Lost:
		return "the connection is lost before anything happens"
	case AnswerLost:
		return "the call is carried out and its answer is lost"
	case Cut:
		return "the call is carried out and half its answer arrives"
	case NoAnswer:
		return "no answer until the caller gives up"
	case DiesBefore:
		return "the caller dies before the call"
	case DiesAfter:
		return "the call is carried out and the caller dies"
	case Expired:
		return "the credential of the call expires just before it"
	}
	return "the answer is " + string(k)
}

// forever is longer than any caller waits.
const forever = 24 * time.Hour

// An Address names one call of the acts: the nth of its operation, from 1.
type Address struct {
	Op  journal.Op `json:"operation"`
	Nth int        `json:"nth"`
}

// A Strike is a fault aimed at a call.
type Strike struct {
	Address
	Kind Kind          `json:"kind"`
	Jump time.Duration `json:"-"` // how far the clock jumps, for Expired
}

// fault returns what makes the strike happen.
func (s Strike) fault() fault.Fault {
	switch s.Kind {
	case Lost:
		return fault.Drop()
	case AnswerLost:
		return fault.Drop().After()
	case Cut:
		return fault.Truncate()
	case NoAnswer:
		return fault.Delay(forever)
	case DiesBefore:
		return fault.Die()
	case DiesAfter:
		return fault.Die().After()
	case Expired:
		return fault.Advance(s.Jump)
	}
	return fault.Status(s.Kind.status())
}
