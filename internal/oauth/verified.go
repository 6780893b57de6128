package oauth

import "sync"

// maxVerified bounds how many tokens a Verified remembers.
const maxVerified = 1024

// Verified remembers what tokens claim whose signatures have been checked: a
// client sends the same token with every call, and its signature fits for ever.
// Whether it is still good is the caller's to check each time. The zero Verified
// is ready for use, by many at a time.
type Verified[C any] struct {
	mu     sync.RWMutex
	claims map[signedBy]C
}

// signedBy is a token and the key that it was checked against.
type signedBy struct{ key, token string }

// Claims returns what a token claims; check reads it and checks its signature
// against the named key, unless that was done before.
func (v *Verified[C]) Claims(key, token string, check func() (C, error)) (C, error) {
	of := signedBy{key, token}
	v.mu.RLock()
	claims, ok := v.claims[of]
	v.mu.RUnlock()
	if ok {
		return claims, nil
	}
	claims, err := check()
	if err != nil {
		return claims, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claims == nil || len(v.claims) >= maxVerified {
		v.claims = map[signedBy]C{} // what is in use comes back
	}
	v.claims[of] = claims
	return claims, nil
}
