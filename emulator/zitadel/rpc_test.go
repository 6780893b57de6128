//lint:file-ignore SA1019 the Terraform provider and most programs call what the service deprecates

package zitadel_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	apppb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	applicationpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/application/v2"
	managementpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/message"
	projectpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project/v2"
	userpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// dial connects a gRPC client to the address that REST is served on.
func dial(t *testing.T, zit *zitadel.Provider) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(zit.URL(), "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// bearer is a context whose calls are made with the session's token.
func (s session) bearer() context.Context {
	return metadata.AppendToOutgoingContext(s.t.Context(), "authorization", "Bearer "+s.token)
}

// connected is a client of one procedure over Connect, or another protocol if
// there is an option for it.
func connected[Req, Res any](client connect.HTTPClient, base, procedure string, options ...connect.ClientOption) *connect.Client[Req, Res] {
	return connect.NewClient[Req, Res](client, base+procedure, options...)
}

// send makes a call with a token.
func send[Req, Res any](t *testing.T, c *connect.Client[Req, Res], token string, in *Req) (*connect.Response[Res], error) {
	request := connect.NewRequest(in)
	request.Header().Set("Authorization", "Bearer "+token)
	return c.CallUnary(t.Context(), request)
}

// h2c is an HTTP/2 client without TLS.
func h2c() *http.Client {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: protocols}}
}

const (
	generate   = applicationpb.ApplicationService_GenerateClientSecret_FullMethodName
	getProject = projectpb.ProjectService_GetProject_FullMethodName
	getApp     = managementpb.ManagementService_GetAppByID_FullMethodName
)

// TestProtocols asks the same thing in every protocol and encoding, on the
// provider's port, behind the gateway's path and in memory. Answers, refusals and
// hints are the same.
func TestProtocols(t *testing.T) {
	srv, s := start(t)
	project := s.zit.Credentials()["projectId"]
	protocols := map[string][]connect.ClientOption{
		"connect":      nil,
		"connect json": {connect.WithProtoJSON()},
		"connect gzip": {connect.WithSendGzip()},
		"grpc":         {connect.WithGRPC()},
		"grpc json":    {connect.WithGRPC(), connect.WithProtoJSON()},
		"grpc-web":     {connect.WithGRPCWeb()},
	}
	places := map[string]struct {
		client *http.Client
		base   string
	}{
		"port":    {h2c(), s.zit.URL()},
		"gateway": {h2c(), srv.URL() + "/zitadel"},
		"memory":  {srv.Client(), "https://understudy.zitadel.cloud"},
	}
	for protocol, options := range protocols {
		for name, place := range places {
			t.Run(protocol+", "+name, func(t *testing.T) {
				get := connected[projectpb.GetProjectRequest, projectpb.GetProjectResponse](place.client, place.base, getProject, options...)
				answer, err := send(t, get, s.token, &projectpb.GetProjectRequest{ProjectId: project})
				if err != nil {
					t.Fatal(err)
				}
				if answer.Msg.Project.ProjectId != project || answer.Header().Get("X-Understudy-Entry") == "" {
					t.Errorf("%v %v", answer.Msg, answer.Header())
				}

				read := connected[managementpb.GetAppByIDRequest, managementpb.GetAppByIDResponse](place.client, place.base, getApp, options...)
				_, err = send(t, read, s.token, &managementpb.GetAppByIDRequest{ProjectId: project, AppId: "1"})
				refused := new(connect.Error)
				if !asConnect(err, &refused) || refused.Code() != connect.CodeNotFound || refused.Message() != "Errors.App.NotExisting (QUERY-pCP8P)" {
					t.Fatal(err)
				}
				if reason := refused.Meta().Get("X-Understudy-Reason"); reason != "there is no application 1" {
					t.Errorf("reason %q", reason)
				}
				if len(refused.Details()) != 1 {
					t.Fatalf("details %v", refused.Details())
				}
				value, err := refused.Details()[0].Value()
				if detail, ok := value.(*message.ErrorDetail); !ok || detail.Id != "QUERY-pCP8P" {
					t.Errorf("detail %v %v", value, err)
				}

				e := srv.Journal.Last()
				if e.Operation != zitadel.OpGetApp || !strings.HasSuffix(e.Request.URL, getApp) || e.Response.Status != http.StatusNotFound {
					t.Errorf("journal: %s %s %d", e.Operation, e.Request.URL, e.Response.Status)
				}
				if want := fmt.Sprintf(`{"projectId":"%s","appId":"1"}`, project); strings.ReplaceAll(e.Request.Body, " ", "") != want {
					t.Errorf("journal: the request is %s", e.Request.Body)
				}
			})
		}
	}
}

func asConnect(err error, target **connect.Error) bool {
	return errors.As(err, target)
}

// TestSecretAcrossProtocols makes a secret over gRPC and uses it over REST, and
// the reverse.
func TestSecretAcrossProtocols(t *testing.T) {
	srv, s := start(t)
	conn, ctx := dial(t, s.zit), s.bearer()
	m, v2 := managementpb.NewManagementServiceClient(conn), applicationpb.NewApplicationServiceClient(conn)
	project := s.zit.Credentials()["projectId"]
	made, err := m.AddAPIApp(ctx, &managementpb.AddAPIAppRequest{ProjectId: project, Name: "api", AuthMethodType: apppb.APIAuthMethodType_API_AUTH_METHOD_TYPE_BASIC})
	if err != nil {
		t.Fatal(err)
	}
	sequence := made.Details.Sequence
	introspects := func(secret string) bool {
		code, text := post(t, s.zit.URL()+"/oauth/v2/introspect", made.ClientId, secret, url.Values{"token": {s.token}})
		return code == http.StatusOK && strings.Contains(text, `"active":true`)
	}
	byREST := func() (string, uint64) {
		answer := s.make("POST", fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", project, made.AppId), `{}`)
		var n uint64
		_, _ = fmt.Sscan(answer["details"].(map[string]any)["sequence"].(string), &n)
		return answer["clientSecret"].(string), n
	}
	byRPC := func() (string, uint64) {
		answer, err := m.RegenerateAPIClientSecret(ctx, &managementpb.RegenerateAPIClientSecretRequest{ProjectId: project, AppId: made.AppId})
		if err != nil {
			t.Fatal(err)
		}
		return answer.ClientSecret, answer.Details.Sequence
	}
	last := made.ClientSecret
	for i, renew := range []func() (string, uint64){byRPC, byREST, byRPC} {
		secret, now := renew()
		if !introspects(secret) || introspects(last) {
			t.Errorf("%d: the new secret or the old one is not as it should be", i)
		}
		if now != sequence+1 {
			t.Errorf("%d: the sequence moves from %d to %d", i, sequence, now)
		}
		last, sequence = secret, now
	}
	answer, err := v2.GenerateClientSecret(ctx, &applicationpb.GenerateClientSecretRequest{ProjectId: project, ApplicationId: made.AppId})
	if err != nil || !introspects(answer.ClientSecret) || introspects(last) {
		t.Errorf("version 2: %v %v", answer, err)
	}

	// One fault hits the next call of the operation, by whichever protocol.
	srv.Faults.Next(zitadel.OpRegenerateAPIClientSecret, fault.Status(503))
	if _, err := m.RegenerateAPIClientSecret(ctx, &managementpb.RegenerateAPIClientSecretRequest{ProjectId: project, AppId: made.AppId}); status.Code(err) != codes.Unavailable {
		t.Errorf("a fault over gRPC: %v", err)
	}
	if !introspects(answer.ClientSecret) {
		t.Error("the fault has changed the secret")
	}
	byREST()
	srv.Faults.Next(zitadel.OpRegenerateAPIClientSecret, fault.Status(503))
	if code, text := s.call("POST", fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", project, made.AppId), `{}`); code != 503 {
		t.Errorf("a fault over REST: %d %s", code, text)
	}
	byRPC()
	if n := len(srv.Journal.For(zitadel.OpRegenerateAPIClientSecret)); n != 7 {
		t.Errorf("the journal has %d entries for the operation, want 7", n)
	}
}

// TestFaultsOverGRPC looks at faults as a gRPC client sees them.
func TestFaultsOverGRPC(t *testing.T) {
	srv, s := start(t)
	m := managementpb.NewManagementServiceClient(dial(t, s.zit))
	add := func(ctx context.Context, name string) error {
		_, err := m.AddProject(ctx, &managementpb.AddProjectRequest{Name: name})
		return err
	}
	for _, test := range []struct {
		name  string
		fault fault.Fault
		code  codes.Code
	}{
		{"status", fault.Status(500), codes.Internal},
		{"rate limit", fault.Status(429), codes.ResourceExhausted},
		{"timeout", fault.Status(504), codes.DeadlineExceeded},
		{"code", fault.Status(500).Code("DataLoss"), codes.DataLoss},
		{"code in capitals", fault.Status(409).Code("ABORTED"), codes.Aborted},
		{"drop", fault.Drop(), codes.Unavailable},
		{"truncate", fault.Truncate(), codes.Internal},
	} {
		srv.Faults.Next(zitadel.OpAddProject, test.fault)
		if err := add(s.bearer(), test.name); status.Code(err) != test.code {
			t.Errorf("%s: %v, want %s", test.name, err, test.code)
		}
		if e := srv.Journal.Last(); e.Fault == "" {
			t.Errorf("%s: the journal does not tell", test.name)
		}
	}

	// A lost answer: the change is made.
	srv.Faults.Next(zitadel.OpAddProject, fault.Drop().After())
	if err := add(s.bearer(), "lost"); status.Code(err) != codes.Unavailable {
		t.Errorf("a lost answer: %v", err)
	}
	if err := add(s.bearer(), "lost"); status.Code(err) != codes.AlreadyExists {
		t.Errorf("after a lost answer: %v", err)
	}

	// The client's deadline ends a delay; the connection and its other calls go on.
	srv.Faults.Next(zitadel.OpAddProject, fault.Delay(time.Hour))
	ctx, cancel := context.WithTimeout(s.bearer(), 50*time.Millisecond)
	defer cancel()
	if err := add(ctx, "late"); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a delay: %v", err)
	}
	if err := add(s.bearer(), "next"); err != nil {
		t.Errorf("after a delay: %v", err)
	}
	srv.Faults.Next(zitadel.OpAddProject, fault.Status(503).RetryAfter(3*time.Second))
	var header metadata.MD
	_, err := m.AddProject(s.bearer(), &managementpb.AddProjectRequest{Name: "x"}, grpc.Header(&header))
	if err == nil || len(header.Get("retry-after")) != 1 || header.Get("x-understudy-reason")[0] != "injected fault: status 503" {
		t.Errorf("%v %v", err, header)
	}
}

// TestDeadlines holds every protocol to a deadline that passes during a delay: an
// answer, and neither a broken connection nor a success.
func TestDeadlines(t *testing.T) {
	srv, s := start(t)
	for name, options := range map[string][]connect.ClientOption{
		"connect": nil, "connect json": {connect.WithProtoJSON()}, "grpc": {connect.WithGRPC()}, "grpc-web": {connect.WithGRPCWeb()},
	} {
		for when, f := range map[string]fault.Fault{"before": fault.Delay(time.Hour), "after": fault.Delay(time.Hour).After()} {
			t.Run(name+", "+when, func(t *testing.T) {
				srv.Faults.Next(zitadel.OpGetProjectV2, f)
				get := connected[projectpb.GetProjectRequest, projectpb.GetProjectResponse](h2c(), s.zit.URL(), getProject, options...)
				request := connect.NewRequest(&projectpb.GetProjectRequest{ProjectId: s.zit.Credentials()["projectId"]})
				request.Header().Set("Authorization", "Bearer "+s.token)
				// Only the server is told: its answer is what the client goes by.
				request.Header().Set("Connect-Timeout-Ms", "20")
				request.Header().Set("Grpc-Timeout", "20m")
				_, err := get.CallUnary(t.Context(), request)
				if connect.CodeOf(err) != connect.CodeDeadlineExceeded || !connect.IsWireError(err) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// TestRPCOverTLS calls over TLS, as clients do that are not told otherwise.
func TestRPCOverTLS(t *testing.T) {
	srv, s := start(t, emulator.WithTLS())
	config := &tls.Config{RootCAs: srv.CertPool()}
	conn, err := grpc.NewClient(strings.TrimPrefix(s.zit.URL(), "https://"), grpc.WithTransportCredentials(credentials.NewTLS(config)))
	check(t, err)
	defer func() { _ = conn.Close() }()
	m := managementpb.NewManagementServiceClient(conn)
	_, err = m.GetMyOrg(s.bearer(), &managementpb.GetMyOrgRequest{})
	check(t, err)
	srv.Faults.Next(zitadel.OpGetMyOrg, fault.Drop())
	if _, err := m.GetMyOrg(s.bearer(), &managementpb.GetMyOrgRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("a drop: %v", err)
	}

	web := &http.Client{Transport: &http.Transport{TLSClientConfig: config}} // without HTTP/2
	for name, options := range map[string][]connect.ClientOption{"connect": nil, "grpc": {connect.WithGRPC()}, "grpc-web": {connect.WithGRPCWeb()}} {
		mine := connected[managementpb.GetMyOrgRequest, managementpb.GetMyOrgResponse](web, s.zit.URL(), managementpb.ManagementService_GetMyOrg_FullMethodName, options...)
		if _, err := send(t, mine, s.token, &managementpb.GetMyOrgRequest{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnimplemented calls what the service has and Understudy does not.
func TestUnimplemented(t *testing.T) {
	srv, s := start(t, emulator.AllowUnknown())
	users := userpb.NewUserServiceClient(dial(t, s.zit))
	_, err := users.ResendPhoneCode(s.bearer(), &userpb.ResendPhoneCodeRequest{UserId: "1"})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("%v", err)
	}
	const lock = "zitadel /zitadel.user.v2.UserService/ResendPhoneCode"
	if e := srv.Journal.Last(); e.Operation != lock || e.Response.Status != http.StatusNotImplemented || !strings.HasPrefix(e.Reason, lock+" is not served") {
		t.Errorf("journal: %s %d %s", e.Operation, e.Response.Status, e.Reason)
	}
	code, text := postJSON(t, s, userpb.UserService_ResendPhoneCode_FullMethodName, `{"userId":"1"}`)
	if want := `{"code":"unimplemented","message":"Understudy does not serve this operation"}`; code != http.StatusNotImplemented || text != want {
		t.Errorf("%d %s", code, text)
	}
	// A service that nobody has.
	err = dial(t, s.zit).Invoke(s.bearer(), "/zitadel.nothing.v1.NoService/Get", &userpb.ResendPhoneCodeRequest{}, &userpb.ResendPhoneCodeResponse{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("an unknown service: %v", err)
	}
}

func postJSON(t *testing.T, s session, procedure, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.zit.URL()+procedure, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	return do(t, request)
}

// TestDamagedRPC sends what no client should.
func TestDamagedRPC(t *testing.T) {
	srv, s := start(t)
	for name, test := range map[string]struct {
		contentType string
		body        []byte
		code        string
	}{
		"half a frame":          {"application/grpc", []byte{0, 0, 0, 0, 9, 1}, "13"},
		"an unknown encoding":   {"application/grpc", []byte{1, 0, 0, 0, 1, 1}, "13"},
		"not a message":         {"application/grpc", []byte{0, 0, 0, 0, 1, 0xff}, "3"},
		"invalid UTF-8":         {"application/grpc", []byte{0, 0, 0, 0, 3, 10, 1, 0xff}, "3"},
		"more than 1 MiB":       {"application/grpc", append([]byte{0, 0, 0x20, 0, 0}, make([]byte, 2<<20)...), "8"},
		"nothing":               {"application/grpc", nil, "12"},
		"not a Connect message": {"application/proto", []byte{0xff}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := srv.Snapshot()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.zit.URL()+managementpb.ManagementService_AddProject_FullMethodName, bytes.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", test.contentType)
			request.Header.Set("Authorization", "Bearer "+s.token)
			response, err := h2c().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			text, _ := io.ReadAll(response.Body)
			if got := response.Trailer.Get("Grpc-Status") + response.Header.Get("Grpc-Status"); got != test.code {
				t.Errorf("code %q, want %q: %v %v %s", got, test.code, response.Header, response.Trailer, text)
			}
			if response.Header.Get("X-Understudy-Reason") == "" || srv.Journal.Last().Operation != zitadel.OpAddProject {
				t.Errorf("no reason or no entry: %v", response.Header)
			}
			if !srv.Snapshot().Equal(before) {
				t.Error("it has changed the state")
			}
		})
	}
}

// TestBrowser is a page of another origin that speaks gRPC-Web.
func TestBrowser(t *testing.T) {
	_, s := start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.zit.URL()+getApp, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "http://localhost:4200")
	request.Header.Set("Access-Control-Request-Method", "POST")
	request.Header.Set("Access-Control-Request-Headers", "authorization,content-type,x-grpc-web,x-user-agent")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNoContent || response.Header.Get("Access-Control-Allow-Headers") != "authorization,content-type,x-grpc-web,x-user-agent" {
		t.Errorf("preflight: %d %v", response.StatusCode, response.Header)
	}

	web := connected[managementpb.GetAppByIDRequest, managementpb.GetAppByIDResponse](http.DefaultClient, s.zit.URL(), getApp, connect.WithGRPCWeb())
	call := connect.NewRequest(&managementpb.GetAppByIDRequest{ProjectId: "1", AppId: "1"})
	call.Header().Set("Origin", "http://localhost:4200")
	call.Header().Set("Authorization", "Bearer "+s.token)
	_, err = web.CallUnary(t.Context(), call)
	refused := new(connect.Error)
	if !asConnect(err, &refused) {
		t.Fatal(err)
	}
	exposed := refused.Meta().Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin", "X-Understudy-Reason"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("%s is not exposed: %s", name, exposed)
		}
	}
}

// TestVersion2OverGRPC holds every answer of version 2 to the client's messages.
func TestVersion2OverGRPC(t *testing.T) {
	_, s := start(t)
	conn, ctx := dial(t, s.zit), s.bearer()
	applications, projects, users := applicationpb.NewApplicationServiceClient(conn), projectpb.NewProjectServiceClient(conn), userpb.NewUserServiceClient(conn)
	org := s.zit.Credentials()["organizationId"]
	end := timestamppb.New(time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))

	p, err := projects.CreateProject(ctx, &projectpb.CreateProjectRequest{OrganizationId: org, Name: "rpc"})
	check(t, err)
	_, err = projects.UpdateProject(ctx, &projectpb.UpdateProjectRequest{ProjectId: p.ProjectId, Name: new("rpc2"), AuthorizationRequired: new(true)})
	check(t, err)
	found, err := projects.ListProjects(ctx, &projectpb.ListProjectsRequest{})
	check(t, err)
	if n := found.Pagination.TotalResult; n != 2 || !found.Projects[1].AuthorizationRequired {
		t.Errorf("%d projects: %v", n, found.Projects)
	}

	a, err := applications.CreateApplication(ctx, &applicationpb.CreateApplicationRequest{ProjectId: p.ProjectId, Name: "web", ApplicationType: &applicationpb.CreateApplicationRequest_OidcConfiguration{
		OidcConfiguration: &applicationpb.CreateOIDCApplicationRequest{
			RedirectUris: []string{"http://localhost"}, ResponseTypes: []applicationpb.OIDCResponseType{applicationpb.OIDCResponseType_OIDC_RESPONSE_TYPE_CODE},
			AuthMethodType: applicationpb.OIDCAuthMethodType_OIDC_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT,
		},
	}})
	check(t, err)
	read, err := applications.GetApplication(ctx, &applicationpb.GetApplicationRequest{ApplicationId: a.ApplicationId})
	check(t, err)
	if c := read.Application.GetOidcConfiguration(); c.ClientId != a.GetOidcConfiguration().ClientId || c.RedirectUris[0] != "http://localhost" {
		t.Errorf("the application: %v", read.Application)
	}
	key, err := applications.CreateApplicationKey(ctx, &applicationpb.CreateApplicationKeyRequest{ProjectId: p.ProjectId, ApplicationId: a.ApplicationId, ExpirationDate: end})
	check(t, err)
	keys, err := applications.ListApplicationKeys(ctx, &applicationpb.ListApplicationKeysRequest{})
	check(t, err)
	if len(keys.Keys) != 1 || keys.Keys[0].KeyId != key.KeyId || !keys.Keys[0].ExpirationDate.AsTime().Equal(end.AsTime()) {
		t.Errorf("the keys: %v", keys.Keys)
	}
	list, err := applications.ListApplications(ctx, &applicationpb.ListApplicationsRequest{Filters: []*applicationpb.ApplicationSearchFilter{
		{Filter: &applicationpb.ApplicationSearchFilter_TypeFilter{TypeFilter: applicationpb.ApplicationType_APPLICATION_TYPE_OIDC}},
	}})
	check(t, err)
	if len(list.Applications) != 1 {
		t.Errorf("the applications: %v", list.Applications)
	}

	u, err := users.CreateUser(ctx, &userpb.CreateUserRequest{OrganizationId: org, UserType: &userpb.CreateUserRequest_Machine_{Machine: &userpb.CreateUserRequest_Machine{Name: "Bot"}}})
	check(t, err)
	_, err = users.AddSecret(ctx, &userpb.AddSecretRequest{UserId: u.Id})
	check(t, err)
	_, err = users.AddKey(ctx, &userpb.AddKeyRequest{UserId: u.Id, ExpirationDate: end})
	check(t, err)
	token, err := users.AddPersonalAccessToken(ctx, &userpb.AddPersonalAccessTokenRequest{UserId: u.Id, ExpirationDate: end})
	check(t, err)
	tokens, err := users.ListPersonalAccessTokens(ctx, &userpb.ListPersonalAccessTokensRequest{Filters: []*userpb.PersonalAccessTokensSearchFilter{}})
	check(t, err)
	if n := len(tokens.Result); n != 2 || tokens.Result[1].Id != token.TokenId {
		t.Errorf("the tokens: %v", tokens.Result)
	}
	_, err = users.DeleteUser(ctx, &userpb.DeleteUserRequest{UserId: u.Id})
	check(t, err)
	_, err = projects.DeleteProject(ctx, &projectpb.DeleteProjectRequest{ProjectId: p.ProjectId})
	check(t, err)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestOnePort serves REST, gRPC and Connect at once, fifty clients of each.
func TestOnePort(t *testing.T) {
	srv, s := start(t)
	const clients, calls = 50, 4
	project := s.zit.Credentials()["projectId"]
	made := s.make("POST", "/projects/"+project+"/apps/api", `{"name":"api"}`)
	id := made["appId"].(string)
	secrets := make(chan string, 3*clients*calls)
	conn, ctx := dial(t, s.zit), s.bearer()
	m := managementpb.NewManagementServiceClient(conn)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: clients}}
	generated := connected[applicationpb.GenerateClientSecretRequest, applicationpb.GenerateClientSecretResponse](client, s.zit.URL(), generate)

	var all sync.WaitGroup
	for range clients {
		for _, renew := range []func() (string, error){
			func() (string, error) {
				answer, err := m.RegenerateAPIClientSecret(ctx, &managementpb.RegenerateAPIClientSecretRequest{ProjectId: project, AppId: id})
				return answer.GetClientSecret(), err
			},
			func() (string, error) {
				answer, err := send(t, generated, s.token, &applicationpb.GenerateClientSecretRequest{ProjectId: project, ApplicationId: id})
				if err != nil {
					return "", err
				}
				return answer.Msg.ClientSecret, nil
			},
			func() (string, error) {
				code, text := s.call("POST", fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", project, id), `{}`)
				if code != http.StatusOK {
					return "", fmt.Errorf("%d %s", code, text)
				}
				return text, nil
			},
		} {
			all.Go(func() {
				for range calls {
					secret, err := renew()
					if err != nil {
						t.Error(err)
						return
					}
					secrets <- secret
				}
			})
		}
	}
	all.Wait()
	close(secrets)
	seen := map[string]bool{}
	for secret := range secrets {
		seen[secret] = true
	}
	if len(seen) != 3*clients*calls {
		t.Errorf("%d secrets, want %d different ones", len(seen), 3*clients*calls)
	}
	byREST, byRPC := len(srv.Journal.For(zitadel.OpRegenerateAPIClientSecret)), len(srv.Journal.For(zitadel.OpGenerateClientSecret))
	if byREST != 2*clients*calls || byRPC != clients*calls {
		t.Errorf("the journal has %d and %d entries", byREST, byRPC)
	}
	// Every one of them was one event of the project.
	answer := s.make("POST", fmt.Sprintf("/projects/%s/apps/%s/api_config/_generate_client_secret", project, id), `{}`)
	if got, want := answer["details"].(map[string]any)["sequence"], fmt.Sprint(5+3*clients*calls+1); got != want {
		t.Errorf("the sequence is %v, want %s", got, want)
	}
}
