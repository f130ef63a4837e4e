package fakedocker

import (
	"context"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// StartContainer implements container.Lifecycle.
func (e *Engine) StartContainer(ctx context.Context, id string) error {
	return run(ctx, e, "StartContainer", e.nameOf(id), func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		if err != nil {
			return err
		}
		switch {
		case c.state.Paused:
			return conflict("cannot start a paused container, try unpause instead")
		case c.state.Running: // also while it crash-loops
			return nil
		}
		c.stopped, c.restarts, c.failures = false, 0, 0
		return e.start(c)
	})
}

// start runs the container's process. When it cannot, the container stays what
// it was (created, exited) and says why.
func (e *Engine) start(c *record) error {
	image := e.images.byID[c.imageID]
	behaviour := image.Behaviour
	c.attempts++
	if image.Vary != nil {
		behaviour = image.Vary(Start{Container: c.name, Env: environment(c.config.Env), Attempt: c.attempts,
			Command: slices.Concat(c.config.Entrypoint, c.config.Cmd)})
	}
	fail := func(code int, err error) error {
		e.release(c)
		c.state.Error, c.state.ExitCode = err.Error(), code
		return err
	}
	if err := e.joinNetworks(c); err != nil {
		return fail(128, err)
	}
	if err := e.bindPorts(c); err != nil {
		return fail(128, err)
	}
	if behaviour.StartFail != "" {
		return fail(127, refused("%s", behaviour.StartFail))
	}
	e.pid++
	c.generation++
	c.state = docker.ContainerState{
		Status: "running", Running: true, Pid: 1000 + e.pid,
		StartedAt: e.now(), FinishedAt: c.state.FinishedAt,
		OOMKilled: c.state.OOMKilled && c.failures > 0, // it stays over restarts, not over a user's start
	}
	e.publish(c, "start", nil)
	for _, name := range behaviour.Removes {
		t, inside := e.mounted(c, name)
		t.remove(inside, e.now())
	}
	for _, name := range sortedKeys(behaviour.Writes) {
		e.write(c, name, behaviour.Writes[name])
	}
	e.spawn(c, behaviour)
	return nil
}

// release gives back what only a running container holds.
func (e *Engine) release(c *record) {
	for _, a := range c.networks {
		a.ip = ""
	}
	c.ports = nil
}

// UnpauseContainer implements container.Lifecycle.
func (e *Engine) UnpauseContainer(ctx context.Context, id string) error {
	return run(ctx, e, "UnpauseContainer", e.nameOf(id), func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		if err != nil {
			return err
		}
		if !c.state.Paused {
			return conflict("Container %s is not paused", c.id)
		}
		c.state.Paused, c.state.Status = false, "running"
		c.process.setPaused(false)
		e.publish(c, "unpause", nil)
		return nil
	})
}

// StopContainer implements container.Lifecycle.
func (e *Engine) StopContainer(ctx context.Context, id string, grace time.Duration) error {
	return run(ctx, e, "StopContainer", e.nameOf(id)+" "+grace.String(), func() error {
		return e.stop(ctx, id, grace)
	})
}

// stop sends SIGTERM, and SIGKILL when grace is over. A container that is gone,
// or stopped already, is no error.
func (e *Engine) stop(ctx context.Context, id string, grace time.Duration) error {
	e.mu.Lock()
	c, err := e.lookup(id)
	if err != nil || !c.state.Running {
		e.mu.Unlock()
		return nil
	}
	c.stopped = true
	p, generation := c.process, c.generation
	if c.state.Restarting { // between two crashes there is nothing to signal
		e.settle(c, c.state.ExitCode)
		e.publish(c, "stop", nil)
		e.mu.Unlock()
		return nil
	}
	paused := c.state.Paused
	e.publish(c, "kill", map[string]string{"signal": "15"})
	e.mu.Unlock()

	code := stoppedBySIGKILL
	if !paused {
		if code, err = p.terminate(ctx, grace); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.generation == generation && c.state.Running {
		e.exit(c, code, false)
	}
	if !c.state.Running {
		e.publish(c, "stop", nil)
	}
	return nil
}

// exit ends the running process of c. A restart policy may start it again.
func (e *Engine) exit(c *record, code int, oom bool) {
	ran := time.Since(c.state.StartedAt)
	c.process.end()
	c.process = nil
	c.generation++
	if oom {
		c.state.OOMKilled = true
		e.publish(c, "oom", nil)
	}
	c.state.FinishedAt = e.now()
	e.publish(c, "die", map[string]string{"exitCode": itoa(code)})
	if e.restarts(c, code) {
		e.scheduleRestart(c, code, ran)
		return
	}
	e.settle(c, code)
}

// settle leaves the container exited; one with AutoRemove goes.
func (e *Engine) settle(c *record, code int) {
	c.generation++
	e.release(c)
	c.state.Status, c.state.Running, c.state.Paused, c.state.Restarting = "exited", false, false, false
	c.state.Pid, c.state.ExitCode = 0, code
	if c.state.Health != "" {
		c.state.Health = "unhealthy"
	}
	if c.host.AutoRemove {
		e.destroy(c)
	}
}

// restarts reports whether the restart policy wants the container back.
func (e *Engine) restarts(c *record, code int) bool {
	if c.stopped {
		return false
	}
	switch policy := c.host.RestartPolicy; string(policy.Name) {
	case "always", "unless-stopped":
		return true
	case "on-failure":
		return code != 0 && (policy.MaximumRetryCount == 0 || c.restarts < policy.MaximumRetryCount)
	default:
		return false
	}
}

// stableAfter resets the wait between restarts.
const stableAfter = 10 * time.Second

// scheduleRestart leaves the container running and restarting at once.
func (e *Engine) scheduleRestart(c *record, code int, ran time.Duration) {
	if ran >= stableAfter {
		c.failures = 0
	}
	wait := min(e.backoff<<min(c.failures, 16), maxBackoff)
	c.failures++
	c.restarts++
	e.release(c)
	c.state.Status, c.state.Restarting, c.state.Paused = "restarting", true, false
	c.state.Pid, c.state.ExitCode = 0, code
	generation := c.generation
	time.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.containers[c.id] != c || c.generation != generation {
			return
		}
		if policy := string(c.host.RestartPolicy.Name); policy == "" || policy == "no" { // changed meanwhile
			e.settle(c, code)
			return
		}
		if err := e.start(c); err != nil {
			e.settle(c, code)
		}
	})
}

// RemoveContainer implements container.Builder.
func (e *Engine) RemoveContainer(ctx context.Context, id string) error {
	return run(ctx, e, "RemoveContainer", e.nameOf(id), func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if c, err := e.lookup(id); err == nil {
			e.forceRemove(c)
		}
		return nil
	})
}

func (e *Engine) forceRemove(c *record) {
	c.stopped = true
	if c.process != nil {
		e.publish(c, "kill", map[string]string{"signal": "9"})
		e.exit(c, stoppedBySIGKILL, false)
	}
	e.destroy(c)
}

// destroy forgets the container, once.
func (e *Engine) destroy(c *record) {
	if e.containers[c.id] != c {
		return
	}
	c.generation++
	delete(e.containers, c.id)
	delete(e.statsError, c.id)
	for _, volume := range c.anonymous {
		e.dropVolume(volume)
	}
	e.publish(c, "destroy", nil)
}
