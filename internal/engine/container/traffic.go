package container

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

// Traffic is what stands between clients and replicas, where an endpoint routes
// to the deployment.
type Traffic interface {
	// Network is the name of the traffic network: a replica that is on it serves
	// behind the endpoints.
	Network() string
	// Routes are the names of the deployments that endpoints route to.
	Routes(ctx context.Context) (map[string]bool, error)
	// Routed reports whether an endpoint routes to the deployment. An error says
	// that none could, as it is to be.
	Routed(ctx context.Context, s deployment.Spec) (bool, error)
	// Prepare is told which versions are about to serve side by side, or which
	// one it is from now on.
	Prepare(ctx context.Context, versions ...deployment.Spec) error
	// Attach lets the replica have requests. With wait it returns when every gateway
	// sends it some, which it does as the replica is ready.
	Attach(ctx context.Context, deployment, container string, wait bool) error
	// Drain returns when no gateway sends requests to the replica any more and none
	// is in flight. What takes longer than timeout is cut off. After an error the
	// replica goes on getting requests.
	Drain(ctx context.Context, deployment, container string, timeout time.Duration) error
	// Withdraw lets the endpoints' other deployments have the traffic of this one
	// and drains it. It is refused where there is no other.
	Withdraw(ctx context.Context, deployment string) error
}

// Behind makes known what stands between clients and replicas. It is called
// before anything else, or never.
func (e *Engine) Behind(t Traffic) { e.traffic = t }

// noTraffic is an engine without endpoints.
type noTraffic struct{}

func (noTraffic) Network() string                                            { return "" }
func (noTraffic) Routes(context.Context) (map[string]bool, error)            { return nil, nil } //nolint:nilnil // there are none
func (noTraffic) Routed(context.Context, deployment.Spec) (bool, error)      { return false, nil }
func (noTraffic) Prepare(context.Context, ...deployment.Spec) error          { return nil }
func (noTraffic) Attach(context.Context, string, string, bool) error         { return nil }
func (noTraffic) Drain(context.Context, string, string, time.Duration) error { return nil }
func (noTraffic) Withdraw(context.Context, string) error                     { return nil }

// Changed says that somebody else in this process has changed what reads see of
// a deployment: whether it is routed to, and attached.
func (e *Engine) Changed(name string) { e.reads.changed(name) }

// routes is what reads share.
func (e *Engine) routes(ctx context.Context) (map[string]bool, error) { return e.traffic.Routes(ctx) }

// onTraffic reports whether c is on the traffic network.
func (e *Engine) onTraffic(c docker.Container) bool {
	_, ok := c.Networks[e.traffic.Network()]
	return ok
}

// withdraw takes a deployment that goes out of the traffic of all endpoints, or
// completes that.
func (e *Engine) withdraw(ctx context.Context, w *world) error {
	if !w.exists() || !w.routed && !slices.ContainsFunc(w.replicas, e.onTraffic) {
		return nil
	}
	return e.traffic.Withdraw(ctx, w.name)
}

// makeRoom lets the gateways know what is about to serve beside what does. The
// port may change while the containers stay: then they get their requests at the
// new one from now on, or the change fails.
func (c *change) makeRoom(ctx context.Context, plan rollout.Plan) error {
	if !c.routed || c.world.record == nil {
		return nil
	}
	before, moves := c.world.record.spec, c.world.record.spec.Port != c.spec.Port && !plan.Creates()
	if !plan.Creates() && !moves {
		return nil
	}
	traffic := c.engine.traffic
	err := traffic.Prepare(ctx, before, c.spec)
	if err == nil && moves {
		err = traffic.Prepare(ctx, c.spec)
	}
	if err == nil {
		return nil
	}
	if moves {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
		defer cancel()
		err = errors.Join(err, traffic.Prepare(bounded, before))
	}
	return err
}

// errRoutedSince says that an endpoint was made in the middle of a change, which
// knew nothing of it and has let nothing new serve behind it.
var errRoutedSince = errors.New("an endpoint routes to the deployment since the change began")

// routedSince reports whether that is so. The endpoint has seen the replicas that
// were there when it was made.
func (c *change) routedSince(ctx context.Context) bool {
	if c.routed || c.last || c.fresh {
		return false
	}
	routed, err := c.engine.traffic.Routed(ctx, c.spec)
	return err == nil && routed
}

// settleTraffic lets the gateways know what serves from now on.
func (c *change) settleTraffic(ctx context.Context, s deployment.Spec) error {
	if !c.routed {
		return nil
	}
	return c.engine.traffic.Prepare(ctx, s)
}
