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

// UpdateContainer implements container.Builder. As in the engine's own update a
// memory limit of zero means "unchanged"; CPU quota and pids are removed with
// the −1 that the engine takes for that.
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
	fail := func(kind func(string, ...any) error, format string, args ...any) error {
		return kind("Cannot update container %s: %s", c.id, fmt.Sprintf(format, args...))
	}
	h := c.host
	if c.state.Status == "removing" || c.state.Dead {
		return fail(conflict, "container is marked for removal and cannot be \"update\"")
	}
	switch {
	case !nanoCPUs && h.NanoCPUs != 0 && l.CPUQuota != 0:
		return fail(conflict, "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set")
	case nanoCPUs && h.NanoCPUs == 0 && (h.CPUQuota != 0 || h.CPUPeriod != 0):
		return fail(conflict, "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set")
	}
	if err := checkMemory(l.Memory, 0, l.MemoryReservation); err != nil {
		return err
	}
	if c.process != nil && l.Memory != 0 && uint64(l.Memory) < c.process.behaviour.Memory {
		return fail(refused, "runc did not terminate successfully: exit status 1: unable to set memory limit to %d (current usage: %d, peak usage: %[2]d)\n: unknown",
			l.Memory, c.process.behaviour.Memory)
	}
	if err := setRestartPolicy(c, l.RestartPolicy); err != nil {
		return err
	}
	setLimits(c, l, nanoCPUs)
	e.publish(c, "update", nil)
	return nil
}

func setLimits(c *record, l deployment.Limits, nanoCPUs bool) {
	h := c.host
	switch {
	case nanoCPUs:
		if l.CPUQuota != 0 {
			h.NanoCPUs = l.CPUQuota * nanosPerQuota
		}
	case l.CPUQuota != 0:
		h.CPUQuota, h.CPUPeriod = l.CPUQuota, quotaPeriod
	case h.CPUQuota > 0:
		h.CPUQuota = -1
	}
	if l.Memory != 0 {
		h.Memory, h.MemorySwap = l.Memory, 2*l.Memory
	}
	if l.MemoryReservation != 0 {
		h.MemoryReservation = l.MemoryReservation
	}
	if pids := l.PidsLimit; pids != 0 || h.PidsLimit != nil {
		h.PidsLimit = &pids // −1 is stored as 0
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
