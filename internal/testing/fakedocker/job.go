package fakedocker

import (
	"context"
	"io"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// eventsKept is how many events the engine remembers, of everything it runs.
const eventsKept = 256

// streams are the answers that have no end yet. The engine's lock guards them.
type streams struct {
	lost chan struct{} // closed when a lost connection ends them
}

// BreakStreams ends every wait and every followed log, as a lost connection
// does. Containers go on.
func (e *Engine) BreakStreams() {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.streams.lost)
	e.streams.lost = make(chan struct{})
}

// WaitContainer waits until the container does not run; its exit code. One that
// was never started does not run either.
func (e *Engine) WaitContainer(ctx context.Context, id string) (exitCode int, err error) {
	return call(ctx, e, "WaitContainer", e.nameOf(id), func() (int, error) {
		e.mu.Lock()
		c, err := e.lookup(id)
		broken := e.streams.lost
		for err == nil && c.state.Running {
			var ended <-chan struct{} // nil between two crashes
			if c.process != nil {
				ended = c.process.ended
			}
			e.mu.Unlock()
			err = e.attend(ctx, ended, nil, broken)
			e.mu.Lock()
		}
		defer e.mu.Unlock()
		if err != nil {
			return 0, err
		}
		return c.state.ExitCode, nil
	})
}

// recheck is how often a state that has no channel of its own is looked at.
const recheck = 5 * time.Millisecond

// attend waits for one of them, or for a moment.
func (e *Engine) attend(ctx context.Context, ended, grown, broken <-chan struct{}) error {
	timer := time.NewTimer(recheck)
	defer timer.Stop()
	var moment <-chan time.Time
	if ended == nil {
		moment = timer.C
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-broken:
		return errStreamLost
	case <-ended:
	case <-grown:
	case <-moment:
	}
	return nil
}

// FollowLogs copies the container's log to w from its first line on, until the
// container has ended.
func (e *Engine) FollowLogs(ctx context.Context, id string, w io.Writer) error {
	return run(ctx, e, "FollowLogs", e.nameOf(id), func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		if err != nil {
			return err
		}
		broken := e.streams.lost
		for written := 0; ; {
			lines, running := c.log[written:], c.state.Running
			written = len(c.log)
			var ended <-chan struct{}
			if c.process != nil {
				ended = c.process.ended
			}
			grown := c.logGrows()
			e.mu.Unlock()
			for _, line := range lines {
				if _, err = io.WriteString(w, line+"\n"); err != nil {
					break
				}
			}
			if err == nil && running {
				err = e.attend(ctx, ended, grown, broken)
			}
			e.mu.Lock()
			if err != nil || !running {
				return err
			}
		}
	})
}

// logGrows is closed with the next line. The engine's lock is held.
func (c *record) logGrows() <-chan struct{} {
	if c.grown == nil {
		c.grown = make(chan struct{})
	}
	return c.grown
}

// write adds lines to the container's log. The engine's lock is held.
func (c *record) write(lines ...string) {
	c.log = append(c.log, lines...)
	if c.grown != nil {
		close(c.grown)
		c.grown = nil
	}
}

// speak writes the process's lines: at once, or with a pause before each but the
// first. The engine's lock is held.
func (e *Engine) speak(c *record, p *process) {
	if p.behaviour.LogEvery == 0 || len(p.behaviour.Log) == 0 {
		c.write(p.behaviour.Log...)
		return
	}
	p.unsaid = p.behaviour.Log
	e.sayNext(c, p)
}

// sayNext writes the next line, and the one after it a little later. The
// engine's lock is held.
func (e *Engine) sayNext(c *record, p *process) {
	c.write(p.unsaid[0])
	if p.unsaid = p.unsaid[1:]; len(p.unsaid) == 0 {
		return
	}
	p.after(p.behaviour.LogEvery, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if c.process == p && len(p.unsaid) > 0 {
			e.sayNext(c, p)
		}
	})
}

// PastEvents are the remembered events of one container between two moments. A
// moment that is still to come is waited for.
func (e *Engine) PastEvents(ctx context.Context, id string, since, until time.Time) ([]docker.Event, error) {
	return call(ctx, e, "PastEvents", e.nameOf(id), func() ([]docker.Event, error) {
		if err := pause(ctx, max(0, time.Until(until))); err != nil {
			return nil, err
		}
		e.bus.mu.Lock()
		defer e.bus.mu.Unlock()
		var out []docker.Event
		for _, event := range e.bus.past {
			if event.ID == id && !event.Time.Before(since) && !event.Time.After(until) {
				event.Labels = copyMap(event.Labels)
				out = append(out, event)
			}
		}
		return out, nil
	})
}
