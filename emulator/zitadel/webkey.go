package zitadel

import (
	webkeyv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/webkey/v2"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// webKey signs the instance's tokens while it is active. Until it is deleted, it is
// in the key set, and what it signed is good.
type webKey struct {
	stamp
	ID    string
	Spare int // which of the fixtures, from 1; 0 is the instance's first key
	State webkeyv2.State
}

// pair is the key itself. No two of a world are the same.
func (k webKey) pair() oauth.Key {
	if k.Spare == 0 {
		return oauth.Key{ID: k.ID, Pair: fixtures.RSAKey(0)}
	}
	return oauth.Key{ID: k.ID, Pair: fixtures.SpareKey(k.Spare - 1)}
}

// firstWebKey is the key that a new instance signs with.
func firstWebKey(c *kernel.Call) webKey {
	return webKey{ID: worldID(c, signingKeyPlace), State: webkeyv2.State_STATE_ACTIVE}
}

func (p *Provider) putWebKey(c *kernel.Call, k webKey) {
	k.touch(k.Sequence+1, c.Now)
	p.webKeys.Put(c.Tx, k.ID, k)
}

// signingKeys are those that tokens are verified with; the active one, which signs,
// is the first.
func (p *Provider) signingKeys(c *kernel.Call) []oauth.Key {
	var keys []oauth.Key
	for _, k := range p.webKeys.All(c.Tx) {
		keys = append(keys, k.pair())
		if last := len(keys) - 1; k.State == webkeyv2.State_STATE_ACTIVE {
			keys[0], keys[last] = keys[last], keys[0]
		}
	}
	if len(keys) == 0 { // an imported state may have lost them
		return []oauth.Key{firstWebKey(c).pair()}
	}
	return keys
}

// signingKey signs the instance's tokens.
func (p *Provider) signingKey(c *kernel.Call) oauth.Key { return p.signingKeys(c)[0] }

// createWebKey makes a key that can be activated later.
// https://zitadel.com/docs/reference/api/webkey/zitadel.webkey.v2.WebKeyService.CreateWebKey
func (p *Provider) createWebKey(c *kernel.Call, in *webkeyv2.CreateWebKeyRequest) (*webkeyv2.CreateWebKeyResponse, error) {
	asked := in.GetRsa()
	if asked == nil && in.Key == nil {
		asked = &webkeyv2.RSA{Bits: webkeyv2.RSABits_RSA_BITS_2048, Hasher: webkeyv2.RSAHasher_RSA_HASHER_SHA256}
	}
	if asked.GetBits() != webkeyv2.RSABits_RSA_BITS_2048 || asked.GetHasher() != webkeyv2.RSAHasher_RSA_HASHER_SHA256 {
		return nil, notEmulated("tokens are signed with RSA keys of 2048 bits and SHA256")
	}
	n := int(c.Tx.Next("zitadel/web-key"))
	if n > fixtures.SpareKeys {
		return nil, notEmulated("a world has keys for a few changes, and all were given out")
	}
	k := webKey{ID: p.nextID(c), Spare: n, State: webkeyv2.State_STATE_INITIAL}
	p.putWebKey(c, k)
	return &webkeyv2.CreateWebKeyResponse{Id: k.ID, CreationDate: moment(c.Now)}, nil
}

// activateWebKey makes a key sign, in place of the one that did.
// https://zitadel.com/docs/reference/api/webkey/zitadel.webkey.v2.WebKeyService.ActivateWebKey
func (p *Provider) activateWebKey(c *kernel.Call, in *webkeyv2.ActivateWebKeyRequest) (*webkeyv2.ActivateWebKeyResponse, error) {
	k, ok := p.webKeys.Get(c.Tx, in.Id)
	switch {
	case !ok:
		return nil, refuse(notFound, "COMMAND-teiG3", "Web key not found").Because("there is no web key %s", in.Id)
	case k.State == webkeyv2.State_STATE_ACTIVE:
		return &webkeyv2.ActivateWebKeyResponse{ChangeDate: moment(k.Changed)}, nil
	}
	for _, other := range rows(p.webKeys.All(c.Tx)) {
		if other.State == webkeyv2.State_STATE_ACTIVE {
			other.State = webkeyv2.State_STATE_INACTIVE
			p.putWebKey(c, other)
		}
	}
	k.State = webkeyv2.State_STATE_ACTIVE
	p.putWebKey(c, k)
	return &webkeyv2.ActivateWebKeyResponse{ChangeDate: moment(c.Now)}, nil
}

// deleteWebKey takes a key away that does not sign: what it signed is not good any
// more. One that does not exist is deleted already: there is no date.
// https://zitadel.com/docs/reference/api/webkey/zitadel.webkey.v2.WebKeyService.DeleteWebKey
func (p *Provider) deleteWebKey(c *kernel.Call, in *webkeyv2.DeleteWebKeyRequest) (*webkeyv2.DeleteWebKeyResponse, error) {
	k, ok := p.webKeys.Get(c.Tx, in.Id)
	switch {
	case !ok:
		return &webkeyv2.DeleteWebKeyResponse{}, nil
	case k.State == webkeyv2.State_STATE_ACTIVE:
		return nil, refuse(failedPrecondition, "COMMAND-Chai1", "Cannot delete active web key").Because("web key %s signs", k.ID)
	}
	p.webKeys.Delete(c.Tx, k.ID)
	return &webkeyv2.DeleteWebKeyResponse{DeletionDate: moment(c.Now)}, nil
}

// listWebKeys returns all keys.
// https://zitadel.com/docs/reference/api/webkey/zitadel.webkey.v2.WebKeyService.ListWebKeys
func (p *Provider) listWebKeys(c *kernel.Call, _ *webkeyv2.ListWebKeysRequest) (*webkeyv2.ListWebKeysResponse, error) {
	out := &webkeyv2.ListWebKeysResponse{}
	for _, k := range p.webKeys.All(c.Tx) {
		out.WebKeys = append(out.WebKeys, &webkeyv2.WebKey{
			Id: k.ID, CreationDate: moment(k.Created), ChangeDate: moment(k.Changed), State: k.State,
			Key: &webkeyv2.WebKey_Rsa{Rsa: &webkeyv2.RSA{Bits: webkeyv2.RSABits_RSA_BITS_2048, Hasher: webkeyv2.RSAHasher_RSA_HASHER_SHA256}},
		})
	}
	return out, nil
}
