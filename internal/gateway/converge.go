package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// converge makes the engine what the record says.
func (c *change) converge(ctx context.Context) error {
	trafficID, err := c.traffic.Ensure(ctx)
	if err != nil {
		return err
	}
	edgeID, err := c.edge.Ensure(ctx)
	if err != nil {
		return err
	}
	for _, b := range c.world.record.backends {
		if err := c.attachAll(ctx, trafficID, b.Deployment); err != nil {
			return err
		}
	}
	if err := c.reinstate(ctx); err != nil {
		return err
	}
	if w := c.world; !w.ours() || c.unfit(*w.gateway) != "" {
		err = c.replace(ctx, trafficID, edgeID)
	} else {
		err = c.keep(ctx)
	}
	if err != nil {
		return err
	}
	if c.shift != nil {
		return nil // it may still have to turn back
	}
	if err := c.detachStrangers(ctx, c.before); err != nil {
		return err
	}
	return c.forgetCertificates(ctx)
}

// configure brings the configuration of a gateway that stays up to the record.
func (c *change) configure(ctx context.Context) error {
	p := proxy{c.docker, c.world.gateway.ID}
	want, err := render(c.world.record.config())
	if err != nil {
		return err
	}
	if err := c.setLimits(ctx); err != nil {
		return err
	}
	switch state := c.world.gateway.State; {
	case state.Paused:
		if err := c.docker.UnpauseContainer(ctx, p.id); err != nil {
			return err
		}
	case !state.Running:
		all := maps.Clone(want)
		maps.Copy(all, c.certificate())
		if err := c.docker.CopyTo(ctx, p.id, "/", archive(all, "", folder[1:])); err != nil {
			return fmt.Errorf("copying the configuration: %w", err)
		}
		if err := c.start(ctx, p.id); err != nil {
			return err
		}
	}
	have, running, err := p.look(ctx)
	if err != nil {
		return err
	}
	if err := c.arrived(ctx, p, have[configFile], want[configFile], true); err != nil {
		return err
	}
	brought, err := c.bringCertificate(ctx, p, have)
	if err != nil {
		return err
	}
	switch {
	case have[configFile] != want[configFile]:
		err = c.widen(ctx, p, have, want)
	case brought: // over one that was changed by hand, with which the worker may have begun
		err = p.reload(ctx, want)
	}
	if err != nil {
		return err
	}
	if have[configFile] == want[configFile] && !brought {
		return c.exchangeMaps(ctx, p, have, running, want)
	}
	if err := c.settled(ctx, p); err != nil {
		return err
	}
	if err := c.arrived(ctx, p, have[configFile], want[configFile], false); err != nil {
		return err
	}
	if err := p.setMaps(ctx, want); err != nil {
		return err
	}
	return c.narrow(ctx, p, want)
}

// exchangeMaps brings weights and keys to the record, where that is all there is to
// do. What takes something away must not wait for a replica that does not answer:
// that may be why it is taken away.
func (c *change) exchangeMaps(ctx context.Context, p proxy, have, running, want files) error {
	if !sameMaps(have, running, want) {
		if _, err := c.awaitServers(ctx, p, c.grows); err != nil {
			return err
		}
		if err := p.setMaps(ctx, want); err != nil {
			return err
		}
	}
	return c.settled(ctx, p)
}

// grows reports whether a deployment is about to get a larger part of the requests.
func (c *change) grows(name string) bool {
	return endpoint.Share(c.world.record.spec.Traffic, name) > endpoint.Share(c.world.previous, name)
}

// sameMaps reports whether the maps, as they lie there and as they run, are what is wanted.
func sameMaps(have, running, want files) bool {
	for name, content := range want.maps() {
		if have[name] != content || !sameMap(running[name], content) {
			return false
		}
	}
	return true
}

// widen reloads with what is new beside what there was, and as yet without
// requests for it: a new worker has to learn the addresses first.
func (c *change) widen(ctx context.Context, p proxy, have, want files) error {
	wide := files{configFile: widened(have[configFile], want[configFile])}
	for name, content := range want.maps() {
		wide[name] = content
		if uses(have[configFile], name) {
			wide[name] = have[name]
		}
	}
	if wide[configFile] == have[configFile] { // only less than before
		return nil
	}
	if err := p.reload(ctx, wide); !errors.Is(err, errRefused) {
		return err
	}
	return p.reload(ctx, want) // what there was had been broken by hand
}

// narrow drains what is not wanted any more and reloads without it.
func (c *change) narrow(ctx context.Context, p proxy, want files) error {
	have, _, err := p.look(ctx)
	if err != nil || have[configFile] == want[configFile] {
		return err
	}
	for _, name := range backendNames(have[configFile]) {
		if _, stays := c.world.record.backend(name); stays {
			continue
		}
		if _, err := p.drain(ctx, func(s server) bool { return s.backend == name }, c.patience(ctx, name)); err != nil {
			return fmt.Errorf("draining deployment %q: %w", name, err)
		}
	}
	return p.reload(ctx, want)
}

// patience is how long what is in flight on a deployment may take.
func (g *Gateways) patience(ctx context.Context, name string) time.Duration {
	status, err := g.deployments.Status(ctx, name)
	if err != nil || status.Spec.Rollout.DrainTimeout == 0 {
		return deployment.DefaultDrainTimeout
	}
	return status.Spec.Rollout.DrainTimeout
}
