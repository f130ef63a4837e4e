package provider

import (
	"cmp"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// workflowArgumentsOf are what a configuration says that means spec: zero
// values are left out, defaults of the schema spelled out.
func workflowArgumentsOf(spec workflow.Spec, namePrefix string) workflowArguments {
	keepRuns := spec.KeepRuns
	if keepRuns == 0 {
		keepRuns = workflow.DefaultKeepRuns
	}
	steps := make([]stepModel, len(spec.Steps))
	for i := range spec.Steps {
		steps[i] = stepOf(spec.Steps[i], namePrefix)
	}
	return workflowArguments{
		Name: types.StringValue(spec.Name), Steps: objectsOf(workflowObject("steps"), steps), Triggers: optionalMap(spec.Triggers),
		KeepRuns: types.Int64Value(int64(keepRuns)), PurgeOnDestroy: types.BoolValue(spec.PurgeOnDestroy),
	}
}

func stepOf(step workflow.Step, namePrefix string) stepModel {
	training, evaluation, deployed := workflowObject("steps", "training"), workflowObject("steps", "evaluation"), workflowObject("steps", "deployment")
	m := stepModel{
		Name: types.StringValue(step.Name), Type: types.StringNull(),
		Training: types.ObjectNull(training.AttrTypes), Evaluation: types.ObjectNull(evaluation.AttrTypes), Deployment: types.ObjectNull(deployed.AttrTypes),
		Timeout: optionalDuration(step.Timeout), Retries: types.Int64Value(int64(step.Retries)), Backoff: optionalDuration(step.Backoff),
		OnFailure: types.StringValue(string(cmp.Or(step.OnFailure, workflow.FailWorkflow))),
	}
	switch {
	case step.Training != nil:
		m.Type = types.StringValue(string(workflow.KindTraining))
		m.Training = objectOf(training, trainingModel{jobModel: jobOf(step.Training.Job), ModelFile: optionalString(step.Training.ModelFile)})
	case step.Evaluation != nil:
		m.Type = types.StringValue(string(workflow.KindEvaluation))
		m.Evaluation = objectOf(evaluation, evaluationModel{
			jobModel: jobOf(step.Evaluation.Job), ModelTarget: types.StringValue(cmp.Or(step.Evaluation.ModelTarget, deployment.DefaultModelTarget)), Gate: gateOf(step.Evaluation.Gate),
		})
	case step.Deployment != nil:
		m.Type = types.StringValue(string(workflow.KindDeployment))
		arguments := argumentsOf(*step.Deployment)
		arguments.DetectionTask = taskOf(namePrefix, step.Deployment.Name)
		if step.Deployment.Image == "" {
			arguments.refersTo()
		}
		m.Deployment = objectOf(deployed, arguments)
	}
	return m
}

// refersTo is a deployment step without an image: the container that has the
// name is as it is, so nothing about it has a default.
func (m *deploymentArguments) refersTo() {
	m.Image, m.PullPolicy, m.RestartPolicy, m.DesiredState = types.StringNull(), types.StringNull(), types.StringNull(), types.StringNull()
	m.Replicas, m.AdoptExisting = types.Int64Null(), types.BoolNull()
}

func jobOf(job workflow.Job) jobModel {
	shared := argumentsOf(deployment.Spec{
		Image: job.Image, Entrypoint: job.Entrypoint, Command: job.Command, WorkingDir: job.WorkingDir,
		User: job.User, Env: job.Env, Secrets: job.Secrets, Networks: job.Networks, Resource: job.Resource,
	})
	return jobModel{
		Image: shared.Image, PullPolicy: types.StringValue(string(cmp.Or(job.PullPolicy, deployment.PullMissing))), Entrypoint: shared.Entrypoint, Command: shared.Command,
		WorkingDir: shared.WorkingDir, User: shared.User, Env: shared.Env, EnvWO: shared.EnvWO, EnvWOVersion: shared.EnvWOVersion,
		Networks: shared.Networks, Resources: shared.Resources, Inputs: inputsOf(job.Inputs), Output: types.StringValue(cmp.Or(job.Output, workflow.DefaultOutput)),
	}
}

func inputsOf(inputs []workflow.Input) types.List {
	out := make([]inputModel, len(inputs))
	for i, in := range inputs {
		out[i] = inputModel{
			Target: types.StringValue(in.Target), Artifact: artifactOf(in.Artifact), Volume: optionalString(in.Volume),
			HostPath: optionalString(in.HostPath), Step: optionalString(in.Step), Version: optionalString(in.Version),
		}
	}
	return objectsOf(workflowObject("steps", "training", "inputs"), out)
}

func artifactOf(a *deployment.Artifact) types.Object {
	kind := workflowObject("artifact")
	if a == nil {
		return types.ObjectNull(kind.AttrTypes)
	}
	return objectOf(kind, storedModel{Volume: types.StringValue(a.Volume), Path: optionalString(a.Path), Digest: types.StringValue(a.Digest)})
}

func gateOf(gate []workflow.Bound) types.Map {
	kind := workflowObject("steps", "evaluation", "gate")
	if len(gate) == 0 {
		return types.MapNull(kind)
	}
	bounds := map[string]attr.Value{}
	for _, b := range gate {
		bounds[b.Metric] = objectOf(kind, boundModel{
			Min: types.Float64PointerValue(b.Min), Max: types.Float64PointerValue(b.Max), Equals: types.StringPointerValue(b.Equals),
		})
	}
	return types.MapValueMust(kind, bounds)
}
