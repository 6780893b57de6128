package zitadel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/understudy-dev/understudy/internal/kernel"
)

const mediaJSON = "application/json"

// maxDepth bounds how deep messages may nest.
const maxDepth = 100

// A method is an operation that takes and returns messages, whatever the protocol
// of the call.
type method struct {
	kernel.Route
	input proto.Message // a nil one of its type
}

func (m method) secret() method { m.Route = m.Secret(); return m }

// on makes the method of an operation, whose checks come before it.
func on[In, Out proto.Message](op Op, handle func(*kernel.Call, In) (Out, error), checks ...check) method {
	var none In
	return method{kernel.Handle(op, func(c *kernel.Call) (any, error) {
		in, ok := c.Body.Message.(input)
		if !ok {
			in.Message = newMessage(none)
		}
		if err := complete(c, in); err != nil {
			return nil, err
		}
		for _, check := range checks {
			if err := check(c, in.Message); err != nil {
				return nil, err
			}
		}
		out, err := handle(c, in.Message.(In))
		if err != nil {
			return nil, err
		}
		if r := rpcOf(c); r != nil {
			r.message = out
		}
		return encoded{out}, nil
	}), none}
}

// newMessage returns an empty message of the type of another.
func newMessage(of proto.Message) proto.Message { return of.ProtoReflect().New().Interface() }

// complete adds to an input what REST sends in path and query, and holds to the
// bounds of the descriptors what no document has vetted.
func complete(c *kernel.Call, in input) error {
	vetted := false
	if rpcOf(c) == nil {
		if len(c.Query) > 0 {
			text, err := json.Marshal(c.Query)
			if err == nil {
				err = protojson.Unmarshal(text, in.Message)
			}
			if err != nil {
				return fmt.Errorf("reading a query that its document lets pass: %w", err)
			}
		}
		m := in.ProtoReflect()
		for name, value := range c.Vars { // they win over the body's
			m.Set(fieldNamed(m.Descriptor(), name), protoreflect.ValueOfString(value))
		}
		vetted = c.Operation().HasBody()
	}
	if !vetted && in.broken == "" {
		in.broken = validate(in.ProtoReflect())
	}
	if in.broken != "" {
		return refuse(invalidArgument, "", in.broken).Because("against the descriptors: %s", in.broken)
	}
	return nil
}

// fieldNamed returns the field of a name in either spelling, or nil.
func fieldNamed(m protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if field := m.Fields().ByJSONName(name); field != nil {
		return field
	}
	return m.Fields().ByTextName(name)
}

// encoded is a message that is answered.
type encoded struct{ proto.Message }

// MarshalJSON writes the message. The library puts in spaces by chance, which the
// kernel's encoder takes out.
func (e encoded) MarshalJSON() ([]byte, error) { return protojson.Marshal(e.Message) }

// decode reads bodies: forms at the OAuth endpoints, and at the others JSON in the
// manner of protocol buffers, as the service's gateway does. The document vets
// what has been read, in its canonical JSON: one spelling of each name, names for
// enums, strings for numbers of 64 bits, nothing that is unknown or null. What is
// wrong with a body is told before anybody asks who calls.
func (p *Provider) decode(c *kernel.Call) (kernel.Body, error) {
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
	body := kernel.Body{MediaType: mediaJSON}
	if len(bytes.TrimSpace(text)) == 0 {
		if !c.Differs(emptyBody) {
			return body, (&kernel.Problem{Kind: kernel.EmptyBody}).Because("the page requires a body, at least {}")
		}
		text = []byte("{}")
	}
	// The gateway's decoder takes one value off the body.
	if body.JSON = text; !json.Valid(text) {
		decoder := json.NewDecoder(bytes.NewReader(text))
		if err := decoder.Decode((*json.RawMessage)(&body.JSON)); err != nil {
			return body, malformed(err.Error(), "the body is not JSON: %v", err)
		}
		if rest := bytes.TrimSpace(text[decoder.InputOffset():]); len(rest) > 0 && !c.Differs(trailingData) {
			r, _ := utf8.DecodeRune(rest)
			return body, malformed(fmt.Sprintf("invalid character %q after top-level value", r), "the body goes on after its first JSON value")
		}
	}
	in, err := read(c, body.JSON, p.inputs[c.Op])
	if err != nil {
		return body, err
	}
	body.Message = in
	body.Value, err = canonical(in.Message)
	return body, err
}

// An input is a message that has been read, and what is wrong with it although it
// could be.
type input struct {
	proto.Message
	broken string
}

// read reads a message from JSON.
func read(c *kernel.Call, text []byte, of proto.Message) (input, error) {
	in := input{Message: newMessage(of)}
	if unmarshalJSON(text, in.Message, false) == nil {
		return in, nil
	}
	// Perhaps there are only names that are unknown, which count for nothing.
	in.Message = newMessage(of)
	if err := unmarshalJSON(text, in.Message, true); err != nil {
		return in, malformed(plain(err), "the message is not %s: %s", in.ProtoReflect().Descriptor().FullName(), plain(err))
	}
	var sent map[string]any
	if err := json.Unmarshal(text, &sent); err != nil {
		return in, fmt.Errorf("reading JSON that has been read: %w", err)
	}
	if broken := unknownName(in.ProtoReflect().Descriptor(), sent); broken != "" && !c.Differs(unknownEnum) {
		in.broken = broken
	}
	return in, nil
}

// canonical is a message's JSON, decoded.
func canonical(of proto.Message) (map[string]any, error) {
	value := map[string]any{}
	if proto.Size(of) == 0 {
		return value, nil
	}
	text, err := protojson.Marshal(of)
	if err == nil {
		err = json.Unmarshal(text, &value)
	}
	if err != nil {
		return nil, fmt.Errorf("writing a message that has been read: %w", err)
	}
	return value, nil
}

func unmarshalJSON(text []byte, in proto.Message, discard bool) error {
	return protojson.UnmarshalOptions{DiscardUnknown: discard, RecursionLimit: maxDepth}.Unmarshal(text, in)
}

// unknownName returns what the service would say of the first name of an enum in
// a message that the enum does not have; the decoder drops such names.
func unknownName(m protoreflect.MessageDescriptor, sent map[string]any) string {
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		value, ok := sent[field.JSONName()]
		if !ok {
			value = sent[field.TextName()]
		}
		values, isList := value.([]any)
		if !isList {
			values = []any{value}
		}
		for j, value := range values {
			name := goName(field.JSONName())
			if isList {
				name += fmt.Sprintf("[%d]", j)
			}
			inner, _ := value.(map[string]any)
			switch {
			case field.Enum() != nil && isUnknown(field.Enum(), value):
				return fmt.Sprintf("invalid %s.%s: %s", typeName(m), name, undefined)
			case field.Message() != nil && inner != nil:
				if broken := unknownName(field.Message(), inner); broken != "" {
					return fmt.Sprintf("invalid %s.%s: %s%s", typeName(m), name, embedded, broken)
				}
			}
		}
	}
	return ""
}

// isUnknown reports whether a value is a name that an enum does not have.
func isUnknown(enum protoreflect.EnumDescriptor, value any) bool {
	name, ok := value.(string)
	return ok && enum.Values().ByName(protoreflect.Name(name)) == nil
}

// malformed is a body that the gateway cannot read.
func malformed(message, format string, args ...any) *kernel.Problem {
	return (&kernel.Problem{Kind: kernel.MalformedBody, Message: message}).Because(format, args...)
}

// plain is an error of the protobuf library with plain spaces: it sets others, so
// that nobody relies on its words.
func plain(err error) string { return strings.ReplaceAll(err.Error(), "\u00a0", " ") }

// The years that a message can name.
var firstMoment, lastMoment = time.Unix(-62135596800, 0), time.Unix(253402300799, 0)

// moment is an instant in a message, in whole microseconds as the service's; zero
// is left out, and what no message can hold is the first or the last that it can.
func moment(at time.Time) *timestamppb.Timestamp {
	switch {
	case at.IsZero():
		return nil
	case at.Before(firstMoment):
		at = firstMoment
	case at.After(lastMoment):
		at = lastMoment
	}
	return timestamppb.New(at.Truncate(time.Microsecond))
}

// renamed are the fields whose name differs between messages of the API that say
// the same.
var renamed = map[protoreflect.Name][]protoreflect.Name{
	"application_type": {"app_type"}, "app_type": {"application_type"},
	"development_mode": {"dev_mode"}, "dev_mode": {"development_mode"},
	"first_name": {"given_name"}, "given_name": {"first_name"},
	"last_name": {"family_name"}, "family_name": {"last_name"},
	"is_email_verified": {"is_verified"}, "is_phone_verified": {"is_verified"},
	"is_verified": {"is_email_verified", "is_phone_verified"},
	"id":          {"key_id", "application_id"}, "key_id": {"id"}, "application_id": {"id", "app_id"}, "app_id": {"application_id"},
	"app": {"application"}, "application": {"app"},
	"api_request": {"api_configuration"}, "oidc_request": {"oidc_configuration"}, "saml_request": {"saml_configuration"},
	"api_configuration_request": {"api_configuration"}, "oidc_configuration_request": {"oidc_configuration"},
	"saml_configuration_request": {"saml_configuration"},
	"api_configuration":          {"api_response", "api_config"}, "oidc_configuration": {"oidc_response", "oidc_config"},
}

// renamedValue is the value of an enum by its name, here or in another version.
func renamedValue(enum protoreflect.EnumDescriptor, name protoreflect.Name) protoreflect.EnumValueDescriptor {
	for _, pair := range [][2]string{{"", ""}, {"APP_", "APPLICATION_"}, {"APPLICATION_", "APP_"}, {"ORG_", "ORGANIZATION_"}} {
		if value := enum.Values().ByName(protoreflect.Name(strings.Replace(string(name), pair[0], pair[1], 1))); value != nil {
			return value
		}
	}
	return nil
}

// fieldLike returns the field of a message that has a name, or what it is called
// elsewhere.
func fieldLike(m protoreflect.MessageDescriptor, name protoreflect.Name) protoreflect.FieldDescriptor {
	for _, name := range append([]protoreflect.Name{name}, renamed[name]...) {
		if field := m.Fields().ByName(name); field != nil {
			return field
		}
	}
	return nil
}

// translate sets the fields of dst that are set in src and mean the same: the
// versions of the API say the same in different types.
func translate[M proto.Message](dst M, src proto.Message) M {
	to := dst.ProtoReflect()
	src.ProtoReflect().Range(func(from protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		field := fieldLike(to.Descriptor(), from.Name())
		switch {
		case field == nil:
		case field.IsList():
			list := to.NewField(field)
			for i := range value.List().Len() {
				list.List().Append(translated(list.List().NewElement(), field, from, value.List().Get(i)))
			}
			to.Set(field, list)
		default:
			to.Set(field, translated(to.NewField(field), field, from, value))
		}
		return true
	})
	return dst
}

// translated is a value of one field as that of another; empty is one of its.
func translated(empty protoreflect.Value, field, from protoreflect.FieldDescriptor, value protoreflect.Value) protoreflect.Value {
	switch {
	case field.Enum() != nil && from.Enum() != nil:
		if same := from.Enum().Values().ByNumber(value.Enum()); same != nil {
			if named := renamedValue(field.Enum(), same.Name()); named != nil {
				return protoreflect.ValueOfEnum(named.Number())
			}
		}
		return empty
	case field.Message() != nil && field.Message() != from.Message():
		translate(empty.Message().Interface(), value.Message().Interface())
		return empty
	}
	return value
}
