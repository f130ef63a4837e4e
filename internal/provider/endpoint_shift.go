package provider

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// How the weights of an endpoint change.

const changesShift effect = "Changing it does nothing before the weights change; adding or removing `shift` reloads the gateway and drops no request."

// shiftModel is the attribute shift.
type shiftModel struct {
	Step     types.Int64  `tfsdk:"step"`
	Interval types.String `tfsdk:"interval"`
	AbortOn  types.Object `tfsdk:"abort_on"`
}

// abortOnModel is its attribute abort_on.
type abortOnModel struct {
	ErrorRate     types.Float64 `tfsdk:"error_rate"`
	Latency       types.String  `tfsdk:"latency"`
	LatencyOf     types.String  `tfsdk:"latency_of"`
	MaxRegression types.Float64 `tfsdk:"max_regression"`
	MinRequests   types.Int64   `tfsdk:"min_requests"`
}

var (
	abortOnType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"error_rate": types.Float64Type, "latency": types.StringType, "latency_of": types.StringType,
		"max_regression": types.Float64Type, "min_requests": types.Int64Type,
	}}
	shiftType = types.ObjectType{AttrTypes: map[string]attr.Type{"step": types.Int64Type, "interval": types.StringType, "abort_on": abortOnType}}
)

const minInterval = time.Second // the gateway is looked at once a second

func shiftAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("How changed weights of `traffic` take effect: in steps, and not at once. After each step, the last one too, the apply waits for `interval` and judges by `abort_on` "+
			"what the deployments did in it whose share grows. Where one of them breaks a bound, the endpoint goes back to what it was before the apply, and the apply fails with the figures. "+
			"A deployment that is added to `traffic` begins without a share, and one that is taken out stays until it has none; leave its resource in the configuration until the apply is done, for Terraform destroys first, "+
			"and a deployment that is destroyed leaves its part to the others at once. An interrupt (Ctrl-C) goes back, too. After an apply that was killed, the state has the weights that were reached, "+
			"and the next apply goes on from these; to go back at once, apply the old weights without `shift`. All steps together have to fit into `timeouts.update`. "+
			"Each step is written to Terraform's log (`TF_LOG=INFO`) with its figures. A create does not shift. Default: none; changed weights take effect at once.", changesShift),
		Attributes: map[string]schema.Attribute{
			"step": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(endpoint.DefaultStep),
				MarkdownDescription: describe(fmt.Sprintf("How much of the whole traffic moves in a step, in percentage points: 1 to 100. Default `%d`.", endpoint.DefaultStep), changesShift),
				Validators:          []validator.Int64{between{least: 1, most: 100}},
			},
			"interval": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(formatDuration(endpoint.DefaultInterval)),
				MarkdownDescription: describe("How long each step is looked at, as a duration; "+formatDuration(minInterval)+" at least. It goes on until `abort_on.min_requests` are reached. Default `"+
					formatDuration(endpoint.DefaultInterval)+"`.", changesShift),
				Validators: []validator.String{stringIs{durationAtLeast(minInterval)}},
			},
			"abort_on": abortOnAttribute(),
		},
	}
}

func abortOnAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("What a deployment whose share grows must not do in an interval. Each such deployment is judged by itself, by every request that it was given by weight or by `override_header` and that ended in the interval; "+
			"what is still being answered counts when it ends. At least one of `error_rate`, `latency` and `max_regression` is needed. Default: none; the intervals pass, and nothing is judged.", changesShift),
		Attributes: map[string]schema.Attribute{
			"error_rate": schema.Float64Attribute{
				Optional: true,
				MarkdownDescription: describe("The part of its requests that may fail, from `0` to less than `1`: of 100 requests `0.01` allows one. A request failed when it was answered with 5xx, by the deployment or, where no replica answered, by the gateway; "+
					"when its answer was cut, or a replica closed the connection without one; or when `fallback` had to answer. Clients that leave are no failures. Default: none.", changesShift),
			},
			"latency": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("How long its requests may wait, as a duration: from the moment that the gateway has read the head of a request, until the head of the answer is there. The length of a stream does not count. "+
					"Requests that failed do not count, and clients that left count with the time that they waited; a deployment that fails all that it is asked breaks the bound. Default: none.", changesShift),
				Validators: []validator.String{stringIs{durationAtLeast(time.Millisecond)}},
			},
			"latency_of": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(endpoint.DefaultLatencyOf)),
				MarkdownDescription: describe("Which latency `latency` and `max_regression` are about: "+quoted(endpoint.LatenciesOf)+". `p95` is the least that 95 of 100 requests did not exceed, exactly (by nearest rank, to the millisecond). Default `"+
					string(endpoint.DefaultLatencyOf)+"`.", changesShift),
				Validators: []validator.String{stringIs{oneOf(endpoint.LatenciesOf)}},
			},
			"max_regression": schema.Float64Attribute{
				Optional: true,
				MarkdownDescription: describe("How many times the latency of the deployments whose share shrinks, all of their requests together, it may have in the same interval: `1.5` is half as much again. "+
					"Where those were asked less than `min_requests` times, the last interval counts in which they were; where there is none, nothing is compared, and a warning says so. Default: none.", changesShift),
			},
			"min_requests": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(endpoint.DefaultMinRequests),
				MarkdownDescription: describe(fmt.Sprintf("How many requests of each such deployment are needed to judge it. With fewer the step is looked at for longer; if `timeouts.update` ends before, the endpoint goes back and the apply fails. Default `%d`.",
					endpoint.DefaultMinRequests), changesShift),
				Validators: []validator.Int64{between{least: 1, most: 1_000_000_000}},
			},
		},
	}
}

// shiftToSpec is what is meant; what is not there, or not known yet, is the default.
func shiftToSpec(object types.Object) *endpoint.Shift {
	m, ok := group[shiftModel](object)
	if !ok {
		return nil
	}
	s := &endpoint.Shift{
		Step:     cmp.Or(int(m.Step.ValueInt64()), endpoint.DefaultStep),
		Interval: durationOr(m.Interval, endpoint.DefaultInterval),
	}
	if a, ok := group[abortOnModel](m.AbortOn); ok {
		s.AbortOn = &endpoint.AbortOn{
			ErrorRate: a.ErrorRate.ValueFloat64Pointer(), Latency: durationOr(a.Latency, 0), MaxRegression: a.MaxRegression.ValueFloat64(),
			LatencyOf:   endpoint.LatencyOf(cmp.Or(a.LatencyOf.ValueString(), string(endpoint.DefaultLatencyOf))),
			MinRequests: cmp.Or(int(a.MinRequests.ValueInt64()), endpoint.DefaultMinRequests),
		}
	}
	return s
}

// shiftOf is the attribute of what was read, in the spelling of prior where that
// means the same.
func shiftOf(s *endpoint.Shift, prior types.Object) types.Object {
	if s == nil {
		return types.ObjectNull(shiftType.AttrTypes)
	}
	if reflect.DeepEqual(s, shiftToSpec(prior)) {
		return prior
	}
	bounds := types.ObjectNull(abortOnType.AttrTypes)
	if a := s.AbortOn; a != nil {
		bounds = types.ObjectValueMust(abortOnType.AttrTypes, encode(abortOnModel{
			ErrorRate: types.Float64PointerValue(a.ErrorRate), Latency: optionalDuration(a.Latency), MaxRegression: optionalFloat(a.MaxRegression),
			LatencyOf: types.StringValue(string(a.LatencyOf)), MinRequests: types.Int64Value(int64(a.MinRequests)),
		}))
	}
	return types.ObjectValueMust(shiftType.AttrTypes, encode(shiftModel{
		Step: types.Int64Value(int64(s.Step)), Interval: types.StringValue(formatDuration(s.Interval)), AbortOn: bounds,
	}))
}

// checkableShift is what can be said of it before all is known; what the
// attributes' own validators refuse is left out.
func checkableShift(config types.Object) *endpoint.Shift {
	s := shiftToSpec(config)
	if s == nil {
		return nil
	}
	m, _ := group[shiftModel](config)
	if s.Step < 1 || s.Step > 100 {
		s.Step = endpoint.DefaultStep
	}
	s.Interval = max(s.Interval, minInterval)
	a := s.AbortOn
	if a == nil {
		return s
	}
	said, _ := group[abortOnModel](m.AbortOn)
	if anyUnknown(said.ErrorRate, said.Latency, said.MaxRegression) || isSet(said.Latency) && a.Latency <= 0 {
		a.Latency = time.Second // some bound, or what its own validator refuses
	}
	if said.ErrorRate.IsUnknown() {
		a.ErrorRate = nil
	}
	if !slices.Contains(endpoint.LatenciesOf, a.LatencyOf) {
		a.LatencyOf = ""
	}
	a.MinRequests = max(a.MinRequests, 1)
	return s
}

// planShift keeps the spelling of what stays, and holds the time that the steps
// take against the time that an update may.
func (m *endpointState) planShift(prior endpointState) (diags diag.Diagnostics) {
	if !m.Shift.IsNull() && !prior.Shift.IsNull() && fullyKnown(m.Shift) && reflect.DeepEqual(shiftToSpec(m.Shift), shiftToSpec(prior.Shift)) {
		m.Shift = prior.Shift
	}
	s := shiftToSpec(m.Shift)
	if s == nil || !fullyKnown(m.Shift, m.Traffic, m.Timeouts) || !m.Name.Equal(prior.Name) {
		return nil
	}
	from, to := prior.toSpec("").Traffic, m.toSpec("").Traffic
	steps := len(endpoint.Steps(from, to, s.Step))
	takes, bound := time.Duration(steps)*s.Interval, updateOperation.timeout(m.Timeouts)
	if steps > 0 && takes >= bound {
		diags.Append(invalid(path.Root("shift"), "From %s to %s it takes %d steps, which are looked at for %s each: %s at least, and timeouts.update allows %s. Allow more with timeouts.update, or take larger steps or shorter intervals.",
			endpoint.Describe(from), endpoint.Describe(to), steps, formatDuration(s.Interval), formatDuration(takes), formatDuration(bound)))
	}
	return diags
}
