package infisical_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/providertest"
)

func option() emulator.Option { return infisical.New() }

func TestScripts(t *testing.T) {
	providertest.Scripts(t, "../../testdata/script/infisical", option)
}

func TestProvider(t *testing.T) { providertest.Run(t, option) }

// post sends a JSON body with the token of the default world, or with none.
func post(t *testing.T, inf *infisical.Provider, path, token, body string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, inf.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, answer
}

const (
	login   = "/api/v1/auth/universal-auth/login"
	secrets = "/api/v1/auth/universal-auth/identities/%s/client-secrets"
)

// TestClientSecretShape holds any new secret to the form of a real one, which
// the golden files, being examples, do not.
func TestClientSecretShape(t *testing.T) {
	inf := infisical.New()
	emulator.NewTest(t, inf, emulator.WithSeed(t.Name()))
	credentials := inf.Credentials()
	shape := regexp.MustCompile(`^\{"clientSecret":"(([0-9a-f]{4})[0-9a-f]{60})","clientSecretData":\{"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",` +
		`"createdAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","updatedAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","description":"","clientSecretPrefix":"([0-9a-f]{4})",` +
		`"clientSecretNumUses":0,"clientSecretNumUsesLimit":0,"clientSecretTTL":0,"identityUAId":"[-0-9a-f]{36}","isClientSecretRevoked":false\}\}$`)
	seen := map[string]bool{}
	for range 50 {
		response, body := post(t, inf, fmt.Sprintf(secrets, credentials["identityId"]), credentials["accessToken"], "{}")
		match := shape.FindSubmatch(body)
		if response.StatusCode != http.StatusOK || match == nil {
			t.Fatalf("%d %s", response.StatusCode, body)
		}
		if !bytes.Equal(match[2], match[3]) {
			t.Errorf("prefix %s of secret %s", match[3], match[1])
		}
		if seen[string(match[1])] {
			t.Errorf("secret %s is given twice", match[1])
		}
		seen[string(match[1])] = true
	}
}

// TestTokenClaims compares the token's header and claims with the ones the
// service signs, byte by byte: their order can be seen.
func TestTokenClaims(t *testing.T) {
	now := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, config string
		contract     emulator.Contract
		want         string // the claims from accessTokenTTL to creationEpoch
		lifetime     int64  // 0: no exp
		answer       string
	}{
		{"default", `{}`, emulator.Documented, `"accessTokenTTL":2592000,"accessTokenMaxTTL":2592000,"accessTokenPeriod":0`, 2592000, `"expiresIn":2592000,"accessTokenMaxTTL":2592000`},
		{"short", `{"accessTokenTTL":60,"accessTokenMaxTTL":120}`, emulator.Documented, `"accessTokenTTL":60,"accessTokenMaxTTL":120,"accessTokenPeriod":0`, 60, `"expiresIn":60,"accessTokenMaxTTL":120`},
		{"bounded by the maximum", `{"accessTokenTTL":0,"accessTokenMaxTTL":120}`, emulator.Documented, `"accessTokenTTL":0,"accessTokenMaxTTL":120,"accessTokenPeriod":0`, 120, `"expiresIn":120,"accessTokenMaxTTL":120`},
		{"without limits", `{"accessTokenTTL":0,"accessTokenMaxTTL":0}`, emulator.Documented, `"accessTokenTTL":0,"accessTokenMaxTTL":0,"accessTokenPeriod":0`, 7776000, `"expiresIn":7776000,"accessTokenMaxTTL":0`},
		{"without limits, live", `{"accessTokenTTL":0,"accessTokenMaxTTL":0}`, emulator.Live, `"accessTokenTTL":0,"accessTokenMaxTTL":0,"accessTokenPeriod":0`, 7776000, `"expiresIn":7776000,"accessTokenMaxTTL":0`},
		{"beyond the ceiling", `{"accessTokenTTL":315360000,"accessTokenMaxTTL":315360000}`, emulator.Documented, `"accessTokenTTL":315360000,"accessTokenMaxTTL":315360000,"accessTokenPeriod":0`, 7776000, `"expiresIn":7776000,"accessTokenMaxTTL":315360000`},
		{"beyond the ceiling, live", `{"accessTokenTTL":315360000,"accessTokenMaxTTL":315360000}`, emulator.Live, `"accessTokenTTL":315360000,"accessTokenMaxTTL":315360000,"accessTokenPeriod":0`, 7776000, `"expiresIn":7776000,"accessTokenMaxTTL":315360000`},
		{"periodic", `{"accessTokenPeriod":600}`, emulator.Documented, `"accessTokenTTL":600,"accessTokenMaxTTL":0,"accessTokenPeriod":600`, 600, `"expiresIn":600,"accessTokenMaxTTL":0`},
		{"limited uses", `{"accessTokenNumUsesLimit":5}`, emulator.Documented, `"accessTokenTTL":2592000,"accessTokenMaxTTL":2592000,"accessTokenPeriod":0`, 2592000, `"expiresIn":2592000,"accessTokenMaxTTL":2592000`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inf := infisical.New()
			srv := emulator.NewTest(t, inf, emulator.WithContract(test.contract))
			srv.Clock.Freeze()
			srv.Clock.Set(now)
			credentials := inf.Credentials()
			admin, org := credentials["accessToken"], credentials["organizationId"]

			var created struct{ Identity struct{ ID string } }
			call(t, inf, "/api/v1/identities", admin, fmt.Sprintf(`{"name":"<ci>","organizationId":%q}`, org), &created)
			id := created.Identity.ID
			var attached struct{ IdentityUniversalAuth struct{ ClientID string } }
			call(t, inf, "/api/v1/auth/universal-auth/identities/"+id, admin, test.config, &attached)
			var minted struct {
				ClientSecret     string
				ClientSecretData struct{ ID string }
			}
			call(t, inf, fmt.Sprintf(secrets, id), admin, `{}`, &minted)
			body := call(t, inf, login, "", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, attached.IdentityUniversalAuth.ClientID, minted.ClientSecret), nil)

			parts := regexp.MustCompile(`^\{"accessToken":"([-\w]+)\.([-\w]+)\.[-\w]{43}",(.*),"tokenType":"Bearer"\}$`).FindStringSubmatch(body)
			if parts == nil {
				t.Fatalf("login answers %s", body)
			}
			if parts[3] != test.answer {
				t.Errorf("login answers %s, want %s", parts[3], test.answer)
			}
			if got := decode(t, parts[1]); got != `{"alg":"HS256","typ":"JWT"}` {
				t.Errorf("header %s", got)
			}
			claims := decode(t, parts[2])
			var jti struct{ JTI string }
			if err := json.Unmarshal([]byte(claims), &jti); err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(jti.JTI) {
				t.Errorf("jti %q is not a UUID", jti.JTI)
			}
			uses := ""
			if strings.Contains(test.config, "NumUses") {
				uses = `"numUsesLimit":5,`
			}
			expiry := ""
			if test.lifetime > 0 {
				expiry = fmt.Sprintf(`"exp":%d,`, now.Unix()+test.lifetime)
			}
			want := fmt.Sprintf(`{"identityId":%q,"identityName":"<ci>","authMethod":"universal-auth","orgId":%[2]q,"rootOrgId":%[2]q,"parentOrgId":%[2]q,`+
				`"clientSecretId":%[3]q,"identityAccessTokenId":%[4]q,"ipRestrictionEnabled":false,%[5]s,"creationEpoch":%[6]d,`+
				`"authTokenType":"identityAccessToken","identityAuth":{},%[7]s"iat":%[6]d,%[8]s"jti":%[4]q}`,
				id, org, minted.ClientSecretData.ID, jti.JTI, test.want, now.Unix(), uses, expiry)
			if claims != want {
				t.Errorf("claims\n%s\nwant\n%s", claims, want)
			}
		})
	}
}

// call makes a call that must succeed, and reads its answer into out if there
// is one.
func call(t *testing.T, inf *infisical.Provider, path, token, body string, out any) string {
	t.Helper()
	response, answer := post(t, inf, path, token, body)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, response.StatusCode, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatal(err)
		}
	}
	return string(answer)
}

func decode(t *testing.T, segment string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestLoginToOwnOrganization is here because the organization's name follows
// from the seed by way of a library, which may change it.
func TestLoginToOwnOrganization(t *testing.T) {
	inf := infisical.New()
	emulator.NewTest(t, inf, emulator.WithSeed("own"))
	credentials := inf.Credentials()
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"organizationSlug":%q}`,
		credentials["clientId"], credentials["clientSecret"], fixtures.Slug(fixtures.Company("own")))
	call(t, inf, login, "", body, nil)
}

// TestBodyOver1MiB is here rather than in a script for the size of its body.
func TestBodyOver1MiB(t *testing.T) {
	const limit = 1 << 20
	for _, test := range []struct {
		contract emulator.Contract
		size     int
		status   int
		message  string
		differs  string
	}{
		{emulator.Documented, limit, 200, "", ""},
		{emulator.Documented, limit + 1, 400, `"message":"Request body is too large","error":"BadRequest"}`, "body-over-1-MiB; live answers 500 InternalServerError"},
		{emulator.Live, limit, 200, "", ""},
		{emulator.Live, limit + 1, 500, `"message":"Something went wrong","error":"InternalServerError"}`, "body-over-1-MiB; documented answers 400 BadRequest"},
	} {
		t.Run(fmt.Sprintf("%s %d", test.contract, test.size), func(t *testing.T) {
			inf := infisical.New()
			srv := emulator.NewTest(t, inf, emulator.WithContract(test.contract))
			credentials, before := inf.Credentials(), srv.Snapshot()
			body := "{" + strings.Repeat(" ", test.size-len("{}")) + "}"
			response, answer := post(t, inf, fmt.Sprintf(secrets, credentials["identityId"]), credentials["accessToken"], body)
			if response.StatusCode != test.status || !strings.HasSuffix(string(answer), test.message) {
				t.Errorf("%d %.200s", response.StatusCode, answer)
			}
			if got := response.Header.Get("X-Understudy-Differs"); got != test.differs {
				t.Errorf("differs %q, want %q", got, test.differs)
			}
			if changed := !srv.Snapshot().Equal(before); changed != (test.status == 200) {
				t.Errorf("changed the state: %t", changed)
			}
		})
	}
}

// claimsOf reads a JWT's claims without looking at its signature.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", token)
	}
	var claims map[string]any
	if err := json.Unmarshal([]byte(decode(t, parts[1])), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestIPRestrictionClaim reads a claim that golden files hide in a JWT.
func TestIPRestrictionClaim(t *testing.T) {
	for _, test := range []struct {
		ips  string
		want bool
	}{
		{`[{"ipAddress":"0.0.0.0/0"},{"ipAddress":"::/0"}]`, false},
		{`[{"ipAddress":"::/0"}]`, false},
		{`[{"ipAddress":"127.0.0.1"}]`, true},
		{`[{"ipAddress":"0.0.0.0/0"},{"ipAddress":"127.0.0.0/8"}]`, true},
	} {
		t.Run(test.ips, func(t *testing.T) {
			inf := infisical.New(infisical.IPAllowlisting(true))
			emulator.NewTest(t, inf)
			credentials := inf.Credentials()
			admin, org := credentials["accessToken"], credentials["organizationId"]
			var created struct{ Identity struct{ ID string } }
			call(t, inf, "/api/v1/identities", admin, fmt.Sprintf(`{"name":"ci","organizationId":%q}`, org), &created)
			config := `{"accessTokenTrustedIps":` + test.ips + `}`

			var attached struct{ IdentityUniversalAuth struct{ ClientID string } }
			call(t, inf, "/api/v1/auth/universal-auth/identities/"+created.Identity.ID, admin, config, &attached)
			var minted struct{ ClientSecret string }
			call(t, inf, fmt.Sprintf(secrets, created.Identity.ID), admin, `{}`, &minted)
			var token struct{ AccessToken string }
			call(t, inf, login, "", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, attached.IdentityUniversalAuth.ClientID, minted.ClientSecret), &token)
			if got := claimsOf(t, token.AccessToken)["ipRestrictionEnabled"]; got != test.want {
				t.Errorf("universal auth: ipRestrictionEnabled is %v", got)
			}

			call(t, inf, "/api/v1/auth/token-auth/identities/"+created.Identity.ID, admin, config, nil)
			call(t, inf, "/api/v1/auth/token-auth/identities/"+created.Identity.ID+"/tokens", admin, `{}`, &token)
			if got := claimsOf(t, token.AccessToken)["ipRestrictionEnabled"]; got != test.want {
				t.Errorf("token auth: ipRestrictionEnabled is %v", got)
			}
		})
	}
}

// TestOtherTokens presents tokens that the world's key has signed and that are
// no access tokens of an identity.
func TestOtherTokens(t *testing.T) {
	const seed = "other tokens"
	inf := infisical.New()
	srv := emulator.NewTest(t, inf, emulator.WithSeed(seed))
	credentials := inf.Credentials()
	// The key is what the provider draws it as: a change here is one for users,
	// whose stored tokens stop working.
	key := []byte(entropy.New(seed).Draw("infisical/auth-secret", 0).Hex(16))
	signed := func(claims string) string {
		text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
			base64.RawURLEncoding.EncodeToString([]byte(claims))
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	own := claimsOf(t, credentials["accessToken"])
	with := func(name string, value any) string {
		claims := maps.Clone(own)
		claims[name] = value
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		return signed(string(text))
	}
	const (
		missing = `401 "message":"Token missing","error":"UnauthorizedError"}`
		kind    = `400 "message":"Token is not an identity access token","error":"BadRequest"}`
		claims  = `401 "message":"Invalid identity access token claims, please re-authenticate","error":"UnauthorizedError"}`
		ok      = `200 "message":"Successfully revoked access token"}`
	)
	for _, test := range []struct{ name, token, use, renew, revoke string }{
		{"a user's", with("authTokenType", "accessToken"), missing, kind, kind},
		{"of no kind", signed(`{}`), missing, kind, kind},
		{"without iat", with("iat", 0), claims, claims, ok},
		{"without identityId", with("identityId", ""), claims, claims, ok},
		{"without identityAccessTokenId", with("identityAccessTokenId", ""), claims, claims, ok},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := srv.Snapshot()
			defer srv.Restore(before)
			for _, call := range []struct{ path, token, body, want string }{
				{"/api/v1/identities/search", test.token, `{}`, test.use},
				{"/api/v1/auth/token/renew", "", fmt.Sprintf(`{"accessToken":%q}`, test.token), test.renew},
				{"/api/v1/auth/token/revoke", "", fmt.Sprintf(`{"accessToken":%q}`, test.token), test.revoke},
			} {
				response, answer := post(t, inf, call.path, call.token, call.body)
				status, text, _ := strings.Cut(call.want, " ")
				if fmt.Sprint(response.StatusCode) != status || !strings.HasSuffix(string(answer), text) {
					t.Errorf("%s: %d %s, want %s", call.path, response.StatusCode, answer, call.want)
				}
			}
		})
	}
}

// TestAllowances sends what official clients send beyond the page: the call
// goes well, and the journal warns.
func TestAllowances(t *testing.T) {
	for _, contract := range []emulator.Contract{emulator.Documented, emulator.Live} {
		t.Run(contract.String(), func(t *testing.T) {
			inf := infisical.New()
			srv := emulator.NewTest(t, inf, emulator.WithContract(contract))
			credentials := inf.Credentials()
			call(t, inf, fmt.Sprintf(secrets, credentials["identityId"]), credentials["accessToken"],
				fmt.Sprintf(`{"identityId":%q,"description":"ci"}`, credentials["identityId"]), nil)
			e := srv.Journal.Last()
			want := []string{`the body's "identityId" is not on the page https://infisical.com/docs/api-reference/endpoints/universal-auth/create-client-secret; official clients send it`}
			if !slices.Equal(e.Warnings, want) {
				t.Errorf("warnings %q, want %q", e.Warnings, want)
			}
			call(t, inf, fmt.Sprintf(secrets, credentials["identityId"]), credentials["accessToken"], `{"description":"ci"}`, nil)
			if e := srv.Journal.Last(); len(e.Warnings) != 0 {
				t.Errorf("a call as on the page warns: %q", e.Warnings)
			}
		})
	}
}

// TestSeededIDInCapitals shows that an id is the same in either case.
func TestSeededIDInCapitals(t *testing.T) {
	inf := infisical.New()
	emulator.NewTest(t, inf)
	id := inf.SeedIdentity(infisical.Identity{ID: "AAAAAAAA-1111-4111-8111-111111111111"})
	if id.ID != "aaaaaaaa-1111-4111-8111-111111111111" {
		t.Errorf("the id is %s", id.ID)
	}
	call(t, inf, fmt.Sprintf(secrets, "AAAAAAAA-1111-4111-8111-111111111111"), id.AccessToken, `{}`, nil)
}

// TestOtherOrganization shows what an identity meets of an organization that is
// not its own; over HTTP alone there is only one.
func TestOtherOrganization(t *testing.T) {
	inf := infisical.New()
	emulator.NewTest(t, inf)
	other := inf.SeedOrganization(infisical.Organization{Name: "Other & Co."})
	if other.Slug != "other-co" || inf.SeedOrganization(infisical.Organization{Name: "other co"}).Slug != "other-co-2" {
		t.Errorf("the slug is %q, and not the second's", other.Slug)
	}
	mine := inf.SeedIdentity(infisical.Identity{})
	theirs := inf.SeedIdentity(infisical.Identity{OrganizationID: other.ID})
	for _, tt := range []struct{ name, path, token, body, want string }{
		{"login", login, "", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"organizationSlug":"other-co"}`, mine.ClientID, mine.ClientSecret),
			`"statusCode":401,"message":"Identity not authorized to access sub organization other-co","error":"UnauthorizedError"`},
		{"token", "/api/v1/auth/token-auth/identities/" + inf.Credentials()["identityId"] + "/tokens", mine.AccessToken, `{"organizationSlug":"other-co"}`,
			`"statusCode":401,"message":"Identity not authorized to access sub organization other-co","error":"UnauthorizedError"`},
		{"secret", fmt.Sprintf(secrets, mine.ID), theirs.AccessToken, `{}`,
			`"statusCode":404,"message":"Failed to find identity with ID ` + mine.ID + `","error":"NotFound"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, body := post(t, inf, tt.path, tt.token, tt.body); !strings.Contains(string(body), tt.want) {
				t.Errorf("the answer is %s, want %s in it", body, tt.want)
			}
		})
	}
}
