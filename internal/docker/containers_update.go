package docker

import (
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// cpuPeriod is the scheduler period of our quotas, in µs.
const cpuPeriod = 100_000

// updateConfig is what takes a container from have to want. It holds only what
// differs: the engine applies again whatever it is sent, and applying memory
// again would also change the swap of a container that was made elsewhere.
func updateConfig(have *HostConfig, want deployment.Limits, nanoCPUs bool) (container.UpdateConfig, error) {
	var update container.UpdateConfig
	if err := updateCPUs(&update.Resources, have, want.CPUQuota, nanoCPUs); err != nil {
		return update, err
	}
	if want.Memory != 0 && want.Memory != have.Memory {
		// Swap is set along with memory: to the same value, which is no swap at all, so that a limit is
		// a limit. Memory alone cannot be raised above the container's memory-and-swap.
		update.Memory, update.MemorySwap = want.Memory, want.Memory
	}
	if want.MemoryReservation != have.MemoryReservation {
		update.MemoryReservation = want.MemoryReservation
	}
	havePids := int64(0)
	if have.PidsLimit != nil {
		havePids = max(0, *have.PidsLimit)
	}
	if want.PidsLimit != havePids {
		pids := want.PidsLimit
		if pids == 0 {
			pids = -1
		}
		update.PidsLimit = &pids
	}
	if want.RestartPolicy != "" {
		update.RestartPolicy = RestartPolicyOf(want.RestartPolicy)
	}
	return update, nil
}

// updateCPUs sets the CPU limit in the unit the container was made with: the
// engine refuses the other one.
func updateCPUs(update *container.Resources, have *HostConfig, quota int64, nanoCPUs bool) error {
	if nanoCPUs {
		switch nano := quota * (1_000_000_000 / cpuPeriod); nano {
		case have.NanoCPUs:
		case 0:
			return fmt.Errorf("%w: the CPU limit of a container that was made with NanoCPUs cannot be removed while it exists", deployment.ErrUnsupported)
		default:
			update.NanoCPUs = nano
		}
		return nil
	}
	switch {
	case quota == max(0, have.CPUQuota) && (quota == 0 || have.CPUPeriod == cpuPeriod || have.CPUPeriod == 0):
	case quota == 0:
		update.CPUQuota = -1
	default:
		update.CPUPeriod, update.CPUQuota = cpuPeriod, quota
	}
	return nil
}
