package daemon

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// asRoot prepares a command that runs as root: directly, or through sudo, which may ask for a password on the terminal.
func asRoot(ctx context.Context, name string, args ...string) *exec.Cmd {
	if path := program(name); path != "" {
		name = path
	}
	if os.Geteuid() == 0 {
		return step.Command(ctx, name, args...)
	}
	cmd := step.Command(ctx, "sudo", append([]string{"--", name}, args...)...)
	cmd.Stdin = os.Stdin
	return cmd
}

// canBeRoot reports whether asRoot has a way.
func canBeRoot() bool { return os.Geteuid() == 0 || program("sudo") != "" }

// program finds a program on PATH or in the folders of system programs, which are not on everybody's PATH; "" when it
// is not installed.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}
