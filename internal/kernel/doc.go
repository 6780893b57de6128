// Package kernel answers requests for every provider in the same way: routing,
// faults, identification, checks against the document, one transaction, the
// journal. What is particular to a provider is data and a few functions, handed
// in as a Description.
package kernel
