package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// look finds out what a step depends on and what there is of it. At plan
// (pull false) nothing is pulled, and what is not there yet is unknown. The
// cause is why the step cannot be tried; err is everybody's.
func (r *Runner) look(ctx context.Context, spec Spec, step Step, f facts, h history, pull bool) (*view, *cause) {
	if step.Deployment != nil {
		return r.lookAtDeployment(ctx, spec, *step.Deployment, f)
	}
	v := &view{}
	f.unknown = map[string]struct{}{}
	if c := r.lookAtImage(ctx, step, &f, pull); c != nil {
		return nil, c
	}
	inputs, c := r.lookAtInputs(ctx, step, &f, pull)
	if c != nil {
		return nil, c
	}
	v.inputs, v.imageID = inputs, f.imageID
	if step.Evaluation != nil && len(f.trained) > 0 {
		last := f.last()
		if last == nil {
			return nil, f.lacking("measure the model", "")
		}
		v.model = last.Model()
		v.model.Target = orDefault(step.Evaluation.ModelTarget, deployment.DefaultModelTarget)
	}
	v.parts = parts(spec, step, f)
	for name := range f.unknown {
		v.unknown = append(v.unknown, name)
	}
	if len(v.unknown) == 0 {
		v.hash = Hash(v.parts)
	}
	return v, r.lookAtResult(ctx, spec, step, v, h, pull)
}

// lacking: a training step that this one builds upon has failed.
func (f facts) lacking(doing, attribute string) *cause {
	return blamed(doing, attribute, fmt.Errorf("step %q before it has made none", f.trained[len(f.trained)-1].step))
}

func (r *Runner) lookAtImage(ctx context.Context, step Step, f *facts, pull bool) *cause {
	job := step.job()
	id, err := r.jobs.Image(ctx, job.Image, job.PullPolicy, pull)
	switch {
	case err == nil:
		f.imageID = id
	case !pull && errors.Is(err, deployment.ErrNotFound):
		f.unknown[partImage] = struct{}{}
	default:
		return blamed("get its image "+deployment.FamiliarImage(job.Image), "image", err)
	}
	return nil
}

func (r *Runner) lookAtInputs(ctx context.Context, step Step, f *facts, pull bool) ([]Input, *cause) {
	f.contents = map[string]string{}
	var out []Input
	for i, in := range step.job().Inputs {
		at := fmt.Sprintf("inputs[%d]", i)
		switch {
		case in.Step != "":
			in.Artifact = f.artifactOf(in.Step)
			if in.Artifact == nil {
				return nil, blamed("read the input "+in.Target, at+".step", fmt.Errorf("step %q has made no artifact", in.Step))
			}
		case in.Artifact == nil && in.Version == "":
			content, err := r.jobs.Content(ctx, in)
			switch {
			case err == nil:
				f.contents[in.Target] = content
			case !pull && errors.Is(err, deployment.ErrNotFound):
				f.unknown[partInput(in.Target)] = struct{}{}
			default:
				return nil, blamed("read the input "+in.Target, at, err)
			}
		}
		out = append(out, in)
	}
	return out, nil
}

// lookAtResult finds what there is of the step already.
func (r *Runner) lookAtResult(ctx context.Context, spec Spec, step Step, v *view, h history, pull bool) *cause {
	job, err := r.jobs.Find(ctx, spec.Name, step.Name)
	switch {
	case err == nil:
		v.job = &job
	case !errors.Is(err, deployment.ErrNotFound):
		return blamed("find its container", "", err)
	}
	kept, ok := h.results[v.hash]
	if ok {
		v.kept, v.artifact = &kept, true
	}
	if ok && kept.Artifact != nil {
		if v.artifact, err = r.ledger.Present(ctx, *kept.Artifact); err != nil {
			return blamed("look for its artifact", "", err)
		}
	}
	if ok, _ := r.rules.reusable(step, *v); ok || !pull {
		return nil
	}
	for i, in := range step.job().Inputs {
		if in.Artifact == nil {
			continue
		}
		present, err := r.ledger.Present(ctx, *in.Artifact)
		if err == nil && !present {
			err = fmt.Errorf("volume %s is not there, or not complete", in.Artifact.Volume)
		}
		if err != nil {
			return blamed("read the input "+in.Target, fmt.Sprintf("inputs[%d].artifact", i), err)
		}
	}
	return nil
}

// lookAtDeployment finds out what would be done for a deployment step.
func (r *Runner) lookAtDeployment(ctx context.Context, spec Spec, d deployment.Spec, f facts) (*view, *cause) {
	v := &view{}
	status, err := r.deployments.Status(ctx, d.Name)
	switch {
	case err == nil:
		v.status = &status
	case !errors.Is(err, deployment.ErrNotFound):
		return nil, blamed("be observed", "", err)
	}
	if d.Image == "" {
		return v, nil
	}
	d.Owner = orDefault(d.Owner, spec.Owner)
	if d.Model == nil && len(f.trained) > 0 {
		last := f.last()
		if last == nil {
			return nil, f.lacking("get a model", "model")
		}
		d.Model = last.Model()
	}
	v.spec = d
	v.policies = v.status == nil || v.status.Recorded && !sameRecord(v.status.Spec, d.Recorded())
	if v.preview, err = r.deployments.Preview(ctx, d); err != nil {
		return nil, blamed("be planned", "", err)
	}
	return v, nil
}

// sameRecord reports whether two specs are recorded alike.
func sameRecord(a, b deployment.Spec) bool {
	one, errOne := json.Marshal(a)
	other, errOther := json.Marshal(b)
	return errOne == nil && errOther == nil && bytes.Equal(one, other)
}
