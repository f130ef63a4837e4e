package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

func trainingAttribute() schema.Attribute {
	attributes := jobAttributes("Folder inside the container, whose content becomes the artifact when the container exits with code 0. " +
		"A file `" + workflow.MetricsFile + "` in it is not part of the artifact: it becomes the step's metrics.")
	attributes["model_file"] = schema.StringAttribute{
		Optional: true,
		MarkdownDescription: describe("Relative path of the model inside `output`, what `MODEL_PATH` of a deployment then names; a training that does not leave it has failed. "+
			"Default: the whole folder.", runsStep),
		Validators:    []validator.String{stringIs{isOutputFile}},
		PlanModifiers: withSpellings(pathMeaning),
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: describe("A container that makes a model.", runsStep),
		Attributes:          attributes,
	}
}

func evaluationAttribute() schema.Attribute {
	attributes := jobAttributes("Folder inside the container; a JSON file `" + workflow.MetricsFile + "` in it becomes the step's metrics.")
	attributes["model_target"] = textOr(schema.StringAttribute{
		Optional: true,
		MarkdownDescription: describe("Absolute path inside the container where the artifact of the last training step is mounted, read-only; `MODEL_PATH` says where the model is. Default `"+
			deployment.DefaultModelTarget+"`.", runsStep),
		Validators:    []validator.String{stringIs{isMountTarget}},
		PlanModifiers: withSpellings(pathMeaning),
	}, deployment.DefaultModelTarget)
	attributes["gate"] = gateAttribute()
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: describe("A container that measures the model of the last training step before it.", runsStep),
		Attributes:          attributes,
	}
}

func gateAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "What the metrics must be, by JSONPath (RFC 9535), such as `{ \"$.accuracy\" = { min = 0.9 } }`. Missed, or without that metric, the step fails, " +
			"and nothing after it runs: what is deployed stays. Default: nothing. Changing it does not run the step again: its metrics are judged anew.",
		Validators: []validator.Map{elements{keys: []check{isMetric}}},
		NestedObject: schema.NestedAttributeObject{
			Validators: []validator.Object{bounds{}},
			Attributes: map[string]schema.Attribute{
				"min": schema.Float64Attribute{Optional: true, PlanModifiers: numbers(), MarkdownDescription: describe("The least that the metric may be.", runsNothing)},
				"max": schema.Float64Attribute{Optional: true, PlanModifiers: numbers(), MarkdownDescription: describe("The most that the metric may be.", runsNothing)},
				"equals": schema.StringAttribute{Optional: true,
					MarkdownDescription: describe("What the metric must be, instead of `min` and `max`: compared as numbers where both are, else as text.", runsNothing)},
			},
		},
	}
}

// jobAttributes are those of a container that runs to its end.
func jobAttributes(output string) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"image": schema.StringAttribute{
			Required: true,
			MarkdownDescription: describe("Image to run, as a reference or the ID of an image on the engine. Its content counts, not its tag.",
				runsStep),
			Validators:    []validator.String{stringIs{isImage}},
			PlanModifiers: withSpellings(imageMeaning),
		},
		"pull_policy": textOr(schema.StringAttribute{
			Optional: true,
			MarkdownDescription: describe("When the image is pulled: "+quoted(deployment.PullPolicies)+". With `missing` (default) only when the engine does not have it. "+
				"With `always` before every run; a tag that was pushed again then runs the step again.", runsNothing),
			Validators: []validator.String{stringIs{oneOf(deployment.PullPolicies)}},
		}, string(deployment.PullMissing)),
		"resources": resourcesAttribute(runsNothing),
		"networks": stringSet(describe("Docker networks that the container joins beside the provider's own. They must exist. Default: none.", runsNothing),
			elements{values: []check{isNetwork}}),
		"inputs": inputsAttribute(),
		"output": textOr(schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: describe(output+" It is made if the image does not have it. Default `"+workflow.DefaultOutput+"`.", runsStep),
			Validators:          []validator.String{stringIs{isMountTarget}},
			PlanModifiers:       withSpellings(pathMeaning),
		}, workflow.DefaultOutput),
	}
	maps.Copy(attributes, processAttributes(runsStep))
	maps.Copy(attributes, environmentAttributes(runsStep, runsSecrets))
	return attributes
}

func inputsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("What the container reads, mounted read-only. Each has a `target` and exactly one of `artifact`, `volume`, `host_path` and `step`. "+
			"Their order does not matter. Default: none.", "Changing one, or what is in it, runs the step again, and those after it."),
		Validators: []validator.List{elements{}},
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{needs{attributes: []string{"target"}}}, Attributes: map[string]schema.Attribute{
			"target": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Absolute path inside the container. Required.", runsStep),
				Validators:          []validator.String{stringIs{isMountTarget}},
				PlanModifiers:       withSpellings(pathMeaning),
			},
			"artifact": inputArtifactAttribute(),
			"volume": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Docker volume. Every plan reads all of it, unless `version` is set. Its content counts, not its name.", runsNothing),
				Validators:          []validator.String{stringIs{isVolume}},
			},
			"host_path": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Absolute path on the engine's host. Every plan reads all of it, unless `version` is set. Its content counts, not its path.", runsNothing),
				Validators:          []validator.String{stringIs{isHostPath}},
				PlanModifiers:       withSpellings(pathMeaning),
			},
			"step": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Name of an earlier training step, whose artifact is mounted.", runsStep),
				Validators:          []validator.String{stringIs{isStepName}},
			},
			"version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Any text that changes with the content of `volume` or `host_path`, which then is not read at every plan; then their names count, too. Default: none.",
					runsStep),
				Validators: []validator.String{stringIs{isPrintable}},
			},
		}},
	}
}

func inputArtifactAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: describe("An artifact: that of an `mlops_model` or of another `mlops_workflow`. Its digest counts.", runsStep),
		Attributes: map[string]schema.Attribute{
			"volume": schema.StringAttribute{Required: true, MarkdownDescription: describe("Docker volume that holds it.", runsNothing),
				Validators: []validator.String{stringIs{isVolume}}},
			"path": schema.StringAttribute{Optional: true, MarkdownDescription: describe("Relative path inside the volume. Default: the whole volume.", runsNothing),
				Validators: []validator.String{stringIs{isRelativePath}}, PlanModifiers: withSpellings(pathMeaning)},
			"digest": schema.StringAttribute{Required: true, MarkdownDescription: describe("Digest of its content.", runsStep),
				Validators: []validator.String{stringIs{isPrintable}}},
		},
	}
}

// deploymentStepAttribute are the attributes of mlops_deployment, from the same
// definition. Some mean more here.
func deploymentStepAttribute() schema.Attribute {
	attributes := deploymentAttributes()
	image, _ := attributes["image"].(schema.StringAttribute)
	image.Required, image.Optional = false, true
	image.MarkdownDescription = "Image to run, as in `mlops_deployment`. Without it the step refers to the container that has the name already, whoever made it: " +
		"one that runs is left alone, one that is stopped is started, with a warning; one that is missing is a warning, and the step is `skipped`. " +
		"Such a step has no other attributes. " + string(changesRollout)
	attributes["image"] = image
	for name, text := range map[string]string{
		"name": "Name of the deployment, and of its first container: 2 to 63 lower-case letters, digits and hyphens. Exactly one of `name` and `detection_task` is set; the other one is computed.",
		"detection_task": "What the model detects, such as `hairnet_detection`: the deployment is named after it, " +
			"with the provider's `name_prefix` and hyphens (`pyt-hairnet-detection`).",
	} {
		attribute, _ := attributes[name].(schema.StringAttribute)
		attribute.MarkdownDescription = describe(text, renamesDeployment)
		attributes[name] = attribute
	}
	model, _ := attributes["model"].(schema.SingleNestedAttribute)
	model.MarkdownDescription = describe("The model that the replicas serve: `volume`, or `host_path`. It is mounted read-only, and `MODEL_PATH` says where. "+
		"Default: the artifact of the last training step before this one, if there is one.", changesRollout)
	attributes["model"] = model
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("A deployment, with the attributes of `mlops_deployment`. The workflow removes it with itself, if it made it.",
			"Each attribute says what changing it does."),
		Attributes: attributes,
	}
}
