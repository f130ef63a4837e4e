package job

import (
	"context"
	"io"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// What this package needs, by concern. *docker.Client and *artifact.Store have
// all of it; the tests bring an engine of their own that lives in memory.

// Docker is all that is needed of an engine.
type Docker interface {
	Containers
	Watching
	Archives
	Volumes
}

// Containers makes and ends containers.
type Containers interface {
	CreateContainer(ctx context.Context, req docker.CreateRequest) (id string, err error)
	ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error) // in every state
	InspectContainer(ctx context.Context, idOrName string) (docker.Container, error)
	StartContainer(ctx context.Context, id string) error
	StopContainer(ctx context.Context, id string, grace time.Duration) error // already stopped or gone is success
	RemoveContainer(ctx context.Context, id string) error                    // force, with anonymous volumes; gone is success
}

// Watching follows what a container does.
type Watching interface {
	WaitContainer(ctx context.Context, id string) (exitCode int, err error)                    // until it does not run
	FollowLogs(ctx context.Context, id string, w io.Writer) error                              // stdout and stderr from the beginning, until it has ended
	ContainerLogs(ctx context.Context, id string, tail int) ([]string, error)                  // the last lines, oldest first
	PastEvents(ctx context.Context, id string, since, until time.Time) ([]docker.Event, error) // as far as the engine remembers them
}

// Archives moves files in and out of containers, running or not.
type Archives interface {
	StatPath(ctx context.Context, container, path string) (docker.FileStat, error) // deployment.ErrNotFound
	CopyTo(ctx context.Context, container, folder string, tar io.Reader) error
	CopyFrom(ctx context.Context, container, path string) (io.ReadCloser, error) // a tar; deployment.ErrNotFound
}

// Volumes keeps small facts in the labels of empty volumes.
type Volumes interface {
	ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error)
	CreateVolume(ctx context.Context, name string, labels map[string]string) error // docker.ErrConflict: it exists with other labels
	RemoveVolume(ctx context.Context, name string) error                           // gone is success
}

// Images finds an image on the engine, pulled as the policy says.
type Images interface {
	Resolve(ctx context.Context, ref string, policy deployment.PullPolicy, platform string) (docker.Image, error)
}

// Artifacts stores what training makes.
type Artifacts interface {
	// Capture stores a folder of a container, without the files of skip.
	// *artifact.ContentError: it holds what cannot be stored, or not the model file.
	Capture(ctx context.Context, container, folder string, skip []string, modelFile string) (deployment.Artifact, error)
	Present(ctx context.Context, a deployment.Artifact) (bool, error)
	// ContentOf is the digest of what a volume or, when volume is "", a host path holds.
	ContentOf(ctx context.Context, volume, hostPath string) (digest string, err error)
	// Discard removes an artifact. docker.ErrConflict: something uses or names
	// it, other than the volumes of except. Already gone is success.
	Discard(ctx context.Context, digest string, except []string) error
}
