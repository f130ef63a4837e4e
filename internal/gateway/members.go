package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// attachAll attaches the replicas in service of a deployment to the traffic
// network, without touching their processes.
func (g *Gateways) attachAll(ctx context.Context, networkID, name string) error {
	status, err := g.deployments.Status(ctx, name)
	if errors.Is(err, deployment.ErrNotFound) {
		return nil // gone since; drift says so
	}
	if err != nil {
		return err
	}
	for _, r := range status.Replicas {
		if r.Name != deployment.SlotName(name, r.Slot) {
			continue // a candidate, whose own rollout attaches it
		}
		if err := g.attach(ctx, networkID, r.ID, name); err != nil {
			return err
		}
	}
	return nil
}

// attach puts a container on the traffic network, where it is one of those that
// the deployment's alias means.
func (g *Gateways) attach(ctx context.Context, networkID, id, name string) error {
	err := g.docker.ConnectNetwork(ctx, networkID, id, []string{endpoint.ServingAlias(name), endpoint.ServingAlias2(name)})
	if err != nil && !errors.Is(err, docker.ErrConflict) && !errors.Is(err, deployment.ErrNotFound) {
		return fmt.Errorf("attaching %s to the network %s: %w", deployment.ShortID(id), g.traffic.Name(), err)
	}
	return nil
}

// backPatience is what going back waits for servers: they had requests before.
const backPatience = time.Second

// settled waits until the proxy sends requests to every replica that runs. One
// that does not answer the check does not hold up the others.
func (c *change) settled(ctx context.Context, p proxy) error {
	down, err := c.awaitServers(ctx, p, func(string) bool { return true })
	for _, b := range down {
		c.warnings = append(c.warnings, fmt.Sprintf(
			"Not every replica of deployment %q answers the gateway's check (%s): those that do not get no requests.", b.Deployment, b.Check.describe(b)))
	}
	return err
}

// awaitServers waits, for all deployments at once, until the proxy sends requests
// to every replica that runs, and returns those with one to which it does not.
func (c *change) awaitServers(ctx context.Context, p proxy, which func(name string) bool) ([]Backend, error) {
	patience := c.cfg.Patience
	if c.goesBack {
		patience = min(patience, backPatience)
	}
	backends := c.world.record.backends
	late := make([]bool, len(backends))
	group, gctx := errgroup.WithContext(ctx)
	for i, b := range backends {
		if !which(b.Deployment) {
			continue
		}
		group.Go(func() error {
			ips, err := c.addresses(gctx, b.Deployment)
			if err != nil || len(ips) == 0 {
				return err
			}
			up, err := p.await(gctx, b.Deployment, "", ips, patience)
			late[i] = !up
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var down []Backend
	for i, b := range backends {
		if late[i] {
			down = append(down, b)
		}
	}
	return down, nil
}

// describe is a check in words.
func (k Check) describe(b Backend) string {
	port := b.Port
	if k.Port != 0 {
		port = k.Port
	}
	if k.Path == "" {
		return fmt.Sprintf("a connection to port %d", port)
	}
	return fmt.Sprintf("GET :%d%s", port, k.Path)
}

// addresses are those of a deployment's running replicas on the traffic network.
func (g *Gateways) addresses(ctx context.Context, name string) ([]string, error) {
	status, err := g.deployments.Status(ctx, name)
	if errors.Is(err, deployment.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range status.Replicas {
		c, err := g.inspect(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		if c != nil && c.State.Running && !c.State.Paused && !c.State.Restarting && c.Networks[g.traffic.Name()].IPAddress != "" {
			out = append(out, c.Networks[g.traffic.Name()].IPAddress)
		}
	}
	return out, nil
}

// strangers are the replicas on the traffic network that no endpoint routes to,
// by container ID: what a change that was killed had still to detach.
func (g *Gateways) strangers(ctx context.Context, current map[string]record) (map[string]docker.ContainerSummary, error) {
	networkID, err := g.traffic.Find(ctx)
	if err != nil || networkID == "" {
		return nil, err
	}
	network, err := g.docker.InspectNetwork(ctx, networkID)
	if err != nil {
		return nil, err
	}
	replicas, err := g.docker.ListContainers(ctx, map[string]string{docker.LabelKind: docker.KindReplica})
	if err != nil {
		return nil, err
	}
	out := map[string]docker.ContainerSummary{}
	for _, r := range replicas {
		if len(routedBy(current, r.Labels[docker.LabelDeployment])) > 0 {
			continue
		}
		_, on := network.Containers[r.ID]
		if !on && r.State != "running" { // the network does not list these, and yet they need it to start
			c, err := g.inspect(ctx, r.ID)
			if err != nil {
				return nil, err
			}
			if c != nil {
				_, on = c.Networks[g.traffic.Name()]
			}
		}
		if on {
			out[r.ID] = r
		}
	}
	return out, nil
}

// detachStrangers takes off the traffic network what no endpoint routes to any
// more. What was in flight on it has been waited for.
func (g *Gateways) detachStrangers(ctx context.Context, before *record) error {
	current, _, err := g.records(ctx)
	if err != nil {
		return err
	}
	if before != nil { // adopted containers among them, which carry no label
		if err := g.detach(ctx, current, before.backends); err != nil {
			return err
		}
	}
	networkID, err := g.traffic.Find(ctx)
	if err != nil || networkID == "" {
		return err
	}
	left, err := g.strangers(ctx, current)
	if err != nil {
		return err
	}
	for id, c := range left {
		if err := g.docker.DisconnectNetwork(ctx, networkID, id); err != nil {
			return fmt.Errorf("taking %s off the network %s: %w", c.Name, g.traffic.Name(), err)
		}
	}
	return nil
}

// detach takes the replicas of backends off the traffic network, unless one of
// the current endpoints routes to them.
func (g *Gateways) detach(ctx context.Context, current map[string]record, backends []Backend) error {
	networkID, err := g.traffic.Find(ctx)
	if err != nil || networkID == "" {
		return err
	}
	for _, b := range backends {
		if len(routedBy(current, b.Deployment)) > 0 {
			continue
		}
		status, err := g.deployments.Status(ctx, b.Deployment)
		if errors.Is(err, deployment.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for _, r := range status.Replicas {
			if err := g.docker.DisconnectNetwork(ctx, networkID, r.ID); err != nil {
				return fmt.Errorf("taking %s off the network %s: %w", r.Name, g.traffic.Name(), err)
			}
		}
	}
	return nil
}

// routedBy are the endpoints that route to a deployment.
func routedBy(current map[string]record, name string) []record {
	var out []record
	for _, r := range current {
		if r.spec.Routes(name) {
			out = append(out, r)
		}
	}
	return out
}

// proxiesOf are the running gateways of the endpoints that route to a deployment.
func (g *Gateways) proxiesOf(ctx context.Context, name string) ([]proxy, error) {
	current, _, err := g.records(ctx)
	if err != nil {
		return nil, err
	}
	var out []proxy
	for _, r := range routedBy(current, name) {
		c, err := g.inspect(ctx, endpoint.GatewayName(r.spec.Name))
		if err != nil {
			return nil, err
		}
		if c != nil && c.State.Running && !c.State.Paused && !c.State.Restarting && c.Config.Labels[docker.LabelEndpoint] == r.spec.Name {
			out = append(out, proxy{g.docker, c.ID})
		}
	}
	return out, nil
}
