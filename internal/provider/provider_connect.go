package provider

import (
	"context"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
)

// connectDocker opens the connection of a provider outside tests.
func connectDocker(ctx context.Context, opts docker.Options) (container.Docker, error) {
	return docker.Connect(ctx, opts)
}

// newContainerEngine runs deployments as plain containers of one engine.
func newContainerEngine(d container.Docker, cfg container.Config) deployment.Engine {
	return container.New(d, cfg)
}

// connectionWarnings are about a connection that is less safe than it looks.
func connectionWarnings(d container.Docker) []string {
	if client, ok := d.(*docker.Client); ok {
		return client.Endpoint.Warnings
	}
	return nil
}
