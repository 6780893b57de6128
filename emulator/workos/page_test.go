package workos_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// TestPageCreateClientSecret goes through the page row by row. The rows of other
// statuses are of the page's errors: it lists none of its own.
// https://workos.com/docs/reference/workos-connect/applications/client-secrets/create
func TestPageCreateClientSecret(t *testing.T) {
	const moment = `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`
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
