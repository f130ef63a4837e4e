package provider

import (
	"math"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// endpointStatusModel is one endpoint in a data source.
type endpointStatusModel struct {
	Name             types.String `tfsdk:"name"`
	Status           types.String `tfsdk:"status"`
	Reason           types.String `tfsdk:"reason"`
	Changing         types.Bool   `tfsdk:"changing"`
	Drift            types.List   `tfsdk:"drift"`
	Owner            types.String `tfsdk:"owner"`
	Revision         types.Int64  `tfsdk:"revision"`
	URL              types.String `tfsdk:"url"`
	GatewayContainer types.String `tfsdk:"gateway_container"`
	StartedAt        types.String `tfsdk:"started_at"`

	CountingSince     types.String                      `tfsdk:"counting_since"`
	CountingSeconds   types.Int64                       `tfsdk:"counting_seconds"`
	InFlight          types.Int64                       `tfsdk:"in_flight"`
	Requests          types.Int64                       `tfsdk:"requests"`
	RequestsPerSecond types.Int64                       `tfsdk:"requests_per_second"`
	Deployments       map[string]deploymentTrafficModel `tfsdk:"deployments"`
}

// deploymentTrafficModel is one deployment behind it.
type deploymentTrafficModel struct {
	Weight            types.Int64   `tfsdk:"weight"`
	WeightPercent     types.Float64 `tfsdk:"weight_percent"`
	SharePercent      types.Float64 `tfsdk:"share_percent"`
	Replicas          types.Int64   `tfsdk:"replicas"`
	Servers           types.Int64   `tfsdk:"servers"`
	ServersUp         types.Int64   `tfsdk:"servers_up"`
	InFlight          types.Int64   `tfsdk:"in_flight"`
	Requests          types.Int64   `tfsdk:"requests"`
	RequestsPerSecond types.Int64   `tfsdk:"requests_per_second"`
	Responses4xx      types.Int64   `tfsdk:"responses_4xx"`
	Responses5xx      types.Int64   `tfsdk:"responses_5xx"`
	ResponsesCut      types.Int64   `tfsdk:"responses_cut"`
	ClientAborts      types.Int64   `tfsdk:"client_aborts"`
	Retries           types.Int64   `tfsdk:"retries"`
	ErrorPercent      types.Float64 `tfsdk:"error_percent"`
	LatencyMS         types.Int64   `tfsdk:"latency_ms"`
	LatencyMaxMS      types.Int64   `tfsdk:"latency_max_ms"`
}

// newEndpointStatusModel converts what was observed.
func newEndpointStatusModel(o endpoint.Observation) endpointStatusModel {
	m := endpointStatusModel{
		Name: types.StringValue(o.Spec.Name), Status: types.StringValue(string(o.State)), Reason: text(o.Reason),
		Changing: types.BoolValue(o.Changing), Drift: driftOf(o.Drift), Owner: text(o.Spec.Owner), StartedAt: instant(o.StartedAt), Revision: positive(o.Revision),
		Deployments: map[string]deploymentTrafficModel{},
	}
	if o.Container != "" {
		m.GatewayContainer = types.StringValue(endpoint.GatewayName(o.Spec.Name))
	}
	if len(o.Spec.Traffic) > 0 { // else nobody knows what was asked for
		m.URL = types.StringValue(o.Spec.URL())
	}
	var weights, inFlight int
	var requests, rate uint64
	for _, r := range o.Spec.Traffic {
		c := countOf(o, r.Deployment)
		weights, inFlight = weights+r.Weight, inFlight+c.InFlight
		requests, rate = requests+c.Requests, rate+c.Rate
	}
	for _, r := range o.Spec.Traffic {
		d := deploymentTrafficModel{Weight: types.Int64Value(int64(r.Weight)), WeightPercent: percentOf(r.Weight, weights)}
		if n, ok := o.Replicas[r.Deployment]; ok {
			d.Replicas = types.Int64Value(int64(n))
		}
		if o.Figures != nil {
			d.count(countOf(o, r.Deployment), requests)
		}
		m.Deployments[r.Deployment] = d
	}
	if f := o.Figures; f != nil {
		m.CountingSince, m.CountingSeconds = instant(f.Since), types.Int64Value(int64(f.Period/time.Second))
		m.InFlight, m.Requests, m.RequestsPerSecond = types.Int64Value(int64(inFlight)), counted(requests), counted(rate)
	}
	return m
}

// countOf is zero of a deployment that the gateway does not know, or not yet.
func countOf(o endpoint.Observation, name string) endpoint.DeploymentCount {
	if o.Figures == nil {
		return endpoint.DeploymentCount{}
	}
	c, _ := o.Figures.Of(name)
	return c
}

// count takes over what was counted; all is of all deployments.
func (m *deploymentTrafficModel) count(c endpoint.DeploymentCount, all uint64) {
	m.SharePercent = percentOf(c.Requests, all)
	m.Servers, m.ServersUp, m.InFlight = types.Int64Value(int64(c.Servers)), types.Int64Value(int64(c.Up)), types.Int64Value(int64(c.InFlight))
	m.Requests, m.RequestsPerSecond = counted(c.Requests), counted(c.Rate)
	m.Responses4xx, m.Responses5xx, m.ResponsesCut = counted(c.ClientErrors), counted(c.ServerErrors), counted(c.Cut)
	m.ClientAborts, m.Retries = counted(c.Aborted), counted(c.Retries)
	m.ErrorPercent = percentOf(min(c.Errors(), c.Requests), c.Requests)
	if c.Answered > 0 {
		m.LatencyMS, m.LatencyMaxMS = types.Int64Value(c.Latency.Milliseconds()), types.Int64Value(c.LongestLatency.Milliseconds())
	}
}

func counted(n uint64) types.Int64 {
	return types.Int64Value(int64(min(n, math.MaxInt64)))
}

// percentOf is null of nothing.
func percentOf[N int | uint64](part, whole N) types.Float64 {
	if whole == 0 {
		return types.Float64Null()
	}
	return types.Float64Value(shortened(100 * float64(part) / float64(whole)))
}
