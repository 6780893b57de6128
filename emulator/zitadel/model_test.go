package zitadel_test

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator/zitadel"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model: what is public of projects, applications, users, their credentials and
// the keys that sign, as maps. What the OAuth endpoints may see late keeps its past;
// what has been removed stays for that.
type (
	model struct {
		projects map[string]modelProject
		apps     map[string]modelApp
		users    map[string]modelUser // those that are there
		keys     map[string]modelKey
		tokens   map[string]modelToken // by the token itself
		webKeys  map[string]string     // states, of those that are there
	}
	modelProject struct {
		id, name, admin string // admin is a user or empty
		made            int    // orders lists
		events          int
		past            []modelView // the last one is now
	}
	modelApp struct {
		id, project, name, clientID string
		oidc, privateKey            bool
		made                        int
		past                        []modelView
	}
	modelUser struct {
		id, name string
		state    string // of USER_STATE_; empty: ACTIVE
		person   bool
		jwt      bool
		made     int
		events   int
		past     []modelView
	}
	modelKey struct {
		id, owner, identifier, pem string
		made                       int
		expires                    time.Time
		past                       []modelView
	}
	// A modelView is what there is from an instant on.
	modelView struct {
		from   time.Time
		there  bool // not removed
		active bool
		secret string
	}
	modelToken struct {
		id, user, clientID string // id is a personal access token's
		key                string // that signed it, a JWT
		made               int
		audience           []string
		expires            time.Time // zero: never
		revoked            bool
	}
)

func (m model) clone() model {
	return model{maps.Clone(m.projects), maps.Clone(m.apps), maps.Clone(m.users), maps.Clone(m.keys), maps.Clone(m.tokens), maps.Clone(m.webKeys)}
}

func present(past []modelView) modelView {
	if len(past) == 0 {
		return modelView{}
	}
	return past[len(past)-1]
}

type (
	want    = providertest.Want
	request = providertest.Request
	object  = map[string]any
)

var refusal = providertest.Refusal

type history struct {
	*providertest.History[model]
	lag   time.Duration
	made  *int // counts what is made, through all worlds
	world struct{ projects, users []string }
}

const management = "/management/v1"

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lag := rapid.SampledFrom([]time.Duration{0, 0, 20 * time.Second}).Draw(t, "lag")
		empty := model{map[string]modelProject{}, map[string]modelApp{}, map[string]modelUser{}, map[string]modelKey{}, map[string]modelToken{}, map[string]string{}}
		h := history{History: providertest.NewHistory(t, zitadel.New(zitadel.Lag(lag)), empty, model.clone), lag: lag, made: new(int)}
		h.Hold(providertest.Holding{Found: h.found, Accepts: map[string]func(providertest.Held) bool{
			"client-secret": h.takesSecret, "key": h.takesKey, "personal-access-token": h.takesToken, "access-token": h.takesToken,
		}})
		h.world.projects = h.search("/projects/_search")
		h.world.users = h.search("/users/_search")
		h.Model.webKeys[h.listWebKeys()[0]] = "ACTIVE"
		h.addProject()
		h.addApp()
		h.addUser()
		h.Run(map[string]func(){
			"advance":            func() { h.Advance(h.instants()) },
			"add project":        h.addProject,
			"change project":     h.changeProject,
			"remove project":     h.removeProject,
			"add app":            h.addApp,
			"rename app":         h.renameApp,
			"configure app":      h.configureApp,
			"change app":         h.changeApp,
			"regenerate secret":  h.regenerate,
			"remove app":         h.removeApp,
			"add app key":        h.addAppKey,
			"add user":           h.addUser,
			"rename user":        h.renameUser,
			"configure user":     h.configureUser,
			"move user":          h.moveUser,
			"remove user":        h.removeUser,
			"generate secret":    h.generate,
			"remove secret":      h.removeSecret,
			"add user key":       h.addUserKey,
			"remove key":         h.removeKey,
			"add pat":            h.addPAT,
			"remove pat":         h.removePAT,
			"client credentials": h.clientCredentials,
			"jwt profile":        h.jwtProfile,
			"introspect":         h.introspect,
			"introspect by key":  h.introspectByKey,
			"userinfo":           h.userinfo,
			"read project":       h.readProject,
			"revoke token":       h.revoke,
			"create web key":     h.createWebKey,
			"activate web key":   h.activateWebKey,
			"delete web key":     h.deleteWebKey,
		}, map[string]int{"advance": 2, "generate secret": 2, "add pat": 2, "client credentials": 4, "jwt profile": 2, "introspect": 3, "userinfo": 2, "read project": 2}, h.agree)
	})
}

// instants are where something changes by the clock alone.
func (h history) instants() []time.Time {
	var list []time.Time
	add := func(past []modelView) {
		for _, v := range past {
			list = append(list, v.from.Add(h.lag))
		}
	}
	for _, id := range keysOf(h.Model.projects) {
		add(h.Model.projects[id].past)
	}
	for _, id := range keysOf(h.Model.apps) {
		add(h.Model.apps[id].past)
	}
	for _, id := range keysOf(h.Model.users) {
		add(h.Model.users[id].past)
	}
	for _, id := range keysOf(h.Model.keys) {
		add(h.Model.keys[id].past)
		list = append(list, h.Model.keys[id].expires)
	}
	for _, text := range keysOf(h.Model.tokens) {
		list = append(list, h.Model.tokens[text].expires)
	}
	return list
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// after returns a past with one more view.
func (h history) after(past []modelView, change func(*modelView)) []modelView {
	v := present(past)
	v.from = h.Now
	change(&v)
	return append(slices.Clone(past), v)
}

// seen is what the OAuth endpoints see.
func (h history) seen(past []modelView) modelView {
	var seen modelView
	for _, v := range past {
		if !v.from.After(h.Now.Add(-h.lag)) {
			seen = v
		}
	}
	return seen
}

func (h history) next() int {
	*h.made++
	return *h.made
}

// search returns the ids that a search finds.
func (h history) search(path string) []string {
	var ids []string
	a := h.Call(request{Method: "POST", Path: management + path, Token: h.Credentials["accessToken"], JSON: object{}}, func() want { return want{Status: 200} })
	for _, item := range a.List("result") {
		ids = append(ids, item.(object)["id"].(string))
	}
	return ids
}

// manage makes a call as the owner of the organization; a nil refusal foretells
// success.
func (h history) manage(method, path string, body object, foretell func() *want) providertest.Answer {
	return h.Call(request{Method: method, Path: management + path, Token: h.Credentials["accessToken"], JSON: body}, func() want {
		if w := foretell(); w != nil {
			return *w
		}
		return want{Status: 200}
	})
}

// sequence foretells a success after which an aggregate has had so many events.
func sequence(events int) *want {
	return &want{Status: 200, Has: object{"details.sequence": events}}
}

func coded(status int, id string) *want {
	return refusal(status, "("+id+")", "")
}

// aProject draws one there is, was, or never was.
func (h history) aProject() modelProject {
	id := rapid.SampledFrom(append(keysOf(h.Model.projects), "1")).Draw(h.T, "project")
	if p, ok := h.Model.projects[id]; ok {
		return p
	}
	return modelProject{id: id}
}

func (h history) put(p modelProject) { h.Model.projects[p.id] = p }

func (h history) addProject() {
	name, admin := providertest.Pick(h.History, "name", "p", "q", "r"), ""
	body := object{"name": name}
	if len(h.Model.users) > 0 && providertest.Pick(h.History, "has an admin", false, true) {
		admin = rapid.SampledFrom(keysOf(h.Model.users)).Draw(h.T, "admin")
		body["admins"] = []object{{"userId": admin, "roles": []string{"PROJECT_OWNER"}}}
	}
	events := 1
	if admin != "" {
		events = 2
	}
	a := h.manage("POST", "/projects", body, func() *want {
		for _, p := range h.Model.projects {
			if present(p.past).there && p.name == name {
				return refusal(409, "Project already exists on organization", name)
			}
		}
		return sequence(events)
	})
	if a.OK() {
		p := modelProject{id: a.Text("id"), name: name, admin: admin, made: h.next(), events: events}
		p.past = h.after(nil, func(v *modelView) { v.there, v.active = true, true })
		h.put(p)
	}
}

func (h history) changeProject() {
	p := h.aProject()
	activate := providertest.Pick(h.History, "activate", true, false)
	path, missing, same := "_deactivate", "COMMAND-112M9", "COMMAND-mki55"
	if activate {
		path, missing, same = "_reactivate", "COMMAND-3M9sd", "COMMAND-5M9bs"
	}
	a := h.manage("POST", "/projects/"+p.id+"/"+path, object{}, func() *want {
		switch now := present(p.past); {
		case !now.there:
			return coded(404, missing)
		case now.active == activate:
			return coded(400, same)
		}
		return sequence(p.events + 1)
	})
	if a.OK() {
		p.events++
		p.past = h.after(p.past, func(v *modelView) { v.active = activate })
		h.put(p)
	}
}

func (h history) removeProject() {
	p := h.aProject()
	a := h.manage("DELETE", "/projects/"+p.id, nil, func() *want {
		if !present(p.past).there {
			return coded(404, "COMMAND-3M9sd")
		}
		return sequence(p.events + 1)
	})
	if a.OK() {
		p.past = h.after(p.past, gone)
		h.put(p)
		for _, id := range keysOf(h.Model.apps) {
			if app := h.Model.apps[id]; app.project == p.id && present(app.past).there {
				h.dropApp(app)
			}
		}
	}
}

func gone(v *modelView) { v.there, v.active, v.secret = false, false, "" }

// anApp draws one there is, was, or never was, by the path of its project or of
// another. Missing is the refusal when it is not found.
func (h history) anApp() (app modelApp, path string, missing func(id string) *want) {
	id := rapid.SampledFrom(append(keysOf(h.Model.apps), "1")).Draw(h.T, "app")
	app = h.Model.apps[id]
	app.id = id
	project := app.project
	if project == "" || providertest.Pick(h.History, "other project", false, false, false, false, true) {
		project = h.aProject().id
	}
	return app, "/projects/" + project + "/apps/" + id, func(refused string) *want {
		if present(app.past).there && app.project == project {
			return nil
		}
		return coded(404, refused)
	}
}

// appEvent counts events of an application's project.
func (h history) appEvent(app modelApp, n int) {
	p := h.Model.projects[app.project]
	p.events += n
	h.put(p)
	h.Model.apps[app.id] = app
}

// appSequence foretells a success that is so many events of the project.
func (h history) appSequence(app modelApp, n int) *want {
	return sequence(h.Model.projects[app.project].events + n)
}

func (h history) addApp() {
	p := h.aProject()
	app := modelApp{project: p.id, name: providertest.Pick(h.History, "name", "a", "b", "c")}
	app.oidc = providertest.Pick(h.History, "oidc", false, false, true)
	path, body := "/api", object{"name": app.name}
	if app.oidc {
		path = "/oidc"
	} else if app.privateKey = providertest.Pick(h.History, "private key", false, false, true); app.privateKey {
		body["authMethodType"] = "API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"
	}
	a := h.manage("POST", "/projects/"+p.id+"/apps"+path, body, func() *want {
		if !present(p.past).there {
			return coded(400, "COMMAND-EbFMN")
		}
		if h.appNamed(p.id, app.name) {
			return refusal(409, "Application already exists", app.name)
		}
		return sequence(p.events + 2)
	})
	if a.OK() {
		app.id, app.clientID, app.made = a.Text("appId"), a.Text("clientId"), h.next()
		secret := a.Text("clientSecret")
		if (len(secret) == 64) == app.privateKey {
			h.Fatalf("the secret is %q", secret)
		}
		app.past = h.after(nil, func(v *modelView) { *v = modelView{v.from, true, true, secret} })
		h.appEvent(app, 2)
	}
}

func (h history) appNamed(project, name string) bool {
	for _, app := range h.Model.apps {
		if app.project == project && app.name == name && present(app.past).there {
			return true
		}
	}
	return false
}

func (h history) renameApp() {
	app, path, missing := h.anApp()
	name := providertest.Pick(h.History, "name", "a", "b", "c")
	a := h.manage("PUT", path, object{"name": name}, func() *want {
		switch refused := missing("COMMAND-28di9"); {
		case refused != nil:
			return refused
		case app.name == name:
			return coded(400, "COMMAND-2m8vx")
		case h.appNamed(app.project, name):
			return refusal(409, "Application already exists", name)
		}
		return h.appSequence(app, 1)
	})
	if a.OK() {
		app.name = name
		h.appEvent(app, 1)
	}
}

func (h history) configureApp() {
	app, path, missing := h.anApp()
	privateKey := providertest.Pick(h.History, "private key", true, false)
	method := "API_AUTH_METHOD_TYPE_BASIC"
	if privateKey {
		method = "API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"
	}
	a := h.manage("PUT", path+"/api_config", object{"authMethodType": method}, func() *want {
		switch refused := missing("COMMAND-2n8uU"); {
		case refused != nil:
			return refused
		case app.oidc:
			return coded(400, "COMMAND-Gnwt3")
		case app.privateKey == privateKey:
			return coded(400, "COMMAND-1m88i")
		}
		return h.appSequence(app, 1)
	})
	if a.OK() { // the secret stays, or there is none
		app.privateKey = privateKey
		h.appEvent(app, 1)
	}
}

func (h history) changeApp() {
	app, path, missing := h.anApp()
	activate := providertest.Pick(h.History, "activate", true, false)
	action, same := "/_deactivate", "COMMAND-dsh35"
	if activate {
		action, same = "/_reactivate", "COMMAND-1n8cM"
	}
	a := h.manage("POST", path+action, object{}, func() *want {
		switch refused := missing("COMMAND-ov9d3"); {
		case refused != nil:
			return refused
		case present(app.past).active == activate:
			return coded(400, same)
		}
		return h.appSequence(app, 1)
	})
	if a.OK() {
		app.past = h.after(app.past, func(v *modelView) { v.active = activate })
		h.appEvent(app, 1)
	}
}

func (h history) regenerate() {
	app, path, missing := h.anApp()
	oidc := app.oidc != providertest.Pick(h.History, "wrong type", false, false, false, false, true)
	config, wrong := "/api_config", "COMMAND-aeH4"
	if oidc {
		config, wrong = "/oidc_config", "COMMAND-Ghrh3"
	}
	a := h.manage("POST", path+config+"/_generate_client_secret", object{}, func() *want {
		switch refused := missing("COMMAND-2g66f"); {
		case refused != nil:
			return refused
		case app.oidc != oidc:
			return coded(400, wrong)
		}
		return h.appSequence(app, 1) // inactive or not
	})
	if a.OK() {
		app.past = h.after(app.past, func(v *modelView) { v.secret = a.Text("clientSecret") })
		h.appEvent(app, 1)
	}
}

func (h history) removeApp() {
	app, path, missing := h.anApp()
	a := h.manage("DELETE", path, nil, func() *want {
		if refused := missing("COMMAND-0po9s"); refused != nil {
			return refused
		}
		return h.appSequence(app, 1)
	})
	if a.OK() {
		h.appEvent(app, 1)
		h.dropApp(app)
	}
}

func (h history) dropApp(app modelApp) {
	app.past = h.after(app.past, gone)
	h.Model.apps[app.id] = app
	for id, k := range h.Model.keys {
		if k.owner == app.id && present(k.past).there {
			k.past = h.after(k.past, gone)
			h.Model.keys[id] = k
		}
	}
}

// expiration draws a date, or none, or one that has passed.
func (h history) expiration() (body object, at time.Time, refused *want) {
	in := providertest.Pick(h.History, "expires in", 0, time.Minute, time.Hour, -time.Second)
	if in == 0 {
		return object{}, time.Time{}, nil
	}
	at = h.Now.Add(in)
	if in < 0 {
		refused = refusal(400, "Errors.AuthNKey.ExpireBeforeNow", "has passed")
	}
	return object{"expirationDate": at.Format(time.RFC3339Nano)}, at, refused
}

func (h history) addAppKey() {
	app, path, missing := h.anApp()
	body, expires, refused := h.expiration()
	body["type"] = "KEY_TYPE_JSON"
	a := h.manage("POST", path+"/keys", body, func() *want {
		switch {
		case missing("") != nil:
			return coded(400, "COMMAND-sak25")
		case !app.privateKey:
			return coded(400, "COMMAND-Dff54")
		case refused != nil:
			return refused
		}
		return h.appSequence(app, 1)
	})
	if a.OK() {
		h.appEvent(app, 1)
		h.keepKey(a.Text("id"), a.Text("keyDetails"), app.id, app.clientID, expires)
	}
}

func (h history) keepKey(id, details, owner, identifier string, expires time.Time) {
	text, err := base64.StdEncoding.DecodeString(details)
	if err != nil {
		h.Fatal(err)
	}
	var file struct{ KeyID, Key string }
	if err := json.Unmarshal(text, &file); err != nil || file.KeyID != id {
		h.Fatalf("the file of key %s: %v: %s", id, err, text)
	}
	h.Model.keys[id] = modelKey{id, owner, identifier, file.Key, h.next(), expires, h.after(nil, func(v *modelView) { v.there = true })}
}

// aUser draws one there is, or one that never was.
func (h history) aUser() (modelUser, bool) {
	u, ok := h.Model.users[rapid.SampledFrom(append(keysOf(h.Model.users), "1")).Draw(h.T, "user")]
	if !ok {
		u.id = "1"
	}
	return u, ok
}

// aMachine is aUser, and says whether that is a machine user.
func (h history) aMachine() (modelUser, bool) {
	u, ok := h.aUser()
	return u, ok && !u.person
}

// noMachine is the reason where a user is not there or is a person.
func noMachine(u modelUser) string {
	if u.person {
		return "is a person"
	}
	return "there is no user"
}

func (h history) userNamed(name string) bool {
	for _, u := range h.Model.users {
		if u.name == name {
			return true
		}
	}
	return false
}

// userEvent counts an event of a user.
func (h history) userEvent(u modelUser) {
	u.events++
	h.Model.users[u.id] = u
}

func (h history) addUser() {
	u := modelUser{name: providertest.Pick(h.History, "user name", "x", "y", "z"), jwt: providertest.Pick(h.History, "jwt", false, false, true)}
	path, body := "/users/machine", object{"userName": u.name, "name": "n"}
	if u.jwt {
		body["accessTokenType"] = "ACCESS_TOKEN_TYPE_JWT"
	}
	if u.person = providertest.Pick(h.History, "person", false, false, false, true); u.person {
		verified := providertest.Pick(h.History, "verified", true, false)
		if !verified {
			u.state = "INITIAL"
		}
		path, u.jwt = "/users/human/_import", false
		body = object{
			"userName": u.name, "profile": object{"firstName": "F", "lastName": "L"}, "password": "p",
			"email": object{"email": u.name + "@example.com", "isEmailVerified": verified},
		}
	}
	a := h.manage("POST", path, body, func() *want {
		if h.userNamed(u.name) {
			return refusal(409, "User already exists", u.name)
		}
		return sequence(1)
	})
	if a.OK() {
		u.id, u.made = a.Text("userId"), h.next()
		h.userEvent(u)
	}
}

func (h history) renameUser() {
	u, ok := h.aUser()
	name := providertest.Pick(h.History, "user name", "x", "y", "z")
	a := h.manage("PUT", "/users/"+u.id+"/username", object{"userName": name}, func() *want {
		switch {
		case !ok:
			return refusal(404, "User could not be found", "there is no user")
		case u.name == name:
			return refusal(400, "Username not changed", "")
		case h.userNamed(name):
			return refusal(409, "User already exists", name)
		}
		return sequence(u.events + 1)
	})
	if a.OK() {
		u.name = name
		h.userEvent(u)
	}
}

func (h history) configureUser() {
	u, ok := h.aMachine()
	jwt, kind := providertest.Pick(h.History, "jwt", true, false), "ACCESS_TOKEN_TYPE_BEARER"
	if jwt {
		kind = "ACCESS_TOKEN_TYPE_JWT"
	}
	a := h.manage("PUT", "/users/"+u.id+"/machine", object{"name": "n", "accessTokenType": kind}, func() *want {
		switch {
		case !ok:
			return refusal(404, "User could not be found", noMachine(u))
		case u.jwt == jwt:
			return refusal(400, "Errors.User.NotChanged", "")
		}
		return sequence(u.events + 1)
	})
	if a.OK() {
		u.jwt = jwt
		h.userEvent(u)
	}
}

// moveUser makes a user inactive or active, or locks or unlocks one.
func (h history) moveUser() {
	u, ok := h.aUser()
	state := cmp.Or(u.state, "ACTIVE")
	var to, missing, refused string
	fits := false
	move := providertest.Pick(h.History, "move", "_deactivate", "_reactivate", "_reactivate", "_lock", "_unlock", "_unlock")
	switch move {
	case "_deactivate":
		fits, to, missing, refused = state == "ACTIVE" || state == "LOCKED", "INACTIVE", "COMMAND-3M9ds", "COMMAND-5M0sf"
	case "_reactivate":
		fits, to, missing, refused = state == "INACTIVE", "ACTIVE", "COMMAND-4M0sd", "COMMAND-6M0sf"
	case "_lock":
		fits, to, missing, refused = state == "ACTIVE" || state == "INITIAL", "LOCKED", "COMMAND-5M9fs", "COMMAND-3NN8v"
	case "_unlock":
		fits, to, missing, refused = state == "LOCKED", "ACTIVE", "COMMAND-M0dos", "COMMAND-4M0ds"
	}
	a := h.manage("POST", "/users/"+u.id+"/"+move, object{}, func() *want {
		switch {
		case !ok:
			return coded(404, missing)
		case !fits:
			return coded(400, refused)
		}
		return sequence(u.events + 1)
	})
	if a.OK() {
		u.state = to
		h.userEvent(u)
	}
}

// inactive says why a user's credentials are not good, or nothing.
func (u modelUser) inactive() string {
	switch u.state {
	case "INACTIVE":
		return "is inactive"
	case "LOCKED":
		return "is locked"
	}
	return ""
}

func (h history) removeUser() {
	u, ok := h.aUser()
	a := h.manage("DELETE", "/users/"+u.id, nil, func() *want {
		if !ok {
			return refusal(404, "User could not be found", "there is no user")
		}
		return sequence(u.events + 1)
	})
	if a.OK() { // at once, whatever the lag
		delete(h.Model.users, u.id)
		maps.DeleteFunc(h.Model.keys, func(_ string, k modelKey) bool { return k.owner == u.id })
		for id, p := range h.Model.projects {
			if p.admin == u.id {
				p.admin = ""
				h.Model.projects[id] = p
			}
		}
	}
}

func (h history) generate() {
	u, ok := h.aMachine()
	a := h.manage("PUT", "/users/"+u.id+"/secret", object{}, func() *want {
		if !ok {
			return coded(400, "COMMAND-x8910n")
		}
		w := sequence(u.events + 1)
		w.Has["clientId"] = u.name
		return w
	})
	if a.OK() {
		u.past = h.after(u.past, func(v *modelView) { v.secret = a.Text("clientSecret") })
		h.userEvent(u)
	}
}

func (h history) removeSecret() {
	u, ok := h.aMachine()
	a := h.manage("DELETE", "/users/"+u.id+"/secret", nil, func() *want {
		switch {
		case !ok:
			return coded(400, "COMMAND-x7s802")
		case present(u.past).secret == "":
			return coded(400, "COMMAND-coi82n")
		}
		return sequence(u.events + 1)
	})
	if a.OK() {
		u.past = h.after(u.past, func(v *modelView) { v.secret = "" })
		h.userEvent(u)
	}
}

func (h history) addUserKey() {
	u, ok := h.aMachine()
	body, expires, refused := h.expiration()
	body["type"] = "KEY_TYPE_JSON"
	a := h.manage("POST", "/users/"+u.id+"/keys", body, func() *want {
		switch {
		case refused != nil:
			return refused
		case !ok:
			return refusal(400, "User could not be found", noMachine(u))
		}
		return sequence(u.events + 1)
	})
	if a.OK() {
		h.userEvent(u)
		h.keepKey(a.Text("keyId"), a.Text("keyDetails"), u.id, u.id, expires)
	}
}

func (h history) removeKey() {
	if len(h.Model.keys) == 0 {
		h.Skip("none")
	}
	k := h.Model.keys[rapid.SampledFrom(keysOf(h.Model.keys)).Draw(h.T, "key")]
	app, isApp := h.Model.apps[k.owner]
	path := "/users/" + k.owner
	if isApp {
		path = "/projects/" + app.project + "/apps/" + app.id
	}
	events := h.Model.users[k.owner].events
	if isApp {
		events = h.Model.projects[app.project].events
	}
	a := h.manage("DELETE", path+"/keys/"+k.id, nil, func() *want {
		if !present(k.past).there {
			return coded(404, "COMMAND-4m77G")
		}
		return sequence(events + 1)
	})
	if a.OK() {
		k.past = h.after(k.past, gone)
		h.Model.keys[k.id] = k
		if isApp {
			h.appEvent(app, 1)
		} else {
			h.userEvent(h.Model.users[k.owner])
		}
	}
}

func (h history) addPAT() {
	u, ok := h.aMachine()
	body, expires, refused := h.expiration()
	a := h.manage("POST", "/users/"+u.id+"/pats", body, func() *want {
		switch {
		case refused != nil:
			return refused
		case !ok:
			return coded(400, "COMMAND-Dggw2")
		}
		return sequence(u.events + 1)
	})
	if a.OK() {
		h.userEvent(u)
		h.Model.tokens[a.Text("token")] = modelToken{id: a.Text("tokenId"), user: u.id, made: h.next(), expires: expires}
	}
}

func (h history) removePAT() {
	text := h.aToken()
	t := h.Model.tokens[text]
	u, there := h.Model.users[t.user]
	id := t.id
	if id == "" {
		id = "1"
	}
	a := h.manage("DELETE", "/users/"+t.user+"/pats/"+id, nil, func() *want {
		if !there || t.revoked || t.id == "" {
			return coded(404, "COMMAND-4m77G")
		}
		return sequence(u.events + 1)
	})
	if a.OK() {
		t.revoked = true
		h.Model.tokens[text] = t
		h.userEvent(u)
	}
}

// aToken draws one of any kind, or skips the action.
func (h history) aToken() string {
	if len(h.Model.tokens) == 0 {
		h.Skip("none")
	}
	return rapid.SampledFrom(keysOf(h.Model.tokens)).Draw(h.T, "token")
}

// good says whether a token counts.
func (h history) good(t modelToken) bool {
	u, there := h.Model.users[t.user]
	_, verified := h.Model.webKeys[t.key]
	return there && !t.revoked && (t.expires.IsZero() || h.Now.Before(t.expires)) && u.inactive() == "" && (t.key == "" || verified)
}

// bad is the reason to refuse a token that is not good.
func (h history) bad(text string) string {
	t := h.Model.tokens[text]
	u, there := h.Model.users[t.user]
	_, verified := h.Model.webKeys[t.key]
	switch jwt := t.key != ""; {
	case jwt && !verified:
		return "no token here has this value"
	case jwt && !there:
		return "its user is removed"
	case jwt && t.revoked:
		return "it is revoked"
	case !there || t.revoked: // an opaque one is forgotten
		return "no token here has this value"
	case !t.expires.IsZero() && !h.Now.Before(t.expires):
		return "the token expired at"
	}
	return u.inactive()
}

const (
	audience = "urn:zitadel:iam:org:project:id:"
	lifetime = 43200
)

// scope draws what a token is asked for, and for whom it is then.
func (h history) scope() (scope string, forProjects []string) {
	switch p := h.aProject(); providertest.Pick(h.History, "scope", "", "openid", "project", "project", "zitadel") {
	case "openid":
		return "openid", nil
	case "project":
		return "openid " + audience + p.id + ":aud", []string{p.id}
	case "zitadel":
		return audience + "zitadel:aud", []string{"zitadel"}
	}
	return "", nil
}

func (h history) keepToken(a providertest.Answer, u modelUser, clientID string, audience []string) {
	text := a.Text("access_token")
	t := modelToken{user: u.id, clientID: clientID, audience: audience, made: h.next(), expires: h.Now.Add(lifetime * time.Second)}
	if u.jwt {
		t.key = h.activeWebKey()
	}
	h.Model.tokens[text] = t
	if !u.jwt {
		return
	}
	if signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256}); err != nil || signed.Signatures[0].Header.KeyID != t.key {
		h.Fatalf("signed by another key than %s: %v", t.key, err)
	}
	claims := providertest.Claims(h.T, text)
	said := object{"sub": u.id, "client_id": clientID, "iat": h.Now.Unix(), "exp": h.Now.Unix() + lifetime}
	for name, value := range said {
		if got := claims.At(name); fmt.Sprint(got) != fmt.Sprint(value) {
			h.Fatalf("claim %s is %v, want %v", name, got, value)
		}
	}
}

func (h history) clientCredentials() {
	u, ok := h.aUser()
	name, secret := u.name, present(u.past).secret
	if !ok {
		name = "nobody"
	}
	if n := len(u.past); n > 0 { // the present secret, or one before it, or a wrong one
		secret = rapid.SampledFrom(append([]string{secret, secret, "wrong"}, u.past[n/2].secret)).Draw(h.T, "secret")
	}
	if secret == "" {
		secret = "none"
	}
	scope, forProjects := h.scope()
	r := request{Method: "POST", Path: "/oauth/v2/token", Form: url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}}
	if providertest.Pick(h.History, "method", "form", "basic") == "basic" {
		r.Basic = [2]string{name, secret}
	} else {
		r.Form.Set("client_id", name)
		r.Form.Set("client_secret", secret)
	}
	a := h.Call(r, func() want {
		switch seen := h.seen(u.past).secret; {
		case !ok:
			return *refusal(400, `"invalid_client","error_description":"client not found"`, "no machine user has this login name")
		case u.inactive() != "":
			return *refusal(400, `"invalid_request","error_description":"Errors.User.NotActive"`, u.inactive())
		case seen == "" && present(u.past).secret == "":
			return *refusal(400, `"invalid_request","error_description":"Errors.User.Machine.Secret.NotExisting"`, "has no secret")
		case seen == "":
			return *refusal(400, `"invalid_request","error_description":"Errors.User.Machine.Secret.NotExisting"`, "so new that")
		case seen != secret && secret == present(u.past).secret:
			return *refusal(400, `"invalid_request","error_description":"Errors.User.Machine.Secret.Invalid"`, "so new that")
		case seen != secret:
			return *refusal(400, `"invalid_request","error_description":"Errors.User.Machine.Secret.Invalid"`, "is not that of user")
		}
		return want{Status: 200, Has: object{"token_type": "Bearer", "expires_in": 43199}}
	})
	if a.OK() {
		h.keepToken(a, u, u.name, forProjects)
	}
}

// assertion draws a key and signs with it.
func (h history) assertion() (modelKey, string) {
	if len(h.Model.keys) == 0 {
		h.Skip("none")
	}
	k := h.Model.keys[rapid.SampledFrom(keysOf(h.Model.keys)).Draw(h.T, "key")]
	return k, h.sign(k)
}

// sign makes an assertion of the present.
func (h history) sign(k modelKey) string {
	block, _ := pem.Decode([]byte(k.pem))
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		h.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: k.id}}, nil)
	if err != nil {
		h.Fatal(err)
	}
	claims, err := json.Marshal(object{"iss": k.identifier, "sub": k.identifier, "aud": h.URL, "iat": h.Now.Unix(), "exp": h.Now.Unix() + 60})
	if err != nil {
		h.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		h.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		h.Fatal(err)
	}
	return text
}

// usable says why the OAuth endpoints do not take a key, or nothing.
func (h history) usable(k modelKey) string {
	switch seen := h.seen(k.past); {
	case !seen.there && !present(k.past).there:
		return "key" // it is removed, or names none
	case !seen.there:
		return "so new that"
	case !k.expires.IsZero() && !h.Now.Before(k.expires):
		return "expired at"
	}
	return ""
}

func (h history) jwtProfile() {
	k, text := h.assertion()
	scope, forProjects := h.scope()
	u, isUser := h.Model.users[k.owner]
	a := h.Call(request{Method: "POST", Path: "/oauth/v2/token", Form: url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text}, "scope": {scope},
	}}, func() want {
		why := h.usable(k)
		if why == "" && !isUser {
			why = "is an application's"
		}
		if why == "" {
			why = u.inactive()
		}
		switch {
		case why == "":
			return want{Status: 200, Has: object{"token_type": "Bearer", "expires_in": 43199}}
		case h.Live:
			return *refusal(500, `"server_error","error_description":"Errors.Internal"`, why)
		}
		return *refusal(400, `"invalid_grant"`, why)
	})
	if a.OK() {
		h.keepToken(a, u, u.id, forProjects)
	}
}

// visible says why the OAuth endpoints do not see an application, or nothing.
func (h history) visible(app modelApp) string {
	switch project := h.Model.projects[app.project]; {
	case h.lag == 0 && !present(app.past).there:
		return "no application has this client id"
	case len(app.past) > 0 && app.past[0].from.After(h.Now.Add(-h.lag)):
		return "so new that"
	case !h.seen(app.past).active:
		return "application " + app.id + " is not active"
	case !h.seen(project.past).active:
		return "project " + app.project + " is not active"
	}
	return ""
}

// client draws an application with a secret: its present one, one before it, or
// a wrong one.
func (h history) client(oidc bool) (modelApp, url.Values) {
	var ids []string
	for _, id := range keysOf(h.Model.apps) {
		if h.Model.apps[id].oidc == oidc {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		h.Skip("none")
	}
	app := h.Model.apps[rapid.SampledFrom(ids).Draw(h.T, "app")]
	secrets := []string{"wrong"}
	for _, v := range app.past {
		if v.secret != "" {
			secrets = append(secrets, v.secret, v.secret)
		}
	}
	secret := rapid.SampledFrom(secrets).Draw(h.T, "secret")
	return app, url.Values{"client_id": {app.clientID}, "client_secret": {secret}}
}

// introspected foretells the answer to an application that has authenticated.
func (h history) introspected(app modelApp, t modelToken) want {
	pat := t.id != ""
	switch {
	case !h.good(t), !pat && !slices.Contains(t.audience, app.project):
		return want{Status: 200, Has: object{"active": false, "sub": nil, "exp": nil}}
	case pat:
		return want{Status: 200, Has: object{"active": true, "sub": t.user, "username": h.Model.users[t.user].name}}
	}
	return want{Status: 200, Has: object{
		"active": true, "sub": t.user, "client_id": t.clientID, "username": h.Model.users[t.user].name,
		"exp": t.expires.Unix(), "iat": t.expires.Add(-lifetime * time.Second).Unix(), "token_type": "Bearer",
	}}
}

func (h history) introspect() {
	text := h.aToken()
	app, form := h.client(providertest.Pick(h.History, "oidc", false, false, true))
	form.Set("token", text)
	h.Call(request{Method: "POST", Path: "/oauth/v2/introspect", Form: form}, func() want {
		seen := h.seen(app.past)
		why := h.visible(app)
		if why == "" && seen.secret != form.Get("client_secret") {
			why = "secret"
		}
		if why != "" {
			return *refusal(400, `{"error":"unauthorized_client"}`, why)
		}
		return h.introspected(app, h.Model.tokens[text])
	})
}

func (h history) introspectByKey() {
	token := h.aToken()
	k, text := h.assertion()
	h.Call(request{Method: "POST", Path: "/oauth/v2/introspect", Form: url.Values{
		"client_assertion": {text}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "token": {token},
	}}, func() want {
		why := h.usable(k)
		app, isApp := h.Model.apps[k.owner]
		if why == "" {
			why = "no application has this client id"
			if isApp {
				why = h.visible(app)
			}
		}
		if why != "" {
			return *refusal(400, `{"error":"unauthorized_client"}`, why)
		}
		return h.introspected(app, h.Model.tokens[token])
	})
}

func (h history) userinfo() {
	text := h.aToken()
	t := h.Model.tokens[text]
	h.Call(request{Method: "GET", Path: "/oidc/v1/userinfo", Token: text}, func() want {
		if !h.good(t) {
			return *refusal(401, "access token invalid", h.bad(text))
		}
		return want{Status: 200, Has: object{"sub": t.user}}
	})
}

// readProject reads a project as the holder of some token: an administrator of
// that project, or of another, or of none.
func (h history) readProject() {
	text := h.aToken()
	t, p := h.Model.tokens[text], h.aProject()
	h.Call(request{Method: "GET", Path: management + "/projects/" + p.id, Token: text}, func() want {
		switch {
		case !h.good(t):
			return *refusal(401, "Errors.Token.Invalid (AUTH-7fs1e)", h.bad(text))
		case t.id == "" && !slices.Contains(t.audience, "zitadel"):
			return *refusal(401, "Errors.Token.Invalid (AUTH-7fs1e)", "not meant for this API")
		}
		refused := refusal(403, "No matching permissions found (AUTH-5mWD2)", "has no role")
		for _, id := range keysOf(h.Model.projects) {
			if other := h.Model.projects[id]; other.admin == t.user && present(other.past).there {
				if id == p.id {
					return want{Status: 200, Has: object{"project.name": p.name}}
				}
				refused = refusal(403, "No matching permissions found (AUTH-3jknH)", "for other projects")
			}
		}
		return *refused
	})
}

func (h history) revoke() {
	text := h.aToken()
	t := h.Model.tokens[text]
	app, form := h.client(true)
	form.Set("token", text)
	a := h.Call(request{Method: "POST", Path: "/oauth/v2/revoke", Form: form}, func() want {
		if why := h.visible(app); why != "" {
			return *refusal(400, `"invalid_client","error_description":"no active client not found"`, why)
		}
		if h.seen(app.past).secret != form.Get("client_secret") {
			return *refusal(400, `"invalid_client","error_description":"invalid secret"`, "secret")
		}
		return want{Status: 200}
	})
	if a.OK() && h.good(t) && slices.Contains(t.audience, app.project) { // one that has expired stays so
		t.revoked = true
		h.Model.tokens[text] = t
	}
}

// webKeysCall calls what manages the keys that sign.
func (h history) webKeysCall(verb, path string, body object, foretell func() want) providertest.Answer {
	return h.Call(request{Method: verb, Path: path, Token: h.Credentials["accessToken"], JSON: body}, foretell)
}

// listWebKeys returns the ids of the keys.
func (h history) listWebKeys() []string {
	var ids []string
	for _, k := range h.webKeysCall("GET", "/v2/web_keys", nil, func() want { return want{Status: 200} }).List("webKeys") {
		ids = append(ids, k.(object)["id"].(string))
	}
	return ids
}

func (h history) activeWebKey() string {
	for id, state := range h.Model.webKeys {
		if state == "ACTIVE" {
			return id
		}
	}
	return ""
}

func (h history) aWebKey() string {
	return rapid.SampledFrom(append(keysOf(h.Model.webKeys), "1")).Draw(h.T, "web key")
}

func (h history) createWebKey() {
	if len(h.Model.webKeys) > 3 { // there are only so many
		h.Skip("enough")
	}
	a := h.webKeysCall("POST", "/zitadel.webkey.v2.WebKeyService/CreateWebKey", object{}, func() want { return want{} })
	if a.OK() {
		h.Model.webKeys[a.Text("id")] = "INITIAL"
	}
}

func (h history) activateWebKey() {
	id := h.aWebKey()
	a := h.webKeysCall("POST", "/zitadel.webkey.v2.WebKeyService/ActivateWebKey", object{"id": id}, func() want {
		if h.Model.webKeys[id] == "" {
			return *refusal(404, "COMMAND-teiG3", "there is no web key")
		}
		return want{Status: 200}
	})
	if a.OK() && h.Model.webKeys[id] != "ACTIVE" {
		h.Model.webKeys[h.activeWebKey()] = "INACTIVE"
		h.Model.webKeys[id] = "ACTIVE"
	}
}

func (h history) deleteWebKey() {
	id := h.aWebKey()
	a := h.webKeysCall("DELETE", "/v2/web_keys/"+id, nil, func() want {
		if h.Model.webKeys[id] == "ACTIVE" {
			return *coded(400, "COMMAND-Chai1")
		}
		return want{Status: 200}
	})
	if a.OK() {
		delete(h.Model.webKeys, id)
	}
}

// listed are the ids of what keep says, in the order they were made.
func listed[V any](m map[string]V, keep func(V) (made int, id string, kept bool)) []string {
	byMade := map[int]string{}
	for _, v := range m {
		if made, id, kept := keep(v); kept {
			byMade[made] = id
		}
	}
	var ids []string
	for _, made := range slices.Sorted(maps.Keys(byMade)) {
		ids = append(ids, byMade[made])
	}
	return ids
}

func (h history) same(path string, ids []string) {
	if got := h.search(path); !slices.Equal(got, ids) {
		h.Fatalf("%s lists %v, want %v", path, got, ids)
	}
}

// agree compares everything that can be listed or read.
func (h history) agree() {
	get := func(path string, has object) {
		status := 200
		if has == nil {
			status = 404
		}
		h.manage("GET", path, nil, func() *want { return &want{Status: status, Has: has} })
	}
	state := func(kind string, active bool) string {
		if active {
			return kind + "_STATE_ACTIVE"
		}
		return kind + "_STATE_INACTIVE"
	}
	h.same("/projects/_search", append(slices.Clone(h.world.projects), listed(h.Model.projects, func(p modelProject) (int, string, bool) {
		return p.made, p.id, present(p.past).there
	})...))
	h.same("/users/_search", append(slices.Clone(h.world.users), listed(h.Model.users, func(u modelUser) (int, string, bool) {
		return u.made, u.id, true
	})...))
	if got := slices.Sorted(slices.Values(h.listWebKeys())); !slices.Equal(got, keysOf(h.Model.webKeys)) {
		h.Fatalf("web keys %v, want %v", got, keysOf(h.Model.webKeys))
	}
	keys := func(owner string) []string {
		return listed(h.Model.keys, func(k modelKey) (int, string, bool) { return k.made, k.id, k.owner == owner && present(k.past).there })
	}
	for _, id := range keysOf(h.Model.projects) {
		p := h.Model.projects[id]
		now := present(p.past)
		h.same("/projects/"+id+"/apps/_search", listed(h.Model.apps, func(app modelApp) (int, string, bool) {
			return app.made, app.id, app.project == id && present(app.past).there
		}))
		if !now.there {
			get("/projects/"+id, nil)
			continue
		}
		get("/projects/"+id, object{"project.name": p.name, "project.state": state("PROJECT", now.active)})
	}
	for _, id := range keysOf(h.Model.apps) {
		app := h.Model.apps[id]
		now, path := present(app.past), "/projects/"+app.project+"/apps/"+id
		h.same(path+"/keys/_search", keys(id))
		if !now.there {
			get(path, nil)
			continue
		}
		fields := object{"app.name": app.name, "app.state": state("APP", now.active)}
		switch {
		case app.oidc:
			fields["app.oidcConfig.clientId"] = app.clientID
		case app.privateKey:
			fields["app.apiConfig.authMethodType"] = "API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"
		default:
			fields["app.apiConfig.authMethodType"], fields["app.apiConfig.clientId"] = nil, app.clientID
		}
		get(path, fields)
	}
	for _, id := range keysOf(h.Model.users) {
		u := h.Model.users[id]
		fields := object{
			"user.userName": u.name, "user.state": "USER_STATE_" + cmp.Or(u.state, "ACTIVE"),
			"user.machine.hasSecret": nil, "user.machine.accessTokenType": nil,
		}
		if u.person {
			fields["user.human.profile.displayName"] = "F L"
		}
		if present(u.past).secret != "" {
			fields["user.machine.hasSecret"] = true
		}
		if u.jwt {
			fields["user.machine.accessTokenType"] = "ACCESS_TOKEN_TYPE_JWT"
		}
		get("/users/"+id, fields)
		h.same("/users/"+id+"/keys/_search", keys(id))
		h.same("/users/"+id+"/pats/_search", listed(h.Model.tokens, func(t modelToken) (int, string, bool) {
			return t.made, t.id, t.user == id && t.id != "" && !t.revoked
		}))
	}
}
