package fakedocker

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// portKey is a container port as the engine writes it: 8080/tcp.
type portKey = nat.Port

// bindPorts takes the host ports of a container that starts. A binding of a port
// that the container does not expose is ignored, as the engine does.
func (e *Engine) bindPorts(c *record) error {
	var bound []docker.PublishedPort
	for _, port := range slices.SortedFunc(maps.Keys(c.host.PortBindings), comparePorts) {
		if _, exposed := c.config.ExposedPorts[port]; !exposed {
			continue
		}
		for _, binding := range c.host.PortBindings[port] {
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

func comparePorts(a, b portKey) int {
	return cmp.Or(cmp.Compare(a.Int(), b.Int()), cmp.Compare(a.Proto(), b.Proto()))
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
