package rehearse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Call is one call of an act.
type Call struct {
	Address
	Entry journal.Entry
}

// play runs one case: the acts with the strikes, then again without until they
// succeed, with the checks behind each. A second strike may wait for a call of the
// acts done again.
func (r *runner) play(ctx context.Context, strikes []Strike) *Result {
	res := &Result{Name: r.name(strikes), Strikes: strikes}
	c, err := r.cfg.Stage()
	if err != nil {
		return res.broken("the case cannot be set up: %v", err)
	}
	defer c.Close()

	nth := map[journal.Op]int{}
	struck := r.pass(ctx, c, strikes, nth)
	res.Calls, res.acted = struck.calls, struck.err
	res.known = c.World.Inventory()
	res.after = holdings(res.known)
	if len(strikes) > 0 && slices.Contains(struck.missed, strikes[0]) {
		return res.notReached(strikes[:1])
	}
	if struck.failed.check != "" {
		return res.failed(struck.failed, "")
	}

	again := passed{missed: struck.missed}
	for left := r.cfg.Reruns; left > 0; {
		waiting := again.missed
		again = r.pass(ctx, c, waiting, nth)
		res.Rerun = append(res.Rerun, again.calls...)
		hit := len(again.missed) < len(waiting)
		switch {
		case again.failed.check != "" && hit:
			return res.failed(again.failed, ", done again with the second fault")
		case again.failed.check != "":
			return res.failed(again.failed, ", done again without a fault")
		case hit: // it has to be done once more
			continue
		}
		if again.err == nil {
			break
		}
		left--
	}
	if again.err != nil {
		return res.broken("it does not converge: done again without a fault, it ends with: %v", again.err)
	}
	if len(again.missed) > 0 {
		return res.notReached(again.missed)
	}
	if failed := r.check(ctx, c, c.InTheEnd); failed.check != "" {
		return res.failed(failed, ", in the end")
	}
	inventory := c.World.Inventory()
	res.known = append(res.known, inventory...) // what the first run left may be gone by now
	res.again = holdings(inventory)
	if r.settled != nil {
		if orphans := r.settled.orphans(res.again); len(orphans) > 0 {
			return res.broken("%s", adopt(c.World.Journal, orphans))
		}
	}
	if complaints := c.Complaints(); len(complaints) > 0 {
		return res.broken("the emulator complains: %s", strings.Join(complaints, "; "))
	}
	res.Verdict = Held
	if struck.err != nil {
		res.Verdict = Recovered
	}
	return res
}

// passed is what came of doing the acts once.
type passed struct {
	calls  []Call
	err    error    // of the act that ended it
	failed failure  // the check that did
	missed []Strike // that hit nothing
}

// A failure is a check that does not hold.
type failure struct {
	check string // what is said of it; "" when all hold
	calls []Call // that it made
}

// pass does the acts in order until one fails. Calls are numbered from what nth says
// on, which is counted up.
func (r *runner) pass(ctx context.Context, c *Case, strikes []Strike, nth map[journal.Op]int) (p passed) {
	p.missed = strikes
	for _, act := range c.Acts {
		mark := c.World.Journal.Last().Seq
		armed := arm(c.World, p.missed, nth)
		p.err = c.do(ctx, r.cfg.Timeout, act)
		p.missed = disarm(c.World, armed)
		c.World.Faults.Revive()
		p.calls = append(p.calls, number(c.World.Journal.Since(mark), nth)...)
		if errors.Is(p.err, errNoReturn) {
			p.failed.check = fmt.Sprintf("%s: %v", act.Name, p.err)
			return p
		}
		if p.failed = r.check(ctx, c, c.Always); p.failed.check != "" {
			p.failed.check += ", after " + act.Name
			return p
		}
		if p.err != nil {
			return p
		}
	}
	return p
}

// number returns the calls of entries. Those of an operation are counted in the
// order in which they came, from the given numbers on.
func number(entries []journal.Entry, from map[journal.Op]int) []Call {
	came := map[journal.Op][]int{}
	for _, e := range entries {
		came[e.Operation] = append(came[e.Operation], e.Nth)
	}
	calls := make([]Call, len(entries))
	for i, e := range entries {
		slices.Sort(came[e.Operation])
		calls[i] = Call{Address{e.Operation, from[e.Operation] + 1 + slices.Index(came[e.Operation], e.Nth)}, e}
	}
	for op, all := range came {
		from[op] += len(all)
	}
	return calls
}

// check makes checks and returns which of them fails, and how.
func (r *runner) check(ctx context.Context, c *Case, checks []Step) failure {
	for _, check := range checks {
		r.checked(check.Name)
		mark := c.World.Journal.Last().Seq
		if err := c.do(ctx, r.cfg.Timeout, check); err != nil {
			return failure{fmt.Sprintf("%q does not hold: %v", check.Name, err), number(c.World.Journal.Since(mark), map[journal.Op]int{})}
		}
	}
	return failure{}
}

// An aim is a strike whose fault waits in a world.
type aim struct {
	strike Strike
	id     string
}

// arm lets the faults of strikes wait for their calls, of which nth have been
// made already.
func arm(w *kernel.World, strikes []Strike, nth map[journal.Op]int) []aim {
	spent := map[journal.Op]int{}
	for op, n := range nth {
		spent[op] = n
	}
	var armed []aim
	ordered := slices.Clone(strikes)
	slices.SortStableFunc(ordered, func(a, b Strike) int { return cmp.Compare(a.Nth, b.Nth) })
	for _, s := range ordered {
		skip := s.Nth - 1 - spent[s.Op]
		if skip < 0 {
			continue // its call has gone by
		}
		rule, err := w.Faults.Add(s.Op, s.fault().Skip(skip), false)
		if err != nil {
			panic(fmt.Sprintf("rehearse: %v", err)) // strikes are made of what the document allows
		}
		spent[s.Op] = s.Nth
		armed = append(armed, aim{s, rule.ID})
	}
	return armed
}

// disarm takes the faults back that hit nothing, and returns their strikes.
func disarm(w *kernel.World, armed []aim) (missed []Strike) {
	for _, a := range armed {
		if w.Faults.Remove(a.id) {
			missed = append(missed, a.strike)
		}
	}
	return missed
}
