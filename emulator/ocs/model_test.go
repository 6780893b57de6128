package ocs_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model: what the vendor's pages say of clients, their secrets and the token
// service, as maps. What has been deleted stays in it, with the date.
type (
	model struct {
		clients map[string]modelClient // by when they were made: an id can be used again
		secrets map[string]modelSecret // by id
		tokens  map[string]modelToken  // by the token itself
		made    int
	}
	modelClient struct {
		id, kind string
		made     int
		versions []clientVersion // the last one holds
		deleted  time.Time
	}
	clientVersion struct {
		from     time.Time
		enabled  bool
		lifetime int
		admin    bool // has the administrator role beside the member role
	}
	modelSecret struct {
		id, client, value string
		versions          []secretVersion
		deleted           time.Time
	}
	secretVersion struct {
		from        time.Time
		expiration  time.Time // zero: never
		description string
	}
	modelToken struct {
		client  string // its id
		admin   bool
		expires int64 // Unix
	}
)

func (m model) clone() model {
	return model{maps.Clone(m.clients), maps.Clone(m.secrets), maps.Clone(m.tokens), m.made}
}

func (c modelClient) key() string         { return fmt.Sprintf("%06d", c.made) }
func (c modelClient) now() clientVersion  { return c.versions[len(c.versions)-1] }
func (c modelClient) alive() bool         { return c.deleted.IsZero() }
func (s modelSecret) now() secretVersion  { return s.versions[len(s.versions)-1] }
func (s modelSecret) alive() bool         { return s.deleted.IsZero() }
func (v clientVersion) since() time.Time  { return v.from }
func (v secretVersion) since() time.Time  { return v.from }
func rfc3339(t time.Time) string          { return t.UTC().Format("2006-01-02T15:04:05.999999999-07:00") }
func path(tenant string, k string) string { return "/api/v1/Tenants/" + tenant + "/" + k }
func changed[V any](old []V, with V) []V  { return append(slices.Clone(old), with) }
func gone(deleted, seen time.Time) bool   { return !deleted.IsZero() && !deleted.After(seen) }

// at returns the version that held at an instant. What is new can be used at
// once, so that before there was any it is the first.
func at[V interface{ since() time.Time }](versions []V, instant time.Time) V {
	held := versions[0]
	for _, v := range versions[1:] {
		if !v.since().After(instant) {
			held = v
		}
	}
	return held
}

type history struct {
	*providertest.History[model]
	lag time.Duration // how late the token service hears of updates and deletions
	// the ids of the default world's clients, by kind
	world map[string][]string
}

type (
	want    = providertest.Want
	request = providertest.Request
	object  = map[string]any
)

var refusal = providertest.Refusal

const (
	hybrid     = "HybridClients"
	credential = "ClientCredentialClients"
	tokenPath  = "/identity/connect/token"
)

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lag := rapid.SampledFrom([]time.Duration{0, 20 * time.Second, time.Hour}).Draw(t, "propagation")
		empty := model{map[string]modelClient{}, map[string]modelSecret{}, map[string]modelToken{}, 0}
		h := history{providertest.NewHistory(t, ocs.New(ocs.Propagation(lag)), empty, model.clone), lag, map[string][]string{}}
		h.Hold(providertest.Holding{Found: found, Accepts: map[string]func(providertest.Held) bool{
			"client-secret": h.takesSecret, "access-token": h.takesToken,
		}})
		for _, kind := range []string{hybrid, credential} {
			for _, item := range h.get(path(h.Credentials["tenantId"], kind), 200, nil).List("") {
				h.world[kind] = append(h.world[kind], item.(object)["Id"].(string))
			}
		}
		h.createClient()
		h.Run(map[string]func(){
			"advance":       func() { h.Advance(h.instants()) },
			"create client": h.createClient,
			"update client": h.updateClient,
			"delete client": h.deleteClient,
			"add secret":    h.addSecret,
			"add secrets":   h.addSecrets,
			"update secret": h.updateSecret,
			"delete secret": h.deleteSecret,
			"get token":     h.getToken,
			"use token":     h.useToken,
		}, map[string]int{"advance": 2, "add secret": 2, "update secret": 2, "get token": 4, "use token": 2}, h.agree)
	})
}

// instants are where something changes by the clock alone.
func (h history) instants() []time.Time {
	var list []time.Time
	for _, c := range h.clients(func(modelClient) bool { return true }) {
		for _, v := range c.versions[1:] {
			list = append(list, v.from.Add(h.lag))
		}
		list = append(list, c.deleted.Add(h.lag))
	}
	for _, key := range slices.Sorted(maps.Keys(h.Model.secrets)) {
		s := h.Model.secrets[key]
		for _, v := range s.versions {
			list = append(list, v.expiration, v.from.Add(h.lag))
		}
		list = append(list, s.deleted.Add(h.lag))
	}
	for _, text := range slices.Sorted(maps.Keys(h.Model.tokens)) {
		list = append(list, time.Unix(h.Model.tokens[text].expires, 0))
	}
	return list
}

// clients returns those that keep says, in the order they were made.
func (h history) clients(keep func(modelClient) bool) []modelClient {
	var list []modelClient
	for _, key := range slices.Sorted(maps.Keys(h.Model.clients)) {
		if c := h.Model.clients[key]; keep(c) {
			list = append(list, c)
		}
	}
	return list
}

func drawn[V any](h history, label string, from []V) V {
	if len(from) == 0 {
		h.Skip("none")
	}
	return rapid.SampledFrom(from).Draw(h.T, label)
}

// as makes a call as the administrator of the default world or as the holder of
// some token, and foretells who is let in. A client may do what self allows with
// its own id.
func (h history) as(r request, self string, foretell func() *want, success int) providertest.Answer {
	r.Token = h.Credentials["accessToken"]
	if len(h.Model.tokens) > 0 && providertest.Pick(h.History, "by token", false, false, false, true) {
		r.Token = drawn(h, "token", slices.Sorted(maps.Keys(h.Model.tokens)))
	}
	return h.Call(r, func() want {
		if t, ok := h.Model.tokens[r.Token]; ok {
			switch {
			case h.Now.Unix() >= t.expires:
				return *refusal(401, "", "the token expired at")
			case !t.admin && (self == "" || self != t.client || !h.Live):
				return *refusal(403, "", "does not hold the role")
			}
		}
		if refused := foretell(); refused != nil {
			return *refused
		}
		return want{Status: success}
	})
}

// kind draws a kind of clients.
func (h history) kind() string {
	return providertest.Pick(h.History, "kind", credential, credential, hybrid)
}

// clientBody draws some of what a client is created with or updated by, and
// applies it.
func (h history) clientBody(kind string, v clientVersion) (object, clientVersion, *want) {
	body := object{}
	var refused *want
	if providertest.Pick(h.History, "sets Enabled", true, false) {
		v.enabled = providertest.Pick(h.History, "Enabled", true, true, false)
		body["Enabled"] = v.enabled
	}
	if providertest.Pick(h.History, "sets AccessTokenLifetime", true, false) {
		v.lifetime = providertest.Pick(h.History, "AccessTokenLifetime", 60, 61, 3600, 59, 3601)
		body["AccessTokenLifetime"] = v.lifetime
		if v.lifetime < 60 || v.lifetime > 3600 {
			refused = refusal(400, "AccessTokenLifetime", "AccessTokenLifetime")
		}
	}
	if kind == credential && providertest.Pick(h.History, "sets RoleIds", true, false) {
		admin, member := h.Credentials["administratorRoleId"], h.Credentials["memberRoleId"]
		ids := providertest.Pick(h.History, "RoleIds", []string{member}, []string{member}, []string{admin, member}, []string{admin}, []string{member, "00000000-0000-4000-8000-000000000000"})
		body["RoleIds"] = ids
		v.admin = slices.Contains(ids, admin)
		if v.admin && len(ids) == 1 || len(ids) == 2 && !v.admin {
			refused = first(refused, refusal(400, "RoleIds", ""))
		}
	}
	v.from = h.Now
	return body, v, refused
}

func first(refusals ...*want) *want {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

func (h history) shown(in, id string, v clientVersion, kind string) object {
	fields := object{in + "Id": id, in + "Enabled": v.enabled, in + "AccessTokenLifetime": v.lifetime}
	if kind == credential {
		fields[in+"RoleIds.0"] = h.Credentials["memberRoleId"]
		if v.admin {
			fields[in+"RoleIds.0"], fields[in+"RoleIds.1"] = h.Credentials["administratorRoleId"], h.Credentials["memberRoleId"]
		}
	}
	return fields
}

func (h history) createClient() {
	kind := h.kind()
	body, v, refused := h.clientBody(kind, clientVersion{enabled: true, lifetime: 3600})
	body["Name"] = "a client"
	id := providertest.Pick(h.History, "id", "", "one", "two")
	if id != "" {
		body["Id"] = id
	}
	if kind == hybrid && providertest.Pick(h.History, "sets RedirectUris", true, true, false) {
		body["RedirectUris"] = []string{"https://example.com/callback"}
	}
	if body["RedirectUris"] == nil && kind == hybrid && h.Live {
		refused = first(refused, refusal(400, "RedirectUris", ""))
	}
	expiration := h.expiration()
	if !expiration.IsZero() {
		body["SecretExpirationDate"] = rfc3339(expiration)
	}
	a := h.as(request{Method: "POST", Path: path(h.Credentials["tenantId"], kind), JSON: body}, "", func() *want {
		if refused != nil {
			return refused
		}
		if id != "" && len(h.clients(func(c modelClient) bool { return c.alive() && c.id == id })) > 0 {
			return refusal(409, "already", id)
		}
		fields := object{}
		if id != "" {
			fields = h.shown("Client.", id, v, kind)
		}
		fields["ExpirationDate"] = shown(expiration)
		return &want{Status: 201, Has: fields}
	}, 201)
	if a.OK() {
		h.Model.made++
		c := modelClient{id: a.Text("Client.Id"), kind: kind, made: h.Model.made, versions: []clientVersion{v}}
		h.Model.clients[c.key()] = c
		h.keep(a, c, secretVersion{from: h.Now, expiration: expiration})
	}
}

// expiration draws a date, or none, or one that is over.
func (h history) expiration() time.Time {
	in := providertest.Pick(h.History, "expiration", 0, 30*time.Second, time.Hour, 1500*time.Millisecond, -time.Hour)
	if in == 0 {
		return time.Time{}
	}
	return h.Now.Add(in)
}

func shown(expiration time.Time) any {
	if expiration.IsZero() {
		return nil
	}
	return rfc3339(expiration)
}

// keep remembers a new secret.
func (h history) keep(a providertest.Answer, c modelClient, v secretVersion) {
	s := modelSecret{id: fmt.Sprint(a.At("Id")), client: c.key(), value: a.Text("Secret"), versions: []secretVersion{v}}
	if _, ok := h.Model.secrets[s.id]; ok {
		h.Fatalf("secret id %s is given twice", s.id)
	}
	h.Model.secrets[s.id] = s
}

// aClient draws one there is or was, and whether it is found.
func (h history) aClient() (modelClient, func() *want) {
	c := drawn(h, "client", h.clients(func(modelClient) bool { return true }))
	if alive := h.clients(func(other modelClient) bool { return other.alive() && other.id == c.id }); len(alive) > 0 {
		c = alive[0] // of the same id
	}
	if providertest.Pick(h.History, "wrong kind", false, false, false, false, false, false, true) {
		c.kind = map[string]string{hybrid: credential, credential: hybrid}[c.kind]
		return c, func() *want { return refusal(404, "client", "client "+c.id) }
	}
	return c, func() *want {
		if c.alive() {
			return nil
		}
		return refusal(404, "client", "client "+c.id)
	}
}

func (h history) clientPath(c modelClient) string {
	return path(h.Credentials["tenantId"], c.kind) + "/" + url.PathEscape(c.id)
}

func (h history) updateClient() {
	c, missing := h.aClient()
	body, v, refused := h.clientBody(c.kind, c.now())
	for _, name := range []string{"AccessTokenLifetime", "RoleIds"} {
		if refused != nil && refused.Says[0] == name && !c.alive() {
			h.Skip("which of two refusals comes first is nobody's fact")
		}
	}
	a := h.as(request{Method: "PUT", Path: h.clientPath(c), JSON: body}, "", func() *want {
		if refused != nil && refused.Says[0] == "AccessTokenLifetime" {
			return refused // the request itself comes before the client
		}
		if refused := first(missing(), refused); refused != nil {
			return refused
		}
		return &want{Status: 200, Has: h.shown("", c.id, v, c.kind)}
	}, 200)
	if a.OK() {
		c.versions = changed(c.versions, v)
		h.Model.clients[c.key()] = c
	}
}

func (h history) deleteClient() {
	c, missing := h.aClient()
	a := h.as(request{Method: "DELETE", Path: h.clientPath(c)}, "", missing, 204)
	if a.OK() {
		c.deleted = h.Now
		h.Model.clients[c.key()] = c
		for id, s := range h.Model.secrets {
			if s.client == c.key() && s.alive() {
				s.deleted = h.Now
				h.Model.secrets[id] = s
			}
		}
	}
}

// secretsOf returns the secrets of a client, by their ids.
func (h history) secretsOf(c modelClient) []modelSecret {
	var list []modelSecret
	for _, s := range h.Model.secrets {
		if s.client == c.key() && s.alive() {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b modelSecret) int { return number(a.id) - number(b.id) })
	return list
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// self is the client whose own token will do, if it is of the kind for that.
func (c modelClient) self() string {
	if c.kind == credential {
		return c.id
	}
	return ""
}

// secretBody draws what a secret is created with or updated by.
func (h history) secretBody() (body object, expires *bool, expiration time.Time) {
	body, expiration = object{}, h.expiration()
	if !expiration.IsZero() {
		body["Expiration"] = rfc3339(expiration)
	}
	yes, no := true, false
	if expires = providertest.Pick(h.History, "Expires", nil, &yes, &no); expires != nil {
		body["Expires"] = *expires
	}
	if providertest.Pick(h.History, "sets Description", true, false) {
		body["Description"] = providertest.Pick(h.History, "Description", "", "a", "b")
	}
	return body, expires, expiration
}

func (h history) addSecret() { h.add(h.aClient()) }

// addSecrets fills a client up to the limit.
func (h history) addSecrets() {
	c, missing := h.aClient()
	for range 11 - len(h.secretsOf(c)) {
		h.add(c, missing)
	}
}

func (h history) add(c modelClient, missing func() *want) {
	body, expires, expiration := h.secretBody()
	never := expires != nil && !*expires
	v := secretVersion{from: h.Now, expiration: expiration}
	if never {
		v.expiration = time.Time{}
	}
	v.description, _ = body["Description"].(string)
	a := h.as(request{Method: "POST", Path: h.clientPath(c) + "/Secrets", JSON: body}, c.self(), func() *want {
		switch refused := missing(); {
		case refused != nil:
			return refused
		case h.Live && never != expiration.IsZero():
			return refusal(400, "Expires is ", "Expires is ")
		case len(h.secretsOf(c)) >= 10:
			return refusal(400, "10 secrets", c.id)
		}
		return &want{Status: 201, Has: object{"Expiration": shown(v.expiration), "Expires": !v.expiration.IsZero()}}
	}, 201)
	if a.OK() {
		h.keep(a, c, v)
	}
}

// aSecret draws one there is or was, by the path of its own client or another.
func (h history) aSecret() (modelClient, modelSecret, func() *want) {
	if len(h.Model.secrets) == 0 {
		h.Skip("none")
	}
	s := h.Model.secrets[drawn(h, "secret", slices.Sorted(maps.Keys(h.Model.secrets)))]
	c, missing := h.aClient()
	if providertest.Pick(h.History, "of its own client", true, true, true, false) {
		c = h.Model.clients[s.client]
		if alive := h.clients(func(other modelClient) bool { return other.alive() && other.id == c.id }); len(alive) > 0 {
			c = alive[0]
		}
		missing = func() *want {
			if c.alive() {
				return nil
			}
			return refusal(404, "client", "client "+c.id)
		}
	}
	return c, s, func() *want {
		if refused := missing(); refused != nil {
			return refused
		}
		if s.alive() && s.client == c.key() {
			return nil
		}
		return refusal(404, "secret", "secret "+s.id)
	}
}

func (h history) updateSecret() {
	c, s, missing := h.aSecret()
	body, expires, expiration := h.secretBody()
	v, had := s.now(), !s.now().expiration.IsZero()
	v.from = h.Now
	if text, ok := body["Description"].(string); ok {
		v.description = text
	}
	given := !expiration.IsZero()
	never := expires != nil && !*expires
	broken := false
	switch {
	case !h.Live: // as for a new one
		v.expiration = expiration
		if never {
			v.expiration = time.Time{}
		}
	case never: // takes the stored one away, but goes with none
		v.expiration, broken = time.Time{}, given
	case given:
		v.expiration, broken = expiration, !had && expires == nil
	default: // what is left out stays
		broken = !had && expires != nil
	}
	a := h.as(request{Method: "PUT", Path: h.clientPath(c) + "/Secrets/" + s.id, JSON: body}, "", func() *want {
		if refused := missing(); refused != nil {
			return refused
		}
		if broken {
			return refusal(400, "Expires is ", "Expires is ")
		}
		return &want{Status: 200, Has: object{"Expiration": shown(v.expiration), "Expires": !v.expiration.IsZero(), "Id": s.id}}
	}, 200)
	if a.OK() {
		s.versions = changed(s.versions, v)
		h.Model.secrets[s.id] = s
	}
}

func (h history) deleteSecret() {
	c, s, missing := h.aSecret()
	a := h.as(request{Method: "DELETE", Path: h.clientPath(c) + "/Secrets/" + s.id}, c.self(), missing, 204)
	if a.OK() {
		s.deleted = h.Now
		h.Model.secrets[s.id] = s
	}
}

func (h history) getToken() {
	s := h.Model.secrets[drawn(h, "secret", slices.Sorted(maps.Keys(h.Model.secrets)))]
	id, value := h.Model.clients[s.client].id, s.value
	switch providertest.Pick(h.History, "credentials", "right", "right", "right", "right", "right", "wrong secret", "another client", "no client") {
	case "wrong secret":
		value = "wrong"
	case "another client":
		id = drawn(h, "client", h.clients(func(modelClient) bool { return true })).id
	case "no client":
		id = "nonesuch"
	}
	r := request{Method: "POST", Path: tokenPath, Form: url.Values{"grant_type": {"client_credentials"}}}
	if providertest.Pick(h.History, "method", "form", "basic") == "basic" {
		r.Basic = [2]string{url.QueryEscape(id), url.QueryEscape(value)}
	} else {
		r.Form.Set("client_id", id)
		r.Form.Set("client_secret", value)
	}
	seen := h.Now.Add(-h.lag)
	var client modelClient
	a := h.Call(r, func() want {
		// One that is there now, or the last one that the token service has not
		// heard of being deleted.
		for _, c := range h.clients(func(c modelClient) bool { return c.id == id && !gone(c.deleted, seen) }) {
			client = c
		}
		invalid := func(why string) want { return *refusal(400, `{"error":"invalid_client"}`, why) }
		if client.id == "" {
			return invalid("there is no client")
		}
		settings := at(client.versions, seen)
		switch {
		case !settings.enabled:
			return invalid("is disabled")
		case value == "wrong" || gone(s.deleted, seen):
			return invalid("no client has this secret")
		case s.client != client.key():
			return invalid("the secret is another client's")
		}
		if e := at(s.versions, seen).expiration; !e.IsZero() && h.Now.After(e) {
			return invalid("secret " + s.id + " expired at")
		}
		if client.kind == hybrid {
			return *refusal(400, `{"error":"unauthorized_client"}`, "client_credentials")
		}
		return want{Status: 200, Has: object{"expires_in": settings.lifetime, "token_type": "Bearer"}}
	})
	if !a.OK() {
		return
	}
	settings := at(client.versions, seen)
	text := a.Text("access_token")
	claims := providertest.Claims(h.T, text)
	issued := modelToken{client.id, settings.admin, h.Now.Unix() + int64(settings.lifetime)}
	said := object{"client_id": id, "tid": h.Credentials["tenantId"], "iat": h.Now.Unix(), "nbf": h.Now.Unix(), "exp": issued.expires}
	for name, value := range said {
		if got := claims.At(name); fmt.Sprint(got) != fmt.Sprint(value) {
			h.Fatalf("claim %s is %v, want %v", name, got, value)
		}
	}
	h.Model.tokens[text] = issued
}

// useToken calls what any member may.
func (h history) useToken() {
	text := drawn(h, "token", slices.Sorted(maps.Keys(h.Model.tokens)))
	h.Call(request{Method: "GET", Path: path(h.Credentials["tenantId"], "")[:len(path(h.Credentials["tenantId"], ""))-1], Token: text}, func() want {
		if h.Now.Unix() >= h.Model.tokens[text].expires {
			return *refusal(401, "", "the token expired at")
		}
		return want{Status: 200}
	})
}

// get reads as the administrator.
func (h history) get(path string, status int, has object) providertest.Answer {
	return h.Call(request{Method: "GET", Path: path, Token: h.Credentials["accessToken"]}, func() want { return want{Status: status, Has: has} })
}

// agree compares everything that can be listed or read.
func (h history) agree() {
	skip, count := providertest.Pick(h.History, "skip", 0, 0, 1, 3), providertest.Pick(h.History, "count", 100, 100, 2, 0)
	for _, kind := range []string{hybrid, credential} {
		ids := slices.Clone(h.world[kind])
		for _, c := range h.clients(func(c modelClient) bool { return c.kind == kind && c.alive() }) {
			ids = append(ids, c.id)
			h.get(h.clientPath(c), 200, h.shown("", c.id, c.now(), kind))
			h.secretsAgree(c)
		}
		list := h.get(fmt.Sprintf("%s?skip=%d&count=%d", path(h.Credentials["tenantId"], kind), skip, count), 200, nil)
		h.same(kind, list, ids, skip, count)

		// Of ids that are asked for, hybrid clients that are not there are left out.
		asked := h.get(path(h.Credentials["tenantId"], kind)+"?id=one&id=two&skip=7", 0, nil)
		found, missing := 0, 0
		for _, id := range []string{"one", "two"} {
			if slices.Contains(ids, id) {
				found++
			} else {
				missing++
			}
		}
		status, items := 200, asked.List("")
		if kind == credential && missing > 0 {
			status, items = 207, asked.List("Data")
			if got := len(asked.List("ChildErrors")); got != missing {
				h.Fatalf("%d clients are missing, want %d: %s", got, missing, asked.Body)
			}
		}
		if asked.Status != status || len(items) != found {
			h.Fatalf("asked for one and two of %v: %d %s", ids, asked.Status, asked.Body)
		}
	}
	for _, c := range h.clients(func(c modelClient) bool { return !c.alive() }) {
		if len(h.clients(func(other modelClient) bool { return other.alive() && other.id == c.id })) == 0 {
			h.get(h.clientPath(c), 404, nil)
		}
	}
}

func (h history) secretsAgree(c modelClient) {
	var ids []string
	for _, s := range h.secretsOf(c) {
		ids = append(ids, s.id)
		v := s.now()
		fields := object{"Id": s.id, "Expiration": shown(v.expiration), "Expires": !v.expiration.IsZero()}
		if v.description != "" {
			fields["Description"] = v.description
		}
		h.get(h.clientPath(c)+"/Secrets/"+s.id, 200, fields)
	}
	h.same("secrets", h.get(h.clientPath(c)+"/Secrets", 200, nil), ids, 0, 100)
}

// same compares a page of a list with the ids of the whole.
func (h history) same(what string, list providertest.Answer, ids []string, skip, count int) {
	if total := list.Header.Get("Total-Count"); total != strconv.Itoa(len(ids)) {
		h.Fatalf("%s: Total-Count %s, want %d", what, total, len(ids))
	}
	ids = ids[min(skip, len(ids)):]
	ids = ids[:min(count, len(ids))]
	var got []string
	for _, item := range list.List("") {
		got = append(got, fmt.Sprint(item.(object)["Id"]))
	}
	if !slices.Equal(got, ids) {
		h.Fatalf("%s: %v are listed, want %v", what, got, ids)
	}
}
