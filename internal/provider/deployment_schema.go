package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// effect is what changing an attribute does: the last sentence of its
// documentation.
type effect string

// The effects.
const (
	changesNothing  effect = "Changing it touches no container."
	changesLive     effect = "Changing it is done live: the containers stay, nothing restarts."
	changesRollout  effect = "Changing it rolls out new containers."
	changesReplaces effect = "Changing it replaces the deployment."
	changesSecrets  effect = "Adding or removing a key rolls out new containers; changing a value does when `env_wo_version` changes with it."
)

// describe is the documentation of an attribute.
func describe(text string, e effect) string { return text + " " + string(e) }

// deploymentSchema is the schema of the resource mlops_deployment.
func deploymentSchema(ctx context.Context) schema.Schema {
	attributes := deploymentAttributes()
	maps.Copy(attributes, deploymentResultAttributes())
	attributes["timeouts"] = deploymentTimeouts(ctx)
	return schema.Schema{
		MarkdownDescription: "A model version, served by one or more replicas (containers) under one name.\n\n" +
			"Each attribute says what changing it does. *Live*: done on the running containers, the plan keeps `containers` known. " +
			"*Rollout*: new containers are started, awaited by `readiness` and take over before the old ones go " +
			"(see `rollout`); if they fail, the old ones go on serving and the apply fails. " +
			"What differs on the engine from what was applied appears in `drift`, and the next apply mends it.",
		Attributes: attributes,
	}
}

// deploymentAttributes are what a user says about a deployment: the arguments
// of the resource without timeouts.
func deploymentAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"resources":    resourcesAttribute(""),
		"port":         portAttribute(),
		"ports":        portsAttribute(),
		"readiness":    readinessAttribute(),
		"health_check": healthCheckAttribute(),
		"validation":   validationAttribute(),
		"rollout":      rolloutAttribute(),
		"mounts":       mountsAttribute(),
		"model":        modelAttribute(),
		"security":     securityAttribute(),
		"logging":      loggingAttribute(),
	}
	for _, group := range []map[string]schema.Attribute{
		nameAttributes(), imageAttributes(), processAttributes(changesRollout), environmentAttributes(changesRollout, changesSecrets), placementAttributes(), lifeAttributes(),
	} {
		maps.Copy(attributes, group)
	}
	return attributes
}

func nameAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: describe("Name of the deployment, and of its first container: 2 to 63 lower-case letters, digits and hyphens. "+
				"Exactly one of `name` and `detection_task` is set; the other one is computed.", changesReplaces),
			Validators: []validator.String{stringIs{isName}},
		},
		"detection_task": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: describe("What the model detects, such as `hairnet_detection`: the deployment is named after it, "+
				"with the provider's `name_prefix` and hyphens (`pyt-hairnet-detection`).", "Changing it replaces the deployment if its name changes."),
			Validators: []validator.String{stringIs{isTask}},
		},
	}
}

func imageAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"image": schema.StringAttribute{
			Required: true,
			MarkdownDescription: describe("Image to run: a reference such as `registry.example.com/hairnet-serve:2.3`, with a digest for a deployment that can be repeated exactly, "+
				"or the ID of an image on the engine. Spellings of the same reference (`nginx`, `docker.io/library/nginx:latest`) are equal.", changesRollout),
			Validators:    []validator.String{stringIs{isImage}},
			PlanModifiers: withSpellings(imageMeaning),
		},
		"pull_policy": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(deployment.PullMissing)),
			MarkdownDescription: describe("When the image is pulled: "+quoted(deployment.PullPolicies)+". "+
				"With `missing` (default) only when the engine does not have it. With `always` a tag that was pushed again is drift, and the next apply rolls it out.", changesNothing),
			Validators: []validator.String{stringIs{oneOf(deployment.PullPolicies)}},
		},
		"platform": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: describe("Platform of the image, as `os/arch` or `os/arch/variant`: `linux/amd64`. Default: the engine's own.",
				changesRollout),
			Validators: []validator.String{stringIs{isPlatform}},
		},
	}
}

// placementAttributes say how many replicas there are and what they reach.
func placementAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"replicas": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(1),
			MarkdownDescription: "Number of containers, 0 to 1000. Default 1. With 0 the deployment exists and nothing runs. " +
				"Changing it adds or removes containers; the others stay as they are.",
			Validators: []validator.Int64{between{least: 0, most: 1000}},
		},
		"networks": stringSet(describe("Docker networks that the replicas join beside the provider's own. They must exist. Default: none.", changesRollout),
			elements{values: []check{isNetwork}}),
		"labels": stringMap(describe("Docker labels of the containers, beside the provider's `default_labels`. Keys that begin with `mlops.` are reserved. Default: none.", changesRollout),
			elements{keys: []check{isLabelKey}}),
	}
}

// lifeAttributes say whether the replicas run, and when they are restarted.
func lifeAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"restart_policy": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: describe("When the engine restarts a container that exited: `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:N`. "+
				"Default `always`, which alone survives every kind of restart of the engine; what an import found stays. Left out later, it stays as it was.", changesLive),
			Validators:    []validator.String{stringIs{isRestartPolicy}},
			PlanModifiers: withSpellings(restartMeaning),
		},
		"stop_signal": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: describe("Signal that asks the process to stop, such as `SIGINT` or `15`. Default: the image's, else `SIGTERM`.", changesRollout),
			Validators:          []validator.String{stringIs{isSignal}},
			PlanModifiers:       withSpellings(canonicalSignal),
		},
		"desired_state": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(deployment.DesiredRunning)),
			MarkdownDescription: "Whether the replicas run: " + quoted(deployment.DesiredStates) + ". Default `running`. " +
				"A stopped deployment keeps its containers, and the engine does not start them again. Changing it stops or starts the same containers.",
			Validators: []validator.String{stringIs{oneOf(deployment.DesiredStates)}},
		},
		"restart_trigger": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: describe("Any text; a new one asks for a restart, by the same path as every other change, so that nothing is interrupted. Default: none.",
				changesRollout),
			Validators: []validator.String{stringIs{hasNoControl}},
		},
		"adopt_existing": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether a create takes over a container of the same name that this provider did not make. " +
				"It stays as it is, if the configuration matches it; else it is replaced by a rollout. Default `false`: such a container is an error. " +
				string(changesNothing) + " It is read only by a create.",
		},
	}
}
