package fakedocker

import (
	"context"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Operator is somebody at the docker command line: what it does is not in the
// call log and meets no fault. Containers are named by ID or name.
type Operator struct{ engine *Engine }

// Operator changes the engine behind the provider's back.
func (e *Engine) Operator() *Operator { return &Operator{e} }

// with runs do on one container under the lock.
func (o *Operator) with(idOrName string, do func(*record) error) error {
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	c, err := o.engine.lookup(idOrName)
	if err != nil {
		return err
	}
	return do(c)
}

// Run creates and starts a container, as docker run -d does; its ID.
func (o *Operator) Run(req docker.CreateRequest) (string, error) {
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	c, err := o.engine.create(req)
	if err != nil {
		return "", err
	}
	return c.id, o.engine.start(c)
}

// Create is docker create; the new container's ID.
func (o *Operator) Create(req docker.CreateRequest) (string, error) {
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	c, err := o.engine.create(req)
	if err != nil {
		return "", err
	}
	return c.id, nil
}

// Start is docker start.
func (o *Operator) Start(idOrName string) error {
	return o.with(idOrName, func(c *record) error {
		if c.state.Running {
			return nil
		}
		c.stopped, c.restarts, c.failures = false, 0, 0
		return o.engine.start(c)
	})
}

// Stop is docker stop.
func (o *Operator) Stop(idOrName string, grace time.Duration) error {
	return o.engine.stop(context.Background(), idOrName, grace)
}

// Pause is docker pause: the process holds its connections and answers nothing.
func (o *Operator) Pause(idOrName string) error {
	return o.with(idOrName, func(c *record) error {
		if c.process == nil {
			return conflict("Container %s is not running", c.id)
		}
		c.state.Paused, c.state.Status = true, "paused"
		c.process.setPaused(true)
		o.engine.publish(c, "pause", nil)
		return nil
	})
}

// Rename is docker rename.
func (o *Operator) Rename(idOrName, name string) error {
	return o.with(idOrName, func(c *record) error { return o.engine.rename(c, name) })
}

// Remove is docker rm -f.
func (o *Operator) Remove(idOrName string) error {
	return o.with(idOrName, func(c *record) error {
		o.engine.forceRemove(c)
		return nil
	})
}

// Update is docker update.
func (o *Operator) Update(idOrName string, limits deployment.Limits) error {
	return o.with(idOrName, func(c *record) error { return o.engine.update(c, limits, c.host.NanoCPUs != 0) })
}

// Crash ends the process as if by itself; a restart policy applies.
func (o *Operator) Crash(idOrName string, code int, oom bool) error {
	return o.with(idOrName, func(c *record) error {
		if c.process == nil {
			return conflict("Container %s is not running", c.id)
		}
		o.engine.exit(c, code, oom)
		return nil
	})
}

// SetHealth sets the result of the container's own health check.
func (o *Operator) SetHealth(idOrName string, healthy bool) error {
	return o.with(idOrName, func(c *record) error {
		o.engine.setHealth(c, healthy)
		return nil
	})
}

// CreateNetwork makes a network even if there is one of that name, as two
// processes that create it at the same moment do.
func (o *Operator) CreateNetwork(req docker.NetworkRequest) (id string) {
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	return o.engine.addNetwork(req)
}

// Disconnect is docker network disconnect.
func (o *Operator) Disconnect(network, idOrName string) error {
	return o.with(idOrName, func(c *record) error {
		if c.networks[network] == nil {
			return refused("container %s is not connected to network %s", c.id, network)
		}
		delete(c.networks, network)
		return nil
	})
}

// RemoveVolume is docker volume rm -f of a volume that nothing uses.
func (o *Operator) RemoveVolume(name string) {
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	o.engine.dropVolume(name)
}

// Prune is docker system prune -f: containers that do not run and networks that
// nothing runs on go; named volumes stay.
func (o *Operator) Prune() {
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	for _, c := range o.engine.containers {
		if !c.state.Running {
			o.engine.destroy(c)
		}
	}
	for id, n := range o.engine.networks {
		if len(o.engine.endpoints(n)) == 0 {
			delete(o.engine.networks, id)
		}
	}
}

// RestartEngine is a crash and restart of the daemon: processes end, and those
// containers come back whose restart policy says so. As measured on 20.10,
// unless-stopped ones stay down.
func (o *Operator) RestartEngine() {
	o.engine.BreakEvents(errClosed)
	o.engine.BreakStreams()
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	for _, id := range sortedKeys(o.engine.containers) {
		c := o.engine.containers[id]
		if !c.state.Running {
			continue
		}
		policy := string(c.host.RestartPolicy.Name)
		if c.process != nil {
			c.process.end()
			c.process = nil
		}
		c.state.FinishedAt = o.engine.now()
		o.engine.settle(c, stoppedBySIGKILL)
		if policy == "always" || policy == "on-failure" {
			_ = o.engine.start(c) // a failure is in the container's state
		}
	}
}
