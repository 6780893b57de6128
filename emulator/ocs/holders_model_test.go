package ocs_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// The model of who holds roles: client-credential clients, users and automation
// identities. Everybody holds the member role; a role that is deleted is held by
// nobody; one that is made again is the one there is.
type (
	holdersModel struct {
		roles   map[string]string // the names of the tenant's own, by id
		holders map[string]holder
		made    int
	}
	holder struct {
		kind, id string
		roles    []string
		made     int
	}
)

func (m holdersModel) clone() holdersModel {
	return holdersModel{maps.Clone(m.roles), maps.Clone(m.holders), m.made}
}

// The kinds of holders, by their paths.
const (
	users       = "Users"
	automations = "AutomationIdentities"
)

type holdersHistory struct {
	*providertest.History[holdersModel]
}

// TestHoldersModel holds random histories of roles and their holders to the model.
func TestHoldersModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := holdersHistory{providertest.NewHistory(t, ocs.New(), holdersModel{map[string]string{}, map[string]holder{}, 0}, holdersModel.clone)}
		h.Run(map[string]func(){
			"create role":   h.createRole,
			"delete role":   h.deleteRole,
			"create holder": h.createHolder,
			"set roles":     h.setRoles,
			"delete holder": h.deleteHolder,
		}, map[string]int{"create holder": 3, "set roles": 3}, h.agree)
	})
}

// call makes a call as the tenant's administrator.
func (h holdersHistory) call(method, at string, body any, foretell func() want) providertest.Answer {
	r := request{Method: method, Path: path(h.Credentials["tenantId"], at), Token: h.Credentials["accessToken"], JSON: body}
	return h.Call(r, foretell)
}

func (h holdersHistory) createRole() {
	name := providertest.Pick(h.History, "name", "operators", "readers", "guests")
	a := h.call("POST", "Roles", object{"Name": name}, func() want {
		for id, known := range h.Model.roles {
			if known == name {
				return want{Status: 200, Has: object{"Id": id}}
			}
		}
		return want{Status: 201}
	})
	h.Model.roles[a.Text("Id")] = name
}

// drawRoles draws roles to hold, and whether they can be held.
func (h holdersHistory) drawRoles() ([]string, *want) {
	ids := append(slices.Sorted(maps.Keys(h.Model.roles)), h.Credentials["administratorRoleId"], "00000000-0000-4000-8000-000000000000")
	drawn := []string{}
	var refused *want
	if providertest.Pick(h.History, "member", true, true, true, false) {
		drawn = append(drawn, h.Credentials["memberRoleId"])
	} else {
		refused = refusal(400, "RoleIds", "which everybody has")
	}
	for _, id := range ids {
		if !providertest.Pick(h.History, id, false, false, true) {
			continue
		}
		if drawn = append(drawn, id); id == ids[len(ids)-1] {
			refused = refusal(400, "RoleIds", "there is no role")
		}
	}
	return drawn, refused
}

func (h holdersHistory) createHolder() {
	v := holder{kind: providertest.Pick(h.History, "kind", credential, users, automations)}
	roles, refused := h.drawRoles()
	body := object{"Name": "a holder", "RoleIds": roles}
	in := ""
	switch v.kind {
	case users:
		body["IdentityProviderId"] = "11111111-2222-3333-4444-555555555555"
		delete(body, "Name")
	case credential:
		in = "Client."
	}
	a := h.call("POST", v.kind, body, func() want {
		if refused != nil {
			return *refused
		}
		return want{Status: 201}
	})
	if a.OK() {
		h.Model.made++
		v.id, v.roles, v.made = a.Text(in+"Id"), roles, h.Model.made
		h.Model.holders[v.id] = v
	}
}

// aHolder draws one that is there, or one that is not.
func (h holdersHistory) aHolder() (holder, bool) {
	id := rapid.SampledFrom(append(slices.Sorted(maps.Keys(h.Model.holders)), "nobody")).Draw(h.T, "holder")
	v, ok := h.Model.holders[id]
	if !ok {
		v = holder{kind: providertest.Pick(h.History, "kind", credential, users, automations), id: id}
	}
	return v, ok
}

func (h holdersHistory) setRoles() {
	v, ok := h.aHolder()
	roles, refused := h.drawRoles()
	at, body := v.kind+"/"+v.id, any(object{"RoleIds": roles})
	if v.kind != automations { // these have a call of their own
		list := []object{}
		for _, id := range roles {
			list = append(list, object{"Id": id})
		}
		at, body = at+"/Roles", list
	}
	a := h.call("PUT", at, body, func() want {
		switch {
		case !ok:
			return *refusal(404, "not found", v.id)
		case refused != nil:
			return *refused
		}
		return want{Status: 200}
	})
	if a.OK() {
		v.roles = roles
		h.Model.holders[v.id] = v
	}
}

func (h holdersHistory) deleteHolder() {
	v, ok := h.aHolder()
	h.call("DELETE", v.kind+"/"+v.id, nil, func() want {
		if !ok {
			return *refusal(404, "not found", v.id)
		}
		return want{Status: 204}
	})
	delete(h.Model.holders, v.id)
}

func (h holdersHistory) deleteRole() {
	id := rapid.SampledFrom(append(slices.Sorted(maps.Keys(h.Model.roles)), h.Credentials["memberRoleId"])).Draw(h.T, "role")
	a := h.call("DELETE", "Roles/"+id, nil, func() want {
		if h.Model.roles[id] == "" {
			return *refusal(405, "built in", "built in")
		}
		return want{Status: 204}
	})
	if !a.OK() {
		return
	}
	delete(h.Model.roles, id)
	for key, v := range h.Model.holders {
		v.roles = slices.DeleteFunc(slices.Clone(v.roles), func(held string) bool { return held == id })
		h.Model.holders[key] = v
	}
}

// ids are the identifiers of a list.
func (h holdersHistory) ids(at string) []string {
	var ids []string
	for _, item := range h.call("GET", at, nil, func() want { return want{Status: 200} }).List("") {
		ids = append(ids, fmt.Sprint(item.(object)["Id"]))
	}
	return ids
}

// agree compares what everybody holds, and who holds what.
func (h holdersHistory) agree() {
	all := slices.SortedFunc(maps.Values(h.Model.holders), func(a, b holder) int { return a.made - b.made })
	for _, v := range all {
		got := h.call("GET", v.kind+"/"+v.id, nil, func() want { return want{Status: 200} })
		var held []string
		for _, id := range got.List("RoleIds") {
			held = append(held, id.(string))
		}
		if !slices.Equal(held, v.roles) {
			h.Fatalf("%s %s holds %v, want %v", v.kind, v.id, held, v.roles)
		}
		if v.kind == automations {
			continue
		}
		if listed := h.ids(v.kind + "/" + v.id + "/Roles"); !slices.Equal(slices.Sorted(slices.Values(listed)), slices.Sorted(slices.Values(v.roles))) {
			h.Fatalf("the roles of %s %s are %v, want %v", v.kind, v.id, listed, v.roles)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.Model.roles)) {
		for list, kind := range map[string]string{"users": users, "clientcredentialclients": credential} {
			var holding []string
			for _, v := range all {
				if v.kind == kind && slices.Contains(v.roles, id) {
					holding = append(holding, v.id)
				}
			}
			if listed := h.ids("Roles/" + id + "/" + list); !slices.Equal(slices.Sorted(slices.Values(listed)), slices.Sorted(slices.Values(holding))) {
				h.Fatalf("the %s of role %s are %v, want %v", list, id, listed, holding)
			}
		}
	}
}
