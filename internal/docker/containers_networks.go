package docker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/docker/docker/api/types/versions"
)

// manyNetworksAPI is the first API version that creates a container on more
// than one network.
const manyNetworksAPI = "1.44"

// undoTimeout bounds the removal of a container that could not be completed,
// also when the caller's context has ended.
const undoTimeout = 10 * time.Second

// creatable splits the networks of a request into what the engine takes with
// it, and those that the container is connected to afterwards.
func (c *Client) creatable(req CreateRequest) (now *NetworkingConfig, later map[string]*EndpointSettings) {
	if req.Networks == nil || len(req.Networks.EndpointsConfig) < 2 || !versions.LessThan(c.APIVersion, manyNetworksAPI) {
		return req.Networks, nil
	}
	later = maps.Clone(req.Networks.EndpointsConfig)
	first := slices.Min(slices.Collect(maps.Keys(later)))
	if req.HostConfig != nil {
		if mode := string(req.HostConfig.NetworkMode); later[mode] != nil {
			first = mode
		}
	}
	now = &NetworkingConfig{EndpointsConfig: map[string]*EndpointSettings{first: later[first]}}
	delete(later, first)
	return now, later
}

// connectAll attaches a container that was just created. One that cannot be
// attached is removed: a create makes all of what was asked for, or nothing.
func (c *Client) connectAll(ctx context.Context, id string, networks map[string]*EndpointSettings) error {
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		if err := c.api.NetworkConnect(ctx, name, id, networks[name]); err != nil {
			return errors.Join(c.fail(ctx, err), c.undo(ctx, id))
		}
	}
	return nil
}

func (c *Client) undo(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	return c.RemoveContainer(ctx, id)
}
