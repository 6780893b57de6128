package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience bounds how long a server may take to start or to stop.
const patience = 5 * time.Minute

// A process is a server that was started as a child.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	hold   func() error // ends a child of this program
}

// stop ends the process and waits for that.
func (p *process) stop() error {
	var err error
	if p.hold != nil {
		err = p.hold()
	} else {
		err = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	return errors.Join(err, p.cmd.Wait())
}

// startChild runs one of this program's own servers, which ends when its
// standard input does, and reads what it says into ready.
func startChild(ctx context.Context, ready any, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, args...)}
	p.cmd.Stderr = &p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.hold = in.Close
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := json.NewDecoder(out).Decode(ready); err != nil {
		return nil, errors.Join(fmt.Errorf("%s did not start: %w: %s", args[0], err, &p.stderr), p.stop())
	}
	return p, nil
}

// understudy is a running understudy serve.
type understudy struct {
	*process
	Gateway   string
	Providers map[string]struct {
		URL         string
		Credentials map[string]string
	}
}

// startCommand runs understudy serve until it is ready.
func (b *bench) startCommand(ctx context.Context, environment ...string) (*understudy, error) {
	file := filepath.Join(b.folder, "ready.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--ready-file", file}, b.serveFlags...)
	u := &understudy{process: &process{cmd: exec.CommandContext(ctx, b.command, args...)}}
	u.cmd.Stderr = b.stderr
	u.cmd.Env = append(u.cmd.Environ(), environment...)
	if err := u.cmd.Start(); err != nil {
		return nil, err
	}
	for limit := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		text, err := os.ReadFile(file)
		if err == nil {
			return u, json.Unmarshal(text, u)
		}
		if time.Now().After(limit) {
			return nil, errors.Join(errors.New("understudy is not ready"), u.stop())
		}
	}
}

// tick is the unit of CPU times in /proc, the same on every Linux that Go knows.
const tick = 10 * time.Millisecond

// cpuTime is what a process has used of all cores.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is a name in brackets, which may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, err
}

// residentMemory is what a process occupies, in bytes.
func residentMemory(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
}

// freePorts returns the first of n free ports in a row.
func freePorts(n int) (int, error) {
search:
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		first := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		for port := first; port < first+n; port++ {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				continue search
			}
			_ = l.Close()
		}
		return first, nil
	}
	return 0, fmt.Errorf("no %d free ports in a row", n)
}
