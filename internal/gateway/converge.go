package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
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
	if w := c.world; !w.ours() || len(w.others) > 0 || c.misfit(*w.gateway, c.spec) != "" {
		err = c.replace(ctx, trafficID, edgeID)
	} else {
		err = c.configure(ctx)
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

// replace makes a new gateway and removes the one before. They run side by
// side, unless the host port can be held by one at a time.
func (c *change) replace(ctx context.Context, trafficID, edgeID string) error {
	w := c.world
	if err := c.rescue(ctx, append(slices.Clone(w.others), w.gateways()...)); err != nil {
		return err
	}
	if !c.hasCertificate() {
		if c.amends {
			return nil // the next Apply has the key; until then, drift says that the gateway is gone
		}
		return keyMissing("The gateway is gone, and with it the private key.")
	}
	old := w.others
	if w.ours() {
		aside := fmt.Sprintf("%s.%s", endpoint.GatewayName(w.name), deployment.ShortID(w.gateway.ID))
		if err := c.docker.RenameContainer(ctx, w.gateway.ID, aside); err != nil {
			return fmt.Errorf("renaming the gateway: %w", err)
		}
		old = append(old, *w.gateway)
	}
	id, err := c.create(ctx, trafficID, edgeID)
	if err != nil {
		return err
	}
	var later []docker.Container
	for _, o := range old {
		if !publishes(o, c.spec) {
			later = append(later, o)
		} else if err := c.discard(ctx, o); err != nil {
			return err
		}
	}
	if err := c.start(ctx, id); err != nil {
		return err
	}
	if err := c.settled(ctx, proxy{c.docker, id}); err != nil {
		return err
	}
	for _, o := range later {
		if err := c.discard(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// create makes a gateway with its configuration; it is not started.
func (c *change) create(ctx context.Context, trafficID, edgeID string) (id string, err error) {
	f, err := render(c.world.record.config())
	if err != nil {
		return "", err
	}
	exposed := nat.PortSet{listenPort(): {}}
	for port := range bindings(c.spec) {
		exposed[port] = struct{}{}
	}
	id, err = c.docker.CreateContainer(ctx, docker.CreateRequest{
		Name: endpoint.GatewayName(c.spec.Name),
		Config: &docker.ContainerConfig{
			Image: c.cfg.Image, User: gatewayUser, StopSignal: "SIGUSR1",
			Entrypoint:   []string{"haproxy", "-W", "-db", "-S", masterAddress, "-f", folder + "/" + configFile},
			ExposedPorts: exposed,
			Labels: map[string]string{
				docker.LabelKind: docker.KindGateway, docker.LabelEndpoint: c.spec.Name, docker.LabelOwner: c.spec.Owner,
				docker.LabelSession: c.session.Name(), docker.LabelProvider: c.cfg.Version, session.LabelNetwork: c.cfg.Network,
			},
		},
		HostConfig: &docker.HostConfig{
			NetworkMode: docker.NetworkMode(edgeID), PortBindings: bindings(c.spec),
			RestartPolicy: docker.RestartPolicyOf(deployment.RestartAlways),
			CapDrop:       []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
			Resources: resources(c.spec),
		},
		Networks: &docker.NetworkingConfig{EndpointsConfig: map[string]*docker.EndpointSettings{
			edgeID: {Aliases: []string{c.spec.Name}}, trafficID: {},
		}},
	})
	if err != nil {
		return "", fmt.Errorf("creating the gateway: %w", err)
	}
	maps.Copy(f, c.certificate())
	if err := c.docker.CopyTo(ctx, id, "/", archive(f, "", folder[1:])); err != nil {
		return "", fmt.Errorf("copying the configuration: %w", err)
	}
	return id, nil
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
	if err := c.settled(ctx, p); err != nil {
		return err
	}
	if err := c.arrived(ctx, p, have[configFile], want[configFile], false); err != nil {
		return err
	}
	if have[configFile] != want[configFile] || !sameMaps(have, running, want) {
		if err := p.setMaps(ctx, want); err != nil {
			return err
		}
	}
	return c.narrow(ctx, p, want)
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
