package workos_test

import (
	"net/url"
	"strings"

	"github.com/understudy-dev/understudy/internal/providertest"
)

// found are the credentials that an answer gives out.
func found(r request, a providertest.Answer) (all []providertest.Held) {
	if strings.HasSuffix(r.Path, "/client_secrets") && r.Method == "POST" {
		all = append(all, providertest.Held{Kind: "client-secret", ID: a.Text("id"), Value: a.Text("secret")})
	}
	if strings.HasSuffix(r.Path, "/api_keys") && r.Method == "POST" {
		all = append(all, providertest.Held{Kind: "api-key", ID: a.Text("id"), Value: a.Text("value")})
	}
	if token := a.Text("access_token"); token != "" {
		all = append(all, providertest.Held{Kind: "access-token", ID: providertest.ClaimOf(token, "jti"), Value: token})
	}
	return all
}

// takesSecret asks for a token; whose the secret is, its path says.
func (h *history) takesSecret(k providertest.Held) bool {
	id := strings.Split(k.Made.Path, "/")[3]
	a, _ := h.Try(request{Method: "GET", Path: applicationsPath + "/" + id, Token: h.Credentials["apiKey"]})
	a, _ = h.Try(request{Method: "POST", Path: "/oauth2/token", Form: url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.Text("client_id")}, "client_secret": {k.Value},
	}})
	return a.Status != 401 && a.Status != 404 // an application for people has no such grant
}

// takesKey asks whose a key is.
func (h *history) takesKey(k providertest.Held) bool {
	a, _ := h.Try(request{Method: "POST", Path: "/api_keys/validations", Token: h.Credentials["apiKey"], JSON: object{"value": k.Value}})
	return a.At("api_key") != nil
}

// takesToken asks whom a token is about, which one without a scope may not know.
func (h *history) takesToken(k providertest.Held) bool {
	a, reason := h.Try(request{Method: "GET", Path: "/oauth2/userinfo", Token: k.Value})
	return a.OK() || strings.Contains(reason, "lacks the scope")
}
