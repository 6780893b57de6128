// Package infisical emulates the part of Infisical that hands out
// machine-identity credentials: identities, universal auth, client secrets and
// the access tokens they are exchanged for; and the folders and secrets that
// clients read with them.
//
// Hand New to emulator.New or emulator.NewTest:
//
//	inf := infisical.New()
//	srv := emulator.NewTest(t, inf)
//	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})
//	client := newClient(inf.URL(), id.ClientID, id.ClientSecret)
//
// Two contracts are served: the published API reference
// (https://infisical.com/docs/api-reference), and what the running service is
// known to do differently; differences.go lists each difference.
package infisical
