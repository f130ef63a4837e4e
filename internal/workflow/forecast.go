package workflow

import (
	"fmt"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// forecast goes through the steps as a run does, with the planner's own
// answers, and without doing anything.
type forecast struct {
	situation
	rules   rules
	plan    Plan
	assumed bool   // a training before may come to something else than was assumed
	follows string // a training before that runs
	fails   string // a step before that certainly fails
}

// known answers what can be said of a step without looking; false if it was.
func (f *forecast) known(step Step) bool {
	planned := PlannedStep{Step: step.Name, Kind: step.Kind(), Runs: true}
	switch {
	case f.fails != "":
		planned.Runs, planned.Reason = false, fmt.Sprintf("step %s fails", f.fails)
	case f.follows != "":
		planned.Reason = "follows " + f.follows
	case len(step.Unknown) > 0:
		planned.Reason = "not known before the apply: " + enumerate(step.Unknown)
	default:
		return true
	}
	f.add(step, planned, nil)
	return false
}

// add notes what becomes of a step; artifact is what is assumed of a training.
func (f *forecast) add(step Step, planned PlannedStep, artifact *deployment.Artifact) {
	planned.Certain = planned.Certain && !f.assumed
	if !planned.Certain {
		planned.Result = nil
	}
	if !planned.Certain && !planned.Runs && planned.Reason == "" {
		planned.Reason = "assuming that what it depends on stays as it was"
		if step.pulls() {
			planned.Reason = "assuming that its image stays as it was, which is pulled in every run"
		}
	}
	if step.Training != nil {
		f.assumed = f.assumed || !planned.Certain
		if planned.Runs && f.follows == "" {
			f.follows = step.Name
		}
	}
	f.plan.Steps = append(f.plan.Steps, planned)
	f.run.Results = append(f.run.Results, Result{Step: step.Name, Kind: step.Kind(), Artifact: artifact})
	f.attempt = attempt{}
}

// foresee answers what becomes of a step that was looked at.
func (f *forecast) foresee(step Step, v *view, c *cause) {
	planned := PlannedStep{Step: step.Name, Kind: step.Kind(), Runs: true}
	if c != nil {
		planned.Passing, planned.Reason = true, "it could not "+c.doing
		f.warn(fmt.Sprintf("What step %q will do is not known yet, because it could not %s: %s.", step.Name, c.doing, text(c.err)))
		f.add(step, planned, nil)
		return
	}
	for i, in := range v.inputs {
		if slices.Contains(v.unknown, partInput(in.Target)) {
			f.warn(fmt.Sprintf("There is no %s on the engine yet, which inputs[%d] of step %q reads. Without it the step will fail.", in.place(), i, step.Name))
		}
	}
	if kept := f.history.assumable(step, *v); len(v.unknown) > 0 && kept != nil {
		planned.Runs, planned.Reason = false, missing(v.unknown)+"; it is assumed to be as it was"
		f.add(step, planned, kept.Artifact)
		return
	}
	f.attempt.view, f.attempt.job = v, v.job
	if reusable, _ := f.rules.reusable(step, *v); reusable {
		f.attempt.job = nil // what is left of an earlier run is removed, and changes nothing
	}
	a := f.next(f.rules)
	if a.Op == OpNote || a.Op == OpStop || a.Op == OpRemove {
		f.attempt.job = nil // out of the way
		a = f.next(f.rules)
	}
	f.conclude(step, a, planned)
}

// conclude says what the planner's answer means for the step.
func (f *forecast) conclude(step Step, a Action, planned PlannedStep) {
	planned.Certain, planned.Reason = true, a.Reason
	switch a.Op {
	case OpReuse, OpSkip, OpFail:
		result := f.result(a)
		planned.Runs, planned.Result = false, &result
		planned.Certain = !step.pulls()
		switch a.Op {
		case OpFail:
			f.foretell(step, a)
		case OpSkip:
			f.warn(fmt.Sprintf("Step %q will be skipped: %s.", step.Name, a.Reason))
		default:
		}
		f.add(step, planned, result.Artifact)
		return
	case OpFollow:
		planned.Passing = true
		planned.Reason = fmt.Sprintf("container %s works for it: its result is taken", a.Job.Name)
	case OpClaim, OpDeploy:
		planned.Passing = true
		planned.Reason = f.attempt.view.deploymentReason()
		planned.Actions = f.attempt.view.preview.Actions
		f.plan.Warnings = append(f.plan.Warnings, f.attempt.view.preview.Warnings...)
	case OpResume:
		planned.Passing = true
		planned.Reason = fmt.Sprintf("container %q is %s", a.Deployment, f.attempt.view.status.State)
	case OpStart:
		planned.Passing = len(f.attempt.view.unknown) > 0
		if number := f.history.tolerated(step, f.attempt.view.hash); number > 0 {
			planned.Runs, planned.Certain = false, false
			planned.Reason = fmt.Sprintf("it failed in run %d, and is tried again with the next run", number)
		}
	default:
	}
	f.add(step, planned, nil)
}

// pulls reports whether an apply pulls the image before anything is decided.
func (s Step) pulls() bool {
	if job := s.job(); job != nil {
		return job.PullPolicy == deployment.PullAlways
	}
	return s.Deployment.PullPolicy == deployment.PullAlways
}

func (f *forecast) warn(text string) {
	f.plan.Warnings = append(f.plan.Warnings, f.redacted(text))
}

// foretell: the step certainly fails.
func (f *forecast) foretell(step Step, a Action) {
	f.warn(fmt.Sprintf("Step %q will fail: %s.", step.Name, f.clauseOf(a.cause)))
	if f.rules.stops(step) {
		f.fails, f.stopped = step.Name, true
	}
}

// assumable is the result of the newest run of the step, if all of it that can
// be had now is as it was, and what cannot be is still found at the same place:
// the same image reference, the same volume.
func (h history) assumable(step Step, v view) *Result {
	for _, run := range h.runs {
		last := run.Result(step.Name)
		at := slices.IndexFunc(run.Spec.Steps, func(s Step) bool { return s.Name == step.Name })
		if last == nil || last.Hash == "" || at < 0 {
			continue
		}
		kept, ok := h.results[last.Hash]
		names := slices.DeleteFunc(differing(kept.Inputs, v.parts), func(name string) bool { return slices.Contains(v.unknown, name) })
		if !ok || len(names) > 0 || !samePlaces(step.job(), run.Spec.Steps[at].job(), v.unknown) {
			return nil
		}
		return &kept
	}
	return nil
}

// samePlaces reports whether two jobs find the named parts at the same place.
func samePlaces(a, b *Job, names []string) bool {
	if a == nil || b == nil || slices.Contains(names, partImage) && a.Image != b.Image {
		return false
	}
	for _, in := range a.Inputs {
		if !slices.Contains(names, partInput(in.Target)) {
			continue
		}
		if !slices.ContainsFunc(b.Inputs, func(other Input) bool {
			return other.Target == in.Target && other.Volume == in.Volume && other.HostPath == in.HostPath
		}) {
			return false
		}
	}
	return true
}

// tolerated is the number of the newest run if the step failed there with the
// same hash, and the run went on to its end: a plan finds nothing to do about
// that. 0 if it is not so.
func (h history) tolerated(step Step, hash string) int {
	if len(h.runs) == 0 || !h.runs[0].finished() || step.OnFailure != Continue {
		return 0
	}
	if last := h.runs[0].Result(step.Name); last != nil && last.Status == Failed && last.Hash == hash {
		return h.runs[0].Number
	}
	return 0
}
