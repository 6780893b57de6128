package providertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A fuzzing is what the fuzz targets of a provider share: a world for each
// contract, which is put back before each run.
type fuzzing struct {
	subject
	doc              *openapi3.T
	documented, live *world
	keeps            []kernel.Op
	relay            *relay
}

// A relay is the TB of worlds that outlive a run: what they report goes to the
// run that is on.
type relay struct {
	*testing.F
	run testing.TB
}

// Errorf reports to the run that is on.
func (r *relay) Errorf(format string, args ...any) {
	if r.run == nil {
		r.F.Errorf(format, args...)
		return
	}
	r.run.Errorf(format, args...)
}

func newFuzzing(f *testing.F, new func() emulator.Option, keeps []kernel.Op) *fuzzing {
	f.Helper()
	z := &fuzzing{subject: examine(f, new), keeps: keeps, relay: &relay{F: f}}
	var err error
	if z.doc, err = openapi3.NewLoader().LoadFromData(z.Document.Text()); err != nil {
		f.Fatal(err)
	}
	z.documented, z.live = newWorld(z.relay, new, seed), newWorld(z.relay, new, seed)
	if err := z.live.startOver(map[string]any{"contract": "live"}); err != nil {
		f.Fatal(err)
	}
	for _, w := range []*world{z.documented, z.live} {
		w.clean = w.Snapshot()
	}
	return z
}

// operation returns the operation of a line; any other text stands for some
// operation, so that a mutated line is not lost.
func (z *fuzzing) operation(line string) *gate.Operation {
	if o := z.index.Operation(line); o != nil {
		return o
	}
	h := fnv.New32()
	_, _ = io.WriteString(h, line)
	return z.index.Operations[int(h.Sum32()>>1)%len(z.index.Operations)]
}

// in returns a world as it was at first, for one run.
func (z *fuzzing) in(t *testing.T, live bool) *world {
	z.relay.run = t
	w := z.documented
	if live {
		w = z.live
	}
	w.Restore(w.clean)
	return w
}

// send makes a call outside of a run.
func (z *fuzzing) send(w *world, r Request) answer {
	inbound, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.request().wire())))
	if err != nil {
		z.relay.Fatal(err)
	}
	return w.serve(inbound)
}

// call makes a call that has to succeed and returns the body of its answer.
func (z *fuzzing) call(w *world, r Request) []byte {
	a := z.send(w, r)
	if !a.ok() {
		z.relay.Fatalf("%s %s: %d %s", r.Method, r.Path, a.status, a.body)
	}
	return a.body
}

// judge sends a request, as net/http would read it, and looks at the answer.
func (z *fuzzing) judge(t *testing.T, w *world, r request) {
	t.Helper()
	inbound, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.wire())))
	if err != nil || unprintable(inbound.Header) != nil {
		return // net/http refuses it
	}
	a := w.serve(inbound)
	if a.err != nil {
		return // the body ended before its time
	}
	if err := unprintable(a.header); err != nil {
		t.Error(err)
	}
	if a.status < 400 {
		return
	}
	op := w.Journal.Last().Operation
	_, line := kernel.SplitOp(op)
	reason := a.header.Get(kernel.HeaderReason)
	guarded := a.header.Get(kernel.HeaderEntry) == "" // the server's own guard has refused it
	if o := z.index.Operation(line); o != nil && z.Declined[op] == "" && !guarded {
		err = envelope(o, a)
	} else if inbound.Method != http.MethodHead && !json.Valid(a.body) || reason == "" {
		err = fmt.Errorf("%d with the reason %q and the body %.200q", a.status, reason, a.body)
	}
	if err != nil {
		t.Errorf("%s: %v", op, err)
	}
	// A whole operation is declined or beyond the document, or what only some
	// calls of one ask for.
	declined := a.status == http.StatusNotImplemented && (z.Declined[op] != "" ||
		strings.HasPrefix(reason, "it is not served: ") || strings.HasPrefix(reason, string(op)+" is not served: "))
	known := w == z.live && a.header.Get(kernel.HeaderDiffers) != ""
	if a.status >= 500 && !declined && !known {
		t.Errorf("%s: %d for what the client sent: %s", op, a.status, reason)
	}
	if !slices.Contains(z.keeps, op) && !w.Snapshot().Equal(w.clean) {
		t.Errorf("%s: the refusal %d has changed the state: %s", op, a.status, reason)
	}
}

// wire is the request as it is sent.
func (r request) wire() []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.method, r.path, host)
	for name, values := range r.header {
		for _, v := range values {
			fmt.Fprintf(&text, "%s: %s\r\n", name, v)
		}
	}
	if r.lines != "" {
		text.WriteString(r.lines + "\r\n")
	}
	if r.body != nil {
		fmt.Fprintf(&text, "Content-Length: %d\r\n", len(r.body))
	}
	text.WriteString("\r\n")
	text.Write(r.body)
	return text.Bytes()
}

// serve answers a request in memory, as the provider's own port does.
func (w *world) serve(r *http.Request) (a answer) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			a.err = http.ErrAbortHandler
		default:
			panic(v)
		}
	}()
	recorder := httptest.NewRecorder()
	w.HandlerFor(w.provider).ServeHTTP(recorder, r)
	return answer{status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
}

// unprintable says which header could not be sent as it is. A hint is printable
// ASCII; others may hold what a client has sent.
func unprintable(header http.Header) error {
	for name, values := range header {
		hint := strings.HasPrefix(name, "X-Understudy-")
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || hint && r > '~' }) {
				return fmt.Errorf("header %s: %q", name, v)
			}
		}
	}
	return nil
}
