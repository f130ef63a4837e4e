//go:build unix

package acceptance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Tally counts what containers say that they did: lines that they write into
// the pipe in Folder. A container can do so on a mount that is read-only. It
// needs an engine on this machine.
type Tally struct {
	Folder string

	t     testing.TB
	pipe  *os.File
	lines strings.Builder
}

// NewTally makes one for the time of the test.
func NewTally(t testing.TB) *Tally {
	t.Helper()
	c := &Tally{Folder: t.TempDir(), t: t}
	path := filepath.Join(c.Folder, "pipe")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0) // a writer never waits for a reader
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() })
	c.pipe = pipe
	return c
}

// Count is how often each line was written so far.
func (c *Tally) Count() map[string]int {
	c.t.Helper()
	c.drain()
	out := map[string]int{}
	for line := range strings.Lines(c.lines.String()) {
		out[strings.TrimSpace(line)]++
	}
	return out
}

// drain reads what is in the pipe, without a deadline: on a busy machine one
// would pass before the first read.
func (c *Tally) drain() {
	c.t.Helper()
	raw, err := c.pipe.SyscallConn()
	if err != nil {
		c.t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	var failed error
	if err := raw.Read(func(fd uintptr) (done bool) {
		for {
			n, err := syscall.Read(int(fd), buffer)
			if n > 0 {
				c.lines.Write(buffer[:n])
			}
			if errors.Is(err, syscall.EAGAIN) || n == 0 && err == nil {
				return true // empty
			}
			if err != nil && !errors.Is(err, syscall.EINTR) {
				failed = err
				return true
			}
		}
	}); err != nil {
		c.t.Fatal(err)
	}
	if failed != nil {
		c.t.Fatal(failed)
	}
}
