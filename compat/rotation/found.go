package rotation

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator/rehearsal"
)

// A Mistake is a wrong way, by which case it is found, and what is said of it.
type Mistake struct {
	Name string
	Way  func(context.Context, *Rotator) error
	Case string // the name of a case that must be broken
	Why  string // part of why
}

// Rehearse rehearses a wrong way and expects it to be found.
func (m Mistake) Rehearse(t *testing.T, setUp func(*rehearsal.Case) *Rotator, opts ...rehearsal.Option) {
	t.Helper()
	dir := t.TempDir()
	ok := t.Run(m.Name, func(t *testing.T) {
		rehearsal.Run(t, func(c *rehearsal.Case) {
			r := setUp(c)
			r.Way = m.Way
			Declare(c, r)
		}, append(opts, rehearsal.Accept(".", "it is wrong on purpose"), rehearsal.Report(dir))...)
	})
	reports, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if !ok || err != nil || len(reports) != 1 {
		t.Errorf("%s: reports %q, %v", m.Name, reports, err)
		return
	}
	text, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Accepted []struct{ Name, Why string }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, c := range report.Accepted {
		if c.Name == m.Case {
			if !strings.Contains(c.Why, m.Why) {
				t.Errorf("%s: %s is broken because\n%s\nwant\n%s", m.Name, c.Name, c.Why, m.Why)
			}
			return
		}
		broken = append(broken, c.Name+": "+c.Why)
	}
	t.Errorf("%s: %s is not broken; what is:\n%s", m.Name, m.Case, strings.Join(broken, "\n"))
}

// Declare is what every case declares of its rotator.
func Declare(c *rehearsal.Case, r *Rotator) {
	c.Act(r.Rotate)
	c.Always("the program can log in", r.CanLogIn)
}
