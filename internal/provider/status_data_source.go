package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// containerNameRE is Docker's own rule for container names.
var containerNameRE = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// deploymentStatus is the data source mlops_deployment_status.
type deploymentStatus struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*deploymentStatus)(nil)

func newDeploymentStatus() datasource.DataSource { return &deploymentStatus{} }

// Metadata implements datasource.DataSource.
func (d *deploymentStatus) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "mlops_deployment_status"
}

// Schema implements datasource.DataSource.
func (d *deploymentStatus) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := statusAttributes()
	attributes["name"] = schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Name of a deployment, or of any container on the engine.",
		Validators: []validator.String{stringIs{matches(containerNameRE,
			"is not a container name: two or more letters, digits and _.- that begin with a letter or digit")}},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What one deployment does right now. A name that the engine does not know has the status `not_found`; that is no error. " +
			"Containers that this provider did not make work too.\n\n" +
			"CPU and memory are sampled when the data source is read, all replicas at once.",
		Attributes: attributes,
	}
}

// Read implements datasource.DataSource.
func (d *deploymentStatus) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var name string
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if d.rt.Unknown {
		resp.Diagnostics.Append(unable("read the status of", "deployment", name, errEngineUnknown))
		return
	}
	found, err := d.rt.Engine.List(ctx, deployment.Filter{Names: []string{name}, Usage: true})
	if err != nil {
		resp.Diagnostics.Append(unable("read the status of", "deployment", name, err))
		return
	}
	status := deployment.Status{State: deployment.StateNotFound}
	if len(found) > 0 {
		status = found[0]
	}
	status.Spec.Name = name // as configured, whatever the engine calls it
	resp.Diagnostics.Append(resp.State.Set(ctx, newStatusModel(status))...)
}
