package workos

import (
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// environment is what a world is to WorkOS; there is one.
type environment struct{ ClientID string }

// theEnvironment is its key.
const theEnvironment = "environment"

func (p *Provider) environment(c *kernel.Call) environment {
	e, _ := p.environments.Get(c.Tx, theEnvironment)
	return e
}

// apiKey is a key of the environment. The value itself is not kept.
type apiKey struct{ Digest string }

// addAPIKey stores a key.
func (p *Provider) addAPIKey(c *kernel.Call, value string) {
	p.apiKeys.Put(c.Tx, kit.Digest(value), apiKey{kit.Digest(value)})
}

// bearer returns the token of an Authorization header.
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// identify finds the API key that calls.
// https://workos.com/docs/reference/api-keys
func (p *Provider) identify(c *kernel.Call) error {
	if !c.Secured {
		return nil
	}
	unauthorized := &kernel.Problem{Status: http.StatusUnauthorized}
	token, ok := bearer(c.Request)
	if !ok {
		return unauthorized.Because("there is no API key in an Authorization header")
	}
	k, ok := p.apiKeys.Get(c.Tx, kit.Digest(token))
	if !ok {
		return unauthorized.Because("the API key is not known")
	}
	c.Caller = k
	return nil
}
