package zitadel

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/understudy-dev/understudy/internal/kernel"
)

const mediaJSON = "application/json"

// decode reads bodies: forms at the OAuth endpoints, and at the Management API
// JSON in the manner of protocol buffers, which it turns into the document's: one
// spelling of each name, numbers for numbers, names for enums, nothing that is
// unknown or null. What is wrong with a body is told before anybody asks who calls.
func decode(c *kernel.Call) (kernel.Body, error) {
	if isOAuth(c.Op) {
		return c.DecodeBody(c.Takes)
	}
	text, err := c.Whole()
	if err != nil {
		return kernel.Body{}, err
	}
	if mediaType := c.MediaType(); mediaType != "" && mediaType != mediaJSON && !c.Differs(contentType) {
		problem := &kernel.Problem{Kind: kernel.UnsupportedMediaType}
		return kernel.Body{}, problem.Because("the page wants a body of type %s, not %q", mediaJSON, mediaType)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		if c.Differs(emptyBody) {
			return kernel.NewBody(mediaJSON, map[string]any{}), nil
		}
		return kernel.Body{}, (&kernel.Problem{Kind: kernel.EmptyBody}).Because("the page requires a body, at least {}")
	}
	// The gateway's decoder takes one value off the body.
	decoder := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return kernel.Body{}, malformed(err.Error(), "the body is not JSON: %v", err)
	}
	if rest := bytes.TrimSpace(text[decoder.InputOffset():]); len(rest) > 0 && (isProcedure(c) || !c.Differs(trailingData)) {
		r, _ := utf8.DecodeRune(rest)
		return kernel.Body{}, malformed(fmt.Sprintf("invalid character %q after top-level value", r), "the body goes on after its first JSON value")
	}
	r := reader{c: c, text: text}
	start := int(decoder.InputOffset()) - len(value)
	if !utf8.Valid(value) {
		return kernel.Body{}, r.syntax(start, "invalid UTF-8", "the body is not UTF-8")
	}
	if value[0] != '{' {
		return kernel.Body{}, r.unexpected(start, value)
	}
	object, err := r.object(c.Operation().BodySchema(mediaJSON), value, start, 0)
	if err != nil {
		return kernel.Body{}, err
	}
	return kernel.NewBody(mediaJSON, object), nil
}

// malformed is a body that the gateway cannot read.
func malformed(message, format string, args ...any) *kernel.Problem {
	return (&kernel.Problem{Kind: kernel.MalformedBody, Message: message}).Because(format, args...)
}

// enumKey marks an enum whose zero is not among the values to choose, and lists
// the names of all.
const enumKey = "x-understudy-enum"

// enumNames returns an enum's names by number, or nil.
func enumNames(schema *openapi3.Schema) []any {
	if names, ok := schema.Extensions[enumKey].([]any); ok {
		return names
	}
	if n := len(schema.Enum); n > 0 && schema.Enum[n-1] == nil {
		return schema.Enum[:n-1] // null is not one of them
	}
	return schema.Enum
}

// maxDepth bounds how deep messages may nest.
const maxDepth = 100

// A reader reads one body. Positions are offsets in its text.
type reader struct {
	c    *kernel.Call
	text []byte
}

// object reads the members of an object that begins at start.
func (r reader) object(schema *openapi3.Schema, text json.RawMessage, start, depth int) (map[string]any, error) {
	if depth > maxDepth {
		return nil, malformed("exceeded max recursion depth", "the body nests more than %d messages", maxDepth)
	}
	object := map[string]any{}
	seen := map[string]bool{}
	oneOf := ""
	decoder := json.NewDecoder(bytes.NewReader(text))
	_, _ = decoder.Token() // the brace
	for decoder.More() {
		at := start + nextToken(text, decoder)
		token, err := decoder.Token()
		if err != nil {
			return nil, err // it has been decoded once
		}
		name, property := r.field(schema, token.(string), depth)
		at2 := start + nextToken(text, decoder)
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, err
		}
		if property == nil {
			continue
		}
		if seen[name] {
			return nil, r.fault(at, fmt.Sprintf("duplicate field %q", token), "the body has %s twice", name)
		}
		seen[name] = true
		value, err := r.value(property, name, raw, at2, depth)
		if err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		if group, ok := schema.Extensions["x-understudy-oneof"].(string); ok {
			if oneOf != "" {
				return nil, r.fault(at, fmt.Sprintf("error parsing %q, oneof %s is already set", token, group), "the body has both %s and %s", oneOf, name)
			}
			oneOf = name
		}
		if schema.Properties[name] != nil { // the path's own variables win
			object[name] = value
		}
	}
	return object, nil
}

// pathVariable is the type of what the path names already.
var pathVariable = openapi3.NewStringSchema()

// field returns the document's name and schema for a key, which may be written
// with underscores; no schema if it is unknown.
func (r reader) field(schema *openapi3.Schema, key string, depth int) (string, *openapi3.Schema) {
	for _, name := range []string{key, camelCase(key)} {
		if property := schema.Properties[name]; property != nil {
			return name, property.Value
		}
		if _, ok := r.c.Vars[name]; ok && depth == 0 {
			return name, pathVariable
		}
	}
	return key, nil
}

// camelCase spells user_name as userName.
func camelCase(name string) string {
	first, rest, found := strings.Cut(name, "_")
	for found {
		var next string
		next, rest, found = strings.Cut(rest, "_")
		if next != "" {
			next = strings.ToUpper(next[:1]) + next[1:]
		}
		first += next
	}
	return first
}

// value reads a value that begins at the given place, and returns nil for one
// that counts as not sent.
func (r reader) value(schema *openapi3.Schema, name string, raw json.RawMessage, at, depth int) (any, error) {
	if raw[0] == 'n' {
		return nil, nil
	}
	switch {
	case schema.Type.Is(openapi3.TypeObject):
		if raw[0] != '{' {
			return nil, r.unexpected(at, raw)
		}
		return r.object(schema, raw, at, depth+1)
	case schema.Type.Is(openapi3.TypeArray):
		return r.list(schema, name, raw, at, depth)
	case schema.Type.Is(openapi3.TypeBoolean):
		if raw[0] == 't' || raw[0] == 'f' {
			return raw[0] == 't', nil
		}
		return nil, r.invalid("bool", name, raw, at)
	case schema.Type.Is(openapi3.TypeInteger):
		return r.integer(schema.Format, name, raw, at)
	case enumNames(schema) != nil:
		return r.enum(schema, name, raw, at)
	}
	return r.scalar(schema.Format, name, raw, at)
}

func (r reader) list(schema *openapi3.Schema, name string, raw json.RawMessage, at, depth int) (any, error) {
	if raw[0] != '[' {
		return nil, r.unexpected(at, raw)
	}
	list := []any{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	_, _ = decoder.Token() // the bracket
	for decoder.More() {
		place := at + nextToken(raw, decoder)
		var item json.RawMessage
		if err := decoder.Decode(&item); err != nil {
			return nil, err
		}
		if item[0] == 'n' {
			return nil, r.unexpected(place, item)
		}
		value, err := r.value(schema.Items.Value, name, item, place, depth)
		if err != nil {
			return nil, err
		}
		if value != nil {
			list = append(list, value)
		}
	}
	return list, nil
}

// integer reads a number, or a string with one: 64 bits do not fit JavaScript's.
func (r reader) integer(kind, name string, raw json.RawMessage, at int) (any, error) {
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil || strings.TrimSpace(text) != text {
			return nil, r.invalid(kind, name, raw, at)
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	limit := float64(math.MaxUint64)
	if kind == "uint32" {
		limit = math.MaxUint32
	}
	if err != nil || n != math.Trunc(n) || n < 0 || n > limit {
		return nil, r.invalid(kind, name, raw, at)
	}
	return n, nil
}

// enum reads a name or a number. A number that has no name is left for the
// validators.
func (r reader) enum(schema *openapi3.Schema, name string, raw json.RawMessage, at int) (any, error) {
	names := enumNames(schema)
	if raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
		if !slices.Contains(names, any(text)) && r.c.Differs(unknownEnum) {
			return nil, nil
		}
		return text, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 32)
	if err != nil {
		return nil, r.invalid("enum", name, raw, at)
	}
	if n >= 0 && n < int64(len(names)) {
		return names[n], nil
	}
	return float64(n), nil
}

// scalar reads what is a string in JSON.
func (r reader) scalar(format, name string, raw json.RawMessage, at int) (any, error) {
	if raw[0] != '"' {
		switch format {
		case "date-time", "duration":
			return nil, r.unexpected(at, raw)
		case "byte":
			return nil, r.invalid("bytes", name, raw, at)
		}
		return nil, r.invalid("string", name, raw, at)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, err
	}
	switch format {
	case "date-time":
		if t, err := time.Parse(time.RFC3339Nano, text); err != nil || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
			return nil, r.fault(at, fmt.Sprintf("invalid google.protobuf.Timestamp value %s", raw), "%s is no RFC 3339 timestamp", name)
		}
	case "duration":
		if _, err := parseDuration(text); err != nil {
			return nil, r.fault(at, fmt.Sprintf("invalid google.protobuf.Duration value %s", raw), "%s is no number of seconds with an s behind it", name)
		}
	case "byte":
		decoded, err := decodeBytes(text)
		if err != nil {
			return nil, r.invalid("bytes", name, raw, at)
		}
		return base64.StdEncoding.EncodeToString(decoded), nil
	}
	return text, nil
}

// decodeBytes reads base64 in either alphabet, padded or not.
func decodeBytes(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	return base64.RawStdEncoding.DecodeString(text)
}

var errDuration = errors.New("not a duration")

// parseDuration reads seconds with up to nine digits behind the point: "1.5s".
func parseDuration(text string) (time.Duration, error) {
	number, ok := strings.CutSuffix(text, "s")
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(number, "-"), ".")
	const maxSeconds = 1 << 33 // more than any of the API's, and no overflow
	seconds, err := strconv.ParseUint(whole, 10, 34)
	if !ok || err != nil || seconds > maxSeconds || len(fraction) > 9 || strings.HasPrefix(number, "+") {
		return 0, errDuration
	}
	nanoseconds, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
	if err != nil {
		return 0, errDuration
	}
	d := time.Duration(seconds)*time.Second + time.Duration(nanoseconds)
	if strings.HasPrefix(number, "-") {
		d = -d
	}
	return d, nil
}

// formatDuration writes a duration, which is not negative, as protobuf's JSON
// does.
func formatDuration(d time.Duration) string {
	text := fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second)
	for range 3 { // none, three, six or nine digits
		text = strings.TrimSuffix(text, "000")
	}
	return strings.TrimSuffix(text, ".") + "s"
}

// nextToken returns where the decoder's next token begins.
func nextToken(text []byte, decoder *json.Decoder) int {
	at := int(decoder.InputOffset())
	for at < len(text) && bytes.IndexByte([]byte(" \t\r\n:,"), text[at]) >= 0 {
		at++
	}
	return at
}

// position is an offset as line and column, from 1.
func (r reader) position(at int) string {
	before := r.text[:at]
	line := bytes.Count(before, []byte("\n"))
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("(line %d:%d)", line+1, column+1)
}

// fault is a value that does not fit its field.
func (r reader) fault(at int, message, format string, args ...any) *kernel.Problem {
	return malformed("proto: "+r.position(at)+": "+message, format, args...)
}

// syntax is a text that does not have the form of its message.
func (r reader) syntax(at int, message, format string, args ...any) *kernel.Problem {
	return malformed("proto: syntax error "+r.position(at)+": "+message, format, args...)
}

// unexpected is a value of another kind than an object or a list.
func (r reader) unexpected(at int, raw json.RawMessage) *kernel.Problem {
	token := string(raw)
	if raw[0] == '{' || raw[0] == '[' {
		token = token[:1]
	}
	return r.syntax(at, "unexpected token "+token, "the value at %s is of the wrong JSON type", r.position(at))
}

// invalid is a value of another type than its field's.
func (r reader) invalid(kind, name string, raw json.RawMessage, at int) *kernel.Problem {
	token := string(raw)
	if raw[0] == '{' || raw[0] == '[' {
		token = token[:1]
	}
	return r.fault(at, fmt.Sprintf("invalid value for %s field %s: %s", kind, name, token), "the body's %s is not of type %s", name, kind)
}
