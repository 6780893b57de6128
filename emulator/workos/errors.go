package workos

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// errorBody is the envelope of the API's refusals, in wire order.
type errorBody struct {
	Message  string       `json:"message"`
	Code     string       `json:"code,omitempty"`
	Errors   []fieldError `json:"errors,omitempty"`
	EntityID string       `json:"entity_id,omitempty"`
}

// fieldError is one breach; its code is a sentence.
type fieldError struct {
	Field string `json:"field"`
	Code  string `json:"code"`
}

// entity is the details of a 404 that names what is missing.
type entity struct{ ID string }

func refuse(status int, code, format string, args ...any) *kernel.Problem {
	return &kernel.Problem{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// entityNotFound is the 404 of a read.
func entityNotFound(noun, id string) *kernel.Problem {
	p := refuse(http.StatusNotFound, "entity_not_found", "%s not found: '%s'.", noun, id)
	p.Details = entity{id}
	return p
}

// validation is a 422 with the given breaches.
func validation(wrong ...fieldError) *kernel.Problem {
	return &kernel.Problem{Status: http.StatusUnprocessableEntity, Details: wrong}
}

// errorMessages are the messages of statuses that come without one; the others
// are named as HTTP does.
var errorMessages = map[int]string{
	http.StatusUnprocessableEntity: "Validation failed",
	http.StatusTooManyRequests:     "Too many requests.",
}

// renderError renders every kind of problem in the envelope of the API, or of the
// AuthKit domain's OAuth endpoints.
func renderError(c *kernel.Call, p *kernel.Problem) kernel.Answer {
	status, message := p.Status, p.Message
	body := errorBody{Code: p.Code}
	switch p.Kind {
	case kernel.UnknownPath, kernel.WrongMethod:
		status = http.StatusNotFound
	case kernel.Declined:
		message = "Understudy does not serve this operation"
	case kernel.MalformedBody, kernel.EmptyBody:
		status, message = http.StatusBadRequest, malformedBody
		if oauthOps[c.Op] && c.Op != OpRegister {
			message = malformedForm
		}
	case kernel.UnsupportedMediaType:
		status = http.StatusUnsupportedMediaType
	case kernel.TooLarge:
		status = http.StatusRequestEntityTooLarge
	case kernel.Invalid:
		if c.Op == OpRegister {
			return oauthError(c, http.StatusBadRequest, "invalid_client_metadata", invalidClientMetadata)
		}
		if slices.ContainsFunc(p.Breaches, func(b gate.Breach) bool { return b.In == "body" && len(b.Path) > 0 && b.Path[0] == "metadata" }) {
			status, body.Code, message = http.StatusBadRequest, "invalid_metadata", invalidMetadata
			break
		}
		status = http.StatusUnprocessableEntity
		for _, b := range p.Breaches {
			body.Errors = append(body.Errors, fieldErrors(b)...)
		}
	}
	if oauthOps[c.Op] {
		return oauthError(c, status, p.Code, message)
	}
	switch details := p.Details.(type) {
	case []fieldError:
		body.Errors = details
	case entity:
		body.EntityID = details.ID
	}
	if status == http.StatusTooManyRequests {
		body.Code = cmp.Or(body.Code, "rate_limit_exceeded")
	}
	body.Message = cmp.Or(message, errorMessages[status], http.StatusText(status))
	return kernel.Answer{Status: status, Body: body}
}

// quoted is an identifier for a reason, if it looks like one: a client that swaps
// its id and its secret sends a secret in its place.
func quoted(id string) string {
	for _, prefix := range []string{applicationPrefix, clientPrefix, secretPrefix, organizationKeyPrefix} {
		if strings.HasPrefix(id, prefix) {
			return ": " + id
		}
	}
	return ""
}

// fieldErrors words a breach as the validators of the service do.
func fieldErrors(b gate.Breach) []fieldError {
	path, item := b.Path, ""
	if n := len(path); n > 1 && b.Rule != gate.RuleUnknown {
		if _, err := strconv.Atoi(path[n-1]); err == nil {
			path, item = path[:n-1], "each value in "
		}
	}
	name := strings.Join(path, ".")
	if b.Rule == gate.RuleUnknown {
		var all []fieldError
		for _, key := range b.Keys {
			key = strings.Join(append(slices.Clone(path), key), ".")
			all = append(all, fieldError{key, unknownProperty(key)})
		}
		return all
	}
	name = cmp.Or(name, b.In)
	bound := strconv.FormatFloat(b.Limit, 'f', -1, 64)
	var text string
	switch b.Rule {
	case gate.RuleMissing, gate.RuleType:
		text = mustBe(item+name, b.Want)
		if name == "application_type" { // an enum, which a missing value is none of either
			text = name + notInEnum
		}
	case "enum":
		text = item + name + notInEnum
	case "minimum":
		text = name + " must not be less than " + bound
	case "maximum":
		text = name + " must not be greater than " + bound
	case "maxLength":
		text = name + " must be shorter than or equal to " + bound + " characters"
	default:
		text = name + " is invalid"
	}
	return []fieldError{{name, text}}
}

// notInEnum is the end of the recorded sentence for a value that is not allowed.
const notInEnum = " must be a valid enum value"

// mustBe is the sentence for a value of the wrong type.
func mustBe(name, want string) string {
	switch want {
	case "boolean":
		return name + " must be a boolean value"
	case "integer":
		return name + " must be an integer number"
	case "array", "object":
		return name + " must be an " + want
	}
	return name + " must be a " + want
}

// unknownProperty is the sentence for a property that does not belong.
func unknownProperty(name string) string { return "property " + name + " should not exist" }

// oauthCodes are the codes of statuses that come without one.
var oauthCodes = map[int]string{
	http.StatusUnauthorized:       "invalid_client",
	http.StatusTooManyRequests:    "too_many_requests",
	http.StatusServiceUnavailable: "temporarily_unavailable",
}

// oauthError renders a refusal of an OAuth endpoint.
func oauthError(c *kernel.Call, status int, code, description string) kernel.Answer {
	answer := kernel.Answer{Status: status}
	if c.Op == OpGetUserinfo || c.Op == OpPostUserinfo {
		if status == http.StatusUnauthorized {
			answer.Body = oauth.Error{Code: cmp.Or(code, "unauthorized"), Description: description}
			return answer
		}
	} else if status == http.StatusUnauthorized {
		answer.Header = http.Header{"Www-Authenticate": {`Basic realm="AuthKit"`}}
	}
	if code == "" {
		code = oauthCodes[status]
	}
	switch {
	case code != "":
	case status >= 500:
		code = "server_error"
	default:
		code = "invalid_request"
	}
	answer.Body = oauth.Error{Code: code, Description: cmp.Or(description, http.StatusText(status))}
	return answer
}
