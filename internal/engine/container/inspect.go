package container

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// toolLabels are label prefixes that tools put on containers and that nobody
// writes into a configuration.
var toolLabels = []string{"mlops.", "com.docker.", "desktop.docker.io/", "org.opencontainers."}

// specOf rebuilds the Spec of a container by inspection; what the image gives
// by default is subtracted. Values of write-only variables never come out:
// their keys are on the label of containers that we made.
func specOf(c docker.Container, img docker.Image, name string) deployment.Spec {
	cfg, host := c.Config, c.HostConfig
	defaults := img.Config
	if defaults == nil {
		defaults = &docker.ContainerConfig{}
	}
	ref, err := docker.CanonicalImage(cfg.Image)
	if err != nil {
		ref = cfg.Image
	}
	s := deployment.Spec{
		Name: name, Owner: cfg.Labels[docker.LabelOwner], Image: ref, Replicas: 1,
		Entrypoint:    unlessEqual(cfg.Entrypoint, defaults.Entrypoint),
		Command:       unlessEqual(cfg.Cmd, defaults.Cmd),
		WorkingDir:    unless(cfg.WorkingDir, defaults.WorkingDir),
		User:          unless(cfg.User, defaults.User),
		StopSignal:    unless(cfg.StopSignal, defaults.StopSignal),
		Env:           map[string]string{},
		Labels:        map[string]string{},
		Networks:      foundNetworks(c),
		Ports:         foundPorts(host.PortBindings),
		Mounts:        foundMounts(host),
		Resource:      foundResources(host),
		RestartPolicy: docker.RestartPolicyText(host.RestartPolicy),
		Security:      foundSecurity(host),
		DesiredState:  deployment.DesiredRunning,
	}
	if keys := cfg.Labels[docker.LabelSecretKeys]; keys != "" {
		s.Secrets.Keys = strings.Split(keys, ",")
	}
	for _, kv := range cfg.Env {
		k, v, _ := strings.Cut(kv, "=")
		if !slices.Contains(defaults.Env, kv) && !slices.Contains(s.Secrets.Keys, k) {
			s.Env[k] = v
		}
	}
	for k, v := range cfg.Labels {
		if defaults.Labels[k] != v && !slices.ContainsFunc(toolLabels, func(p string) bool { return strings.HasPrefix(k, p) }) {
			s.Labels[k] = v
		}
	}
	if h := cfg.Healthcheck; h != nil && len(h.Test) > 0 && !equalHealth(h, defaults.Healthcheck) {
		s.HealthCheck = &deployment.HealthCheck{
			Command: h.Test, Interval: h.Interval, Timeout: h.Timeout,
			StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: h.Retries,
		}
	}
	if l := host.LogConfig; l.Type != "" && (l.Type != "json-file" || len(l.Config) > 0) {
		s.Logging = &deployment.Logging{Driver: l.Type, Options: maps.Clone(l.Config)}
	}
	return s
}

func unless(v, fallback string) string {
	if v == fallback {
		return ""
	}
	return v
}

func unlessEqual(v, fallback []string) []string {
	if slices.Equal(v, fallback) {
		return nil
	}
	return slices.Clone(v)
}

func equalHealth(a, b *docker.HealthConfig) bool {
	return b != nil && slices.Equal(a.Test, b.Test) && a.Interval == b.Interval && a.Timeout == b.Timeout &&
		a.StartPeriod == b.StartPeriod && a.StartInterval == b.StartInterval && a.Retries == b.Retries
}

// foundNetworks are the networks beside the engine's defaults and ours.
func foundNetworks(c docker.Container) []string {
	var out []string
	managed := c.Config.Labels[session.LabelNetwork]
	for n := range c.Networks {
		if n != managed && n != endpoint.TrafficNetwork(managed) && !slices.Contains([]string{"bridge", "host", "none", deployment.DefaultNetwork, endpoint.TrafficNetwork(deployment.DefaultNetwork)}, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

func foundPorts(bindings nat.PortMap) []deployment.Port {
	var out []deployment.Port
	for port, hosts := range bindings {
		for _, h := range hosts {
			n, _ := strconv.Atoi(h.HostPort)
			out = append(out, deployment.Port{
				Container: port.Int(), Protocol: port.Proto(), Host: n, HostIP: cmp.Or(h.HostIP, "0.0.0.0"),
			})
		}
	}
	slices.SortFunc(out, func(a, b deployment.Port) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Host, b.Host))
	})
	return out
}

func foundMounts(host *docker.HostConfig) []deployment.Mount {
	var out []deployment.Mount
	for _, m := range host.Mounts {
		found := deployment.Mount{Type: deployment.MountType(m.Type), Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly}
		if m.TmpfsOptions != nil {
			found.Size = m.TmpfsOptions.SizeBytes
		}
		out = append(out, found)
	}
	for _, b := range host.Binds {
		parts := strings.Split(b, ":")
		if len(parts) < 2 {
			continue
		}
		m := deployment.Mount{Type: deployment.MountVolume, Source: parts[0], Target: parts[1]}
		if strings.HasPrefix(parts[0], "/") {
			m.Type = deployment.MountBind
		}
		if len(parts) > 2 {
			m.ReadOnly = slices.Contains(strings.Split(parts[2], ","), "ro")
		}
		out = append(out, m)
	}
	for target := range host.Tmpfs {
		out = append(out, deployment.Mount{Type: deployment.MountTmpfs, Target: target})
	}
	slices.SortFunc(out, func(a, b deployment.Mount) int { return cmp.Compare(a.Target, b.Target) })
	return out
}

// defaultShmSize is the engine's own, which it writes into every container.
const defaultShmSize = 64 << 20

func foundResources(host *docker.HostConfig) deployment.Resources {
	l := limitsOf(host)
	r := deployment.Resources{
		CPUs: float64(l.CPUQuota) / 100_000, Memory: l.Memory,
		MemoryReservation: l.MemoryReservation, PidsLimit: l.PidsLimit,
	}
	if host.ShmSize != defaultShmSize {
		r.ShmSize = host.ShmSize
	}
	for _, d := range host.DeviceRequests {
		switch {
		case len(d.DeviceIDs) > 0:
			r.GPUs = "device=" + strings.Join(d.DeviceIDs, ",")
		case d.Count < 0:
			r.GPUs = "all"
		case d.Count > 0:
			r.GPUs = strconv.Itoa(d.Count)
		}
	}
	return r
}

// limitsOf are the limits that a container runs under.
func limitsOf(host *docker.HostConfig) deployment.Limits {
	l := deployment.Limits{
		Memory: host.Memory, MemoryReservation: host.MemoryReservation,
		RestartPolicy: docker.RestartPolicyText(host.RestartPolicy),
	}
	switch {
	case host.NanoCPUs > 0:
		l.CPUQuota = host.NanoCPUs / 10_000
	case host.CPUQuota > 0 && host.CPUPeriod > 0:
		l.CPUQuota = host.CPUQuota * 100_000 / host.CPUPeriod
	case host.CPUQuota > 0: // the engine's default period is the kernel's
		l.CPUQuota = host.CPUQuota
	}
	if p := host.PidsLimit; p != nil && *p > 0 {
		l.PidsLimit = *p
	}
	return l
}

// foundSecurity leaves no_new_privileges unsaid when the container lacks it:
// what an import found stays until the configuration says otherwise.
func foundSecurity(host *docker.HostConfig) deployment.Security {
	s := deployment.Security{ReadOnly: host.ReadonlyRootfs, CapAdd: slices.Clone(host.CapAdd), CapDrop: slices.Clone(host.CapDrop)}
	for _, o := range host.SecurityOpt {
		key, value, _ := strings.Cut(strings.Replace(o, ":", "=", 1), "=")
		switch key {
		case "seccomp":
			s.Seccomp = value
		case "apparmor":
			s.AppArmor = value
		}
	}
	return s
}
