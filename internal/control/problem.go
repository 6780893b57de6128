package control

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// problem is an RFC 9457 problem detail.
type problem struct {
	Type   string        `json:"type"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail"`
	Errors []problemItem `json:"errors,omitempty"`
}

type problemItem struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

const problemType = "application/problem+json"

func renderProblem(_ *kernel.Call, p *kernel.Problem) kernel.Answer {
	body := problem{Type: "about:blank", Status: p.Status, Detail: p.Reason}
	header := http.Header{"Content-Type": {problemType}}
	switch p.Kind {
	case kernel.UnknownPath:
		body.Status = http.StatusNotFound
	case kernel.WrongMethod:
		body.Status = http.StatusMethodNotAllowed
		header.Set("Allow", strings.Join(p.Methods, ", "))
	case kernel.MalformedBody, kernel.EmptyBody, kernel.Invalid:
		body.Status = http.StatusBadRequest
	case kernel.UnsupportedMediaType:
		body.Status = http.StatusUnsupportedMediaType
	case kernel.TooLarge:
		body.Status = http.StatusRequestEntityTooLarge
	}
	for _, b := range p.Breaches {
		body.Errors = append(body.Errors, problemItem{b.Pointer(), b.String()})
	}
	body.Title = http.StatusText(body.Status)
	return kernel.Answer{Status: body.Status, Header: header, Body: body}
}

// WriteProblem refuses what does not reach the control API's own handlers.
func WriteProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail})
}

// Refuse returns the error that is answered with a status and a reason.
func Refuse(status int, format string, args ...any) error {
	return (&kernel.Problem{Status: status}).Because(format, args...)
}
