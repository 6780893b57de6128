package all_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
)

// A creation is an operation of each provider that makes something each time, and
// what it answers to the fault of a status 500 with the message "on fire" and the
// code "Burnt", but for identifiers.
type creation struct {
	provider, operation, body string
	refusal                   string
}

var creations = []creation{
	{
		"infisical", "POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets", `{}`,
		`{"reqId":"ID","statusCode":500,"message":"on fire","error":"Burnt"}`,
	},
	{
		"workos", "POST /connect/applications/{id}/client_secrets", `{}`,
		`{"message":"on fire","code":"Burnt"}`,
	},
	{
		"zitadel", "POST /management/v1/users/{userId}/pats", `{}`,
		`{"code":13,"message":"on fire (Burnt)","details":[{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"Burnt","message":"on fire"}]}`,
	},
	{
		"ocs", "POST /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets", `{"Description":"x","Expiration":"2099-01-01T00:00:00Z"}`,
		`{"OperationId":"ID","Error":"on fire","Reason":"Burnt","Resolution":"Try again later."}`,
	},
}

// anID is what differs from refusal to refusal.
var anID = regexp.MustCompile(`req-[0-9A-Za-z]{14}|[0-9a-f]{8}-[0-9a-f-]{27}`)

// TestFaultMatrix sets every kind of fault over the control API, on each
// provider, and looks at what the next calls see and do. An outcome is a status,
// "lost" (a connection that breaks off), "silent" (one that just ends) or a status
// with "half" a body; "+" stands for a change that was made.
func TestFaultMatrix(t *testing.T) {
	const delay = 20 * time.Millisecond
	tests := []struct {
		fault string
		want  string // the outcomes of calls
	}{
		{`"status":500`, "500 ok+"},
		{`"status":500,"message":"on fire","code":"Burnt"`, "500 ok+"},
		{`"status":503,"delay":"20ms"`, "503 ok+"},
		{`"status":429,"retryAfter":1.5`, "429 ok+"},
		{`"status":418,"undocumented":true`, "418 ok+"},
		{`"status":500,"after":true`, "500+ ok+"},
		{`"status":500,"truncate":true`, "500half ok+"},
		{`"delay":"20ms"`, "ok+ ok+"},
		{`"delay":0.02,"after":true`, "ok+ ok+"},
		{`"drop":true`, "lost ok+"},
		{`"drop":true,"delay":"20ms"`, "lost ok+"},
		{`"drop":true,"after":true`, "lost+ ok+"},
		{`"drop":true,"silent":true`, "silent ok+"},
		{`"drop":true,"silent":true,"after":true`, "silent+ ok+"},
		{`"truncate":true`, "okhalf+ ok+"},
		{`"truncate":true,"after":true`, "okhalf+ ok+"},
		{`"die":true`, "lost lost"},
		{`"die":true,"after":true`, "lost+ lost"},
		{`"status":500,"skip":1`, "ok+ 500 ok+"},
		{`"status":500,"times":2`, "500 500 ok+"},
		{`"status":500,"skip":1,"times":2`, "ok+ 500 500 ok+"},
		{`"status":500,"always":true`, "500 500 500"},
		{`"status":500,"always":true,"skip":1,"times":2`, "ok+ 500 500 ok+"},
	}
	srv := emulator.NewTest(t, everything(t)...)
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	clean := srv.Snapshot()
	for _, c := range creations {
		token, url := c.address(srv)
		for _, tt := range tests {
			t.Run(c.provider+"/"+tt.fault, func(t *testing.T) {
				control(t, srv.URL(), "POST", "/faults", fmt.Sprintf(`{"provider":%q,"operation":%q,%s}`, c.provider, c.operation, tt.fault), http.StatusCreated)
				var got []string
				for i := range strings.Fields(tt.want) {
					srv.Restore(clean)
					began := time.Now()
					answer, err := send(t.Context(), client, token, "POST", url, c.body)
					took := time.Since(began)
					outcome := c.outcome(t, answer, err)
					if !srv.Snapshot().Equal(clean) {
						outcome += "+"
					}
					got = append(got, outcome)
					if i > 0 {
						continue
					}
					if strings.Contains(tt.fault, "delay") && took < delay {
						t.Errorf("it takes %s, want %s at least", took, delay)
					}
					if want := map[bool]string{true: "2"}[strings.Contains(tt.fault, "retryAfter")]; answer.header.Get("Retry-After") != want {
						t.Errorf("Retry-After is %q, want %q", answer.header.Get("Retry-After"), want)
					}
					if body := anID.ReplaceAllString(answer.body, "ID"); strings.Contains(tt.fault, "code") && body != c.refusal {
						t.Errorf("the refusal is %s, want %s", body, c.refusal)
					}
				}
				if list := strings.Join(got, " "); list != tt.want {
					t.Errorf("outcomes are %s, want %s", list, tt.want)
				}
				control(t, srv.URL(), "DELETE", "/faults", "", http.StatusNoContent)
				control(t, srv.URL(), "POST", "/revive", "", http.StatusNoContent)
			})
		}
	}
}

// address returns the token and the URL that the operation is called with.
func (c creation) address(srv *emulator.Server) (token, url string) {
	info := srv.Info().Providers[c.provider]
	_, path, _ := strings.Cut(c.operation, " ")
	path = strings.ReplaceAll(path, "{id}", "{applicationId}") // the one that is not named as the credential
	for name, value := range info.Credentials {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return info.Credentials["accessToken"] + info.Credentials["apiKey"], info.URL + path
}

// outcome names what a call has come to.
func (c creation) outcome(t *testing.T, a answer, err error) string {
	name := fmt.Sprint(a.status)
	if a.status/100 == 2 {
		name = "ok"
	}
	switch {
	case err == nil && a.status == 0:
		t.Error("no status and no error")
	case err == nil:
	case a.status != 0 && errors.Is(err, io.ErrUnexpectedEOF) && len(a.body) == int(a.length)/2:
		return name + "half"
	case strings.Contains(err.Error(), "malformed HTTP status"): // it breaks off in the status line
		return "lost"
	case errors.Is(err, io.EOF):
		return "silent"
	default:
		return err.Error()
	}
	return name
}

// TestFaultMatrixRefusals asks each provider for a status that is not documented
// and for an operation that there is none of. What the messages list is allowed.
func TestFaultMatrixRefusals(t *testing.T) {
	srv := emulator.NewTest(t, everything(t)...)
	refused := func(t *testing.T, body, begin string) []string {
		t.Helper()
		got := control(t, srv.URL(), "POST", "/faults", body, http.StatusBadRequest)
		if !isProblem(got) {
			t.Errorf("the refusal is %s", got.body)
		}
		list, ok := strings.CutPrefix(decode[struct{ Detail string }](t, got.body).Detail, begin)
		if !ok {
			t.Fatalf("%s does not begin with %q", got.body, begin)
		}
		return strings.FieldsFunc(strings.TrimSuffix(list, ", or undocumented faults"), func(r rune) bool { return strings.ContainsRune("[],", r) })
	}
	for _, c := range creations {
		t.Run(c.provider, func(t *testing.T) {
			op := c.provider + " " + c.operation
			statuses := refused(t, fmt.Sprintf(`{"operation":%q,"status":418}`, op), op+" does not document the refusal 418; allowed are ")
			statuses = strings.Fields(strings.Join(statuses, " "))
			if len(statuses) < 5 {
				t.Errorf("only %q are allowed", statuses)
			}
			for _, status := range statuses {
				control(t, srv.URL(), "POST", "/faults", fmt.Sprintf(`{"operation":%q,"status":%s}`, op, status), http.StatusCreated)
			}
			none := c.provider + " GET /nowhere"
			lines := refused(t, fmt.Sprintf(`{"operation":%q,"status":500}`, none), none+" is not an operation that is served; there are ")
			if !slices.Contains(lines, " "+c.operation) && lines[0] != c.operation {
				t.Errorf("%q does not have %s", lines, c.operation)
			}
			for _, line := range lines {
				control(t, srv.URL(), "POST", "/faults", fmt.Sprintf(`{"provider":%q,"operation":%q,"drop":true}`, c.provider, strings.TrimSpace(line)), http.StatusCreated)
			}
			if want, n := len(statuses)+len(lines), len(srv.Faults.List()); n != want {
				t.Errorf("%d faults wait, want %d", n, want)
			}
			srv.Faults.Clear()
		})
	}
	names := strings.Join(all.Names(), ", ")
	refused(t, `{"operation":"acme GET /","status":500}`, `"acme GET /" does not begin with a provider of this server; there are `+names)
}
