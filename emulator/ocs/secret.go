package ocs

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// secret is one secret of a client. The value itself is not kept.
type secret struct {
	ID         int32
	ClientID   string
	ClientMade uint64 // the client's Made
	Digest     string // SHA-256 of the value, in base64
	secretSettings
	Past              []past[secretSettings]
	Created, LastUsed time.Time // which only the inventory tells
}

// secretSettings is what an update can change.
type secretSettings struct {
	Description *string
	Expiration  *time.Time // nil: it never expires
}

func secretKey(id int32) string { return strconv.Itoa(int(id)) }

// secretBody is a secret as it is shown. Nothing in it tells when it was made or
// used.
type secretBody struct {
	ID          int32     `json:"Id"`
	Expiration  *dateTime `json:"Expiration"`
	Expires     bool      `json:"Expires"`
	Description *string   `json:"Description"`
}

func (s secret) body() secretBody {
	return secretBody{s.ID, orNull(s.Expiration), s.Expiration != nil, s.Description}
}

// addResponse shows a secret's value, for the only time.
type addResponse struct {
	Secret string `json:"Secret"`
	secretBody
}

// expiry is what a request says of a secret's expiration.
type expiry struct {
	at      *time.Time
	expires *bool
}

func readExpiry(expiration *string, expires *bool) (expiry, *kernel.Problem) {
	at, problem := parseDateTime("Expiration", expiration)
	return expiry{at, expires}, problem
}

// never reports whether the request says that the secret does not expire.
func (e expiry) never() bool { return e.expires != nil && !*e.expires }

// documented is when the secret expires by the page of 2019: when Expiration
// says, unless Expires is false; and without an Expiration never.
func (e expiry) documented() *time.Time {
	if e.never() {
		return nil
	}
	return e.at
}

// The refusals of the rule that holds since July 2019.
const (
	expiresWithout = "Expires is true, or missing, and there is no Expiration."
	expiresNever   = "Expires is false, and there is an Expiration."
	howToExpire    = "Send an Expiration, or Expires: false for a secret that never expires."
	howNotToExpire = "Send Expires: true, or no Expiration."
)

// forNew returns when a new secret expires.
func (e expiry) forNew(c *kernel.Call) (*time.Time, error) {
	switch {
	case e.never() && e.at != nil:
		if c.Differs(ignoredExpiration) {
			return nil, invalid(expiresNever, howNotToExpire)
		}
	case !e.never() && e.at == nil:
		if c.Differs(noExpiration) {
			return nil, invalid(expiresWithout, howToExpire)
		}
	}
	return e.documented(), nil
}

// forUpdate returns when a secret expires after an update. Since July 2019 what
// is not sent stays as it is and the rule is for what comes of it, but for one
// thing: Expires: false takes the stored Expiration away, or no secret could
// ever be made one that does not expire.
func (e expiry) forUpdate(c *kernel.Call, stored *time.Time) (*time.Time, error) {
	switch {
	case e.never() && e.at != nil:
		if c.Differs(ignoredExpiration) {
			return nil, invalid(expiresNever, howNotToExpire)
		}
	case e.never():
	case e.at != nil:
		if stored == nil && e.expires == nil && c.Differs(expirationAlone) {
			return nil, invalid("The secret's Expires is false, and there is an Expiration.", howNotToExpire)
		}
	case stored != nil:
		if c.Differs(keptExpiration) {
			return stored, nil
		}
	case e.expires != nil:
		if c.Differs(noExpiration) {
			return nil, invalid(expiresWithout, howToExpire)
		}
	}
	return e.documented(), nil
}

// listSecrets returns a client's secrets, expired ones too, in the order they
// were added.
// https://github.com/osisoft/OCS-Docs/blob/593c3b623ff381c7cd54ef6bf9b3552380390456/Documentation/Identity/Identity_Secret.md
func (p *Provider) listSecrets(k Kind) func(*kernel.Call, clientPath) (any, error) {
	return func(c *kernel.Call, in clientPath) (any, error) {
		cl, err := p.client(c, k, in.TenantID, in.ClientID)
		if err != nil {
			return nil, err
		}
		return page(c, func(yield func(any) bool) {
			for _, s := range p.secretsOf.All(c.Tx, cl.ID) {
				if !yield(s.body()) {
					return
				}
			}
		})
	}
}

// countOf returns how many secrets a client has.
func (p *Provider) countOf(c *kernel.Call, cl client) int {
	n := 0
	for range p.secretsOf.All(c.Tx, cl.ID) {
		n++
	}
	return n
}

type addSecretRequest struct {
	TenantID    string  `path:"tenantId" json:"-"`
	ClientID    string  `path:"clientId" json:"-"`
	Expiration  *string `json:"Expiration"`
	Expires     *bool   `json:"Expires"`
	Description *string `json:"Description"`
}

// addSecret makes a further secret and shows its value, for the only time. It can
// be used at once, beside the others.
// https://github.com/osisoft/OCS-Docs/blob/593c3b623ff381c7cd54ef6bf9b3552380390456/Documentation/Identity/Identity_Secret.md
func (p *Provider) addSecret(k Kind) func(*kernel.Call, addSecretRequest) (addResponse, error) {
	return func(c *kernel.Call, in addSecretRequest) (addResponse, error) {
		cl, err := p.client(c, k, in.TenantID, in.ClientID)
		if err != nil {
			return addResponse{}, err
		}
		when, problem := readExpiry(in.Expiration, in.Expires)
		if problem != nil {
			return addResponse{}, problem
		}
		expiration, err := when.forNew(c)
		if err != nil {
			return addResponse{}, err
		}
		if p.countOf(c, cl) >= maxSecrets {
			return addResponse{}, invalid("The client has its %d secrets.", "Delete a secret that is not used any more.", maxSecrets).
				Because("client %s has its %d secrets; expired ones count until they are deleted", cl.ID, maxSecrets)
		}
		value, s := p.newSecret(c, cl, secretSettings{in.Description, expiration}, "")
		return addResponse{value, s.body()}, nil
	}
}

// newValue returns the value of a secret: 44 characters.
func newValue(from *entropy.Draw) string { return base64.StdEncoding.EncodeToString(from.Bytes(32)) }

// newSecret stores a secret; an empty value is drawn.
func (p *Provider) newSecret(c *kernel.Call, cl client, settings secretSettings, value string) (string, secret) {
	if value == "" {
		value = newValue(c.Draw("secret"))
	}
	s := secret{ID: int32(c.Tx.Next(secretIDSequence)), ClientID: cl.ID, ClientMade: cl.Made, Digest: kit.Digest(value), secretSettings: settings, Created: c.Now}
	p.secrets.Put(c.Tx, secretKey(s.ID), s)
	return value, s
}

type secretPath struct {
	TenantID string `path:"tenantId" json:"-"`
	ClientID string `path:"clientId" json:"-"`
	SecretID int32  `path:"secretId" json:"-"`
}

// secret finds a secret of the path's client.
func (p *Provider) secret(c *kernel.Call, k Kind, in secretPath) (secret, error) {
	cl, err := p.client(c, k, in.TenantID, in.ClientID)
	if err != nil {
		return secret{}, err
	}
	key := secretKey(in.SecretID)
	s, ok := p.secrets.Get(c.Tx, key)
	switch {
	case !ok:
		return s, notFound("secret", key)
	case s.ClientID != cl.ID:
		return s, notFound("secret", key).Because("secret %s is another client's", key)
	}
	return s, nil
}

// getSecret returns a secret without its value.
// https://github.com/osisoft/OCS-Docs/blob/593c3b623ff381c7cd54ef6bf9b3552380390456/Documentation/Identity/Identity_Secret.md
func (p *Provider) getSecret(k Kind) func(*kernel.Call, secretPath) (secretBody, error) {
	return func(c *kernel.Call, in secretPath) (secretBody, error) {
		s, err := p.secret(c, k, in)
		return s.body(), err
	}
}

type updateSecretRequest struct {
	TenantID    string  `path:"tenantId" json:"-"`
	ClientID    string  `path:"clientId" json:"-"`
	SecretID    int32   `path:"secretId" json:"-"`
	Expiration  *string `json:"Expiration"`
	Expires     *bool   `json:"Expires"`
	Description *string `json:"Description"`
}

// updateSecret changes when a secret expires and what is said of it, never its
// value. The token service may take a while to go by it.
// https://github.com/osisoft/OCS-Docs/blob/593c3b623ff381c7cd54ef6bf9b3552380390456/Documentation/Identity/Identity_Secret.md
func (p *Provider) updateSecret(k Kind) func(*kernel.Call, updateSecretRequest) (secretBody, error) {
	return func(c *kernel.Call, in updateSecretRequest) (secretBody, error) {
		s, err := p.secret(c, k, secretPath{in.TenantID, in.ClientID, in.SecretID})
		if err != nil {
			return secretBody{}, err
		}
		when, problem := readExpiry(in.Expiration, in.Expires)
		if problem != nil {
			return secretBody{}, problem
		}
		settings := s.secretSettings
		if settings.Expiration, err = when.forUpdate(c, s.Expiration); err != nil {
			return secretBody{}, err
		}
		if in.Description != nil {
			settings.Description = in.Description
		}
		s.Past = remember(c, s.Past, s.secretSettings)
		s.secretSettings = settings
		p.secrets.Put(c.Tx, secretKey(s.ID), s)
		return s.body(), nil
	}
}

// deleteSecret deletes a secret, the last one too. The tokens it was exchanged
// for live on, and the token service may take a while to notice.
// https://github.com/osisoft/OCS-Docs/blob/593c3b623ff381c7cd54ef6bf9b3552380390456/Documentation/Identity/Identity_Secret.md
func (p *Provider) deleteSecret(k Kind) func(*kernel.Call, secretPath) (kernel.Answer, error) {
	return func(c *kernel.Call, in secretPath) (kernel.Answer, error) {
		s, err := p.secret(c, k, in)
		if err != nil {
			return kernel.Answer{}, err
		}
		p.secrets.Delete(c.Tx, secretKey(s.ID))
		bury(c, p.goneSecrets, s)
		return kernel.Answer{Status: http.StatusNoContent}, nil
	}
}
