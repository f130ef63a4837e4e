package provider

import (
	"context"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
)

// connectDocker opens the connection of a provider outside tests.
func connectDocker(ctx context.Context, opts docker.Options) (Docker, error) {
	return docker.Connect(ctx, opts)
}

// newServices works on one engine, with one session for all of it.
func newServices(d Docker, cfg container.Config) services {
	return services{Engine: container.New(d, cfg)}
}

// connectionWarnings are about a connection that is less safe than it looks.
func connectionWarnings(d Docker) []string {
	if client, ok := d.(*docker.Client); ok {
		return client.Endpoint.Warnings
	}
	return nil
}
