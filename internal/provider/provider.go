// Package provider is the Terraform side: schemas, the conversion between
// Terraform's values and the domain's, and diagnostics. It decides nothing
// about how a deployment changes.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
)

// Option changes what New builds.
type Option func(*mlopsProvider)

// Connect opens a connection to the engine that the options describe. Errors
// are *docker.OptionError for an option that cannot be used, else the text for
// the user.
type Connect func(ctx context.Context, opts docker.Options) (Docker, error)

// Docker is what the provider does on an engine. *docker.Client has all of it.
type Docker interface {
	container.Docker
	artifact.Docker
	job.Docker
	gateway.Docker
}

// WithConnect makes the provider work on what connect returns, so that whole
// plan and apply cycles run on an engine in memory.
func WithConnect(connect Connect) Option {
	return func(p *mlopsProvider) { p.connect = connect }
}

// New returns what makes the provider, once for every server. version is
// recorded on everything the provider makes.
func New(version string, opts ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &mlopsProvider{version: version, connect: connectDocker, newServices: newServices, scan: scanCached}
		for _, opt := range opts {
			opt(p)
		}
		return p
	}
}

type mlopsProvider struct {
	version     string
	connect     Connect
	newServices func(d Docker, cfg engineConfig) services
	scan        scanSource
	rt          *runtime // nil before Configure
}

var _ provider.ProviderWithValidateConfig = (*mlopsProvider)(nil)

// Metadata implements provider.Provider.
func (p *mlopsProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "mlops", p.version
}

// Schema implements provider.Provider.
func (p *mlopsProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = providerSchema()
}

// Configure connects to the engine, unless which one it is is known only after
// an apply.
func (p *mlopsProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	cfg, diags := readConfig(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	rt := cfg.runtime()
	rt.Version, rt.Scan = p.version, p.scan
	if rt.Unknown {
		tflog.Info(ctx, "the provider's configuration is not known yet: nothing is asked of an engine")
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
		}
	} else {
		resp.Diagnostics.Append(p.open(ctx, cfg, rt)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	p.rt, resp.ResourceData, resp.DataSourceData = rt, rt, rt
}

// open connects and completes rt with the engine.
func (p *mlopsProvider) open(ctx context.Context, cfg providerConfig, rt *runtime) diag.Diagnostics {
	var diags diag.Diagnostics
	opts, optDiags := cfg.dockerOptions(ctx)
	diags.Append(optDiags...)
	if diags.HasError() {
		return diags
	}
	d, err := p.connect(ctx, opts)
	if err != nil {
		diags.Append(cannotConnect(err))
		return diags
	}
	for _, text := range connectionWarnings(d) {
		diags.Append(warning("The connection to the Docker engine is less safe than it could be", text))
	}
	info, err := d.Info(ctx)
	if err != nil {
		diags.Append(cannotConnect(err))
		return diags
	}
	rt.APIVersion = info.APIVersion
	rt.services = p.newServices(d, cfg.engineConfig(p.version))
	return diags
}

// Resources implements provider.Provider.
func (p *mlopsProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newDeploymentResource, newEndpointResource, newModelResource, newWorkflowResource}
}

// DataSources implements provider.Provider.
func (p *mlopsProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newDeploymentStatus, newDeployments, newEndpointStatus}
}
