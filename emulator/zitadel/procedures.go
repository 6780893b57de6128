package zitadel

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	applicationpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/application/v2"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	orgpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2"
	projectpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project/v2"
	settingspb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/settings/v2"
	userpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/understudy-dev/understudy/internal/gate"
)

// A service is one of ZITADEL's RPC services, some of whose methods are served.
type service struct {
	file   protoreflect.FileDescriptor
	prefix string // of the paths in its methods' annotations
}

// services are read from the official client's descriptors.
func services() []service {
	return []service{
		{applicationpb.File_zitadel_application_v2_application_service_proto, ""},
		{projectpb.File_zitadel_project_v2_project_service_proto, ""},
		{userpb.File_zitadel_user_v2_user_service_proto, ""},
		{orgpb.File_zitadel_org_v2_org_service_proto, ""},
		{settingspb.File_zitadel_settings_v2_settings_service_proto, ""},
		{admin.File_zitadel_admin_proto, "/admin/v1"},
		{management.File_zitadel_management_proto, "/management/v1"},
	}
}

// A procedure is a method of a service and the operation that it is.
type procedure struct {
	method  protoreflect.MethodDescriptor // nil when all its calls are declined
	line    string                        // of the operation
	path    map[string]protoreflect.Name  // the fields that are the variables of its path
	hasBody bool                          // whether the other fields make a body, or else a query
}

// procedures are all methods of all services by their paths, served or not. The
// table is made when the first RPC comes: REST does without.
var procedures = sync.OnceValue(func() map[string]*procedure {
	contract, err := document.Contract()
	if err != nil {
		panic(err) // every call needs the document
	}
	all := map[string]*procedure{}
	for _, s := range services() {
		for service := range each(s.file.Services().Len(), s.file.Services().Get) {
			for method := range each(service.Methods().Len(), service.Methods().Get) {
				path := "/" + string(service.FullName()) + "/" + string(method.Name())
				all[path] = newProcedure(contract, method, path, s.prefix)
			}
		}
	}
	return all
})

func each[T any](n int, get func(int) T) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for i := range n {
			if !yield(get(i)) {
				return
			}
		}
	}
}

// beyond is a procedure that the service has and the document leaves out, or nil.
func beyond(path string) *procedure {
	contract, err := document.Contract()
	if err != nil {
		panic(err) // every call needs the document
	}
	if slices.ContainsFunc(contract.Beyond(), func(l gate.Line) bool { return l.String() == path }) {
		return &procedure{line: path}
	}
	return nil
}

// pathField is a variable in the path of an annotation.
var pathField = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// newProcedure finds a method's operation: the one of the REST path that the
// method is annotated with, or else the one of its own name.
func newProcedure(contract *gate.Contract, method protoreflect.MethodDescriptor, path, prefix string) *procedure {
	p := &procedure{method: method, line: path, path: map[string]protoreflect.Name{}}
	httpMethod, template := rest(method)
	vars := map[string]protoreflect.Name{}
	template = prefix + pathField.ReplaceAllStringFunc(template, func(variable string) string {
		field := method.Input().Fields().ByName(protoreflect.Name(strings.Trim(variable, "{}")))
		if field == nil {
			return variable // no operation has it
		}
		vars[field.JSONName()] = field.Name()
		return "{" + field.JSONName() + "}"
	})
	operation := contract.Operation(path)
	if bound := contract.Operation(httpMethod + " " + template); bound != nil {
		p.line, p.path, operation = bound.Line(), vars, bound
	}
	p.hasBody = operation != nil && operation.HasBody()
	return p
}

// rest is the HTTP method and the path that a method is annotated with.
func rest(method protoreflect.MethodDescriptor) (httpMethod, path string) {
	rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "GET", pattern.Get
	case *annotations.HttpRule_Post:
		return "POST", pattern.Post
	case *annotations.HttpRule_Put:
		return "PUT", pattern.Put
	case *annotations.HttpRule_Patch:
		return "PATCH", pattern.Patch
	case *annotations.HttpRule_Delete:
		return "DELETE", pattern.Delete
	}
	return "", ""
}

// vars are the variables of the operation's path, out of a message.
func (p *procedure) vars(message *dynamicpb.Message) map[string]string {
	vars := map[string]string{}
	for name, field := range p.path {
		vars[name] = ""
		if message != nil {
			vars[name] = message.Get(p.method.Input().Fields().ByName(field)).String()
		}
	}
	return vars
}

// query are the parameters of an operation without a body.
func (p *procedure) query(message *dynamicpb.Message) url.Values {
	query := url.Values{}
	if p.hasBody {
		return query
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if _, ok := p.path[field.JSONName()]; !ok && field.Message() == nil && !field.IsList() {
			query.Set(field.JSONName(), value.String())
		}
		return true
	})
	return query
}
