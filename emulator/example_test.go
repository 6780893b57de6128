package emulator_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// login stands for the code under test: it exchanges a client secret for an
// access token.
func login(client *http.Client, baseURL, clientID, secret string) (status int, err error) {
	resp, err := client.Post(baseURL+"/api/v1/auth/universal-auth/login", "application/json",
		strings.NewReader(fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, clientID, secret)))
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, nil
}

// A program of your own makes a server with New and lets it listen, or calls it
// in memory. In a test, NewTest does the same and fails the test on its own.
func ExampleNew() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()

	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	fmt.Println(login(http.DefaultClient, inf.URL(), id.ClientID, id.ClientSecret))
	// Output: 200 <nil>
}

// Code without a setting for its base URL is tested by its transport: the real
// hosts of the providers are answered in memory, and no other host is.
func ExampleServer_Client() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})

	fmt.Println(login(srv.Client(), "https://app.infisical.com", id.ClientID, id.ClientSecret))
	_, err = srv.Client().Get("https://example.com")
	fmt.Println(err)
	// Output:
	// 200 <nil>
	// Get "https://example.com": understudy: example.com is no host of this server's providers
}

// With TLS, clients trust the authority that the server made for itself.
func ExampleWithTLS() {
	inf := infisical.New()
	srv, err := emulator.New(inf, emulator.WithTLS())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()

	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: srv.CertPool()}}}
	fmt.Println(strings.HasPrefix(inf.URL(), "https://127.0.0.1:"))
	fmt.Println(login(client, inf.URL(), id.ClientID, id.ClientSecret))
	// Output:
	// true
	// 200 <nil>
}

// Nothing expires by a timer, so that moving the clock is instant.
func ExampleServer_clock() {
	inf := infisical.New()
	srv, err := emulator.New(inf, emulator.WithClock(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)))
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	secret := inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id.ID, TTL: 3600})

	fmt.Println(login(srv.Client(), inf.URL(), id.ClientID, secret.Secret))
	srv.Clock.Advance(2 * time.Hour)
	fmt.Println(login(srv.Client(), inf.URL(), id.ClientID, secret.Secret))

	srv.Clock.Freeze()
	srv.Clock.Set(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))
	fmt.Println(srv.Clock.Now())
	// Output:
	// 200 <nil>
	// 401 <nil>
	// 2031-01-01 00:00:00 +0000 UTC
}

// Faults are taken by the next calls of an operation, in order.
func ExampleServer_faults() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})

	srv.Faults.Next(infisical.OpLogin, fault.Status(429).RetryAfter(time.Second), fault.Drop().After())
	for range 3 {
		status, err := login(srv.Client(), inf.URL(), id.ClientID, id.ClientSecret)
		fmt.Println(status, err != nil)
	}
	// Output:
	// 429 false
	// 0 true
	// 200 false
}

// The journal has every call with the true cause of its refusal, which the
// answer often hides.
func ExampleServer_journal() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})

	go func() {
		_, _ = login(srv.Client(), inf.URL(), id.ClientID, id.ClientSecret)
		_, _ = login(srv.Client(), inf.URL(), id.ClientID, "wrong")
	}()
	if err := srv.Journal.Wait(context.Background(), infisical.OpLogin, 2); err != nil {
		fmt.Println(err)
	}
	for _, e := range srv.Journal.For(infisical.OpLogin) {
		fmt.Printf("%d: %d %q\n", e.Seq, e.Response.Status, e.Reason)
	}
	// Output:
	// 1: 200 ""
	// 2: 401 "no such client secret"
}

// Snapshots bring a whole world back, its clock included.
func ExampleServer_Snapshot() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
	once := inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id.ID, NumUsesLimit: 1})

	before := srv.Snapshot()
	fmt.Println(login(srv.Client(), inf.URL(), id.ClientID, once.Secret))
	fmt.Println(login(srv.Client(), inf.URL(), id.ClientID, once.Secret))
	fmt.Println("nothing has changed:", srv.Snapshot().Equal(before))

	srv.Restore(before)
	fmt.Println(login(srv.Client(), inf.URL(), id.ClientID, once.Secret))
	// Output:
	// 200 <nil>
	// 401 <nil>
	// nothing has changed: false
	// 200 <nil>
}
