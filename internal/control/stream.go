package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// keepAlive is how often a silent stream shows that it lives, in real time:
// proxies close what says nothing for a minute.
const keepAlive = 15 * time.Second

type streamRequest struct {
	journalFilter
	Since *float64 `query:"since"`
}

// streamJournal sends every matching call as a server-sent event: those after
// since, or after the Last-Event-ID of a client that comes back, or else those
// yet to come.
func (a *api) streamJournal(c *kernel.Call, in streamRequest) (kernel.Answer, error) {
	world := a.world(c)
	if err := in.check(world); err != nil {
		return kernel.Answer{}, err
	}
	since := world.Journal.Last().Seq
	if in.Since != nil {
		since = uint64(*in.Since)
	}
	if last := c.Request.Header.Get("Last-Event-ID"); last != "" {
		n, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			return kernel.Answer{}, Refuse(http.StatusBadRequest, "Last-Event-ID %q is no sequence number", last)
		}
		since = n
	}
	return kernel.Answer{
		Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/event-stream"}, "Cache-Control": {"no-store"}},
		Stream: func(ctx context.Context, w io.Writer) error {
			ctx, cancel := world.WithLife(ctx)
			defer cancel()
			return writeEvents(ctx, w, world.Journal, since, in.journalFilter)
		},
	}, nil
}

// writeEvents writes the entries that match until ctx is done.
func writeEvents(ctx context.Context, w io.Writer, j *journal.Journal, since uint64, filter journalFilter) error {
	if _, err := io.WriteString(w, ": the journal from here on\n\n"); err != nil { // so that the client knows it listens
		return err
	}
	for {
		wait, cancel := context.WithTimeout(ctx, keepAlive)
		entries, err := j.Next(wait, since)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, context.DeadlineExceeded):
			if _, err := io.WriteString(w, ":\n\n"); err != nil {
				return err
			}
		}
		if len(entries) > 0 {
			since = entries[len(entries)-1].Seq
		}
		found := filter.find(entries)
		entries = nil // the client may take its time
		for _, seq := range found {
			e, ok := j.Get(seq)
			if !ok {
				continue
			}
			text, err := json.Marshal(e)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", e.Seq, text); err != nil {
				return err
			}
		}
	}
}
