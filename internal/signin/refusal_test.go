package signin_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
)

// An attempt is a sign-in that goes wrong somewhere.
type attempt struct {
	*testing.T
	service
	srv             *emulator.Server
	client, another string // without a secret
}

func (a attempt) asked(more ...string) answer { return a.ask(a, a.srv, a.asks(a.client, more...)) }

func (a attempt) newCode() string { return a.code(a, a.srv, a.asks(a.client)) }

func (a attempt) swapped(form url.Values) answer {
	got, _ := a.swap(a, a.srv, form)
	return got
}

// shown is a refusal that OCS tells the person, said one that a token request gets,
// back one that the browser takes to the client.
func shown(code, reason string) string {
	return `400 {"OperationId":"` + operationID + `","Error":"` + code + `","Reason":"` + reason + `","Resolution":"Correct the request to sign in."}`
}

func said(status int, code, description string) string {
	if description != "" {
		description = `,"error_description":"` + description + `"`
	}
	return fmt.Sprintf(`%d {"error":"%s"%s}`, status, code, description)
}

func back(code, description string) string {
	if description != "" {
		description = "&error_description=" + url.QueryEscape(description)
	}
	return "302 " + callback + "?error=" + code + description + "&state=s"
}

// operationID is the first of the default seed.
const operationID = "553f4831-f6ab-408c-9c85-1432e0df4203"

// TestRefusals is the table of what goes wrong in a sign-in, with the exact answer
// of each service.
func TestRefusals(t *testing.T) {
	type row struct {
		name                 string
		try                  func(a attempt) answer
		ocs, workos, zitadel string
	}
	refused := said(400, "invalid_grant", "The grant is invalid, expired or revoked.")
	for _, r := range []row{
		{
			name:    "an address that is not the client's",
			try:     func(a attempt) answer { return a.asked("redirect_uri", "https://evil.example/") },
			ocs:     shown("unauthorized_client", "Invalid redirect_uri"),
			workos:  "302 https://api.workos.com/oauth2/error?error=redirect_uri_invalid",
			zitadel: said(400, "invalid_request", "The requested redirect_uri is missing in the client configuration. If you have any questions, you may contact the administrator of the application."),
		},
		{
			name:    "a downgraded challenge",
			try:     func(a attempt) answer { return a.asked("code_challenge_method", "plain") },
			ocs:     shown("invalid_request", "Transform algorithm not supported"),
			workos:  back("invalid_request", "The code challenge method is not supported."),
			zitadel: back("invalid_request", "invalid code_challenge_method"),
		},
		{
			name:    "no challenge",
			try:     func(a attempt) answer { return a.asked("code_challenge", "", "code_challenge_method", "") },
			ocs:     shown("invalid_request", "code challenge required"),
			workos:  back("invalid_request", "A code challenge is required."),
			zitadel: back("invalid_request", "code_challenge required"),
		},
		{
			name:    "an unknown scope",
			try:     func(a attempt) answer { return a.asked("scope", a.scope+" everything") },
			ocs:     shown("invalid_scope", "Invalid scope"),
			workos:  back("invalid_scope", "The requested scope is invalid."),
			zitadel: "302 " + callback + "?code", // it is left out
		},
		{
			name:    "prompt=none without a session",
			try:     func(a attempt) answer { return a.asked("prompt", "none") },
			ocs:     back("login_required", ""),
			workos:  back("login_required", "The user has to sign in."),
			zitadel: back("login_required", ""),
		},
		{
			name: "a wrong verifier",
			try: func(a attempt) answer {
				return a.swapped(a.swaps(a.client, a.newCode(), "code_verifier", "another-"+verifier))
			},
			ocs:     said(400, "invalid_grant", ""),
			workos:  refused,
			zitadel: said(400, "invalid_grant", "invalid code_verifier"),
		},
		{
			name: "another address than the code's",
			try: func(a attempt) answer {
				return a.swapped(a.swaps(a.client, a.newCode(), "redirect_uri", "https://evil.example/"))
			},
			ocs:     said(400, "invalid_grant", ""),
			workos:  refused,
			zitadel: said(400, "invalid_grant", "redirect_uri does not correspond"),
		},
		{
			name:    "another client's code",
			try:     func(a attempt) answer { return a.swapped(a.swaps(a.another, a.newCode())) },
			ocs:     said(400, "invalid_grant", ""),
			workos:  refused,
			zitadel: said(400, "invalid_grant", "invalid code"),
		},
		{
			name:    "an unknown client",
			try:     func(a attempt) answer { return a.swapped(a.swaps("nobody", a.newCode())) },
			ocs:     said(400, "invalid_client", ""),
			workos:  said(401, "invalid_client", "Application not found."),
			zitadel: said(400, "invalid_client", "no active client not found"),
		},
		{
			name: "a wrong secret",
			try: func(a attempt) answer {
				id, _ := a.confidential(a, a.srv)
				code := a.code(a, a.srv, a.asks(id, "response_type", a.responseType, "nonce", "n", "code_challenge", "", "code_challenge_method", ""))
				return a.swapped(a.swaps(id, code, "code_verifier", "", "client_secret", "wrong"))
			},
			ocs:     said(400, "invalid_client", ""),
			workos:  said(401, "invalid_client", "Invalid client ID or secret."),
			zitadel: said(400, "invalid_client", "invalid secret"),
		},
		{
			name: "a code that is used again",
			try: func(a attempt) answer {
				form := a.swaps(a.client, a.newCode())
				a.swapped(form)
				return a.swapped(form)
			},
			ocs:     said(400, "invalid_grant", ""),
			workos:  refused,
			zitadel: said(400, "invalid_grant", "invalid code"),
		},
		{
			name: "an expired code",
			try: func(a attempt) answer {
				form := a.swaps(a.client, a.newCode())
				a.srv.Clock.Advance(a.codes)
				return a.swapped(form)
			},
			ocs:     said(400, "invalid_grant", ""),
			workos:  refused,
			zitadel: said(400, "invalid_grant", "invalid code"),
		},
		{
			name: "a refresh token that is used again",
			try: func(a attempt) answer {
				_, given := a.swap(a, a.srv, a.swaps(a.client, a.newCode()))
				a.swapped(a.renews(a.client, given.Refresh))
				return a.swapped(a.renews(a.client, given.Refresh))
			},
			ocs:     said(400, "invalid_grant", ""),
			workos:  refused,
			zitadel: said(400, "invalid_grant", "invalid refresh_token"),
		},
	} {
		t.Run(r.name, func(t *testing.T) {
			for _, s := range services() {
				srv, err := emulator.New(s)
				if err != nil {
					t.Fatal(err)
				}
				srv.Clock.Freeze()
				a := attempt{T: t, service: s, srv: srv, client: s.public(t, srv), another: s.public(t, srv)}
				want := map[string]string{"ocs": r.ocs, "workos": r.workos, "zitadel": r.zitadel}[s.name]
				got := r.try(a)
				// A code that is given after all is a good one.
				text, _, given := strings.Cut(fmt.Sprint(got.status, " ", got.said()), "code=")
				if given {
					text += "code"
				}
				if text != want {
					t.Errorf("%s answers %s\n\twant %s", s.name, text, want)
				}
				if !given && srv.Journal.Last().Reason == "" {
					t.Errorf("%s gives no reason", s.name)
				}
			}
		})
	}
}
