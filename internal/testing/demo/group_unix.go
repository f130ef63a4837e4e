//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// ownGroup starts the command outside the terminal's foreground process group.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
