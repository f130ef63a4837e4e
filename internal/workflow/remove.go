package workflow

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// Removal says what to remove.
type Removal struct {
	Name, Owner string
	Purge       bool // results and artifacts, too
	// LeaveJobs leaves containers alone that run, or have ended well: for half of
	// a replacement, whose other half is to take their results.
	LeaveJobs bool
}

// Remove removes a workflow: its containers, and the deployments that its steps
// made. Results and artifacts stay unless Purge; kept names what stays, one
// clause each. Already gone is success. The error is a *Failure.
func (r *Runner) Remove(ctx context.Context, what Removal) (kept []string, err error) {
	s := situation{spec: Spec{Name: what.Name, Owner: what.Owner}}
	unlock, err := r.ledger.Lock(ctx, what.Name)
	if err != nil {
		return nil, broken(s, "lock the workflow", err)
	}
	locked := true
	defer func() {
		if locked {
			kept = append(kept, released(ctx, unlock)...)
		}
	}()
	s, err = r.begin(ctx, s.spec)
	if err != nil {
		return nil, broken(s, "read the workflow's earlier runs", err)
	}
	if have := s.history.owner(); have != "" && what.Owner != "" && have != what.Owner {
		return nil, notOwned(what.Name, have, what.Owner)
	}
	s = s.leaving(what)
	for {
		s.now = r.clock()
		a := s.nextOfRemoval(r.rules, what.Purge)
		if a.Op == OpDone {
			return s.remaining(), nil
		}
		if r.Log != nil {
			r.Log(ctx, what.Name, a)
		}
		var o outcome
		if a.Op == OpRelease {
			locked = false
			err = unlock(ctx)
		} else {
			o, err = r.do(ctx, s, a)
		}
		if err != nil {
			failure := abandoned(ctx, s, a, err)
			failure.Advice = "Destroy again: it goes on from what is there."
			return nil, failure
		}
		s = s.after(r.rules, a, o)
	}
}

// leaving is the situation of a workflow that goes: no step is left, all its
// containers are strays, and the newest run is the one to close.
func (s situation) leaving(what Removal) situation {
	if len(s.history.runs) > 0 {
		newest := s.history.runs[0]
		newest.Spent = s.run.Spent
		s.run = newest
	}
	if what.LeaveJobs {
		worth := func(job JobStatus) bool { return !s.spent(job) && (job.Running || job.Finished() && job.ExitCode == 0) }
		for _, job := range s.strays {
			if worth(job) {
				s.staying = append(s.staying, fmt.Sprintf("container %s, whose result the next apply takes", job.Name))
			}
		}
		s.strays = slices.DeleteFunc(slices.Clone(s.strays), worth)
	}
	return s
}

// nextOfRemoval is next for a workflow that goes: what runs first, then the
// deployments, the last one first, and at the end the fact that it is gone. That
// is written down when nobody is left to be told by it: until then an interrupted
// removal is still a workflow, and the next destroy goes on with it.
func (s situation) nextOfRemoval(r rules, purge bool) Action {
	owned := s.run.Deployments
	recorded := len(s.history.runs)+len(s.run.Spent) > 0
	switch {
	case len(s.strays) > 0:
		return s.clear(r, s.strays[0], "the workflow is removed")
	case len(owned) > 0:
		return Action{Op: OpRetire, Deployment: owned[len(owned)-1], Reason: "the workflow is removed"}
	case purge && !s.forgotten:
		return Action{Op: OpForget}
	case !s.released:
		return Action{Op: OpRelease}
	case recorded && purge && !s.erased:
		return Action{Op: OpErase}
	case recorded && !purge && !s.run.Destroyed:
		return Action{Op: OpDissolve}
	}
	return Action{Op: OpDone}
}

// remaining names what stays: results, and what could not go.
func (s situation) remaining() []string {
	out := slices.Clone(s.staying)
	if s.forgotten {
		return out
	}
	for _, result := range slices.SortedFunc(maps.Values(s.history.results), func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.Hash, b.Hash))
	}) {
		if result.Artifact == nil {
			continue
		}
		text := fmt.Sprintf("the artifact of step %q in volume %s", result.Step, result.Artifact.Volume)
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	switch n := len(s.history.results); n {
	case 0:
	case 1:
		out = append(out, "the result of 1 step")
	default:
		out = append(out, fmt.Sprintf("the results of %d steps", n))
	}
	return out
}
