package gateway

import (
	"context"
	"fmt"
	"math"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// maxThreads is how many a proxy can have.
const maxThreads = 64

// threadsOf is how many threads a worker is to have: no more than it may run at
// a time, or they wait for one another. 0: as the proxy likes.
func threadsOf(r endpoint.Resources) int {
	return min(int(math.Ceil(r.CPUs)), maxThreads)
}

// limitsNow are those that a gateway has.
func limitsNow(c docker.Container) deployment.Limits {
	h := c.HostConfig
	l := deployment.Limits{CPUQuota: h.CPUQuota, Memory: h.Memory, MemoryReservation: h.MemoryReservation, RestartPolicy: docker.RestartPolicyText(h.RestartPolicy)}
	if h.NanoCPUs > 0 { // by hand: docker update --cpus
		l.CPUQuota = h.NanoCPUs / 10_000
	}
	if h.PidsLimit != nil {
		l.PidsLimit = *h.PidsLimit
	}
	return l
}

// unlimitable says why a gateway cannot get the limits of s while it runs; ""
// when it can.
func unlimitable(c docker.Container, s endpoint.Spec) string {
	if c.HostConfig.NanoCPUs > 0 && s.Resources.CPUs == 0 {
		return "resources.cpus was set by hand in a way that cannot be undone"
	}
	return deployment.NeedsNewContainer(limitsNow(c), s.Limits())
}

// setLimits brings the limits of a gateway that stays up to the record.
func (c *change) setLimits(ctx context.Context) error {
	want := c.world.record.spec.Limits()
	if len(limitsNow(*c.world.gateway).Changed(want)) == 0 {
		return nil
	}
	if err := c.docker.UpdateContainer(ctx, c.world.gateway.ID, want, c.world.gateway.HostConfig.NanoCPUs > 0); err != nil {
		return fmt.Errorf("changing the limits of the gateway: %w", err)
	}
	return nil
}

// resources are the limits as a new container gets them.
func resources(s endpoint.Spec) docker.Resources {
	cpu, limits := deployment.Resources{CPUs: s.Resources.CPUs}, s.Limits()
	return docker.Resources{
		CPUPeriod: cpu.CPUPeriod(), CPUQuota: limits.CPUQuota, Memory: limits.Memory, MemorySwap: limits.Memory, PidsLimit: &limits.PidsLimit,
	}
}
