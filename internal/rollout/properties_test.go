package rollout

import (
	"fmt"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// property is something that holds in every scenario; the error says how it
// does not. It takes the planner's rules, so that broken ones can be tried.
type property func(rules, scenario) error

var properties = map[string]property{
	"replanning after success is empty":            replanIsEmpty,
	"start-first keeps serving":                    keepsServing,
	"surge is bounded":                             boundsSurge,
	"stop-first makes room":                        makesRoom,
	"empty slots start before anything is awaited": startsTogether,
	"what fits is left alone":                      leavesAlone,
	"no name is created twice":                     createsOnce,
	"removals come last":                           removesLast,
	"a cut plan converges":                         converges,
	"a cut plan converges after the record's loss": convergesWithoutRecord,
	"a rollback restores":                          rollsBack,
	"a rollback of a mend loses nothing":           rollsBackMending,
	"nothing is promoted unvalidated":              validatesFirst,
	"what was kept goes and nothing else of it":    dropsKept,
	"the order of observation does not matter":     isDeterministic,
}

// execute does what an executor does: all actions, then the record.
func execute(e *engine, r rules) (Plan, error) {
	p := e.plan(r)
	for _, a := range p.Actions {
		if err := e.do(a); err != nil {
			return p, fmt.Errorf("%w\nplan:\n%s", err, p)
		}
	}
	e.commit(p)
	e.cut = false
	return p, nil
}

// run executes a plan that has to succeed.
func run(e *engine, r rules) (Plan, error) {
	p, err := execute(e, r)
	if err != nil {
		return p, err
	}
	return p, e.agrees()
}

// stepwise calls check after every action; a rename out of the way and the
// promotion that it is for count as one.
func stepwise(e *engine, p Plan, check func() error) error {
	for i, a := range p.Actions {
		if err := e.do(a); err != nil {
			return err
		}
		if a.Op == OpRename && i+1 < len(p.Actions) && p.Actions[i+1].Op == OpPromote {
			continue
		}
		if err := check(); err != nil {
			return fmt.Errorf("after %q: %w\nplan:\n%s", a, err, p)
		}
	}
	return nil
}

func replanIsEmpty(r rules, s scenario) error {
	e := s.engine()
	first, err := run(e, r)
	if err != nil {
		return err
	}
	again := e.plan(r)
	if !again.Empty() || len(again.Warnings) > 0 || again.Revision != first.Revision {
		return fmt.Errorf("first, revision %d:\n%ssecond, revision %d:\n%s%v", first.Revision, first, again.Revision, again, again.Warnings)
	}
	return nil
}

// validatesFirst: whatever a change has made answers the golden requests after
// it is ready and before it gets its name, or goes on with a name that it has.
func validatesFirst(r rules, s scenario) error {
	if !s.desired.Validate || !s.desired.Running {
		return nil
	}
	e := s.engine()
	p := e.plan(r)
	validated := map[*container]bool{}
	for _, a := range p.Actions {
		c := e.named(a.Replica.Name)
		switch {
		case a.Op == OpValidate:
			validated[c] = true
		case a.Op == OpPromote && c.Change > e.committed && !validated[c]:
			return fmt.Errorf("%q comes before its validation\nplan:\n%s", a, p)
		}
		if err := e.do(a); err != nil {
			return err
		}
	}
	for _, c := range e.containers {
		if c.created && !validated[c] {
			return fmt.Errorf("%s serves and was never validated\nplan:\n%s", c.Name, p)
		}
	}
	return nil
}

// dropsKept: a replica that was kept for inspection is stopped, if somebody
// started it, and removed; it is never started, renamed, awaited or promoted.
func dropsKept(r rules, s scenario) error {
	for _, o := range s.observed.Replicas {
		if !o.Kept {
			continue
		}
		removed := false
		for _, a := range plan(s.desired, s.observed, r).Actions {
			switch {
			case a.Replica.ID != o.ID:
			case a.Op == OpRemove:
				removed = true
			case a.Op != OpStop && a.Op != OpDrain:
				return fmt.Errorf("%s", a)
			}
		}
		if !removed {
			return fmt.Errorf("%s stays", o.Name)
		}
	}
	return nil
}

func startFirst(d Desired) bool { return d.Running && order(d) == deployment.StartFirst }

func keepsServing(r rules, s scenario) error {
	if !startFirst(s.desired) {
		return nil
	}
	e := s.engine()
	floor := min(e.serving(), s.desired.Replicas)
	return stepwise(e, e.plan(r), func() error {
		if n := e.serving(); n < floor {
			return fmt.Errorf("%d serve, at least %d have to:%s", n, floor, e)
		}
		return nil
	})
}

func boundsSurge(r rules, s scenario) error {
	if !s.desired.Running {
		return nil
	}
	e := s.engine()
	return stepwise(e, e.plan(r), func() error {
		if n := e.surge(); n > max(1, s.desired.MaxSurge) {
			return fmt.Errorf("%d are started beside one in service, max_surge is %d:%s", n, s.desired.MaxSurge, e)
		}
		return nil
	})
}

// makesRoom: with stop-first, nothing starts beside another of its slot, and no
// more than MaxSurge replicas are out of service for that.
func makesRoom(r rules, s scenario) error {
	if !s.desired.Running || startFirst(s.desired) {
		return nil
	}
	e := s.engine()
	floor := min(e.serving(), s.desired.Replicas) - max(1, s.desired.MaxSurge)
	p := plan(s.desired, s.observed, r)
	return stepwise(e, p, func() error {
		if n := e.serving(); n < floor {
			return fmt.Errorf("%d serve, at least %d have to:%s", n, floor, e)
		}
		for _, c := range e.containers {
			if c.started && e.find(func(x *container) bool { return x != c && x.Slot == c.Slot && x.alive() }) != nil {
				return fmt.Errorf("two of slot %d run:%s", c.Slot, e)
			}
		}
		return nil
	})
}

func startsTogether(r rules, s scenario) error {
	served := map[int]bool{}
	for _, o := range s.observed.Replicas {
		if serves(s.desired, o) {
			served[o.Slot] = true
		}
	}
	awaited := false
	p := plan(s.desired, s.observed, r)
	for _, a := range p.Actions {
		awaited = awaited || a.Op == OpAwait
		if awaited && a.Op == OpStart && !served[a.Replica.Slot] {
			return fmt.Errorf("%q waits for others:\n%s", a, p)
		}
	}
	return nil
}

func leavesAlone(r rules, s scenario) error {
	d := s.desired
	p := plan(d, s.observed, r)
	for _, o := range s.observed.Replicas {
		if !d.Running || o.Slot >= d.Replicas || o.Name != deployment.SlotName(d.Name, o.Slot) || o.Phase != PhaseRunning ||
			o.Fingerprint != d.Fingerprint || d.ImageID != "" && o.ImageID != d.ImageID || o.Limits != d.Limits ||
			o.Unhealthy || o.Detached || o.Change > s.observed.Committed || d.Routed && !o.Serving {
			continue
		}
		for _, a := range p.Actions {
			if a.Replica.ID == o.ID {
				return fmt.Errorf("%q touches what fits:\n%s", a, p)
			}
		}
	}
	return nil
}

func createsOnce(r rules, s scenario) error {
	taken := map[string]bool{}
	for _, o := range s.observed.Replicas {
		taken[o.Name] = true
	}
	p := plan(s.desired, s.observed, r)
	for _, a := range p.Actions {
		if a.Op != OpCreate {
			continue
		}
		if taken[a.Replica.Name] {
			return fmt.Errorf("%q makes a name that exists:\n%s", a, p)
		}
		if a.Replica.Revision != p.Revision || p.Revision < s.observed.Revision || p.Change <= s.observed.Committed {
			return fmt.Errorf("%q: revision %d, the plan's is %d of change %d, committed %+v", a, a.Replica.Revision, p.Revision, p.Change, s.observed)
		}
		taken[a.Replica.Name] = true
	}
	return nil
}

func removesLast(r rules, s scenario) error {
	p := plan(s.desired, s.observed, r)
	work, cleanup := p.Split()
	if !slices.Equal(slices.Concat(work, cleanup), p.Actions) {
		return fmt.Errorf("split loses actions:\n%s", p)
	}
	for _, a := range cleanup {
		if a.Op != OpRemove {
			return fmt.Errorf("%q comes after a removal:\n%s", a, p)
		}
	}
	return nil
}

func isDeterministic(r rules, s scenario) error {
	a := plan(s.desired, s.observed, r)
	b := plan(s.desired, Observed{
		Committed: s.observed.Committed, Revision: s.observed.Revision, Fingerprint: s.observed.Fingerprint, Replicas: s.shuffled,
	}, r)
	if a.String() != b.String() || a.Revision != b.Revision || a.Order != b.Order || !slices.Equal(a.Warnings, b.Warnings) {
		return fmt.Errorf("one order:\n%sanother:\n%s", a, b)
	}
	return nil
}
