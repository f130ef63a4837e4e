package container

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/request"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

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
		SecurityOpt:    request.SecurityOptions(s.Security),
		ShmSize:        s.Resource.ShmSize,
		Resources:      request.Resources(s.Resource),
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
			Image: request.Image(s.Image), Entrypoint: s.Entrypoint, Cmd: s.Command,
			WorkingDir: s.WorkingDir, User: s.User, Env: request.Environment(s.Env, s.Secrets, s.Model),
			ExposedPorts: exposed, Labels: labels(s, id), StopSignal: s.StopSignal,
			Healthcheck: healthcheck(s.HealthCheck),
		},
		HostConfig: host,
		Networks:   &docker.NetworkingConfig{EndpointsConfig: networks},
	}, nil
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
		session.LabelNetwork:    id.network,
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
	if s.Model != nil {
		out = append(out, request.ModelMount(*s.Model))
	}
	return out
}

func portBindings(ports []deployment.Port) (nat.PortSet, nat.PortMap, error) {
	exposed, bindings := nat.PortSet{}, nat.PortMap{}
	for _, p := range ports {
		port, err := nat.NewPort(cmp.Or(p.Protocol, deployment.DefaultProtocol), strconv.Itoa(p.Container))
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

func healthcheck(h *deployment.HealthCheck) *docker.HealthConfig {
	if h == nil {
		return nil
	}
	return &docker.HealthConfig{
		Test: h.Command, Interval: h.Interval, Timeout: h.Timeout,
		StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: h.Retries,
	}
}
