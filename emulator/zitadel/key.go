package zitadel

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	authnv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authn"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// key is the public half of a key that an application or a machine user signs
// assertions with. The private half is shown once.
type key struct {
	stamp
	ID         string
	OwnerID    string // an application's or a user's
	Identifier string // what assertions name the owner by: the client id or the user id
	Public     []byte // PKIX
	ExpiresAt  time.Time
	Removed    bool
	Usable     views[bool] // as the OAuth endpoints see it
}

// keyWithoutEnd is when a key or token expires that is given no end.
var keyWithoutEnd = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// expiration is when a new key or token expires.
func expiration(c *kernel.Call, until *timestamppb.Timestamp) (time.Time, error) {
	at := until.AsTime()
	switch {
	case until == nil || at.IsZero():
		return keyWithoutEnd, nil
	case at.Before(c.Now):
		return at, refuse(invalidArgument, keyExpiredID, keyExpired).Because("the expiration date %s has passed", at.Format(time.RFC3339))
	}
	return at, nil
}

// keyPair returns the next key pair. There are few, and the first signs the
// instance's own tokens.
func keyPair(c *kernel.Call) fixtures.KeyPair {
	return fixtures.RSAKey(1 + int((c.Tx.Next("zitadel/key-pair")-1)%(fixtures.RSAKeys-1)))
}

// keyFile is the file that a generated key comes in, for an application or a
// machine user.
type keyFile struct {
	Type     string  `json:"type"`
	KeyID    string  `json:"keyId"`
	Key      string  `json:"key"`
	Expires  encoded `json:"expirationDate"`
	AppID    string  `json:"appId,omitempty"`
	ClientID string  `json:"clientId,omitempty"`
	UserID   string  `json:"userId,omitempty"`
}

// generate makes the key a new pair, and the file that shows the private half.
func (k *key) generate(c *kernel.Call, file keyFile) ([]byte, error) {
	pair := keyPair(c)
	var err error
	if k.Public, err = x509.MarshalPKIXPublicKey(&pair.Private.PublicKey); err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	file.KeyID, file.Expires = k.ID, encoded{moment(k.ExpiresAt)}
	file.Key = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(pair.Private)}))
	return json.Marshal(file)
}

// publicKey reads an RSA key in PEM.
func publicKey(text []byte) ([]byte, bool) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, false
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, false
	}
	_, ok := parsed.(*rsa.PublicKey)
	return block.Bytes, ok
}

func (k key) message(orgID string) *authnv1.Key {
	return &authnv1.Key{Id: k.ID, Details: k.details(orgID), Type: authnv1.KeyType_KEY_TYPE_JSON, ExpirationDate: moment(k.ExpiresAt)}
}

// key returns a key of an owner.
func (p *Provider) key(c *kernel.Call, ownerID, keyID string) (key, bool) {
	k, ok := p.keys.Get(c.Tx, keyID)
	return k, ok && !k.Removed && k.OwnerID == ownerID
}

// noKey refuses a read of a key that there is not.
func noKey(owner, keyID string) error {
	return refuse(notFound, "QUERY-Dgr3g", "Errors.AuthNKey.NotFound").Because("%s has no key %s", owner, keyID)
}

// addKeys adds the keys of an owner to a page.
func (p *Provider) addKeys(c *kernel.Call, page *page[*authnv1.Key], ownerID, orgID string) {
	for _, k := range p.keysOf.All(c.Tx, ownerID) {
		page.add(k.message(orgID))
	}
}

// dropKey takes a key out. With a lag the OAuth endpoints still see it for a
// while.
func (p *Provider) dropKey(c *kernel.Call, k key) {
	if lag.Get(c) == 0 {
		p.keys.Delete(c.Tx, k.ID)
		return
	}
	k.Removed = true
	k.Usable = k.Usable.with(c, false)
	p.keys.Put(c.Tx, k.ID, k)
}

// dropKeys takes all keys of an owner out.
func (p *Provider) dropKeys(c *kernel.Call, ownerID string) {
	for _, k := range rows(p.keysOf.All(c.Tx, ownerID)) {
		p.dropKey(c, k)
	}
}

// newAppKey creates a key for an application, with the file that shows it.
func (p *Provider) newAppKey(c *kernel.Call, projectID, appID string, until *timestamppb.Timestamp) (k key, v project, file []byte, err error) {
	a, v, why := p.app(c, projectID, appID)
	switch {
	case why != "":
		return k, v, nil, refuse(failedPrecondition, "COMMAND-sak25", "Application not found").Because("%s", why)
	case a.OIDC == nil && a.AuthMethod != appv1.APIAuthMethodType_API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT,
		a.OIDC != nil && a.OIDC.AuthMethodType != appv1.OIDCAuthMethodType_OIDC_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT:
		return k, v, nil, refuse(failedPrecondition, "COMMAND-Dff54", "Chosen Auth Method does not require a key").
			Because("application %s does not authenticate with private_key_jwt", a.ID)
	}
	expires, err := expiration(c, until)
	if err != nil {
		return k, v, nil, err
	}
	k = key{ID: p.nextID(c), OwnerID: a.ID, Identifier: a.ClientID, ExpiresAt: expires, Usable: views[bool](nil).with(c, true)}
	if file, err = k.generate(c, keyFile{Type: "application", AppID: a.ID, ClientID: a.ClientID}); err != nil {
		return k, v, nil, err
	}
	p.push(c, &v, 1)
	k.touch(v.Events, c.Now)
	p.keys.Put(c.Tx, k.ID, k)
	return k, v, file, nil
}

// addAppKey creates a key for an application, and shows it for the only time.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddAppKey
func (p *Provider) addAppKey(c *kernel.Call, in *management.AddAppKeyRequest) (*management.AddAppKeyResponse, error) {
	k, v, file, err := p.newAppKey(c, in.ProjectId, in.AppId, in.ExpirationDate)
	return &management.AddAppKeyResponse{Id: k.ID, Details: created(c, v.Events, v.OrgID), KeyDetails: file}, err
}

// listAppKeys searches the keys of an application. One that does not exist has
// none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListAppKeys
func (p *Provider) listAppKeys(c *kernel.Call, in *management.ListAppKeysRequest) (*management.ListAppKeysResponse, error) {
	page := newPage[*authnv1.Key](in.Query)
	if a, v, why := p.app(c, in.ProjectId, in.AppId); why == "" {
		page.processed(v.Events)
		p.addKeys(c, page, a.ID, v.OrgID)
	}
	return &management.ListAppKeysResponse{Details: page.details(c), Result: page.rows}, page.err
}

// getAppKey returns one key, without the key itself.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetAppKey
func (p *Provider) getAppKey(c *kernel.Call, in *management.GetAppKeyRequest) (*management.GetAppKeyResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.AppId)
	k, ok := p.key(c, a.ID, in.KeyId)
	if why != "" || !ok {
		return nil, noKey("the application", in.KeyId)
	}
	return &management.GetAppKeyResponse{Key: k.message(v.OrgID)}, nil
}

// removeAppKey takes a key away from an application.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveAppKey
func (p *Provider) removeAppKey(c *kernel.Call, in *management.RemoveAppKeyRequest) (*management.RemoveAppKeyResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.AppId)
	k, ok := p.key(c, a.ID, in.KeyId)
	if why != "" || !ok {
		return nil, refuse(notFound, "COMMAND-4m77G", "Application key not found").Because("the application has no key %s", in.KeyId)
	}
	p.dropKey(c, k)
	p.push(c, &v, 1)
	return &management.RemoveAppKeyResponse{Details: changed(c, v.Events, v.OrgID)}, nil
}
