package zitadel

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	pgv "github.com/envoyproxy/protoc-gen-validate/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The service's validators are made from rules in the descriptors. They stop at
// the first that is broken.

// idLength is the rule for identifiers and names.
const idLength = "value length must be between 1 and 200 runes, inclusive"

// undefined is the rule for enums.
const undefined = "value must be one of the defined enum values"

// embedded leads from a message to what is broken in a part of it.
const embedded = "embedded message failed validation | caused by: "

// validate returns what the service's validators say of a message, nothing if it
// is valid.
func validate(m protoreflect.Message) string {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if field.ContainingOneof() != nil && !m.Has(field) {
			continue // not the one that is set
		}
		value, name := m.Get(field), goName(field.JSONName())
		rules, _ := proto.GetExtension(field.Options(), pgv.E_Rules).(*pgv.FieldRules)
		broken := ""
		switch {
		case field.IsList():
			for j := range value.List().Len() {
				if broken = violated(field, rules.GetRepeated().GetItems(), value.List().Get(j), true); broken != "" {
					name += fmt.Sprintf("[%d]", j)
					break
				}
			}
			if broken == "" {
				broken = listViolated(rules.GetRepeated(), value.List())
			}
		default:
			broken = violated(field, rules, value, m.Has(field))
		}
		if broken != "" {
			return fmt.Sprintf("invalid %s.%s: %s", typeName(m.Descriptor()), name, broken)
		}
	}
	return ""
}

// typeName is the name of a message in the service's language.
func typeName(m protoreflect.MessageDescriptor) string {
	name := strings.TrimPrefix(string(m.FullName()), string(m.ParentFile().Package())+".")
	return strings.ReplaceAll(name, ".", "_")
}

// goName is the name of a field in the service's language.
func goName(field string) string { return strings.ToUpper(field[:1]) + field[1:] }

func listViolated(rules *pgv.RepeatedRules, list protoreflect.List) string {
	seen := map[any]bool{}
	for i := range list.Len() {
		if value := list.Get(i).Interface(); rules.GetUnique() {
			if seen[value] {
				return "repeated value must contain unique items"
			}
			seen[value] = true
		}
	}
	if least := rules.GetMinItems(); uint64(list.Len()) < least {
		return fmt.Sprintf("value must contain at least %d item(s)", least)
	}
	if most := rules.GetMaxItems(); most > 0 && uint64(list.Len()) > most {
		return fmt.Sprintf("value must contain no more than %d item(s)", most)
	}
	return ""
}

// violated says which rule a value breaks.
func violated(field protoreflect.FieldDescriptor, rules *pgv.FieldRules, value protoreflect.Value, present bool) string {
	switch {
	case field.Message() != nil:
		return messageViolated(rules, value, present)
	case rules == nil:
		return ""
	case field.Enum() != nil:
		return enumViolated(field.Enum(), rules.GetEnum(), value.Enum())
	case field.Kind() == protoreflect.StringKind:
		return stringViolated(rules.GetString_(), value.String())
	case field.Kind() == protoreflect.BytesKind:
		return lengthViolated(uint64(len(value.Bytes())), rules.GetBytes().GetMinLen(), rules.GetBytes().GetMaxLen(), "bytes")
	case rules.GetBool() != nil && rules.GetBool().Const != nil && value.Bool() != rules.GetBool().GetConst():
		return fmt.Sprintf("value must equal %t", rules.GetBool().GetConst())
	}
	return ""
}

func messageViolated(rules *pgv.FieldRules, value protoreflect.Value, present bool) string {
	if !present {
		if rules.GetMessage().GetRequired() || rules.GetTimestamp().GetRequired() || rules.GetDuration().GetRequired() {
			return "value is required"
		}
		return ""
	}
	if bounds := rules.GetDuration(); bounds != nil && bounds.Gte != nil && bounds.Lte != nil {
		d := value.Message().Interface().(interface{ AsDuration() time.Duration }).AsDuration()
		if least, most := bounds.Gte.AsDuration(), bounds.Lte.AsDuration(); d < least || d > most {
			return fmt.Sprintf("value must be inside range [%s, %s]", least, most)
		}
	}
	if broken := validate(value.Message()); broken != "" {
		return embedded + broken
	}
	return ""
}

func enumViolated(enum protoreflect.EnumDescriptor, rules *pgv.EnumRules, value protoreflect.EnumNumber) string {
	known := enum.Values().ByNumber(value)
	switch {
	case slices.Contains(rules.GetNotIn(), int32(value)):
		return fmt.Sprintf("value must not be in list [%s]", known.Name())
	case rules.GetDefinedOnly() && known == nil:
		return undefined
	}
	return ""
}

func stringViolated(rules *pgv.StringRules, text string) string {
	if broken := lengthViolated(uint64(utf8.RuneCountInString(text)), rules.GetMinLen(), rules.GetMaxLen(), "runes"); broken != "" {
		return broken
	}
	if prefix := rules.GetPrefix(); !strings.HasPrefix(text, prefix) {
		return lacksPrefix(prefix)
	}
	if rules.GetEmail() {
		if _, err := mail.ParseAddress(text); err != nil {
			return "value must be a valid email address | caused by: " + err.Error()
		}
	}
	if list := rules.GetIn(); len(list) > 0 && !slices.Contains(list, text) {
		return fmt.Sprintf("value must be in list %v", list)
	}
	return ""
}

// lacksPrefix tells how a text has to begin.
func lacksPrefix(prefix string) string { return fmt.Sprintf("value does not have prefix %q", prefix) }

// lengthViolated compares a length with its bounds; a bound of 0 is none.
func lengthViolated(n, least, most uint64, unit string) string {
	switch {
	case (least == 0 || n >= least) && (most == 0 || n <= most):
		return ""
	case least > 0 && most > 0:
		return fmt.Sprintf("value length must be between %d and %d %s, inclusive", least, most, unit)
	case least > 0:
		return fmt.Sprintf("value length must be at least %d %s", least, unit)
	}
	return fmt.Sprintf("value length must be at most %d %s", most, unit)
}
