// Command bench measures Understudy beside a bare server that does the same
// work, and prints the table of docs/performance.md:
//
//	go run ./bench                      every row, some minutes
//	go run ./bench -short               a rough idea, about a minute
//	go run ./bench -rows token,latency  these rows
//	go run ./bench -benchstat           the figures as benchstat reads them
//	go run ./bench -against prism=http://127.0.0.1:4010
//	                                    beside other servers; see peers.sh
//	go run ./bench -soak 20m            one server under everything at once; see docs/testing.md
//
// It starts servers on loopback as child processes and ends them. It reads CPU
// times and memory from /proc, so it needs Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// An effort is how much is measured.
type effort struct {
	rounds  int // of a comparison; the medians of them count
	calls   int // of a round
	tokens  int // RS256 tokens of a round
	secrets int // of the large world
	repeats int // of what is measured as a whole: starts, tests, sandboxes
}

var (
	full  = effort{rounds: 9, calls: 20_000, tokens: 2_000, secrets: 1_000_000, repeats: 25}
	short = effort{rounds: 3, calls: 5_000, tokens: 500, secrets: 100_000, repeats: 7}
)

// A bench is one run.
type bench struct {
	effort
	connections int
	folder      string // for what is built and written
	command     string // the understudy command
	serveFlags  []string
	stderr      io.Writer // of the command; nil: it goes nowhere
	against     peers
}

// A row measures some lines of the table.
type row struct {
	name    string
	measure func(*bench, context.Context) ([]line, error)
}

// rows are in the table's order.
var rows = []row{
	{"token", (*bench).createToken},
	{"secret", (*bench).createSecret},
	{"latency", (*bench).latency},
	{"rs256", (*bench).rs256},
	{"million", (*bench).million},
	{"start", (*bench).start},
	{"memory", (*bench).memory},
	{"newtest", (*bench).newTest},
	{"sandbox", (*bench).sandbox},
	{"large", (*bench).large},
	{"growth", (*bench).growth},
	{"size", (*bench).size},
	{"rehearsal", (*bench).rehearsal},
}

func main() {
	if len(os.Args) > 1 {
		if serve := children[os.Args[1]]; serve != nil {
			exit(serve(os.Args[2:]))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context) (err error) {
	b := &bench{effort: full}
	isShort := flag.Bool("short", false, "measure less, and less exactly")
	benchstat := flag.Bool("benchstat", false, "print the figures as benchstat reads them, instead of the table")
	names := flag.String("rows", "", "measure only these rows, by name: "+strings.Join(rowNames(), ","))
	serve := flag.String("serve", "--log-level=warn", "flags of understudy serve, separated by spaces")
	flag.IntVar(&b.connections, "connections", 16, "how many connections a load uses at once")
	flag.Var(&b.against, "against", "measure `NAME=URL` at creating a client secret instead of the rows; repeatable")
	soak := flag.Duration("soak", 0, "keep one server busy with everything for so long instead of the rows")
	flag.Parse()
	if *isShort {
		b.effort = short
	}
	b.serveFlags = strings.Fields(*serve)
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp("", "understudy-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.folder)) }()
	if err := b.build(ctx); err != nil {
		return err
	}
	if *soak > 0 {
		return b.soak(ctx, *soak)
	}
	if len(b.against) > 0 {
		chosen = []row{{"against", (*bench).peers}}
	}
	var table []line
	defer func() { // what there is, if a row fails
		if *benchstat {
			printBenchmarks(os.Stdout, table)
		} else {
			printTable(os.Stdout, table)
		}
	}()
	for _, r := range chosen {
		fmt.Fprintln(os.Stderr, "measuring", r.name)
		lines, err := r.measure(b, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		table = append(table, lines...)
	}
	return nil
}

func rowNames() []string {
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

func choose(names string) ([]row, error) {
	if names == "" {
		return rows, nil
	}
	var chosen []row
	for name := range strings.SplitSeq(names, ",") {
		i := slices.Index(rowNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("there is no row %q; there are %s", name, strings.Join(rowNames(), ", "))
		}
		chosen = append(chosen, rows[i])
	}
	return chosen, nil
}

// build makes the command the way the image has it.
func (b *bench) build(ctx context.Context) error {
	b.command = filepath.Join(b.folder, "understudy")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.command, "github.com/understudy-dev/understudy/cmd/understudy")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}
