package provider

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// endpointState is the resource mlops_endpoint as configuration, plan and state
// hold it. Every value may be unknown.
type endpointState struct {
	Name     types.String `tfsdk:"name"`
	HostPort types.Int64  `tfsdk:"host_port"`
	HostIP   types.String `tfsdk:"host_ip"`
	Traffic  types.List   `tfsdk:"traffic"`
	Shift    types.Object `tfsdk:"shift"`

	Fallback       types.String `tfsdk:"fallback"`
	OverrideHeader types.String `tfsdk:"override_header"`
	Sticky         types.String `tfsdk:"sticky"`

	TLS  types.Object `tfsdk:"tls"`
	Auth types.Object `tfsdk:"auth"`

	TimeoutsHTTP types.Object `tfsdk:"timeouts_http"`
	MaxBody      types.String `tfsdk:"max_body"`
	Retry        types.Object `tfsdk:"retry"`
	PathPrefix   types.String `tfsdk:"path_prefix"`
	StripPrefix  types.Bool   `tfsdk:"strip_prefix"`
	AccessLog    types.Bool   `tfsdk:"access_log"`
	Resources    types.Object `tfsdk:"resources"`

	MetricsPort types.Int64  `tfsdk:"metrics_port"`
	MetricsIP   types.String `tfsdk:"metrics_ip"`

	ID       types.String   `tfsdk:"id"`
	URL      types.String   `tfsdk:"url"`
	Gateway  types.String   `tfsdk:"gateway_container"`
	Revision types.Int64    `tfsdk:"revision"`
	Drift    types.List     `tfsdk:"drift"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

type routeModel struct {
	Deployment types.String `tfsdk:"deployment"`
	Weight     types.Int64  `tfsdk:"weight"`
}

func routeType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{"deployment": types.StringType, "weight": types.Int64Type}}
}

var isEndpointName = check(func(v string) error {
	if !deployment.ValidName(v) { // one grammar for all names
		return errors.New("is not the name of an endpoint: 2 to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit")
	}
	return nil
})

// toSpec is what the engine of endpoints is asked for; all is known.
func (m endpointState) toSpec(owner string) endpoint.Spec {
	s := endpoint.Spec{
		Name: m.Name.ValueString(), Owner: owner, HostPort: int(m.HostPort.ValueInt64()), HostIP: m.HostIP.ValueString(),
		Fallback: m.Fallback.ValueString(), OverrideHeader: m.OverrideHeader.ValueString(), Sticky: endpoint.Sticky(m.Sticky.ValueString()),
		MetricsPort: int(m.MetricsPort.ValueInt64()), MetricsIP: m.MetricsIP.ValueString(),
		Timeouts: timeoutsToSpec(m.Timeouts),
	}
	s.Shift = shiftToSpec(m.Shift)
	m.requestsToSpec(&s)
	if s.Sticky == endpoint.StickyNone { // as endpoints that were made without it are recorded
		s.Sticky = ""
	}
	for _, r := range groups[routeModel](m.Traffic) {
		s.Traffic = append(s.Traffic, endpoint.Route{Deployment: r.Deployment.ValueString(), Weight: int(r.Weight.ValueInt64())})
	}
	return s
}

// withSecrets adds what the configuration alone says.
func (m endpointState) withSecrets(s endpoint.Spec, config endpointState) endpoint.Spec {
	s.TLS, s.Auth = endpointTLSToSpec(m.TLS, config.TLS), authToSpec(m.Auth, config.Auth)
	return s
}

// checkable is the same of a configuration that is not all known: what is not
// has a value that nothing is wrong with.
func (m endpointState) checkable() endpoint.Spec {
	s := m.toSpec("")
	if m.Name.IsUnknown() || isEndpointName(s.Name) != nil { // the attribute's own validator says that
		s.Name = "unknown"
	}
	if !m.HostPort.IsNull() && !isPort(s.HostPort) { // the same
		s.HostPort = 1
	}
	if m.HostIP.IsUnknown() {
		s.HostIP = ""
	}
	s.TLS, s.Auth, s.Shift = checkableTLS(m.TLS), checkableAuth(m.Auth), checkableShift(m.Shift)
	if anyUnknown(m.MetricsPort, m.MetricsIP) || !m.MetricsPort.IsNull() && !isPort(s.MetricsPort) { // the same
		s.MetricsPort, s.MetricsIP = 0, ""
	}
	m.checkableRequests(&s)
	if m.OverrideHeader.IsUnknown() {
		s.OverrideHeader = ""
	}
	if m.Sticky.IsUnknown() || !slices.Contains(endpoint.Stickies, s.Sticky) { // the same
		s.Sticky = ""
	}
	if m.Fallback.IsUnknown() || m.Traffic.IsUnknown() || m.unknownRoutes() {
		s.Fallback = ""
	}
	if m.Traffic.IsUnknown() {
		s.Traffic = []endpoint.Route{{Deployment: "unknown", Weight: 1}}
		return s
	}
	for i, r := range groups[routeModel](m.Traffic) {
		if !isSet(r.Deployment) || isName(r.Deployment.ValueString()) != nil {
			s.Traffic[i].Deployment = fmt.Sprintf("unknown-%d", i)
		}
		if !isSet(r.Weight) || r.Weight.ValueInt64() < 0 || r.Weight.ValueInt64() > endpoint.MaxWeight {
			s.Traffic[i].Weight = 1
		}
	}
	return s
}

// isPort reports whether there can be such a port; 0 is none, and what is not known yet.
func isPort(number int) bool { return number >= 1 && number <= 65535 }

// unknownRoutes reports whether a deployment of the traffic is not known yet.
func (m endpointState) unknownRoutes() bool {
	return slices.ContainsFunc(groups[routeModel](m.Traffic), func(r routeModel) bool { return !isSet(r.Deployment) })
}

// url is what the plan knows of it.
func (m endpointState) url() types.String {
	if anyUnknown(m.Name, m.HostPort, m.HostIP, m.TLS) {
		return types.StringUnknown()
	}
	return types.StringValue(m.withSecrets(m.toSpec(""), endpointState{}).URL())
}

// observedEndpoint is the state of an endpoint that was read; an import has no
// prior (nil).
func observedEndpoint(status endpoint.Status, prior *endpointState) endpointState {
	if prior != nil && len(status.Spec.Traffic) == 0 { // the record is lost, and with it all that was said
		next := *prior
		next.Drift = driftOf(status.Drift)
		return next
	}
	s := status.Spec
	routes := make([]attr.Value, 0, len(s.Traffic))
	for _, r := range s.Traffic {
		routes = append(routes, types.ObjectValueMust(routeType().AttrTypes, encode(routeModel{
			Deployment: types.StringValue(r.Deployment), Weight: types.Int64Value(int64(r.Weight)),
		})))
	}
	next := endpointState{
		Name: types.StringValue(s.Name), HostPort: optionalInt(s.HostPort), HostIP: optionalString(s.HostIP),
		Traffic:  types.ListValueMust(routeType(), routes),
		Shift:    shiftOf(s.Shift, types.ObjectNull(shiftType.AttrTypes)),
		Fallback: optionalString(s.Fallback), OverrideHeader: optionalString(s.OverrideHeader),
		Sticky:      types.StringValue(string(cmp.Or(s.Sticky, endpoint.StickyNone))),
		TLS:         endpointTLSOf(s.TLS),
		Auth:        authOf(s.Auth),
		MetricsPort: optionalInt(s.MetricsPort), MetricsIP: optionalString(s.MetricsIP),
		TimeoutsHTTP: timeoutsHTTPOf(s.TimeoutsHTTP), MaxBody: optionalBytes(s.MaxBody), Retry: retryOf(s.Retry),
		PathPrefix: optionalString(s.PathPrefix), StripPrefix: types.BoolValue(s.StripPrefix), AccessLog: types.BoolValue(s.AccessLog),
		Resources: gatewayResourcesOf(s.Resources),
		Gateway:   types.StringValue(endpoint.GatewayName(s.Name)), Revision: types.Int64Value(int64(status.Revision)),
		ID: types.StringValue(s.Name), URL: types.StringValue(s.URL()), Drift: driftOf(status.Drift), Timeouts: timeoutsOf(s.Timeouts),
	}
	if prior != nil {
		next.Timeouts, next.Shift = prior.Timeouts, shiftOf(s.Shift, prior.Shift)
		next.keep(prior)
		next.keepEmpty(prior)
	}
	return next
}
