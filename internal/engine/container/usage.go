package container

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// sampleWindow lies between the two reads of a replica's CPU time. The engine's
// own sampling takes one second.
const sampleWindow = 800 * time.Millisecond

// sampleWorkers bounds concurrent reads.
const sampleWorkers = 64

// sample adds CPU and memory to every running replica, all over the same
// window. A replica that cannot be sampled becomes an error with its reason.
func (e *Engine) sample(ctx context.Context, all []deployment.Status) {
	var running []*deployment.Replica
	for i := range all {
		for j := range all[i].Replicas {
			if r := &all[i].Replicas[j]; r.State == deployment.StateRunning {
				running = append(running, r)
			}
		}
	}
	if len(running) == 0 {
		return
	}
	first := e.readStats(ctx, running)
	timer := time.NewTimer(sampleWindow)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	second := e.readStats(ctx, running)
	for i, r := range running {
		if err := second[i].err; err != nil {
			r.State, r.Reason = deployment.StateError, "its usage cannot be read: "+deployment.Sanitise(err.Error())
			continue
		}
		r.Usage = usage(first[i], second[i], r.StartedAt)
	}
	for i := range all {
		all[i].State, all[i].Health, all[i].Reason = keepNamed(all[i])
	}
}

// keepNamed aggregates again after sampling; a listing that could not be read
// at all has no replicas and keeps its reason.
func keepNamed(s deployment.Status) (deployment.State, deployment.Health, string) {
	if len(s.Replicas) == 0 {
		return s.State, s.Health, s.Reason
	}
	return aggregate(s)
}

type reading struct {
	stats docker.Stats
	err   error
}

func (e *Engine) readStats(ctx context.Context, replicas []*deployment.Replica) []reading {
	out := make([]reading, len(replicas))
	var group errgroup.Group
	group.SetLimit(sampleWorkers)
	for i, r := range replicas {
		group.Go(func() error {
			out[i].stats, out[i].err = e.docker.ContainerStats(ctx, r.ID)
			return nil
		})
	}
	_ = group.Wait()
	return out
}

// usage computes what two readings show. Without a first one, or when nothing
// was used between them, CPU is the average since the start: never a bare 0
// for a container that has used some.
func usage(first, second reading, started time.Time) *deployment.Usage {
	s := second.stats
	u := &deployment.Usage{
		MemoryBytes: int64(s.MemoryUsage - min(s.MemoryCache, s.MemoryUsage)), //nolint:gosec // below 2^63
		MemoryLimit: int64(s.MemoryLimit),                                     //nolint:gosec // below 2^63
	}
	if u.MemoryLimit > 0 {
		u.MemoryPercent = 100 * float64(u.MemoryBytes) / float64(u.MemoryLimit)
	}
	window := s.Read.Sub(first.stats.Read)
	if first.err == nil && window > 0 && s.CPUTotal > first.stats.CPUTotal {
		u.CPUWindow = window
		u.CPUPercent = 100 * float64(s.CPUTotal-first.stats.CPUTotal) / float64(window)
		return u
	}
	if age := s.Read.Sub(started); !started.IsZero() && age > 0 {
		u.CPUWindow = age
		u.CPUPercent = 100 * float64(s.CPUTotal) / float64(age)
	}
	return u
}
