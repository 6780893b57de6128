package providertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// Run holds a provider to what its document promises, whatever it is about.
func Run(t *testing.T, new func() emulator.Option) {
	t.Helper()
	s := examine(t, new)
	doc, err := openapi3.NewLoader().LoadFromData(s.Document.Text())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("document", func(t *testing.T) { document(t, s, doc) })
	t.Run("faults", func(t *testing.T) { faults(t, s, doc, new) })
	t.Run("unknown", func(t *testing.T) { unknown(t, s, new) })
	t.Run("beyond", func(t *testing.T) { beyond(t, s, new) })
	if !testing.Short() { // many thousand calls, one after the other
		t.Run("bodies", func(t *testing.T) { bodies(t, s, doc, new) })
	}
	t.Run("credentials", func(t *testing.T) { credentials(t, s, doc, new) })
	t.Run("rows", func(t *testing.T) { rows(t, s) })
}

// document checks the document itself, and that it and the provider name the
// same operations.
func document(t *testing.T, s subject, doc *openapi3.T) {
	if err := doc.Validate(context.Background()); err != nil {
		t.Error(err)
	}
	if known, err := s.index.Known(); err != nil || known.Rotates == "" || known.Seen == "" || len(known.Confirmed) != 3 {
		t.Errorf("x-understudy-known does not say what can be rotated, what was seen to work, and what was confirmed: %+v, %v", known, err)
	}
	for _, o := range s.index.Operations {
		op := s.op(o)
		switch reason, declined := s.Declined[op]; {
		case s.served[op] && declined:
			t.Errorf("%s is both served and declined", op)
		case !s.served[op] && reason == "":
			t.Errorf("%s is neither served nor declined with a reason", op)
		}
		if u, err := url.Parse(o.Page); err != nil || u.Scheme != "https" {
			t.Errorf("%s: its externalDocs.url %q is no page", op, o.Page)
		}
		if o.Success == 0 {
			t.Errorf("%s documents no success", op)
		}
		for _, status := range o.Statuses {
			if mark := o.Evidence[status]; !slices.Contains([]string{"documented", "observed", "chosen"}, mark) {
				t.Errorf("%s: status %d has the evidence mark %q", op, status, mark)
			}
		}
	}
	known := func(op kernel.Op) bool {
		_, line := kernel.SplitOp(op)
		return s.index.Operation(line) != nil
	}
	beyond := map[kernel.Op]bool{}
	for op := range s.served {
		if !known(op) {
			t.Errorf("%s is served but not in the document", op)
		}
	}
	for _, l := range s.index.Beyond() {
		beyond[kernel.Op(s.Name+" "+l.String())] = true
	}
	for op := range s.Declined {
		if !known(op) && !beyond[op] {
			t.Errorf("%s is declined but neither in the document nor beyond it", op)
		}
	}
}

// faults checks that every refusal which the document allows can be injected
// and comes in the provider's envelope, without the operation happening.
func faults(t *testing.T, s subject, doc *openapi3.T, new func() emulator.Option) {
	w := newWorld(t, new, seed)
	for _, o := range s.servedOperations() {
		op, r := s.op(o), w.sample(doc, o)
		before := w.Snapshot()
		for _, status := range o.Refusals() {
			w.Faults.Next(op, fault.Status(status))
			a := r.send(w)
			if err := envelope(o, a); err != nil {
				t.Errorf("%s: fault %d: %v", op, status, err)
			}
			if a.status != status {
				t.Errorf("%s: fault %d is answered %d", op, status, a.status)
			}
			if e := w.Journal.Last(); e.Operation != op || e.Fault == "" {
				t.Errorf("%s: fault %d: the journal's entry is for %q, with the fault %q", op, status, e.Operation, e.Fault)
			}
		}
		w.Faults.Next(op, fault.Drop())
		if a := r.send(w); a.err == nil {
			t.Errorf("%s: a dropped connection is answered %d", op, a.status)
		}
		if !w.Snapshot().Equal(before) {
			t.Errorf("%s: an injected fault has changed the state", op)
		}
	}
}

// unknown checks that what the provider does not have is refused in its own
// words, not the router's.
func unknown(t *testing.T, s subject, new func() emulator.Option) {
	w := newWorld(t, new, seed)
	check := func(method, path string) {
		t.Helper()
		before := w.Snapshot()
		a := w.send(method, path, w.header(), nil)
		mediaType := a.header.Get("Content-Type")
		if a.err != nil || a.status < 400 || a.status >= 500 || !json.Valid(a.body) || !strings.Contains(mediaType, "json") {
			t.Errorf("%s %s: %d %s %.200s %v", method, path, a.status, mediaType, a.body, a.err)
		}
		if !w.Snapshot().Equal(before) {
			t.Errorf("%s %s has changed the state", method, path)
		}
	}
	check(http.MethodGet, "/understudy-has-no-such-path")
	check(http.MethodPost, "/understudy-has-no-such-path/%2e%2e/x")
	methods := map[string][]string{}
	for _, o := range s.index.Operations {
		methods[o.Path] = append(methods[o.Path], o.Method)
	}
	for path, known := range methods {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			concrete := w.path(path)
			if !slices.Contains(known, method) && !claimed(s, method, concrete) {
				check(method, concrete)
			}
		}
	}
}

// claimed reports whether another path of the document, such as one with a
// variable in a fixed one's place, takes the method.
func claimed(s subject, method, path string) bool {
	r, err := http.NewRequest(method, path, nil)
	if err != nil {
		return true
	}
	op, _, _ := s.index.Match(r)
	line, _ := s.index.Lacks(r, op)
	return op != nil || line != ""
}

// beyond checks that what the service has and nobody serves is answered 501, by
// its name, and that a misspelt path is told what it may have meant.
func beyond(t *testing.T, s subject, new func() emulator.Option) {
	w := newWorld(t, new, seed)
	for _, l := range s.index.Beyond() {
		method := l.Method
		if method == "" {
			method = http.MethodPost
		}
		r := w.header()
		r.Set("Content-Type", "application/json")
		a := w.send(method, w.path(l.Path), r, []byte("{}"))
		want := s.Name + " " + l.String()
		complete := json.Valid(a.body) || method == http.MethodHead
		if a.status != http.StatusNotImplemented || !complete || !strings.HasPrefix(a.header.Get(kernel.HeaderReason), want+" is not served: ") {
			t.Errorf("%s: %d %.200s, because %s", l, a.status, a.body, a.header.Get(kernel.HeaderReason))
		}
		if e := w.Journal.Last(); string(e.Operation) != want {
			t.Errorf("%s: the journal's entry is for %q", l, e.Operation)
		}
		if l.Group == "" {
			t.Errorf("%s stands under no heading (##)", l)
		}
	}
	misspelt := 0
	for _, o := range s.index.Operations {
		path := w.path(o.Path) + "x"
		if strings.HasSuffix(o.Path, "}") || claimed(s, o.Method, path) || len(o.Path) < 8 {
			continue
		}
		a := w.send(o.Method, path, w.header(), nil)
		reason := a.header.Get(kernel.HeaderReason)
		if strings.Contains(reason, " has this path, but not with ") {
			continue // a variable took the word
		}
		misspelt++
		if a.status != http.StatusNotFound || !strings.Contains(reason, "; the nearest is ") {
			t.Errorf("%s %s: %d, because %s", o.Method, path, a.status, reason)
		}
	}
	t.Logf("%d operations are not served, %d paths were misspelt", len(s.index.Beyond()), misspelt)
	if 10*misspelt < len(s.index.Operations) {
		t.Errorf("only %d paths of %d operations were misspelt", misspelt, len(s.index.Operations))
	}
}

// bodies sends what no client should, with good credentials, and twice to equal
// worlds, whose answers must be equal.
func bodies(t *testing.T, s subject, doc *openapi3.T, new func() emulator.Option) {
	var transcripts [2][]string
	for i := range transcripts {
		w := newWorld(t, new, seed)
		for _, o := range s.servedOperations() {
			for mediaType, content := range requestContent(doc, o) {
				for _, b := range badBodies(w, mediaType, content.Schema.Value, s.Description) {
					before := w.Snapshot()
					r := w.sample(doc, o)
					r.header.Set("Content-Type", b.mediaType)
					r.body = b.body
					a := r.send(w)
					what := fmt.Sprintf("%s: %s", s.op(o), b.name)
					transcripts[i] = append(transcripts[i], fmt.Sprintf("%s: %d %s", what, a.status, a.body))
					if b.tolerable && a.err == nil && a.status < 400 {
						continue // a redirection, too, is no refusal
					}
					if err := envelope(o, a); err != nil {
						t.Errorf("%s: %v", what, err)
					}
					if a.status >= 500 {
						t.Errorf("%s: %d for what the client did wrong", what, a.status)
					}
					// What the document lets pass may be refused for good and still
					// count, as a failed login does.
					if !b.tolerable && !w.Snapshot().Equal(before) {
						t.Errorf("%s: a refusal has changed the state", what)
					}
				}
			}
		}
	}
	for i, line := range transcripts[0] {
		if other := transcripts[1][i]; line != other {
			t.Errorf("the same calls are answered differently:\n%s\n%s", line, other)
		}
	}
}

// A badBody is a body that breaks the document, or, if it is tolerable, may do so.
type badBody struct {
	name, mediaType string
	body            []byte
	tolerable       bool
}

func badBodies(w *world, mediaType string, schema *openapi3.Schema, d kernel.Description) []badBody {
	const depth = 10_000
	tooLong := bytes.Repeat([]byte(" "), kernel.MaxBody+1)
	good := value(w, schema)
	text, _ := json.Marshal(good)
	list := []badBody{
		{name: "unsupported media type", mediaType: "application/xml", body: []byte("<a/>")},
		{name: "not a media type", mediaType: "nonsense", body: text, tolerable: d.AnyMediaType},
		{name: "over 1 MiB", mediaType: mediaType, body: tooLong},
	}
	if mediaType != "application/json" {
		return append(list, badBody{name: "malformed", mediaType: mediaType, body: []byte("a=%zz")})
	}
	inside := func(member string) string {
		if len(good) == 0 {
			return "{" + member + "}"
		}
		return string(text[:len(text)-1]) + "," + member + "}"
	}
	add := func(name, body string, tolerable bool) {
		list = append(list, badBody{name, mediaType, []byte(body), tolerable})
	}
	add("malformed", "{nonsense", false)
	add("truncated", string(text[:len(text)-1]), false)
	add("trailing garbage", string(text)+"}", false)
	add("two values", string(text)+string(text), false)
	// Where nothing is required, providers differ on what an empty body is.
	add("empty", "", schema.VisitJSON(map[string]any{}) == nil)
	add("white space", " \n", schema.VisitJSON(map[string]any{}) == nil)
	add("null", "null", false)
	add("array", "[]", false)
	add("string", `"text"`, false)
	add("number", "1", false)
	add("NUL bytes", "\x00\x00", false)
	add("NUL byte in a string", inside("\"a\":\"\x00\""), false)
	add("nested arrays", strings.Repeat("[", depth)+strings.Repeat("]", depth), false)
	add("nested too deep", strings.Repeat("[", depth+1)+strings.Repeat("]", depth+1), false)
	add("nested objects without an end", strings.Repeat(`{"a":`, depth), false)
	closed := schema.AdditionalProperties.Has != nil && !*schema.AdditionalProperties.Has
	add("unknown field", inside(`"understudyUnknown":1`), !closed)
	add("unknown deep field", inside(`"understudyUnknown":`+strings.Repeat("[", depth-1)+strings.Repeat("]", depth-1)), !closed)
	for name, property := range schema.Properties {
		if mark, _ := property.Value.Extensions["x-understudy-allowance"].(bool); mark {
			continue
		}
		with := func(v any) string {
			changed := map[string]any{name: v}
			for key, v := range good {
				if key != name {
					changed[key] = v
				}
			}
			text, _ := json.Marshal(changed)
			return string(text)
		}
		for _, wrong := range []any{"text", 1.5, true, []any{1.5}, map[string]any{"a": []any{}}, nil} {
			if property.Value.VisitJSON(wrong) != nil {
				add(fmt.Sprintf("%s: %T", name, wrong), with(wrong), wrong == nil && d.NullIsAbsent)
			}
		}
		if property.Value.Type.Is(openapi3.TypeString) {
			add(name+": an escaped NUL", with("\x00"), true)
			add(name+": a long text", with(strings.Repeat("x", 1<<16)), true)
			add(name+": invalid UTF-8", strings.Replace(with("?"), "?", "\xff\xfe", 1), true)
		}
		if property.Value.Type.Is(openapi3.TypeNumber) || property.Value.Type.Is(openapi3.TypeInteger) {
			add(name+": beyond a float", strings.Replace(with("?"), `"?"`, "1e999", 1), false)
			add(name+": negative", with(-1), property.Value.Min == nil)
		}
	}
	for name := range good {
		text, _ := json.Marshal(good[name])
		add(name+": twice", inside(fmt.Sprintf("%q:%s", name, text)), true)
	}
	// The order of a map must not show in the transcript.
	slices.SortFunc(list, func(a, b badBody) int { return strings.Compare(a.name, b.name) })
	return list
}

// credentials checks that no operation which asks for a credential happens
// without a good one.
func credentials(t *testing.T, s subject, doc *openapi3.T, new func() emulator.Option) {
	foreign := newWorld(t, new, "another seed").good()
	for _, o := range s.servedOperations() {
		if !o.Secured {
			continue
		}
		w := newWorld(t, new, seed)
		cases := []struct {
			name, value string // of the header
			at          time.Time
		}{
			{"no credential", "", start},
			{"a malformed credential", w.token.Value("understudy"), start},
			{"a scheme alone", strings.TrimSpace(w.token.Value("")), start},
			{"another world's credential", w.token.Value(foreign), start},
			{"a changed credential", w.token.Value(w.good() + "x"), start},
		}
		if end, ok := expiry(w.good()); ok {
			cases = append(cases, struct {
				name, value string
				at          time.Time
			}{"an expired credential", w.token.Value(w.good()), end})
		}
		before := w.Snapshot()
		for _, c := range cases {
			w.Clock.Set(c.at)
			r := w.sample(doc, o)
			w.carry(r.header, "")
			if c.value != "" {
				r.header.Set(w.token.Name(), c.value)
			}
			a := r.send(w)
			if err := envelope(o, a); err != nil {
				t.Errorf("%s: %s: %v", s.op(o), c.name, err)
			}
			if a.status != http.StatusUnauthorized && a.status != http.StatusForbidden {
				t.Errorf("%s: %s is answered %d", s.op(o), c.name, a.status)
			}
			if !w.Snapshot().Equal(before) {
				t.Errorf("%s: %s has changed the state", s.op(o), c.name)
			}
		}
		// The same request with a good one, or the above would show nothing.
		w.Clock.Set(start)
		if a := w.sample(doc, o).send(w); a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
			t.Errorf("%s: a good credential is answered %d: %s", s.op(o), a.status, a.body)
		}
	}
}

// expiry returns when a token ends, if it is a JWT that says so.
func expiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	var claims struct {
		Exp int64 `json:"exp"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Exp == 0 {
		return time.Time{}, false
	}
	return time.Unix(claims.Exp, 0), true
}

// A request is a call of an operation that its document lets pass.
type request struct {
	method, path string
	header       http.Header
	lines        string // more of the header, as it is sent in memory
	body         []byte
}

func (r request) send(w *world) answer { return w.send(r.method, r.path, r.header, r.body) }

func (w *world) header() http.Header {
	header := http.Header{}
	w.carry(header, w.good())
	return header
}

func (w *world) sample(doc *openapi3.T, o *gate.Operation) request {
	r := request{method: o.Method, path: w.path(o.Path), header: w.header()}
	for mediaType, content := range requestContent(doc, o) {
		r.header.Set("Content-Type", mediaType)
		r.body = encode(mediaType, value(w, content.Schema.Value))
		if mediaType == "application/json" {
			break
		}
	}
	return r
}

// encode writes an object as a body of a media type: JSON or a form.
func encode(mediaType string, object map[string]any) []byte {
	if mediaType == "application/json" {
		text, _ := json.Marshal(object)
		return text
	}
	form := url.Values{}
	for name, v := range object {
		form.Set(name, fmt.Sprint(v))
	}
	return []byte(form.Encode())
}

// path fills a path's variables from the credentials of the same names; any
// other is an identifier that nothing has.
func (w *world) path(template string) string {
	segments := strings.Split(template, "/")
	for i, segment := range segments {
		name, ok := strings.CutPrefix(segment, "{")
		if !ok {
			continue
		}
		segments[i] = "00000000-0000-4000-8000-000000000000"
		if known := w.credentials[strings.TrimSuffix(name, "}")]; known != "" {
			segments[i] = known
		}
	}
	return strings.Join(segments, "/")
}

func requestContent(doc *openapi3.T, o *gate.Operation) openapi3.Content {
	operation := doc.Paths.Value(o.Path).GetOperation(o.Method)
	if operation.RequestBody == nil {
		return nil
	}
	return operation.RequestBody.Value.Content
}

// value returns an object with the required properties of a schema.
func value(w *world, schema *openapi3.Schema) map[string]any {
	object := map[string]any{}
	for _, name := range schema.Required {
		object[name] = example(w, name, schema.Properties[name].Value)
	}
	return object
}

// example returns a value of a property; strings of a format are of that format.
func example(w *world, name string, property *openapi3.Schema) any {
	switch {
	case w.credentials[name] != "":
		return w.credentials[name]
	case len(property.Enum) > 0:
		return property.Enum[0]
	case property.Type.Is(openapi3.TypeObject):
		return value(w, property)
	case property.Type.Is(openapi3.TypeArray):
		return []any{}
	case property.Type.Is(openapi3.TypeBoolean):
		return true
	case property.Type.Is(openapi3.TypeString):
		return cmp.Or(map[string]string{
			"date-time": "2100-01-01T00:00:00Z",
			"uuid":      "00000000-0000-4000-8000-000000000000",
			"email":     "a@example.com",
			"byte":      "eA==",
			"duration":  "60s",
		}[property.Format], "understudy")
	case property.Min != nil:
		return *property.Min
	}
	return 1
}
