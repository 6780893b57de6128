package infisical

import (
	"math"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// clientSecret is one secret of a universal auth. The value itself is not kept.
type clientSecret struct {
	ID, UAID             string
	Digest               string // SHA-256 of the value, in base64
	Prefix               string // the first four characters of the value
	Description          string
	NumUses              float64
	NumUsesLimit         float64
	TTL                  float64 // seconds; 0: without end
	Revoked              bool
	LastUsedAt           time.Time
	CreatedAt, UpdatedAt time.Time
}

// expired reports whether the secret's lifetime is over at now.
func (s clientSecret) expired(now time.Time) bool {
	return s.TTL > 0 && now.After(s.CreatedAt.Add(seconds(s.TTL)))
}

// cleanUpAfter is when the service's daily job has deleted what has ended.
const cleanUpAfter = 24 * time.Hour

// cleanedUp reports whether the service has deleted the secret: it is revoked,
// used up or expired for a day.
func (s clientSecret) cleanedUp(c *kernel.Call) bool {
	end := c.Now
	if s.Revoked || s.NumUsesLimit > 0 && s.NumUses >= s.NumUsesLimit {
		end = s.UpdatedAt
	}
	if s.TTL > 0 && s.CreatedAt.Add(seconds(s.TTL)).Before(end) {
		end = s.CreatedAt.Add(seconds(s.TTL))
	}
	return c.Now.Sub(end) > cleanUpAfter && c.Differs(cleanUp)
}

// seconds converts a lifetime. The bounds of the document keep it from
// overflowing where they exist.
func seconds(n float64) time.Duration {
	return time.Duration(min(n*float64(time.Second), math.MaxInt64/2))
}

type clientSecretData struct {
	ID                       string    `json:"id"`
	CreatedAt                timestamp `json:"createdAt"`
	UpdatedAt                timestamp `json:"updatedAt"`
	Description              string    `json:"description"`
	ClientSecretPrefix       string    `json:"clientSecretPrefix"`
	ClientSecretNumUses      float64   `json:"clientSecretNumUses"`
	ClientSecretNumUsesLimit float64   `json:"clientSecretNumUsesLimit"`
	ClientSecretTTL          float64   `json:"clientSecretTTL"`
	IdentityUAID             string    `json:"identityUAId"`
	IsClientSecretRevoked    bool      `json:"isClientSecretRevoked"`
}

func (s clientSecret) data() clientSecretData {
	return clientSecretData{
		ID: s.ID, CreatedAt: timestamp(s.CreatedAt), UpdatedAt: timestamp(s.UpdatedAt),
		Description: s.Description, ClientSecretPrefix: s.Prefix,
		ClientSecretNumUses: s.NumUses, ClientSecretNumUsesLimit: s.NumUsesLimit, ClientSecretTTL: s.TTL,
		IdentityUAID: s.UAID, IsClientSecretRevoked: s.Revoked,
	}
}

type createClientSecretRequest struct {
	IdentityID   string  `path:"identityId" json:"-"`
	Description  string  `json:"description"`
	NumUsesLimit float64 `json:"numUsesLimit"`
	TTL          float64 `json:"ttl"`
}

type createClientSecretResponse struct {
	ClientSecret     string           `json:"clientSecret"`
	ClientSecretData clientSecretData `json:"clientSecretData"`
}

// createClientSecret makes a secret and shows its value, for the only time.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/create-client-secret
func (p *Provider) createClientSecret(c *kernel.Call, in createClientSecretRequest) (createClientSecretResponse, error) {
	var none createClientSecretResponse
	ua, err := p.universalAuth(c, in.IdentityID, "create")
	if err != nil {
		return none, err
	}
	in.Description = trim(in.Description)
	if err := fit(text("description", &in.Description)); err != nil {
		return none, err
	}
	if fractional(in.TTL) || fractional(in.NumUsesLimit) {
		if c.Differs(fractionalNumber) {
			return none, databaseFailure(rowCreation).Because("the columns of ttl and numUsesLimit hold whole numbers")
		}
	}
	value, s := p.addClientSecret(c, ua, clientSecret{
		Description: in.Description, NumUsesLimit: in.NumUsesLimit, TTL: in.TTL,
	}, "")
	return createClientSecretResponse{value, s.data()}, nil
}

func fractional(n float64) bool { return n != math.Trunc(n) }

// addClientSecret stores s with what every secret gets; an empty value is drawn.
func (p *Provider) addClientSecret(c *kernel.Call, ua universalAuth, s clientSecret, value string) (string, clientSecret) {
	if value == "" {
		value = c.Draw("client-secret").Hex(32)
	}
	s.ID = c.Draw("client-secret-id").UUID()
	s.UAID, s.Digest, s.Prefix = ua.ID, kit.Digest(value), value[:min(4, len(value))]
	s.CreatedAt, s.UpdatedAt = c.Now, c.Now
	p.clientSecrets.Put(c.Tx, s.ID, s)
	return value, s
}

type listClientSecretsResponse struct {
	ClientSecretData []clientSecretData `json:"clientSecretData"`
}

// listClientSecrets returns the secrets that are not revoked. An expired one
// is listed until somebody tries to use it.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/list-client-secrets
func (p *Provider) listClientSecrets(c *kernel.Call, in identityPath) (listClientSecretsResponse, error) {
	var none listClientSecretsResponse
	ua, err := p.universalAuth(c, in.IdentityID, "read")
	if err != nil {
		return none, err
	}
	list, answer := []clientSecretData{}, newBudget()
	for _, s := range p.byUA.All(c.Tx, ua.ID) {
		if s.Revoked || s.cleanedUp(c) {
			continue
		}
		if err := answer.spendOn(400, s.Description); err != nil {
			return none, err
		}
		list = append(list, s.data())
	}
	return listClientSecretsResponse{list}, nil
}

type clientSecretPath struct {
	IdentityID     string `path:"identityId" json:"-"`
	ClientSecretID string `path:"clientSecretId" json:"-"`
}

type clientSecretResponse struct {
	ClientSecretData clientSecretData `json:"clientSecretData"`
}

// getClientSecret returns one secret, revoked or not.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/get-client-secret-by-id
func (p *Provider) getClientSecret(c *kernel.Call, in clientSecretPath) (clientSecretResponse, error) {
	s, err := p.clientSecret(c, in, "read")
	if err != nil {
		return clientSecretResponse{}, err
	}
	return clientSecretResponse{s.data()}, nil
}

// revokeClientSecret ends a secret and every token it was exchanged for. It may
// be called again.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/revoke-client-secret
func (p *Provider) revokeClientSecret(c *kernel.Call, in clientSecretPath) (clientSecretResponse, error) {
	s, err := p.clientSecret(c, in, "delete")
	if err != nil {
		return clientSecretResponse{}, err
	}
	s.Revoked, s.UpdatedAt = true, c.Now
	p.clientSecrets.Put(c.Tx, s.ID, s)
	p.revoke(c, clientSecretTokens+s.ID, "client secret has been revoked")
	return clientSecretResponse{s.data()}, nil
}

// clientSecret finds a secret of the path's identity for a caller who may do
// action.
func (p *Provider) clientSecret(c *kernel.Call, in clientSecretPath, action string) (clientSecret, error) {
	ua, err := p.universalAuth(c, in.IdentityID, action)
	if err != nil {
		return clientSecret{}, err
	}
	s, ok := p.clientSecrets.Get(c.Tx, in.ClientSecretID)
	if !ok || s.UAID != ua.ID || s.cleanedUp(c) {
		// The service names the identity here, not the secret.
		return clientSecret{}, notFound(identityNotFound, in.IdentityID).Because("the identity has no client secret %s", in.ClientSecretID)
	}
	return s, nil
}
