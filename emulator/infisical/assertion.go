package infisical

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// algorithms are those of JWTs that can be read. Those of a shared secret never
// verify: nobody shares one.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
	jose.HS256, jose.HS384, jose.HS512,
}

// An assertion is a JWT by which another system vouches for an identity.
type assertion struct {
	token *jwt.JSONWebToken
	KeyID string
}

func readAssertion(text string) (assertion, error) {
	token, err := jwt.ParseSigned(text, algorithms)
	if err != nil {
		return assertion{}, unauthorized("Invalid JWT").Because("the JWT cannot be read: %v", err)
	}
	return assertion{token, token.Headers[0].KeyID}, nil
}

// notGood is why an assertion is not good, in the words of the library that the
// service uses.
type notGood struct{ words, why string }

func (n *notGood) Error() string { return n.words }

// verify returns what an assertion says, if key has signed it, it is good now and,
// unless issuer is empty, from that issuer.
func (a assertion) verify(c *kernel.Call, key any, issuer string) (map[string]any, error) {
	var said map[string]any
	if err := a.token.Claims(key, &said); err != nil {
		if errors.Is(err, jose.ErrCryptoFailure) {
			return nil, &notGood{"invalid signature", "the key has not signed it"}
		}
		return nil, &notGood{"invalid algorithm", fmt.Sprintf("%s is not an algorithm of the key: %v", a.token.Headers[0].Algorithm, err)}
	}
	now := float64(c.Now.Unix())
	if at, ok := said["nbf"].(float64); ok && now < at {
		return nil, &notGood{"jwt not active", fmt.Sprintf("nbf is %s, now is %s", decimal(at), decimal(now))}
	}
	if at, ok := said["exp"].(float64); ok && now >= at {
		return nil, &notGood{"jwt expired", fmt.Sprintf("exp is %s, now is %s", decimal(at), decimal(now))}
	}
	if issuer != "" && said["iss"] != issuer {
		return nil, &notGood{"jwt issuer invalid. expected: " + issuer, fmt.Sprintf("iss is %v, bound to %q", said["iss"], issuer)}
	}
	return said, nil
}

// denied refuses a login for why an assertion is not good.
func denied(words string, err error) error {
	var why *notGood
	if errors.As(err, &why) {
		return unauthorized("%s", words).Because("%s", why.why)
	}
	return unauthorized("%s", words).Because("%v", err)
}

// keySet reads the public keys at a URL. What was kept of them is read again when it
// lacks the key that signed a.
func (a assertion) keySet(c *kernel.Call, url, ca string) ([]jose.JSONWebKey, error) {
	return kernel.Await(c, "keys\n"+url+"\n"+ca+"\n"+a.KeyID, func(ctx context.Context) ([]jose.JSONWebKey, error) {
		text, err := c.Fetch(ctx, url, ca, func(kept []byte) bool {
			keys, err := parseKeySet(kept)
			return err == nil && slices.ContainsFunc(keys, a.signedWith)
		})
		if err != nil {
			return nil, fmt.Errorf("reading the keys at %s: %w", url, err)
		}
		return parseKeySet(text)
	})
}

func (a assertion) signedWith(key jose.JSONWebKey) bool { return a.KeyID == key.KeyID }

func parseKeySet(text []byte) ([]jose.JSONWebKey, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("it is no key set: %w", err)
	}
	public := slices.DeleteFunc(set.Keys, func(k jose.JSONWebKey) bool { return !k.IsPublic() || k.Use != "" && k.Use != "sig" })
	if len(public) == 0 {
		return nil, errors.New("the JWKS endpoint did not contain any signing keys")
	}
	return public, nil
}

// bounds are what an identity's auth method asks of an assertion, and the refusals
// of the method.
type bounds struct {
	subject, audiences string
	claims             map[string]string

	noSubject   func() *kernel.Problem // nil: as one that is not allowed
	badSubject  func() *kernel.Problem
	noAudience  func() *kernel.Problem // nil: as one that is not allowed
	badAudience func() *kernel.Problem
	badClaim    func(name string) *kernel.Problem
}

// admit refuses an assertion that says something else. Several allowed values stand
// in one text, with commas between them; each may be a glob.
func (b bounds) admit(said map[string]any) error {
	if b.subject != "" && !fits(b.subject, said["sub"]) {
		refusal := b.badSubject
		if b.noSubject != nil && said["sub"] == nil {
			refusal = b.noSubject
		}
		return refusal().Because("sub is %s, bound to %q", shown(said["sub"]), b.subject)
	}
	if b.audiences != "" && !fitsOne(b.audiences, said["aud"]) {
		refusal := b.badAudience
		if b.noAudience != nil && said["aud"] == nil {
			refusal = b.noAudience
		}
		return refusal().Because("aud is %s, bound to %q", shown(said["aud"]), b.audiences)
	}
	for _, name := range slices.Sorted(maps.Keys(b.claims)) {
		value, err := claimAt(said, name)
		if err != nil {
			return err
		}
		if !fitsOne(b.claims[name], value) {
			return b.badClaim(name).Because("%s is %s, bound to %q", name, shown(value), b.claims[name])
		}
	}
	return nil
}

// claimAt returns a claim, which may be one within others: its names with dots
// between them.
func claimAt(said map[string]any, name string) (any, error) {
	var value any = said
	for _, part := range strings.Split(name, ".") {
		object, _ := value.(map[string]any)
		value = object[part]
	}
	if value == nil || value == "" || value == false || value == float64(0) {
		return nil, unauthorized("Access denied: token has no %s field", name).Because("%s is %s", name, shown(value))
	}
	return value, nil
}

func fitsOne(allowed string, claim any) bool {
	return slices.ContainsFunc(strings.Split(allowed, ","), func(one string) bool { return fits(trim(one), claim) })
}

// fits reports whether a claim, or one of its values, is what a pattern says.
func fits(pattern string, claim any) bool {
	if list, ok := claim.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return fits(pattern, one) })
	}
	if claim == nil {
		return false
	}
	text := scriptText(claim)
	matched, err := doublestar.Match(pattern, text)
	return text == pattern || matched && err == nil
}

// scriptText is a claim's value as JavaScript makes text of it.
func scriptText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return decimal(v)
	case []any:
		texts := make([]string, len(v))
		for i, one := range v {
			texts[i] = scriptText(one)
		}
		return strings.Join(texts, ",")
	case map[string]any:
		return "[object Object]"
	}
	return fmt.Sprint(value)
}

// shown is a claim's value in a reason.
func shown(value any) string {
	if value == nil {
		return "missing"
	}
	return cmp.Or(scriptText(value), `""`)
}
