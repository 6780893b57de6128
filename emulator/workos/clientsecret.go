package workos

import (
	"net/http"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// maxSecrets is how many secrets an application can have.
const maxSecrets = 5

// clientSecret is one secret of an application. The value itself is not kept, but
// for the 24 hours in which an idempotency key may ask for it again.
type clientSecret struct {
	ID, ApplicationID    string
	Digest               string // SHA-256 of the value, in base64
	Hint                 string
	LastUsedAt           time.Time // zero: never
	CreatedAt, UpdatedAt time.Time
}

// hint is the part of a secret that is shown later: pages disagree on which.
func hint(c *kernel.Call, secret string) string {
	n := min(hintLength, len(secret))
	if c.Differs(hintSide) {
		return secret[len(secret)-n:]
	}
	return secret[:n]
}

type clientSecretData struct {
	Object     string         `json:"object"`
	ID         string         `json:"id"`
	Secret     string         `json:"secret,omitempty"` // when it is created
	SecretHint string         `json:"secret_hint"`
	LastUsedAt *kit.Timestamp `json:"last_used_at"`
	CreatedAt  kit.Timestamp  `json:"created_at"`
	UpdatedAt  kit.Timestamp  `json:"updated_at"`
}

func (s clientSecret) data() clientSecretData {
	return clientSecretData{
		Object: "connect_application_secret", ID: s.ID, SecretHint: s.Hint, LastUsedAt: kit.Nullable(s.LastUsedAt),
		CreatedAt: kit.Timestamp(s.CreatedAt), UpdatedAt: kit.Timestamp(s.UpdatedAt),
	}
}

// noContent is what deletions are answered.
var noContent = kernel.Answer{Status: http.StatusNoContent}

// createClientSecret makes a secret and shows its value, for the only time.
// https://workos.com/docs/reference/workos-connect/applications/client-secrets/create
func (p *Provider) createClientSecret(c *kernel.Call, in idPath) (clientSecretData, error) {
	a, err := p.application(c, in.ID)
	if err != nil {
		return clientSecretData{}, err
	}
	if n := p.countSecrets(c, a); n >= maxSecrets {
		return clientSecretData{}, refuse(http.StatusUnprocessableEntity, "", tooManySecrets, maxSecrets).
			Because("application %s has %d client secrets, as many as it can have; delete one", a.ID, n)
	}
	value, s := p.addClientSecret(c, a, "", "")
	data := s.data()
	data.Secret = value
	return data, nil
}

func (p *Provider) countSecrets(c *kernel.Call, a application) (n int) {
	for range p.secretsOf.All(c.Tx, a.ID) {
		n++
	}
	return n
}

// addClientSecret stores a secret; an empty id or value is drawn.
func (p *Provider) addClientSecret(c *kernel.Call, a application, id, value string) (string, clientSecret) {
	if value == "" {
		value = c.Draw("client-secret").Hex(secretBytes)
	}
	if id == "" {
		id = p.newID(c, secretPrefix)
	}
	s := clientSecret{
		ID: id, ApplicationID: a.ID,
		Digest: kit.Digest(value), Hint: hint(c, value),
		CreatedAt: c.Now, UpdatedAt: c.Now,
	}
	p.secrets.Put(c.Tx, s.ID, s)
	return value, s
}

// listClientSecrets returns an application's secrets, without a page around them.
// https://workos.com/docs/reference/workos-connect/applications/client-secrets/list
func (p *Provider) listClientSecrets(c *kernel.Call, in idPath) ([]clientSecretData, error) {
	a, err := p.application(c, in.ID)
	if err != nil {
		return nil, err
	}
	all := []clientSecretData{}
	for _, s := range p.secretsOf.All(c.Tx, a.ID) {
		all = append(all, s.data())
	}
	if len(all) > 0 {
		c.Differs(hintSide) // as they were made; a world has one contract
	}
	return all, nil
}

// deleteClientSecret ends a secret. No token is issued for it any more; those that
// were live until they expire.
// https://workos.com/docs/reference/workos-connect/applications/client-secrets/delete
func (p *Provider) deleteClientSecret(c *kernel.Call, in idPath) (kernel.Answer, error) {
	if !p.secrets.Delete(c.Tx, in.ID) {
		return kernel.Answer{}, entityNotFound("Client secret", in.ID).Because("no client secret has this id%s", quoted(in.ID))
	}
	return noContent, nil
}
