package workflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// do executes one action. It decides nothing: what an answer means is the
// planner's. An error ends the run; what is the step's own fault is a cause.
func (r *Runner) do(ctx context.Context, s situation, a Action) (o outcome, err error) {
	switch a.Op {
	case OpLook:
		o.view, o.cause = r.look(ctx, s.spec, s.step(), facts{trained: s.trained()}, s.history, true)
	case OpStart:
		return r.start(ctx, s, a), nil
	case OpFollow:
		return r.follow(ctx, a), nil
	case OpCapture:
		return r.capture(ctx, s, a), nil
	case OpKeep:
		err = r.ledger.Keep(ctx, s.spec.Name, s.spec.Owner, s.completed())
	case OpNote, OpClaim, OpClose, OpDissolve:
		err = r.ledger.Record(ctx, s.after(r.rules, a, outcome{}).run)
	case OpStop:
		return r.stop(ctx, s.spec.Name, *a.Job)
	case OpRemove:
		err = r.jobs.Remove(ctx, *a.Job)
	case OpPause:
		err = r.sleep(ctx, a.Bound)
	case OpDeploy:
		return r.deploy(ctx, s, a), nil
	case OpResume:
		return r.resume(ctx, s, a), nil
	case OpSkip:
		o.warnings = []string{fmt.Sprintf("Step %q was skipped: %s. Give it an image, and the workflow makes one.", a.Step, a.Reason)}
	case OpRetire:
		err = r.deployments.Remove(ctx, deployment.Removal{Name: a.Deployment, Owner: s.spec.Owner})
	case OpForget:
		return r.forget(ctx, s, a)
	case OpErase:
		err = r.ledger.Erase(ctx, s.spec.Name, s.run.Number)
	case OpReuse, OpPass, OpFail, OpRelease, OpDone:
	}
	return o, err
}

func (r *Runner) start(ctx context.Context, s situation, a Action) outcome {
	step, v := s.step(), s.attempt.view
	req := JobRequest{
		Workflow: s.spec.Name, Owner: s.spec.Owner, Step: step.Name,
		Hash: v.hash, ImageID: v.imageID, Attempt: a.Attempt, Job: *step.job(), Model: v.model,
	}
	req.Job.Inputs = nil
	for _, in := range v.inputs {
		in.Step = ""
		req.Job.Inputs = append(req.Job.Inputs, in)
	}
	job, err := r.jobs.Start(ctx, req)
	if err != nil {
		return outcome{cause: blamed("be started", "", err)}
	}
	return outcome{job: &job}
}

// follow waits for a job. When its time is up the job still runs.
func (r *Runner) follow(ctx context.Context, a Action) outcome {
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if a.Bound > 0 {
		bounded, cancel = r.within(ctx, a.Bound)
	}
	defer cancel()
	job, err := r.jobs.Wait(bounded, *a.Job)
	switch {
	case err != nil && bounded.Err() != nil && ctx.Err() == nil:
		running := *a.Job
		return outcome{job: &running, cause: &cause{kind: causeTimeout, attribute: "timeout", err: err}}
	case err != nil:
		return outcome{job: a.Job, cause: blamed("be followed", "", err)}
	case job.ExitCode != 0:
		c := &cause{kind: causeExit}
		if job.OOMKilled {
			c.attribute = "resources.memory"
		}
		return outcome{job: &job, cause: c}
	}
	return outcome{job: &job}
}

func (r *Runner) capture(ctx context.Context, s situation, a Action) outcome {
	step := s.step()
	want := Capture{Output: orDefault(step.job().Output, DefaultOutput), Artifact: step.Training != nil}
	if step.Training != nil {
		want.ModelFile = step.Training.ModelFile
	}
	taken, err := r.jobs.Capture(ctx, *a.Job, want)
	switch {
	case errors.Is(err, ErrOutput):
		return outcome{cause: &cause{kind: causeOutput, err: err}}
	case err != nil:
		return outcome{cause: blamed("be brought in", "", err)}
	}
	return outcome{taken: &taken}
}

func (r *Runner) stop(ctx context.Context, workflow string, job JobStatus) (outcome, error) {
	if err := r.jobs.Stop(ctx, job); err != nil {
		return outcome{}, err
	}
	now, err := r.jobs.Find(ctx, workflow, job.Step)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		return outcome{}, nil
	case err != nil:
		return outcome{}, err
	}
	return outcome{job: &now}, nil
}

func (r *Runner) deploy(ctx context.Context, s situation, a Action) outcome {
	if a.Bound > 0 {
		bounded, cancel := r.within(ctx, a.Bound)
		defer cancel()
		ctx = bounded
	}
	status, err := r.deployments.Apply(ctx, s.attempt.view.spec)
	if err != nil {
		return outcome{cause: blamed("be deployed", "", err)}
	}
	return outcome{status: &status, warnings: status.Warnings}
}

func (r *Runner) resume(ctx context.Context, s situation, a Action) outcome {
	if err := r.deployments.Start(ctx, a.Deployment); err != nil {
		return outcome{cause: blamed("be started", "", err)}
	}
	return outcome{warnings: []string{fmt.Sprintf("Container %q, which step %q refers to, was %s and was started.", a.Deployment, a.Step, s.attempt.view.status.State)}}
}

// forget collects what no run needs any more. The run has ended: what cannot be
// removed now is removed after the next one.
func (r *Runner) forget(ctx context.Context, s situation, a Action) (outcome, error) {
	kept, err := r.ledger.Forget(ctx, s.spec.Name, a.Keep)
	switch {
	case everybodys(ctx, err), err != nil && len(a.Keep) == 0: // a purge is what was asked for
		return outcome{}, err
	case err != nil:
		return outcome{warnings: []string{fmt.Sprintf("Old results could not be removed: %s. The next run tries again.", deployment.Sanitise(err.Error()))}}, nil
	}
	return outcome{kept: kept}, nil
}
