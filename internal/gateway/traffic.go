package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// What the engine of deployments needs of endpoints.

// Network is the name of the traffic network: on it is what serves behind an
// endpoint.
func (g *Gateways) Network() string { return g.traffic.Name() }

// Routes are the deployments that endpoints route to.
func (g *Gateways) Routes(ctx context.Context) (map[string]bool, error) {
	current, _, err := g.records(ctx)
	out := map[string]bool{}
	for _, r := range current {
		for _, route := range r.spec.Traffic {
			out[route.Deployment] = true
		}
	}
	return out, err
}

// Routed reports whether an endpoint routes to the deployment. The error is a
// *deployment.Failure when none could, as it is to be.
func (g *Gateways) Routed(ctx context.Context, s deployment.Spec) (bool, error) {
	current, _, err := g.records(ctx)
	if err != nil {
		return false, err
	}
	by := routedBy(current, s.Name)
	for _, r := range by {
		if _, err := backendOf(s); err != nil {
			return true, &deployment.Failure{
				What: fmt.Sprintf("Endpoint %q routes to the deployment, which %s.", r.spec.Name, err), Attribute: "port", Err: err,
				Serving: "Nothing was changed.",
				Advice:  "Make it a deployment of another name and shift the traffic to that, or take this one out of the endpoint's traffic first.",
			}
		}
	}
	return len(by) > 0, nil
}

// Prepare makes the gateways ready for replicas of all the given versions of a
// deployment, which serve side by side for a while, or for the one that stays.
func (g *Gateways) Prepare(ctx context.Context, versions ...deployment.Spec) error {
	name := versions[0].Name
	want, err := backendOf(versions[0])
	if err != nil {
		return nil //nolint:nilerr // Routed has refused it, or nothing routes to it
	}
	for _, v := range versions[1:] {
		if other, err := backendOf(v); err == nil {
			want = both(other, want)
		}
	}
	current, _, err := g.records(ctx)
	if err != nil {
		return err
	}
	for _, r := range routedBy(current, name) {
		have, _ := r.backend(name)
		want := want.after(have)
		if have == want && !want.wide() {
			continue
		}
		err := g.amend(ctx, r.spec.Name, func(spec endpoint.Spec, backends []Backend) (endpoint.Spec, []Backend) {
			backends = slices.Clone(backends)
			for i := range backends {
				if backends[i].Deployment == name {
					backends[i] = want
				}
			}
			return spec, backends
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Attach gives a replica its part of the deployment's traffic. With wait, for one
// that is ready, it returns when every gateway sends it requests.
func (g *Gateways) Attach(ctx context.Context, name, container string, wait bool) error {
	networkID, err := g.traffic.Ensure(ctx)
	if err != nil {
		return err
	}
	if err := g.attach(ctx, networkID, container, name); err != nil || !wait {
		return err
	}
	c, err := g.docker.InspectContainer(ctx, container)
	if err != nil {
		return err
	}
	ip := c.Networks[g.traffic.Name()].IPAddress
	if ip == "" {
		return fmt.Errorf("%s has no address on the network %s", c.Name, g.traffic.Name())
	}
	proxies, err := g.proxiesOf(ctx, name)
	if err != nil {
		return err
	}
	group, gctx := errgroup.WithContext(ctx)
	for _, p := range proxies {
		group.Go(func() error {
			up, err := p.await(gctx, name, "", []string{ip}, g.cfg.Patience)
			if err == nil && !up {
				err = fmt.Errorf("the gateway %s sends no requests to %s within %s, although it was ready: its check does not pass",
					deployment.ShortID(p.id), c.Name, g.cfg.Patience)
			}
			return err
		})
	}
	return group.Wait()
}

// Drain takes a replica out of the traffic: no gateway sends it new requests,
// what is in flight is waited for up to timeout, and then it is detached.
func (g *Gateways) Drain(ctx context.Context, name, container string, timeout time.Duration) error {
	c, err := g.docker.InspectContainer(ctx, container)
	if errors.Is(err, deployment.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	at, attached := c.Networks[g.traffic.Name()]
	if !attached {
		return nil
	}
	if at.IPAddress == "" { // it does not run
		return g.docker.DisconnectNetwork(ctx, at.NetworkID, c.ID)
	}
	proxies, err := g.proxiesOf(ctx, name)
	if err != nil {
		return err
	}
	match := func(s server) bool { return s.backend == name && s.ip == at.IPAddress }
	drained := make([]map[string]bool, len(proxies))
	group, gctx := errgroup.WithContext(ctx)
	for i, p := range proxies {
		group.Go(func() (err error) {
			drained[i], err = p.drain(gctx, match, cmp.Or(timeout, deployment.DefaultDrainTimeout))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return errors.Join(err, undrain(ctx, proxies, match))
	}
	if err := g.docker.DisconnectNetwork(ctx, at.NetworkID, c.ID); err != nil {
		return errors.Join(err, undrain(ctx, proxies, match))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undrainTimeout) // or the next one in the slot is drained
	defer cancel()
	for i, p := range proxies {
		if err := p.reuse(ctx, drained[i], match); err != nil {
			return err
		}
	}
	return nil
}

// undrainTimeout bounds what is left to do of a drain that did not end well; an
// interrupted change has to be over soon.
const undrainTimeout = 2 * time.Second

// undrain takes back a drain that did not come to its end: what is still attached
// goes on serving. It does so also when the context of the drain has ended.
func undrain(ctx context.Context, proxies []proxy, match func(server) bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undrainTimeout)
	defer cancel()
	var group errgroup.Group
	for _, p := range proxies {
		group.Go(func() error { return p.undrain(ctx, match) })
	}
	return group.Wait()
}

// Withdraw takes a deployment out of every endpoint's traffic: the others get
// its part, what is in flight is waited for. It is refused, before anything is
// changed, where there is no other.
func (g *Gateways) Withdraw(ctx context.Context, name string) error {
	current, _, err := g.records(ctx)
	if err != nil {
		return err
	}
	by := routedBy(current, name)
	slices.SortFunc(by, func(a, b record) int { return strings.Compare(a.spec.Name, b.spec.Name) })
	for _, r := range by {
		if _, err := endpoint.Without(r.spec.Traffic, name); err != nil {
			return &deployment.Failure{
				What: fmt.Sprintf("Endpoint %q routes to deployment %q and to nothing else.", r.spec.Name, name), Err: err,
				Serving: "Nothing was changed: it serves as before.",
				Advice:  "Route the endpoint to another deployment, or remove the endpoint, and apply again.",
			}
		}
	}
	for _, r := range by {
		err := g.amend(ctx, r.spec.Name, func(spec endpoint.Spec, backends []Backend) (endpoint.Spec, []Backend) {
			rest, err := endpoint.Without(spec.Traffic, name)
			if err != nil {
				return spec, backends
			}
			spec.Traffic = rest
			if spec.Fallback == name {
				spec.Fallback = ""
			}
			return spec, slices.DeleteFunc(slices.Clone(backends), func(b Backend) bool { return b.Deployment == name })
		})
		if err != nil {
			return fmt.Errorf("withdrawing deployment %q from endpoint %q: %w", name, r.spec.Name, err)
		}
	}
	if len(by) > 0 {
		return nil
	}
	// A withdrawal that was killed had written down what is wanted, no more.
	same := func(spec endpoint.Spec, backends []Backend) (endpoint.Spec, []Backend) { return spec, backends }
	for other := range current {
		if err := g.amend(ctx, other, same); err != nil {
			return fmt.Errorf("completing the withdrawal of deployment %q from endpoint %q: %w", name, other, err)
		}
	}
	return g.detachStrangers(ctx, nil)
}

// amend changes what is recorded of an endpoint and makes it so. Of a change
// that fails the next one finds the record and completes it.
func (g *Gateways) amend(ctx context.Context, name string, how func(endpoint.Spec, []Backend) (endpoint.Spec, []Backend)) (err error) {
	// Also a withdrawal for a deployment that is removed comes here.
	s, releaseSession, err := g.sessions.AcquireForRemoval(ctx)
	if err != nil {
		return err
	}
	defer releaseSession(ctx, false)
	unlock, err := g.lock(ctx, s, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock(ctx)) }()
	w, err := g.observe(ctx, name)
	if err != nil || w.record == nil { // the endpoint has gone meanwhile
		return err
	}
	c := &change{Gateways: g, session: s, world: w, before: w.record, amends: true}
	spec, backends := how(w.record.spec, w.record.backends)
	c.spec = spec
	if err := c.claim(); err != nil {
		return err
	}
	if err := c.commit(ctx, w, spec, backends); err != nil {
		return err
	}
	return c.converge(ctx)
}
