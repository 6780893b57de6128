package signin

import "github.com/understudy-dev/understudy/internal/kernel"

// Inventory tells of the tokens that sign-ins gave out, until yield has enough. Gone
// says why nobody takes those of a client any more; nil is that its end does not
// matter to its access tokens.
func (d *Desk) Inventory(c *kernel.Call, gone func(client string) string, yield func(kernel.Credential) bool) {
	for key, t := range d.tokens.All(c.Tx) {
		g, why := d.ended(c, t)
		p, _ := d.Person(c, g.Person)
		k := kernel.Credential{
			Kind: kernel.KindAccessToken, ID: key, Owner: kernel.Owner{Kind: "person", ID: g.Person, Name: p.Name},
			Created: t.At, Expires: t.Expires, LastUsed: t.Used, Live: true, Exchanged: true, Row: kernel.Row{Table: "token of a sign-in", ID: key},
		}
		if t.Use == Refresh {
			k.Kind = kernel.KindRefreshToken
			if _, none := d.Client(c, g.Client); why == "" {
				why = none
			}
		}
		if why == "" && gone != nil {
			why = gone(g.Client)
		}
		if why != "" {
			k = k.Dead(why)
		}
		if !yield(k) {
			return
		}
	}
}
