package workos

import (
	"iter"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// inventory lists the secrets of applications, the keys of organizations and tokens,
// of those that secrets were exchanged for the newest. The environment's own key has
// no name to be listed by.
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
		for _, t := range p.issued.All(c.Tx) {
			a, ok := p.byClientID.Get(c.Tx, t.Client)
			k := t.Credential("issued token", kernel.Owner{Kind: "application", ID: a.ID, Name: a.Name}, c.Now)
			if !ok {
				k.Owner.ID = t.Client
				k = k.Dead("its application is deleted")
			}
			if !yield(k) {
				return
			}
		}
		p.desk.Inventory(c, func(client string) string {
			if _, ok := p.byClientID.Get(c.Tx, client); !ok {
				return "its application is deleted"
			}
			return ""
		}, yield)
	}
}
