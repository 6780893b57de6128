package ocs_test

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/understudy-dev/understudy/internal/providertest"
)

// found are the credentials that an answer gives out.
func found(r request, a providertest.Answer) (all []providertest.Held) {
	switch {
	case r.Method == "POST" && strings.HasSuffix(r.Path, "/Secrets"):
		all = append(all, providertest.Held{Kind: "client-secret", ID: fmt.Sprint(a.At("Id")), Value: a.Text("Secret")})
	case r.Path == tokenPath && a.Text("access_token") != "":
		token := a.Text("access_token")
		all = append(all, providertest.Held{Kind: "access-token", ID: providertest.ClaimOf(token, "jti"), Value: token})
	}
	return all
}

// takesSecret asks for a token; a client for people has no such grant, which is said
// to those alone that have a secret of it.
func (h *history) takesSecret(k providertest.Held) bool {
	parts := strings.Split(k.Made.Path, "/")
	a, _ := h.Try(request{Method: "POST", Path: tokenPath, Form: url.Values{
		"grant_type": {"client_credentials"}, "client_id": {parts[len(parts)-2]}, "client_secret": {k.Value},
	}})
	return a.OK() || a.Text("error") == "unauthorized_client"
}

// takesToken reads the tenant.
func (h *history) takesToken(k providertest.Held) bool {
	a, _ := h.Try(request{Method: "GET", Path: "/api/v1/Tenants/" + h.Credentials["tenantId"], Token: k.Value})
	return a.Status != 401
}
