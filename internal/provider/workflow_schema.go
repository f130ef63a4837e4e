package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// What changing an attribute of a workflow does.
const (
	runsStep          effect = "Changing it runs the step again, and those after it."
	runsNothing       effect = "Changing it runs nothing again."
	runsSecrets       effect = "Adding or removing a key runs the step again, and those after it; changing a value does when `env_wo_version` changes with it."
	renamesDeployment effect = "Another name is another deployment: the one of the old name is removed once all steps have succeeded."
	replacesWorkflow  effect = "Changing it replaces the workflow: nothing that was trained under the old name counts."
)

const (
	maxKeepRuns = 1000
	maxRetries  = 100
)

// Operations of a workflow: training takes the time that it takes.
var (
	workflowCreate = operation{"create", 24 * time.Hour}
	workflowUpdate = operation{"update", 24 * time.Hour}
)

// workflowSchema is the schema of the resource mlops_workflow.
func workflowSchema(ctx context.Context) schema.Schema {
	attributes := map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: describe("Name of the workflow: 2 to 63 lower-case letters, digits and hyphens. Results are kept under it, and `terraform import` finds them by it.",
				replacesWorkflow),
			Validators:    []validator.String{stringIs{isWorkflowName}},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"steps": stepsAttribute(),
		"triggers": stringMap(describe("Any texts; a changed one runs every training and evaluation again, such as `{ data = filesha256(\"train.csv\") }`. Default: none.",
			"Changing it runs all of them."), elements{keys: []check{isPrintable}}),
		"keep_runs": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(workflow.DefaultKeepRuns),
			MarkdownDescription: describe(fmt.Sprintf("How many runs are remembered, with the results and artifacts of their steps: 1 to %d. Default %d. "+
				"Going back to a configuration of one of them runs nothing again. An artifact that is in use stays in any case.", maxKeepRuns, workflow.DefaultKeepRuns), runsNothing),
			Validators: []validator.Int64{between{least: 1, most: maxKeepRuns}},
		},
		"purge_on_destroy": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: describe("Whether a destroy also removes the results and the artifacts that nothing else uses. Default `false`: they stay, so that "+
				"a workflow that comes back does not train again; a warning names them. A replacement (a taint, `-replace`) keeps them in any case.", runsNothing),
		},
		"timeouts": timeoutsAttribute(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}, runsNothing, map[string]string{
			"create": "Bound of a create, all steps included. A training that runs by then goes on, and the next apply takes its result. Default `" + formatDuration(workflowCreate.fallback) + "`.",
			"read":   "Bound of a read. Default `2m`.",
			"update": "Bound of an update, like `create`. Default `" + formatDuration(workflowUpdate.fallback) + "`.",
			"delete": "Bound of a destroy, draining the deployments included. Default `10m`.",
		}),
	}
	for name, attribute := range workflowResultAttributes() {
		attributes[name] = attribute
	}
	return schema.Schema{MarkdownDescription: workflowDescription, Attributes: attributes}
}

const workflowDescription = "Steps that run in order: training, evaluation, deployment.\n\n" +
	"A training or evaluation is a container that runs to its end. What it came to is kept on the engine, outside of the state, under the hash of all that it depends on: " +
	"the image's content, command, environment, inputs, the artifacts of the steps before it, and `triggers`. A step whose hash has a result does not run again (`cached`), " +
	"also after a failed apply, a taint, a replacement, or the loss of the state. The plan says in `results` which steps will run, and why.\n\n" +
	"A deployment step is an `mlops_deployment` in all but its place: it serves the artifact of the last training step before it, and goes through the same rollout.\n\n" +
	"An interrupted apply leaves a training running; the next apply takes its result. Its log can be followed with `docker logs -f mlops-job.<workflow>.<step>`, " +
	"and is in Terraform's own log at level INFO. Reading runs nothing. A destroy stops what runs, removes the deployments that the workflow made, and keeps the results " +
	"(see `purge_on_destroy`).\n\n" +
	"While steps run, `terraform apply` says only that it is still busy: `TF_LOG_PROVIDER=INFO` shows each action, and what the containers write."

func stepsAttribute() schema.Attribute {
	attributes := map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Optional: true, // required, see needs
			MarkdownDescription: describe("Name of the step, unique in the workflow: 2 to 63 lower-case letters, digits and hyphens. Required.",
				"Changing it runs nothing again: results are found by what the step does."),
			Validators: []validator.String{stringIs{isStepName}},
		},
		"type": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: describe("What the step is: "+quoted(workflow.Kinds)+". Default: that of the three attributes which is set; another one is an error.", runsNothing),
			Validators:          []validator.String{stringIs{oneOf(workflow.Kinds)}},
		},
		"training":   trainingAttribute(),
		"evaluation": evaluationAttribute(),
		"deployment": deploymentStepAttribute(),
		"timeout": durationAttribute("How long one attempt may take, as a duration. Then the container is stopped (SIGTERM, after "+formatDuration(workflow.StopGrace)+
			" SIGKILL) and the attempt has failed. Default: no bound but that of `timeouts`.", runsNothing, time.Second),
		"retries": numberOr(schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: describe(fmt.Sprintf("Further attempts after one that failed, 0 to %d. Default 0.", maxRetries), runsNothing),
			Validators:          []validator.Int64{between{least: 0, most: maxRetries}},
		}, 0),
		"backoff": durationAttribute("Time before the second attempt, as a duration; it doubles before each further one. Default `"+formatDuration(workflow.DefaultBackoff)+"`.",
			runsNothing, 0),
		"on_failure": textOr(schema.StringAttribute{
			Optional: true,
			MarkdownDescription: describe("What a step that failed does to those after it: "+quoted(workflow.OnFailures)+". With `fail` (default) none of them runs and the apply fails; "+
				"with `continue` they run, and the step runs again in the next apply.", runsNothing),
			Validators: []validator.String{stringIs{oneOf(workflow.OnFailures)}},
		}, string(workflow.FailWorkflow)),
	}
	return schema.ListNestedAttribute{
		Required: true,
		MarkdownDescription: "The steps, in order; each has exactly one of `training`, `evaluation` and `deployment`. " +
			"A step runs when what it depends on has changed, or a step before it has made something new.",
		Validators: []validator.List{notEmpty{}, elements{}},
		NestedObject: schema.NestedAttributeObject{
			Validators: []validator.Object{needs{attributes: []string{"name"}}}, Attributes: attributes,
		},
	}
}
