package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// connectDocker opens the connection of a provider outside tests.
func connectDocker(ctx context.Context, opts docker.Options) (Docker, error) {
	return docker.Connect(ctx, opts)
}

// newServices works on one engine, with one session for all of it.
func newServices(d Docker, cfg engineConfig) services {
	engine := container.New(d, cfg.Config)
	gateways := gateway.New(d, gateway.Config{Network: cfg.Network, Image: cfg.GatewayImage, Version: cfg.Version, Log: logEndpoint}, engine.Sessions(), engine.Images(), engine)
	engine.Behind(gateways)
	store := artifact.New(d, engine.Sessions(), artifact.Config{Version: cfg.Version, Cache: sourceCache(), Progress: logProgress})
	jobs := job.New(d, engine.Sessions(), engine.Images(), store, job.Config{Version: cfg.Version, Log: logJob})
	runner := workflow.New(jobs, job.NewLedger(d, engine.Sessions(), store, cfg.Version), engine, time.Now)
	runner.Log = logAction
	return services{Engine: engine, Models: store, Workflows: runner, Endpoints: gateways}
}

// logProgress tells whoever follows Terraform's log how far an upload has come.
func logProgress(ctx context.Context, p artifact.Progress) {
	tflog.Info(ctx, p.Doing+" "+p.What, map[string]any{"bytes": p.Done, "of": p.Total})
}

// logJob passes on what the container of a step writes.
func logJob(ctx context.Context, step, line string) {
	tflog.Info(ctx, line, map[string]any{"step": step})
}

// logAction says what a run does next.
func logAction(ctx context.Context, name string, a workflow.Action) {
	tflog.Info(ctx, a.String(), map[string]any{"workflow": name})
}

// logEndpoint says how far a shift is.
func logEndpoint(ctx context.Context, name, line string) {
	tflog.Info(ctx, line, map[string]any{"endpoint": name})
}

// connectionWarnings are about a connection that is less safe than it looks.
func connectionWarnings(d Docker) []string {
	if client, ok := d.(*docker.Client); ok {
		return client.Endpoint.Warnings
	}
	return nil
}
