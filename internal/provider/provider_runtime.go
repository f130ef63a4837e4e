package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// services are what is done on one engine, all of them nil while it is not
// known which.
type services struct {
	Engine    deployment.Engine
	Models    modelStore
	Workflows workflowRunner
	Endpoints endpoint.Engine
}

// runtime is what the provider's configuration comes down to: what resources
// and data sources work with.
type runtime struct {
	services
	// Scan reads the sources of models, and asks nothing of an engine.
	Scan          scanSource
	Owner         string
	Version       string // of the provider
	NamePrefix    string
	DefaultLabels map[string]string
	// APIVersion is the negotiated Docker API version, "" while Unknown.
	APIVersion string
	// Unknown says that the configuration has values that are known only after
	// an apply (a host that another resource makes): nothing can be asked of an
	// engine, so a plan goes without what the engine could have said.
	Unknown bool
}

// available returns one of the services; nil, with an error, while the provider
// has none. kind is of what the service is for, verb of what fails without it.
func available[S any](service S, verb, kind string, diags *diag.Diagnostics) S {
	if any(service) == nil {
		diags.Append(unable(verb, kind, "", errProviderUnknown))
	}
	return service
}

// configured takes the runtime from the provider. It is embedded through
// configuredResource and configuredDataSource.
type configured struct {
	// rt is nil only while a configuration is validated without a provider.
	rt *runtime
}

func (c *configured) take(providerData any, diags *diag.Diagnostics) {
	if providerData == nil { // Terraform validates before it configures
		return
	}
	rt, ok := providerData.(*runtime)
	if !ok {
		diags.AddError("Unable to configure the mlops provider",
			fmt.Sprintf("The provider passed %T to its own parts. This is a bug of the provider: please report it.", providerData))
		return
	}
	c.rt = rt
}

// runtime is what the provider's configuration comes down to; of a provider
// that was not configured, nothing is known.
func (c *configured) runtime() *runtime {
	if c.rt == nil {
		return &runtime{Unknown: true}
	}
	return c.rt
}

// errProviderUnknown is the answer to whatever needs an engine while nobody
// knows which.
var errProviderUnknown = errors.New("the provider's configuration is not known yet: apply what it depends on first")

// configuredResource is the Configure of every resource.
type configuredResource struct{ configured }

// Configure implements resource.ResourceWithConfigure.
func (c *configuredResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.take(req.ProviderData, &resp.Diagnostics)
}

// configuredDataSource is the Configure of every data source.
type configuredDataSource struct{ configured }

// Configure implements datasource.DataSourceWithConfigure.
func (c *configuredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c.take(req.ProviderData, &resp.Diagnostics)
}
