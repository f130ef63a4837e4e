package provider

import (
	"context"
	"maps"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// workflowModel is the resource mlops_workflow as configuration, plan and state
// hold it. Every value may be unknown.
type workflowModel struct {
	workflowArguments
	workflowResults
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// workflowArguments are what a user says.
type workflowArguments struct {
	Name           types.String `tfsdk:"name"`
	Steps          types.List   `tfsdk:"steps"` // of stepModel
	Triggers       types.Map    `tfsdk:"triggers"`
	KeepRuns       types.Int64  `tfsdk:"keep_runs"`
	PurgeOnDestroy types.Bool   `tfsdk:"purge_on_destroy"`
}

// workflowResults are what the provider says; see workflowResultAttributes.
type workflowResults struct {
	ID       types.String `tfsdk:"id"`
	Run      types.Int64  `tfsdk:"run"`
	Status   types.String `tfsdk:"status"`
	Results  types.Map    `tfsdk:"results"` // of resultModel, by step
	Artifact types.Object `tfsdk:"artifact"`
	Metrics  types.Map    `tfsdk:"metrics"`
	Drift    types.List   `tfsdk:"drift"`
}

type stepModel struct {
	Name       types.String `tfsdk:"name"`
	Type       types.String `tfsdk:"type"`
	Training   types.Object `tfsdk:"training"`
	Evaluation types.Object `tfsdk:"evaluation"`
	Deployment types.Object `tfsdk:"deployment"` // of deploymentArguments
	Timeout    types.String `tfsdk:"timeout"`
	Retries    types.Int64  `tfsdk:"retries"`
	Backoff    types.String `tfsdk:"backoff"`
	OnFailure  types.String `tfsdk:"on_failure"`
}

// jobModel is the container of a training or an evaluation.
type jobModel struct {
	Image        types.String `tfsdk:"image"`
	PullPolicy   types.String `tfsdk:"pull_policy"`
	Entrypoint   types.List   `tfsdk:"entrypoint"`
	Command      types.List   `tfsdk:"command"`
	WorkingDir   types.String `tfsdk:"working_dir"`
	User         types.String `tfsdk:"user"`
	Env          types.Map    `tfsdk:"env"`
	EnvWO        types.Map    `tfsdk:"env_wo"` // known in the configuration alone
	EnvWOVersion types.String `tfsdk:"env_wo_version"`
	Networks     types.Set    `tfsdk:"networks"`
	Resources    types.Object `tfsdk:"resources"`
	Inputs       types.List   `tfsdk:"inputs"` // of inputModel
	Output       types.String `tfsdk:"output"`
}

type trainingModel struct {
	jobModel
	ModelFile types.String `tfsdk:"model_file"`
}

type evaluationModel struct {
	jobModel
	ModelTarget types.String `tfsdk:"model_target"`
	Gate        types.Map    `tfsdk:"gate"` // of boundModel, by JSONPath
}

type inputModel struct {
	Target   types.String `tfsdk:"target"`
	Artifact types.Object `tfsdk:"artifact"`
	Volume   types.String `tfsdk:"volume"`
	HostPath types.String `tfsdk:"host_path"`
	Step     types.String `tfsdk:"step"`
	Version  types.String `tfsdk:"version"`
}

// storedModel is an artifact, wherever one is said or told.
type storedModel struct {
	Volume types.String `tfsdk:"volume"`
	Path   types.String `tfsdk:"path"`
	Digest types.String `tfsdk:"digest"`
}

type boundModel struct {
	Min    types.Float64 `tfsdk:"min"`
	Max    types.Float64 `tfsdk:"max"`
	Equals types.String  `tfsdk:"equals"`
}

type resultModel struct {
	Status     types.String `tfsdk:"status"`
	Reason     types.String `tfsdk:"reason"`
	Attempt    types.Int64  `tfsdk:"attempt"`
	StartedAt  types.String `tfsdk:"started_at"`
	FinishedAt types.String `tfsdk:"finished_at"`
	ExitCode   types.Int64  `tfsdk:"exit_code"`
	Container  types.String `tfsdk:"container"`
	Hash       types.String `tfsdk:"hash"`
	Message    types.String `tfsdk:"message"`
	Artifact   types.Object `tfsdk:"artifact"`
	Metrics    types.Map    `tfsdk:"metrics"`
}

// workflowType is the type of the whole resource. A schema is large; it is
// built once, not for every value.
var workflowType = sync.OnceValue(func() attr.Type { return workflowSchema(context.Background()).Type() })

// workflowObject is the type of the objects at a place in a workflow: of a
// nested attribute, or of the elements of a list or map of them.
func workflowObject(names ...string) types.ObjectType {
	kind := workflowType()
	for _, name := range names {
		object, _ := kind.(attr.TypeWithAttributeTypes)
		kind = object.AttributeTypes()[name]
		if all, ok := kind.(attr.TypeWithElementType); ok {
			kind = all.ElementType()
		}
	}
	object, _ := kind.(types.ObjectType)
	return object
}

// objectOf makes an object of its model.
func objectOf(kind types.ObjectType, model any) types.Object {
	return types.ObjectValueMust(kind.AttrTypes, encode(model))
}

// objectsOf makes a list of objects of their models, null for none.
func objectsOf[M any](kind types.ObjectType, models []M) types.List {
	if len(models) == 0 {
		return types.ListNull(kind)
	}
	values := make([]attr.Value, len(models))
	for i := range models {
		values[i] = objectOf(kind, models[i])
	}
	return types.ListValueMust(kind, values)
}

// replacing is the object with some of its attributes replaced.
func replacing(object types.Object, by map[string]attr.Value) types.Object {
	attributes := maps.Clone(object.Attributes())
	maps.Copy(attributes, by)
	return types.ObjectValueMust(object.AttributeTypes(context.Background()), attributes)
}

// stepPath is where a step stands.
func stepPath(i int) path.Path { return path.Root("steps").AtListIndex(i) }

// within converts what stands at another place.
func (c *conversion) within(at path.Path, convert func(*conversion)) {
	inner := conversion{base: at}
	convert(&inner)
	c.diags.Append(inner.diags...)
}

// deployment are the attributes that a job shares with deployments, so that
// both are read, checked and compared by the same code.
func (m jobModel) deployment() deploymentArguments {
	return deploymentArguments{
		Image: m.Image, PullPolicy: m.PullPolicy, Entrypoint: m.Entrypoint, Command: m.Command, WorkingDir: m.WorkingDir,
		User: m.User, Env: m.Env, EnvWO: m.EnvWO, EnvWOVersion: m.EnvWOVersion, Networks: m.Networks, Resources: m.Resources,
	}
}
