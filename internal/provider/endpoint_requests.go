package provider

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// What an endpoint does with requests, between Terraform and the domain.

// timeoutsHTTPModel is the attribute timeouts_http.
type timeoutsHTTPModel struct {
	Connect types.String `tfsdk:"connect"`
	Request types.String `tfsdk:"request"`
	Stream  types.String `tfsdk:"stream"`
	Tunnel  types.String `tfsdk:"tunnel"`
}

// retryModel is the attribute retry.
type retryModel struct {
	Attempts   types.Int64 `tfsdk:"attempts"`
	ReplayPost types.Bool  `tfsdk:"replay_post"`
}

// gatewayResourcesModel is the attribute resources.
type gatewayResourcesModel struct {
	CPUs   types.Float64 `tfsdk:"cpus"`
	Memory types.String  `tfsdk:"memory"`
}

var (
	timeoutsHTTPType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"connect": types.StringType, "request": types.StringType, "stream": types.StringType, "tunnel": types.StringType,
	}}
	retryType            = types.ObjectType{AttrTypes: map[string]attr.Type{"attempts": types.Int64Type, "replay_post": types.BoolType}}
	gatewayResourcesType = types.ObjectType{AttrTypes: map[string]attr.Type{"cpus": types.Float64Type, "memory": types.StringType}}
)

var isPathPrefix = check(func(v string) error {
	if !endpoint.ValidPathPrefix(v) {
		return errors.New("is no beginning of paths such as /models/iris: segments of letters, digits, hyphens, underscores, dots and tildes, none of which begins with a dot, and no slash at the end")
	}
	return nil
})

// requestsToSpec adds it to what the engine of endpoints is asked for.
func (m endpointState) requestsToSpec(s *endpoint.Spec) {
	var c conversion // its attributes' validators have said what cannot be read
	if t, ok := group[timeoutsHTTPModel](m.TimeoutsHTTP); ok {
		read := func(v types.String) time.Duration { return c.duration(c.at("timeouts_http"), v) }
		s.TimeoutsHTTP = endpoint.TimeoutsHTTP{Connect: read(t.Connect), Request: read(t.Request), Stream: read(t.Stream), Tunnel: read(t.Tunnel)}
	}
	s.MaxBody = c.bytes(c.at("max_body"), m.MaxBody)
	if r, ok := group[retryModel](m.Retry); ok {
		s.Retry = endpoint.Retry{Attempts: int(r.Attempts.ValueInt64()), ReplayPost: r.ReplayPost.ValueBool()}
	}
	s.PathPrefix, s.StripPrefix, s.AccessLog = m.PathPrefix.ValueString(), m.StripPrefix.ValueBool(), m.AccessLog.ValueBool()
	if r, ok := group[gatewayResourcesModel](m.Resources); ok {
		s.Resources = endpoint.Resources{CPUs: r.CPUs.ValueFloat64(), Memory: c.bytes(c.at("resources"), r.Memory)}
	}
}

// checkableRequests leaves of it what is wrong in itself to the attributes' own
// validators.
func (m endpointState) checkableRequests(s *endpoint.Spec) {
	s.TimeoutsHTTP, s.MaxBody, s.Retry, s.Resources = endpoint.TimeoutsHTTP{}, 0, endpoint.Retry{}, endpoint.Resources{}
	if m.PathPrefix.IsUnknown() || !m.PathPrefix.IsNull() && !endpoint.ValidPathPrefix(s.PathPrefix) {
		s.PathPrefix, s.StripPrefix = "", false
	}
}

func timeoutsHTTPOf(t endpoint.TimeoutsHTTP) types.Object {
	if t == (endpoint.TimeoutsHTTP{}) {
		return types.ObjectNull(timeoutsHTTPType.AttrTypes)
	}
	return types.ObjectValueMust(timeoutsHTTPType.AttrTypes, encode(timeoutsHTTPModel{
		Connect: optionalDuration(t.Connect), Request: optionalDuration(t.Request), Stream: optionalDuration(t.Stream), Tunnel: optionalDuration(t.Tunnel),
	}))
}

func retryOf(r endpoint.Retry) types.Object {
	if r == (endpoint.Retry{}) {
		return types.ObjectNull(retryType.AttrTypes)
	}
	return types.ObjectValueMust(retryType.AttrTypes, encode(retryModel{
		Attempts: types.Int64Value(int64(r.Attempts)), ReplayPost: types.BoolValue(r.ReplayPost),
	}))
}

func gatewayResourcesOf(r endpoint.Resources) types.Object {
	if r == (endpoint.Resources{}) {
		return types.ObjectNull(gatewayResourcesType.AttrTypes)
	}
	return types.ObjectValueMust(gatewayResourcesType.AttrTypes, encode(gatewayResourcesModel{CPUs: optionalFloat(r.CPUs), Memory: optionalBytes(r.Memory)}))
}

// keep gives values that mean the same as in prior their spelling there, "5m"
// for "300s": each by itself, for what is not known yet may turn out either way.
func (m *endpointState) keep(prior *endpointState) {
	m.MaxBody = spelled(m.MaxBody, prior.MaxBody, parseBytes)
	if next, ok := group[timeoutsHTTPModel](m.TimeoutsHTTP); ok {
		before, _ := group[timeoutsHTTPModel](prior.TimeoutsHTTP)
		m.TimeoutsHTTP = types.ObjectValueMust(timeoutsHTTPType.AttrTypes, encode(timeoutsHTTPModel{
			Connect: spelled(next.Connect, before.Connect, parseDuration), Request: spelled(next.Request, before.Request, parseDuration),
			Stream: spelled(next.Stream, before.Stream, parseDuration), Tunnel: spelled(next.Tunnel, before.Tunnel, parseDuration),
		}))
	}
	if next, ok := group[gatewayResourcesModel](m.Resources); ok {
		before, _ := group[gatewayResourcesModel](prior.Resources)
		m.Resources = types.ObjectValueMust(gatewayResourcesType.AttrTypes, encode(gatewayResourcesModel{
			CPUs: next.CPUs, Memory: spelled(next.Memory, before.Memory, parseBytes),
		}))
	}
}

// spelled is next, or prior if that is another spelling of the same.
func spelled[T comparable](next, prior types.String, parse func(string) (T, error)) types.String {
	if !isSet(next) || !isSet(prior) {
		return next
	}
	one, errOne := parse(next.ValueString())
	other, errOther := parse(prior.ValueString())
	if errOne != nil || errOther != nil || one != other {
		return next
	}
	return prior
}

// keepEmpty keeps groups that say nothing: they are recorded as none.
func (m *endpointState) keepEmpty(prior *endpointState) {
	next, before := m.toSpec(""), prior.toSpec("")
	if next.TimeoutsHTTP == before.TimeoutsHTTP {
		m.TimeoutsHTTP = prior.TimeoutsHTTP
	}
	if next.Resources == before.Resources {
		m.Resources = prior.Resources
	}
}

// complete plans what is known of the results, and no difference where only the
// spelling is another one. prior is nil of an endpoint that is yet to be.
func (m *endpointState) complete(prior *endpointState) {
	m.ID, m.URL, m.Drift, m.Revision = m.Name, m.url(), noDrift(), types.Int64Unknown()
	m.Gateway = types.StringUnknown()
	if isSet(m.Name) {
		m.Gateway = types.StringValue(endpoint.GatewayName(m.Name.ValueString()))
	}
	if prior == nil {
		return
	}
	m.keep(prior)
	if !m.anyArgumentUnknown() && isSet(prior.Revision) && !m.said().Revises(prior.said()) {
		m.Revision = prior.Revision
	}
}

// interruption warns of a change that takes the endpoint out of service for a
// while. outdated: prior's gateway has to be made anew in any case.
func (m *endpointState) interruption(prior *endpointState, outdated bool) diag.Diagnostics {
	name := m.Name.ValueString()
	if m.anyArgumentUnknown() {
		return nil
	}
	said, before := m.said(), prior.said()
	if !said.Exchanges(before, outdated) {
		return nil
	}
	why := said.Interrupts(before, outdated)
	if why == "" {
		return warnings("endpoint", name, []string{fmt.Sprintf("Changing endpoint %[1]q makes its gateway anew, beside the old one. "+gone(before)+
			"Containers that reach it as %[1]s:%[2]d may be refused while both gateways have that name: the new one until it knows its replicas, "+
			"the old one while it finishes the requests that it has, for 30 seconds at most.", name, endpoint.Port)})
	}
	return warnings("endpoint", name, []string{fmt.Sprintf("Changing endpoint %q interrupts it: its gateway is made anew, and %s (stop-first). "+
		"It refuses new requests while the old gateway finishes those that it has, for 30 seconds at most, and until the new one runs.", name, why)})
}

// gone says what becomes of host ports when the next gateway has none of them.
func gone(before endpoint.Spec) string {
	var ports []string
	for _, p := range before.Published() {
		ports = append(ports, fmt.Sprint(p.Port))
	}
	if len(ports) == 0 {
		return ""
	}
	return "Once it serves, nothing answers at host port " + strings.Join(ports, ", ") + " any more. "
}

// said is all that a user has said, but for secrets.
func (m endpointState) said() endpoint.Spec {
	return m.withSecrets(m.toSpec(""), endpointState{})
}

// anyArgumentUnknown reports whether something is not known of what a user says.
func (m endpointState) anyArgumentUnknown() bool {
	said := m
	said.ID, said.URL, said.Gateway, said.Drift, said.Revision = types.StringNull(), types.StringNull(), types.StringNull(), noDrift(), types.Int64Null()
	for _, v := range encode(said) {
		if !fullyKnown(v) {
			return true
		}
	}
	return false
}
