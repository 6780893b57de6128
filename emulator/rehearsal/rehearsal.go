package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/rehearse"
)

// A Kind is a kind of fault, by its name in reports.
type Kind = rehearse.Kind

// The kinds of faults, for Kinds. A status is one too: Kind("503").
const (
	Statuses   = rehearse.Statuses   // every documented 429 and 5xx
	Lost       = rehearse.Lost       // the connection is lost, and nothing has happened
	AnswerLost = rehearse.AnswerLost // it has happened, and nobody hears of it
	Cut        = rehearse.Cut        // it has happened, and half the answer arrives
	NoAnswer   = rehearse.NoAnswer   // nothing happens until the caller gives up
	Dies       = rehearse.Dies       // the caller's process ends, before or after the call
	Expired    = rehearse.Expired    // the credential of the call expires just before it
)

// An Option changes how a rehearsal is run.
type Option func(*settings)

type settings struct {
	rehearse.Config
	bubble  bool
	folders []string
}

// Only strikes calls of these operations alone.
func Only(ops ...journal.Op) Option {
	return func(s *settings) { s.Only = append(s.Only, ops...) }
}

// Kinds tries these kinds of faults alone. Run fails on a kind that there is not.
func Kinds(kinds ...Kind) Option {
	return func(s *settings) { s.Kinds = append(s.Kinds, kinds...) }
}

// Pairs adds, behind every single fault, a second one at each call that follows.
func Pairs() Option { return func(s *settings) { s.Pairs = true } }

// Reruns lets the acts be done up to n times without a fault before they have to
// succeed. Without it, they have to the first time.
func Reruns(n int) Option { return func(s *settings) { s.Reruns = n } }

// Timeout is how long one act or check may take, by real time; 10 seconds without
// it. An act that gets no answer is given up then at the latest.
func Timeout(d time.Duration) Option { return func(s *settings) { s.Timeout = d } }

// InBubble runs every case in a testing/synctest bubble of its own, where waiting
// takes no time. The case's server needs emulator.InMemory.
func InBubble() Option { return func(s *settings) { s.bubble = true } }

// Accept lets the cases be broken whose name the regular expression matches; why
// stands in the report.
func Accept(pattern, why string) Option {
	name := regexp.MustCompile(pattern)
	return func(s *settings) { s.Accept = append(s.Accept, rehearse.Acceptance{Name: name, Why: why}) }
}

// Report writes the report into a folder, which is made: NAME.md, NAME.html,
// NAME.json and NAME.xml (JUnit), by the test's name. The environment variable
// UNDERSTUDY_REHEARSAL names such a folder too.
func Report(dir string) Option {
	return func(s *settings) { s.folders = append(s.folders, dir) }
}

// Run rehearses what setUp declares and reports each case as a subtest with a
// name that stays the same, so that go test -run shows it alone; all are run
// whatever is shown. The test's log has the matrix.
//
// The test fails when a case is broken, and when the rehearsal would mean nothing:
// the acts fail without a fault, two undisturbed runs make different calls, no call
// is made, a check is never reached.
func Run(t *testing.T, setUp func(*Case), opts ...Option) {
	t.Helper()
	s := settings{}
	for _, opt := range opts {
		opt(&s)
	}
	if dir := os.Getenv("UNDERSTUDY_REHEARSAL"); dir != "" {
		s.folders = append(s.folders, dir)
	}
	if s.bubble {
		s.Wrap = func(run func()) { synctest.Test(t, func(*testing.T) { run() }) }
	}
	report, err := s.rehearse(t.Context(), setUp)
	if err != nil {
		t.Fatalf("rehearsal: %v", err)
	}
	view := report.View(t.Name(), func(res *rehearse.Result) string {
		return fmt.Sprintf("go test -run '^%s$/^%s$'", regexp.QuoteMeta(t.Name()), regexp.QuoteMeta(res.Name))
	})
	for _, dir := range s.folders {
		if err := write(dir, report, view); err != nil {
			t.Errorf("rehearsal: the report: %v", err)
		}
	}
	var text strings.Builder
	_ = view.WriteText(&text) // a Builder takes all
	t.Log("\n" + text.String())
	if report.Problem != "" {
		t.Fatalf("rehearsal: %s", report.Problem)
	}
	for _, res := range report.Cases {
		t.Run(res.Name, func(t *testing.T) {
			switch res.Verdict {
			case rehearse.Broken:
				t.Error(res.Why)
			case rehearse.NotReached:
				t.Skip(res.Why)
			case rehearse.Accepted:
				t.Skip("accepted: " + res.Accepted)
			}
		})
	}
}

// rehearse does what Run reports.
func (s settings) rehearse(ctx context.Context, setUp func(*Case)) (*rehearse.Report, error) {
	for _, k := range s.Kinds {
		if _, err := rehearse.ParseKind(string(k)); err != nil {
			return nil, err
		}
	}
	began := clock.New().Now().Truncate(time.Second) // the same for all cases
	s.Stage = func() (*rehearse.Case, error) { return stage(setUp, began) }
	return rehearse.Run(ctx, s.Config), nil
}

// write writes the report into a folder in all forms.
func write(dir string, report *rehearse.Report, view rehearse.View) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	base := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "_").Replace(view.Title))
	return report.WriteFiles(base, view)
}

var errNoServer = errors.New("the case has no server: call its Server")
var errNoAct = errors.New("the case has no act: call its Act")

// stage makes a case: it runs setUp, on a goroutine of its own because that may
// give up with Fatalf.
func stage(setUp func(*Case), began time.Time) (*rehearse.Case, error) {
	c := &Case{began: began}
	done := make(chan error)
	go func() {
		var err error
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
			done <- err
		}()
		setUp(c)
	}()
	err := <-done
	if err == nil {
		err = c.complete()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return &rehearse.Case{
		World: c.world, Acts: c.acts, Always: c.always, InTheEnd: c.inTheEnd,
		Complaints: c.complaints, Close: c.close,
	}, nil
}
