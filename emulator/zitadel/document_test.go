package zitadel_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/envoyproxy/protoc-gen-validate/validate"
	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
	"github.com/understudy-dev/understudy/specs"
)

// prefixes stand before the paths in the annotations of version 1.
var prefixes = map[protoreflect.FullName]string{
	"zitadel.management.v1.ManagementService": "/management/v1",
	"zitadel.admin.v1.AdminService":           "/admin/v1",
	"zitadel.auth.v1.AuthService":             "/auth/v1",
}

// lines are the methods of the descriptors, by the names of their operations.
func lines() map[string]protoreflect.MethodDescriptor {
	snake := regexp.MustCompile(`\{([a-z0-9_]+)(=\*\*)?\}`)
	all := map[string]protoreflect.MethodDescriptor{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				all[fmt.Sprintf("/%s/%s", service.FullName(), m.Name())] = m
				rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
				verb, path := "", ""
				switch pattern := rule.GetPattern().(type) {
				case *annotations.HttpRule_Get:
					verb, path = http.MethodGet, pattern.Get
				case *annotations.HttpRule_Post:
					verb, path = http.MethodPost, pattern.Post
				case *annotations.HttpRule_Put:
					verb, path = http.MethodPut, pattern.Put
				case *annotations.HttpRule_Patch:
					verb, path = http.MethodPatch, pattern.Patch
				case *annotations.HttpRule_Delete:
					verb, path = http.MethodDelete, pattern.Delete
				}
				path = prefixes[service.FullName()] + snake.ReplaceAllStringFunc(path, func(v string) string {
					field := m.Input().Fields().ByName(protoreflect.Name(snake.FindStringSubmatch(v)[1]))
					return "{" + field.JSONName() + "}"
				})
				all[verb+" "+path] = m
			}
		}
		return true
	})
	return all
}

// TestDocumentFitsDescriptors holds the document to the descriptors of the official
// client: every property of a request and of an answer is a field of that type,
// every field of a request is a property, and bounds and enums are the same.
func TestDocumentFitsDescriptors(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(specs.Zitadel)
	if err != nil {
		t.Fatal(err)
	}
	methods := lines()
	checked := 0
	for path, item := range doc.Paths.Map() {
		for verb, op := range item.Operations() {
			line := verb + " " + path
			if strings.HasPrefix(path, "/zitadel.") {
				line = path
			}
			m := methods[line]
			if m == nil {
				if path != "/device" && !strings.HasPrefix(path, "/oauth/") && !strings.HasPrefix(path, "/oidc/") && !strings.HasPrefix(path, "/.well-known/") {
					t.Errorf("%s is no method of the descriptors", line)
				}
				continue
			}
			checked++
			inPath := map[string]bool{}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				inPath[p.Value.Name] = p.Value.In == "path"
				if p.Value.In != "header" && fieldOf(m.Input(), p.Value.Name) == nil {
					t.Errorf("%s: %s has no field for the parameter %s", line, m.Input().FullName(), p.Value.Name)
				}
			}
			f := fitting{t: t, seen: map[*openapi3.Schema]bool{}}
			if op.RequestBody != nil {
				f.message(line+" request", op.RequestBody.Value.Content["application/json"].Schema.Value, m.Input(), inPath, true)
			}
			if answer := op.Responses.Status(http.StatusOK); answer != nil {
				f.message(line+" answer", answer.Value.Content["application/json"].Schema.Value, m.Output(), nil, false)
			}
		}
	}
	if checked < 75 {
		t.Errorf("only %d operations have a method", checked)
	}
}

func fieldOf(m protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if field := m.Fields().ByJSONName(name); field != nil {
		return field
	}
	return m.Fields().ByTextName(name)
}

type fitting struct {
	t    *testing.T
	seen map[*openapi3.Schema]bool
}

// message compares a schema with a message; of a request, every field that is not
// in the path has to be there.
func (f fitting) message(at string, schema *openapi3.Schema, m protoreflect.MessageDescriptor, inPath map[string]bool, request bool) {
	if f.seen[schema] {
		return
	}
	f.seen[schema] = true
	for name, property := range schema.Properties {
		field := m.Fields().ByJSONName(name)
		if field == nil {
			f.t.Errorf("%s: %s has no field %s", at, m.FullName(), name)
			continue
		}
		f.field(at+"/"+name, property.Value, field, request)
	}
	for i := range m.Fields().Len() {
		name := m.Fields().Get(i).JSONName()
		if request && len(schema.Properties) > 0 && schema.Properties[name] == nil && !inPath[name] {
			f.t.Errorf("%s: the document lacks the field %s of %s", at, name, m.FullName())
		}
	}
}

func (f fitting) field(at string, schema *openapi3.Schema, field protoreflect.FieldDescriptor, request bool) {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Rules).(*validate.FieldRules)
	if field.IsList() {
		if !schema.Type.Is(openapi3.TypeArray) {
			f.t.Errorf("%s is a list and %v in the document", at, schema.Type)
			return
		}
		schema, rules = schema.Items.Value, rules.GetRepeated().GetItems()
	}
	want := map[protoreflect.Kind]string{
		protoreflect.BoolKind: openapi3.TypeBoolean, protoreflect.Uint32Kind: openapi3.TypeInteger, protoreflect.Int32Kind: openapi3.TypeInteger,
		protoreflect.MessageKind: openapi3.TypeObject,
	}[field.Kind()]
	wellKnown := field.Message() != nil && strings.HasPrefix(string(field.Message().FullName()), "google.protobuf.") && field.Message().Name() != "Struct"
	if want == "" || wellKnown {
		want = openapi3.TypeString // numbers of 64 bits, bytes, enums, moments and durations too
	}
	if !schema.Type.Is(want) {
		f.t.Errorf("%s is of type %v, and a %s in %s", at, schema.Type, field.Kind(), field.FullName())
		return
	}
	if field.Enum() != nil {
		f.enum(at, schema, field.Enum(), rules.GetEnum())
	}
	if text := rules.GetString_(); request && field.Kind() == protoreflect.StringKind {
		most := uint64(0)
		if schema.MaxLength != nil {
			most = *schema.MaxLength
		}
		if schema.MinLength != text.GetMinLen() || most != text.GetMaxLen() {
			f.t.Errorf("%s has %d to %d characters in the document, and %d to %d in %s", at, schema.MinLength, most, text.GetMinLen(), text.GetMaxLen(), field.FullName())
		}
	}
	if want == openapi3.TypeObject {
		f.message(at, schema, field.Message(), nil, request)
	}
}

// enum compares names. Requests may leave out the one that stands for none, and
// answers those that never come.
func (f fitting) enum(at string, schema *openapi3.Schema, enum protoreflect.EnumDescriptor, rules *validate.EnumRules) {
	for _, name := range schema.Enum {
		if name == nil {
			continue
		}
		if enum.Values().ByName(protoreflect.Name(name.(string))) == nil {
			f.t.Errorf("%s: %s has no value %v", at, enum.FullName(), name)
		}
	}
	for i := range enum.Values().Len() {
		value := enum.Values().Get(i)
		if rules.GetDefinedOnly() && !slices.Contains(rules.GetNotIn(), int32(value.Number())) && !slices.Contains(schema.Enum, any(string(value.Name()))) {
			f.t.Errorf("%s: the document lacks the value %s of %s", at, value.Name(), enum.FullName())
		}
	}
}

// TestRulesAreKnown looks for rules of the descriptors that the validators here
// have no words for.
func TestRulesAreKnown(t *testing.T) {
	known := map[string]bool{}
	for _, name := range []string{
		"string.min_len", "string.max_len", "string.email", "string.in", "string.prefix", "bytes.min_len", "bytes.max_len", "bool.const",
		"enum.defined_only", "enum.not_in", "message.required", "timestamp.required", "duration.gte", "duration.lte",
		"repeated.min_items", "repeated.max_items", "repeated.unique", "repeated.items",
		"string.uri_ref", // of SAML applications, which are not served
	} {
		known[name] = true
	}
	unknown := map[string]protoreflect.FullName{}
	seen := map[protoreflect.FullName]bool{}
	var look func(m protoreflect.MessageDescriptor)
	note := func(field protoreflect.FieldDescriptor, rules *validate.FieldRules) {
		rules.ProtoReflect().Range(func(kind protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			value.Message().Range(func(rule protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
				if name := string(kind.Name() + "." + rule.Name()); !known[name] {
					unknown[name] = field.FullName()
				}
				return true
			})
			return true
		})
	}
	look = func(m protoreflect.MessageDescriptor) {
		if seen[m.FullName()] {
			return
		}
		seen[m.FullName()] = true
		for i := range m.Fields().Len() {
			field := m.Fields().Get(i)
			if rules, _ := proto.GetExtension(field.Options(), validate.E_Rules).(*validate.FieldRules); rules != nil {
				note(field, rules)
				if items := rules.GetRepeated().GetItems(); items != nil {
					note(field, items)
				}
			}
			if field.Message() != nil {
				look(field.Message())
			}
		}
	}
	methods := lines()
	for _, route := range zitadel.New().Mount(&kernel.Env{Schema: &store.Schema{}}).Routes {
		_, line := kernel.SplitOp(route.Op)
		if m := methods[line]; m != nil {
			look(m.Input())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		t.Errorf("%s of %s", name, unknown[name])
	}
}

// tightened is a provider whose document has another bound.
type tightened struct {
	*zitadel.Provider
	document []byte
}

// Apply adds the provider to a server's configuration.
func (p tightened) Apply(c *kernel.Config) { c.Providers = append(c.Providers, p) }

// Mount is the provider's, with the other document.
func (p tightened) Mount(env *kernel.Env) kernel.Description {
	d := p.Provider.Mount(env)
	d.Document = gate.NewDocument(p.document, gate.PathRule{})
	return d
}

// TestDocumentBinds changes a bound in the document: what breaks it is refused
// over REST, in the service's words.
func TestDocumentBinds(t *testing.T) {
	from, to := []byte("operationId: AddProject\n"), []byte("maxLength: 200")
	start := bytes.Index(specs.Zitadel, from)
	at := start + bytes.Index(specs.Zitadel[start:], to)
	document := slices.Concat(specs.Zitadel[:at], []byte("maxLength: 5"), specs.Zitadel[at+len(to):])
	p := tightened{zitadel.New(), document}
	emulator.NewTest(t, p)
	s := session{t: t, zit: p.Provider, token: p.Credentials()["accessToken"]}
	s.make("POST", "/projects", `{"name":"12345"}`)
	const want = `{"code":3,"message":"invalid AddProjectRequest.Name: value length must be between 1 and 5 runes, inclusive"}`
	if status, text := s.call("POST", "/projects", `{"name":"123456"}`); status != http.StatusBadRequest || text != want {
		t.Errorf("%d %s, want %s", status, text, want)
	}
}
