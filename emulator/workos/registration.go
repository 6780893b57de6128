package workos

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/oauth"
)

// noAuthentication is how a client without a secret is registered.
const noAuthentication = "none"

type registerRequest struct {
	Name         string   `json:"client_name"`
	RedirectURIs []string `json:"redirect_uris"`
	GrantTypes   []string `json:"grant_types"`
	AuthMethod   string   `json:"token_endpoint_auth_method"`
}

type registerResponse struct {
	ClientID      string   `json:"client_id"`
	IssuedAt      int64    `json:"client_id_issued_at"`
	Secret        string   `json:"client_secret,omitempty"`
	SecretExpires *int64   `json:"client_secret_expires_at,omitempty"` // 0: never
	Name          string   `json:"client_name,omitempty"`
	RedirectURIs  []string `json:"redirect_uris"`
	GrantTypes    []string `json:"grant_types"`
	ResponseTypes []string `json:"response_types"`
	AuthMethod    string   `json:"token_endpoint_auth_method"`
}

// register makes an application that nobody has made for it, RFC 7591: one that
// people are asked about, with PKCE, and with a secret unless it wants none.
// https://workos.com/docs/authkit/mcp
func (p *Provider) register(c *kernel.Call, in registerRequest) (registerResponse, error) {
	refuse := func(code, why string, args ...any) (registerResponse, error) {
		return registerResponse{}, invalidRequest(code, invalidClientMetadata).Because(why, args...)
	}
	method := cmp.Or(in.AuthMethod, string(oauth.Basic))
	grants := in.GrantTypes
	if len(grants) == 0 {
		grants = []string{grantAuthorizationCode}
	}
	if len(in.RedirectURIs) == 0 && slices.Contains(grants, grantAuthorizationCode) {
		return refuse("invalid_redirect_uri", "no redirect_uris, which the grant %s needs", grantAuthorizationCode)
	}
	for _, g := range grants {
		if !slices.Contains([]string{grantAuthorizationCode, grantRefreshToken, grantDeviceCode}, g) {
			return refuse("invalid_client_metadata", "the grant %q is none that people sign in with", g)
		}
	}
	a := application{Type: typeOAuth, Name: cmp.Or(in.Name, "Dynamic client"), Dynamic: true}
	for _, uri := range in.RedirectURIs {
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || u.Fragment != "" {
			return refuse("invalid_redirect_uri", "%q is no address to return to", uri)
		}
		a.RedirectURIs = append(a.RedirectURIs, RedirectURI{URI: uri})
	}
	if !slices.Contains([]string{noAuthentication, string(oauth.Basic), string(oauth.Post)}, method) {
		return refuse("invalid_client_metadata", "token_endpoint_auth_method is %q", method)
	}
	a = p.addApplication(c, a)
	answer := registerResponse{
		ClientID: a.ClientID, IssuedAt: c.Now.Unix(), Name: in.Name, RedirectURIs: kit.List(in.RedirectURIs),
		GrantTypes: grants, ResponseTypes: []string{"code"}, AuthMethod: method,
	}
	if method != noAuthentication {
		answer.Secret, _ = p.addClientSecret(c, a, "", "")
		answer.SecretExpires = new(int64)
	}
	return answer, nil
}
