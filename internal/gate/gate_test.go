package gate_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/internal/gate"
)

// document has one of everything the gate looks at.
const document = `
openapi: 3.0.3
info: {title: Toy, version: "1"}
x-understudy-transport: [400, 503]
security: [{bearer: []}]
paths:
  /v1.0/Things:
    get:
      operationId: listThings
      security: []
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 10}}
        - {name: share, in: query, schema: {type: number}}
        - {name: deep, in: query, schema: {type: boolean}}
        - {name: tag, in: query, schema: {type: array, maxItems: 2, items: {type: string, minLength: 2}}}
        - {name: size, in: query, schema: {type: array, items: {type: integer}}}
        - {name: shape, in: query, explode: false, schema: {type: array, items: {type: string, enum: [round, flat]}}}
        - {name: order, in: query, schema: {type: string, enum: [up, down]}}
        - {name: page, in: query, required: true, schema: {type: string}}
      responses:
        "200": {description: All, content: {application/json: {schema: {type: array, items: {type: string}}}}}
    post:
      operationId: makeThing
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              properties:
                zeta: {type: string, minLength: 2, maxLength: 3}
                alpha: {type: integer, minimum: 1, maximum: 5}
                kind: {type: string, enum: [small, large]}
                id: {type: string, format: uuid}
                at: {type: string, format: date-time}
                maybe: {type: string, nullable: true}
                extra: {type: string, x-understudy-allowance: true}
                list:
                  type: array
                  minItems: 1
                  maxItems: 2
                  items:
                    type: object
                    properties:
                      b: {type: string}
                      a: {type: boolean}
                    required: [b]
                    additionalProperties: false
              required: [zeta, alpha]
              additionalProperties: false
      responses:
        "201":
          description: Made
          content:
            application/json:
              schema:
                type: object
                properties: {id: {type: string}, n: {type: integer}}
                required: [id]
                additionalProperties: false
        "204": {description: Nothing}
        "409": {description: Clash, content: {application/problem+json: {schema: {type: object}}}}
  /v1.0/Things/{thing}:
    get:
      operationId: getThing
      responses:
        "200": {description: One, content: {application/json: {schema: {type: object}}}}
  /v1.0/Things/special:
    get:
      operationId: getSpecial
      responses:
        "200": {description: It, content: {application/json: {schema: {type: object}}}}
  /v1.0/Things/{thing}/parts/{part}:
    delete:
      operationId: deletePart
      x-understudy-transport: Part
      responses:
        "204": {description: Gone}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
  responses:
    Error400: {description: Bad, content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}}
    Error503: {description: Later, content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}}
    Part400: {description: Bad, content: {application/json: {schema: {type: string}}}}
    Part503: {description: Later, content: {application/json: {schema: {type: string}}}}
  schemas:
    Error:
      type: object
      properties: {error: {type: string}}
      required: [error]
      additionalProperties: false
`

func index(t *testing.T, rule gate.PathRule) *gate.Index {
	t.Helper()
	c, err := gate.NewDocument([]byte(document), rule).Index()
	if err == nil {
		err = c.Load()
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func operation(t *testing.T, line string) *gate.Operation {
	t.Helper()
	op := index(t, gate.PathRule{}).Operation(line)
	if op == nil {
		t.Fatalf("there is no operation %s", line)
	}
	return op
}

func TestMatch(t *testing.T) {
	exact, slash, fold := gate.PathRule{}, gate.PathRule{IgnoreTrailingSlash: true}, gate.PathRule{IgnoreCase: true}
	tests := []struct {
		rule           gate.PathRule
		method, target string
		want           string // operation and variables; "method" when only the method is wrong
	}{
		{exact, "GET", "/v1.0/Things", "listThings"},
		{exact, "GET", "/v1.0/Things?x=/y", "listThings"},
		{exact, "POST", "/v1.0/Things", "makeThing"},
		{exact, "PUT", "/v1.0/Things", "method"},
		{exact, "get", "/v1.0/Things", "method"},
		{exact, "HEAD", "/v1.0/Things", "method"},
		{exact, "GET", "/v1.0/Things/", ""},
		{exact, "GET", "/v1.0/things", ""},
		{exact, "GET", "/v1.0//Things", ""},
		{exact, "GET", "//v1.0/Things", ""},
		{exact, "GET", "/v1x0/Things", ""},
		{exact, "GET", "/", ""},
		{exact, "GET", "/v1.0/Things/special", "getSpecial"},
		{exact, "GET", "/v1.0/Things/x", "getThing thing=x"},
		{exact, "GET", "/v1.0/Things/x/", ""},
		{exact, "GET", "/v1.0/Things/x%20y", "getThing thing=x y"},
		{exact, "GET", "/v1.0/Things/x%2Fy", "getThing thing=x/y"},
		{exact, "GET", "/v1.0/Things/%2F", "getThing thing=/"},
		{exact, "GET", "/v1.0/Things/%252F", "getThing thing=%2F"},
		{exact, "GET", "/v1.0/Things/..", "getThing thing=.."},
		{exact, "GET", "/v1.0/Things/x/../special", ""},
		{exact, "GET", "/v1.0/Things/..%2Fspecial", "getThing thing=../special"},
		{exact, "GET", "/v1.0/x/../Things", ""},
		{exact, "GET", "/v1.0/Things/%73pecial", "getThing thing=special"}, // another spelling of the same path is still taken as sent
		{exact, "DELETE", "/v1.0/Things/x/parts/y", "deletePart part=y thing=x"},
		{exact, "GET", "/v1.0/Things/x/parts/y", "method"},
		{exact, "DELETE", "/v1.0/Things/x%2Fparts/y", ""},

		{slash, "GET", "/v1.0/Things/", "listThings"},
		{slash, "GET", "/v1.0/Things", "listThings"},
		{slash, "GET", "/v1.0/Things//", ""},
		{slash, "GET", "/v1.0/Things/x/", "getThing thing=x"},
		{slash, "GET", "/v1.0/Things/x%2Fy/", "getThing thing=x/y"},
		{slash, "GET", "/v1.0/Things/x%2F", "getThing thing=x/"},
		{slash, "GET", "/v1.0/Things%2F", ""},
		{slash, "GET", "/", ""},

		{fold, "GET", "/V1.0/tHINGS", "listThings"},
		{fold, "GET", "/v1.0/things/SPECIAL", "getSpecial"},
		{fold, "GET", "/v1.0/things/Xy", "getThing thing=Xy"},
		{fold, "DELETE", "/v1.0/things/X/PARTS/Y", "deletePart part=Y thing=X"},
		{fold, "GET", "/v1x0/Things", ""},
		{fold, "GET", "/v1.0/Things/", ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %+v", tt.method, tt.target, tt.rule), func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "http://toy.example", nil)
			u, err := url.ParseRequestURI(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			r.URL = u
			op, vars, methods := index(t, tt.rule).Match(r)
			got := ""
			switch {
			case op != nil:
				got = op.ID
				var pairs []string
				for name, value := range vars {
					if !strings.HasPrefix(name, "_") { // a fixed segment, not a variable
						pairs = append(pairs, " "+name+"="+value)
					}
				}
				slices.Sort(pairs)
				got += strings.Join(pairs, "")
			case len(methods) > 0:
				got = "method"
			}
			if got != tt.want {
				t.Errorf("matched %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOperation(t *testing.T) {
	c := index(t, gate.PathRule{})
	var lines []string
	for _, op := range c.Operations {
		lines = append(lines, op.Line())
	}
	want := []string{
		"GET /v1.0/Things", "POST /v1.0/Things", "GET /v1.0/Things/special", "GET /v1.0/Things/{thing}",
		"DELETE /v1.0/Things/{thing}/parts/{part}",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("the operations are %q, want %q", lines, want)
	}
	list, post := operation(t, "GET /v1.0/Things"), operation(t, "POST /v1.0/Things")
	if list.Secured || !post.Secured {
		t.Errorf("secured are: list %t, make %t", list.Secured, post.Secured)
	}
	if !slices.Equal(post.Statuses, []int{201, 204, 409}) || post.Success != 201 {
		t.Errorf("statuses %v, success %d", post.Statuses, post.Success)
	}
	if got := post.Refusals(); !slices.Equal(got, []int{400, 409, 503}) {
		t.Errorf("the refusals are %v", got)
	}
	if !post.Takes("application/json") || post.Takes("text/plain") || list.Takes("application/json") || list.HasBody() || !post.HasBody() {
		t.Error("the media types are wrong")
	}
	if c.Operation("GET /nowhere") != nil {
		t.Error("an unknown line has an operation")
	}
}

// TestCheckBody lists breaches in the order of the document, whatever the order
// they were sent in.
func TestCheckBody(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"good", `{"zeta":"ab","alpha":1}`, ``},
		{"all good", `{"zeta":"ab","alpha":5,"kind":"small","id":"00000000-0000-4000-8000-000000000000","at":"2030-01-01T00:00:00.5Z","maybe":null,"extra":"","list":[{"b":""},{"b":"","a":true}]}`, ``},
		{"nothing", `{}`, `body/zeta: missing; body/alpha: missing`},
		{"one missing", `{"alpha":1}`, `body/zeta: missing`},
		{"types", `{"alpha":"1","zeta":1}`, `body/zeta: not of type string but number; body/alpha: not of type integer but string`},
		{"fraction", `{"zeta":"ab","alpha":1.5}`, `body/alpha: not of type integer but number`},
		{"whole number", `{"zeta":"ab","alpha":2.0}`, ``},
		{"nulls", `{"alpha":null,"zeta":null}`, `body/zeta: not of type string but null; body/alpha: not of type integer but null`},
		{"too short and too small", `{"alpha":0,"zeta":"a"}`, `body/zeta: breaks minLength 2; body/alpha: breaks minimum 1`},
		{"too long and too large", `{"alpha":6,"zeta":"abcd"}`, `body/zeta: breaks maxLength 3; body/alpha: breaks maximum 5`},
		{"length in characters", `{"alpha":1,"zeta":"äöü"}`, ``},
		{"enum", `{"zeta":"ab","alpha":1,"kind":"huge"}`, `body/kind: not one of [small large]`},
		{"formats", `{"zeta":"ab","alpha":1,"at":"today","id":"x"}`, `body/id: breaks format; body/at: breaks format`},
		{"unknown keys as sent, after the known", `{"y":1,"zeta":"ab","x":2,"alpha":0}`, `body/alpha: breaks minimum 1; body: unknown y, x`},
		{"unknown key alone", `{"zeta":"ab","alpha":1,"z":{}}`, `body: unknown z`},
		{"too few", `{"zeta":"ab","alpha":1,"list":[]}`, `body/list: breaks minItems 1`},
		{"too many", `{"zeta":"ab","alpha":1,"list":[{"b":""},{"b":""},{"b":""}]}`, `body/list: breaks maxItems 2`},
		{"within a list", `{"list":[{"a":1,"b":2},{"c":3}],"alpha":1,"zeta":"ab"}`,
			`body/list/0/b: not of type string but number; body/list/0/a: not of type boolean but number; body/list/1/b: missing; body/list/1: unknown c`},
		{"not an object", `[]`, `body: not of type object but array`},
		{"null", `null`, `body: not of type object but null`},
	}
	op := operation(t, "POST /v1.0/Things")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var value any
			if err := json.Unmarshal([]byte(tt.body), &value); err != nil {
				t.Fatal(err)
			}
			for range 5 { // maps have no order: a lucky one must not hide a mistake
				if got := join(op.CheckBody("application/json", value, []byte(tt.body))); got != tt.want {
					t.Fatalf("breaches %q, want %q", got, tt.want)
				}
			}
		})
	}
	if got := op.CheckBody("text/plain", "x", nil); got != nil {
		t.Errorf("a body of another type has the breaches %v", got)
	}
}

func join(breaches []gate.Breach) string {
	var all []string
	for _, b := range breaches {
		all = append(all, b.String())
	}
	return strings.Join(all, "; ")
}

// TestBreachHidesTheValue looks for what may be a secret.
func TestBreachHidesTheValue(t *testing.T) {
	const secret = "hunter2"
	op := operation(t, "POST /v1.0/Things")
	value := map[string]any{"zeta": secret, "alpha": secret, "kind": secret, "id": secret, "at": secret}
	breaches := op.CheckBody("application/json", value, nil)
	if len(breaches) != 5 {
		t.Errorf("%d breaches, want 5: %s", len(breaches), join(breaches))
	}
	if text := join(breaches); strings.Contains(text, secret) {
		t.Errorf("%s shows the value", text)
	}
}

func TestPointer(t *testing.T) {
	b := gate.Breach{Path: []string{"a/b", "c~d", "0", ""}}
	if got, want := b.Pointer(), "/a~1b/c~0d/0/"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPrune(t *testing.T) {
	tests := []struct{ body, want string }{
		{`{"zeta":"ab","alpha":1,"x":1,"y":2}`, `{"alpha":1,"zeta":"ab"}`},
		{`{"zeta":"ab","alpha":1,"list":[{"b":""},{"b":"","x":1}]}`, `{"alpha":1,"list":[{"b":""},{"b":""}],"zeta":"ab"}`},
	}
	op := operation(t, "POST /v1.0/Things")
	for _, tt := range tests {
		var value any
		if err := json.Unmarshal([]byte(tt.body), &value); err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprint(value)
		pruned := value
		for _, b := range op.CheckBody("application/json", value, []byte(tt.body)) {
			pruned = gate.Prune(pruned, b)
		}
		if got, _ := json.Marshal(pruned); string(got) != tt.want {
			t.Errorf("%s becomes %s, want %s", tt.body, got, tt.want)
		}
		if got := op.CheckBody("application/json", pruned, nil); got != nil {
			t.Errorf("the pruned body has the breaches %v", got)
		}
		if after := fmt.Sprint(value); after != before {
			t.Errorf("the body itself was changed to %s", after)
		}
	}
}

func TestAllowances(t *testing.T) {
	op := operation(t, "POST /v1.0/Things")
	for _, tt := range []struct {
		value any
		want  []string
	}{
		{map[string]any{"extra": nil, "zeta": "ab"}, []string{"extra"}},
		{map[string]any{"zeta": "ab"}, nil},
		{"extra", nil},
		{nil, nil},
	} {
		if got := op.Allowances(tt.value); !slices.Equal(got, tt.want) {
			t.Errorf("%v: allowances %v, want %v", tt.value, got, tt.want)
		}
	}
}

func TestQuery(t *testing.T) {
	tests := []struct{ query, want, breaches string }{
		{"page=1", `{"page":"1"}`, ``},
		{"", `null`, `query/page: missing`},
		{"limit=5", `{"limit":5}`, `query/page: missing`},
		{"page=&other=1", `{"page":""}`, ``},
		{"page=a&page=b", `{"page":"a"}`, ``},
		{"page=a&limit=3&share=0.5&deep=true&order=up", `{"deep":true,"limit":3,"order":"up","page":"a","share":0.5}`, ``},
		{"page=a&deep=0", `{"deep":false,"page":"a"}`, ``},
		{"page=a&tag=xx&tag=yy", `{"page":"a","tag":["xx","yy"]}`, ``},
		{"page=a&tag=xx", `{"page":"a","tag":["xx"]}`, ``},
		{"page=a&size=1&size=2", `{"page":"a","size":[1,2]}`, ``},
		{"page=a&limit=0", `{"limit":0,"page":"a"}`, `query/limit: breaks minimum 1`},
		{"page=a&limit=11", `{"limit":11,"page":"a"}`, `query/limit: breaks maximum 10`},
		{"page=a&limit=1.5", `{"limit":1.5,"page":"a"}`, `query/limit: not of type integer but number`},
		{"page=a&limit=x", `{"limit":"x","page":"a"}`, `query/limit: not of type integer but string`},
		{"page=a&limit=", `{"limit":"","page":"a"}`, `query/limit: not of type integer but string`},
		{"page=a&share=NaN", `{"page":"a","share":"NaN"}`, `query/share: not of type number but string`},
		{"page=a&share=-Inf", `{"page":"a","share":"-Inf"}`, `query/share: not of type number but string`},
		{"page=a&deep=very", `{"deep":"very","page":"a"}`, `query/deep: not of type boolean but string`},
		{"page=a&shape=flat", `{"page":"a","shape":["flat"]}`, ``},
		{"page=a&shape=flat,round", `{"page":"a","shape":["flat","round"]}`, ``},
		{"page=a&shape=flat&shape=round", `{"page":"a","shape":["flat","round"]}`, ``},
		{"page=a&shape=flat,", `{"page":"a","shape":["flat",""]}`, `query/shape/1: not one of [round flat]`},
		{"page=a&tag=xx,yy", `{"page":"a","tag":["xx,yy"]}`, ``},
		{"page=a&order=left", `{"order":"left","page":"a"}`, `query/order: not one of [up down]`},
		{"page=a&tag=x", `{"page":"a","tag":["x"]}`, `query/tag/0: breaks minLength 2`},
		{"page=a&tag=xx&tag=yy&tag=zz", `{"page":"a","tag":["xx","yy","zz"]}`, `query/tag: breaks maxItems 2`},
		{"page=a&size=1&size=x", `{"page":"a","size":[1,"x"]}`, `query/size/1: not of type integer but string`},
		{"order=left&limit=0", `{"limit":0,"order":"left"}`, `query/limit: breaks minimum 1; query/order: not one of [up down]; query/page: missing`},
	}
	op := operation(t, "GET /v1.0/Things")
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			values, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			decoded, breaches := op.Parameters("query", func(name string) []string { return values[name] })
			if got, _ := json.Marshal(decoded); string(got) != tt.want {
				t.Errorf("decoded %s, want %s", got, tt.want)
			}
			if got := join(breaches); got != tt.breaches {
				t.Errorf("breaches %q, want %q", got, tt.breaches)
			}
		})
	}
}

func TestCheckAnswer(t *testing.T) {
	const js = "application/json"
	tests := []struct {
		name        string
		status      int
		contentType string
		body        string
		want        string
	}{
		{"good", 201, js, `{"id":"x","n":1}`, ``},
		{"with a charset", 201, js + "; charset=utf-8", `{"id":"x"}`, ``},
		{"missing", 201, js, `{}`, `answer/id: missing`},
		{"wrong type", 201, js, `{"id":"x","n":"1"}`, `answer/n: not of type integer but string`},
		{"unknown", 201, js, `{"id":"x","secret":"y"}`, `answer: unknown secret`},
		{"not JSON", 201, js, `<html>`, `answer: invalid character '<' looking for beginning of value`},
		{"no body", 201, js, ``, `answer: unexpected end of JSON input`},
		{"another type", 201, "text/html", `{"id":"x"}`, `answer: status 201 with a body of type "text/html" is not documented`},
		{"no type", 201, "", `{"id":"x"}`, `answer: status 201 with a body of type "" is not documented`},
		{"no content", 204, "", ``, ``},
		{"content after all", 204, js, `{}`, `answer: status 204 with a body of type "application/json" is not documented`},
		{"own type of a status", 409, "application/problem+json", `{}`, ``},
		{"not that type", 409, js, `{}`, `answer: status 409 with a body of type "application/json" is not documented`},
		{"status of the transport", 503, js, `{"error":"later"}`, ``},
		{"badly", 503, js, `{"message":"later"}`, `answer/error: missing; answer: unknown message`},
		{"undocumented", 200, js, `{"id":"x"}`, `answer: status 200 is not documented`},
		{"undocumented and empty", 500, "", ``, `answer: status 500 is not documented`},
	}
	op := operation(t, "POST /v1.0/Things")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := join(op.CheckAnswer(tt.status, tt.contentType, []byte(tt.body))); got != tt.want {
				t.Errorf("breaches %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTransportDialect shows an operation with an envelope of its own.
func TestTransportDialect(t *testing.T) {
	op := operation(t, "DELETE /v1.0/Things/{thing}/parts/{part}")
	for body, want := range map[string]string{
		`"later"`:           ``,
		`{"error":"later"}`: `answer: not of type string but object`,
	} {
		if got := join(op.CheckAnswer(503, "application/json", []byte(body))); got != want {
			t.Errorf("%s: breaches %q, want %q", body, got, want)
		}
	}
	if got := op.Refusals(); !slices.Equal(got, []int{400, 503}) {
		t.Errorf("the refusals are %v", got)
	}
}

// TestBadDocuments shows that a document that cannot be used says why.
func TestBadDocuments(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"not YAML", strings.Replace(document, "{description: Gone}", "{description: Gone", 1), "yaml"},
		{"no key", "paths:\n  ?\n", "\"  ?\" is no key"},
		{"a path twice", "paths:\n  /a:\n  /a:\n", "the key \"/a\" is there twice"},
		{"empty", "", "the document is empty"},
		{"no success", strings.Replace(document, `"204": {description: Gone}`, `"404": {description: Gone}`, 1), "DELETE /v1.0/Things/{thing}/parts/{part}: no 2xx answer"},
		{"no status", strings.Replace(document, `"204": {description: Gone}`, `"2XX": {description: Gone}`, 1), `response "2XX" is not a status`},
		{"no schema of the transport", strings.Replace(document, "[400, 503]", "[400, 502]", 1), "there is no response Error502"},
		{"no schema of an operation's transport", strings.Replace(document, "transport: Part", "transport: Whole", 1), "there is no response Whole400"},
		{"dangling reference", strings.Replace(document, "schemas/Error\"", "schemas/Eror\"", 1), "Eror"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := gate.NewDocument([]byte(tt.text), gate.PathRule{}).Index()
			if err == nil {
				err = c.Load()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to say %q", err, tt.want)
			}
		})
	}
}
