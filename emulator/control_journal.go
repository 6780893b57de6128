package emulator

import (
	"net/http"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
	"github.com/understudy-dev/understudy/emulator/journal"
)

type journalRequest struct {
	Provider  *string  `query:"provider"`
	Operation *string  `query:"operation"`
	Status    *float64 `query:"status"`
	Since     float64  `query:"since"`
	Limit     *float64 `query:"limit"`
}

type journalBody struct {
	Entries []journal.Entry `json:"entries"`
}

// defaultLimit is how many entries a journal call answers with.
const defaultLimit = 100

func (ct *control) listJournal(_ *kernel.Call, in journalRequest) (journalBody, error) {
	entries := []journal.Entry{}
	for _, e := range ct.server.Journal.All() {
		_, line := kernel.SplitOp(e.Operation)
		if float64(e.Seq) > in.Since &&
			(in.Provider == nil || e.Provider == *in.Provider) &&
			(in.Operation == nil || string(e.Operation) == *in.Operation || line == *in.Operation) &&
			(in.Status == nil || float64(e.Response.Status) == *in.Status) {
			entries = append(entries, e)
		}
	}
	limit := defaultLimit
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	return journalBody{entries[max(0, len(entries)-limit):]}, nil
}

func (ct *control) clearJournal(*kernel.Call, none) (kernel.Answer, error) {
	ct.server.Journal.Clear()
	return noContent, nil
}

type journalPath struct {
	Seq uint64 `path:"seq" json:"-"`
}

func (ct *control) getJournalEntry(_ *kernel.Call, in journalPath) (journal.Entry, error) {
	e, ok := ct.server.Journal.Get(in.Seq)
	if !ok {
		return e, refuse(http.StatusNotFound, "the journal has no entry %d, or no longer", in.Seq)
	}
	return e, nil
}
