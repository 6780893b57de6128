package ocs_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// A plainKind is a kind of things without secrets and what the pages say of its
// members.
type plainKind struct {
	path     string
	required object           // what a creation has to name
	defaults object           // what is shown of members that were never sent
	values   map[string][]any // what members can be set to
	wrong    map[string]any   // and what they can't
	ownID    bool             // clients may choose its id
}

// plainKinds are clients without secrets and automation identities.
func plainKinds(member, administrator string) []plainKind {
	lifetimes, names, tags := []any{60, 3600}, []any{"one", "two"}, []any{[]string{}, []string{"a", "b"}}
	return []plainKind{
		{
			path: "AuthorizationCodeClients", required: object{"Name": "one", "RedirectUris": []string{"https://app.example/back"}}, ownID: true,
			defaults: object{
				"Enabled": true, "AccessTokenLifetime": 3600, "Tags": []string{}, "AllowOfflineAccess": false,
				"PostLogoutRedirectUris": []string{}, "AllowedCorsOrigins": []string{}, "ClientUri": nil, "LogoUri": nil,
			},
			values: map[string][]any{
				"Name": names, "Enabled": {true, false}, "AccessTokenLifetime": lifetimes, "Tags": tags, "AllowOfflineAccess": {true, false},
				"AllowedCorsOrigins": {[]string{"https://app.example"}}, "ClientUri": {"https://app.example"},
			},
			wrong: map[string]any{"AccessTokenLifetime": 59, "Enabled": "yes"},
		},
		{
			path: "DeviceCodeClients", required: object{"Name": "one"}, ownID: true,
			defaults: object{
				"Enabled": true, "AccessTokenLifetime": 3600, "Tags": []string{}, "DeviceCodeLifetime": 300, "ClientUri": nil, "LogoUri": nil,
			},
			values: map[string][]any{"Name": names, "Enabled": {true, false}, "Tags": tags, "DeviceCodeLifetime": {300, 600}, "LogoUri": {"https://app.example/logo"}},
			wrong:  map[string]any{"AccessTokenLifetime": 3601, "Tags": "a"},
		},
		{
			path: "AutomationIdentities", required: object{"Name": "one"},
			defaults: object{"RoleIds": []string{member}, "Tags": []string{}},
			values:   map[string][]any{"Name": names, "Tags": tags, "RoleIds": {[]string{member}, []string{member, administrator}}},
			wrong:    map[string]any{"RoleIds": []string{administrator}, "Tags": "a"},
		},
	}
}

type (
	plainModel struct {
		things map[string]plainThing // by path and id
		made   int
	}
	plainThing struct {
		kind   plainKind
		id     string
		fields object
		made   int
	}
)

func (m plainModel) clone() plainModel { return plainModel{maps.Clone(m.things), m.made} }

type plainHistory struct {
	*providertest.History[plainModel]
	kinds []plainKind
}

// TestPlainModel holds random histories of things without secrets to the model.
func TestPlainModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := plainHistory{History: providertest.NewHistory(t, ocs.New(), plainModel{map[string]plainThing{}, 0}, plainModel.clone)}
		h.kinds = plainKinds(h.Credentials["memberRoleId"], h.Credentials["administratorRoleId"])
		h.Run(map[string]func(){"create": h.create, "update": h.update, "delete": h.delete}, map[string]int{"create": 2, "update": 2}, h.agree)
	})
}

func (h plainHistory) call(method, at string, body any, foretell func() want) providertest.Answer {
	return h.Call(request{Method: method, Path: path(h.Credentials["tenantId"], at), Token: h.Credentials["accessToken"], JSON: body}, foretell)
}

func (h plainHistory) aKind() plainKind {
	return h.kinds[rapid.IntRange(0, len(h.kinds)-1).Draw(h.T, "kind")]
}

// draw draws what is sent, and applies it: to a member that cannot be set, too.
func (h plainHistory) draw(k plainKind, fields object) (object, *want) {
	body := object{}
	for _, name := range slices.Sorted(maps.Keys(k.values)) {
		switch providertest.Pick(h.History, name, "left out", "null", "value") {
		case "null": // as left out
			if k.required[name] == nil {
				body[name] = nil
			}
		case "value":
			body[name] = rapid.SampledFrom(k.values[name]).Draw(h.T, name)
			fields[name] = body[name]
		}
	}
	if name := rapid.SampledFrom(append(slices.Sorted(maps.Keys(k.wrong)), "none", "none", "none", "none")).Draw(h.T, "wrong"); name != "none" {
		body[name] = k.wrong[name]
		return body, refusal(400, name, name)
	}
	return body, nil
}

func (h plainHistory) create() {
	k := h.aKind()
	v := plainThing{kind: k, fields: maps.Clone(k.defaults)}
	body, refused := h.draw(k, v.fields)
	for name, value := range k.required {
		if body[name] == nil {
			body[name], v.fields[name] = value, value
		}
	}
	if k.ownID && providertest.Pick(h.History, "sends Id", false, true) {
		body["Id"] = providertest.Pick(h.History, "Id", "mine", "yours")
		for _, other := range h.Model.things {
			if other.id == body["Id"] && refused == nil {
				refused = refusal(409, "exists already", "")
			}
		}
	}
	a := h.call("POST", k.path, body, func() want {
		if refused != nil {
			return *refused
		}
		return want{Status: 201, Has: v.fields}
	})
	if a.OK() {
		h.Model.made++
		v.id, v.made = a.Text("Id"), h.Model.made
		h.Model.things[k.path+"/"+v.id] = v
	}
}

// aThing draws one that is there, or one that is not.
func (h plainHistory) aThing() (plainThing, *want) {
	at := rapid.SampledFrom(append(slices.Sorted(maps.Keys(h.Model.things)), "")).Draw(h.T, "thing")
	if v, ok := h.Model.things[at]; ok {
		return v, nil
	}
	return plainThing{kind: h.aKind(), id: "nobody", fields: object{}}, refusal(404, "not found", "nobody")
}

func (h plainHistory) update() {
	v, missing := h.aThing()
	v.fields = maps.Clone(v.fields)
	body, refused := h.draw(v.kind, v.fields)
	a := h.call("PUT", v.kind.path+"/"+v.id, body, func() want {
		switch {
		case refused != nil && missing != nil: // which of them comes first, nobody says
			return want{}
		case refused != nil:
			return *refused
		case missing != nil:
			return *missing
		}
		return want{Status: 200, Has: v.fields}
	})
	if a.OK() {
		h.Model.things[v.kind.path+"/"+v.id] = v
	}
}

func (h plainHistory) delete() {
	v, missing := h.aThing()
	h.call("DELETE", v.kind.path+"/"+v.id, nil, func() want {
		if missing != nil {
			return *missing
		}
		return want{Status: 204}
	})
	delete(h.Model.things, v.kind.path+"/"+v.id)
}

// agree compares everything that can be listed or read, also by its tag.
func (h plainHistory) agree() {
	all := slices.SortedFunc(maps.Values(h.Model.things), func(a, b plainThing) int { return a.made - b.made })
	for _, k := range h.kinds {
		lists := map[string][]string{"": nil, "?tag=a": nil}
		for _, v := range all {
			if v.kind.path != k.path {
				continue
			}
			h.call("GET", k.path+"/"+v.id, nil, func() want { return want{Status: 200, Has: v.fields} })
			lists[""] = append(lists[""], v.id)
			if tags, _ := v.fields["Tags"].([]string); slices.Contains(tags, "a") {
				lists["?tag=a"] = append(lists["?tag=a"], v.id)
			}
		}
		for query, ids := range lists {
			var listed []string
			for _, item := range h.call("GET", k.path+query, nil, func() want { return want{Status: 200} }).List("") {
				listed = append(listed, fmt.Sprint(item.(object)["Id"]))
			}
			if !slices.Equal(listed, ids) {
				h.Fatalf("%s%s: %v are listed, want %v", k.path, query, listed, ids)
			}
		}
	}
}

// The model of users who are invited, and of their invitations, which expire by the
// clock and are accepted by nobody.
type (
	invitationsModel struct {
		users       map[string]bool            // by id
		invitations map[string]modelInvitation // by user
		made        int
	}
	modelInvitation struct {
		id              string
		issued, expires time.Time
		sent            bool
		made            int
	}
)

func (m invitationsModel) clone() invitationsModel {
	return invitationsModel{maps.Clone(m.users), maps.Clone(m.invitations), m.made}
}

type invitationsHistory struct {
	*providertest.History[invitationsModel]
}

// TestInvitationsModel holds random histories of invitations to the model.
func TestInvitationsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		empty := invitationsModel{map[string]bool{}, map[string]modelInvitation{}, 0}
		h := invitationsHistory{providertest.NewHistory(t, ocs.New(), empty, invitationsModel.clone)}
		h.createUser()
		h.Run(map[string]func(){
			"advance":     func() { h.Advance(h.instants()) },
			"create user": h.createUser,
			"delete user": h.deleteUser,
			"invite":      func() { h.invite("POST", false) },
			"set":         func() { h.invite("PUT", false) },
			"update":      func() { h.invite("PUT", true) },
			"take back":   h.takeBack,
		}, map[string]int{"advance": 2, "set": 2}, h.agree)
	})
}

func (h invitationsHistory) instants() []time.Time {
	var list []time.Time
	for _, user := range slices.Sorted(maps.Keys(h.Model.invitations)) {
		list = append(list, h.Model.invitations[user].expires)
	}
	return list
}

func (h invitationsHistory) call(method, at string, body any, foretell func() want) providertest.Answer {
	return h.Call(request{Method: method, Path: path(h.Credentials["tenantId"], at), Token: h.Credentials["accessToken"], JSON: body}, foretell)
}

const identityProvider = "11111111-2222-3333-4444-555555555555"

func (h invitationsHistory) createUser() {
	a := h.call("POST", "Users", object{"IdentityProviderId": identityProvider}, func() want { return want{Status: 201} })
	h.Model.users[a.Text("Id")] = true
}

// aUser draws one who is there, or nobody.
func (h invitationsHistory) aUser() (string, *want) {
	id := rapid.SampledFrom(append(slices.Sorted(maps.Keys(h.Model.users)), "nobody")).Draw(h.T, "user")
	if h.Model.users[id] {
		return id, nil
	}
	return id, refusal(404, "not found", "nobody")
}

func (h invitationsHistory) deleteUser() {
	user, missing := h.aUser()
	h.call("DELETE", "Users/"+user, nil, func() want {
		if missing != nil {
			return *missing
		}
		return want{Status: 204}
	})
	delete(h.Model.users, user)
	delete(h.Model.invitations, user)
}

// invite makes or changes an invitation, by its user or its own identifier.
func (h invitationsHistory) invite(method string, byID bool) {
	user, missing := h.aUser()
	i, there := h.Model.invitations[user]
	at := "Users/" + user + "/Invitation"
	if byID {
		if at = "Invitations/nothing"; there {
			at = "Invitations/" + i.id
		} else {
			missing = refusal(404, "not found", "nothing")
		}
	}
	if !there {
		i = modelInvitation{issued: h.Now, expires: h.Now.AddDate(0, 0, 21)}
	}
	body := object{"IdentityProviderId": identityProvider}
	send := providertest.Pick(h.History, "SendInvitation", "left out", "yes", "no")
	if i.sent = i.sent || send != "no"; send != "left out" {
		body["SendInvitation"] = send == "yes"
	}
	var refused *want
	switch providertest.Pick(h.History, "ExpiresDateTime", "left out", "left out", "soon", "past", "late") {
	case "soon":
		i.expires = h.Now.Add(time.Hour)
		body["ExpiresDateTime"] = rfc3339(i.expires)
	case "past":
		body["ExpiresDateTime"], refused = rfc3339(h.Now), refusal(400, "ExpiresDateTime", "not within")
	case "late":
		body["ExpiresDateTime"], refused = rfc3339(h.Now.AddDate(0, 2, 0).Add(time.Second)), refusal(400, "ExpiresDateTime", "not within")
	}
	a := h.call(method, at, body, func() want {
		switch {
		case missing != nil:
			return *missing
		case method == "POST" && there && refused != nil:
			return want{}
		case refused != nil:
			return *refused
		case method == "POST" && there:
			return *refusal(409, "exists already", "has an invitation")
		case there:
			return want{Status: 200, Has: i.shown(user)}
		}
		return want{Status: 201, Has: i.shown(user)}
	})
	if !a.OK() {
		return
	}
	if !there {
		h.Model.made++
		i.id, i.made = a.Text("Id"), h.Model.made
	}
	h.Model.invitations[user] = i
}

// shown is what is said of an invitation whenever it is shown.
func (i modelInvitation) shown(user string) object {
	state := 0
	if i.sent {
		state = 1
	}
	return object{"UserId": user, "Accepted": nil, "State": state}
}

func (h invitationsHistory) takeBack() {
	user, missing := h.aUser()
	i, there := h.Model.invitations[user]
	at := "Users/" + user + "/Invitation"
	if there && providertest.Pick(h.History, "by", "user", "id") == "id" {
		at = "Invitations/" + i.id
	}
	h.call("DELETE", at, nil, func() want {
		switch {
		case missing != nil:
			return *missing
		case !there:
			return *refusal(404, "not found", user)
		}
		return want{Status: 204}
	})
	delete(h.Model.invitations, user)
}

// agree compares the states of users, and the invitations that are listed.
func (h invitationsHistory) agree() {
	all := slices.SortedFunc(maps.Keys(h.Model.invitations), func(a, b string) int {
		return h.Model.invitations[a].made - h.Model.invitations[b].made
	})
	lists := map[string][]string{"": nil, "?includeExpiredInvitations=true": nil}
	for _, user := range all {
		i := h.Model.invitations[user]
		if lists["?includeExpiredInvitations=true"] = append(lists["?includeExpiredInvitations=true"], i.id); !h.Now.After(i.expires) {
			lists[""] = append(lists[""], i.id)
		}
		for _, at := range []string{"Invitations/" + i.id, "Users/" + user + "/Invitation"} {
			shown := h.call("GET", at, nil, func() want { return want{Status: 200, Has: i.shown(user)} })
			for name, moment := range map[string]time.Time{"Issued": i.issued, "Expires": i.expires} {
				if at, err := time.Parse(time.RFC3339Nano, shown.Text(name)); err != nil || !at.Equal(moment) {
					h.Fatalf("%s of %s is %s, want %s", name, i.id, shown.Text(name), moment)
				}
			}
		}
	}
	for _, user := range slices.Sorted(maps.Keys(h.Model.users)) {
		state := 1 // none
		if i, ok := h.Model.invitations[user]; ok {
			switch {
			case h.Now.After(i.expires):
				state = 4
			case i.sent:
				state = 3
			default:
				state = 2
			}
		}
		h.call("GET", "Users/"+user+"/Status", nil, func() want { return want{Status: 200, Has: object{"InvitationStatus": state}} })
	}
	for query, ids := range lists {
		var listed []string
		for _, item := range h.call("GET", "Invitations"+query, nil, func() want { return want{Status: 200} }).List("") {
			listed = append(listed, fmt.Sprint(item.(object)["Id"]))
		}
		if !slices.Equal(listed, ids) {
			h.Fatalf("Invitations%s: %v are listed, want %v", query, listed, ids)
		}
	}
}
