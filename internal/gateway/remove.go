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
	w, err := g.vacate(ctx, r)
	if err != nil {
		return err
	}
	defer g.tell(w.record)
	return g.unrecord(ctx, w)
}

// tell lets reads of the deployments that records route to see what has become
// of them. A record may be nil.
func (g *Gateways) tell(records ...*record) {
	for _, r := range records {
		if r == nil {
			continue
		}
		for _, b := range r.backends {
			g.deployments.Changed(b.Deployment)
		}
	}
}

// undo removes what a create that failed has made.
func (g *Gateways) undo(ctx context.Context, w *world) error {
	if err := g.clear(ctx, w); err != nil {
		return err
	}
	return g.unrecord(ctx, w)
}

// unrecord removes the record, and what it may have led somebody to do meanwhile.
func (g *Gateways) unrecord(ctx context.Context, w *world) error {
	if w.record == nil {
		return nil // nothing tells of replicas that were attached for it
	}
	if err := g.removeRecord(ctx, w); err != nil {
		return err
	}
	return g.detachLate(ctx)
}

func (g *Gateways) removeRecord(ctx context.Context, w *world) error {
	if w.record == nil {
		return nil
	}
	for _, v := range append(w.superseded, w.record.volume) {
		if err := g.docker.RemoveVolume(ctx, v); err != nil {
			return fmt.Errorf("removing the record %s: %w", v, err)
		}
	}
	return nil
}

// vacate removes all of an endpoint but its record: the gateway, which finishes
// what it has; the replicas' attachments; the networks, the lock, and what
// nothing else needs any more. The record goes last: as long as it is there, an
// interrupted removal is still an endpoint, and the next destroy goes on with it.
func (g *Gateways) vacate(ctx context.Context, r endpoint.Removal) (w *world, err error) {
	s, releaseSession, err := g.sessions.AcquireForRemoval(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			releaseSession(ctx, false)
			return
		}
		err = g.sessions.Vacate(ctx, s)
	}()
	unlock, err := g.sessions.Lock(ctx, s, lockOf(r.Name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock(ctx)) }()
	if err := g.sessions.Respect(ctx, shiftLockOf(r.Name)); err != nil {
		return nil, err
	}
	w, err = g.observe(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	if have := w.owner(); have != "" && r.Owner != "" && have != r.Owner {
		return nil, &deployment.OwnerError{Kind: "endpoint", Name: r.Name, Owner: have, Want: r.Owner}
	}
	// Without a record it goes with whoever asks. See container.Engine.
	if w.record != nil && deployment.OtherLife(w.record.uid, r.UID) {
		return nil, fmt.Errorf("endpoint %q: %w", r.Name, deployment.ErrTakenOver)
	}
	return w, g.clear(ctx, w)
}

// clear removes what a world shows, without the record.
func (g *Gateways) clear(ctx context.Context, w *world) error {
	gateways := w.others
	if w.ours() {
		gateways = append(gateways, *w.gateway)
	}
	for _, c := range gateways {
		if err := g.discard(ctx, c, gatewayGrace); err != nil {
			return err
		}
	}
	if w.record != nil {
		if err := g.detachLeaving(ctx, w.record); err != nil {
			return err
		}
	}
	if err := g.detachStrangers(ctx, nil); err != nil {
		return err
	}
	return g.tidyNetworks(ctx, w.name)
}

// detachLate takes off what a rollout in another process has attached while the
// record was still there, which is rare; from now on nobody attaches any more.
func (g *Gateways) detachLate(ctx context.Context) error {
	id, err := g.traffic.Find(ctx)
	if err != nil || id == "" {
		return err
	}
	if err := g.detachStrangers(ctx, nil); err != nil {
		return err
	}
	return g.tidyNetworks(ctx, "")
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

// tidyNetworks removes the networks when no endpoint is left but the one that
// leaves. The engine refuses that of a network that somebody is on: clients may
// be on the edge.
func (g *Gateways) tidyNetworks(ctx context.Context, leaving string) error {
	current, _, err := g.records(ctx)
	delete(current, leaving)
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
