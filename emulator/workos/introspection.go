package workos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// expired says since when a token is over.
func expired(end int64) error {
	return fmt.Errorf("it expired at %s", time.Unix(end, 0).UTC().Format(time.RFC3339))
}

type introspectionResponse struct {
	Active         bool   `json:"active"`
	TokenType      string `json:"token_type,omitempty"`
	ClientID       string `json:"client_id,omitempty"`
	Issuer         string `json:"iss,omitempty"`
	Subject        string `json:"sub,omitempty"`
	IssuedAt       int64  `json:"iat,omitempty"`
	ExpiresAt      int64  `json:"exp,omitempty"`
	OrganizationID string `json:"org_id,omitempty"`
	SessionID      string `json:"sid,omitempty"`
	ID             string `json:"jti,omitempty"`
}

// introspect tells an application whether a token is active.
// https://workos.com/docs/reference/workos-connect/introspection
func (p *Provider) introspect(c *kernel.Call) (any, error) {
	if _, s, err := p.authenticate(c); err != nil {
		return nil, err
	} else if s.ID == "" {
		return nil, invalidClient(missingClient).Because("the request has no client secret")
	}
	token := form(c, "token")
	if token == "" {
		return nil, invalidRequest("invalid_request", "Missing token.").Because("the form has no token")
	}
	if known, ok := p.introspectRefresh(c, token); ok {
		return known, nil
	}
	cl, err := p.verify(c, token)
	if err != nil {
		c.Reason = "the token is not active: " + err.Error()
		return introspectionResponse{}, nil
	}
	known := introspectionResponse{
		Active: true, TokenType: "access_token", ClientID: cl.ClientID, Issuer: cl.Issuer, Subject: cl.Subject,
		IssuedAt: cl.IssuedAt, ExpiresAt: cl.ExpiresAt, OrganizationID: cl.OrganizationID,
	}
	if cl.SessionID != "" {
		known.SessionID, known.ID = cl.SessionID, cl.ID
	}
	return known, nil
}

type userinfoResponse struct {
	Subject string `json:"sub"`
	profile
}

// userinfo says who a token is about: a machine has nothing more to tell.
// https://workos.com/docs/reference/workos-connect/userinfo
func (p *Provider) userinfo(c *kernel.Call) (any, error) {
	unauthorized := func(format string, args ...any) (any, error) {
		return nil, refuse(http.StatusUnauthorized, "unauthorized", "").Because(format, args...)
	}
	token, ok := bearer(c.Request)
	if !ok {
		return unauthorized("there is no access token")
	}
	cl, err := p.verify(c, token)
	switch {
	case err != nil:
		return unauthorized("the access token does not count: %v", err)
	case !slices.Contains(strings.Fields(cl.Scope), openidScope):
		return unauthorized("the access token lacks the scope %s", openidScope)
	}
	u, _ := p.people.Get(c.Tx, cl.Subject)
	return userinfoResponse{cl.Subject, u.profile(strings.Fields(cl.Scope))}, nil
}
