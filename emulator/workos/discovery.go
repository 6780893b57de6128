package workos

import (
	"net/http"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// jwks publishes the key that tokens verify with.
// https://workos.com/docs/reference/workos-connect/metadata/openid-configuration
func (p *Provider) jwks(c *kernel.Call) (any, error) {
	return oauth.KeySet{Keys: []oauth.PublicKey{key(c).Public(true)}}, nil
}

type clientPath struct {
	ClientID string `path:"clientId" json:"-"`
}

// environmentJWKS is the same at the API's address, where the SDKs look.
// https://workos.com/docs/reference/authkit/session-tokens/jwks
func (p *Provider) environmentJWKS(c *kernel.Call, in clientPath) (any, error) {
	if in.ClientID != p.environment(c).ClientID {
		return nil, refuse(http.StatusNotFound, "", "Not Found").Because("the environment's client id is not %s", in.ClientID)
	}
	return p.jwks(c)
}

// openIDConfiguration is the OpenID Connect metadata, in the order of a recording.
type openIDConfiguration struct {
	AuthorizationEndpoint       string   `json:"authorization_endpoint"`
	DeviceAuthorizationEndpoint string   `json:"device_authorization_endpoint"`
	GrantTypes                  []string `json:"grant_types_supported"`
	SigningAlgorithms           []string `json:"id_token_signing_alg_values_supported"`
	IntrospectionEndpoint       string   `json:"introspection_endpoint"`
	Issuer                      string   `json:"issuer"`
	JWKS                        string   `json:"jwks_uri"`
	ResponseTypes               []string `json:"response_types_supported"`
	Scopes                      []string `json:"scopes_supported"`
	SubjectTypes                []string `json:"subject_types_supported"`
	TokenEndpoint               string   `json:"token_endpoint"`
	TokenAuthMethods            []string `json:"token_endpoint_auth_methods_supported"`
	UserinfoEndpoint            string   `json:"userinfo_endpoint"`
}

// openIDConfiguration leads to the endpoints at the address that was asked.
// https://workos.com/docs/reference/workos-connect/metadata/openid-configuration
func (p *Provider) openIDConfiguration(c *kernel.Call) (any, error) {
	return openIDConfiguration{
		AuthorizationEndpoint:       c.Base + "/oauth2/authorize",
		DeviceAuthorizationEndpoint: c.Base + "/oauth2/device_authorization",
		GrantTypes:                  []string{grantAuthorizationCode, grantClientCredentials, grantRefreshToken, grantDeviceCode},
		SigningAlgorithms:           []string{"RS256"},
		IntrospectionEndpoint:       c.Base + "/oauth2/introspection",
		Issuer:                      c.Base,
		JWKS:                        c.Base + "/oauth2/jwks",
		ResponseTypes:               []string{"code"},
		Scopes:                      userScopes,
		SubjectTypes:                []string{"public"},
		TokenEndpoint:               c.Base + "/oauth2/token",
		TokenAuthMethods:            []string{"none", string(oauth.Basic), string(oauth.Post)},
		UserinfoEndpoint:            c.Base + "/oauth2/userinfo",
	}, nil
}

// authorizationServer is the metadata of RFC 8414, in the order of a recording. It
// does not mention client_credentials.
type authorizationServer struct {
	AuthorizationEndpoint       string   `json:"authorization_endpoint"`
	ClientIDMetadataDocument    bool     `json:"client_id_metadata_document_supported"`
	CodeChallengeMethods        []string `json:"code_challenge_methods_supported"`
	DeviceAuthorizationEndpoint string   `json:"device_authorization_endpoint"`
	GrantTypes                  []string `json:"grant_types_supported"`
	IntrospectionEndpoint       string   `json:"introspection_endpoint"`
	Issuer                      string   `json:"issuer"`
	JWKS                        string   `json:"jwks_uri"`
	RegistrationEndpoint        string   `json:"registration_endpoint"`
	ResponseModes               []string `json:"response_modes_supported"`
	ResponseTypes               []string `json:"response_types_supported"`
	Scopes                      []string `json:"scopes_supported"`
	TokenEndpoint               string   `json:"token_endpoint"`
	TokenAuthMethods            []string `json:"token_endpoint_auth_methods_supported"`
}

// authorizationServer leads to the endpoints at the address that was asked.
// https://workos.com/docs/reference/workos-connect/metadata/oauth-authorization-server
func (p *Provider) authorizationServer(c *kernel.Call) (any, error) {
	return authorizationServer{
		AuthorizationEndpoint:       c.Base + "/oauth2/authorize",
		ClientIDMetadataDocument:    true,
		CodeChallengeMethods:        []string{"S256"},
		DeviceAuthorizationEndpoint: c.Base + "/oauth2/device_authorization",
		GrantTypes:                  []string{grantAuthorizationCode, grantRefreshToken, grantDeviceCode},
		IntrospectionEndpoint:       c.Base + "/oauth2/introspection",
		Issuer:                      c.Base,
		JWKS:                        c.Base + "/oauth2/jwks",
		RegistrationEndpoint:        c.Base + "/oauth2/register",
		ResponseModes:               []string{"query"},
		ResponseTypes:               []string{"code"},
		Scopes:                      userScopes,
		TokenEndpoint:               c.Base + "/oauth2/token",
		TokenAuthMethods:            []string{"none", string(oauth.Post), string(oauth.Basic)},
	}, nil
}
