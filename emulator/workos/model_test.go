package workos_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model: what the vendor's pages say of organizations and their API keys, of
// applications, their secrets and tokens, and of idempotency keys, as maps. What is
// deleted is not in it.
type (
	model struct {
		organizations map[string]bool
		keys          map[string]modelKey         // by id
		applications  map[string]modelApplication // by id
		secrets       map[string]modelSecret      // by id
		tokens        map[string]modelToken       // by the token itself
		calls         map[string]modelCall        // by path and idempotency key
		ever          map[string]bool             // the ids of all secrets there have been
		everKeys      map[string]string           // the values of all API keys there have been, by id
		made          int
	}
	modelApplication struct {
		id, clientID, kind, organization string
		name, scopes                     string // scopes with a space between
		made                             int
		created, updated                 time.Time
	}
	modelSecret struct {
		id, application, value string
		made                   int
		used                   time.Time // zero: never
	}
	modelKey struct {
		id, organization string
		made             int
		used, expires    time.Time // zero: never
	}
	modelToken struct {
		clientID, organization, scope string
		issued, expires               int64 // Unix
	}
	modelCall struct {
		sent, answered string
		at             time.Time
	}
)

func (m model) clone() model {
	return model{
		maps.Clone(m.organizations), maps.Clone(m.keys), maps.Clone(m.applications), maps.Clone(m.secrets), maps.Clone(m.tokens), maps.Clone(m.calls),
		maps.Clone(m.ever), maps.Clone(m.everKeys), m.made,
	}
}

type history struct {
	*providertest.History[model]
	world []string // the ids of the default world's applications, oldest first
}

type (
	want    = providertest.Want
	request = providertest.Request
	object  = map[string]any
)

var refusal = providertest.Refusal

const (
	applicationsPath = "/connect/applications"
	lifetime         = 300 // of a token, in seconds
	milliseconds     = "2006-01-02T15:04:05.000Z"
)

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		empty := model{
			map[string]bool{}, map[string]modelKey{}, map[string]modelApplication{}, map[string]modelSecret{}, map[string]modelToken{}, map[string]modelCall{},
			map[string]bool{}, map[string]string{}, 0,
		}
		h := history{History: providertest.NewHistory(t, option(), empty, model.clone)}
		h.Hold(providertest.Holding{Found: found, Accepts: map[string]func(providertest.Held) bool{
			"client-secret": h.takesSecret, "api-key": h.takesKey, "access-token": h.takesToken,
		}})
		for _, item := range h.get(applicationsPath+"?order=asc&limit=100", 200, nil).List("data") {
			h.world = append(h.world, item.(object)["id"].(string))
		}
		h.Model.organizations[h.Credentials["organizationId"]] = true
		h.createApplication()
		h.Run(map[string]func(){
			"advance":             func() { h.Advance(h.instants()) },
			"create organization": h.createOrganization,
			"delete organization": h.deleteOrganization,
			"create application":  h.createApplication,
			"update application":  h.updateApplication,
			"delete application":  h.deleteApplication,
			"create secret":       h.createSecret,
			"delete secret":       h.deleteSecret,
			"get token":           h.getToken,
			"introspect":          h.introspect,
			"userinfo":            h.userinfo,
			"list applications":   h.listApplications,
			"create key":          h.createKey,
			"validate key":        h.validateKey,
			"expire key":          h.expireKey,
			"delete key":          h.deleteKey,
		}, map[string]int{"create key": 2, "validate key": 2, "create secret": 3, "delete secret": 2, "get token": 3, "introspect": 2, "list applications": 2}, h.agree)
	})
}

// instants are where something changes by the clock alone.
func (h history) instants() []time.Time {
	var list []time.Time
	for _, text := range slices.Sorted(maps.Keys(h.Model.tokens)) {
		list = append(list, time.Unix(h.Model.tokens[text].expires, 0))
	}
	for _, id := range slices.Sorted(maps.Keys(h.Model.keys)) {
		list = append(list, h.Model.keys[id].expires)
	}
	for _, key := range slices.Sorted(maps.Keys(h.Model.calls)) {
		list = append(list, h.Model.calls[key].at.Add(24*time.Hour))
	}
	return list
}

func drawn[V any](h history, label string, from map[string]V) string {
	if len(from) == 0 {
		h.Skip("none")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(h.T, label)
}

// call makes a call with the API key. A creation may carry an idempotency key:
// then it is answered as it was before, or refused when it was another one.
func (h history) call(r request, foretell func() want) providertest.Answer {
	r.Token = h.Credentials["apiKey"]
	if r.Method != "POST" {
		return h.Call(r, foretell)
	}
	key := providertest.Pick(h.History, "idempotency key", "", "", "one", "two")
	if key == "" {
		return h.Call(r, foretell)
	}
	r.Header = map[string]string{"Idempotency-Key": key}
	place, sent := r.Path+" "+key, fmt.Sprint(r.JSON)
	known, ok := h.Model.calls[place]
	ok = ok && h.Now.Before(known.at.Add(24*time.Hour))
	a := h.Call(r, func() want {
		switch {
		case ok && known.sent != sent:
			return *refusal(400, "Another idempotency key ("+key+") with different request parameters was found.", "the key came with another body")
		case ok:
			return want{Status: 201}
		}
		return foretell()
	})
	switch {
	case ok && a.OK():
		if a.Body != known.answered {
			h.Fatalf("the second time, %s answers %s, the first time it was %s", place, a.Body, known.answered)
		}
		return providertest.Answer{} // nothing has happened
	case a.OK():
		h.Model.calls[place] = modelCall{sent, a.Body, h.Now}
	}
	return a
}

func (h history) createOrganization() {
	a := h.call(request{Method: "POST", Path: "/organizations", JSON: object{"name": "o"}}, func() want { return want{Status: 201} })
	if a.OK() {
		h.Model.organizations[a.Text("id")] = true
	}
}

// anOrganization draws one that is there, or that never was.
func (h history) anOrganization() string {
	keys := slices.Sorted(maps.Keys(h.Model.organizations))
	return rapid.SampledFrom(append(keys, "org_00000000000000000000000000")).Draw(h.T, "organization")
}

func (h history) deleteOrganization() {
	id := h.anOrganization()
	if id == h.Credentials["organizationId"] {
		h.Skip("the default world's applications are of it")
	}
	a := h.call(request{Method: "DELETE", Path: "/organizations/" + id}, func() want {
		if !h.Model.organizations[id] {
			return want{Status: 404}
		}
		return want{Status: 202}
	})
	if a.OK() {
		delete(h.Model.organizations, id)
		maps.DeleteFunc(h.Model.keys, func(_ string, k modelKey) bool { return k.organization == id })
		for _, app := range h.Model.applications {
			if app.organization == id {
				h.remove(app)
			}
		}
	}
}

// expired reports whether a key has ended.
func (h history) expired(k modelKey) bool { return !k.expires.IsZero() && !h.Now.Before(k.expires) }

// end draws when a key ends: what is sent, if anything is, and what it means.
func (h history) end() (sent any, given bool, at time.Time) {
	switch providertest.Pick(h.History, "expires_at", "none", "null", "past", "future") {
	case "null":
		return nil, true, time.Time{}
	case "past":
		at = h.Now.Add(-time.Second)
	case "future":
		at = h.Now.Add(time.Hour)
	default:
		return nil, false, time.Time{}
	}
	return at.Format(milliseconds), true, at
}

// shown is what is said of a key whenever it is shown.
func (k modelKey) shown() object {
	moment := func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return at.Format(milliseconds)
	}
	return object{"id": k.id, "owner.id": k.organization, "last_used_at": moment(k.used), "expires_at": moment(k.expires)}
}

func (h history) createKey() {
	k := modelKey{organization: h.anOrganization()}
	sent, _, at := h.end()
	body := object{"name": "k"}
	if sent != nil { // null is as none, also to an idempotency key
		body["expires_at"] = sent
	}
	k.expires = at
	a := h.call(request{Method: "POST", Path: "/organizations/" + k.organization + "/api_keys", JSON: body}, func() want {
		switch {
		case !h.Model.organizations[k.organization]:
			return *refusal(404, k.organization, "organization")
		case h.expired(k):
			return *refusal(422, "expires_at", "the world's time")
		}
		fields := k.shown()
		delete(fields, "id")
		return want{Status: 201, Has: fields}
	})
	if a.OK() {
		h.Model.made++
		k.id, k.made = a.Text("id"), h.Model.made
		h.Model.keys[k.id], h.Model.everKeys[k.id] = k, a.Text("value")
	}
}

// aKey draws the id of one that is there, or was.
func (h history) aKey() (modelKey, string, bool) {
	id := drawn(h, "key", h.Model.everKeys)
	k, ok := h.Model.keys[id]
	return k, id, ok
}

func (h history) validateKey() {
	k, id, ok := h.aKey()
	r := request{Method: "POST", Path: "/api_keys/validations", Token: h.Credentials["apiKey"], JSON: object{"value": h.Model.everKeys[id]}}
	h.Call(r, func() want {
		if !ok || h.expired(k) {
			return want{Status: 200, Has: object{"api_key": nil}}
		}
		k.used = h.Now
		h.Model.keys[id] = k
		return want{Status: 200, Has: object{"api_key.id": id, "api_key.last_used_at": h.Now.Format(milliseconds)}}
	})
}

func (h history) expireKey() {
	k, id, ok := h.aKey()
	sent, given, at := h.end()
	body := object{}
	if given {
		body["expires_at"] = sent
	}
	h.Call(request{Method: "POST", Path: "/api_keys/" + id + "/expire", Token: h.Credentials["apiKey"], JSON: body}, func() want {
		switch {
		case !ok:
			return *refusal(404, id, "no API key has this id")
		case h.expired(k):
			return *refusal(409, "api_key_already_expired", "it expired at")
		}
		if k.expires = at; !given || !at.IsZero() && at.Before(h.Now) {
			k.expires = h.Now
		}
		h.Model.keys[id] = k
		return want{Status: 200, Has: k.shown()}
	})
}

func (h history) deleteKey() {
	_, id, ok := h.aKey()
	h.call(request{Method: "DELETE", Path: "/api_keys/" + id}, func() want {
		if !ok {
			return *refusal(404, id, "no API key has this id")
		}
		return want{Status: 204}
	})
	delete(h.Model.keys, id)
}

// keysOf returns the keys of an organization, newest first.
func (h history) keysOf(organization string) []modelKey {
	var list []modelKey
	for _, k := range h.Model.keys {
		if k.organization == organization {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b modelKey) int { return b.made - a.made })
	return list
}

// remove ends an application with its secrets.
func (h history) remove(app modelApplication) {
	delete(h.Model.applications, app.id)
	maps.DeleteFunc(h.Model.secrets, func(_ string, s modelSecret) bool { return s.application == app.id })
}

func (app modelApplication) shown() object {
	fields := object{
		"id": app.id, "client_id": app.clientID, "application_type": app.kind, "name": app.name,
		"scopes": strings.Fields(app.scopes), "created_at": app.created.Format(milliseconds), "updated_at": app.updated.Format(milliseconds),
		"organization_id": nil,
	}
	if app.organization != "" {
		fields["organization_id"] = app.organization
	}
	return fields
}

func (h history) createApplication() {
	app := modelApplication{name: "a", created: h.Now, updated: h.Now}
	app.kind = providertest.Pick(h.History, "type", "m2m", "m2m", "m2m", "oauth")
	firstParty := app.kind == "oauth" && providertest.Pick(h.History, "is_first_party", true, false)
	app.scopes = providertest.Pick(h.History, "scopes", "", "read", "read write")
	body := object{"name": app.name, "application_type": app.kind, "scopes": strings.Fields(app.scopes)}
	if app.kind == "oauth" {
		body["is_first_party"] = firstParty
	}
	if !firstParty {
		app.organization = h.anOrganization()
		body["organization_id"] = app.organization
	}
	wrong := app.kind == "m2m" && providertest.Pick(h.History, "redirect_uris", false, false, false, true)
	if wrong {
		body["redirect_uris"] = []object{{"uri": "https://example.com/callback"}}
	}
	a := h.call(request{Method: "POST", Path: applicationsPath, JSON: body}, func() want {
		switch {
		case wrong:
			return *refusal(422, "redirect_uris", "redirect_uris")
		case app.organization != "" && !h.Model.organizations[app.organization]:
			return *refusal(404, app.organization, "organization")
		}
		fields := app.shown()
		delete(fields, "id")
		delete(fields, "client_id")
		return want{Status: 201, Has: fields}
	})
	if a.OK() {
		h.Model.made++
		app.id, app.clientID, app.made = a.Text("id"), a.Text("client_id"), h.Model.made
		h.Model.applications[app.id] = app
	}
}

// anApplication draws one that is there, or was, by its id or its client id.
func (h history) anApplication() (modelApplication, string) {
	none := modelApplication{id: "conn_app_00000000000000000000000000", clientID: "client_00000000000000000000000000"}
	keys := slices.Sorted(maps.Keys(h.Model.applications))
	app, ok := h.Model.applications[rapid.SampledFrom(append(keys, none.id)).Draw(h.T, "application")]
	if !ok {
		app = none
	}
	return app, providertest.Pick(h.History, "by", app.id, app.id, app.clientID)
}

// missing refuses an application that is not there.
func (h history) missing(app modelApplication, by string) *want {
	if _, ok := h.Model.applications[app.id]; ok {
		return nil
	}
	return refusal(404, by, "no application has this id")
}

func (h history) updateApplication() {
	app, by := h.anApplication()
	body := object{}
	if providertest.Pick(h.History, "sets name", true, false) {
		app.name = providertest.Pick(h.History, "name", "b", "c")
		body["name"] = app.name
	}
	switch providertest.Pick(h.History, "sets scopes", "no", "null", "yes") {
	case "null": // leaves them
		body["scopes"] = nil
	case "yes":
		app.scopes = providertest.Pick(h.History, "scopes", "", "read", "read write")
		body["scopes"] = strings.Fields(app.scopes)
	}
	wrong := app.kind == "m2m" && providertest.Pick(h.History, "redirect_uris", false, false, false, true)
	if wrong {
		body["redirect_uris"] = []object{}
	}
	app.updated = h.Now
	a := h.call(request{Method: "PUT", Path: applicationsPath + "/" + by, JSON: body}, func() want {
		if refused := h.missing(app, by); refused != nil {
			return *refused
		}
		if wrong {
			return *refusal(422, "redirect_uris", "redirects nobody")
		}
		return want{Status: 200, Has: app.shown()}
	})
	if a.OK() {
		h.Model.applications[app.id] = app
	}
}

func (h history) deleteApplication() {
	app, by := h.anApplication()
	a := h.call(request{Method: "DELETE", Path: applicationsPath + "/" + by}, func() want {
		if refused := h.missing(app, by); refused != nil {
			return *refused
		}
		return want{Status: 204}
	})
	if a.OK() {
		h.remove(app)
	}
}

// secretsOf returns the secrets of an application, oldest first.
func (h history) secretsOf(app string) []modelSecret {
	var list []modelSecret
	for _, s := range h.Model.secrets {
		if s.application == app {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b modelSecret) int { return a.made - b.made })
	return list
}

func (h history) createSecret() {
	app, by := h.anApplication()
	a := h.call(request{Method: "POST", Path: applicationsPath + "/" + by + "/client_secrets", JSON: object{}}, func() want {
		if refused := h.missing(app, by); refused != nil {
			return *refused
		}
		if len(h.secretsOf(app.id)) == 5 {
			return *refusal(422, "An application can have at most 5 client secrets.", app.id+" has 5 client secrets")
		}
		return want{Status: 201, Has: object{"last_used_at": nil, "created_at": h.Now.Format(milliseconds)}}
	})
	if a.OK() {
		h.Model.made++
		s := modelSecret{id: a.Text("id"), application: app.id, value: a.Text("secret"), made: h.Model.made}
		if got := a.Text("secret_hint"); got != h.hint(s) {
			h.Fatalf("the hint is %s, want %s", got, h.hint(s))
		}
		h.Model.secrets[s.id], h.Model.ever[s.id] = s, true
	}
}

func (h history) hint(s modelSecret) string {
	if h.Live {
		return s.value[len(s.value)-6:]
	}
	return s.value[:6]
}

func (h history) deleteSecret() {
	id := drawn(h, "secret", h.Model.ever)
	h.call(request{Method: "DELETE", Path: "/connect/client_secrets/" + id}, func() want {
		if _, ok := h.Model.secrets[id]; ok {
			return want{Status: 204}
		}
		return *refusal(404, id, "no client secret has this id")
	})
	delete(h.Model.secrets, id)
}

// credentials draws the form of a client, and foretells who is let in: the
// refusal, or the application and its secret.
func (h history) credentials() (url.Values, *want, modelApplication, modelSecret) {
	s := h.Model.secrets[drawn(h, "secret", h.Model.secrets)]
	app := h.Model.applications[s.application]
	form := url.Values{"client_id": {app.clientID}, "client_secret": {s.value}}
	invalid := func(text, why string) *want { return refusal(401, `"invalid_client","error_description":"`+text, why) }
	switch providertest.Pick(h.History, "credentials", "right", "right", "right", "right", "right", "no client", "unknown client", "no secret", "wrong secret", "another application's") {
	case "no client":
		return url.Values{}, invalid("Missing authorization header.", "names no client"), app, s
	case "unknown client":
		form.Set("client_id", "client_00000000000000000000000000")
		return form, invalid("Application not found.", "no application has this client id"), app, s
	case "no secret":
		form.Del("client_secret")
		return form, invalid("Missing authorization header.", "no client secret"), app, s
	case "wrong secret":
		form.Set("client_secret", "wrong")
		return form, invalid("Invalid client ID or secret.", "is none of application"), app, s
	case "another application's":
		if other := h.Model.applications[drawn(h, "application", h.Model.applications)]; other.id != app.id {
			form.Set("client_id", other.clientID)
			return form, invalid("Invalid client ID or secret.", "another application's"), other, s
		}
	}
	return form, nil, app, s
}

func (h history) getToken() {
	form, refused, app, s := h.credentials()
	grant := providertest.Pick(h.History, "grant_type", "client_credentials", "client_credentials", "client_credentials", "client_credentials", "refresh_token", "nonsense")
	form.Set("grant_type", grant)
	scope := providertest.Pick(h.History, "scope", "", "", "read", "openid", "write openid")
	if scope != "" {
		form.Set("scope", scope)
	}
	granted := scope
	if scope == "" {
		granted = app.scopes
	}
	a := h.Call(request{Method: "POST", Path: "/oauth2/token", Form: form}, func() want {
		switch {
		case refused != nil:
			return *refused
		case grant == "nonsense":
			return *refusal(400, "unsupported_grant_type", "")
		case grant == "refresh_token" && app.kind == "oauth":
			return *refusal(400, "invalid_request", "no refresh_token")
		case grant == "refresh_token" || app.kind == "oauth":
			return *refusal(400, "unauthorized_client", "is of type "+app.kind)
		}
		for _, one := range strings.Fields(scope) {
			if one != "openid" && !slices.Contains(strings.Fields(app.scopes), one) {
				return *refusal(400, "invalid_scope", one)
			}
		}
		s.used = h.Now
		h.Model.secrets[s.id] = s
		return want{Status: 200, Has: object{"expires_in": lifetime, "token_type": "bearer"}}
	})
	if !a.OK() {
		return
	}
	text, issued := a.Text("access_token"), modelToken{app.clientID, app.organization, granted, h.Now.Unix(), h.Now.Unix() + lifetime}
	claims := providertest.Claims(h.T, text)
	said := object{
		"sub": app.clientID, "client_id": app.clientID, "org_id": app.organization, "aud": h.Credentials["clientId"],
		"iat": issued.issued, "exp": issued.expires, "scope": nil,
	}
	if granted != "" {
		said["scope"] = granted
	}
	for name, value := range said {
		if got := claims.At(name); fmt.Sprint(got) != fmt.Sprint(value) {
			h.Fatalf("claim %s is %v, want %v", name, got, value)
		}
	}
	h.Model.tokens[text] = issued
}

// alive says whether a token counts.
func (h history) alive(t modelToken) bool {
	for _, app := range h.Model.applications {
		if app.clientID == t.clientID {
			return h.Now.Unix() < t.expires
		}
	}
	return false
}

func (h history) introspect() {
	text := drawn(h, "token", h.Model.tokens)
	t := h.Model.tokens[text]
	form, refused, _, _ := h.credentials()
	form.Set("token", text)
	h.Call(request{Method: "POST", Path: "/oauth2/introspection", Form: form}, func() want {
		switch {
		case refused != nil:
			return *refused
		case !h.alive(t):
			return want{Status: 200, Has: object{"active": false, "client_id": nil, "exp": nil}}
		}
		return want{Status: 200, Has: object{
			"active": true, "token_type": "access_token", "client_id": t.clientID, "sub": t.clientID,
			"org_id": t.organization, "iat": t.issued, "exp": t.expires,
		}}
	})
}

func (h history) userinfo() {
	text := drawn(h, "token", h.Model.tokens)
	t := h.Model.tokens[text]
	h.Call(request{Method: "POST", Path: "/oauth2/userinfo", Token: text}, func() want {
		switch {
		case !h.alive(t):
			return *refusal(401, `"unauthorized"`, "the access token does not count")
		case !slices.Contains(strings.Fields(t.scope), "openid"):
			return *refusal(401, `"unauthorized"`, "lacks the scope openid")
		}
		return want{Status: 200, Has: object{"sub": t.clientID}}
	})
}

// ids returns the ids of applications, oldest first, of one organization or of all.
func (h history) ids(organization string) []string {
	var list []modelApplication
	for _, app := range h.Model.applications {
		if organization == "" || app.organization == organization {
			list = append(list, app)
		}
	}
	slices.SortFunc(list, func(a, b modelApplication) int { return a.made - b.made })
	var ids []string
	if organization == "" {
		ids = slices.Clone(h.world)
	}
	for _, app := range list {
		ids = append(ids, app.id)
	}
	return ids
}

// listApplications asks for a page: what comes before or after an application.
func (h history) listApplications() {
	organization := ""
	if providertest.Pick(h.History, "of an organization", false, false, true) {
		if organization = h.anOrganization(); organization == h.Credentials["organizationId"] {
			organization = ""
		}
	}
	ids := h.ids(organization)
	order := providertest.Pick(h.History, "order", "", "asc", "desc", "normal")
	if order != "asc" {
		slices.Reverse(ids)
	}
	limit := providertest.Pick(h.History, "limit", 1, 2, 10)
	cursor, side := "", ""
	query := url.Values{"limit": {fmt.Sprint(limit)}}
	if len(ids) > 0 {
		cursor = rapid.SampledFrom(ids).Draw(h.T, "cursor")
		side = providertest.Pick(h.History, "side", "", "before", "after")
	}
	for name, value := range map[string]string{"order": order, "organization_id": organization, side: cursor} {
		if name != "" && value != "" {
			query.Set(name, value)
		}
	}
	if order == "normal" { // the cursors are swapped
		side = map[string]string{"": "", "before": "after", "after": "before"}[side]
	}

	from, to := 0, min(limit, len(ids))
	switch i := slices.Index(ids, cursor); side {
	case "after":
		from, to = i+1, min(i+1+limit, len(ids))
	case "before":
		from, to = max(0, i-limit), i
	}
	var before, after any
	if from < to && from > 0 {
		before = ids[from]
	}
	if from < to && to < len(ids) {
		after = ids[to-1]
	}
	if order == "normal" {
		before, after = after, before
	}
	status := 200
	if organization != "" && !h.Model.organizations[organization] {
		status, before, after = 422, nil, nil
	}
	a := h.get(applicationsPath+"?"+query.Encode(), status, object{"list_metadata.before": before, "list_metadata.after": after})
	if a.OK() {
		h.same("applications", a.List("data"), ids[from:to])
	}
}

// same compares the ids of a list.
func (h history) same(what string, items []any, ids []string) {
	var got []string
	for _, item := range items {
		got = append(got, item.(object)["id"].(string))
	}
	if !slices.Equal(got, ids) {
		h.Fatalf("%s: %v are listed, want %v", what, got, ids)
	}
}

// get reads with the API key.
func (h history) get(path string, status int, has object) providertest.Answer {
	return h.Call(request{Method: "GET", Path: path, Token: h.Credentials["apiKey"]}, func() want { return want{Status: status, Has: has} })
}

// agree compares everything that can be listed or read.
func (h history) agree() {
	h.same("applications", h.get(applicationsPath+"?limit=100&order=asc", 200, nil).List("data"), h.ids(""))
	for _, id := range slices.Sorted(maps.Keys(h.Model.applications)) {
		app := h.Model.applications[id]
		h.get(applicationsPath+"/"+app.id, 200, app.shown())
		h.get(applicationsPath+"/"+app.clientID, 200, app.shown())
		secrets := h.get(applicationsPath+"/"+app.id+"/client_secrets", 200, nil)
		var ids []string
		for i, s := range h.secretsOf(id) {
			ids = append(ids, s.id)
			var used any
			if !s.used.IsZero() {
				used = s.used.Format(milliseconds)
			}
			for name, value := range (object{"last_used_at": used, "secret_hint": h.hint(s), "secret": nil}) {
				if got := secrets.At(fmt.Sprintf("%d.%s", i, name)); fmt.Sprint(got) != fmt.Sprint(value) {
					h.Fatalf("%s of secret %s is %v, want %v", name, s.id, got, value)
				}
			}
		}
		h.same("secrets", secrets.List(""), ids)
	}
	for _, t := range slices.Sorted(maps.Keys(h.Model.organizations)) {
		h.get("/organizations/"+t, 200, object{"id": t})
		keys, shown := h.keysOf(t), object{}
		var ids []string
		for i, k := range keys {
			ids = append(ids, k.id)
			for name, value := range k.shown() {
				shown[fmt.Sprintf("data.%d.%s", i, name)] = value
			}
		}
		h.same("API keys", h.get("/organizations/"+t+"/api_keys?limit=100", 200, shown).List("data"), ids)
	}
}
