package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

const (
	// interruptedRollback bounds a rollback after SIGINT: CI systems send the
	// second one, which kills, after a few seconds.
	interruptedRollback = 4500 * time.Millisecond
	// rollbackMargin is what a rollback needs beside waiting for readiness.
	rollbackMargin = time.Minute
)

// rollBack explains the failure, goes back to the recorded state and returns
// both: a rolled-back change is a failed one. What cannot be finished here is
// finished by the next Apply or Remove, which find it by its labels.
func (c *change) rollBack(ctx context.Context, plan rollout.Plan, cause error) (deployment.Status, error) {
	failure := c.explain(ctx, plan, cause)
	if c.spec.Rollout.NoRollback && ctx.Err() == nil {
		c.explainPlatform(ctx, failure)
		failure.Advice = "rollout.auto_rollback is false: everything was left as it is. " + failure.Advice
		failure.Serving = c.serving(ctx, true)
		return c.observed(ctx, failure)
	}
	hurry := errors.Is(ctx.Err(), context.Canceled)
	limit := c.world.rollbackTime()
	if hurry {
		limit = interruptedRollback
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	c.lookAgain(bounded, cause, failure)
	c.explainPlatform(bounded, failure)
	kept := c.keep(bounded, cause, failure)
	if err := c.undo(bounded, kept, hurry); err != nil {
		failure.Serving = fmt.Sprintf("Going back failed too: %s.\n%s", err, c.serving(ctx, true))
		failure.Advice = "Apply again: what is left is put in order first. " + failure.Advice
	} else {
		failure.Serving = c.serving(ctx, kept != "")
	}
	return c.observed(ctx, failure)
}

// rollbackTime is what a rollback may take: the recorded version's time to get
// ready, and the drain and the end of those that make way, for each batch of
// replicas that takes over from the failed one.
func (w *world) rollbackTime() time.Duration {
	startup, drain, batches := deployment.DefaultStartupTimeout, deployment.DefaultDrainTimeout, 1
	if w.record != nil {
		s := w.record.spec
		if s.Readiness != nil && s.Readiness.StartupTimeout != 0 {
			startup = s.Readiness.StartupTimeout
		}
		drain = cmp.Or(s.Rollout.DrainTimeout, drain)
		surge := max(1, s.Rollout.MaxSurge)
		batches = max(1, (s.Replicas+surge-1)/surge)
	}
	return time.Duration(batches)*(startup+2*drain) + rollbackMargin
}

// undo plans towards what was before and executes that. It creates nothing, and
// leaves alone what is kept. In a hurry it does not wait for what it starts.
func (c *change) undo(ctx context.Context, kept string, hurry bool) error {
	before := c.world
	now, err := c.engine.observe(ctx, c.spec.Name)
	if err != nil {
		return err
	}
	if err := c.leaveOthers(ctx, now); err != nil {
		return err
	}
	if now.kept != nil && now.kept.ID == kept {
		now.kept = nil
	}
	now.foreignSpec = before.foreignSpec
	now.interrupted = before.interrupted
	back := &change{
		engine: c.engine, session: c.session, world: now, adopting: c.adopting && now.foreign != nil,
		routed: c.routed, absence: c.absence, hopeless: c.failed, fresh: c.fresh,
	}
	desired, observed := back.previous(before)
	desired.Routed, desired.Hurry = c.routed, hurry
	info, err := c.engine.docker.Info(ctx)
	if err != nil {
		return err
	}
	desired.Exclusive = exclusive(back.spec, now, info)
	for i, r := range observed.Replicas {
		observed.Replicas[i].Failed = c.failed[r.ID]
	}
	back.index()
	err = back.execute(ctx, rollout.For(desired, observed).Actions)
	c.loading = back.failed
	if err != nil {
		return err
	}
	before.interrupted = false
	if before.record == nil {
		return nil
	}
	return back.settleTraffic(ctx, before.record.spec)
}

// leaveOthers takes out of now what another process is making: a first create has
// no lock, so both may be at it until one of them meets a name of the other's.
func (c *change) leaveOthers(ctx context.Context, now *world) error {
	if c.world.exists() {
		return nil // then there is one
	}
	var mine []docker.Container
	for _, r := range now.replicas {
		by := r.Config.Labels[docker.LabelSession]
		theirs := false
		if by != c.session.Name() {
			var err error
			if theirs, err = c.engine.sessions.Alive(ctx, by); err != nil {
				return err
			}
		}
		if !theirs {
			mine = append(mine, r)
		}
	}
	now.replicas = mine
	return nil
}

// previous is the desired state before the failed change: the record's, else
// that of the containers which were there, else nothing at all.
func (c *change) previous(before *world) (rollout.Desired, rollout.Observed) {
	e := c.engine
	switch {
	case before.record != nil:
		c.spec = before.record.spec
	case before.foreign != nil && c.adopting:
		c.spec = before.foreignSpec
	case len(before.replicas) > 0 && !c.fresh:
		return c.unrecorded(before)
	default:
		c.spec = deployment.Spec{Name: before.name}
	}
	desired := desiredOf(c.spec, "")
	desired.Rollback = true
	return desired, e.planned(c.world, c.spec, c.adopting)
}

// unrecorded is the previous state of a deployment whose record is lost: its
// newest replicas from before, as they are.
func (c *change) unrecorded(before *world) (rollout.Desired, rollout.Observed) {
	newest := before.replicas[0]
	for _, r := range before.replicas {
		if number(r, docker.LabelRevision) > number(newest, docker.LabelRevision) {
			newest = r
		}
	}
	c.spec = deployment.Spec{Name: before.name}
	observed := c.engine.planned(c.world, c.spec, false)
	observed.Committed = 0
	for _, r := range before.replicas {
		observed.Committed = max(observed.Committed, number(r, docker.LabelChange))
	}
	desired := rollout.Desired{
		Name: before.name, Fingerprint: newest.Config.Labels[docker.LabelFingerprint], Replicas: before.slots(),
		Running: newest.State.Running, MaxSurge: 1, Limits: limitsOf(newest.HostConfig), Rollback: true,
	}
	return desired, observed
}
