package fakedocker

import (
	"sort"
	"strconv"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// portKey is a container port as the engine writes it: 8080/tcp.
type portKey = nat.Port

// exposedPorts are the ports that the container exposes, published or not.
func exposedPorts(c *docker.ContainerConfig, h *docker.HostConfig) []portKey {
	all := map[portKey]bool{}
	for port := range c.ExposedPorts {
		all[port] = true
	}
	for port := range h.PortBindings {
		all[port] = true
	}
	out := make([]portKey, 0, len(all))
	for port := range all {
		out = append(out, port)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

// bindPorts takes the host ports of a container that starts.
func (e *Engine) bindPorts(c *record) error {
	var bound []docker.PublishedPort
	for _, port := range c.exposed {
		bindings := c.host.PortBindings[port]
		if len(bindings) == 0 {
			bound = append(bound, docker.PublishedPort{Container: port.Int(), Protocol: port.Proto()})
		}
		for _, binding := range bindings {
			host, err := strconv.Atoi(binding.HostPort)
			if err != nil && binding.HostPort != "" {
				return refused("Invalid port specification: %q", binding.HostPort)
			}
			published := docker.PublishedPort{Container: port.Int(), Protocol: port.Proto(), HostIP: binding.HostIP, Host: host}
			if published.HostIP == "" {
				published.HostIP = "0.0.0.0"
			}
			if published.Host == 0 {
				published.Host = e.ephemeralPort()
			}
			if e.portTaken(published, bound) {
				return refused("driver failed programming external connectivity on endpoint %s (%s): Bind for %s:%d failed: port is already allocated",
					c.name, e.newID("endpoint"), published.HostIP, published.Host)
			}
			bound = append(bound, published)
		}
	}
	c.ports = bound
	return nil
}

// portTaken looks at running containers, at what this one has already bound and
// at processes outside of Docker.
func (e *Engine) portTaken(p docker.PublishedPort, own []docker.PublishedPort) bool {
	taken := append([]docker.PublishedPort(nil), own...)
	for _, c := range e.containers {
		taken = append(taken, c.ports...)
	}
	for _, t := range taken {
		sameAddress := t.HostIP == p.HostIP || t.HostIP == "0.0.0.0" || p.HostIP == "0.0.0.0"
		if t.Host == p.Host && t.Host != 0 && t.Protocol == p.Protocol && sameAddress {
			return true
		}
	}
	return e.occupied[p.Host]
}

func (e *Engine) ephemeralPort() int {
	e.hostPort++
	return e.hostPort
}
