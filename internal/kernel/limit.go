package kernel

import (
	"encoding"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
)

// MaxAnswer is the longest body of a provider's answer, in bytes. A small request
// may ask for a long text many times over, and what is stored once is sent as often
// as it is asked for.
const MaxAnswer = 16 << 20

// tooLong refuses an answer that exceeds MaxAnswer.
func tooLong() *Problem {
	p := &Problem{Kind: Injected, Status: http.StatusBadRequest, Message: fmt.Sprintf("The answer would be longer than %d bytes", MaxAnswer)}
	return p.Because("the answer would be longer than %d bytes, and is not sent; the service names no bound", MaxAnswer)
}

// fits reports whether what a body holds is no longer than MaxAnswer. It looks
// before the body is encoded, which would need the memory that the bound is to
// save, and counts no more than the texts and one for each value: an encoding that
// escapes much is longer, and looked at once more.
func fits(body any) bool {
	m := measure{left: MaxAnswer}
	m.value(reflect.ValueOf(body), 0)
	return m.left >= 0
}

type measure struct{ left int }

// maxNesting is where a measurement ends: encoding/json refuses cycles itself.
const maxNesting = 1000

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func (m *measure) value(v reflect.Value, depth int) {
	m.left--
	if m.left < 0 || depth > maxNesting || !v.IsValid() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		m.left -= v.Len()
	case reflect.Pointer, reflect.Interface:
		m.value(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		switch v.Type().Elem().Kind() {
		case reflect.Uint8, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
			m.left -= v.Len()
			return
		}
		for i := 0; i < v.Len() && m.left >= 0; i++ {
			m.value(v.Index(i), depth+1)
		}
	case reflect.Map:
		for entries := v.MapRange(); m.left >= 0 && entries.Next(); {
			m.value(entries.Key(), depth+1)
			m.value(entries.Value(), depth+1)
		}
	case reflect.Struct:
		if t := v.Type(); t.Implements(jsonMarshaler) || t.Implements(textMarshaler) {
			return // such as a time, whose fields are not what it is encoded as
		}
		for i := 0; i < v.NumField() && m.left >= 0; i++ {
			if v.Type().Field(i).IsExported() {
				m.value(v.Field(i), depth+1)
			}
		}
	}
}
