package ocs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
)

// A Person is a user of a tenant, who can sign in, as SeedPerson makes one and a
// world file has it.
type Person struct {
	ID        string `json:"id,omitempty"`       // a GUID
	TenantID  string `json:"tenantId,omitempty"` // the default world's
	GivenName string `json:"givenName,omitempty"`
	Surname   string `json:"surname,omitempty"`
	Email     string `json:"email,omitempty"`
	// Roles are ids of roles, or their names; empty means Tenant Member.
	Roles    []string `json:"roles,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
}

// person is a Person as it is stored.
type person struct {
	ID, TenantID, GivenName, Surname, Email string
	Roles                                   []string // ids
	Disabled                                bool
	Invited                                 bool // made over the API, and has not signed in
	contact
}

func (u person) name() string { return strings.TrimSpace(u.GivenName + " " + u.Surname) }

// signIn is the person as sign-in knows them.
func (u person) signIn() signin.Person {
	k := signin.Person{ID: u.ID, Name: u.name(), Email: u.Email}
	if u.Disabled {
		k.Gone = "the person " + u.ID + " is disabled"
	}
	if u.Invited {
		k.Gone = "the user " + u.ID + " has not accepted an invitation, which nobody does here"
	}
	return k
}

// SeedPerson adds somebody who can sign in and returns them with everything filled
// in that was left empty. It panics when the id or the email is another person's,
// or when the tenant or a role does not exist.
func (p *Provider) SeedPerson(in Person) Person {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Person, error) { return p.addPerson(c, in, nil) })
}

// worldPeople are the default world's: the first one administrates.
func worldPeople(c *kernel.Call) []Person {
	var list []Person
	for i, from := range fixtures.People() {
		u := Person{
			ID:        c.DrawWorld("person/" + from.Email).UUID(),
			GivenName: from.Given, Surname: from.Family, Email: from.Email, Roles: []string{memberRole},
		}
		if i == 0 {
			u.Roles = []string{administratorRole, memberRole}
		}
		list = append(list, u)
	}
	return list
}

// addPerson stores a person and fills in what is left empty. Path is where they
// stand in a world file.
func (p *Provider) addPerson(c *kernel.Call, in Person, path []any) (Person, error) {
	u := person{
		ID: in.ID, TenantID: in.TenantID, GivenName: in.GivenName, Surname: in.Surname, Email: in.Email,
		Roles: in.Roles, Disabled: in.Disabled,
	}
	refuse := func(field, format string, args ...any) (Person, error) {
		return in, kernel.WorldErrorf(kernel.Below(path, field), format, args...)
	}
	if u.TenantID == "" {
		u.TenantID, _, _ = p.tenants.First(c.Tx)
	}
	if u.ID == "" {
		u.ID = c.Draw("person").UUID()
	}
	u.ID = strings.ToLower(u.ID)
	if _, ok := p.tenants.Get(c.Tx, u.TenantID); !ok {
		return refuse("tenantId", "there is no tenant %q", u.TenantID)
	}
	if _, ok := p.people.Get(c.Tx, u.ID); ok {
		return refuse("id", "there is a person %s already", u.ID)
	}
	if u.GivenName == "" && u.Surname == "" {
		u.GivenName = "Person"
		u.Surname = fmt.Sprint(p.people.Len(c.Tx) + 1)
	}
	u.Email = cmp.Or(u.Email, strings.ReplaceAll(fixtures.Slug(u.name()), "-", ".")+"@example.com")
	if other, ok := p.personByEmail.Get(c.Tx, strings.ToLower(u.Email)); ok {
		return refuse("email", "the email is that of the person %s", other.ID)
	}
	if len(u.Roles) == 0 {
		u.Roles = []string{memberRole}
	}
	u.Roles = slices.Clone(u.Roles)
	for i, name := range u.Roles {
		id := cmp.Or(p.roleNamed(c, u.TenantID, name), strings.ToLower(name))
		if r, ok := p.roles.Get(c.Tx, id); !ok || r.TenantID != u.TenantID {
			return refuse("roles", "there is no role %q in the tenant", name)
		}
		u.Roles[i] = id
	}
	p.people.Put(c.Tx, u.ID, u)
	in.ID, in.TenantID, in.GivenName, in.Surname, in.Email, in.Roles = u.ID, u.TenantID, u.GivenName, u.Surname, u.Email, u.Roles
	return in, nil
}
