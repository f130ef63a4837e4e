package container

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Two reads of a replica's CPU time say something when at least minWindow lies
// between them. An engine of today answers a read at once, and sampleWindow
// passes before the second; one of 20.10 answers at its next sample, once a
// second, and may need two seconds for two. Nobody waits that long for a status:
// what has no second read by sampleDeadline gets its average since the start.
const (
	minWindow      = 400 * time.Millisecond
	sampleWindow   = 800 * time.Millisecond
	sampleDeadline = 1200 * time.Millisecond
)

// sampleWorkers bounds concurrent reads.
const sampleWorkers = 256

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
	late, cancel := context.WithTimeout(ctx, sampleDeadline)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(sampleWorkers)
	for _, r := range running {
		group.Go(func() error {
			first, second, err := e.readTwice(ctx, late, r.ID)
			if err != nil {
				r.State, r.Reason = deployment.StateError, "its usage cannot be read: "+deployment.Sanitise(err.Error())
				return nil
			}
			r.Usage = usage(first, second, r.StartedAt)
			return nil
		})
	}
	_ = group.Wait()
	for i := range all {
		all[i].State, all[i].Health, all[i].Reason = keepNamed(all[i])
	}
}

// readTwice reads a container's usage, and again at least minWindow later unless
// late ends before that: then both are the first.
func (e *Engine) readTwice(ctx, late context.Context, id string) (first, second docker.Stats, err error) {
	if first, err = e.docker.ContainerStats(ctx, id); err != nil {
		return first, first, err
	}
	second, err = e.docker.ContainerStats(late, id)
	if err == nil && second.Read.Sub(first.Read) < minWindow {
		timer := time.NewTimer(sampleWindow)
		defer timer.Stop()
		select {
		case <-timer.C:
			second, err = e.docker.ContainerStats(late, id)
		case <-late.Done():
		}
	}
	if late.Err() != nil {
		return first, first, ctx.Err()
	}
	return first, second, err
}

// keepNamed aggregates again after sampling; a listing that could not be read
// at all has no replicas and keeps its reason.
func keepNamed(s deployment.Status) (deployment.State, deployment.Health, string) {
	if len(s.Replicas) == 0 {
		return s.State, s.Health, s.Reason
	}
	return aggregate(s)
}

// usage computes what two samples show. When nothing was used between them, CPU
// is the average since the start: never a bare 0 for a container that has used
// some.
func usage(first, second docker.Stats, started time.Time) *deployment.Usage {
	u := &deployment.Usage{
		MemoryBytes: int64(second.MemoryUsage - min(second.MemoryCache, second.MemoryUsage)), //nolint:gosec // below 2^63
		MemoryLimit: int64(second.MemoryLimit),                                               //nolint:gosec // below 2^63
	}
	if u.MemoryLimit > 0 {
		u.MemoryPercent = 100 * float64(u.MemoryBytes) / float64(u.MemoryLimit)
	}
	if window := second.Read.Sub(first.Read); window > 0 && second.CPUTotal > first.CPUTotal {
		u.CPUWindow = window
		u.CPUPercent = 100 * float64(second.CPUTotal-first.CPUTotal) / float64(window)
		return u
	}
	if age := second.Read.Sub(started); !started.IsZero() && age > 0 {
		u.CPUWindow = age
		u.CPUPercent = 100 * float64(second.CPUTotal) / float64(age)
	}
	return u
}
