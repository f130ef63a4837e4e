package workflow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// outcome is what came of an action that was executed.
type outcome struct {
	view     *view
	job      *JobStatus
	taken    *Captured
	status   *deployment.Status
	cause    *cause // the attempt failed
	warnings []string
	kept     []string // of OpForget: what stays because it is in use
}

// after is the situation once an action was executed. Like next it is pure.
func (s situation) after(r rules, a Action, o outcome) situation {
	s.run.Warnings = append(slices.Clip(s.run.Warnings), o.warnings...)
	if o.cause != nil && a.Op != OpFail {
		s.attempt.cause = o.cause
	}
	switch a.Op {
	case OpLook:
		s.attempt = s.attempt.looked(o.view, s.now)
	case OpStart:
		s.attempt.reason = cmp.Or(s.attempt.reason, a.Reason)
		s.attempt.job = o.job
		s.attempt.since = s.now
	case OpFollow:
		s.attempt.reason = cmp.Or(s.attempt.reason, a.Reason)
		s.attempt.job = o.job
		s.attempt.ended = o.cause == nil
	case OpCapture:
		s = s.captured(*a.Job, o)
	case OpKeep:
		s = s.keeping(s.completed())
	case OpNote:
		s.run.Spent = append(slices.Clip(s.run.Spent), a.Job.ID)
	case OpStop, OpRemove:
		s = s.cleared(a, o.job)
	case OpPause:
		s.attempt = s.attempt.again()
	case OpClaim:
		s.run.Deployments = append(slices.Clip(s.run.Deployments), a.Deployment)
	case OpDeploy:
		s.attempt.reason = cmp.Or(s.attempt.reason, a.Reason)
		s.attempt.applied = o.status
	case OpResume:
		s.attempt.reason = cmp.Or(s.attempt.reason, a.Reason)
		s.attempt.resumed = o.cause == nil
	case OpReuse, OpPass, OpSkip, OpFail:
		s = s.ended(r, a)
	case OpRetire:
		s.run.Deployments = slices.DeleteFunc(slices.Clone(s.run.Deployments), func(name string) bool { return name == a.Deployment })
	case OpClose:
		s.run, s.closed = s.closing(), true
	case OpForget:
		s.forgotten = true
		s.staying = append(slices.Clip(s.staying), o.kept...)
	case OpRelease:
		s.released = true
	case OpDissolve:
		s.run.Destroyed = true
	case OpErase:
		s.erased = true
	case OpDone:
	}
	return s
}

// looked: v is what there is, nil when it could not be found out.
func (a attempt) looked(v *view, now time.Time) attempt {
	a.begun, a.view = now, v
	if v == nil {
		return a
	}
	a.job = v.job
	if v.job != nil && v.job.Running {
		a.failed = max(a.failed, v.job.Attempt-1)
	}
	return a
}

// keeping: a result was kept; a later step of the same hash finds it, too.
func (s situation) keeping(kept Result) situation {
	s.attempt.kept = &kept
	s.history.results = maps.Clone(s.history.results)
	if s.history.results == nil {
		s.history.results = map[string]Result{}
	}
	s.history.results[kept.Hash] = kept
	return s
}

// captured: what a job left was taken. Its work is spent if it cannot be used:
// the next attempt, or apply, tries anew.
func (s situation) captured(job JobStatus, o outcome) situation {
	if o.taken != nil {
		taken, warnings, c := accepted(s.step(), *o.taken)
		s.attempt.taken, s.attempt.cause = taken, c
		s.run.Warnings = append(slices.Clip(s.run.Warnings), warnings...)
	}
	if c := s.attempt.cause; c != nil && c.kind == causeOutput {
		s.run.Spent = append(slices.Clip(s.run.Spent), job.ID)
	}
	return s
}

// cleared: a container was stopped (job is what it is now) or removed (nil).
func (s situation) cleared(a Action, job *JobStatus) situation {
	if len(s.strays) > 0 {
		if job == nil {
			s.strays = s.strays[1:]
		} else {
			s.strays = append([]JobStatus{*job}, s.strays[1:]...)
		}
		return s
	}
	s.attempt.job = job
	if a.Op == OpRemove && s.attempt.kept == nil {
		s.attempt.ended, s.attempt.taken = false, nil
	}
	return s
}

// again is the attempt after this one. What was found out stays, unless it
// could not be: then the answer of the engine may have been lost, and somebody
// has to look what there is.
func (a attempt) again() attempt {
	next := attempt{failed: a.failed + 1, view: a.view, job: a.job, reason: a.reason, begun: a.begun}
	if a.view == nil || a.cause.kind == causeError {
		next.view, next.job = nil, nil
	}
	return next
}

// ended appends what the step under way came to; the next one is under way.
func (s situation) ended(r rules, a Action) situation {
	result := s.result(a)
	if a.Op == OpFail && r.stops(s.step()) {
		s.stopped = true
	}
	s.run.Results = append(slices.Clip(s.run.Results), result)
	s.attempt = attempt{}
	return s
}

// result is what the step under way came to by the action that ends it.
func (s situation) result(a Action) Result {
	step := s.step()
	out := Result{Step: step.Name, Kind: step.Kind(), Reason: s.attempt.reason}
	v := s.attempt.view
	switch {
	case step.Deployment != nil:
		out.Deployment = step.Deployment.Name
		out.Owned = step.Deployment.Image != ""
	case s.attempt.kept != nil:
		out = *s.attempt.kept
	case v != nil && a.cause != nil && a.cause.kind == causeGate:
		out = reused(step, *v.kept)
	case v != nil:
		out.Hash, out.Inputs, out.ImageID = v.hash, v.parts, v.imageID
		out = out.of(s.attempt.job)
	}
	switch a.Op {
	case OpFail:
		if out.FinishedAt.IsZero() {
			out.StartedAt, out.FinishedAt = s.attempt.begun, s.now
		}
		out.Status, out.Message = Failed, s.message(a.cause)
		if out.Attempt == 0 && step.job() != nil {
			out.Attempt = s.attempt.failed + 1
		}
	case OpSkip:
		out.Status, out.Message = Skipped, deployment.Sanitise(a.Reason)
	case OpReuse:
		out.Status = Cached
		if v.kept != nil {
			out = reused(step, *v.kept)
		}
	default:
		out.Status = Succeeded
		if out.FinishedAt.IsZero() {
			out.StartedAt, out.FinishedAt = s.attempt.begun, s.now
		}
		if v != nil && step.Deployment != nil && !s.attempt.resumed && len(v.preview.Actions) == 0 {
			out.Status = Cached // policies only
		}
		if s.attempt.resumed {
			out.Message = fmt.Sprintf("Container %q was %s and was started.", step.Deployment.Name, v.status.State)
		}
	}
	if step.Deployment != nil && out.Status != Failed && out.Status != Skipped {
		out.Container = deployment.SlotName(step.Deployment.Name, 0)
	}
	return out
}

// reused is a kept result as a later run shows it.
func reused(step Step, kept Result) Result {
	kept.Step, kept.Kind, kept.Status, kept.Reason, kept.Message = step.Name, step.Kind(), Cached, "", ""
	return kept
}

// completed is the result of the job under way, which has succeeded.
func (s situation) completed() Result {
	step, v := s.step(), s.attempt.view
	out := Result{
		Step: step.Name, Kind: step.Kind(), Status: Succeeded, Reason: s.attempt.reason,
		Hash: v.hash, Inputs: v.parts, ImageID: v.imageID,
		Metrics: s.attempt.taken.Metrics, Artifact: s.attempt.taken.Artifact,
	}
	return out.of(s.attempt.job)
}

// of adds what is known of the attempt from its container.
func (r Result) of(job *JobStatus) Result {
	if job == nil {
		return r
	}
	r.Attempt, r.Container, r.StartedAt, r.FinishedAt = job.Attempt, job.Name, job.StartedAt, job.FinishedAt
	if job.Finished() {
		code := job.ExitCode
		r.ExitCode = &code
	}
	return r
}

// closing is the run as it is recorded at its end.
func (s situation) closing() Run {
	run := s.run
	run.Status, run.FinishedAt = Succeeded, s.now
	if s.stopped || run.failed() {
		run.Status = Failed
	}
	return run
}
