package workos

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// keepCalls is how long an idempotency key is remembered.
const keepCalls = 24 * time.Hour

// idempotentCall is a creation that can be answered again.
type idempotentCall struct {
	Body   [sha256.Size]byte // of the request, as a digest
	Status int
	Answer []byte
	At     time.Time
}

// stale reports whether the call is forgotten.
func (i idempotentCall) stale(now time.Time) bool { return now.Sub(i.At) >= keepCalls }

// once answers a creation whose idempotency key was used before as it was
// answered then. What is kept is kept together with what was created, and not when
// nothing was; a twin that comes at the same time waits for the store.
// https://workos.com/docs/reference/idempotency
func (p *Provider) once(c *kernel.Call, next func() (kernel.Answer, error)) (kernel.Answer, error) {
	key := c.Request.Header.Get("Idempotency-Key")
	if key == "" || c.Request.Method != http.MethodPost || !c.Secured {
		return next()
	}
	body, err := json.Marshal(c.Body.Value) // white space and the order of keys do not count
	if err != nil {
		return kernel.Answer{}, err
	}
	sum := sha256.Sum256(body)
	place := kit.Digest(c.Caller.(apiKey).Digest + "\x00" + strings.TrimSuffix(c.Request.URL.Path, "/") + "\x00" + key)
	switch known, ok := p.idempotentCalls.Get(c.Tx, place); {
	case !ok || known.stale(c.Now):
	case known.Body != sum:
		return kernel.Answer{}, refuse(http.StatusBadRequest, "",
			"Another idempotency key (%s) with different request parameters was found. Please use a different idempotency key.", key).
			Because("the key came with another body at %s", known.At.UTC().Format(time.RFC3339))
	default:
		if c.Op == OpCreateClientSecret {
			c.Differs(hintSide) // as the answer was made; a world has one contract
		}
		c.Warn("answered as the same call was at %s: its idempotency key is known", known.At.UTC().Format(time.RFC3339))
		return kernel.Answer{Status: known.Status, Body: json.RawMessage(known.Answer)}, nil
	}
	answer, err := next()
	if err != nil {
		return answer, err
	}
	p.forget(c)
	p.idempotentCalls.Delete(c.Tx, place) // the newest stand last
	p.idempotentCalls.Put(c.Tx, place, idempotentCall{sum, answer.Status, answer.Encoded(), c.Now})
	return answer, nil
}

// forget drops the calls that are too old, which stand first.
func (p *Provider) forget(c *kernel.Call) {
	var stale []string
	for place, call := range p.idempotentCalls.All(c.Tx) {
		if !call.stale(c.Now) {
			break
		}
		stale = append(stale, place)
	}
	for _, place := range stale {
		p.idempotentCalls.Delete(c.Tx, place)
	}
}
