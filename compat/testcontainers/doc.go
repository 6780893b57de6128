// Package testcontainers tries docs/testcontainers.md with an engine that runs the
// built command.
//
// It is a module of its own so that the client of Docker's engine does not move the
// versions of what the official clients in compat are tried with.
package testcontainers
