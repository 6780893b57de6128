package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Rules a breach can name beside the schema keywords of OpenAPI.
const (
	RuleUnknown = "additionalProperties" // Keys says which
	RuleMissing = "required"
	RuleType    = "type"
	RuleStatus  = "status" // an answer's status is not documented
	RuleJSON    = "json"   // an answer is not JSON
)

// A Breach is one place where a call breaks its document.
type Breach struct {
	In    string   // "body", "query" or "path"
	Path  []string // where, from the outside in; a parameter's name comes first
	Rule  string   // the broken keyword of the schema
	Want  string   // the schema's type
	Limit float64  // the bound of a broken minimum, maximum, minLength, …
	Enum  []any    // the allowed values of a broken enum
	Got   any      // the offending value; nil when it is missing or null
	Keys  []string // the unknown keys, in the order they were sent
	// Format is the schema's format, Label its x-understudy-label: what the
	// provider calls the value in messages of its own.
	Format, Label string
}

// Pointer returns where the breach is as a JSON pointer.
func (b Breach) Pointer() string {
	var p strings.Builder
	for _, segment := range b.Path {
		p.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(segment))
	}
	return p.String()
}

// String says what is wrong and where.
func (b Breach) String() string { return b.In + b.Pointer() + ": " + b.Text() }

// Text says what is wrong without showing the value, which may be a secret.
func (b Breach) Text() string {
	switch b.Rule {
	case RuleUnknown:
		keys := make([]string, len(b.Keys))
		for i, key := range b.Keys {
			keys[i] = shorten(key)
		}
		return "unknown " + strings.Join(keys, ", ")
	case RuleMissing:
		return "missing"
	case RuleType:
		return fmt.Sprintf("not of type %s but %s", b.Want, TypeOf(b.Got))
	case RuleStatus, RuleJSON:
		return b.Want
	case "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems":
		return fmt.Sprintf("breaks %s %s", b.Rule, strconv.FormatFloat(b.Limit, 'f', -1, 64))
	case "enum":
		return fmt.Sprintf("not one of %v", b.Enum)
	}
	return "breaks " + b.Rule
}

// shorten cuts a long key: a client that swaps key and value sends a secret as
// one.
func shorten(key string) string {
	const most = 24
	if runes := []rune(key); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return key
}

// TypeOf names the JSON type of a decoded value.
func TypeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// Takes reports whether the operation takes a body of this media type.
func (o *Operation) Takes(mediaType string) bool { return o.body[mediaType] != nil }

// BodySchema returns the schema of the operation's body of a media type, or nil:
// for a provider that reads bodies more loosely than JSON is written.
func (o *Operation) BodySchema(mediaType string) *openapi3.Schema { return o.body[mediaType] }

// MediaType returns a media type that the operation takes, JSON if it does.
func (o *Operation) MediaType() string {
	if o.Takes("application/json") {
		return "application/json"
	}
	return slices.Min(slices.Collect(maps.Keys(o.body)))
}

// HasBody reports whether the operation takes a body at all.
func (o *Operation) HasBody() bool { return o.hasBody }

// Prune returns a decoded body without the unknown keys of a breach.
func Prune(value any, b Breach) any {
	if len(b.Path) == 0 {
		object, _ := value.(map[string]any)
		object = maps.Clone(object)
		for _, key := range b.Keys {
			delete(object, key)
		}
		return object
	}
	inner := b
	inner.Path = b.Path[1:]
	switch value := value.(type) {
	case map[string]any:
		value = maps.Clone(value)
		value[b.Path[0]] = Prune(value[b.Path[0]], inner)
		return value
	case []any:
		if i, err := strconv.Atoi(b.Path[0]); err == nil && i < len(value) {
			value = slices.Clone(value)
			value[i] = Prune(value[i], inner)
			return value
		}
	}
	return value
}

// CheckBody checks a decoded body. Text is what it was decoded from, if it was
// JSON; it tells in what order unknown keys were sent.
func (o *Operation) CheckBody(mediaType string, value any, text []byte) []Breach {
	schema := o.body[mediaType]
	if schema == nil {
		return nil
	}
	breaches := visit(schema, value, "body", nil)
	for _, b := range breaches {
		if b.Rule == RuleUnknown && len(b.Keys) > 1 {
			sortAsSent(b.Keys, text)
		}
	}
	return breaches
}

// Allowed lists the properties that Allowances looks for.
func (o *Operation) Allowed() []string { return o.allowances }

// Allowances lists the properties of a decoded body that the provider's page
// does not name but its own clients send.
func (o *Operation) Allowances(value any) []string {
	if len(o.allowances) == 0 {
		return nil
	}
	object, _ := value.(map[string]any)
	var found []string
	for _, name := range o.allowances {
		if _, ok := object[name]; ok {
			found = append(found, name)
		}
	}
	return found
}

// sortAsSent orders keys by where they first stand in the text. Keys of other
// objects with the same names may mislead it; the order is a nicety.
func sortAsSent(keys []string, text []byte) {
	position := func(key string) int {
		quoted, _ := json.Marshal(key)
		return bytes.Index(text, quoted)
	}
	slices.SortStableFunc(keys, func(a, b string) int { return position(a) - position(b) })
}

// CheckAnswer checks an answer: its status is documented and its body fits. What
// HEAD is answered has the headers of a body that is not sent.
func (o *Operation) CheckAnswer(status int, contentType string, body []byte) []Breach {
	schema := o.transport[status]
	if o.Method == http.MethodHead && (schema != nil || o.answers[status] != nil) {
		return nil
	}
	if byType, ok := o.answers[status]; ok {
		if len(byType) == 0 && len(body) == 0 {
			return nil
		}
		mediaType, _, _ := mime.ParseMediaType(contentType)
		if schema = byType[mediaType]; schema == nil {
			return []Breach{{In: "answer", Rule: RuleStatus, Want: fmt.Sprintf("status %d with a body of type %q is not documented", status, contentType)}}
		}
	}
	if schema == nil {
		return []Breach{{In: "answer", Rule: RuleStatus, Want: fmt.Sprintf("status %d is not documented", status)}}
	}
	var value any
	if strings.HasPrefix(contentType, "text/") {
		value = string(body)
	} else if err := json.Unmarshal(body, &value); err != nil {
		return []Breach{{In: "answer", Rule: RuleJSON, Want: err.Error()}}
	}
	return visit(schema, value, "answer", nil)
}

type parameter struct {
	name, in string
	required bool
	commas   bool // whether a list may be one value with commas
	schema   *openapi3.Schema
}

func compileParameter(p *openapi3.Parameter) parameter {
	return parameter{
		name: p.Name, in: p.In, required: p.Required,
		commas: p.Explode != nil && !*p.Explode, schema: p.Schema.Value,
	}
}

// Parameters decodes the documented parameters of one kind ("query", "path" or
// "header") by the types of the document and checks them. Others are ignored. A
// list that the document wants with commas may as well come as the parameter
// repeated: clients disagree.
func (o *Operation) Parameters(in string, sent func(name string) []string) (map[string]any, []Breach) {
	var (
		decoded  map[string]any
		breaches []Breach
	)
	for _, p := range o.parameters {
		if p.in != in {
			continue
		}
		values := sent(p.name)
		if len(values) == 0 {
			if p.required {
				breaches = append(breaches, Breach{In: in, Path: []string{p.name}, Rule: RuleMissing, Want: typeName(p.schema)})
			}
			continue
		}
		if p.commas {
			values = strings.Split(strings.Join(values, ","), ",")
		}
		value := coerce(p.schema, values)
		if decoded == nil {
			decoded = map[string]any{}
		}
		decoded[p.name] = value
		breaches = append(breaches, visit(p.schema, value, in, []string{p.name})...)
	}
	return decoded, breaches
}

// coerce reads what was sent as the schema's type; what cannot be read stays a
// string, for the schema to refuse.
func coerce(schema *openapi3.Schema, sent []string) any {
	if schema.Type.Is(openapi3.TypeArray) {
		items := make([]any, 0, len(sent))
		for _, s := range sent {
			items = append(items, coerce(schema.Items.Value, []string{s}))
		}
		return items
	}
	text := sent[0]
	switch {
	case schema.Type.Is(openapi3.TypeNumber), schema.Type.Is(openapi3.TypeInteger):
		n, err := strconv.ParseFloat(text, 64)
		if err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) { // JSON has neither
			return n
		}
	case schema.Type.Is(openapi3.TypeBoolean):
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}

func typeName(s *openapi3.Schema) string {
	if s.Type == nil || len(*s.Type) == 0 {
		return ""
	}
	return (*s.Type)[0]
}

// visit checks value against schema. The way of the valid is short; only a
// refusal pays for the list of what is wrong.
func visit(schema *openapi3.Schema, value any, in string, at []string) []Breach {
	if schema.VisitJSON(value, openapi3.FailFast(), formats) == nil {
		return nil
	}
	err := schema.VisitJSON(value, openapi3.MultiErrors(), formats)
	var breaches []Breach
	seen := map[string]bool{} // objects whose unknown keys are told already
	collect(err, func(e *openapi3.SchemaError) {
		b := Breach{In: in, Path: slices.Concat(at, e.JSONPointer()), Rule: e.SchemaField, Want: typeName(e.Schema), Got: e.Value, Format: e.Schema.Format}
		b.Label, _ = e.Schema.Extensions["x-understudy-label"].(string)
		switch e.SchemaField {
		case "properties":
			if seen[b.Pointer()] {
				return
			}
			seen[b.Pointer()] = true
			b.Rule, b.Keys = RuleUnknown, unknownKeys(e)
		case RuleMissing:
			b.Got, b.Want = nil, ""
			if p := e.Schema.Properties[b.Path[len(b.Path)-1]]; p != nil {
				b.Want = typeName(p.Value)
			}
		case "nullable":
			b.Rule = RuleType
		case "minimum":
			b.Limit = *e.Schema.Min
		case "maximum":
			b.Limit = *e.Schema.Max
		case "minLength":
			b.Limit = float64(e.Schema.MinLength)
		case "maxLength":
			b.Limit = float64(*e.Schema.MaxLength)
		case "minItems":
			b.Limit = float64(e.Schema.MinItems)
		case "maxItems":
			b.Limit = float64(*e.Schema.MaxItems)
		case "enum":
			b.Enum = e.Schema.Enum
		}
		breaches = append(breaches, b)
	})
	slices.SortStableFunc(breaches, func(a, b Breach) int {
		return slices.Compare(place(schema, a, len(at)), place(schema, b, len(at)))
	})
	return breaches
}

// collect calls fn for every schema error in err. A failed oneOf, anyOf or
// allOf stands for itself.
func collect(err error, fn func(*openapi3.SchemaError)) {
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case errors.As(err, &one) && !isMulti(err):
		fn(one)
	case errors.As(err, &many):
		for _, e := range many {
			collect(e, fn)
		}
	}
}

func isMulti(err error) bool {
	_, ok := err.(openapi3.MultiError)
	return ok
}

func unknownKeys(e *openapi3.SchemaError) []string {
	object, _ := e.Value.(map[string]any)
	var keys []string
	for key := range object {
		if e.Schema.Properties[key] == nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// place is where a breach stands in the document's order of properties;
// unknown keys come after the known ones of their object.
func place(schema *openapi3.Schema, b Breach, skip int) []int {
	var place []int
	for _, segment := range b.Path[skip:] {
		if i, err := strconv.Atoi(segment); err == nil && schema != nil && schema.Items != nil {
			place, schema = append(place, i), schema.Items.Value
			continue
		}
		if schema == nil || schema.Properties[segment] == nil {
			break
		}
		place, schema = append(place, slices.Index(order(schema), segment)), schema.Properties[segment].Value
	}
	if b.Rule == RuleUnknown {
		place = append(place, len(schema.Properties))
	}
	return place
}
