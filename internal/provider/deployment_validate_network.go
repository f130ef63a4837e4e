package provider

import (
	"net"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func (c *conversion) validatePorts(m deploymentArguments) {
	ports := groups[portModel](m.Ports)
	for i, p := range ports {
		at := c.at("ports").AtListIndex(i)
		if isSet(p.HostPort) && isSet(m.Replicas) && m.Replicas.ValueInt64() > 1 {
			c.diags.Append(invalid(at.AtName("host_port"),
				"%d replicas cannot share host port %d. Leave host_port out, so that the engine chooses one for each, or set replicas to 1.",
				m.Replicas.ValueInt64(), p.HostPort.ValueInt64()))
		}
		for j, q := range ports[:i] {
			if p.collides(q) {
				c.diags.Append(invalid(at.AtName("host_port"), "Host port %d is published by ports[%d] already.", p.HostPort.ValueInt64(), j))
			} else if p.repeats(q) {
				c.diags.Append(invalid(at, "It says the same as ports[%d].", j))
			}
		}
	}
}

// collides reports whether both want the same port of the host.
func (p portModel) collides(q portModel) bool {
	if !isSet(p.HostPort) || !isSet(q.HostPort) || anyUnknown(p.HostIP, q.HostIP, p.Protocol, q.Protocol) {
		return false
	}
	one, other := p.hostIP(), q.hostIP()
	return p.HostPort.Equal(q.HostPort) && p.protocol() == q.protocol() &&
		(one.Equal(other) || one.IsUnspecified() || other.IsUnspecified())
}

// repeats reports whether both publish the same port, wherever the engine likes.
func (p portModel) repeats(q portModel) bool {
	if !isSet(p.ContainerPort) || anyUnknown(p.HostPort, q.HostPort, q.ContainerPort, p.HostIP, q.HostIP, p.Protocol, q.Protocol) {
		return false
	}
	return p.ContainerPort.Equal(q.ContainerPort) && p.HostPort.Equal(q.HostPort) &&
		p.protocol() == q.protocol() && p.hostIP().Equal(q.hostIP())
}

func (p portModel) hostIP() net.IP {
	return net.ParseIP(stringOr(p.HostIP, deployment.DefaultHostIP))
}

func (p portModel) protocol() string { return stringOr(p.Protocol, "tcp") }

func (c *conversion) validateReadiness(m deploymentArguments) {
	r, ok := group[readinessModel](m.Readiness)
	if !ok {
		return
	}
	at := c.at("readiness")
	c.validateReadinessKind(at, r)
	if !anyUnknown(r.Port, m.Port) && r.Port.IsNull() && m.Port.IsNull() {
		c.diags.Append(invalid(at, "It is not known which port to ask. Set readiness.port, or port of the deployment."))
	}
	c.validateReadinessTimes(at, r)
}

// validateReadinessKind wants one kind, and no option of another one.
func (c *conversion) validateReadinessKind(at path.Path, r readinessModel) {
	if anyUnknown(r.Path, r.TCP, r.GRPC) {
		return
	}
	kinds := 0
	for _, set := range []bool{isSet(r.Path), r.TCP.ValueBool(), r.GRPC.ValueBool()} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		c.diags.Append(invalid(at, "Exactly one of path, tcp = true and grpc = true says what is asked; there are %d.", kinds))
		return
	}
	if r.Path.IsNull() {
		for name, set := range map[string]bool{
			"scheme": isSet(r.Scheme), "headers": isSet(r.Headers), "expect_status": isSet(r.ExpectStatus),
		} {
			if set {
				c.diags.Append(invalid(at.AtName(name), "Only readiness by path has it: remove it, or set path."))
			}
		}
	}
	if !r.GRPC.ValueBool() && isSet(r.GRPCService) {
		c.diags.Append(invalid(at.AtName("grpc_service"), "Only readiness by grpc has it: remove it, or set grpc = true."))
	}
}

// validateReadinessTimes refuses a replica that could never become ready.
func (c *conversion) validateReadinessTimes(at path.Path, r readinessModel) {
	if anyUnknown(r.StartupTimeout, r.MinHealthyTime, r.Interval) {
		return
	}
	startup := durationOr(r.StartupTimeout, deployment.DefaultStartupTimeout)
	if steady := durationOr(r.MinHealthyTime, 0); steady >= startup {
		c.diags.Append(invalid(at.AtName("min_healthy_time"), "A replica would have to stay ready for %s within a startup_timeout of %s.",
			formatDuration(steady), formatDuration(startup)))
	}
	if interval := durationOr(r.Interval, 0); interval > startup {
		c.diags.Append(invalid(at.AtName("interval"), "%s is longer than the startup_timeout of %s: a replica would be asked once.",
			formatDuration(interval), formatDuration(startup)))
	}
}

// durationOr is the duration that v says; values that cannot be read are
// refused where they stand.
func durationOr(v types.String, fallback time.Duration) time.Duration {
	if d, err := time.ParseDuration(v.ValueString()); err == nil {
		return d
	}
	return fallback
}
