package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Stale reports whether the lock was left by a process that is gone. It changes
// nothing: whoever takes the lock next clears it away. A process that was killed
// may have done all it had to but release its lock; then nothing else tells.
func (m *Manager) Stale(ctx context.Context, l Lock) (bool, error) {
	c, err := m.docker.InspectContainer(ctx, l.Container)
	if errors.Is(err, deployment.ErrNotFound) {
		return false, nil
	}
	if err != nil || c.Config.Labels[docker.LabelKind] != docker.KindLock {
		return false, err
	}
	alive, err := m.Alive(ctx, c.Config.Labels[docker.LabelSession])
	return !alive, err
}

// Left is the sentence that says so.
func (l Lock) Left() string {
	return fmt.Sprintf("The lock %s is left from a change that did not finish.", l.Container)
}
