package infisical

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// errorBody is the envelope of every refusal but 403, in wire order.
type errorBody struct {
	ReqID      string `json:"reqId"`
	StatusCode int    `json:"statusCode"`
	Message    any    `json:"message"`
	Error      string `json:"error"`
	Details    any    `json:"details,omitempty"`
}

// forbiddenBody is the envelope of a 403: the details stand elsewhere.
type forbiddenBody struct {
	ReqID      string `json:"reqId"`
	StatusCode int    `json:"statusCode"`
	Message    any    `json:"message"`
	Details    any    `json:"details,omitempty"`
	Error      string `json:"error"`
}

// routeNotFound is what the framework below Infisical says, without a request id.
type routeNotFound struct {
	Message    string `json:"message"`
	Error      string `json:"error"`
	StatusCode int    `json:"statusCode"`
}

// errorNames are the names a status goes by when nothing more is known.
var errorNames = map[int]string{
	http.StatusBadRequest:          "BadRequest",
	http.StatusUnauthorized:        "UnauthorizedError",
	http.StatusForbidden:           "ForbiddenError",
	http.StatusNotFound:            "NotFound",
	http.StatusUnprocessableEntity: "ValidationFailure",
	http.StatusTooManyRequests:     "RateLimitExceeded",
	http.StatusInternalServerError: "InternalServerError",
}

// errorMessages are the default messages of the statuses.
var errorMessages = map[int]string{
	http.StatusBadRequest:          "The request is invalid",
	http.StatusUnauthorized:        "You are not allowed to access this resource",
	http.StatusForbidden:           "You are not allowed to access this resource",
	http.StatusNotFound:            "The requested entity is not found",
	http.StatusTooManyRequests:     "Rate limit exceeded",
	http.StatusInternalServerError: "Something went wrong",
}

func refuse(status int, name, format string, args ...any) *kernel.Problem {
	return &kernel.Problem{Status: status, Code: name, Message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *kernel.Problem {
	return refuse(http.StatusBadRequest, "BadRequest", format, args...)
}

func unauthorized(format string, args ...any) *kernel.Problem {
	return refuse(http.StatusUnauthorized, "UnauthorizedError", format, args...)
}

func notFound(format string, args ...any) *kernel.Problem {
	return refuse(http.StatusNotFound, "NotFound", format, args...)
}

func forbidden(format string, args ...any) *kernel.Problem {
	return refuse(http.StatusForbidden, "ForbiddenError", format, args...)
}

// tokenError is a bad JWT: a 403, not a 401.
func tokenError(message string) *kernel.Problem {
	return refuse(http.StatusForbidden, "TokenError", "%s", message)
}

// databaseFailure is what the live service answers where its database refuses
// what the API has let through.
// Its name is that of what failed.
func databaseFailure(name string) *kernel.Problem {
	return refuse(http.StatusInternalServerError, name, "%s", errorMessages[500])
}

// validation is a 422 with the given issues, as zod lists them.
func validation(issues ...any) *kernel.Problem {
	return &kernel.Problem{Status: http.StatusUnprocessableEntity, Code: "ValidationFailure", Details: issues}
}

// renderError renders every kind of problem in Infisical's envelope.
func renderError(c *kernel.Call, p *kernel.Problem) kernel.Answer {
	status, name, message := p.Status, p.Code, p.Message
	var details any = p.Details
	var text any
	switch p.Kind {
	case kernel.UnknownPath, kernel.WrongMethod:
		return kernel.Answer{Status: http.StatusNotFound, Body: routeNotFound{
			Message:    fmt.Sprintf("Route %s:%s not found", c.Request.Method, c.Request.URL.RequestURI()),
			Error:      "Not Found",
			StatusCode: http.StatusNotFound,
		}}
	case kernel.MalformedBody:
		status, message = unparsable(c, malformedJSON, "Body is not valid JSON but content-type is set to 'application/json'")
	case kernel.EmptyBody:
		status, message = unparsable(c, emptyJSONBody, "Body cannot be empty when content-type is set to 'application/json'")
	case kernel.UnsupportedMediaType:
		status, message = unparsable(c, contentType, "Unsupported Media Type")
	case kernel.TooLarge:
		status, message = unparsable(c, bodyTooLarge, "Request body is too large")
	case kernel.MalformedQuery:
		message = "Malformed URL encoding in query parameters"
	case kernel.Invalid:
		status, text = http.StatusUnprocessableEntity, zodIssues(p.Breaches)
	}
	if status == http.StatusUnprocessableEntity && p.Kind == kernel.Refused {
		text, details = details, nil // validation carries its issues as details
	}
	if name == "" {
		name = errorNames[status]
	}
	if name == "" {
		name = strings.ReplaceAll(http.StatusText(status), " ", "")
	}
	if message == "" {
		message = errorMessages[status]
	}
	if message == "" {
		message = http.StatusText(status)
	}
	if text == nil {
		text = message
	}
	id := "req-" + c.DrawRequest("reqId").Alphanumeric(14)
	if status == http.StatusForbidden {
		return kernel.Answer{Status: status, Body: forbiddenBody{id, status, text, details, name}}
	}
	return kernel.Answer{Status: status, Body: errorBody{id, status, text, name, details}}
}

// unparsable is a body that the framework refuses before Infisical sees it: the
// live error handler knows no such error and answers 500.
func unparsable(c *kernel.Call, d *kernel.Difference, message string) (int, string) {
	if c.Differs(d) {
		return http.StatusInternalServerError, ""
	}
	return http.StatusBadRequest, message
}

// The issues of zod v3, in its key order.
type (
	invalidType struct {
		Code     string `json:"code"`
		Expected string `json:"expected"`
		Received string `json:"received"`
		Path     []any  `json:"path"`
		Message  string `json:"message"`
	}
	tooSmall struct {
		Code      string  `json:"code"`
		Minimum   float64 `json:"minimum"`
		Type      string  `json:"type"`
		Inclusive bool    `json:"inclusive"`
		Exact     bool    `json:"exact"`
		Message   string  `json:"message"`
		Path      []any   `json:"path"`
	}
	tooBig struct {
		Code      string  `json:"code"`
		Maximum   float64 `json:"maximum"`
		Type      string  `json:"type"`
		Inclusive bool    `json:"inclusive"`
		Exact     bool    `json:"exact"`
		Message   string  `json:"message"`
		Path      []any   `json:"path"`
	}
	unrecognizedKeys struct {
		Code    string   `json:"code"`
		Keys    []string `json:"keys"`
		Path    []any    `json:"path"`
		Message string   `json:"message"`
	}
	invalidEnum struct {
		Received any    `json:"received"`
		Code     string `json:"code"`
		Options  []any  `json:"options"`
		Path     []any  `json:"path"`
		Message  string `json:"message"`
	}
	invalidString struct {
		Validation string `json:"validation"`
		Code       string `json:"code"`
		Message    string `json:"message"`
		Path       []any  `json:"path"`
	}
	custom struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Path    []any  `json:"path"`
	}
)

func zodIssues(breaches []gate.Breach) []any {
	issues := make([]any, len(breaches))
	for i, b := range breaches {
		issues[i] = zodIssue(b)
	}
	return issues
}

func zodIssue(b gate.Breach) any {
	path := zodPath(b.Path)
	bound := decimal(b.Limit)
	if b.Label != "" {
		return labelled(b, path, bound)
	}
	switch b.Rule {
	case gate.RuleMissing:
		return invalidType{"invalid_type", zodType(b.Want), "undefined", path, "Required"}
	case gate.RuleType:
		expected, received := zodType(b.Want), gate.TypeOf(b.Got)
		switch {
		case b.Want == "integer" && received == "number":
			expected, received = "integer", "float"
		case b.In == "query" && expected == "number":
			received = "nan" // a query's numbers are converted before they are looked at
		}
		return invalidType{"invalid_type", expected, received, path, fmt.Sprintf("Expected %s, received %s", expected, received)}
	case gate.RuleUnknown:
		return unrecognizedKeys{"unrecognized_keys", b.Keys, path, "Unrecognized key(s) in object: '" + strings.Join(b.Keys, "', '") + "'"}
	case "minimum":
		return tooSmall{"too_small", b.Limit, "number", true, false, "Number must be greater than or equal to " + bound, path}
	case "maximum":
		return tooBig{"too_big", b.Limit, "number", true, false, "Number must be less than or equal to " + bound, path}
	case "minLength":
		return tooSmall{"too_small", b.Limit, "string", true, false, "String must contain at least " + bound + " character(s)", path}
	case "maxLength":
		return tooBig{"too_big", b.Limit, "string", true, false, "String must contain at most " + bound + " character(s)", path}
	case "enum":
		var options []string
		for _, option := range b.Enum {
			options = append(options, fmt.Sprintf("'%v'", option))
		}
		return invalidEnum{b.Got, "invalid_enum_value", b.Enum, path, fmt.Sprintf("Invalid enum value. Expected %s, received '%v'", strings.Join(options, " | "), b.Got)}
	case "format":
		return invalidString{b.Format, "invalid_string", "Invalid " + b.Format, path}
	case "minItems":
		return tooSmall{"too_small", b.Limit, "array", true, false, "Array must contain at least " + bound + " element(s)", path}
	}
	return custom{"custom", "Invalid input", path}
}

// labelled is a bound that the service words itself.
func labelled(b gate.Breach, path []any, bound string) any {
	unit := " characters"
	if b.Limit == 1 {
		unit = " character"
	}
	switch b.Rule {
	case "minLength":
		return tooSmall{"too_small", b.Limit, "string", true, false, b.Label + " must be at least " + bound + unit, path}
	case "maxLength":
		return tooBig{"too_big", b.Limit, "string", true, false, b.Label + " must be at most " + bound + unit, path}
	}
	b.Label = ""
	return zodIssue(b)
}

// decimal writes a number as JavaScript and people do, without an exponent.
func decimal(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// zodType is a schema type as zod names it: it has no integers.
func zodType(want string) string {
	if want == "integer" {
		return "number"
	}
	return want
}

// zodPath is a path with its array positions as numbers.
func zodPath(path []string) []any {
	steps := make([]any, len(path))
	for i, step := range path {
		if n, err := strconv.Atoi(step); err == nil {
			steps[i] = n
		} else {
			steps[i] = step
		}
	}
	return steps
}
