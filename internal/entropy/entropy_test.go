package entropy_test

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"

	"github.com/understudy-dev/understudy/internal/entropy"
)

// TestKnownValues holds the derivation still: people write seeds into fixtures,
// and another version must give them the same identifiers.
func TestKnownValues(t *testing.T) {
	tests := []struct {
		seed, kind                string
		n                         uint64
		uuid, hex, alphanumeric40 string
	}{
		{"understudy", "identity", 1, "8badbf25-fb42-48f0-9ac5-47ebe68d5856", "8badbf25fb42c8f05ac547ebe68d5856", "Fn5b4EsSB9niHQOUgbiQqIRpQGQInEQ7krXTsWjn"},
		{"understudy", "identity", 2, "516d725b-4010-4b7e-af5a-82fcc9ff5fd7", "516d725b4010cb7e2f5a82fcc9ff5fd7", "JlqT2GH2lS6FXTOI9QyM9BStxy2ZAc0fiSQ9NUkO"},
		{"understudy", "secret", 1, "162a7d40-7ef3-478d-b8cb-397d9efc0ae1", "162a7d407ef3a78d38cb397d9efc0ae1", "Mg122vhHuHv1YAdSNCfQe3AnmSPvgibqU06JnbrH"},
		{"", "", 0, "a067f97a-6f28-4d77-8223-afa54cd3ab37", "a067f97a6f28ad778223afa54cd3ab37", "afynenv6ZpfEPltklF1GRE6RRUb6aT1upGDlItCC"},
	}
	for _, tt := range tests {
		draw := func() *entropy.Draw { return entropy.New(tt.seed).Draw(tt.kind, tt.n) }
		if got := draw().UUID(); got != tt.uuid {
			t.Errorf("%q %q %d: UUID %s, want %s", tt.seed, tt.kind, tt.n, got, tt.uuid)
		}
		if got := draw().Hex(16); got != tt.hex {
			t.Errorf("%q %q %d: hex %s, want %s", tt.seed, tt.kind, tt.n, got, tt.hex)
		}
		// Longer than one block of the digest, as some digits are passed over.
		if got := draw().Alphanumeric(40); got != tt.alphanumeric40 {
			t.Errorf("%q %q %d: alphanumeric %s, want %s", tt.seed, tt.kind, tt.n, got, tt.alphanumeric40)
		}
	}
}

func TestShapes(t *testing.T) {
	tests := []struct {
		name    string
		draw    func(*entropy.Draw) string
		pattern string
	}{
		{"UUID", (*entropy.Draw).UUID, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		{"Hex", func(d *entropy.Draw) string { return d.Hex(33) }, `^[0-9a-f]{66}$`},
		{"Hex of nothing", func(d *entropy.Draw) string { return d.Hex(0) }, `^$`},
		{"Alphanumeric", func(d *entropy.Draw) string { return d.Alphanumeric(100) }, `^[0-9A-Za-z]{100}$`},
		{"Alphanumeric of nothing", func(d *entropy.Draw) string { return d.Alphanumeric(0) }, `^$`},
	}
	source := entropy.New("s")
	for _, tt := range tests {
		pattern := regexp.MustCompile(tt.pattern)
		for n := range uint64(200) {
			if got := tt.draw(source.Draw("kind", n)); !pattern.MatchString(got) {
				t.Errorf("%s: %q is not of the form %s", tt.name, got, pattern)
			}
		}
	}
}

// TestDistinct draws by coordinates that are easily confused.
func TestDistinct(t *testing.T) {
	seen := map[string]string{}
	add := func(name string, d *entropy.Draw) {
		id := d.Hex(16)
		if other, ok := seen[id]; ok {
			t.Errorf("%s gives the same as %s", name, other)
		}
		seen[id] = name
	}
	for _, seed := range []string{"", "a", "b", "ab"} {
		for _, kind := range []string{"", "a", "b", "ab", "a1", "a\x00"} {
			for n := range uint64(300) { // more than a byte holds
				add(fmt.Sprintf("%q %q %d", seed, kind, n), entropy.New(seed).Draw(kind, n))
			}
		}
	}
	// The blocks of a long draw are no draws of their own and do not repeat.
	long := entropy.New("long").Draw("kind", 1).Bytes(32 * 300)
	for i := 0; i < len(long); i += 32 {
		block := fmt.Sprintf("%x", long[i:i+16])
		if other, ok := seen[block]; ok {
			t.Errorf("block %d gives the same as %s", i/32, other)
		}
		seen[block] = fmt.Sprintf("block %d", i/32)
	}
}

// TestPieces shows that a draw is one string of bytes, however it is read.
func TestPieces(t *testing.T) {
	source := entropy.New("s")
	whole := source.Draw("k", 1).Bytes(100)
	d := source.Draw("k", 1)
	var pieces []byte
	for _, n := range []int{0, 1, 31, 1, 33, 34} {
		pieces = append(pieces, d.Bytes(n)...)
	}
	if !bytes.Equal(pieces, whole) {
		t.Errorf("in pieces %x, as a whole %x", pieces, whole)
	}
}

// TestEvenLetters counts letters: reducing a byte by the length of the alphabet
// would favor the first ones by a quarter.
func TestEvenLetters(t *testing.T) {
	const n = 62 * 1000
	counts := map[rune]int{}
	for _, r := range entropy.New("s").Draw("k", 1).Alphanumeric(n) {
		counts[r]++
	}
	if len(counts) != 62 {
		t.Errorf("%d different letters, want 62", len(counts))
	}
	for r, count := range counts {
		if count < 880 || count > 1120 { // nearly four standard deviations
			t.Errorf("%c comes %d times in %d, want about %d", r, count, n, n/62)
		}
	}
}
