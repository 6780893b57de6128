package zitadel_test

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator/zitadel"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model of what organizations have and share: their domains, the world's project
// as it is granted to them, who is granted its roles, and how long tokens live.
type (
	grantsModel struct {
		orgs     map[string]string     // their primary domains, by id
		domains  map[string]string     // the organizations, by lower-case name
		roles    map[string]bool       // of the project
		shares   map[string]modelShare // the project's grants
		grants   map[string]modelGrant // of its roles to the world's user
		settings [4]int                // in hours
	}
	modelShare struct {
		org      string
		roles    []string
		inactive bool
	}
	modelGrant struct {
		org, share string // share is empty in the project's own organization
		roles      []string
		inactive   bool
		events     int
	}
)

func (m grantsModel) clone() grantsModel {
	return grantsModel{maps.Clone(m.orgs), maps.Clone(m.domains), maps.Clone(m.roles), maps.Clone(m.shares), maps.Clone(m.grants), m.settings}
}

type grantsHistory struct {
	*providertest.History[grantsModel]
	home string // the world's organization
	app  zitadel.APIApp
}

func TestModelOfGrants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zit := zitadel.New()
		empty := grantsModel{
			map[string]string{}, map[string]string{}, map[string]bool{}, map[string]modelShare{}, map[string]modelGrant{},
			[4]int{12, 12, 30 * 24, 90 * 24},
		}
		h := grantsHistory{History: providertest.NewHistory(t, zit, empty, grantsModel.clone)}
		h.app = zit.SeedAPIApp(zitadel.APIApp{Name: "asks"})
		h.home = h.Credentials["organizationId"]
		domain := h.in(h.home, "GET", "/orgs/me", nil, nil).Text("org.primaryDomain")
		h.Model.orgs[h.home], h.Model.domains[domain] = domain, h.home
		for _, begin := range []func(){h.addOrg, h.addRole, h.addRole, h.share, h.share, h.grant, h.grant, h.changeShare} {
			begin()
		}
		h.Run(map[string]func(){
			"add organization":    h.addOrg,
			"remove organization": h.removeOrg,
			"add domain":          h.addDomain,
			"change domain":       h.changeDomain,
			"add role":            h.addRole,
			"remove role":         h.removeRole,
			"share":               h.share,
			"change share":        h.changeShare,
			"remove share":        h.removeShare,
			"grant":               h.grant,
			"change grant":        h.changeGrant,
			"move grant":          h.moveGrant,
			"remove grant":        h.removeGrant,
			"change settings":     h.changeSettings,
			"ask for a token":     h.token,
		}, map[string]int{"add role": 2, "share": 3, "change share": 2, "grant": 3}, h.agree)
	})
}

// in makes a call in an organization; a nil refusal foretells success.
func (h grantsHistory) in(org, method, path string, body object, refused *want) providertest.Answer {
	if !strings.HasPrefix(path, "/v2/") && !strings.HasPrefix(path, "/admin/") {
		path = management + path
	}
	header := map[string]string{"X-Zitadel-Orgid": org}
	return h.Call(request{Method: method, Path: path, Token: h.Credentials["accessToken"], JSON: body, Header: header}, func() want {
		if refused != nil {
			return *refused
		}
		return want{Status: 200}
	})
}

func (h grantsHistory) project(path string) string { return "/projects/" + h.app.ProjectID + path }

func (h grantsHistory) anOrg() string {
	return rapid.SampledFrom(keysOf(h.Model.orgs)).Draw(h.T, "organization")
}

// someRoles are keys: mostly of what may be granted, or else of any role.
func (h grantsHistory) someRoles(grantable []string) []string {
	if len(grantable) == 0 || providertest.Pick(h.History, "any role", false, false, false, true) {
		grantable = []string{"boss", "reader", "writer"}
	}
	keys := []string{}
	for _, key := range slices.Sorted(slices.Values(grantable)) {
		if providertest.Pick(h.History, key, true, true, false) {
			keys = append(keys, key)
		}
	}
	return keys
}

// lacks reports whether a key is of no role that may be granted by a share.
func (h grantsHistory) lacks(keys []string, share string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		return !h.Model.roles[key] || share != "" && !slices.Contains(h.Model.shares[share].roles, key)
	})
}

func (h grantsHistory) addOrg() {
	name := providertest.Pick(h.History, "name", "Acme", "Beta", "Gamma")
	domain := strings.ToLower(name) + ".understudy.zitadel.cloud"
	var refused *want
	if h.Model.domains[domain] != "" {
		refused = refusal(409, "Organisation already exists", "")
	}
	if a := h.in(h.home, "POST", "/orgs", object{"name": name}, refused); a.OK() {
		h.Model.orgs[a.Text("id")], h.Model.domains[domain] = domain, a.Text("id")
	}
}

func (h grantsHistory) removeOrg() {
	org := rapid.SampledFrom(append(keysOf(h.Model.orgs), "1")).Draw(h.T, "organization")
	var refused *want
	switch {
	case org == h.home:
		refused = coded(400, "COMMA-wG9p1")
	case h.Model.orgs[org] == "":
		refused = coded(404, "QUERY-iTTGJ")
	}
	if a := h.in(h.home, "DELETE", "/v2/organizations/"+org, nil, refused); a.OK() {
		delete(h.Model.orgs, org)
		maps.DeleteFunc(h.Model.domains, func(_, of string) bool { return of == org })
		maps.DeleteFunc(h.Model.shares, func(_ string, s modelShare) bool { return s.org == org })
		maps.DeleteFunc(h.Model.grants, func(_ string, g modelGrant) bool { return g.org == org })
	}
}

func (h grantsHistory) aDomain() string {
	return providertest.Pick(h.History, "domain", "a.example", "B.example", "b.example", "acme.understudy.zitadel.cloud")
}

func (h grantsHistory) addDomain() {
	org, name := h.anOrg(), h.aDomain()
	var refused *want
	if h.Model.domains[strings.ToLower(name)] != "" {
		refused = refusal(409, "Domain already exists", "")
	}
	if a := h.in(org, "POST", "/orgs/me/domains", object{"domain": name}, refused); a.OK() {
		h.Model.domains[strings.ToLower(name)] = org
	}
}

// changeDomain makes a domain the primary one, or removes it.
func (h grantsHistory) changeDomain() {
	org, name := h.anOrg(), h.aDomain()
	known := strings.ToLower(name)
	remove := providertest.Pick(h.History, "remove", true, false)
	var refused *want
	switch {
	case h.Model.domains[known] != org:
		refused = coded(404, "ORG-GDfA3")
	case remove && strings.EqualFold(h.Model.orgs[org], name):
		refused = coded(400, "ORG-Sjdi3")
	}
	if remove {
		if h.in(org, "DELETE", "/orgs/me/domains/"+name, nil, refused).OK() {
			delete(h.Model.domains, known)
		}
		return
	}
	if h.in(org, "POST", "/orgs/me/domains/"+name+"/_set_primary", object{}, refused).OK() {
		h.Model.orgs[org] = known
	}
}

func (h grantsHistory) addRole() {
	key := providertest.Pick(h.History, "key", "boss", "reader", "writer")
	var refused *want
	if h.Model.roles[key] {
		refused = refusal(409, "Role already exists", "")
	}
	if h.in(h.home, "POST", h.project("/roles"), object{"roleKey": key, "displayName": key}, refused).OK() {
		h.Model.roles[key] = true
	}
}

func (h grantsHistory) removeRole() {
	key := providertest.Pick(h.History, "key", "boss", "reader", "writer")
	var refused *want
	if !h.Model.roles[key] {
		refused = coded(404, "COMMAND-vv8M9")
	}
	if h.in(h.home, "DELETE", h.project("/roles/"+key), nil, refused).OK() {
		delete(h.Model.roles, key)
		for id, s := range h.Model.shares {
			s.roles = less(s.roles, func(k string) bool { return k != key })
			h.Model.shares[id] = s
		}
		h.loseRoles(func(modelGrant) bool { return true }, func(k string) bool { return k != key })
	}
}

func less(keys []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !keep(k) })
}

// loseRoles takes roles from those who were granted them: an event, if there was one.
func (h grantsHistory) loseRoles(from func(modelGrant) bool, keep func(string) bool) {
	for id, g := range h.Model.grants {
		if kept := less(g.roles, keep); from(g) && len(kept) < len(g.roles) {
			g.roles = kept
			g.events++
			h.Model.grants[id] = g
		}
	}
}

func (h grantsHistory) share() {
	org, keys := rapid.SampledFrom(append(keysOf(h.Model.orgs), "1")).Draw(h.T, "to"), h.someRoles(keysOf(h.Model.roles))
	var refused *want
	switch {
	case h.Model.orgs[org] == "":
		refused = coded(400, "COMMAND-3m9gg")
	case h.lacks(keys, ""):
		refused = coded(400, "COMMAND-6m9gd")
	case org == h.home:
		refused = coded(400, "PROJECT-ckUpbvboAH")
	case slices.ContainsFunc(slices.Collect(maps.Values(h.Model.shares)), func(s modelShare) bool { return s.org == org }):
		refused = refusal(409, "Project grant already exists", "")
	}
	if a := h.in(h.home, "POST", h.project("/grants"), object{"grantedOrgId": org, "roleKeys": keys}, refused); a.OK() {
		h.Model.shares[a.Text("grantId")] = modelShare{org: org, roles: keys}
	}
}

func (h grantsHistory) aShare() (string, modelShare, bool) {
	shares := keysOf(h.Model.shares)
	id := rapid.SampledFrom(append(append(shares, shares...), "1")).Draw(h.T, "share")
	s, ok := h.Model.shares[id]
	return id, s, ok
}

// changeShare gives a share other roles, or another state. What is so already is no
// refusal.
func (h grantsHistory) changeShare() {
	id, s, ok := h.aShare()
	var refused *want
	if !ok {
		refused = coded(404, "PROJECT-D8JxR")
	}
	switch how := providertest.Pick(h.History, "how", "", "/_deactivate", "/_reactivate"); how {
	case "":
		keys := h.someRoles(keysOf(h.Model.roles))
		if ok && h.lacks(keys, "") {
			refused = coded(400, "COMMAND-6m9gd")
		}
		if h.in(h.home, "PUT", h.project("/grants/"+id), object{"roleKeys": keys}, refused).OK() {
			s.roles = keys
			h.loseRoles(func(g modelGrant) bool { return g.share == id }, func(k string) bool { return slices.Contains(keys, k) })
		}
	default:
		if h.in(h.home, "POST", h.project("/grants/"+id+how), object{}, refused).OK() {
			s.inactive = how == "/_deactivate"
		}
	}
	if ok {
		h.Model.shares[id] = s
	}
}

func (h grantsHistory) removeShare() {
	id, _, ok := h.aShare()
	var refused *want
	if !ok {
		refused = coded(404, "PROJECT-D8JxR")
	}
	if h.in(h.home, "DELETE", h.project("/grants/"+id), nil, refused).OK() {
		delete(h.Model.shares, id)
		maps.DeleteFunc(h.Model.grants, func(_ string, g modelGrant) bool { return g.share == id })
	}
}

// grant gives the world's user roles of the project, in one of the organizations.
func (h grantsHistory) grant() {
	org, grantable, share := h.anOrg(), keysOf(h.Model.roles), ""
	body := object{"projectId": h.app.ProjectID}
	if providertest.Pick(h.History, "by a share", true, true, false) {
		id, s, ok := h.aShare()
		share, grantable, body["projectGrantId"] = id, s.roles, id
		if ok && providertest.Pick(h.History, "to its organization", true, true, false) {
			org = s.org
		}
	}
	keys := h.someRoles(grantable)
	body["roleKeys"] = keys
	var refused *want
	switch {
	case share != "" && h.Model.shares[share].org != org:
		refused = coded(400, "COMMAND-4m9ff")
	case share == "" && org != h.home:
		refused = coded(400, "COMMAND-3n77S")
	case h.lacks(keys, share):
		refused = coded(400, "COMMAND-mm9F4")
	case slices.ContainsFunc(slices.Collect(maps.Values(h.Model.grants)), func(g modelGrant) bool { return g.org == org }):
		refused = refusal(409, "User grant already exists", "")
	}
	if a := h.in(org, "POST", h.grantPath(""), body, refused); a.OK() {
		h.Model.grants[a.Text("userGrantId")] = modelGrant{org: org, share: share, roles: keys, events: 1}
	}
}

func (h grantsHistory) grantPath(rest string) string {
	return "/users/" + h.Credentials["userId"] + "/grants" + rest
}

// aGrant draws a grant, and where it is looked for.
func (h grantsHistory) aGrant() (id, org string, g modelGrant, missing *want) {
	id = rapid.SampledFrom(append(keysOf(h.Model.grants), "1")).Draw(h.T, "grant")
	g, ok := h.Model.grants[id]
	if org = g.org; !ok || providertest.Pick(h.History, "elsewhere", false, false, true) {
		org = h.anOrg()
	}
	if !ok || org != g.org {
		missing = coded(404, "COMMAND-3M9sd")
	}
	return id, org, g, missing
}

// granted notes a change of a grant, which is an event.
func (h grantsHistory) granted(id string, g modelGrant, a providertest.Answer) {
	if !a.OK() {
		return
	}
	g.events++
	if got := fmt.Sprint(a.At("details.sequence")); got != fmt.Sprint(g.events) {
		h.Fatalf("grant %s has sequence %s, want %d", id, got, g.events)
	}
	h.Model.grants[id] = g
}

func (h grantsHistory) changeGrant() {
	id, org, g, refused := h.aGrant()
	keys := h.someRoles(keysOf(h.Model.roles))
	switch {
	case refused != nil:
	case slices.Equal(keys, g.roles):
		refused = coded(400, "COMMAND-Rs8fy")
	case h.lacks(keys, g.share):
		refused = coded(400, "COMMAND-mm9F4")
	}
	a := h.in(org, "PUT", h.grantPath("/"+id), object{"roleKeys": keys}, refused)
	g.roles = keys
	h.granted(id, g, a)
}

func (h grantsHistory) moveGrant() {
	id, org, g, refused := h.aGrant()
	inactive := providertest.Pick(h.History, "inactive", true, false)
	path, same := "/_reactivate", "COMMAND-1ML0v"
	if inactive {
		path, same = "/_deactivate", "COMMAND-1S9gx"
	}
	if refused == nil && g.inactive == inactive {
		refused = coded(400, same)
	}
	a := h.in(org, "POST", h.grantPath("/"+id+path), object{}, refused)
	g.inactive = inactive
	h.granted(id, g, a)
}

func (h grantsHistory) removeGrant() {
	id, org, _, refused := h.aGrant()
	if h.in(org, "DELETE", h.grantPath("/"+id), nil, refused).OK() {
		delete(h.Model.grants, id)
	}
}

var lifetimeNames = [4]string{"accessTokenLifetime", "idTokenLifetime", "refreshTokenIdleExpiration", "refreshTokenExpiration"}

func (h grantsHistory) changeSettings() {
	settings, body := h.Model.settings, object{}
	settings[providertest.Pick(h.History, "which", 0, 1, 2, 3)] = providertest.Pick(h.History, "hours", 0, 1, 12, 1000)
	for i, name := range lifetimeNames {
		body[name] = fmt.Sprintf("%ds", settings[i]*3600)
	}
	var refused *want
	switch {
	case slices.Contains(settings[:], 0):
		refused = coded(400, "INST-10sxks")
	case settings == h.Model.settings:
		refused = coded(400, "COMMAND-0pk2nu")
	}
	if h.in(h.home, "PUT", "/admin/v1/settings/oidc", body, refused).OK() {
		h.Model.settings = settings
	}
}

// token gets an access token, which lives as long as the settings say.
func (h grantsHistory) token() {
	h.Call(request{Method: "POST", Path: "/oauth/v2/token", Basic: [2]string{h.Credentials["clientId"], h.Credentials["clientSecret"]}, Form: url.Values{
		"grant_type": {"client_credentials"}, "scope": {"profile"},
	}}, func() want { return want{Status: 200, Has: object{"expires_in": h.Model.settings[0]*3600 - 1}} })
}

// agree compares what can be listed, and the roles that a token shows.
func (h grantsHistory) agree() {
	listed := func(org, path, id string) map[string]object {
		all := map[string]object{}
		for _, item := range h.in(org, "POST", path, object{}, nil).List("result") {
			all[item.(object)[id].(string)] = item.(object)
		}
		return all
	}
	same := func(what string, got, want any) {
		if !reflect.DeepEqual(got, want) {
			h.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
	texts := func(list any) []string {
		all := []string{}
		items, _ := list.([]any)
		for _, item := range items {
			all = append(all, item.(string))
		}
		return all
	}
	claims := map[string]any{}
	for _, id := range keysOf(h.Model.grants) {
		g := h.Model.grants[id]
		for _, key := range g.roles {
			if g.inactive || h.Model.shares[g.share].inactive {
				continue
			}
			if claims[key] == nil {
				claims[key] = object{}
			}
			claims[key].(object)[g.org] = h.Model.orgs[g.org]
		}
	}
	shown := h.Call(request{Method: "POST", Path: "/oauth/v2/introspect", Basic: [2]string{h.app.ClientID, h.app.ClientSecret}, Form: url.Values{
		"token": {h.Credentials["accessToken"]},
	}}, func() want { return want{Status: 200} }).JSON.(object)["urn:zitadel:iam:org:project:roles"]
	if len(claims) > 0 || shown != nil {
		same("the roles of a token", fold(shown), fold(claims))
	}
	shares := listed(h.home, h.project("/grants/_search"), "grantId")
	same("grants of the project", keysOf(shares), keysOf(h.Model.shares))
	for id, s := range h.Model.shares {
		same("roles of grant "+id, texts(shares[id]["grantedRoleKeys"]), append([]string{}, s.roles...))
		same("state of grant "+id, shares[id]["state"] == "PROJECT_GRANT_STATE_INACTIVE", s.inactive)
	}
	for _, org := range keysOf(h.Model.orgs) {
		domains := listed(org, "/orgs/me/domains/_search", "domainName")
		var names []string
		for name, of := range h.Model.domains {
			if of == org {
				names = append(names, name)
			}
		}
		var got []string
		for name, d := range domains {
			got = append(got, strings.ToLower(name))
			same("whether "+name+" is primary", d["isPrimary"] == true, strings.EqualFold(name, h.Model.orgs[org]))
		}
		same("domains of "+org, slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(names)))
		of := map[string]modelGrant{}
		for id, g := range h.Model.grants {
			if g.org == org {
				of[id] = g
			}
		}
		grants := listed(org, "/users/grants/_search", "id")
		same("grants in "+org, keysOf(grants), keysOf(of))
		for id, g := range of {
			same("roles of grant "+id, texts(grants[id]["roleKeys"]), append([]string{}, g.roles...))
			same("state of grant "+id, grants[id]["state"] == "USER_GRANT_STATE_INACTIVE", g.inactive)
		}
		granted := slices.Collect(maps.Keys(listed(org, "/granted_projects/_search", "grantId")))
		same("projects granted to "+org, len(granted) == 1, slices.ContainsFunc(slices.Collect(maps.Values(h.Model.shares)), func(s modelShare) bool { return s.org == org }))
	}
	settings := h.in(h.home, "GET", "/admin/v1/settings/oidc", nil, nil)
	for i, name := range lifetimeNames {
		same(name, settings.Text("settings."+name), fmt.Sprintf("%ds", h.Model.settings[i]*3600))
	}
}

// fold is claims with roles whose domains are in lower case.
func fold(claims any) map[string]map[string]string {
	folded := map[string]map[string]string{}
	roles, _ := claims.(object)
	for key, byOrg := range roles {
		folded[key] = map[string]string{}
		for org, domain := range byOrg.(object) {
			folded[key][org] = strings.ToLower(domain.(string))
		}
	}
	return folded
}
