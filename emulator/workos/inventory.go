package workos

import (
	"iter"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// inventory lists the secrets of applications and the keys of organizations. The
// environment's own key and what tokens say of themselves are not kept.
func (p *Provider) inventory(c *kernel.Call) iter.Seq[kernel.Credential] {
	return func(yield func(kernel.Credential) bool) {
		for _, s := range p.secrets.All(c.Tx) {
			a, _ := p.applications.Get(c.Tx, s.ApplicationID)
			if !yield(kernel.Credential{
				Kind: kernel.KindClientSecret, ID: s.ID, Owner: kernel.Owner{Kind: "application", ID: a.ID, Name: a.Name}, Hint: s.Hint,
				Created: s.CreatedAt, LastUsed: s.LastUsedAt, Live: true, Row: kernel.Row{Table: "client secret", ID: s.ID},
			}) {
				return
			}
		}
		for _, key := range p.keys.All(c.Tx) {
			org, _ := p.organizations.Get(c.Tx, key.OrganizationID)
			k := kernel.Credential{
				Kind: kernel.KindAPIKey, ID: key.ID, Owner: kernel.Owner{Kind: "organization", ID: key.OrganizationID, Name: org.Name}, Hint: key.Obfuscated,
				Created: key.CreatedAt, Expires: key.ExpiresAt, LastUsed: key.LastUsedAt, Live: true, Row: kernel.Row{Table: "organization's API key", ID: key.ID},
			}
			if key.expired(c.Now) {
				k = k.Dead("expired")
			}
			if !yield(k) {
				return
			}
		}
	}
}
