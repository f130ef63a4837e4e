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
		status, lookErr := c.observed(ctx, nil)
		failure.Serving = c.serving(status, lookErr, true)
		return status, failure
	}
	limit := cmp.Or(c.world.previousReadiness(), deployment.DefaultStartupTimeout) + rollbackMargin
	if errors.Is(ctx.Err(), context.Canceled) {
		limit = interruptedRollback
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	c.lookAgain(bounded, cause, failure)
	c.explainPlatform(bounded, failure)
	kept := c.keep(bounded, cause, failure)
	if err := c.undo(bounded, kept); err != nil {
		status, lookErr := c.observed(ctx, nil)
		failure.Serving = fmt.Sprintf("Going back failed too: %s.\n%s", err, c.serving(status, lookErr, true))
		failure.Advice = "Apply again: what is left is put in order first. " + failure.Advice
		return status, failure
	}
	status, lookErr := c.observed(ctx, nil)
	failure.Serving = c.serving(status, lookErr, kept != "")
	return status, failure
}

func (w *world) previousReadiness() time.Duration {
	if w.record == nil || w.record.spec.Readiness == nil {
		return 0
	}
	return w.record.spec.Readiness.StartupTimeout
}

// undo plans towards what was before and executes that. It creates nothing, and
// leaves alone what is kept.
func (c *change) undo(ctx context.Context, kept string) error {
	before := c.world
	now, err := c.engine.observe(ctx, c.spec.Name)
	if err != nil {
		return err
	}
	if now.kept != nil && now.kept.ID == kept {
		now.kept = nil
	}
	now.foreignSpec = before.foreignSpec
	back := &change{engine: c.engine, session: c.session, world: now, adopting: c.adopting && now.foreign != nil, routed: c.routed, absence: c.absence, hopeless: c.failed}
	desired, observed := back.previous(before)
	desired.Routed = c.routed
	info, err := c.engine.docker.Info(ctx)
	if err != nil {
		return err
	}
	desired.Exclusive = exclusive(back.spec, now, info)
	for i, r := range observed.Replicas {
		observed.Replicas[i].Failed = c.failed[r.ID]
	}
	back.index()
	if err := back.execute(ctx, rollout.For(desired, observed).Actions); err != nil || before.record == nil {
		return err
	}
	return back.settleTraffic(ctx, before.record.spec)
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
	case len(before.replicas) > 0:
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

// serving is the sentence that says what answers now; left, whether the failed
// change left anything behind.
func (c *change) serving(s deployment.Status, lookErr error, left bool) string {
	if lookErr != nil {
		return fmt.Sprintf("What serves now is not known: %s.", lookErr)
	}
	running := 0
	for _, r := range s.Replicas {
		if r.State == deployment.StateRunning && r.Name == deployment.SlotName(s.Spec.Name, r.Slot) {
			running++
		}
	}
	of := fmt.Sprintf("Revision %d (%s)", s.Revision, deployment.FamiliarImage(s.Spec.Image))
	if s.Revision == 0 {
		of = fmt.Sprintf("The adopted container (%s)", deployment.FamiliarImage(s.Spec.Image))
	}
	nothing := len(s.Replicas) == 0 || c.world.record == nil && len(c.world.replicas) == 0 && !c.adopting
	switch {
	case nothing && left:
		return "Nothing was serving before."
	case nothing:
		return "Nothing was serving before, and nothing is left behind."
	case running == 0 && c.absence != nil && c.absence.out > 0:
		return fmt.Sprintf("%s is not serving on any replica, since %s.", of, c.absence.empty.UTC().Format("15:04:05 MST"))
	case running == 0:
		return of + " is not serving on any replica."
	}
	how, gone := "still serving", ""
	if c.absence != nil {
		gone = c.absence.String()
	}
	if gone != "" {
		how = "serving again"
	}
	return fmt.Sprintf("%s is %s on %d of %d replicas%s.", of, how, running, max(s.Spec.Replicas, running), gone)
}
