package zitadel

import "github.com/understudy-dev/understudy/internal/kernel"

// populate adds machine users with a client secret, projects with an API
// application, and people, to the first organization.
func populate(w *world, n int, from kernel.Inventor) {
	if len(w.Organizations) == 0 {
		return
	}
	org := &w.Organizations[0]
	for range n {
		name := from.Program()
		org.Users = append(org.Users, MachineUser{
			UserName: name, Name: name, Description: from.Sentence(), ClientSecret: from.Secret(secretLength),
		})
		org.Projects = append(org.Projects, Project{
			Name: from.Program(), Apps: []APIApp{{Name: from.Program(), ClientSecret: from.Secret(secretLength)}},
		})
		given, family, email := from.Person()
		w.People = append(w.People, Person{UserName: email, GivenName: given, FamilyName: family, Email: email})
	}
}
