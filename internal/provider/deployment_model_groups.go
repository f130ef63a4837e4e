package provider

import (
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func portsOf(ports []deployment.Port) types.List {
	var out []portModel
	for _, p := range ports {
		out = append(out, portModel{
			ContainerPort: types.Int64Value(int64(p.Container)), HostPort: optionalInt(p.Host),
			HostIP: optionalString(p.HostIP), Protocol: optionalString(p.Protocol),
		})
	}
	return nestedObjects("ports", out)
}

func mountsOf(mounts []deployment.Mount) types.List {
	var out []mountModel
	for _, m := range mounts {
		out = append(out, mountModel{
			Type: types.StringValue(string(m.Type)), Source: optionalString(m.Source), Target: types.StringValue(m.Target),
			ReadOnly: optionalTrue(m.ReadOnly), Size: optionalBytes(m.Size),
		})
	}
	return nestedObjects("mounts", out)
}

func modelGroupOf(m *deployment.Model) types.Object {
	if m == nil {
		return noNestedObject("model")
	}
	return nestedObject("model", modelModel{
		Volume: optionalString(m.Volume), Path: optionalString(m.Path), Digest: optionalString(m.Digest),
		HostPath: optionalString(m.HostPath), Target: optionalString(m.Target),
	})
}

func resourcesOf(r deployment.Resources) types.Object {
	if r == (deployment.Resources{}) {
		return noNestedObject("resources")
	}
	return nestedObject("resources", resourcesModel{
		CPUs: optionalFloat(r.CPUs), Memory: optionalBytes(r.Memory), MemoryReservation: optionalBytes(r.MemoryReservation),
		GPUs: optionalString(r.GPUs), ShmSize: optionalBytes(r.ShmSize), PidsLimit: optionalInt(r.PidsLimit),
	})
}

func readinessOf(r *deployment.Readiness) types.Object {
	if r == nil {
		return noNestedObject("readiness")
	}
	return nestedObject("readiness", readinessModel{
		Path: optionalString(r.Path), TCP: optionalTrue(r.TCP), GRPC: optionalTrue(r.GRPC), GRPCService: optionalString(r.GRPCService),
		Scheme: optionalString(r.Scheme), Port: optionalInt(r.Port), Headers: optionalMap(r.Headers), ExpectStatus: optionalInt(r.ExpectStatus),
		Interval: optionalDuration(r.Interval), StartupTimeout: optionalDuration(r.StartupTimeout), MinHealthyTime: optionalDuration(r.MinHealthyTime),
	})
}

func healthCheckOf(h *deployment.HealthCheck) types.Object {
	if h == nil {
		return noNestedObject("health_check")
	}
	return nestedObject("health_check", healthCheckModel{
		Command: optionalList(h.Command), Interval: optionalDuration(h.Interval), Timeout: optionalDuration(h.Timeout),
		StartPeriod: types.StringValue(formatDuration(h.StartPeriod)), StartInterval: optionalDuration(h.StartInterval), Retries: optionalInt(h.Retries),
	})
}

func rolloutOf(r deployment.Rollout) types.Object {
	if r == (deployment.Rollout{}) {
		return noNestedObject("rollout")
	}
	m := rolloutModel{
		Order: optionalString(string(r.Order)), MaxSurge: optionalInt(r.MaxSurge), DrainTimeout: optionalDuration(r.DrainTimeout),
		AutoRollback: types.BoolNull(), KeepFailed: optionalTrue(r.KeepFailed),
	}
	if r.NoRollback {
		m.AutoRollback = types.BoolValue(false)
	}
	return nestedObject("rollout", m)
}

func securityOf(s deployment.Security) types.Object {
	if reflect.ValueOf(s).IsZero() {
		return noNestedObject("security")
	}
	return nestedObject("security", securityModel{
		ReadOnly: optionalTrue(s.ReadOnly), CapAdd: optionalSet(s.CapAdd), CapDrop: optionalSet(s.CapDrop),
		NoNewPrivileges: types.BoolPointerValue(s.NoNewPrivileges), Seccomp: optionalString(s.Seccomp), AppArmor: optionalString(s.AppArmor),
	})
}

func loggingOf(l *deployment.Logging) types.Object {
	if l == nil {
		return noNestedObject("logging")
	}
	return nestedObject("logging", loggingModel{Driver: types.StringValue(l.Driver), Options: optionalMap(l.Options)})
}
