package rehearse

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Verdict says what became of a case.
type Verdict string

// The verdicts.
const (
	Held       Verdict = "held"        // the act went through in spite of the fault
	Recovered  Verdict = "recovered"   // the act failed, and did its work when it was done again
	Broken     Verdict = "broken"      // a check failed
	NotReached Verdict = "not reached" // the call that was to be struck was not made
	Accepted   Verdict = "accepted"    // broken, and somebody said why that is well
)

// A Result is what became of one case.
type Result struct {
	Name     string
	Strikes  []Strike
	Verdict  Verdict
	Why      string // what failed
	Accepted string // why that is well
	Calls    []Call // of the acts that were struck; kept for what is broken
	Rerun    []Call // of the acts done again
	Checked  []Call // of the check that failed
	Evidence []string

	acted        error // how the struck acts ended
	known        []kernel.Credential
	after, again credentials
	reordered    []string
}

func (res *Result) broken(format string, args ...any) *Result {
	res.Verdict, res.Why = Broken, fmt.Sprintf(format, args...)
	return res
}

// forget lets go of what nobody asks for once the result is well and cases that follow
// from it are planned.
func (res *Result) forget() {
	res.Calls, res.Rerun, res.Checked, res.known, res.after, res.again = nil, nil, nil, nil, nil, nil
}

func (res *Result) failed(f failure, when string) *Result {
	res.Checked = f.calls
	return res.broken("%s%s", f.check, when)
}

func (res *Result) notReached(missed []Strike) *Result {
	res.Verdict, res.Why = NotReached, "the call was not made: "+describe(missed)
	return res
}

// A Report is the outcome of a rehearsal.
type Report struct {
	Problem   string // what keeps it from meaning anything; "" for nothing
	Calls     []Call // of an undisturbed run
	Cases     []*Result
	Swallowed []string // refusals that the undisturbed act went on from
	Reordered []string // calls that changed places from one undisturbed run to the other
	LeftOut   []string // what was not tried, and why
	Failed    *Result  // the undisturbed run that is the Problem, if one is

	operations map[journal.Op]*gate.Operation
}

// OK reports whether nothing is broken.
func (r *Report) OK() bool { return r.Problem == "" && r.Count(Broken) == 0 }

// Count returns how many cases have a verdict.
func (r *Report) Count(v Verdict) int {
	n := 0
	for _, res := range r.Cases {
		if res.Verdict == v {
			n++
		}
	}
	return n
}

func (r *Report) leaveOut(why string) {
	if !slices.Contains(r.LeftOut, why) {
		r.LeftOut = append(r.LeftOut, why)
	}
}

// operation is what the document says of an operation, nil when there is none.
func (r *Report) operation(op journal.Op) *gate.Operation {
	operation := r.operations[op]
	if operation == nil || operation.Load() != nil {
		return nil
	}
	return operation
}

// strikes returns all that can go wrong with a call. Known are the credentials of its
// world.
func (r *Report) strikes(c Call, known []kernel.Credential) []Strike {
	op := r.operation(c.Op)
	if op == nil {
		r.leaveOut(fmt.Sprintf("%s %s: no operation of the provider, so it has no faults", c.Entry.Request.Method, path(c.Entry.Request.URL)))
		return nil
	}
	var strikes []Strike
	for _, status := range op.Refusals() {
		if kind := Kind(fmt.Sprint(status)); kind.status() != 0 {
			strikes = append(strikes, Strike{Address: c.Address, Kind: kind})
		}
	}
	for _, kind := range lasting {
		s := Strike{Address: c.Address, Kind: kind}
		if kind == Expired {
			s.Jump = jump(c, known)
		}
		strikes = append(strikes, s)
	}
	return strikes
}

// past is how far behind an expiry the clock jumps.
const past = time.Second

// jump returns how far the clock has to go for the credential of a call to have
// expired, 0 when none does.
func jump(c Call, known []kernel.Credential) time.Duration {
	credential, ok := credentialOf(c, known)
	if !ok || credential.Expires.IsZero() {
		return 0
	}
	return credential.Expires.Sub(c.Entry.Time) + past
}

func credentialOf(c Call, known []kernel.Credential) (kernel.Credential, bool) {
	i := slices.IndexFunc(known, func(k kernel.Credential) bool {
		return c.Entry.Credential != "" && k.Provider == c.Entry.Provider && k.ID == c.Entry.Credential
	})
	if i < 0 {
		return kernel.Credential{}, false
	}
	return known[i], true
}

// expiry says why the credential of a call cannot expire.
func expiry(c Call, known []kernel.Credential) string {
	switch credential, ok := credentialOf(c, known); {
	case c.Entry.Credential == "":
		return "the call is made without a credential"
	case !ok:
		return "the call's credential is not in the inventory"
	default:
		return fmt.Sprintf("the call's credential, %s %s, does not expire", credential.Kind, credential.ID)
	}
}

// swallowed lists the refusals that an act met and did not tell of.
func swallowed(res *Result) []string {
	if res.acted != nil {
		return nil
	}
	var refusals []string
	for _, c := range res.Calls {
		if c.Entry.Response.Status >= http.StatusBadRequest && c.Entry.Fault == "" {
			refusals = append(refusals, fmt.Sprintf("%s, %d: %s", brief(c), c.Nth, c.Entry.Reason))
		}
	}
	return refusals
}

// evidence tells on what rests what a broken case met: the answers of the struck
// calls, and the refusals.
func (r *Report) evidence(res *Result) []string {
	var lines []string
	for _, c := range slices.Concat(res.Calls, res.Rerun, res.Checked) {
		op := r.operation(c.Op)
		if op == nil {
			continue
		}
		status := c.Entry.Response.Status
		if c.Entry.Outcome != nil {
			status = c.Entry.Outcome.Status
		}
		if c.Entry.Fault == "" && status < http.StatusBadRequest {
			continue
		}
		mark, marked := op.Evidence[status]
		line := fmt.Sprintf("%s answers %d (%s): %s", c.Op, status, mark, op.Page)
		switch {
		case status == 0: // it was lost before anything happened
			line = fmt.Sprintf("%s: any connection may be lost: %s", c.Op, op.Page)
		case !marked:
			line = fmt.Sprintf("%s answers %d, as any call may: %s", c.Op, status, op.Page)
		}
		if c.Entry.Differs != "" {
			line += "; SUPPORTED.md has the row " + c.Entry.Differs
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// path is a URL without its query, which may hold a secret.
func path(url string) string {
	path, _, _ := strings.Cut(url, "?")
	return path
}

// describe names strikes.
func describe(strikes []Strike) string {
	var all []string
	for _, s := range strikes {
		all = append(all, fmt.Sprintf("%s, %d", s.Op, s.Nth))
	}
	return strings.Join(all, "; ")
}

// Outcome says in a few words what came of a call.
func (c Call) Outcome() string {
	e := c.Entry
	var words []string
	switch {
	case e.Fault == "":
		words = append(words, fmt.Sprint(e.Response.Status))
	case e.Outcome == nil && e.Response.Status != 0 && !strings.HasSuffix(e.Fault, fmt.Sprint(e.Response.Status)):
		words = append(words, fmt.Sprintf("%s; %d", e.Fault, e.Response.Status))
	default:
		words = append(words, e.Fault)
	}
	for _, change := range e.Changes {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %s", change.Change, change.Table, change.ID)))
	}
	if e.Reason != "" && e.Fault == "" {
		words = append(words, "because "+e.Reason)
	}
	return strings.Join(words, ", ")
}
