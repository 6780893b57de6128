package kernel

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/gate"
)

// An Answer is what a call is answered, before it is encoded. A nil Body is no
// body at all. A Stream writes the body piece by piece, each of which is sent at
// once; ctx is done when the client has gone.
type Answer struct {
	Status int
	Header http.Header
	Body   any
	Stream func(ctx context.Context, w io.Writer) error

	encoded []byte
}

// A Raw body is no JSON, such as a page.
type Raw []byte

// The hint headers.
const (
	HeaderEntry   = "X-Understudy-Entry"   // the call's number in the journal
	HeaderReason  = "X-Understudy-Reason"  // the true cause of a refusal
	HeaderDiffers = "X-Understudy-Differs" // what the other contract answers
)

// A passage is a request on its way through the phases: its call, and what no
// handler sees of it.
type passage struct {
	*Call
	in    *Instance
	nth   int    // of its operation
	began uint64 // the newest entry of the journal when it came
	// What is told of it in the end.
	fault     string // the fault that it met
	committed bool   // something has changed
	changes   []journal.Change
	outcome   *journal.Outcome // what a fault has replaced
}

// serve takes one request all its way. The body has been read.
func (in *Instance) serve(c *Call) *Outcome {
	w := &passage{Call: c, in: in}

	// 1 route
	route, problem := w.route()

	// 2 fault before
	f, hit := w.takeFault()
	if hit && !f.Spec.After {
		if answer, replaced := w.inject(f); replaced {
			return w.finish(reply{answer, f.Spec, true})
		}
	}
	if problem != nil {
		return w.finish(reply{answer: in.refuse(c, problem)})
	}

	// 3 identify, decode, check; 4 act
	answer := w.perform(route)

	// 5 fault after
	replaced := false
	if hit && f.Spec.After {
		w.cameTo(answer)
		if injected, ok := w.inject(f); ok {
			w.outcome = &journal.Outcome{Status: answer.Status, Body: string(c.text(&answer))}
			answer, replaced = injected, true
		}
	}

	// 6 render, 7 check the answer, 8 journal
	return w.finish(reply{answer, f.Spec, replaced})
}

// A reply is an answer on its way out, and the fault that bears on it.
type reply struct {
	answer   Answer
	fault    fault.Spec
	injected bool // the answer is the fault's
}

// route finds what handles the call, or why it is refused.
func (w *passage) route() (*Route, *Problem) {
	problem := w.in.find(w.Call)
	if w.Op != "" {
		w.nth, w.began = w.in.world.Journal.Begin(w.Op)
	}
	return w.in.routes[w.Op], problem
}

// find sets the call's operation.
func (in *Instance) find(c *Call) *Problem {
	if c.unwrapped != nil {
		return in.findUnwrapped(c)
	}
	index, err := in.desc.Document.Index()
	if err != nil {
		return asProblem(err)
	}
	op, vars, methods := index.Match(c.Request)
	line, more := index.Lacks(c.Request, op)
	switch {
	case line != "":
		c.Op = Op(in.Name() + " " + line)
		return in.declined(c)
	case op == nil:
		return in.unknown(c, index, append(methods, more...))
	}
	return in.found(c, op, vars)
}

// unknown refuses what no operation of the service is for.
func (in *Instance) unknown(c *Call, index *gate.Index, methods []string) *Problem {
	what := fmt.Sprintf("%s %s", c.Request.Method, c.Request.URL.EscapedPath())
	if c.Request.Method != http.MethodOptions && !in.world.config.AllowUnknown {
		in.world.Fail("understudy: %s is not an operation of %s; if the client under test means to call it, emulator.AllowUnknown() lets it", what, in.Name())
	}
	if len(methods) > 0 {
		slices.Sort(methods)
		return (&Problem{Kind: WrongMethod, Methods: slices.Compact(methods)}).Because("%s has this path, but not with %s", in.Name(), c.Request.Method)
	}
	p := (&Problem{Kind: UnknownPath}).Because("%s has no operation %s", in.Name(), what)
	if nearest := index.Nearest(c.Request.Method, c.Request.URL.EscapedPath()); nearest != "" {
		p.Reason += "; the nearest is " + nearest
	}
	return p
}

// found notes the operation that a call is for.
func (in *Instance) found(c *Call, op *gate.Operation, vars map[string]string) *Problem {
	if err := op.Load(); err != nil {
		return asProblem(err)
	}
	c.operation, c.Vars, c.Secured = op, vars, op.Secured
	c.Op = Op(in.Name() + " " + op.Line())
	if in.routes[c.Op] == nil {
		return in.declined(c)
	}
	return nil
}

// declined refuses an operation that the provider has and Understudy does not.
func (in *Instance) declined(c *Call) *Problem {
	why := cmp.Or(in.desc.Declined[c.Op], "the service has it, but it is beyond what Understudy emulates")
	if !in.world.config.AllowUnknown {
		in.world.Fail("understudy: %s is not served: %s", c.Op, why)
	}
	return (&Problem{Kind: Declined, Status: http.StatusNotImplemented}).Because("%s is not served: %s", c.Op, why)
}

func (w *passage) takeFault() (fault.Fault, bool) {
	if w.in.desc.Internal {
		return fault.Fault{}, false
	}
	f, hit := w.in.world.Faults.Take(w.Op)
	if hit {
		w.fault = f.String()
	}
	return f, hit
}

// cameTo notes what a fault comes after: "after the call" alone would let a reader
// think that there has been a change.
func (w *passage) cameTo(answer Answer) {
	changed := "nothing"
	if w.committed {
		changed = "what is stored"
	}
	w.fault += fmt.Sprintf(", which answered %d and changed %s", answer.Status, changed)
}

// inject waits for the fault's delay and reports whether the fault takes the
// place of an answer.
func (w *passage) inject(f fault.Fault) (Answer, bool) {
	s := f.Spec
	if s.Advance > 0 {
		w.in.world.Clock.Advance(s.Advance)
	}
	if s.Delay > 0 {
		timer := time.NewTimer(s.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-w.in.world.life.Done():
		case <-w.Request.Context().Done():
			w.fault += ", the client did not wait"
			return Answer{}, true
		}
	}
	switch {
	case s.Drop, s.Die:
		return Answer{}, true
	case s.Status != 0:
		p := &Problem{Kind: Injected, Status: s.Status, Code: s.Code, Message: s.Message}
		answer := w.in.refuse(w.Call, p.Because("injected fault: %s", w.fault))
		if s.RetryAfter > 0 {
			seconds := int(math.Ceil(s.RetryAfter.Seconds()))
			answer.setHeader("Retry-After", strconv.Itoa(seconds))
		}
		return answer, true
	}
	return Answer{}, false
}

func (a *Answer) setHeader(name, value string) {
	if a.Header == nil {
		a.Header = http.Header{}
	}
	a.Header.Set(name, value)
}

// perform does what is asked, or refuses. A panic becomes the provider's
// internal error.
func (w *passage) perform(route *Route) (answer Answer) {
	c, in := w.Call, w.in
	defer func() {
		if v := recover(); v != nil {
			in.world.Logger().Error("panic in a handler", "operation", c.Op, "panic", v, "stack", string(debug.Stack()))
			in.world.Fail("understudy: %s: panic: %v", c.Op, v)
			p := &Problem{Kind: Internal, Status: http.StatusInternalServerError}
			answer = in.refuse(c, p.Because("panic: %v", v))
		}
	}()
	answer, err := w.act(route, in.vet)
	for rounds := 0; Waits(err); rounds++ {
		if rounds == maxRounds {
			err = fmt.Errorf("%s waits for one thing after the other", c.Op)
			break
		}
		c.await()
		answer, err = w.act(route, func(*Call) error { return nil }) // it is vetted
	}
	if err != nil {
		p := asProblem(err)
		if p.Kind == Internal {
			in.world.Logger().Error("a handler failed", "operation", c.Op, "error", err)
			in.world.Fail("understudy: %s: %v", c.Op, err)
		}
		return in.refuse(c, p)
	}
	if route.secret {
		answer.setHeader("Cache-Control", "no-store")
	}
	return answer
}

// act is one round of a call: it is vetted, and its handler runs.
func (w *passage) act(route *Route, vet func(*Call) error) (answer Answer, err error) {
	c, in := w.Call, w.in
	// A reset waits for this call, and this call sees one world: the one that is
	// there now, after the body has come and a fault's delay is over.
	in.world.state.RLock()
	defer in.world.state.RUnlock()
	c.enter()
	// One transaction: the caller is looked at in the state that the call acts on.
	done, err := in.transact(c, func(c *Call) (err error) {
		if err := vet(c); err != nil {
			return err
		}
		next := func() (Answer, error) { return c.answer(route.call(c)) }
		if in.desc.Around != nil {
			answer, err = in.desc.Around(c, next)
		} else {
			answer, err = next()
		}
		return err
	})
	if done != nil {
		changes, committed := done.Changes()
		w.changes, w.committed = append(w.changes, changes...), w.committed || committed
	}
	if err == nil && c.late != nil {
		later := c.late
		c.late = nil
		answer, err = c.answer(later())
	}
	return answer, err
}

// answer makes an encoded answer of what a handler returned: what cannot be
// encoded has not happened. One that comes later is encoded then.
func (c *Call) answer(out any, err error) (Answer, error) {
	if err != nil {
		c.late = nil
		return Answer{}, err
	}
	answer, ok := out.(Answer)
	if !ok {
		answer = Answer{Status: c.operation.Success, Body: out}
	}
	if c.late != nil {
		return answer, nil
	}
	if !c.instance.desc.Internal && !fits(answer.Body) {
		return Answer{}, tooLong()
	}
	if err := answer.encode(); err != nil {
		return answer, err
	}
	if !c.instance.desc.Internal && len(answer.encoded) > MaxAnswer {
		return Answer{}, tooLong()
	}
	return answer, nil
}

// vet is phase 3, in the provider's order.
func (in *Instance) vet(c *Call) error {
	identify := func() error {
		if err := in.desc.Identify(c); err != nil {
			return err
		}
		c.keep()
		return nil
	}
	decode := func() error { return in.decode(c) }
	order := []func() error{identify, decode}
	if in.desc.Order == DecodeFirst {
		order = []func() error{decode, identify}
	}
	for _, phase := range order {
		if err := phase(); err != nil {
			return err
		}
	}
	if in.desc.Admit != nil {
		if err := in.desc.Admit(c); err != nil {
			return err
		}
		c.keep()
	}
	return in.check(c)
}

func (in *Instance) decode(c *Call) (err error) {
	if c.unwrapped != nil { // its protocol has read it
		c.Body.Message = c.unwrapped.Message
		if c.unwrapped.Malformed != nil {
			return c.unwrapped.Malformed
		}
		return nil
	}
	if !c.operation.HasBody() {
		return nil
	}
	if in.desc.Decode != nil {
		c.Body, err = in.desc.Decode(c)
	} else {
		c.Body, err = c.DecodeBody(c.operation.Takes)
	}
	if err == nil && in.desc.NullIsAbsent {
		c.dropNulls()
	}
	return err
}

// Takes reports whether the document has a body of this media type for the
// call's operation.
func (c *Call) Takes(mediaType string) bool { return c.operation.Takes(mediaType) }

func (in *Instance) check(c *Call) error {
	if c.unwrapped != nil {
		return nil // the document is about REST
	}
	var breaches, more []gate.Breach
	c.path, breaches = c.operation.Parameters("path", func(name string) []string { return []string{c.Vars[name]} })
	_, more = c.operation.Parameters("header", c.Request.Header.Values)
	breaches = append(breaches, more...)
	query, err := c.query()
	if err != nil {
		return (&Problem{Kind: MalformedQuery, Status: http.StatusBadRequest, cause: err}).Because("the query string is not encoded as one: %v", err)
	}
	c.Query, more = c.operation.Parameters("query", func(name string) []string {
		values := query[name]
		for other, more := range query {
			if in.desc.FoldQuery && other != name && strings.EqualFold(other, name) {
				values = append(values, more...)
			}
		}
		return values
	})
	breaches = append(breaches, more...)
	if c.Body.JSON != nil || c.operation.BodyRequired {
		mediaType := c.Body.MediaType
		if !c.Takes(mediaType) {
			mediaType = c.operation.MediaType() // an absent body, or one that Decode turned into a value
		}
		breaches = append(breaches, c.operation.CheckBody(mediaType, c.Body.Value, c.Body.JSON)...)
	}
	for _, name := range c.operation.Allowances(c.Body.Value) {
		c.Warn("the body's %q is not on the page %s; official clients send it", name, c.operation.Page)
	}
	if len(breaches) == 0 {
		return nil
	}
	breaches = slices.DeleteFunc(breaches, func(b gate.Breach) bool { return in.passes(c, b) })
	if len(breaches) == 0 {
		return nil
	}
	reasons, unknown := make([]string, len(breaches)), ""
	for i, b := range breaches {
		reasons[i] = b.String()
		if b.Rule == gate.RuleUnknown && !in.desc.Internal {
			unknown = in.wayOut()
		}
	}
	return (&Problem{Kind: Invalid, Breaches: breaches}).Because("against the document: %s%s", strings.Join(reasons, "; "), unknown)
}

// refuse renders a problem and notes its reason.
func (in *Instance) refuse(c *Call, p *Problem) Answer {
	c.problem = p
	answer := in.desc.Error(c, p)
	c.Reason = OneLine(p.Reason)
	if c.Reason == "" {
		c.Reason = OneLine(p.Message)
	}
	return answer
}

// maxHint bounds a hint, which may quote what the client sent: clients refuse
// answers whose headers take more than a few kilobytes.
const maxHint = 1024

// OneLine makes a text fit for a header: one line of printable ASCII.
func OneLine(text string) string {
	if len(text) > maxHint {
		text = text[:maxHint] + "..."
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
}

// finish renders an answer, checks it and writes it into the journal. An
// injected answer is not held to the document.
func (w *passage) finish(r reply) *Outcome {
	c, in, answer := w.Call, w.in, r.answer
	// 6 render
	out := &Outcome{Status: answer.Status, Header: c.Header, stream: answer.Stream}
	maps.Copy(out.Header, answer.Header)
	switch {
	case answer.Status == 0 && r.fault.Silent:
		out.Cut = CutSilently
	case answer.Status == 0:
		out.Cut = CutInStatusLine
	case r.fault.Truncate:
		out.Cut = CutInBody
	}
	if answer.Body != nil {
		out.Body = c.text(&answer)
		if out.Header.Get("Content-Type") == "" {
			out.Header.Set("Content-Type", "application/json; charset=utf-8")
		}
	}

	// 7 check the answer
	var breaches []string
	if in.world.config.CheckAnswers && !r.injected && out.stream == nil && c.operation != nil && in.routes[c.Op] != nil {
		for _, b := range c.operation.CheckAnswer(out.Status, out.Header.Get("Content-Type"), out.Body) {
			breaches = append(breaches, b.String())
			in.world.Fail("understudy: %s answered %d against its document: %s", c.Op, out.Status, b)
		}
	}

	if in.desc.Finish != nil && out.Status != 0 {
		in.desc.Finish(c, out)
	}

	// 8 journal
	if in.desc.Internal {
		w.log(out, 0)
		return out
	}
	if !in.world.config.NoHints {
		if c.Reason != "" {
			out.Header.Set(HeaderReason, c.Reason)
		}
		if c.differs != "" {
			out.Header.Set(HeaderDiffers, OneLine(c.differs))
		}
	}
	seq := in.world.Journal.Append(journal.Entry{
		Time: c.Now, Provider: in.Name(), Operation: c.Op, Nth: w.nth, Began: w.began, Credential: c.Credential,
		Request: journal.Request{
			Method: c.Request.Method, URL: c.Request.URL.RequestURI(),
			Header: c.Request.Header, Body: string(c.raw),
		},
		Response:  journal.Response{Status: out.Status, Header: out.Header, Body: string(out.Body)},
		Committed: w.committed, Changes: w.changes, Outcome: w.outcome,
		Reason: c.Reason, Differs: c.differs, Fault: w.fault,
		Breaches: breaches, Warnings: c.warnings,
	})
	// The header is the journal's from now on; what the client gets beside it is
	// added when it is sent.
	if !in.world.config.NoHints {
		c.entry = strconv.FormatUint(seq, 10)
		out.entry = c.entry
	}
	w.log(out, seq)
	return out
}

// log writes a line of a call, with its entry in the journal unless that is 0.
func (w *passage) log(out *Outcome, entry uint64) {
	c, in := w.Call, w.in
	logger, level := in.world.Logger(), slog.LevelInfo
	if in.desc.Internal {
		level = slog.LevelDebug
	}
	if !logger.Enabled(c.Request.Context(), level) {
		return
	}
	attrs := []any{"method", c.Request.Method, "path", withoutTokens(c.Request.URL.Path), "status", out.Status, "duration", in.world.wall.Now().Sub(c.cameAt)}
	if entry != 0 {
		attrs = append(attrs, "entry", entry)
	}
	_, operation := SplitOp(c.Op)
	for _, a := range []struct{ key, value string }{{"operation", operation}, {"reason", withoutTokens(c.Reason)}, {"fault", w.fault}, {"differs", c.differs}} {
		if a.value != "" {
			attrs = append(attrs, a.key, a.value)
		}
	}
	logger.Log(c.Request.Context(), level, in.Name(), attrs...)
}

// longWord finds what is no identifier any more: a token or a secret, say, that a
// client has put into a path.
var longWord = regexp.MustCompile(`[^ /]{47,}`)

// withoutTokens returns a path or a sentence for the log, its long words cut off.
func withoutTokens(text string) string {
	return longWord.ReplaceAllStringFunc(text, func(word string) string { return strings.ToValidUTF8(word[:16], "") + "…" })
}

// text is the body of an answer that nothing can take back any more.
func (c *Call) text(a *Answer) []byte {
	if err := a.encode(); err != nil {
		panic(fmt.Sprintf("kernel: %s: an answer cannot be encoded: %v", c.Op, err))
	}
	return a.encoded
}

// encode encodes the body once, the way JavaScript servers do: without escaping
// <, > and &.
func (a *Answer) encode() error {
	if a.Body == nil || a.encoded != nil {
		return nil
	}
	if raw, ok := a.Body.(Raw); ok {
		a.encoded = raw
		return nil
	}
	var buf bytes.Buffer
	if own, ok := a.Body.(json.Marshaler); ok { // as the encoder would, with fewer copies
		text, err := own.MarshalJSON()
		if err == nil {
			err = json.Compact(&buf, text)
		}
		if err != nil {
			return fmt.Errorf("kernel: encoding an answer: %w", err)
		}
		a.encoded = buf.Bytes()
		return nil
	}
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a.Body); err != nil {
		return fmt.Errorf("kernel: encoding an answer: %w", err)
	}
	a.encoded = bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	return nil
}
