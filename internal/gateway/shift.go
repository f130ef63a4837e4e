package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// shift is the way of a change from one set of weights to another. The record
// has the weights of each step: whoever restarts or reads the gateway, and the
// next apply after one that was killed, finds those in effect.
type shift struct {
	how                endpoint.Shift
	wanted             []endpoint.Route
	start              []endpoint.Route // the weights in effect, with those who join at 0
	steps              [][]endpoint.Route
	growing, shrinking []string
	begun              bool             // the weights may be others than those of start
	settled            *endpoint.Sample // the last that is known enough of those who shrink
}

// errMeanwhile says that the weights are not those that the shift had set.
var errMeanwhile = errors.New("the weights were changed meanwhile")

// plansShift finds the steps that a change has to go; nil for none: it shifts
// nothing, is a create, or nothing is left that the traffic could move away from.
func (c *change) plansShift(ctx context.Context) (*shift, error) {
	if c.spec.Shift == nil || c.before == nil {
		return nil, nil //nolint:nilnil // none is an answer
	}
	var from []endpoint.Route
	weight := 0
	for _, r := range c.before.spec.Traffic {
		if status, err := c.deployments.Status(ctx, r.Deployment); err != nil && !gone(status, err) {
			return nil, err
		} else if !gone(status, err) {
			from, weight = append(from, r), weight+r.Weight
		}
	}
	steps := endpoint.Steps(from, c.spec.Traffic, c.spec.Shift.Step)
	if weight == 0 || len(steps) == 0 {
		return nil, nil //nolint:nilnil // the same
	}
	s := &shift{how: *c.spec.Shift, wanted: c.spec.Traffic, start: endpoint.Before(from, c.spec.Traffic), steps: steps}
	s.growing, s.shrinking = endpoint.Moving(from, c.spec.Traffic)
	return s, nil
}

// goTheWay does a change in steps: everything but the weights first, then these,
// and in the end whoever leaves goes. It begins and ends with the endpoint's
// lock; between steps others have it.
func (c *change) goTheWay(ctx context.Context, backends []Backend) (err error) {
	s := c.shift
	// A rollout on the way forgets what the current weights need no certificate of.
	if err := c.rescue(ctx, c.world.gateways()); err != nil {
		return err
	}
	for _, r := range s.start {
		if b, ok := c.before.backend(r.Deployment); ok && !c.spec.Routes(r.Deployment) {
			backends = append(backends, b)
		}
	}
	if err := c.weigh(ctx, s.start, backends); err != nil {
		return err
	}
	if err := c.lookAgain(ctx); err != nil { // it may have a new gateway
		return err
	}
	if c.endShift, err = c.sessions.Lock(ctx, c.session, shiftLockOf(c.spec.Name)); err != nil {
		return err
	}
	s.begun = true
	for n, routes := range s.steps {
		if err := c.weigh(ctx, routes, c.world.record.backends); err != nil {
			return err
		}
		c.report(ctx, "step %d of %d: %s", n+1, len(s.steps), endpoint.Describe(routes))
		if err := c.letGo(ctx); err != nil {
			return err
		}
		if err := c.watch(ctx, n); err != nil {
			return err
		}
		if err := c.resume(ctx); err != nil {
			return err
		}
	}
	c.shift = nil
	if err := c.weigh(ctx, s.wanted, c.world.record.backends); err != nil {
		return err
	}
	if a := s.how.AbortOn; a != nil && a.MaxRegression != 0 && s.settled == nil {
		c.warnings = append(c.warnings, fmt.Sprintf("The shift was judged without max_regression: in no step were %d requests answered by %s.",
			a.MinRequests, strings.Join(s.shrinking, " and ")))
	}
	return nil
}

// weigh writes down weights and lets them take effect: by maps at run time,
// where nothing else is to be done.
func (c *change) weigh(ctx context.Context, routes []endpoint.Route, backends []Backend) error {
	c.spec.Traffic, c.warnings = routes, nil
	if err := c.commit(ctx, c.world, c.spec, backendsOf(routes, backends)); err != nil {
		return err
	}
	return c.converge(ctx)
}

// backendsOf are the backends of routes, in their order.
func backendsOf(routes []endpoint.Route, backends []Backend) []Backend {
	var out []Backend
	for _, r := range routes {
		if i := slices.IndexFunc(backends, func(b Backend) bool { return b.Deployment == r.Deployment }); i >= 0 {
			out = append(out, backends[i])
		}
	}
	return out
}

// lookAgain looks what has become of the endpoint; where that fails, what was
// known of it stays.
func (c *change) lookAgain(ctx context.Context) error {
	w, err := c.observe(ctx, c.spec.Name)
	if err == nil {
		c.world = w
	}
	return err
}

// letGo releases the endpoint's lock, for rollouts of its deployments.
func (c *change) letGo(ctx context.Context) error {
	unlock := c.unlock
	c.unlock = nil
	return unlock(ctx)
}

// resume takes the endpoint's lock again and looks what has become of it. A
// rollout may have changed its backends; weights that somebody else has changed,
// because a deployment was destroyed, are not overwritten.
func (c *change) resume(ctx context.Context) error {
	var err error
	if c.unlock, err = c.lock(ctx, c.session, c.spec.Name); err != nil {
		return err
	}
	w, err := c.observe(ctx, c.spec.Name)
	if err != nil {
		return err
	}
	if w.record == nil || !slices.Equal(w.record.spec.Traffic, c.spec.Traffic) {
		now := "nobody knows which: the record is lost"
		if w.record != nil {
			now = endpoint.Describe(w.record.spec.Traffic)
		}
		return &deployment.Failure{
			What: fmt.Sprintf("The shift was ended after %s: somebody else changed the weights meanwhile.", endpoint.Describe(c.spec.Traffic)),
			Err:  errMeanwhile, Serving: "The endpoint serves with the weights that were set then: " + now + ".",
			Advice: "See whether a deployment of the traffic was destroyed, and apply again: the shift goes on from these weights.",
		}
	}
	c.world = w
	return nil
}

// turnBack lets the weights of the start take effect again, and says so in a
// sentence. errMeanwhile: that is not for it to do.
func (c *change) turnBack(ctx context.Context) (says string, err error) {
	s := c.shift
	if c.unlock == nil {
		err = c.resume(ctx)
	} else {
		err = c.lookAgain(ctx)
	}
	if err != nil {
		return "", err
	}
	c.goesBack = true
	c.world.split = c.before.ranges() // every client back to where it was
	if err := c.weigh(ctx, s.start, c.world.record.backends); err != nil {
		return "", err
	}
	return fmt.Sprintf("The endpoint serves with the weights of before again: %s.", endpoint.Describe(s.start)), nil
}

// report tells whoever follows how far the shift is.
func (c *change) report(ctx context.Context, format string, args ...any) {
	if c.cfg.Log != nil {
		c.cfg.Log(ctx, c.spec.Name, "shift: "+fmt.Sprintf(format, args...))
	}
}
