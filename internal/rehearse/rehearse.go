package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// DefaultTimeout is how long one act or check may take.
const DefaultTimeout = 10 * time.Second

// waiting is how many cases run at a time that mostly wait.
const waiting = 64

// A Config says what is rehearsed, and how.
type Config struct {
	// Stage makes a case. It is called once for each, from several goroutines.
	Stage func() (*Case, error)

	Only     []journal.Op  // calls that are struck; none: all
	Kinds    []Kind        // of faults; none: all
	Pairs    bool          // a second fault behind the first
	Reruns   int           // how often the acts may be done again before they succeed; 0: once
	Timeout  time.Duration // of an act or a check; 0: DefaultTimeout
	Jobs     int           // cases at a time; 0: twice as many as processors
	Accept   []Acceptance
	Wrap     func(run func())      // runs a whole case in a place of its own; nil: here
	Progress func(done, known int) // is told of every case that has ended
}

// An Acceptance lets cases be broken whose name it matches.
type Acceptance struct {
	Name *regexp.Regexp
	Why  string
}

// runner is one rehearsal.
type runner struct {
	cfg     Config
	settled *settled // nil until the undisturbed runs have ended
	names   map[journal.Op]string

	mu     sync.Mutex
	checks map[string]int // how often each was made
	done   int
	known  int
}

// Run rehearses. What keeps the rehearsal from meaning anything, such as a case
// that fails without a fault, is the report's Problem.
func Run(ctx context.Context, cfg Config) *Report {
	cfg.Reruns = max(cfg.Reruns, 1)
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	cfg.Jobs = cmp.Or(cfg.Jobs, 2*runtime.GOMAXPROCS(0))
	r := &runner{cfg: cfg, names: map[journal.Op]string{}, checks: map[string]int{}}
	report := &Report{}
	if report.Problem = r.facts(report); report.Problem != "" {
		return report
	}
	base, problem := r.undisturbed(ctx)
	if problem != "" {
		report.Problem = problem
		return report
	}
	report.Calls, report.credentials, report.Swallowed = base.Calls, base.known, swallowed(base)

	singles := r.plans(report, nil, base.Calls)
	results := r.all(ctx, singles)
	results = append(results, r.all(ctx, r.unexpected(report, base.Calls, results))...)
	if cfg.Pairs {
		results = append(results, r.all(ctx, r.pairs(report, results))...)
	}
	r.judge(report, results)
	for name, n := range r.checks {
		if n == 0 {
			report.Problem = fmt.Sprintf("the check %q was never made", name)
		}
	}
	if ctx.Err() != nil {
		report.Problem = "it was stopped before its end"
	}
	return report
}

// undisturbed does the acts twice in each of two worlds, which must come to the
// same. It returns the first run.
func (r *runner) undisturbed(ctx context.Context) (*Result, string) {
	first, second := r.alone(ctx, nil), r.alone(ctx, nil)
	for _, res := range []*Result{first, second} {
		switch {
		case res.Verdict == Broken:
			return nil, "without any fault: " + res.Why
		case res.acted != nil:
			return nil, fmt.Sprintf("without any fault, it ends with: %v", res.acted)
		case len(res.Calls) == 0:
			return nil, "no call was made, so there is nothing to rehearse: does the act use this case's server?"
		}
	}
	if differs := difference(first.Calls, second.Calls); differs != "" {
		return nil, "two undisturbed runs differ, so that a fault cannot be aimed at a call: " + differs + "; look for a random name, the order of a map, or the time of day"
	}
	r.settled = &settled{first.after, first.again}
	if grown := r.settled.growth(); grown != "" {
		return nil, "each undisturbed run leaves more live credentials than the one before: " + grown
	}
	return first, ""
}

// alone plays a case where nobody else waits for it.
func (r *runner) alone(ctx context.Context, strikes []Strike) (res *Result) {
	if r.cfg.Wrap == nil {
		return r.play(ctx, strikes)
	}
	// What was made outside a bubble cannot be waited for in it.
	r.cfg.Wrap(func() { res = r.play(context.WithoutCancel(ctx), strikes) })
	return res
}

// all plays cases, as many at a time as may be.
func (r *runner) all(ctx context.Context, plans [][]Strike) []*Result {
	r.mu.Lock()
	r.known += len(plans)
	r.mu.Unlock()
	results := make([]*Result, len(plans))
	busy, idle := make(chan struct{}, r.cfg.Jobs), make(chan struct{}, waiting)
	if r.cfg.Wrap != nil {
		busy, idle = make(chan struct{}, 1), nil // a bubble is made by one goroutine, and waits for nothing
	}
	var group sync.WaitGroup
	for i, plan := range plans {
		places := busy
		if idle != nil && slices.ContainsFunc(plan, func(s Strike) bool { return s.Kind == NoAnswer }) {
			places = idle
		}
		play := func() {
			places <- struct{}{}
			defer func() { <-places }()
			results[i] = r.alone(ctx, plan)
			r.mu.Lock()
			r.done++
			done, known := r.done, r.known
			r.mu.Unlock()
			if r.cfg.Progress != nil {
				r.cfg.Progress(done, known)
			}
		}
		switch {
		case ctx.Err() != nil:
			results[i] = &Result{Name: r.name(plan), Strikes: plan, Verdict: NotReached, Why: "stopped before its turn"}
		case r.cfg.Wrap != nil:
			play()
		default:
			group.Go(play)
		}
	}
	group.Wait()
	return results
}

func (r *runner) checked(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks[name]++
}

// plans returns the cases that strike one of the calls, with what comes before in
// front. What is left out is noted in the report.
func (r *runner) plans(report *Report, before []Strike, calls []Call) [][]Strike {
	var plans [][]Strike
	for _, c := range calls {
		if len(r.cfg.Only) > 0 && !slices.Contains(r.cfg.Only, c.Op) {
			continue
		}
		for _, s := range report.strikes(c) {
			switch {
			case !s.Kind.among(r.cfg.Kinds):
			case len(before) > 0 && s.Kind == NoAnswer && r.cfg.Wrap == nil:
				report.leaveOut("a call without an answer behind another fault, which takes as long as the caller waits: run in a bubble to have it")
			case s.Kind == Expired && s.Jump <= 0:
				report.leaveOut(fmt.Sprintf("%s: %s", r.name([]Strike{s}), expiry(c, report)))
			default:
				plans = append(plans, append(slices.Clip(before), s))
			}
		}
	}
	return plans
}

// unexpected returns cases for the calls that only a fault brought about: each
// behind the first fault that did.
func (r *runner) unexpected(report *Report, base []Call, results []*Result) [][]Strike {
	seen := map[Address]bool{}
	for _, c := range base {
		seen[c.Address] = true
	}
	var plans [][]Strike
	for _, res := range results {
		for _, c := range res.Calls {
			if !seen[c.Address] && res.Verdict != NotReached && report.operation(c.Op) != nil {
				seen[c.Address] = true
				plans = append(plans, r.plans(report, res.Strikes, []Call{c})...)
			}
		}
	}
	return plans
}

// pairs returns cases with a second fault at each call behind the first.
func (r *runner) pairs(report *Report, results []*Result) [][]Strike {
	var plans [][]Strike
	tried := map[string]bool{}
	for _, res := range results {
		tried[res.Name] = true
	}
	for _, res := range results {
		if len(res.Strikes) > 1 || res.Verdict == NotReached || res.Strikes[0].Kind == NoAnswer && r.cfg.Wrap == nil {
			continue
		}
		at := slices.IndexFunc(res.Calls, func(c Call) bool { return c.Address == res.Strikes[0].Address })
		for _, plan := range r.plans(report, res.Strikes, res.Calls[at+1:]) {
			if !tried[r.name(plan)] {
				plans = append(plans, plan)
			}
		}
	}
	return plans
}

// judge puts results into the report.
func (r *runner) judge(report *Report, results []*Result) {
	for _, res := range results {
		for _, a := range r.cfg.Accept {
			if res.Verdict == Broken && a.Name.MatchString(res.Name) {
				res.Verdict, res.Accepted = Accepted, a.Why
			}
		}
		if res.Verdict == Broken {
			res.Evidence = report.evidence(res)
		} else {
			res.Calls, res.Rerun = nil, nil // nobody asks, and there are many
		}
		report.Cases = append(report.Cases, res)
	}
}

// name is what a case is called: stable from run to run, without a slash, which
// would part it for go test -run.
func (r *runner) name(strikes []Strike) string {
	if len(strikes) == 0 {
		return "undisturbed"
	}
	var names []string
	for _, s := range strikes {
		names = append(names, fmt.Sprintf("%s#%d:%s", r.operationName(s.Op), s.Nth, s.Kind))
	}
	return strings.Join(names, ",")
}

func (r *runner) operationName(op journal.Op) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return cmp.Or(r.names[op], string(op))
}

// facts looks up what the documents say of the operations of a world. It comes
// first, so that no act has to wait for it.
func (r *runner) facts(report *Report) string {
	c, err := r.cfg.Stage()
	if err != nil {
		return fmt.Sprintf("the case cannot be set up: %v", err)
	}
	defer c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	instances := c.World.Instances()
	report.operations = map[journal.Op]*gate.Operation{}
	for _, in := range instances {
		contract, err := in.Contract()
		if err != nil {
			return err.Error()
		}
		for _, op := range contract.Operations {
			name := op.ID
			if len(instances) > 1 {
				name = in.Name() + "." + name
			}
			full := kernel.ResolveOp(in.Name(), op.Line())
			report.operations[full] = op
			r.names[full] = name
		}
	}
	for _, step := range slices.Concat(c.Always, c.InTheEnd) {
		r.checks[step.Name] += 0
	}
	return ""
}
