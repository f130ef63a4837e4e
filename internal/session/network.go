package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// Network is the managed network: the bridge that every replica lives on. It is found by ID,
// because the engine happily makes two of one name.
type Network struct {
	docker   Docker
	name     string
	internal bool
	mu       sync.Mutex // creation is single flight in the process
}

// NewNetwork is the managed network of that name, made when it is first needed.
func NewNetwork(d Docker, name string) *Network { return &Network{docker: d, name: name} }

// NewInternalNetwork is one that leads nowhere else: attaching it leaves the
// routes and published ports of a container alone.
func NewInternalNetwork(d Docker, name string) *Network {
	return &Network{docker: d, name: name, internal: true}
}

// Name is what the network is called.
func (n *Network) Name() string { return n.name }

// Ensure returns the network's ID, making the network when there is none.
// Across processes the oldest labelled one wins.
func (n *Network) Ensure(ctx context.Context) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id, err := n.find(ctx)
	if err != nil || id != "" {
		return id, err
	}
	made, err := n.docker.CreateNetwork(ctx, docker.NetworkRequest{
		Name: n.name, Internal: n.internal, Labels: map[string]string{docker.LabelKind: docker.KindNetwork},
	})
	if err != nil && !errors.Is(err, docker.ErrConflict) {
		return "", fmt.Errorf("creating the network %q: %w", n.name, err)
	}
	id, err = n.find(ctx) // another process may have made one at the same moment
	if err == nil && made != "" && id != made {
		err = n.docker.RemoveNetwork(ctx, made)
	}
	return id, err
}

// Find returns the network's ID, "" when there is none.
func (n *Network) Find(ctx context.Context) (string, error) { return n.find(ctx) }

// RemoveUnused removes the network, unless a running container is on it or a
// user made it.
func (n *Network) RemoveUnused(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	id, err := n.find(ctx)
	if err != nil || id == "" {
		return err
	}
	network, err := n.docker.InspectNetwork(ctx, id)
	if errors.Is(err, deployment.ErrNotFound) {
		return nil
	}
	if err != nil || len(network.Containers) > 0 || network.Labels[docker.LabelKind] != docker.KindNetwork {
		return err
	}
	err = n.docker.RemoveNetwork(ctx, id)
	if errors.Is(err, docker.ErrConflict) { // somebody came onto it just now
		return nil
	}
	return err
}

// find returns the ID of the oldest network of ours with that name, or of the
// only one that a user made; "" when there is none.
func (n *Network) find(ctx context.Context) (string, error) {
	all, err := n.docker.ListNetworks(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("listing networks: %w", err)
	}
	all = slices.DeleteFunc(all, func(c docker.Network) bool { return c.Name != n.name })
	slices.SortFunc(all, func(a, b docker.Network) int {
		ours := func(c docker.Network) int {
			if c.Labels[docker.LabelKind] == docker.KindNetwork {
				return 0
			}
			return 1
		}
		if d := ours(a) - ours(b); d != 0 {
			return d
		}
		if d := a.Created.Compare(b.Created); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	if len(all) == 0 {
		return "", nil
	}
	if all[0].Labels[docker.LabelKind] != docker.KindNetwork && len(all) > 1 {
		return "", fmt.Errorf("there are %d networks called %q and none was made by this provider; remove all but one, or set the provider's network attribute", len(all), n.name)
	}
	return all[0].ID, nil
}

// deserted reports whether nothing but sessions is on the network of that ID.
func (n *Network) deserted(ctx context.Context, id string) (bool, error) {
	network, err := n.docker.InspectNetwork(ctx, id)
	if err != nil {
		return false, err
	}
	if network.Labels[docker.LabelKind] != docker.KindNetwork {
		return false, nil // the user's own network is not ours to remove
	}
	for _, name := range network.Containers {
		if !strings.HasPrefix(name, namePrefix) {
			return false, nil
		}
	}
	// Stopped containers are not listed on a network, but they need it.
	kept, err := n.docker.ListContainers(ctx, map[string]string{docker.LabelKind: docker.KindReplica})
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(kept, func(c docker.ContainerSummary) bool {
		return c.Labels[docker.LabelDeployment] != "" && c.Labels[LabelNetwork] == n.name
	}), nil
}

// LabelNetwork is, on a replica or a job, the name of the managed network it lives on.
const LabelNetwork = "mlops.network"

// Attached reports whether c is on the managed network.
func (n *Network) Attached(c docker.Container) bool {
	_, ok := c.Networks[n.name]
	return ok
}

// Address of c on the managed network, "" when it has none now.
func (n *Network) Address(c docker.Container) string {
	if a, ok := c.Networks[n.name]; ok && a.IPAddress != "" {
		return a.IPAddress
	}
	for name, a := range c.Networks { // adopted containers live elsewhere
		if a.IPAddress != "" && name != endpoint.TrafficNetwork(n.name) {
			return a.IPAddress
		}
	}
	return ""
}
