package workos_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// TestPageCreateClientSecret goes through the page row by row. The rows of other
// statuses are of the page's errors: it lists none of its own.
// https://workos.com/docs/reference/workos-connect/applications/client-secrets/create
func TestPageCreateClientSecret(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	app := wos.SeedApplication(workos.Application{})
	for _, row := range []struct {
		says       string
		method, id string
		status     int
		has        string
	}{
		{"POST /connect/applications/:id/client_secrets", "POST", app.ID, 201, `^\{`},
		{"id: the application ID", "POST", app.ID, 201, `^\{`},
		{"id: or client ID", "POST", app.ClientID, 201, `^\{`},
		{"object: always \"connect_application_secret\"", "POST", app.ID, 201, `^\{"object":"connect_application_secret",`},
		{"id: unique identifier", "POST", app.ID, 201, `^\{"object":[^,]*,"id":"secret_[0-9A-HJKMNP-TV-Z]{26}",`},
		{"secret: the plaintext, third of the members", "POST", app.ID, 201, `^\{"object":[^,]*,"id":[^,]*,"secret":"[0-9a-f]{64}",`},
		{"secret: only returned at creation time", "GET", app.ID, 200, `^\[(\{"object":[^,]*,"id":[^,]*,"secret_hint":[^{}]*\},?)+\]$`},
		{"secret_hint: a hint", "POST", app.ID, 201, `"secret_hint":"[0-9a-f]{6}"`},
		{"last_used_at: string or null", "POST", app.ID, 201, `"last_used_at":null`},
		{"created_at: ISO 8601", "POST", app.ID, 201, `"created_at":` + moment},
		{"updated_at: ISO 8601", "POST", app.ID, 201, `"updated_at":` + moment},
		{"these members, in this order", "POST", app.ID, 201, `^\{"object":[^,]*,"id":[^,]*,"secret":[^,]*,"secret_hint":[^,]*,"last_used_at":[^,]*,"created_at":[^,]*,"updated_at":[^,]*\}$`},
	} {
		response, body := send(t, wos, row.method, secretsPath(row.id), nil, "")
		if response.StatusCode != row.status || !regexp.MustCompile(row.has).MatchString(body) {
			t.Errorf("%s: %d %s, want %d %s", row.says, response.StatusCode, body, row.status, row.has)
		}
		if row.method == http.MethodPost { // there may be five
			deleteSecret(t, wos, body)
		}
	}
	_, body := send(t, wos, http.MethodPost, secretsPath(app.ID), nil, "")
	if match := regexp.MustCompile(`"secret":"(\w{6})\w*","secret_hint":"(\w+)"`).FindStringSubmatch(body); match == nil || match[1] != match[2] {
		t.Errorf("secret_hint: the first few characters of the secret: %s", body)
	}
}

// deleteSecret deletes the secret of an answer.
func deleteSecret(t *testing.T, wos *workos.Provider, answer string) {
	t.Helper()
	id := regexp.MustCompile(`secret_[0-9A-Z]{26}`).FindString(answer)
	if response, body := send(t, wos, http.MethodDelete, "/connect/client_secrets/"+id, nil, ""); response.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
}

// The forms of members, for the samples.
const (
	moment = `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`
	ulid   = `[0-9A-HJKMNP-TV-Z]{26}`

	domainSample = `\{"object":"organization_domain","id":"org_domain_` + ulid + `","organization_id":"org_` + ulid +
		`","domain":"acme\.example","state":"pending","verification_prefix":"[a-z-]+-domain-verification-[0-9a-z]{6}","verification_token":"\w{25}",` +
		`"verification_strategy":"dns","created_at":` + moment + `,"updated_at":` + moment + `\}`
	organizationHead = `\{"object":"organization","id":"org_` + ulid + `","name":"Acme","domains":\[` + domainSample + `\],"metadata":\{"plan":"pro"\},"external_id":"acme-1",`
	organizationTail = `"created_at":` + moment + `,"updated_at":` + moment + `,"allow_profiles_outside_organization":false\}`

	keyHead = `\{"object":"api_key","id":"api_key_` + ulid + `","owner":\{"type":"organization","id":"org_` + ulid + `"\},"name":"ci","obfuscated_value":"sk_\.\.\.\w{4}","last_used_at":`
	keyTail = `,"expires_at":"2100-01-01T00:00:00\.000Z","permissions":\["read","write"\],"created_at":` + moment + `,"updated_at":` + moment

	onePage = `"list_metadata":\{"before":null,"after":null\}\}`
)

// TestPageSamples holds the answers about organizations and API keys to the samples
// of the pages and of the published document, member by member in their order, with
// values of our own. $id is the organization's, $key and $value the API key's.
// https://workos.com/docs/reference/organization
// https://workos.com/docs/reference/authkit/api-keys
func TestPageSamples(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	known := map[string]string{}
	for _, row := range []struct {
		call, body string
		status     int
		answer     string
	}{
		{"POST /organizations", `{"name":"Acme","domain_data":[{"domain":"acme.example","state":"pending"}],"external_id":"acme-1","metadata":{"plan":"pro"}}`, 201, organizationHead + organizationTail},
		{"GET /organizations/$id", "", 200, organizationHead + organizationTail},
		{"GET /organizations/external_id/acme-1", "", 200, organizationHead + organizationTail},
		{"GET /organizations?domains=acme.example", "", 200, `\{"object":"list","data":\[` + organizationHead + organizationTail + `\],` + onePage},
		{"PUT /organizations/$id", `{"name":"Acme","stripe_customer_id":"cus_1"}`, 200, organizationHead + `"stripe_customer_id":"cus_1",` + organizationTail},
		{"POST /organizations/$id/api_keys", `{"name":"ci","permissions":["read","write"],"expires_at":"2100-01-01T00:00:00.000Z"}`, 201, keyHead + `null` + keyTail + `,"value":"sk_\w{40}"\}`},
		{"GET /organizations/$id/api_keys", "", 200, `\{"object":"list","data":\[` + keyHead + `null` + keyTail + `\}\],` + onePage},
		{"POST /api_keys/$key/expire", `{"expires_at":"2100-01-01T00:00:00.000Z"}`, 200, keyHead + `null` + keyTail + `\}`},
		{"POST /api_keys/validations", `{"value":"$value"}`, 200, `\{"api_key":` + keyHead + moment + keyTail + `\}\}`},
		{"POST /api_keys/validations", `{"value":"sk_another"}`, 200, `\{"api_key":null\}`},
		{"DELETE /api_keys/$key", "", 204, ``},
		{"DELETE /organizations/$id", "", 202, ``},
	} {
		fill := func(text string) string { return os.Expand(text, func(name string) string { return known[name] }) }
		method, path, _ := strings.Cut(row.call, " ")
		response, answer := send(t, wos, method, fill(path), nil, fill(row.body))
		if response.StatusCode != row.status || !regexp.MustCompile(`^`+row.answer+`$`).MatchString(answer) {
			t.Errorf("%s: %d %s\nwant %d %s", row.call, response.StatusCode, answer, row.status, row.answer)
		}
		for name, form := range map[string]string{"id": `"id":"(org_` + ulid + `)"`, "key": `"id":"(api_key_` + ulid + `)"`, "value": `"value":"(\w+)"`} {
			if found := regexp.MustCompile(form).FindStringSubmatch(answer); found != nil {
				known[name] = found[1]
			}
		}
	}
}
