package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// explain gathers what the user needs to know about the step that has failed,
// while the evidence is there.
func (r *Runner) explain(ctx context.Context, s situation, a Action) *Failure {
	c, step := a.cause, s.step()
	what := fmt.Sprintf("Step %q failed: %s.", step.Name, s.clauseOf(c))
	switch {
	case c.kind == causeGate:
		what = fmt.Sprintf("Step %q missed its gate: %s.", step.Name, s.clauseOf(c))
	case plainly(c.err) != "":
		what = fmt.Sprintf("Step %q failed, because it could not %s.\n%s", step.Name, c.doing, plainly(c.err))
	case failureOf(c.err) != nil:
		what = fmt.Sprintf("Step %q could not deploy %q.", step.Name, step.Deployment.Name)
	case s.attempt.failed > 0:
		what = fmt.Sprintf("Step %q failed in each of %d attempts. In the last one, %s.", step.Name, s.attempt.failed+1, s.clauseOf(c))
	}
	if job := s.attempt.job; job != nil && job.Running && c.kind == causeError {
		what += fmt.Sprintf("\nContainer %s goes on; the next apply takes its result.", job.Name)
	}
	f := &Failure{What: s.redacted(what), Attribute: s.attribute(c), Advice: s.advice(c), Err: c.err, Deployment: failureOf(c.err)}
	if job := s.attempt.job; job != nil && (c.kind == causeExit || c.kind == causeTimeout || c.kind == causeOutput) {
		f.Container = r.evidence(ctx, step, *job)
	}
	if f.Deployment == nil {
		f.Serving = r.serving(ctx, s)
	}
	return f
}

// evidence are the last log lines of a job.
func (r *Runner) evidence(ctx context.Context, step Step, job JobStatus) *ContainerFailure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	out := &ContainerFailure{Name: job.Name}
	lines, err := r.jobs.Logs(ctx, job, step.job().Secrets)
	if err != nil {
		out.LogsError = err.Error()
		return out
	}
	for _, l := range lines {
		out.Logs = append(out.Logs, deployment.Redact(l, step.job().Secrets.Values))
	}
	return out
}

// serving says what answers now under the names that the workflow deploys to.
func (r *Runner) serving(ctx context.Context, s situation) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	var out []string
	for _, step := range s.spec.Steps {
		if step.Deployment == nil {
			continue
		}
		status, err := r.deployments.Status(ctx, step.Deployment.Name)
		switch {
		case err == nil:
			out = append(out, servingOf(step.Deployment.Name, status))
		case errors.Is(err, deployment.ErrNotFound):
			out = append(out, fmt.Sprintf("Nothing serves as %q, and nothing was deployed.", step.Deployment.Name))
		}
	}
	return s.redacted(strings.Join(out, "\n"))
}

func servingOf(name string, status deployment.Status) string {
	running := 0
	for _, replica := range status.Replicas {
		if replica.State == deployment.StateRunning && replica.Name == deployment.SlotName(name, replica.Slot) {
			running++
		}
	}
	image := deployment.FamiliarImage(status.Spec.Image)
	switch {
	case status.Revision == 0:
		return fmt.Sprintf("Container %q (%s) is %s.", name, image, status.State)
	case running == 0:
		return fmt.Sprintf("Deployment %q (%s) does not serve on any replica.", name, image)
	}
	return fmt.Sprintf("Deployment %q still serves revision %d (%s) on %d of %d replicas.",
		name, status.Revision, image, running, max(status.Spec.Replicas, running))
}

// abandoned is the failure of a run that could not go on.
func abandoned(ctx context.Context, s situation, a Action, err error) *Failure {
	interrupted := ctx.Err()
	if interrupted == nil {
		return broken(s, a.doing(), err)
	}
	f := &Failure{Err: err, Advice: "Apply again: it goes on from what is there."}
	what := "The apply was interrupted"
	if errors.Is(interrupted, context.DeadlineExceeded) {
		what = "The time allowed for the operation ended"
		f.Attribute, f.Advice = "timeouts", "Raise timeouts if the steps need longer, and apply again: it goes on from what is there."
	}
	if job := s.attempt.job; job != nil && job.Running {
		f.What = fmt.Sprintf("%s while step %q was running. Its container %s goes on; \"docker logs -f %s\" follows it.", what, a.Step, job.Name, job.Name)
		f.Advice = "Apply again to take its result."
		if f.Attribute != "" {
			f.Advice = "Apply again to take its result. Raise timeouts if the steps need longer."
		}
		return f
	}
	f.What = fmt.Sprintf("%s before it could %s.", what, a.doing())
	if failure := failureOf(err); failure != nil {
		f.Deployment, f.Advice = failure, ""
	}
	return f
}

// broken is the failure of what no step is to blame for.
func broken(s situation, doing string, err error) *Failure {
	if plain := plainly(err); plain != "" {
		return &Failure{What: plain, Err: err}
	}
	f := &Failure{
		What:   s.redacted(fmt.Sprintf("It was not possible to %s: %s.", doing, text(err))),
		Advice: "Apply again once the cause is mended: it goes on from what is there.",
		Err:    err,
	}
	if job := s.attempt.job; job != nil && job.Running {
		f.Serving = fmt.Sprintf("Container %s goes on; the next apply takes its result.", job.Name)
	}
	return f
}

// notOwned refuses somebody else's workflow.
func notOwned(name, have, want string) *Failure {
	err := &deployment.OwnerError{Kind: "workflow", Name: name, Owner: have, Want: want}
	return &Failure{What: err.Error(), Err: err}
}

// doing completes "it was not possible to …".
func (a Action) doing() string {
	switch a.Op {
	case OpLook:
		return fmt.Sprintf("find out what step %q depends on", a.Step)
	case OpStart:
		return fmt.Sprintf("start step %q", a.Step)
	case OpFollow:
		return fmt.Sprintf("follow container %s", a.Job.Name)
	case OpCapture:
		return fmt.Sprintf("take the output of container %s", a.Job.Name)
	case OpKeep:
		return fmt.Sprintf("keep the result of step %q", a.Step)
	case OpStop, OpRemove:
		return fmt.Sprintf("%s container %s", a.Op, a.Job.Name)
	case OpPause:
		return fmt.Sprintf("try step %q again", a.Step)
	case OpDeploy:
		return fmt.Sprintf("deploy %q", a.Deployment)
	case OpResume:
		return fmt.Sprintf("start container %q", a.Deployment)
	case OpRetire:
		return fmt.Sprintf("remove deployment %q, whose step is gone", a.Deployment)
	case OpForget:
		return "remove old results"
	case OpRelease:
		return "give back the lock of the workflow"
	case OpErase:
		return "remove the records of the workflow's runs"
	case OpNote, OpClaim, OpClose, OpDissolve:
		return "record the run"
	case OpReuse, OpSkip, OpPass, OpFail, OpDone:
	}
	return fmt.Sprintf("%s step %q", a.Op, a.Step)
}
