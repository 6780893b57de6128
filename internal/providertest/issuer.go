package providertest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// An Issuer is an OpenID Connect issuer on this machine, as those are whose tokens
// log others in. It is safe for concurrent use.
type Issuer struct {
	*httptest.Server // its URL is the issuer

	mu    sync.Mutex
	keys  map[string]oauth.Key // that it has ever had, by id
	shown map[string]bool      // that it publishes
	asked []string             // paths
}

// NewIssuer starts an issuer with one key, "first". Close ends it.
func NewIssuer() *Issuer {
	i := &Issuer{keys: map[string]oauth.Key{}, shown: map[string]bool{}}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	i.Rotate("first")
	return i
}

// Rotate replaces the published keys by a new one.
func (i *Issuer) Rotate(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys[id] = oauth.Key{ID: id, Pair: fixtures.RSAKey(len(i.keys) % fixtures.RSAKeys)}
	i.shown = map[string]bool{id: true}
}

// Sign returns the JWT of claims, signed with a key that is or was published, or
// with one that nobody knows.
func (i *Issuer) Sign(id string, claims any) (string, error) {
	i.mu.Lock()
	key, ok := i.keys[id]
	i.mu.Unlock()
	if !ok {
		key = oauth.Key{ID: id, Pair: fixtures.RSAKey(fixtures.RSAKeys - 1)}
	}
	return key.Sign("JWT", claims)
}

// Asked returns the paths that have been asked for.
func (i *Issuer) Asked() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.asked...)
}

func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, r.URL.Path)
	var answer any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"}
	case "/keys":
		var set oauth.KeySet
		for id := range i.shown {
			set.Keys = append(set.Keys, i.keys[id].Public(false))
		}
		answer = set
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// issuerCommand starts an issuer; $issuer is its URL.
func issuerCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 0, "issuer")
	c := of(ts)
	c.issuer = NewIssuer()
	ts.Defer(c.issuer.Close)
	ts.Setenv("issuer", c.issuer.URL)
}

// signCommand sets a variable to a JWT of the issuer.
func signCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 3, "sign NAME KEY CLAIMS")
	text, err := of(ts).issuer.Sign(args[1], json.RawMessage(args[2]))
	ts.Check(err)
	ts.Setenv(args[0], text)
}
