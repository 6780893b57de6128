// Package workos emulates the part of WorkOS that hands out machine credentials:
// Connect applications, their client secrets, and the access tokens that those
// are exchanged for.
//
// Hand New to emulator.New or emulator.NewTest:
//
//	wos := workos.New()
//	srv := emulator.NewTest(t, wos)
//	app := wos.SeedApplication(workos.Application{Name: "ci"})
//	client := newClient(wos.URL(), app.ClientID, app.ClientSecret)
//
// The API (api.workos.com) and the AuthKit domain, where tokens come from, share
// one address. Two contracts are served: the published reference
// (https://workos.com/docs/reference/workos-connect), and what the running service
// is known to do differently; differences.go lists each difference, and what had
// to be chosen because nobody public says.
package workos
