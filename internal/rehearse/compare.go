package rehearse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// minted matches what a service makes up: UUIDs, ULIDs, tokens, digests, long
// numbers, timestamps. Calls that overlap may swap them from run to run.
var minted = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`,
	`[a-z]+(?:_[a-z]+)*_[0-9A-HJKMNP-TV-Z]{26}`,
	`[0-9a-f]{16,}`,
	`[0-9]{15,}(?:@[a-z0-9_-]+)?`,
	`[0-9A-Za-z_-]{32,}={0,2}`,
	`[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*`,
	`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*`,
}, `|`) + `)$`)

// masked is an outcome's body with what is minted left out.
func masked(body string) string {
	var value any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return body
	}
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(mask(value)) // what has been decoded can be encoded
	return text.String()
}

func mask(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name := range value {
			value[name] = mask(value[name])
		}
	case []any:
		for i := range value {
			value[i] = mask(value[i])
		}
	case string:
		if minted.MatchString(value) {
			return "…"
		}
	}
	return value
}

// A fingerprint is what two undisturbed runs must have in common in a call.
type fingerprint struct {
	call Call
	text string
}

// fingerprints returns those of a run's calls. Calls that overlapped come in an
// order that does not depend on which of them was answered first.
func fingerprints(calls []Call) []fingerprint {
	prints := make([]fingerprint, len(calls))
	for i, c := range calls {
		prints[i] = fingerprint{c, fmt.Sprintf("%s %d %s", c.Op, c.Entry.Response.Status, masked(c.Entry.Response.Body))}
	}
	// A call overlaps those that were answered after it began; what overlaps is put
	// in order together.
	for last := len(prints) - 1; last >= 0; {
		first, began := last, prints[last].call.Entry.Began
		for first > 0 && prints[first-1].call.Entry.Seq > began {
			first--
			began = min(began, prints[first].call.Entry.Began)
		}
		slices.SortFunc(prints[first:last+1], func(a, b fingerprint) int { return strings.Compare(a.text, b.text) })
		last = first - 1
	}
	return prints
}

// difference tells where two undisturbed runs differ, "" when they do not.
func difference(first, second []Call) string {
	a, b := fingerprints(first), fingerprints(second)
	for i := range max(len(a), len(b)) {
		at := fmt.Sprintf("call %d", i+1)
		switch {
		case i >= len(a):
			return fmt.Sprintf("the second run went on with %s, which the first did not make", brief(b[i].call))
		case i >= len(b):
			return fmt.Sprintf("the first run went on with %s, which the second did not make", brief(a[i].call))
		case a[i].text == b[i].text:
		case brief(a[i].call) == brief(b[i].call):
			return fmt.Sprintf("%s is %s in both, but the answers differ: %s and %s", at, brief(a[i].call), excerpt(a[i].text, b[i].text), excerpt(b[i].text, a[i].text))
		default:
			return fmt.Sprintf("%s is %s in the first run and %s in the second", at, brief(a[i].call), brief(b[i].call))
		}
	}
	return ""
}

// brief names a call and how it was answered.
func brief(c Call) string { return fmt.Sprintf("%s → %d", c.Op, c.Entry.Response.Status) }

// excerpt is the part of a text around where it parts from another.
func excerpt(text, other string) string {
	const before, most = 30, 80
	at := 0
	for at < len(text) && at < len(other) && text[at] == other[at] {
		at++
	}
	start := max(0, at-before)
	return fmt.Sprintf("%q", strings.ToValidUTF8(strings.TrimSpace(text[start:min(len(text), start+most)]), "…"))
}
