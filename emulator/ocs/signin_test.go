package ocs_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/ocs"
)

// TestSignIn signs a seeded person in to a seeded client, in memory, by the real
// service's address, under a fault that loses the answer.
func TestSignIn(t *testing.T) {
	p := ocs.New()
	srv := emulator.NewTest(t, p, emulator.WithSeed("sign-in"))
	cl := p.SeedClient(ocs.Client{Kind: ocs.Hybrid, RedirectURIs: []string{"http://localhost:5000/back"}, AllowOfflineAccess: true})
	who := p.SeedPerson(ocs.Person{GivenName: "Grace", Surname: "Ito"})
	const base = "https://uswe.datahub.connect.aveva.com/identity/connect/"
	ask := base + "authorize?" + url.Values{
		"client_id": {cl.ID}, "redirect_uri": {cl.RedirectURIs[0]}, "response_type": {"code id_token"}, "response_mode": {"form_post"},
		"scope": {"openid ocsapi offline_access"}, "nonce": {"n"}, "state": {"s"},
	}.Encode()

	if back, err := srv.SignIn("nobody", ask); back != "" || err == nil || !strings.Contains(err.Error(), `nobody who can sign in is called "nobody"`) {
		t.Errorf("somebody who does not exist: %q, %v", back, err)
	}
	back, err := srv.SignIn("Grace Ito", ask)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	got, err := url.ParseQuery(u.Fragment)
	if err != nil || got.Get("state") != "s" || got.Get("id_token") == "" {
		t.Fatalf("back to %s: %v", back, err)
	}

	exchange := func(form url.Values) (int, map[string]any) {
		t.Helper()
		form.Set("client_id", cl.ID)
		form.Set("client_secret", cl.Secret)
		r, err := srv.Client().PostForm(base+"token", form)
		if err != nil {
			return 0, nil
		}
		defer func() { _ = r.Body.Close() }()
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, body
	}
	code := url.Values{"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {cl.RedirectURIs[0]}}
	srv.Faults.Next(ocs.OpToken, fault.Status(http.StatusServiceUnavailable))
	if status, _ := exchange(code); status != http.StatusServiceUnavailable {
		t.Errorf("with a fault before: %d", status)
	}
	status, tokens := exchange(code)
	if status != http.StatusOK {
		t.Fatalf("the code: %d %v", status, tokens)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}}
	srv.Faults.Next(ocs.OpToken, fault.Drop().After())
	if status, _ := exchange(refresh); status != 0 {
		t.Errorf("a lost answer: %d", status)
	}
	if status, body := exchange(refresh); status != http.StatusBadRequest || body["error"] != "invalid_grant" {
		t.Errorf("the refresh token whose answer was lost: %d %v", status, body)
	}
	if e := srv.Journal.Last(); !strings.Contains(e.Reason, "was exchanged for another") {
		t.Errorf("the reason is %q", e.Reason)
	}

	request, err := http.NewRequest(http.MethodGet, base+"userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+tokens["access_token"].(string))
	r, err := srv.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var said struct {
		Subject string `json:"sub"`
	}
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil || said.Subject != who.ID {
		t.Errorf("userinfo says %v, %v; want %s", said, err, who.ID)
	}
}
