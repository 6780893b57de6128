package workos_test

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// A seeded application has a secret that can be exchanged at once, at the
// service's own address.
func ExampleProvider_SeedApplication() {
	wos := workos.New(workos.TokenLifetime(10 * time.Minute))
	srv, err := emulator.New(wos)
	if err != nil {
		fmt.Println(err)
		return
	}
	app := wos.SeedApplication(workos.Application{Name: "ci", Scopes: []string{"reports:read"}})
	exchange := func() {
		resp, err := srv.Client().PostForm("https://acme.authkit.app/oauth2/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {app.ClientID}, "client_secret": {app.ClientSecret},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		fmt.Printf("%s %d %q\n", app.Type, resp.StatusCode, resp.Header.Get("X-Understudy-Reason"))
	}
	exchange()
	srv.Faults.Next(workos.OpToken, fault.Status(http.StatusTooManyRequests))
	exchange()
	// Output:
	// m2m 200 ""
	// m2m 429 "injected fault: status 429"
}

// Two secrets are valid at once while one takes the other's place.
func ExampleProvider_SeedClientSecret() {
	wos := workos.New()
	if _, err := emulator.New(wos); err != nil {
		fmt.Println(err)
		return
	}
	app := wos.SeedApplication(workos.Application{Name: "ci", ClientSecret: "old"})
	second := wos.SeedClientSecret(workos.ClientSecret{ApplicationID: app.ClientID, Secret: "new"})
	fmt.Println(second.ApplicationID == app.ID, second.Secret)
	// Output: true new
}
