package zitadel_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// A machine user's secret is exchanged for a token, which an application of the
// project then asks about.
func ExampleProvider_SeedAPIApp() {
	zit := zitadel.New()
	srv, err := emulator.New(zit)
	if err != nil {
		fmt.Println(err)
		return
	}
	app := zit.SeedAPIApp(zitadel.APIApp{Name: "orders"})
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci"})

	post := func(path string, form url.Values, answer any) {
		response, err := srv.Client().PostForm(zit.URL()+path, form)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			fmt.Println(err)
		}
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	post("/oauth/v2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {user.UserName}, "client_secret": {user.ClientSecret},
		"scope": {"urn:zitadel:iam:org:project:id:" + app.ProjectID + ":aud"},
	}, &token)
	var state struct {
		Active   bool
		Username string
	}
	post("/oauth/v2/introspect", url.Values{
		"client_id": {app.ClientID}, "client_secret": {app.ClientSecret}, "token": {token.AccessToken},
	}, &state)
	fmt.Println(state.Active, state.Username)
	// Output: true ci
}

// A seeded machine user may call the Management API at once.
func ExampleProvider_SeedMachineUser() {
	zit := zitadel.New()
	srv, err := emulator.New(zit)
	if err != nil {
		fmt.Println(err)
		return
	}
	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "terraform", Roles: []string{"ORG_OWNER"}})

	body := strings.NewReader(`{"name":"orders"}`)
	request, err := http.NewRequest(http.MethodPost, zit.URL()+"/management/v1/projects", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+user.AccessToken)
	request.Header.Set("Content-Type", "application/json")
	response, err := srv.Client().Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Println(response.StatusCode, len(srv.Journal.For(zitadel.OpAddProject)))
	// Output: 200 1
}
