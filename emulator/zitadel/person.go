package zitadel

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
)

// A Person is somebody of an organization who can sign in, as SeedPerson makes one
// and a world file has it.
type Person struct {
	ID             string `json:"id,omitempty"`
	OrganizationID string `json:"organizationId,omitempty"` // the default world's
	UserName       string `json:"userName,omitempty"`       // the login name; the email, if it is left out
	GivenName      string `json:"givenName,omitempty"`
	FamilyName     string `json:"familyName,omitempty"`
	Email          string `json:"email,omitempty"`
}

// person is a Person as it is stored.
type person struct {
	ID, OrganizationID, UserName, GivenName, FamilyName, Email string
}

func (h person) name() string { return strings.TrimSpace(h.GivenName + " " + h.FamilyName) }

// signIn is the person as sign-in knows them.
func (h person) signIn() signin.Person {
	return signin.Person{ID: h.ID, Name: h.name(), Email: h.Email, Login: h.UserName}
}

// user is the person as the tokens' endpoints know who holds one.
func (h person) user() user {
	return user{ID: h.ID, OrgID: h.OrganizationID, UserName: h.UserName, machine: machine{Name: h.name()}}
}

// SeedPerson adds somebody who can sign in and returns them with everything filled
// in that was left empty. It panics when the id or the user name is taken, or when
// there is no such organization.
func (p *Provider) SeedPerson(in Person) Person {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Person, error) { return p.addPerson(c, in, nil) })
}

// firstPersonPlace is where the ids of the default world's people begin.
const firstPersonPlace = 100

// worldPeople are the default world's.
func worldPeople(c *kernel.Call) []Person {
	var list []Person
	for i, from := range fixtures.People() {
		list = append(list, Person{
			ID: worldID(c, firstPersonPlace+uint64(i)), UserName: from.Email,
			GivenName: from.Given, FamilyName: from.Family, Email: from.Email,
		})
	}
	return list
}

// addPerson stores a person and fills in what is left empty. Path is where they
// stand in a world file.
func (p *Provider) addPerson(c *kernel.Call, in Person, path []any) (Person, error) {
	refuse := func(field, format string, args ...any) (Person, error) {
		return in, kernel.WorldErrorf(at(path, field), format, args...)
	}
	if in.ID == "" {
		in.ID = p.nextID(c)
	}
	if in.OrganizationID == "" {
		in.OrganizationID = first(p.organizations.All(c.Tx))
	}
	if in.GivenName == "" && in.FamilyName == "" {
		in.GivenName, in.FamilyName = "Person", fmt.Sprint(p.people.Len(c.Tx)+1)
	}
	h := person(in)
	h.Email = cmp.Or(h.Email, strings.ReplaceAll(fixtures.Slug(h.name()), "-", ".")+"@example.com")
	h.UserName = cmp.Or(h.UserName, h.Email)
	if _, ok := p.organizations.Get(c.Tx, h.OrganizationID); !ok {
		return refuse("organizationId", "there is no organization %q", h.OrganizationID)
	}
	if _, ok := p.people.Get(c.Tx, h.ID); ok {
		return refuse("id", "there is a person %s already", h.ID)
	}
	if _, ok := p.users.Get(c.Tx, h.ID); ok {
		return refuse("id", "the id %s is a machine user's", h.ID)
	}
	if other, ok := p.personByUserName.Get(c.Tx, strings.ToLower(h.UserName)); ok {
		return refuse("userName", "the user name is that of the person %s", other.ID)
	}
	p.people.Put(c.Tx, h.ID, h)
	return Person(h), nil
}
