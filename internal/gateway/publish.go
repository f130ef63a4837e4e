package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// A gateway's ports on the host.

// listenPort is where the proxy listens, in the engine's words.
func listenPort() nat.Port { return nat.Port(strconv.Itoa(endpoint.Port) + "/tcp") }

// redirectPort is where it answers plain HTTP beside TLS.
func redirectPort() nat.Port { return nat.Port(strconv.Itoa(endpoint.RedirectPort) + "/tcp") }

// metricsPort is where it exports metrics.
func metricsPort() nat.Port { return nat.Port(strconv.Itoa(endpoint.MetricsPort) + "/tcp") }

// published is a host port that an endpoint wants.
type published struct {
	attribute string // that says so
	inside    nat.Port
	ip        string // "": deployment.DefaultHostIP
	port      int
}

// publishedBy are all of them.
func publishedBy(s endpoint.Spec) []published {
	all := []published{{"host_port", listenPort(), s.HostIP, s.HostPort}, {"metrics_port", metricsPort(), s.MetricsIP, s.MetricsPort}}
	if s.TLS != nil {
		all = append(all, published{"tls.redirect_port", redirectPort(), s.HostIP, s.TLS.RedirectPort})
	}
	return slices.DeleteFunc(all, func(p published) bool { return p.port == 0 })
}

// bindings are how a gateway publishes them; nil without any.
func bindings(s endpoint.Spec) nat.PortMap {
	var out nat.PortMap
	for _, p := range publishedBy(s) {
		if out == nil {
			out = nat.PortMap{}
		}
		out[p.inside] = []nat.PortBinding{{HostIP: cmp.Or(p.ip, deployment.DefaultHostIP), HostPort: strconv.Itoa(p.port)}}
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
func takenPort(s endpoint.Spec, err error) (published, bool) {
	all := publishedBy(s)
	if len(all) == 0 || !portTaken(err) {
		return published{}, false
	}
	if i := slices.IndexFunc(all, func(p published) bool { return names(err.Error(), p.port) }); i >= 0 {
		return all[i], true
	}
	return all[0], true
}

// names reports whether the text of an error is about a host port.
func names(text string, port int) bool {
	return strings.Contains(text, fmt.Sprintf(":%d ", port)) || strings.Contains(text, fmt.Sprintf(":%d:", port))
}
