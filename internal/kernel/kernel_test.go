package kernel_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// toyDocument describes a provider with one operation.
const toyDocument = `
openapi: 3.0.3
info: {title: Toy, version: "1"}
x-understudy-transport: [400, 500]
paths:
  /rows/{key}:
    put:
      operationId: putRow
      parameters:
        - {name: key, in: path, required: true, schema: {type: string}}
        - {name: loud, in: query, schema: {type: boolean}}
        - {name: tag, in: query, schema: {type: array, items: {type: string}}}
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                count: {type: integer}
              additionalProperties: false
      responses:
        "200":
          description: The row.
          content:
            application/json:
              schema:
                type: object
                properties:
                  key: {type: string}
                  count: {type: integer}
                required: [key, count]
                additionalProperties: false
        "204": {description: Nothing to say.}
        "409":
          description: A clash.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Error"}
    delete:
      operationId: deleteRow
      parameters:
        - {name: key, in: path, required: true, schema: {type: string}}
      responses:
        "204": {description: Gone.}
    head:
      operationId: headRow
      parameters:
        - {name: key, in: path, required: true, schema: {type: string}}
      responses:
        "200": {description: There it is.}
components:
  schemas:
    Error:
      type: object
      properties:
        error: {type: string}
      required: [error]
      additionalProperties: false
  responses:
    Error400:
      description: Not as documented.
      content:
        application/json:
          schema: {$ref: "#/components/schemas/Error"}
    Error500:
      description: A failure.
      content:
        application/json:
          schema: {$ref: "#/components/schemas/Error"}
`

const (
	opPut  kernel.Op = "toy PUT /rows/{key}"
	opHead kernel.Op = "toy HEAD /rows/{key}"
)

type headRequest struct {
	Key string `path:"key" json:"-"`
}

type putRequest struct {
	Key string `path:"key" json:"-"`
	putFlags
	putBody
}

// putFlags are embedded: parameters may be shared by requests.
type putFlags struct {
	Loud *bool    `query:"loud" json:"-"`
	Tags []string `query:"tag" json:"-"`
}

type putBody struct {
	Count int `json:"count"`
}

type row struct {
	Key   string `json:"key"`
	Count int    `json:"count"`
}

type errorBody struct {
	Error string `json:"error"`
}

const toyBeyond = `# Source: the toy shop's catalogue, 2026-11-21.

## shop
GET /shop/{toy}
POST /shop/{toy}
PUT /rows/special
/toys.v1.Shop/Sell
`

// toy is a provider whose only handler is the test's.
type toy struct {
	kernel.Binding
	rows   *store.Table[row]
	handle func(p *toy, c *kernel.Call, in putRequest) (any, error)
}

func (p *toy) Apply(c *kernel.Config) { c.Providers = append(c.Providers, p) }

func (p *toy) Mount(env *kernel.Env) kernel.Description {
	p.rows = store.NewTable[row](env.Schema, "row")
	return kernel.Description{
		Name:     "toy",
		Document: gate.NewDocument([]byte(toyDocument), gate.PathRule{}).Beyond([]byte(toyBeyond)),
		Hosts:    []string{"toy.example", "*.toy.example"},
		Routes: []kernel.Route{kernel.On(opPut, func(c *kernel.Call, in putRequest) (any, error) {
			return p.handle(p, c, in)
		}), kernel.On(opHead, func(c *kernel.Call, in headRequest) (kernel.Answer, error) {
			if _, ok := p.rows.Get(c.Tx, in.Key); !ok {
				return kernel.Answer{}, &kernel.Problem{Status: 400, Message: "there is no such row"}
			}
			return kernel.Answer{Status: 200, Header: http.Header{"Total-Count": {"1"}}}, nil
		})},
		Declined: map[kernel.Op]string{"toy DELETE /rows/{key}": "toys are kept"},
		Answering: kernel.Answering{Error: func(_ *kernel.Call, problem *kernel.Problem) kernel.Answer {
			status := map[kernel.Kind]int{
				kernel.UnknownPath: 404, kernel.WrongMethod: 405, kernel.MalformedBody: 400, kernel.EmptyBody: 400,
				kernel.UnsupportedMediaType: 400, kernel.TooLarge: 400, kernel.Invalid: 400,
			}[problem.Kind]
			if status == 0 {
				status = problem.Status
			}
			return kernel.Answer{Status: status, Body: errorBody{problem.Message}}
		}},
	}
}

// put is what the handlers of the tests do first.
func (p *toy) put(c *kernel.Call, in putRequest) row {
	r := row{in.Key, in.Count}
	p.rows.Put(c.Tx, in.Key, r)
	return r
}

// newToy returns a world with one toy, and the failures it reports.
func newToy(t *testing.T, handle func(*toy, *kernel.Call, putRequest) (any, error)) (*kernel.World, *[]string) {
	t.Helper()
	world, err := kernel.NewWorld(kernel.Config{Providers: []kernel.Provider{&toy{handle: handle}}, CheckAnswers: true})
	if err != nil {
		t.Fatal(err)
	}
	failures := &[]string{}
	world.ReportTo(func(format string, args ...any) { *failures = append(*failures, fmt.Sprintf(format, args...)) })
	return world, failures
}

// serve answers one request.
func serve(world *kernel.World, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	world.Instance("toy").ServeHTTP(w, r)
	return w
}

// TestHead answers and refuses without a body, which is not against the document.
func TestHead(t *testing.T) {
	world, failures := newToy(t, func(p *toy, c *kernel.Call, in putRequest) (any, error) { return p.put(c, in), nil })
	if w := serve(world, "HEAD", "/rows/a", ""); w.Code != 400 || w.Body.Len() != 0 || w.Header().Get(kernel.HeaderReason) == "" {
		t.Errorf("a refusal: %d %s %v", w.Code, w.Body, w.Header())
	}
	serve(world, "PUT", "/rows/a", `{"count":1}`)
	if w := serve(world, "HEAD", "/rows/a", ""); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Total-Count") != "1" {
		t.Errorf("an answer: %d %s %v", w.Code, w.Body, w.Header())
	}
	if len(*failures) > 0 {
		t.Errorf("reported: %q", *failures)
	}
}

// safe is a toy with credentials, one of which takes long to make.
type safe struct {
	toy
	made int
}

func (p *safe) Apply(c *kernel.Config) { c.Providers = append(c.Providers, p) }

func (p *safe) Mount(env *kernel.Env) kernel.Description {
	d := p.toy.Mount(env)
	d.DefaultWorld = func(*kernel.Call) any { return struct{}{} }
	d.Load = func(c *kernel.Call, _ json.RawMessage) (map[string]string, error) {
		c.LateCredential("token", func() (string, error) {
			p.made++
			return c.DrawWorld("token").Hex(2), nil
		})
		return map[string]string{"id": "1"}, nil
	}
	return d
}

// TestLateCredential makes a credential when it is first read, once a world.
func TestLateCredential(t *testing.T) {
	p := &safe{}
	world, err := kernel.NewWorld(kernel.Config{Providers: []kernel.Provider{p}})
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []string{"", "another"} {
		if p.made = 0; seed != "" {
			if err := world.Reset(kernel.Start{Seed: seed}); err != nil {
				t.Fatal(err)
			}
		}
		if p.made != 0 {
			t.Errorf("seed %q: the credential is made before it is read", seed)
		}
		first := p.Credentials()
		if first["id"] != "1" || len(first["token"]) != 4 {
			t.Errorf("seed %q: credentials %v", seed, first)
		}
		first["token"] = "changed"
		if p.Credentials()["token"] == "changed" || p.made != 1 {
			t.Errorf("seed %q: made %d times", seed, p.made)
		}
	}
}

// TestLongAnswers asks for more than an answer may hold, of which little is stored.
func TestLongAnswers(t *testing.T) {
	shared := strings.Repeat("x", 1<<20)
	controls := strings.Repeat("\x01", 1<<20) // six bytes each, once encoded
	list := func(text string, n int) []string { return slices.Repeat([]string{text}, n) }
	type node struct {
		Text     string
		Children []*node
	}
	var tree func(depth int) *node
	tree = func(depth int) *node {
		if depth == 0 {
			return &node{Text: shared}
		}
		child := tree(depth - 1)
		return &node{Children: []*node{child, child}}
	}
	endless := &node{}
	endless.Children = []*node{endless}
	tests := []struct {
		name   string
		body   any
		status int
	}{
		{"short", list("x", 10), 200},
		{"just short enough", list(shared, 15), 200},
		{"a list of 4 GiB", list(shared, 4096), 400},
		{"a map", map[string]any{"a": list(shared, 8), "b": list(shared, 9)}, 400},
		{"a tree of 2^40 MiB", tree(40), 400},
		{"raw JSON", []json.RawMessage{json.RawMessage(`"` + strings.Repeat("x", 17<<20) + `"`)}, 400},
		{"longer once encoded", list(controls, 3), 400},
		{"a header alone", kernel.Answer{Status: 200, Body: struct{ Rows any }{list(shared, 17)}}, 400},
		{"its own parent", endless, 500},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			world, err := kernel.NewWorld(kernel.Config{Providers: []kernel.Provider{&toy{handle: func(p *toy, c *kernel.Call, in putRequest) (any, error) {
				p.put(c, in)
				return tt.body, nil
			}}}})
			if err != nil {
				t.Fatal(err)
			}
			serve(world, "PUT", "/rows/warm", `{"count":1}`) // reads the document
			before := world.Snapshot()
			var old, now runtime.MemStats
			runtime.ReadMemStats(&old)
			w := serve(world, "PUT", "/rows/a", `{"count":1}`)
			runtime.ReadMemStats(&now)
			if w.Code != tt.status {
				t.Errorf("status %d and %d bytes, want %d", w.Code, w.Body.Len(), tt.status)
			}
			if kept := !world.Snapshot().Equal(before); kept != (tt.status == 200) {
				t.Errorf("the row is there: %t, want %t", kept, tt.status == 200)
			}
			if tt.status != 400 {
				return
			}
			if want := fmt.Sprintf("The answer would be longer than %d bytes", kernel.MaxAnswer); !strings.Contains(w.Body.String(), want) || !strings.HasPrefix(w.Header().Get(kernel.HeaderReason), "the answer would be longer than") {
				t.Errorf("refused with %s, reason %q, want %q", w.Body, w.Header().Get(kernel.HeaderReason), want)
			}
			if took := (now.TotalAlloc - old.TotalAlloc) >> 20; took > 300 { // the answer would be gigabytes; the race detector takes its share
				t.Errorf("the refusal took %d MiB", took)
			}
		})
	}
}

// TestOutcomes looks at what becomes of what a handler has written, of its
// answer, and of the test it runs in.
func TestOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		then   func(c *kernel.Call, r row) (any, error) // after the row is written
		status int
		body   string
		kept   bool
		fails  string // in the only failure; none when it is empty
	}{
		{"answer", func(_ *kernel.Call, r row) (any, error) { return r, nil },
			200, `{"key":"a","count":1}`, true, ""},
		{"answer with a documented status", func(*kernel.Call, row) (any, error) { return kernel.Answer{Status: 204}, nil },
			204, ``, true, ""},
		{"answer that is a refusal", func(*kernel.Call, row) (any, error) {
			return kernel.Answer{Status: 409, Body: errorBody{"clash"}}, nil
		}, 409, `{"error":"clash"}`, true, ""},
		{"problem", func(*kernel.Call, row) (any, error) { return nil, &kernel.Problem{Status: 409, Message: "clash"} },
			409, `{"error":"clash"}`, false, ""},
		{"wrapped problem", func(*kernel.Call, row) (any, error) {
			return nil, fmt.Errorf("putting: %w", &kernel.Problem{Status: 409, Message: "clash"})
		}, 409, `{"error":"clash"}`, false, ""},
		{"kept problem", func(*kernel.Call, row) (any, error) {
			return nil, (&kernel.Problem{Status: 409, Message: "clash"}).Keep()
		}, 409, `{"error":"clash"}`, true, ""},
		{"panic", func(*kernel.Call, row) (any, error) { panic("oh") },
			500, `{"error":""}`, false, "toy PUT /rows/{key}: panic: oh"},
		{"nil dereference", func(*kernel.Call, row) (any, error) { var r *row; return *r, nil },
			500, `{"error":""}`, false, "toy PUT /rows/{key}: panic: runtime error"},
		{"error", func(*kernel.Call, row) (any, error) { return nil, errors.New("disk full") },
			500, `{"error":""}`, false, "toy PUT /rows/{key}: disk full"},
		{"undocumented status", func(*kernel.Call, row) (any, error) {
			return kernel.Answer{Status: 202, Body: errorBody{"later"}}, nil
		}, 202, `{"error":"later"}`, true, "toy PUT /rows/{key} answered 202 against its document: answer: status 202 is not documented"},
		{"undocumented refusal", func(*kernel.Call, row) (any, error) { return nil, &kernel.Problem{Status: 403, Message: "no"} },
			403, `{"error":"no"}`, false, "answered 403 against its document: answer: status 403 is not documented"},
		{"wrong type", func(*kernel.Call, row) (any, error) { return map[string]any{"key": "a", "count": "1"}, nil },
			200, `{"count":"1","key":"a"}`, true, "answered 200 against its document: answer/count: not of type integer but string"},
		{"missing property", func(*kernel.Call, row) (any, error) { return map[string]any{"key": "a"}, nil },
			200, `{"key":"a"}`, true, "answered 200 against its document: answer/count: missing"},
		{"unknown property", func(*kernel.Call, row) (any, error) {
			return map[string]any{"key": "a", "count": 1, "color": "red"}, nil
		},
			200, `{"color":"red","count":1,"key":"a"}`, true, "answered 200 against its document: answer: unknown color"},
		{"wrong content type", func(_ *kernel.Call, r row) (any, error) {
			return kernel.Answer{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}, Body: r}, nil
		}, 200, `{"key":"a","count":1}`, true, `against its document: answer: status 200 with a body of type "text/plain" is not documented`},
		{"body where there is none", func(_ *kernel.Call, r row) (any, error) { return kernel.Answer{Status: 204, Body: r}, nil },
			204, "", true, "against its document: answer: status 204 with a body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			world, failures := newToy(t, func(p *toy, c *kernel.Call, in putRequest) (any, error) {
				return tt.then(c, p.put(c, in))
			})
			before := world.Snapshot()
			w := serve(world, "PUT", "/rows/a", `{"count":1}`)
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("status %d and body %s, want %d and %s", w.Code, w.Body, tt.status, tt.body)
			}
			if kept := !world.Snapshot().Equal(before); kept != tt.kept {
				t.Errorf("the row is there: %t, want %t", kept, tt.kept)
			}
			switch {
			case tt.fails == "" && len(*failures) > 0:
				t.Errorf("failures %q, want none", *failures)
			case tt.fails != "" && (len(*failures) != 1 || !strings.Contains((*failures)[0], tt.fails)):
				t.Errorf("failures %q, want one that says %q", *failures, tt.fails)
			}
			broken := strings.Contains(tt.fails, "against its document")
			if n := len(world.Journal.Last().Breaches); (n > 0) != broken {
				t.Errorf("%d breaches in the journal", n)
			}
			// Whatever happened, the next call finds a world that works.
			if w := serve(world, "PUT", "/rows/a", `{"count":"x"}`); w.Code != 400 {
				t.Errorf("the next call is answered with %d, want 400", w.Code)
			}
		})
	}
}

// TestInput shows what a handler gets.
func TestInput(t *testing.T) {
	var got putRequest
	world, _ := newToy(t, func(p *toy, c *kernel.Call, in putRequest) (any, error) {
		got = in
		return p.put(c, in), nil
	})
	tests := []struct {
		name, target, body string
		status             int
		want               string
	}{
		{"path", "/rows/a", ``, 200, `a - [] 0`},
		{"escaped path", "/rows/a%2Fb%20c", ``, 200, `a/b c - [] 0`},
		{"body", "/rows/a", `{"count":7}`, 200, `a - [] 7`},
		{"query", "/rows/a?loud=true&tag=x&tag=y&other=1", ``, 200, `a true [x y] 0`},
		{"false", "/rows/a?loud=false", ``, 200, `a false [] 0`},
		{"the body does not reach path and query", "/rows/a", `{"Key":"b"}`, 400, ``},
		{"not a boolean", "/rows/a?loud=very", ``, 400, ``},
		{"not an integer", "/rows/a", `{"count":0.5}`, 400, ``},
		{"integer that Go does not take", "/rows/a", `{"count":1e1}`, 400, ``},
		{"too large an integer", "/rows/a", `{"count":1e99}`, 400, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got = putRequest{}
			w := serve(world, "PUT", tt.target, tt.body)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if reason := w.Header().Get(kernel.HeaderReason); strings.Contains(tt.body, "1e") && !strings.Contains(reason, " body/count: ") {
				t.Errorf("the reason is %q", reason)
			}
			loud := "-"
			if got.Loud != nil {
				loud = fmt.Sprint(*got.Loud)
			}
			if text := fmt.Sprintf("%s %s %v %d", got.Key, loud, got.Tags, got.Count); tt.status == 200 && text != tt.want {
				t.Errorf("the handler got %s, want %s", text, tt.want)
			}
		})
	}
}

// TestUnserved makes calls that reach no handler.
func TestUnserved(t *testing.T) {
	tests := []struct {
		method, target string
		status         int
		fails          string
	}{
		{"GET", "/", 404, "GET / is not an operation of toy"},
		{"GET", "/rows/a", 405, "GET /rows/a is not an operation of toy"},
		{"DELETE", "/rows/a", 501, "toy DELETE /rows/{key} is not served: toys are kept"},
		{"OPTIONS", "/rows/a", 405, ""},
	}
	for _, tt := range tests {
		world, failures := newToy(t, nil)
		if w := serve(world, tt.method, tt.target, ""); w.Code != tt.status || w.Header().Get(kernel.HeaderReason) == "" {
			t.Errorf("%s %s: status %d with reason %q, want %d", tt.method, tt.target, w.Code, w.Header().Get(kernel.HeaderReason), tt.status)
		}
		if tt.fails == "" && len(*failures) != 0 || tt.fails != "" && (len(*failures) != 1 || !strings.Contains((*failures)[0], tt.fails)) {
			t.Errorf("%s %s: failures %q, want %q", tt.method, tt.target, *failures, tt.fails)
		}
	}
}

// TestHosts finds a provider by the service's own host names.
func TestHosts(t *testing.T) {
	world, _ := newToy(t, nil)
	for host, want := range map[string]bool{
		"toy.example": true, "a.toy.example": true, "a.b.toy.example": true,
		"": false, ".toy.example": false, "xtoy.example": false, "toy.example.org": false, "example": false,
	} {
		if got := world.InstanceFor(host) != nil; got != want {
			t.Errorf("%q is a host of the provider: %t, want %t", host, got, want)
		}
	}
}

// TestRoundTripLeavesTheRequestAlone holds the in-memory transport to the rules
// of http.RoundTripper: the request is not changed, its body is closed.
func TestRoundTripLeavesTheRequestAlone(t *testing.T) {
	world, _ := newToy(t, func(p *toy, c *kernel.Call, in putRequest) (any, error) {
		c.Request.Header.Set("Changed", "by the handler")
		return p.put(c, in), nil
	})
	body := &closer{Reader: strings.NewReader(`{"count":1}`)}
	r, err := http.NewRequestWithContext(t.Context(), "PUT", "https://toy.example/rows/a#fragment", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := world.Instance("toy").RoundTrip(r, "https://toy.example")
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Request != r {
		t.Errorf("status %d for request %p, want 200 for %p", resp.StatusCode, resp.Request, r)
	}
	if r.Header.Get("Changed") != "" || r.URL.String() != "https://toy.example/rows/a#fragment" || r.Host != "toy.example" {
		t.Errorf("the request was changed: %+v", r)
	}
	if !body.closed {
		t.Error("the body is not closed")
	}
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

// TestWhole shows what a provider that reads bodies by itself goes by.
func TestWhole(t *testing.T) {
	var raw []byte
	var operation, property string
	world, _ := newToy(t, func(p *toy, c *kernel.Call, in putRequest) (any, error) {
		var err error
		raw, err = c.Whole()
		operation = c.Operation().ID
		property = c.Operation().BodySchema("application/json").Properties["count"].Value.Type.Slice()[0]
		if c.Operation().BodySchema("text/plain") != nil {
			t.Error("there is a schema for a type that the operation does not take")
		}
		return p.put(c, in), err
	})
	const body = ` {"count": 2}`
	if w := serve(world, "PUT", "/rows/a", body); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if string(raw) != body || operation != "putRow" || property != "integer" {
		t.Errorf("raw body %q of %q, whose count is of type %q", raw, operation, property)
	}
}

// TestBeyond calls what the service has and nobody serves, and what it has not.
func TestBeyond(t *testing.T) {
	const beyond = "the service has it, but it is beyond what Understudy emulates"
	for _, tt := range []struct {
		method, path string
		status       int
		op           kernel.Op
		reason       string
	}{
		{"GET", "/shop/car", 501, "toy GET /shop/{toy}", "toy GET /shop/{toy} is not served: " + beyond},
		{"PUT", "/rows/special", 501, "toy PUT /rows/special", "toy PUT /rows/special is not served: " + beyond},
		{"POST", "/toys.v1.Shop/Sell", 501, "toy /toys.v1.Shop/Sell", "toy /toys.v1.Shop/Sell is not served: " + beyond},
		{"DELETE", "/shop/car", 405, "", "toy has this path, but not with DELETE"},
		{"GET", "/toys.v1.Shop/Sell", 405, "", "toy has this path, but not with GET"},
		{"PUT", "/row/special", 404, "", "toy has no operation PUT /row/special; the nearest is PUT /rows/{key}"},
		{"PUT", "/row/x", 404, "", "toy has no operation PUT /row/x; the nearest is PUT /rows/{key}"},
		{"POST", "/toys.v1.Shop/Sel", 404, "", "toy has no operation POST /toys.v1.Shop/Sel; the nearest is /toys.v1.Shop/Sell"},
		{"GET", "/something/quite/different", 404, "", "toy has no operation GET /something/quite/different"},
	} {
		world, failures := newToy(t, nil)
		a := serve(world, tt.method, tt.path, "")
		e := world.Journal.Last()
		if a.Code != tt.status || e.Operation != tt.op || e.Reason != tt.reason {
			t.Errorf("%s %s: %d %q %q", tt.method, tt.path, a.Code, e.Operation, e.Reason)
		}
		if len(*failures) != 1 {
			t.Errorf("%s %s: the test fails with %q", tt.method, tt.path, *failures)
		}
	}
}

// TestUnknownKeys sends a key that nobody knows, refused and ignored.
func TestUnknownKeys(t *testing.T) {
	world, failures := newToy(t, func(p *toy, c *kernel.Call, in putRequest) (any, error) { return p.put(c, in), nil })
	const body = `{"count":1,"colour":"red"}`
	if w := serve(world, "PUT", "/rows/a", body); w.Code != 400 {
		t.Errorf("refused: %d %s", w.Code, w.Body)
	}
	want := "against the document: body: unknown colour; of unknown keys, the service takes them or not, nobody public says; --set toy.unknownKeys=ignore lets them pass"
	if e := world.Journal.Last(); e.Reason != want {
		t.Errorf("the reason is %q", e.Reason)
	}
	if err := world.Instance("toy").Set(map[string]any{"unknownKeys": "some"}); err == nil {
		t.Error("unknownKeys takes any value")
	}
	if err := world.Instance("toy").Set(map[string]any{"unknownKeys": "ignore"}); err != nil {
		t.Fatal(err)
	}
	if w := serve(world, "PUT", "/rows/a", body); w.Code != 200 {
		t.Errorf("ignored: %d %s", w.Code, w.Body)
	}
	if e := world.Journal.Last(); !slices.Equal(e.Warnings, []string{"body: unknown colour; it passes because of the setting toy.unknownKeys"}) {
		t.Errorf("the warnings are %q", e.Warnings)
	}
	if w := serve(world, "PUT", "/rows/a", `{"count":"1","colour":"red"}`); w.Code != 400 || strings.Contains(world.Journal.Last().Reason, "colour") {
		t.Errorf("another breach: %d %s", w.Code, world.Journal.Last().Reason)
	}
	if len(*failures) > 0 {
		t.Errorf("reported: %q", *failures)
	}
}
