package workflow

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// rules are the planner's decisions that everything else follows from. They are
// values so that the tests can break each, and show that somebody notices.
type rules struct {
	// reusable reports whether a step's kept result stands for running it; if
	// there is one and it does not, why says so.
	reusable func(step Step, v view) (ok bool, why string)
	// belongs reports whether a container works, or has worked, for this hash.
	belongs func(job JobStatus, hash string, spent bool) bool
	// missed judges a gate.
	missed func(step Step, metrics []byte) []Miss
	// stops reports whether a step that has failed stops the workflow.
	stops func(step Step) bool
	// noted reports whether a container may be stopped now.
	noted func(spent bool) bool
	// again reports whether there is another attempt after so many that failed.
	again func(step Step, failed int, c *cause) bool
	// claimed reports whether a deployment may be made now.
	claimed func(run Run, name string) bool
}

var standard = rules{
	reusable: reusable,
	belongs:  func(job JobStatus, hash string, spent bool) bool { return job.Hash == hash && !spent },
	missed: func(step Step, metrics []byte) []Miss {
		if step.Evaluation == nil {
			return nil
		}
		return judge(step.Evaluation.Gate, metrics)
	},
	stops:   func(step Step) bool { return step.OnFailure != Continue },
	noted:   func(spent bool) bool { return spent },
	again:   func(step Step, failed int, c *cause) bool { return failed <= step.Retries && !c.final() },
	claimed: func(run Run, name string) bool { return slices.Contains(run.Deployments, name) },
}

func reusable(step Step, v view) (ok bool, why string) {
	switch {
	case v.kept == nil:
		return false, ""
	case v.kept.Artifact != nil && !v.artifact:
		return false, "its artifact is gone"
	case step.Evaluation != nil && len(step.Evaluation.Gate) > 0 && len(v.kept.Metrics) == 0:
		return false, "its result has no metrics for the gate"
	}
	return true, ""
}

// next is the one answer to what a run does next. It reads no clock, no
// engine and no randomness: equal situations have equal answers.
func (s situation) next(r rules) Action {
	switch {
	case len(s.strays) > 0:
		return s.clear(r, s.strays[0], "no step of the workflow has it any more")
	case !s.over():
		return s.nextOfStep(r)
	case s.closed && s.forgotten:
		return Action{Op: OpDone}
	case s.closed:
		return Action{Op: OpForget, Keep: retained(append([]Run{s.run}, s.older()...), s.spec.KeepRuns)}
	case !s.stopped && len(s.retired()) > 0:
		return Action{Op: OpRetire, Deployment: s.retired()[0], Reason: "its step is gone"}
	}
	return Action{Op: OpClose}
}

func (s situation) nextOfStep(r rules) Action {
	step, a := s.step(), s.attempt
	switch {
	case a.cause != nil:
		return s.nextAfterFailure(r)
	case a.view == nil:
		return Action{Op: OpLook, Step: step.Name}
	case step.Deployment != nil && step.Deployment.Image == "":
		return s.nextOfContainer()
	case step.Deployment != nil:
		return s.nextOfDeployment(r)
	case a.kept != nil:
		if a.job != nil {
			return s.clear(r, *a.job, "its result is kept")
		}
		return s.verdict(r, Action{Op: OpPass, Step: step.Name}, a.kept.Metrics)
	}
	ok, gone := r.reusable(step, *a.view)
	switch {
	case ok && a.job != nil:
		return s.clear(r, *a.job, "its result is kept")
	case ok:
		return s.verdict(r, Action{Op: OpReuse, Step: step.Name}, a.view.kept.Metrics)
	case a.job == nil:
		reason := fmt.Sprintf("attempt %d failed", a.failed)
		if a.failed == 0 {
			reason = s.history.why(step, *a.view, gone)
		}
		return Action{Op: OpStart, Step: step.Name, Attempt: a.failed + 1, Reason: reason}
	}
	return s.nextOfJob(r)
}

// nextOfJob: there is a container.
func (s situation) nextOfJob(r rules) Action {
	step, job := s.step(), *s.attempt.job
	if !r.belongs(job, s.attempt.view.hash, s.spent(job)) {
		return s.clear(r, job, s.superseded(job))
	}
	switch {
	case s.attempt.taken != nil:
		return Action{Op: OpKeep, Step: step.Name}
	case job.Finished() && job.ExitCode != 0 && !s.attempt.ended && s.attempt.since.IsZero():
		return s.clear(r, job, fmt.Sprintf("it ended with code %d", job.ExitCode))
	case !job.Running && !job.Finished():
		return s.clear(r, job, "it was never started")
	case s.attempt.ended:
		return Action{Op: OpCapture, Step: step.Name, Job: &job}
	}
	follow := Action{Op: OpFollow, Step: step.Name, Job: &job, Bound: s.left()}
	switch {
	case !s.attempt.since.IsZero():
	case s.attempt.failed > 0 && s.attempt.reason != "":
		follow.Reason = "it goes on"
	case job.Running:
		follow.Reason = "it has been running since an earlier apply"
	default:
		follow.Reason = "it has ended since an earlier apply"
	}
	return follow
}

// left is how long the job may still run: at least a moment, 0 for no bound.
func (s situation) left() time.Duration {
	timeout := s.step().Timeout
	if timeout == 0 || !s.attempt.job.Running {
		return 0
	}
	since := s.attempt.since
	if since.IsZero() {
		since = s.attempt.job.StartedAt
	}
	return max(timeout-s.now.Sub(since), time.Millisecond)
}

// clear gets a container out of the way. That its work is not to be taken is
// noted before it is stopped: a trainer may answer a SIGTERM with exit code 0.
func (s situation) clear(r rules, job JobStatus, reason string) Action {
	switch {
	case !job.Running:
		return Action{Op: OpRemove, Step: job.Step, Job: &job, Reason: reason}
	case !r.noted(s.spent(job)):
		return Action{Op: OpNote, Step: job.Step, Job: &job, Reason: reason}
	}
	return Action{Op: OpStop, Step: job.Step, Job: &job, Reason: reason}
}

// verdict passes a step whose metrics keep its gate, and fails it otherwise.
func (s situation) verdict(r rules, pass Action, metrics []byte) Action {
	if missed := r.missed(s.step(), metrics); len(missed) > 0 {
		return Action{Op: OpFail, Step: s.step().Name, Reason: "gate missed", cause: &cause{kind: causeGate, attribute: "gate", missed: missed}}
	}
	return pass
}

// nextAfterFailure: what is left of an attempt, then another one or none.
func (s situation) nextAfterFailure(r rules) Action {
	step, a := s.step(), s.attempt
	if a.job != nil && a.job.Running && a.cause.kind == causeTimeout {
		return s.clear(r, *a.job, "its time is up")
	}
	if r.again(step, a.failed+1, a.cause) {
		return Action{Op: OpPause, Step: step.Name, Bound: backoff(step, a.failed), Reason: a.cause.clause()}
	}
	return Action{Op: OpFail, Step: step.Name, Reason: a.cause.clause(), cause: a.cause}
}

// backoff is the pause after so many failed attempts and one more.
func backoff(step Step, failed int) time.Duration {
	pause := step.Backoff
	if pause == 0 {
		pause = DefaultBackoff
	}
	for range failed {
		if pause >= MaxBackoff {
			break
		}
		pause = min(2*pause, MaxBackoff)
	}
	return pause
}

func (s situation) nextOfDeployment(r rules) Action {
	step, v := s.step(), s.attempt.view
	name := step.Deployment.Name
	switch {
	case s.attempt.applied != nil:
		return Action{Op: OpPass, Step: step.Name}
	case v.idle():
		return Action{Op: OpReuse, Step: step.Name}
	case !r.claimed(s.run, name):
		return Action{Op: OpClaim, Step: step.Name, Deployment: name}
	}
	return Action{Op: OpDeploy, Step: step.Name, Deployment: name, Bound: step.Timeout, Reason: v.deploymentReason()}
}

// nextOfContainer: the step refers to a container that somebody else made.
func (s situation) nextOfContainer() Action {
	step, status := s.step(), s.attempt.view.status
	name := step.Deployment.Name
	switch {
	case s.attempt.resumed:
		return Action{Op: OpPass, Step: step.Name}
	case status == nil:
		return Action{Op: OpSkip, Step: step.Name, Reason: fmt.Sprintf("there is no container %q", name)}
	case status.State == deployment.StateError:
		return Action{Op: OpFail, Step: step.Name, Reason: "its container is broken", cause: &cause{kind: causeState}}
	case status.State == deployment.StateRunning:
		return Action{Op: OpReuse, Step: step.Name}
	}
	return Action{Op: OpResume, Step: step.Name, Deployment: name, Reason: fmt.Sprintf("it was %s", status.State)}
}

// older are the runs before this one.
func (s situation) older() []Run {
	return slices.DeleteFunc(slices.Clone(s.history.runs), func(r Run) bool { return r.Number == s.run.Number })
}

// retained are the numbers, ascending, of the runs whose results stay: the
// newest ones, and the newest that came to its end, which is what serves. Of
// runs that came to the same results only the newest counts: applies that find
// nothing to do, or fail again, push nothing out. Runs are sorted, the newest first.
func retained(runs []Run, keep int) []int {
	if keep == 0 {
		keep = DefaultKeepRuns
	}
	var out []int
	var seen []string
	ended := false
	for _, run := range runs {
		results := run.hashes()
		if slices.Contains(seen, results) {
			continue
		}
		first := (run.Status == Succeeded || run.finished()) && !ended
		if len(out) < keep || first {
			out = append(out, run.Number)
		}
		ended = ended || first
		seen = append(seen, results)
	}
	slices.Sort(out)
	return out
}

// hashes are the results that a run names.
func (r Run) hashes() string {
	var out []string
	for _, result := range r.Results {
		out = append(out, result.Hash)
	}
	return fmt.Sprint(out)
}
