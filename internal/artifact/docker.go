package artifact

import (
	"context"
	"io"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// What this package needs of a Docker engine, by concern. *docker.Client has
// all of it; errors are as that says.

// Docker is all of it.
type Docker interface {
	Containers
	Programs
	Files
	Volumes
	Images
}

// Containers makes the helpers that files are copied through.
type Containers interface {
	ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error)
	InspectContainer(ctx context.Context, idOrName string) (docker.Container, error)
	CreateContainer(ctx context.Context, req docker.CreateRequest) (id string, err error)
	RemoveContainer(ctx context.Context, id string) error
}

// Programs runs one that removes files, which copying cannot.
type Programs interface {
	StartContainer(ctx context.Context, id string) error
	WaitContainer(ctx context.Context, id string) (exitCode int, err error)
}

// Files copies from and to containers.
type Files interface {
	CopyTo(ctx context.Context, id, folder string, archive io.Reader) error
	CopyFrom(ctx context.Context, id, path string) (io.ReadCloser, error)
	StatPath(ctx context.Context, id, path string) (docker.FileStat, error)
}

// Volumes holds artifacts and records.
type Volumes interface {
	ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error)
	InspectVolume(ctx context.Context, name string) (docker.Volume, error)
	CreateVolume(ctx context.Context, name string, labels map[string]string) error
	RemoveVolume(ctx context.Context, name string) error
	VolumeUsers(ctx context.Context, name string) ([]docker.ContainerSummary, error)
}

// Images makes the empty image of the helpers.
type Images interface {
	ImportImage(ctx context.Context, tar io.Reader, ref string, changes []string) error
}
