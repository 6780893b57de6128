package ocs

import (
	"iter"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// inventory lists the secrets of clients and tokens, of those that secrets were
// exchanged for the newest. Whether a secret works is told as the token service sees
// it, which may be behind; a token works until it expires, whatever becomes of its
// client.
func (p *Provider) inventory(c *kernel.Call) iter.Seq[kernel.Credential] {
	return func(yield func(kernel.Credential) bool) {
		for key, s := range p.secrets.All(c.Tx) {
			if !yield(p.secretCredential(c, key, s)) {
				return
			}
		}
		for _, g := range p.goneSecrets.All(c.Tx) {
			k := p.secretCredential(c, secretKey(g.Row.ID), g.Row)
			k.Going = true
			if g.At.After(c.In(-propagation.Get(c))) && !yield(k) {
				return
			}
		}
		for _, t := range p.issued.All(c.Tx) {
			cl, _ := p.clients.Get(c.Tx, t.Client)
			owner := kernel.Owner{Kind: clientCredential.String() + " client", ID: t.Client, Name: seen(c, cl.clientSettings, cl.Past).Name}
			if !yield(t.Credential("issued token", owner, c.Now)) {
				return
			}
		}
		p.desk.Inventory(c, nil, yield)
	}
}

func (p *Provider) secretCredential(c *kernel.Call, key string, s secret) kernel.Credential {
	cl, ok := p.clients.Get(c.Tx, s.ClientID)
	if !ok {
		cl, ok = exhume(c, p.goneClientsByID, s.ClientID)
	}
	settings := seen(c, cl.clientSettings, cl.Past)
	k := kernel.Credential{
		Kind: kernel.KindClientSecret, ID: key, Owner: kernel.Owner{Kind: cl.Kind.String() + " client", ID: s.ClientID, Name: settings.Name},
		Created: s.Created, LastUsed: s.LastUsed, Live: true, Row: kernel.Row{Table: "secret", ID: key},
	}
	expiration := seen(c, s.secretSettings, s.Past).Expiration
	if expiration != nil {
		k.Expires = *expiration
	}
	switch {
	case !ok || s.ClientMade != cl.Made:
		return k.Dead("its client is deleted")
	case expiration != nil && c.Now.After(*expiration):
		return k.Dead("expired")
	case !settings.Enabled:
		return k.Dead("its client is disabled")
	}
	return k
}
