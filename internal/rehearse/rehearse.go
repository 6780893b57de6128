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
	Wrap     func(run func()) // runs a whole case in a place of its own; nil: here
	Progress func(Progress)   // is told of every case that has ended; one call at a time
}

// Progress is how far a rehearsal is.
type Progress struct {
	Done, Known int // cases; more are known once the calls that only a fault brought about are
	Waiting     int // cases that get no answer at some call, and have not ended
}

// An Acceptance lets cases be broken whose name it matches.
type Acceptance struct {
	Name *regexp.Regexp
	Why  string
}

// runner is one rehearsal.
type runner struct {
	cfg        Config
	settled    *settled // nil until the undisturbed runs have ended
	operations map[journal.Op]*gate.Operation
	several    bool // whether the world has several providers

	mu       sync.Mutex
	checks   map[string]int // how often each was made
	progress Progress
}

// Run rehearses. What keeps the rehearsal from meaning anything, such as a case
// that fails without a fault, is the report's Problem.
func Run(ctx context.Context, cfg Config) *Report {
	cfg.Reruns = max(cfg.Reruns, 1)
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	cfg.Jobs = cmp.Or(cfg.Jobs, 2*runtime.GOMAXPROCS(0))
	r := &runner{cfg: cfg, operations: map[journal.Op]*gate.Operation{}, checks: map[string]int{}}
	report := &Report{operations: r.operations}
	if report.Problem = r.facts(); report.Problem != "" {
		return report
	}
	base, problem := r.undisturbed(ctx)
	if problem != "" {
		report.Problem = problem
		if base != nil {
			base.Evidence = report.evidence(base)
			report.Failed = base
		}
		return report
	}
	report.Calls, report.Swallowed, report.Reordered = base.Calls, swallowed(base), base.reordered

	singles := r.plans(report, nil, base.Calls, base.known)
	if len(singles) == 0 {
		report.Problem = "no call is struck: of the calls that are made, none is of the operations and for the kinds asked for"
		return report
	}
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
// same. It returns the first run, or the one that has a problem.
func (r *runner) undisturbed(ctx context.Context) (*Result, string) {
	first, second := r.alone(ctx, nil), r.alone(ctx, nil)
	for _, res := range []*Result{first, second} {
		switch {
		case res.acted != nil:
			return res, fmt.Sprintf("without any fault, it ends with: %v", res.acted)
		case res.Verdict == Broken:
			return res, "without any fault: " + res.Why
		case len(res.Calls) == 0:
			return nil, "no call was made, so there is nothing to rehearse: does the act use this case's server?"
		}
	}
	differs, reordered := difference(first.Calls, second.Calls)
	if differs != "" {
		return nil, "two undisturbed runs differ, so that a fault cannot be aimed at a call: " + differs + "; look for a random name, the order of a map, or the time of day"
	}
	first.reordered = reordered
	r.settled = &settled{first.after, first.again}
	if grown := r.settled.growth(); grown != "" {
		return nil, "each undisturbed run leaves more live credentials than the one before: " + grown + "; what a rotation replaces it has to end"
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
	r.progress.Known += len(plans)
	for _, plan := range plans {
		if waits(plan) {
			r.progress.Waiting++
		}
	}
	r.mu.Unlock()
	results := make([]*Result, len(plans))
	busy, idle := make(chan struct{}, r.cfg.Jobs), make(chan struct{}, waiting)
	if r.cfg.Wrap != nil {
		busy, idle = make(chan struct{}, 1), nil // a bubble is made by one goroutine, and waits for nothing
	}
	var group sync.WaitGroup
	for i, plan := range plans {
		places := busy
		if idle != nil && waits(plan) {
			places = idle
		}
		play := func() {
			places <- struct{}{}
			defer func() { <-places }()
			results[i] = r.alone(ctx, plan)
			if len(plan) > 1 && results[i].Verdict != Broken {
				results[i].forget() // there are thousands, and nothing is planned by them
			}
			r.ended(plan)
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

// waits reports whether a case gets no answer at some call.
func waits(plan []Strike) bool {
	return slices.ContainsFunc(plan, func(s Strike) bool { return s.Kind == NoAnswer })
}

// ended counts a case that has.
func (r *runner) ended(plan []Strike) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.progress.Done++; waits(plan) {
		r.progress.Waiting--
	}
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.progress)
	}
}

func (r *runner) checked(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks[name]++
}

// plans returns the cases that strike one of the calls, with what comes before in
// front. What is left out is noted in the report.
func (r *runner) plans(report *Report, before []Strike, calls []Call, known []kernel.Credential) [][]Strike {
	var plans [][]Strike
	for _, c := range calls {
		if len(r.cfg.Only) > 0 && !slices.Contains(r.cfg.Only, c.Op) {
			continue
		}
		for _, s := range report.strikes(c, known) {
			switch {
			case !s.Kind.among(r.cfg.Kinds):
			case len(before) > 0 && s.Kind == NoAnswer && r.cfg.Wrap == nil:
				report.leaveOut("a call without an answer behind another fault, which takes as long as the caller waits: run in a bubble to have it")
			case s.Kind == Expired && s.Jump <= 0:
				report.leaveOut(fmt.Sprintf("%s: %s", r.name([]Strike{s}), expiry(c, known)))
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
				plans = append(plans, r.plans(report, res.Strikes, []Call{c}, res.known)...)
			}
		}
	}
	return plans
}

// pairs returns cases with a second fault at each call behind the first: of the same
// run, and of the one that has to make up for it.
func (r *runner) pairs(report *Report, results []*Result) [][]Strike {
	var plans [][]Strike
	tried := map[string]bool{}
	for _, res := range results {
		tried[res.Name] = true
	}
	for _, res := range results {
		switch {
		case len(res.Strikes) > 1 || res.Verdict == NotReached:
			continue
		case res.Verdict == Broken:
			report.leaveOut("a second fault behind what is broken by one")
			continue
		case res.Strikes[0].Kind == NoAnswer && r.cfg.Wrap == nil:
			report.leaveOut("a fault behind a call without an answer, which takes as long as the caller waits: run in a bubble to have it")
			continue
		}
		at := slices.IndexFunc(res.Calls, func(c Call) bool { return c.Address == res.Strikes[0].Address })
		for _, plan := range r.plans(report, res.Strikes, slices.Concat(res.Calls[at+1:], res.Rerun), res.known) {
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
			res.forget()
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

// operationName is an operation's id in the provider's document, with the provider in
// front where there are several.
func (r *runner) operationName(op journal.Op) string {
	operation := r.operations[op]
	if operation == nil || operation.Load() != nil || operation.ID == "" {
		return strings.ReplaceAll(string(op), "/", "|")
	}
	if !r.several {
		return operation.ID
	}
	provider, _ := kernel.SplitOp(op)
	return provider + "." + operation.ID
}

// facts looks up the operations of a world, and the checks of a case.
func (r *runner) facts() string {
	c, err := r.cfg.Stage()
	if err != nil {
		return fmt.Sprintf("the case cannot be set up: %v", err)
	}
	defer c.Close()
	instances := c.World.Instances()
	r.several = len(instances) > 1
	for _, in := range instances {
		index, err := in.Index()
		if err != nil {
			return err.Error()
		}
		for _, op := range index.Operations {
			r.operations[kernel.ResolveOp(in.Name(), op.Line())] = op
		}
	}
	for _, step := range slices.Concat(c.Always, c.InTheEnd) {
		r.checks[step.Name] += 0
	}
	return ""
}
