package provider

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// deploymentResource is mlops_deployment.
type deploymentResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure      = (*deploymentResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*deploymentResource)(nil)
	_ resource.ResourceWithValidateConfig = (*deploymentResource)(nil)
	_ resource.ResourceWithImportState    = (*deploymentResource)(nil)
)

func newDeploymentResource() resource.Resource { return &deploymentResource{} }

// Metadata implements resource.Resource.
func (r *deploymentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_deployment"
}

// Schema implements resource.Resource.
func (r *deploymentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = deploymentSchema(ctx)
}

// ValidateConfig implements resource.ResourceWithValidateConfig.
func (r *deploymentResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	config, diags := load[deploymentModel](ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(validateDeployment(config)...)
	}
}

// Create implements resource.Resource.
func (r *deploymentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan, diags := load[deploymentModel](ctx, req.Plan)
	config, more := load[deploymentModel](ctx, req.Config)
	resp.Diagnostics.Append(slices.Concat(diags, more)...)
	engine := r.engine("create", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	spec, diags := r.rt.spec(plan, config, nil)
	spec.UID = deployment.NewUID()
	resp.Diagnostics.Append(diags...)
	// Before anything exists: what an error leaves behind must not be orphaned.
	// Its life is the new one, whether or not a record has it by then: a tainted
	// resource removes what it made, and not what it failed to take over.
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.begun())...)
	resp.Diagnostics.Append(rememberLife(ctx, resp.Private, spec.UID)...)
	if resp.Diagnostics.HasError() {
		return
	}

	applying, cancel := plan.bounded(ctx, createOperation)
	defer cancel()
	status, err := engine.Apply(applying, spec)
	resp.Diagnostics.Append(warnings("deployment", spec.Name, status.Warnings)...)
	if err != nil {
		resp.Diagnostics.Append(unable("create", "deployment", spec.Name, err))
		if !leftBehind(ctx, engine, spec.Name, err) {
			resp.State.RemoveResource(ctx)
		}
		return
	}
	plan.complete(status, r.rt.NamePrefix)
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, status.UID, status, plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Read implements resource.Resource.
func (r *deploymentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state, diags := load[deploymentModel](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || r.runtime().Unknown { // which engine is not known yet: the state stays
		return
	}
	name := state.Name.ValueString()
	engine := r.engine("read", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reading, cancel := state.bounded(ctx, readOperation)
	defer cancel()
	status, err := engine.Status(reading, name)
	if errors.Is(err, deployment.ErrNotFound) || (err == nil && state.strange(status)) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(unable("read", "deployment", name, err))
		return
	}
	if state.Revision.IsNull() && deployment.OtherLife(status.UID, readLife(ctx, req.Private)) {
		// A create that failed did not get to take it over. Tainted, it would destroy it.
		resp.State.RemoveResource(ctx)
		return
	}
	next, diags := observed(status, &state, r.rt.NamePrefix)
	resp.Diagnostics.Append(diags...)
	uid := cmp.Or(readLife(ctx, req.Private), status.UID) // whoever has taken it over since is seen by the delete
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, uid, status, next)...)
	if !next.equal(&state) {
		resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
	}
}

// Update implements resource.Resource. On an error nothing is saved: the
// engine has rolled back, and the next plan shows the change again.
func (r *deploymentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, diags := load[deploymentModel](ctx, req.Plan)
	config, more := load[deploymentModel](ctx, req.Config)
	state, again := load[deploymentModel](ctx, req.State)
	resp.Diagnostics.Append(slices.Concat(diags, more, again)...)
	engine := r.engine("update", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	spec, diags := r.rt.spec(plan, config, &state)
	spec.UID = readLife(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}

	applying, cancel := plan.bounded(ctx, updateOperation)
	defer cancel()
	status, err := engine.Apply(applying, spec)
	resp.Diagnostics.Append(warnings("deployment", spec.Name, status.Warnings)...)
	if err != nil {
		resp.Diagnostics.Append(unable("update", "deployment", spec.Name, err))
		return
	}
	plan.complete(status, r.rt.NamePrefix)
	resp.Diagnostics.Append(r.remember(ctx, resp.Private, status.UID, status, plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete implements resource.Resource. Already gone is success, and so is what
// another resource has applied since: it stays, with a warning.
func (r *deploymentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state, diags := load[deploymentModel](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	engine := r.engine("delete", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	removing, cancel := state.bounded(ctx, deleteOperation)
	defer cancel()
	err := engine.Remove(removing, deployment.Removal{
		Name: state.Name.ValueString(), Owner: r.rt.Owner, UID: readLife(ctx, req.Private), Adopted: state.containerIDs(),
	})
	switch {
	case errors.Is(err, deployment.ErrTakenOver):
		resp.Diagnostics.Append(leftAlone("deployment", state.Name.ValueString()))
	case err != nil && !errors.Is(err, deployment.ErrNotFound):
		resp.Diagnostics.Append(unable("delete", "deployment", state.Name.ValueString(), err))
	}
}

// ImportState implements resource.ResourceWithImportState: by name, whoever
// made the container.
func (r *deploymentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	engine := r.engine("import", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	status, err := importable(ctx, engine, req.ID, r.rt.Owner)
	if err != nil {
		resp.Diagnostics.Append(unable("import", "deployment", req.ID, err))
		return
	}
	next, diags := observed(status, nil, r.rt.NamePrefix)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
}
