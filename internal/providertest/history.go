package providertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A History is a random sequence of calls to a provider, each foretold by a
// naive model of type M: maps of plain values, written from what the vendor
// says. The clock stands still unless it is moved.
type History[M any] struct {
	*rapid.T
	Model       M
	Now         time.Time // what the clock should say
	URL         string
	Credentials map[string]string
	Live        bool // the contract; else documented

	server  *emulator.Server
	clone   func(M) M // deep
	saved   []savedWorld[M]
	reading bool // a comparison of its own shows that nothing changes

	holding Holding
	held    map[string]Held // by kind and id
	refusal string          // the reason of the last
}

type savedWorld[M any] struct {
	snapshot emulator.Snapshot
	model    M
	now      time.Time
	held     map[string]Held
}

// NewHistory begins a history in either contract; clone copies a model deeply.
func NewHistory[M any](t *rapid.T, option emulator.Option, model M, clone func(M) M) *History[M] {
	h := &History[M]{T: t, Model: model, Now: start, clone: clone}
	contract := Pick(h, "contract", emulator.Documented, emulator.Live)
	h.Live = contract == emulator.Live
	var err error // in memory, so that no token depends on a port
	if h.server, err = emulator.New(option, emulator.WithContract(contract), emulator.WithAnswerChecks()); err != nil {
		t.Fatal(err)
	}
	h.server.Clock.Freeze()
	h.server.Clock.Set(start)
	for _, p := range h.server.Info().Providers {
		h.URL, h.Credentials = p.URL, p.Credentials
	}
	return h
}

// Run takes random actions, each as often as another unless often says how many
// times as often, and the ones every provider has: to take a snapshot
// and to go back to it. In the end, and now and then, agree compares what can be
// read with the model.
func (h *History[M]) Run(actions map[string]func(), often map[string]int, agree func()) {
	read := func() {
		before := h.server.Snapshot()
		h.reading = true
		agree()
		h.agreeOnCredentials()
		h.reading = false
		if !h.server.Snapshot().Equal(before) {
			h.Fatal("reading has changed the world")
		}
	}
	all := map[string]func(*rapid.T){
		"agree": func(*rapid.T) { read() },
		"snapshot": func(*rapid.T) {
			h.saved = append(h.saved, savedWorld[M]{h.server.Snapshot(), h.clone(h.Model), h.Now, maps.Clone(h.held)})
		},
		"restore": func(*rapid.T) {
			if len(h.saved) == 0 {
				h.Skip("no snapshot was taken")
			}
			back := rapid.SampledFrom(h.saved).Draw(h.T, "snapshot")
			h.server.Restore(back.snapshot)
			h.Model, h.Now, h.held = h.clone(back.model), back.now, maps.Clone(back.held)
		},
		"": func(*rapid.T) {
			if now := h.server.Clock.Now(); !now.Equal(h.Now) {
				h.Fatalf("the clock says %s, want %s", now, h.Now)
			}
		},
	}
	for name, action := range actions {
		for i := range max(1, often[name]) {
			all[name+strings.Repeat("'", i)] = func(*rapid.T) { action() }
		}
	}
	h.Repeat(all)
	read()
}

// Advance moves the clock: by some time, or to one of the given instants or as
// close to it as matters.
func (h *History[M]) Advance(instants []time.Time) {
	by := Pick(h, "by", time.Millisecond, time.Second, 20*time.Second, time.Minute, time.Hour, 31*24*time.Hour)
	var ahead []time.Time
	for _, at := range instants {
		if at.After(h.Now) {
			ahead = append(ahead, at)
		}
	}
	if len(ahead) > 0 && Pick(h, "to an instant", true, true, false) {
		at := rapid.SampledFrom(ahead).Draw(h.T, "instant")
		by = max(0, at.Sub(h.Now)+Pick(h, "off by", 0, -time.Millisecond, time.Millisecond, -time.Second, time.Second))
	}
	h.server.Clock.Advance(by)
	h.Now = h.Now.Add(by)
}

// Pick draws one of the given values.
func Pick[M, V any](h *History[M], label string, values ...V) V {
	return rapid.SampledFrom(values).Draw(h.T, label)
}

// A Request is a call to make.
type Request struct {
	Method, Path string
	Token        string     // sent as a bearer token
	Basic        [2]string  // sent as user and password
	JSON         any        // the body; nil is none
	Form         url.Values // the body instead
	Header       map[string]string
}

// A Want is what the model foretells of an answer.
type Want struct {
	Status int            // 0 is any
	Says   []string       // one of these is in the body of a refusal
	Reason string         // is in the hint of a refusal
	Has    map[string]any // by dotted paths into the answer's JSON, as fmt prints them
}

// Refusal is a Want that says text.
func Refusal(status int, text, reason string) *Want {
	return &Want{Status: status, Says: []string{text}, Reason: reason}
}

// An Answer is what a call was answered.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	JSON   any
}

// OK reports success.
func (a Answer) OK() bool { return a.Status/100 == 2 }

// At returns what stands at a dotted path of the answer's JSON, or nil.
func (a Answer) At(path string) any {
	at := a.JSON
	for step := range strings.SplitSeq(path, ".") {
		switch in := at.(type) {
		case map[string]any:
			at = in[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(in) {
				return nil
			}
			at = in[i]
		default:
			return nil
		}
	}
	return at
}

// Text returns the string at a path.
func (a Answer) Text(path string) string {
	text, _ := a.At(path).(string)
	return text
}

// List returns the array at a path; an empty path is the whole answer.
func (a Answer) List(path string) []any {
	at := a.JSON
	if path != "" {
		at = a.At(path)
	}
	list, _ := at.([]any)
	return list
}

// Call makes a call and compares its answer with what the model foretells of
// it. A refusal must leave the world as it was unless foretelling it has changed
// the model.
func (h *History[M]) Call(r Request, foretell func() Want) Answer {
	var before emulator.Snapshot
	var model M
	if !h.reading {
		before, model = h.server.Snapshot(), h.clone(h.Model)
	}
	a, reason := h.send(r)
	want := foretell()
	complain := func(format string, args ...any) {
		sent, _ := json.Marshal(r)
		h.Fatalf("%s %s: %s\nsent:   %s\nanswer: %d %s\nreason: %s", r.Method, r.Path, fmt.Sprintf(format, args...), sent, a.Status, a.Body, reason)
	}
	if breaches := h.server.Journal.Last().Breaches; len(breaches) > 0 {
		complain("against the document: %v", breaches)
	}
	if want.Status != 0 && a.Status != want.Status {
		complain("status %d, want %d %v", a.Status, want.Status, want.Says)
	}
	if !a.OK() {
		said := len(want.Says) == 0
		for _, text := range want.Says {
			said = said || strings.Contains(a.Body, text)
		}
		switch {
		case !said:
			complain("it does not say %q", want.Says)
		case reason == "" || !strings.Contains(reason, want.Reason):
			complain("the reason lacks %q", want.Reason)
		}
	}
	for path, value := range want.Has {
		if got := fmt.Sprint(a.At(path)); got != fmt.Sprint(value) {
			complain("%s is %s, want %v", path, got, value)
		}
	}
	if !h.reading && !a.OK() && reflect.DeepEqual(model, h.Model) && !h.server.Snapshot().Equal(before) {
		complain("it has changed the world")
	}
	h.keep(r, a)
	return a
}

// Claims are those of a JWT, unverified.
func Claims(t *rapid.T, token string) Answer {
	var a Answer
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = decodeJSON(text, &a.JSON)
	}
	if err != nil {
		t.Fatalf("the claims of %s: %v", token, err)
	}
	return a
}

// decodeJSON keeps numbers as they are written, so that they compare as text.
func decodeJSON(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(to)
}

func (h *History[M]) send(r Request) (Answer, string) {
	var body io.Reader
	kind := ""
	switch {
	case r.Form != nil:
		body, kind = strings.NewReader(r.Form.Encode()), "application/x-www-form-urlencoded"
	case r.JSON != nil:
		text, err := json.Marshal(r.JSON)
		if err != nil {
			h.Fatal(err)
		}
		body, kind = strings.NewReader(string(text)), "application/json"
	}
	request, err := http.NewRequest(r.Method, h.URL+r.Path, body)
	if err != nil {
		h.Fatal(err)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if r.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.Token)
	}
	if r.Basic != [2]string{} {
		request.SetBasicAuth(r.Basic[0], r.Basic[1])
	}
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	response, err := h.server.Client().Do(request)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.Fatal(err)
	}
	a := Answer{Status: response.StatusCode, Header: response.Header, Body: string(text)}
	page := strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") // for people, of whom some histories tell
	if len(text) > 0 && !page {
		if err := decodeJSON(text, &a.JSON); err != nil {
			h.Fatalf("%s %s: %v: %s", r.Method, r.Path, err, text)
		}
	}
	h.refusal = response.Header.Get(kernel.HeaderReason)
	return a, h.refusal
}
