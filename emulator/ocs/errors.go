package ocs

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// errorBody is the envelope of every refusal outside the token service. None of
// its members is ever empty.
type errorBody struct {
	OperationID string `json:"OperationId"`
	Error       string `json:"Error"`
	Reason      string `json:"Reason"`
	Resolution  string `json:"Resolution"`
}

// advice is what the envelope says beside the error itself.
type advice struct{ Reason, Resolution string }

// texts are the members of the envelope for a status when nothing more is known.
// The service's own sentences are not public.
var texts = map[int]struct {
	err string
	advice
}{
	http.StatusBadRequest:           {"The request is not valid.", advice{"An input is missing or wrong.", "Correct the input and try again."}},
	http.StatusUnauthorized:         {"The request is not authenticated.", advice{"The access token is missing, invalid or expired.", "Send a valid access token in the Authorization header."}},
	http.StatusForbidden:            {"The request is not authorized.", advice{"The access token does not permit this operation.", "Use a client that holds the necessary role."}},
	http.StatusNotFound:             {"Not found.", advice{"What the request names does not exist.", "Check the identifiers in the path."}},
	http.StatusMethodNotAllowed:     {"The method is not allowed.", advice{"The resource does not support this method.", "Use a method that the resource supports."}},
	http.StatusRequestTimeout:       {"The operation timed out.", advice{"The operation took too long.", "Try again."}},
	http.StatusConflict:             {"The request conflicts with what exists.", advice{"Something exists that the request would clash with.", "Look at what exists before trying again."}},
	http.StatusUnsupportedMediaType: {"The media type is not supported.", advice{"The body is not JSON.", "Send JSON with the content type application/json."}},
	http.StatusNotImplemented:       {"The operation is not available.", advice{"Understudy does not serve this operation.", "See SUPPORTED.md for what is served."}},
}

// otherText is for every other status, such as those of a gateway.
var otherText = advice{"The service could not process the request.", "Try again later."}

// refuse is a refusal with the reason that its caller is told, which is also the
// hint unless Because says more.
func refuse(status int, message, reason, resolution string) *kernel.Problem {
	return &kernel.Problem{Status: status, Message: message, Details: advice{reason, resolution}, Reason: reason}
}

// invalid is a 400 for an input that the document lets pass.
func invalid(reason, resolution string, args ...any) *kernel.Problem {
	return refuse(http.StatusBadRequest, texts[http.StatusBadRequest].err, fmt.Sprintf(reason, args...), resolution)
}

func unauthorized(because string, args ...any) *kernel.Problem {
	return (&kernel.Problem{Status: http.StatusUnauthorized}).Because(because, args...)
}

func forbidden(because string, args ...any) *kernel.Problem {
	return (&kernel.Problem{Status: http.StatusForbidden}).Because(because, args...)
}

// notFound is a 404 for what, whose identifier is id.
func notFound(what, id string) *kernel.Problem {
	return refuse(http.StatusNotFound, "The "+what+" was not found.",
		fmt.Sprintf("There is no %s %s here.", what, id), texts[http.StatusNotFound].Resolution)
}

// The errors of the token service, by RFC 6749 section 5.2.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	invalidScope         = "invalid_scope"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
)

// tokenError is a refusal of the token endpoint. It tells its caller the code and
// nothing else.
func tokenError(code, because string, args ...any) *kernel.Problem {
	return (&kernel.Problem{Status: http.StatusBadRequest, Code: code}).Because(because, args...)
}

// isToken reports whether the call is for the token endpoint, by whatever method.
func isToken(c *kernel.Call) bool {
	return c.Op == OpToken || strings.EqualFold(strings.TrimSuffix(c.Request.URL.Path, "/"), tokenPath)
}

// renderError renders every kind of problem in the service's envelope, or in
// that of the token endpoint, which knows no status but 400.
func renderError(c *kernel.Call, p *kernel.Problem) kernel.Answer {
	status := p.Status
	why, _ := p.Details.(advice)
	header := http.Header{}
	switch p.Kind {
	case kernel.UnknownPath:
		status = http.StatusNotFound
	case kernel.WrongMethod:
		status = http.StatusMethodNotAllowed
		header.Set("Allow", strings.Join(p.Methods, ", "))
	case kernel.MalformedBody, kernel.EmptyBody:
		status, why.Reason = http.StatusBadRequest, "The body is not one JSON value."
	case kernel.TooLarge:
		status, why.Reason = http.StatusBadRequest, "The body is too large."
	case kernel.UnsupportedMediaType:
		status = http.StatusUnsupportedMediaType
	case kernel.Invalid:
		status, why.Reason = http.StatusBadRequest, complain(p.Breaches)
	case kernel.Injected:
		why.Reason = p.Code
	}
	injected := p.Kind == kernel.Injected && status != http.StatusBadRequest // a gateway's, not the endpoint's own
	if isToken(c) && !injected && p.Kind != kernel.Internal {
		header.Set("Cache-Control", noStore)
		header.Set("Pragma", "no-cache")
		return kernel.Answer{Status: http.StatusBadRequest, Header: header, Body: oauth.Error{
			Code: cmp.Or(p.Code, invalidRequest), Description: p.Message,
		}}
	}
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", challenge(c))
	}
	text, ok := texts[status]
	if !ok {
		text.err, text.advice = cmp.Or(http.StatusText(status), "Error")+".", otherText
	}
	return kernel.Answer{Status: status, Header: header, Body: errorBody{
		OperationID: operationID(c),
		Error:       cmp.Or(p.Message, text.err),
		Reason:      cmp.Or(why.Reason, text.Reason),
		Resolution:  cmp.Or(why.Resolution, text.Resolution),
	}}
}

// challenge is the WWW-Authenticate header of RFC 6750 section 3.
func challenge(c *kernel.Call) string {
	if c.Request.Header.Get("Authorization") == "" {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}

// complain tells a caller what breaks the document, without the values.
func complain(breaches []gate.Breach) string {
	lines := make([]string, len(breaches))
	for i, b := range breaches {
		where := strings.Join(b.Path, ".")
		if where == "" {
			where = "The " + b.In
		}
		what := b.Text()
		switch {
		case len(b.Path) == 0 && b.Got == nil && b.Rule == gate.RuleType:
			what = "missing"
		case b.Rule == "pattern": // the document has patterns for dates alone
			what = notADate
		case b.Rule == "format" && b.Format == "int32":
			what = "not a 32-bit integer"
		}
		lines[i] = where + ": " + what
	}
	return strings.Join(lines, "; ") + "."
}

// operationID identifies a request, in its answer's header and envelope.
func operationID(c *kernel.Call) string { return c.DrawRequest("operation").UUID() }

// finish puts the operation's id on every answer. The vendor's Python client
// reads an error only when its content type is exactly this.
func finish(c *kernel.Call, out *kernel.Outcome) {
	out.Header.Set("Operation-Id", operationID(c))
	if out.Header.Get("Content-Type") == "application/json; charset=utf-8" {
		out.Header.Set("Content-Type", "application/json")
	}
}
