package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// statusAttributes are the facts about one deployment, the same wherever a data
// source shows one.
func statusAttributes() map[string]schema.Attribute {
	attributes := usageAttributes("Sum over the running replicas.")
	for name, attribute := range map[string]schema.Attribute{
		"name":     computedString("Name of the deployment, or of a container that this provider did not make."),
		"status":   computedString(statusDescription()),
		"reason":   computedString("Why `status` is what it is, where there is something to say: always for `error` and `not_found`."),
		"health":   computedString("What Docker's own health check says: `starting`, `healthy` or `unhealthy` (the worst of the replicas); null without a health check."),
		"image":    computedString("Image that the replicas run."),
		"image_id": computedString("The engine's ID of that image."),
		"revision": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "Revision that serves; null for a container that this provider did not make."},
		"owner": computedString("`owner` of the configuration that made it; null for a container that this provider did not make."),
		"managed": schema.BoolAttribute{Computed: true,
			MarkdownDescription: "Whether this provider made it, in this or another configuration."},
		"restart_count": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "How often the engine restarted containers of the deployment by its restart policy. Sum over the replicas."},
		"started_at": computedString("When the replica that runs longest was started (RFC 3339, UTC); null when none runs."),
		"replicas": schema.ListNestedAttribute{Computed: true,
			MarkdownDescription: "The replicas, by slot.",
			NestedObject:        schema.NestedAttributeObject{Attributes: replicaAttributes()}},
	} {
		attributes[name] = attribute
	}
	return attributes
}

func replicaAttributes() map[string]schema.Attribute {
	attributes := usageAttributes("Of this replica.")
	for name, attribute := range map[string]schema.Attribute{
		"slot":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of the replica, from 0."},
		"name":   computedString("Name of the container."),
		"id":     computedString("The engine's ID of the container."),
		"state":  computedString(statesText() + "."),
		"health": computedString("What Docker's own health check says; null without a health check."),
		"reason": computedString("Why `state` is what it is, where there is something to say: an error, paused, out of memory."),
		"exit_code": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "Exit code of the last run; null while the container runs and before it ever did."},
		"oom_killed": schema.BoolAttribute{Computed: true,
			MarkdownDescription: "Whether the last run ended because the memory limit was reached."},
		"restart_count": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "How often the engine restarted the container by its restart policy."},
		"started_at":  computedString("When it was last started (RFC 3339, UTC); null if never."),
		"finished_at": computedString("When its last run ended (RFC 3339, UTC); null while the first one lasts."),
		"image_id":    computedString("The engine's ID of the image it runs."),
		"addresses": schema.MapAttribute{Computed: true, ElementType: types.StringType,
			MarkdownDescription: "IP address by network name; empty while the container does not run."},
		"ports": schema.ListNestedAttribute{Computed: true,
			MarkdownDescription: "Published ports, with the host port that the engine chose where none was asked for.",
			NestedObject:        schema.NestedAttributeObject{Attributes: publishedPortAttributes()}},
	} {
		attributes[name] = attribute
	}
	return attributes
}

// usageAttributes are what is consumed: by one replica, or by all.
func usageAttributes(whose string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"cpu_percent": schema.Float64Attribute{Computed: true,
			MarkdownDescription: "CPU in percent of one core: 200 is two busy cores. " + whose + " Null when nothing runs or it cannot be read; never a placeholder 0."},
		"memory_bytes": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "Memory in bytes, without the page cache. " + whose + " Null like `cpu_percent`."},
		"memory_limit": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "Memory limit in bytes; the machine's memory for a replica without one. " + whose + " Null like `cpu_percent`."},
		"memory_percent": schema.Float64Attribute{Computed: true,
			MarkdownDescription: "Memory in percent of `memory_limit`." + " Null like `cpu_percent`."},
	}
}

func publishedPortAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"container_port": schema.Int64Attribute{Computed: true, MarkdownDescription: "Port inside the container."},
		"host_port":      schema.Int64Attribute{Computed: true, MarkdownDescription: "Port on the host; null while it is not published."},
		"host_ip":        computedString("Address on the host; null when the engine names none."),
		"protocol":       computedString("`tcp`, `udp` or `sctp`."),
	}
}

func computedString(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func statusDescription() string {
	return statesText() + ". `not_found` is an answer, never an error. " +
		"`error` when a replica failed or cannot be read, or when the replicas differ: `reason` says which and why."
}

func statesText() string { return quoted(deployment.States) }
