package artifact

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// readerLife is longer than any reading takes: a reader that is older was left
// by a process that was killed, and nobody has read the same since.
const readerLife = 12 * time.Hour

// sweep removes what processes left that are gone: locks, and containers that
// files were copied through. What lives is left alone.
func (s *Store) sweep(ctx context.Context) error {
	list, err := s.docker.ListContainers(ctx, map[string]string{docker.LabelVolume: ""})
	if err != nil {
		return fmt.Errorf("looking for what earlier runs left: %w", err)
	}
	for _, c := range list {
		stale, err := s.stale(ctx, c)
		if err != nil {
			return err
		}
		if !stale {
			continue
		}
		if err := s.docker.RemoveContainer(ctx, c.ID); err != nil {
			return fmt.Errorf("removing %s, which an earlier run left: %w", c.Name, err)
		}
	}
	return nil
}

func (s *Store) stale(ctx context.Context, c docker.ContainerSummary) (bool, error) {
	kind, owner := c.Labels[docker.LabelKind], c.Labels[docker.LabelSession]
	switch {
	case kind != docker.KindHelper && kind != docker.KindLock:
		return false, nil
	case owner == "":
		return s.clock().Sub(c.Created) > readerLife, nil
	}
	alive, err := s.sessions.Alive(ctx, owner)
	return err == nil && !alive, err
}
