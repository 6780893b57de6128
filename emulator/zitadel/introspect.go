package zitadel

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
)

type tokenForm struct {
	Token string `json:"token"`
}

// profile is what scopes let be told of a user.
type profile struct {
	Name              string `json:"name,omitempty"`
	GivenName         string `json:"given_name,omitempty"`
	FamilyName        string `json:"family_name,omitempty"`
	PreferredUsername string `json:"preferred_username,omitempty"`
	UpdatedAt         int64  `json:"updated_at,omitempty"`
	Email             string `json:"email,omitempty"`
	EmailVerified     bool   `json:"email_verified,omitempty"`
	OrgID             string `json:"urn:zitadel:iam:user:resourceowner:id,omitempty"`
	OrgName           string `json:"urn:zitadel:iam:user:resourceowner:name,omitempty"`
	OrgDomain         string `json:"urn:zitadel:iam:user:resourceowner:primary_domain,omitempty"`
}

// profileOf tells of a user what the scopes allow.
func (p *Provider) profileOf(c *kernel.Call, u user, scopes []string) profile {
	var pr profile
	for _, scope := range scopes {
		switch {
		case scope == "profile" && u.Human != nil:
			about := u.Human.Profile
			pr.Name, pr.GivenName, pr.FamilyName, pr.PreferredUsername = u.displayName(), about.GivenName, about.FamilyName, u.UserName
		case scope == "email" && u.Human != nil:
			pr.Email, pr.EmailVerified = u.Human.Email.GetEmail(), u.Human.Email.GetIsVerified()
		case scope == "profile":
			pr.Name, pr.PreferredUsername, pr.UpdatedAt = u.Name, u.UserName, u.Changed.Unix()
		case scope == "urn:zitadel:iam:user:resourceowner", strings.HasPrefix(scope, "urn:zitadel:iam:org:id:"):
			org, _ := p.organizations.Get(c.Tx, u.OrgID)
			pr.OrgID, pr.OrgName, pr.OrgDomain = org.ID, org.Name, org.PrimaryDomain
		}
	}
	return pr
}

type introspectResponse struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	ExpiresAt int64    `json:"exp,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	NotBefore int64    `json:"nbf,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  []string `json:"aud,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	ID        string   `json:"jti,omitempty"`
	UserName  string   `json:"username,omitempty"`
	profile
	Roles roleClaims `json:"-"`
}

// MarshalJSON adds the claims with roles, whose names hold a project's id.
func (r introspectResponse) MarshalJSON() ([]byte, error) {
	type plain introspectResponse
	return withClaims(plain(r), r.Roles)
}

// withClaims writes claims behind a JSON object.
func withClaims(object any, claims roleClaims) ([]byte, error) {
	text, err := plainJSON(object)
	if err != nil || len(claims) == 0 {
		return text, err
	}
	more, err := plainJSON(claims)
	return slices.Concat(text[:len(text)-1], []byte(","), more[1:]), err
}

// plainJSON encodes without escaping <, > and &.
func plainJSON(v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// introspect tells an application about a token that is meant for it or its
// project. What is wrong with the client is told before what is wrong with the
// token, which is never told.
// https://zitadel.com/docs/apis/openidoauth/endpoints#introspection_endpoint
func (p *Provider) introspect(c *kernel.Call, in tokenForm) (introspectResponse, error) {
	var inactive introspectResponse
	cc, err := clientCredentials(c)
	switch {
	case err != nil:
		return inactive, err
	case cc.Secret == "" && cc.Assertion == "":
		return inactive, refuseOAuth(invalidClient, "client must be authenticated").Because("there is neither a client secret nor an assertion")
	case in.Token == "":
		return inactive, refuseOAuth(invalidRequest, "token missing").Because("the form has no token")
	}
	a, why := p.introspectingClient(c, cc)
	if why != "" {
		return inactive, refuseOAuth(unauthorizedClient, "").Because("%s", why)
	}

	h, why := p.resolve(c, in.Token)
	if why == "" && h.PAT {
		h.Audience = append(slices.Clone(h.Audience), a.ClientID) // good for every client
	}
	if why == "" && !slices.Contains(h.Audience, a.ClientID) && !slices.Contains(h.Audience, a.ProjectID) {
		why = "the token is meant for [" + strings.Join(h.Audience, " ") + "], neither for client " + a.ClientID + " nor for its project " + a.ProjectID
	}
	if why != "" {
		c.Reason = why // not a refusal, but what everybody asks
		return inactive, nil
	}
	v, _ := p.projects.Get(c.Tx, a.ProjectID)
	return introspectResponse{
		Active: true, Scope: strings.Join(h.Scopes, " "), ClientID: h.ClientID, TokenType: "Bearer",
		ExpiresAt: h.ExpiresAt.Unix(), IssuedAt: h.IssuedAt.Unix(), NotBefore: h.IssuedAt.Unix(),
		Subject: h.UserID, Audience: h.Audience, Issuer: c.Base, ID: h.ID, UserName: h.user.UserName,
		profile: p.profileOf(c, h.user, h.Scopes),
		Roles:   p.rolesFor(c, h.UserID, a.ProjectID, h.Scopes, h.Audience, h.PAT || v.RoleAssertion),
	}, nil
}

// introspectingClient returns the application that authenticates: with an
// assertion if there is one, or else with its secret, however it is configured.
func (p *Provider) introspectingClient(c *kernel.Call, cc credentials) (app, string) {
	clientID := cc.ID
	if cc.Assertion != "" {
		k, why := p.verifyAssertion(c, cc.Assertion)
		if why != "" {
			return app{}, why
		}
		clientID = k.Identifier
	}
	a, seen, why := p.seenClient(c, clientID)
	switch {
	case why != "", cc.Assertion != "":
		return a, why
	case seen.Digest == "":
		return a, "application " + a.ID + " has no client secret"
	case subtle.ConstantTimeCompare([]byte(seen.Digest), []byte(kit.Digest(cc.Secret))) != 1:
		return a, wrongSecret(c, a, cc.Secret)
	}
	return a, ""
}

// revoke ends a token. A token that the client may not end, or that there is not,
// is answered alike, as RFC 7009 wants it.
// https://zitadel.com/docs/apis/openidoauth/endpoints#revocation_endpoint
func (p *Provider) revoke(c *kernel.Call, in tokenForm) (kernel.Answer, error) {
	a, err := p.oidcClient(c)
	if err != nil {
		return kernel.Answer{}, err
	}
	if in.Token == "" {
		return kernel.Answer{}, refuseOAuth(invalidRequest, "token missing").Because("the form has no token")
	}
	if p.revokeRefresh(c, a, in.Token) {
		return kernel.Answer{Status: http.StatusOK}, nil
	}
	h, why := p.resolve(c, in.Token)
	switch {
	case why != "":
		c.Reason = why
	case slices.Contains(h.Audience, a.ClientID), slices.Contains(h.Audience, a.ProjectID):
		p.tokens.Delete(c.Tx, h.ID)
	default:
		c.Reason = "the token is not meant for application " + a.ID + " or its project, and stays"
	}
	return kernel.Answer{Status: http.StatusOK}, nil
}

type userInfoResponse struct {
	Subject string `json:"sub"`
	profile
	Roles roleClaims `json:"-"`
}

// MarshalJSON adds the claims with roles.
func (r userInfoResponse) MarshalJSON() ([]byte, error) {
	type plain userInfoResponse
	return withClaims(plain(r), r.Roles)
}

// userInfo tells whom the calling token stands for.
// https://zitadel.com/docs/apis/openidoauth/endpoints#userinfo_endpoint
func (p *Provider) userInfo(c *kernel.Call, _ struct{}) (userInfoResponse, error) {
	h := c.Caller.(held)
	return userInfoResponse{h.UserID, p.profileOf(c, h.user, h.Scopes), p.rolesFor(c, h.UserID, "", h.Scopes, h.Audience, false)}, nil
}

// keySet returns the keys that tokens are verified with.
// https://zitadel.com/docs/apis/openidoauth/endpoints#jwks_uri
func (p *Provider) keySet(c *kernel.Call, _ struct{}) (oauth.KeySet, error) {
	set := oauth.KeySet{}
	for _, k := range p.signingKeys(c) {
		set.Keys = append(set.Keys, k.Public(false))
	}
	return set, nil
}

type discoveryResponse struct {
	Issuer                 string   `json:"issuer"`
	AuthorizationEndpoint  string   `json:"authorization_endpoint"`
	TokenEndpoint          string   `json:"token_endpoint"`
	IntrospectionEndpoint  string   `json:"introspection_endpoint"`
	UserinfoEndpoint       string   `json:"userinfo_endpoint"`
	RevocationEndpoint     string   `json:"revocation_endpoint"`
	EndSessionEndpoint     string   `json:"end_session_endpoint"`
	DeviceEndpoint         string   `json:"device_authorization_endpoint"`
	JWKSURI                string   `json:"jwks_uri"`
	Scopes                 []string `json:"scopes_supported"`
	ResponseTypes          []string `json:"response_types_supported"`
	ResponseModes          []string `json:"response_modes_supported"`
	GrantTypes             []string `json:"grant_types_supported"`
	SubjectTypes           []string `json:"subject_types_supported"`
	IDTokenAlgorithms      []string `json:"id_token_signing_alg_values_supported"`
	RequestAlgorithms      []string `json:"request_object_signing_alg_values_supported"`
	TokenMethods           []string `json:"token_endpoint_auth_methods_supported"`
	TokenAlgorithms        []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationMethods      []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlgorithms   []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectionMethods   []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAlgorithm []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	Claims                 []string `json:"claims_supported"`
	CodeChallengeMethods   []string `json:"code_challenge_methods_supported"`
	Locales                []string `json:"ui_locales_supported"`
	RequestParameter       bool     `json:"request_parameter_supported"`
	RequestURIParameter    bool     `json:"request_uri_parameter_supported"`
}

// discovery tells where the endpoints are, at the address that it is asked at:
// clients compare the issuer with the one they were given, byte by byte.
// https://zitadel.com/docs/apis/openidoauth/endpoints#openid-connect-10-discovery
func (p *Provider) discovery(c *kernel.Call, _ struct{}) (discoveryResponse, error) {
	rs256 := []string{"RS256"}
	methods := []string{"none", "client_secret_basic", "client_secret_post", "private_key_jwt"}
	return discoveryResponse{
		Issuer:                c.Base,
		AuthorizationEndpoint: c.Base + "/oauth/v2/authorize",
		TokenEndpoint:         c.Base + "/oauth/v2/token",
		IntrospectionEndpoint: c.Base + "/oauth/v2/introspect",
		UserinfoEndpoint:      c.Base + "/oidc/v1/userinfo",
		RevocationEndpoint:    c.Base + "/oauth/v2/revoke",
		EndSessionEndpoint:    c.Base + "/oidc/v1/end_session",
		DeviceEndpoint:        c.Base + "/oauth/v2/device_authorization",
		JWKSURI:               c.Base + "/oauth/v2/keys",
		Scopes:                []string{"openid", "profile", "email", "phone", "address", "offline_access"},
		ResponseTypes:         []string{"code", "id_token", "id_token token"},
		ResponseModes:         []string{"query", "fragment", "form_post"},
		GrantTypes: []string{
			grantCode, "implicit", grantRefreshToken, grantClientCredentials, grantTokenExchange, grantJWTProfile, grantDeviceCode,
		},
		SubjectTypes:           []string{"public"},
		IDTokenAlgorithms:      rs256,
		RequestAlgorithms:      rs256,
		TokenMethods:           methods,
		TokenAlgorithms:        rs256,
		RevocationMethods:      methods,
		RevocationAlgorithms:   rs256,
		IntrospectionMethods:   []string{"client_secret_basic", "private_key_jwt"},
		IntrospectionAlgorithm: rs256,
		Claims: []string{
			"sub", "aud", "exp", "iat", "iss", "auth_time", "nonce", "acr", "amr", "c_hash", "at_hash", "act", "scopes", "client_id",
			"azp", "preferred_username", "name", "family_name", "given_name", "locale", "email", "email_verified", "phone_number",
			"phone_number_verified",
		},
		CodeChallengeMethods: []string{"S256"},
		Locales:              []string{"en"},
		RequestParameter:     true,
		RequestURIParameter:  false,
	}, nil
}
