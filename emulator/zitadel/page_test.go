package zitadel_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestPageGenerateClientSecret goes through the page row by row.
// https://zitadel.com/docs/apis/resources/mgmt/management-service-regenerate-api-client-secret
func TestPageGenerateClientSecret(t *testing.T) {
	const moment = `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`
	_, s := start(t)
	credentials := s.zit.Credentials()
	own, project := credentials["organizationId"], credentials["projectId"]
	app := s.make("POST", "/projects/"+project+"/apps/api", `{"name":"api"}`)["appId"].(string)
	// A user of another organization, with a project there and a role for this one.
	other := s.zit.SeedOrganization(zitadel.Organization{Name: "other"}).ID
	foreign := session{t: t, zit: s.zit, token: s.zit.SeedMachineUser(zitadel.MachineUser{OrganizationID: other, Roles: []string{"IAM_OWNER"}}).AccessToken}
	stranger := session{t: t, zit: s.zit, token: s.zit.SeedMachineUser(zitadel.MachineUser{OrganizationID: other, Roles: []string{"ORG_OWNER"}}).AccessToken}
	as := func(who session, organization string) session {
		who.orgID = organization
		return who
	}
	const path = "/projects/:projectId/apps/:appId/api_config/_generate_client_secret"
	for _, row := range []struct {
		says         string
		caller       session
		project, app string
		body         string
		status       int
		has          string
	}{
		{"POST " + path, s, project, app, `{}`, 200, `^\{`},
		{"projectId: required", s, "1", app, `{}`, 404, `Application doesn't exist`},
		{"appId: required", s, project, "1", `{}`, 404, `Application doesn't exist`},
		{"x-zitadel-orgid: the default is the organization of the requesting user", s, project, app, `{}`, 200, `"resourceOwner":"` + own + `"`},
		{"x-zitadel-orgid: so it is not that of the object", foreign, project, app, `{}`, 404, `Application doesn't exist`},
		{"x-zitadel-orgid: include it for objects of another organization", as(foreign, own), project, app, `{}`, 200, `"resourceOwner":"` + own + `"`},
		{"x-zitadel-orgid: who has no permission there is refused", as(stranger, own), project, app, `{}`, 403, `"code":7`},
		{"request body: required, an object", s, project, app, ``, 400, `"code":3`},
		{"request body: no other value", s, project, app, `[]`, 400, `"code":3`},
		{"clientSecret: string", s, project, app, `{}`, 200, `^\{"clientSecret":"[0-9A-Za-z]{64}",`},
		{"details: object, behind it", s, project, app, `{}`, 200, `^\{"clientSecret":[^,]*,"details":\{[^{}]*\}\}$`},
		{"details.sequence: uint64, as protobuf's JSON has it", s, project, app, `{}`, 200, `"details":\{"sequence":"\d+"`},
		{"details.creationDate: on read and on create; differences.go says why not here", s, project, app, `{}`, 200, `"sequence":"\d+","changeDate"`},
		{"details.changeDate: date-time", s, project, app, `{}`, 200, `"changeDate":` + moment},
		{"details.resourceOwner: the organization an object belongs to", s, project, app, `{}`, 200, `"resourceOwner":"` + own + `"\}`},
		{"Authorization: a bearer token", as(session{t: t, zit: s.zit, token: "nobody's"}, ""), project, app, `{}`, 401, `"code":16`},
	} {
		to := strings.NewReplacer(":projectId", row.project, ":appId", row.app).Replace(path)
		status, answer := row.caller.call(http.MethodPost, to, row.body)
		if status != row.status || !regexp.MustCompile(row.has).MatchString(answer) {
			t.Errorf("%s: %d %s, want %d %s", row.says, status, answer, row.status, row.has)
		}
	}
}
