// Package drift compares a published OpenAPI document with one of ours: the
// operations, and what each says of its parameters, bodies and answers.
package drift
