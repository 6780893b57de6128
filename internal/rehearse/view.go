package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/emulator/journal"
)

// A View is a report as every format shows it: the calls of the undisturbed run
// with what came of each kind of fault, and what there is to say of the cases
// that are not well.
type View struct {
	Title    string   `json:"title"`
	Problem  string   `json:"problem,omitempty"`
	Counts   []Count  `json:"counts"`
	Kinds    []Kind   `json:"kinds"`
	Rows     []Row    `json:"calls"`
	Others   []Brief  `json:"others"` // cases of calls that are not in the rows, and of pairs
	Broken   []Detail `json:"broken"` // at most maxDetails
	More     []Brief  `json:"more"`   // what else is broken
	Accepted []Brief  `json:"accepted"`

	Swallowed []string `json:"swallowed"`
	Reordered []string `json:"reordered"`
	LeftOut   []string `json:"leftOut"`
}

// A Count is how many cases have a verdict.
type Count struct {
	Verdict Verdict `json:"verdict"`
	Cases   int     `json:"cases"`
}

// A Row is one call of the undisturbed run.
type Row struct {
	Number    int        `json:"number"`
	Operation journal.Op `json:"operation"`
	Nth       int        `json:"nth"`
	Outcome   string     `json:"outcome"`
	Verdicts  []Verdict  `json:"verdicts"` // by kind; "" where it was not tried
}

// A Brief is a case in a line.
type Brief struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`
	// Accepted is why that is well.
	Accepted string `json:"accepted,omitempty"`
}

// maxDetails is how many broken cases are told in full: a mistake breaks many, and the
// first ones show it.
const maxDetails = 50

// A Detail is all that is known of a broken case.
type Detail struct {
	Name     string   `json:"name"`
	Faults   []string `json:"faults"`
	Why      string   `json:"why"`
	Acted    string   `json:"acted"` // how the struck act ended
	Calls    []Line   `json:"calls"`
	Rerun    []Line   `json:"rerun"`
	Checked  []Line   `json:"checked"` // by the check that failed
	Evidence []string `json:"evidence"`
	Repeat   string   `json:"repeat,omitempty"`
}

// A Line is a call of a broken case.
type Line struct {
	Entry     uint64     `json:"entry"`
	Operation journal.Op `json:"operation"`
	Nth       int        `json:"nth"`
	Outcome   string     `json:"outcome"`
	Struck    bool       `json:"struck"`
}

// View returns the report for showing. Repeat says how a case is run alone; it
// may be nil.
func (r *Report) View(title string, repeat func(*Result) string) View {
	v := View{
		Title: title, Problem: r.Problem, Kinds: r.kinds(),
		Rows: []Row{}, Others: []Brief{}, Broken: []Detail{}, More: []Brief{}, Accepted: []Brief{},
		Swallowed: append([]string{}, r.Swallowed...), Reordered: append([]string{}, r.Reordered...), LeftOut: append([]string{}, r.LeftOut...),
	}
	for _, verdict := range []Verdict{Held, Recovered, Broken, NotReached, Accepted} {
		v.Counts = append(v.Counts, Count{verdict, r.Count(verdict)})
	}
	if r.Failed != nil {
		v.Broken = append(v.Broken, r.Failed.detail(nil))
	}
	single := map[Strike]Verdict{}
	inRows := map[Address]bool{}
	for _, c := range r.Calls {
		inRows[c.Address] = true
	}
	for _, res := range r.Cases {
		if len(res.Strikes) == 1 && inRows[res.Strikes[0].Address] {
			single[Strike{Address: res.Strikes[0].Address, Kind: res.Strikes[0].Kind}] = res.Verdict
		} else {
			v.Others = append(v.Others, res.brief())
		}
		switch {
		case res.Verdict == Broken && len(v.Broken) < maxDetails:
			v.Broken = append(v.Broken, res.detail(repeat))
		case res.Verdict == Broken:
			v.More = append(v.More, res.brief())
		case res.Verdict == Accepted:
			v.Accepted = append(v.Accepted, res.brief())
		}
	}
	for i, c := range r.Calls {
		row := Row{Number: i + 1, Operation: c.Op, Nth: c.Nth, Outcome: c.Outcome()}
		for _, kind := range v.Kinds {
			row.Verdicts = append(row.Verdicts, single[Strike{Address: c.Address, Kind: kind}])
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// kinds lists those of the cases: statuses first.
func (r *Report) kinds() []Kind {
	kinds := []Kind{}
	for _, res := range r.Cases {
		for _, s := range res.Strikes {
			if !slices.Contains(kinds, s.Kind) {
				kinds = append(kinds, s.Kind)
			}
		}
	}
	slices.SortFunc(kinds, func(a, b Kind) int {
		return cmp.Or(cmp.Compare(slices.Index(lasting, a), slices.Index(lasting, b)), cmp.Compare(a, b))
	})
	return kinds
}

func (res *Result) brief() Brief { return Brief{res.Name, res.Verdict, res.Why, res.Accepted} }

// summary counts the cases that have no place in the rows.
func summary(others []Brief) string {
	counts := map[Verdict]int{}
	for _, b := range others {
		counts[b.Verdict]++
	}
	var words []string
	for _, v := range []Verdict{Held, Recovered, Broken, NotReached, Accepted} {
		if counts[v] > 0 {
			words = append(words, fmt.Sprintf("%d %s", counts[v], v))
		}
	}
	return fmt.Sprintf("%d cases of calls that only a fault brought about and of pairs of faults: %s", len(others), strings.Join(words, ", "))
}

func (res *Result) detail(repeat func(*Result) string) Detail {
	d := Detail{Name: res.Name, Faults: []string{}, Why: res.Why, Acted: "it went through", Calls: lines(res.Calls), Rerun: lines(res.Rerun), Checked: lines(res.Checked), Evidence: append([]string{}, res.Evidence...)}
	if res.acted != nil {
		d.Acted = res.acted.Error()
	}
	for _, s := range res.Strikes {
		d.Faults = append(d.Faults, fmt.Sprintf("%s, %d: %s", s.Op, s.Nth, s.Kind.About()))
	}
	if repeat != nil {
		d.Repeat = repeat(res)
	}
	return d
}

func lines(calls []Call) []Line {
	all := []Line{}
	for _, c := range calls {
		op := c.Op
		if op == "" {
			op = journal.Op(c.Entry.Provider + " " + c.Entry.Request.Method + " " + path(c.Entry.Request.URL))
		}
		all = append(all, Line{c.Entry.Seq, op, c.Nth, c.Outcome(), c.Entry.Fault != ""})
	}
	return all
}
