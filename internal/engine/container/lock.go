package container

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

const (
	// lockRecheck is how long a wait for a lock trusts the event stream.
	lockRecheck = 5 * time.Second
	// lockWait bounds the wait; a change that takes longer is better retried
	// by whoever runs Terraform than waited for in silence.
	lockWait = 2 * time.Minute
)

// lock takes the deployment's lock: a never-started container, because a
// container name is the one thing in an engine that only one can have. A lock
// whose session has gone is stale and is taken over.
func (e *Engine) lock(ctx context.Context, name string, s *session) (unlock func(context.Context) error, err error) {
	began := time.Now()
	wait, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	var events <-chan docker.Event
	var lost <-chan error
	watching := false
	for {
		id, err := e.docker.CreateContainer(ctx, e.lockRequest(name, s))
		if err == nil {
			return func(ctx context.Context) error { return e.docker.RemoveContainer(ctx, id) }, nil
		}
		if !errors.Is(err, docker.ErrConflict) {
			return nil, fmt.Errorf("locking: %w", err)
		}
		holder, held, err := e.holder(ctx, deployment.LockName(name))
		if err != nil {
			return nil, err
		}
		if held == nil {
			continue // released, or stale and removed
		}
		if !watching { // it may have been released before we watched: try once more
			watching = true
			events, lost = e.docker.Events(wait, map[string]string{docker.LabelKind: docker.KindLock, docker.LabelDeployment: name})
			continue
		}
		select {
		case _, open := <-events:
			if !open {
				events = nil // the recheck goes on without them
			}
		case <-lost:
			events, lost = nil, nil
		case <-time.After(lockRecheck):
		case <-wait.Done():
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, &deployment.LockedError{
				Name: name, Session: holder, Host: held.Config.Labels[docker.LabelHost],
				Since: held.Created, Waited: time.Since(began),
			}
		}
	}
}

func (e *Engine) lockRequest(name string, s *session) docker.CreateRequest {
	return docker.CreateRequest{
		Name: deployment.LockName(name),
		Config: &docker.ContainerConfig{Image: e.cfg.ProbeImage, Cmd: []string{"true"}, Labels: map[string]string{
			docker.LabelKind: docker.KindLock, docker.LabelDeployment: name, docker.LabelSession: s.Name(),
			docker.LabelHost: e.cfg.Hostname, docker.LabelProvider: e.cfg.Version,
		}},
		HostConfig: &docker.HostConfig{NetworkMode: "none"},
	}
}

// holder returns who holds the lock, nil when nobody does any more. A stale
// lock is removed by its exact ID, so that a new one is never hit.
func (e *Engine) holder(ctx context.Context, lock string) (session string, held *docker.Container, err error) {
	c, err := e.docker.InspectContainer(ctx, lock)
	if errors.Is(err, deployment.ErrNotFound) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	if c.Config.Labels[docker.LabelKind] != docker.KindLock {
		return "", nil, &deployment.ForeignError{Container: c.Name, ID: c.ID, Image: c.Config.Image}
	}
	session = c.Config.Labels[docker.LabelSession]
	alive, err := e.sessionAlive(ctx, session)
	if err != nil {
		return "", nil, err
	}
	if !alive {
		return "", nil, e.docker.RemoveContainer(ctx, c.ID)
	}
	return session, &c, nil
}

// sessionAlive reports whether the process of that session lives.
func (e *Engine) sessionAlive(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	c, err := e.docker.InspectContainer(ctx, name)
	if errors.Is(err, deployment.ErrNotFound) {
		return false, nil
	}
	return err == nil && c.State.Running && c.Config.Labels[docker.LabelKind] == docker.KindSession, err
}
