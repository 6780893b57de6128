package zitadel

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

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

// keyTypeJSON is the one type of keys that there is.
const keyTypeJSON = "KEY_TYPE_JSON"

// keyWithoutEnd is when a key or token expires that is given no end.
var keyWithoutEnd = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// expiration is when a new key or token expires.
func expiration(c *kernel.Call, at *time.Time) (time.Time, error) {
	switch {
	case at == nil || at.IsZero():
		return keyWithoutEnd, nil
	case at.Before(c.Now):
		return *at, refuse(invalidArgument, keyExpiredID, keyExpired).Because("the expiration date %s has passed", at.UTC().Format(time.RFC3339))
	}
	return at.UTC(), nil
}

// keyPair returns the next key pair. There are few, and the first signs the
// instance's own tokens.
func keyPair(c *kernel.Call) fixtures.KeyPair {
	return fixtures.RSAKey(1 + int((c.Tx.Next("zitadel/key-pair")-1)%(fixtures.RSAKeys-1)))
}

// keyFile is the file that a generated key comes in, for an application or a
// machine user.
type keyFile struct {
	Type     string    `json:"type"`
	KeyID    string    `json:"keyId"`
	Key      string    `json:"key"`
	Expires  timestamp `json:"expirationDate"`
	AppID    string    `json:"appId,omitempty"`
	ClientID string    `json:"clientId,omitempty"`
	UserID   string    `json:"userId,omitempty"`
}

// generate makes the key a new pair, and the file that shows the private half.
func (k *key) generate(c *kernel.Call, file keyFile) ([]byte, error) {
	pair := keyPair(c)
	var err error
	if k.Public, err = x509.MarshalPKIXPublicKey(&pair.Private.PublicKey); err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	file.KeyID, file.Expires = k.ID, timestamp(k.ExpiresAt)
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

type keyBody struct {
	ID             string        `json:"id"`
	Details        objectDetails `json:"details"`
	Type           string        `json:"type"`
	ExpirationDate timestamp     `json:"expirationDate"`
}

func (k key) body(orgID string) keyBody {
	return keyBody{k.ID, k.details(orgID), keyTypeJSON, timestamp(k.ExpiresAt)}
}

type keyResponse struct {
	Key keyBody `json:"key"`
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

// listKeys lists the keys of an owner.
func (p *Provider) listKeys(c *kernel.Call, query listQuery, ownerID, orgID string, sequence uint64) (listResponse[keyBody], error) {
	page, err := newPage[keyBody](query)
	if err != nil {
		return listResponse[keyBody]{}, err
	}
	page.processed(sequence)
	for _, k := range p.keysOf.All(c.Tx, ownerID) {
		page.add(k.body(orgID))
	}
	return page.response(c), nil
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

type addAppKeyRequest struct {
	ProjectID      string     `path:"projectId" json:"-"`
	AppID          string     `path:"appId" json:"-"`
	ExpirationDate *time.Time `json:"expirationDate"`
}

type addAppKeyResponse struct {
	ID         string        `json:"id"`
	Details    objectDetails `json:"details"`
	KeyDetails []byte        `json:"keyDetails"`
}

// addAppKey creates a key for an application, and shows it for the only time.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddAppKey
func (p *Provider) addAppKey(c *kernel.Call, in addAppKeyRequest) (addAppKeyResponse, error) {
	var none addAppKeyResponse
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	switch {
	case why != "":
		return none, refuse(failedPrecondition, "COMMAND-sak25", "Application not found").Because("%s", why)
	case a.OIDC == nil && a.AuthMethod != apiPrivateKeyJWT, a.OIDC != nil && a.OIDC.AuthMethodType != oidcJWT:
		return none, refuse(failedPrecondition, "COMMAND-Dff54", "Chosen Auth Method does not require a key").
			Because("application %s does not authenticate with private_key_jwt", a.ID)
	}
	expires, err := expiration(c, in.ExpirationDate)
	if err != nil {
		return none, err
	}
	k := key{ID: p.nextID(c), OwnerID: a.ID, Identifier: a.ClientID, ExpiresAt: expires, Usable: views[bool](nil).with(c, true)}
	file, err := k.generate(c, keyFile{Type: "application", AppID: a.ID, ClientID: a.ClientID})
	if err != nil {
		return none, err
	}
	p.push(c, &v, 1)
	k.touch(v.Events, c.Now)
	p.keys.Put(c.Tx, k.ID, k)
	return addAppKeyResponse{k.ID, created(c, v.Events, v.OrgID), file}, nil
}

type listAppKeysRequest struct {
	ProjectID string    `path:"projectId" json:"-"`
	AppID     string    `path:"appId" json:"-"`
	Query     listQuery `json:"query"`
}

// listAppKeys searches the keys of an application. One that does not exist has
// none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListAppKeys
func (p *Provider) listAppKeys(c *kernel.Call, in listAppKeysRequest) (listResponse[keyBody], error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	if why != "" {
		return p.listKeys(c, in.Query, "", "", 0)
	}
	return p.listKeys(c, in.Query, a.ID, v.OrgID, v.Events)
}

type appKeyPath struct {
	ProjectID string `path:"projectId" json:"-"`
	AppID     string `path:"appId" json:"-"`
	KeyID     string `path:"keyId" json:"-"`
}

// getAppKey returns one key, without the key itself.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetAppKey
func (p *Provider) getAppKey(c *kernel.Call, in appKeyPath) (keyResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	k, ok := p.key(c, a.ID, in.KeyID)
	if why != "" || !ok {
		return keyResponse{}, noKey("the application", in.KeyID)
	}
	return keyResponse{k.body(v.OrgID)}, nil
}

// removeAppKey takes a key away from an application.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveAppKey
func (p *Provider) removeAppKey(c *kernel.Call, in appKeyPath) (detailsResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	k, ok := p.key(c, a.ID, in.KeyID)
	if why != "" || !ok {
		return detailsResponse{}, refuse(notFound, "COMMAND-4m77G", "Application key not found").Because("the application has no key %s", in.KeyID)
	}
	p.dropKey(c, k)
	p.push(c, &v, 1)
	return detailsResponse{changed(c, v.Events, v.OrgID)}, nil
}
