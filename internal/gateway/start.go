package gateway

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// start starts the gateway and waits until its proxy runs.
func (c *change) start(ctx context.Context, id string) error {
	if err := c.docker.StartContainer(ctx, id); err != nil {
		f := &deployment.Failure{
			What: fmt.Sprintf("The gateway could not be started: %s.", err), Err: err, Advice: "Mend the cause and apply again.",
		}
		if taken, ok := takenPort(c.spec, err); ok {
			f.Attribute = taken.Attribute
			f.What = fmt.Sprintf("The gateway could not be started: host port %d is taken.", taken.Port)
			f.Advice = fmt.Sprintf("Choose another %s, or free this one, and apply again.", f.Attribute)
		}
		return f
	}
	err := proxy{c.docker, id}.ready(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	f := &deployment.Failure{
		What: fmt.Sprintf("The gateway does not run: %s.", err), Err: err,
		Advice: fmt.Sprintf("See whether %s is an HAProxy image with sh and nc (the provider's gateway_image), and apply again.", c.cfg.Image),
	}
	evidence := deployment.ReplicaFailure{Name: endpoint.GatewayName(c.spec.Name)}
	if found, lookErr := c.docker.InspectContainer(ctx, id); lookErr == nil && !found.State.Running {
		evidence.Exited, evidence.ExitCode = true, found.State.ExitCode
	}
	if evidence.Logs, err = c.docker.ContainerLogs(ctx, id, 20); err != nil {
		evidence.LogsError = err.Error()
	}
	f = cmp.Or(c.withoutExporter(evidence.Logs), f)
	f.Replicas = append(f.Replicas, evidence)
	return f
}

// gatewayGrace is how long a gateway that goes may take to finish what it has.
const gatewayGrace = 30 * time.Second

// stop stops a gateway, once it has finished what it has or after grace.
func (g *Gateways) stop(ctx context.Context, c docker.Container, grace time.Duration) error {
	if c.State.Paused {
		if err := g.docker.UnpauseContainer(ctx, c.ID); err != nil {
			return err
		}
	}
	if c.State.Running {
		if err := g.docker.StopContainer(ctx, c.ID, grace); err != nil {
			return fmt.Errorf("stopping %s: %w", c.Name, err)
		}
	}
	return nil
}

// discard removes a gateway once it has finished what it has.
func (g *Gateways) discard(ctx context.Context, c docker.Container, grace time.Duration) error {
	if err := g.stop(ctx, c, grace); err != nil {
		return err
	}
	if err := g.docker.RemoveContainer(ctx, c.ID); err != nil {
		return fmt.Errorf("removing %s: %w", c.Name, err)
	}
	return nil
}
