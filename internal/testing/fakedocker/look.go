package fakedocker

import (
	"fmt"
	"sort"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// What tests see of the engine. None of it is in the call log.

// Containers are all containers by name.
func (e *Engine) Containers() map[string]docker.Container {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make(map[string]docker.Container, len(e.containers))
	for _, c := range e.containers {
		out[c.name] = c.inspect()
	}
	return out
}

// Names are the names of all containers with the label, sorted; every container
// when label is "".
func (e *Engine) Names(label string) []string {
	var out []string
	for name, c := range e.Containers() {
		if _, ok := c.Config.Labels[label]; ok || label == "" {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// Volumes are all volumes by name.
func (e *Engine) Volumes() map[string]docker.Volume {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make(map[string]docker.Volume, len(e.volumes))
	for name, v := range e.volumes {
		out[name] = cloneVolume(v)
	}
	return out
}

// Networks are all networks, the oldest first.
func (e *Engine) Networks() []docker.Network {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]docker.Network, 0, len(e.networks))
	for _, n := range e.networks {
		out = append(out, n.inspect())
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Created.Before(out[j].Created) })
	return out
}

// Serving maps the names of the containers that would answer a request now,
// with something other than "not ready", to their addresses (ip:port) on the
// network of that name.
func (e *Engine) Serving(network string) map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]string{}
	for _, c := range e.containers {
		a := c.networks[network]
		if p := c.process; p != nil && a != nil && a.ip != "" && p.behaviour.Handler != nil && !c.state.Paused {
			if age := time.Since(p.started); age >= p.behaviour.OpenAfter && age >= p.behaviour.ReadyAfter {
				out[c.name] = fmt.Sprintf("%s:%d", a.ip, p.port)
			}
		}
	}
	return out
}

// Leftovers lists everything with a label of this provider: what a destroy must
// not leave. Each line names the kind and the object.
func (e *Engine) Leftovers() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	note := func(kind, name string, labels map[string]string) {
		if of, ok := labels[docker.LabelKind]; ok {
			out = append(out, fmt.Sprintf("%s %s (%s)", kind, name, of))
		}
	}
	for _, c := range e.containers {
		note("container", c.name, c.config.Labels)
	}
	for _, n := range e.networks {
		note("network", n.name, n.labels)
	}
	for _, v := range e.volumes {
		note("volume", v.Name, v.Labels)
	}
	sort.Strings(out)
	return out
}
