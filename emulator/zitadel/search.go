package zitadel

import (
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// listQuery says which part of a list is wanted.
type listQuery struct {
	Offset uint64 `json:"offset"`
	Limit  uint32 `json:"limit"`
	Asc    bool   `json:"asc"`
}

// listDetails tell of the state a list is read from.
type listDetails struct {
	TotalResult       uint64    `json:"totalResult,omitempty,string"`
	ProcessedSequence uint64    `json:"processedSequence,omitempty,string"`
	ViewTimestamp     timestamp `json:"viewTimestamp"`
}

// A page gathers the part of a list that is wanted.
type page[T any] struct {
	query    listQuery
	total    uint64
	sequence uint64
	rows     []T
}

func newPage[T any](query listQuery) (*page[T], error) {
	if query.Limit > maxLimit {
		return nil, refuse(invalidArgument, "QUERY-4M0fs", "Errors.Query.LimitExceeded").
			Because("the limit %d is above %d", query.Limit, maxLimit)
	}
	if query.Limit == 0 {
		query.Limit = defaultLimit
	}
	return &page[T]{query: query}, nil
}

// add counts a row of the list and keeps it if it is on the page.
func (p *page[T]) add(row T) {
	if p.total >= p.query.Offset && len(p.rows) < int(p.query.Limit) {
		p.rows = append(p.rows, row)
	}
	p.total++
}

// processed notes the sequence of an aggregate that the list is read from.
func (p *page[T]) processed(sequence uint64) { p.sequence = max(p.sequence, sequence) }

// A listResponse is a page as it is answered.
type listResponse[T any] struct {
	Details listDetails `json:"details"`
	Result  []T         `json:"result,omitempty"`
}

func (p *page[T]) response(c *kernel.Call) listResponse[T] {
	return listResponse[T]{listDetails{p.total, p.sequence, timestamp(c.Now)}, p.rows}
}

// matches compares a text as a query wants it.
func matches(text, with, method string) bool {
	method, ignoreCase := strings.CutSuffix(strings.TrimPrefix(method, "TEXT_QUERY_METHOD_"), "_IGNORE_CASE")
	if ignoreCase {
		text, with = strings.ToLower(text), strings.ToLower(with)
	}
	switch method {
	case "STARTS_WITH":
		return strings.HasPrefix(text, with)
	case "CONTAINS":
		return strings.Contains(text, with)
	case "ENDS_WITH":
		return strings.HasSuffix(text, with)
	}
	return text == with
}

// nameQuery compares an object's name.
type nameQuery struct {
	Name   string `json:"name"`
	Method string `json:"method"`
}
