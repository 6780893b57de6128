package infisical

import (
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// lockout counts the wrong secrets a universal auth has seen; all its client
// secrets share it.
type lockout struct {
	Failures int
	Locked   bool
	From     time.Time // the last failure
	Until    time.Time // when the count is forgotten, or the lock opens
}

// holds reports whether the count still matters; it does not for a clock that
// has been moved back before it.
func (l lockout) holds(now time.Time) bool { return !now.Before(l.From) && now.Before(l.Until) }

// trim cuts white space off, as the service's schema does.
func trim(s string) string { return strings.TrimSpace(s) }

type loginRequest struct {
	ClientID         string  `json:"clientId"`
	ClientSecret     string  `json:"clientSecret"`
	OrganizationSlug *string `json:"organizationSlug"`
}

type tokenResponse struct {
	AccessToken       string  `json:"accessToken"`
	ExpiresIn         float64 `json:"expiresIn"`
	AccessTokenMaxTTL float64 `json:"accessTokenMaxTTL"`
	TokenType         string  `json:"tokenType"`
}

// login exchanges a client secret for an access token. The checks come in the
// service's order; most failures look alike to the caller.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/login
func (p *Provider) login(c *kernel.Call, in loginRequest) (tokenResponse, error) {
	var none tokenResponse
	clientID, secret := trim(in.ClientID), trim(in.ClientSecret)
	ua, ok := p.byClientID.Get(c.Tx, clientID)
	if !ok {
		return none, unauthorized("Invalid credentials").Because("no universal auth has this client id")
	}
	id, _ := p.identities.Get(c.Tx, ua.IdentityID)
	if problem := checkIP(c, ua.ClientSecretTrustedIPs, "the identity's client secrets"); problem != nil {
		return none, problem
	}
	if p.locked(c, ua) {
		l, _ := p.lockouts.Get(c.Tx, ua.ID)
		return none, unauthorized("This identity auth method is temporarily locked, please try again later").
			Because("locked by %d wrong client secrets until %s", l.Failures, l.Until.Format(time.RFC3339))
	}

	// The secret itself is compared with nothing: how long it takes to look up its
	// digest says nothing about it.
	s, ok := p.byDigest.Get(c.Tx, kit.Digest(secret))
	switch {
	case !ok:
		return none, p.wrongSecret(c, ua, "no such client secret")
	case s.UAID != ua.ID:
		return none, p.wrongSecret(c, ua, "the client secret belongs to another identity")
	case s.cleanedUp(c):
		return none, p.wrongSecret(c, ua, "client secret "+s.ID+" had ended and was cleaned up")
	case s.Revoked:
		return none, p.wrongSecret(c, ua, "client secret "+s.ID+" is revoked")
	}
	p.lockouts.Delete(c.Tx, ua.ID)

	// Expiry and exhaustion revoke the secret when they are found out.
	if s.expired(c.Now) {
		p.retire(c, s)
		return none, unauthorized("Access denied due to expired client secret").
			Because("client secret %s expired at %s", s.ID, s.CreatedAt.Add(seconds(s.TTL)).Format(time.RFC3339)).Keep()
	}
	if s.NumUsesLimit > 0 && s.NumUses >= s.NumUsesLimit {
		p.retire(c, s)
		return none, unauthorized("Access denied due to client secret usage limit reached").
			Because("client secret %s has had its %s uses", s.ID, decimal(s.NumUsesLimit)).Keep()
	}
	organization, problem := p.selectOrganization(c, id, trim(orEmpty(in.OrganizationSlug)), "name")
	if problem != nil {
		return none, problem.Keep() // the lockout stays cleared
	}

	c.Credential = s.ID
	s.NumUses++
	s.LastUsedAt, s.UpdatedAt = c.Now, c.Now
	p.clientSecrets.Put(c.Tx, s.ID, s)
	id.LastLoginAuthMethod, id.LastLoginTime = universalAuthMethod, c.Now
	p.identities.Put(c.Tx, id.ID, id)
	return p.issue(c, id, organization, ua, s.ID)
}

func (p *Provider) retire(c *kernel.Call, s clientSecret) {
	s.Revoked, s.UpdatedAt = true, c.Now
	p.clientSecrets.Put(c.Tx, s.ID, s)
}

// selectOrganization finds the organization that a token is for: the identity's
// own, or the sub-organization of it with that slug. Login calls the slug a name,
// token auth a slug.
func (p *Provider) selectOrganization(c *kernel.Call, id identity, slug, noun string) (organization, *kernel.Problem) {
	own, _ := p.organizations.Get(c.Tx, id.OrganizationID)
	if slug == "" || slug == own.Slug {
		return own, nil
	}
	org, ok := p.bySlug.Get(c.Tx, slug)
	switch {
	case !ok:
		return org, notFound("Sub organization with %s %s not found", noun, slug)
	case org.ParentID != own.ID:
		return org, unauthorized("Identity not authorized to access sub organization %s", slug).
			Because("organization %s is no sub-organization of the identity's, %s", org.ID, own.ID)
	}
	return org, nil
}

// locked reports whether wrong secrets have locked the login.
func (p *Provider) locked(c *kernel.Call, ua universalAuth) bool {
	l, ok := p.lockouts.Get(c.Tx, ua.ID)
	return ok && ua.LockoutEnabled && l.Locked && l.holds(c.Now)
}

// wrongSecret refuses a login and counts it. The attempt that locks is itself
// answered like the others.
func (p *Provider) wrongSecret(c *kernel.Call, ua universalAuth, why string) error {
	problem := unauthorized("Invalid credentials").Because("%s", why)
	if !ua.LockoutEnabled {
		return problem
	}
	l, _ := p.lockouts.Get(c.Tx, ua.ID)
	if !l.holds(c.Now) {
		l = lockout{}
	}
	l.Failures++
	l.From, l.Until = c.Now, c.In(seconds(ua.LockoutCounterResetSeconds))
	if float64(l.Failures) >= ua.LockoutThreshold {
		l.Locked, l.Until = true, c.In(seconds(ua.LockoutDurationSeconds))
		problem.Because("%s; the login is now locked until %s", why, l.Until.Format(time.RFC3339))
	}
	p.lockouts.Put(c.Tx, ua.ID, l)
	return problem.Keep()
}
