// Package fault makes an emulated service fail on demand: an answer with any
// documented status, a delay, a lost connection, half an answer.
//
// Faults are deterministic. Each names one operation, is taken by the next
// calls of it in order, and is refused when it names a status the operation
// does not document, unless it says Undocumented.
package fault

import (
	"fmt"
	"strings"
	"time"
)

// A Fault is what goes wrong with one call. The constructors Status, Delay,
// Drop, Truncate and Die make one; the methods return a changed copy.
type Fault struct {
	// Spec is the fault in full, as the control API carries it.
	Spec Spec

	dead bool // what the calls after Die meet
}

// Spec holds the parts of a fault. A delay or an advance can be combined with one
// of the others; status, drop and die exclude each other.
type Spec struct {
	Status       int           // answer with this status; 0: do not replace the answer
	Code         string        // the provider's error code or name, instead of its usual one
	Message      string        // the provider's error message, instead of its usual one
	Delay        time.Duration // wait this long, in real time
	Advance      time.Duration // move the world's clock forward
	Drop         bool          // lose the connection
	Truncate     bool          // send half the answer, then lose the connection
	Die          bool          // lose the connection, and that of every call until Revive
	Silent       bool          // with Drop: close before the first byte
	After        bool          // let the operation happen first
	Skip         int           // let this many calls pass first
	Times        int           // hit this many calls; 0 counts as 1 (as without end for Always)
	RetryAfter   time.Duration // send Retry-After, in whole seconds rounded up
	Undocumented bool          // allow a status the operation does not document
}

// Status answers with the given HTTP status in the provider's error envelope,
// without performing the operation.
func Status(status int) Fault { return Fault{Spec: Spec{Status: status}} }

// Delay holds the call back for d of real time; it ends early with the
// request's context.
func Delay(d time.Duration) Fault { return Fault{Spec: Spec{Delay: d}} }

// Advance moves the world's clock forward by d just before the call, and changes
// nothing else about it: what expires within d has expired when it comes.
func Advance(d time.Duration) Fault { return Fault{Spec: Spec{Advance: d}} }

// Drop loses the connection without performing the operation. On HTTP/1.1 it
// breaks off inside the status line, because a connection that closes before
// any byte is silently tried again by many clients; see Silent. On HTTP/2 the
// calls that share the connection are lost with it.
func Drop() Fault { return Fault{Spec: Spec{Drop: true}} }

// Truncate performs the operation and sends half of its answer.
func Truncate() Fault { return Fault{Spec: Spec{Truncate: true}} }

// Die is the death of the process that calls: this call, which is not performed,
// and every later one to any provider of the world is a lost connection, until
// Revive. With After, this call is performed.
func Die() Fault { return Fault{Spec: Spec{Die: true}} }

// After lets the operation happen and then replaces its answer: the way a
// change is made and its answer lost. The journal's entry says what the operation
// came to and what it changed; a call that is refused changes nothing.
func (f Fault) After() Fault { f.Spec.After = true; return f }

// Skip lets n calls pass before the first is hit. It counts from when the faults
// that were there before it are spent: of several, the first waits alone, and the
// calls that it skips or hits count for no other. A fault of Always counts every
// call of its operation that none of Next takes.
func (f Fault) Skip(n int) Fault { f.Spec.Skip = n; return f }

// Times hits n calls instead of one.
func (f Fault) Times(n int) Fault { f.Spec.Times = n; return f }

// RetryAfter adds a Retry-After header of d, in whole seconds rounded up.
func (f Fault) RetryAfter(d time.Duration) Fault { f.Spec.RetryAfter = d; return f }

// Message replaces the message of the provider's error envelope.
func (f Fault) Message(text string) Fault { f.Spec.Message = text; return f }

// Code replaces the error code or name of the provider's error envelope.
func (f Fault) Code(name string) Fault { f.Spec.Code = name; return f }

// Undocumented allows a status that the operation does not document.
func (f Fault) Undocumented() Fault { f.Spec.Undocumented = true; return f }

// Silent makes Drop close the connection before the first byte. Go's client
// and others then send an idempotent request again without telling anyone.
func (f Fault) Silent() Fault { f.Spec.Silent = true; return f }

// String describes the fault in a few words, for the journal.
func (f Fault) String() string {
	s := f.Spec
	var words []string
	if s.Advance != 0 {
		words = append(words, "the clock moves by "+s.Advance.String())
	}
	if s.Delay != 0 {
		words = append(words, "delay "+s.Delay.String())
	}
	if s.Status != 0 {
		words = append(words, fmt.Sprintf("status %d", s.Status))
	}
	switch {
	case f.dead:
		words = append(words, "the caller has died, and was not revived")
	case s.Die:
		words = append(words, "die")
	case s.Drop && s.Silent:
		words = append(words, "silent drop")
	case s.Drop:
		words = append(words, "drop")
	case s.Truncate:
		words = append(words, "truncate")
	}
	if s.After {
		words = append(words, "after the call")
	}
	return strings.Join(words, ", ")
}

// validate refuses what cannot be meant.
func (f Fault) validate() error {
	s := f.Spec
	switch {
	case s.Status == 0 && s.Delay == 0 && s.Advance == 0 && !s.Drop && !s.Truncate && !s.Die:
		return fmt.Errorf("a fault needs a status, a delay, an advance, drop, truncate or die")
	case s.Status != 0 && (s.Status < 200 || s.Status > 599):
		return fmt.Errorf("status %d is not one that ends an HTTP call: 200 to 599", s.Status)
	case s.Drop && (s.Status != 0 || s.Truncate):
		return fmt.Errorf("a dropped connection carries no status and no half answer")
	case s.Die && (s.Status != 0 || s.Drop || s.Truncate):
		return fmt.Errorf("who dies gets no status, no half answer and no other lost connection")
	case s.Silent && !s.Drop:
		return fmt.Errorf("silent goes with drop")
	case s.Status == 0 && (s.Code != "" || s.Message != "" || s.RetryAfter != 0):
		return fmt.Errorf("code, message and retryAfter go with a status")
	case s.Delay < 0 || s.Advance < 0 || s.RetryAfter < 0 || s.Skip < 0 || s.Times < 0:
		return fmt.Errorf("delay, advance, retryAfter, skip and times cannot be negative")
	}
	return nil
}
