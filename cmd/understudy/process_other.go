//go:build !unix

package main

import "os/exec"

// together makes a command's end that of all the processes it has started, where
// there are process groups. Here there are none: only the command itself ends.
func together(*exec.Cmd) {}
