package kit

import (
	"crypto/sha256"
	"encoding/base64"
)

// Digest is what a secret is kept as and found by, so that finding it takes the
// same time however many there are.
func Digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}
