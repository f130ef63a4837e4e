package docker

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// maxLogLine bounds one line of ContainerLogs, in bytes: a progress bar without
// newlines must not become an error text of megabytes.
const maxLogLine = 4 << 10

// ContainerLogs returns the last lines of a container's stdout and stderr,
// interleaved as they were written, oldest first. A line is cut after 4 KiB.
func (c *Client) ContainerLogs(ctx context.Context, id string, tail int) ([]string, error) {
	lines := &lastLines{keep: tail}
	stdout, stderr := &lineWriter{to: lines}, &lineWriter{to: lines}
	err := c.copyLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(tail)}, stdout, stderr)
	stdout.flush()
	stderr.flush()
	return lines.lines, err
}

// FollowLogs copies stdout and stderr of a container to w from the beginning,
// and returns when the container has ended.
func (c *Client) FollowLogs(ctx context.Context, id string, w io.Writer) error {
	both := container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: true}
	followed := &skipWriter{to: w}
	if err := c.copyLogs(ctx, id, both, followed, followed); err != nil {
		return err
	}
	// Engines end the stream with the container and may lose its last words, so
	// read again what came after the part that was followed.
	if _, err := c.WaitContainer(ctx, id); err != nil {
		return goneIsFine(err)
	}
	both.Follow = false
	rest := &skipWriter{to: w, skip: followed.passed}
	return goneIsFine(c.copyLogs(ctx, id, both, rest, rest))
}

// skipWriter leaves out the first bytes, and counts those that it passed on.
type skipWriter struct {
	to     io.Writer
	skip   int64
	passed int64
}

func (w *skipWriter) Write(p []byte) (int, error) {
	skipped := min(w.skip, int64(len(p)))
	w.skip -= skipped
	if skipped == int64(len(p)) {
		return len(p), nil
	}
	n, err := w.to.Write(p[skipped:])
	w.passed += int64(n)
	return int(skipped) + n, err
}

func (c *Client) copyLogs(ctx context.Context, id string, options container.LogsOptions, stdout, stderr io.Writer) error {
	inspected, err := c.InspectContainer(ctx, id)
	if err != nil {
		return err
	}
	stream, err := c.api.ContainerLogs(ctx, id, options)
	if err != nil {
		return c.fail(ctx, err)
	}
	defer stream.Close()
	if inspected.Config.Tty { // one raw stream
		_, err = io.Copy(stdout, stream)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, stream)
	}
	return c.failStream(ctx, err)
}

// lastLines keeps the last lines it was given.
type lastLines struct {
	keep  int
	lines []string
}

func (l *lastLines) add(line string) {
	l.lines = append(l.lines, line)
	if excess := len(l.lines) - l.keep; excess > 0 {
		l.lines = append(l.lines[:0], l.lines[excess:]...)
	}
}

// lineWriter cuts one stream into lines, each bounded by maxLogLine.
type lineWriter struct {
	to      *lastLines
	pending []byte
	begun   bool // there is a line, possibly empty or cut
}

func (w *lineWriter) Write(p []byte) (int, error) {
	for _, b := range p {
		if b == '\n' {
			w.begun = true
			w.flush()
			continue
		}
		w.begun = true
		if len(w.pending) < maxLogLine {
			w.pending = append(w.pending, b)
		}
	}
	return len(p), nil
}

func (w *lineWriter) flush() {
	if w.begun {
		w.to.add(strings.TrimSuffix(string(w.pending), "\r"))
	}
	w.pending, w.begun = w.pending[:0], false
}
