package infisical_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model of the resources around the secrets: rows that stand in others and have
// what was sent of them last. A row is there as long as all that it stands in is.
type (
	resources map[string]row // by id
	row       struct {
		kind  string
		ids   map[string]string // by kind: what it stands in, and its own
		sent  object
		nth   int       // of all rows, in the order in which they were made
		until time.Time // a role of a while ends then
		gone  bool
	}
)

func (rows resources) clone() resources { return maps.Clone(rows) }

// there reports whether a row and all that it stands in are.
func (rows resources) there(r row) bool {
	for _, id := range r.ids {
		if in, ok := rows[id]; !ok || in.gone {
			return false
		}
	}
	return true
}

// of are the rows of a kind that are there, in their order.
func (rows resources) of(kind string, in map[string]string) []row {
	var list []row
	for _, r := range rows {
		fits := r.kind == kind && rows.there(r)
		for kind, id := range in {
			fits = fits && r.ids[kind] == id
		}
		if fits {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b row) int { return a.nth - b.nth })
	return list
}

// named is the row of a kind with a slug.
func (rows resources) named(kind, slug string, in map[string]string) (row, bool) {
	for _, r := range rows.of(kind, in) {
		if r.sent["slug"] == slug {
			return r, true
		}
	}
	return row{}, false
}

// A resourcesHistory is the emulator and the model side by side. The worker is an
// identity that may do what its memberships say.
type resourcesHistory struct {
	*providertest.History[resources]
	worker, token string
	began         time.Time
}

// When a kind's permission is asked for.
const (
	afterProject = iota // once the project is there
	afterRow            // once the row is there too
	last                // behind every other refusal
)

// A kind is a resource, as a row of the table.
type kind struct {
	in      []string                               // the kinds that it stands in
	path    string                                 // of one; {kind} stands for an id
	all     string                                 // of all; empty: the one's
	under   string                                 // what answers have it under
	list    string                                 // what the list of all does; empty: there is none
	subject string                                 // of permissions in its project; empty: administrators'
	asks    int                                    // when for permission
	open    bool                                   // anybody may read one
	fields  func(h resourcesHistory, r row) object // what is sent of a new one and of a changed one
	where   func(h resourcesHistory, r row) object // what else every call sends
	resolve func(h resourcesHistory, r *row) bool  // finds what was sent by name
	shows   func(h resourcesHistory, r row) object // what an answer has; nil: what was sent
	unique  func(r row) string                     // what no other has
	taken   string                                 // the refusal of one that another has; empty: it is the answer
	missing int                                    // the status for one that is not there
}

func (h resourcesHistory) pick(label string, values ...any) any {
	return providertest.Pick(h.History, label, values...)
}

// rules are what a role or a privilege may allow.
var rules = map[string][]object{
	"nothing":          {},
	"tags":             {{"subject": "tags", "action": []string{"read", "create", "edit", "delete"}}},
	"environments":     {{"subject": []string{"environments", "tags"}, "action": []string{"read", "create", "edit"}}},
	"not environments": {{"subject": "environments", "action": []string{"read", "create", "edit", "delete"}, "inverted": true}},
}

func (h resourcesHistory) permissions() string {
	return h.pick("permissions", "nothing", "tags", "environments", "not environments").(string)
}

func sluggedIn(scope string) func(row) string {
	return func(r row) string { return fmt.Sprint(r.ids[scope], " ", r.sent["slug"]) }
}

// shownRole is how a role is shown: one of the scope's own as custom.
func (h resourcesHistory) shownRole(at, kind, slug string, in map[string]string) object {
	if _, own := h.Model.named(kind, slug, in); own {
		return object{at + "role": "custom", at + "customRoleSlug": slug}
	}
	return object{at + "role": slug}
}

// aRole draws a role's slug: one of those that all have, of the scope's own, or none.
func (h resourcesHistory) aRole(kind string, in map[string]string) string {
	slugs := []string{"admin", "member", "no-access", "nonesuch"}
	for _, r := range h.Model.of(kind, in) {
		slugs = append(slugs, r.sent["slug"].(string))
	}
	return rapid.SampledFrom(slugs).Draw(h.T, "role")
}

func (h resourcesHistory) isRole(kind, slug string, in map[string]string) bool {
	_, own := h.Model.named(kind, slug, in)
	return own || slices.Contains([]string{"admin", "member", "no-access"}, slug)
}

func slugged(h resourcesHistory, _ row) object {
	return object{"name": h.pick("name", "a", "b"), "slug": h.pick("slug", "a", "b", "c")}
}

func roleFields(h resourcesHistory, _ row) object {
	return object{"slug": h.pick("slug", "r", "s"), "name": "role", "permissions": rules[h.permissions()]}
}

// inProject are the ids of a row's project.
func (r row) inProject() map[string]string { return map[string]string{"project": r.ids["project"]} }

// environment finds the environment that a body names.
func (h resourcesHistory) environment(r *row, kind, slug string) bool {
	e, ok := h.Model.named("environment", slug, r.inProject())
	r.ids[kind] = e.ids["environment"]
	return ok
}

// inEnvironment says where a folder or an import is. The slug is the environment's of
// now.
func inEnvironment(h resourcesHistory, r row) object {
	return object{"workspaceId": r.ids["project"], "environment": h.Model[r.ids["environment"]].sent["slug"], "path": "/"}
}

// method is an auth method, with one of its own settings.
func method(slug, under, setting string, more object) kind {
	return kind{
		in: []string{"identity"}, path: "/api/v1/auth/" + slug + "/identities/{identity}", under: under, asks: last, missing: 400,
		fields: func(h resourcesHistory, r row) object {
			sent := object{setting: h.pick(setting, "a", "b"), "accessTokenTTL": h.pick("ttl", 60, 3600)}
			if r.sent == nil {
				maps.Copy(sent, more)
			}
			return sent
		},
		unique: func(r row) string { return r.ids["identity"] }, taken: "to already configured identity",
	}
}

var kinds = map[string]kind{
	"project": {
		path: "/api/v1/projects/{project}", all: "/api/v1/projects", under: "project", list: "projects",
		subject: "settings", asks: afterRow, open: true,
		fields: func(h resourcesHistory, r row) object {
			name := "name"
			if r.sent == nil {
				name = "projectName"
			}
			sent := object{name: "p", "slug": h.pick("slug", "p-one", "p-two", "p-three"), "hasDeleteProtection": h.pick("protected", false, false, true)}
			if r.sent == nil {
				sent["shouldCreateDefaultEnvs"] = false
			}
			return sent
		},
		shows: func(_ resourcesHistory, r row) object {
			return object{"slug": r.sent["slug"], "hasDeleteProtection": r.sent["hasDeleteProtection"]}
		},
		unique: func(r row) string { return r.sent["slug"].(string) }, taken: "already exists in your organization",
	},
	"environment": {
		in: []string{"project"}, path: "/api/v1/projects/{project}/environments/{environment}", all: "/api/v1/projects/{project}/environments",
		under: "environment", subject: "environments", fields: slugged, unique: sluggedIn("project"), taken: "Environment with slug already exist",
	},
	"tag": {
		in: []string{"project"}, path: "/api/v1/projects/{project}/tags/{tag}", all: "/api/v1/projects/{project}/tags", under: "tag", list: "tags",
		subject: "tags", unique: sluggedIn("project"), taken: "Tag already exist",
		fields: func(h resourcesHistory, _ row) object {
			return object{"slug": h.pick("slug", "a", "b"), "color": h.pick("color", "", "#fff")}
		},
	},
	"role": {
		in: []string{"project"}, path: "/api/v1/projects/{project}/roles/{role}", all: "/api/v1/projects/{project}/roles", under: "role", list: "roles",
		subject: "role", fields: roleFields, shows: showsSlug, unique: sluggedIn("project"), taken: "already exists",
	},
	"organization role": {
		path: "/api/v1/organization/roles/{organization role}", all: "/api/v1/organization/roles", under: "role", list: "roles",
		fields: roleFields, shows: showsSlug, unique: sluggedIn(""), taken: "already exists",
	},
	"group": {
		path: "/api/v1/groups/{group}", all: "/api/v1/groups", list: "groups", unique: sluggedIn(""), taken: "already exists",
		fields: func(h resourcesHistory, _ row) object {
			return object{"name": "g", "slug": h.pick("slug", "g-one", "g-two"), "role": h.aRole("organization role", nil)}
		},
		resolve: func(h resourcesHistory, r *row) bool {
			return h.isRole("organization role", r.sent["role"].(string), nil)
		},
		shows: func(h resourcesHistory, r row) object {
			return h.shownRole("", "organization role", r.sent["role"].(string), nil)
		},
	},
	"identity": {
		path: "/api/v1/identities/{identity}", all: "/api/v1/identities", under: "identity", asks: afterRow,
		fields: func(h resourcesHistory, r row) object {
			sent := object{"name": h.pick("name", "a", "b"), "role": "no-access"}
			if r.sent == nil {
				sent["organizationId"] = h.Credentials["organizationId"]
			}
			return sent
		},
		shows: func(_ resourcesHistory, r row) object { return object{"identity.name": r.sent["name"]} },
	},
	"own identity": {
		in: []string{"project"}, path: "/api/v1/projects/{project}/identities/{identity}", all: "/api/v1/projects/{project}/identities",
		under: "identity", list: "identities", subject: "identity",
		fields: func(h resourcesHistory, r row) object {
			sent := object{"name": h.pick("name", "a", "b"), "hasDeleteProtection": h.pick("protected", false, false, true)}
			if r.sent == nil {
				sent["roles"] = []object{{"role": "viewer"}}
			}
			return sent
		},
		shows: func(_ resourcesHistory, r row) object {
			return object{"name": r.sent["name"], "hasDeleteProtection": r.sent["hasDeleteProtection"]}
		},
	},
	"member": {
		in: []string{"project", "identity"}, path: "/api/v1/projects/{project}/memberships/identities/{identity}", under: "identityMembership",
		subject: "identity", unique: func(r row) string { return r.ids["project"] + r.ids["identity"] }, taken: "already exists in project",
		fields: func(h resourcesHistory, r row) object {
			role := object{"role": h.aRole("role", r.inProject())}
			if h.pick("for a while", true, false).(bool) {
				maps.Copy(role, object{"isTemporary": true, "temporaryMode": "relative", "temporaryRange": "1h", "temporaryAccessStartTime": h.Now})
			}
			return object{"roles": []object{role}}
		},
		resolve: func(h resourcesHistory, r *row) bool {
			role := r.role()
			r.until = time.Time{}
			if role["isTemporary"] == true {
				r.until = h.Now.Add(time.Hour)
			}
			return h.isRole("role", role["role"].(string), r.inProject()) || role["role"] == "viewer"
		},
		shows: func(h resourcesHistory, r row) object {
			return h.shownRole("roles.0.", "role", r.role()["role"].(string), r.inProject())
		},
	},
	"privilege": {
		in: []string{"member"}, path: "/api/v2/identity-project-additional-privilege/{privilege}", all: "/api/v2/identity-project-additional-privilege",
		under: "privilege", subject: "identity", asks: afterRow, unique: sluggedIn("member"), taken: "already exists",
		fields: func(h resourcesHistory, r row) object {
			sent := object{"slug": h.pick("slug", "v", "w"), "permissions": rules[h.permissions()], "type": object{"isTemporary": false}}
			if r.sent == nil {
				sent["projectId"], sent["identityId"] = r.ids["project"], r.ids["identity"]
			}
			return sent
		},
		shows: showsSlug,
	},
	"folder": {
		in: []string{"environment"}, path: "/api/v1/folders/{folder}", all: "/api/v1/folders", under: "folder",
		subject: "secret-folders", open: true, where: inEnvironment,
		fields: func(h resourcesHistory, _ row) object {
			return object{"name": h.pick("name", "a", "b"), "description": h.pick("description", "", "d")}
		},
		resolve: func(h resourcesHistory, r *row) bool { return h.environment(r, "environment", h.slug(*r)) },
		shows: func(_ resourcesHistory, r row) object {
			return object{"name": r.sent["name"], "path": fmt.Sprint("/", r.sent["name"])}
		},
		unique: func(r row) string { return fmt.Sprint(r.ids["environment"], " ", r.sent["name"]) },
	},
	"import": {
		in: []string{"environment"}, path: "/api/v1/secret-imports/{import}", all: "/api/v1/secret-imports", under: "secretImport",
		subject: "secret-imports", open: true, where: inEnvironment,
		fields: func(h resourcesHistory, _ row) object {
			return object{"import": object{"environment": h.pick("from", "a", "b", "c"), "path": h.pick("path", "/", "/a")}}
		},
		resolve: func(h resourcesHistory, r *row) bool {
			return h.environment(r, "environment", h.slug(*r)) && h.environment(r, "source", r.sent["import"].(object)["environment"].(string))
		},
		shows: func(_ resourcesHistory, r row) object {
			return object{"importEnv.id": r.ids["source"], "importPath": r.sent["import"].(object)["path"], "environment.id": r.ids["environment"]}
		},
		unique: func(r row) string {
			return fmt.Sprint(r.ids["environment"], r.ids["source"], r.sent["import"].(object)["path"])
		},
		taken: "Secret import already exist",
	},
	"oidc auth":       method("oidc-auth", "identityOidcAuth", "boundSubject", object{"oidcDiscoveryUrl": "https://ci.test", "boundIssuer": "https://ci.test", "boundAudiences": "", "boundClaims": object{}}),
	"jwt auth":        method("jwt-auth", "identityJwtAuth", "boundSubject", object{"configurationType": "jwks", "jwksUrl": "https://ci.test", "boundIssuer": "", "boundAudiences": "", "boundClaims": object{}, "publicKeys": []string{}, "jwksCaCert": ""}),
	"kubernetes auth": method("kubernetes-auth", "identityKubernetesAuth", "allowedNames", object{"kubernetesHost": "https://10.0.0.1", "allowedNamespaces": "", "allowedAudience": ""}),
	"aws auth":        method("aws-auth", "identityAwsAuth", "allowedAccountIds", object{}),
}

func showsSlug(_ resourcesHistory, r row) object { return object{"slug": r.sent["slug"]} }

// role is the one that a membership has.
func (r row) role() object { return r.sent["roles"].([]object)[0] }

// slug is that of a row's environment.
func (h resourcesHistory) slug(r row) string {
	slug, _ := h.Model[r.ids["environment"]].sent["slug"].(string)
	return slug
}

// at is a path with a row's ids.
func (r row) at(path string) string {
	for kind, id := range r.ids {
		path = strings.ReplaceAll(path, "{"+kind+"}", id)
	}
	return path
}

// self is the kind that has a row's id.
func (r row) self() string {
	if r.kind == "own identity" {
		return "identity"
	}
	return r.kind
}

// may reports whether the worker may do something.
func (h resourcesHistory) may(k kind, r row, action string) bool {
	if k.subject == "" {
		return false
	}
	subject := k.subject
	if r.kind == "project" && action == "create" {
		return false
	}
	if r.kind == "project" && action == "delete" {
		subject = "workspace"
	}
	members := h.Model.of("member", map[string]string{"project": r.ids["project"], "identity": h.worker})
	if len(members) == 0 {
		return action == "read"
	}
	m, allowed := members[0], false
	apply := func(list []object) {
		for _, one := range list {
			subjects, _ := one["subject"].([]string)
			if one["subject"] == subject || slices.Contains(subjects, subject) {
				if slices.Contains(one["action"].([]string), action) {
					allowed = one["inverted"] != true
				}
			}
		}
	}
	if m.until.IsZero() || h.Now.Before(m.until) {
		slug := m.role()["role"].(string)
		switch {
		case slug == "admin":
			allowed = true
		case slug == "member":
			allowed = subject != "workspace" && (subject != "role" || action == "read")
		case slug == "viewer":
			allowed = action == "read"
		}
		if own, ok := h.Model.named("role", slug, r.inProject()); ok {
			apply(own.sent["permissions"].([]object))
		}
	}
	for _, v := range h.Model.of("privilege", map[string]string{"member": m.ids["member"]}) {
		apply(v.sent["permissions"].([]object))
	}
	return allowed
}

// refuses foretells why a call is refused, nil if it is not: there tells whether the
// row is, and others are the refusals that follow.
func (h resourcesHistory) refuses(k kind, r row, allowed, there bool, others func() *want) *want {
	denied := refusal(403, "You are not allowed to", "")
	if allowed {
		denied = nil
	}
	missing := &want{Status: 404}
	if there {
		missing = nil
	} else if k.missing != 0 && h.standing(r, k.in...) {
		missing.Status = k.missing
	}
	switch {
	case r.kind != "project" && r.ids["project"] != "" && !h.standing(r, "project"):
		return &want{Status: 404}
	case k.asks == afterProject:
		return first(denied, missing, others())
	case k.asks == afterRow:
		return first(missing, denied, others())
	}
	return first(missing, others(), denied)
}

// standing reports whether the rows of some kinds that a row stands in are there.
func (h resourcesHistory) standing(r row, kinds ...string) bool {
	for _, kind := range kinds {
		if in, ok := h.Model[r.ids[kind]]; !ok || !h.Model.there(in) {
			return false
		}
	}
	return true
}

// as draws who makes a call, and returns the token and whether that one may.
func (h resourcesHistory) as(k kind, r row, action string) (token string, allowed bool) {
	if h.pick("by the worker", false, false, true).(bool) {
		return h.token, h.may(k, r, action)
	}
	return h.Credentials["accessToken"], true
}

// clash returns the row that has what no other may have.
func (h resourcesHistory) clash(k kind, r row) (row, bool) {
	if k.unique == nil {
		return row{}, false
	}
	for _, other := range h.Model.of(r.kind, nil) {
		if k.unique(other) == k.unique(r) && other.ids[r.self()] != r.ids[r.self()] {
			return other, true
		}
	}
	return row{}, false
}

// body is what is sent of a row, and of where it is.
func (h resourcesHistory) body(k kind, r row, sent object) object {
	all := object{}
	if k.where != nil {
		maps.Copy(all, k.where(h, r))
	}
	maps.Copy(all, sent)
	return all
}

func (h resourcesHistory) create() {
	h.make(rapid.SampledFrom(slices.Sorted(maps.Keys(kinds))).Draw(h.T, "kind"))
}

func (h resourcesHistory) make(name string) {
	k, r := kinds[name], row{kind: name, ids: map[string]string{}, nth: len(h.Model)}
	for _, in := range k.in {
		var candidates []string
		for id, other := range h.Model {
			if other.self() == in && (h.Model.there(other) || h.pick("gone", false, false, false, true).(bool)) {
				candidates = append(candidates, id)
			}
		}
		if len(candidates) == 0 {
			h.Skip("nothing to stand in")
		}
		slices.Sort(candidates)
		maps.Copy(r.ids, h.Model[rapid.SampledFrom(candidates).Draw(h.T, in)].ids)
	}
	sent := k.fields(h, r)
	r.sent = sent
	path := k.all
	if path == "" {
		path = k.path
	}
	body := h.body(k, r, sent)
	token, allowed := h.as(k, r, "create")
	if _, placed := body["environment"]; placed { // by its slug
		h.environment(&r, "environment", h.slug(r))
	}
	if name == "privilege" { // of whoever is a member now
		for _, m := range h.Model.of("member", map[string]string{"project": r.ids["project"], "identity": r.ids["identity"]}) {
			r.ids["member"] = m.ids["member"]
		}
	}
	var again row
	a := h.Call(request{Method: "POST", Path: r.at(path), Token: token, JSON: body}, func() want {
		there := h.standing(r, k.in...)
		refused := h.refuses(k, r, allowed, there, func() *want {
			if k.resolve != nil && !k.resolve(h, &r) {
				return &want{Status: 404}
			}
			other, taken := h.clash(k, r)
			if taken && k.taken == "" {
				again = other
				return nil
			}
			if taken {
				return refusal(400, k.taken, "")
			}
			return nil
		})
		if refused != nil {
			return *refused
		}
		return want{Status: 200}
	})
	if !a.OK() {
		return
	}
	id := a.Text(strings.TrimPrefix(k.under+".id", "."))
	if again.kind != "" {
		if id != again.ids[name] {
			h.Fatalf("%s is made a second time", name)
		}
		return
	}
	r = h.put(r, id)
	if name == "own identity" {
		m := row{kind: "member", ids: maps.Clone(r.ids), nth: len(h.Model), sent: object{"roles": sent["roles"]}}
		h.put(m, h.get(r.at(kinds["member"].path), 200, nil).Text("identityMembership.id"))
	}
}

// put adds a row by its id.
func (h resourcesHistory) put(r row, id string) row {
	r.ids = maps.Clone(r.ids)
	r.ids[r.self()] = id
	h.Model[id] = r
	return r
}

// aRow draws a row that somebody has made, there or not.
func (h resourcesHistory) aRow() (kind, row) {
	var ids []string
	for id := range h.Model {
		if id != h.worker {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		h.Skip("no rows")
	}
	slices.Sort(ids)
	r := h.Model[rapid.SampledFrom(ids).Draw(h.T, "row")]
	if !h.Model.there(r) && h.replaced(r) {
		h.Skip("another is where it was")
	}
	return kinds[r.kind], r
}

// replaced reports whether another row is where one that has gone was.
func (h resourcesHistory) replaced(r row) bool {
	for _, other := range h.Model.of(r.kind, nil) {
		if other.at(kinds[r.kind].path) == r.at(kinds[r.kind].path) {
			return true
		}
	}
	return false
}

func (h resourcesHistory) change() {
	k, r := h.aRow()
	sent := k.fields(h, r)
	next := r
	next.ids, next.sent = maps.Clone(r.ids), maps.Clone(r.sent)
	maps.Copy(next.sent, sent)
	token, allowed := h.as(k, r, "edit")
	a := h.Call(request{Method: "PATCH", Path: r.at(k.path), Token: token, JSON: h.body(k, r, sent)}, func() want {
		refused := h.refuses(k, r, allowed, h.Model.there(r), func() *want {
			if k.resolve != nil && !k.resolve(h, &next) {
				return &want{Status: 404}
			}
			if _, taken := h.clash(k, next); taken {
				return &want{Status: 400}
			}
			return nil
		})
		if refused != nil {
			return *refused
		}
		return want{Status: 200}
	})
	if a.OK() {
		h.Model[r.ids[r.self()]] = next
	}
}

func (h resourcesHistory) remove() {
	k, r := h.aRow()
	action := "delete"
	if k.asks == last {
		action = "edit" // to detach
	}
	token, allowed := h.as(k, r, action)
	q := request{Method: "DELETE", Path: r.at(k.path), Token: token}
	if k.where != nil {
		q.JSON = h.body(k, r, nil)
	}
	a := h.Call(q, func() want {
		refused := h.refuses(k, r, allowed, h.Model.there(r), func() *want {
			if r.sent["hasDeleteProtection"] == true {
				return refusal(0, "delete protection", "")
			}
			return nil
		})
		if refused != nil {
			return *refused
		}
		return want{Status: 200}
	})
	if a.OK() {
		r.gone = true
		h.Model[r.ids[r.self()]] = r
	}
}

func (h resourcesHistory) read() {
	k, r := h.aRow()
	token, allowed := h.as(k, r, "read")
	h.Call(request{Method: "GET", Path: r.at(k.path), Token: token}, func() want {
		if refused := h.refuses(k, r, allowed || k.open, h.Model.there(r), func() *want { return nil }); refused != nil {
			return *refused
		}
		return want{Status: 200}
	})
}

// get reads as the administrator.
func (h resourcesHistory) get(path string, status int, has object) providertest.Answer {
	return h.Call(request{Method: "GET", Path: path, Token: h.Credentials["accessToken"]}, func() want { return want{Status: status, Has: has} })
}

// agree reads all rows that are there or were, and lists what can be listed.
func (h resourcesHistory) agree() {
	for _, id := range slices.Sorted(maps.Keys(h.Model)) {
		r := h.Model[id]
		k := kinds[r.kind]
		switch {
		case id == h.worker:
		case h.Model.there(r):
			shown := r.sent
			if k.shows != nil {
				shown = k.shows(h, r)
			}
			has := object{}
			for name, value := range shown {
				has[strings.TrimPrefix(k.under+"."+name, ".")] = value
			}
			maps.DeleteFunc(has, func(_ string, value any) bool { // what is no plain value
				switch value.(type) {
				case string, int, bool:
					return false
				}
				return true
			})
			h.get(r.at(k.path), 200, has)
		case !h.replaced(r):
			if a := h.get(r.at(k.path), 0, nil); a.OK() {
				h.Fatalf("%s %s is still there", r.kind, id)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		k := kinds[name]
		if k.list == "" {
			continue
		}
		scopes := []row{{}}
		if len(k.in) > 0 {
			scopes = h.Model.of(k.in[0], nil)
		}
		for _, scope := range scopes {
			var want, got []string
			for _, r := range h.Model.of(name, scope.ids) {
				want = append(want, r.ids[r.self()])
			}
			list := h.get(scope.at(k.all), 200, nil)
			items := list.List(k.list)
			if name == "group" {
				items = list.List("")
			}
			for _, item := range items {
				if id := item.(object)["id"].(string); id != h.Credentials["projectId"] {
					got = append(got, id)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				h.Fatalf("the list at %s has %v, want %v", scope.at(k.all), got, want)
			}
		}
	}
}

// advance moves the clock, also to where a role of a while ends.
func (h resourcesHistory) advance() {
	if h.Now.Sub(h.began) > 50*24*time.Hour {
		h.Skip("the worker's token lives for 90 days")
	}
	var ends []time.Time
	for _, m := range h.Model.of("member", nil) {
		ends = append(ends, m.until)
	}
	h.Advance(ends)
}

// start makes the worker, and a project to begin with.
func (h *resourcesHistory) start() {
	call := func(path string, body object) providertest.Answer {
		return h.Call(request{Method: "POST", Path: path, Token: h.Credentials["accessToken"], JSON: body}, func() want { return want{Status: 200} })
	}
	h.began = h.Now
	h.worker = call("/api/v1/identities", object{"name": "worker", "organizationId": h.Credentials["organizationId"], "role": "no-access"}).Text("identity.id")
	call(tokenPath+h.worker, object{"accessTokenTTL": 0, "accessTokenMaxTTL": 0})
	h.token = call(tokenPath+h.worker+"/tokens", object{}).Text("accessToken")
	h.put(row{kind: "identity", ids: map[string]string{}}, h.worker)
	sent := object{"projectName": "p", "slug": "p-one", "hasDeleteProtection": false, "shouldCreateDefaultEnvs": false}
	h.put(row{kind: "project", ids: map[string]string{}, sent: sent, nth: 1}, call("/api/v1/projects", sent).Text("project.id"))
	m := row{kind: "member", ids: map[string]string{"identity": h.worker}, sent: object{"roles": []object{{"role": "member"}}}, nth: 2}
	maps.Copy(m.ids, h.Model.of("project", nil)[0].ids)
	h.put(m, call(m.at(kinds["member"].path), m.sent).Text("identityMembership.id"))
	for _, name := range []string{"environment", "environment", "folder", "import", "tag", "role", "identity", "own identity", "member", "privilege", "oidc auth"} {
		h.make(name)
	}
}

func TestResourcesModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := resourcesHistory{History: providertest.NewHistory(t, option(), resources{}, resources.clone)}
		h.start()
		h.Run(map[string]func(){
			"advance": h.advance, "create": h.create, "change": h.change, "remove": h.remove, "read": h.read,
		}, map[string]int{"create": 8, "change": 3, "remove": 2, "read": 2}, h.agree)
	})
}
