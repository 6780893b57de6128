// Package testcontainers tries docs/testcontainers.md where there is a container
// engine with the image understudy.
//
// It is a module of its own so that the engine's client does not move the versions
// of what the official clients in compat are tried with.
package testcontainers
