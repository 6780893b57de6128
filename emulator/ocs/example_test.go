package ocs_test

import (
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/ocs"
)

// A client with two secrets can use either, until the first one expires.
func ExampleProvider_SeedSecret() {
	o := ocs.New()
	srv, err := emulator.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := o.SeedClient(ocs.Client{Name: "historian", SecretExpiration: srv.Clock.Now().Add(time.Minute)})
	next := o.SeedSecret(ocs.Secret{ClientID: client.ID, Description: "next"})

	token := func(secret string) {
		resp, err := srv.Client().PostForm(o.URL()+"/identity/connect/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {secret},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != 200 {
			body, _ := io.ReadAll(resp.Body)
			fmt.Println(resp.StatusCode, string(body))
			return
		}
		fmt.Println(resp.StatusCode)
	}
	token(client.Secret)
	srv.Clock.Advance(61 * time.Second)
	token(client.Secret)
	token(next.Secret)
	// Output:
	// 200
	// 400 {"error":"invalid_client"}
	// 200
}
