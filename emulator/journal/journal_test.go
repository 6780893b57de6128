package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-dev/understudy/emulator/journal"
)

const (
	opA journal.Op = "toy GET /a"
	opB journal.Op = "toy GET /b"
)

// seqs are the sequence numbers of entries.
func seqs(entries []journal.Entry) []uint64 {
	var all []uint64
	for _, e := range entries {
		all = append(all, e.Seq)
	}
	return all
}

func TestOrder(t *testing.T) {
	j := journal.New(10, 1<<20)
	if last := j.Last(); last.Seq != 0 || len(j.All()) != 0 {
		t.Errorf("an empty journal has %+v", last)
	}
	for i, op := range []journal.Op{opA, opB, opA, ""} {
		if seq := j.Append(journal.Entry{Seq: 99, Operation: op}); seq != uint64(i+1) {
			t.Errorf("entry %d has the number %d", i, seq)
		}
	}
	for _, tt := range []struct {
		name      string
		got, want []uint64
	}{
		{"all", seqs(j.All()), []uint64{1, 2, 3, 4}},
		{"of a", seqs(j.For(opA)), []uint64{1, 3}},
		{"of no operation", seqs(j.For("")), []uint64{4}},
		{"of another", seqs(j.For("toy GET /c")), nil},
		{"last", []uint64{j.Last().Seq}, []uint64{4}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	j.All()[0].Operation = "changed"
	if j.All()[0].Operation != opA {
		t.Error("All hands out the journal's own entries")
	}
}

func TestBounds(t *testing.T) {
	body := strings.Repeat("x", 1000)
	headers := http.Header{}
	for _, name := range strings.Split("abcdefghijklmnopqrst", "") {
		headers[name] = []string{strings.Repeat("x", 50)}
	}
	tests := []struct {
		name                 string
		maxEntries, maxBytes int
		entry                journal.Entry
		least, most          int // of 50 entries that are kept
	}{
		{"entries", 7, 1 << 20, journal.Entry{}, 7, 7},
		{"one entry", 1, 1 << 20, journal.Entry{}, 1, 1},
		{"room for all", 50, 1 << 20, journal.Entry{}, 50, 50},
		{"bytes of requests", 50, 20_000, journal.Entry{Request: journal.Request{Body: body}}, 5, 20},
		{"bytes of answers", 50, 20_000, journal.Entry{Response: journal.Response{Body: body}}, 5, 20},
		{"bytes of URLs", 50, 20_000, journal.Entry{Request: journal.Request{URL: body}}, 5, 20},
		{"bytes of headers", 50, 20_000, journal.Entry{Request: journal.Request{Header: headers}}, 5, 20},
		{"bytes of empty entries", 50, 10_000, journal.Entry{}, 5, 40},
		{"a larger entry than all", 50, 100, journal.Entry{Request: journal.Request{Body: body}}, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := journal.New(tt.maxEntries, tt.maxBytes)
			for range 50 {
				j.Append(tt.entry)
			}
			kept := seqs(j.All())
			if len(kept) < tt.least || len(kept) > tt.most {
				t.Fatalf("%d entries are kept, want %d to %d", len(kept), tt.least, tt.most)
			}
			for i, seq := range kept {
				if want := uint64(50 - len(kept) + 1 + i); seq != want {
					t.Fatalf("entry %d is %d, want %d: the newest, in order", i, seq, want)
				}
			}
			for seq := range uint64(53) {
				e, ok := j.Get(seq)
				if want := slices.Contains(kept, seq); ok != want || ok && e.Seq != seq {
					t.Errorf("Get(%d) is %d, %t, want it to be there: %t", seq, e.Seq, ok, want)
				}
			}
		})
	}
}

func TestBodiesAreCut(t *testing.T) {
	for _, n := range []int{0, journal.MaxBody, journal.MaxBody + 1, 2 * journal.MaxBody} {
		j := journal.New(10, 1<<20)
		text := strings.Repeat("x", n)
		j.Append(journal.Entry{Request: journal.Request{Body: text}, Response: journal.Response{Body: text}})
		want := min(n, journal.MaxBody)
		if e := j.Last(); len(e.Request.Body) != want || len(e.Response.Body) != want {
			t.Errorf("bodies of %d bytes are kept as %d and %d, want %d", n, len(e.Request.Body), len(e.Response.Body), want)
		}
	}
}

func TestClear(t *testing.T) {
	j := journal.New(10, 1<<20)
	j.Append(journal.Entry{Operation: opA})
	j.Append(journal.Entry{Operation: opA})
	j.Clear()
	if len(j.All()) != 0 || j.Last().Seq != 0 {
		t.Errorf("entries are left: %v", j.All())
	}
	if _, ok := j.Get(1); ok {
		t.Error("entry 1 is still there")
	}
	if seq := j.Append(journal.Entry{Operation: opA}); seq != 3 {
		t.Errorf("the next entry is %d, want 3", seq)
	}
	// Wait counts anew.
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Wait(done, opA, 1); err != nil {
		t.Errorf("waiting for the one call: %v", err)
	}
	if err := j.Wait(done, opA, 2); err == nil {
		t.Error("calls from before Clear count")
	}
}

func TestWait(t *testing.T) {
	cause := errors.New("out of patience")
	tests := []struct {
		name  string
		n     int
		calls []journal.Op // one a second
		took  time.Duration
		err   error
	}{
		{"for nothing", 0, nil, 0, nil},
		{"for one", 1, []journal.Op{opA}, time.Second, nil},
		{"for the third", 3, []journal.Op{opA, opA, opA, opA}, 3 * time.Second, nil},
		{"not for others", 2, []journal.Op{opB, opA, opB, opA}, 4 * time.Second, nil},
		{"in vain", 2, []journal.Op{opB, opA, opB}, time.Minute, cause},
		{"longer than entries are kept", 5, []journal.Op{opA, opA, opA, opA, opA}, 5 * time.Second, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := journal.New(2, 1<<20)
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
				defer cancel()
				var calls sync.WaitGroup
				defer calls.Wait()
				calls.Go(func() {
					for _, op := range tt.calls {
						time.Sleep(time.Second)
						j.Append(journal.Entry{Operation: op})
					}
				})
				began := time.Now()
				if err := j.Wait(ctx, opA, tt.n); err != tt.err {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("waited for %s, want %s", took, tt.took)
				}
			})
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	const writers, each = 20, 50
	j := journal.New(100, 1<<20)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				seq := j.Append(journal.Entry{Operation: opA})
				j.Get(seq)
				j.All()
			}
		})
		wg.Go(func() {
			if err := j.Wait(t.Context(), opA, writers*each); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := j.Last().Seq; n != writers*each {
		t.Errorf("the last entry is %d, want %d", n, writers*each)
	}
}

// TestJSON is the form the control API shows.
func TestJSON(t *testing.T) {
	j := journal.New(10, 1<<20)
	j.Append(journal.Entry{
		Time: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), Provider: "toy", Operation: opA, Nth: 2,
		Committed: true, Changes: []journal.Change{{Table: "rows", ID: "1", Change: journal.Added}},
		Outcome: &journal.Outcome{Status: 201, Body: "{}"}, Fault: "drop",
	})
	got, err := json.Marshal(j.Last())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"seq":1,"time":"2030-01-02T03:04:05Z","provider":"toy","operation":"toy GET /a","nth":2,` +
		`"request":{"method":"","url":"","header":{},"body":""},"response":{"status":0,"header":{},"body":""},` +
		`"committed":true,"changes":[{"table":"rows","id":"1","change":"added"}],"outcome":{"status":201,"body":"{}"},"fault":"drop"}`
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}
