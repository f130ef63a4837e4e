package container

import (
	"context"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// What this package needs of a Docker engine, by concern. *docker.Client has
// all of it; the tests bring an engine of their own that lives in memory.
//
// Errors of every method match deployment.ErrNotFound, docker.ErrConflict (a
// name is taken, or the object is in a state that forbids the call) and
// deployment.ErrUnreachable with errors.Is.

// Docker is all of it.
type Docker interface {
	Reader
	Builder
	Lifecycle
	Images
	Networks
	Records
	Sessions
}

// Reader observes containers.
type Reader interface {
	ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error) // all states; "" as value: label present; nil: every container
	InspectContainer(ctx context.Context, idOrName string) (docker.Container, error)
	ContainerLogs(ctx context.Context, id string, tail int) ([]string, error) // stdout and stderr interleaved, oldest first
	ContainerStats(ctx context.Context, id string) (docker.Stats, error)      // one-shot, with the previous sample where the engine has one
	Info(ctx context.Context) (docker.Info, error)                            // memory, CPUs, root folder, API version; cached for the process
}

// Builder makes containers and changes what they are.
type Builder interface {
	CreateContainer(ctx context.Context, req docker.CreateRequest) (id string, err error)
	UpdateContainer(ctx context.Context, id string, limits deployment.Limits, nanoCPUs bool) error
	RenameContainer(ctx context.Context, id, name string) error
	RemoveContainer(ctx context.Context, id string) error // force, with anonymous volumes; gone is success; returns when it is gone
}

// Lifecycle starts and stops containers.
type Lifecycle interface {
	StartContainer(ctx context.Context, id string) error
	UnpauseContainer(ctx context.Context, id string) error
	StopContainer(ctx context.Context, id string, grace time.Duration) error // already stopped or gone is success
	Events(ctx context.Context, labels map[string]string) (<-chan docker.Event, <-chan error)
}

// Images resolves and pulls images.
type Images interface {
	InspectImage(ctx context.Context, ref string) (docker.Image, error) // ErrNotFound: the engine does not have it
	PullImage(ctx context.Context, ref, platform string) error          // with the configured registry credentials
	RemoteDigest(ctx context.Context, ref string) (string, error)       // of the tag in its registry, through the engine
}

// Networks manages bridge networks, always by ID.
type Networks interface {
	ListNetworks(ctx context.Context, labels map[string]string) ([]docker.Network, error)
	InspectNetwork(ctx context.Context, idOrName string) (docker.Network, error) // with its containers
	CreateNetwork(ctx context.Context, req docker.NetworkRequest) (id string, err error)
	RemoveNetwork(ctx context.Context, id string) error
	ConnectNetwork(ctx context.Context, networkID, containerID string, aliases []string) error
}

// Records keeps small facts in the labels of empty volumes.
type Records interface {
	ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error)
	CreateVolume(ctx context.Context, name string, labels map[string]string) error // docker.ErrConflict when it exists with other labels
	RemoveVolume(ctx context.Context, name string) error                           // gone is success
}

// Sessions starts session containers.
type Sessions interface {
	StartSession(ctx context.Context, req docker.SessionRequest) (docker.Session, error)
}
