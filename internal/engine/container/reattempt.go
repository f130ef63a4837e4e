package container

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

const (
	// maxAttempts is how often a change is begun whose engine goes away in the
	// middle of it. One that comes back and goes again has another trouble.
	maxAttempts = 3
	// returnPause is between two looks for an engine that has gone away.
	returnPause = 500 * time.Millisecond
)

// repeatError says that a change is to be begun once more: its engine went away in
// the middle of it and is back, or what it knew has changed.
type repeatError struct{ cause error }

func (e *repeatError) Error() string {
	return fmt.Sprintf("it did not come to rest: %s", e.cause)
}
func (e *repeatError) Unwrap() error { return e.cause }

// again reports whether err may be that the engine was restarted: then the change
// goes on once it is back, from what is there, as the next apply would.
func (c *change) again(ctx context.Context, err error) bool {
	return !c.last && ctx.Err() == nil && errors.Is(err, deployment.ErrUnreachable) && !c.engine.away.Load()
}

// sessionGone is an error where the session is: then nobody could ask a replica,
// and that there was no answer tells nothing about it.
func (c *change) sessionGone(ctx context.Context) error {
	found, err := c.engine.docker.InspectContainer(ctx, c.session.ContainerID())
	if errors.Is(err, deployment.ErrNotFound) || err == nil && !found.State.Running {
		return fmt.Errorf("%w: the session %s has ended, as it does when the engine is restarted", deployment.ErrUnreachable, c.session.Name())
	}
	return err
}

// follow makes c go on from where the attempt before it has ended, nil if there
// was none.
func (c *change) follow(before *change) {
	if before == nil {
		return
	}
	c.begun, c.fresh, c.absence, c.warnings = before.begun, before.fresh, before.absence, before.warnings
	c.suspects = before.suspects
	for id := range before.failed {
		if c.suspects == nil {
			c.suspects = map[string]bool{}
		}
		c.suspects[id] = true
	}
}

// halfDone says of a failure that came before anything was done that an earlier
// attempt had done something.
func (c *change) halfDone(ctx context.Context, err error) error {
	if !c.begun || err == nil {
		return err
	}
	f := &deployment.Failure{
		What: fmt.Sprintf("The engine went away in the middle of the change. It is back, but it was not possible to go on: %s.", strings.TrimSuffix(err.Error(), ".")),
		Err:  err, Serving: "What serves now is not known.", Advice: "Apply again: it goes on from what is there.",
	}
	if w, lookErr := c.engine.observe(ctx, c.spec.Name); lookErr == nil && w.record != nil {
		look := &change{engine: c.engine, world: w, spec: w.record.spec, routed: w.routed, absence: c.absence, fresh: c.fresh}
		f.Serving = look.serving(ctx, true)
	}
	return f
}

// orAgain is how an attempt ended. Where it may go on it waits for the engine to
// answer: then the error is a *repeatError, otherwise it says what happened, as
// far as that is known.
func (c *change) orAgain(ctx context.Context, status deployment.Status, cause error) (deployment.Status, error) {
	if !c.again(ctx, cause) {
		return status, cause
	}
	bounded, cancel := context.WithTimeout(ctx, c.engine.cfg.Patience)
	defer cancel()
	began := time.Now()
	for {
		err := c.engine.sessions.Renew(bounded, c.session)
		if err == nil {
			c.engine.away.Store(false)
			return deployment.Status{}, &repeatError{cause}
		}
		select {
		case <-time.After(returnPause):
			continue
		case <-bounded.Done():
		}
		c.engine.away.Store(ctx.Err() == nil)
		f := &deployment.Failure{
			What: fmt.Sprintf("The engine went away in the middle of the change, and did not come back within %s: %s.", readable(time.Since(began)), cause),
			Err:  cause, Serving: "What serves now is not known.", Advice: "Apply again when the engine answers: it goes on from what is there.",
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			f.What, f.Err = "The change was interrupted, while the engine did not answer.", ctx.Err()
		}
		return deployment.Status{}, f
	}
}
