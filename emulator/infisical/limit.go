package infisical

import (
	"net/http"
	"unicode/utf8"
)

// What one call may store, answer and cost at most.
const (
	// maxText is how many characters the service's text columns hold where they
	// say nothing else. https://github.com/Infisical/infisical, backend/src/db/migrations
	maxText          = 255
	maxSecretKey     = 500
	maxMetadataValue = 1020
	// maxDepth is how many folders a path may have. The service has no bound.
	maxDepth = 100
	// maxAnswer is how many bytes an answer may come to, and how many its making
	// may look at. The service has no bound.
	maxAnswer = 16 << 20
)

// A column is a text on its way to the service's database.
type column struct {
	name, text string
	limit      int // characters
}

// fit refuses texts that the service's columns do not hold.
func fit(columns ...column) error {
	for _, col := range columns {
		if n := utf8.RuneCountInString(col.text); n > col.limit {
			return refuse(http.StatusUnprocessableEntity, "ValidationFailure", "One or more field values exceed the maximum length allowed for this resource").
				Because("%s has %d characters, the service's column holds %d", col.name, n, col.limit)
		}
	}
	return nil
}

// text is a column of the usual length; nil fits.
func text(name string, value *string) column {
	if value == nil {
		return column{}
	}
	return column{name, *value, maxText}
}

// checkDepth refuses paths that are too long to be walked again and again.
func checkDepth(names []string) error {
	if len(names) > maxDepth {
		return badRequest("Folder path is too deep").Because("the path has %d folders; Understudy keeps at most %d below each other", len(names), maxDepth)
	}
	return nil
}

// budget bounds what an answer comes to and the work it takes, for which all
// others wait.
type budget int

func newBudget() *budget { b := budget(maxAnswer); return &b }

// spend takes n bytes of the budget.
func (b *budget) spend(n int) error {
	if *b -= budget(n); *b < 0 {
		return badRequest("Response is too large").Because("the answer or the work for it would exceed %d MiB; ask for less at a time", maxAnswer>>20)
	}
	return nil
}

// spendOn takes what a row comes to: frame for names and fixed values, and the
// texts as JSON has them.
func (b *budget) spendOn(frame int, texts ...string) error {
	for _, t := range texts {
		frame += encodedLength(t)
	}
	return b.spend(frame)
}

// encodedLength is how many bytes a text has in JSON, without its quotes.
func encodedLength(text string) int {
	n := len(text)
	for i := range len(text) {
		switch b := text[i]; {
		case b < ' ':
			n += len(`\u0000`) - 1
		case b == '"' || b == '\\':
			n++
		}
	}
	return n
}
