package provider

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// unknowns names in spec what is known only after the apply.
func (p *workflowPlan) unknowns(spec *workflow.Spec) {
	said := groups[stepModel](p.config.Steps)
	for i, step := range groups[stepModel](p.plan.Steps)[:len(spec.Steps)] {
		var names []string
		if !fullyKnown(p.plan.Triggers) && spec.Steps[i].Deployment == nil {
			names = append(names, "triggers")
		}
		attributes, configured := step.attributes(), said[i].attributes()
		for _, name := range sortedKeys(attributes) {
			if !fullyKnown(attributes[name]) || name == "env_wo" && configured[name].IsUnknown() {
				names = append(names, name)
			}
		}
		spec.Steps[i].Unknown = names
	}
}

// attributes are those of the one of training, evaluation and deployment that is set.
func (m stepModel) attributes() map[string]attr.Value {
	for _, object := range []types.Object{m.Training, m.Evaluation, m.Deployment} {
		if isSet(object) {
			return object.Attributes()
		}
	}
	return nil
}

// results are what is known before the steps run. Terraform plans again when it
// applies, and refuses a value that was known and is another one then. So only
// what follows from the configuration and from kept results is known.
func (p *workflowPlan) results(planned []workflow.PlannedStep) workflowResults {
	kind := workflowObject("results")
	r := workflowResults{
		ID: p.plan.Name, Run: types.Int64Unknown(), Status: types.StringUnknown(), Drift: noDrift(), Results: types.MapUnknown(kind),
		Artifact: types.ObjectUnknown(workflowObject("artifact").AttrTypes), Metrics: types.MapUnknown(types.NumberType),
	}
	steps := groups[stepModel](p.plan.Steps)
	if p.plan.Steps.IsUnknown() || slices.ContainsFunc(steps, func(s stepModel) bool { return !isSet(s.Name) }) {
		return r
	}
	results := make(map[string]attr.Value, len(steps))
	var stay []workflow.Result
	open := false // a step before has values that are not known yet
	trained, measured := true, true
	for i, step := range steps {
		var result types.Object
		var stays *workflow.Result
		if i < len(planned) {
			open = open || len(p.spec.Steps[i].Unknown) > 0
			result, stays = p.result(i, planned[i], open)
		} else {
			result = types.ObjectUnknown(kind.AttrTypes)
		}
		if stays != nil {
			stay = append(stay, *stays)
		}
		trained = trained && (stays != nil || i < len(planned) && planned[i].Kind != workflow.KindTraining)
		measured = measured && (stays != nil || i < len(planned) && planned[i].Kind == workflow.KindDeployment)
		results[step.Name.ValueString()] = result
	}
	r.Results = types.MapValueMust(kind, results)
	artifact, metrics := lastOf(stay)
	if trained {
		r.Artifact = artifactOf(artifact)
	}
	if measured {
		r.Metrics = metricsOf(metrics)
	}
	return r
}

// result is what is known of one step, and its result if it stays.
func (p *workflowPlan) result(i int, s workflow.PlannedStep, open bool) (types.Object, *workflow.Result) {
	switch {
	case p.forgets, open && !s.Certain:
	case s.Kind == workflow.KindDeployment:
		// What there is of it changes at any time, also between the two halves
		// of a replacement.
		return unknownResult(p.deploymentReason(i, s)), nil
	case s.Runs && s.Passing:
		return unknownResult(types.StringUnknown()), nil
	case s.Runs:
		return unknownResult(types.StringValue(s.Reason)), nil
	case s.Certain && s.Result != nil:
		return p.staying(s), s.Result
	}
	return types.ObjectUnknown(workflowObject("results").AttrTypes), nil
}

// staying is the result of a step that does not run. When what is not known yet
// turns out to be what it was, the plan is empty and the result that of the state.
func (p *workflowPlan) staying(s workflow.PlannedStep) types.Object {
	result := resultOf(*s.Result)
	if p.prior == nil || fullyKnown(p.plan.Steps, p.plan.Triggers, p.plan.KeepRuns, p.plan.PurgeOnDestroy, p.plan.Timeouts) {
		return result
	}
	before, ok := p.prior.Results.Elements()[s.Step].(types.Object)
	if !ok {
		return result
	}
	unsure := unknownResult(types.StringUnknown()).Attributes()
	for name, value := range result.Attributes() {
		if value.Equal(before.Attributes()[name]) {
			unsure[name] = value
		}
	}
	return replacing(result, unsure)
}

// deploymentReason is why a deployment step changes, as far as the
// configuration tells; what the engine would do can be another thing by the
// time of the apply.
func (p *workflowPlan) deploymentReason(i int, s workflow.PlannedStep) types.String {
	if s.Runs && !s.Passing {
		return types.StringValue(s.Reason)
	}
	step := groups[stepModel](p.plan.Steps)[i]
	prior := p.priorStep(step.Name)
	if prior.Deployment.IsNull() {
		return types.StringValue("the state does not have it")
	}
	var changed []string
	for _, name := range sortedKeys(step.attributes()) {
		if !step.attributes()[name].Equal(prior.Deployment.Attributes()[name]) {
			changed = append(changed, name)
		}
	}
	if len(changed) == 0 {
		return types.StringUnknown() // see drift
	}
	return types.StringValue(strings.Join(changed, ", ") + " changed")
}

// forgetful reports whether the results that are there now may be gone by the
// time of the apply: a workflow that purges may leave one address of the
// configuration and come back at another, and its create is planned before its
// delete. A replacement, which keeps them, looks the same.
func (p *workflowPlan) forgetful(ctx context.Context) bool {
	if p.prior != nil {
		return false
	}
	run, err := p.rt.Workflows.Read(ctx, p.plan.Name.ValueString())
	if errors.Is(err, deployment.ErrNotFound) {
		return false
	}
	return err != nil || run.Spec.PurgeOnDestroy || p.plan.PurgeOnDestroy.ValueBool()
}

// interruptions are the warnings about deployments that follow a training, which
// the runner does not look at: their model is not known yet.
func (p *workflowPlan) interruptions(ctx context.Context, spec workflow.Spec, plan workflow.Plan) []string {
	var out []string
	trained := false // by the last training so far, in this run
	for i, step := range spec.Steps {
		if i >= len(plan.Steps) {
			break
		}
		if step.Training != nil {
			trained = plan.Steps[i].Runs
		}
		if !trained || step.Deployment == nil || step.Deployment.Image == "" || step.Deployment.Model != nil || len(step.Unknown) > 0 ||
			!plan.Steps[i].Runs || len(plan.Steps[i].Actions) > 0 {
			continue
		}
		d := *step.Deployment
		d.Model = &deployment.Model{Volume: "mlops-model-not-known-yet", Digest: "not known yet"} // another one than now
		if preview, err := p.rt.Engine.Preview(ctx, d); err == nil {
			out = append(out, preview.Warnings...)
		}
	}
	return out
}

// unsupported are the attributes of deployment steps that need a newer engine.
func (p *workflowPlan) unsupported(spec workflow.Spec) diag.Diagnostics {
	var diags diag.Diagnostics
	for i, step := range spec.Steps {
		if step.Deployment != nil {
			diags.Append(unsupported(p.rt.APIVersion, *step.Deployment, stepPath(i).AtName("deployment"))...)
		}
	}
	return diags
}
