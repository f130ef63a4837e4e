package container

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// snapshotAge is how old a listing may be that a read is answered from: long
// enough that a plan of a hundred deployments shares a few listings, short
// enough that nobody can tell.
const snapshotAge = 300 * time.Millisecond

// listing is what one look at the whole engine shows.
type listing struct {
	containers []docker.ContainerSummary
	volumes    []docker.Volume
	complete   bool             // it covers every container, so sessions can be told from it
	inspected  docker.Container // one of containers that was inspected at the same time
}

// sessions are the names of the running session containers.
func (l listing) sessions() map[string]bool {
	if !l.complete {
		return nil
	}
	out := map[string]bool{}
	for _, c := range l.containers {
		if c.Labels[docker.LabelKind] == docker.KindSession && c.State == "running" {
			out[c.Name] = true
		}
	}
	return out
}

// snapshots answers the reads of a plan from shared listings: callers that
// arrive while one is under way wait for it, and for a moment after it they
// get the same.
type snapshots struct {
	docker Docker

	mu      sync.Mutex
	current *snapshot
}

type snapshot struct {
	began time.Time
	done  chan struct{}
	list  listing
	err   error
}

// get returns a listing that began at most snapshotAge ago.
func (s *snapshots) get(ctx context.Context) (listing, error) {
	s.mu.Lock()
	shot := s.current
	if shot == nil || time.Since(shot.began) > snapshotAge {
		shot = &snapshot{began: time.Now(), done: make(chan struct{})}
		s.current = shot
		go s.take(context.WithoutCancel(ctx), shot) // others wait for it too
	}
	s.mu.Unlock()
	select {
	case <-shot.done:
		return shot.list, shot.err
	case <-ctx.Done():
		return listing{}, ctx.Err()
	}
}

func (s *snapshots) take(ctx context.Context, shot *snapshot) {
	shot.list.complete = true
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { shot.list.containers, err = s.docker.ListContainers(ctx, nil); return })
	group.Go(func() (err error) {
		shot.list.volumes, err = s.docker.ListVolumes(ctx, map[string]string{docker.LabelKind: docker.KindRecord})
		return
	})
	if shot.err = group.Wait(); shot.err != nil {
		s.forget(shot)
	}
	close(shot.done)
}

// forget drops the shared listing; after a change of our own (nil) whatever it is.
func (s *snapshots) forget(shot *snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shot == nil || s.current == shot {
		s.current = nil
	}
}
