package rehearse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/emulator/journal"
)

// minted matches what a service makes up: UUIDs, ULIDs, tokens, digests, long
// numbers, timestamps. Calls that change places swap them.
var minted = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`,
	`[a-z]+(?:_[a-z]+)*_[0-9A-HJKMNP-TV-Z]{26}`,
	`[0-9a-f]{16,}`,
	`[0-9]{15,}(?:@[a-z0-9_-]+)?`,
	`[0-9A-Za-z_-]{32,}={0,2}`,
	`[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*`,
	`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*`,
}, `|`) + `)$`)

// shown matches the members that show a part of a secret.
var shown = regexp.MustCompile(`(?i)(hint|prefix)$|^obfuscated`)

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
			if value[name] = mask(value[name]); shown.MatchString(name) {
				value[name] = "…"
			}
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

// fingerprints returns those of a run's calls of an operation.
func fingerprints(calls []Call, op journal.Op) []fingerprint {
	var prints []fingerprint
	for _, c := range calls {
		if c.Op == op {
			prints = append(prints, fingerprint{c, fmt.Sprintf("%d %s", c.Entry.Response.Status, masked(c.Entry.Response.Body))})
		}
	}
	return prints
}

// difference tells where two undisturbed runs differ, "" when they do not. A fault is
// aimed at the nth call of an operation: that calls of different operations change places
// is of no matter. Calls of one may too, as they do when they are made in parallel; where,
// reordered tells.
func difference(first, second []Call) (differs string, reordered []string) {
	told := map[journal.Op]bool{}
	for _, c := range slices.Concat(first, second) {
		if told[c.Op] {
			continue
		}
		told[c.Op] = true
		a, b := fingerprints(first, c.Op), fingerprints(second, c.Op)
		switch onlyA, onlyB := without(a, b), without(b, a); {
		case len(onlyA) > 0 && len(onlyB) > 0:
			return parting(onlyA[0], onlyB[0]), nil
		case len(onlyA) > 0:
			return fmt.Sprintf("the first run made %s, which the second did not", brief(onlyA[0].call)), nil
		case len(onlyB) > 0:
			return fmt.Sprintf("the second run made %s, which the first did not", brief(onlyB[0].call)), nil
		}
		for i := range a {
			if a[i].text != b[i].text {
				reordered = append(reordered, fmt.Sprintf("call %d: %s", i+1, parting(a[i], b[i])))
				break
			}
		}
	}
	return "", reordered
}

// without returns what some fingerprints have and others lack.
func without(some, others []fingerprint) []fingerprint {
	left := slices.Clone(others)
	return slices.DeleteFunc(slices.Clone(some), func(f fingerprint) bool {
		i := slices.IndexFunc(left, func(o fingerprint) bool { return o.text == f.text })
		if i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
		return i >= 0
	})
}

// parting tells how two calls of one operation differ.
func parting(a, b fingerprint) string {
	if brief(a.call) != brief(b.call) {
		return fmt.Sprintf("%s in the first run, and %d in the second", brief(a.call), b.call.Entry.Response.Status)
	}
	return fmt.Sprintf("%s in both, with other answers: %s and %s", brief(a.call), excerpt(a.text, b.text), excerpt(b.text, a.text))
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
