package infisical_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// A pageRow is one thing that a page says, and a call that shows it.
type pageRow struct {
	says   string
	caller string // whose token is sent: an administrator's, no-access, or none
	body   string
	status int
	has    string // of the answer's body
}

// The envelopes of the pages' refusals, in their order.
const (
	reqIDPart   = `^\{"reqId":"req-\w{14}"`
	statusPart  = `,"statusCode":%d`
	messagePart = `,"message":"[^"]+"`
	errorPart   = `,"error":"\w+"\}$`
	uuidPart    = `"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`
	datePart    = `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`
)

func envelope(status int) string {
	return fmt.Sprintf(reqIDPart+statusPart+messagePart, status) + errorPart
}

// TestPageCreateClientSecret goes through the page row by row.
// https://infisical.com/docs/api-reference/endpoints/universal-auth/create-client-secret
func TestPageCreateClientSecret(t *testing.T) {
	page{op: infisical.OpCreateClientSecret, path: "/api/v1/auth/universal-auth/identities/%s/client-secrets"}.run(t, []pageRow{
		{"description: string", "admin", `{"description":1}`, 422, `"expected":"string","received":"number","path":\["description"\]`},
		{"description: default ''", "admin", `{}`, 200, `"description":""`},
		{"description is kept", "admin", `{"description":"of the build"}`, 200, `"description":"of the build"`},
		{"numUsesLimit: number", "admin", `{"numUsesLimit":"1"}`, 422, `"expected":"number","received":"string","path":\["numUsesLimit"\]`},
		{"numUsesLimit: minimum 0", "admin", `{"numUsesLimit":-1}`, 422, `"minimum":0,.*"path":\["numUsesLimit"\]`},
		{"numUsesLimit: 0 is allowed", "admin", `{"numUsesLimit":0}`, 200, `"clientSecretNumUsesLimit":0`},
		{"numUsesLimit: default 0", "admin", `{}`, 200, `"clientSecretNumUsesLimit":0`},
		{"numUsesLimit is kept", "admin", `{"numUsesLimit":7}`, 200, `"clientSecretNumUsesLimit":7`},
		{"ttl: number", "admin", `{"ttl":"1"}`, 422, `"expected":"number","received":"string","path":\["ttl"\]`},
		{"ttl: minimum 0", "admin", `{"ttl":-1}`, 422, `"minimum":0,.*"path":\["ttl"\]`},
		{"ttl: 0 is allowed", "admin", `{"ttl":0}`, 200, `"clientSecretTTL":0`},
		{"ttl: maximum 315360000", "admin", `{"ttl":315360001}`, 422, `"maximum":315360000,.*"path":\["ttl"\]`},
		{"ttl: 315360000 is allowed", "admin", `{"ttl":315360000}`, 200, `"clientSecretTTL":315360000`},
		{"ttl: default 0", "admin", `{}`, 200, `"clientSecretTTL":0`},
		{"body: additionalProperties false", "admin", `{"name":"x"}`, 422, `"unrecognized_keys","keys":\["name"\]`},
		{"clientSecret: string, and nothing but the two", "admin", `{}`, 200, `^\{"clientSecret":"[0-9a-f]{64}","clientSecretData":\{[^{}]*\}\}$`},
		{"clientSecretData: id string", "admin", `{}`, 200, `\{"id":` + uuidPart},
		{"clientSecretData: createdAt date-time", "admin", `{}`, 200, `"createdAt":` + datePart},
		{"clientSecretData: updatedAt date-time", "admin", `{}`, 200, `"updatedAt":` + datePart},
		{"clientSecretData: description string", "admin", `{}`, 200, `"description":""`},
		{"clientSecretData: clientSecretPrefix string", "admin", `{}`, 200, `"clientSecretPrefix":"[0-9a-f]{4}"`},
		{"clientSecretData: clientSecretNumUses number, default 0", "admin", `{}`, 200, `"clientSecretNumUses":0`},
		{"clientSecretData: clientSecretNumUsesLimit number", "admin", `{}`, 200, `"clientSecretNumUsesLimit":0`},
		{"clientSecretData: clientSecretTTL number", "admin", `{}`, 200, `"clientSecretTTL":0`},
		{"clientSecretData: identityUAId uuid", "admin", `{}`, 200, `"identityUAId":` + uuidPart},
		{"clientSecretData: isClientSecretRevoked boolean, default false", "admin", `{}`, 200, `"isClientSecretRevoked":false`},
		{"clientSecretData: nothing else, in this order", "admin", `{}`, 200, `"clientSecretData":\{"id":[^,]*,"createdAt":[^,]*,"updatedAt":[^,]*,"description":[^,]*,"clientSecretPrefix":[^,]*,"clientSecretNumUses":[^,]*,"clientSecretNumUsesLimit":[^,]*,"clientSecretTTL":[^,]*,"identityUAId":[^,]*,"isClientSecretRevoked":false\}`},
	})
}

// TestPageCreateToken goes through the page row by row.
// https://infisical.com/docs/api-reference/endpoints/token-auth/create-token
func TestPageCreateToken(t *testing.T) {
	page{op: infisical.OpCreateToken, path: "/api/v1/auth/token-auth/identities/%s/tokens"}.run(t, []pageRow{
		{"the body is optional", "admin", ``, 200, `"name":null`},
		{"name: string", "admin", `{"name":1}`, 422, `"expected":"string","received":"number","path":\["name"\]`},
		{"name is kept", "admin", `{"name":"build"}`, 200, `"name":"build"`},
		{"organizationSlug: string", "admin", `{"organizationSlug":1}`, 422, `"expected":"string","received":"number","path":\["organizationSlug"\]`},
		{"organizationSlug: minLength 1", "admin", `{"organizationSlug":""}`, 422, `"minimum":1,.*"path":\["organizationSlug"\]`},
		{"organizationSlug: maxLength 64", "admin", `{"organizationSlug":"` + strings.Repeat("x", 65) + `"}`, 422, `"maximum":64,.*"path":\["organizationSlug"\]`},
		{"organizationSlug: 64 are allowed", "admin", `{"organizationSlug":"` + strings.Repeat("x", 64) + `"}`, 404, `Sub organization with slug x{64} not found`},
		{"organizationSlug: the sub-organization the token is for", "admin", `{"organizationSlug":"labs"}`, 200, `"subOrganizationId":"22222222-2222-4222-8222-222222222222"`},
		{"body: additionalProperties false", "admin", `{"ttl":1}`, 422, `"unrecognized_keys","keys":\["ttl"\]`},
		{"accessToken: string", "admin", `{}`, 200, `^\{"accessToken":"[-\w]+\.[-\w]+\.[-\w]+"`},
		{"expiresIn: number", "admin", `{}`, 200, `,"expiresIn":2592000,`},
		{"accessTokenMaxTTL: number", "admin", `{}`, 200, `,"accessTokenMaxTTL":2592000,`},
		{"tokenType: Bearer", "admin", `{}`, 200, `,"tokenType":"Bearer",`},
		{"tokenData: id string", "admin", `{}`, 200, `"tokenData":\{"id":` + uuidPart},
		{"tokenData: accessTokenTTL number", "admin", `{}`, 200, `"accessTokenTTL":2592000`},
		{"tokenData: accessTokenMaxTTL number", "admin", `{}`, 200, `"tokenData":.*"accessTokenMaxTTL":2592000`},
		{"tokenData: accessTokenNumUses number, default 0", "admin", `{}`, 200, `"accessTokenNumUses":0`},
		{"tokenData: accessTokenNumUsesLimit number, default 0", "admin", `{}`, 200, `"accessTokenNumUsesLimit":0`},
		{"tokenData: accessTokenLastUsedAt nullable", "admin", `{}`, 200, `"accessTokenLastUsedAt":null`},
		{"tokenData: accessTokenLastRenewedAt nullable", "admin", `{}`, 200, `"accessTokenLastRenewedAt":null`},
		{"tokenData: isAccessTokenRevoked boolean, default false", "admin", `{}`, 200, `"isAccessTokenRevoked":false`},
		{"tokenData: identityUAClientSecretId nullable", "admin", `{}`, 200, `"identityUAClientSecretId":null`},
		{"tokenData: identityId uuid", "admin", `{}`, 200, `"identityId":"33333333-3333-4333-8333-333333333333"`},
		{"tokenData: createdAt date-time", "admin", `{}`, 200, `"createdAt":` + datePart},
		{"tokenData: updatedAt date-time", "admin", `{}`, 200, `"updatedAt":` + datePart},
		{"tokenData: name nullable", "admin", `{}`, 200, `"name":null`},
		{"tokenData: authMethod string", "admin", `{}`, 200, `"authMethod":"token-auth"`},
		{"tokenData: accessTokenPeriod number, default 0", "admin", `{}`, 200, `"accessTokenPeriod":0`},
		{"tokenData: subOrganizationId nullable", "admin", `{}`, 200, `"subOrganizationId":null\}\}$`},
	})
}

// A page is an operation's.
type page struct {
	op   infisical.Op
	path string
}

// run checks what the page of one operation says, and what both pages say.
func (p page) run(t *testing.T, rows []pageRow) {
	const identity, unknown = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	inf.SeedOrganization(infisical.Organization{ID: "22222222-2222-4222-8222-222222222222", Slug: "labs", ParentID: inf.Credentials()["organizationId"]})
	inf.SeedIdentity(infisical.Identity{ID: identity})
	post(t, inf, "/api/v1/auth/token-auth/identities/"+identity, inf.Credentials()["accessToken"], `{}`)
	tokens := map[string]string{"admin": inf.Credentials()["accessToken"], "no-access": inf.SeedIdentity(infisical.Identity{Role: "no-access"}).AccessToken}

	check := func(row pageRow, id string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, inf.URL()+fmt.Sprintf(p.path, id), strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		if row.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if token := tokens[row.caller]; token != "" {
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
		if response.StatusCode != row.status || !regexp.MustCompile(row.has).Match(answer) {
			t.Errorf("%s: %d %s, want %d %s", row.says, response.StatusCode, answer, row.status, row.has)
		}
	}
	for _, row := range rows {
		check(row, identity)
	}
	check(pageRow{"identityId: of the path", "admin", `{}`, 404, `Failed to find identity with ID ` + unknown}, unknown)
	check(pageRow{"400", "admin", `{`, 400, envelope(400)}, identity)
	check(pageRow{"401", "nobody", `{}`, 401, envelope(401)}, identity)
	check(pageRow{"403, with details before error", "no-access", `{}`, 403, reqIDPart + fmt.Sprintf(statusPart, 403) + messagePart + `,"details":\[\]` + errorPart}, identity)
	check(pageRow{"404", "admin", `{}`, 404, envelope(404)}, unknown)
	check(pageRow{"422, with any message", "admin", `{"x":1}`, 422, reqIDPart + fmt.Sprintf(statusPart, 422) + `,"message":\[.*\]` + errorPart}, identity)
	srv.Faults.Next(p.op, fault.Status(500))
	check(pageRow{"500", "admin", `{}`, 500, envelope(500)}, identity)
}
