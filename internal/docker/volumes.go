package docker

import (
	"context"
	"fmt"
	"maps"

	"github.com/docker/docker/api/types/volume"
)

// ListVolumes lists the volumes that carry all of labels.
func (c *Client) ListVolumes(ctx context.Context, labels map[string]string) ([]Volume, error) {
	answer, err := c.api.VolumeList(ctx, volume.ListOptions{Filters: labelFilter(labels)})
	if err != nil {
		return nil, c.fail(ctx, err)
	}
	list := make([]Volume, 0, len(answer.Volumes))
	for _, v := range answer.Volumes {
		if v != nil {
			list = append(list, Volume{Name: v.Name, Mountpoint: v.Mountpoint, Labels: v.Labels, Created: engineTime(v.CreatedAt)})
		}
	}
	return list, nil
}

// CreateVolume makes a local volume. One of that name with these labels is
// success. ErrConflict: it exists with other labels; the engine answers such a
// creation with the old volume, as if it had made it.
func (c *Client) CreateVolume(ctx context.Context, name string, labels map[string]string) error {
	created, err := c.api.VolumeCreate(ctx, volume.CreateOptions{Name: name, Driver: "local", Labels: labels})
	if err != nil {
		return c.fail(ctx, err)
	}
	if !maps.Equal(created.Labels, labels) {
		return fmt.Errorf("%w: volume %q exists with other labels", ErrConflict, name)
	}
	return nil
}

// RemoveVolume removes a volume; gone is success. ErrConflict: a container refers to it.
func (c *Client) RemoveVolume(ctx context.Context, name string) error {
	return goneIsFine(c.fail(ctx, c.api.VolumeRemove(ctx, name, false)))
}
