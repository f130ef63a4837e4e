package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// What changing an attribute of an endpoint does.
const (
	changesTraffic     effect = "Changing it drops no request and touches no container of a deployment."
	changesCertificate effect = "Changing it reloads the gateway and drops no request; clients that begin anew get the new one."
	changesKey         effect = "Changing it does nothing before `key_wo_version` changes; then the old key is refused, and the new one taken, within a second."
	changesGateway     effect = "Changing it makes a new gateway; the old one finishes the requests that it has."
	replacesGateway    effect = "Changing it replaces the endpoint."
)

// endpointSchema is the schema of the resource mlops_endpoint.
func endpointSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A stable address that splits traffic over deployments.\n\n" +
			"Behind it is a gateway: a container with HAProxy, between the edge network (`<network>-edge`, where clients in containers find it under its name) and the traffic network " +
			"(`<network>-traffic`), which the replicas of the deployments join while they serve. Neither creating an endpoint in front of running deployments nor removing it restarts anything of theirs. " +
			"Once a deployment is behind an endpoint its rollouts drop no request: a new replica gets requests when it is ready, and an old one is stopped when the gateway has no request in flight on it any more " +
			"(`rollout.drain_timeout` bounds that; what takes longer is cut off).\n\n" +
			"Each request is sent by weight, however many replicas a deployment has. A replica gets no requests before it has passed its readiness check, also after the engine has started it again. The gateway asks for that every 150 ms: " +
			"one that fails gets no requests while another one passes, and after ten failures in a row none at all. Where a deployment has no replica left, its requests are answered with 503, or by `fallback`. " +
			"A deployment that is destroyed leaves its part to the others; the last one of an endpoint cannot be destroyed before the endpoint.\n\n" +
			"A deployment learns who asks from the gateway: `X-Forwarded-For` is the address that the connection comes from (of clients on the host itself, that of the engine's bridge), `X-Forwarded-Proto` is `http` or `https`, and `X-Forwarded-Host` what the client called the endpoint. " +
			"What a client itself sends as `Forwarded` or `X-Forwarded-…` is taken out of the request.\n\n" +
			"What differs on the engine from what was applied appears in `drift`, and the next apply mends it.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: describe("Name of the endpoint: 2 to 63 lower-case letters, digits and hyphens. On the edge network it is the gateway's host name. "+
					"`terraform import` finds the endpoint by it.", replacesGateway),
				Validators:    []validator.String{stringIs{isEndpointName}},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"host_port": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: describe("Port of the host on which the endpoint answers. Without it, only containers on the edge network reach the endpoint, on port "+
					fmt.Sprint(endpoint.Port)+". Default: none.", changesGateway),
				Validators: []validator.Int64{between{least: 1, most: 65535}},
			},
			"host_ip": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Address of the host on which it listens; `0.0.0.0` for all. Needs `host_port`. Default `127.0.0.1`.", changesGateway),
			},
			"traffic": trafficAttribute(),
			"shift":   shiftAttribute(),
			"fallback": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Name of the deployment that answers for another one of which no replica is ready. It is an entry of `traffic`, with weight 0 if it is to do nothing else. "+
					"That the last replica has died is known after one or two seconds; requests until then may be answered with 503. A request that named its deployment by `override_header` is never answered by another. Default: none; such requests are answered with 503.", changesTraffic),
			},
			"override_header": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Name of a header, such as `x-mlops-deployment`, by which a request can name the deployment of `traffic` that answers it, whatever the weights: so a deployment with weight 0 "+
					"can be tried. A name that is not there is answered with 404. Whoever reaches the endpoint can send it. Default: none.", changesTraffic),
			},
			"sticky": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(endpoint.StickyNone)),
				MarkdownDescription: describe("Whether a client stays with its deployment: `none`, each request is sent by weight; `cookie`, a client keeps the number that its first request drew in the cookie "+
					"`mlops-<name>`, and moves only as far as the weights do: from 50/30/20 to 40/30/30, one client of ten does, and another order of `traffic` moves nobody. Clients without cookies are sent by weight. Default `none`.", changesTraffic),
				Validators: []validator.String{stringIs{oneOf(endpoint.Stickies)}},
			},
			"tls":  endpointTLSAttribute(),
			"auth": authAttribute(),

			"timeouts_http": timeoutsHTTPAttribute(),
			"max_body":      maxBodyAttribute(),
			"retry":         retryAttribute(),
			"path_prefix":   pathPrefixAttribute(),
			"strip_prefix":  stripPrefixAttribute(),
			"access_log":    accessLogAttribute(),
			"resources":     gatewayResourcesAttribute(),

			"metrics_port": metricsPortAttribute(),
			"metrics_ip":   metricsIPAttribute(),

			"timeouts": endpointTimeouts(ctx),

			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the endpoint."},
			"url": schema.StringAttribute{Computed: true, MarkdownDescription: "Where clients find it: `http://127.0.0.1:8501` with a `host_port` (`https` with `tls`), " +
				"else `http://<name>:" + fmt.Sprint(endpoint.Port) + "` for containers on the edge network."},
			"gateway_container": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the gateway's container: `docker logs` of it shows what the proxy says, and the lines of `access_log`."},
			"revision": schema.Int64Attribute{Computed: true, MarkdownDescription: "Rises with every change of the endpoint that is applied, but for one of `timeouts`. " +
				"Mending `drift` makes no revision, nor does a deployment that leaves the traffic because it is destroyed."},
			"drift": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Sentences about what differs on the engine from what was applied: a gateway that is stopped, paused or gone, weights or a configuration that were changed by hand. " +
					"The plan empties it, and the apply mends what it names.",
			},
		},
	}
}

func trafficAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Required:            true,
		MarkdownDescription: describe(fmt.Sprintf("The deployments that answer, 1 to %d of them, each once. A changed weight takes effect within a second, without a reload of the gateway.", endpoint.MaxRoutes), changesTraffic),
		Validators:          []validator.List{elements{}},
		// Not required by the schema: that would refuse an entry of which nothing is known yet.
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{needs{attributes: []string{"deployment", "weight"}}}, Attributes: map[string]schema.Attribute{
			"deployment": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("Name of a deployment. Required. Write `mlops_deployment.example.name`, so that Terraform makes it first. "+
					"It needs a `port`, and has to speak HTTP without TLS there.", changesTraffic),
				Validators: []validator.String{stringIs{isName}},
			},
			"weight": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: describe(fmt.Sprintf("Its part of the requests, relative to the sum of all weights: 0 to %d. Required. With 0 it gets none but those of `fallback` and `override_header`.",
					endpoint.MaxWeight), changesTraffic),
				Validators: []validator.Int64{between{least: 0, most: endpoint.MaxWeight}},
			},
		}},
	}
}

// endpointTimeouts bound the operations.
func endpointTimeouts(ctx context.Context) schema.Attribute {
	return timeoutsAttribute(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}, changesNothing, map[string]string{
		"create": "Bound of a create, the pull of the gateway's image included. Default `20m`.",
		"read":   "Bound of a read. Default `2m`.",
		"update": "Bound of an update, the drain of deployments that leave included. Default `20m`.",
		"delete": "Bound of a destroy, the requests in flight included. Default `10m`.",
	})
}
