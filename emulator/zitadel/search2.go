package zitadel

import (
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// What the lists of version 2 share. Their pages are those of version 1.

// listed tells of the whole that a page is of.
type listed struct {
	TotalResult  uint64 `json:"totalResult,omitempty,string"`
	AppliedLimit uint64 `json:"appliedLimit,omitempty,string"`
}

func (p *page[T]) listed() listed { return listed{p.total, uint64(p.query.Limit)} }

// matches2 is matches with the method's name of version 2.
func matches2(text, with, method string) bool {
	return matches(text, with, strings.Replace(method, "TEXT_FILTER_", "TEXT_QUERY_", 1))
}

type idFilter struct {
	ID string `json:"id"`
}

// holds reports whether a filter is absent or names the object.
func (f *idFilter) holds(id string) bool { return f == nil || f.ID == id }

// timestampFilter compares a moment.
type timestampFilter struct {
	Timestamp time.Time `json:"timestamp"`
	Method    string    `json:"method"`
}

func (f *timestampFilter) holds(at time.Time) bool {
	if f == nil {
		return true
	}
	order := at.Compare(f.Timestamp)
	switch strings.TrimPrefix(f.Method, "TIMESTAMP_FILTER_METHOD_") {
	case "AFTER":
		return order > 0
	case "AFTER_OR_EQUALS":
		return order >= 0
	case "BEFORE":
		return order < 0
	case "BEFORE_OR_EQUALS":
		return order <= 0
	}
	return order == 0
}

// The answers of changes in version 2 have a date and no other details.
type (
	creationResponse struct {
		CreationDate timestamp `json:"creationDate"`
	}
	changeResponse struct {
		ChangeDate timestamp `json:"changeDate"`
	}
	deletionResponse struct {
		DeletionDate timestamp `json:"deletionDate,omitzero"`
	}
)

// changedNow and deletedNow are the answers to what a handler of version 1 has
// done.
func changedNow(c *kernel.Call, err error) (changeResponse, error) {
	return changeResponse{timestamp(c.Now)}, err
}

func deletedNow(c *kernel.Call, err error) (deletionResponse, error) {
	return deletionResponse{timestamp(c.Now)}, err
}
