package zitadel

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"connectrpc.com/connect"
	pgv "github.com/envoyproxy/protoc-gen-validate/validate"
	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// A code is one of gRPC's. The Management API refuses with codes, from which its
// gateway makes statuses.
type code int

const (
	canceled           code = 1
	invalidArgument    code = 3
	deadlineExceeded   code = 4
	notFound           code = 5
	alreadyExists      code = 6
	permissionDenied   code = 7
	resourceExhausted  code = 8
	failedPrecondition code = 9
	unimplemented      code = 12
	internal           code = 13
	unavailable        code = 14
	unauthenticated    code = 16
)

// status is what the gateway makes of the codes that handlers refuse with.
func (c code) status() int {
	switch c {
	case invalidArgument, failedPrecondition:
		return http.StatusBadRequest
	case notFound:
		return http.StatusNotFound
	case alreadyExists:
		return http.StatusConflict
	case permissionDenied:
		return http.StatusForbidden
	case unauthenticated:
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

// codes are those of the statuses that the kernel refuses with.
var codes = map[int]code{
	http.StatusBadRequest:            invalidArgument,
	http.StatusUnauthorized:          unauthenticated,
	http.StatusForbidden:             permissionDenied,
	http.StatusNotFound:              notFound,
	http.StatusMethodNotAllowed:      unimplemented,
	http.StatusRequestTimeout:        canceled,
	http.StatusConflict:              alreadyExists,
	http.StatusRequestEntityTooLarge: resourceExhausted,
	http.StatusUnsupportedMediaType:  invalidArgument,
	http.StatusTooManyRequests:       resourceExhausted,
	http.StatusInternalServerError:   internal,
	http.StatusNotImplemented:        unimplemented,
	http.StatusBadGateway:            unavailable,
	http.StatusServiceUnavailable:    unavailable,
	http.StatusGatewayTimeout:        deadlineExceeded,
}

// codeNamed returns the code of a name, in whatever case and with or without
// underscores: NOT_FOUND, not_found, NotFound.
func codeNamed(name string) (code, bool) {
	name = strings.ReplaceAll(name, "_", "")
	if strings.EqualFold(name, "cancelled") { // as gRPC spells it
		return canceled, true
	}
	for c := canceled; c <= unauthenticated; c++ {
		if strings.EqualFold(name, strings.ReplaceAll(connect.Code(c).String(), "_", "")) {
			return c, true
		}
	}
	return 0, false
}

// errorBody is the envelope of the Management API's refusals, in wire order.
type errorBody struct {
	Code    code          `json:"code"`
	Message string        `json:"message"`
	Details []errorDetail `json:"details,omitempty"`
}

type errorDetail struct {
	Type    string `json:"@type"`
	ID      string `json:"id"`
	Message string `json:"message"`
}

const detailType = "type.googleapis.com/zitadel.v1.ErrorDetail"

// refuse is a refusal of the Management API. An empty id is one that comes from
// below the service's own errors, without details.
func refuse(c code, id, message string) *kernel.Problem {
	return &kernel.Problem{Status: c.status(), Code: id, Message: message, Details: c}
}

// The messages of refusals that several operations share. Those that look like a
// key are one that the service has no translation for.
const (
	noChanges            = "No changes"
	appNotExisting       = "Application doesn't exist"
	projectNotFound      = "Project not found"
	userNotFound         = "User could not be found"
	userNotExisting      = "Errors.User.NotExisting"
	userNotChanged       = "Errors.User.NotChanged"
	nameNotChanged       = "Username not changed"
	userExists           = "User already exists"
	defaultOrgStays      = "Default Organisation must not be deleted"
	orgExists            = "Organisation already exists"
	metadataNotFound     = "Metadata not found"
	memberExists         = "Member already exists"
	memberNotFound       = "Member not found"
	invalidMember        = "Member is invalid"
	roleExists           = "Role already exists"
	roleNotExisting      = "Role doesn't exist"
	roleNotFound         = "Errors.Project.Role.NotFound"
	projectGrantNotFound = "Grant not found"
	grantExists          = "User grant already exists"
	grantNotFound        = "User grant not found"
	grantNotChanged      = "User grant has not been changed"
	instanceNotFound     = "Errors.IAM.NotFound"
	orgNotFound          = "Organisation not found"
	userNotActive        = "Errors.User.NotActive"
	tokenInvalid         = "Errors.Token.Invalid"
	secretNotExisting    = "Errors.User.Machine.Secret.NotExisting"
	secretInvalid        = "Errors.User.Machine.Secret.Invalid"
)

// uniqueConstraint is the id of every refusal of a name that is taken.
const uniqueConstraint = "V3-DKcYh"

// isNoChange reports whether a change is refused because it changes nothing, which
// version 2 takes for a success.
func isNoChange(err error) bool {
	var problem *kernel.Problem
	return errors.As(err, &problem) && slices.Contains([]string{noChanges, userNotChanged, nameNotChanged}, problem.Message)
}

// nameTaken refuses a name that another object has.
func nameTaken(message string) *kernel.Problem {
	return refuse(alreadyExists, uniqueConstraint, message)
}

// notEmulated refuses what an operation can do and Understudy does not.
func notEmulated(why string) *kernel.Problem {
	return (&kernel.Problem{Kind: kernel.Declined, Status: http.StatusNotImplemented}).Because("it is not served: %s", why)
}

// refuseOAuth is a refusal of an OAuth endpoint: 400 unless it is told
// otherwise, even where the client has failed to authenticate.
func refuseOAuth(name, format string, args ...any) *kernel.Problem {
	return &kernel.Problem{Status: http.StatusBadRequest, Code: name, Message: fmt.Sprintf(format, args...)}
}

// The OAuth errors, RFC 6749 section 5.2.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
	serverError          = "server_error"
	accessDenied         = "access_denied"
)

// isOAuth reports whether an operation is one of the OAuth endpoints, which
// refuse in words of their own.
func isOAuth(op Op) bool {
	_, line := kernel.SplitOp(op)
	_, path, found := strings.Cut(line, " ")
	return found && (path == devicePath || strings.HasPrefix(path, "/oauth/") || strings.HasPrefix(path, "/oidc/") || strings.HasPrefix(path, "/.well-known/"))
}

// isRPCOnly reports whether an operation has no REST path: Connect's is its only
// HTTP.
func isRPCOnly(op Op) bool {
	_, line := kernel.SplitOp(op)
	return strings.HasPrefix(line, "/")
}

// A refusal is a problem in the service's own terms, whatever the protocol.
type refusal struct {
	status      int
	code        code
	id, message string
}

// text is the message that is sent, with the id.
func (r refusal) text() string {
	if r.id == "" {
		return r.message
	}
	return r.message + " (" + r.id + ")"
}

// refusalOf says in the service's terms what a problem is.
func (p *Provider) refusalOf(c *kernel.Call, problem *kernel.Problem) refusal {
	status, id, message := problem.Status, problem.Code, problem.Message
	switch problem.Kind {
	case kernel.UnknownPath:
		status, message = http.StatusNotFound, "Not Found"
	case kernel.WrongMethod:
		status, message = http.StatusMethodNotAllowed, "Method Not Allowed"
	case kernel.Declined:
		message = "Understudy does not serve this operation"
	case kernel.MalformedBody:
		status = http.StatusBadRequest
		if isProcedure(c) {
			message = "unmarshal message: " + message
		}
	case kernel.EmptyBody:
		status, message = http.StatusBadRequest, emptyBodyMessage
	case kernel.UnsupportedMediaType:
		status, message = http.StatusBadRequest, contentTypeMessage
	case kernel.TooLarge:
		status, message = http.StatusRequestEntityTooLarge, tooLargeMessage
	case kernel.Invalid:
		status, message = http.StatusBadRequest, p.violation(c, problem.Breaches[0])
	}
	grpc, own := problem.Details.(code)
	if !own {
		grpc = cmp.Or(codes[status], internal)
	}
	if named, ok := codeNamed(problem.Code); ok && problem.Kind == kernel.Injected {
		grpc, id = named, ""
	}
	if message == "" {
		message = http.StatusText(status)
	}
	return refusal{status, grpc, id, message}
}

// renderError renders every kind of problem in the words of the endpoint.
func (p *Provider) renderError(c *kernel.Call, problem *kernel.Problem) kernel.Answer {
	if isOAuth(c.Op) {
		return renderOAuthError(problem)
	}
	r := p.refusalOf(c, problem)
	if isRPCOnly(c.Op) {
		return kernel.Answer{Status: r.status, Body: r.connectBody()}
	}
	body := errorBody{Code: r.code, Message: r.text()}
	if r.id != "" {
		body.Details = []errorDetail{{detailType, r.id, r.message}}
	}
	answer := kernel.Answer{Status: r.status, Body: body}
	if r.status == http.StatusUnauthorized {
		answer.Header = http.Header{"Www-Authenticate": {body.Message}}
	}
	return answer
}

// connectError is the envelope of Connect's refusals, in wire order.
type connectError struct {
	Code    string          `json:"code"`
	Message string          `json:"message,omitempty"`
	Details []connectDetail `json:"details,omitempty"`
}

type connectDetail struct {
	Type  string      `json:"type"`
	Value string      `json:"value"` // the detail's message, encoded
	Debug debugDetail `json:"debug"`
}

type debugDetail struct {
	ID      string `json:"id"`
	Message string `json:"message,omitempty"`
}

func (r refusal) connectBody() connectError {
	body := connectError{Code: connect.Code(r.code).String(), Message: r.text()}
	if detail := r.detail(); detail != nil {
		value, err := proto.MarshalOptions{Deterministic: true}.Marshal(detail)
		if err != nil {
			panic(err) // it is valid UTF-8
		}
		body.Details = []connectDetail{{
			string(detail.ProtoReflect().Descriptor().FullName()), base64.RawStdEncoding.EncodeToString(value),
			debugDetail{detail.Id, detail.Message},
		}}
	}
	return body
}

// oauthErrors are the errors of statuses that nothing more is known of.
var oauthErrors = map[int]string{
	http.StatusUnauthorized:    accessDenied,
	http.StatusTooManyRequests: "slow_down",
}

func renderOAuthError(p *kernel.Problem) kernel.Answer {
	status, name, message := p.Status, p.Code, p.Message
	switch p.Kind {
	case kernel.Declined:
		name, message = serverError, "Understudy does not serve this operation"
	case kernel.MalformedBody, kernel.EmptyBody, kernel.UnsupportedMediaType, kernel.Invalid:
		status, name, message = http.StatusBadRequest, invalidRequest, "error parsing form"
	case kernel.TooLarge:
		status, name, message = http.StatusRequestEntityTooLarge, invalidRequest, tooLargeMessage
	}
	if name == "" {
		name = oauthErrors[status]
	}
	switch {
	case name != "":
	case status >= http.StatusInternalServerError:
		name = serverError
	default:
		name = invalidRequest
	}
	return kernel.Answer{Status: status, Body: oauth.Error{Code: name, Description: message}}
}

// violation is what the service's validators say of a value that its document
// does not allow. They stop at the first.
func (p *Provider) violation(c *kernel.Call, b gate.Breach) string {
	message := p.inputs[c.Op].ProtoReflect().Descriptor()
	if b.In != "body" {
		return fmt.Sprintf("invalid %s.%s: %s", typeName(message), goName(b.Path[0]), idLength)
	}
	schema := c.Operation().BodySchema(mediaJSON)
	var text strings.Builder
	for path := b.Path; len(path) > 0; {
		field := message.Fields().ByJSONName(path[0])
		property := schema.Properties[path[0]]
		if property == nil || field == nil {
			break
		}
		schema, path = property.Value, path[1:]
		name := goName(field.JSONName())
		if schema.Items != nil && len(path) > 0 {
			name += "[" + path[0] + "]"
			schema, path = schema.Items.Value, path[1:]
		}
		fmt.Fprintf(&text, "invalid %s.%s: ", typeName(message), name)
		if len(path) == 0 {
			text.WriteString(rule(field, schema, b))
			break
		}
		text.WriteString(embedded)
		message = field.Message()
	}
	return text.String()
}

// rule says which values a schema allows.
func rule(field protoreflect.FieldDescriptor, schema *openapi3.Schema, b gate.Breach) string {
	switch {
	case field.Enum() != nil && (b.Rule == gate.RuleMissing || b.Got == string(field.Enum().Values().Get(0).Name())):
		return fmt.Sprintf("value must not be in list [%s]", field.Enum().Values().Get(0).Name())
	case field.Message() != nil && b.Rule == gate.RuleMissing:
		return "value is required"
	case field.Enum() != nil:
		return undefined
	case b.Rule == "pattern":
		rules, _ := proto.GetExtension(field.Options(), pgv.E_Rules).(*pgv.FieldRules)
		return lacksPrefix(rules.GetString_().GetPrefix())
	case schema.MinLength > 0 || schema.MaxLength != nil:
		most := uint64(0)
		if schema.MaxLength != nil {
			most = *schema.MaxLength
		}
		const tooLong = 1 << 32 // for any bound
		n := uint64(tooLong)
		if b.Rule != "maxLength" {
			n = 0
		}
		return lengthViolated(n, schema.MinLength, most, "runes")
	}
	return b.Text()
}
