package container

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// envModelPath tells the server where its model is.
const envModelPath = "MODEL_PATH"

// identity is what a new container is labelled with.
type identity struct {
	name     string // container name
	slot     int
	revision int
	change   int // number of the record that commits it
	session  string
	version  string
	network  string // managed network, by name
	ipOn     string // its ID
}

// createRequest translates a Spec into the engine's words.
func createRequest(s deployment.Spec, id identity) (docker.CreateRequest, error) {
	exposed, bindings, err := portBindings(s.Ports)
	if err != nil {
		return docker.CreateRequest{}, err
	}
	host := &docker.HostConfig{
		NetworkMode:    docker.NetworkMode(id.ipOn),
		PortBindings:   bindings,
		RestartPolicy:  docker.RestartPolicyOf(deployment.LimitsOf(s).RestartPolicy),
		Mounts:         mounts(s),
		ReadonlyRootfs: s.Security.ReadOnly,
		CapAdd:         slices.Clone(s.Security.CapAdd),
		CapDrop:        slices.Clone(s.Security.CapDrop),
		SecurityOpt:    securityOptions(s.Security),
		ShmSize:        s.Resource.ShmSize,
		Resources:      resources(s.Resource),
	}
	if s.Logging != nil {
		host.LogConfig = docker.LogConfig{Type: s.Logging.Driver, Config: s.Logging.Options}
	}
	networks := map[string]*docker.EndpointSettings{id.ipOn: {}}
	for _, n := range s.Networks {
		networks[n] = &docker.EndpointSettings{}
	}
	return docker.CreateRequest{
		Name:     id.name,
		Platform: s.Platform,
		Config: &docker.ContainerConfig{
			Image: image(s.Image), Entrypoint: s.Entrypoint, Cmd: s.Command,
			WorkingDir: s.WorkingDir, User: s.User, Env: environment(s),
			ExposedPorts: exposed, Labels: labels(s, id), StopSignal: s.StopSignal,
			Healthcheck: healthcheck(s.HealthCheck),
		},
		HostConfig: host,
		Networks:   &docker.NetworkingConfig{EndpointsConfig: networks},
	}, nil
}

// image is the reference as "docker ps" should show it.
func image(ref string) string { return deployment.FamiliarImage(ref) }

// environment is sorted, so that equal specs make equal containers.
func environment(s deployment.Spec) []string {
	all := maps.Clone(s.Env)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, s.Secrets.Values)
	if p := modelPath(s.Model); p != "" {
		if _, set := all[envModelPath]; !set {
			all[envModelPath] = p
		}
	}
	out := make([]string, 0, len(all))
	for k, v := range all {
		out = append(out, k+"="+v)
	}
	sort.Strings(out)
	return out
}

// modelPath is where the server finds its model inside the container.
func modelPath(m *deployment.Model) string {
	if m == nil {
		return ""
	}
	target := cmp.Or(m.Target, deployment.DefaultModelTarget)
	if m.HostPath != "" {
		return target
	}
	return path.Join(target, m.Path)
}

func labels(s deployment.Spec, id identity) map[string]string {
	out := map[string]string{}
	maps.Copy(out, s.DefaultLabels)
	maps.Copy(out, s.Labels)
	maps.Copy(out, map[string]string{
		docker.LabelKind:        docker.KindReplica,
		docker.LabelDeployment:  s.Name,
		docker.LabelOwner:       s.Owner,
		docker.LabelRevision:    strconv.Itoa(id.revision),
		docker.LabelFingerprint: deployment.Fingerprint(s),
		docker.LabelSlot:        strconv.Itoa(id.slot),
		docker.LabelChange:      strconv.Itoa(id.change),
		docker.LabelSession:     id.session,
		docker.LabelProvider:    id.version,
		labelNetwork:            id.network,
	})
	if len(s.Secrets.Keys) > 0 {
		out[docker.LabelSecretKeys] = strings.Join(s.Secrets.Keys, ",")
	}
	return out
}

func mounts(s deployment.Spec) []docker.Mount {
	var out []docker.Mount
	for _, m := range s.Mounts {
		mount := docker.Mount{Type: docker.MountType(m.Type), Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly}
		if m.Type == deployment.MountTmpfs && m.Size > 0 {
			mount.TmpfsOptions = &docker.TmpfsOptions{SizeBytes: m.Size}
		}
		out = append(out, mount)
	}
	if m := s.Model; m != nil {
		mount := docker.Mount{
			Type: docker.MountType(deployment.MountVolume), Source: m.Volume,
			Target: cmp.Or(m.Target, deployment.DefaultModelTarget), ReadOnly: true,
		}
		if m.HostPath != "" {
			mount.Type, mount.Source = docker.MountType(deployment.MountBind), m.HostPath
		}
		out = append(out, mount)
	}
	return out
}

func portBindings(ports []deployment.Port) (nat.PortSet, nat.PortMap, error) {
	exposed, bindings := nat.PortSet{}, nat.PortMap{}
	for _, p := range ports {
		port, err := nat.NewPort(cmp.Or(p.Protocol, "tcp"), strconv.Itoa(p.Container))
		if err != nil {
			return nil, nil, fmt.Errorf("port %d: %w", p.Container, err)
		}
		host := ""
		if p.Host != 0 {
			host = strconv.Itoa(p.Host)
		}
		exposed[port] = struct{}{}
		bindings[port] = append(bindings[port], nat.PortBinding{HostIP: cmp.Or(p.HostIP, deployment.DefaultHostIP), HostPort: host})
	}
	return exposed, bindings, nil
}

func securityOptions(s deployment.Security) []string {
	var out []string
	if s.NoNewPrivileges == nil || *s.NoNewPrivileges {
		out = append(out, "no-new-privileges:true")
	}
	if s.Seccomp != "" {
		out = append(out, "seccomp="+s.Seccomp)
	}
	if s.AppArmor != "" {
		out = append(out, "apparmor="+s.AppArmor)
	}
	return out
}

// resources: CPU as quota and period and swap equal to memory, so that every
// limit is a limit and stays changeable while the container runs.
func resources(r deployment.Resources) docker.Resources {
	out := docker.Resources{
		CPUPeriod: r.CPUPeriod(), CPUQuota: r.CPUQuota(),
		Memory: r.Memory, MemorySwap: r.Memory, MemoryReservation: r.MemoryReservation,
	}
	if r.PidsLimit > 0 {
		out.PidsLimit = &r.PidsLimit
	}
	switch {
	case r.GPUs == "":
	case r.GPUs == "all":
		out.DeviceRequests = []docker.DeviceRequest{{Count: -1, Capabilities: [][]string{{"gpu"}}}}
	case strings.HasPrefix(r.GPUs, "device="):
		ids := strings.Split(strings.TrimPrefix(r.GPUs, "device="), ",")
		out.DeviceRequests = []docker.DeviceRequest{{DeviceIDs: ids, Capabilities: [][]string{{"gpu"}}}}
	default:
		n, _ := strconv.Atoi(r.GPUs) // validated where the user wrote it
		out.DeviceRequests = []docker.DeviceRequest{{Count: n, Capabilities: [][]string{{"gpu"}}}}
	}
	return out
}

func healthcheck(h *deployment.HealthCheck) *docker.HealthConfig {
	if h == nil {
		return nil
	}
	return &docker.HealthConfig{
		Test: h.Command, Interval: h.Interval, Timeout: h.Timeout,
		StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: h.Retries,
	}
}
