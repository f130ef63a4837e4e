package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// endpointStatus is the data source mlops_endpoint_status.
type endpointStatus struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*endpointStatus)(nil)

func newEndpointStatus() datasource.DataSource { return &endpointStatus{} }

// Metadata implements datasource.DataSource.
func (d *endpointStatus) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "mlops_endpoint_status"
}

// Schema implements datasource.DataSource.
func (d *endpointStatus) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := endpointStatusAttributes()
	attributes["name"] = schema.StringAttribute{
		Required: true, MarkdownDescription: "Name of an endpoint.",
		Validators: []validator.String{stringIs{isEndpointName}},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What one endpoint does right now, by the counters of its gateway. A name that no endpoint has, and a gateway that does not run, are a `status`, not an error. Reading changes nothing, and asks for no lock.\n\n" +
			"The gateway counts from `counting_since` on. That is the last time that its configuration was exchanged (another deployment behind the endpoint, another certificate, a rollout that needs more replicas than before) or that it was started; " +
			"changes of weights are not among these. As long as requests last that began before such an exchange, those from before it are counted too, and `counting_since` is accordingly earlier. So compare two readings only where it is the same.\n\n" +
			"A request is counted where it was sent in the end: at the `fallback` or at the deployment that it named by `override_header`, not at the one that its weight would have given it. " +
			"What the gateway answers itself before it chooses a deployment (401 without a key, 404 for an unknown deployment) is counted nowhere. There are no percentiles: the gateway's proxy keeps none.",
		Attributes: attributes,
	}
}

// Read implements datasource.DataSource.
func (d *endpointStatus) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var name string
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	if resp.Diagnostics.HasError() {
		return
	}
	const verb, kind = "read the status of", "endpoint"
	if d.rt.Unknown {
		resp.Diagnostics.Append(unable(verb, kind, name, errEngineUnknown))
		return
	}
	reading, cancel := context.WithTimeout(ctx, readOperation.fallback)
	defer cancel()
	observed, err := d.rt.Endpoints.Observe(reading, name)
	if err != nil {
		resp.Diagnostics.Append(unable(verb, kind, name, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, newEndpointStatusModel(observed))...)
}
