package kernel

import (
	"slices"
	"time"

	"github.com/understudy-dev/understudy/emulator/journal"
)

// The kinds of credentials.
const (
	KindClientSecret        = "client-secret"
	KindAccessToken         = "access-token"
	KindRefreshToken        = "refresh-token"
	KindPersonalAccessToken = "personal-access-token"
	KindKey                 = "key"
	KindAPIKey              = "api-key"
)

// CredentialKinds lists them.
var CredentialKinds = []string{KindClientSecret, KindAccessToken, KindRefreshToken, KindPersonalAccessToken, KindKey, KindAPIKey}

// A Credential is what can be told of a secret, a key or a token. Its value is not
// kept.
type Credential struct {
	Provider string    `json:"provider"`
	Kind     string    `json:"kind"`
	ID       string    `json:"id"`
	Owner    Owner     `json:"owner"`
	Hint     string    `json:"hint,omitempty"` // the part of the value that the service shows
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"` // zero: never
	Uses     int       `json:"uses"`             // where the service counts them
	Limit    int       `json:"limit,omitempty"`  // of Uses; 0: none
	LastUsed time.Time `json:"lastUsed,omitzero"`
	// Live says whether the credential works at this moment; if not, Reason says
	// why.
	Live   bool   `json:"live"`
	Reason string `json:"reason,omitempty"`
	// Entry is the journal entry of the call that made it, 0 when none did or it is
	// no longer kept.
	Entry uint64 `json:"entry,omitempty"`

	// Going is set for what has been revoked and works for as long as the news takes.
	Going bool `json:"-"`
	// Exchanged is set for what an exchange or a sign-in gave out.
	Exchanged bool `json:"-"`
	// Row is where it is stored, and Renewed says that the row outlives it: a new
	// one takes its place there.
	Row     Row  `json:"-"`
	Renewed bool `json:"-"`
}

// An Owner is whose a credential is.
type Owner struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// A Row is a row of a table.
type Row struct{ Table, ID string }

// Dead returns the credential as one that does not work.
func (k Credential) Dead(why string) Credential {
	k.Live, k.Reason = false, why
	return k
}

// Inventory returns every credential of the world, by provider, in the order in
// which they were made.
func (w *World) Inventory() []Credential {
	all := []Credential{}
	for _, in := range w.instances {
		all = append(all, in.inventory()...)
	}
	added, renewed := w.makers()
	for i, k := range all {
		of := maker{k.Provider, k.Row.Table, k.Row.ID}
		all[i].Entry = added[of]
		if k.Renewed {
			all[i].Entry = max(added[of], renewed[of])
		}
	}
	return all
}

func (in *Instance) inventory() []Credential {
	if in.desc.Inventory == nil {
		return nil
	}
	in.world.state.RLock()
	defer in.world.state.RUnlock()
	var all []Credential
	c := &Call{instance: in}
	c.enter()
	_, _ = in.transact(c, func(c *Call) error { // which only reads
		all = slices.Collect(in.desc.Inventory(c))
		return nil
	})
	for i := range all {
		all[i].Provider = in.Name()
	}
	return all
}

// A maker finds the entry that made what is stored in a row.
type maker struct{ provider, table, id string }

// makers returns the newest entries that added a row, and those that replaced one
// and were answered with a secret.
func (w *World) makers() (added, renewed map[maker]uint64) {
	added, renewed = map[maker]uint64{}, map[maker]uint64{}
	for _, e := range w.Journal.All() {
		for _, change := range e.Changes {
			of := maker{e.Provider, change.Table, change.ID}
			switch {
			case change.Change == journal.Added:
				added[of] = e.Seq
			case w.Instance(e.Provider).secret(e.Operation):
				renewed[of] = e.Seq
			}
		}
	}
	return added, renewed
}

// secret reports whether an operation's answers carry secrets.
func (in *Instance) secret(op Op) bool {
	route := in.routes[op]
	return route != nil && route.secret
}
