package session

import (
	"context"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// What this package needs of a Docker engine, by concern. *docker.Client has
// all of it.

// Docker is all of it.
type Docker interface {
	Containers
	Networks
	Sessions
}

// Containers are what locks are made of.
type Containers interface {
	ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error)
	InspectContainer(ctx context.Context, idOrName string) (docker.Container, error)
	CreateContainer(ctx context.Context, req docker.CreateRequest) (id string, err error)
	RemoveContainer(ctx context.Context, id string) error
	Events(ctx context.Context, labels map[string]string) (<-chan docker.Event, <-chan error)
}

// Networks manages bridge networks, always by ID.
type Networks interface {
	ListNetworks(ctx context.Context, labels map[string]string) ([]docker.Network, error)
	InspectNetwork(ctx context.Context, idOrName string) (docker.Network, error)
	CreateNetwork(ctx context.Context, req docker.NetworkRequest) (id string, err error)
	RemoveNetwork(ctx context.Context, id string) error
}

// Sessions starts session containers.
type Sessions interface {
	StartSession(ctx context.Context, req docker.SessionRequest) (docker.Session, error)
}

// Images finds an image on the engine, pulled as the policy says.
type Images interface {
	Resolve(ctx context.Context, ref string, policy deployment.PullPolicy, platform string) (docker.Image, error)
}
