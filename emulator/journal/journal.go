// Package journal keeps what was asked of an emulated world and what it
// answered, with the true cause of every refusal.
package journal

import (
	"context"
	"encoding/binary"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The journal's bounds: whichever is reached first drops the oldest entries.
const (
	MaxEntries = 10_000
	MaxBytes   = 16 << 20
	MaxBody    = 64 << 10 // a longer body is cut here
	MaxChanges = 16       // of one entry
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
	Operation Op `json:"operation"`
	// Nth counts the calls of the operation from 1, in the order in which they
	// came, since the journal was made or cleared. It is 0 without an operation.
	Nth      int      `json:"nth"`
	Request  Request  `json:"request"`
	Response Response `json:"response"`
	// Committed reports whether the call changed what is stored, whatever it was
	// answered.
	Committed bool `json:"committed"`
	// Changes are the rows it changed, up to MaxChanges of them.
	Changes []Change `json:"changes,omitempty"`
	// Outcome is what the operation itself came to, when a fault took the place of
	// its answer.
	Outcome *Outcome `json:"outcome,omitempty"`
	// Credential is the id of the secret, key or token that the call was made with,
	// when it is a good one.
	Credential string `json:"credential,omitempty"`
	// Began is the sequence number of the newest entry when the call came.
	Began uint64 `json:"-"`
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

// A Change is what became of one row by a call.
type Change struct {
	Table  string `json:"table"`
	ID     string `json:"id"`
	Change string `json:"change"` // Added, Replaced or Removed
}

// What becomes of a row.
const (
	Added    = "added"
	Replaced = "replaced"
	Removed  = "removed"
)

// An Outcome is an answer that the client did not get.
type Outcome struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// A Journal is a bounded list of entries, oldest first. It is safe for
// concurrent use.
type Journal struct {
	maxEntries, maxBytes int

	mu     sync.Mutex
	ring   []kept // as long as was needed so far
	first  int    // where in the ring the oldest entry is
	length int
	bytes  int
	seq    uint64
	begun  map[Op]int    // calls that have come
	counts map[Op]int    // calls that are answered
	grown  chan struct{} // closed by the next entry; nil while nobody waits
}

// kept is an entry as the journal holds it. Most are never looked at, so their
// headers, which would be most of what a garbage collection has to visit, are
// written flat.
type kept struct {
	Entry
	request, response string // headers
	size              int    // what it holds on to
}

// New returns a journal that keeps the newest entries within the given bounds.
func New(maxEntries, maxBytes int) *Journal {
	return &Journal{maxEntries: maxEntries, maxBytes: maxBytes, begun: map[Op]int{}, counts: map[Op]int{}}
}

// Begin counts a call of op that has come. It returns how many there have been, and
// the sequence number of the newest entry: what comes behind that overlaps the call.
func (j *Journal) Begin(op Op) (nth int, newest uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun[op]++
	return j.begun[op], j.seq
}

// Append adds e, gives it the next sequence number and returns that number.
func (j *Journal) Append(e Entry) uint64 {
	k := keep(e)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	k.Seq = j.seq
	for j.length == j.maxEntries || (j.bytes+k.size > j.maxBytes && j.length > 0) {
		oldest := j.at(0)
		j.bytes -= oldest.size
		*oldest = kept{}
		j.first = (j.first + 1) % len(j.ring)
		j.length--
	}
	if j.length == len(j.ring) {
		j.grow()
	}
	j.length++
	*j.at(j.length - 1) = k
	j.bytes += k.size
	j.counts[e.Operation]++
	if j.grown != nil {
		close(j.grown)
		j.grown = nil
	}
	return k.Seq
}

// at returns the place of the i-th kept entry.
func (j *Journal) at(i int) *kept { return &j.ring[(j.first+i)%len(j.ring)] }

func (j *Journal) grow() {
	const least = 16
	ring := make([]kept, min(max(least, 2*len(j.ring)), j.maxEntries))
	for i := range j.length {
		ring[i] = *j.at(i)
	}
	j.ring, j.first = ring, 0
}

func keep(e Entry) kept {
	e.Request.Body, e.Response.Body = cut(e.Request.Body), cut(e.Response.Body)
	if e.Outcome != nil {
		e.Outcome = &Outcome{e.Outcome.Status, cut(e.Outcome.Body)}
	}
	k := kept{Entry: e, request: flat(e.Request.Header), response: flat(e.Response.Header)}
	k.Request.Header, k.Response.Header = nil, nil
	k.size = size(&k)
	return k
}

// entry returns what was appended; its headers are the caller's.
func (k *kept) entry() Entry {
	e := k.Entry
	e.Request.Header, e.Response.Header = header(k.request), header(k.response)
	return e
}

// flat writes a header into one string: each name with the number of its values,
// and the values, all with their lengths before them.
func flat(h http.Header) string {
	var usual [1024]byte // is enough, and not on the heap
	text := usual[:0]
	for name, values := range h {
		text = appendText(text, name)
		text = binary.AppendUvarint(text, uint64(len(values)))
		for _, v := range values {
			text = appendText(text, v)
		}
	}
	return string(text)
}

func appendText(text []byte, s string) []byte {
	return append(binary.AppendUvarint(text, uint64(len(s))), s...)
}

// header reads what flat wrote. It is empty rather than nil, which JSON would
// show as null.
func header(text string) http.Header {
	h := http.Header{}
	rest := []byte(text)
	number := func() int {
		n, length := binary.Uvarint(rest)
		rest = rest[length:]
		return int(n)
	}
	next := func() string {
		n := number()
		s := string(rest[:n])
		rest = rest[n:]
		return s
	}
	for len(rest) > 0 {
		name := next()
		values := make([]string, number())
		for i := range values {
			values[i] = next()
		}
		h[name] = values
	}
	return h
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
func size(k *kept) int {
	n := 512 + len(k.Request.URL) + len(k.Request.Body) + len(k.Response.Body) + len(k.Reason) + len(k.Differs) + len(k.Fault) +
		len(k.request) + len(k.response)
	for _, list := range [][]string{k.Breaches, k.Warnings} {
		for _, line := range list {
			n += 16 + len(line)
		}
	}
	for _, c := range k.Changes {
		n += 48 + len(c.ID)
	}
	if k.Outcome != nil {
		n += 32 + len(k.Outcome.Body)
	}
	return n
}

// All returns the kept entries, oldest first.
func (j *Journal) All() []Entry { return j.Since(0) }

// Since returns the kept entries after the given sequence number, oldest first.
// It costs what it returns.
func (j *Journal) Since(seq uint64) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.since(seq)
}

func (j *Journal) since(seq uint64) []Entry {
	if seq >= j.seq {
		return nil
	}
	first, isKept := j.place(seq + 1)
	if !isKept {
		first = 0
	}
	var entries []Entry
	for i := first; i < j.length; i++ {
		entries = append(entries, j.at(i).entry())
	}
	return entries
}

// For returns the kept entries of one operation, oldest first.
func (j *Journal) For(op Op) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var entries []Entry
	for i := range j.length {
		if k := j.at(i); k.Operation == op {
			entries = append(entries, k.entry())
		}
	}
	return entries
}

// Last returns the newest entry, or the zero Entry when there is none.
func (j *Journal) Last() Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.length == 0 {
		return Entry{}
	}
	return j.at(j.length - 1).entry()
}

// Get returns the entry with the given sequence number, if it is still kept.
func (j *Journal) Get(seq uint64) (Entry, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, ok := j.place(seq)
	if !ok {
		return Entry{}, false
	}
	return j.at(i).entry(), true
}

// place returns which of the kept entries has a sequence number. They have no
// gaps.
func (j *Journal) place(seq uint64) (i int, ok bool) {
	oldest := j.seq - uint64(j.length) + 1
	return int(seq - oldest), seq >= oldest && seq <= j.seq
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
		if entries := j.since(since); len(entries) > 0 {
			j.mu.Unlock()
			return entries, nil
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

// growing returns what the next entry closes.
func (j *Journal) growing() <-chan struct{} {
	if j.grown == nil {
		j.grown = make(chan struct{})
	}
	return j.grown
}

// Clear drops every entry and starts the counts of Nth and Wait anew. Sequence numbers
// go on, so that a reader who asks for what came since sees nothing twice.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring, j.first, j.length, j.bytes = nil, 0, 0, 0
	clear(j.begun)
	clear(j.counts)
}
