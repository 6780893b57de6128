package infisical

import (
	"bytes"
	"encoding/json"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/store"
)

// machineAuth is an identity's configuration of an auth method by which another
// system vouches for it; Own are the method's own settings, with the names that
// bodies have for them.
type machineAuth[Own any] struct {
	tokenAuth
	Own Own
}

// The auth methods whose logins are served, as tokens and lists name them.
const (
	oidcAuthMethod = "oidc-auth"
	jwtAuthMethod  = "jwt-auth"
)

// A machineMethod is such an auth method.
type machineMethod[Own any] struct {
	p     *Provider
	slug  string // as tokens and lists name it
	title string // as refusals do
	under string // what its answers stand under
	fresh Own    // the settings of an empty attach
	table *store.Table[machineAuth[Own]]
	check func(Own) error
}

type (
	oidcSettings struct {
		DiscoveryURL         string            `json:"oidcDiscoveryUrl"`
		CACert               string            `json:"caCert"`
		BoundIssuer          string            `json:"boundIssuer"`
		BoundAudiences       string            `json:"boundAudiences"`
		BoundClaims          map[string]string `json:"boundClaims"`
		ClaimMetadataMapping map[string]string `json:"claimMetadataMapping"`
		BoundSubject         string            `json:"boundSubject"`
	}
	jwtSettings struct {
		ConfigurationType string            `json:"configurationType"`
		JWKSURL           string            `json:"jwksUrl"`
		JWKSCACert        string            `json:"jwksCaCert"`
		PublicKeys        []string          `json:"publicKeys"`
		BoundIssuer       string            `json:"boundIssuer"`
		BoundAudiences    string            `json:"boundAudiences"`
		BoundClaims       map[string]string `json:"boundClaims"`
		BoundSubject      string            `json:"boundSubject"`
	}
	kubernetesSettings struct {
		Host              *string `json:"kubernetesHost"`
		CACert            string  `json:"caCert"`
		TokenReviewerJWT  *string `json:"tokenReviewerJwt"`
		AllowedNamespaces string  `json:"allowedNamespaces"`
		AllowedNames      string  `json:"allowedNames"`
		AllowedAudience   string  `json:"allowedAudience"`
		TokenReviewMode   string  `json:"tokenReviewMode"`
		GatewayID         *string `json:"gatewayId"`
	}
	awsSettings struct {
		Type                 string `json:"type"`
		STSEndpoint          string `json:"stsEndpoint"`
		AllowedPrincipalARNs string `json:"allowedPrincipalArns"`
		AllowedAccountIDs    string `json:"allowedAccountIds"`
	}
)

// attach gives an identity the method.
// https://infisical.com/docs/api-reference/endpoints/oidc-auth/attach
func (m *machineMethod[Own]) attach(c *kernel.Call, in tokenAuthRequest) (any, error) {
	a := machineAuth[Own]{newTokenAuth(c, ""), m.fresh}
	a.assign(in.tokenAuthInput)
	if a.AccessTokenTTL > a.AccessTokenMaxTTL {
		return nil, ttlAboveMax(a.AccessTokenTTL, a.AccessTokenMaxTTL)
	}
	id, err := m.p.identity(c, in.IdentityID, identityNotFound)
	if err != nil {
		return nil, err
	}
	if _, ok := m.table.Get(c.Tx, id.ID); ok {
		return nil, badRequest("Failed to add %s to already configured identity", m.title)
	}
	if _, err := authorize(c, "create"); err != nil {
		return nil, err
	}
	a.IdentityID = id.ID
	return m.put(c, a, in)
}

// update changes what is sent.
func (m *machineMethod[Own]) update(c *kernel.Call, in tokenAuthRequest) (any, error) {
	if err := checkTTLs(in.AccessTokenTTL, in.AccessTokenMaxTTL); err != nil {
		return nil, err
	}
	a, err := m.find(c, in.IdentityID, "edit")
	if err != nil {
		return nil, err
	}
	a.assign(in.tokenAuthInput)
	if err := checkEffectiveTTLs(a.AccessTokenTTL, a.AccessTokenMaxTTL); err != nil {
		return nil, err
	}
	a.UpdatedAt = c.Now
	return m.put(c, a, in)
}

// put stores a configuration with what was sent: members of the body overwrite
// those of the settings.
func (m *machineMethod[Own]) put(c *kernel.Call, a machineAuth[Own], in tokenAuthRequest) (any, error) {
	if err := trust(c, &a.AccessTokenTrustedIPs, in.AccessTokenTrustedIPs); err != nil {
		return nil, err
	}
	own, err := json.Marshal(a.Own) // a copy: rows are not changed in place
	if err != nil {
		return nil, err
	}
	var next Own
	for _, text := range [][]byte{own, c.Body.JSON} {
		if len(text) > 0 {
			if err := json.Unmarshal(text, &next); err != nil {
				return nil, err
			}
		}
	}
	a.Own = next
	if err := m.check(next); err != nil {
		return nil, err
	}
	m.table.Put(c.Tx, a.IdentityID, a)
	return m.show(a)
}

func (m *machineMethod[Own]) get(c *kernel.Call, in identityPath) (any, error) {
	a, err := m.find(c, in.IdentityID, "read")
	if err != nil {
		return nil, err
	}
	return m.show(a)
}

// detach takes the method from an identity; its tokens end.
func (m *machineMethod[Own]) detach(c *kernel.Call, in identityPath) (any, error) {
	a, err := m.find(c, in.IdentityID, "edit")
	if err != nil {
		return nil, err
	}
	m.table.Delete(c.Tx, a.IdentityID)
	return m.show(a)
}

func (m *machineMethod[Own]) find(c *kernel.Call, identityID, action string) (machineAuth[Own], error) {
	id, err := m.p.identity(c, identityID, identityNotFound)
	if err != nil {
		return machineAuth[Own]{}, err
	}
	a, ok := m.table.Get(c.Tx, id.ID)
	if !ok {
		return a, badRequest("The identity does not have %s attached", m.title)
	}
	_, err = authorize(c, action)
	return a, err
}

// show puts the method's own settings behind those that all methods have.
func (m *machineMethod[Own]) show(a machineAuth[Own]) (any, error) {
	common, err := json.Marshal(a.response().IdentityTokenAuth)
	if err != nil {
		return nil, err
	}
	own, err := json.Marshal(a.Own)
	merged := bytes.Join([][]byte{bytes.TrimSuffix(common, []byte("}")), bytes.TrimPrefix(own, []byte("{"))}, []byte(","))
	return map[string]any{m.under: json.RawMessage(merged)}, err
}

// rules says what handlers take for granted of the table.
func (m *machineMethod[Own]) rules(p *Provider) {
	m.table.Keyed(func(a machineAuth[Own]) string { return a.IdentityID })
	m.table.KeyedBy(p.identities)
}

// has reports whether an identity has the method.
func (m *machineMethod[Own]) has(c *kernel.Call, id string) bool {
	_, ok := m.table.Get(c.Tx, id)
	return ok
}

func anySettings[Own any](Own) error { return nil }

// methods are the auth methods by which another system vouches.
type methods struct {
	oidc       machineMethod[oidcSettings]
	jwt        machineMethod[jwtSettings]
	kubernetes machineMethod[kubernetesSettings]
	aws        machineMethod[awsSettings]
}

func newMethods(p *Provider, schema *store.Schema) methods {
	return methods{
		oidc: machineMethod[oidcSettings]{p, oidcAuthMethod, "OIDC Auth", "identityOidcAuth",
			oidcSettings{BoundClaims: map[string]string{}, ClaimMetadataMapping: map[string]string{}},
			store.NewTable[machineAuth[oidcSettings]](schema, "oidc auth"), anySettings[oidcSettings]},
		jwt: machineMethod[jwtSettings]{p, jwtAuthMethod, "JWT Auth", "identityJwtAuth",
			jwtSettings{PublicKeys: []string{}, BoundClaims: map[string]string{}},
			store.NewTable[machineAuth[jwtSettings]](schema, "jwt auth"), checkJWTSettings},
		kubernetes: machineMethod[kubernetesSettings]{p, "kubernetes-auth", "Kubernetes Auth", "identityKubernetesAuth",
			kubernetesSettings{TokenReviewMode: "api"},
			store.NewTable[machineAuth[kubernetesSettings]](schema, "kubernetes auth"), anySettings[kubernetesSettings]},
		aws: machineMethod[awsSettings]{p, "aws-auth", "AWS Auth", "identityAwsAuth",
			awsSettings{Type: "iam", STSEndpoint: "https://sts.amazonaws.com/"},
			store.NewTable[machineAuth[awsSettings]](schema, "aws auth"), anySettings[awsSettings]},
	}
}

// of names the methods of an identity.
func (m *methods) of(c *kernel.Call, id string) []string {
	var list []string
	for _, method := range []struct {
		slug string
		has  bool
	}{
		{m.kubernetes.slug, m.kubernetes.has(c, id)}, {m.oidc.slug, m.oidc.has(c, id)},
		{m.aws.slug, m.aws.has(c, id)}, {m.jwt.slug, m.jwt.has(c, id)},
	} {
		if method.has {
			list = append(list, method.slug)
		}
	}
	return list
}

// remove takes all of them from an identity that is deleted.
func (m *methods) remove(c *kernel.Call, id string) {
	m.oidc.table.Delete(c.Tx, id)
	m.jwt.table.Delete(c.Tx, id)
	m.kubernetes.table.Delete(c.Tx, id)
	m.aws.table.Delete(c.Tx, id)
}

// settings returns what an identity has of one of these methods, as far as all
// methods have it; known tells whether the method is one of these.
func (m *methods) settings(c *kernel.Call, slug, id string) (a tokenAuth, has, known bool) {
	switch slug {
	case m.oidc.slug:
		own, has := m.oidc.table.Get(c.Tx, id)
		return own.tokenAuth, has, true
	case m.jwt.slug:
		own, has := m.jwt.table.Get(c.Tx, id)
		return own.tokenAuth, has, true
	}
	return a, false, false
}

// grant issues the access token of a login by another system's word.
func (p *Provider) grant(c *kernel.Call, a tokenAuth, method string, organizationSlug *string, auth identityAuth) (tokenResponse, error) {
	var none tokenResponse
	id, _ := p.identities.Get(c.Tx, a.IdentityID)
	if problem := checkIP(c, a.AccessTokenTrustedIPs, "the identity's access tokens"); problem != nil {
		return none, problem
	}
	org, problem := p.selectOrganization(c, id, trim(orEmpty(organizationSlug)), "slug")
	if problem != nil {
		return none, problem
	}
	id.LastLoginAuthMethod, id.LastLoginTime = method, c.Now
	p.identities.Put(c.Tx, id.ID, id)
	cl := p.newClaims(c, id, org, method)
	cl.AccessTokenTTL, cl.AccessTokenMaxTTL, cl.NumUsesLimit = a.AccessTokenTTL, a.AccessTokenMaxTTL, a.AccessTokenNumUsesLimit
	cl.IPRestrictionEnabled = restricted(a.AccessTokenTrustedIPs)
	cl.IdentityAuth = auth
	return p.give(c, cl)
}
