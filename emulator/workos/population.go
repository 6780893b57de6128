package workos

import "github.com/understudy-dev/understudy/internal/kernel"

// populate adds organizations, machine-to-machine applications of the first one
// with a client secret each, and people.
func populate(w *world, n int, from kernel.Inventor) {
	for range n {
		w.Organizations = append(w.Organizations, Organization{Name: from.Company()})
		w.Applications = append(w.Applications, Application{
			Name: from.Program(), Description: from.Sentence(), ClientSecrets: []ClientSecret{{}},
		})
		given, family, email := from.Person()
		w.People = append(w.People, Person{FirstName: given, LastName: family, Email: email})
	}
}
