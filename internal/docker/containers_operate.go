package docker

import (
	"context"
	"errors"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// PauseContainer freezes the processes of a running container: they keep their
// connections and answer nothing. ErrConflict: it does not run.
func (c *Client) PauseContainer(ctx context.Context, id string) error {
	return c.fail(ctx, c.api.ContainerPause(ctx, id))
}

// DisconnectNetwork takes a container off a network; one that is not on it, or
// is gone, is success. The clients of connections over it hang: nothing closes
// them.
func (c *Client) DisconnectNetwork(ctx context.Context, networkID, containerID string) error {
	err := c.fail(ctx, c.api.NetworkDisconnect(ctx, networkID, containerID, false))
	// Of a container that is not on it, the engine answers 403 or 500.
	if errors.Is(err, deployment.ErrNotFound) || err != nil && strings.Contains(err.Error(), "is not connected to") {
		return nil
	}
	return err
}
