package docker

import (
	"context"
)

// PauseContainer freezes the processes of a running container: they keep their
// connections and answer nothing. ErrConflict: it does not run.
func (c *Client) PauseContainer(ctx context.Context, id string) error {
	return c.fail(ctx, c.api.ContainerPause(ctx, id))
}

// DisconnectNetwork takes a container off a network. The clients of connections
// over it hang: nothing closes them.
func (c *Client) DisconnectNetwork(ctx context.Context, networkID, containerID string) error {
	return c.fail(ctx, c.api.NetworkDisconnect(ctx, networkID, containerID, false))
}
