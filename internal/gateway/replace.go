package gateway

import (
	"cmp"
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

// Of several gateways of an endpoint one has its name. The others were set aside
// by a change that was killed, or is to be undone: they exist until another has
// been seen to serve, so that there is a way back, with the certificate too.

// backGrace is what a gateway may take to finish what it has that a change made
// which failed.
const backGrace = 2 * time.Second

// unfit says why o cannot be the gateway without being made anew; "" when it can.
// Going back goes back to the image of before, too.
func (c *change) unfit(o docker.Container) string {
	if c.goesBack {
		config := *o.Config
		config.Image, config.Labels = c.cfg.Image, nil
		o.Config = &config
	}
	return c.misfit(o, c.spec)
}

// reinstate gives the gateway's name to the one that can stay, and is not
// touched, or started at the most. It does nothing where that has it already, or
// where there is none.
func (c *change) reinstate(ctx context.Context) error {
	w := c.world
	best := c.best()
	if best < 0 || w.gateway != nil && !w.ours() {
		return nil
	}
	chosen := w.others[best]
	w.others = slices.Delete(slices.Clone(w.others), best, best+1)
	if err := c.setAside(ctx); err != nil {
		return err
	}
	if err := c.docker.RenameContainer(ctx, chosen.ID, endpoint.GatewayName(w.name)); err != nil {
		return fmt.Errorf("renaming %s: %w", chosen.Name, err)
	}
	chosen.Name = endpoint.GatewayName(w.name)
	w.gateway = &chosen
	return nil
}

// best is the index of the other gateway that is rather to have the name than
// whoever has it; -1: none. Going back, that is the one that had it; otherwise one
// that serves, where the other does not.
func (c *change) best() int {
	w, best := c.world, -1
	for i, o := range w.others {
		switch {
		case c.unfit(o) != "":
		case c.goesBack && o.ID == c.origin:
			return i
		case best < 0 || serving(o) && !serving(w.others[best]):
			best = i
		}
	}
	if best >= 0 && w.ours() && c.unfit(*w.gateway) == "" && (serving(*w.gateway) || !serving(w.others[best])) {
		return -1
	}
	return best
}

// serving reports whether requests may be answered by a gateway.
func serving(o docker.Container) bool {
	return o.State.Running && !o.State.Paused && !o.State.Restarting
}

// setAside takes the gateway's name from the one that has it.
func (c *change) setAside(ctx context.Context) error {
	w := c.world
	if !w.ours() {
		return nil
	}
	aside := *w.gateway
	aside.Name = fmt.Sprintf("%s.%s", endpoint.GatewayName(w.name), deployment.ShortID(aside.ID))
	err := c.docker.RenameContainer(ctx, aside.ID, aside.Name)
	if errors.Is(err, deployment.ErrNotFound) {
		// So says an engine of one that is just restarting, which serves nobody.
		if err = c.docker.StopContainer(ctx, aside.ID, 0); err == nil {
			aside.State.Running = false
			err = c.docker.RenameContainer(ctx, aside.ID, aside.Name)
		}
	}
	if err != nil {
		return fmt.Errorf("renaming the gateway: %w", err)
	}
	w.others, w.gateway = append(w.others, aside), nil
	return nil
}

// keep brings the gateway that stays to the record, and removes the others.
func (c *change) keep(ctx context.Context) error {
	w := c.world
	if len(w.others) > 0 {
		if err := c.rescue(ctx, append(slices.Clone(w.others), *w.gateway)); err != nil {
			return err
		}
	}
	if !serving(*w.gateway) {
		if err := c.makeRoom(ctx); err != nil {
			return err
		}
	}
	if err := c.configure(ctx); err != nil {
		return err
	}
	c.servedAt = time.Now()
	return c.discardOthers(ctx)
}

// makeRoom stops the others that hold a host port which the gateway needs.
func (c *change) makeRoom(ctx context.Context) error {
	for i, o := range c.world.others {
		if !o.State.Running || !publishes(o, c.spec) {
			continue
		}
		if c.away.IsZero() {
			c.away = time.Now()
		}
		if err := c.stop(ctx, o, c.grace()); err != nil {
			return err
		}
		c.world.others[i].State.Running = false
	}
	return nil
}

func (c *change) discardOthers(ctx context.Context) error {
	for _, o := range c.world.others {
		if err := c.discard(ctx, o, c.grace()); err != nil {
			return err
		}
	}
	c.world.others = nil
	return nil
}

func (c *change) grace() time.Duration {
	if c.goesBack {
		return backGrace
	}
	return gatewayGrace
}

// replace makes a new gateway and removes the one before once the new one serves.
// They run side by side, unless the host port can be held by one at a time: then
// the old one is stopped first, and started again if the change fails.
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
	if err := c.setAside(ctx); err != nil {
		return err
	}
	id, err := c.create(ctx, trafficID, edgeID)
	if err != nil {
		return err
	}
	if err := c.makeRoom(ctx); err != nil {
		return err
	}
	if err := c.start(ctx, id); err != nil {
		return err
	}
	if err := c.settled(ctx, proxy{c.docker, id}); err != nil {
		return err
	}
	c.servedAt = time.Now()
	return c.discardOthers(ctx)
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
			Image: cmp.Or(c.image, c.cfg.Image), User: gatewayUser, StopSignal: "SIGUSR1",
			Entrypoint:   []string{"haproxy", "-W", "-db", "-S", masterAddress, "-f", folder + "/" + configFile},
			ExposedPorts: exposed,
			Labels: map[string]string{
				docker.LabelKind: docker.KindGateway, docker.LabelEndpoint: c.spec.Name, docker.LabelOwner: c.spec.Owner,
				docker.LabelSession: c.session.Name(), docker.LabelProvider: c.cfg.Version, session.LabelNetwork: c.cfg.Network,
				docker.LabelImage: c.cfg.Image,
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
