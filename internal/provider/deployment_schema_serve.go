package provider

import (
	"cmp"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// schemes are what a readiness request can be sent over.
var schemes = []string{"http", "https"}

func portsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("Ports published on the engine's host. Another order is an update that touches nothing. Default: none; containers on the provider's network need none.",
			changesRollout),
		Validators: []validator.List{elements{}},
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{needs{attributes: []string{"container_port"}}}, Attributes: map[string]schema.Attribute{
			"container_port": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Port inside the container, 1 to 65535. Required.", changesRollout),
				Validators:          []validator.Int64{between{least: 1, most: 65535}},
			},
			"host_port": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: describe("Port on the host, 1 to 65535; not with more than one replica. Two containers cannot hold it at once, "+
					"so a rollout then stops the old one first. Default: a free one, chosen by the engine at each start.", changesRollout),
				Validators: []validator.Int64{between{least: 1, most: 65535}},
			},
			"host_ip": textOr(schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Address of the host on which the port is open. Default `"+deployment.DefaultHostIP+"`: reachable from the host alone. "+
					"`0.0.0.0` opens it to everybody.", changesRollout),
				Validators: []validator.String{stringIs{isHostIP}},
			}, deployment.DefaultHostIP),
			"protocol": textOr(schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Protocol: "+quoted(deployment.Protocols)+". Default `"+deployment.DefaultProtocol+"`.", changesRollout),
				Validators:          []validator.String{stringIs{oneOf(deployment.Protocols)}},
			}, deployment.DefaultProtocol),
		}},
	}
}

func readinessAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("When a replica may serve: exactly one of `path`, `tcp` and `grpc`, asked from inside the provider's network, "+
			"so that the image needs no tool for it. Default: a replica that keeps running is ready.", changesNothing),
		Attributes: map[string]schema.Attribute{
			"path": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Ready when a GET of this path is answered with `expect_status`, such as `/v2/health/ready`.", changesNothing),
				Validators:          []validator.String{stringIs{isURLPath}},
			},
			"tcp": flagOr(schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: describe("Ready when the port accepts a connection. Many servers do so before the model is loaded. Default `false`.", changesNothing),
			}, false),
			"grpc": flagOr(schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: describe("Ready when the standard gRPC health service answers `SERVING`. Default `false`.", changesNothing),
			}, false),
			"grpc_service": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Service that `grpc` asks about. Default: the server as a whole.", changesNothing),
				Validators:          []validator.String{stringIs{isPrintable}},
			},
			"scheme": textOr(schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Scheme of the request: "+quoted(schemes)+". Certificates are not verified, as they name no container. Only with `path`. Default `"+
					deployment.DefaultScheme+"`.", changesNothing),
				Validators: []validator.String{stringIs{oneOf(schemes)}},
			}, deployment.DefaultScheme),
			"port": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Port inside the container that is asked, 1 to 65535. Default: `port` of the deployment.", changesNothing),
				Validators:          []validator.Int64{between{least: 1, most: 65535}},
			},
			"headers": stringMap(describe("Headers of the request. Only with `path`. Default: none.", changesNothing),
				elements{keys: []check{isHeaderName}, values: []check{hasNoControl}}),
			"expect_status": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Status code of a ready replica, 100 to 599. Only with `path`. Default: any from 200 to 299.", changesNothing),
				Validators:          []validator.Int64{between{least: 100, most: 599}},
			},
			"interval": durationAttribute(fmt.Sprintf("Time between two requests, as a duration. Without it they become rarer: every %dth of the time since the start, from %#q to %#q.",
				deployment.IntervalPart, formatDuration(deployment.MinInterval), formatDuration(deployment.MaxInterval)), changesNothing, 10*time.Millisecond),
			"startup_timeout": textOr(durationAttribute("How long a replica may take to become ready, as a duration, before the change fails and is rolled back. Default `"+
				formatDuration(deployment.DefaultStartupTimeout)+"`.", changesNothing, time.Millisecond), formatDuration(deployment.DefaultStartupTimeout)),
			"min_healthy_time": textOr(durationAttribute("How long a replica must stay ready, without a restart, before it serves, as a duration. Default `0s`.", changesNothing, 0), "0s"),
		},
	}
}

func rolloutAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: describe("How a change that needs new containers is done.", changesNothing),
		Attributes: map[string]schema.Attribute{
			"order": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Order of a replacement: "+quoted(deployment.Orders)+". Default: `start-first`, unless two cannot live side by side "+
					"(a `host_port`, the same GPU, not enough memory); the plan then warns of the interruption.", changesNothing),
				Validators: []validator.String{stringIs{oneOf(deployment.Orders)}},
			},
			"max_surge": numberOr(schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Replicas that are replaced at a time, 1 to 1000. Default 1.", changesNothing),
				Validators:          []validator.Int64{between{least: 1, most: 1000}},
			}, deployment.DefaultMaxSurge),
			"drain_timeout": textOr(schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("How long a replica may take to finish its requests when it is stopped, as a duration from a second to "+
					formatDuration(deployment.MaxDrainTimeout)+", and shorter than the update and the delete as a whole (`timeouts`). Default `"+
					formatDuration(deployment.DefaultDrainTimeout)+"`.", changesNothing),
				Validators:    []validator.String{stringIs{durationBetween(time.Second, deployment.MaxDrainTimeout)}},
				PlanModifiers: withSpellings(durationMeaning),
			}, formatDuration(deployment.DefaultDrainTimeout)),
			"auto_rollback": flagOr(schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: describe("Whether a failed rollout removes what it made and leaves the old replicas serving. "+
					"With `false` everything stays as it is, for inspection. Default `true`.", changesNothing),
			}, true),
			"keep_failed": flagOr(schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: describe("Whether a failed rollout keeps the replica that failed, stopped, for inspection: as the container `<name>."+
					"failed`, which the error names and the next apply or destroy removes. Default `false`.", changesNothing),
			}, false),
		},
	}
}

// resourcesAttribute are the limits of a container. What changing one does
// depends on the limit, unless always says what changing any does.
func resourcesAttribute(always effect) schema.Attribute {
	say := func(text string, e effect) string { return describe(text, cmp.Or(always, e)) }
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: say("Limits of each container. Default: unlimited.", "What changing it does depends on the limit, see each."),
		Attributes: map[string]schema.Attribute{
			"cpus": schema.Float64Attribute{
				Optional:            true,
				MarkdownDescription: say("CPU time in cores, such as `0.5` or `2`; 0.01 at least. Default: unlimited.", changesLive),
				Validators:          []validator.Float64{cores{}},
				PlanModifiers:       numbers(),
			},
			"memory": bytesAttribute("Memory in bytes, as `512m` or `4g`; 6m at least. A container that needs more is killed by the kernel. Default: unlimited.",
				cmp.Or(always, "Raising it is done live; lowering, adding or removing it rolls out new containers."), minMemory),
			"memory_reservation": bytesAttribute("Memory in bytes, as `256m`, that the engine tries to keep for the container when the host runs short; at most `memory`. Default: none.",
				cmp.Or(always, "Changing it is done live; removing it rolls out new containers."), minMemory),
			"gpus": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: say("GPUs: `all`, a count such as `1`, or `device=0,1`. Default: none.", changesRollout),
				Validators:          []validator.String{stringIs{isGPUs}},
			},
			"shm_size": bytesAttribute("Size of `/dev/shm` in bytes, as `1g`. Data loaders of training frameworks need more than the default. Default `64m`.",
				cmp.Or(always, changesRollout), 1),
			"pids_limit": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: say("Processes and threads, 1 or more. Default: unlimited.", changesLive),
				Validators:          []validator.Int64{between{least: 1, most: 1 << 22}}, // the kernel's own most
			},
		},
	}
}

// portAttribute is the one port that serves the model.
func portAttribute() schema.Attribute {
	return schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: describe("Port inside the container that serves the model, 1 to 65535: what `readiness` asks. Nothing is published by it, see `ports`. Default: none.",
			changesNothing),
		Validators: []validator.Int64{between{least: 1, most: 65535}},
	}
}

// dockerDuration is the shortest that the engine accepts in a health check.
const dockerDuration = time.Millisecond

// durationAttribute is an attribute such as 1m30s.
func durationAttribute(text string, e effect, least time.Duration) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: describe(text, e),
		Validators: []validator.String{stringIs{durationAtLeast(least)}}, PlanModifiers: withSpellings(durationMeaning)}
}

// bytesAttribute is an attribute such as 512m.
func bytesAttribute(text string, e effect, least int64) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: describe(text, e),
		Validators: []validator.String{stringIs{bytesAtLeast(least)}}, PlanModifiers: withSpellings(bytesMeaning)}
}

func stringList(description string, v elements) schema.Attribute {
	return schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description, Validators: []validator.List{v}}
}

func stringSet(description string, v elements) schema.Attribute {
	return schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description, Validators: []validator.Set{v}}
}

func stringMap(description string, v elements) schema.Attribute {
	return schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description, Validators: []validator.Map{v}}
}
