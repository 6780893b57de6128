package infisical

import (
	"iter"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// issuedToken is what is remembered of a token's claims.
type issuedToken struct {
	ID, IdentityID, ClientSecretID string
	NumUsesLimit                   float64
	IssuedAt, CreatedAt, ExpiresAt int64 // seconds; ExpiresAt 0: without end
}

// remember notes a token, under its id: a renewal has the same one.
func (p *Provider) remember(c *kernel.Call, cl claims) {
	kit.Remember(c, p.issued, cl.ID, issuedToken{cl.ID, cl.IdentityID, cl.ClientSecretID, cl.NumUsesLimit, cl.IssuedAt, cl.CreationEpoch, cl.ExpiresAt})
}

// inventory lists client secrets and access tokens, of those that log-ins gave out
// the newest.
func (p *Provider) inventory(c *kernel.Call) iter.Seq[kernel.Credential] {
	return func(yield func(kernel.Credential) bool) {
		for _, s := range p.clientSecrets.All(c.Tx) {
			if !yield(p.secretCredential(c, s)) {
				return
			}
		}
		for _, t := range p.tokens.All(c.Tx) {
			issued, ok := p.issued.Get(c.Tx, t.ID) // it may have been renewed
			if !ok {
				issued = issuedToken{ID: t.ID, IdentityID: t.IdentityID, NumUsesLimit: t.NumUsesLimit, IssuedAt: t.CreatedAt.Unix(), CreatedAt: t.CreatedAt.Unix()}
				if t.TTL > 0 {
					issued.ExpiresAt = t.CreatedAt.Add(seconds(t.TTL)).Unix()
				}
			}
			k := p.tokenCredential(c, issued)
			k.Row, k.Exchanged = kernel.Row{Table: "access token", ID: t.ID}, false
			if !yield(k) {
				return
			}
		}
		for _, t := range p.issued.All(c.Tx) {
			_, told := p.tokens.Get(c.Tx, t.ID)
			if !told && !yield(p.tokenCredential(c, t)) {
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
	ua, _ := p.byUAID.Get(c.Tx, s.UAID)
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
	case s.cleanedUp(c):
		return k.Dead("revoked, and cleaned up")
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

func (p *Provider) tokenCredential(c *kernel.Call, t issuedToken) kernel.Credential {
	uses, _ := p.tokenUses.Get(c.Tx, t.ID)
	k := kernel.Credential{
		Kind: kernel.KindAccessToken, ID: t.ID, Owner: p.owner(c, t.IdentityID),
		Created: time.Unix(t.CreatedAt, 0).UTC(), Uses: int(uses.Uses), Limit: int(t.NumUsesLimit),
		Live: true, Exchanged: true, Row: kernel.Row{Table: "issued token", ID: t.ID},
	}
	if t.ExpiresAt != 0 {
		k.Expires = time.Unix(t.ExpiresAt, 0).UTC()
	}
	cl := claims{
		ID: t.ID, IdentityAccessTokenID: t.ID, IdentityID: t.IdentityID, ClientSecretID: t.ClientSecretID,
		NumUsesLimit: t.NumUsesLimit, IssuedAt: t.IssuedAt,
	}
	_, ended := p.holder(c, cl, "")
	switch {
	case ended != nil:
		return k.Dead(kernel.Why(ended))
	case t.ExpiresAt != 0 && c.Now.Unix() >= t.ExpiresAt:
		return k.Dead("expired")
	case p.exhausted(c, cl):
		return k.Dead("used up")
	}
	return k
}
