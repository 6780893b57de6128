package compat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	sdk "github.com/workos/workos-go/v7"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// workosWorld is a server with the default world, and the SDK's client of it.
type workosWorld struct {
	srv         *emulator.Server
	wos         *workos.Provider
	credentials map[string]string
	connect     *sdk.ConnectService
	client      *sdk.Client
}

func newWorkosWorld(t *testing.T) workosWorld {
	t.Helper()
	wos := workos.New()
	srv := emulator.NewTest(t, wos)
	credentials := wos.Credentials()
	client := sdk.NewClient(credentials["apiKey"], sdk.WithBaseURL(wos.URL()), sdk.WithClientID(credentials["clientId"]))
	return workosWorld{srv, wos, credentials, client.Connect(), client}
}

func TestWorkosApplications(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	ctx := t.Context()
	organization, err := w.client.Organizations().Create(ctx, &sdk.OrganizationsCreateParams{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	machine, err := w.connect.CreateM2MApplication(ctx, &sdk.ConnectCreateM2MApplicationParams{
		Name: "ci", OrganizationID: organization.ID, Description: sdk.Ptr("nightly"), Scopes: []string{"b", "a"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *machine.ApplicationType != "m2m" || *machine.OrganizationID != organization.ID || *machine.Description != "nightly" ||
		!slices.Equal(machine.Scopes, []string{"b", "a"}) || machine.IsFirstParty != nil {
		t.Errorf("the machine's application is %+v", machine)
	}
	web, err := w.connect.CreateOAuthApplication(ctx, &sdk.ConnectCreateOAuthApplicationParams{
		Name: "web", IsFirstParty: true, UsesPKCE: sdk.Ptr(true),
		RedirectURIs: []*sdk.RedirectURIInput{{URI: "https://a.example/callback", Default: sdk.Ptr(true)}, {URI: "https://b.example/callback"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *web.ApplicationType != "oauth" || !*web.IsFirstParty || !*web.UsesPKCE || web.OrganizationID != nil ||
		len(web.RedirectURIs) != 2 || !web.RedirectURIs[0].Default || web.RedirectURIs[1].Default {
		t.Errorf("the web application is %+v", web)
	}
	partner, err := w.connect.CreateOAuthApplication(ctx, &sdk.ConnectCreateOAuthApplicationParams{Name: "partner", OrganizationID: &organization.ID})
	if err != nil || *partner.IsFirstParty || *partner.WasDynamicallyRegistered || *partner.OrganizationID != organization.ID {
		t.Errorf("the partner's application is %+v, %v", partner, err)
	}

	byClientID, err := w.connect.GetApplication(ctx, machine.ClientID)
	if err != nil || byClientID.ID != machine.ID {
		t.Errorf("by its client id: %+v, %v", byClientID, err)
	}
	changed, err := w.connect.UpdateApplication(ctx, machine.ID, &sdk.ConnectUpdateApplicationParams{Name: sdk.Ptr("renamed")})
	if err != nil || changed.Name != "renamed" || *changed.Description != "nightly" {
		t.Errorf("after an update: %+v, %v", changed, err)
	}

	_, err = w.connect.CreateM2MApplication(ctx, &sdk.ConnectCreateM2MApplicationParams{Name: "x", OrganizationID: "org_x"})
	var notFound *sdk.NotFoundError
	if !errors.As(err, &notFound) || notFound.Code != "entity_not_found" || notFound.RequestID == "" {
		t.Errorf("an unknown organization: %v", err)
	}
	_, err = w.connect.CreateM2MApplication(ctx, &sdk.ConnectCreateM2MApplicationParams{Name: "x"})
	var invalid *sdk.UnprocessableEntityError
	if !errors.As(err, &invalid) {
		t.Errorf("no organization: %v", err)
	}

	if err := w.connect.DeleteApplication(ctx, machine.ID); err != nil {
		t.Error(err)
	}
	if _, err := w.connect.GetApplication(ctx, machine.ID); !errors.As(err, &notFound) {
		t.Errorf("a deleted application: %v", err)
	}
	if err := w.client.Organizations().Delete(ctx, organization.ID); err != nil {
		t.Error(err)
	}
}

// applications reads one iterator to its end.
func applications(t *testing.T, it *sdk.Iterator[sdk.ConnectApplication]) []string {
	t.Helper()
	var ids []string
	for it.Next() {
		if ids = append(ids, it.Current().ID); len(ids) > 1000 {
			t.Fatal("the pages have no end")
		}
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestWorkosPages pages through 250 applications in every order, whatever the size
// of the pages.
func TestWorkosPages(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	ctx := t.Context()
	created := []string{w.credentials["applicationId"]}
	for i := range 249 { // every third of them for OAuth
		name, organization := fmt.Sprint("ci-", i), w.credentials["organizationId"]
		create := func() (*sdk.ConnectApplication, error) {
			return w.connect.CreateM2MApplication(ctx, &sdk.ConnectCreateM2MApplicationParams{Name: name, OrganizationID: organization})
		}
		if i%3 == 0 {
			create = func() (*sdk.ConnectApplication, error) {
				return w.connect.CreateOAuthApplication(ctx, &sdk.ConnectCreateOAuthApplicationParams{Name: name, OrganizationID: &organization})
			}
		}
		a, err := create()
		if err != nil {
			t.Fatal(err)
		}
		created = append(created, a.ID)
	}
	newestFirst := slices.Clone(created)
	slices.Reverse(newestFirst)

	check := func(name string, got, want []string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d applications, want the %d in order", name, len(got), len(want))
		}
	}
	list := func(organization *string, limit int, order, before string) []string {
		t.Helper()
		params := &sdk.ConnectListApplicationsParams{OrganizationID: organization}
		params.Limit, params.Order = &limit, &order
		if before != "" {
			params.Before = &before
		}
		return applications(t, w.connect.ListApplications(ctx, params))
	}
	check("by the SDK's defaults", applications(t, w.connect.ListApplications(ctx, nil)), newestFirst)
	for _, limit := range []int{7, 50, 100} {
		for _, organization := range []*string{nil, sdk.Ptr(w.credentials["organizationId"])} {
			check(fmt.Sprint("desc by ", limit), list(organization, limit, "desc", ""), newestFirst)
			check(fmt.Sprint("asc by ", limit), list(organization, limit, "asc", ""), created)
		}
		// In the other direction, the SDK's user moves the cursor.
		back := func(order string) (all []string) {
			cursor := newestFirst[249]
			if order == "asc" {
				cursor = newestFirst[0]
			}
			for all = []string{cursor}; ; cursor = all[0] {
				page := list(nil, limit, order, cursor)
				if len(page) == 0 {
					return all
				}
				all = append(page, all...)
			}
		}
		check(fmt.Sprint("desc, backward by ", limit), back("desc"), newestFirst)
		check(fmt.Sprint("asc, backward by ", limit), back("asc"), created)
		// With normal, before leads on to what is older.
		var all []string
		for cursor := ""; ; cursor = all[len(all)-1] {
			page := list(nil, limit, "normal", cursor)
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
		}
		check(fmt.Sprint("normal by ", limit), all, newestFirst)
	}
}

func TestWorkosClientSecrets(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	ctx, id := t.Context(), w.credentials["applicationId"]
	own, err := w.connect.ListApplicationClientSecrets(ctx, id)
	if err != nil || len(own) != 1 {
		t.Fatalf("the default world's application has %d secrets, %v", len(own), err)
	}
	ids := []string{own[0].ID}
	for range 4 {
		s, err := w.connect.CreateApplicationClientSecret(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(s.Secret, s.SecretHint) || len(s.Secret) != 64 || s.LastUsedAt != nil {
			t.Errorf("the secret is %+v", s)
		}
		ids = append(ids, s.ID)
	}
	_, err = w.connect.CreateApplicationClientSecret(ctx, id)
	var invalid *sdk.UnprocessableEntityError
	if !errors.As(err, &invalid) || invalid.Message != "An application can have at most 5 client secrets." {
		t.Errorf("a sixth secret: %v", err)
	}
	if reason := w.srv.Journal.Last().Reason; !strings.Contains(reason, "has 5 client secrets") {
		t.Errorf("the reason is %q", reason)
	}
	all, err := w.connect.ListApplicationClientSecrets(ctx, id)
	if err != nil || len(all) != 5 {
		t.Fatalf("%d secrets, %v", len(all), err)
	}
	for i, s := range all {
		if s.ID != ids[i] || s.SecretHint == "" {
			t.Errorf("secret %d is %+v, want %s", i, s, ids[i])
		}
		if err := w.connect.DeleteClientSecret(ctx, s.ID); err != nil {
			t.Error(err)
		}
	}
	if all, err = w.connect.ListApplicationClientSecrets(ctx, id); err != nil || len(all) != 0 {
		t.Errorf("after deleting them: %v, %v", all, err)
	}
}

// TestWorkosLostAnswer loses the answer to a creation: the SDK's own retry gets the
// plaintext, and there is one secret.
func TestWorkosLostAnswer(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault.Fault{
		"dropped":     fault.Drop().After(),
		"bad gateway": fault.Status(http.StatusBadGateway).After(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkosWorld(t)
			ctx, id := t.Context(), w.credentials["applicationId"]
			w.srv.Faults.Next(workos.OpCreateClientSecret, f)
			s, err := w.connect.CreateApplicationClientSecret(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(w.srv.Journal.For(workos.OpCreateClientSecret)); n != 2 {
				t.Errorf("the server saw %d calls, want 2", n)
			}
			all, err := w.connect.ListApplicationClientSecrets(ctx, id)
			if err != nil || len(all) != 2 || all[1].ID != s.ID {
				t.Errorf("there are %+v, %v; want %s beside the world's", all, err, s.ID)
			}
			a, err := w.connect.GetApplication(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			config := clientcredentials.Config{ClientID: a.ClientID, ClientSecret: s.Secret, TokenURL: w.wos.URL() + "/oauth2/token"}
			if _, err := config.Token(ctx); err != nil {
				t.Errorf("the plaintext that the SDK got: %v", err)
			}
		})
	}
}

// TestWorkosToken gets a token with one library and verifies it with another, by
// discovery and by the SDK's key address.
func TestWorkosToken(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	ctx := t.Context()
	app := w.wos.SeedApplication(workos.Application{Name: "ci", Scopes: []string{"reports:read"}})
	for name, style := range map[string]oauth2.AuthStyle{"form": oauth2.AuthStyleInParams, "basic": oauth2.AuthStyleInHeader, "detected": oauth2.AuthStyleAutoDetect} {
		config := clientcredentials.Config{ClientID: app.ClientID, ClientSecret: app.ClientSecret, TokenURL: w.wos.URL() + "/oauth2/token", AuthStyle: style}
		token, err := config.Token(ctx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		provider, err := oidc.NewProvider(ctx, w.wos.URL())
		if err != nil {
			t.Fatal(err)
		}
		verify := &oidc.Config{ClientID: w.credentials["clientId"], Now: w.srv.Clock.Now}
		verified, err := provider.VerifierContext(ctx, verify).Verify(ctx, token.AccessToken)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var claims map[string]any
		if err := verified.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		for claim, want := range map[string]any{"iss": w.wos.URL(), "aud": w.credentials["clientId"], "sub": app.ClientID, "client_id": app.ClientID, "org_id": app.OrganizationID, "scope": "reports:read"} {
			if claims[claim] != want {
				t.Errorf("%s: %s is %v, want %v", name, claim, claims[claim], want)
			}
		}
		keys := oidc.NewRemoteKeySet(ctx, w.client.JWKSURLFromClient())
		if _, err := oidc.NewVerifier(w.wos.URL(), keys, verify).Verify(ctx, token.AccessToken); err != nil {
			t.Errorf("%s: by the SDK's key address: %v", name, err)
		}
		w.srv.Clock.Advance(5*time.Minute + time.Second)
		if _, err := provider.VerifierContext(ctx, verify).Verify(ctx, token.AccessToken); err == nil {
			t.Errorf("%s: the token outlives its lifetime", name)
		}
	}

	// What the libraries make of a refusal.
	config := clientcredentials.Config{ClientID: app.ClientID, ClientSecret: "x", TokenURL: w.wos.URL() + "/oauth2/token", AuthStyle: oauth2.AuthStyleInParams, EndpointParams: url.Values{}}
	_, err := config.Token(ctx)
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" || !json.Valid(refused.Body) {
		t.Errorf("a wrong secret: %v", err)
	}
}

// TestWorkosRateLimit lets the SDK wait as long as it is told, and no longer.
func TestWorkosRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorkosWorld(t)
	w.srv.Faults.Next(workos.OpGetApplication, fault.Status(http.StatusTooManyRequests).RetryAfter(time.Second))
	begin := time.Now()
	if _, err := w.connect.GetApplication(t.Context(), w.credentials["applicationId"]); err != nil {
		t.Error(err)
	}
	if waited := time.Since(begin); waited < time.Second {
		t.Errorf("the SDK waited %s", waited)
	}
}
