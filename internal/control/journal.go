package control

import (
	"net/http"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/kernel"
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

type journalRequest struct {
	journalFilter
	Since float64  `query:"since"`
	Limit *float64 `query:"limit"`
}

type journalBody struct {
	Entries []journal.Entry `json:"entries"`
}

// defaultLimit is how many entries a journal call answers with.
const defaultLimit = 100

func (a *api) listJournal(c *kernel.Call, in journalRequest) (journalBody, error) {
	entries := []journal.Entry{}
	for _, e := range a.world(c).Journal.Since(uint64(in.Since)) {
		if in.match(e) {
			entries = append(entries, e)
		}
	}
	limit := defaultLimit
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	return journalBody{entries[max(0, len(entries)-limit):]}, nil
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
