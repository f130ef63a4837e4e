package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// Remove removes an endpoint. See endpoint.Engine.
func (g *Gateways) Remove(ctx context.Context, r endpoint.Removal) (err error) {
	release, err := g.names.Acquire(ctx, r.Name)
	if err != nil {
		return err
	}
	defer release()
	s, releaseSession, err := g.sessions.AcquireForRemoval(ctx)
	if err != nil {
		return err
	}
	defer func() { releaseSession(ctx, err == nil) }()
	unlock, err := g.sessions.Lock(ctx, s, lockOf(r.Name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock(ctx)) }()
	w, err := g.observe(ctx, r.Name)
	if err != nil {
		return err
	}
	if have := w.owner(); have != "" && r.Owner != "" && have != r.Owner {
		return &deployment.OwnerError{Kind: "endpoint", Name: r.Name, Owner: have, Want: r.Owner}
	}
	return g.clear(ctx, w)
}

// clear removes what a world shows: the gateway first, which finishes what it
// has; then the record, from when on nobody attaches replicas any more; then
// these are detached.
func (g *Gateways) clear(ctx context.Context, w *world) error {
	gateways := w.others
	if w.ours() {
		gateways = append(gateways, *w.gateway)
	}
	for _, c := range gateways {
		if err := g.discard(ctx, c); err != nil {
			return err
		}
	}
	if w.record != nil {
		// While replicas are detached a record has to say that this endpoint once
		// routed to them, so that a removal that is killed is completed by the next.
		if err := g.detachLeaving(ctx, w.record); err != nil {
			return err
		}
		for _, v := range append(w.superseded, w.record.volume) {
			if err := g.docker.RemoveVolume(ctx, v); err != nil {
				return fmt.Errorf("removing the record %s: %w", v, err)
			}
		}
	}
	if err := g.detachStrangers(ctx, nil); err != nil {
		return err
	}
	return g.tidyNetworks(ctx)
}

// detachLeaving takes off the traffic network what no other endpoint routes to.
func (g *Gateways) detachLeaving(ctx context.Context, leaving *record) error {
	current, _, err := g.records(ctx)
	if err != nil {
		return err
	}
	delete(current, leaving.spec.Name)
	return g.detach(ctx, current, leaving.backends)
}

// tidyNetworks removes the networks when no endpoint is left. The engine
// refuses that of a network that somebody is on: clients may be on the edge.
func (g *Gateways) tidyNetworks(ctx context.Context) error {
	current, _, err := g.records(ctx)
	if err != nil || len(current) > 0 {
		return err
	}
	for _, n := range []*session.Network{g.traffic, g.edge} {
		if err := n.RemoveUnused(ctx); err != nil {
			return err
		}
	}
	return nil
}
