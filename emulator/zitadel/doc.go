// Package zitadel emulates the part of ZITADEL that hands out credentials:
// projects, API and OIDC applications with client secrets and keys, machine
// users with client secrets, keys and personal access tokens, people who sign in,
// over the REST form of the Management API v1, and the OAuth endpoints that take
// them; around them roles, grants, members, organizations and the keys that sign;
// the services of version 2, and the calls of other services that the official
// clients make.
//
// gRPC, gRPC-Web and Connect are served on the same port, by the same handlers: a
// method with a REST path is the operation of that path, whichever way it is
// called, in faults and in the journal; one without is named by its procedure.
// rpc.go is the protocols' part.
//
// Hand New to emulator.New or emulator.NewTest:
//
//	zit := zitadel.New()
//	srv := emulator.NewTest(t, zit)
//	app := zit.SeedAPIApp(zitadel.APIApp{Name: "orders"})
//	api := newAPI(zit.URL(), app.ClientID, app.ClientSecret) // introspects tokens
//	user := zit.SeedMachineUser(zitadel.MachineUser{UserName: "ci"})
//	client := newClient(zit.URL(), user.UserName, user.ClientSecret)
//
// Two contracts are served: the published API reference
// (https://zitadel.com/docs/reference/api/management), and what the running
// service is known to do differently; differences.go lists each difference.
package zitadel
