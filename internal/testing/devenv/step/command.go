package step

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// interruptGrace is how long a command may clean up after an interrupt before it is killed.
const interruptGrace = 30 * time.Second

// tailLines is how much of a failed command's output goes into its error.
const tailLines = 25

// Command prepares a command that is interrupted, not killed, when ctx ends, so that it can clean up.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	return cmd
}

// Logged runs cmd with its output in the file logPath. The error of a failure ends with the last lines of that output.
func Logged(cmd *exec.Cmd, logPath string) error {
	if err := os.MkdirAll(filepath.Dir(logPath), 0o755); err != nil {
		return err
	}
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w; the last lines of %s:\n%s", cmd, err, logPath, Tail(logPath))
	}
	return nil
}

// Output runs cmd and gives its trimmed standard output. The error of a failure carries its standard error.
func Output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(exit.Stderr))
	}
	return strings.TrimSpace(string(out)), err
}

// Tail gives the last lines of a file, indented; a file that cannot be read gives the reason instead.
func Tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return "    " + err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return "    " + strings.Join(lines, "\n    ")
}
