package ocs

import (
	"iter"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// inventory lists the secrets of clients and the newest access tokens. Whether a
// secret works is told as the token service sees it, which may be behind.
func (p *Provider) inventory(c *kernel.Call) iter.Seq[kernel.Credential] {
	return func(yield func(kernel.Credential) bool) {
		for key, s := range p.secrets.All(c.Tx) {
			if !yield(p.secretCredential(c, key, s)) {
				return
			}
		}
		for _, g := range p.goneSecrets.All(c.Tx) {
			if seenStill(c, g) && !yield(p.secretCredential(c, secretKey(g.Row.ID), g.Row)) {
				return
			}
		}
		for _, cl := range p.issued.All(c.Tx) {
			if !yield(p.tokenCredential(c, cl)) {
				return
			}
		}
	}
}

func (p *Provider) secretCredential(c *kernel.Call, key string, s secret) kernel.Credential {
	cl, ok := p.clients.Get(c.Tx, s.ClientID)
	if !ok {
		cl, ok = exhume(c, p.goneClientsByID, s.ClientID)
	}
	settings := seen(c, cl.clientSettings, cl.Past)
	k := kernel.Credential{
		Kind: kernel.KindClientSecret, ID: key, Owner: kernel.Owner{Kind: cl.Kind.String() + " client", ID: cl.ID, Name: settings.Name},
		Created: s.CreatedAt, LastUsed: s.LastUsedAt, Live: true, Row: kernel.Row{Table: "secret", ID: key},
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

func (p *Provider) tokenCredential(c *kernel.Call, content claims) kernel.Credential {
	cl, _ := p.clients.Get(c.Tx, content.ClientID)
	k := kernel.Credential{
		Kind: kernel.KindAccessToken, ID: content.ID, Owner: kernel.Owner{Kind: "client", ID: content.ClientID, Name: cl.Name},
		Created: time.Unix(content.IssuedAt, 0).UTC(), Expires: time.Unix(content.ExpiresAt, 0).UTC(),
		Live: true, Exchanged: true, Row: kernel.Row{Table: "issued token", ID: content.ID},
	}
	if c.Now.Unix() >= content.ExpiresAt {
		return k.Dead("expired")
	}
	return k
}
