package docker

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// InspectVolume reads one volume, else deployment.ErrNotFound.
func (c *Client) InspectVolume(ctx context.Context, name string) (Volume, error) {
	v, err := c.api.VolumeInspect(ctx, name)
	if err != nil {
		return Volume{}, c.fail(ctx, err)
	}
	return Volume{Name: v.Name, Mountpoint: v.Mountpoint, Labels: v.Labels, Created: engineTime(v.CreatedAt)}, nil
}

// VolumeUsers lists the containers that mount a volume, in every state: as long
// as there is one the volume cannot be removed.
func (c *Client) VolumeUsers(ctx context.Context, name string) ([]ContainerSummary, error) {
	rows, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("volume", name))})
	if err != nil {
		return nil, c.fail(ctx, err)
	}
	var list []ContainerSummary
	for _, row := range rows {
		for _, m := range row.Mounts { // the filter also matches a mount's target
			if m.Name == name {
				list = append(list, ContainerSummary{
					ID: row.ID, Name: ownName(row.Names), Image: row.Image, ImageID: row.ImageID,
					Labels: row.Labels, State: row.State, Created: time.Unix(row.Created, 0),
				})
				break
			}
		}
	}
	return list, nil
}
