package session

import (
	"context"
	"errors"
	"fmt"
)

// Whoever wants to be rid of something must not need an image for it. Without
// the probe image there is no session, and without a session no lock of our
// own; a live lock of another run is respected all the same.

// AcquireForRemoval is Acquire for a removal: the session is nil where none can
// be started for want of the probe image. release takes what Release does.
func (m *Manager) AcquireForRemoval(ctx context.Context) (s *Session, release func(ctx context.Context, deserted bool), err error) {
	s, err = m.Acquire(ctx)
	switch {
	case errors.Is(err, ErrNoProbeImage):
		return nil, m.releaseNone, nil
	case err != nil:
		return nil, nil, err
	}
	return s, m.Release, nil
}

// releaseNone is Release for a removal that had no session.
func (m *Manager) releaseNone(ctx context.Context, deserted bool) {
	if deserted {
		_ = m.tidyWithout(ctx)
	}
}

func (m *Manager) tidyWithout(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users > 0 {
		return nil
	}
	return m.tidyUp(ctx)
}

// Vacate releases, in place of what AcquireForRemoval returned, the session of a
// removal that has removed all from the network. The error says that the network
// should be gone and is not: then what tells of the removal has to stay, so that
// it is done again.
func (m *Manager) Vacate(ctx context.Context, s *Session) error {
	tidy := m.tidyWithout
	if s != nil {
		tidy = func(ctx context.Context) error { return m.release(ctx, true) }
	}
	if err := tidy(ctx); err != nil {
		return fmt.Errorf("removing the network %s, which nothing needs any more: %w", m.network.Name(), err)
	}
	return nil
}

// Respect is an error while another run holds the lock: *deployment.LockedError.
// It waits for none, and takes none.
func (m *Manager) Respect(ctx context.Context, l Lock) error {
	held, err := m.Holder(ctx, l)
	if err == nil && held != nil {
		err = l.refused(*held, 0)
	}
	return err
}
