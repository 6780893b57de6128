package control

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/near"
)

// A journalFilter picks entries.
type journalFilter struct {
	Provider  *string  `query:"provider"`
	Operation *string  `query:"operation"`
	Status    *float64 `query:"status"`
}

func (f journalFilter) match(e journal.Entry) bool {
	_, line := kernel.SplitOp(e.Operation)
	return (f.Provider == nil || e.Provider == *f.Provider) &&
		(f.Operation == nil || string(e.Operation) == *f.Operation || line == *f.Operation) &&
		(f.Status == nil || float64(e.Response.Status) == *f.Status)
}

// check refuses a provider or an operation that no entry can have.
func (f journalFilter) check(w *kernel.World) error {
	if f.Provider != nil {
		if err := known(w, *f.Provider); err != nil {
			return err
		}
	}
	if f.Operation == nil {
		return nil
	}
	var lines []string
	for _, in := range w.Instances() {
		index, err := in.Index()
		if err != nil {
			return err
		}
		for _, op := range index.Operations {
			if line := op.Line(); *f.Operation == line || *f.Operation == in.Name()+" "+line {
				return nil
			}
			lines = append(lines, op.Line())
		}
	}
	_, line := kernel.SplitOp(kernel.ResolveOp("", *f.Operation))
	nearest := near.To(*f.Operation, lines)
	if nearest == "" {
		nearest = near.To(line, lines)
	}
	if nearest != "" {
		return Refuse(http.StatusBadRequest, "no provider here has the operation %q; did you mean %s?", *f.Operation, nearest)
	}
	return Refuse(http.StatusBadRequest, "no provider here has the operation %q; GET operations lists them", *f.Operation)
}

// find returns the numbers of the entries that match: who keeps the entries
// themselves keeps what the journal may have let go.
func (f journalFilter) find(entries []journal.Entry) []uint64 {
	var found []uint64
	for _, e := range entries {
		if f.match(e) {
			found = append(found, e.Seq)
		}
	}
	return found
}

type journalRequest struct {
	journalFilter
	Since float64  `query:"since"`
	Limit *float64 `query:"limit"`
}

// defaultLimit is how many entries a journal call answers with.
const defaultLimit = 100

// listJournal writes the entries one by one: together they may be many times what
// the journal holds, and a slow reader would keep them all.
func (a *api) listJournal(c *kernel.Call, in journalRequest) (kernel.Answer, error) {
	if err := in.check(a.world(c)); err != nil {
		return kernel.Answer{}, err
	}
	limit := defaultLimit
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	j := a.world(c).Journal
	found := in.find(j.Since(uint64(in.Since)))
	found = found[max(0, len(found)-limit):]
	return kernel.Answer{
		Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"application/json"}},
		Stream: func(_ context.Context, w io.Writer) error { return writeEntries(w, j, found) },
	}, nil
}

// writeEntries writes a list of those entries that the journal still has.
func writeEntries(w io.Writer, j *journal.Journal, found []uint64) error {
	out := bufio.NewWriterSize(w, 32<<10)
	between := `{"entries":[`
	for _, seq := range found {
		e, ok := j.Get(seq)
		if !ok {
			continue
		}
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_, _ = out.WriteString(between) // an error stays
		if _, err := out.Write(text); err != nil {
			return err
		}
		between = ","
	}
	if between != "," {
		_, _ = out.WriteString(between)
	}
	_, _ = out.WriteString("]}")
	return out.Flush()
}

func (a *api) clearJournal(c *kernel.Call, _ none) (kernel.Answer, error) {
	a.world(c).Journal.Clear()
	return noContent, nil
}

type journalPath struct {
	Seq uint64 `path:"seq" json:"-"`
}

func (a *api) getJournalEntry(c *kernel.Call, in journalPath) (journal.Entry, error) {
	e, ok := a.world(c).Journal.Get(in.Seq)
	if !ok {
		return e, Refuse(http.StatusNotFound, "the journal has no entry %d, or no longer", in.Seq)
	}
	return e, nil
}
