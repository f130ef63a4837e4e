package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// keep sets the replica that failed aside, stopped, for whoever wants to look
// closer: under the one name that such a replica has, so that an earlier one
// goes. It returns the ID, "" when there is nothing to keep: the change was
// interrupted, no replica is to blame, or one that was in service before.
func (c *change) keep(ctx context.Context, cause error, f *deployment.Failure) (id string) {
	var at *actionError
	if !c.spec.Rollout.KeepFailed || errors.Is(cause, context.Canceled) || !errors.As(cause, &at) || !c.failed[at.id] {
		return ""
	}
	found, err := c.engine.docker.InspectContainer(ctx, at.id)
	if err != nil || !c.world.unfinished(found) {
		return ""
	}
	name := deployment.FailedName(c.spec.Name)
	if err := c.setAside(ctx, found, name); err != nil {
		f.Kept = fmt.Sprintf("Replica %s could not be kept for inspection: %s.", found.Name, err)
		return ""
	}
	f.Kept = fmt.Sprintf("Replica %s is kept, stopped, as container %s: the next apply or destroy removes it.", found.Name, name)
	return found.ID
}

func (c *change) setAside(ctx context.Context, found docker.Container, name string) error {
	d := c.engine.docker
	if c.world.kept != nil {
		if err := d.RemoveContainer(ctx, c.world.kept.ID); err != nil {
			return err
		}
		c.world.kept = nil
	}
	if err := d.StopContainer(ctx, found.ID, failedGrace); err != nil {
		return err
	}
	limits := limitsOf(found.HostConfig)
	limits.RestartPolicy = deployment.RestartNo // or the engine starts it again at its own next start
	if err := d.UpdateContainer(ctx, found.ID, limits, found.HostConfig.NanoCPUs > 0); err != nil {
		return err
	}
	return d.RenameContainer(ctx, found.ID, name)
}
