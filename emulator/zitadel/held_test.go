package zitadel_test

import (
	"net/url"
	"strings"

	"github.com/understudy-dev/understudy/internal/providertest"
)

// found are the credentials that an answer gives out.
func (h history) found(r request, a providertest.Answer) (all []providertest.Held) {
	words := strings.Split(r.Path, "/") // "", management, v1, projects, id, apps, …
	hold := func(kind, id, value string) {
		if value != "" {
			all = append(all, providertest.Held{Kind: kind, ID: id, Value: value})
		}
	}
	switch secret, last := a.Text("clientSecret"), words[len(words)-1]; {
	case last == "secret": // of a user
		hold("client-secret", words[4], secret)
	case strings.HasSuffix(last, "_generate_client_secret"):
		app, _ := h.Try(request{Method: "GET", Path: strings.Join(words[:7], "/"), Token: h.Credentials["accessToken"]})
		for _, config := range []string{"app.apiConfig.clientId", "app.oidcConfig.clientId"} {
			if id := app.Text(config); id != "" {
				hold("client-secret", id, secret)
			}
		}
	default:
		hold("client-secret", a.Text("clientId"), secret)
	}
	if words[len(words)-1] == "pats" {
		hold("personal-access-token", a.Text("tokenId"), a.Text("token"))
	}
	if words[len(words)-1] == "keys" {
		id := a.Text("keyId") + a.Text("id") // of a user, of an application
		hold("key", id, id)                  // the model has what it signs with
	}
	if token := a.Text("access_token"); token != "" {
		id := providertest.ClaimOf(token, "jti")
		if id == "" { // an opaque one does not tell
			id = h.Newest("access-token")
		}
		hold("access-token", id, token)
	}
	return all
}

// takesSecret gets a token for a user, and asks about one for an application.
func (h history) takesSecret(k providertest.Held) bool {
	words := strings.Split(k.Made.Path, "/")
	if words[len(words)-1] == "secret" {
		user, _ := h.Try(request{Method: "GET", Path: management + "/users/" + words[4], Token: h.Credentials["accessToken"]})
		a, _ := h.Try(request{Method: "POST", Path: "/oauth/v2/token", Form: url.Values{
			"grant_type": {"client_credentials"}, "scope": {"openid"}, "client_id": {user.Text("user.userName")}, "client_secret": {k.Value},
		}})
		return a.OK()
	}
	a, _ := h.Try(request{Method: "POST", Path: "/oauth/v2/introspect", Form: url.Values{"client_id": {k.ID}, "client_secret": {k.Value}, "token": {"x"}}})
	return a.OK()
}

// takesKey does the same with a signature.
func (h history) takesKey(held providertest.Held) bool {
	k, ok := h.Model.keys[held.ID]
	if !ok {
		return false
	}
	if _, isUser := h.Model.users[k.owner]; isUser {
		a, _ := h.Try(request{Method: "POST", Path: "/oauth/v2/token", Form: url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {h.sign(k)}, "scope": {"openid"},
		}})
		return a.OK()
	}
	a, _ := h.Try(request{Method: "POST", Path: "/oauth/v2/introspect", Form: url.Values{
		"client_assertion": {h.sign(k)}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "token": {"x"},
	}})
	return a.OK()
}

// takesToken asks whom a token is about.
func (h history) takesToken(k providertest.Held) bool {
	a, _ := h.Try(request{Method: "GET", Path: "/oidc/v1/userinfo", Token: k.Value})
	return a.OK()
}
