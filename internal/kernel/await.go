package kernel

import (
	"context"
	"errors"
)

// An Outbound reads documents that other servers publish, of the few that a world
// may ask.
type Outbound interface {
	// Read returns the body of a URL, perhaps one that was kept for a little while
	// and still suits. Of https, the server is known by the certificates in ca, in
	// PEM, or else by those of the system; seenAt is a host that the caller knows this
	// server by.
	Read(ctx context.Context, url, ca, seenAt string, suits func([]byte) bool) ([]byte, error)
}

// Fetch reads what another server publishes; see Outbound. It is for Await.
func (c *Call) Fetch(ctx context.Context, url, ca string, suits func([]byte) bool) ([]byte, error) {
	if c.instance.world.Outbound == nil {
		return nil, errors.New("this world reads from no other server")
	}
	return c.instance.world.Outbound.Read(ctx, url, ca, c.Request.Host, suits)
}

// errAwaited is what a handler returns that cannot go on yet.
var errAwaited = errors.New("the handler waits")

// Waits reports whether an error only says that the handler waits.
func Waits(err error) bool { return errors.Is(err, errAwaited) }

// maxRounds bounds how often one call may wait.
const maxRounds = 8

// An outcome is what something that was waited for came to.
type outcome struct {
	value any
	err   error
}

// Await returns what fn returns, for what takes long, such as asking another
// server: nobody else waits for it. The first time, it returns an error that the
// handler must return. What the handler has stored is undone, fn runs without the
// store, and the handler runs again from its beginning, in the state that is there
// by then; asked, which names what fn does, then finds the result.
func Await[T any](c *Call, asked string, fn func(context.Context) (T, error)) (T, error) {
	if was, ok := c.awaited[asked]; ok {
		value, _ := was.value.(T)
		return value, was.err
	}
	c.awaiting = func(ctx context.Context) {
		value, err := fn(ctx)
		if c.awaited == nil {
			c.awaited = map[string]outcome{}
		}
		c.awaited[asked] = outcome{value, err}
	}
	var none T
	return none, errAwaited
}

// await does what the handler waits for. When the client goes away meanwhile, what
// is under way fails, and so will the handler.
func (c *Call) await() {
	ctx, cancel := c.instance.world.WithLife(c.Request.Context())
	defer cancel()
	do := c.awaiting
	c.awaiting = nil
	do(ctx)
}
