// Package gate holds calls to their document: it finds the operation of a
// request, checks what was asked, and checks what is answered. It is the only
// package that knows gorilla/mux and kin-openapi.
package gate
