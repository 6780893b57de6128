package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator"
)

// A held token is one that a token request of a history gave out, and what the inventory
// calls it.
type held struct{ kind, id, value, client string }

// TestInventory holds what the inventory says of the tokens of sign-ins to what becomes
// of them, over random histories: those that it calls live the service takes, and the
// others it refuses.
func TestInventory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, srv, clients := drawService(t)
		var codes, renewable []held
		var all []held
		known := map[string]bool{}
		exchange := func(client string, form url.Values) {
			_, given := s.swap(t, srv, form)
			if given.Access == "" {
				return
			}
			for _, k := range srv.Inventory() {
				value := map[string]string{"access-token": given.Access, "refresh-token": given.Refresh}[k.Kind]
				if key := k.Kind + " " + k.ID; k.Exchanged && value != "" && !known[key] {
					known[key] = true
					one := held{k.Kind, k.ID, value, client}
					if all = append(all, one); k.Kind == "refresh-token" {
						renewable = append(renewable, one)
					}
				}
			}
		}
		agree := func() {
			live, why := map[string]bool{}, map[string]string{}
			for _, k := range srv.Inventory() {
				live[k.Kind+" "+k.ID], why[k.Kind+" "+k.ID] = k.Live, k.Reason
			}
			before := srv.Snapshot()
			for _, k := range all {
				key := k.kind + " " + k.id
				taken := s.takes(t, srv, k)
				if reason := srv.Journal.Last().Reason; taken != live[key] {
					t.Fatalf("%s: the %s of client %s is taken: %v (%s), and the inventory says live: %v (%s)", s.name, key, k.client, taken, reason, live[key], why[key])
				}
				srv.Restore(before) // a refresh token is good once
			}
		}
		some := func(t *rapid.T, label string, from []held) held {
			if len(from) == 0 {
				t.Skip("none")
			}
			return rapid.SampledFrom(from).Draw(t, label)
		}
		actions := map[string]func(*rapid.T){
			"": func(*rapid.T) {},
			"sign in": func(t *rapid.T) {
				client := rapid.SampledFrom(clients).Draw(t, "client")
				_, query, _ := strings.Cut(s.ask(t, srv, s.asks(client)).location, "?")
				values, err := url.ParseQuery(query)
				if err != nil || values.Get("code") == "" {
					t.Skip("the client or the person is gone")
				}
				codes = append(codes, held{value: values.Get("code"), client: client})
			},
			"code": func(t *rapid.T) { // also a second time, which takes back what the first gave
				code := some(t, "code", codes)
				exchange(code.client, s.swaps(code.client, code.value))
			},
			"refresh": func(t *rapid.T) {
				token := some(t, "token", renewable)
				exchange(token.client, s.renews(token.client, token.value))
			},
			"time": func(t *rapid.T) {
				srv.Clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, s.codes, time.Hour, s.idle / 2, s.refreshes / 2}).Draw(t, "by"))
			},
			"agree": func(*rapid.T) { agree() },
		}
		for name, end := range s.ends {
			actions[name] = func(t *rapid.T) {
				end(t, srv, some(t, "token", all))
			}
		}
		t.Repeat(actions)
		agree()
	})
}

// takes reports whether a service takes a token: an access token says whom it is about,
// a refresh token is exchanged.
func (s service) takes(t tb, srv *emulator.Server, k held) bool {
	t.Helper()
	if k.kind == "refresh-token" {
		got, _ := s.swap(t, srv, s.renews(k.client, k.value))
		return got.status == http.StatusOK
	}
	return call(t, srv, http.MethodGet, s.url()+s.userinfo, k.value, "").status == http.StatusOK
}

// call makes one with a token.
func call(t tb, srv *emulator.Server, method, url, token, body string) answer {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(body, "{"):
		r.Header.Set("Content-Type", "application/json")
	case body != "":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return send(t, srv, r)
}

// done fails on an answer to what neither is done nor was done before.
func done(t tb, got answer) {
	t.Helper()
	if got.status/100 == 2 || got.status == http.StatusNotFound {
		return
	}
	for _, already := range []string{"already deactivated", "not inactive", "no active client"} {
		if strings.Contains(got.body, already) {
			return
		}
	}
	t.Fatalf("%d %s", got.status, got.said())
}
