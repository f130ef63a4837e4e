package provider

import (
	"path"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// toSpec is the domain's view of a deployment. What is unknown is left out, so
// only what is fully known may be believed. Errors are values that cannot be
// read, at their paths; validation has caught them unless they were unknown then.
func (m deploymentModel) toSpec() (deployment.Spec, diag.Diagnostics) {
	c := conversion{}
	spec := m.deploymentArguments.toSpec(&c)
	spec.Timeouts = timeoutsToSpec(m.Timeouts)
	return spec, c.diags
}

func (m deploymentArguments) toSpec(c *conversion) deployment.Spec {
	return deployment.Spec{
		Name:           m.Name.ValueString(),
		Image:          c.image("image", m.Image),
		PullPolicy:     deployment.PullPolicy(m.PullPolicy.ValueString()),
		Platform:       m.Platform.ValueString(),
		Entrypoint:     stringsOf(m.Entrypoint),
		Command:        stringsOf(m.Command),
		WorkingDir:     cleanPath(m.WorkingDir),
		User:           m.User.ValueString(),
		Env:            stringMapOf(m.Env),
		Secrets:        deployment.Secrets{Version: m.EnvWOVersion.ValueString()},
		Port:           int(m.Port.ValueInt64()),
		Ports:          c.ports(m.Ports),
		Replicas:       int(m.Replicas.ValueInt64()),
		Networks:       sortedSet(m.Networks),
		Mounts:         c.mounts(m.Mounts),
		Model:          c.model(m.Model),
		Resource:       c.resources(m.Resources),
		Readiness:      c.readiness(m.Readiness),
		HealthCheck:    c.healthCheck(m.HealthCheck),
		Validation:     c.validation(m.Validation),
		Rollout:        c.rollout(m.Rollout),
		RestartPolicy:  restartPolicy(m.RestartPolicy),
		Labels:         stringMapOf(m.Labels),
		Security:       c.security(m.Security),
		Logging:        c.logging(m.Logging),
		StopSignal:     canonicalSignal(m.StopSignal.ValueString()),
		DesiredState:   deployment.DesiredState(m.DesiredState.ValueString()),
		RestartTrigger: m.RestartTrigger.ValueString(),
		AdoptExisting:  m.AdoptExisting.ValueBool(),
	}
}

// restartPolicy is the one spelling: no count of retries is the same as 0.
func restartPolicy(v types.String) deployment.RestartPolicy {
	if v.ValueString() == "on-failure:0" {
		return deployment.RestartOnFailure
	}
	return deployment.RestartPolicy(v.ValueString())
}

// cleanPath is the one spelling of a path: no doubled and no trailing slash.
func cleanPath(v types.String) string {
	if v.ValueString() == "" || drivePathRE.MatchString(v.ValueString()) {
		return v.ValueString()
	}
	return path.Clean(v.ValueString())
}

func (c *conversion) ports(list types.List) []deployment.Port {
	var out []deployment.Port
	for _, p := range groups[portModel](list) {
		out = append(out, deployment.Port{
			Container: int(p.ContainerPort.ValueInt64()), Host: int(p.HostPort.ValueInt64()),
			HostIP: p.HostIP.ValueString(), Protocol: p.Protocol.ValueString(),
		})
	}
	return out
}

func (c *conversion) mounts(list types.List) []deployment.Mount {
	var out []deployment.Mount
	for i, m := range groups[mountModel](list) {
		source := m.Source.ValueString()
		if m.Type.ValueString() == string(deployment.MountBind) {
			source = cleanPath(m.Source)
		}
		out = append(out, deployment.Mount{
			Type: deployment.MountType(m.Type.ValueString()), Source: source, Target: cleanPath(m.Target),
			ReadOnly: m.ReadOnly.ValueBool(), Size: c.bytes(c.at("mounts").AtListIndex(i).AtName("size"), m.Size),
		})
	}
	return out
}

func (c *conversion) model(object types.Object) *deployment.Model {
	m, ok := group[modelModel](object)
	if !ok {
		return nil
	}
	return &deployment.Model{
		Volume: m.Volume.ValueString(), Path: cleanPath(m.Path), Digest: m.Digest.ValueString(),
		HostPath: cleanPath(m.HostPath), Target: cleanPath(m.Target),
	}
}

func (c *conversion) resources(object types.Object) deployment.Resources {
	m, _ := group[resourcesModel](object)
	at := c.at("resources")
	return deployment.Resources{
		CPUs:              m.CPUs.ValueFloat64(),
		Memory:            c.bytes(at.AtName("memory"), m.Memory),
		MemoryReservation: c.bytes(at.AtName("memory_reservation"), m.MemoryReservation),
		GPUs:              m.GPUs.ValueString(),
		ShmSize:           c.bytes(at.AtName("shm_size"), m.ShmSize),
		PidsLimit:         m.PidsLimit.ValueInt64(),
	}
}

func (c *conversion) readiness(object types.Object) *deployment.Readiness {
	m, ok := group[readinessModel](object)
	if !ok {
		return nil
	}
	at := c.at("readiness")
	return &deployment.Readiness{
		Path: m.Path.ValueString(), TCP: m.TCP.ValueBool(), GRPC: m.GRPC.ValueBool(), GRPCService: m.GRPCService.ValueString(),
		Scheme: m.Scheme.ValueString(), Port: int(m.Port.ValueInt64()), Headers: stringMapOf(m.Headers),
		ExpectStatus:   int(m.ExpectStatus.ValueInt64()),
		Interval:       c.duration(at.AtName("interval"), m.Interval),
		StartupTimeout: c.duration(at.AtName("startup_timeout"), m.StartupTimeout),
		MinHealthyTime: c.duration(at.AtName("min_healthy_time"), m.MinHealthyTime),
	}
}

func (c *conversion) healthCheck(object types.Object) *deployment.HealthCheck {
	m, ok := group[healthCheckModel](object)
	if !ok {
		return nil
	}
	at := c.at("health_check")
	return &deployment.HealthCheck{
		Command:       stringsOf(m.Command),
		Interval:      c.duration(at.AtName("interval"), m.Interval),
		Timeout:       c.duration(at.AtName("timeout"), m.Timeout),
		StartPeriod:   c.duration(at.AtName("start_period"), m.StartPeriod),
		StartInterval: c.duration(at.AtName("start_interval"), m.StartInterval),
		Retries:       int(m.Retries.ValueInt64()),
	}
}

func (c *conversion) rollout(object types.Object) deployment.Rollout {
	m, _ := group[rolloutModel](object)
	return deployment.Rollout{
		Order: deployment.Order(m.Order.ValueString()), MaxSurge: int(m.MaxSurge.ValueInt64()),
		DrainTimeout: c.duration(c.at("rollout").AtName("drain_timeout"), m.DrainTimeout),
		NoRollback:   !m.AutoRollback.IsNull() && !m.AutoRollback.ValueBool(),
		KeepFailed:   m.KeepFailed.ValueBool(),
	}
}

func (c *conversion) security(object types.Object) deployment.Security {
	m, _ := group[securityModel](object)
	return deployment.Security{
		ReadOnly: m.ReadOnly.ValueBool(),
		CapAdd:   capabilities(m.CapAdd), CapDrop: capabilities(m.CapDrop),
		NoNewPrivileges: m.NoNewPrivileges.ValueBoolPointer(),
		Seccomp:         compactJSON(m.Seccomp.ValueString()), AppArmor: m.AppArmor.ValueString(),
	}
}

func (c *conversion) logging(object types.Object) *deployment.Logging {
	m, ok := group[loggingModel](object)
	if !ok {
		return nil
	}
	return &deployment.Logging{Driver: m.Driver.ValueString(), Options: stringMapOf(m.Options)}
}

func capabilities(set types.Set) []string {
	out := sortedSet(set)
	for i := range out {
		out[i] = canonicalCapability(out[i])
	}
	return out
}

// timeoutsToSpec keeps the user's spelling, for an import to find.
func timeoutsToSpec(v timeouts.Value) deployment.Timeouts {
	text := func(name string) string {
		s, _ := v.Attributes()[name].(types.String)
		return s.ValueString()
	}
	return deployment.Timeouts{Create: text("create"), Read: text("read"), Update: text("update"), Delete: text("delete")}
}
