package gateway

import (
	"context"
	"io"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// What this package needs of a Docker engine, by concern. *docker.Client has
// all of it.

// Docker is all of it.
type Docker interface {
	session.Docker
	Containers
	Inside
	Networks
	Records
}

// Containers makes and observes gateways, and observes replicas.
type Containers interface {
	ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error)
	InspectContainer(ctx context.Context, idOrName string) (docker.Container, error)
	ContainerLogs(ctx context.Context, id string, tail int) ([]string, error)
	CreateContainer(ctx context.Context, req docker.CreateRequest) (id string, err error)
	StartContainer(ctx context.Context, id string) error
	UpdateContainer(ctx context.Context, id string, limits deployment.Limits, nanoCPUs bool) error
	UnpauseContainer(ctx context.Context, id string) error
	StopContainer(ctx context.Context, id string, grace time.Duration) error
	RenameContainer(ctx context.Context, id, name string) error
	RemoveContainer(ctx context.Context, id string) error
}

// Inside reaches into a gateway.
type Inside interface {
	Exec(ctx context.Context, id string, req docker.ExecRequest) (docker.ExecResult, error)
	CopyTo(ctx context.Context, id, folder string, archive io.Reader) error
	CopyFrom(ctx context.Context, id, path string) (io.ReadCloser, error)
}

// Networks manages bridge networks, always by ID.
type Networks interface {
	ListNetworks(ctx context.Context, labels map[string]string) ([]docker.Network, error)
	InspectNetwork(ctx context.Context, idOrName string) (docker.Network, error)
	CreateNetwork(ctx context.Context, req docker.NetworkRequest) (id string, err error)
	RemoveNetwork(ctx context.Context, id string) error
	ConnectNetwork(ctx context.Context, networkID, containerID string, aliases []string) error
	DisconnectNetwork(ctx context.Context, networkID, containerID string) error
}

// Records keeps small facts in the labels of empty volumes.
type Records interface {
	ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error)
	CreateVolume(ctx context.Context, name string, labels map[string]string) error
	RemoveVolume(ctx context.Context, name string) error
}

// Images finds an image on the engine, pulled as the policy says.
type Images interface {
	Resolve(ctx context.Context, ref string, policy deployment.PullPolicy, platform string) (docker.Image, error)
}

// Deployments are what endpoints route to.
type Deployments interface {
	Status(ctx context.Context, name string) (deployment.Status, error)
	List(ctx context.Context, f deployment.Filter) ([]deployment.Status, error)
	// Changed says that what it has seen of the deployment is not so any more.
	Changed(name string)
}
