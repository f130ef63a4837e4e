package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// The operations that upload: 20 GB take a while over a slow connection.
var (
	uploadOperation   = operation{"create", 2 * time.Hour}
	reuploadOperation = operation{"update", 2 * time.Hour}
)

// modelResource is mlops_model.
type modelResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure   = (*modelResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*modelResource)(nil)
	_ resource.ResourceWithImportState = (*modelResource)(nil)
)

func newModelResource() resource.Resource { return &modelResource{} }

// Metadata implements resource.Resource.
func (r *modelResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_model"
}

// Schema implements resource.Resource.
func (r *modelResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = modelSchema(ctx)
}

// store is nil, with an error, while the provider has none.
func (r *modelResource) store(verb string, diags *diag.Diagnostics) modelStore {
	return available(r.runtime().Models, verb, "model", diags)
}

// Create implements resource.Resource.
func (r *modelResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan, diags := load[modelState](ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	store := r.store("create", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	// Before anything exists: what an error leaves behind must not be orphaned.
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	if resp.Diagnostics.HasError() {
		return
	}

	name := plan.Name.ValueString()
	uploading, cancel := uploadOperation.bounded(ctx, plan.Timeouts)
	defer cancel()
	resp.Diagnostics.Append(warnings("model", name, takenOver(uploading, store, name, r.rt.Owner))...)
	if _, err := store.Put(uploading, plan.toModel(r.rt.Owner)); err != nil {
		resp.Diagnostics.Append(unable("create", "model", name, err))
		if !leftIncomplete(ctx, store, plan, err) {
			resp.State.RemoveResource(ctx)
		}
	}
}

// Read implements resource.Resource.
func (r *modelResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state, diags := load[modelState](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || r.runtime().Unknown { // which engine is not known yet: the state stays
		return
	}
	store := r.store("read", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reading, cancel := readOperation.bounded(ctx, state.Timeouts)
	defer cancel()
	next, err := lookAt(reading, store, state)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		resp.State.RemoveResource(ctx)
	case err != nil:
		resp.Diagnostics.Append(unable("read", "model", state.Name.ValueString(), err))
	case !same(&next, &state):
		resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
	}
}

// Update implements resource.Resource. On an error nothing is saved: what was
// there before is still there, and the next plan shows the change again.
func (r *modelResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, diags := load[modelState](ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	store := r.store("update", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	name := plan.Name.ValueString()
	uploading, cancel := reuploadOperation.bounded(ctx, plan.Timeouts)
	defer cancel()
	if _, err := store.Put(uploading, plan.toModel(r.rt.Owner)); err != nil {
		resp.Diagnostics.Append(unable("update", "model", name, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete implements resource.Resource. Already gone is success; what something
// else uses stays, and the warning names it.
func (r *modelResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state, diags := load[modelState](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	store := r.store("delete", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	name := state.Name.ValueString()
	removing, cancel := deleteOperation.bounded(ctx, state.Timeouts)
	defer cancel()
	kept, err := forget(removing, store, state, r.rt.Owner)
	if len(kept) > 0 {
		resp.Diagnostics.Append(warning(fmt.Sprintf("Model %q is removed, and leaves something behind", name), strings.Join(kept, "\n")))
	}
	if err != nil {
		resp.Diagnostics.Append(unable("delete", "model", name, err))
	}
}

// ImportState implements resource.ResourceWithImportState: by name.
func (r *modelResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	store := r.store("import", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	status, err := importableModel(ctx, store, req.ID, r.rt.Owner)
	if err != nil {
		resp.Diagnostics.Append(unable("import", "model", req.ID, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, observedModel(status, nil))...)
}
