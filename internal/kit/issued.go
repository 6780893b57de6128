package kit

import (
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// MostIssued is how many of the tokens that it signs a provider remembers. They are
// good by their signature and need no row; what is kept is for the inventory, which
// lists the newest.
const MostIssued = 1000

// Remember keeps what is to be told of a signed token, and forgets the oldest when
// there are more than MostIssued.
func Remember[T any](c *kernel.Call, issued *store.Table[T], id string, token T) {
	issued.Put(c.Tx, id, token)
	if issued.Len(c.Tx) > MostIssued {
		oldest, _, _ := issued.First(c.Tx)
		issued.Delete(c.Tx, oldest)
	}
}

// An Issued token is one that a client got for its secret.
type Issued struct {
	ID, Client  string
	At, Expires time.Time
}

// Credential tells of the token, which is in a table.
func (i Issued) Credential(table string, owner kernel.Owner, now time.Time) kernel.Credential {
	k := kernel.Credential{
		Kind: kernel.KindAccessToken, ID: i.ID, Owner: owner, Created: i.At, Expires: i.Expires,
		Live: true, Exchanged: true, Row: kernel.Row{Table: table, ID: i.ID},
	}
	if now.Unix() >= i.Expires.Unix() {
		return k.Dead("expired")
	}
	return k
}
