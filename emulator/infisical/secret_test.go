package infisical_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// secretsWorld is a server with one project of known ids.
type secretsWorld struct {
	t      *testing.T
	srv    *emulator.Server
	inf    *infisical.Provider
	tokens map[string]string // by role
}

const projectID = "11111111-1111-4111-8111-111111111111"

func newSecretsWorld(t *testing.T) secretsWorld {
	t.Helper()
	inf := infisical.New()
	srv := emulator.NewTest(t, inf)
	srv.Clock.Freeze()
	w := secretsWorld{t, srv, inf, map[string]string{"": ""}}
	for _, role := range []string{"admin", "member", "no-access"} {
		w.tokens[role] = inf.SeedIdentity(infisical.Identity{Name: role, Role: role}).AccessToken
	}
	inf.SeedProject(infisical.Project{ID: projectID, Name: "Pay Roll"})
	w.seed("", "A", "one")
	w.seed("", "B", "${A} and ${dev.deep.er.C}")
	w.seed("/deep/er", "C", "three")
	return w
}

func (w secretsWorld) seed(path, key, value string) infisical.Secret {
	return w.inf.SeedSecret(infisical.Secret{ProjectID: projectID, Path: path, Key: key, Value: value})
}

// in is the query of the project's dev environment, with more.
func in(more string) string { return "?workspaceId=" + projectID + "&environment=dev" + more }

// of is a body about the project's dev environment, with more.
func of(more string) string {
	return `{"workspaceId":"` + projectID + `","environment":"dev"` + more + `}`
}

var reqID = regexp.MustCompile(`"reqId":"req-[0-9A-Za-z]{14}"`)

// call returns the status and the body without what differs from call to call.
func (w secretsWorld) call(role, method, path, body string) (int, string, http.Header) {
	w.t.Helper()
	request, err := http.NewRequest(method, w.inf.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if token := w.tokens[role]; token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, reqID.ReplaceAllString(string(text), `"reqId":"*"`), response.Header
}

// get calls as an administrator and decodes a 200.
func (w secretsWorld) get(method, path, body string, out any) {
	w.t.Helper()
	status, text, _ := w.call("admin", method, path, body)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		w.t.Fatal(err)
	}
}

func TestSecretRefusals(t *testing.T) {
	const (
		raw      = "/api/v3/secrets/raw"
		v4       = "/api/v4/secrets"
		folders  = "/api/v1/folders"
		unknown  = "22222222-2222-4222-8222-222222222222"
		notFound = `,"error":"NotFound"}`
	)
	refusal := func(status, rest string) string { return `{"reqId":"*","statusCode":` + status + `,` + rest }
	denied := func(what string) string {
		return refusal("403", `"message":"You are not allowed to `+what+`","details":[],"error":"PermissionDenied"}`)
	}
	folderMissing := func(name string) string {
		return refusal("404", `"message":"Folder with path '/no' in environment with slug 'dev' not found","error":"`+name+`"}`)
	}
	pathMissing := refusal("404", `"message":"Folder with path '/no' in environment 'dev' was not found. Please ensure the environment slug and secret path is correct.","error":"SecretPathNotFound"}`)
	badPath := refusal("400", `"message":"Invalid secret path. Only alphanumeric characters, dashes, and underscores are allowed.","error":"BadRequest"}`)
	tokenMissing := refusal("401", `"message":"Token missing","error":"UnauthorizedError"}`)
	enum := refusal("422", `"message":[{"received":"yes","code":"invalid_enum_value","options":["true","false"],"path":["recursive"],"message":"Invalid enum value. Expected 'true' | 'false', received 'yes'"}],"error":"ValidationFailure"}`)
	personal := func(verb string) string {
		return refusal("400", `"message":"Must be user to `+verb+` personal secret","error":"BadRequest"}`)
	}
	issue := func(issue string) string {
		return refusal("422", `"message":[`+issue+`],"error":"ValidationFailure"}`)
	}
	noTag := refusal("404", `"message":"Tag not found. Found "`+notFound)

	w := newSecretsWorld(t)
	elsewhere := w.inf.SeedOrganization(infisical.Organization{}).ID
	foreign := w.inf.SeedProject(infisical.Project{Name: "foreign", OrganizationID: elsewhere}).ID
	w.inf.SeedSecret(infisical.Secret{ProjectID: foreign, Path: "/theirs", Key: "K"})
	w.tokens["stranger"] = w.inf.SeedIdentity(infisical.Identity{OrganizationID: elsewhere}).AccessToken
	var theirs struct{ Folders []struct{ ID string } }
	_, text, _ := w.call("stranger", "GET", folders+"?environment=dev&workspaceId="+foreign, "")
	if err := json.Unmarshal([]byte(text), &theirs); err != nil || len(theirs.Folders) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	w.inf.SeedSecret(infisical.Secret{ProjectID: projectID, Key: "TAGGED", Tags: []string{"x", "y"}})
	var tagged secretAnswer
	w.get("GET", raw+"/TAGGED"+in(""), "", &tagged)
	tags := []string{tagged.Secret.Tags[0].ID, tagged.Secret.Tags[1].ID}
	for _, c := range []struct {
		name, role, method, path, body string
		status                         int
		want                           string
	}{
		{"no token", "", "GET", raw + in(""), "", 401, tokenMissing},
		{"no project", "admin", "GET", raw + "?environment=dev&workspaceId=&workspaceSlug=", "", 400, refusal("400", `"message":"You must provide projectSlug or workspaceId","error":"BadRequest"}`)},
		{"unknown project", "admin", "GET", raw + "?environment=dev&workspaceId=" + unknown, "", 404, refusal("404", `"message":"Project with `+unknown+` not found"`+notFound)},
		{"unknown project slug", "admin", "GET", raw + "?environment=dev&workspaceSlug=no", "", 404, refusal("404", `"message":"Project with slug 'no' not found"`+notFound)},
		{"another organization's project", "admin", "GET", raw + "?environment=dev&workspaceId=" + foreign, "", 403, refusal("403", `"message":"This project does not belong to your selected organization.","error":"ForbiddenError"}`)},
		{"list: no environment", "admin", "GET", raw + "?workspaceId=" + projectID, "", 400, refusal("400", `"message":"Missing project id or environment","error":"BadRequest"}`)},
		{"list: no access", "no-access", "GET", raw + in(""), "", 403, denied("describeSecret on secrets")},
		{"list: unknown path", "admin", "GET", raw + in("&secretPath=/no"), "", 404, pathMissing},
		{"list: unknown environment", "admin", "GET", raw + "?workspaceId=" + projectID + "&environment=no", "", 404, refusal("404", `"message":"Folder with path '/' in environment 'no' was not found. Please ensure the environment slug and secret path is correct.","error":"SecretPathNotFound"}`)},
		{"list: unknown environment, recursive", "admin", "GET", raw + "?workspaceId=" + projectID + "&environment=no&recursive=true", "", 404, refusal("404", `"message":"Environment with slug 'no' in project with ID `+projectID+` not found"`+notFound)},
		{"list: bad path", "admin", "GET", raw + in("&secretPath=/a%20b"), "", 400, badPath},
		{"list: not a boolean", "admin", "GET", raw + in("&recursive=yes"), "", 422, enum},
		{"list: too long a filter", "admin", "GET", raw + in("&metadataFilter="+strings.Repeat("key%3Dk%2Cvalue%3Dv%7C", 11)), "", 422, issue(`{"code":"custom","message":"You can only filter by up to 10 metadata fields","path":["metadataFilter"]}`)},
		{"get: no environment", "admin", "GET", raw + "/A?workspaceId=" + projectID, "", 400, refusal("400", `"message":"Missing environment","error":"BadRequest"}`)},
		{"get: unknown", "admin", "GET", raw + "/NO" + in(""), "", 404, refusal("404", `"message":"Secret with name 'NO' not found"`+notFound)},
		{"get: unknown version", "admin", "GET", raw + "/A" + in("&version=7"), "", 404, refusal("404", `"message":"Secret with name 'A' not found"`+notFound)},
		{"get: personal", "admin", "GET", raw + "/A" + in("&type=personal"), "", 404, refusal("404", `"message":"Secret with name 'A' not found"`+notFound)},
		{"get: unknown path", "admin", "GET", raw + "/A" + in("&secretPath=/no"), "", 404, folderMissing("GetSecretByName")},
		{"get: no access", "no-access", "GET", raw + "/A" + in(""), "", 403, denied("describeSecret on secrets")},
		{"create: there", "admin", "POST", raw + "/A", of(`,"secretValue":"x"`), 400, refusal("400", `"message":"Secret already exists","error":"BadRequest"}`)},
		{"create: personal", "admin", "POST", raw + "/N", of(`,"secretValue":"x","type":"personal"`), 400, personal("create")},
		{"create: unknown path", "admin", "POST", raw + "/N", of(`,"secretValue":"x","secretPath":"/no"`), 404, folderMissing("CreateSecret")},
		{"create: unknown tag", "admin", "POST", raw + "/N", of(`,"secretValue":"x","tagIds":["no"]`), 404, noTag},
		{"create: some of the tags", "admin", "POST", raw + "/N", of(`,"secretValue":"x","tagIds":["` + tags[0] + `","no","` + tags[1] + `"]`), 404, refusal("404", `"message":"Tag not found. Found x,y"`+notFound)},
		{"create: long metadata", "admin", "POST", raw + "/N", of(`,"secretValue":"x","secretMetadata":[{"key":"` + strings.Repeat("k", 256) + `","value":""}]`), 422, issue(`{"code":"too_big","maximum":255,"type":"string","inclusive":true,"exact":false,"message":"String must contain at most 255 character(s)","path":["secretMetadata",0,"key"]}`)},
		{"create: no access", "no-access", "POST", raw + "/N", of(`,"secretValue":"x"`), 403, denied("create on secrets")},
		{"create: no value", "admin", "POST", raw + "/N", of(``), 422, issue(`{"code":"invalid_type","expected":"string","received":"undefined","path":["secretValue"],"message":"Required"}`)},
		{"create: bad name", "admin", "POST", raw + "/N%3AM", of(`,"secretValue":"x"`), 422, issue(`{"code":"custom","message":"Secret name cannot contain colon or forward slash.","path":["secretName"]}`)},
		{"create: bad type", "admin", "POST", raw + "/N", of(`,"secretValue":"x","type":"own"`), 422, issue(`{"received":"own","code":"invalid_enum_value","options":["shared","personal"],"path":["type"],"message":"Invalid enum value. Expected 'shared' | 'personal', received 'own'"}`)},
		{"create: unknown key", "admin", "POST", raw + "/N", of(`,"secretValue":"x","no":1`), 422, issue(`{"code":"unrecognized_keys","keys":["no"],"path":[],"message":"Unrecognized key(s) in object: 'no'"}`)},
		{"update: unknown", "admin", "PATCH", raw + "/NO", of(`,"secretValue":"x"`), 404, refusal("404", `"message":"Secret with name NO not found"`+notFound)},
		{"update: name taken", "admin", "PATCH", raw + "/A", of(`,"newSecretName":"B"`), 400, refusal("400", `"message":"Secret with the new name already exists","error":"BadRequest"}`)},
		{"update: bad name", "admin", "PATCH", raw + "/A", of(`,"newSecretName":" "`), 422, issue(`{"code":"too_small","minimum":1,"type":"string","inclusive":true,"exact":false,"message":"String must contain at least 1 character(s)","path":["newSecretName"]}`)},
		{"update: personal", "admin", "PATCH", raw + "/A", of(`,"type":"personal"`), 400, personal("create")},
		{"update: unknown path", "admin", "PATCH", raw + "/A", of(`,"secretPath":"/no"`), 404, folderMissing("UpdateSecret")},
		{"update: unknown tag", "admin", "PATCH", raw + "/A", of(`,"tagIds":["no"]`), 404, noTag},
		{"update: no access", "no-access", "PATCH", raw + "/A", of(`,"secretValue":"x"`), 403, denied("edit on secrets")},
		{"delete: unknown", "admin", "DELETE", raw + "/NO", of(``), 404, refusal("404", `"message":"Secret not found"`+notFound)},
		{"delete: personal", "admin", "DELETE", raw + "/A", of(`,"type":"personal"`), 400, personal("delete")},
		{"delete: unknown path", "admin", "DELETE", raw + "/A", of(`,"secretPath":"/no"`), 404, folderMissing("DeleteSecret")},
		{"delete: no access", "no-access", "DELETE", raw + "/A", of(``), 403, denied("delete on secrets")},
		{"batch: one there", "admin", "POST", "/api/v3/secrets/batch/raw", of(`,"secrets":[{"secretKey":"N","secretValue":""},{"secretKey":"A","secretValue":""}]`), 400, refusal("400", `"message":"Secret already exists: A","error":"BadRequest"}`)},
		{"batch: one twice", "admin", "POST", "/api/v3/secrets/batch/raw", of(`,"secrets":[{"secretKey":"N","secretValue":""},{"secretKey":"N","secretValue":""}]`), 400, refusal("400", `"message":"Secret already exists: N","error":"BadRequest"}`)},
		{"batch: bad name", "admin", "POST", "/api/v3/secrets/batch/raw", of(`,"secrets":[{"secretKey":"N/M","secretValue":""}]`), 422, issue(`{"code":"custom","message":"Secret name cannot contain colon or forward slash.","path":["secrets",0,"secretKey"]}`)},
		{"batch: unknown tag", "admin", "POST", "/api/v3/secrets/batch/raw", of(`,"secrets":[{"secretKey":"N","secretValue":"","tagIds":["no"]}]`), 404, noTag},
		{"batch: no access", "no-access", "POST", "/api/v3/secrets/batch/raw", of(`,"secrets":[{"secretKey":"N","secretValue":""}]`), 403, denied("create on secrets")},
		{"batch: unknown path", "admin", "POST", "/api/v3/secrets/batch/raw", of(`,"secretPath":"/no","secrets":[{"secretKey":"N","secretValue":""}]`), 404, folderMissing("CreateManySecret")},
		{"v4 list: no project", "admin", "GET", v4 + "?environment=dev", "", 400, refusal("400", `"message":"Missing project id or environment","error":"BadRequest"}`)},
		{"v4 list: too long a filter", "admin", "GET", v4 + "?environment=dev&projectId=" + projectID + "&metadataFilter=" + strings.Repeat("key%3Dk%2Cvalue%3Dv%7C", 11), "", 422, issue(`{"code":"custom","message":"You can only filter by up to 10 metadata fields","path":["metadataFilter"]}`)},
		{"v4 get: no project", "admin", "GET", v4 + "/A?environment=dev", "", 422, issue(`{"code":"invalid_type","expected":"string","received":"undefined","path":["projectId"],"message":"Required"}`)},
		{"v4 get: unknown", "admin", "GET", v4 + "/NO?environment=dev&projectId=" + projectID, "", 404, refusal("404", `"message":"Secret with name 'NO' not found"`+notFound)},
		{"folder: bad name", "admin", "POST", folders, of(`,"name":"a b"`), 422, issue(`{"code":"custom","message":"Invalid folder name. Only alphanumeric characters, dashes, and underscores are allowed.","path":["name"]}`)},
		{"folder: unknown environment", "admin", "POST", folders, `{"workspaceId":"` + projectID + `","environment":"no","name":"a"}`, 404, refusal("404", `"message":"Environment with slug 'no' in project with ID '`+projectID+`' not found"`+notFound)},
		{"folder: bad path", "admin", "POST", folders, of(`,"name":"a","path":"/a b"`), 400, badPath},
		{"folder: no access", "no-access", "POST", folders, of(`,"name":"a"`), 403, denied("create on secret-folders")},
		{"folder list: unknown environment", "admin", "GET", folders + "?workspaceId=" + projectID + "&environment=no", "", 404, refusal("404", `"message":"Environment with slug 'no' not found"`+notFound)},
		{"folder list: unknown project", "admin", "GET", folders + "?environment=dev&workspaceId=" + unknown, "", 404, refusal("404", `"message":"Project with `+unknown+` not found"`+notFound)},
		{"folder list: bad path", "admin", "GET", folders + in("&path=/a%20b"), "", 400, badPath},
		{"folder get: another organization's", "admin", "GET", folders + "/" + theirs.Folders[0].ID, "", 403, refusal("403", `"message":"This project does not belong to your selected organization.","error":"ForbiddenError"}`)},
		{"folder get: unknown", "admin", "GET", folders + "/" + unknown, "", 404, refusal("404", `"message":"Folder with ID '`+unknown+`' not found"`+notFound)},
		{"folder update: unknown", "admin", "PATCH", folders + "/" + unknown, of(`,"name":"a"`), 404, refusal("404", `"message":"Folder with ID '`+unknown+`' not found","error":"UpdateFolder"}`)},
		{"folder update: unknown path", "admin", "PATCH", folders + "/" + unknown, of(`,"name":"a","path":"/no"`), 404, folderMissing("UpdateFolder")},
		{"folder update: bad name", "admin", "PATCH", folders + "/" + unknown, of(`,"name":"a b"`), 422, issue(`{"code":"custom","message":"Invalid folder name. Only alphanumeric characters, dashes, and underscores are allowed.","path":["name"]}`)},
		{"folder update: bad path", "admin", "PATCH", folders + "/" + unknown, of(`,"name":"a","path":"/a b"`), 400, badPath},
		{"folder update: no access", "no-access", "PATCH", folders + "/" + unknown, of(`,"name":"a"`), 403, denied("edit on secret-folders")},
		{"folder delete: unknown", "admin", "DELETE", folders + "/" + unknown, of(``), 404, refusal("404", `"message":"Target folder not found"`+notFound)},
		{"folder delete: unknown path", "admin", "DELETE", folders + "/a", of(`,"path":"no"`), 404, folderMissing("NotFound")},
		{"folder delete: bad path", "admin", "DELETE", folders + "/" + unknown, of(`,"path":"/a b"`), 400, badPath},
		{"folder delete: unknown environment", "admin", "DELETE", folders + "/" + unknown, `{"workspaceId":"` + projectID + `","environment":"no"}`, 404, refusal("404", `"message":"Environment with slug 'no' not found"`+notFound)},
		{"folder delete: no access", "no-access", "DELETE", folders + "/" + unknown, of(``), 403, denied("delete on secret-folders")},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := w.srv.Snapshot()
			status, body, _ := w.call(c.role, c.method, c.path, c.body)
			if status != c.status || body != c.want {
				t.Errorf("got  %d %s\nwant %d %s", status, body, c.status, c.want)
			}
			if !w.srv.Snapshot().Equal(before) {
				t.Error("the refusal has changed something")
			}
		})
	}
}

// secretAnswer is what a test reads of an answer with one secret.
type secretAnswer struct {
	Secret struct {
		ID, SecretKey, SecretValue, SecretPath string
		Version                                int
		SecretReminderRepeatDays               int
		SecretReminderNote                     string
		SecretValueHidden                      bool
		SecretMetadata                         []struct{ Key, Value string }
		Tags                                   []struct{ ID, Slug string }
	}
}

func (a secretAnswer) value() string { return a.Secret.SecretValue }

func TestSecretBodies(t *testing.T) {
	w := newSecretsWorld(t)
	s := w.inf.SeedSecret(infisical.Secret{ProjectID: projectID, Environment: "prod", Key: "K", Value: "v", Comment: "c", ID: "33333333-3333-4333-8333-333333333333"})
	now, _ := json.Marshal(w.srv.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
	base := `{"id":"` + s.ID + `","_id":"` + s.ID + `","workspace":"` + projectID + `","environment":"prod","version":1,"type":"shared",` +
		`"secretKey":"K","secretValue":"v","secretComment":"c","secretReminderNote":null,"secretReminderRepeatDays":null,"skipMultilineEncoding":false,` +
		`"createdAt":` + string(now) + `,"updatedAt":` + string(now) + `,"isRotatedSecret":false,"rotationId":null`
	at := "?workspaceSlug=pay-roll&environment=prod&secretPath=/"
	for _, c := range []struct{ role, method, path, body, want string }{
		{"admin", "GET", "/api/v3/secrets/raw" + at, "", `{"secrets":[` + base + `,"secretPath":"/","secretValueHidden":false,"secretMetadata":[],"tags":[]}],"imports":[]}`},
		{"admin", "GET", "/api/v3/secrets/raw/K" + at, "", `{"secret":` + base + `,"secretValueHidden":false,"secretPath":"/","tags":[],"secretMetadata":[]}}`},
		{"member", "GET", "/api/v4/secrets/K?projectId=" + projectID + "&environment=prod&secretPath=/&type=shared&expandSecretReferences=true&includeImports=true", "", `{"secret":` + base + `,"secretValueHidden":false,"secretPath":"/","tags":[],"secretMetadata":[]}}`},
		{"member", "DELETE", "/api/v3/secrets/raw/K", `{"projectSlug":"pay-roll","environment":"prod"}`, `{"secret":` + base + `,"secretValueHidden":false}}`},
		{"member", "GET", "/api/v4/secrets?projectId=" + projectID + "&environment=prod&secretPath=/&includeImports=true&recursive=false&expandSecretReferences=true&includePersonalOverrides=true", "", `{"secrets":[],"imports":[]}`},
	} {
		status, body, header := w.call(c.role, c.method, c.path, c.body)
		if status != http.StatusOK || body != c.want {
			t.Errorf("%s %s:\ngot  %d %s\nwant 200 %s", c.method, c.path, status, body, c.want)
		}
		if header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: the answer may be cached", c.method, c.path)
		}
	}
}

func TestSecretVersions(t *testing.T) {
	w := newSecretsWorld(t)
	tag := w.inf.SeedSecret(infisical.Secret{ProjectID: projectID, Key: "T", Tags: []string{"db"}})
	var a secretAnswer
	w.get("GET", "/api/v3/secrets/raw/T"+in(""), "", &a)
	if len(a.Secret.Tags) != 1 || a.Secret.Tags[0].Slug != "db" {
		t.Fatalf("tags %v of seeded %v", a.Secret.Tags, tag)
	}
	tagID := a.Secret.Tags[0].ID

	w.get("POST", "/api/v3/secrets/raw/N", of(`,"secretValue":"  first\n","secretMetadata":[{"key":"k","value":"v"}],"tagIds":["`+tagID+`"],"skipMultilineEncoding":null`), &a)
	if a.value() != "first\n" {
		t.Errorf("created value %q", a.value())
	}
	w.get("PATCH", "/api/v3/secrets/raw/N", of(`,"secretValue":"second","newSecretName":"M"`), &a)
	if a.Secret.Version != 2 || a.Secret.SecretKey != "M" {
		t.Errorf("updated: %+v", a.Secret)
	}
	w.get("PATCH", "/api/v3/secrets/raw/T", of(`,"secretMetadata":[{"key":"k","value":"w"}],"secretReminderRepeatDays":7,"secretReminderNote":"rotate"`), &a)
	w.get("GET", "/api/v3/secrets/raw/T"+in(""), "", &a)
	if len(a.Secret.SecretMetadata) != 1 || a.Secret.SecretMetadata[0].Value != "w" || a.Secret.SecretReminderRepeatDays != 7 || a.Secret.SecretReminderNote != "rotate" {
		t.Errorf("updated: %+v", a.Secret)
	}
	w.get("PATCH", "/api/v3/secrets/raw/T", of(`,"secretMetadata":[]`), &a) // as the counts below want it
	w.get("GET", "/api/v3/secrets/raw/M"+in("&version=1"), "", &a)
	if a.value() != "first\n" || a.Secret.Version != 1 {
		t.Errorf("version 1: %+v", a.Secret)
	}
	w.get("GET", "/api/v3/secrets/raw/M"+in("&viewSecretValue=false"), "", &a)
	if a.value() != "<hidden-by-infisical>" || !a.Secret.SecretValueHidden || len(a.Secret.SecretMetadata) != 1 || len(a.Secret.Tags) != 1 {
		t.Errorf("hidden: %+v", a.Secret)
	}
	var list struct{ Secrets []struct{ SecretKey string } }
	w.get("GET", "/api/v3/secrets/raw"+in("&tagSlugs=other,db"), "", &list)
	if len(list.Secrets) != 2 {
		t.Errorf("with tag db: %v", list.Secrets)
	}
	for filter, want := range map[string]int{"key=k,value=v": 1, "key=k,value=v|key=k,value=w": 0, "k": 4} {
		w.get("GET", "/api/v3/secrets/raw"+in("&metadataFilter="+url.QueryEscape(filter)), "", &list)
		if len(list.Secrets) != want {
			t.Errorf("with metadata %s: %v", filter, list.Secrets)
		}
	}
	w.get("DELETE", "/api/v3/secrets/raw/M", of(``), &a)
	if status, _, _ := w.call("admin", "GET", "/api/v3/secrets/raw/M"+in("&version=1"), ""); status != http.StatusNotFound {
		t.Errorf("a version of a deleted secret: %d", status)
	}
}

func TestSecretReferences(t *testing.T) {
	w := newSecretsWorld(t)
	w.seed("", "SELF", "<${SELF}>")
	w.seed("", "PING", "ping ${PONG}")
	w.seed("", "PONG", "pong ${PING}")
	w.seed("", "NAME", "A")
	w.seed("", "NESTED", "${dev.${NAME}}")
	w.seed("", "LOST", "${NO} ${no.A} ${@pay-roll.dev.A} ${")
	w.seed("/deep", "RELATIVE", "${er}${dev.A}")
	for _, c := range []struct{ path, name, want string }{
		{"/", "B", "one and three"},
		{"/", "SELF", "<<${SELF}>>"},
		{"/", "PING", "ping pong ping ${PONG}"},
		{"/", "NESTED", "one"},
		{"/", "LOST", "${NO} ${no.A} ${@pay-roll.dev.A} ${"},
		{"/deep", "RELATIVE", "${er}one"},
	} {
		var a secretAnswer
		w.get("GET", "/api/v3/secrets/raw/"+c.name+in("&expandSecretReferences=true&secretPath="+url.QueryEscape(c.path)), "", &a)
		if a.value() != c.want {
			t.Errorf("%s: %q, want %q", c.name, a.value(), c.want)
		}
	}
	var a secretAnswer
	w.get("POST", "/api/v3/secrets/raw/LINES", of(`,"secretValue":"${A}\n2","skipMultilineEncoding":true`), &a)
	w.get("GET", "/api/v3/secrets/raw/LINES"+in("&expandSecretReferences=true"), "", &a)
	if a.value() != `"one\n2"` {
		t.Errorf("LINES: %s", a.value())
	}
}

func TestFolders(t *testing.T) {
	w := newSecretsWorld(t)
	type folder struct {
		ID, Name, Path, RelativePath, ProjectID string
		ParentID                                *string
		LastSecretModified                      *string
		Environment                             struct{ EnvSlug string }
	}
	var one struct{ Folder folder }
	names := func(query string) string {
		var many struct{ Folders []folder }
		w.get("GET", "/api/v1/folders"+in(query), "", &many)
		var list []string
		for _, f := range many.Folders {
			list = append(list, f.Name+f.RelativePath)
		}
		return strings.Join(list, " ")
	}

	w.get("POST", "/api/v1/folders", of(`,"path":"new/er/","name":"est"`), &one)
	if one.Folder.Path != "/new/er/est" {
		t.Errorf("created: %+v", one.Folder)
	}
	id := one.Folder.ID
	w.get("POST", "/api/v1/folders", of(`,"directory":"/new/er","name":"est"`), &one)
	if one.Folder.ID != id {
		t.Error("a folder is made twice")
	}
	w.get("GET", "/api/v1/folders/"+id, "", &one)
	if one.Folder.Path != "/new/er/est" || one.Folder.ProjectID != projectID || one.Folder.Environment.EnvSlug != "dev" {
		t.Errorf("got: %+v", one.Folder)
	}
	for query, want := range map[string]string{
		"": "deep new", "&path=/new": "er", "&path=/no": "", "&recursive=true&path=/new": "er/er est/er/est",
		"&recursive=1&lastSecretModified=2024-01-02T00:00:00Z": "er/deep/er",
	} {
		if got := names(query); got != want {
			t.Errorf("list %q: %q, want %q", query, got, want)
		}
	}
	w.get("PATCH", "/api/v1/folders/er", of(`,"path":"/deep","name":"end"`), &one)
	if one.Folder.Path != "/deep/end" {
		t.Errorf("renamed: %+v", one.Folder)
	}
	if status, body, _ := w.call("admin", "PATCH", "/api/v1/folders/deep", of(`,"name":"new"`)); status != 400 || !strings.HasSuffix(body, `"message":"Folder with specified name already exists","error":"UpdateFolder"}`) {
		t.Errorf("renaming to a name that is taken: %d %s", status, body)
	}
	var list struct {
		Secrets []struct{ ID, SecretKey, SecretPath string }
	}
	w.get("GET", "/api/v3/secrets/raw"+in("&recursive=true"), "", &list)
	paths := map[string]string{}
	for i, s := range list.Secrets {
		paths[s.SecretKey] = s.SecretPath
		if i > 0 && s.ID < list.Secrets[i-1].ID {
			t.Error("secrets are not in the order of their ids")
		}
	}
	if len(paths) != 3 || paths["A"] != "/" || paths["C"] != "/deep/end" {
		t.Errorf("recursive: %v", paths)
	}
	w.get("DELETE", "/api/v1/folders/deep", of(``), &one)
	if status, _, _ := w.call("admin", "GET", "/api/v3/secrets/raw/C"+in("&secretPath=/deep/end"), ""); status != http.StatusNotFound {
		t.Errorf("a secret of a deleted folder: %d", status)
	}
	w.seed("/deep/end", "C", "again")
}

func TestWorldFileWithProjects(t *testing.T) {
	world := `
infisical:
  identities: [{name: ci, role: member, universalAuth: {}}]
  projects:
    - name: One
      environments:
        - {slug: test, folders: [/a/b], secrets: [{key: K, value: v, path: /c, tags: [x], metadata: [{key: m, value: n}]}]}
    - {name: Two, slug: two}
`
	inf := infisical.New()
	emulator.NewTest(t, inf, emulator.WithWorld(strings.NewReader(world)))
	credentials := inf.Credentials()
	w := secretsWorld{t: t, inf: inf, tokens: map[string]string{"admin": credentials["accessToken"]}}
	var a secretAnswer
	w.get("GET", "/api/v3/secrets/raw/K?environment=test&secretPath=/c&workspaceId="+credentials["projectId"], "", &a)
	if a.value() != "v" || len(a.Secret.Tags) != 1 || len(a.Secret.SecretMetadata) != 1 {
		t.Errorf("%+v", a.Secret)
	}
	w.get("GET", "/api/v3/secrets/raw?environment=staging&workspaceSlug=two", "", &a)

	_, err := emulator.New(infisical.New(), emulator.WithWorld(strings.NewReader(world[:strings.Index(world, "    - {name: Two")]+"    - {name: one}\n")))
	if err == nil || !strings.Contains(err.Error(), "line 8: /infisical/projects/1/slug: there is a project with slug one already") {
		t.Errorf("two projects of one slug: %v", err)
	}
}
