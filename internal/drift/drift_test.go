package drift_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/understudy-dev/understudy/internal/drift"
	"github.com/understudy-dev/understudy/specs"
)

func read(t *testing.T, text string) *drift.Document {
	t.Helper()
	d, err := drift.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A published document that is ours with one change has that difference and no
// other; where a schema is shared, once for each use.
func TestPlantedChanges(t *testing.T) {
	ours := string(specs.WorkOS)
	published := func(change func(root map[string]any)) string {
		var root map[string]any
		if err := yaml.Unmarshal(specs.WorkOS, &root); err != nil {
			t.Fatal(err)
		}
		change(root)
		text, err := json.Marshal(root) // the other notation
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	at := func(root any, steps ...string) map[string]any {
		for _, step := range steps {
			root = root.(map[string]any)[step]
		}
		return root.(map[string]any)
	}
	schema := func(root map[string]any, name string, steps ...string) map[string]any {
		return at(root, append([]string{"components", "schemas", name}, steps...)...)
	}
	for name, c := range map[string]struct {
		change func(root map[string]any)
		want   string // every difference has it
	}{
		"nothing":           {func(map[string]any) {}, ""},
		"a new operation":   {func(r map[string]any) { at(r, "paths")["/new"] = at(r, "paths", "/organizations/{id}") }, "/new operation: published has it, ours nothing"},
		"an operation gone": {func(r map[string]any) { delete(at(r, "paths"), "/oauth2/jwks") }, "GET /oauth2/jwks operation: published nothing, ours has it"},
		"a method gone":     {func(r map[string]any) { delete(at(r, "paths", "/organizations"), "post") }, "POST /organizations operation: published nothing, ours has it"},
		"a path's variable renamed": {func(r map[string]any) {
			text, _ := json.Marshal(at(r, "paths", "/api_keys/{id}"))
			var item any
			_ = json.Unmarshal(text, &item)
			delete(at(r, "paths"), "/api_keys/{id}")
			at(r, "paths")["/api_keys/{apiKeyId}"] = item
		}, ""},
		"a new status": {func(r map[string]any) {
			at(r, "paths", "/organizations", "post", "responses")["418"] = map[string]any{"description": "new"}
		}, "POST /organizations 418 presence: published has it, ours nothing"},
		"a status gone": {func(r map[string]any) { delete(at(r, "paths", "/organizations", "post", "responses"), "201") },
			"POST /organizations 201 presence: published nothing, ours has it"},
		"a chosen status gone": {func(r map[string]any) {
			at(r, "components", "responses", "Error422")["x-understudy-evidence"] = "documented"
			for _, item := range at(r, "paths") {
				for _, op := range item.(map[string]any) {
					if o, ok := op.(map[string]any); ok && o["responses"] != nil {
						delete(o["responses"].(map[string]any), "422")
					}
				}
			}
		}, " 422 presence: published nothing, ours has it"},
		"a new query parameter": {func(r map[string]any) {
			at(r, "paths", "/organizations", "get")["parameters"] = append(at(r, "paths", "/organizations", "get")["parameters"].([]any),
				map[string]any{"in": "query", "name": "color", "schema": map[string]any{"type": "string"}})
		}, "GET /organizations query color presence: published has it, ours nothing"},
		"a parameter required":     {func(r map[string]any) { at(r, "components", "parameters", "order")["required"] = true }, "query order required: published true, ours false"},
		"a parameter's bound":      {func(r map[string]any) { at(r, "components", "parameters", "limit", "schema")["maximum"] = 50 }, "query limit maximum: published 50, ours 100"},
		"a parameter's bound gone": {func(r map[string]any) { delete(at(r, "components", "parameters", "limit", "schema"), "minimum") }, "query limit minimum: published nothing, ours 1"},
		"a parameter's type":       {func(r map[string]any) { at(r, "components", "parameters", "limit", "schema")["type"] = "string" }, "query limit type: published string, ours integer"},
		"a parameter's values": {func(r map[string]any) {
			at(r, "components", "parameters", "order", "schema")["enum"] = []any{"asc", "desc"}
		}, "query order enum: published asc, desc, ours"},
		"a body optional": {func(r map[string]any) {
			at(r, "paths", "/connect/applications", "post", "requestBody")["required"] = false
		},
			"POST /connect/applications body required: published false, ours true"},
		"a new property": {func(r map[string]any) {
			schema(r, "ApiKey", "properties")["color"] = map[string]any{"type": "string"}
		}, "color presence: published has it, ours nothing"},
		"a property gone":             {func(r map[string]any) { delete(schema(r, "ApiKey", "properties"), "name") }, "name presence: published nothing, ours has it"},
		"a property's type":           {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["type"] = "integer" }, "name type: published integer, ours string"},
		"a property may be null":      {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["nullable"] = true }, "name nullable: published true, ours nothing"},
		"a property may be null, 3.1": {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["type"] = []any{"string", "null"} }, "name nullable: published true, ours nothing"},
		"a property's length":         {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["maxLength"] = 3 }, "name maxLength: published 3, ours nothing"},
		"a property's least length":   {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["minLength"] = 3 }, "name minLength: published 3, ours nothing"},
		"a property's pattern":        {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["pattern"] = "^a" }, "name pattern: published ^a, ours nothing"},
		"a property's format":         {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["format"] = "uuid" }, "name format: published uuid, ours nothing"},
		"a property's values":         {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["enum"] = []any{"a"} }, "name enum: published a, ours nothing"},
		"a property's constant, 3.1":  {func(r map[string]any) { schema(r, "ApiKey", "properties", "name")["const"] = "a" }, "name enum: published a, ours nothing"},
		"an exclusive bound, 3.0": {func(r map[string]any) {
			at(r, "components", "parameters", "limit", "schema")["exclusiveMaximum"] = true
		}, "query limit "},
		"an exclusive bound, 3.1": {func(r map[string]any) {
			s := at(r, "components", "parameters", "limit", "schema")
			delete(s, "minimum")
			s["exclusiveMinimum"] = 0
		}, "query limit "},
		"a property optional": {func(r map[string]any) { schema(r, "ApiKey")["required"] = []any{} }, " required: published false, ours true"},
		"items of another type": {func(r map[string]any) {
			at(schema(r, "ApiKey", "properties", "permissions"), "items")["type"] = "integer"
		}, "permissions[] type: published integer, ours string"},
		"a list's length":        {func(r map[string]any) { schema(r, "ApiKey", "properties", "permissions")["maxItems"] = 2 }, "permissions maxItems: published 2, ours nothing"},
		"a list without repeats": {func(r map[string]any) { schema(r, "ApiKey", "properties", "permissions")["uniqueItems"] = true }, "permissions uniqueItems: published true, ours nothing"},
		"another media type": {func(r map[string]any) {
			content := at(r, "paths", "/oauth2/token", "post", "requestBody", "content")
			content["text/xml"] = map[string]any{"schema": map[string]any{"type": "object"}}
		}, "POST /oauth2/token body text/xml presence: published has it, ours nothing"},
		"written otherwise: all of one": {func(r map[string]any) {
			s := schema(r, "ApiKey", "properties", "name")
			schema(r, "ApiKey", "properties")["name"] = map[string]any{"allOf": []any{s}}
		}, ""},
		"written otherwise: one of one": {func(r map[string]any) {
			s := schema(r, "ApiKey", "properties", "name")
			schema(r, "ApiKey", "properties")["name"] = map[string]any{"oneOf": []any{s}}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := drift.Compare(read(t, published(c.change)), drift.Ours{Document: read(t, ours)}).Differences
			if (len(found) > 0) != (c.want != "") {
				t.Errorf("%d differences: %v", len(found), found)
			}
			for _, d := range found {
				if !strings.Contains(d.String(), c.want) {
					t.Errorf("%s, want %s", d, c.want)
				}
			}
		})
	}
}

// What is declared is quiet, by the documents' own marks and by the list.
func TestDeclared(t *testing.T) {
	const head = "openapi: 3.0.3\npaths:\n  /things:\n    post:\n      responses:\n        200: {description: yes}\n"
	ours := read(t, head+"        404: {description: no, x-understudy-evidence: observed}\n        409: {description: no, x-understudy-evidence: documented}\n"+
		"      requestBody: {content: {application/json: {schema: {properties: {a: {}, b: {x-understudy-allowance: true}}}}}}\n")
	published := read(t, head+"      requestBody: {content: {application/json: {schema: {properties: {a: {maxLength: 3}}}}}}\n")
	declared, err := drift.ReadDeclarations([]byte("# a comment\n\n* | 409 | presence | it is so\nPOST /th* | body.? | max* | generous\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := drift.Compare(published, drift.Ours{Document: ours, Declared: declared, Beyond: []string{"GET /elsewhere", "/a.Service/Do"}})
	var got []string
	for _, d := range c.Differences {
		got = append(got, d.Where+" "+d.What+": "+d.Declared)
	}
	want := []string{"404 presence: the status is observed", "409 presence: it is so", "body.a maxLength: generous", "body.b presence: clients send it"}
	if !slices.Equal(got, want) || c.Undeclared() != 0 || !slices.Equal(c.Unlisted, []string{"GET /elsewhere"}) {
		t.Errorf("got %q, unlisted %q", got, c.Unlisted)
	}
	for _, bad := range []string{"a | b | c", "a | b | c | "} {
		if _, err := drift.ReadDeclarations([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"", "{", "swagger: '2.0'\npaths: {/x: {get: {}}}", "openapi: 3.0.3\npaths: {}", "openapi: [", "- openapi"} {
		if _, err := drift.Read([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	// What leads back to itself ends.
	read(t, `{"openapi":"3.1.0","paths":{"/x":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/T"}}}}}}}},`+
		`"components":{"schemas":{"T":{"properties":{"t":{"$ref":"#/components/schemas/T"},"u":{"$ref":"#/components/schemas/U"}}},"U":{"allOf":[{"$ref":"#/components/schemas/U"}]}}}}`)
}

func TestUpdateBeyond(t *testing.T) {
	head := "openapi: 3.0.3\nservers: [{url: https://api.example/base}]\npaths:\n"
	get := ": {get: {tags: [colours], responses: {200: {description: yes}}}}\n"
	published := read(t, head+"  /old/{id}"+get+"  /new"+get+"  /served"+get)
	ours := read(t, strings.ReplaceAll(head, "/base", "")+"  /base/served"+get)
	before := "# From somewhere.\n\n## things\nGET /base/old/{thing}\nGET /base/gone\n\n## rpc\n/a.Service/Do\n"
	c := drift.Compare(published, drift.Ours{Document: ours, Beyond: []string{"GET /base/old/{thing}", "GET /base/gone", "/a.Service/Do"}})
	want := "# From somewhere.\n# Rewritten from published.yaml.\n\n## colours\nGET /base/new\n\n## rpc\n/a.Service/Do\n\n## things\nGET /base/old/{id}\n"
	if got := drift.UpdateBeyond(before, c, "published.yaml"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
