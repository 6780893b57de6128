package fault

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/understudy-dev/understudy/emulator/journal"
)

// A Rule is a fault that waits for its operation.
type Rule struct {
	ID     string
	Op     journal.Op
	Fault  Fault
	Always bool
	// Hits and Skipped count the calls it has hit and let pass so far.
	Hits, Skipped int

	expected bool // by Next
}

// A Set holds the faults of one world. It is safe for concurrent use.
type Set struct {
	check func(journal.Op, Fault) error

	mu     sync.Mutex
	rules  []*Rule
	nextID int
	dead   bool          // since a fault Die was taken
	died   chan struct{} // closed then
	armed  atomic.Bool   // whether there is a rule or dead, read without the lock on every call
}

// NewSet returns an empty set; check refuses faults that the operation's
// document does not allow.
func NewSet(check func(journal.Op, Fault) error) *Set {
	return &Set{check: check, died: make(chan struct{})}
}

// Next makes the next calls of op fail, one fault per call in the given order,
// behind the faults that already wait. A test of NewTest fails when none of its
// calls has met a fault in the end. Next panics when the operation is not
// served or a fault is not allowed for it: a test that asks for the impossible
// should not pass by not happening.
func (s *Set) Next(op journal.Op, faults ...Fault) {
	for _, f := range faults {
		if _, err := s.add(Rule{Op: op, Fault: f, expected: true}); err != nil {
			panic("fault: " + err.Error())
		}
	}
}

// Always makes every call of op fail that no fault of Next is waiting for. It
// panics like Next.
func (s *Set) Always(op journal.Op, f Fault) {
	if _, err := s.Add(op, f, true); err != nil {
		panic("fault: " + err.Error())
	}
}

// Add is Next for one fault, or Always, with an error instead of a panic.
func (s *Set) Add(op journal.Op, f Fault, always bool) (Rule, error) {
	return s.add(Rule{Op: op, Fault: f, Always: always})
}

func (s *Set) add(r Rule) (Rule, error) {
	if err := r.Fault.validate(); err != nil {
		return Rule{}, err
	}
	if err := s.check(r.Op, r.Fault); err != nil {
		return Rule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	r.ID = fmt.Sprintf("fault-%d", s.nextID)
	s.rules = append(s.rules, &r)
	s.arm()
	return r, nil
}

// arm is called with the lock held, after whatever matters to Take.
func (s *Set) arm() { s.armed.Store(s.dead || len(s.rules) > 0) }

// Revive ends what a fault Die began.
func (s *Set) Revive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		s.dead, s.died = false, make(chan struct{})
	}
	s.arm()
}

// Died returns a channel that is closed when a fault Die strikes, and stays closed
// until Revive.
func (s *Set) Died() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.died
}

// Unused lists the faults of Next that wait and that no call has met. Those that
// another program asked for by Add are not among them.
func (s *Set) Unused() []Rule {
	return slices.DeleteFunc(s.List(), func(r Rule) bool { return !r.expected || r.Hits > 0 })
}

// Clear removes every fault that waits.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	s.arm()
}

// Remove removes one fault and reports whether it was there.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *Rule) bool { return r.ID == id })
	s.arm()
	return len(s.rules) < before
}

// List returns the faults that wait, in order.
func (s *Set) List() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	rules := make([]Rule, len(s.rules))
	for i, r := range s.rules {
		rules[i] = *r
	}
	return rules
}

// Take returns the fault that the present call of op meets, if any, and counts
// it. The server calls it once for each call.
func (s *Set) Take(op journal.Op) (Fault, bool) {
	if !s.armed.Load() {
		return Fault{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.arm()
	if s.dead {
		return Fault{Spec: Spec{Die: true}, dead: true}, true
	}
	// Only the first waiting fault of Next counts a call, whether it skips or
	// hits it, so that "one per call, in order" holds.
	for _, always := range []bool{false, true} {
		for i, r := range s.rules {
			if r.Op != op || r.Always != always {
				continue
			}
			if r.Skipped < r.Fault.Spec.Skip {
				r.Skipped++
				if always {
					continue
				}
				break
			}
			r.Hits++
			times := max(r.Fault.Spec.Times, 1)
			if r.Always {
				times = r.Fault.Spec.Times
			}
			if times != 0 && r.Hits >= times {
				s.rules = slices.Delete(s.rules, i, i+1)
			}
			if r.Fault.Spec.Die {
				s.dead = true
				close(s.died)
			}
			return r.Fault, true
		}
	}
	return Fault{}, false
}
