package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// Lock is what is to be changed by one run at a time.
type Lock struct {
	Container string            // name of the container that is the lock
	Kind      string            // of what is locked, for the error: `deployment`
	Name      string            // of what is locked
	Labels    map[string]string // beside the lock's own
	// Exclusive: whoever locks has made sure that nobody else in this process does.
	// A lock of its own session is then left over, and taken over like a stale one.
	Exclusive bool
	// Overtaken is called when a lock that was left over is removed: what it was held
	// for may be half done. nil: nobody wants to know.
	Overtaken func()
}

// Held is somebody's lock.
type Held struct {
	Session string
	Host    string // where that run is
	Since   time.Time

	id string // the container's
}

// Lock takes the lock: a never-started container, because a container name is
// the one thing in an engine that only one can have. A lock whose session has
// gone is stale and is taken over. A live one is waited for, for up to two
// minutes or what the context allows: then *deployment.LockedError. unlock works
// also when its context has ended. Without a session (see AcquireForRemoval)
// nothing is locked, and a live lock is refused at once.
func (m *Manager) Lock(ctx context.Context, s *Session, l Lock) (unlock func(context.Context) error, err error) {
	if s == nil {
		return func(context.Context) error { return nil }, m.Respect(ctx, l)
	}
	again, tell := false, l.Overtaken
	l.Overtaken = func() {
		again = true // what told of it has gone: that is not lost for one answer of the engine
		if tell != nil {
			tell()
		}
	}
	w := &lockWaiter{manager: m, lock: l, began: time.Now()}
	wait, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		id, err := m.docker.CreateContainer(ctx, m.lockRequest(s, l))
		if err == nil {
			return m.unlocker(id), nil
		}
		if !errors.Is(err, docker.ErrConflict) {
			if again && ctx.Err() == nil {
				again = false
				continue
			}
			return nil, w.outOfTime(fmt.Errorf("locking: %w", err))
		}
		held, err := m.Holder(ctx, l)
		if held != nil && l.Exclusive && held.Session == s.Name() {
			held, err = nil, m.overtake(ctx, l, held.id)
		}
		if err != nil {
			return nil, w.outOfTime(err)
		}
		if held == nil {
			continue // released, or left over and removed
		}
		if err := w.wait(ctx, wait, *held); err != nil {
			return nil, err
		}
	}
}

// unlocker gives the lock back, and tries that twice: what was done under it is
// done, and should not fail, or be drift, for one answer of the engine.
func (m *Manager) unlocker(id string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
		defer cancel()
		if err := m.docker.RemoveContainer(ctx, id); err == nil || ctx.Err() != nil {
			return err
		}
		return m.docker.RemoveContainer(ctx, id)
	}
}

// lockWaiter waits until a lock may have been released.
type lockWaiter struct {
	manager  *Manager
	lock     Lock
	began    time.Time
	watching bool
	events   <-chan docker.Event
	lost     <-chan error
	last     *Held // who was waited for
}

// outOfTime is err or, where the time of the operation has ended in the middle
// of a call, who was waited for until then.
func (w *lockWaiter) outOfTime(err error) error {
	if w.last != nil && errors.Is(err, context.DeadlineExceeded) {
		return w.lock.refused(*w.last, time.Since(w.began))
	}
	return err
}

func (w *lockWaiter) wait(ctx, bounded context.Context, held Held) error {
	w.last = &held
	if !w.watching { // it may have been released before we watched: try once more
		w.watching = true
		w.events, w.lost = w.manager.docker.Events(bounded, w.lock.labels())
		return nil
	}
	select {
	case _, open := <-w.events:
		if !open {
			w.events = nil // the recheck goes on without them
		}
	case <-w.lost:
		w.events, w.lost = nil, nil
	case <-time.After(lockRecheck):
	case <-bounded.Done():
	}
	switch { // whatever woke us: the events end with the time, too
	case bounded.Err() == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	}
	// Be it that the operation's own time is over: who it waited for says more.
	return w.lock.refused(held, time.Since(w.began))
}

func (l Lock) refused(held Held, waited time.Duration) error {
	return &deployment.LockedError{
		Kind: l.Kind, Name: l.Name, Session: held.Session, Host: held.Host, Since: held.Since, Waited: waited,
	}
}

func (l Lock) labels() map[string]string {
	labels := map[string]string{docker.LabelKind: docker.KindLock}
	maps.Copy(labels, l.Labels)
	return labels
}

func (m *Manager) lockRequest(s *Session, l Lock) docker.CreateRequest {
	labels := l.labels()
	labels[docker.LabelSession], labels[docker.LabelHost], labels[docker.LabelProvider] = s.Name(), m.cfg.Hostname, m.cfg.Version
	return docker.CreateRequest{
		Name:       l.Container,
		Config:     &docker.ContainerConfig{Image: m.cfg.ProbeImage, Cmd: []string{"true"}, Labels: labels},
		HostConfig: &docker.HostConfig{NetworkMode: "none"},
	}
}

// Holder returns who holds the lock, nil when nobody does any more. A stale
// lock is removed by its exact ID, so that a new one is never hit.
func (m *Manager) Holder(ctx context.Context, l Lock) (*Held, error) {
	c, err := m.docker.InspectContainer(ctx, l.Container)
	if errors.Is(err, deployment.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Config.Labels[docker.LabelKind] != docker.KindLock {
		return nil, &deployment.ForeignError{Container: c.Name, ID: c.ID, Image: c.Config.Image}
	}
	by := c.Config.Labels[docker.LabelSession]
	alive, err := m.Alive(ctx, by)
	if err != nil {
		return nil, err
	}
	if !alive {
		return nil, m.overtake(ctx, l, c.ID)
	}
	return &Held{Session: by, Host: c.Config.Labels[docker.LabelHost], Since: c.Created, id: c.ID}, nil
}

func (m *Manager) overtake(ctx context.Context, l Lock, id string) error {
	err := m.docker.RemoveContainer(ctx, id)
	if err == nil && l.Overtaken != nil {
		l.Overtaken()
	}
	return err
}

// Alive reports whether the process of that session lives.
func (m *Manager) Alive(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	c, err := m.docker.InspectContainer(ctx, name)
	if errors.Is(err, deployment.ErrNotFound) {
		return false, nil
	}
	return err == nil && c.State.Running && c.Config.Labels[docker.LabelKind] == docker.KindSession, err
}

// Host is the machine that the session runs on, as far as that is known.
func (m *Manager) Host(ctx context.Context, name string) string {
	c, err := m.docker.InspectContainer(ctx, name)
	if err != nil {
		return "unknown"
	}
	return c.Config.Labels[docker.LabelHost]
}
