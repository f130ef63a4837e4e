package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// workflowSpec is what a runner is asked for: the plan, secrets that are in the
// configuration alone, and what the provider's configuration adds. What is
// unknown is left out, so only what is fully known may be believed.
func (rt *runtime) workflowSpec(plan, config workflowModel) (workflow.Spec, diag.Diagnostics) {
	spec := workflow.Spec{
		Name: plan.Name.ValueString(), Owner: rt.Owner, Triggers: stringMapOf(plan.Triggers), KeepRuns: int(plan.KeepRuns.ValueInt64()),
		PurgeOnDestroy: plan.PurgeOnDestroy.ValueBool(), Timeouts: timeoutsToSpec(plan.Timeouts),
	}
	c := conversion{}
	said := groups[stepModel](config.Steps)
	for i, step := range groups[stepModel](plan.Steps) {
		c.within(stepPath(i), func(c *conversion) {
			one := step.toSpec(c)
			if i < len(said) {
				addSecrets(&one, said[i])
				addBodies(&one, step, said[i])
			}
			if d := one.Deployment; d != nil {
				d.Owner, d.DefaultLabels = rt.Owner, rt.DefaultLabels
			}
			spec.Steps = append(spec.Steps, one)
		})
	}
	return spec, c.diags
}

// addSecrets completes a step with what its configuration alone says.
func addSecrets(step *workflow.Step, said stepModel) {
	add := func(to *deployment.Secrets, from types.Object) {
		values, _ := from.Attributes()["env_wo"].(types.Map)
		to.Keys, _ = secretKeys(values)
		to.Values = stringMapOf(values)
	}
	switch {
	case step.Training != nil:
		add(&step.Training.Secrets, said.Training)
	case step.Evaluation != nil:
		add(&step.Evaluation.Secrets, said.Evaluation)
	case step.Deployment != nil:
		add(&step.Deployment.Secrets, said.Deployment)
	}
}

// addBodies gives the golden requests of a deployment step their bodies.
func addBodies(step *workflow.Step, planned, said stepModel) {
	if step.Deployment == nil {
		return
	}
	have, _ := planned.Deployment.Attributes()["validation"].(types.List)
	want, _ := said.Deployment.Attributes()["validation"].(types.List)
	step.Deployment.Validation = (&conversion{}).requests(have, want)
}

func (m stepModel) toSpec(c *conversion) workflow.Step {
	step := workflow.Step{
		Name: m.Name.ValueString(), Timeout: c.duration(c.at("timeout"), m.Timeout), Retries: int(m.Retries.ValueInt64()),
		Backoff: c.duration(c.at("backoff"), m.Backoff), OnFailure: workflow.OnFailure(m.OnFailure.ValueString()),
	}
	if training, ok := group[trainingModel](m.Training); ok {
		c.within(c.at("training"), func(c *conversion) {
			step.Training = &workflow.Training{Job: training.toSpec(c), ModelFile: cleanPath(training.ModelFile)}
		})
	}
	if evaluation, ok := group[evaluationModel](m.Evaluation); ok {
		c.within(c.at("evaluation"), func(c *conversion) {
			step.Evaluation = &workflow.Evaluation{
				Job: evaluation.toSpec(c), ModelTarget: cleanPath(evaluation.ModelTarget), Gate: gateToSpec(evaluation.Gate),
			}
		})
	}
	if arguments, ok := group[deploymentArguments](m.Deployment); ok {
		c.within(c.at("deployment"), func(c *conversion) {
			spec := arguments.toSpec(c)
			step.Deployment = &spec
		})
	}
	return step
}

func (m jobModel) toSpec(c *conversion) workflow.Job {
	shared := m.deployment().toSpec(c)
	return workflow.Job{
		Image: shared.Image, PullPolicy: shared.PullPolicy, Entrypoint: shared.Entrypoint, Command: shared.Command,
		WorkingDir: shared.WorkingDir, User: shared.User, Env: shared.Env, Secrets: shared.Secrets,
		Resource: shared.Resource, Networks: shared.Networks, Inputs: inputsToSpec(m.Inputs), Output: cleanPath(m.Output),
	}
}

func inputsToSpec(list types.List) []workflow.Input {
	var out []workflow.Input
	for _, m := range groups[inputModel](list) {
		out = append(out, workflow.Input{
			Target: cleanPath(m.Target), Artifact: artifactToSpec(m.Artifact), Volume: m.Volume.ValueString(),
			HostPath: cleanPath(m.HostPath), Step: m.Step.ValueString(), Version: m.Version.ValueString(),
		})
	}
	return out
}

func artifactToSpec(object types.Object) *deployment.Artifact {
	m, ok := group[storedModel](object)
	if !ok {
		return nil
	}
	return &deployment.Artifact{Volume: m.Volume.ValueString(), Path: cleanPath(m.Path), Digest: m.Digest.ValueString()}
}

func gateToSpec(gate types.Map) []workflow.Bound {
	var out []workflow.Bound
	for _, metric := range sortedKeys(gate.Elements()) {
		object, _ := gate.Elements()[metric].(types.Object)
		m, _ := group[boundModel](object)
		out = append(out, workflow.Bound{
			Metric: metric, Min: m.Min.ValueFloat64Pointer(), Max: m.Max.ValueFloat64Pointer(), Equals: m.Equals.ValueStringPointer(),
		})
	}
	return out
}
