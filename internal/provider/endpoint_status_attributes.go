package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// endpointStatusAttributes are the facts about one endpoint.
func endpointStatusAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"status": computedString(quoted(endpoint.States) + ". `serving`: every deployment that requests can reach has all its replicas up. `degraded`: some are not up, or a deployment is gone. " +
			"`down`: the gateway does not run, or no replica is up that could answer. `not_found` is an answer, never an error. `error` when the gateway cannot be asked. `reason` says why it is not `serving`."),
		"reason": computedString("Why `status` is what it is, in sentences; null when it is `serving`."),
		"changing": schema.BoolAttribute{Computed: true,
			MarkdownDescription: "Whether somebody is changing the endpoint right now."},
		"drift": schema.ListAttribute{Computed: true, ElementType: types.StringType,
			MarkdownDescription: "How the endpoint differs from what was applied, in sentences, as in the resource. Empty while it is `changing`."},
		"owner": computedString("`owner` of the configuration that made it; null when there is none."),
		"revision": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "Revision of the endpoint, as in the resource; null when there is none."},
		"url":               computedString("Where its clients find it; null when there is none."),
		"gateway_container": computedString("Name of the gateway's container; null when there is none."),
		"started_at":        computedString("When the gateway was started (RFC 3339, UTC); null when it does not run."),
		"counting_since":    computedString("Since when requests are counted (RFC 3339, UTC, to the second); null, like all figures, when the gateway does not run or cannot be asked."),
		"counting_seconds": schema.Int64Attribute{Computed: true,
			MarkdownDescription: "How long ago `counting_since` was, in seconds."},
		"in_flight":           computedNumber("Requests that are not finished. Sum over the deployments."),
		"requests":            computedNumber("Requests since `counting_since`, those in flight among them. Sum over the deployments."),
		"requests_per_second": computedNumber("Requests in the last second. Sum over the deployments."),
		"deployments": schema.MapNestedAttribute{Computed: true,
			MarkdownDescription: "The deployments of the endpoint's `traffic`, by name; empty when there is no such endpoint.",
			NestedObject:        schema.NestedAttributeObject{Attributes: deploymentTrafficAttributes()}},
	}
}

// deploymentTrafficAttributes are the figures of one deployment behind an endpoint.
func deploymentTrafficAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"weight":         computedNumber("Weight in effect; in the middle of a `shift` that of its latest step."),
		"weight_percent": computedPercent("Part of the requests that the weight stands for, in percent."),
		"share_percent": computedPercent("Part of the requests since `counting_since` that it got, in percent: requests from before a change of weights are among them. " +
			"Null when there were none."),
		"replicas":            computedNumber("Replicas that the deployment should have; null when it is gone."),
		"servers":             computedNumber("Replicas that the gateway knows the address of, those of a rollout among them."),
		"servers_up":          computedNumber("Those of them that it sends requests to."),
		"in_flight":           computedNumber("Requests that are not finished."),
		"requests":            computedNumber("Requests since `counting_since`, those in flight among them. One that was tried again counts once."),
		"requests_per_second": computedNumber("Requests in the last second."),
		"responses_4xx":       computedNumber("Answers with a status from 400 to 499."),
		"responses_5xx":       computedNumber("Answers with a status from 500: those of the deployment, and 502, 503 and 504 of the gateway where no replica answered."),
		"responses_cut": computedNumber("Answers that a replica began and did not finish, whatever their status, and requests that it left without an answer where the gateway closed the client's connection as well instead of answering 502. " +
			"Where HAProxy does not tell which were which (2.6), the larger of both numbers counts."),
		"client_aborts": computedNumber("Requests whose client left while request or answer was on its way. One that leaves before the answer begins is not noticed."),
		"retries":       computedNumber("Further attempts of the gateway after a replica refused a connection or did not answer."),
		"error_percent": computedPercent("`responses_5xx` and `responses_cut` in percent of `requests`. Null when there were none."),
		"latency_ms": computedNumber("Time from the connection to a replica until its answer begins, upload of the request included, in milliseconds: " +
			"average of about the last 1024 answers of each replica, newer ones counting more. Null when there were none."),
		"latency_max_ms": computedNumber("The longest since `counting_since`, in milliseconds. Null when there were none."),
	}
}

func computedNumber(description string) schema.Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

func computedPercent(description string) schema.Attribute {
	return schema.Float64Attribute{Computed: true, MarkdownDescription: description}
}
