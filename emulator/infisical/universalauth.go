package infisical

import (
	"net"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
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

type attachUniversalAuthRequest struct {
	IdentityID                 string           `path:"identityId" json:"-"`
	ClientSecretTrustedIPs     []trustedIPInput `json:"clientSecretTrustedIps"`
	AccessTokenTrustedIPs      []trustedIPInput `json:"accessTokenTrustedIps"`
	AccessTokenTTL             *float64         `json:"accessTokenTTL"`
	AccessTokenMaxTTL          *float64         `json:"accessTokenMaxTTL"`
	AccessTokenNumUsesLimit    float64          `json:"accessTokenNumUsesLimit"`
	AccessTokenPeriod          float64          `json:"accessTokenPeriod"`
	LockoutEnabled             *bool            `json:"lockoutEnabled"`
	LockoutThreshold           *float64         `json:"lockoutThreshold"`
	LockoutDurationSeconds     *float64         `json:"lockoutDurationSeconds"`
	LockoutCounterResetSeconds *float64         `json:"lockoutCounterResetSeconds"`
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

// assign stores what was sent.
func assign[T any](to *T, sent *T) {
	if sent != nil {
		*to = *sent
	}
}

// attachUniversalAuth gives an identity universal auth, with a client id.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/attach
func (p *Provider) attachUniversalAuth(c *kernel.Call, in attachUniversalAuthRequest) (universalAuthResponse, error) {
	var none universalAuthResponse
	ua := newUniversalAuth(c, "")
	assign(&ua.AccessTokenTTL, in.AccessTokenTTL)
	assign(&ua.AccessTokenMaxTTL, in.AccessTokenMaxTTL)
	ua.AccessTokenNumUsesLimit, ua.AccessTokenPeriod = in.AccessTokenNumUsesLimit, in.AccessTokenPeriod
	assign(&ua.LockoutEnabled, in.LockoutEnabled)
	assign(&ua.LockoutThreshold, in.LockoutThreshold)
	assign(&ua.LockoutDurationSeconds, in.LockoutDurationSeconds)
	assign(&ua.LockoutCounterResetSeconds, in.LockoutCounterResetSeconds)
	if ua.AccessTokenTTL > ua.AccessTokenMaxTTL {
		return none, ttlAboveMax(ua.AccessTokenTTL, ua.AccessTokenMaxTTL)
	}

	if _, err := authorize(c, "create"); err != nil {
		return none, err
	}
	id, err := p.identity(c, in.IdentityID, identityNotFound)
	if err != nil {
		return none, err
	}
	if _, ok := p.universalAuths.Get(c.Tx, id.ID); ok {
		return none, badRequest("Failed to add universal auth to already configured identity")
	}
	for _, list := range []struct {
		to   *[]trustedIP
		sent []trustedIPInput
	}{{&ua.ClientSecretTrustedIPs, in.ClientSecretTrustedIPs}, {&ua.AccessTokenTrustedIPs, in.AccessTokenTrustedIPs}} {
		if list.sent == nil {
			continue
		}
		if *list.to, err = trustedIPs(list.sent); err != nil {
			return none, err
		}
	}
	ua.IdentityID = id.ID
	p.universalAuths.Put(c.Tx, id.ID, ua)
	return ua.response(), nil
}

// ttlAboveMax is the schema's own refinement, so it comes before everything the
// service checks.
func ttlAboveMax(ttl, maxTTL float64) *kernel.Problem {
	return validation(custom{"custom", "Access Token TTL cannot be greater than Access Token Max TTL.", []any{}}).
		Because("accessTokenTTL %s is greater than accessTokenMaxTTL %s", decimal(ttl), decimal(maxTTL))
}

// getUniversalAuth returns an identity's configuration.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/retrieve
func (p *Provider) getUniversalAuth(c *kernel.Call, in identityPath) (universalAuthResponse, error) {
	if _, err := authorize(c, "read"); err != nil {
		return universalAuthResponse{}, err
	}
	id, err := p.identity(c, in.IdentityID, identityNotFound)
	if err != nil {
		return universalAuthResponse{}, err
	}
	ua, ok := p.universalAuths.Get(c.Tx, id.ID)
	if !ok {
		return universalAuthResponse{}, notFound("Failed to find universal auth for identity with ID %s", in.IdentityID)
	}
	return ua.response(), nil
}

// universalAuth finds the configuration of an identity that must have one.
func (p *Provider) universalAuth(c *kernel.Call, identityID string) (universalAuth, error) {
	id, err := p.identity(c, identityID, identityNotFound)
	if err != nil {
		return universalAuth{}, err
	}
	ua, ok := p.universalAuths.Get(c.Tx, id.ID)
	if !ok {
		return universalAuth{}, badRequest("The identity does not have universal auth")
	}
	return ua, nil
}

// anywhere trusts every address.
func anywhere() []trustedIP {
	all := 0
	return []trustedIP{{"0.0.0.0", "ipv4", &all}, {"::", "ipv6", &all}}
}

// trustedIPs reads a list of addresses and blocks. Anything but the two
// wildcards needs a plan that the emulated organization does not have.
func trustedIPs(in []trustedIPInput) ([]trustedIP, error) {
	var list []trustedIP
	for _, entry := range in {
		text := strings.TrimSpace(entry.IPAddress)
		ip, err := parseTrustedIP(text)
		if err != nil {
			return nil, err
		}
		if text != "0.0.0.0/0" && text != "::/0" {
			return nil, badRequest("Failed to add IP access range to service token due to plan restriction. Upgrade plan to add IP access range.").
				Because("%s is not one of the wildcards 0.0.0.0/0 and ::/0", text)
		}
		list = append(list, ip)
	}
	return list, nil
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
