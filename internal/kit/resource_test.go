package kit_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/store"
)

// shopDocument describes shelves with toys; all that the gate checks in it is the
// form of paths and bodies.
const shopDocument = `
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /shelves/{shelf}/toys:
    parameters: [{$ref: "#/components/parameters/shelf"}]
    post:
      operationId: createToy
      requestBody: {$ref: "#/components/requestBodies/Toy"}
      responses: {"201": {$ref: "#/components/responses/Any"}}
    get:
      operationId: listToys
      parameters: [{name: color, in: query, schema: {type: string}}]
      responses: {"200": {$ref: "#/components/responses/Any"}}
  /shelves/{shelf}/toys/{toy}:
    parameters: [{$ref: "#/components/parameters/shelf"}, {$ref: "#/components/parameters/toy"}]
    get:
      operationId: getToy
      responses: {"200": {$ref: "#/components/responses/Any"}}
    head:
      operationId: headToy
      responses: {"200": {description: There it is.}}
    patch:
      operationId: updateToy
      requestBody: {$ref: "#/components/requestBodies/Toy"}
      responses: {"200": {$ref: "#/components/responses/Any"}}
    delete:
      operationId: deleteToy
      responses: {"200": {$ref: "#/components/responses/Any"}}
  /shelves/{shelf}/toys/named/{name}:
    parameters: [{$ref: "#/components/parameters/shelf"}, {name: name, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getToyByName
      responses: {"200": {$ref: "#/components/responses/Any"}}
components:
  parameters:
    shelf: {name: shelf, in: path, required: true, schema: {type: string}}
    toy: {name: toy, in: path, required: true, schema: {type: string}}
  requestBodies:
    Toy: {content: {application/json: {schema: {type: object}}}}
  responses:
    Any: {description: Something., content: {application/json: {schema: {}}}}
`

type toy struct{ ID, Shelf, Name, Color string }

type toyInput struct {
	Shelf string  `path:"shelf" json:"-"`
	Wants string  `query:"color" json:"-"`
	Name  *string `json:"name"`
	Color *string `json:"color"`
}

type toyBody struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color,omitempty"`
}

type shop struct {
	kernel.Binding
	toys   *store.Table[toy]
	toysOf *store.Index[toy]
	byName *store.Unique[toy]
}

func (p *shop) Apply(c *kernel.Config) { c.Providers = append(c.Providers, p) }

func refuse(status int, format string, args ...any) error {
	return &kernel.Problem{Status: status, Message: fmt.Sprintf(format, args...)}
}

// resource has every part that a declaration may have.
func (p *shop) resource() kit.Resource[toy, toyInput] {
	return kit.Resource[toy, toyInput]{
		Rows: p.toysOf, Key: func(t toy) string { return t.ID }, Path: "toy",
		Enter: func(_ *kernel.Call, do kit.Action, in toyInput) (string, error) {
			if in.Shelf == "glass" && do != kit.Read {
				return "", refuse(403, "may not %s", do)
			}
			return in.Shelf, nil
		},
		New: func(c *kernel.Call, shelf string) toy { return toy{ID: c.Draw("toy").Hex(2), Shelf: shelf} },
		Assign: func(_ *kernel.Call, t *toy, in toyInput) error {
			kit.Put(&t.Name, in.Name)
			kit.Put(&t.Color, in.Color)
			if t.Name == "" {
				return refuse(400, "no name")
			}
			return nil
		},
		Show:    func(_ *kernel.Call, t toy) any { return toyBody{t.ID, t.Name, t.Color} },
		Missing: func(id string) error { return refuse(404, "no toy %s", id) },
		Taken:   func(t toy, index string) error { return refuse(409, "the %s of %s is taken", index, t.Name) },
		Keep:    func(in toyInput, t toy) bool { return in.Wants == "" || t.Color == in.Wants },
		Guard: func(_ *kernel.Call, do kit.Action, t toy) error {
			if t.Color == "gold" {
				return refuse(403, "gold: no %s", do)
			}
			return nil
		},
		Answer: kit.Under("toy"),
		Page:   kit.AllUnder("toys"),
	}
}

func (p *shop) Mount(env *kernel.Env) kernel.Description {
	p.toys = store.NewTable[toy](env.Schema, "toy")
	p.toysOf = p.toys.Index(func(t toy) string { return t.Shelf })
	p.byName = p.toys.Unique("name", func(t toy) string { return t.Shelf + "/" + t.Name })
	toys := p.resource()
	byName := toys.By("name", func(c *kernel.Call, shelf, name string) (toy, bool) { return p.byName.Get(c.Tx, shelf+"/"+name) })
	return kernel.Description{
		Name:     "shop",
		Document: gate.NewDocument([]byte(shopDocument), gate.PathRule{}),
		Routes: []kernel.Route{
			kernel.On("shop POST /shelves/{shelf}/toys", toys.Create),
			kernel.On("shop GET /shelves/{shelf}/toys", toys.List),
			kernel.On("shop GET /shelves/{shelf}/toys/{toy}", toys.Get),
			kernel.On("shop HEAD /shelves/{shelf}/toys/{toy}", kit.Head(toys.Get)),
			kernel.On("shop PATCH /shelves/{shelf}/toys/{toy}", toys.Update),
			kernel.On("shop DELETE /shelves/{shelf}/toys/{toy}", toys.Delete),
			kernel.On("shop GET /shelves/{shelf}/toys/named/{name}", byName.Get),
		},
		Answering: kernel.Answering{Error: func(_ *kernel.Call, problem *kernel.Problem) kernel.Answer {
			return kernel.Answer{Status: problem.Status, Body: problem.Message}
		}},
	}
}

// TestResource is one conversation with a resource; ID1 and so on stand for the
// identifiers that were drawn.
func TestResource(t *testing.T) {
	world, err := kernel.NewWorld(kernel.Config{Providers: []kernel.Provider{&shop{}}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, step := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/shelves/top/toys", "", 200, `{"toys":[]}`},
		{"POST", "/shelves/top/toys", `{"name":"bear","color":"red"}`, 201, `{"toy":{"id":"ID1","name":"bear","color":"red"}}`},
		{"POST", "/shelves/top/toys", `{"name":"bear"}`, 409, `"the name of bear is taken"`},
		{"POST", "/shelves/low/toys", `{"name":"bear"}`, 201, `{"toy":{"id":"ID2","name":"bear"}}`},
		{"POST", "/shelves/top/toys", `{}`, 400, `"no name"`},
		{"POST", "/shelves/glass/toys", `{"name":"vase"}`, 403, `"may not create"`},
		{"POST", "/shelves/top/toys", `{"name":"coin","color":"gold"}`, 201, `{"toy":{"id":"ID3","name":"coin","color":"gold"}}`},
		{"GET", "/shelves/top/toys", "", 200, `{"toys":[{"id":"ID1","name":"bear","color":"red"},{"id":"ID3","name":"coin","color":"gold"}]}`},
		{"GET", "/shelves/top/toys?color=red", "", 200, `{"toys":[{"id":"ID1","name":"bear","color":"red"}]}`},
		{"GET", "/shelves/top/toys/ID1", "", 200, `{"toy":{"id":"ID1","name":"bear","color":"red"}}`},
		{"HEAD", "/shelves/top/toys/ID1", "", 200, ""},
		{"GET", "/shelves/top/toys/ID2", "", 404, `"no toy ID2"`},
		{"GET", "/shelves/low/toys/named/bear", "", 200, `{"toy":{"id":"ID2","name":"bear"}}`},
		{"GET", "/shelves/low/toys/named/coin", "", 404, `"no toy coin"`},
		{"PATCH", "/shelves/top/toys/ID1", `{"color":"blue"}`, 200, `{"toy":{"id":"ID1","name":"bear","color":"blue"}}`},
		{"PATCH", "/shelves/top/toys/ID1", `{"name":"coin"}`, 409, `"the name of coin is taken"`},
		{"PATCH", "/shelves/top/toys/ID1", `{"name":""}`, 400, `"no name"`},
		{"PATCH", "/shelves/top/toys/ID3", `{"color":"red"}`, 403, `"gold: no edit"`},
		{"DELETE", "/shelves/top/toys/ID3", "", 403, `"gold: no delete"`},
		{"DELETE", "/shelves/low/toys/ID1", "", 404, `"no toy ID1"`},
		{"DELETE", "/shelves/top/toys/ID1", "", 200, `{"toy":{"id":"ID1","name":"bear","color":"blue"}}`},
		{"DELETE", "/shelves/top/toys/ID1", "", 404, `"no toy ID1"`},
		{"GET", "/shelves/top/toys", "", 200, `{"toys":[{"id":"ID3","name":"coin","color":"gold"}]}`},
	} {
		for i, id := range ids {
			stand := fmt.Sprintf("ID%d", i+1)
			step.path, step.want = strings.ReplaceAll(step.path, stand, id), strings.ReplaceAll(step.want, stand, id)
		}
		r := httptest.NewRequest(step.method, step.path, strings.NewReader(step.body))
		if step.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		world.Instance("shop").ServeHTTP(w, r)
		got := w.Body.String()
		if w.Code == 201 {
			var made struct{ Toy toyBody }
			if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, made.Toy.ID)
			step.want = strings.ReplaceAll(step.want, fmt.Sprintf("ID%d", len(ids)), made.Toy.ID)
		}
		if w.Code != step.status || got != step.want {
			t.Errorf("%s %s %s: %d %s, want %d %s", step.method, step.path, step.body, w.Code, got, step.status, step.want)
		}
	}
}
