package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// workflowResultAttributes are what the provider says about a workflow. All of
// it is of its last run, and stays until the next one.
func workflowResultAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":  schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the workflow."},
		"run": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of the last run, from 1."},
		"status": schema.StringAttribute{Computed: true,
			MarkdownDescription: "How that run ended: `succeeded`, or `failed` when a step failed whose `on_failure` is `continue`."},
		"results": schema.MapNestedAttribute{
			Computed: true,
			MarkdownDescription: "What the steps came to in that run, by the step's name. In a plan, a step that will run has a `reason`, unless that may be another one by the time of the apply, " +
				"and everything else is known after the apply; a training or evaluation that stays as it is has its result.",
			NestedObject: schema.NestedAttributeObject{Attributes: stepResultAttributes()},
		},
		"artifact": resultArtifact("Artifact of the last training step, as the `model` of an `mlops_deployment` takes it; null without one."),
		"metrics": schema.MapAttribute{Computed: true, ElementType: types.NumberType,
			MarkdownDescription: "Metrics of the last step that wrote some, see `results`; null without any."},
		"drift": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Sentences about what differs on the engine from what the last run left: artifacts that are gone, and all that `mlops_deployment` tells of deployments. The plan empties it, and the apply mends what it names.",
		},
	}
}

func stepResultAttributes() map[string]schema.Attribute {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"status": text("How the step ended: " + quoted(workflow.Statuses) + ". `cached`: it did not run, since an earlier run had the same hash, or a deployment was as it should be."),
		"reason": text("Why the step ran, such as `command changed`; null when it did not."),
		"attempt": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "Number of the attempt that this is the result of, from 1; null for a step that needed no container."},
		"started_at":  text("When that attempt was started (RFC 3339, UTC)."),
		"finished_at": text("When it ended."),
		"exit_code":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Exit code of the container; null when there was none."},
		"container":   text("Name of the container; `docker logs -f` follows it while it runs. For a deployment step the deployment's first one."),
		"hash":        text("Hash of all that the result depends on; secrets enter it as names and version only. Null for a deployment step."),
		"message":     text("One sentence about the result, where there is something to say."),
		"artifact":    resultArtifact("What a training step made; null for others."),
		"metrics": schema.MapAttribute{Computed: true, ElementType: types.NumberType,
			MarkdownDescription: "The numbers in the `metrics.json` that the step wrote. One in an object inside has the names joined by dots: `test.accuracy`. Null without the file."},
	}
}

func resultArtifact(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"volume": schema.StringAttribute{Computed: true, MarkdownDescription: "Volume that holds it and nothing else."},
			"path":   schema.StringAttribute{Computed: true, MarkdownDescription: "Path of the model inside the volume; null for all of it."},
			"digest": schema.StringAttribute{Computed: true, MarkdownDescription: "Digest (`sha256:…`) of its content."},
		},
	}
}
