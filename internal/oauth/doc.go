// Package oauth holds what the token endpoints of the providers have in common:
// RS256 tokens and the key sets that verify them, how a client names itself, and
// the errors of RFC 6749.
package oauth
