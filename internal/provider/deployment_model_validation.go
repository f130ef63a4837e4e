package provider

import (
	"cmp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

type validationModel struct {
	Method       types.String `tfsdk:"method"`
	Path         types.String `tfsdk:"path"`
	Scheme       types.String `tfsdk:"scheme"`
	Port         types.Int64  `tfsdk:"port"`
	Headers      types.Map    `tfsdk:"headers"`
	Body         types.String `tfsdk:"body"` // in a state also the digest of one
	ExpectStatus types.Int64  `tfsdk:"expect_status"`
	ExpectJSON   types.Map    `tfsdk:"expect_json"` // of expectationModel, by JSONPath
	MaxLatency   types.String `tfsdk:"max_latency"`
	Repeat       types.Int64  `tfsdk:"repeat"`
}

type expectationModel struct {
	Equals    types.String  `tfsdk:"equals"`
	Tolerance types.Float64 `tfsdk:"tolerance"`
}

func (c *conversion) validation(list types.List) []deployment.Validation {
	var out []deployment.Validation
	for i, m := range groups[validationModel](list) {
		v := deployment.Validation{
			Method: m.Method.ValueString(), Path: m.Path.ValueString(), Scheme: m.Scheme.ValueString(), Port: int(m.Port.ValueInt64()),
			Headers: stringMapOf(m.Headers), Body: m.Body.ValueString(), ExpectStatus: int(m.ExpectStatus.ValueInt64()),
			MaxLatency: c.duration(c.at("validation").AtListIndex(i).AtName("max_latency"), m.MaxLatency), Repeat: int(m.Repeat.ValueInt64()),
		}
		if deployment.IsBodyDigest(v.Body) {
			v.Body, v.BodyDigest = "", v.Body
		}
		for _, path := range sortedKeys(m.ExpectJSON.Elements()) {
			object, _ := m.ExpectJSON.Elements()[path].(types.Object)
			e, _ := group[expectationModel](object)
			v.ExpectJSON = append(v.ExpectJSON, deployment.Expectation{Path: path, Equals: e.Equals.ValueString(), Tolerance: e.Tolerance.ValueFloat64()})
		}
		out = append(out, v)
	}
	return out
}

// requests are the planned ones, with the bodies of the configuration: the plan
// may have kept the digest of one.
func (c *conversion) requests(planned, said types.List) []deployment.Validation {
	out, bodies := c.validation(planned), groups[validationModel](said)
	for i := range out {
		if out[i].BodyDigest != "" && i < len(bodies) {
			out[i].Body, out[i].BodyDigest = bodies[i].Body.ValueString(), ""
		}
	}
	return out
}

func validationOf(all []deployment.Validation) types.List {
	var out []validationModel
	for _, v := range all {
		out = append(out, validationModel{
			Method: optionalString(v.Method), Path: types.StringValue(v.Path), Scheme: optionalString(v.Scheme), Port: optionalInt(v.Port),
			Headers: optionalMap(v.Headers), Body: optionalString(cmp.Or(v.Body, v.BodyDigest)), ExpectStatus: optionalInt(v.ExpectStatus),
			ExpectJSON: expectationsOf(v.ExpectJSON), MaxLatency: optionalDuration(v.MaxLatency), Repeat: optionalInt(v.Repeat),
		})
	}
	return nestedObjects("validation", out)
}

func expectationsOf(all []deployment.Expectation) types.Map {
	kind, _ := objectTypes("validation")["expect_json"].(types.MapType)
	if len(all) == 0 {
		return types.MapNull(kind.ElemType)
	}
	object, _ := kind.ElemType.(types.ObjectType)
	out := make(map[string]attr.Value, len(all))
	for _, e := range all {
		out[e.Path] = types.ObjectValueMust(object.AttrTypes, encode(expectationModel{
			Equals: types.StringValue(e.Equals), Tolerance: types.Float64Value(e.Tolerance),
		}))
	}
	return types.MapValueMust(kind.ElemType, out)
}

// comparableRequests spells the defaults out and puts digests for large bodies, so that
// what was read from a record compares to what a configuration says.
func comparableRequests(s deployment.Spec) []deployment.Validation {
	out := slices.Clone(s.Recorded().Validation)
	for i := range out {
		out[i] = out[i].WithDefaults()
	}
	return out
}
