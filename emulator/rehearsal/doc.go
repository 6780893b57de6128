// Package rehearsal runs the rotation, the log-in or whatever else a program does
// with its credentials again and again, with one fault more each time, and tells
// which of them it does not survive.
//
// Run is handed a function that sets up one case: a server, the program, what it
// does (Act) and what must hold (Always, InTheEnd). The function is run once for
// every case, each in a world of its own, and only declares; nothing is done until
// it has returned. First the acts are done twice without a fault. Then every call
// they made is struck by every kind of fault: each documented 429 and 5xx, a lost
// connection, a lost answer, half an answer, no answer, the death of the process
// before or after the call, the expiry of the call's credential. After each, the
// acts are done again without a fault and have to arrive where the undisturbed runs
// did.
//
// Four checks need no code: a run without a fault converges; a second undisturbed
// run leaves no more live credentials than the first; no case leaves more of them
// than the undisturbed runs did; refusals that a program goes on from are listed.
package rehearsal
