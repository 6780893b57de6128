package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// seed is what every byte of an answer follows from, with the clock at start.
const seed = "script"

var start = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)

// host is the address that requests say they come by, so that links and issuers
// do not depend on the port.
const host = "understudy.test"

// A world is an emulator with one provider.
type world struct {
	*emulator.Server
	provider    emulator.Provider
	name        string            // the provider's
	clean       emulator.Snapshot // what each run of a fuzz target begins with
	url         string
	credentials map[string]string
	token       kernel.Token // how calls carry one
	client      *http.Client
}

func newWorld(tb emulator.TB, new func() emulator.Option, seed string) *world {
	tb.Helper()
	option := new()
	w := &world{Server: emulator.NewTest(tb, option, emulator.WithSeed(seed), emulator.AllowUnknown())}
	w.provider, _ = option.(emulator.Provider)
	w.token = describe(tb, new()).Token
	w.stopClock()
	for name, p := range w.Info().Providers {
		w.name, w.url, w.credentials = name, p.URL, p.Credentials
	}
	transport := &http.Transport{DisableCompression: true}
	tb.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w
}

func (w *world) stopClock() {
	w.Clock.Freeze()
	w.Clock.Set(start)
}

// startOver resets the world by the control API: there is no other way to
// change its contract or what it starts with.
func (w *world) startOver(change map[string]any) error {
	if err := w.control("POST", "/reset", change); err != nil {
		return err
	}
	w.stopClock()
	w.credentials = w.Info().Providers[w.name].Credentials
	return nil
}

// set changes a setting of the one provider.
func (w *world) set(name, value string) error {
	for provider := range w.Info().Providers {
		return w.control("PATCH", "/settings/"+provider, map[string]any{name: value})
	}
	return nil
}

// control makes a call of the control API.
func (w *world) control(method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = w.ask(method, path, text)
	return err
}

// ask makes a call of the control API and returns its answer.
func (w *world) ask(method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, w.URL()+"/_understudy"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	r, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	answer, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, path, answer)
	}
	return answer, err
}

// good is the credential of the default world that calls carry.
func (w *world) good() string { return w.token.Of(w.credentials) }

// carry puts a token into the header of a call, or takes out what is there.
func (w *world) carry(header http.Header, token string) {
	header.Del(w.token.Name())
	if token != "" {
		header.Set(w.token.Name(), w.token.Value(token))
	}
}

// An answer is what a request was answered. A connection that broke leaves what
// came before the break, and err.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func (a answer) ok() bool { return a.err == nil && a.status/100 == 2 }

// send sends a request; body may be nil for none.
func (w *world) send(method, path string, header http.Header, body []byte) answer {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequest(method, w.url+path, reader)
	if err != nil {
		return answer{err: err}
	}
	request.Host = host
	request.Header = header
	response, err := w.client.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode, header: response.Header}
	a.body, a.err = io.ReadAll(response.Body)
	return a
}

// A subject is a provider and its document.
type subject struct {
	kernel.Description
	schema *store.Schema
	index  *gate.Index
	served map[kernel.Op]bool
}

// describe mounts the one provider of an option.
func describe(tb emulator.TB, option emulator.Option) subject {
	tb.Helper()
	var config kernel.Config
	option.Apply(&config)
	if len(config.Providers) != 1 {
		tb.Fatalf("the option holds %d providers, want one", len(config.Providers))
	}
	s := subject{schema: &store.Schema{}, served: map[kernel.Op]bool{}}
	s.Description = config.Providers[0].Mount(&kernel.Env{Schema: s.schema})
	return s
}

func examine(t testing.TB, new func() emulator.Option) subject {
	t.Helper()
	s := describe(t, new())
	for _, route := range s.Routes {
		s.served[route.Op] = true
	}
	var err error
	if s.index, err = s.Document.Index(); err == nil {
		err = s.index.Load()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s subject) op(o *gate.Operation) kernel.Op { return kernel.Op(s.Name + " " + o.Line()) }

// servedOperations returns the operations that have a handler.
func (s subject) servedOperations() []*gate.Operation {
	var list []*gate.Operation
	for _, o := range s.index.Operations {
		if s.served[s.op(o)] {
			list = append(list, o)
		}
	}
	return list
}

// maxReason is how long a reason may be, in bytes: clients take some kilobytes
// of headers in all.
const maxReason = 2048

// envelope says what is wrong with an operation's refusal, if anything.
func envelope(o *gate.Operation, a answer) error {
	switch {
	case a.err != nil:
		return fmt.Errorf("no answer: %w", a.err)
	case a.status < 400:
		return fmt.Errorf("status %d, want a refusal", a.status)
	case o.Method == http.MethodHead && len(a.body) > 0:
		return fmt.Errorf("%d with a body, which HEAD has none of: %.200q", a.status, a.body)
	case o.Method != http.MethodHead && !json.Valid(a.body):
		return fmt.Errorf("%d with a body that is not JSON: %.200q", a.status, a.body)
	case a.header.Get(kernel.HeaderReason) == "":
		return fmt.Errorf("%d without a reason", a.status)
	case len(a.header.Get(kernel.HeaderReason)) > maxReason:
		return fmt.Errorf("%d with a reason of %d bytes", a.status, len(a.header.Get(kernel.HeaderReason)))
	}
	if breaches := o.CheckAnswer(a.status, a.header.Get("Content-Type"), a.body); len(breaches) > 0 {
		return fmt.Errorf("%d against the document: %v: %s", a.status, breaches, a.body)
	}
	return nil
}
