package fakedocker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// RenameContainer implements container.Builder.
func (e *Engine) RenameContainer(ctx context.Context, id, name string) error {
	return run(ctx, e, "RenameContainer", e.nameOf(id)+" "+name, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		if err != nil {
			return err
		}
		return e.rename(c, name)
	})
}

func (e *Engine) rename(c *record, name string) error {
	switch {
	case name == "":
		return refused("Neither old nor new names may be empty")
	case name == c.name:
		return refused("Renaming a container with the same name as its current name")
	case !containerName.MatchString(name):
		return refused("Error when allocating new name: Invalid container name (/%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	if err := e.nameFree(name); err != nil {
		return conflict("Error when allocating new name: %s", err.Error())
	}
	if c.state.Restarting && len(c.networks) > 0 {
		// measured on 20.10: between two crashes its sandbox is gone, and the rename fails with a 404
		return notFound("sandbox %s not found", c.id)
	}
	old := c.name
	c.name = name
	e.publish(c, "rename", map[string]string{"oldName": "/" + old})
	return nil
}

// UpdateContainer implements container.Builder. As the client does it sends the
// engine what differs only: a zero removes the limit on CPUs and pids and leaves
// memory as it is, and swap is set along with memory, to the same value.
func (e *Engine) UpdateContainer(ctx context.Context, id string, l deployment.Limits, nanoCPUs bool) error {
	args := fmt.Sprintf("%s quota=%d memory=%d reservation=%d pids=%d restart=%s",
		e.nameOf(id), l.CPUQuota, l.Memory, l.MemoryReservation, l.PidsLimit, l.RestartPolicy)
	return run(ctx, e, "UpdateContainer", args, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		if err != nil {
			return err
		}
		return e.update(c, l, nanoCPUs)
	})
}

// update checks everything before it changes anything.
func (e *Engine) update(c *record, l deployment.Limits, nanoCPUs bool) error {
	if err := checkCPUs(c, l.CPUQuota, nanoCPUs); err != nil {
		return err
	}
	if err := checkMemory(l.Memory, l.Memory, l.MemoryReservation); err != nil {
		return err
	}
	if p := c.process; p != nil && l.Memory != 0 && l.Memory != c.host.Memory && uint64(l.Memory) < p.behaviour.Memory {
		return refused("Cannot update container %s: runc did not terminate successfully: exit status 1: "+
			"unable to set memory limit to %d (current usage: %d, peak usage: %[3]d)\n: unknown", c.id, l.Memory, p.behaviour.Memory)
	}
	if err := setRestartPolicy(c, l.RestartPolicy); err != nil {
		return err
	}
	setLimits(c, l, nanoCPUs)
	e.publish(c, "update", nil)
	return nil
}

// checkCPUs refuses a limit in the other unit than the container was made with.
func checkCPUs(c *record, quota int64, nanoCPUs bool) error {
	switch h := c.host; {
	case nanoCPUs && quota == 0 && h.NanoCPUs != 0:
		return &engineError{"the CPU limit of a container that was made with NanoCPUs cannot be removed while it exists", deployment.ErrUnsupported}
	case nanoCPUs && quota != 0 && h.NanoCPUs == 0 && (h.CPUQuota != 0 || h.CPUPeriod != 0):
		return conflict("Cannot update container %s: Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set", c.id)
	case !nanoCPUs && quota != 0 && h.NanoCPUs != 0:
		return conflict("Cannot update container %s: Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set", c.id)
	}
	return nil
}

func setLimits(c *record, l deployment.Limits, nanoCPUs bool) {
	h := c.host
	switch {
	case nanoCPUs:
		h.NanoCPUs = l.CPUQuota * nanosPerQuota
	case l.CPUQuota != 0:
		h.CPUQuota, h.CPUPeriod = l.CPUQuota, quotaPeriod
	case h.CPUQuota > 0:
		h.CPUQuota = -1
	}
	if l.Memory != 0 && l.Memory != h.Memory {
		h.Memory, h.MemorySwap = l.Memory, l.Memory
	}
	if l.MemoryReservation != 0 {
		h.MemoryReservation = l.MemoryReservation
	}
	if pids := l.PidsLimit; pids != 0 || h.PidsLimit != nil {
		h.PidsLimit = &pids // the engine stores the −1 that removes it as 0
	}
}

// A CPU quota is in µs per period; NanoCPUs are 1e-9 cores.
const (
	quotaPeriod   = 100_000
	nanosPerQuota = 1e9 / quotaPeriod
)

func setRestartPolicy(c *record, policy deployment.RestartPolicy) error {
	name, retries, counted := strings.Cut(string(policy), ":")
	maximum := 0
	if counted {
		n, err := strconv.Atoi(retries)
		if err != nil || n < 0 || name != "on-failure" {
			return refused("invalid restart policy '%s'", policy)
		}
		maximum = n
	}
	r := &c.host.RestartPolicy
	switch deployment.RestartPolicy(name) {
	case "": // unchanged
		return nil
	case deployment.RestartNo:
		if c.host.AutoRemove {
			break
		}
		r.Name = "no"
	case deployment.RestartAlways:
		r.Name = "always"
	case deployment.RestartUnlessStopped:
		r.Name = "unless-stopped"
	case deployment.RestartOnFailure:
		r.Name = "on-failure"
	default:
		return refused("invalid restart policy '%s'", policy)
	}
	r.MaximumRetryCount = maximum
	return nil
}
