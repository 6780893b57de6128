// Package emulator runs stand-ins for the services that hand out machine
// credentials. In a test:
//
//	inf := infisical.New()
//	srv := emulator.NewTest(t, inf)
//	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
//	client := newClient(inf.URL(), id.ClientID, id.ClientSecret)
//	srv.Clock.Advance(31 * 24 * time.Hour)
//
// New makes a server that does not listen, for programs of your own and for
// testing/synctest bubbles; its Client reaches the providers in memory.
//
// Understudy is for tests and development. Its secrets are predictable and its
// state is in memory.
package emulator
