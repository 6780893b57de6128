// Package compat runs the vendors' official clients, unmodified, against
// Understudy: what works here with nothing but another base URL works there.
//
// It also runs the built command, what the Dockerfile makes of it and what the pages
// of docs/ say, as users do.
//
// It holds tests, and in rotation programs to rehearse. It is a module of its own so that the clients and all
// that they depend on stay out of the module graph of those who use Understudy.
package compat
