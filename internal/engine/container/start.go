package container

import (
	"context"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Start starts what exists under the name. See deployment.Engine.
func (e *Engine) Start(ctx context.Context, name string) error {
	release, err := e.names.Acquire(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	defer e.forget(name)

	w, err := e.observe(ctx, name)
	if err != nil {
		return err
	}
	found := w.replicas
	if w.foreign != nil {
		found = append(found[:len(found):len(found)], *w.foreign)
	}
	if len(found) == 0 {
		return fmt.Errorf("container %q: %w", name, deployment.ErrNotFound)
	}
	if w.locked { // a live change may be about to retire what is stopped; a stale lock stays, as it tells the next one something
		stale, err := e.sessions.Stale(ctx, lockOf(name))
		if err == nil && !stale {
			err = e.sessions.Respect(ctx, lockOf(name))
		}
		if err != nil {
			return err
		}
	}
	for _, c := range found {
		if w.unfinished(c) && w.record != nil {
			continue // a change that was never committed left it behind
		}
		if err := e.wake(ctx, c); err != nil {
			return fmt.Errorf("starting %s: %w", c.Name, err)
		}
	}
	return nil
}

// wake makes a container run, from whatever state it is in.
func (e *Engine) wake(ctx context.Context, c docker.Container) error {
	if c.State.Paused {
		return e.docker.UnpauseContainer(ctx, c.ID)
	}
	return e.docker.StartContainer(ctx, c.ID) // one that runs is left alone
}
