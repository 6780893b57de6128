package oauth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/go-jose/go-jose/v4"

	"github.com/understudy-dev/understudy/fixtures"
)

// A Key signs tokens with RS256.
type Key struct {
	ID   string
	Pair fixtures.KeyPair
}

// Sign returns the JWT of claims, which keep the order of their struct. An empty
// typ leaves the header's typ out.
func (k Key) Sign(typ string, claims any) (string, error) {
	var payload bytes.Buffer
	enc := json.NewEncoder(&payload)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(claims); err != nil {
		return "", fmt.Errorf("oauth: encoding claims: %w", err)
	}
	options := (&jose.SignerOptions{}).WithHeader("kid", k.ID)
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: k.Pair.Private}, options)
	if err != nil {
		return "", fmt.Errorf("oauth: making a signer: %w", err)
	}
	signed, err := signer.Sign(bytes.TrimSuffix(payload.Bytes(), []byte("\n")))
	if err != nil {
		return "", fmt.Errorf("oauth: signing: %w", err)
	}
	return signed.CompactSerialize()
}

// What Verify finds wrong with a token.
var (
	ErrMalformed = errors.New("not a JWT signed with RS256")
	ErrKey       = errors.New("signed with a key that is not known here")
	ErrSignature = errors.New("the signature does not fit")
)

// Verify checks the signature of a JWT against the key its header names and
// reads its claims. Times and audience are the caller's to check.
func Verify(token string, claims any, keys ...Key) error {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return ErrMalformed
	}
	for _, k := range keys {
		if signed.Signatures[0].Header.KeyID != k.ID {
			continue
		}
		payload, err := signed.Verify(&k.Pair.Private.PublicKey)
		if err != nil {
			return ErrSignature
		}
		if err := json.Unmarshal(payload, claims); err != nil {
			return ErrMalformed
		}
		return nil
	}
	return ErrKey
}

// SignHS256 returns the JWT of a payload, signed with a secret that both sides
// know.
func SignHS256(key, payload []byte) string {
	token := []byte(headerHS256)
	token = base64.RawURLEncoding.AppendEncode(token, payload)
	mac := hmac.New(sha256.New, key)
	mac.Write(token)
	return string(base64.RawURLEncoding.AppendEncode(append(token, '.'), mac.Sum(nil)))
}

// headerHS256 is {"alg":"HS256","typ":"JWT"} and the dot after it.
const headerHS256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."

// A KeySet is a JWKS document.
type KeySet struct {
	Keys []PublicKey `json:"keys"`
}

// A PublicKey is one key of a JWKS.
type PublicKey struct {
	Alg string   `json:"alg"`
	Kty string   `json:"kty"`
	Use string   `json:"use"`
	X5c []string `json:"x5c,omitempty"`
	N   string   `json:"n"`
	E   string   `json:"e"`
	Kid string   `json:"kid"`
	X5t string   `json:"x5t#S256,omitempty"`
}

// Public returns the key's entry of a JWKS, with or without its certificate.
func (k Key) Public(certificate bool) PublicKey {
	public := k.Pair.Private.PublicKey
	entry := PublicKey{
		Alg: "RS256", Kty: "RSA", Use: "sig", Kid: k.ID,
		N: base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		E: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}
	if certificate {
		thumbprint := sha256.Sum256(k.Pair.Certificate)
		entry.X5c = []string{base64.StdEncoding.EncodeToString(k.Pair.Certificate)}
		entry.X5t = base64.RawURLEncoding.EncodeToString(thumbprint[:])
	}
	return entry
}
