package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// deployments is the data source mlops_deployments.
type deployments struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*deployments)(nil)

func newDeployments() datasource.DataSource { return &deployments{} }

// deploymentsModel is the data source: its filters and what they found.
type deploymentsModel struct {
	NamePrefix  types.String      `tfsdk:"name_prefix"`
	Status      []string          `tfsdk:"status"`
	Labels      map[string]string `tfsdk:"labels"`
	Owner       types.String      `tfsdk:"owner"`
	Deployments []statusModel     `tfsdk:"deployments"`
}

// Metadata implements datasource.DataSource.
func (d *deployments) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "mlops_deployments"
}

// Schema implements datasource.DataSource.
func (d *deployments) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What the deployments of an engine do right now, by name. Containers that this provider did not make are listed too. " +
			"One that cannot be read has the status `error` with its reason; the others are unaffected.\n\n" +
			"CPU and memory are sampled when the data source is read, all replicas at once.",
		Attributes: map[string]schema.Attribute{
			"name_prefix": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "What the names begin with; `\"\"` for every container of the engine. Default: the provider's `name_prefix`.",
			},
			"status": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Only those with one of these statuses: " + statesText() + ". Default: all.",
				Validators:          []validator.List{notEmpty{}, elements{values: []check{oneOf(deployment.States)}}},
			},
			"labels": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Only those whose containers have all of these labels. An empty value stands for any: the label is there.",
				Validators:          []validator.Map{elements{keys: []check{isPrintable}}},
			},
			"owner": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only those that a configuration with this `owner` made. Default: all, also containers without an owner.",
			},
			"deployments": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The deployments, by name.",
				NestedObject:        schema.NestedAttributeObject{Attributes: statusAttributes()},
			},
		},
	}
}

// Read implements datasource.DataSource.
func (d *deployments) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model deploymentsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if d.rt.Unknown {
		resp.Diagnostics.Append(unable("list", "deployments", "", errEngineUnknown))
		return
	}
	found, err := d.rt.Engine.List(ctx, model.filter(d.rt.NamePrefix))
	if err != nil {
		resp.Diagnostics.Append(unable("list", "deployments", "", err))
		return
	}
	model.Deployments = make([]statusModel, 0, len(found))
	for _, status := range found {
		model.Deployments = append(model.Deployments, newStatusModel(status))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (m deploymentsModel) filter(defaultPrefix string) deployment.Filter {
	filter := deployment.Filter{
		NamePrefix: stringOr(m.NamePrefix, defaultPrefix),
		Owner:      m.Owner.ValueString(),
		Labels:     m.Labels,
		Usage:      true,
	}
	for _, status := range m.Status {
		filter.States = append(filter.States, deployment.State(status))
	}
	return filter
}
