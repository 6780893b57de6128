package zitadel

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// inventory lists the secrets of applications and machine users, their keys, and
// tokens. Whether a secret or a key works is told as the OAuth endpoints see it,
// which may be behind.
func (p *Provider) inventory(c *kernel.Call) iter.Seq[kernel.Credential] {
	return func(yield func(kernel.Credential) bool) {
		all := yield
		yield = func(k kernel.Credential) bool {
			if u, ok := p.users.Get(c.Tx, k.Owner.ID); ok && k.Live && k.Owner.Kind == "user" {
				k = dead(k, u.whyNotActive())
			}
			return all(k)
		}
		_ = p.secretsOfApps(c, yield) && p.secretsOfUsers(c, yield) && p.keyCredentials(c, yield) && p.tokenCredentials(c, yield)
	}
}

// unseen is said of what was made or changed less than zitadel.lag ago.
const unseen = "so new that the OAuth endpoints do not see it"

func (p *Provider) secretsOfApps(c *kernel.Call, yield func(kernel.Credential) bool) bool {
	for _, a := range p.apps.All(c.Tx) {
		_, client, hidden := p.seenClient(c, a.ClientID)
		newest := a.Client.now().Digest
		digest := newest
		if a.Removed {
			digest = ""
		}
		if digest == "" && (client.Digest == "" || hidden != "") {
			continue
		}
		k := kernel.Credential{
			Kind: kernel.KindClientSecret, ID: a.ClientID, Owner: kernel.Owner{Kind: "application", ID: a.ID, Name: a.Name},
			Created: a.Created, Live: true, Row: kernel.Row{Table: "application", ID: a.ID}, Renewed: true, Going: digest == "",
		}
		if hidden == "" && newest != "" && client.Digest != newest { // renewed just now, and perhaps removed
			hidden = unseen
		}
		if !yield(dead(k, hidden)) {
			return false
		}
	}
	return true
}

func (p *Provider) secretsOfUsers(c *kernel.Call, yield func(kernel.Credential) bool) bool {
	for _, u := range p.users.All(c.Tx) {
		digest := u.Secret.now()
		seen, _ := u.Secret.seen(c)
		if digest == "" && seen == "" {
			continue
		}
		k := kernel.Credential{
			Kind: kernel.KindClientSecret, ID: u.ID, Owner: kernel.Owner{Kind: "user", ID: u.ID, Name: u.UserName},
			Created: u.Created, Live: true, Row: kernel.Row{Table: "user", ID: u.ID}, Renewed: true, Going: digest == "",
		}
		why := u.whyNotActive()
		if why == "" && seen != u.Secret.last(func(digest string) bool { return digest != "" }) { // renewed just now, and perhaps removed
			why = unseen
		}
		if !yield(dead(k, why)) {
			return false
		}
	}
	return true
}

func (p *Provider) keyCredentials(c *kernel.Call, yield func(kernel.Credential) bool) bool {
	for _, key := range p.keys.All(c.Tx) {
		usable, _ := key.Usable.seen(c)
		if key.Removed && !usable {
			continue
		}
		k := kernel.Credential{
			Kind: kernel.KindKey, ID: key.ID, Owner: kernel.Owner{Kind: "user", ID: key.OwnerID},
			Created: key.Created, Expires: ends(key.ExpiresAt), Live: true, Row: kernel.Row{Table: "key", ID: key.ID}, Going: key.Removed,
		}
		hidden := ""
		if a, ok := p.apps.Get(c.Tx, key.OwnerID); ok {
			k.Owner.Kind, k.Owner.Name = "application", a.Name
			_, _, hidden = p.seenClient(c, a.ClientID)
		} else if u, ok := p.users.Get(c.Tx, key.OwnerID); ok {
			k.Owner.Name, hidden = u.UserName, u.whyNotActive()
		} else {
			hidden = "its owner is removed"
		}
		if !usable {
			hidden = unseen
		}
		if !yield(dead(k, cmp.Or(expired(c, key.ExpiresAt), hidden))) {
			return false
		}
	}
	return true
}

func (p *Provider) tokenCredentials(c *kernel.Call, yield func(kernel.Credential) bool) bool {
	for _, t := range p.pats.All(c.Tx) {
		u, _ := p.users.Get(c.Tx, t.UserID)
		k := kernel.Credential{
			Kind: kernel.KindPersonalAccessToken, ID: t.ID, Owner: kernel.Owner{Kind: "user", ID: t.UserID, Name: u.UserName},
			Created: t.Created, Expires: ends(t.ExpiresAt), Live: true, Row: kernel.Row{Table: "personal access token", ID: t.ID},
		}
		if !yield(dead(k, cmp.Or(expired(c, t.ExpiresAt), u.whyNotActive()))) {
			return false
		}
	}
	keys := p.signingKeys(c)
	for _, t := range p.tokens.All(c.Tx) {
		u, _ := p.users.Get(c.Tx, t.UserID)
		k := kernel.Credential{
			Kind: kernel.KindAccessToken, ID: t.ID, Owner: kernel.Owner{Kind: "user", ID: t.UserID, Name: u.UserName},
			Created: t.IssuedAt, Expires: ends(t.ExpiresAt), Live: true, Exchanged: true, Row: kernel.Row{Table: "access token", ID: t.ID},
		}
		ended := u.whyNotActive()
		if ended == "" && u.Human != nil {
			_, _, ended = p.desk.Token(c, t.ID)
		}
		if t.SignedBy != "" && !slices.ContainsFunc(keys, func(key oauth.Key) bool { return key.ID == t.SignedBy }) {
			ended = "signed with a web key that is deleted"
		}
		if !yield(dead(k, cmp.Or(expired(c, t.ExpiresAt), ended))) {
			return false
		}
	}
	p.desk.Inventory(c, nil, func(k kernel.Credential) bool {
		return k.Kind == kernel.KindAccessToken || yield(k) // which are told of already
	})
	return true
}

// dead is a credential that does not work, if there is a reason.
func dead(k kernel.Credential, why string) kernel.Credential {
	if why == "" {
		return k
	}
	return k.Dead(why)
}

// expired is why something does not work that ended at an instant.
func expired(c *kernel.Call, end time.Time) string {
	if c.Now.Before(end) {
		return ""
	}
	return "expired"
}

// ends is when something ends: zero for what has none.
func ends(at time.Time) time.Time {
	if at.Equal(keyWithoutEnd) {
		return time.Time{}
	}
	return at
}
