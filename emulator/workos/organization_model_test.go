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

	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model of organizations, of what updates change of them, and of what people
// have authorized applications for in them.
type (
	organizationsModel struct {
		organizations map[string]modelOrganization // by id
		members       map[string][]string          // the organizations of people, by email
		authorized    map[string]modelAuthorization
		tokens        map[string]modelSignIn // by the token itself
		made          int
	}
	modelOrganization struct {
		name, externalID string
		metadata         map[string]string
		domains          []modelDomain
		updated          time.Time
		made             int
	}
	modelDomain        struct{ name, state string }
	modelAuthorization struct {
		person, application, organization string // an email, an id and an id
		scopes                            []string
		made                              int
	}
	modelSignIn struct {
		person, application string
		ended               bool
		expires             time.Time
	}
)

func (m organizationsModel) clone() organizationsModel {
	return organizationsModel{maps.Clone(m.organizations), maps.Clone(m.members), maps.Clone(m.authorized), maps.Clone(m.tokens), m.made}
}

type organizationsHistory struct {
	*providertest.History[organizationsModel]
	applications map[string]workos.Application // by id
	people       map[string]string             // their ids by email
}

// TestOrganizationsModel holds random histories of organizations and
// authorizations to the model.
func TestOrganizationsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wos := workos.New()
		empty := organizationsModel{map[string]modelOrganization{}, map[string][]string{}, map[string]modelAuthorization{}, map[string]modelSignIn{}, 0}
		h := organizationsHistory{providertest.NewHistory(t, wos, empty, organizationsModel.clone), map[string]workos.Application{}, map[string]string{}}
		first, second := h.Credentials["organizationId"], wos.SeedOrganization(workos.Organization{Name: "second"}).ID
		for _, id := range []string{first, second} {
			h.Model.made++
			shown := h.get("/organizations/"+id, 200, nil)
			updated, err := time.Parse(milliseconds, shown.Text("updated_at"))
			if err != nil {
				t.Fatal(err)
			}
			h.Model.organizations[id] = modelOrganization{name: shown.Text("name"), updated: updated, made: h.Model.made}
		}
		for _, in := range []workos.Person{
			{Email: "one@example.com", Organizations: []string{first}}, {Email: "both@example.com", Organizations: []string{second, first}},
		} {
			h.people[in.Email], h.Model.members[in.Email] = wos.SeedPerson(in).ID, in.Organizations
		}
		for _, firstParty := range []bool{false, false, true} {
			app := wos.SeedApplication(workos.Application{
				Type: "oauth", FirstParty: firstParty, Scopes: []string{"read"}, RedirectURIs: []workos.RedirectURI{{URI: "https://app.example/back"}},
			})
			h.applications[app.ID] = app
		}
		h.Run(map[string]func(){
			"advance":   func() { h.Advance(h.instants()) },
			"create":    h.create,
			"update":    h.update,
			"delete":    h.delete,
			"sign in":   h.signIn,
			"take back": h.takeBack,
		}, map[string]int{"update": 3, "sign in": 2}, h.agree)
	})
}

func (h organizationsHistory) instants() []time.Time {
	var list []time.Time
	for _, s := range h.Model.tokens {
		list = append(list, s.expires)
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

func (h organizationsHistory) call(method, path string, body any, foretell func() want) providertest.Answer {
	return h.Call(request{Method: method, Path: path, Token: h.Credentials["apiKey"], JSON: body}, foretell)
}

func (h organizationsHistory) get(path string, status int, has object) providertest.Answer {
	return h.call("GET", path, nil, func() want { return want{Status: status, Has: has} })
}

// draw changes some of an organization and returns what is sent for it.
func (h organizationsHistory) draw(o *modelOrganization) object {
	body := object{}
	if providertest.Pick(h.History, "sets name", true, false) {
		o.name = providertest.Pick(h.History, "name", "Acme", "Bolt")
		body["name"] = o.name
	}
	switch id := providertest.Pick(h.History, "external_id", "left out", "", "null", "x", "y"); id {
	case "left out":
	case "": // as none: older clients send it in every update
		body["external_id"] = ""
	case "null":
		o.externalID, body["external_id"] = "", nil
	default:
		o.externalID, body["external_id"] = id, id
	}
	switch providertest.Pick(h.History, "metadata", "left out", "null", "keys") {
	case "null":
		body["metadata"] = nil
	case "keys":
		sent := object{}
		o.metadata = maps.Clone(o.metadata)
		for _, key := range []string{"plan", "tier"} {
			switch value := providertest.Pick(h.History, key, "left out", "null", "gold"); value {
			case "left out":
			case "null":
				delete(o.metadata, key)
				sent[key] = nil
			default:
				if o.metadata == nil {
					o.metadata = map[string]string{}
				}
				o.metadata[key], sent[key] = value, value
			}
		}
		body["metadata"] = sent
	}
	switch providertest.Pick(h.History, "domain_data", "left out", "null", "some") {
	case "null":
		body["domain_data"] = nil
	case "some":
		sent := []object{}
		o.domains = nil
		for _, name := range []string{"a.example", "b.example", "c.example"} {
			if state := providertest.Pick(h.History, name, "none", "none", "pending", "verified"); state != "none" {
				o.domains = append(o.domains, modelDomain{name, state})
				sent = append(sent, object{"domain": name, "state": state})
			}
		}
		body["domain_data"] = sent
	}
	return body
}

// taken refuses what another organization has.
func (h organizationsHistory) taken(id string, o modelOrganization) *want {
	var refused *want
	for other, known := range h.Model.organizations {
		if other == id {
			continue
		}
		if known.externalID != "" && known.externalID == o.externalID {
			return refusal(400, "external_id_already_used", "has the external id")
		}
		for _, d := range o.domains {
			if slices.ContainsFunc(known.domains, func(theirs modelDomain) bool { return theirs.name == d.name }) {
				refused = refusal(409, "already exists", "another organization's")
			}
		}
	}
	return refused
}

// shown is what is said of an organization whenever it is shown.
func (o modelOrganization) shown() object {
	fields := object{"name": o.name, "external_id": nil, "metadata": o.metadata, "updated_at": o.updated.Format(milliseconds)}
	if o.externalID != "" {
		fields["external_id"] = o.externalID
	}
	for i, d := range o.domains {
		fields[fmt.Sprintf("domains.%d.domain", i)], fields[fmt.Sprintf("domains.%d.state", i)] = d.name, d.state
	}
	fields[fmt.Sprintf("domains.%d", len(o.domains))] = nil
	return fields
}

func (h organizationsHistory) create() {
	o := modelOrganization{updated: h.Now}
	body := h.draw(&o)
	if o.name == "" {
		o.name, body["name"] = "Acme", "Acme"
	}
	if sent, ok := body["metadata"].(object); ok { // there is no key to take away yet
		maps.DeleteFunc(sent, func(_ string, value any) bool { return value == nil })
	}
	a := h.call("POST", "/organizations", body, func() want {
		if refused := h.taken("", o); refused != nil {
			return *refused
		}
		return want{Status: 201, Has: o.shown()}
	})
	if a.OK() {
		h.Model.made++
		o.made = h.Model.made
		h.Model.organizations[a.Text("id")] = o
	}
}

// anOrganization draws one that is there, or that never was.
func (h organizationsHistory) anOrganization() (modelOrganization, string) {
	id := rapid.SampledFrom(append(slices.Sorted(maps.Keys(h.Model.organizations)), "org_00000000000000000000000000")).Draw(h.T, "organization")
	return h.Model.organizations[id], id
}

func (h organizationsHistory) update() {
	o, id := h.anOrganization()
	made := o.made
	body := h.draw(&o)
	o.updated = h.Now
	a := h.call("PUT", "/organizations/"+id, body, func() want {
		if made == 0 {
			return *refusal(404, id, "organization")
		}
		if refused := h.taken(id, o); refused != nil {
			return *refused
		}
		return want{Status: 200, Has: o.shown()}
	})
	if a.OK() {
		h.Model.organizations[id] = o
	}
}

func (h organizationsHistory) delete() {
	_, id := h.anOrganization()
	if id == h.Credentials["organizationId"] {
		h.Skip("the applications are of it")
	}
	a := h.call("DELETE", "/organizations/"+id, nil, func() want {
		if _, ok := h.Model.organizations[id]; !ok {
			return want{Status: 404}
		}
		return want{Status: 202}
	})
	if !a.OK() {
		return
	}
	delete(h.Model.organizations, id)
	maps.DeleteFunc(h.Model.authorized, func(_ string, a modelAuthorization) bool { return a.organization == id })
	for email, of := range h.Model.members {
		h.Model.members[email] = slices.DeleteFunc(slices.Clone(of), func(one string) bool { return one == id })
	}
}

// signIn signs a person in on a device: to the organization that is asked for, or
// else to the first of the person's.
func (h organizationsHistory) signIn() {
	app := h.applications[drawnKey(h, "application", h.applications)]
	person := drawnKey(h, "person", h.people)
	scope := providertest.Pick(h.History, "scope", "openid", "openid read")
	device := h.Call(request{Method: "POST", Path: "/oauth2/device_authorization", Form: url.Values{"client_id": {app.ClientID}, "scope": {scope}}}, func() want {
		return want{Status: 200}
	})
	query, organization := url.Values{"user_code": {device.Text("user_code")}}, h.Model.members[person][0]
	if providertest.Pick(h.History, "asks for an organization", true, false) {
		_, organization = h.anOrganization()
		query.Set("organization_id", organization)
	}
	page := h.Call(request{Method: "POST", Path: "/device?" + query.Encode(), Form: url.Values{"person": {person}}}, func() want {
		return want{Status: 200}
	})
	if member := slices.Contains(h.Model.members[person], organization); strings.Contains(page.Body, "signed in") != member {
		h.Fatalf("a member: %t; the page says %s", member, page.Body)
	} else if !member {
		return
	}
	token := h.Call(request{Method: "POST", Path: "/oauth2/token", Form: url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {app.ClientID}, "device_code": {device.Text("device_code")},
	}}, func() want { return want{Status: 200} }).Text("access_token")
	if got := providertest.Claims(h.T, token).At("org_id"); got != organization {
		h.Fatalf("signed in to organization %v, want %s", got, organization)
	}
	h.Model.tokens[token] = modelSignIn{person: person, application: app.ID, expires: h.Now.Truncate(time.Second).Add(lifetime * time.Second)}
	if app.FirstParty { // it asks nobody
		return
	}
	a := modelAuthorization{person: person, application: app.ID, organization: organization}
	id := ""
	for known, before := range h.Model.authorized {
		if before.person == person && before.application == app.ID && before.organization == organization {
			id, a = known, before
		}
	}
	for _, one := range strings.Fields(scope) {
		if !slices.Contains(a.scopes, one) {
			a.scopes = append(slices.Clone(a.scopes), one)
		}
	}
	if id == "" {
		id = h.get("/user_management/users/"+h.people[person]+"/authorized_applications?limit=1", 200, nil).Text("data.0.id")
		h.Model.made++
		a.made = h.Model.made
	}
	h.Model.authorized[id] = a
}

func drawnKey[V any](h organizationsHistory, label string, from map[string]V) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(h.T, label)
}

// takeBack takes back what a person has authorized an application for, in all
// organizations, and ends its tokens.
func (h organizationsHistory) takeBack() {
	app, person := drawnKey(h, "application", h.applications), drawnKey(h, "person", h.people)
	theirs := func(_ string, a modelAuthorization) bool { return a.person == person && a.application == app }
	a := h.call("DELETE", "/user_management/users/"+h.people[person]+"/authorized_applications/"+app, nil, func() want {
		for id, a := range h.Model.authorized {
			if theirs(id, a) {
				return want{Status: 204}
			}
		}
		return *refusal(404, app, "has not authorized")
	})
	if !a.OK() {
		return
	}
	maps.DeleteFunc(h.Model.authorized, theirs)
	for text, s := range h.Model.tokens {
		if s.person == person && s.application == app {
			s.ended = true
			h.Model.tokens[text] = s
		}
	}
}

// agree compares everything that can be listed or read.
func (h organizationsHistory) agree() {
	byExternalID := map[string]string{}
	for id, o := range h.Model.organizations {
		h.get("/organizations/"+id, 200, o.shown())
		byExternalID[o.externalID] = id
		h.same("/organizations/"+id+"/authorized_applications", func(a modelAuthorization) bool { return a.organization == id })
	}
	for _, external := range []string{"x", "y"} {
		h.call("GET", "/organizations/external_id/"+external, nil, func() want {
			if id, ok := byExternalID[external]; ok {
				return want{Status: 200, Has: object{"id": id}}
			}
			return *refusal(404, external, "no organization has the external id")
		})
	}
	for email, id := range h.people {
		h.same("/user_management/users/"+id+"/authorized_applications", func(a modelAuthorization) bool { return a.person == email })
	}
	for text, s := range h.Model.tokens {
		h.Call(request{Method: "GET", Path: "/oauth2/userinfo", Token: text}, func() want {
			if s.ended || !h.Now.Before(s.expires) {
				return *refusal(401, "unauthorized", "does not count")
			}
			return want{Status: 200, Has: object{"sub": h.people[s.person]}}
		})
	}
}

// same compares a list of authorizations, newest first.
func (h organizationsHistory) same(path string, keep func(modelAuthorization) bool) {
	var ids []string
	for id, a := range h.Model.authorized {
		if keep(a) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return h.Model.authorized[b].made - h.Model.authorized[a].made })
	has := object{fmt.Sprintf("data.%d", len(ids)): nil}
	for i, id := range ids {
		at := fmt.Sprintf("data.%d.", i)
		has[at+"id"], has[at+"granted_scopes"], has[at+"application.id"] = id, h.Model.authorized[id].scopes, h.Model.authorized[id].application
	}
	h.get(path+"?limit=100", 200, has)
}
