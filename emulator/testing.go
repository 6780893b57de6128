package emulator

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// TB is the part of testing.TB that NewTest needs; *testing.T and *testing.B
// are TBs. Package testing itself is not linked.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Failed() bool
}

// loggedEntries is how many journal lines a failed test logs.
const loggedEntries = 20

// NewTest returns a server that listens on loopback, one base URL per provider,
// and closes itself when the test ends.
//
// The test fails when an answer breaks its document, when a handler of the
// emulator panics, when a client calls what a provider does not know (unless
// AllowUnknown is given), and when a fault of Next has met no call at the end
// (unless AllowUnused is). When the test fails, the last 20 lines of the
// journal are logged. Nothing is reported after the test has ended.
func NewTest(tb TB, opts ...Option) *Server {
	tb.Helper()
	s, err := New(slices.Concat(opts, []Option{WithAnswerChecks()})...)
	if err != nil {
		tb.Fatalf("%v", err)
		return nil
	}
	if !s.host.World().Config().InMemory {
		if inBubble() {
			tb.Fatalf("understudy: in a synctest bubble a call over a socket never ends; give NewTest emulator.InMemory() and the client srv.Client()")
			return nil
		}
		if err := s.Listen("127.0.0.1:0"); err != nil {
			tb.Fatalf("%v", err)
			return nil
		}
	}
	var (
		mu    sync.Mutex
		ended bool
	)
	report := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			tb.Errorf(format, args...)
		}
	}
	s.host.ReportTo(report)
	tb.Cleanup(func() {
		tb.Helper()
		if !s.host.World().Config().AllowUnused && !tb.Failed() { // a test that failed may not have come so far
			for _, r := range s.Faults.Unused() {
				tb.Errorf("understudy: no call met the fault %q of %s, which was to skip %d and has skipped %d; emulator.AllowUnused() lets that pass", r.Fault, r.Op, r.Fault.Spec.Skip, r.Skipped)
			}
		}
		mu.Lock()
		ended = true
		mu.Unlock()
		_ = s.Close()
		if tb.Failed() {
			logJournal(tb, s)
		}
	})
	return s
}

func logJournal(tb TB, s *Server) {
	tb.Helper()
	entries := s.Journal.All()
	for _, e := range entries[max(0, len(entries)-loggedEntries):] {
		what := string(e.Operation)
		if what == "" {
			path, _, _ := strings.Cut(e.Request.URL, "?") // a query may hold a secret
			what = e.Provider + " " + e.Request.Method + " " + path
		}
		line := ""
		for _, note := range []struct{ name, text string }{{"reason", e.Reason}, {"fault", e.Fault}, {"differs", e.Differs}} {
			if note.text != "" {
				line += "; " + note.name + ": " + note.text
			}
		}
		if len(e.Breaches) > 0 {
			breaches, _ := json.Marshal(e.Breaches)
			line += "; breaches: " + string(breaches)
		}
		tb.Logf("understudy: #%d %s: %d%s", e.Seq, what, e.Response.Status, line)
	}
}

// inBubble reports whether it is called in a testing/synctest bubble. That package
// would link package testing, so the heading of the goroutine's stack is asked.
func inBubble() bool {
	var heading [128]byte
	line, _, _ := bytes.Cut(heading[:runtime.Stack(heading[:], false)], []byte("\n"))
	return bytes.Contains(line, []byte("synctest bubble"))
}
