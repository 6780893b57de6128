package providertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A reach is one answer that a script got.
type reach struct {
	script string
	op     kernel.Op
	status int
	fault  bool
}

// coverage logs by which script each documented status of each operation is
// reached. What no script reaches is left to a fault: Run shows that each of
// those works. A success that only a fault could reach is a failure.
func coverage(t *testing.T, s subject, reached []reach) {
	t.Helper()
	by := func(op kernel.Op, status int) string {
		var scripts []string
		for _, r := range reached {
			if r.op == op && r.status == status && !r.fault {
				scripts = append(scripts, r.script)
			}
		}
		slices.Sort(scripts)
		scripts = slices.Compact(scripts)
		switch n := len(scripts); {
		case n > 3:
			return fmt.Sprintf("%s and %d more", strings.Join(scripts[:2], ", "), n-2)
		case n > 0:
			return strings.Join(scripts, ", ")
		case status >= 400:
			return "(fault)"
		}
		t.Errorf("no script reaches %s: %d", op, status)
		return "NOT REACHED"
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, o := range s.servedOperations() {
		for _, status := range o.Statuses {
			_, _ = fmt.Fprintf(w, "%s\t%d\t%s\n", o.Line(), status, by(s.op(o), status))
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("documented statuses and the scripts that reach them:\n%s", table.String())
}
