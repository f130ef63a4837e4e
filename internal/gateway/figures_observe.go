package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// Observe looks at what one endpoint does right now. See endpoint.Engine.
func (g *Gateways) Observe(ctx context.Context, name string) (endpoint.Observation, error) {
	o, err := g.observation(ctx, name)
	if err == nil && o.State == endpoint.StateError {
		return g.observation(ctx, name) // its gateway may have been exchanged meanwhile
	}
	return o, err
}

func (g *Gateways) observation(ctx context.Context, name string) (endpoint.Observation, error) {
	w, err := g.observe(ctx, name)
	if err != nil {
		return endpoint.Observation{}, err
	}
	o := endpoint.Observation{Status: w.status(), Replicas: map[string]int{}}
	if !w.exists() {
		o.Drift = nil
		o.State, o.Reason = endpoint.StateNotFound, "No endpoint has this name."
		return o, nil
	}
	if w.record == nil {
		o.State, o.Reason = endpoint.StateError, o.Drift[0]
		return o, nil
	}
	if o.Changing, err = g.changing(ctx, w); err != nil {
		return o, err
	}
	if !o.Changing { // what differs in the middle of a change is no drift
		status, err := g.statusOf(ctx, w)
		if err != nil {
			return o, err
		}
		o.Status = status
	}
	if o.Replicas, err = g.wanted(ctx, w.record.backends); err != nil {
		return o, err
	}
	err = g.inquire(ctx, w, &o)
	return o, err
}

// inquire asks the proxy, if it runs, and judges by what it says.
func (g *Gateways) inquire(ctx context.Context, w *world, o *endpoint.Observation) error {
	if idle := w.idle(); idle != "" {
		o.State, o.Reason = endpoint.StateDown, idle
		return nil
	}
	o.StartedAt = w.gateway.State.StartedAt
	figures, err := proxy{g.docker, w.gateway.ID}.figures(ctx)
	switch {
	case err == nil:
		o.Figures = &figures
		o.State, o.Reason = endpoint.Assess(o.Spec, o.Replicas, figures)
		return nil
	case ctx.Err() != nil || errors.Is(err, deployment.ErrUnreachable):
		return err
	default:
		o.State, o.Reason = endpoint.StateError, deployment.Sanitise(fmt.Sprintf(
			"The gateway %s cannot be asked: %s.", endpoint.GatewayName(w.name), strings.TrimSuffix(err.Error(), ".")))
		return nil
	}
}

// changing reports whether somebody holds a lock of the endpoint who is still there.
func (g *Gateways) changing(ctx context.Context, w *world) (bool, error) {
	for _, by := range w.locks {
		if alive, err := g.sessions.Alive(ctx, by); alive || err != nil {
			return alive, err
		}
	}
	return false, nil
}

// wanted are the numbers of replicas that deployments should have; of those that
// are gone there is none.
func (g *Gateways) wanted(ctx context.Context, backends []Backend) (map[string]int, error) {
	out := map[string]int{}
	for _, b := range backends {
		status, err := g.deployments.Status(ctx, b.Deployment)
		if gone(status, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[b.Deployment] = status.Spec.Replicas
	}
	return out, nil
}
