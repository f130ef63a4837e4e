//go:build !unix

package acceptance

import "os/exec"

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

// killGroup kills the command alone; its providers end with it.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
