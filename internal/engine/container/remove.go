package container

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Remove removes a deployment. See deployment.Engine.
func (e *Engine) Remove(ctx context.Context, r deployment.Removal) (err error) {
	release, err := e.names.Acquire(ctx, r.Name)
	if err != nil {
		return err
	}
	defer release()
	defer e.forget(r.Name)

	w, err := e.vacate(ctx, r)
	if err != nil || w.record == nil {
		return err
	}
	for _, v := range append(w.superseded, w.record.volume) {
		if err := e.docker.RemoveVolume(ctx, v); err != nil {
			return fmt.Errorf("removing the record %s: %w", v, err)
		}
	}
	return nil
}

// vacate removes all of a deployment but its record: containers, the lock, and
// what nothing else needs any more. The record goes last, when nobody is left to
// be told by it: as long as it is there, an interrupted removal is still a
// deployment, and the next destroy goes on with it.
func (e *Engine) vacate(ctx context.Context, r deployment.Removal) (w *world, err error) {
	s, releaseSession, err := e.sessions.AcquireForRemoval(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			releaseSession(ctx, false)
			return
		}
		err = e.sessions.Vacate(ctx, s)
	}()
	w, unlock, err := e.claim(ctx, r.Name, r.Owner, s)
	if err != nil {
		return nil, err
	}
	claimed := w
	defer func() { err = letGo(ctx, claimed.interrupted, unlock, err) }()
	// Where there is no record, what is left is of a create or a removal that did
	// not finish, or the record is lost: it goes with whoever asks, as it has to
	// for a tainted resource whose create made all of it.
	if w.record != nil && deployment.OtherLife(w.record.uid, r.UID) {
		return nil, fmt.Errorf("deployment %q: %w", r.Name, deployment.ErrTakenOver)
	}
	if err := e.withdraw(ctx, w); err != nil {
		return nil, err
	}
	return w, e.clear(ctx, w, w.adopted(r.Adopted))
}

// clear removes the containers that a world shows.
func (e *Engine) clear(ctx context.Context, w *world, foreign bool) error {
	doomed := w.replicas
	if w.foreign != nil && foreign {
		doomed = append(doomed[:len(doomed):len(doomed)], *w.foreign)
	}
	if w.kept != nil {
		doomed = append(doomed[:len(doomed):len(doomed)], *w.kept)
	}
	grace := deployment.DefaultDrainTimeout
	if w.record != nil {
		grace = cmp.Or(w.record.spec.Rollout.DrainTimeout, grace)
	}
	var group errgroup.Group
	for _, c := range doomed {
		group.Go(func() error { return e.discard(ctx, c, grace) })
	}
	return group.Wait()
}

func (e *Engine) discard(ctx context.Context, c docker.Container, grace time.Duration) error {
	if c.State.Running {
		if err := e.docker.StopContainer(ctx, c.ID, grace); err != nil {
			return fmt.Errorf("stopping %s: %w", c.Name, err)
		}
	}
	if err := e.docker.RemoveContainer(ctx, c.ID); err != nil {
		return fmt.Errorf("removing %s: %w", c.Name, err)
	}
	return nil
}

// Restart restarts every replica, one at a time. See deployment.Engine.
func (e *Engine) Restart(ctx context.Context, name string) (err error) {
	release, err := e.names.Acquire(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	defer e.forget(name)

	s, err := e.sessions.Acquire(ctx)
	if err != nil {
		return err
	}
	defer e.sessions.Release(ctx, false)
	w, unlock, err := e.claim(ctx, name, "", s)
	if err != nil {
		return err
	}
	defer func() { err = letGo(ctx, w.interrupted, unlock, err) }()
	if w.record == nil {
		return fmt.Errorf("deployment %q: %w", name, deployment.ErrNotFound)
	}
	c := &change{engine: e, session: s, world: w, spec: w.record.spec, failed: map[string]bool{}}
	grace := cmp.Or(c.spec.Rollout.DrainTimeout, deployment.DefaultDrainTimeout)
	for _, r := range w.replicas {
		if w.routed {
			if err := e.traffic.Drain(ctx, name, r.ID, grace); err != nil {
				return fmt.Errorf("draining %s: %w", r.Name, err)
			}
		}
		if err := e.docker.StopContainer(ctx, r.ID, grace); err != nil {
			return fmt.Errorf("stopping %s: %w", r.Name, err)
		}
		if err := e.docker.StartContainer(ctx, r.ID); err != nil {
			return fmt.Errorf("starting %s: %w", r.Name, err)
		}
		if _, _, err := c.await(ctx, r.ID); err != nil {
			return fmt.Errorf("replica %s %w", r.Name, err)
		}
		if w.routed {
			if err := e.traffic.Attach(ctx, name, r.ID, true); err != nil {
				return fmt.Errorf("letting %s serve: %w", r.Name, err)
			}
		}
	}
	return nil
}
