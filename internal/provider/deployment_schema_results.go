package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// deploymentResultAttributes are what the provider says about a deployment.
// None of them is volatile: status and health are the data source's.
func deploymentResultAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the deployment."},
		"revision": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "Number of the version of everything that needs new containers: a rollout adds one. 0 while an imported container runs as it was found."},
		"fingerprint": schema.StringAttribute{Computed: true,
			MarkdownDescription: "Hash of everything that needs new containers; secrets enter it as names and version only."},
		"image_id":     schema.StringAttribute{Computed: true, MarkdownDescription: "The engine's ID of the image that the replicas run."},
		"image_digest": schema.StringAttribute{Computed: true, MarkdownDescription: "Digest of that image in its registry (`name@sha256:…`); null for an image that was built on the engine."},
		"containers": schema.ListNestedAttribute{
			Computed:            true,
			MarkdownDescription: "The replicas, by slot. A plan that keeps them known changes the deployment without a new container.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"slot": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of the replica, from 0."},
				"name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the container."},
				"id":   schema.StringAttribute{Computed: true, MarkdownDescription: "The engine's ID of the container."},
			}},
		},
		"drift": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Sentences about what differs on the engine from what was applied: stopped, paused, removed or renamed containers, changed limits, " +
				"a tag that means another image now, a lost record. The plan empties it, and the apply mends what it names.",
		},
	}
}

// deploymentTimeouts bound the operations.
func deploymentTimeouts(ctx context.Context) schema.Attribute {
	return timeoutsAttribute(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}, changesNothing, map[string]string{
		"create": "Bound of a create, pulling the image and every `readiness` included. Default `20m`.",
		"read":   "Bound of a read. Default `2m`.",
		"update": "Bound of an update, every rollout included. When it is reached, the rollout is rolled back. Default `20m`.",
		"delete": "Bound of a destroy, draining included. Default `10m`.",
	})
}
