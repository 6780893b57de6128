package infisical_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model: what the vendor's pages and public sources say of identities, their
// client secrets and their tokens, as maps.
type (
	model struct {
		identities map[string]modelIdentity
		universal  map[string]modelAuth   // by identity
		token      map[string]modelAuth   // by identity
		secrets    map[string]modelSecret // by id
		jwts       map[string]modelJWT    // by the token itself
		records    map[string]modelRecord // tokens of token auth, by id
		uses       map[string]int         // of tokens with a limit, by id
		endings    map[string][]string    // what ended a token before its time, by any of its origins
	}
	modelIdentity struct {
		role      string
		protected bool
	}
	modelAuth struct {
		id, clientID              string // of universal auth
		ttl, maxTTL, period, uses int
		lockout                   bool
		threshold, lasts, resets  int
		failures                  int
		forgotten                 time.Time // when the failures are
		locked                    bool
	}
	modelSecret struct {
		identity, auth, value string
		created               time.Time
		ttl                   float64
		uses, limit           int
		revoked               bool
		changed               time.Time
	}
	modelJWT struct {
		id, identity, method, auth, secret string // auth is the configuration's id
		ttl, maxTTL, limit                 int
		created, expires                   int64 // Unix; expires 0 is never
	}
	modelRecord struct {
		identity, name string
		issued         int
		updated        time.Time
		revoked        bool
	}
)

func (m model) clone() model {
	return model{
		maps.Clone(m.identities), maps.Clone(m.universal), maps.Clone(m.token), maps.Clone(m.secrets),
		maps.Clone(m.jwts), maps.Clone(m.records), maps.Clone(m.uses), maps.Clone(m.endings),
	}
}

func (s modelSecret) expires() time.Time {
	return s.created.Add(time.Duration(s.ttl * float64(time.Second)))
}

// cleanedUp reports whether the service's daily job has deleted a secret.
func (h history) cleanedUp(s modelSecret) bool {
	day := func(since time.Time) bool { return h.Now.Sub(since) > 24*time.Hour }
	return h.Live && ((s.revoked || s.limit > 0 && s.uses >= s.limit) && day(s.changed) || s.ttl > 0 && day(s.expires()))
}

// A history is the emulator and the model side by side.
type history struct{ *providertest.History[model] }

type (
	want    = providertest.Want
	request = providertest.Request
	object  = map[string]any
)

const (
	universalPath = "/api/v1/auth/universal-auth/identities/"
	tokenPath     = "/api/v1/auth/token-auth/identities/"
	maxAge        = 7_776_000
)

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		empty := model{
			map[string]modelIdentity{}, map[string]modelAuth{}, map[string]modelAuth{}, map[string]modelSecret{},
			map[string]modelJWT{}, map[string]modelRecord{}, map[string]int{}, map[string][]string{},
		}
		h := history{providertest.NewHistory(t, option(), empty, model.clone)}
		h.Hold(providertest.Holding{Found: found, Accepts: map[string]func(providertest.Held) bool{
			"client-secret": h.takesSecret, "access-token": h.takesToken,
		}})
		h.start()
		h.Run(map[string]func(){
			"advance":               func() { h.Advance(h.instants()) },
			"create identity":       h.createIdentity,
			"update identity":       h.updateIdentity,
			"delete identity":       h.deleteIdentity,
			"attach universal auth": func() { h.attach(universalPath) },
			"update universal auth": func() { h.update(universalPath) },
			"detach universal auth": func() { h.detach(universalPath) },
			"attach token auth":     func() { h.attach(tokenPath) },
			"update token auth":     func() { h.update(tokenPath) },
			"detach token auth":     func() { h.detach(tokenPath) },
			"create client secret":  h.createSecret,
			"revoke client secret":  h.revokeSecret,
			"log in":                h.login,
			"clear lockouts":        h.clearLockouts,
			"create token":          h.createToken,
			"rename token":          h.renameToken,
			"revoke token by id":    h.revokeRecord,
			"renew token":           h.renew,
			"revoke token":          h.revoke,
			"use token":             h.use,
		}, map[string]int{"advance": 3, "create client secret": 2, "revoke client secret": 2, "log in": 5, "create token": 2, "renew token": 2, "use token": 5}, h.agree)
	})
}

// start puts an identity with a secret and tokens there, which most actions need.
func (h history) start() {
	h.createIdentity()
	h.attach(universalPath)
	h.attach(tokenPath)
	h.createSecret()
	h.login()
	h.createToken()
}

// instants are where something changes by the clock alone.
func (h history) instants() []time.Time {
	var list []time.Time
	for _, id := range slices.Sorted(maps.Keys(h.Model.secrets)) {
		if s := h.Model.secrets[id]; s.ttl > 0 {
			list = append(list, s.expires())
		}
	}
	for _, text := range slices.Sorted(maps.Keys(h.Model.jwts)) {
		if j := h.Model.jwts[text]; j.expires > 0 {
			list = append(list, time.Unix(j.expires, 0))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.Model.universal)) {
		list = append(list, h.Model.universal[id].forgotten)
	}
	return list
}

// one draws a key of a map, or skips the action when there is none.
func one[V any](h history, label string, from map[string]V) string {
	if len(from) == 0 {
		h.Skip("none")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(h.T, label)
}

// anIdentity draws one there is, or one that never was.
func (h history) anIdentity() string {
	keys := slices.Sorted(maps.Keys(h.Model.identities))
	if len(keys) == 0 || providertest.Pick(h.History, "of nobody", false, false, false, false, false, false, false, true) {
		return "00000000-0000-4000-8000-000000000000"
	}
	return rapid.SampledFrom(keys).Draw(h.T, "identity")
}

// as makes a call as the administrator of the default world or as the holder of
// some token. Foretell sees the role of a caller who is let in.
func (h history) as(r request, foretell func(role string) *want) providertest.Answer {
	r.Token = h.Credentials["accessToken"]
	if len(h.Model.jwts) > 0 && providertest.Pick(h.History, "by token", false, false, false, false, true) {
		r.Token = one(h, "token", h.Model.jwts)
	}
	return h.Call(r, func() want {
		role := "admin"
		if j, ok := h.Model.jwts[r.Token]; ok {
			if refused := h.admit(j); refused != nil {
				return *refused
			}
			role = h.Model.identities[j.identity].role
		}
		if refused := foretell(role); refused != nil {
			return *refused
		}
		return want{Status: 200}
	})
}

// admit is what happens to any call with a token.
func (h history) admit(j modelJWT) *want {
	if refused := h.valid(j, "Failed to authorize: "); refused != nil {
		return refused
	}
	if j.limit > 0 {
		if h.Model.uses[j.id] >= j.limit {
			return refusal(401, "Failed to authorize: token usage limit reached", fmt.Sprintf("has had its %d uses", j.limit))
		}
		h.Model.uses[j.id]++ // whatever becomes of the call
	}
	return nil
}

// valid refuses a token that has expired or was ended.
func (h history) valid(j modelJWT, doing string) *want {
	if j.expires > 0 && h.Now.Unix() >= j.expires {
		return refusal(403, "Your token has expired. Please re-authenticate.", "the token expired at")
	}
	refused := want{Status: 401}
	for _, origin := range []string{j.id, j.identity, j.secret, j.auth} {
		for _, why := range h.Model.endings[origin] {
			refused.Says = append(refused.Says, doing+why)
			refused.Reason = "revoked"
		}
	}
	if refused.Says == nil {
		return nil
	}
	return &refused
}

var refusal = providertest.Refusal

// allowed is the emulator's rule: only administrators manage identities.
func allowed(role, action string) *want {
	if role == "admin" {
		return nil
	}
	return refusal(403, "You are not allowed to "+action+" on identity", "the caller's role is "+role)
}

// unknown refuses an identity that is not there.
func (h history) unknown(id, spelled string) *want {
	if _, ok := h.Model.identities[id]; ok {
		return nil
	}
	return refusal(404, "Failed to find identity with "+spelled+" "+id, "no identity "+id)
}

// first returns the first refusal.
func first(refusals ...*want) *want {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

func (h history) createIdentity() {
	role := providertest.Pick(h.History, "role", "admin", "admin", "member", "no-access")
	protected := providertest.Pick(h.History, "protected", false, false, false, true)
	a := h.as(request{Method: "POST", Path: "/api/v1/identities", JSON: object{
		"name": "i", "organizationId": h.Credentials["organizationId"], "role": role, "hasDeleteProtection": protected,
	}}, func(caller string) *want { return allowed(caller, "create") })
	if a.OK() {
		h.Model.identities[a.Text("identity.id")] = modelIdentity{role, protected}
	}
}

func (h history) updateIdentity() {
	id := h.anIdentity()
	role := providertest.Pick(h.History, "role", "admin", "member", "no-access", "nonesuch")
	protected := providertest.Pick(h.History, "protected", false, true)
	body := object{"role": role, "hasDeleteProtection": protected}
	named := providertest.Pick(h.History, "named", true, false)
	if named {
		body["name"] = "renamed"
	}
	a := h.as(request{Method: "PATCH", Path: "/api/v1/identities/" + id, JSON: body}, func(caller string) *want {
		if refused := first(h.unknown(id, "id"), allowed(caller, "edit")); refused != nil || role != "nonesuch" {
			return refused
		}
		return refusal(404, "nonesuch", "nonesuch")
	})
	if a.OK() {
		if h.Live && !named && h.Model.identities[id].protected {
			protected = true // the service turns it off only together with a name
		}
		h.Model.identities[id] = modelIdentity{role, protected}
	}
}

func (h history) deleteIdentity() {
	id := h.anIdentity()
	a := h.as(request{Method: "DELETE", Path: "/api/v1/identities/" + id}, func(caller string) *want {
		refused := first(h.unknown(id, "id"), allowed(caller, "delete"))
		if refused == nil && h.Model.identities[id].protected {
			return refusal(400, "Identity has delete protection", "")
		}
		return refused
	})
	if !a.OK() {
		return
	}
	delete(h.Model.identities, id)
	h.drop(universalPath, id)
	h.drop(tokenPath, id)
	h.end(id, "identity tokens have been revoked")
}

// end ends the tokens of an origin: an id of their own, an identity, a secret, a
// configuration.
func (h history) end(origin, why string) {
	h.Model.endings[origin] = append(slices.Clone(h.Model.endings[origin]), why)
}

// drop forgets a configuration and what hangs from it.
func (h history) drop(path, identity string) {
	if path == tokenPath {
		delete(h.Model.token, identity)
		maps.DeleteFunc(h.Model.records, func(_ string, r modelRecord) bool { return r.identity == identity })
		return
	}
	delete(h.Model.universal, identity)
	maps.DeleteFunc(h.Model.secrets, func(_ string, s modelSecret) bool { return s.identity == identity })
}

func (h history) auths(path string) map[string]modelAuth {
	if path == tokenPath {
		return h.Model.token
	}
	return h.Model.universal
}

// config draws a configuration: some fields of it, or all.
func (h history) config(path string) object {
	body := object{}
	set := func(name string, values ...any) {
		if providertest.Pick(h.History, "sets "+name, true, false) {
			body[name] = providertest.Pick(h.History, name, values...)
		}
	}
	set("accessTokenTTL", 0, 20, 60, 60, 2592000, 8000000)
	set("accessTokenMaxTTL", 0, 20, 61, 2592000, 8000000, 8000000)
	set("accessTokenNumUsesLimit", 0, 1, 2)
	if path == universalPath {
		set("accessTokenPeriod", 0, 30)
		set("lockoutEnabled", true, false)
		set("lockoutThreshold", 1, 2, 3)
		set("lockoutDurationSeconds", 30, 60)
		set("lockoutCounterResetSeconds", 5, 20)
	}
	return body
}

func (m modelAuth) with(body object) modelAuth {
	for name, field := range map[string]*int{
		"accessTokenTTL": &m.ttl, "accessTokenMaxTTL": &m.maxTTL, "accessTokenNumUsesLimit": &m.uses, "accessTokenPeriod": &m.period,
		"lockoutThreshold": &m.threshold, "lockoutDurationSeconds": &m.lasts, "lockoutCounterResetSeconds": &m.resets,
	} {
		if v, ok := body[name]; ok {
			*field = v.(int)
		}
	}
	if v, ok := body["lockoutEnabled"]; ok {
		m.lockout = v.(bool)
	}
	return m
}

// shown are the fields of a configuration that answers show.
func (m modelAuth) shown(path string) object {
	in := "identityUniversalAuth."
	if path == tokenPath {
		in = "identityTokenAuth."
	}
	fields := object{
		in + "accessTokenTTL": m.ttl, in + "accessTokenMaxTTL": m.maxTTL,
		in + "accessTokenNumUsesLimit": m.uses, in + "accessTokenPeriod": m.period,
	}
	if path == universalPath {
		fields[in+"lockoutEnabled"], fields[in+"lockoutThreshold"] = m.lockout, m.threshold
		fields[in+"lockoutDurationSeconds"], fields[in+"lockoutCounterResetSeconds"] = m.lasts, m.resets
	}
	return fields
}

const refinement = "Access Token TTL cannot be greater than Access Token Max TTL."

func (h history) attach(path string) {
	id, body := h.anIdentity(), h.config(path)
	auth := modelAuth{ttl: 2592000, maxTTL: 2592000, lockout: true, threshold: 3, lasts: 300, resets: 30}.with(body)
	a := h.as(request{Method: "POST", Path: path + id, JSON: body}, func(caller string) *want {
		if auth.ttl > auth.maxTTL {
			return refusal(422, refinement, "is greater than")
		}
		if refused := h.unknown(id, "ID"); refused != nil {
			return refused
		}
		if _, ok := h.auths(path)[id]; ok {
			return refusal(400, "to already configured identity", "")
		}
		if refused := allowed(caller, "create"); refused != nil {
			return refused
		}
		return &want{Status: 200, Has: auth.shown(path)}
	})
	if a.OK() {
		auth.id, auth.clientID = a.Text("identityUniversalAuth.id"), a.Text("identityUniversalAuth.clientId")
		if path == tokenPath {
			auth.id = a.Text("identityTokenAuth.id")
		}
		h.auths(path)[id] = auth
	}
}

// missing refuses an identity without the auth method; texts are of universal
// auth and of token auth.
func (h history) missing(path, id string, status int, universal, token string) *want {
	if refused := h.unknown(id, "ID"); refused != nil {
		return refused
	}
	if _, ok := h.auths(path)[id]; ok {
		return nil
	}
	if path == tokenPath {
		return refusal(status, token, "")
	}
	return refusal(status, universal, "")
}

const (
	noUniversal    = "The identity does not have universal auth"
	noToken        = "The identity does not have Token Auth"
	noUniversalGet = "Failed to find universal auth for identity with ID "
)

func (h history) update(path string) {
	id, body := h.anIdentity(), h.config(path)
	auth := h.auths(path)[id].with(body)
	a := h.as(request{Method: "PATCH", Path: path + id, JSON: body}, func(caller string) *want {
		ttl, hasTTL := body["accessTokenTTL"].(int)
		maxTTL, hasMax := body["accessTokenMaxTTL"].(int)
		if hasTTL && hasMax && maxTTL > 0 && ttl > maxTTL {
			return refusal(422, refinement, "is greater than")
		}
		status := 404
		if path == tokenPath {
			status = 400
		}
		refused := first(h.missing(path, id, status, noUniversalGet+id, "The identity does not have token auth"), allowed(caller, "edit"))
		switch {
		case refused != nil:
			return refused
		case auth.maxTTL > 0 && auth.ttl > auth.maxTTL:
			return refusal(400, "Access token TTL cannot be greater than max TTL", "accessTokenTTL would be")
		}
		return &want{Status: 200, Has: auth.shown(path)}
	})
	if a.OK() {
		h.auths(path)[id] = auth
	}
}

func (h history) detach(path string) {
	id := h.anIdentity()
	auth := h.auths(path)[id]
	a := h.as(request{Method: "DELETE", Path: path + id}, func(caller string) *want {
		return first(h.missing(path, id, 400, noUniversal, noToken), allowed(caller, "edit"))
	})
	if a.OK() {
		h.drop(path, id)
		h.end(auth.id, "auth method has been revoked")
	}
}

func (h history) createSecret() {
	id := h.anIdentity()
	ttl, limit := providertest.Pick(h.History, "ttl", 0, 30, 3600, 1.5), providertest.Pick(h.History, "limit", 0, 1, 2)
	a := h.as(request{Method: "POST", Path: universalPath + id + "/client-secrets", JSON: object{"ttl": ttl, "numUsesLimit": limit}}, func(caller string) *want {
		if refused := first(h.missing(universalPath, id, 400, noUniversal, ""), allowed(caller, "create")); refused != nil {
			return refused
		}
		if ttl == 1.5 && h.Live {
			return refusal(500, "Create", "whole numbers")
		}
		return &want{Status: 200, Has: object{"clientSecretData.clientSecretTTL": ttl, "clientSecretData.clientSecretNumUsesLimit": limit, "clientSecretData.clientSecretNumUses": 0}}
	})
	if a.OK() {
		h.Model.secrets[a.Text("clientSecretData.id")] = modelSecret{
			identity: id, auth: h.Model.universal[id].id, value: a.Text("clientSecret"), created: h.Now, ttl: ttl, limit: limit,
		}
	}
}

func (h history) revokeSecret() {
	secret, id := one(h, "secret", h.Model.secrets), h.anIdentity()
	if providertest.Pick(h.History, "its own identity", true, true, true, false) {
		id = h.Model.secrets[secret].identity
	}
	a := h.as(request{Method: "POST", Path: universalPath + id + "/client-secrets/" + secret + "/revoke", JSON: object{}}, func(caller string) *want {
		refused := first(h.missing(universalPath, id, 400, noUniversal, ""), allowed(caller, "delete"))
		switch {
		case refused != nil:
			return refused
		case h.Model.secrets[secret].identity != id || h.cleanedUp(h.Model.secrets[secret]):
			return refusal(404, "Failed to find identity with ID "+id, "no client secret "+secret)
		}
		return &want{Status: 200, Has: object{"clientSecretData.isClientSecretRevoked": true}}
	})
	if a.OK() {
		s := h.Model.secrets[secret]
		s.revoked, s.changed = true, h.Now
		h.Model.secrets[secret] = s
		h.end(secret, "client secret has been revoked")
	}
}

func (h history) login() {
	identity := one(h, "identity", h.Model.universal)
	auth := h.Model.universal[identity]
	secret, value, slug := "", "wrong", ""
	if providertest.Pick(h.History, "right secret", true, true, true, false) {
		secret = one(h, "secret", h.Model.secrets)
		value = h.Model.secrets[secret].value
	}
	body := object{"clientId": auth.clientID, "clientSecret": value}
	if providertest.Pick(h.History, "wrong slug", false, false, false, true) {
		slug = "nowhere"
		body["organizationSlug"] = slug
	}
	var issued modelJWT
	var seconds int
	a := h.Call(request{Method: "POST", Path: login, JSON: body}, func() want {
		s := h.Model.secrets[secret]
		switch {
		case auth.lockout && auth.locked && h.Now.Before(auth.forgotten):
			return *refusal(401, "This identity auth method is temporarily locked, please try again later", "locked by")
		case secret == "" || s.identity != identity || s.revoked || h.cleanedUp(s):
			return *h.wrongSecret(identity)
		}
		auth.failures, auth.forgotten, auth.locked = 0, time.Time{}, false
		h.Model.universal[identity] = auth
		switch {
		case s.ttl > 0 && h.Now.After(s.expires()):
			s.revoked, s.changed = true, h.Now
			h.Model.secrets[secret] = s
			return *refusal(401, "Access denied due to expired client secret", "client secret "+secret+" expired at")
		case s.limit > 0 && s.uses >= s.limit:
			s.revoked, s.changed = true, h.Now
			h.Model.secrets[secret] = s
			return *refusal(401, "Access denied due to client secret usage limit reached", fmt.Sprintf("has had its %d uses", s.limit))
		case slug != "":
			return *refusal(404, "Sub organization with name nowhere not found", "")
		}
		s.uses, s.changed = s.uses+1, h.Now
		h.Model.secrets[secret] = s
		issued = modelJWT{identity: identity, method: "universal-auth", auth: auth.id, secret: secret, ttl: auth.ttl, maxTTL: auth.maxTTL, limit: auth.uses, created: h.Now.Unix()}
		if auth.period > 0 {
			issued.ttl, issued.maxTTL = auth.period, 0
		}
		seconds = h.issue(&issued)
		return want{Status: 200, Has: object{"expiresIn": seconds, "accessTokenMaxTTL": issued.maxTTL, "tokenType": "Bearer"}}
	})
	if a.OK() {
		h.keep(a, issued)
	}
}

// wrongSecret counts a failure.
func (h history) wrongSecret(identity string) *want {
	auth := h.Model.universal[identity]
	refused := refusal(401, "Invalid credentials", "secret")
	if !auth.lockout {
		return refused
	}
	if !h.Now.Before(auth.forgotten) {
		auth.failures = 0
	}
	auth.failures++
	auth.locked = auth.failures >= auth.threshold
	auth.forgotten = h.Now.Add(time.Duration(auth.resets) * time.Second)
	if auth.locked {
		auth.forgotten = h.Now.Add(time.Duration(auth.lasts) * time.Second)
		refused.Reason = "is now locked until"
	}
	h.Model.universal[identity] = auth
	return refused
}

// issue sets when a token expires and returns for how many seconds it lives, 0
// for ever.
func (h history) issue(j *modelJWT) int {
	seconds := 1 << 60
	if j.ttl > 0 {
		seconds = j.ttl
	}
	if j.maxTTL > 0 {
		seconds = min(seconds, j.maxTTL-int(h.Now.Unix()-j.created))
	}
	if j.method == "universal-auth" || h.Live {
		seconds = min(seconds, maxAge)
	}
	if seconds == 1<<60 {
		j.expires = 0
		return 0
	}
	j.expires = h.Now.Unix() + int64(seconds)
	return seconds
}

// keep remembers a token, whose claims must say what the model does.
func (h history) keep(a providertest.Answer, j modelJWT) {
	text := a.Text("accessToken")
	claims := providertest.Claims(h.T, text)
	said := object{"identityId": j.identity, "authMethod": j.method, "clientSecretId": j.secret, "iat": h.Now.Unix(), "creationEpoch": j.created}
	for path, value := range said {
		if got := claims.At(path); fmt.Sprint(got) != fmt.Sprint(value) {
			h.Fatalf("claim %s is %v, want %v", path, got, value)
		}
	}
	if expires := claims.At("exp"); j.expires != 0 && fmt.Sprint(expires) != fmt.Sprint(j.expires) || j.expires == 0 && expires != nil {
		h.Fatalf("claim exp is %v, want %v", expires, j.expires)
	}
	if id := claims.Text("jti"); j.id != "" && id != j.id {
		h.Fatalf("the renewed token has the id %s, want %s", id, j.id)
	}
	j.id = claims.Text("jti")
	h.Model.jwts[text] = j
}

func (h history) clearLockouts() {
	id := h.anIdentity()
	auth := h.Model.universal[id]
	a := h.as(request{Method: "POST", Path: universalPath + id + "/clear-lockouts", JSON: object{}}, func(caller string) *want {
		if refused := first(h.missing(universalPath, id, 400, noUniversal, ""), allowed(caller, "edit")); refused != nil {
			return refused
		}
		deleted := 0
		if h.Now.Before(auth.forgotten) {
			deleted = 1
		}
		return &want{Status: 200, Has: object{"deleted": deleted}}
	})
	if a.OK() {
		auth.failures, auth.forgotten, auth.locked = 0, time.Time{}, false
		h.Model.universal[id] = auth
	}
}

func (h history) createToken() {
	id := h.anIdentity()
	auth := h.Model.token[id]
	issued := modelJWT{identity: id, method: "token-auth", auth: auth.id, ttl: auth.ttl, maxTTL: auth.maxTTL, limit: auth.uses, created: h.Now.Unix()}
	seconds := 0
	a := h.as(request{Method: "POST", Path: tokenPath + id + "/tokens", JSON: object{"name": "t"}}, func(caller string) *want {
		if refused := first(h.missing(tokenPath, id, 400, "", noToken), allowed(caller, "edit")); refused != nil {
			return refused
		}
		seconds = h.issue(&issued)
		return &want{Status: 200, Has: object{
			"expiresIn": auth.ttl, "accessTokenMaxTTL": auth.maxTTL, "tokenData.accessTokenTTL": seconds,
			"tokenData.accessTokenNumUsesLimit": auth.uses, "tokenData.isAccessTokenRevoked": false,
		}}
	})
	if a.OK() {
		h.keep(a, issued)
		h.Model.records[a.Text("tokenData.id")] = modelRecord{identity: id, name: "t", issued: seconds, updated: h.Now}
	}
}

// aRecord draws a token of token auth, or one that there is not.
func (h history) aRecord() string {
	keys := slices.Sorted(maps.Keys(h.Model.records))
	return rapid.SampledFrom(append(keys, "nonesuch")).Draw(h.T, "record")
}

func (h history) renameToken() {
	id, name := h.aRecord(), providertest.Pick(h.History, "name", "a", "b")
	a := h.as(request{Method: "PATCH", Path: "/api/v1/auth/token-auth/tokens/" + id, JSON: object{"name": name}}, func(caller string) *want {
		r, ok := h.Model.records[id]
		if !ok {
			return refusal(404, "Token with ID "+id+" not found", "")
		}
		if refused := allowed(caller, "edit"); refused != nil {
			return refused
		}
		return &want{Status: 200, Has: object{"token.name": name, "token.isAccessTokenRevoked": r.revoked}}
	})
	if a.OK() {
		r := h.Model.records[id]
		r.name, r.updated = name, h.Now
		h.Model.records[id] = r
	}
}

func (h history) revokeRecord() {
	id := h.aRecord()
	a := h.as(request{Method: "POST", Path: "/api/v1/auth/token-auth/tokens/" + id + "/revoke", JSON: object{}}, func(caller string) *want {
		if r, ok := h.Model.records[id]; !ok || r.revoked {
			return refusal(404, "Token with ID "+id+" not found or already revoked", "")
		}
		return allowed(caller, "edit")
	})
	if a.OK() {
		h.endToken(id)
	}
}

func (h history) endToken(id string) {
	h.end(id, "token has been revoked")
	if r, ok := h.Model.records[id]; ok {
		r.revoked, r.updated = true, h.Now
		h.Model.records[id] = r
	}
}

func (h history) renew() {
	text := one(h, "token", h.Model.jwts)
	j := h.Model.jwts[text]
	a := h.Call(request{Method: "POST", Path: "/api/v1/auth/token/renew", JSON: object{"accessToken": text}}, func() want {
		if refused := h.valid(j, "Cannot renew: "); refused != nil {
			return *refused
		}
		if j.limit > 0 && h.Model.uses[j.id] >= j.limit {
			return *refusal(401, "Cannot renew exhausted access token", fmt.Sprintf("has had its %d uses", j.limit))
		}
		return want{Status: 200, Has: object{"expiresIn": h.issue(&j), "accessTokenMaxTTL": j.maxTTL}}
	})
	if a.OK() {
		h.keep(a, j)
	}
}

func (h history) revoke() {
	text := one(h, "token", h.Model.jwts)
	j := h.Model.jwts[text]
	a := h.Call(request{Method: "POST", Path: "/api/v1/auth/token/revoke", JSON: object{"accessToken": text}}, func() want {
		if j.expires > 0 && h.Now.Unix() >= j.expires {
			return *refusal(403, "Your token has expired. Please re-authenticate.", "the token expired at")
		}
		return want{Status: 200} // a second time too
	})
	if a.OK() {
		h.endToken(j.id)
	}
}

func (h history) use() {
	text := one(h, "token", h.Model.jwts)
	h.Call(request{Method: "GET", Path: "/api/v1/identities/details", Token: text}, func() want {
		if refused := h.admit(h.Model.jwts[text]); refused != nil {
			return *refused
		}
		return want{Status: 200, Has: object{"identityDetails.organization.id": h.Credentials["organizationId"]}}
	})
}

// get reads as the administrator.
func (h history) get(path string, status int, has object) providertest.Answer {
	return h.Call(request{Method: "GET", Path: path, Token: h.Credentials["accessToken"]}, func() want { return want{Status: status, Has: has} })
}

// agree compares everything that can be listed or read.
func (h history) agree() {
	listed := map[string]bool{}
	for _, item := range h.get("/api/v1/identities?orgId="+h.Credentials["organizationId"], 200, nil).List("identities") {
		listed[item.(object)["identity"].(object)["id"].(string)] = true
	}
	delete(listed, h.Credentials["identityId"])
	if len(listed) != len(h.Model.identities) {
		h.Fatalf("%d identities are listed, want %d", len(listed), len(h.Model.identities))
	}
	for _, id := range slices.Sorted(maps.Keys(h.Model.identities)) {
		var methods, locked []string
		universal, isUniversal := h.Model.universal[id]
		token, isToken := h.Model.token[id]
		if isUniversal {
			methods = append(methods, "universal-auth")
			h.get(universalPath+id, 200, universal.shown(universalPath))
			h.secretsAgree(id)
			if universal.lockout && universal.locked && h.Now.Before(universal.forgotten) {
				locked = methods
			}
		} else {
			h.get(universalPath+id, 404, nil)
		}
		if isToken {
			methods = append(methods, "token-auth")
			h.get(tokenPath+id, 200, token.shown(tokenPath))
			h.recordsAgree(id)
		} else {
			h.get(tokenPath+id, 404, nil)
		}
		h.get("/api/v1/identities/"+id, 200, object{
			"identity.role": h.Model.identities[id].role, "identity.identity.hasDeleteProtection": h.Model.identities[id].protected,
			"identity.identity.authMethods": methods, "identity.identity.activeLockoutAuthMethods": locked,
		})
		if !listed[id] {
			h.Fatalf("identity %s is not listed", id)
		}
	}
}

func (h history) secretsAgree(identity string) {
	path := universalPath + identity + "/client-secrets"
	listed := map[string]bool{}
	for _, item := range h.get(path, 200, nil).List("clientSecretData") {
		listed[item.(object)["id"].(string)] = true
	}
	want := 0
	for _, id := range slices.Sorted(maps.Keys(h.Model.secrets)) {
		s := h.Model.secrets[id]
		if s.identity != identity {
			continue
		}
		if h.cleanedUp(s) {
			h.get(path+"/"+id, 404, nil)
			if listed[id] {
				h.Fatalf("client secret %s is listed a day after its end", id)
			}
			continue
		}
		h.get(path+"/"+id, 200, object{
			"clientSecretData.clientSecretNumUses": s.uses, "clientSecretData.isClientSecretRevoked": s.revoked,
			"clientSecretData.clientSecretPrefix": s.value[:4], "clientSecretData.identityUAId": s.auth,
		})
		if !s.revoked {
			want++
		}
		if listed[id] == s.revoked {
			h.Fatalf("client secret %s, revoked %t, is listed: %t", id, s.revoked, listed[id])
		}
	}
	if len(listed) != want {
		h.Fatalf("%d client secrets are listed, want %d", len(listed), want)
	}
}

func (h history) recordsAgree(identity string) {
	var want []string
	for _, id := range slices.Sorted(maps.Keys(h.Model.records)) {
		if r := h.Model.records[id]; r.identity == identity {
			want = append(want, id)
			h.get("/api/v1/auth/token-auth/tokens/"+id, 200, object{"token.name": r.name, "token.isAccessTokenRevoked": r.revoked, "token.accessTokenTTL": r.issued})
		}
	}
	var got []string
	for _, item := range h.get(tokenPath+identity+"/tokens?limit=100", 200, nil).List("tokens") {
		id := item.(object)["id"].(string)
		if len(got) > 0 && h.Model.records[got[len(got)-1]].updated.Before(h.Model.records[id].updated) {
			h.Fatalf("token %s, changed later, is listed after %s", id, got[len(got)-1])
		}
		got = append(got, id)
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		h.Fatalf("the tokens %v are listed, want %v", got, want)
	}
}
