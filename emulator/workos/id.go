package workos

import (
	"encoding/binary"

	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// The prefixes of identifiers.
const (
	applicationPrefix     = "conn_app_"
	clientPrefix          = "client_"
	secretPrefix          = "secret_"
	organizationPrefix    = "org_"
	domainPrefix          = "org_domain_"
	keyPrefix             = "sso_oidc_key_pair_"
	personPrefix          = "user_"
	consentPrefix         = "app_consent_"
	organizationKeyPrefix = "api_key_"
	authorizationPrefix   = "authorized_connect_app_"
	tokenPrefix           = "" // the jti of a token is bare
)

// A tick is where the last identifier of a prefix stands: its millisecond and
// the random rest.
type tick struct {
	Millis int64
	Rest   [10]byte
}

// newID returns the next identifier of a prefix. Its time is the world's; within
// a millisecond the rest grows, and when that is full or the clock has moved back,
// the next millisecond after the last one is used: identifiers sort by creation,
// as lists rely on.
func (p *Provider) newID(c *kernel.Call, prefix string) string {
	draw := c.Draw("id/" + prefix)
	next := tick{c.Now.UnixMilli(), [10]byte(draw.Bytes(10))}
	if last, ok := p.ticks.Get(c.Tx, prefix); ok && next.Millis <= last.Millis {
		grown, fits := last.grow(1 + uint64(binary.BigEndian.Uint32(next.Rest[:])))
		if fits && next.Millis == last.Millis {
			next = grown
		} else {
			next.Millis = last.Millis + 1
		}
	}
	p.ticks.Put(c.Tx, prefix, next)
	return prefix + next.ulid()
}

// grow adds to the rest and reports whether it fits.
func (t tick) grow(by uint64) (tick, bool) {
	for i := len(t.Rest) - 1; i >= 0 && by > 0; i-- {
		by += uint64(t.Rest[i])
		t.Rest[i] = byte(by)
		by >>= 8
	}
	return t, by == 0
}

// worldID returns an identifier that is part of the world.
func worldID(prefix string, draw *entropy.Draw) string {
	return prefix + tick{kernel.Epoch.UnixMilli(), [10]byte(draw.Bytes(10))}.ulid()
}

// crockford are the digits of a ULID: no I, L, O or U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ulid writes 48 bits of milliseconds and 80 of the rest.
func (t tick) ulid() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(0, t.Millis))<<16)
	copy(b[6:], t.Rest[:])
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var text [26]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = crockford[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(text[:])
}
