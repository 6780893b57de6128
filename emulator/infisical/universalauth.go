package infisical

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// universalAuth is an identity's configuration of universal auth.
type universalAuth struct {
	ID, ClientID, IdentityID   string
	AccessTokenTTL             float64 // all lifetimes in seconds
	AccessTokenMaxTTL          float64
	AccessTokenNumUsesLimit    float64
	AccessTokenPeriod          float64
	ClientSecretTrustedIPs     []trustedIP
	AccessTokenTrustedIPs      []trustedIP
	LockoutEnabled             bool
	LockoutThreshold           float64
	LockoutDurationSeconds     float64
	LockoutCounterResetSeconds float64
	CreatedAt, UpdatedAt       time.Time
}

// trustedIP is an address or a block that may log in or use tokens.
type trustedIP struct {
	IPAddress string `json:"ipAddress"`
	Type      string `json:"type"`
	Prefix    *int   `json:"prefix,omitempty"`
}

type trustedIPInput struct {
	IPAddress string `json:"ipAddress"`
}

// universalAuthInput is what a caller may set; nil is left as it is.
type universalAuthInput struct {
	ClientSecretTrustedIPs     []trustedIPInput `json:"clientSecretTrustedIps,omitempty"`
	AccessTokenTrustedIPs      []trustedIPInput `json:"accessTokenTrustedIps,omitempty"`
	AccessTokenTTL             *float64         `json:"accessTokenTTL,omitempty"`
	AccessTokenMaxTTL          *float64         `json:"accessTokenMaxTTL,omitempty"`
	AccessTokenNumUsesLimit    *float64         `json:"accessTokenNumUsesLimit,omitempty"`
	AccessTokenPeriod          *float64         `json:"accessTokenPeriod,omitempty"`
	LockoutEnabled             *bool            `json:"lockoutEnabled,omitempty"`
	LockoutThreshold           *float64         `json:"lockoutThreshold,omitempty"`
	LockoutDurationSeconds     *float64         `json:"lockoutDurationSeconds,omitempty"`
	LockoutCounterResetSeconds *float64         `json:"lockoutCounterResetSeconds,omitempty"`
}

// assign sets what was sent, but for the trusted addresses.
func (u *universalAuth) assign(in universalAuthInput) {
	kit.Put(&u.AccessTokenTTL, in.AccessTokenTTL)
	kit.Put(&u.AccessTokenMaxTTL, in.AccessTokenMaxTTL)
	kit.Put(&u.AccessTokenNumUsesLimit, in.AccessTokenNumUsesLimit)
	kit.Put(&u.AccessTokenPeriod, in.AccessTokenPeriod)
	kit.Put(&u.LockoutEnabled, in.LockoutEnabled)
	kit.Put(&u.LockoutThreshold, in.LockoutThreshold)
	kit.Put(&u.LockoutDurationSeconds, in.LockoutDurationSeconds)
	kit.Put(&u.LockoutCounterResetSeconds, in.LockoutCounterResetSeconds)
}

// trust sets the trusted addresses that were sent.
func (u *universalAuth) trust(c *kernel.Call, in universalAuthInput) error {
	if err := trust(c, &u.ClientSecretTrustedIPs, in.ClientSecretTrustedIPs); err != nil {
		return err
	}
	return trust(c, &u.AccessTokenTrustedIPs, in.AccessTokenTrustedIPs)
}

func trust(c *kernel.Call, to *[]trustedIP, sent []trustedIPInput) error {
	if sent == nil {
		return nil
	}
	ips, err := trustedIPs(c, sent)
	if err == nil {
		*to = ips
	}
	return err
}

type universalAuthRequest struct {
	IdentityID string `path:"identityId" json:"-"`
	universalAuthInput
}

type universalAuthResponse struct {
	IdentityUniversalAuth universalAuthBody `json:"identityUniversalAuth"`
}

type universalAuthBody struct {
	ID                         string      `json:"id"`
	ClientID                   string      `json:"clientId"`
	AccessTokenTTL             float64     `json:"accessTokenTTL"`
	AccessTokenMaxTTL          float64     `json:"accessTokenMaxTTL"`
	AccessTokenNumUsesLimit    float64     `json:"accessTokenNumUsesLimit"`
	ClientSecretTrustedIPs     []trustedIP `json:"clientSecretTrustedIps"`
	AccessTokenTrustedIPs      []trustedIP `json:"accessTokenTrustedIps"`
	CreatedAt                  timestamp   `json:"createdAt"`
	UpdatedAt                  timestamp   `json:"updatedAt"`
	IdentityID                 string      `json:"identityId"`
	AccessTokenPeriod          float64     `json:"accessTokenPeriod"`
	LockoutEnabled             bool        `json:"lockoutEnabled"`
	LockoutThreshold           float64     `json:"lockoutThreshold"`
	LockoutDurationSeconds     float64     `json:"lockoutDurationSeconds"`
	LockoutCounterResetSeconds float64     `json:"lockoutCounterResetSeconds"`
}

func (u universalAuth) response() universalAuthResponse {
	return universalAuthResponse{universalAuthBody{
		ID: u.ID, ClientID: u.ClientID,
		AccessTokenTTL: u.AccessTokenTTL, AccessTokenMaxTTL: u.AccessTokenMaxTTL,
		AccessTokenNumUsesLimit: u.AccessTokenNumUsesLimit,
		ClientSecretTrustedIPs:  u.ClientSecretTrustedIPs, AccessTokenTrustedIPs: u.AccessTokenTrustedIPs,
		CreatedAt: timestamp(u.CreatedAt), UpdatedAt: timestamp(u.UpdatedAt),
		IdentityID: u.IdentityID, AccessTokenPeriod: u.AccessTokenPeriod,
		LockoutEnabled: u.LockoutEnabled, LockoutThreshold: u.LockoutThreshold,
		LockoutDurationSeconds: u.LockoutDurationSeconds, LockoutCounterResetSeconds: u.LockoutCounterResetSeconds,
	}}
}

// defaultTokenTTL is the default of both token lifetimes, in seconds: 30 days.
const defaultTokenTTL = 2_592_000

// newUniversalAuth is the configuration of an empty attach.
func newUniversalAuth(c *kernel.Call, identityID string) universalAuth {
	return universalAuth{
		ID: c.Draw("universal-auth").UUID(), ClientID: c.Draw("client-id").UUID(), IdentityID: identityID,
		AccessTokenTTL: defaultTokenTTL, AccessTokenMaxTTL: defaultTokenTTL,
		ClientSecretTrustedIPs: anywhere(), AccessTokenTrustedIPs: anywhere(),
		LockoutEnabled: true, LockoutThreshold: 3, LockoutDurationSeconds: 300, LockoutCounterResetSeconds: 30,
		CreatedAt: c.Now, UpdatedAt: c.Now,
	}
}

// attachUniversalAuth gives an identity universal auth, with a client id.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/attach
func (p *Provider) attachUniversalAuth(c *kernel.Call, in universalAuthRequest) (universalAuthResponse, error) {
	var none universalAuthResponse
	ua := newUniversalAuth(c, "")
	ua.assign(in.universalAuthInput)
	// Zero means without end here as elsewhere, and still counts as less.
	if ua.AccessTokenTTL > ua.AccessTokenMaxTTL {
		return none, ttlAboveMax(ua.AccessTokenTTL, ua.AccessTokenMaxTTL)
	}
	id, err := p.identity(c, in.IdentityID, identityNotFound)
	if err != nil {
		return none, err
	}
	if _, ok := p.universalAuths.Get(c.Tx, id.ID); ok {
		return none, badRequest("Failed to add universal auth to already configured identity")
	}
	if _, err := authorize(c, "create"); err != nil {
		return none, err
	}
	if err := ua.trust(c, in.universalAuthInput); err != nil {
		return none, err
	}
	ua.IdentityID = id.ID
	p.universalAuths.Put(c.Tx, id.ID, ua)
	return ua.response(), nil
}

// updateUniversalAuth changes what is sent.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/update
func (p *Provider) updateUniversalAuth(c *kernel.Call, in universalAuthRequest) (universalAuthResponse, error) {
	var none universalAuthResponse
	if err := checkTTLs(in.AccessTokenTTL, in.AccessTokenMaxTTL); err != nil {
		return none, err
	}
	ua, err := p.configured(c, in.IdentityID, "edit")
	if err != nil {
		return none, err
	}
	ua.assign(in.universalAuthInput)
	if err := checkEffectiveTTLs(ua.AccessTokenTTL, ua.AccessTokenMaxTTL); err != nil {
		return none, err
	}
	if err := ua.trust(c, in.universalAuthInput); err != nil {
		return none, err
	}
	ua.UpdatedAt = c.Now
	p.universalAuths.Put(c.Tx, ua.IdentityID, ua)
	return ua.response(), nil
}

// detachUniversalAuth takes universal auth from an identity, with its client
// secrets and the tokens they were exchanged for.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/revoke
func (p *Provider) detachUniversalAuth(c *kernel.Call, in identityPath) (universalAuthResponse, error) {
	ua, err := p.universalAuth(c, in.IdentityID, "edit")
	if err != nil {
		return universalAuthResponse{}, err
	}
	p.removeUniversalAuth(c, ua, "auth method has been revoked")
	return ua.response(), nil
}

// removeUniversalAuth deletes a configuration and everything that hangs from it.
// The holders of its tokens are told the message, unless it is empty.
func (p *Provider) removeUniversalAuth(c *kernel.Call, ua universalAuth, message string) {
	if message != "" {
		for id := range p.byUA.All(c.Tx, ua.ID) {
			p.revoke(c, clientSecretTokens+id, message)
		}
	}
	p.byUA.Delete(c.Tx, ua.ID)
	p.lockouts.Delete(c.Tx, ua.ID)
	p.universalAuths.Delete(c.Tx, ua.IdentityID)
}

type clearLockoutsResponse struct {
	Deleted int `json:"deleted"`
}

// clearLockouts forgets the wrong secrets an identity has seen.
// https://infisical.com/docs/documentation/platform/identities/universal-auth
func (p *Provider) clearLockouts(c *kernel.Call, in identityPath) (clearLockoutsResponse, error) {
	var response clearLockoutsResponse
	ua, err := p.universalAuth(c, in.IdentityID, "edit")
	if err != nil {
		return response, err
	}
	if l, ok := p.lockouts.Get(c.Tx, ua.ID); ok && l.holds(c.Now) {
		response.Deleted = 1
	}
	p.lockouts.Delete(c.Tx, ua.ID)
	return response, nil
}

// ttlAboveMax is the schema's own refinement, so it comes before everything the
// service checks.
func ttlAboveMax(ttl, maxTTL float64) *kernel.Problem {
	return validation(custom{"custom", "Access Token TTL cannot be greater than Access Token Max TTL.", []any{}}).
		Because("accessTokenTTL %s is greater than accessTokenMaxTTL %s", decimal(ttl), decimal(maxTTL))
}

// checkTTLs is what an update's schema checks: both, when both are sent.
func checkTTLs(ttl, maxTTL *float64) error {
	if ttl != nil && maxTTL != nil && *maxTTL > 0 && *ttl > *maxTTL {
		return ttlAboveMax(*ttl, *maxTTL)
	}
	return nil
}

// checkEffectiveTTLs is what the service checks of an update's outcome.
func checkEffectiveTTLs(ttl, maxTTL float64) error {
	if maxTTL > 0 && ttl > maxTTL {
		return badRequest("Access token TTL cannot be greater than max TTL").
			Because("accessTokenTTL would be %s, accessTokenMaxTTL %s", decimal(ttl), decimal(maxTTL))
	}
	return nil
}

// getUniversalAuth returns an identity's configuration.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/retrieve
func (p *Provider) getUniversalAuth(c *kernel.Call, in identityPath) (universalAuthResponse, error) {
	ua, err := p.configured(c, in.IdentityID, "read")
	if err != nil {
		return universalAuthResponse{}, err
	}
	return ua.response(), nil
}

// configured finds the configuration for the operations that answer 404 where
// the others answer 400.
func (p *Provider) configured(c *kernel.Call, identityID, action string) (universalAuth, error) {
	return p.universalAuthOr(c, identityID, action, notFound("Failed to find universal auth for identity with ID %s", identityID))
}

// universalAuth finds the configuration of an identity for a caller who may do
// action.
func (p *Provider) universalAuth(c *kernel.Call, identityID, action string) (universalAuth, error) {
	return p.universalAuthOr(c, identityID, action, badRequest("The identity does not have universal auth"))
}

// universalAuthOr finds a configuration; missing is the refusal when there is
// none. What exists is looked at before what the caller may do.
func (p *Provider) universalAuthOr(c *kernel.Call, identityID, action string, missing *kernel.Problem) (universalAuth, error) {
	id, err := p.identity(c, identityID, identityNotFound)
	if err != nil {
		return universalAuth{}, err
	}
	ua, ok := p.universalAuths.Get(c.Tx, id.ID)
	if !ok {
		return universalAuth{}, missing
	}
	_, err = authorize(c, action)
	return ua, err
}

// anywhere trusts every address.
func anywhere() []trustedIP {
	all := 0
	return []trustedIP{{"0.0.0.0", "ipv4", &all}, {"::", "ipv6", &all}}
}

// trustedIPs reads a list of addresses and blocks. Anything but the two
// wildcards needs a plan with IP allowlisting.
func trustedIPs(c *kernel.Call, in []trustedIPInput) ([]trustedIP, error) {
	var list []trustedIP
	for _, entry := range in {
		text := trim(entry.IPAddress)
		if text != "0.0.0.0/0" && text != "::/0" && !ipAllowlisting.Get(c) {
			return nil, badRequest("Failed to add IP access range to service token due to plan restriction. Upgrade plan to add IP access range.").
				Because("%s is not one of the wildcards 0.0.0.0/0 and ::/0, and the setting infisical.ipAllowlisting is off", text)
		}
		ip, err := parseTrustedIP(text)
		if err != nil {
			return nil, err
		}
		list = append(list, ip)
	}
	return list, nil
}

// restricted reports whether a list trusts anything less than every address.
func restricted(list []trustedIP) bool {
	return slices.ContainsFunc(list, func(t trustedIP) bool { return t.Prefix == nil || *t.Prefix != 0 })
}

// checkIP refuses a caller whose address the list does not trust.
func checkIP(c *kernel.Call, list []trustedIP, what string) *kernel.Problem {
	ip := c.RemoteIP()
	for _, t := range list {
		block := t.IPAddress
		if t.Prefix == nil {
			if net.ParseIP(block).Equal(ip) {
				return nil
			}
			continue
		}
		if _, network, err := net.ParseCIDR(fmt.Sprintf("%s/%d", block, *t.Prefix)); err == nil && network.Contains(ip) {
			return nil
		}
	}
	return forbidden("You are not allowed to access this resource from the current IP address").
		Because("%s is not among the trusted addresses of %s", ip, what)
}

func parseTrustedIP(text string) (trustedIP, error) {
	address, _, block := strings.Cut(text, "/")
	var prefix *int
	if block {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			return trustedIP{}, badIP(text)
		}
		ones, _ := network.Mask.Size()
		prefix = &ones
	}
	ip := net.ParseIP(address)
	switch {
	case ip == nil:
		return trustedIP{}, badIP(text)
	case strings.Contains(address, ":"):
		return trustedIP{address, "ipv6", prefix}, nil
	default:
		return trustedIP{address, "ipv4", prefix}, nil
	}
}

func badIP(text string) *kernel.Problem {
	return badRequest("The IP is not a valid IPv4, IPv6, or CIDR block").Because("%q is neither an address nor a block", text)
}
