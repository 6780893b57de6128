package specs

import "embed"

//go:embed declared
var declared embed.FS

// Declared lists where a provider's document says something else than the
// published one, and why. It is empty for a provider that has no list.
func Declared(provider string) []byte {
	text, err := declared.ReadFile("declared/" + provider + ".txt")
	if err != nil {
		return nil
	}
	return text
}
