package workos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
)

// A Person is a user of the environment, who can sign in, as SeedPerson makes one
// and a world file has it.
type Person struct {
	ID        string `json:"id,omitempty"` // user_ and a ULID
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	Email     string `json:"email,omitempty"`
	// Organizations are the ids of those the person is a member of, the one that is
	// signed in to first; empty means the default world's.
	Organizations []string `json:"organizations,omitempty"`
}

// person is a Person as it is stored.
type person struct {
	ID, FirstName, LastName, Email string
	Organizations                  []string
}

func (u person) name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// signIn is the person as sign-in knows them.
func (u person) signIn() signin.Person {
	return signin.Person{ID: u.ID, Name: u.name(), Email: u.Email}
}

// SeedPerson adds somebody who can sign in and returns them with everything filled
// in that was left empty. It panics when the id or the email is another person's,
// or when an organization does not exist.
func (p *Provider) SeedPerson(in Person) Person {
	return kernel.Seed(&p.Binding, func(c *kernel.Call) (Person, error) { return p.addPerson(c, in, nil) })
}

// worldPeople are the default world's.
func worldPeople(c *kernel.Call) []Person {
	var list []Person
	for _, from := range fixtures.People() {
		list = append(list, Person{
			ID:        worldID(personPrefix, c.DrawWorld("person/"+from.Email)),
			FirstName: from.Given, LastName: from.Family, Email: from.Email,
		})
	}
	return list
}

// addPerson stores a person and fills in what is left empty. Path is where they
// stand in a world file.
func (p *Provider) addPerson(c *kernel.Call, in Person, path []any) (Person, error) {
	u := person(in)
	if u.ID == "" {
		u.ID = p.newID(c, personPrefix)
	}
	if !strings.HasPrefix(u.ID, personPrefix) {
		return in, wrong(path, "id", "person id %q does not begin with %s", u.ID, personPrefix)
	}
	if _, ok := p.people.Get(c.Tx, u.ID); ok {
		return in, wrong(path, "id", "there is a person %s already", u.ID)
	}
	if u.name() == "" {
		u.FirstName, u.LastName = "Person", fmt.Sprint(p.people.Len(c.Tx)+1)
	}
	u.Email = cmp.Or(u.Email, strings.ReplaceAll(fixtures.Slug(u.name()), "-", ".")+"@example.com")
	if other, ok := p.personByEmail.Get(c.Tx, strings.ToLower(u.Email)); ok {
		return in, wrong(path, "email", "the email is that of the person %s", other.ID)
	}
	u.Organizations = slices.Clone(u.Organizations)
	for _, id := range u.Organizations {
		if _, err := p.organization(c, id); err != nil {
			return in, wrong(path, "organizations", "there is no organization %q", id)
		}
	}
	if id, _, ok := p.organizations.First(c.Tx); ok && len(u.Organizations) == 0 {
		u.Organizations = []string{id}
	}
	p.people.Put(c.Tx, u.ID, u)
	return Person(u), nil
}
