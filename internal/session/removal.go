package session

import (
	"context"
	"errors"
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
	m.mu.Lock()
	defer m.mu.Unlock()
	if deserted && m.users == 0 {
		m.tidyUp(ctx)
	}
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
