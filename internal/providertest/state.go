package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"time"
)

// move exports the world and imports it again, as if it had moved to another
// process. Its clock must stand still.
func (w *world) move() error {
	before, err := w.ask(http.MethodGet, "/state", nil)
	if err != nil {
		return err
	}
	frozen := w.Clock.Frozen()
	digest := w.Snapshot()
	if _, err := w.ask(http.MethodPut, "/state", before); err != nil {
		return err
	}
	after, err := w.ask(http.MethodGet, "/state", nil)
	switch {
	case err != nil:
		return err
	case !digest.Equal(w.Snapshot()):
		return fmt.Errorf("the import of an export stores something else than what was exported: %s", before)
	case frozen && !bytes.Equal(before, after):
		return fmt.Errorf("the import of an export is exported as\n%s\nand was\n%s", after, before)
	}
	return nil
}

// rows fills a row of each table, to see that nothing of it is lost when a state
// is exported and imported: fields that are not exported, names that stand for
// two, types that cannot be read back.
func rows(t *testing.T, s subject) {
	for name := range s.schema.Unruled() {
		t.Errorf("the table %q does not say what its rows' keys are: Keyed, KeyedBy or KeyedFreely; rules.go says what else an import is held to", name)
	}
	seen := map[string]bool{}
	for name, of := range s.schema.RowTypes() {
		if seen[name] {
			t.Errorf("two tables have the name %q", name)
		}
		seen[name] = true
		for _, empty := range []bool{false, true} {
			row := reflect.New(of)
			if err := fill(row.Elem(), name, empty); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			text, err := json.Marshal(row.Elem().Interface())
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			back := reflect.New(of)
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(back.Interface()); err != nil {
				t.Errorf("%s: %v in %s", name, err, text)
			} else if !reflect.DeepEqual(row.Elem().Interface(), back.Elem().Interface()) {
				t.Errorf("%s: %s is read back as %+v and was %+v", name, text, back.Elem(), row.Elem())
			}
		}
	}
}

// fill makes every part of v something else than zero or, with empty, what JSON
// could take for zero: pointers to zeros, and lists that are there but empty.
func fill(v reflect.Value, at string, empty bool) error {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2024, 2, 3, 4, 5, 6, 7, time.UTC)))
		return nil
	}
	if v.CanAddr() && v.CanSet() {
		if own, ok := v.Addr().Interface().(json.Unmarshaler); ok { // it has a JSON of its own
			return own.UnmarshalJSON([]byte("{}"))
		}
	}
	if !v.CanSet() && v.Kind() != reflect.Struct { // an embedded struct's fields can be set
		return fmt.Errorf("%s is not exported", at)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if err := fill(v.Field(i), at+"."+v.Type().Field(i).Name, empty); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), at, empty)
	case reflect.Slice:
		if empty {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return nil
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			if err := fill(v.Index(i), at, empty); err != nil {
				return err
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			if err := fill(v.Index(i), at, empty); err != nil {
				return err
			}
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if empty {
			return nil
		}
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := fill(key, at, empty); err != nil {
			return err
		}
		if err := fill(value, at, empty); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	case reflect.Interface, reflect.Func, reflect.Chan:
		return fmt.Errorf("%s is of type %s, which JSON cannot be read back into", at, v.Type())
	default:
		if empty {
			return nil
		}
		switch {
		case v.CanInt():
			v.SetInt(7)
		case v.CanUint():
			v.SetUint(7)
		case v.CanFloat():
			v.SetFloat(7.5)
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.Kind() == reflect.String:
			v.SetString(at)
		default:
			return fmt.Errorf("%s is of type %s", at, v.Type())
		}
	}
	return nil
}
