package gateway

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// A gateway's ports on the host.

// listenPort is where the proxy listens, in the engine's words.
func listenPort() nat.Port { return insidePort(endpoint.Port) }

func insidePort(port int) nat.Port { return nat.Port(strconv.Itoa(port) + "/tcp") }

// bindings are how a gateway publishes its ports; nil without any.
func bindings(s endpoint.Spec) nat.PortMap {
	var out nat.PortMap
	for _, p := range s.Published() {
		if out == nil {
			out = nat.PortMap{}
		}
		out[insidePort(p.Inside)] = []nat.PortBinding{{HostIP: p.IP, HostPort: strconv.Itoa(p.Port)}}
	}
	return out
}

// publishes reports whether c holds a host port that s wants.
func publishes(c docker.Container, s endpoint.Spec) bool {
	held := map[string]bool{}
	for _, b := range c.HostConfig.PortBindings {
		for _, at := range b {
			held[at.HostPort] = true
		}
	}
	for _, b := range bindings(s) {
		if held[b[0].HostPort] {
			return true
		}
	}
	return false
}

// portTaken reports whether the engine could not publish a port.
func portTaken(err error) bool {
	return strings.Contains(err.Error(), "port is already allocated") || strings.Contains(err.Error(), "address already in use")
}

// takenPort is the host port that the engine could not publish, as its error
// says: the first that it names, or else the only one there is to blame.
func takenPort(s endpoint.Spec, err error) (endpoint.Published, bool) {
	all := s.Published()
	if len(all) == 0 || !portTaken(err) {
		return endpoint.Published{}, false
	}
	if i := slices.IndexFunc(all, func(p endpoint.Published) bool { return names(err.Error(), p.Port) }); i >= 0 {
		return all[i], true
	}
	return all[0], true
}

// names reports whether the text of an error is about a host port.
func names(text string, port int) bool {
	return strings.Contains(text, fmt.Sprintf(":%d ", port)) || strings.Contains(text, fmt.Sprintf(":%d:", port))
}
