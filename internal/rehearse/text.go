package rehearse

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	_ "embed"

	"github.com/understudy-dev/understudy/internal/junit"
)

// A mark stands for a verdict in a matrix.
func (v Verdict) mark() string {
	switch v {
	case Held:
		return "ok"
	case Recovered:
		return "again"
	case Broken:
		return "BROKEN"
	case NotReached:
		return "·"
	case Accepted:
		return "accepted"
	}
	return "–"
}

const legend = "ok: it went through; again: it failed and did its work when it was run again; ·: the call was not made; –: not tried"

// changedPlaces heads what is Reordered.
const changedPlaces = "calls that changed places from one undisturbed run to the other, so that a fault may strike either"

// summary is the report in a line.
func (v View) summary() string {
	if v.Problem != "" {
		return "the rehearsal means nothing: " + v.Problem
	}
	var counts []string
	all := 0
	for _, c := range v.Counts {
		all += c.Cases
		if c.Cases > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.Cases, c.Verdict))
		}
	}
	return fmt.Sprintf("%d cases of %d calls: %s", all, len(v.Rows), strings.Join(counts, ", "))
}

// WriteText writes the report for a terminal or a test's log.
func (v View) WriteText(w io.Writer) error {
	out := &printer{w: w}
	out.line("%s: %s", v.Title, v.summary())
	if len(v.Rows) > 0 && len(v.Kinds) > 0 {
		out.line("")
		for _, row := range v.Rows {
			out.line("%3d  %s", row.Number, row.Operation)
		}
		for _, rows := range v.blocks() {
			out.line("")
			out.matrix(v.Kinds, rows)
		}
		out.line("\n%s", strings.ReplaceAll(legend, "; ", "\n"))
	}
	if len(v.Others) > 0 {
		out.line("%s", summary(v.Others))
	}
	for _, d := range v.Broken {
		out.line("\nBROKEN %s", d.Name)
		for _, f := range d.Faults {
			out.line("  fault     %s", f)
		}
		out.line("  why       %s", d.Why)
		out.line("  it ended  %s", d.Acted)
		out.calls("  calls", d.Calls)
		out.calls("  again", d.Rerun)
		out.calls("  check", d.Checked)
		for _, e := range d.Evidence {
			out.line("  evidence  %s", e)
		}
		if d.Repeat != "" {
			out.line("  repeat    %s", d.Repeat)
		}
	}
	out.list("broken too", briefs(v.More))
	out.list("accepted", briefs(v.Accepted))
	out.list("refusals that the undisturbed run went on from", v.Swallowed)
	out.list(changedPlaces, v.Reordered)
	out.list("not tried", v.LeftOut)
	return out.err
}

// terminal is how many columns a matrix has at most.
const terminal = 80

// width is how wide the column of a call is, with the space before it.
func (r Row) width() int {
	width := len(fmt.Sprint(r.Number))
	for _, verdict := range r.Verdicts {
		width = max(width, utf8.RuneCountInString(verdict.mark()))
	}
	return width + 2
}

// indent is how wide the column of the kinds is.
func indent(kinds []Kind) int {
	width := 0
	for _, k := range kinds {
		width = max(width, len(k))
	}
	return width
}

// blocks parts the calls so that a matrix of each block fits into a terminal.
func (v View) blocks() (blocks [][]Row) {
	room := 0
	for _, row := range v.Rows {
		if room -= row.width(); room < 0 || len(blocks) == 0 {
			blocks = append(blocks, nil)
			room = terminal - indent(v.Kinds) - row.width()
		}
		last := len(blocks) - 1
		blocks[last] = append(blocks[last], row)
	}
	return blocks
}

// matrix prints what came of each kind at each call, a line a kind.
func (p *printer) matrix(kinds []Kind, rows []Row) {
	line := strings.Repeat(" ", indent(kinds))
	for _, row := range rows {
		line += fmt.Sprintf("  %-*d", row.width()-2, row.Number)
	}
	p.line("%s", strings.TrimRight(line, " "))
	for i, k := range kinds {
		line := fmt.Sprintf("%-*s", indent(kinds), k)
		for _, row := range rows {
			line += fmt.Sprintf("  %-*s", row.width()-2, row.Verdicts[i].mark())
		}
		p.line("%s", strings.TrimRight(line, " "))
	}
}

func briefs(all []Brief) []string {
	var lines []string
	for _, b := range all {
		line := b.Name + ": " + b.Why
		if b.Accepted != "" {
			line = fmt.Sprintf("%s: %s (it is broken: %s)", b.Name, b.Accepted, b.Why)
		}
		lines = append(lines, line)
	}
	return lines
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) Write(text []byte) (int, error) {
	if p.err == nil {
		_, p.err = p.w.Write(text)
	}
	return len(text), p.err
}

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p, format+"\n", args...) }

func (p *printer) list(title string, lines []string) {
	if len(lines) > 0 {
		p.line("\n%s:\n  %s", title, strings.Join(lines, "\n  "))
	}
}

func (p *printer) calls(title string, calls []Line) {
	for i, c := range calls {
		if i > 0 {
			title = ""
		}
		mark := " "
		if c.Struck {
			mark = "!"
		}
		p.line("%-11s %s %s → %s", title, mark, c.Operation, c.Outcome)
	}
}

// WriteMarkdown writes the report as a page.
func (v View) WriteMarkdown(w io.Writer) error {
	out := &printer{w: w}
	cell := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	out.line("# %s\n\n%s\n", v.Title, v.summary())
	if len(v.Rows) > 0 {
		head, rule := "| | call |", "|---|---|"
		for _, k := range v.Kinds {
			head, rule = head+" "+string(k)+" |", rule+"---|"
		}
		out.line("%s\n%s", head, rule)
		for _, row := range v.Rows {
			line := fmt.Sprintf("| %d | `%s` |", row.Number, row.Operation)
			for _, verdict := range row.Verdicts {
				line += " " + verdict.mark() + " |"
			}
			out.line("%s", line)
		}
		out.line("\n%s", legend)
	}
	for _, d := range v.Broken {
		out.line("\n## Broken: %s\n\n%s\n\n%s\n\nThe struck run ended so: %s\n\n| | call | came to |\n|---|---|---|", d.Name, strings.Join(d.Faults, "; "), d.Why, d.Acted)
		for _, c := range d.Calls {
			mark := ""
			if c.Struck {
				mark = "struck"
			}
			out.line("| %s | `%s` | %s |", mark, c.Operation, cell(c.Outcome))
		}
		for _, c := range d.Rerun {
			out.line("| again | `%s` | %s |", c.Operation, cell(c.Outcome))
		}
		for _, c := range d.Checked {
			out.line("| check | `%s` | %s |", c.Operation, cell(c.Outcome))
		}
		out.bullets("Evidence", d.Evidence)
		if d.Repeat != "" {
			out.line("\nRepeat it: `%s`", d.Repeat)
		}
	}
	if len(v.Others) > 0 {
		out.line("\n%s", summary(v.Others))
	}
	out.bullets("Broken too", briefs(v.More))
	out.bullets("Accepted", briefs(v.Accepted))
	out.bullets("Refusals that the undisturbed run went on from", v.Swallowed)
	out.bullets("Calls"+strings.TrimPrefix(changedPlaces, "calls"), v.Reordered)
	out.bullets("Not tried", v.LeftOut)
	return out.err
}

func (p *printer) bullets(title string, lines []string) {
	if len(lines) > 0 {
		p.line("\n**%s**\n\n* %s", title, strings.Join(lines, "\n* "))
	}
}

//go:embed report.html
var page string

// WriteHTML writes the report as one page without scripts.
func (v View) WriteHTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"mark":    Verdict.mark,
		"class":   func(v Verdict) string { return strings.ReplaceAll(string(v), " ", "-") },
		"about":   Kind.About,
		"legend":  func() string { return legend },
		"summary": View.summary,
		"others":  summary,
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, v)
}

// WriteJSON writes the report for programs.
func (v View) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// WriteJUnit writes a test case for every case: what is broken has failed, what
// was not reached or is accepted was skipped.
func (r *Report) WriteJUnit(w io.Writer, v View) error {
	suite := junit.Suite{Name: v.Title}
	if v.Problem != "" {
		suite.Cases = append(suite.Cases, junit.Case{Class: v.Title, Name: "undisturbed", Error: &junit.Message{Message: v.Problem}})
	}
	for _, res := range r.Cases {
		c := junit.Case{Class: v.Title, Name: res.Name}
		switch res.Verdict {
		case Broken:
			var text strings.Builder
			for _, call := range lines(slices.Concat(res.Calls, res.Rerun, res.Checked)) {
				fmt.Fprintf(&text, "%s → %s\n", call.Operation, call.Outcome)
			}
			c.Failure = &junit.Message{Message: res.Why, Text: text.String()}
		case NotReached:
			c.Skipped = &junit.Message{Message: res.Why}
		case Accepted:
			c.Skipped = &junit.Message{Message: "accepted: " + res.Accepted}
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite.Write(w)
}

// WriteFiles writes the report in all forms: base with .md, .html, .json and .xml.
func (r *Report) WriteFiles(base string, v View) error {
	for _, form := range []struct {
		suffix string
		write  func(io.Writer) error
	}{
		{".md", v.WriteMarkdown},
		{".html", v.WriteHTML},
		{".json", v.WriteJSON},
		{".xml", func(w io.Writer) error { return r.WriteJUnit(w, v) }},
	} {
		if err := writeFile(base+form.suffix, form.write); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
