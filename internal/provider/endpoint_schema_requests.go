package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// What an endpoint does with requests, as users write it.

func timeoutsHTTPAttribute() schema.Attribute {
	bound := func(text string, least, most time.Duration) schema.Attribute {
		return schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: describe(fmt.Sprintf(text, formatDuration(least), formatDuration(most)), changesTraffic),
			Validators:          []validator.String{stringIs{durationBetween(least, most)}},
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("How long the parts of a request may take. The head of a request has to be there within 30 seconds, or within `request` where that is less.",
			changesTraffic),
		Attributes: map[string]schema.Attribute{
			"connect": bound("How long a replica may take to accept a connection, from `%s` to `%s`; then it is tried again (see `retry`). "+
				"With more than a second, a replica that has just been started again may get a request before it is ready. Default `"+formatDuration(endpoint.DefaultConnectTimeout)+"`.",
				endpoint.MinConnectTimeout, endpoint.MaxConnectTimeout),
			"request": bound("The longest silence of a request, from `%s` to `%s`: of a replica before its answer begins, after which the client gets 504; of a replica in the midst of its answer, which then is cut off; of a client that has not sent all of it, who is given a minute at least. "+
				"Default `"+formatDuration(endpoint.DefaultRequestTimeout)+"`.", endpoint.MinSilence, endpoint.MaxSilence),
			"stream": bound("The longest silence of a replica, from `%s` to `%s`, before and in its answer to a client that accepts an event stream (`Accept: text/event-stream`), in place of `request`. "+
				"It bounds no stream's length: a stream that lasts longer than `rollout.drain_timeout` is cut off when its deployment changes. Default: that of `request`.", endpoint.MinSilence, endpoint.MaxSilence),
			"tunnel": bound("The longest silence of both sides of a WebSocket, from `%s` to `%s`. Default `"+formatDuration(endpoint.DefaultTunnelTimeout)+"`.", endpoint.MinSilence, endpoint.MaxSilence),
		},
	}
}

func maxBodyAttribute() schema.Attribute {
	return bytesAttribute("The longest body of a request in bytes, as `10m`. A longer one is answered with 413 before a deployment sees anything of it; a client that does not ask first (`Expect: 100-continue`) may see the connection close instead, as it is still sending. "+
		"A request that does not say how long its body is (`Transfer-Encoding: chunked`) is answered with 411. Default: unlimited.", changesTraffic, 1)
}

func retryAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("What happens with a request that a replica does not answer: where no connection comes about, or it ends before an answer has begun. It is tried again, with another replica of the deployment if there is one. "+
			"Where that is to no avail, or not allowed, its client gets 502 or 503; on a connection that has been used before, HAProxy may close that instead of answering.",
			changesTraffic),
		Attributes: map[string]schema.Attribute{
			"attempts": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(endpoint.DefaultAttempts),
				MarkdownDescription: describe(fmt.Sprintf("How often a request is tried in all: 1, which is not again, to %d. Default `%d`.", endpoint.MaxAttempts, endpoint.DefaultAttempts), changesTraffic),
				Validators:          []validator.Int64{between{least: 1, most: endpoint.MaxAttempts}},
			},
			"replay_post": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: describe("Whether a request other than GET and HEAD, too, is tried again once a replica has got it. **It then may be carried out twice**: say so only where that does no harm, as with a prediction. "+
					"What is longer than about 15 KiB is not sent again. Default `false`: such a request is tried again only where no connection came about; otherwise its client gets 502, or sees its connection close.", changesTraffic),
			},
		},
	}
}

func pathPrefixAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: describe("With what the paths of requests have to begin, such as `/models/iris`: this path, and those below it. Every other request is answered with 404, as is one with a `..` in its path. Default: none; all paths are answered.",
			changesTraffic),
		Validators: []validator.String{stringIs{isPathPrefix}},
	}
}

func stripPrefixAttribute() schema.Attribute {
	return schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: describe("Whether the deployments get paths without `path_prefix`, which they find in the header `X-Forwarded-Prefix`. Needs `path_prefix`. Default `false`.", changesTraffic),
	}
}

func accessLogAttribute() schema.Attribute {
	return schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: describe("Whether the gateway's log (`docker logs` of `gateway_container`) gets a line for each request when that ends, in JSON: `time`, `client` (an address), `key` (the name of an API key), `method`, `path`, `deployment`, `replica` (an address), `status`, "+
			"`received` and `sent` (bytes), `queue_ms`, `connect_ms`, `response_ms` (until the answer began), `total_ms`, `retries`, `end` (how it ended, in HAProxy's two letters; `--` is well). What there is none of is `-` or -1. "+
			"There is no line for a request whose client saw its connection close instead of getting 502 (see `retry`): `mlops_endpoint_status` counts it among `responses_cut`. "+
			"No query, no header and no key is in it, for they may be secret. Logging delays no request: lines that the engine does not take in time are lost. How much of the log is kept, the engine's log driver decides. Default `false`.", changesTraffic),
	}
}

func gatewayResourcesAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: describe("Limits of the gateway.", "What changing it does depends on the limit, see each."),
		Attributes: map[string]schema.Attribute{
			"cpus": schema.Float64Attribute{
				Optional:            true,
				MarkdownDescription: describe("CPU time in cores, such as `0.5` or `2`; 0.01 at least. The gateway has as many threads, rounded up. Default: unlimited.", changesTraffic),
				Validators:          []validator.Float64{cores{}},
			},
			"memory": bytesAttribute("Memory in bytes, as `256m`; "+deployment.FormatBytes(endpoint.MinMemory)+" at least. It has to do for 4,000 connections, and for two processes while the gateway reloads. Default: unlimited.",
				"Raising it is done live; lowering, adding or removing it makes a new gateway.", endpoint.MinMemory),
		},
	}
}

func metricsPortAttribute() schema.Attribute {
	return schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: describe("Port of the host, at `metrics_ip`, where the gateway exports metrics for Prometheus, at `/metrics`: of its process, of the requests of clients (frontend `clients`), and of each deployment (a backend of its name): "+
			"requests, status codes, average latencies, requests in flight, replicas that are up. The backend `.next-worker` is the gateway's own. A scraper that asks for `?scope=server` is told of each slot for a replica, too. "+
			"Counters begin anew with each reload of the gateway. Nobody is asked for a key there; on the edge and the traffic network the metrics are on port "+fmt.Sprint(endpoint.MetricsPort)+" of the gateway. "+
			"Default: none; no metrics are exported.", changesGateway),
		Validators: []validator.Int64{between{least: 1, most: 65535}},
	}
}

func metricsIPAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: describe("Address of the host at which `metrics_port` listens; `0.0.0.0` for all. Needs `metrics_port`. Default `127.0.0.1`.", changesGateway),
	}
}
