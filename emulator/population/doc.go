// Package population fills worlds with invented organizations, identities,
// applications, people and secrets: for paging, consoles and load.
//
//	srv := emulator.NewTest(t, infisical.New(), population.Of(1000))
//
// The names are gofakeit's and follow from the world's seed; a new version of that
// library may have others. Only who imports this package links it.
package population
