package provider

import (
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func (b *builder) ports(ports []deployment.Port) types.List {
	var out []portModel
	for _, p := range ports {
		out = append(out, portModel{
			ContainerPort: types.Int64Value(int64(p.Container)), HostPort: optionalInt(p.Host),
			HostIP: optionalString(p.HostIP), Protocol: optionalString(p.Protocol),
		})
	}
	return b.objects("ports", out)
}

func (b *builder) mounts(mounts []deployment.Mount) types.List {
	var out []mountModel
	for _, m := range mounts {
		out = append(out, mountModel{
			Type: types.StringValue(string(m.Type)), Source: optionalString(m.Source), Target: types.StringValue(m.Target),
			ReadOnly: optionalTrue(m.ReadOnly), Size: optionalBytes(m.Size),
		})
	}
	return b.objects("mounts", out)
}

func (b *builder) model(m *deployment.Model) types.Object {
	if m == nil {
		return b.noObject("model")
	}
	return b.object("model", modelModel{
		Volume: optionalString(m.Volume), Path: optionalString(m.Path), Digest: optionalString(m.Digest),
		HostPath: optionalString(m.HostPath), Target: optionalString(m.Target),
	})
}

func (b *builder) resources(r deployment.Resources) types.Object {
	if r == (deployment.Resources{}) {
		return b.noObject("resources")
	}
	return b.object("resources", resourcesModel{
		CPUs: optionalFloat(r.CPUs), Memory: optionalBytes(r.Memory), MemoryReservation: optionalBytes(r.MemoryReservation),
		GPUs: optionalString(r.GPUs), ShmSize: optionalBytes(r.ShmSize), PidsLimit: optionalInt(r.PidsLimit),
	})
}

func (b *builder) readiness(r *deployment.Readiness) types.Object {
	if r == nil {
		return b.noObject("readiness")
	}
	return b.object("readiness", readinessModel{
		Path: optionalString(r.Path), TCP: optionalTrue(r.TCP), GRPC: optionalTrue(r.GRPC), GRPCService: optionalString(r.GRPCService),
		Scheme: optionalString(r.Scheme), Port: optionalInt(r.Port), Headers: b.mapping(r.Headers), ExpectStatus: optionalInt(r.ExpectStatus),
		Interval: optionalDuration(r.Interval), StartupTimeout: optionalDuration(r.StartupTimeout), MinHealthyTime: optionalDuration(r.MinHealthyTime),
	})
}

func (b *builder) healthCheck(h *deployment.HealthCheck) types.Object {
	if h == nil {
		return b.noObject("health_check")
	}
	return b.object("health_check", healthCheckModel{
		Command: b.list(h.Command), Interval: optionalDuration(h.Interval), Timeout: optionalDuration(h.Timeout),
		StartPeriod: optionalDuration(h.StartPeriod), StartInterval: optionalDuration(h.StartInterval), Retries: optionalInt(h.Retries),
	})
}

func (b *builder) rollout(r deployment.Rollout) types.Object {
	if r == (deployment.Rollout{}) {
		return b.noObject("rollout")
	}
	m := rolloutModel{
		Order: optionalString(string(r.Order)), MaxSurge: optionalInt(r.MaxSurge), DrainTimeout: optionalDuration(r.DrainTimeout),
		AutoRollback: types.BoolNull(),
	}
	if r.NoRollback {
		m.AutoRollback = types.BoolValue(false)
	}
	return b.object("rollout", m)
}

func (b *builder) security(s deployment.Security) types.Object {
	if reflect.ValueOf(s).IsZero() {
		return b.noObject("security")
	}
	return b.object("security", securityModel{
		ReadOnly: optionalTrue(s.ReadOnly), CapAdd: b.set(s.CapAdd), CapDrop: b.set(s.CapDrop),
		NoNewPrivileges: types.BoolPointerValue(s.NoNewPrivileges), Seccomp: optionalString(s.Seccomp), AppArmor: optionalString(s.AppArmor),
	})
}

func (b *builder) logging(l *deployment.Logging) types.Object {
	if l == nil {
		return b.noObject("logging")
	}
	return b.object("logging", loggingModel{Driver: types.StringValue(l.Driver), Options: b.mapping(l.Options)})
}
