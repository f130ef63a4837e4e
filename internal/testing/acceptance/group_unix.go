//go:build unix

package acceptance

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the command and the providers that it starts into a process
// group, so that they can be killed together.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the group; one that is gone is no error.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
