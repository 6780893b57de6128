package infisical_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// A seeded identity can log in at once, and has an access token without.
func ExampleProvider_SeedIdentity() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "member", ClientID: "ci-client"})

	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id.ClientID, id.ClientSecret)
	resp, err := srv.Client().Post(inf.URL()+"/api/v1/auth/universal-auth/login", "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	fmt.Println(id.Name, id.Role, id.ClientID, resp.StatusCode)
	// Output: ci member ci-client 200
}

// A secret may be given its value, its uses and its lifetime.
func ExampleProvider_SeedClientSecret() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	secret := inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id.ID, Secret: "once", NumUsesLimit: 1})

	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id.ClientID, secret.Secret)
	for range 2 {
		resp, err := srv.Client().Post(inf.URL()+"/api/v1/auth/universal-auth/login", "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, resp.Header.Get("X-Understudy-Reason") == "client secret "+secret.ID+" has had its 1 uses")
	}
	// Output:
	// 200 false
	// 401 true
}
