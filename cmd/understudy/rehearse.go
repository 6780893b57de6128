package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/near"
	"github.com/understudy-dev/understudy/internal/rehearse"
)

type rehearseCommand struct {
	Check    []string      `placeholder:"CMD" sep:"none" help:"What must hold after every run, whatever came of it: a shell command that ends with 0; repeatable."`
	Finally  []string      `placeholder:"CMD" sep:"none" help:"What must hold once it has been run again without a fault; repeatable."`
	Setup    string        `placeholder:"CMD" help:"Run this in each case first, to fill the folder UNDERSTUDY_CASE_DIR."`
	Provider []string      `placeholder:"NAME" help:"Serve only this provider; repeatable."`
	World    string        `placeholder:"FILE" type:"existingfile" help:"Start each case with this world (YAML) instead of the default one."`
	Only     []string      `placeholder:"OP" sep:"none" help:"Strike only calls of this operation; repeatable."`
	Kinds    []string      `placeholder:"K" help:"Try these kinds of faults alone: status, 503, lost, answer-lost, cut, no-answer, dies, expired."`
	Pairs    bool          `help:"Also a second fault behind each first."`
	Reruns   int           `default:"1" placeholder:"N" help:"How often it may be run again before it has to succeed (${default})."`
	Jobs     int           `placeholder:"N" help:"How many cases at a time; by default twice as many as processors."`
	Timeout  time.Duration `default:"60s" placeholder:"DURATION" help:"How long one run may take (${default})."`
	Report   string        `placeholder:"DIR" help:"Write the report there: Markdown, HTML, JSON, JUnit."`
	JUnit    string        `name:"junit" placeholder:"FILE" help:"Write the report there as JUnit."`
	Command  []string      `arg:"" passthrough:"partial" name:"command" help:"What is rehearsed, behind --: a program and its arguments."`
}

// The exit statuses of rehearse.
const (
	exitBroken   = 1
	exitUsage    = 2
	exitBaseline = 3
)

// A statusError is an error with an exit status of its own.
type statusError struct {
	status int
	error
}

// Run rehearses a program in any language.
func (cmd rehearseCommand) Run(ctx context.Context, s streams) error {
	usage := func(err error) error { return statusError{exitUsage, err} }
	program := cmd.Command
	if len(program) > 0 && program[0] == "--" {
		program = program[1:]
	}
	if len(program) == 0 {
		return usage(errors.New("what is to be rehearsed? Name a program behind --"))
	}
	if _, err := exec.LookPath(program[0]); err != nil {
		return usage(err)
	}
	stage := &stage{cmd: cmd, program: program, began: clock.New().Now().Truncate(time.Second)}
	config := rehearse.Config{
		Stage: stage.open, Pairs: cmd.Pairs, Reruns: cmd.Reruns, Jobs: cmd.Jobs, Timeout: cmd.Timeout,
		Progress: progress(s.err, cmd.Timeout),
	}
	for _, name := range cmd.Kinds {
		kind, err := rehearse.ParseKind(name)
		if err != nil {
			return usage(err)
		}
		config.Kinds = append(config.Kinds, kind)
	}
	server, err := stage.server()
	if err != nil {
		return usage(err)
	}
	if config.Only, err = operations(server.World(), cmd.Only); err != nil {
		return usage(err)
	}
	report := rehearse.Run(ctx, config)
	view := report.View("rehearsal of "+strings.Join(program, " "), cmd.repeat)
	if err := cmd.write(report, view); err != nil {
		return usage(err)
	}
	if err := view.WriteText(s.out); err != nil {
		return err
	}
	switch {
	case report.Problem != "":
		return statusError{exitBaseline, errors.New("the rehearsal means nothing")}
	case !report.OK():
		return statusError{exitBroken, fmt.Errorf("%d of %d cases are broken", report.Count(rehearse.Broken), len(report.Cases))}
	}
	return nil
}

// operations finds operations by their names in the table of SUPPORTED.md.
func operations(world *kernel.World, names []string) (ops []journal.Op, err error) {
	var all []string
	for _, in := range world.Instances() {
		index, err := in.Index()
		if err != nil {
			return nil, err
		}
		for _, op := range index.Operations {
			all = append(all, string(kernel.ResolveOp(in.Name(), op.Line())))
		}
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			err := fmt.Errorf("there is no operation %q", name)
			if nearest := near.To(name, all); nearest != "" {
				err = fmt.Errorf("%w; did you mean %q?", err, nearest)
			}
			return nil, err
		}
		ops = append(ops, journal.Op(name))
	}
	return ops, nil
}

func (cmd rehearseCommand) write(report *rehearse.Report, view rehearse.View) error {
	if cmd.Report != "" {
		if err := os.MkdirAll(cmd.Report, 0o777); err != nil {
			return err
		}
		if err := report.WriteFiles(filepath.Join(cmd.Report, "rehearsal"), view); err != nil {
			return err
		}
	}
	if cmd.JUnit == "" {
		return nil
	}
	var text bytes.Buffer
	if err := report.WriteJUnit(&text, view); err != nil {
		return err
	}
	return os.WriteFile(cmd.JUnit, text.Bytes(), 0o666)
}

// repeat is a command line that plays a case and few others.
func (cmd rehearseCommand) repeat(res *rehearse.Result) string {
	line := "understudy rehearse"
	for _, s := range res.Strikes {
		line += fmt.Sprintf(" --only %s --kinds %s", quote(string(s.Op)), s.Kind)
	}
	if len(res.Strikes) > 1 {
		line += " --pairs"
	}
	for _, flag := range []struct {
		name   string
		values []string
	}{{"check", cmd.Check}, {"finally", cmd.Finally}, {"provider", cmd.Provider}} {
		for _, v := range flag.values {
			line += " --" + flag.name + " " + quote(v)
		}
	}
	for _, flag := range []struct{ name, value string }{{"setup", cmd.Setup}, {"world", cmd.World}} {
		if flag.value != "" {
			line += " --" + flag.name + " " + quote(flag.value)
		}
	}
	line += " --"
	for _, word := range cmd.Command {
		if word != "--" {
			line += " " + quote(word)
		}
	}
	return line
}

// quote writes a word for a shell.
func quote(word string) string {
	plain := strings.IndexFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:=,@%+", r)
	}) < 0
	if plain && word != "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// progress tells a terminal how far it is, and what the last cases wait for: most
// programs give up on a call without an answer late or never.
func progress(w io.Writer, timeout time.Duration) func(rehearse.Progress) {
	file, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(p rehearse.Progress) {
		line := fmt.Sprintf("%d of %d cases", p.Done, p.Known)
		if p.Waiting > 0 && p.Waiting == p.Known-p.Done {
			line += fmt.Sprintf("; the others get no answer, for at most %s", timeout)
		}
		fmt.Fprintf(file, "\r%-79s", line)
		if p.Done == p.Known {
			fmt.Fprint(file, "\r\033[K")
		}
	}
}

// stage makes the cases: a server with ports of its own and a scratch folder.
type stage struct {
	cmd     rehearseCommand
	program []string
	began   time.Time
}

func (st *stage) server() (*host.Host, error) {
	options, err := all.New(st.cmd.Provider...)
	if err != nil {
		return nil, err
	}
	options = append(options, emulator.WithClock(st.began))
	if st.cmd.World != "" {
		file, err := os.Open(st.cmd.World)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		options = append(options, emulator.WithWorld(file))
	}
	return host.New(options...)
}

func (st *stage) open() (*rehearse.Case, error) {
	server, err := st.server()
	if err != nil {
		return nil, err
	}
	server.World().Clock.Freeze()
	server.World().Clock.Set(st.began) // it has gone on for a moment
	if err := server.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "understudy-case-")
	if err != nil {
		_ = server.Close()
		return nil, err
	}
	var mu sync.Mutex
	var complaints []string
	server.ReportTo(func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, fmt.Sprintf(format, args...))
	})
	env := environment(server, folder)
	shell := func(line string) rehearse.Step { return step(line, env, "sh", "-c", line) }
	c := &rehearse.Case{
		World: server.World(),
		Acts:  []rehearse.Step{step(strings.Join(st.program, " "), env, st.program...)},
		Complaints: func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(complaints)
		},
		Close: func() {
			_ = server.Close()
			_ = os.RemoveAll(folder)
		},
	}
	for _, line := range st.cmd.Check {
		c.Always = append(c.Always, shell(line))
	}
	for _, line := range st.cmd.Finally {
		c.InTheEnd = append(c.InTheEnd, shell(line))
	}
	if st.cmd.Setup != "" {
		ctx, cancel := context.WithTimeout(context.Background(), st.cmd.Timeout)
		defer cancel()
		if err := shell(st.cmd.Setup).Do(ctx); err != nil {
			c.Close()
			return nil, fmt.Errorf("the set-up: %w", err)
		}
	}
	return c, nil
}

// environment is what a case's programs get beside the caller's own.
func environment(server *host.Host, folder string) []string {
	info := server.Info()
	env := []string{"UNDERSTUDY_CONTROL=" + info.Control, "UNDERSTUDY_CASE_DIR=" + folder}
	for _, name := range slices.Sorted(maps.Keys(info.Providers)) {
		p := info.Providers[name]
		for _, v := range server.World().Instance(name).Env(p.URL, p.Credentials) {
			env = append(env, v.Name+"="+v.Value)
		}
		prefix := "UNDERSTUDY_" + strings.ToUpper(name) + "_"
		env = append(env, prefix+"URL="+p.URL)
		for _, key := range slices.Sorted(maps.Keys(p.Credentials)) {
			env = append(env, prefix+upperSnake(key)+"="+p.Credentials[key])
		}
	}
	return env
}

// upperSnake writes identityId as IDENTITY_ID.
func upperSnake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// maxSaid bounds what an error tells of what a program has written.
const maxSaid = 500

// step runs a program, as long as its context lives.
func step(name string, env []string, words ...string) rehearse.Step {
	return rehearse.Step{Name: name, Do: func(ctx context.Context) error {
		command := exec.CommandContext(ctx, words[0], words[1:]...)
		command.Env = append(command.Environ(), env...)
		command.WaitDelay = time.Second // for what it has left behind to let go of the pipe
		together(command)
		said, err := command.CombinedOutput()
		if text := strings.TrimSpace(string(said)); err != nil && text != "" {
			return fmt.Errorf("%w: %s", err, strings.ToValidUTF8(text[max(0, len(text)-maxSaid):], ""))
		}
		return err
	}}
}
