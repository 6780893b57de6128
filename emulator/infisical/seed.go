package infisical

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// An Identity is a machine identity, as SeedIdentity makes one and a world file has
// it.
type Identity struct {
	ID             string `json:"id,omitempty"` // a UUID
	Name           string `json:"name"`
	OrganizationID string `json:"-"` // the default world's
	// Role is admin, member or no-access. Empty means admin, in a world file no-access.
	Role                string `json:"role,omitempty"`
	HasDeleteProtection bool   `json:"hasDeleteProtection,omitempty"`
	// ClientID and what follows it are of the universal auth with one client secret
	// that SeedIdentity gives it.
	ClientID     string `json:"-"`
	ClientSecret string `json:"-"`
	// ClientSecretID is the id of the client secret; SeedIdentity tells it.
	ClientSecretID string `json:"-"`
	// AccessToken is a token that the client secret was exchanged for.
	AccessToken string `json:"-"`
	// AccessTokenTTL and AccessTokenMaxTTL are seconds. A TTL of 0 means the
	// maximum, and a maximum of 0 means 30 days, or the TTL where that is more.
	AccessTokenTTL    int `json:"-"`
	AccessTokenMaxTTL int `json:"-"`
	identityInFile
}

// identityInFile is what only a world file says of an identity.
type identityInFile struct {
	Metadata      []metadataInput      `json:"metadata,omitempty"`
	UniversalAuth *universalAuthInFile `json:"universalAuth,omitempty"`
	TokenAuth     *tokenAuthInput      `json:"tokenAuth,omitempty"`
}

type universalAuthInFile struct {
	ClientID string `json:"clientId,omitempty"`
	universalAuthInput
	ClientSecrets []ClientSecret `json:"clientSecrets,omitempty"`
}

// An Organization is a further organization, whose identities see nothing of the
// others'.
type Organization struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Slug string `json:"slug,omitempty"`
	// ParentID makes it a sub-organization, which the identities of its parent may
	// log in to by its slug.
	ParentID string `json:"-"`
}

// SeedOrganization adds an organization and returns it with everything filled in
// that was left empty. It panics when the id or the slug clashes.
func (p *Provider) SeedOrganization(in Organization) Organization {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Organization, error) {
		org, err := p.addOrganization(c, in)
		return Organization{org.ID, org.Name, org.Slug, org.ParentID}, err
	})
}

// A ClientSecret is a client secret of an identity.
type ClientSecret struct {
	IdentityID   string `json:"-"` // whose it is
	ID           string `json:"-"`
	Secret       string `json:"secret,omitempty"`
	Description  string `json:"description,omitempty"`
	NumUsesLimit int    `json:"numUsesLimit,omitempty"` // successful logins; 0 means any number
	TTL          int    `json:"ttl,omitempty"`          // seconds; 0 means without end
}

// SeedIdentity adds an identity and returns it with everything filled in that
// was left empty. It panics when an identity or a client id clashes.
func (p *Provider) SeedIdentity(in Identity) Identity {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Identity, error) {
		if in.AccessTokenTTL < 0 || in.AccessTokenMaxTTL < 0 {
			return in, errors.New("a lifetime cannot be negative")
		}
		in.AccessTokenTTL = cmp.Or(in.AccessTokenTTL, in.AccessTokenMaxTTL, defaultTokenTTL)
		in.AccessTokenMaxTTL = cmp.Or(in.AccessTokenMaxTTL, max(in.AccessTokenTTL, defaultTokenTTL))
		in.Role = cmp.Or(in.Role, roleAdmin)
		in.UniversalAuth = &universalAuthInFile{
			ClientID:           in.ClientID,
			universalAuthInput: universalAuthInput{AccessTokenTTL: number(in.AccessTokenTTL), AccessTokenMaxTTL: number(in.AccessTokenMaxTTL)},
			ClientSecrets:      []ClientSecret{{Secret: in.ClientSecret}},
		}
		in, err := p.seedIdentity(c, in, nil)
		if err != nil {
			return in, err
		}
		id, _ := p.identities.Get(c.Tx, in.ID)
		org, _ := p.organizations.Get(c.Tx, id.OrganizationID)
		ua, _ := p.universalAuths.Get(c.Tx, id.ID)
		token, err := p.issue(c, id, org, ua, in.ClientSecretID)
		in.AccessToken, in.identityInFile = token.AccessToken, identityInFile{}
		return in, err
	})
}

func number(n int) *float64 { f := float64(n); return &f }

// SeedClientSecret adds a client secret to an identity that was seeded or
// created, and returns it with everything filled in that was left empty. It
// panics when the identity has no universal auth.
func (p *Provider) SeedClientSecret(in ClientSecret) ClientSecret {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (ClientSecret, error) {
		ua, ok := p.universalAuths.Get(c.Tx, strings.ToLower(in.IdentityID))
		switch {
		case !ok:
			return in, fmt.Errorf("identity %q has no universal auth", in.IdentityID)
		case in.NumUsesLimit < 0 || in.TTL < 0:
			return in, errors.New("a use limit and a lifetime cannot be negative")
		}
		return p.seedClientSecret(c, ua, in)
	})
}

// world is the provider's section of a world file; specs/world/infisical.yaml
// describes it.
type world struct {
	Organization     Organization   `json:"organization"`
	SubOrganizations []Organization `json:"subOrganizations,omitempty"`
	Identities       []Identity     `json:"identities"`
	Projects         []Project      `json:"projects,omitempty"`
}

// defaultWorld is an organization, an administrator identity and a project.
func (p *Provider) defaultWorld(c *kernel.Call) any {
	name := fixtures.Company(c.Seed())
	return world{
		Organization: Organization{ID: c.DrawWorld("organization").UUID(), Name: name, Slug: fixtures.Slug(name)},
		Identities: []Identity{{
			ID: c.DrawWorld("identity").UUID(), Name: "understudy", Role: roleAdmin,
			identityInFile: identityInFile{
				UniversalAuth: &universalAuthInFile{
					ClientID:      c.DrawWorld("client-id").UUID(),
					ClientSecrets: []ClientSecret{{Secret: c.DrawWorld("client-secret").Hex(32)}},
				},
				TokenAuth: &tokenAuthInput{},
			},
		}},
		Projects: []Project{defaultProject(c)},
	}
}

// endOfWorld is when the world's access token expires: outside every cap, so
// that it works wherever the clock is set.
var endOfWorld = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// load fills an empty store.
func (p *Provider) load(c *kernel.Call, section json.RawMessage) (map[string]string, error) {
	var w world
	if err := json.Unmarshal(section, &w); err != nil {
		return nil, err
	}
	if w.Organization == (Organization{}) && len(w.Identities) == 0 {
		return map[string]string{}, nil // an instance that nobody has set up
	}
	org, err := p.addOrganization(c, Organization{
		ID:   cmp.Or(w.Organization.ID, c.DrawWorld("organization").UUID()),
		Name: cmp.Or(w.Organization.Name, fixtures.Company(c.Seed())),
		Slug: w.Organization.Slug,
	})
	if err != nil {
		return nil, err
	}

	for i, sub := range w.SubOrganizations {
		sub.ParentID = org.ID
		if _, err := p.addOrganization(c, sub); err != nil {
			return nil, kernel.WorldErrorf([]any{"subOrganizations", i}, "%v", err)
		}
	}

	credentials := map[string]string{"organizationId": org.ID}
	for i, in := range w.Identities {
		if in.Role == "" {
			in.Role = roleNoAccess
		}
		in, err := p.seedIdentity(c, in, []any{"identities", i})
		if err != nil {
			return nil, err
		}
		if i > 0 {
			continue
		}
		credentials["identityId"] = in.ID
		if in.ClientSecret != "" {
			credentials["clientId"], credentials["clientSecret"] = in.ClientID, in.ClientSecret
		}
		id, _ := p.identities.Get(c.Tx, in.ID)
		cl := p.newClaims(c, id, org, tokenAuthMethod)
		cl.ExpiresAt = endOfWorld.Unix()
		if credentials["accessToken"], err = sign(c, cl); err != nil {
			return nil, err
		}
		p.remember(c, cl)
		if in.TokenAuth != nil { // without it the token has no record, and nothing to detach
			p.addToken(c, cl, &id.Name, 0)
		}
	}
	for i, in := range w.Projects {
		in, err := p.seedProject(c, in, []any{"projects", i})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			credentials["projectId"] = in.ID
		}
	}
	return credentials, nil
}

const ttlTooLong = "accessTokenTTL %s is greater than accessTokenMaxTTL %s"

// addOrganization stores an organization. A slug is its own: one that is given
// must not clash, one that is made from the name is numbered.
func (p *Provider) addOrganization(c *kernel.Call, in Organization) (organization, error) {
	org := organization{ID: cmp.Or(in.ID, c.Draw("organization").UUID()), Name: in.Name, Slug: in.Slug, ParentID: in.ParentID, CreatedAt: c.Now, UpdatedAt: c.Now}
	org.Name = cmp.Or(org.Name, "organization-"+org.ID[:min(8, len(org.ID))])
	if _, ok := p.organizations.Get(c.Tx, org.ID); ok {
		return org, fmt.Errorf("there is an organization %s already", org.ID)
	}
	if _, ok := p.bySlug.Get(c.Tx, org.Slug); ok && in.Slug != "" {
		return org, fmt.Errorf("there is an organization with slug %s already", org.Slug)
	}
	if parent, ok := p.organizations.Get(c.Tx, in.ParentID); in.ParentID != "" && (!ok || parent.ParentID != "") {
		return org, fmt.Errorf("there is no organization %s to have a sub-organization", in.ParentID)
	}
	base := cmp.Or(fixtures.Slug(org.Name), "organization")
	for n := 1; org.Slug == ""; n++ {
		slug := base
		if n > 1 {
			slug = fmt.Sprintf("%s-%d", base, n)
		}
		if _, taken := p.bySlug.Get(c.Tx, slug); !taken {
			org.Slug = slug
		}
	}
	p.organizations.Put(c.Tx, org.ID, org)
	return org, nil
}

// organizationOr finds an organization, or the world's first where none is named.
func (p *Provider) organizationOr(c *kernel.Call, id string) (organization, bool) {
	if id != "" {
		return p.organizations.Get(c.Tx, id)
	}
	for _, org := range p.organizations.All(c.Tx) {
		return org, true
	}
	return organization{}, false
}

// seedIdentity stores an identity with what hangs from it and fills in what is
// left empty. Path is where it stands in a world file.
func (p *Provider) seedIdentity(c *kernel.Call, in Identity, path []any) (Identity, error) {
	refuse := func(field, format string, args ...any) (Identity, error) {
		return in, kernel.WorldErrorf(kernel.Below(path, field), format, args...)
	}
	org, ok := p.organizationOr(c, in.OrganizationID)
	if !ok {
		return refuse("organizationId", "there is no organization %q", in.OrganizationID)
	}
	in.ID = strings.ToLower(cmp.Or(in.ID, c.Draw("identity").UUID()))
	in.Name = cmp.Or(in.Name, "identity-"+in.ID[:min(8, len(in.ID))])
	in.OrganizationID = org.ID
	id := identity{
		ID: in.ID, OrganizationID: org.ID, Name: in.Name,
		MembershipID: c.Draw("membership").UUID(), Role: in.Role,
		HasDeleteProtection: in.HasDeleteProtection, Metadata: newMetadata(c, in.Metadata),
		CreatedAt: c.Now, UpdatedAt: c.Now,
	}
	if !uuidPattern.MatchString(id.ID) {
		return refuse("id", "identity id %q is not a UUID", id.ID)
	}
	// An identity of that id may have been deleted, and its tokens with it.
	p.revocations.Delete(c.Tx, identityTokens+id.ID)
	if _, ok := p.identities.Get(c.Tx, id.ID); ok {
		return refuse("id", "there is an identity %s already", id.ID)
	}
	if !p.isRole(c, org.ID, id.Role) {
		return refuse("role", "there is no role %q", id.Role)
	}
	p.identities.Put(c.Tx, id.ID, id)
	if in.TokenAuth != nil {
		t := newTokenAuth(c, id.ID)
		t.assign(*in.TokenAuth)
		if checkEffectiveTTLs(t.AccessTokenTTL, t.AccessTokenMaxTTL) != nil {
			return refuse("tokenAuth", ttlTooLong, decimal(t.AccessTokenTTL), decimal(t.AccessTokenMaxTTL))
		}
		p.tokenAuths.Put(c.Tx, id.ID, t)
	}
	if in.UniversalAuth == nil {
		return in, nil
	}

	ua := newUniversalAuth(c, id.ID)
	ua.ClientID = cmp.Or(in.UniversalAuth.ClientID, ua.ClientID)
	ua.assign(in.UniversalAuth.universalAuthInput)
	if _, ok := p.byClientID.Get(c.Tx, ua.ClientID); ok {
		return refuse("universalAuth", "client id %s belongs to another identity", ua.ClientID)
	}
	if checkEffectiveTTLs(ua.AccessTokenTTL, ua.AccessTokenMaxTTL) != nil {
		return refuse("universalAuth", ttlTooLong, decimal(ua.AccessTokenTTL), decimal(ua.AccessTokenMaxTTL))
	}
	p.universalAuths.Put(c.Tx, id.ID, ua)
	in.ClientID = ua.ClientID
	for i, s := range in.UniversalAuth.ClientSecrets {
		s, err := p.seedClientSecret(c, ua, s)
		if err != nil {
			return refuse("universalAuth", "%v", err)
		}
		if i == 0 {
			in.ClientSecret, in.ClientSecretID = s.Secret, s.ID
		}
	}
	return in, nil
}

// seedClientSecret stores a client secret of an identity and fills in what is left
// empty.
func (p *Provider) seedClientSecret(c *kernel.Call, ua universalAuth, in ClientSecret) (ClientSecret, error) {
	in.Secret = trim(in.Secret) // as a login takes it
	if _, ok := p.byDigest.Get(c.Tx, kit.Digest(in.Secret)); ok {
		return in, errors.New("a client secret is given twice")
	}
	value, s := p.addClientSecret(c, ua, clientSecret{
		Description: in.Description, NumUsesLimit: float64(in.NumUsesLimit), TTL: float64(in.TTL),
	}, in.Secret)
	in.IdentityID, in.ID, in.Secret = ua.IdentityID, s.ID, value
	return in, nil
}
