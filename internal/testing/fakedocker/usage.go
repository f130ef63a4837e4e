package fakedocker

import (
	"context"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// ContainerLogs implements container.Reader.
func (e *Engine) ContainerLogs(ctx context.Context, id string, tail int) ([]string, error) {
	return call(ctx, e, "ContainerLogs", e.nameOf(id), func() ([]string, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		if err != nil {
			return nil, err
		}
		return slices.Clone(c.log[max(0, len(c.log)-tail):]), nil
	})
}

// ContainerStats implements container.Reader. As on 20.10 a one-shot sample
// carries no earlier one.
func (e *Engine) ContainerStats(ctx context.Context, id string) (docker.Stats, error) {
	return call(ctx, e, "ContainerStats", e.nameOf(id), func() (docker.Stats, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		if err != nil {
			return docker.Stats{}, err
		}
		if err := e.statsError[c.id]; err != nil {
			return docker.Stats{}, err
		}
		if c.process == nil {
			return docker.Stats{}, conflict("container %s does not run", c.id)
		}
		b := c.process.behaviour
		limit := uint64(e.info.Memory)
		if c.host.Memory > 0 {
			limit = uint64(c.host.Memory)
		}
		now := e.now()
		busy := time.Duration(b.CPU * float64(now.Sub(c.state.StartedAt)))
		return docker.Stats{Read: now, CPUTotal: uint64(busy), MemoryUsage: b.Memory, MemoryLimit: limit}, nil
	})
}

// FailStats makes the sampling of one container fail; nil ends that.
func (e *Engine) FailStats(idOrName string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, found := e.lookup(idOrName); found == nil {
		e.statsError[c.id] = err
	}
}

// Info implements container.Reader.
func (e *Engine) Info(ctx context.Context) (docker.Info, error) {
	return call(ctx, e, "Info", "", func() (docker.Info, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.info, nil
	})
}
