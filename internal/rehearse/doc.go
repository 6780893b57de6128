// Package rehearse runs an application's work again and again, each time in a
// fresh copy of the same world and with one more thing going wrong, and judges
// what became of it.
//
// A case is a world with acts (what the application does) and checks (what must
// hold). The work is first done twice undisturbed: both runs must make the same
// calls, or a fault could not be aimed at one of them. Then follows a case for
// every call and every kind of fault, for calls that only a fault brought about,
// and, if asked for, for pairs of faults. After its fault each case is run again
// without one, and has to arrive where the undisturbed runs did.
//
// The package knows neither package testing nor processes: the packages above it
// make the cases and show the report.
package rehearse
