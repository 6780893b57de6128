package infisical

import (
	"cmp"
	"fmt"
	"time"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
	"github.com/understudy-dev/understudy/fixtures"
)

// An Identity is a machine identity with universal auth and one client secret,
// as SeedIdentity makes it.
type Identity struct {
	ID             string // a UUID
	Name           string
	OrganizationID string // the default world's
	Role           string // admin, member or no-access; empty means admin
	ClientID       string
	ClientSecret   string
	// AccessToken is a token that the client secret was exchanged for.
	AccessToken string
	// AccessTokenTTL and AccessTokenMaxTTL are seconds; 0 means 30 days.
	AccessTokenTTL, AccessTokenMaxTTL int
}

// A ClientSecret is a further client secret of an identity.
type ClientSecret struct {
	IdentityID   string // whose it is
	ID           string
	Secret       string
	Description  string
	NumUsesLimit int // successful logins; 0 means any number
	TTL          int // seconds; 0 means without end
}

// SeedIdentity adds an identity and returns it with everything filled in that
// was left empty. It panics when an identity or a client id clashes.
func (p *Provider) SeedIdentity(in Identity) Identity {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Identity, error) { return p.addIdentity(c, in) })
}

// SeedClientSecret adds a client secret to an identity that was seeded or
// created, and returns it with everything filled in that was left empty. It
// panics when the identity has no universal auth.
func (p *Provider) SeedClientSecret(in ClientSecret) ClientSecret {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (ClientSecret, error) {
		ua, ok := p.universalAuths.Get(c.Tx, in.IdentityID)
		if !ok {
			return in, fmt.Errorf("identity %q has no universal auth", in.IdentityID)
		}
		var s clientSecret
		in.Secret, s = p.addClientSecret(c, ua, clientSecret{
			Description: in.Description, NumUsesLimit: float64(in.NumUsesLimit), TTL: float64(in.TTL),
		}, in.Secret)
		in.ID = s.ID
		return in, nil
	})
}

func (p *Provider) addIdentity(c *kernel.Call, in Identity) (Identity, error) {
	if in.OrganizationID == "" {
		for id := range p.organizations.All(c.Tx) {
			in.OrganizationID = id
			break
		}
	}
	in.ID = cmp.Or(in.ID, c.Draw("identity").UUID())
	in.Role = cmp.Or(in.Role, roleAdmin)
	in.Name = cmp.Or(in.Name, "identity-"+in.ID[:8])
	if !uuidPattern.MatchString(in.ID) {
		return in, fmt.Errorf("identity id %q is not a UUID", in.ID)
	}
	if _, ok := p.identities.Get(c.Tx, in.ID); ok {
		return in, fmt.Errorf("there is an identity %s already", in.ID)
	}
	id := identity{
		ID: in.ID, Name: in.Name, OrganizationID: in.OrganizationID, Role: in.Role,
		MembershipID: c.Draw("membership").UUID(), Metadata: []metadata{},
		CreatedAt: c.Now, UpdatedAt: c.Now,
	}
	p.identities.Put(c.Tx, id.ID, id)

	ua := newUniversalAuth(c, id.ID)
	in.ClientID = cmp.Or(in.ClientID, ua.ClientID)
	ua.ClientID = in.ClientID
	in.AccessTokenTTL = cmp.Or(in.AccessTokenTTL, in.AccessTokenMaxTTL, defaultTokenTTL)
	in.AccessTokenMaxTTL = cmp.Or(in.AccessTokenMaxTTL, max(in.AccessTokenTTL, defaultTokenTTL))
	ua.AccessTokenTTL, ua.AccessTokenMaxTTL = float64(in.AccessTokenTTL), float64(in.AccessTokenMaxTTL)
	p.universalAuths.Put(c.Tx, id.ID, ua)

	var s clientSecret
	in.ClientSecret, s = p.addClientSecret(c, ua, clientSecret{}, in.ClientSecret)
	token, err := p.issue(c, id, ua, s.ID)
	in.AccessToken = token.AccessToken
	return in, err
}

// endOfWorld is when the default world's access token expires: outside every
// cap, so that it works wherever the clock is set.
var endOfWorld = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// seed makes the default world: an organization and an administrator identity.
func (p *Provider) seed(c *kernel.Call) (map[string]string, error) {
	org := organization{ID: c.Draw("organization").UUID(), Name: fixtures.Company(c.Seed())}
	org.Slug = fixtures.Slug(org.Name)
	p.organizations.Put(c.Tx, org.ID, org)
	admin, err := p.addIdentity(c, Identity{Name: "understudy"})
	if err != nil {
		return nil, err
	}
	row, _ := p.identities.Get(c.Tx, admin.ID)
	cl := p.newClaims(c, row, tokenAuthMethod)
	cl.ExpiresAt = endOfWorld.Unix()
	token, err := sign(c, cl)
	return map[string]string{
		"accessToken":    token,
		"identityId":     admin.ID,
		"clientId":       admin.ClientID,
		"clientSecret":   admin.ClientSecret,
		"organizationId": org.ID,
	}, err
}
