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
	// Hits counts the calls it has hit so far.
	Hits int

	skipped int
}

// A Set holds the faults of one world. It is safe for concurrent use.
type Set struct {
	check func(journal.Op, Fault) error

	mu     sync.Mutex
	rules  []*Rule
	nextID int
	armed  atomic.Int32 // the number of rules, read without the lock on every call
}

// NewSet returns an empty set; check refuses faults that the operation's
// document does not allow.
func NewSet(check func(journal.Op, Fault) error) *Set { return &Set{check: check} }

// Next makes the next calls of op fail, one fault per call in the given order,
// behind the faults that already wait. It panics when the operation is not
// served or a fault is not allowed for it: a test that asks for the impossible
// should not pass by not happening.
func (s *Set) Next(op journal.Op, faults ...Fault) {
	for _, f := range faults {
		if _, err := s.Add(op, f, false); err != nil {
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
	if err := f.validate(); err != nil {
		return Rule{}, err
	}
	if err := s.check(op, f); err != nil {
		return Rule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	r := &Rule{ID: fmt.Sprintf("fault-%d", s.nextID), Op: op, Fault: f, Always: always}
	s.rules = append(s.rules, r)
	s.armed.Store(int32(len(s.rules)))
	return *r, nil
}

// Clear removes every fault.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	s.armed.Store(0)
}

// Remove removes one fault and reports whether it was there.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *Rule) bool { return r.ID == id })
	s.armed.Store(int32(len(s.rules)))
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
	if s.armed.Load() == 0 {
		return Fault{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Only the first waiting fault of Next counts a call, whether it skips or
	// hits it, so that "one per call, in order" holds.
	for _, always := range []bool{false, true} {
		for i, r := range s.rules {
			if r.Op != op || r.Always != always {
				continue
			}
			if r.skipped < r.Fault.Spec.Skip {
				r.skipped++
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
				s.armed.Store(int32(len(s.rules)))
			}
			return r.Fault, true
		}
	}
	return Fault{}, false
}
