package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

const (
	// logLines is how much of a job's log an error shows.
	logLines = 50
	// maxLine bounds a line of the followed log, in bytes: a progress bar
	// without newlines must not fill the memory.
	maxLine = 8 << 10
)

// Logs implements workflow.Jobs.
func (j *Jobs) Logs(ctx context.Context, job workflow.JobStatus, redact deployment.Secrets) ([]string, error) {
	c, err := j.docker.InspectContainer(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	lines, err := j.docker.ContainerLogs(ctx, job.ID, logLines)
	if err != nil {
		return nil, fmt.Errorf("reading the log of %s: %w", job.Name, err)
	}
	text := deployment.Redact(deployment.Redact(strings.Join(lines, "\n"), redact.Values), secretsOf(c))
	if text = deployment.Sanitise(text); text == "" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

// follow passes the container's log on from its first line, whatever part of it
// another process has passed on already. The channel closes at its end. A log
// that cannot be read keeps nobody waiting.
func (j *Jobs) follow(ctx context.Context, c docker.Container) <-chan struct{} {
	done := make(chan struct{})
	if j.cfg.Log == nil {
		close(done)
		return done
	}
	step, secrets := c.Config.Labels[docker.LabelStep], secretsOf(c)
	lines := &lineWriter{emit: func(line string) {
		j.cfg.Log(ctx, step, deployment.Sanitise(deployment.Redact(line, secrets)))
	}}
	go func() {
		defer close(done)
		err := j.pour(ctx, c.ID, lines)
		lines.flush()
		if err != nil && ctx.Err() == nil {
			lines.emit(fmt.Sprintf("(%s goes on; its log cannot be read: %s)", c.Name, err))
		}
	}()
	return done
}

// logTries is how often an engine may refuse to show a log before that is taken
// for its last word: some log drivers cannot be read.
const logTries = 3

// pour follows the log until the container has ended, again from where it was
// whenever the engine has gone away.
func (j *Jobs) pour(ctx context.Context, id string, lines *lineWriter) error {
	patience, passed, refused := j.patience(), int64(0), 0
	for {
		rest := &skipWriter{to: lines, skip: passed}
		err := j.docker.FollowLogs(ctx, id, rest)
		if err == nil || errors.Is(err, deployment.ErrNotFound) {
			return nil
		}
		if rest.passed > 0 { // it had come back
			patience, refused = j.patience(), 0
		}
		passed += rest.passed
		if !errors.Is(err, deployment.ErrUnreachable) {
			if refused++; refused == logTries {
				return err
			}
		}
		if err := patience.pause(ctx, err); err != nil {
			return err
		}
	}
}

// skipWriter leaves out the first bytes, which an earlier stream has passed on,
// and counts those that it passes on.
type skipWriter struct {
	to     *lineWriter
	skip   int64
	passed int64
}

func (w *skipWriter) Write(p []byte) (int, error) {
	skipped := min(w.skip, int64(len(p)))
	w.skip -= skipped
	w.to.add(p[skipped:])
	w.passed += int64(len(p)) - skipped
	return len(p), nil
}

// lineWriter cuts a stream into lines. A carriage return ends one, too: that is
// how progress bars write over themselves.
type lineWriter struct {
	emit    func(line string)
	pending []byte
}

func (w *lineWriter) add(p []byte) {
	for len(p) > 0 {
		end := bytes.IndexAny(p, "\r\n")
		part := p
		if end >= 0 {
			part = p[:end]
		}
		if room := maxLine - len(w.pending); len(part) > room {
			w.pending = append(w.pending, part[:room]...)
			w.flush()
			p = p[room:]
			continue
		}
		w.pending = append(w.pending, part...)
		if end < 0 {
			return
		}
		w.flush()
		p = p[end+1:]
	}
}

// flush passes on what is pending; nothing of empty lines.
func (w *lineWriter) flush() {
	if len(w.pending) > 0 {
		w.emit(string(w.pending))
		w.pending = w.pending[:0]
	}
}
