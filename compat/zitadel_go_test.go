//lint:file-ignore SA1019 the Terraform provider and most programs call what the service deprecates

package compat

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/client/rs"
	oidclib "github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/zitadel-go/v3/pkg/client"
	managementclient "github.com/zitadel/zitadel-go/v3/pkg/client/management"
	"github.com/zitadel/zitadel-go/v3/pkg/client/middleware"
	userclient "github.com/zitadel/zitadel-go/v3/pkg/client/user/v2"
	connection "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authn"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/message"
	userpb "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	zitadelgo "github.com/zitadel/zitadel-go/v3/pkg/zitadel"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// TestZitadelGo is the official client, which speaks gRPC, with each of its ways
// to authenticate.
func TestZitadelGo(t *testing.T) {
	zit := zitadel.New()
	emulator.NewTest(t, zit)
	address, err := url.Parse(zit.URL())
	if err != nil {
		t.Fatal(err)
	}
	instance := zitadelgo.New(address.Hostname(), zitadelgo.WithInsecure(address.Port()))
	admin := dialZitadel(t, instance, client.PAT(zit.Credentials()["accessToken"]))

	// A machine user with a key file and a secret, to be the next callers.
	ctx := t.Context()
	m := admin.ManagementService()
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci", Roles: []string{"ORG_OWNER"}})
	key := must(m.AddMachineKey(ctx, &management.AddMachineKeyRequest{UserId: user.ID, Type: authn.KeyType_KEY_TYPE_JSON}))(t)
	secret := must(m.GenerateMachineSecret(ctx, &management.GenerateMachineSecretRequest{UserId: user.ID}))(t)
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, key.KeyDetails, 0o600); err != nil {
		t.Fatal(err)
	}

	for name, auth := range map[string]client.TokenSourceInitializer{
		"personal access token": client.PAT(zit.Credentials()["accessToken"]),
		"key file":              client.DefaultServiceUserAuthentication(file, "openid", client.ScopeZitadelAPI()),
		"client credentials":    client.PasswordAuthentication(secret.ClientId, secret.ClientSecret, "openid", client.ScopeZitadelAPI()),
	} {
		t.Run(name, func(t *testing.T) { zitadelLifetime(t, dialZitadel(t, instance, auth).ManagementService()) })
	}
}

// TestZitadelGoRoles grants a machine user roles of a project by the official client:
// an application that introspects the user's token sees them.
func TestZitadelGoRoles(t *testing.T) {
	zit := zitadel.New()
	emulator.NewTest(t, zit)
	address, err := url.Parse(zit.URL())
	if err != nil {
		t.Fatal(err)
	}
	ctx, project := t.Context(), zit.Credentials()["projectId"]
	m := dialZitadel(t, zitadelgo.New(address.Hostname(), zitadelgo.WithInsecure(address.Port())), client.PAT(zit.Credentials()["accessToken"])).ManagementService()
	must(m.BulkAddProjectRoles(ctx, &management.BulkAddProjectRolesRequest{ProjectId: project, Roles: []*management.BulkAddProjectRolesRequest_Role{
		{Key: "reader", DisplayName: "Reader"}, {Key: "writer", DisplayName: "Writer"}, {Key: "boss", DisplayName: "Boss"},
	}}))(t)
	api := zit.SeedAPIApp(zitadel.APIApp{Name: "orders"})
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci"})
	grant := must(m.AddUserGrant(ctx, &management.AddUserGrantRequest{UserId: user.ID, ProjectId: project, RoleKeys: []string{"reader", "writer"}}))(t)

	tokens := clientcredentials.Config{
		ClientID: user.UserName, ClientSecret: user.ClientSecret, TokenURL: zit.URL() + "/oauth/v2/token",
		Scopes: []string{"openid", "urn:zitadel:iam:org:project:roles", zitadelScope(project)},
	}
	token := must(tokens.Token(ctx))(t)
	server := must(rs.NewResourceServerClientCredentials(ctx, zit.URL(), api.ClientID, api.ClientSecret))(t)
	roles := func() map[string]any {
		t.Helper()
		seen := must(rs.Introspect[*oidclib.IntrospectionResponse](ctx, server, token.AccessToken))(t)
		if !seen.Active || seen.Username != "ci" {
			t.Errorf("introspected: %+v", seen)
		}
		granted, _ := seen.Claims["urn:zitadel:iam:org:project:roles"].(map[string]any)
		return granted
	}
	if seen := roles(); len(seen) != 2 || seen["reader"] == nil || seen["writer"] == nil {
		t.Errorf("roles %v", seen)
	}
	must(m.UpdateUserGrant(ctx, &management.UpdateUserGrantRequest{UserId: user.ID, GrantId: grant.UserGrantId, RoleKeys: []string{"boss"}}))(t)
	if seen := roles(); len(seen) != 1 || seen["boss"] == nil {
		t.Errorf("roles after the change %v", seen)
	}
	must(m.RemoveUserGrant(ctx, &management.RemoveUserGrantRequest{UserId: user.ID, GrantId: grant.UserGrantId}))(t)
	if seen := roles(); len(seen) != 0 {
		t.Errorf("roles after the end %v", seen)
	}
}

func dialZitadel(t *testing.T, instance *zitadelgo.Zitadel, auth client.TokenSourceInitializer) *client.Client {
	t.Helper()
	c, err := client.New(t.Context(), instance, client.WithAuth(auth))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// zitadelLifetime makes what the client is for, uses it and removes it.
func zitadelLifetime(t *testing.T, m management.ManagementServiceClient) {
	ctx := t.Context()
	project := must(m.AddProject(ctx, &management.AddProjectRequest{Name: "lifetime"}))(t)
	api := must(m.AddAPIApp(ctx, &management.AddAPIAppRequest{
		ProjectId: project.Id, Name: "api", AuthMethodType: app.APIAuthMethodType_API_AUTH_METHOD_TYPE_BASIC,
	}))(t)
	fresh := must(m.RegenerateAPIClientSecret(ctx, &management.RegenerateAPIClientSecretRequest{ProjectId: project.Id, AppId: api.AppId}))(t)
	if len(fresh.ClientSecret) != 64 || fresh.ClientSecret == api.ClientSecret || fresh.Details.GetChangeDate() == nil {
		t.Errorf("the new secret: %v", fresh)
	}

	must(m.UpdateAPIAppConfig(ctx, &management.UpdateAPIAppConfigRequest{
		ProjectId: project.Id, AppId: api.AppId, AuthMethodType: app.APIAuthMethodType_API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT,
	}))(t)
	key := must(m.AddAppKey(ctx, &management.AddAppKeyRequest{ProjectId: project.Id, AppId: api.AppId, Type: authn.KeyType_KEY_TYPE_JSON}))(t)
	file, err := client.ConfigFromKeyFileData(key.KeyDetails)
	if err != nil || file.AppID != api.AppId || file.ClientID != api.ClientId || file.KeyID != key.Id {
		t.Errorf("the key file: %+v %v", file, err)
	}

	user := must(m.AddMachineUser(ctx, &management.AddMachineUserRequest{UserName: "lifetime", Name: "Lifetime"}))(t)
	secret := must(m.GenerateMachineSecret(ctx, &management.GenerateMachineSecretRequest{UserId: user.UserId}))(t)
	if secret.ClientId != "lifetime" || len(secret.ClientSecret) != 64 {
		t.Errorf("the machine's secret: %v", secret)
	}

	must(m.RemoveAppKey(ctx, &management.RemoveAppKeyRequest{ProjectId: project.Id, AppId: api.AppId, KeyId: key.Id}))(t)
	must(m.RemoveApp(ctx, &management.RemoveAppRequest{ProjectId: project.Id, AppId: api.AppId}))(t)
	_, err = m.RegenerateAPIClientSecret(ctx, &management.RegenerateAPIClientSecretRequest{ProjectId: project.Id, AppId: api.AppId})
	wantZitadelError(t, err, codes.NotFound, "Application doesn't exist (COMMAND-2g66f)", "COMMAND-2g66f")
	must(m.RemoveUser(ctx, &management.RemoveUserRequest{Id: user.UserId}))(t)
	must(m.RemoveProject(ctx, &management.RemoveProjectRequest{Id: project.Id}))(t)
	_, err = m.GetProjectByID(ctx, &management.GetProjectByIDRequest{Id: project.Id})
	wantZitadelError(t, err, codes.NotFound, "Project not found (QUERY-fk2fs)", "QUERY-fk2fs")
}

// must returns the answer of a call that must succeed.
func must[T any](answer T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

func wantZitadelError(t *testing.T, err error, code codes.Code, text, id string) {
	t.Helper()
	s := status.Convert(err)
	if s.Code() != code || s.Message() != text {
		t.Errorf("%v, want %s: %s", err, code, text)
	}
	details := s.Details()
	if len(details) != 1 {
		t.Fatalf("details %v", details)
	}
	if detail, ok := details[0].(*message.ErrorDetail); !ok || detail.Id != id {
		t.Errorf("detail %v, want the id %s", details[0], id)
	}
}

// TestZitadelTerraform makes the calls of the official Terraform provider, by the
// connections that it makes and in its order: every resource is created and read,
// read again before a change and after it, and destroyed in reverse.
func TestZitadelTerraform(t *testing.T) {
	zit := zitadel.New()
	srv := emulator.NewTest(t, zit)
	admin := zit.SeedMachineUser(zitadel.MachineUser{UserName: "terraform", Roles: []string{"IAM_OWNER", "ORG_OWNER"}})
	ctx := t.Context()
	address, err := url.Parse(zit.URL())
	if err != nil {
		t.Fatal(err)
	}
	scopes := []string{"openid", client.ScopeZitadelAPI()}
	bootstrap := must(managementclient.NewClient(ctx, zit.URL(), address.Host, scopes, connection.WithInsecure(), connection.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: admin.AccessToken, TokenType: "Bearer"}))))(t)
	keyFile := must(bootstrap.AddMachineKey(ctx, &management.AddMachineKeyRequest{UserId: admin.ID, Type: authn.KeyType_KEY_TYPE_JSON}))(t)
	options := []connection.Option{connection.WithInsecure(), connection.WithJWTProfileTokenSource(middleware.JWTProfileFromFileData(context.Background(), keyFile.KeyDetails))}
	m := must(managementclient.NewClient(ctx, zit.URL(), address.Host, scopes, options...))(t)
	u := must(userclient.NewClient(ctx, zit.URL(), address.Host, scopes, options...))(t)
	org := admin.OrganizationID
	ctx = middleware.SetOrgID(ctx, org)
	srv.Journal.Clear()

	// zitadel_project
	project := must(m.AddProject(ctx, &management.AddProjectRequest{Name: "tf"}))(t)
	readProject := func() string {
		return must(m.GetProjectByID(ctx, &management.GetProjectByIDRequest{Id: project.Id}))(t).Project.Name
	}
	readProject()
	// zitadel_application_api
	api := must(m.AddAPIApp(ctx, &management.AddAPIAppRequest{
		ProjectId: project.Id, Name: "api", AuthMethodType: app.APIAuthMethodType_API_AUTH_METHOD_TYPE_BASIC,
	}))(t)
	readApp := func() *app.App {
		return must(m.GetAppByID(ctx, &management.GetAppByIDRequest{ProjectId: project.Id, AppId: api.AppId}))(t).App
	}
	readApp()
	// zitadel_application_api_client_secret, ephemeral: every evaluation rotates
	for range 2 {
		must(m.RegenerateAPIClientSecret(ctx, &management.RegenerateAPIClientSecretRequest{ProjectId: project.Id, AppId: api.AppId}))(t)
	}
	// zitadel_machine_user with_secret
	user := must(u.CreateUser(ctx, &userv2.CreateUserRequest{OrganizationId: org, Username: new("bot"), UserType: &userv2.CreateUserRequest_Machine_{
		Machine: &userv2.CreateUserRequest_Machine{Name: "Bot", Description: new("counts")},
	}}))(t)
	must(m.UpdateMachine(ctx, &management.UpdateMachineRequest{UserId: user.Id, Name: "Bot", Description: "counts", AccessTokenType: userpb.AccessTokenType_ACCESS_TOKEN_TYPE_JWT}))(t)
	secret := must(m.GenerateMachineSecret(ctx, &management.GenerateMachineSecretRequest{UserId: user.Id}))(t)
	readUser := func() *userv2.User {
		return must(u.GetUserByID(ctx, &userv2.GetUserByIDRequest{UserId: user.Id}))(t).User
	}
	if read := readUser(); read.Username != "bot" || !read.GetMachine().HasSecret || secret.ClientId != "bot" || read.Details.ResourceOwner != org {
		t.Errorf("the machine user: %v", read)
	}
	// zitadel_application_key, of an application that takes keys
	must(m.UpdateAPIAppConfig(ctx, &management.UpdateAPIAppConfigRequest{
		ProjectId: project.Id, AppId: api.AppId, AuthMethodType: app.APIAuthMethodType_API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT,
	}))(t)
	readApp()
	key := must(m.AddAppKey(ctx, &management.AddAppKeyRequest{ProjectId: project.Id, AppId: api.AppId, Type: authn.KeyType_KEY_TYPE_JSON}))(t)
	must(m.GetAppKey(ctx, &management.GetAppKeyRequest{ProjectId: project.Id, AppId: api.AppId, KeyId: key.Id}))(t)
	// zitadel_personal_access_token
	token := must(m.AddPersonalAccessToken(ctx, &management.AddPersonalAccessTokenRequest{UserId: user.Id}))(t)
	must(m.GetPersonalAccessTokenByIDs(ctx, &management.GetPersonalAccessTokenByIDsRequest{UserId: user.Id, TokenId: token.TokenId}))(t)

	// A plan that changes: read, change, read.
	readProject()
	must(m.UpdateProject(ctx, &management.UpdateProjectRequest{Id: project.Id, Name: "tf2"}))(t)
	if name := readProject(); name != "tf2" {
		t.Errorf("the project's name is %q", name)
	}
	must(m.UpdateApp(ctx, &management.UpdateAppRequest{ProjectId: project.Id, AppId: api.AppId, Name: "api2"}))(t)
	if read := readApp(); read.Name != "api2" || read.GetApiConfig().ClientId != api.ClientId {
		t.Errorf("the application: %v", read)
	}
	must(u.UpdateUser(ctx, &userv2.UpdateUserRequest{UserId: user.Id, Username: new("robot")}))(t)
	must(m.RemoveMachineSecret(ctx, &management.RemoveMachineSecretRequest{UserId: user.Id}))(t)
	if read := readUser(); read.Username != "robot" || read.GetMachine().HasSecret {
		t.Errorf("the machine user after the change: %v", read)
	}

	// Destroy, and a read of what is gone, which clears the state.
	must(m.RemovePersonalAccessToken(ctx, &management.RemovePersonalAccessTokenRequest{UserId: user.Id, TokenId: token.TokenId}))(t)
	must(m.RemoveAppKey(ctx, &management.RemoveAppKeyRequest{ProjectId: project.Id, AppId: api.AppId, KeyId: key.Id}))(t)
	must(u.DeleteUser(ctx, &userv2.DeleteUserRequest{UserId: user.Id}))(t)
	must(m.RemoveApp(ctx, &management.RemoveAppRequest{ProjectId: project.Id, AppId: api.AppId}))(t)
	must(m.RemoveProject(ctx, &management.RemoveProjectRequest{Id: project.Id}))(t)
	for name, err := range map[string]error{
		"project": second(m.GetProjectByID(ctx, &management.GetProjectByIDRequest{Id: project.Id})),
		"app":     second(m.GetAppByID(ctx, &management.GetAppByIDRequest{ProjectId: project.Id, AppId: api.AppId})),
		"key":     second(m.GetAppKey(ctx, &management.GetAppKeyRequest{ProjectId: project.Id, AppId: api.AppId, KeyId: key.Id})),
		"user":    second(u.GetUserByID(ctx, &userv2.GetUserByIDRequest{UserId: user.Id})),
		"token":   second(m.GetPersonalAccessTokenByIDs(ctx, &management.GetPersonalAccessTokenByIDsRequest{UserId: user.Id, TokenId: token.TokenId})),
	} {
		if status.Code(err) != codes.NotFound {
			t.Errorf("reading the %s after it was removed: %v", name, err)
		}
	}
	if n := len(srv.Journal.For(zitadel.OpRegenerateAPIClientSecret)); n != 2 {
		t.Errorf("the secret was rotated %d times, want 2", n)
	}
	for _, e := range srv.Journal.All() {
		if slices.Contains([]int{200, 404}, e.Response.Status) {
			continue
		}
		t.Errorf("%s: %d %s", e.Operation, e.Response.Status, e.Reason)
	}
}

func second[T any](_ T, err error) error { return err }
