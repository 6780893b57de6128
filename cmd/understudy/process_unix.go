//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// together makes a command's end that of all the processes it has started.
func together(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
