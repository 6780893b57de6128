package kit

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Put sets what was sent and leaves the rest as it is.
func Put[T any](to *T, sent *T) {
	if sent != nil {
		*to = *sent
	}
}

// A Field is a member of a body of which null means something else than that the
// member is missing.
type Field[T any] struct {
	Sent  bool
	Value *T // nil: null, or not sent
}

// UnmarshalJSON reads a member that was sent.
func (f *Field[T]) UnmarshalJSON(text []byte) error {
	f.Sent, f.Value = true, nil
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	return json.Unmarshal(text, &f.Value)
}

// Put sets what was sent, takes away what was null and leaves the rest as it is.
func (f Field[T]) Put(to **T) {
	if f.Sent {
		*to = f.Value
	}
}

// List is a list as JSON shows it: empty rather than null.
func List[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// DecodeOrEmpty decodes a body; none at all counts as an empty object.
func DecodeOrEmpty(c *kernel.Call) (kernel.Body, error) {
	body, err := c.DecodeBody(c.Takes)
	var problem *kernel.Problem
	if errors.As(err, &problem) && problem.Kind == kernel.EmptyBody || err == nil && body.JSON == nil {
		return kernel.NewBody(body.MediaType, map[string]any{}), nil
	}
	return body, err
}
