package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
)

// maxKeepVersions is beyond what anybody keeps; it catches a size or a date.
const maxKeepVersions = 1000

// What changing an attribute of a model does.
const (
	changesModel  effect = "Changing it uploads nothing."
	replacesModel effect = "Changing it replaces the model. What is used by then is neither removed nor uploaded again."
)

// modelSchema is the schema of the resource mlops_model.
func modelSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A model on the engine: a local file or folder, uploaded once and addressed by its content.\n\n" +
			"Each content gets a volume of its own, named after its digest, which is never written to again: a deployment mounts `artifact`, and a new content is a new volume. " +
			"The plan reads the source and shows the new `digest`, so that everything that uses `artifact` shows its rollout in the same plan. " +
			"An upload that was cut or killed is never visible, and the next apply completes it. " +
			"Models with the same content share the volume.\n\n" +
			"What differs on the engine from what was applied appears in `drift`, and the next apply mends it.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: describe("Name of the model: 2 to 63 lower-case letters, digits and hyphens. "+
					"`terraform import` finds the model by it.", replacesModel),
				Validators:    []validator.String{stringIs{isModelName}},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"source": sourceAttribute(),
			"version": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("What people call this version of the model, such as `2.3`: any text, recorded with the model. Default: none.", changesModel),
				Validators:          []validator.String{stringIs{isPrintable}},
			},
			"verify": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: describe("Whether a create or an update reads the whole artifact back and compares it with the source, which takes about as long as uploading it. "+
					"Default `false`: the sizes and the modes of all files are compared.", changesModel),
			},
			"keep_versions": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(artifact.DefaultKeepVersions),
				MarkdownDescription: describe(fmt.Sprintf("How many contents of the model stay on the engine, the current one included: 1 to %d. Default %d. "+
					"An older one is removed by the next change of the model, once nothing uses it any more: no container, no deployment, no other model and no workflow.",
					maxKeepVersions, artifact.DefaultKeepVersions), changesModel),
				Validators: []validator.Int64{between{least: 1, most: maxKeepVersions}},
			},
			"timeouts": modelTimeouts(ctx),

			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the model."},
			"digest": schema.StringAttribute{Computed: true,
				MarkdownDescription: "Digest (`sha256:…`) over the paths, the modes and the contents of all files: a renamed file is another content. " +
					"Of a file's mode it knows whether the file can be executed; times and owners are not part of it."},
			"size":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Bytes of all files together."},
			"artifact": artifactAttribute(),
			"drift": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Sentences about what differs on the engine from what was uploaded: a volume that was removed, files that are missing or altered, a lost record. " +
					"The plan empties it, and the apply mends what it names.",
			},
		},
	}
}

func sourceAttribute() schema.Attribute {
	return schema.StringAttribute{
		Required: true,
		MarkdownDescription: "Path of the file or folder on the machine that runs Terraform; a relative one begins in the working directory. " +
			"Every plan reads it, or only its listing while sizes and times are as they were when it was read last. Symbolic links within a folder are kept; " +
			"one that leaves it, a device, an empty folder and a path that does not exist are errors of the plan. " +
			"If it changes between plan and apply, Terraform stops before anything is done; " +
			"what the same apply writes therefore has to come from a value that is known only afterwards.\n\n" +
			"Another content, or another name of a file, is uploaded in place before whatever uses `artifact` is updated. " +
			"Another path to the same content changes nothing; it is taken into the state with the next change. " +
			"The path is recorded on the engine, for an import to find.",
		Validators: []validator.String{stringIs{isPrintable}},
	}
}

func artifactAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: "The content on the engine, as the `model` of an `mlops_deployment` takes it. The plan knows it as soon as it knows `source`.",
		Attributes: map[string]schema.Attribute{
			"volume": schema.StringAttribute{Computed: true, MarkdownDescription: "Volume that holds the content and nothing else."},
			"path":   schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the file inside the volume; null for a folder, whose content is the volume's."},
			"digest": schema.StringAttribute{Computed: true, MarkdownDescription: "The same as `digest`."},
		},
	}
}

// modelTimeouts bound the operations.
func modelTimeouts(ctx context.Context) schema.Attribute {
	return timeoutsAttribute(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}, changesModel, map[string]string{
		"create": "Bound of a create, the upload included. Default `" + formatDuration(uploadOperation.fallback) + "`.",
		"read":   "Bound of a read. Default `2m`.",
		"update": "Bound of an update, the upload included. Default `" + formatDuration(reuploadOperation.fallback) + "`.",
		"delete": "Bound of a destroy. Default `10m`.",
	})
}
