package rollout

import (
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// cut runs a plan's first actions only, and commits the record where an
// executor could have: when all work is done.
func cut(e *engine, r rules, at int, commit bool) (Plan, error) {
	p := e.plan(r)
	work, _ := p.Split()
	at %= len(p.Actions) + 1
	for _, a := range p.Actions[:at] {
		if err := e.do(a); err != nil {
			return p, fmt.Errorf("%w\nplan, cut after %d:\n%s", err, at, p)
		}
	}
	e.cutIn(p.Actions, at)
	if at > len(work) || at == len(work) && commit {
		e.commit(p)
	}
	e.settle()
	return p, nil
}

func converges(r rules, s scenario) error {
	e := s.engine()
	for i, at := range s.cuts {
		if _, err := cut(e, r, at, s.commits[i]); err != nil {
			return err
		}
	}
	return finishes(e, r)
}

func convergesWithoutRecord(r rules, s scenario) error {
	e := s.engine()
	for i, at := range s.cuts {
		if _, err := cut(e, r, at, s.commits[i]); err != nil {
			return err
		}
		e.committed, e.revision, e.record = 0, 0, ""
	}
	return finishes(e, r)
}

func finishes(e *engine, r rules) error {
	if _, err := run(e, r); err != nil {
		return err
	}
	if p := e.plan(r); !p.Empty() {
		return fmt.Errorf("still to do:\n%s%s", p, e)
	}
	return nil
}

// rollsBack lets a change of an agreeing world fail in the middle of its work
// and plans back to what was recorded.
func rollsBack(r rules, s scenario) error {
	e := s.engine()
	if _, err := run(e, r); err != nil {
		return err
	}
	previous, committed := e.desired, e.revision
	if err := fail(e, r, s.next, s.cuts[0]); err != nil {
		return err
	}
	back, err := undo(e, r, previous)
	if err != nil {
		return err
	}
	if back.Revision != committed {
		return fmt.Errorf("revision %d after %d\nback:\n%s", back.Revision, committed, back)
	}
	// Limits that were raised already cannot be lowered on a live container:
	// drift, which the next apply mends with a new one.
	for _, c := range e.containers {
		if deployment.NeedsNewContainer(c.Limits, previous.Limits) != "" {
			c.Limits = previous.Limits
		}
		c.Failed = false // the next run has seen nothing fail yet
	}
	if err := e.agrees(); err != nil {
		return fmt.Errorf("%w\nback:\n%s", err, back)
	}
	if p := plan(previous, e.observed(), r); !p.Empty() {
		return fmt.Errorf("still to do:\n%s", p)
	}
	return nil
}

// rollsBackMending lets the mending of a broken world fail: there is no good
// state to return to, but nothing may get worse.
func rollsBackMending(r rules, s scenario) error {
	e := s.engine()
	held := map[int]bool{}
	for _, c := range e.containers {
		if c.Phase != PhaseDead && c.Change <= e.committed {
			held[c.Slot] = true
		}
	}
	if err := fail(e, r, s.desired, s.cuts[0]); err != nil {
		return err
	}
	back, err := undo(e, r, s.desired)
	if err != nil {
		return err
	}
	for k := range s.desired.Replicas {
		c := e.named(deployment.SlotName(s.desired.Name, k))
		if held[k] && (c == nil || c.Slot != k) {
			return fmt.Errorf("slot %d lost its replica:%s\nback:\n%s", k, e, back)
		}
	}
	for _, c := range e.containers {
		if c.Failed && c.Change > e.committed || c.created && c.Slot >= s.desired.Replicas {
			return fmt.Errorf("%s is debris:%s\nback:\n%s", c.Name, e, back)
		}
	}
	return nil
}

// fail runs a part of the work towards next. What it made or started and did
// not see ready is marked, as an executor does.
func fail(e *engine, r rules, next Desired, at int) error {
	e.desired = next
	for _, c := range e.containers {
		c.created, c.started = false, false // by an earlier run
	}
	p := e.plan(r)
	work, _ := p.Split()
	at %= len(work) + 1
	for _, a := range work[:at] {
		if err := e.do(a); err != nil {
			return fmt.Errorf("%w\nforward:\n%s", err, p)
		}
	}
	e.cutIn(work, at)
	for _, c := range e.containers {
		c.Failed = (c.created || c.started) && !c.ready
	}
	return nil
}

// undo runs the plan back to previous, under which nothing may be created and,
// with start-first, no more replicas may go out of service.
func undo(e *engine, r rules, previous Desired) (Plan, error) {
	e.desired = previous
	e.desired.Rollback = true
	back := e.plan(r)
	if back.Creates() {
		return back, fmt.Errorf("a rollback creates:\n%s", back)
	}
	serving := map[int]bool{} // slots, by those that may stay
	for _, c := range e.containers {
		fits := c.Slot < previous.Replicas && misfit(e.desired, e.observed(), c.Replica) == ""
		if c.answers(previous) && (fits || c.Change <= e.committed) {
			serving[c.Slot] = true
		}
	}
	floor := min(len(serving), previous.Replicas)
	err := stepwise(e, back, func() error {
		if n := e.serving(); startFirst(previous) && n < floor {
			return fmt.Errorf("%d serve, at least %d have to:%s", n, floor, e)
		}
		return nil
	})
	e.desired, e.cut = previous, false
	return back, err
}
