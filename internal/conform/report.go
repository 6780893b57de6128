package conform

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/understudy-dev/understudy/internal/junit"
)

// Write writes the report as a file of this extension has it: ".md", ".json",
// ".xml" (JUnit), and text for any other.
func (r *Result) Write(w io.Writer, title, extension string) error {
	switch extension {
	case ".json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	case ".md":
		return r.writeMarkdown(w, title)
	case ".xml":
		return r.writeJUnit(w, title)
	}
	return r.WriteText(w, title)
}

// WriteText writes a line a difference, and what was and was not done.
func (r *Result) WriteText(w io.Writer, title string) error {
	var b strings.Builder
	fmt.Fprintln(&b, title)
	for _, d := range r.Differences {
		if d.Explained {
			fmt.Fprintf(&b, "explained  %s\n", d)
		} else {
			fmt.Fprintf(&b, "differs    %s\n", d)
		}
	}
	for _, line := range r.Skipped {
		fmt.Fprintf(&b, "skipped    %s\n", line)
	}
	for _, line := range r.Left {
		fmt.Fprintf(&b, "left there %s\n", line)
	}
	fmt.Fprintf(&b, "%d conversations, %d calls: %d differences, %d of them explained\n",
		len(r.Played), r.Calls, len(r.Differences), len(r.Differences)-r.Unexplained())
	if r.Unusable != "" {
		fmt.Fprintf(&b, "ended early: %s\n", r.Unusable)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) writeMarkdown(w io.Writer, title string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%d conversations, %d calls.\n", title, len(r.Played), r.Calls)
	if r.Unusable != "" {
		fmt.Fprintf(&b, "\nEnded early: %s\n", r.Unusable)
	}
	cell := strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;")
	if len(r.Differences) > 0 {
		b.WriteString("\n| conversation | call | where | target | Understudy | row of SUPPORTED.md |\n|---|---|---|---|---|---|\n")
	}
	for _, d := range r.Differences {
		row := d.Row
		if d.Explained {
			row += " (explains it)"
		}
		fmt.Fprintf(&b, "| %s:%d | `%s` | %s | %s | %s | %s |\n", d.Conversation, d.Line, d.Call, cell.Replace(d.Where), cell.Replace(d.Target), cell.Replace(d.Ours), cell.Replace(row))
	}
	for _, part := range []struct {
		title string
		lines []string
	}{{"Not played", r.Skipped}, {"Left at the target: remove it by hand", r.Left}} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n* %s\n", part.title, strings.Join(part.lines, "\n* "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) writeJUnit(w io.Writer, title string) error {
	suite := junit.Suite{Name: title}
	for _, name := range r.Played {
		c := junit.Case{Name: name}
		var lines []string
		for _, d := range r.Differences {
			if d.Conversation == name && !d.Explained {
				lines = append(lines, d.String())
			}
		}
		if len(lines) > 0 {
			c.Failure = &junit.Message{Message: fmt.Sprintf("%d differences", len(lines)), Text: strings.Join(lines, "\n")}
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, line := range r.Skipped {
		name, why, _ := strings.Cut(line, ": ")
		suite.Cases = append(suite.Cases, junit.Case{Name: name, Skipped: &junit.Message{Message: why}})
	}
	if r.Unusable != "" {
		name, why, _ := strings.Cut(r.Unusable, ": ")
		suite.Cases = append(suite.Cases, junit.Case{Name: name, Error: &junit.Message{Message: why, Text: strings.Join(r.Left, "\n")}})
	}
	return suite.Write(w)
}
