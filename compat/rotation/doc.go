// Package rotation holds a program that rotates its own client secret, right and in
// four wrong ways, and the folders below it rehearse it against each provider by the
// client that its users have: Infisical's and WorkOS's SDKs, zitadel-go, x/oauth2.
//
// Read rotation.go first, then the service.go of a provider and the test beside it,
// which is what a test of your own looks like. mistakes.go has the wrong ways.
package rotation
