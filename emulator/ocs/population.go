package ocs

import "github.com/understudy-dev/understudy/internal/kernel"

// populate adds client-credential clients with a secret each to the first tenant,
// and people.
func populate(w *world, n int, from kernel.Inventor) {
	if len(w.Tenants) == 0 {
		return
	}
	clients := &w.Tenants[0].Clients
	for range n {
		described := from.Sentence()
		*clients = append(*clients, Client{Name: from.Program(), Secrets: []Secret{{Description: described}}})
		given, family, email := from.Person()
		w.People = append(w.People, Person{GivenName: given, Surname: family, Email: email})
	}
}
