package fakedocker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// bridge is one network.
type bridge struct {
	id, name string
	internal bool
	labels   map[string]string
	created  time.Time
	subnet   int // 172.<subnet>.0.0/16
}

// firstSubnet is the second number of the first network's addresses.
const firstSubnet = 18

// ListNetworks implements container.Networks.
func (e *Engine) ListNetworks(ctx context.Context, labels map[string]string) ([]docker.Network, error) {
	return call(ctx, e, "ListNetworks", selector(labels), func() ([]docker.Network, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		var out []docker.Network
		for _, n := range e.networks {
			if matches(n.labels, labels) {
				out = append(out, n.inspect())
			}
		}
		sort.Slice(out, func(i, j int) bool { return out[i].Created.Before(out[j].Created) })
		return out, nil
	})
}

// InspectNetwork implements container.Networks.
func (e *Engine) InspectNetwork(ctx context.Context, idOrName string) (docker.Network, error) {
	return call(ctx, e, "InspectNetwork", idOrName, func() (docker.Network, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		n, err := e.findNetwork(idOrName)
		if err != nil {
			return docker.Network{}, err
		}
		out := n.inspect()
		out.Containers = map[string]string{}
		for _, c := range e.endpoints(n) {
			out.Containers[c.id] = c.name
		}
		return out, nil
	})
}

func (n *bridge) inspect() docker.Network {
	return docker.Network{
		ID: n.id, Name: n.name, Driver: "bridge", Internal: n.internal,
		Labels: copyMap(n.labels), Created: n.created,
	}
}

// CreateNetwork implements container.Networks. A name that is taken is a
// conflict; that two of one name can still come to be (concurrently, on a real
// engine) is the Operator's to show.
func (e *Engine) CreateNetwork(ctx context.Context, req docker.NetworkRequest) (string, error) {
	return call(ctx, e, "CreateNetwork", req.Name, func() (string, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if req.Name == "" {
			return "", refused("network name must not be empty")
		}
		for _, n := range e.networks {
			if n.name == req.Name {
				return "", conflict("network with name %s already exists", req.Name)
			}
		}
		return e.addNetwork(req), nil
	})
}

func (e *Engine) addNetwork(req docker.NetworkRequest) (id string) {
	n := &bridge{
		id: e.newID("network"), name: req.Name, internal: req.Internal,
		labels: copyMap(req.Labels), created: e.now(), subnet: e.freeSubnet(),
	}
	e.networks[n.id] = n
	return n.id
}

func (e *Engine) freeSubnet() int {
	used := map[int]bool{}
	for _, n := range e.networks {
		used[n.subnet] = true
	}
	subnet := firstSubnet
	for used[subnet] {
		subnet++
	}
	return subnet
}

// RemoveNetwork implements container.Networks.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	return run(ctx, e, "RemoveNetwork", id, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		n, err := e.findNetwork(id)
		switch {
		case errors.Is(err, deployment.ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		if len(e.endpoints(n)) > 0 {
			return conflict("error while removing network: network %s id %s has active endpoints", n.name, n.id)
		}
		delete(e.networks, n.id)
		return nil
	})
}

// ConnectNetwork implements container.Networks.
func (e *Engine) ConnectNetwork(ctx context.Context, networkID, containerID string, aliases []string) error {
	args := fmt.Sprintf("%s %s", networkID, e.nameOf(containerID))
	return run(ctx, e, "ConnectNetwork", args, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(containerID)
		if err != nil {
			return err
		}
		return e.connect(c, networkID, aliases)
	})
}

// connect attaches c. What does not run is attached at its next start, and only
// then is a network missed.
func (e *Engine) connect(c *record, network string, aliases []string) error {
	a := &attachment{network: network, aliases: append(slices.Clone(aliases), c.id[:12])}
	running := c.process != nil
	n, missing := e.findNetwork(network)
	if missing != nil {
		if running {
			return missing
		}
		c.networks[network] = a
		return nil
	}
	if running {
		if old := c.networks[n.name]; old != nil && old.ip != "" {
			return conflict("endpoint with name %s already exists in network %s", c.name, n.name)
		}
		a.networkID, a.ip = n.id, e.freeAddress(n)
	}
	c.networks[n.name] = a
	return nil
}

// findNetwork finds a network by ID, name or the beginning of its ID.
func (e *Engine) findNetwork(idOrName string) (*bridge, error) {
	if n, ok := e.networks[idOrName]; ok {
		return n, nil
	}
	var named, prefixed []*bridge
	for id, n := range e.networks {
		if n.name == idOrName {
			named = append(named, n)
		}
		if idOrName != "" && strings.HasPrefix(id, idOrName) {
			prefixed = append(prefixed, n)
		}
	}
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(named) > 1:
		return nil, refused("network %s is ambiguous (%d matches found on name)", idOrName, len(named))
	case len(prefixed) == 1:
		return prefixed[0], nil
	}
	return nil, notFound("network %s not found", idOrName)
}

// endpoints are the containers that run on n: one that is created, exited or
// between two crashes does not keep the network.
func (e *Engine) endpoints(n *bridge) []*record {
	var out []*record
	for _, c := range e.containers {
		for _, a := range c.networks {
			if a.networkID == n.id && a.ip != "" {
				out = append(out, c)
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].created.Before(out[j].created) })
	return out
}

// attachments are the networks that a create asks for, under their names.
func (e *Engine) attachments(req docker.CreateRequest) map[string]*attachment {
	out := map[string]*attachment{}
	attach := func(network string, aliases []string) {
		name := network
		if n, ok := e.networks[network]; ok {
			name = n.name
		}
		if out[name] == nil {
			out[name] = &attachment{network: network}
		}
		out[name].aliases = append(out[name].aliases, aliases...)
	}
	if h := req.HostConfig; h != nil {
		switch mode := string(h.NetworkMode); mode {
		case "", "default", "bridge", "host", "none": // of no interest here: the fake has none of these networks
		default:
			attach(mode, nil)
		}
	}
	if req.Networks != nil {
		for network, endpoint := range req.Networks.EndpointsConfig {
			var aliases []string
			if endpoint != nil {
				aliases = endpoint.Aliases
			}
			attach(network, aliases)
		}
	}
	return out
}

// joinNetworks gives a starting container its addresses.
func (e *Engine) joinNetworks(c *record) error {
	for _, name := range sortedKeys(c.networks) {
		a := c.networks[name]
		wanted := a.networkID
		if wanted == "" {
			wanted = a.network
		}
		n, err := e.findNetwork(wanted)
		if err != nil {
			return err
		}
		a.networkID, a.ip = n.id, e.freeAddress(n)
		if short := c.id[:12]; !slices.Contains(a.aliases, short) {
			a.aliases = append(a.aliases, short)
		}
	}
	return nil
}

// freeAddress is the lowest free one; .1 is the gateway's.
func (e *Engine) freeAddress(n *bridge) string {
	used := map[string]bool{}
	for _, c := range e.containers {
		for _, a := range c.networks {
			used[a.ip] = true
		}
	}
	for host := 2; ; host++ {
		ip := fmt.Sprintf("172.%d.%d.%d", n.subnet, host/256, host%256)
		if !used[ip] {
			return ip
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
