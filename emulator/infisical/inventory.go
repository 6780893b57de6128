package infisical

import (
	"iter"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// mostIssued is how many of the tokens that log-ins give out are remembered. They
// are signed, not stored; the list is for people.
const mostIssued = 1000

// remember notes a token, under its id: a renewal has the same one.
func (p *Provider) remember(c *kernel.Call, cl claims) {
	p.issued.Put(c.Tx, cl.ID, cl)
	for key := range p.issued.All(c.Tx) {
		if p.issued.Len(c.Tx) <= mostIssued {
			break
		}
		defer p.issued.Delete(c.Tx, key)
		break
	}
}

// inventory lists client secrets and access tokens.
func (p *Provider) inventory(c *kernel.Call) iter.Seq[kernel.Credential] {
	return func(yield func(kernel.Credential) bool) {
		for _, s := range p.clientSecrets.All(c.Tx) {
			if !yield(p.secretCredential(c, s)) {
				return
			}
		}
		for _, t := range p.tokens.All(c.Tx) {
			cl, ok := p.issued.Get(c.Tx, t.ID) // it may have been renewed
			if !ok {
				cl = claims{ID: t.ID, IdentityID: t.IdentityID, NumUsesLimit: t.NumUsesLimit, CreationEpoch: t.CreatedAt.Unix(), IssuedAt: t.CreatedAt.Unix()}
				if t.TTL > 0 {
					cl.ExpiresAt = t.CreatedAt.Add(seconds(t.TTL)).Unix()
				}
			}
			k := p.tokenCredential(c, cl)
			k.Row, k.Exchanged = kernel.Row{Table: "access token", ID: t.ID}, false
			if !yield(k) {
				return
			}
		}
		for _, cl := range p.issued.All(c.Tx) {
			if cl.AuthMethod == tokenAuthMethod {
				continue // told above
			}
			if !yield(p.tokenCredential(c, cl)) {
				return
			}
		}
	}
}

func (p *Provider) owner(c *kernel.Call, id string) kernel.Owner {
	of, _ := p.identities.Get(c.Tx, id)
	return kernel.Owner{Kind: "identity", ID: id, Name: of.Name}
}

func (p *Provider) secretCredential(c *kernel.Call, s clientSecret) kernel.Credential {
	ua, _ := p.uaByID(c, s.UAID)
	k := kernel.Credential{
		Kind: kernel.KindClientSecret, ID: s.ID, Owner: p.owner(c, ua.IdentityID), Hint: s.Prefix,
		Created: s.CreatedAt, Uses: int(s.NumUses), Limit: int(s.NumUsesLimit), LastUsed: s.LastUsedAt,
		Live: true, Row: kernel.Row{Table: "client secret", ID: s.ID},
	}
	if s.TTL > 0 {
		k.Expires = s.CreatedAt.Add(seconds(s.TTL))
	}
	l, _ := p.lockouts.Get(c.Tx, ua.ID)
	switch {
	case s.Revoked:
		return k.Dead("revoked")
	case s.expired(c.Now):
		return k.Dead("expired")
	case s.NumUsesLimit > 0 && s.NumUses >= s.NumUsesLimit:
		return k.Dead("used up")
	case p.locked(c, ua):
		return k.Dead("wrong client secrets have locked the login until " + l.Until.Format(time.RFC3339))
	}
	return k
}

func (p *Provider) tokenCredential(c *kernel.Call, cl claims) kernel.Credential {
	uses, _ := p.tokenUses.Get(c.Tx, cl.ID)
	k := kernel.Credential{
		Kind: kernel.KindAccessToken, ID: cl.ID, Owner: p.owner(c, cl.IdentityID),
		Created: time.Unix(cl.CreationEpoch, 0).UTC(), Uses: int(uses.Uses), Limit: int(cl.NumUsesLimit),
		Live: true, Exchanged: true, Row: kernel.Row{Table: "issued token", ID: cl.ID},
	}
	if cl.ExpiresAt != 0 {
		k.Expires = time.Unix(cl.ExpiresAt, 0).UTC()
	}
	_, ended := p.holder(c, cl, "")
	switch {
	case ended != nil:
		return k.Dead(kernel.Why(ended))
	case cl.ExpiresAt != 0 && c.Now.Unix() >= cl.ExpiresAt:
		return k.Dead("expired")
	case p.exhausted(c, cl):
		return k.Dead("used up")
	}
	return k
}
