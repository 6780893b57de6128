package infisical

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// tokenAuth is an identity's configuration of token auth.
type tokenAuth struct {
	ID, IdentityID          string
	AccessTokenTTL          float64 // seconds
	AccessTokenMaxTTL       float64
	AccessTokenNumUsesLimit float64
	AccessTokenTrustedIPs   []trustedIP
	CreatedAt, UpdatedAt    time.Time
}

// accessToken is a token of token auth. The token itself is not kept.
type accessToken struct {
	ID, IdentityID       string
	Name                 *string
	TTL, MaxTTL          float64 // seconds, as issued
	NumUsesLimit         float64
	Revoked              bool
	SubOrganizationID    *string
	CreatedAt, UpdatedAt time.Time
}

type tokenAuthInput struct {
	AccessTokenTrustedIPs   []trustedIPInput `json:"accessTokenTrustedIps,omitempty"`
	AccessTokenTTL          *float64         `json:"accessTokenTTL,omitempty"`
	AccessTokenMaxTTL       *float64         `json:"accessTokenMaxTTL,omitempty"`
	AccessTokenNumUsesLimit *float64         `json:"accessTokenNumUsesLimit,omitempty"`
}

// assign sets what was sent, but for the trusted addresses.
func (t *tokenAuth) assign(in tokenAuthInput) {
	kit.Put(&t.AccessTokenTTL, in.AccessTokenTTL)
	kit.Put(&t.AccessTokenMaxTTL, in.AccessTokenMaxTTL)
	kit.Put(&t.AccessTokenNumUsesLimit, in.AccessTokenNumUsesLimit)
}

type tokenAuthRequest struct {
	IdentityID string `path:"identityId" json:"-"`
	tokenAuthInput
}

type tokenAuthResponse struct {
	IdentityTokenAuth tokenAuthBody `json:"identityTokenAuth"`
}

type tokenAuthBody struct {
	ID                      string      `json:"id"`
	CreatedAt               timestamp   `json:"createdAt"`
	UpdatedAt               timestamp   `json:"updatedAt"`
	IdentityID              string      `json:"identityId"`
	AccessTokenTTL          float64     `json:"accessTokenTTL"`
	AccessTokenMaxTTL       float64     `json:"accessTokenMaxTTL"`
	AccessTokenNumUsesLimit float64     `json:"accessTokenNumUsesLimit"`
	AccessTokenTrustedIPs   []trustedIP `json:"accessTokenTrustedIps"`
	AccessTokenPeriod       float64     `json:"accessTokenPeriod"`
}

func (t tokenAuth) response() tokenAuthResponse {
	return tokenAuthResponse{tokenAuthBody{
		ID: t.ID, CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt), IdentityID: t.IdentityID,
		AccessTokenTTL: t.AccessTokenTTL, AccessTokenMaxTTL: t.AccessTokenMaxTTL,
		AccessTokenNumUsesLimit: t.AccessTokenNumUsesLimit, AccessTokenTrustedIPs: t.AccessTokenTrustedIPs,
	}}
}

// newTokenAuth is the configuration of an empty attach.
func newTokenAuth(c *kernel.Call, identityID string) tokenAuth {
	return tokenAuth{
		ID: c.Draw("token-auth").UUID(), IdentityID: identityID,
		AccessTokenTTL: defaultTokenTTL, AccessTokenMaxTTL: defaultTokenTTL, AccessTokenTrustedIPs: anywhere(),
		CreatedAt: c.Now, UpdatedAt: c.Now,
	}
}

// attachTokenAuth lets an identity have tokens minted for it.
// https://infisical.com/docs/api-reference/endpoints/token-auth/attach
func (p *Provider) attachTokenAuth(c *kernel.Call, in tokenAuthRequest) (tokenAuthResponse, error) {
	var none tokenAuthResponse
	t := newTokenAuth(c, "")
	t.assign(in.tokenAuthInput)
	if t.AccessTokenTTL > t.AccessTokenMaxTTL {
		return none, ttlAboveMax(t.AccessTokenTTL, t.AccessTokenMaxTTL)
	}
	id, err := p.identity(c, in.IdentityID, identityNotFound)
	if err != nil {
		return none, err
	}
	if _, ok := p.tokenAuths.Get(c.Tx, id.ID); ok {
		return none, badRequest("Failed to add Token Auth to already configured identity")
	}
	if _, err := authorize(c, "create"); err != nil {
		return none, err
	}
	if err := trust(c, &t.AccessTokenTrustedIPs, in.AccessTokenTrustedIPs); err != nil {
		return none, err
	}
	t.IdentityID = id.ID
	p.tokenAuths.Put(c.Tx, id.ID, t)
	return t.response(), nil
}

// updateTokenAuth changes what is sent.
// https://infisical.com/docs/api-reference/endpoints/token-auth/update
func (p *Provider) updateTokenAuth(c *kernel.Call, in tokenAuthRequest) (tokenAuthResponse, error) {
	var none tokenAuthResponse
	if err := checkTTLs(in.AccessTokenTTL, in.AccessTokenMaxTTL); err != nil {
		return none, err
	}
	t, err := p.tokenAuth(c, in.IdentityID, "edit", badRequest("The identity does not have token auth"))
	if err != nil {
		return none, err
	}
	t.assign(in.tokenAuthInput)
	if err := checkEffectiveTTLs(t.AccessTokenTTL, t.AccessTokenMaxTTL); err != nil {
		return none, err
	}
	if err := trust(c, &t.AccessTokenTrustedIPs, in.AccessTokenTrustedIPs); err != nil {
		return none, err
	}
	t.UpdatedAt = c.Now
	p.tokenAuths.Put(c.Tx, t.IdentityID, t)
	return t.response(), nil
}

// getTokenAuth returns an identity's configuration.
// https://infisical.com/docs/api-reference/endpoints/token-auth/retrieve
func (p *Provider) getTokenAuth(c *kernel.Call, in identityPath) (tokenAuthResponse, error) {
	t, err := p.tokenAuth(c, in.IdentityID, "read", notFound("Token Auth configuration not found for identity"))
	if err != nil {
		return tokenAuthResponse{}, err
	}
	return t.response(), nil
}

// detachTokenAuth takes token auth from an identity, with its tokens.
// https://infisical.com/docs/api-reference/endpoints/token-auth/revoke
func (p *Provider) detachTokenAuth(c *kernel.Call, in identityPath) (tokenAuthResponse, error) {
	t, err := p.tokenAuth(c, in.IdentityID, "edit", noTokenAuth())
	if err != nil {
		return tokenAuthResponse{}, err
	}
	for id, token := range p.tokensOf.All(c.Tx, t.IdentityID) {
		if !token.Revoked {
			p.revoke(c, singleToken+id, "auth method has been revoked")
		}
	}
	p.removeTokenAuth(c, t)
	return t.response(), nil
}

// removeTokenAuth deletes a configuration and the records of its tokens.
func (p *Provider) removeTokenAuth(c *kernel.Call, t tokenAuth) {
	p.tokensOf.Delete(c.Tx, t.IdentityID)
	p.tokenAuths.Delete(c.Tx, t.IdentityID)
}

func noTokenAuth() *kernel.Problem { return badRequest("The identity does not have Token Auth") }

// tokenAuth finds the configuration of an identity for a caller who may do
// action; missing is the refusal when there is none.
func (p *Provider) tokenAuth(c *kernel.Call, identityID, action string, missing *kernel.Problem) (tokenAuth, error) {
	id, err := p.identity(c, identityID, identityNotFound)
	if err != nil {
		return tokenAuth{}, err
	}
	t, ok := p.tokenAuths.Get(c.Tx, id.ID)
	if !ok {
		return t, missing
	}
	_, err = authorize(c, action)
	return t, err
}

type tokenData struct {
	ID                       string     `json:"id"`
	AccessTokenTTL           float64    `json:"accessTokenTTL"`
	AccessTokenMaxTTL        float64    `json:"accessTokenMaxTTL"`
	AccessTokenNumUses       float64    `json:"accessTokenNumUses"`
	AccessTokenNumUsesLimit  float64    `json:"accessTokenNumUsesLimit"`
	AccessTokenLastUsedAt    *timestamp `json:"accessTokenLastUsedAt"`
	AccessTokenLastRenewedAt *timestamp `json:"accessTokenLastRenewedAt"`
	IsAccessTokenRevoked     bool       `json:"isAccessTokenRevoked"`
	IdentityUAClientSecretID *string    `json:"identityUAClientSecretId"`
	IdentityID               string     `json:"identityId"`
	CreatedAt                timestamp  `json:"createdAt"`
	UpdatedAt                timestamp  `json:"updatedAt"`
	Name                     *string    `json:"name"`
	AuthMethod               string     `json:"authMethod"`
	AccessTokenPeriod        float64    `json:"accessTokenPeriod"`
	SubOrganizationID        *string    `json:"subOrganizationId"`
}

// data is what the service shows of a token. It writes nothing when a token is
// used or renewed, so the count and the two dates stay as they began.
func (t accessToken) data() tokenData {
	return tokenData{
		ID: t.ID, AccessTokenTTL: t.TTL, AccessTokenMaxTTL: t.MaxTTL, AccessTokenNumUsesLimit: t.NumUsesLimit,
		IsAccessTokenRevoked: t.Revoked, IdentityID: t.IdentityID,
		CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt),
		Name: t.Name, AuthMethod: tokenAuthMethod, SubOrganizationID: t.SubOrganizationID,
	}
}

type createTokenRequest struct {
	IdentityID       string  `path:"identityId" json:"-"`
	Name             *string `json:"name"`
	OrganizationSlug *string `json:"organizationSlug"`
}

type createTokenResponse struct {
	tokenResponse
	TokenData tokenData `json:"tokenData"`
}

// createToken mints a token and shows it, for the only time. The body is
// optional on the page.
// https://infisical.com/docs/api-reference/endpoints/token-auth/create-token
func (p *Provider) createToken(c *kernel.Call, in createTokenRequest) (createTokenResponse, error) {
	var none createTokenResponse
	if c.Body.JSON == nil && c.Differs(tokenWithoutBody) {
		return none, validation(invalidType{"invalid_type", "object", "null", []any{}, "Expected object, received null"}).Because("there is no body")
	}
	slug := ""
	if in.OrganizationSlug != nil {
		slug = strings.ToLower(trim(*in.OrganizationSlug))
		if slug == "" { // the document's minLength counts the spaces, the service does not
			return none, validation(zodIssue(gate.Breach{
				Path: []string{"organizationSlug"}, Rule: "minLength", Limit: 1, Label: "Slug field",
			})).Because("organizationSlug is blank")
		}
		if fixtures.Slug(slug) != slug {
			return none, validation(custom{"custom", "Slug field can only contain letters, numbers, and hyphens", []any{"organizationSlug"}}).
				Because("organizationSlug %q is not a slug", slug)
		}
	}
	t, err := p.tokenAuth(c, in.IdentityID, "edit", noTokenAuth())
	if err != nil {
		return none, err
	}
	if err := fit(text("name", in.Name)); err != nil {
		return none, err
	}
	id, _ := p.identities.Get(c.Tx, t.IdentityID)
	org, problem := p.selectOrganization(c, id, slug, "slug")
	if problem != nil {
		return none, problem
	}

	cl := p.newClaims(c, id, org, tokenAuthMethod)
	cl.AccessTokenTTL, cl.AccessTokenMaxTTL, cl.NumUsesLimit = t.AccessTokenTTL, t.AccessTokenMaxTTL, t.AccessTokenNumUsesLimit
	cl.IPRestrictionEnabled = restricted(t.AccessTokenTrustedIPs)
	response, err := cl.token(c)
	if err != nil {
		return none, err
	}
	token := p.addToken(c, cl, in.Name, response.ExpiresIn)
	id.LastLoginAuthMethod, id.LastLoginTime = tokenAuthMethod, c.Now
	p.identities.Put(c.Tx, id.ID, id)
	response.ExpiresIn = t.AccessTokenTTL // as configured, not as issued
	return createTokenResponse{response, token.data()}, nil
}

// addToken stores the record of a token of token auth.
func (p *Provider) addToken(c *kernel.Call, cl claims, name *string, issued float64) accessToken {
	token := accessToken{
		ID: cl.ID, IdentityID: cl.IdentityID, Name: name, TTL: issued, MaxTTL: cl.AccessTokenMaxTTL,
		NumUsesLimit: cl.NumUsesLimit, CreatedAt: c.Now, UpdatedAt: c.Now,
	}
	if cl.OrgID != cl.RootOrgID {
		token.SubOrganizationID = &cl.OrgID
	}
	p.tokens.Put(c.Tx, token.ID, token)
	return token
}

type listTokensRequest struct {
	IdentityID string   `path:"identityId" json:"-"`
	Offset     float64  `query:"offset"`
	Limit      *float64 `query:"limit"`
}

type listTokensResponse struct {
	Tokens []tokenData `json:"tokens"`
}

// tokensPerPage is how many tokens a list holds by default.
const tokensPerPage = 20

// listTokens returns tokens, revoked ones included, the last changed first.
// https://infisical.com/docs/api-reference/endpoints/token-auth/get-tokens
func (p *Provider) listTokens(c *kernel.Call, in listTokensRequest) (listTokensResponse, error) {
	t, err := p.tokenAuth(c, in.IdentityID, "read", noTokenAuth())
	if err != nil {
		return listTokensResponse{}, err
	}
	limit := float64(tokensPerPage)
	kit.Put(&limit, in.Limit)
	response := listTokensResponse{Tokens: []tokenData{}}
	from, to := math.Floor(in.Offset), math.Floor(in.Offset)+math.Ceil(limit)
	n := 0.0
	// Of tokens changed at the same time, the newest first.
	for _, token := range p.tokensByChange.Between(c.Tx, key(t.IdentityID, ""), key(t.IdentityID, "~"), true) {
		if n++; n > to {
			break
		}
		if n > from {
			response.Tokens = append(response.Tokens, token.data())
		}
	}
	return response, nil
}

type tokenPath struct {
	TokenID string `path:"tokenId" json:"-"`
}

type tokenDataResponse struct {
	Token tokenData `json:"token"`
}

// getToken returns a token, revoked or not. The deprecated path with an
// identity in it does the same: the service ignores that identity.
// https://infisical.com/docs/api-reference/endpoints/token-auth/get-token
func (p *Provider) getToken(c *kernel.Call, in tokenPath) (tokenDataResponse, error) {
	token, err := p.token(c, in.TokenID, "read")
	if err != nil {
		return tokenDataResponse{}, err
	}
	return tokenDataResponse{token.data()}, nil
}

type updateTokenRequest struct {
	TokenID string  `path:"tokenId" json:"-"`
	Name    *string `json:"name"`
}

// updateToken renames a token.
// https://infisical.com/docs/api-reference/endpoints/token-auth/update-token
func (p *Provider) updateToken(c *kernel.Call, in updateTokenRequest) (tokenDataResponse, error) {
	token, err := p.token(c, in.TokenID, "edit")
	if err != nil {
		return tokenDataResponse{}, err
	}
	if err := fit(text("name", in.Name)); err != nil {
		return tokenDataResponse{}, err
	}
	token.Name, token.UpdatedAt = cmp.Or(in.Name, token.Name), c.Now
	p.tokens.Put(c.Tx, token.ID, token)
	return tokenDataResponse{token.data()}, nil
}

// revokeIdentityToken ends a token; unlike a client secret, only once.
// https://infisical.com/docs/api-reference/endpoints/token-auth/revoke-token
func (p *Provider) revokeIdentityToken(c *kernel.Call, in tokenPath) (messageResponse, error) {
	token, ok := p.findToken(c, in.TokenID)
	if !ok || token.Revoked {
		return messageResponse{}, notFound("Token with ID %s not found or already revoked", in.TokenID)
	}
	if _, err := authorize(c, "edit"); err != nil {
		return messageResponse{}, err
	}
	p.endToken(c, token.ID)
	return messageResponse{tokenEnded}, nil
}

// endToken revokes a token by its id; one of token auth also shows it.
func (p *Provider) endToken(c *kernel.Call, id string) {
	p.revoke(c, singleToken+id, "token has been revoked")
	if token, ok := p.tokens.Get(c.Tx, id); ok {
		token.Revoked, token.UpdatedAt = true, c.Now
		p.tokens.Put(c.Tx, id, token)
	}
}

// token finds a token for a caller who may do action.
func (p *Provider) token(c *kernel.Call, id, action string) (accessToken, error) {
	token, ok := p.findToken(c, id)
	if !ok {
		return token, notFound("Token with ID %s not found", id)
	}
	_, err := authorize(c, action)
	return token, err
}

// findToken finds a token of the caller's organization.
func (p *Provider) findToken(c *kernel.Call, id string) (accessToken, bool) {
	token, ok := p.tokens.Get(c.Tx, id)
	if owner, _ := p.identities.Get(c.Tx, token.IdentityID); ok && owner.OrganizationID == callerOf(c).OrganizationID {
		return token, true
	}
	return accessToken{}, false
}
