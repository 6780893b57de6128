//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// together makes a command's end that of all the processes it has started.
func together(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error {
		err := syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) { // they have just ended by themselves
			return os.ErrProcessDone
		}
		return err
	}
}
