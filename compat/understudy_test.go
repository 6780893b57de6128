package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
)

// repository is where the main module is.
const repository = ".."

// stopping is how long a process may take to start or to end.
const stopping = 20 * time.Second

// buildUnderstudy builds the command as a user would and returns its path.
func buildUnderstudy(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "understudy")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/understudy")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	return path
}

// output runs a command and returns what it prints.
func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, &problems)
	}
	return out
}

// process is a server that runs.
type process struct {
	t       *testing.T
	command *exec.Cmd
	log     *bytes.Buffer // only to be read once it has ended
	ended   chan struct{} // closed after command.Wait
	err     error         // what Wait returned
}

// start starts a server; when the test ends, it is ended too.
func start(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, command: command, log: &bytes.Buffer{}, ended: make(chan struct{})}
	command.Stdout, command.Stderr = p.log, p.log
	if err := command.Start(); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	go func() {
		p.err = command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		select {
		case <-p.ended:
		default:
			_ = command.Process.Kill()
			<-p.ended
		}
		if t.Failed() {
			t.Logf("%s:\n%s", command, p.log)
		}
	})
	return p
}

// until waits for ready, which must not outlast the process.
func (p *process) until(ready func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(stopping)
	for !ready() {
		select {
		case <-p.ended:
			p.t.Fatalf("%s ended before it was ready: %v", p.command, p.err)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s is not ready after %s", p.command, stopping)
		}
	}
}

// terminate ends the process with SIGTERM and expects it to exit with 0.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("SIGTERM: %v", err)
	}
	select {
	case <-p.ended:
	case <-time.After(stopping):
		p.t.Fatalf("%s runs on %s after SIGTERM", p.command, stopping)
	}
	if p.err != nil {
		p.t.Errorf("%s ended after SIGTERM with %v, want status 0", p.command, p.err)
	}
}

// serve starts the built command on free ports and returns where it is.
func serve(t *testing.T, understudy string) (*process, emulator.Info) {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	p := start(t, exec.Command(understudy, "serve", "--listen", "127.0.0.1:0", "--ready-file", ready))
	var text []byte
	p.until(func() bool {
		var err error
		text, err = os.ReadFile(ready)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return err == nil
	})
	var info emulator.Info
	if err := json.Unmarshal(text, &info); err != nil {
		t.Fatalf("the ready file: %v", err)
	}
	return p, info
}

// environment reads lines of NAME=VALUE.
func environment(lines []byte) map[string]string {
	vars := map[string]string{}
	for line := range strings.Lines(string(lines)) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			vars[name] = value
		}
	}
	return vars
}
