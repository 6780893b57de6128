package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/understudy-dev/understudy/internal/gate"
)

// Kind says what kind of problem a provider's dialect has to render.
type Kind int

const (
	// Refused is a provider's own refusal: status, code and message are set.
	Refused              Kind = iota
	UnknownPath               // no operation has this path
	WrongMethod               // operations have this path, but not this method
	Declined                  // the provider has the operation, Understudy does not serve it
	MalformedBody             // not in the syntax of its media type
	EmptyBody                 // a media type that cannot be empty, and nothing
	UnsupportedMediaType      // a media type the operation does not take
	TooLarge                  // more than MaxBody bytes
	Invalid                   // Breaches says where it breaks the document
	MalformedQuery            // a query string that cannot be decoded; Status is 400
	Internal                  // a panic or an error that is not a Problem
	Injected                  // a fault, or a bound of Understudy's own: Status is set, Code and Message may be
)

// A Problem is a refusal, before a provider's dialect has rendered it.
type Problem struct {
	Kind     Kind
	Status   int
	Code     string
	Message  string
	Details  any
	Breaches []gate.Breach
	Methods  []string // what a WrongMethod could have been
	// Reason is the true cause, in one line, for hints and the journal. When it
	// is empty, the message stands for it.
	Reason string

	cause error
	keep  bool
}

// Error returns the message and the reason.
func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s (%s)", p.Status, p.Code, p.Message, p.Reason)
}

// Unwrap returns the cause, if any.
func (p *Problem) Unwrap() error { return p.cause }

// Because sets the reason.
func (p *Problem) Because(format string, args ...any) *Problem {
	p.Reason = fmt.Sprintf(format, args...)
	return p
}

// Keep makes what the handler has changed so far stay although it refuses, as a
// failed login stays counted.
func (p *Problem) Keep() *Problem { p.keep = true; return p }

// asProblem turns any error into a problem.
func asProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return &Problem{Kind: Internal, Status: http.StatusInternalServerError, Reason: err.Error(), cause: err}
}

// Why returns the true cause of a refusal, in one line.
func Why(err error) string {
	p := asProblem(err)
	return cmp.Or(p.Reason, p.Message)
}
