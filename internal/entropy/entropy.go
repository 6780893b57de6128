// Package entropy makes the identifiers and secrets of an emulated world. Each
// is derived from (seed, kind, n), so that the same seed and the same sequence
// of calls give the same bytes, and a new kind does not shift the others.
//
// The output is predictable by design; nothing here protects anything.
package entropy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// A Source derives values from one seed.
type Source struct{ key [sha256.Size]byte }

// New returns the source of a seed.
func New(seed string) Source {
	return Source{sha256.Sum256([]byte("understudy seed " + seed))}
}

// A Draw is an endless string of bytes; its methods consume it.
type Draw struct {
	block [sha256.Size]byte // the bytes at hand
	used  int
	input []byte // key, n, block number, kind: what a block is the digest of
}

const blockNumber = sha256.Size + 8 // where the block number stands in input

// Draw returns the n-th value of a kind.
func (s Source) Draw(kind string, n uint64) *Draw {
	d := &Draw{input: make([]byte, 0, blockNumber+8+len(kind))}
	d.input = append(d.input, s.key[:]...)
	d.input = binary.BigEndian.AppendUint64(d.input, n)
	d.input = binary.BigEndian.AppendUint64(d.input, 0)
	d.input = append(d.input, kind...)
	d.block = sha256.Sum256(d.input)
	return d
}

func (d *Draw) next() byte {
	if d.used == len(d.block) {
		n := d.input[blockNumber : blockNumber+8]
		binary.BigEndian.PutUint64(n, binary.BigEndian.Uint64(n)+1)
		d.block, d.used = sha256.Sum256(d.input), 0
	}
	b := d.block[d.used]
	d.used++
	return b
}

// Bytes returns n bytes.
func (d *Draw) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = d.next()
	}
	return b
}

// Hex returns n bytes as 2n lower-case hexadecimal digits.
func (d *Draw) Hex(n int) string { return hex.EncodeToString(d.Bytes(n)) }

// UUID returns a version 4 UUID.
func (d *Draw) UUID() string {
	b := d.Bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], b[0:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:36], b[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Alphanumeric returns n digits and letters, each equally likely.
func (d *Draw) Alphanumeric(n int) string {
	text := make([]byte, 0, n)
	for len(text) < n {
		if b := int(d.next()); b < 256/len(alphanumeric)*len(alphanumeric) {
			text = append(text, alphanumeric[b%len(alphanumeric)])
		}
	}
	return string(text)
}
