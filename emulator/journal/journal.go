// Package journal keeps what was asked of an emulated world and what it
// answered, with the true cause of every refusal.
package journal

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The journal's bounds: whichever is reached first drops the oldest entries.
const (
	MaxEntries = 10_000
	MaxBytes   = 16 << 20
	MaxBody    = 64 << 10 // a longer body is cut here
)

// An Op names an operation: its provider and its line in the provider's
// documentation, as in "infisical POST /api/v1/auth/universal-auth/login".
type Op string

// An Entry is one call.
type Entry struct {
	// Seq counts from 1 in the order in which calls were answered.
	Seq uint64 `json:"seq"`
	// Time is the world's time at which the call began.
	Time     time.Time `json:"time"`
	Provider string    `json:"provider"`
	// Operation is empty when the provider has no such path and method.
	Operation Op       `json:"operation"`
	Request   Request  `json:"request"`
	Response  Response `json:"response"`
	// Reason is the true cause of a refusal, in one line.
	Reason string `json:"reason,omitempty"`
	// Differs says what the other contract would have answered.
	Differs string `json:"differs,omitempty"`
	// Fault is the injected fault, if one hit this call.
	Fault string `json:"fault,omitempty"`
	// Breaches lists where the answer broke the document.
	Breaches []string `json:"breaches,omitempty"`
	// Warnings lists what was accepted although the page does not name it.
	Warnings []string `json:"warnings,omitempty"`
}

// A Request is what the client sent.
type Request struct {
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
}

// A Response is what the client was answered. Status is 0 when the connection
// was dropped before an answer.
type Response struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
}

// A Journal is a bounded list of entries, oldest first. It is safe for
// concurrent use.
type Journal struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries []Entry
	bytes   int
	seq     uint64
	counts  map[Op]int
	grown   chan struct{} // closed by the next entry; nil while nobody waits
}

// New returns a journal that keeps the newest entries within the given bounds.
func New(maxEntries, maxBytes int) *Journal {
	return &Journal{maxEntries: maxEntries, maxBytes: maxBytes, counts: map[Op]int{}}
}

// Append adds e, gives it the next sequence number and returns that number.
func (j *Journal) Append(e Entry) uint64 {
	e.Request.Body, e.Response.Body = cut(e.Request.Body), cut(e.Response.Body)
	for _, h := range []*http.Header{&e.Request.Header, &e.Response.Header} {
		if *h == nil {
			*h = http.Header{} // an object in JSON, not null
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq = j.seq
	j.entries = append(j.entries, e)
	j.bytes += size(&e)
	for len(j.entries) > j.maxEntries || (j.bytes > j.maxBytes && len(j.entries) > 1) {
		j.bytes -= size(&j.entries[0])
		j.entries[0] = Entry{} // free its strings before the slice moves on
		j.entries = j.entries[1:]
	}
	j.counts[e.Operation]++
	if j.grown != nil {
		close(j.grown)
		j.grown = nil
	}
	return e.Seq
}

// cut returns a copy of a long body's beginning, which does not hold on to the
// rest.
func cut(body string) string {
	if len(body) > MaxBody {
		return strings.Clone(body[:MaxBody])
	}
	return body
}

// size estimates what an entry holds on to.
func size(e *Entry) int {
	n := 512 + len(e.Request.URL) + len(e.Request.Body) + len(e.Response.Body) + len(e.Reason) + len(e.Differs) + len(e.Fault)
	for _, list := range [][]string{e.Breaches, e.Warnings} {
		for _, line := range list {
			n += 16 + len(line)
		}
	}
	for _, h := range []http.Header{e.Request.Header, e.Response.Header} {
		for name, values := range h {
			n += 64 + len(name)
			for _, v := range values {
				n += len(v)
			}
		}
	}
	return n
}

// All returns the kept entries, oldest first.
func (j *Journal) All() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.entries)
}

// For returns the kept entries of one operation, oldest first.
func (j *Journal) For(op Op) []Entry {
	return slices.DeleteFunc(j.All(), func(e Entry) bool { return e.Operation != op })
}

// Last returns the newest entry, or the zero Entry when there is none.
func (j *Journal) Last() Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) == 0 {
		return Entry{}
	}
	return j.entries[len(j.entries)-1]
}

// Get returns the entry with the given sequence number, if it is still kept.
func (j *Journal) Get(seq uint64) (Entry, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, ok := slices.BinarySearchFunc(j.entries, seq, compareSeq)
	if !ok {
		return Entry{}, false
	}
	return j.entries[i], true
}

// Wait blocks until op has been called n times since the journal was made or
// cleared, or ctx is done; then it returns the context's cause.
func (j *Journal) Wait(ctx context.Context, op Op, n int) error {
	for {
		j.mu.Lock()
		if j.counts[op] >= n {
			j.mu.Unlock()
			return nil
		}
		grown := j.growing()
		j.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Next blocks until there are kept entries after the given sequence number and
// returns them, oldest first, or until ctx is done; then it returns the context's
// cause.
func (j *Journal) Next(ctx context.Context, since uint64) ([]Entry, error) {
	for {
		j.mu.Lock()
		i, _ := slices.BinarySearchFunc(j.entries, since+1, compareSeq)
		if i < len(j.entries) {
			defer j.mu.Unlock()
			return slices.Clone(j.entries[i:]), nil
		}
		grown := j.growing()
		j.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func compareSeq(e Entry, seq uint64) int { return cmp.Compare(e.Seq, seq) }

// growing returns what the next entry closes.
func (j *Journal) growing() <-chan struct{} {
	if j.grown == nil {
		j.grown = make(chan struct{})
	}
	return j.grown
}

// Clear drops every entry and starts the counts of Wait anew. Sequence numbers
// go on, so that a reader who asks for what came since sees nothing twice.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.bytes = nil, 0
	clear(j.counts)
}
