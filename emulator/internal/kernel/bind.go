package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/understudy-dev/understudy/emulator/internal/gate"
)

// binder returns the function that fills a handler's input. The tags of In are
// read once, when the route is made.
func binder[In any]() func(*Call, *In) error {
	type field struct {
		index int
		name  string
		query bool
	}
	var fields []field
	t := reflect.TypeFor[In]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("kernel: a handler's input is a struct, not %s", t))
	}
	for i := range t.NumField() {
		if name, ok := t.Field(i).Tag.Lookup("path"); ok {
			fields = append(fields, field{i, name, false})
		}
		if name, ok := t.Field(i).Tag.Lookup("query"); ok {
			fields = append(fields, field{i, name, true})
		}
	}
	return func(c *Call, in *In) error {
		if c.Body.JSON != nil {
			if err := json.Unmarshal(c.Body.JSON, in); err != nil {
				return misfit(err, c.Body.Value)
			}
		}
		if len(fields) == 0 {
			return nil
		}
		v := reflect.ValueOf(in).Elem()
		for _, f := range fields {
			if !f.query {
				v.Field(f.index).SetString(c.Vars[f.name])
			} else if value, ok := c.Query[f.name]; ok {
				set(v.Field(f.index), value)
			}
		}
		return nil
	}
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
