package zitadel

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authoption"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// A procedure is a method as it is called by RPC, and the operation that it is.
type procedure struct {
	line  string        // of the operation
	input proto.Message // a nil one of its type; none if it is not served
}

// procedures are the methods by their paths. The table is made when the first RPC
// comes: REST does without.
var procedures = sync.OnceValue(func() map[string]procedure {
	all := map[string]procedure{}
	for _, m := range new(Provider).methods() {
		_, line := kernel.SplitOp(m.Op)
		all[procedurePath(descriptorOf(m.input))] = procedure{line, m.input}
	}
	return all
})

// findProcedure returns a method, served or not, and whether the service has it.
func findProcedure(path string) (procedure, bool) {
	if called, ok := procedures()[path]; ok {
		return called, true
	}
	index, err := document.Index()
	if err != nil {
		panic(err) // every call needs the document
	}
	isPath := func(l gate.Line) bool { return l.String() == path }
	return procedure{line: path}, slices.ContainsFunc(index.Beyond(), isPath)
}

// descriptorOf is the method that takes a message: none takes another's, and
// nearly all are called like it.
func descriptorOf(input proto.Message) protoreflect.MethodDescriptor {
	message := input.ProtoReflect().Descriptor()
	methods := message.ParentFile().Services().Get(0).Methods()
	if called := methods.ByName(protoreflect.Name(strings.TrimSuffix(string(message.Name()), "Request"))); called != nil {
		return called
	}
	for i := range methods.Len() {
		if called := methods.Get(i); called.Input() == message {
			return called
		}
	}
	panic("no method takes " + string(message.FullName()))
}

// procedurePath is the path that a method is called by.
func procedurePath(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// permissionFor is what the gateway asks a caller for before it looks at a request.
// The services of version 2 ask by themselves, once they know the organization.
func permissionFor(input proto.Message) string {
	if input == nil { // not a method
		return ""
	}
	option, _ := proto.GetExtension(descriptorOf(input).Options(), authoption.E_AuthOption).(*authoption.AuthOption)
	if permission := option.GetPermission(); permission != "authenticated" {
		return permission
	}
	return ""
}

// pathVariable is a variable in the path of an operation.
var pathVariable = regexp.MustCompile(`\{(\w+)\}`)

// vars are the variables of the operation's path, out of a message if there is one.
func (p procedure) vars(message proto.Message) map[string]string {
	vars := map[string]string{}
	for _, match := range pathVariable.FindAllStringSubmatch(p.line, -1) {
		vars[match[1]] = ""
		if message != nil {
			m := message.ProtoReflect()
			vars[match[1]] = m.Get(fieldNamed(m.Descriptor(), match[1])).String()
		}
	}
	return vars
}
