package docker

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/docker/docker/api/types/container"
)

// ContainerStats reads one sample of a container's usage. The engine is not
// asked to wait for a second one, so PreRead is usually zero and two calls give
// a rate. Engines up to 20.10 answer at their next sampling, within a second and
// for all containers at once; newer ones immediately. ErrConflict: the container
// does not run.
func (c *Client) ContainerStats(ctx context.Context, id string) (Stats, error) {
	answer, err := c.api.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return Stats{}, c.fail(ctx, err)
	}
	defer answer.Body.Close()
	var sample container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&sample); err != nil {
		return Stats{}, c.failStream(ctx, err)
	}
	if sample.Read.IsZero() { // all the engine says of a container without a process
		return Stats{}, fmt.Errorf("%w: container %s does not run", ErrConflict, id)
	}
	return statsOf(sample), nil
}

func statsOf(sample container.StatsResponse) Stats {
	result := Stats{
		Read: sample.Read, PreRead: sample.PreRead,
		CPUTotal: sample.CPUStats.CPUUsage.TotalUsage, PreCPU: sample.PreCPUStats.CPUUsage.TotalUsage,
		MemoryUsage: sample.MemoryStats.Usage, MemoryLimit: sample.MemoryStats.Limit,
	}
	// Cgroup v1 has both names, and there the plain one leaves out the container's children.
	cache, v1 := sample.MemoryStats.Stats["total_inactive_file"]
	if !v1 {
		cache = sample.MemoryStats.Stats["inactive_file"]
	}
	result.MemoryCache = min(cache, result.MemoryUsage) // read at different moments
	return result
}
