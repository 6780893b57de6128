package workos_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/internal/providertest"
)

func TestAdversary(t *testing.T) { providertest.Adversary(t, option) }

func FuzzBody(f *testing.F)   { providertest.FuzzBody(f, option) }
func FuzzTarget(f *testing.F) { providertest.FuzzTarget(f, option) }
func FuzzHeader(f *testing.F) { providertest.FuzzHeader(f, option) }

func FuzzToken(f *testing.F) {
	providertest.FuzzToken(f, option, func(p emulator.Provider, call func(providertest.Request) []byte) []providertest.Token {
		app := p.(*workos.Provider).SeedApplication(workos.Application{})
		post := func(path string, form url.Values) providertest.Request {
			form.Set("client_id", app.ClientID)
			form.Set("client_secret", app.ClientSecret)
			return providertest.Request{Method: "POST", Path: path, Form: form}
		}
		var granted struct {
			AccessToken string `json:"access_token"`
		}
		text := call(post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}}))
		if err := json.Unmarshal(text, &granted); err != nil {
			f.Fatal(err)
		}
		sign := providertest.RS256(f, granted.AccessToken)
		return []providertest.Token{
			providertest.NewToken(granted.AccessToken, sign, func(token string) providertest.Request {
				return post("/oauth2/introspection", url.Values{"token": {token}})
			}),
			providertest.NewToken(granted.AccessToken, sign, func(token string) providertest.Request {
				return providertest.Request{Method: "GET", Path: "/oauth2/userinfo", Token: token}
			}),
		}
	})
}
