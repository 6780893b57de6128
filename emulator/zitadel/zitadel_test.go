package zitadel_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
	"github.com/understudy-dev/understudy/internal/providertest"
)

func option() emulator.Option { return zitadel.New() }

func TestScripts(t *testing.T) { providertest.Scripts(t, "../../testdata/script/zitadel", option) }

func TestProvider(t *testing.T) { providertest.Run(t, option) }

// A session talks to an emulator as one user.
type session struct {
	t     *testing.T
	zit   *zitadel.Provider
	token string
	orgID string // for x-zitadel-orgid, if any
}

// call makes a call of the Management API and returns the status and the body.
func (s session) call(method, path, body string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.zit.URL()+"/management/v1"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	if s.orgID != "" {
		request.Header.Set("X-Zitadel-Orgid", s.orgID)
	}
	return do(s.t, request)
}

// make makes a call that must succeed and returns the members of its answer.
func (s session) make(method, path, body string) map[string]any {
	s.t.Helper()
	status, text := s.call(method, path, body)
	if status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		s.t.Fatal(err)
	}
	return answer
}

func do(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// post sends a form to an OAuth endpoint, with Basic authentication if there is
// a user.
func post(t *testing.T, address, user, password string, form url.Values) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		request.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
	}
	return do(t, request)
}

func start(t *testing.T, options ...emulator.Option) (*emulator.Server, session) {
	t.Helper()
	zit := zitadel.New()
	srv := emulator.NewTest(t, append(options, zit)...)
	return srv, session{t: t, zit: zit, token: zit.Credentials()["accessToken"]}
}

// TestSecretForm looks at the one thing that everybody keeps.
func TestSecretForm(t *testing.T) {
	_, s := start(t)
	project := s.zit.Credentials()["projectId"]
	app := s.make("POST", "/projects/"+project+"/apps/api", `{"name":"api"}`)
	form := regexp.MustCompile(`^\{"clientSecret":"([0-9A-Za-z]{64})","details":\{"sequence":"\d+","changeDate":"[-0-9T:.]+Z","resourceOwner":"\d{18}"\}\}$`)
	seen := map[string]bool{app["clientSecret"].(string): true}
	for range 100 {
		status, text := s.call("POST", fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", project, app["appId"]), `{}`)
		match := form.FindStringSubmatch(text)
		if status != http.StatusOK || match == nil {
			t.Fatalf("%d %s", status, text)
		}
		if seen[match[1]] {
			t.Errorf("secret %s is given twice", match[1])
		}
		seen[match[1]] = true
	}
}

// TestOrganizations looks at what is another organization's, for callers of
// different roles.
func TestOrganizations(t *testing.T) {
	_, s := start(t)
	zit := s.zit
	foreign := zit.SeedOrganization(zitadel.Organization{Name: "Other"})
	project := zit.SeedProject(zitadel.Project{OrganizationID: foreign.ID})
	app := zit.SeedAPIApp(zitadel.APIApp{ProjectID: project.ID})
	user := func(name, orgID string, roles ...string) session {
		return session{t: t, zit: zit, token: zit.SeedMachineUser(zitadel.MachineUser{UserName: name, OrganizationID: orgID, Roles: roles}).AccessToken}
	}
	owner := user("owner", "", "ORG_OWNER")
	instance := user("instance", "", "IAM_OWNER")
	viewer := user("viewer", foreign.ID, "ORG_OWNER_VIEWER")
	manager := user("manager", foreign.ID, "ORG_USER_MANAGER")
	auditor := user("auditor", "", "IAM_OWNER_VIEWER")
	own := zit.Credentials()["organizationId"]
	regenerate := fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", project.ID, app.ID)
	read := fmt.Sprintf("/projects/%s/apps/%s", project.ID, app.ID)

	for _, test := range []struct {
		name         string
		as           session
		orgID        string
		method, path string
		body         string
		status       int
		message      string
	}{
		{"the owner of another organization, without the header", owner, "", "POST", regenerate, `{}`, 404, "Application doesn't exist (COMMAND-2g66f)"},
		{"the owner of another organization, with the header", owner, foreign.ID, "POST", regenerate, `{}`, 403, "No matching permissions found (AUTH-5mWD2)"},
		{"an organization that there is not", owner, "1", "POST", regenerate, `{}`, 403, "Organisation doesn't exist (AUTH-Bs7Ds)"},
		{"the owner of the instance, without the header", instance, "", "POST", regenerate, `{}`, 404, "Application doesn't exist (COMMAND-2g66f)"},
		{"the owner of the instance, with the wrong header", instance, own, "POST", regenerate, `{}`, 404, "Application doesn't exist (COMMAND-2g66f)"},
		{"the owner of the instance, with the header", instance, foreign.ID, "POST", regenerate, `{}`, 200, ""},
		{"a viewer writes", viewer, "", "POST", regenerate, `{}`, 403, "No matching permissions found (AUTH-5mWD2)"},
		{"a viewer reads", viewer, "", "GET", read, ``, 200, ""},
		{"a viewer of the instance reads", auditor, foreign.ID, "GET", read, ``, 200, ""},
		{"a viewer of the instance writes", auditor, foreign.ID, "POST", regenerate, `{}`, 403, "No matching permissions found (AUTH-5mWD2)"},
		{"a manager of users reads applications", manager, "", "GET", read, ``, 403, "No matching permissions found (AUTH-5mWD2)"},
		{"a manager of users adds one", manager, "", "POST", "/users/machine", `{"userName":"x","name":"x"}`, 200, ""},
		{"a foreign user", owner, "", "PUT", "/users/" + zit.SeedMachineUser(zitadel.MachineUser{OrganizationID: foreign.ID}).ID + "/secret", `{}`, 400, "Errors.User.NotExisting (COMMAND-x8910n)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.as
			s.t, s.orgID = t, test.orgID
			status, text := s.call(test.method, test.path, test.body)
			if status != test.status || !strings.Contains(text, test.message) {
				t.Errorf("%d %s", status, text)
			}
		})
	}
}

// TestIdentifiers makes more of them than a tick of the clock holds.
func TestIdentifiers(t *testing.T) {
	srv, s := start(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	srv.Clock.Freeze()
	srv.Clock.Set(at)
	const n = 1000
	epoch := time.Date(2019, 4, 29, 0, 0, 0, 0, time.UTC)
	var last, machine uint64
	next := func(i int) time.Time {
		id := s.make("POST", "/projects", fmt.Sprintf(`{"name":"p%d"}`, i))["id"].(string)
		number, err := strconv.ParseUint(id, 10, 63)
		if err != nil || len(id) != 18 {
			t.Fatalf("id %s: %v", id, err)
		}
		if number <= last {
			t.Fatalf("id %d comes after %d", number, last)
		}
		if machine == 0 {
			machine = number & 0xffff
		}
		if number&0xffff != machine {
			t.Errorf("id %d is of machine %d, not %d", number, number&0xffff, machine)
		}
		last = number
		return epoch.Add(time.Duration(number>>24) * 10 * time.Millisecond)
	}
	for i := range n {
		// 256 fit a tick.
		if got, want := next(i), at.Add(time.Duration(i/256)*10*time.Millisecond); !got.Equal(want) {
			t.Fatalf("id %d is of %s, want %s", i, got, want)
		}
	}
	srv.Clock.Set(at.Add(-time.Hour))
	if got := next(n); got.Before(at) {
		t.Errorf("after the clock has moved back, an id is of %s", got)
	}
	srv.Clock.Set(at.Add(time.Hour))
	if got := next(n + 1); !got.Equal(at.Add(time.Hour)) {
		t.Errorf("after the clock has moved on, an id is of %s", got)
	}
}

// keyFile reads the file of a generated key.
func keyFile(t *testing.T, encoded any) (file struct{ Type, KeyID, Key, AppID, ClientID, UserID, ExpirationDate string }) {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(encoded.(string))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

// assert signs an assertion.
func assert(t testing.TB, key *rsa.PrivateKey, keyID string, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", keyID))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAssertions tries assertions by keys of machine users and of applications,
// at the token endpoint and at introspection.
func TestAssertions(t *testing.T) {
	for _, contract := range []emulator.Contract{emulator.Documented, emulator.Live} {
		t.Run(contract.String(), func(t *testing.T) {
			srv, s := start(t, emulator.WithContract(contract))
			now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
			srv.Clock.Freeze()
			srv.Clock.Set(now)
			credentials, issuer := s.zit.Credentials(), s.zit.URL()
			userID, project := credentials["userId"], credentials["projectId"]
			end := now.Add(24 * time.Hour).Format(time.RFC3339)

			machine := keyFile(t, s.make("POST", "/users/"+userID+"/keys", `{"type":"KEY_TYPE_JSON","expirationDate":"`+end+`"}`)["keyDetails"])
			if machine.Type != "serviceaccount" || machine.UserID != userID || machine.ExpirationDate != end {
				t.Errorf("the machine user's key file is %+v", machine)
			}
			app := s.make("POST", "/projects/"+project+"/apps/api", `{"name":"api","authMethodType":"API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"}`)
			clientID := app["clientId"].(string)
			application := keyFile(t, s.make("POST", fmt.Sprintf("/projects/%s/apps/%s/keys", project, app["appId"]), `{"type":1}`)["keyDetails"])
			if application.Type != "application" || application.AppID != app["appId"] || application.ClientID != clientID {
				t.Errorf("the application's key file is %+v", application)
			}
			userKey, appKey := privateKey(t, machine.Key), privateKey(t, application.Key)

			claims := func(id string, change func(map[string]any)) map[string]any {
				c := map[string]any{"iss": id, "sub": id, "aud": issuer, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
				if change != nil {
					change(c)
				}
				return c
			}
			type assertion struct {
				name string
				text string
				ok   bool
			}
			both := func(key *rsa.PrivateKey, other *rsa.PrivateKey, keyID, id string) []assertion {
				set := func(name string, value any) func(map[string]any) {
					return func(c map[string]any) { c[name] = value }
				}
				return []assertion{
					{"good", assert(t, key, keyID, claims(id, nil)), true},
					{"one of several audiences", assert(t, key, keyID, claims(id, set("aud", []string{"x", issuer}))), true},
					{"almost an hour old", assert(t, key, keyID, claims(id, set("iat", now.Add(-time.Hour).Unix()))), true},
					{"a second early", assert(t, key, keyID, claims(id, set("iat", now.Add(time.Second).Unix()))), true},
					{"another key", assert(t, other, keyID, claims(id, nil)), false},
					{"unknown key", assert(t, key, "1", claims(id, nil)), false},
					{"another issuer", assert(t, key, keyID, claims(id, set("iss", "1"))), false},
					{"another subject", assert(t, key, keyID, claims(id, set("sub", "1"))), false},
					{"another user", assert(t, key, keyID, claims("1", nil)), false},
					{"another audience", assert(t, key, keyID, claims(id, set("aud", issuer+"/"))), false},
					{"no audience", assert(t, key, keyID, claims(id, func(c map[string]any) { delete(c, "aud") })), false},
					{"expired", assert(t, key, keyID, claims(id, set("exp", now.Add(-time.Second).Unix()))), false},
					{"no expiry", assert(t, key, keyID, claims(id, func(c map[string]any) { delete(c, "exp") })), false},
					{"from the future", assert(t, key, keyID, claims(id, set("iat", now.Add(2*time.Second).Unix()))), false},
					{"too old", assert(t, key, keyID, claims(id, set("iat", now.Add(-time.Hour-2*time.Second).Unix()))), false},
					{"claims of other types", assert(t, key, keyID, claims(id, set("iss", 1))), false},
					{"nonsense", "a.b.c", false},
				}
			}
			grant := func(text string) (int, string) {
				return post(t, issuer+"/oauth/v2/token", "", "", url.Values{
					"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text},
					"scope": {"openid urn:zitadel:iam:org:project:id:zitadel:aud urn:zitadel:iam:org:project:id:" + project + ":aud"},
				})
			}
			refusal := `{"error":"invalid_grant","error_description":"invalid assertion"}`
			refused := http.StatusBadRequest
			if contract == emulator.Live {
				refusal, refused = `{"error":"server_error","error_description":"Errors.Internal"}`, http.StatusInternalServerError
			}
			token := ""
			for _, a := range both(userKey, appKey, machine.KeyID, userID) {
				status, text := grant(a.text)
				if a.ok != (status == http.StatusOK) || !a.ok && (status != refused || text != refusal) {
					t.Errorf("grant: %s: %d %s", a.name, status, text)
				}
				if a.ok {
					var answer struct {
						AccessToken string `json:"access_token"`
					}
					if err := json.Unmarshal([]byte(text), &answer); err != nil {
						t.Fatal(err)
					}
					token = answer.AccessToken
				}
			}
			// An application's key is good for introspection alone.
			if status, text := grant(assert(t, appKey, application.KeyID, claims(clientID, nil))); status != refused || text != refusal {
				t.Errorf("grant by an application's key: %d %s", status, text)
			}
			// The token is good for the API itself.
			api := s
			api.token = token
			api.make("GET", "/orgs/me", "")

			introspect := func(text string) (int, string) {
				return post(t, issuer+"/oauth/v2/introspect", "", "", url.Values{
					"token": {token}, "client_assertion": {text},
					"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				})
			}
			for _, a := range both(appKey, userKey, application.KeyID, clientID) {
				status, text := introspect(a.text)
				if a.ok != (status == http.StatusOK && strings.HasPrefix(text, `{"active":true,`)) ||
					!a.ok && (status != http.StatusBadRequest || text != `{"error":"unauthorized_client"}`) {
					t.Errorf("introspection: %s: %d %s", a.name, status, text)
				}
			}
			if status, text := introspect(assert(t, userKey, machine.KeyID, claims(userID, nil))); status != http.StatusBadRequest {
				t.Errorf("introspection by a machine user's key: %d %s", status, text)
			}

			// An OIDC application proves itself the same way; then its code is looked at.
			web := s.make("POST", "/projects/"+project+"/apps/oidc", `{"name":"web","authMethodType":"OIDC_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"}`)
			webFile := keyFile(t, s.make("POST", fmt.Sprintf("/projects/%s/apps/%s/keys", project, web["appId"]), `{"type":1}`)["keyDetails"])
			webKey, webClient := privateKey(t, webFile.Key), web["clientId"].(string)
			for _, a := range both(webKey, appKey, webFile.KeyID, webClient) {
				status, text := post(t, issuer+"/oauth/v2/token", "", "", url.Values{
					"grant_type": {"authorization_code"}, "code": {"x"}, "client_assertion": {a.text},
					"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				})
				want := `{"error":"invalid_client","error_description":"invalid assertion"}`
				if a.ok {
					want = `{"error":"invalid_grant","error_description":"invalid code"}`
				}
				if status != http.StatusBadRequest || text != want {
					t.Errorf("code: %s: %d %s", a.name, status, text)
				}
			}

			// Keys end by removal and by the clock.
			s.make("DELETE", fmt.Sprintf("/projects/%s/apps/%s/keys/%s", project, app["appId"], application.KeyID), "")
			if status, text := introspect(assert(t, appKey, application.KeyID, claims(clientID, nil))); status != http.StatusBadRequest {
				t.Errorf("introspection by a removed key: %d %s", status, text)
			}
			now = now.Add(24 * time.Hour)
			srv.Clock.Set(now)
			if status, text := grant(assert(t, userKey, machine.KeyID, claims(userID, nil))); status != refused {
				t.Errorf("grant by an expired key: %d %s", status, text)
			}
		})
	}
}

// TestKeyLag shows that the OAuth endpoints see keys late, too.
func TestKeyLag(t *testing.T) {
	zit := zitadel.New(zitadel.Lag(time.Minute))
	srv := emulator.NewTest(t, zit)
	srv.Clock.Freeze()
	s := session{t: t, zit: zit, token: zit.Credentials()["accessToken"]}
	userID := zit.Credentials()["userId"]
	file := keyFile(t, s.make("POST", "/users/"+userID+"/keys", `{"type":1}`)["keyDetails"])
	key := privateKey(t, file.Key)
	try := func() int {
		now := srv.Clock.Now()
		status, _ := post(t, zit.URL()+"/oauth/v2/token", "", "", url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
			"assertion": {assert(t, key, file.KeyID, map[string]any{
				"iss": userID, "sub": userID, "aud": zit.URL(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
			})},
		})
		return status
	}
	if status := try(); status != http.StatusBadRequest {
		t.Errorf("a fresh key: %d", status)
	}
	srv.Clock.Advance(time.Minute)
	if status := try(); status != http.StatusOK {
		t.Errorf("a key of a minute: %d", status)
	}
	s.make("DELETE", "/users/"+userID+"/keys/"+file.KeyID, "")
	if status, text := s.call("GET", "/users/"+userID+"/keys/"+file.KeyID, ""); status != http.StatusNotFound {
		t.Errorf("a removed key is read: %d %s", status, text)
	}
	if status := try(); status != http.StatusOK {
		t.Errorf("a key just removed: %d", status)
	}
	srv.Clock.Advance(time.Minute)
	if status := try(); status != http.StatusBadRequest {
		t.Errorf("a key removed a minute ago: %d", status)
	}
}

// TestBasicAuthentication has a secret introspect a token as most clients do.
func TestBasicAuthentication(t *testing.T) {
	srv, s := start(t)
	app := s.zit.SeedAPIApp(zitadel.APIApp{Name: "api"})
	user := s.zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci@example: +/", JWT: true})
	status, text := post(t, s.zit.URL()+"/oauth/v2/token", user.UserName, user.ClientSecret, url.Values{
		"grant_type": {"client_credentials"}, "scope": {"urn:zitadel:iam:org:project:id:" + app.ProjectID + ":aud"},
	})
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &answer); status != http.StatusOK || err != nil {
		t.Fatalf("%d %s", status, text)
	}
	introspect := func(secret string) (int, string) {
		return post(t, s.zit.URL()+"/oauth/v2/introspect", app.ClientID, secret, url.Values{"token": {answer.AccessToken}})
	}
	if status, text := introspect(app.ClientSecret); status != http.StatusOK || !strings.HasPrefix(text, `{"active":true,`) ||
		!strings.Contains(text, `"client_id":"ci@example: +/"`) {
		t.Errorf("%d %s", status, text)
	}
	secret := s.make("POST", fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", app.ProjectID, app.ID), `{}`)["clientSecret"].(string)
	if status, text := introspect(app.ClientSecret); status != http.StatusBadRequest || text != `{"error":"unauthorized_client"}` {
		t.Errorf("the previous secret: %d %s", status, text)
	}
	if status, text := introspect(secret); status != http.StatusOK || !strings.HasPrefix(text, `{"active":true,`) {
		t.Errorf("the present secret: %d %s", status, text)
	}
	srv.Clock.Advance(12 * time.Hour)
	if status, text := introspect(secret); status != http.StatusOK || text != `{"active":false}` {
		t.Errorf("after half a day: %d %s", status, text)
	}
}

// TestTokenClaims compares a JWT with the ones that the service signs, byte by
// byte: their order can be seen.
func TestTokenClaims(t *testing.T) {
	srv, s := start(t)
	srv.Clock.Freeze()
	srv.Clock.Set(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC))
	project := s.zit.Credentials()["projectId"]
	user := s.zit.SeedMachineUser(zitadel.MachineUser{UserName: "<ci>", JWT: true})
	for _, test := range []struct{ scope, audience string }{
		{"", ""},
		{"profile x", ""},
		{"urn:zitadel:iam:org:project:id:" + project + ":aud", `"aud":["` + project + `"],`},
		{"urn:zitadel:iam:org:project:id:" + project + ":aud urn:zitadel:iam:org:project:id:1:aud urn:zitadel:iam:org:project:id:1:aud", `"aud":["` + project + `","1"],`},
	} {
		status, text := post(t, s.zit.URL()+"/oauth/v2/token", user.UserName, user.ClientSecret,
			url.Values{"grant_type": {"client_credentials"}, "scope": {test.scope}})
		match := regexp.MustCompile(`^\{"access_token":"([-\w]+)\.([-\w]+)\.[-\w]{342}","token_type":"Bearer","expires_in":43199\}$`).FindStringSubmatch(text)
		if status != http.StatusOK || match == nil {
			t.Fatalf("%d %s", status, text)
		}
		header := regexp.MustCompile(`^\{"alg":"RS256","kid":"\d{18}","typ":"JWT"\}$`)
		if got := decoded(t, match[1]); !header.MatchString(got) {
			t.Errorf("header %s", got)
		}
		want := regexp.MustCompile(`^\{"iss":"` + regexp.QuoteMeta(s.zit.URL()) + `","sub":"` + user.ID + `",` + regexp.QuoteMeta(test.audience) +
			`"exp":1717243200,"iat":1717200000,"nbf":1717200000,"client_id":"<ci>","jti":"V2_\d{18}-at_\d{18}"\}$`)
		if got := decoded(t, match[2]); !want.MatchString(got) {
			t.Errorf("scope %q: claims %s, want %s", test.scope, got, want)
		}
	}
}

func decoded(t *testing.T, segment string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestIssuer asks for the metadata at every address that there is: clients
// compare the issuer byte by byte.
func TestIssuer(t *testing.T) {
	srv, s := start(t)
	user := s.zit.SeedMachineUser(zitadel.MachineUser{JWT: true})
	for _, address := range []string{s.zit.URL(), srv.URL() + "/zitadel", strings.Replace(s.zit.URL(), "127.0.0.1", "localhost", 1)} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/.well-known/openid-configuration", nil)
		if err != nil {
			t.Fatal(err)
		}
		status, text := do(t, request)
		var metadata struct {
			Issuer        string `json:"issuer"`
			TokenEndpoint string `json:"token_endpoint"`
		}
		if err := json.Unmarshal([]byte(text), &metadata); status != http.StatusOK || err != nil {
			t.Fatalf("%d %s", status, text)
		}
		if metadata.Issuer != address {
			t.Errorf("issuer %q at %q", metadata.Issuer, address)
		}
		status, text = post(t, metadata.TokenEndpoint, user.UserName, user.ClientSecret, url.Values{"grant_type": {"client_credentials"}})
		if payload := strings.Split(text, "."); status != http.StatusOK || len(payload) != 3 || !strings.Contains(decoded(t, payload[1]), `"iss":"`+address+`"`) {
			t.Errorf("at %s: %d %s", address, status, text)
		}
	}
}

// TestHosts reaches the provider under a tenant's own host name, in memory.
func TestHosts(t *testing.T) {
	srv, _ := start(t)
	for _, host := range []string{"understudy.zitadel.cloud", "acme-x1.zitadel.cloud"} {
		response, err := srv.Client().Get("https://" + host + "/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !strings.HasPrefix(string(text), `{"issuer":"https://`+host+`",`) {
			t.Errorf("%s: %s %v", host, text, err)
		}
	}
}

// TestConcurrentSecrets replaces a secret by many callers at once: the last one
// alone is good, and every event is counted.
func TestConcurrentSecrets(t *testing.T) {
	_, s := start(t)
	app := s.zit.SeedAPIApp(zitadel.APIApp{})
	const n = 50
	var (
		mu      sync.Mutex
		secrets = map[string]string{} // by sequence
		wait    sync.WaitGroup
	)
	for range n {
		wait.Go(func() {
			answer := s.make("POST", fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", app.ProjectID, app.ID), `{}`)
			mu.Lock()
			defer mu.Unlock()
			secrets[answer["details"].(map[string]any)["sequence"].(string)] = answer["clientSecret"].(string)
		})
	}
	wait.Wait()
	if len(secrets) != n {
		t.Fatalf("%d sequences for %d secrets", len(secrets), n)
	}
	good := 0
	for _, secret := range secrets {
		if status, _ := post(t, s.zit.URL()+"/oauth/v2/introspect", app.ClientID, secret, url.Values{"token": {"x"}}); status == http.StatusOK {
			good++
		}
	}
	if good != 1 {
		t.Errorf("%d of %d secrets are good", good, n)
	}
}

// TestLagSetting refuses what is no lag.
func TestLagSetting(t *testing.T) {
	for _, d := range []time.Duration{-time.Second, time.Hour + 1} {
		if _, err := emulator.New(zitadel.New(zitadel.Lag(d))); err == nil {
			t.Errorf("a lag of %s is taken", d)
		}
	}
}

func privateKey(t testing.TB, text string) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "RSA PRIVATE KEY" {
		t.Fatalf("the key is no RSA key in PEM")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestWorldFile starts with a world of one's own, and refuses damaged ones with
// the place.
func TestWorldFile(t *testing.T) {
	const world = `
zitadel:
  organizations:
    - id: "10"
      name: Mine
      users:
        - {id: "11", userName: ci, roles: [ORG_OWNER], clientSecret: secret, personalAccessTokens: [{token: pat}]}
        - {userName: jwt, accessTokenType: ACCESS_TOKEN_TYPE_JWT}
      projects:
        - id: "12"
          name: orders
          apps:
            - {id: "13", name: api, clientId: api-client, clientSecret: api-secret}
            - {id: "14", name: web, clientId: web-client, oidc: {redirectUris: ["http://localhost/"], authMethodType: OIDC_AUTH_METHOD_TYPE_NONE}}
`
	zit := zitadel.New()
	emulator.NewTest(t, zit, emulator.WithWorld(strings.NewReader(world)))
	want := map[string]string{
		"organizationId": "10", "userId": "11", "clientId": "ci", "clientSecret": "secret", "accessToken": "pat", "projectId": "12",
	}
	got := zit.Credentials()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	s := session{t: t, zit: zit, token: "pat"}
	if list := s.make("POST", "/projects/12/apps/_search", `{}`); len(list["result"].([]any)) != 2 {
		t.Errorf("the applications are %v", list)
	}
	if status, text := post(t, zit.URL()+"/oauth/v2/introspect", "api-client", "api-secret", url.Values{"token": {"pat"}}); !strings.HasPrefix(text, `{"active":true`) {
		t.Errorf("%d %s", status, text)
	}

	for _, test := range []struct{ name, change, to, want string }{
		{"the same organization", `name: Mine`, "name: Mine\n    - {id: \"10\", name: Other}\n    - name: Third", `line 6: /zitadel/organizations/1/id: there is an organization 10 already`},
		{"the same user name", `userName: jwt`, `userName: ci`, `/zitadel/organizations/0/users/1/userName: the user name "ci" belongs to another user`},
		{"the same token", `{userName: jwt,`, `{userName: jwt, personalAccessTokens: [{token: pat}],`, `personalAccessTokens/0/token: a personal access token is given twice`},
		{"the same application", `id: "14"`, `id: "13"`, `/zitadel/organizations/0/projects/0/apps/1/id: there is an application 13 already`},
		{"the same name", `name: web`, `name: api`, `the project has an application "api" already`},
		{"the same client id", `web-client`, `api-client`, `client id api-client belongs to another application`},
		{"an unknown role", `ORG_OWNER`, `OWNER`, `/zitadel/organizations/0/users/0/roles/0: not one of`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(world, test.change, test.to, 1)
			_, err := emulator.New(zitadel.New(), emulator.WithWorld(strings.NewReader(text)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
