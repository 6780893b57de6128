package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
)

// A line is one line of the table.
type line struct {
	what     string
	target   string // empty: none, for information
	measured string
	met      bool
	missing  bool   // not there to be measured
	detail   string // what the figure was made of
	value    float64
	unit     string
}

// A bound is a target: at least or at most a number.
type bound struct {
	least  bool
	limit  float64
	format string // of the limit and of what is held to it
}

func atLeast(limit float64, format string) bound { return bound{true, limit, format} }
func atMost(limit float64, format string) bound  { return bound{false, limit, format} }

// line holds a value to the bound.
func (b bound) line(what string, value float64, detail string, args ...any) line {
	sign, met := "≤ ", value <= b.limit
	if b.least {
		sign, met = "≥ ", value >= b.limit
	}
	return line{
		what: what, target: sign + fmt.Sprintf(b.format, b.limit), met: met,
		measured: fmt.Sprintf(b.format, value), detail: fmt.Sprintf(detail, args...),
		value: value, unit: unit(b.format),
	}
}

// figure is a line without a target.
func figure(what string, value float64, format, detail string, args ...any) line {
	return line{what: what, measured: fmt.Sprintf(format, value), detail: fmt.Sprintf(detail, args...), value: value, unit: unit(format)}
}

// unit is what a format writes behind the number.
func unit(format string) string {
	_, unit, _ := strings.Cut(format, "f")
	return cmp.Or(strings.ReplaceAll(strings.TrimSpace(unit), "µ", "u"), "ratio")
}

// missing is the line of what cannot be measured.
func (b bound) missing(what, why string) line {
	l := b.line(what, 0, "%s", why)
	l.measured, l.missing = "n/a", true
	return l
}

func printTable(w io.Writer, table []line) {
	fmt.Fprintln(w, "| what | target | measured | met | from |\n|---|---|---|---|---|")
	for _, l := range table {
		met := "no"
		switch {
		case l.target == "" || l.missing:
			met = "–"
		case l.met:
			met = "yes"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", l.what, l.target, l.measured, met, l.detail)
	}
}

var notName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// printBenchmarks writes what benchstat compares: a file a run, or several runs
// in one.
func printBenchmarks(w io.Writer, table []line) {
	for _, l := range table {
		if !l.missing {
			fmt.Fprintf(w, "Benchmark%s 1 %g %s\n", strings.Trim(notName.ReplaceAllString("_"+l.what, "_"), "_"), l.value, l.unit)
		}
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// ratio is the median of the ratios of rounds that were run one after the
// other, so that what slows the machine down for a while slows both.
func ratio(above, below []float64) float64 {
	ratios := make([]float64, len(above))
	for i := range above {
		ratios[i] = above[i] / below[i]
	}
	return median(ratios)
}
