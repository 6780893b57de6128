package zitadel

import (
	"cmp"
	"slices"
	"strings"
	"time"

	filterv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/filter/v2"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A query says which part of a list is wanted, in either version of the API.
type query interface {
	GetOffset() uint64
	GetLimit() uint32
	GetAsc() bool
}

// A page gathers the part of a list that is wanted.
type page[T any] struct {
	offset   uint64
	limit    uint32
	total    uint64
	sequence uint64
	rows     []T
	err      error // why there is none
}

func newPage[T any](q query) *page[T] {
	if q.GetLimit() > maxLimit {
		return &page[T]{err: refuse(invalidArgument, "QUERY-4M0fs", "Errors.Query.LimitExceeded").
			Because("the limit %d is above %d", q.GetLimit(), maxLimit)}
	}
	return &page[T]{offset: q.GetOffset(), limit: cmp.Or(q.GetLimit(), defaultLimit)}
}

// add counts a row of the list and keeps it if it is on the page.
func (p *page[T]) add(row T) {
	if p.total >= p.offset && len(p.rows) < int(p.limit) {
		p.rows = append(p.rows, row)
	}
	p.total++
}

// processed notes the sequence of an aggregate that the list is read from.
func (p *page[T]) processed(sequence uint64) { p.sequence = max(p.sequence, sequence) }

// details tell of the state that the list was read from.
func (p *page[T]) details(c *kernel.Call) *objectv1.ListDetails {
	return &objectv1.ListDetails{TotalResult: p.total, ProcessedSequence: p.sequence, ViewTimestamp: moment(c.Now)}
}

// pagination tells in version 2 of the whole that a page is of.
func (p *page[T]) pagination() *filterv2.PaginationResponse {
	return &filterv2.PaginationResponse{TotalResult: p.total, AppliedLimit: uint64(p.limit)}
}

// all reports whether every condition of a search holds for a row.
func all[Row, Condition any](conditions []Condition, row Row, holds func(Row, Condition) bool) bool {
	return !slices.ContainsFunc(conditions, func(condition Condition) bool { return !holds(row, condition) })
}

// matches compares a text as a query wants it. The methods of both versions have
// the same numbers, each followed by that of the same method ignoring case.
func matches[Method ~int32](text, with string, method Method) bool {
	if method%2 == 1 {
		text, with = strings.ToLower(text), strings.ToLower(with)
		method--
	}
	switch objectv1.TextQueryMethod(method) {
	case objectv1.TextQueryMethod_TEXT_QUERY_METHOD_STARTS_WITH:
		return strings.HasPrefix(text, with)
	case objectv1.TextQueryMethod_TEXT_QUERY_METHOD_CONTAINS:
		return strings.Contains(text, with)
	case objectv1.TextQueryMethod_TEXT_QUERY_METHOD_ENDS_WITH:
		return strings.HasSuffix(text, with)
	}
	return text == with
}

// isAt compares a moment as a filter wants it.
func isAt(when time.Time, f *filterv2.TimestampFilter) bool {
	order := when.Compare(f.GetTimestamp().AsTime())
	switch f.Method {
	case filterv2.TimestampFilterMethod_TIMESTAMP_FILTER_METHOD_AFTER:
		return order > 0
	case filterv2.TimestampFilterMethod_TIMESTAMP_FILTER_METHOD_AFTER_OR_EQUALS:
		return order >= 0
	case filterv2.TimestampFilterMethod_TIMESTAMP_FILTER_METHOD_BEFORE:
		return order < 0
	case filterv2.TimestampFilterMethod_TIMESTAMP_FILTER_METHOD_BEFORE_OR_EQUALS:
		return order <= 0
	}
	return order == 0
}
