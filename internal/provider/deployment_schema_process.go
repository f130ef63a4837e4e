package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// processAttributes say what runs inside a container; e is what changing it does.
func processAttributes(e effect) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"entrypoint": stringList(describe("Program with its first arguments, instead of the image's entrypoint. Default: the image's.", e),
			elements{values: []check{hasNoNUL}}),
		"command": stringList(describe("Arguments of the entrypoint, instead of the image's command. Default: the image's.", e),
			elements{values: []check{hasNoNUL}}),
		"working_dir": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: describe("Absolute path of the folder in which the process starts. Default: the image's.", e),
			Validators:          []validator.String{stringIs{isContainerPath}},
			PlanModifiers:       withSpellings(pathMeaning),
		},
		"user": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: describe("User of the process, as `user`, `user:group` or numbers. Default: the image's.", e),
			Validators:          []validator.String{stringIs{isUser}},
		},
	}
}

// environmentAttributes are the variables of the process; e is what changing
// them does, secrets what changing env_wo does.
func environmentAttributes(e, secrets effect) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"env": stringMap(describe("Environment variables beside those of the image. They are kept in the state: see `env_wo` for secrets. Default: none.", e),
			elements{keys: []check{isEnvKey}, values: []check{hasNoNUL}}),
		"env_wo": schema.MapAttribute{
			Optional: true, WriteOnly: true, Sensitive: true, ElementType: types.StringType,
			MarkdownDescription: describe("Secret environment variables, write-only: their values reach the containers and nothing else, neither plan nor state, "+
				"and are hidden in log lines of error messages. Use ephemeral values, or the secret stands in the saved plan as part of the configuration. "+
				"Needs Terraform 1.11 or OpenTofu 1.11. Default: none.", secrets),
			Validators: []validator.Map{elements{keys: []check{isEnvKey}, values: []check{hasNoNUL}, secret: true}},
		},
		"env_wo_version": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: describe("Any text that changes with the values of `env_wo`, such as a number or a date. Needs `env_wo`. Default: none.", e),
			Validators:          []validator.String{stringIs{isPrintable}},
		},
	}
}

func healthCheckAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("Docker's own health check, a command that the engine runs inside the container. Default: the image's `HEALTHCHECK`. "+
			"It shows in the status; to decide when a replica may serve, `readiness` needs nothing inside the image.", changesRollout),
		Attributes: map[string]schema.Attribute{
			"command": schema.ListAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: describe("The check as Docker writes it: `[\"CMD\", \"program\", \"argument\"]`, `[\"CMD-SHELL\", \"shell command\"]`, "+
					"or `[\"NONE\"]` to switch the image's check off. Exit code 0 is healthy.", changesRollout),
				Validators: []validator.List{notEmpty{}, elements{values: []check{hasNoNUL}}},
			},
			"interval":     textOr(durationAttribute("Time between two checks, as a duration. Default `30s`.", changesRollout, dockerDuration), formatDuration(deployment.DefaultCheckInterval)),
			"timeout":      textOr(durationAttribute("How long one check may take, as a duration. Default `30s`.", changesRollout, dockerDuration), formatDuration(deployment.DefaultCheckTimeout)),
			"start_period": textOr(durationAttribute("Time after the start in which a failed check does not count, as a duration. Default `0s`.", changesRollout, 0), "0s"),
			"start_interval": durationAttribute("Time between two checks during `start_period`, as a duration. Default `5s`. Needs API "+startIntervalAPI+" (Docker 25).",
				changesRollout, dockerDuration),
			"retries": numberOr(schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Failed checks in a row that make a container unhealthy. Default 3.", changesRollout),
				Validators:          []validator.Int64{between{least: 1, most: 1000}},
			}, deployment.DefaultCheckRetries),
		},
	}
}

func loggingAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("Where the engine puts the containers' output. Default: as the engine is configured. "+
			"With a driver that cannot be read back, error messages are without log lines.", changesRollout),
		Attributes: map[string]schema.Attribute{
			"driver": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: describe("Name of the log driver, such as `json-file`, `local`, `journald` or `none`.", changesRollout),
				Validators:          []validator.String{stringIs{isLogDriver}},
			},
			"options": stringMap(describe("Options of the driver, such as `{ max-size = \"10m\" }`. Default: none.", changesRollout),
				elements{keys: []check{isPrintable}}),
		},
	}
}

func securityAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("Hardening of the containers. What an import found stays until it is set here.",
			changesRollout),
		Attributes: map[string]schema.Attribute{
			"read_only": flagOr(schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: describe("Whether the root file system is read-only; mounts stay as they are. Default `false`.", changesRollout),
			}, false),
			"cap_add": stringSet(describe("Linux capabilities beside Docker's default set, such as `SYS_PTRACE`, or `ALL`. Default: none.", changesRollout),
				elements{values: []check{isCapability}}),
			"cap_drop": stringSet(describe("Linux capabilities taken away, or `ALL`. Default: none.", changesRollout),
				elements{values: []check{isCapability}}),
			"no_new_privileges": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: describe("Whether a process can gain no privileges, by a setuid program for instance. "+
					"Default `true` for containers that this provider makes; an imported one stays as it was found.", changesRollout),
			},
			"seccomp": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Seccomp profile: `unconfined`, `builtin`, or the text of a JSON profile (`file(\"profile.json\")`). Default: the engine's.",
					changesRollout),
				Validators:    []validator.String{stringIs{isSeccomp}},
				PlanModifiers: withSpellings(compactJSON),
			},
			"apparmor": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Name of an AppArmor profile that the host has loaded, or `unconfined`. Default: the engine's.", changesRollout),
				Validators:          []validator.String{stringIs{isAppArmor}},
			},
		},
	}
}

func mountsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: describe("Volumes, folders of the host and tmpfs inside the containers. Another order is an update that touches nothing. Default: none.", changesRollout),
		Validators:          []validator.List{elements{}},
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{needs{attributes: []string{"type", "target"}}}, Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Kind of the mount: "+quoted(deployment.MountTypes)+". Required.", changesRollout),
				Validators:          []validator.String{stringIs{oneOf(deployment.MountTypes)}},
			},
			"source": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Name of the volume, or absolute path on the engine's host; not for `tmpfs`.", changesRollout),
				PlanModifiers:       withSpellings(sourceMeaning),
			},
			"target": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Absolute path inside the container. Required.", changesRollout),
				Validators:          []validator.String{stringIs{isMountTarget}},
				PlanModifiers:       withSpellings(pathMeaning),
			},
			"read_only": flagOr(schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: describe("Whether the container can only read it. Default `false`.", changesRollout),
			}, false),
			"size": bytesAttribute("Size of a `tmpfs` in bytes, as `64m` or `1g`; only for `tmpfs`. Default: half of the host's memory.", changesRollout, 1),
		}},
	}
}

func modelAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("The model that the replicas serve: `volume`, or `host_path`. It is mounted read-only, and `MODEL_PATH` says where. Default: none.",
			changesRollout),
		Attributes: map[string]schema.Attribute{
			"volume": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Docker volume that holds the model.", changesRollout),
				Validators:          []validator.String{stringIs{isVolume}},
			},
			"path": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Relative path of the model inside the volume. Default: the whole volume.", changesRollout),
				Validators:          []validator.String{stringIs{isRelativePath}},
				PlanModifiers:       withSpellings(pathMeaning),
			},
			"digest": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Digest of the model, such as `sha256:…`: a new one is a new model.", changesRollout),
				Validators:          []validator.String{stringIs{isPrintable}},
			},
			"host_path": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Absolute path of the model on the engine's host, instead of `volume`.", changesRollout),
				Validators:          []validator.String{stringIs{isHostPath}},
				PlanModifiers:       withSpellings(pathMeaning),
			},
			"target": textOr(schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Absolute path inside the container. Default `"+deployment.DefaultModelTarget+"`.", changesRollout),
				Validators:          []validator.String{stringIs{isMountTarget}},
				PlanModifiers:       withSpellings(pathMeaning),
			}, deployment.DefaultModelTarget),
		},
	}
}
