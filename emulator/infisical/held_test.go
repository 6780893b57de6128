package infisical_test

import (
	"strings"

	"github.com/understudy-dev/understudy/internal/providertest"
)

// found are the credentials that an answer gives out.
func found(r request, a providertest.Answer) (all []providertest.Held) {
	if secret := a.Text("clientSecret"); secret != "" {
		all = append(all, providertest.Held{Kind: "client-secret", ID: a.Text("clientSecretData.id"), Value: secret})
	}
	if token := a.Text("accessToken"); token != "" {
		all = append(all, providertest.Held{Kind: "access-token", ID: providertest.ClaimOf(token, "jti"), Value: token})
	}
	return all
}

// takesSecret logs in by a secret; whose it is, its path says.
func (h history) takesSecret(k providertest.Held) bool {
	identity := strings.Split(strings.TrimPrefix(k.Made.Path, universalPath), "/")[0]
	a, _ := h.Try(request{Method: "GET", Path: universalPath + identity, Token: h.Credentials["accessToken"]})
	a, _ = h.Try(request{Method: "POST", Path: login, JSON: object{"clientId": a.Text("identityUniversalAuth.clientId"), "clientSecret": k.Value}})
	return a.OK()
}

// takesToken asks for what any token may.
func (h history) takesToken(k providertest.Held) bool {
	a, _ := h.Try(request{Method: "GET", Path: "/api/v1/identities/details", Token: k.Value})
	return a.OK()
}
