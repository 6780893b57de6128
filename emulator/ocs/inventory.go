package ocs

import (
	"iter"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// inventory lists the secrets of clients. Whether one works is told as the token
// service sees it, which may be behind.
func (p *Provider) inventory(c *kernel.Call) iter.Seq[kernel.Credential] {
	return func(yield func(kernel.Credential) bool) {
		for key, s := range p.secrets.All(c.Tx) {
			if !yield(p.secretCredential(c, key, s)) {
				return
			}
		}
	}
}

func (p *Provider) secretCredential(c *kernel.Call, key string, s secret) kernel.Credential {
	cl, ok := p.clients.Get(c.Tx, s.ClientID)
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
