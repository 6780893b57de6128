// Package ocs emulates the identity part of OSIsoft Cloud Services, which is now
// AVEVA CONNECT data services: hybrid and client-credential clients, their
// secrets, the roles they hold, and the token service that the secrets open.
//
// Hand New to emulator.New or emulator.NewTest:
//
//	o := ocs.New()
//	srv := emulator.NewTest(t, o)
//	client := o.SeedClient(ocs.Client{Name: "historian"})
//	rotator := newRotator(o.URL(), client.TenantID, client.ID, client.Secret)
//
// Two contracts are served. The documented one is that of the pages of 2019, when
// the service went public; the live one is what the pages have said since, and
// what is known of the service. differences.go lists each difference.
package ocs
