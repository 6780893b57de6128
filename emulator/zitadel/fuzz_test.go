package zitadel_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
	"github.com/understudy-dev/understudy/internal/providertest"
)

func TestAdversary(t *testing.T) { providertest.Adversary(t, option) }

func FuzzBody(f *testing.F)   { providertest.FuzzBody(f, option) }
func FuzzTarget(f *testing.F) { providertest.FuzzTarget(f, option) }
func FuzzHeader(f *testing.F) { providertest.FuzzHeader(f, option) }

// FuzzToken sends assertions of users and applications, and access tokens.
func FuzzToken(f *testing.F) {
	const issuer = "http://understudy.test"
	providertest.FuzzToken(f, option, func(p emulator.Provider, call func(providertest.Request) []byte) []providertest.Token {
		zit := p.(*zitadel.Provider)
		credentials := zit.Credentials()
		manage := func(path, body string) (answer struct{ KeyDetails, AppID, ClientID string }) {
			text := call(providertest.Request{
				Method: "POST", Path: "/management/v1" + path, Token: credentials["accessToken"], JSON: json.RawMessage(body),
			})
			if err := json.Unmarshal(text, &answer); err != nil {
				f.Fatal(err)
			}
			return answer
		}
		post := func(path string, form url.Values) providertest.Request {
			return providertest.Request{Method: "POST", Path: path, Form: form}
		}

		project := "/projects/" + credentials["projectId"]
		app := manage(project+"/apps/api", `{"name":"api","authMethodType":"API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"}`)
		assertion := func(keyDetails, id string) string {
			file, err := base64.StdEncoding.DecodeString(keyDetails)
			if err != nil {
				f.Fatal(err)
			}
			var key struct{ KeyID, Key string }
			if err := json.Unmarshal(file, &key); err != nil {
				f.Fatal(err)
			}
			now := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC).Unix()
			claims := map[string]any{"iss": id, "sub": id, "aud": issuer, "iat": now, "exp": now + 3600}
			return assert(f, privateKey(f, key.Key), key.KeyID, claims)
		}
		ofUser := assertion(manage("/users/"+credentials["userId"]+"/keys", `{"type":1}`).KeyDetails, credentials["userId"])
		ofApp := assertion(manage(fmt.Sprintf("%s/apps/%s/keys", project, app.AppID), `{"type":1}`).KeyDetails, app.ClientID)

		machine := zit.SeedMachineUser(zitadel.MachineUser{JWT: true})
		var granted struct {
			AccessToken string `json:"access_token"`
		}
		text := call(post("/oauth/v2/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {machine.UserName}, "client_secret": {machine.ClientSecret},
		}))
		if err := json.Unmarshal(text, &granted); err != nil {
			f.Fatal(err)
		}
		return []providertest.Token{
			providertest.NewToken(ofUser, providertest.RS256(f, ofUser), func(token string) providertest.Request {
				return post("/oauth/v2/token", url.Values{
					"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {token}, "scope": {"openid"},
				})
			}),
			providertest.NewToken(ofApp, providertest.RS256(f, ofApp), func(token string) providertest.Request {
				return post("/oauth/v2/introspect", url.Values{
					"token": {granted.AccessToken}, "client_assertion": {token},
					"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				})
			}),
			providertest.NewToken(granted.AccessToken, providertest.RS256(f, granted.AccessToken), func(token string) providertest.Request {
				return providertest.Request{Method: "GET", Path: "/oidc/v1/userinfo", Token: token}
			}),
		}
	})
}
