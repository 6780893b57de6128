package providertest

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A Held credential is one that a call of a history gave out. The inventory has no
// values; what it says of a credential is held to what becomes of the value.
type Held struct {
	Kind, ID, Value string
	Made            Request
}

// Holding says which credentials a provider's answers give out, and by which
// endpoint one of each kind is tried.
type Holding struct {
	Found func(Request, Answer) []Held
	// Accepts reports whether the provider takes a credential, by its kind.
	Accepts map[string]func(Held) bool
}

// Hold has the inventory checked whenever the model is: what it calls live the
// provider accepts, and what it calls dead, or does not list, it refuses.
func (h *History[M]) Hold(holding Holding) { h.holding, h.held = holding, map[string]Held{} }

// Try makes a call that the model does not foretell, and returns its answer and the
// reason of a refusal.
func (h *History[M]) Try(r Request) (Answer, string) { return h.send(r) }

// Newest returns the id of the credential of a kind that the inventory lists last: that of
// one whose value does not tell it, when it has just been given out.
func (h *History[M]) Newest(kind string) string {
	id := ""
	for _, k := range h.server.Inventory() {
		if k.Kind == kind {
			id = k.ID
		}
	}
	return id
}

// ClaimOf returns a claim of a JWT, "" if there is none.
func ClaimOf(token, name string) string {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return ""
	}
	var a Answer
	if err := decodeJSON(text, &a.JSON); err != nil {
		return ""
	}
	return a.Text(name)
}

// keep notes what an answer gave out.
func (h *History[M]) keep(r Request, a Answer) {
	if h.holding.Found == nil || !a.OK() {
		return
	}
	for _, held := range h.holding.Found(r, a) {
		held.Made = r
		h.held[held.Kind+" "+held.ID] = held
	}
}

// agreeOnCredentials compares the inventory with what the provider accepts.
func (h *History[M]) agreeOnCredentials() {
	listed := map[string]kernel.Credential{}
	for _, k := range h.server.Inventory() {
		listed[k.Kind+" "+k.ID] = k
	}
	before := h.server.Snapshot()
	for _, key := range slices.Sorted(maps.Keys(h.held)) {
		held := h.held[key]
		k, ok := listed[key]
		accepted := h.holding.Accepts[held.Kind](held)
		h.server.Restore(before) // to be used counts
		switch {
		case !ok && accepted:
			h.Fatalf("%s is accepted, and the inventory does not list it", key)
		case accepted && !k.Live:
			h.Fatalf("%s is accepted, and the inventory says: %s", key, k.Reason)
		case !accepted && k.Live:
			h.Fatalf("%s is refused (%s), and the inventory calls it live", key, h.refusal)
		}
	}
}
