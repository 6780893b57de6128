package workos

import (
	"net/http"
	"time"

	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// organizationKey is an API key that a customer calls an application's own API
// with; it opens nothing here. The value itself is not kept.
type organizationKey struct {
	ID, OrganizationID   string
	Name                 string
	Digest               string
	Obfuscated           string
	Permissions          []string
	LastUsedAt           time.Time // zero: never
	ExpiresAt            time.Time // zero: never
	CreatedAt, UpdatedAt time.Time
}

// expired reports whether the key has ended.
func (k organizationKey) expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

type owner struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type organizationKeyData struct {
	Object      string         `json:"object"`
	ID          string         `json:"id"`
	Owner       owner          `json:"owner"`
	Name        string         `json:"name"`
	Obfuscated  string         `json:"obfuscated_value"`
	LastUsedAt  *kit.Timestamp `json:"last_used_at"`
	ExpiresAt   *kit.Timestamp `json:"expires_at"`
	Permissions []string       `json:"permissions"`
	CreatedAt   kit.Timestamp  `json:"created_at"`
	UpdatedAt   kit.Timestamp  `json:"updated_at"`
	Value       string         `json:"value,omitempty"` // when it is created
}

func (k organizationKey) data() organizationKeyData {
	return organizationKeyData{
		Object: "api_key", ID: k.ID, Owner: owner{"organization", k.OrganizationID}, Name: k.Name, Obfuscated: k.Obfuscated,
		LastUsedAt: kit.Nullable(k.LastUsedAt), ExpiresAt: kit.Nullable(k.ExpiresAt), Permissions: kit.List(k.Permissions),
		CreatedAt: kit.Timestamp(k.CreatedAt), UpdatedAt: kit.Timestamp(k.UpdatedAt),
	}
}

type organizationPath struct {
	OrganizationID string `path:"organizationId" json:"-"`
}

type listAPIKeysRequest struct {
	organizationPath
	page
}

// listAPIKeys returns a page of an organization's keys, expired ones included.
// https://workos.com/docs/reference/api-keys/list
func (p *Provider) listAPIKeys(c *kernel.Call, in listAPIKeysRequest) (list[organizationKeyData], error) {
	o, err := p.organization(c, in.OrganizationID)
	if err != nil {
		return list[organizationKeyData]{}, err
	}
	return paginate(in.page, organizationKeyPrefix, rows(c, p.keysOf, o.ID+"/"), nil, organizationKey.data)
}

type createAPIKeyRequest struct {
	organizationPath
	Name        string     `json:"name"`
	Permissions []string   `json:"permissions"`
	ExpiresAt   *time.Time `json:"expires_at"`
}

// createAPIKey makes a key and shows its value, for the only time.
// https://workos.com/docs/reference/api-keys/create-for-organization
func (p *Provider) createAPIKey(c *kernel.Call, in createAPIKeyRequest) (organizationKeyData, error) {
	o, err := p.organization(c, in.OrganizationID)
	if err != nil {
		return organizationKeyData{}, err
	}
	k := organizationKey{OrganizationID: o.ID, Name: in.Name, Permissions: in.Permissions, CreatedAt: c.Now, UpdatedAt: c.Now}
	if in.ExpiresAt != nil {
		if k.ExpiresAt = *in.ExpiresAt; k.expired(c.Now) {
			return organizationKeyData{}, validation(fieldError{"expires_at", expiresInPast}).
				Because("expires_at is %s, and the world's time %s", k.ExpiresAt.UTC().Format(time.RFC3339), c.Now.UTC().Format(time.RFC3339))
		}
	}
	value := newKeyValue(c.Draw("organization-key"))
	k.ID, k.Digest = p.newID(c, organizationKeyPrefix), kit.Digest(value)
	k.Obfuscated = organizationKeyValue + "..." + value[len(value)-4:]
	p.keys.Put(c.Tx, k.ID, k)
	data := k.data()
	data.Value = value
	return data, nil
}

func newKeyValue(from *entropy.Draw) string {
	return organizationKeyValue + from.Alphanumeric(apiKeyLength)
}

type validateAPIKeyRequest struct {
	Value string `json:"value"`
}

type validateAPIKeyResponse struct {
	APIKey *organizationKeyData `json:"api_key"`
}

// validateAPIKey tells whose key a value is, or null when it is nobody's or has
// expired. A key that is found has been used.
// https://workos.com/docs/reference/api-keys/validate
func (p *Provider) validateAPIKey(c *kernel.Call, in validateAPIKeyRequest) (validateAPIKeyResponse, error) {
	k, ok := p.keyByDigest.Get(c.Tx, kit.Digest(in.Value))
	switch {
	case !ok:
		c.Reason = "no organization has a key of this value; it may have been deleted"
		return validateAPIKeyResponse{}, nil
	case k.expired(c.Now):
		c.Reason = "the key " + k.ID + " expired at " + k.ExpiresAt.UTC().Format(time.RFC3339)
		return validateAPIKeyResponse{}, nil
	}
	k.LastUsedAt, k.UpdatedAt = c.Now, c.Now
	p.keys.Put(c.Tx, k.ID, k)
	data := k.data()
	return validateAPIKeyResponse{&data}, nil
}

// organizationKey finds a key.
func (p *Provider) organizationKey(c *kernel.Call, id string) (organizationKey, error) {
	k, ok := p.keys.Get(c.Tx, id)
	if !ok {
		return k, entityNotFound("API Key", id).Because("no API key has this id%s", quoted(id))
	}
	return k, nil
}

type expireAPIKeyRequest struct {
	idPath
	ExpiresAt kit.Field[time.Time] `json:"expires_at"`
}

// expireAPIKey ends a key now, or at a later time; null takes a later time away.
// https://workos.com/docs/reference/api-keys/expire
func (p *Provider) expireAPIKey(c *kernel.Call, in expireAPIKeyRequest) (organizationKeyData, error) {
	k, err := p.organizationKey(c, in.ID)
	if err != nil {
		return organizationKeyData{}, err
	}
	if k.expired(c.Now) {
		return organizationKeyData{}, refuse(http.StatusConflict, "api_key_already_expired", "API key is already expired").
			Because("it expired at %s", k.ExpiresAt.UTC().Format(time.RFC3339))
	}
	at := in.ExpiresAt.Value
	switch {
	case !in.ExpiresAt.Sent, at != nil && at.Before(c.Now):
		k.ExpiresAt = c.Now
	case at == nil:
		k.ExpiresAt = time.Time{}
	default:
		k.ExpiresAt = *at
	}
	k.UpdatedAt = c.Now
	p.keys.Put(c.Tx, k.ID, k)
	return k.data(), nil
}

// deleteAPIKey ends a key for good.
// https://workos.com/docs/reference/api-keys/delete
func (p *Provider) deleteAPIKey(c *kernel.Call, in idPath) (kernel.Answer, error) {
	k, err := p.organizationKey(c, in.ID)
	if err != nil {
		return kernel.Answer{}, err
	}
	p.keys.Delete(c.Tx, k.ID)
	return noContent, nil
}
