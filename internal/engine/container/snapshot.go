package container

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

// snapshotAge is how old a listing may be that a read is answered from: long
// enough that a plan of a hundred deployments shares a few listings, short
// enough that nobody can tell.
const snapshotAge = 300 * time.Millisecond

// listing is what one look at the whole engine shows.
type listing struct {
	containers []docker.ContainerSummary
	volumes    []docker.Volume
	routed     map[string]bool  // deployments that endpoints route to
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

// glimpse is what a listing shows of one name.
type glimpse struct {
	ours    bool // a replica, a record or a lock
	foreign bool // a container of that name that is not ours
	locked  bool // somebody changes it, or did and was killed
	owner   string
}

func (l listing) glance(name string) glimpse {
	var g glimpse
	look := func(labels map[string]string) {
		if labels[docker.LabelDeployment] == name {
			g.ours = true
			g.owner = cmp.Or(g.owner, labels[docker.LabelOwner])
		}
	}
	for _, v := range l.volumes { // the record knows best
		look(v.Labels)
	}
	for _, c := range l.containers {
		look(c.Labels)
		g.locked = g.locked || c.Labels[docker.LabelDeployment] == name && c.Labels[docker.LabelKind] == docker.KindLock
		g.foreign = g.foreign || c.Name == name && c.Labels[docker.LabelDeployment] == ""
	}
	return g
}

// refuse is an error where a plan needs a name that a container of somebody else has.
func (l listing) refuse(plan rollout.Plan, w *world) error {
	needed := map[string]bool{}
	for _, a := range plan.Actions {
		switch a.Op {
		case rollout.OpCreate:
			needed[a.Replica.Name] = true
		case rollout.OpPromote, rollout.OpRename:
			needed[a.NewName] = true
		default: // takes no name
		}
	}
	for _, c := range l.containers {
		if needed[c.Name] && c.Labels[docker.LabelDeployment] == "" && (w.foreign == nil || c.ID != w.foreign.ID) {
			return &deployment.ForeignError{Container: c.Name, ID: c.ID, Image: c.Image}
		}
	}
	return nil
}

// snapshots answers the reads of a plan from shared listings: callers that
// arrive while one is under way wait for it, and for a moment after it they
// get the same, unless this process has changed something meanwhile.
type snapshots struct {
	docker Docker
	routes func(context.Context) (map[string]bool, error)

	mu      sync.Mutex
	current *snapshot
	changes map[string]time.Time // last change of our own, by deployment
	last    time.Time            // of them
}

type snapshot struct {
	began time.Time
	done  chan struct{}
	list  listing
	err   error
}

// get returns a listing that began at most snapshotAge ago, after every change
// of our own.
func (s *snapshots) get(ctx context.Context) (listing, error) {
	s.mu.Lock()
	since := s.last
	s.mu.Unlock()
	return s.since(ctx, since)
}

// of returns a listing that is as good as that for one deployment.
func (s *snapshots) of(ctx context.Context, name string) (listing, error) {
	s.mu.Lock()
	since := s.changes[name]
	s.mu.Unlock()
	return s.since(ctx, since)
}

func (s *snapshots) since(ctx context.Context, since time.Time) (listing, error) {
	s.mu.Lock()
	shot := s.current
	if shot == nil || time.Since(shot.began) > snapshotAge || shot.began.Before(since) {
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

// changed notes a change of our own.
func (s *snapshots) changed(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == nil {
		s.changes = map[string]time.Time{}
	}
	s.last = time.Now()
	s.changes[name] = s.last
}

func (s *snapshots) take(ctx context.Context, shot *snapshot) {
	shot.list.complete = true
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { shot.list.containers, err = s.docker.ListContainers(ctx, nil); return })
	group.Go(func() (err error) {
		shot.list.volumes, err = s.docker.ListVolumes(ctx, map[string]string{docker.LabelKind: docker.KindRecord})
		return
	})
	group.Go(func() (err error) { shot.list.routed, err = s.routes(ctx); return })
	if shot.err = group.Wait(); shot.err != nil {
		s.forget(shot)
	}
	close(shot.done)
}

// forget drops a listing that failed.
func (s *snapshots) forget(shot *snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == shot {
		s.current = nil
	}
}
