package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/gate"
)

// binder returns the function that fills a handler's input. The tags of In are
// read once.
func binder[In any]() func(*Call, *In) error {
	type field struct {
		index []int // through embedded structs
		name  string
		query bool
	}
	var fields []field
	var names []string // of the body
	t := reflect.TypeFor[In]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("kernel: a handler's input is a struct, not %s", t))
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, ok := f.Tag.Lookup("path"); ok {
			fields = append(fields, field{f.Index, name, false})
		}
		if name, ok := f.Tag.Lookup("query"); ok {
			fields = append(fields, field{f.Index, name, true})
		}
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return func(c *Call, in *In) error {
		if c.Body.JSON != nil {
			if err := json.Unmarshal(exactly(c.Body, names), in); err != nil {
				return misfit(err, c.Body.Value)
			}
		}
		if len(fields) == 0 {
			return nil
		}
		v := reflect.ValueOf(in).Elem()
		for _, f := range fields {
			values := c.Query
			if !f.query {
				values = c.path
			}
			if value, ok := values[f.name]; ok {
				set(v.FieldByIndex(f.index), value)
			} else if !f.query {
				panic("kernel: " + string(c.Op) + " has no path parameter " + f.name + " in its document")
			}
		}
		return nil
	}
}

// exactly is the body without keys that encoding/json would take for a field
// although they are spelt in another case: no provider does.
func exactly(body Body, names []string) []byte {
	object, _ := body.Value.(map[string]any)
	for key := range object {
		if !slices.Contains(names, key) && slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, key) }) {
			object = maps.Clone(object)
			maps.DeleteFunc(object, func(key string, _ any) bool { return !slices.Contains(names, key) })
			return NewBody(body.MediaType, object).JSON
		}
	}
	return body.JSON
}

// misfit is a body that its document lets pass and the handler's input cannot
// hold, such as the integer 1e3.
func misfit(err error, body any) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return fmt.Errorf("kernel: reading a body that its document lets pass: %w", err)
	}
	// The field's path also names structs that are embedded, which a body has no
	// place for.
	var path []string
	for _, step := range strings.Split(mismatch.Field, ".") {
		if object, ok := body.(map[string]any); ok {
			inner, ok := object[step]
			if !ok {
				continue
			}
			body = inner
		}
		path = append(path, step)
	}
	breach := gate.Breach{
		In: "body", Path: path, Rule: gate.RuleType,
		Want: "integer", Got: 0.5, // any number that is none
	}
	return (&Problem{Kind: Invalid, Breaches: []gate.Breach{breach}, cause: err}).Because("against the document: %s", breach)
}

// set stores a decoded query value; the document has checked its type.
func set(field reflect.Value, value any) {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	switch value := value.(type) {
	case []any:
		field.Set(reflect.MakeSlice(field.Type(), len(value), len(value)))
		for i, item := range value {
			set(field.Index(i), item)
		}
	default:
		field.Set(reflect.ValueOf(value).Convert(field.Type()))
	}
}
