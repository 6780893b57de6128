package ocs_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/ocs"
)

// page is Identity_Secret.md of June 2019, operation by operation, as it stands
// there twice: for hybrid clients and for client-credential clients. Samples are
// those of the page, but for Expires: true, without which no date would be shown.
var page = []struct {
	title, request string
	query          string
	body           string
	success        int
	returns        string
	refusals       []int // but those of a wrong role, token, path and a failure, which every operation has
}{
	{
		title: "Get … Client Secrets", request: "GET /Secrets", query: "?query=x&skip=0&count=100",
		success: 200, returns: "[" + clientSecret + "]",
	}, {
		title: "Get … Client Secret", request: "GET /Secrets/{secretId}",
		success: 200, returns: clientSecret,
	}, {
		title: "Add … Client Secret", request: "POST /Secrets", body: createOrUpdate,
		success: 201, returns: `{"Secret":"Secret",` + clientSecret[1:],
	}, {
		title: "Update … Client Secret", request: "PUT /Secrets/{secretId}", body: createOrUpdate,
		success: 200, returns: clientSecret, refusals: []int{400},
	}, {
		title: "Delete … Client Secret", request: "DELETE /Secrets/{secretId}",
		success: 204,
	},
}

const (
	createOrUpdate = `{"Expiration":"2019-05-31T14:57:08.577856-07:00","Expires":true,"Description":"description"}`
	clientSecret   = `{"Id":0,"Expiration":"2019-05-31T14:57:08.5795202-07:00","Expires":true,"Description":"description"}`
)

// sampled makes an answer comparable with a sample: what differs from one secret
// to another is that of the samples, if it has the form of theirs.
var sampled = []struct {
	form *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`"Id":\d+`), `"Id":0`},
	{regexp.MustCompile(`"Secret":"[^"]+"`), `"Secret":"Secret"`},
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}[+-]\d\d:\d\d"`), `"2019-05-31T14:57:08.5795202-07:00"`},
}

// TestPage holds each row of the page: its request, its success with the answer
// of the sample, and each of the refusals that it lists.
func TestPage(t *testing.T) {
	for _, kind := range []string{"HybridClients", "ClientCredentialClients"} {
		for _, row := range page {
			t.Run(kind+" "+row.title, func(t *testing.T) {
				w := newWorld(t, ocs.New(), emulator.AllowUnknown())
				member := w.ocs.SeedToken(w.ocs.SeedClient(ocs.Client{Roles: []string{"Tenant Member"}}).ID)
				clientKind := ocs.ClientCredential
				if kind == "HybridClients" {
					clientKind = ocs.Hybrid
				}
				client := w.ocs.SeedClient(ocs.Client{Kind: clientKind})
				administrator := w.credentials["accessToken"]
				w.call("DELETE", w.path(fmt.Sprintf("/%s/%s/Secrets/%d", kind, client.ID, client.SecretID)), administrator, "")
				if status, body := w.call("POST", w.path("/"+kind+"/"+client.ID+"/Secrets"), administrator, createOrUpdate); status != 201 {
					t.Fatalf("%d %s", status, body)
				}
				method, rest, _ := strings.Cut(row.request, " ")
				operation := ocs.Op("ocs " + method + " /api/v1/Tenants/{tenantId}/" + kind + "/{clientId}" + rest)
				path := w.path("/" + kind + "/" + client.ID + strings.ReplaceAll(rest, "{secretId}", fmt.Sprint(client.SecretID+1)) + row.query)
				expect := func(want int, path, token, body string) string {
					t.Helper()
					status, answer := w.call(method, path, token, body)
					if status != want {
						t.Errorf("%s %s: %d %s, want %d", method, path, status, answer, want)
					}
					return answer
				}
				expect(http.StatusUnauthorized, path, "", row.body)
				expect(http.StatusForbidden, path, member, row.body)
				expect(http.StatusNotFound, strings.Replace(path, client.ID, "nobody", 1), administrator, row.body)
				for _, status := range row.refusals {
					expect(status, path, administrator, `{"Expiration":1}`)
				}
				w.Faults.Next(operation, fault.Status(http.StatusInternalServerError))
				expect(http.StatusInternalServerError, path, administrator, row.body)
				answer := expect(row.success, path, administrator, row.body)
				for _, s := range sampled {
					answer = s.form.ReplaceAllString(answer, s.is)
				}
				if answer != row.returns {
					t.Errorf("answer %s, want %s", answer, row.returns)
				}
			})
		}
	}
}
