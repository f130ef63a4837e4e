package docker

import (
	"context"

	"github.com/docker/docker/api/types/network"
)

// ListNetworks lists the networks that carry all of labels, without their containers.
func (c *Client) ListNetworks(ctx context.Context, labels map[string]string) ([]Network, error) {
	rows, err := c.api.NetworkList(ctx, network.ListOptions{Filters: labelFilter(labels)})
	if err != nil {
		return nil, c.fail(ctx, err)
	}
	list := make([]Network, 0, len(rows))
	for _, row := range rows {
		list = append(list, networkOf(row))
	}
	return list, nil
}

// InspectNetwork reads one network with its containers. ErrConflict is not
// possible by ID; a name that two networks have is refused by the engine.
func (c *Client) InspectNetwork(ctx context.Context, idOrName string) (Network, error) {
	answer, err := c.api.NetworkInspect(ctx, idOrName, network.InspectOptions{})
	if err != nil {
		return Network{}, c.fail(ctx, err)
	}
	result := networkOf(answer)
	result.Containers = make(map[string]string, len(answer.Containers))
	for id, endpoint := range answer.Containers {
		result.Containers[id] = endpoint.Name
	}
	return result, nil
}

func networkOf(n network.Inspect) Network {
	return Network{
		ID: n.ID, Name: n.Name, Driver: n.Driver, Internal: n.Internal, Labels: n.Labels, Created: n.Created,
	}
}

// CreateNetwork makes a bridge network and returns its ID. ErrConflict when the
// engine knows the name already; concurrent creations may still make two of
// one name, so networks are told apart by ID.
func (c *Client) CreateNetwork(ctx context.Context, req NetworkRequest) (string, error) {
	created, err := c.api.NetworkCreate(ctx, req.Name, network.CreateOptions{
		Driver: "bridge", Internal: req.Internal, Labels: req.Labels,
	})
	if err != nil {
		return "", c.fail(ctx, err)
	}
	return created.ID, nil
}

// RemoveNetwork removes a network; gone is success. ErrConflict: containers are on it.
func (c *Client) RemoveNetwork(ctx context.Context, id string) error {
	return goneIsFine(c.fail(ctx, c.api.NetworkRemove(ctx, id)))
}

// ConnectNetwork attaches a container to a network, under further names.
// ErrConflict: it is attached already.
func (c *Client) ConnectNetwork(ctx context.Context, networkID, containerID string, aliases []string) error {
	return c.fail(ctx, c.api.NetworkConnect(ctx, networkID, containerID, &network.EndpointSettings{Aliases: aliases}))
}
