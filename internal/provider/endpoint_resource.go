package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// endpointResource is mlops_endpoint.
type endpointResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure      = (*endpointResource)(nil)
	_ resource.ResourceWithValidateConfig = (*endpointResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*endpointResource)(nil)
	_ resource.ResourceWithImportState    = (*endpointResource)(nil)
)

func newEndpointResource() resource.Resource { return &endpointResource{} }

// Metadata implements resource.Resource.
func (r *endpointResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_endpoint"
}

// Schema implements resource.Resource.
func (r *endpointResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = endpointSchema(ctx)
}

// ValidateConfig implements resource.ResourceWithValidateConfig.
func (r *endpointResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	config, diags := load[endpointState](ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	for _, p := range endpoint.Check(config.checkable()) {
		if at, ok := attributePath(p.Path()); ok {
			resp.Diagnostics.Append(invalid(at, "%s", p.Text))
		}
	}
}

// outdatedKey is what the private state of an endpoint remembers: its gateway
// runs, and has to be made anew. The sentences in state do not tell.
const outdatedKey = "outdated"

// ModifyPlan plans what is known of the results. It asks nothing of an engine,
// but for a create whether the endpoint is there already.
func (r *endpointResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() { // destroy
		return
	}
	plan, diags := load[endpointState](ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var prior *endpointState
	if !req.State.Raw.IsNull() {
		state, diags := load[endpointState](ctx, req.State)
		resp.Diagnostics.Append(diags...)
		prior = &state
	}
	proposed := plan
	if prior != nil && plan.Name.Equal(prior.Name) { // an update
		resp.Diagnostics.Append(plan.planShift(*prior)...)
		resp.Diagnostics.Append(plan.interruption(prior, readFlag(ctx, req.Private, outdatedKey))...)
	}
	if prior == nil {
		resp.Diagnostics.Append(r.takenOver(ctx, plan, plannedLife(ctx, req.Private))...)
	}
	plan.complete(prior)
	if !same(&plan, &proposed) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// takenOver is the warning of a plan to create what another resource or state
// has. An engine that gives no answer makes the plan no worse: the apply tells.
func (r *endpointResource) takenOver(ctx context.Context, plan endpointState, uid string) diag.Diagnostics {
	rt, name := r.runtime(), plan.Name.ValueString()
	if rt.Unknown || rt.Endpoints == nil || !isSet(plan.Name) {
		return nil
	}
	ctx, cancel := readOperation.bounded(ctx, plan.Timeouts)
	defer cancel()
	status, err := rt.Endpoints.Status(ctx, name)
	if err != nil || status.Spec.Owner != rt.Owner || !deployment.OtherLife(status.UID, uid) {
		return nil
	}
	return warnings("endpoint", name, []string{deployment.WouldTakeOver(fmt.Sprintf("Endpoint %q", name), status.Revision, rt.Owner)})
}

// endpoints is nil, with an error, while the provider has none.
func (r *endpointResource) endpoints(verb string, diags *diag.Diagnostics) endpoint.Engine {
	return available(r.runtime().Endpoints, verb, "endpoint", diags)
}

// Create implements resource.Resource.
func (r *endpointResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan, diags := load[endpointState](ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	config, diags := load[endpointState](ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	engine := r.endpoints("create", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	// Before anything exists: what an error leaves behind must not be orphaned.
	plan.Revision = types.Int64Null()
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name, spec := plan.Name.ValueString(), plan.withSecrets(plan.toSpec(r.rt.Owner), config)
	spec.UID = deployment.NewUID()
	resp.Diagnostics.Append(rememberLife(ctx, resp.Private, spec.UID)...) // of a tainted one, too: see deploymentResource
	creating, cancel := createOperation.bounded(ctx, plan.Timeouts)
	defer cancel()
	status, err := engine.Apply(creating, spec)
	resp.Diagnostics.Append(warnings("endpoint", name, status.Warnings)...)
	if err != nil {
		resp.Diagnostics.Append(unable("create", "endpoint", name, err))
		if r.nothingOf(ctx, engine, spec) {
			resp.State.RemoveResource(ctx)
		}
		return
	}
	plan.Revision = types.Int64Value(int64(status.Revision))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// nothingOf reports whether a create that failed left nothing that would have
// to stay in state, or found what belongs to somebody else: to another owner, or
// to another life, which it did not get to take over. Of a tainted one Terraform
// forgets the life before it replaces it, and the delete would take what it finds.
func (r *endpointResource) nothingOf(ctx context.Context, engine endpoint.Engine, spec endpoint.Spec) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout) // after an interrupt, too
	defer cancel()
	status, err := engine.Status(ctx, spec.Name)
	return errors.Is(err, deployment.ErrNotFound) ||
		err == nil && (status.Spec.Owner != r.rt.Owner || deployment.OtherLife(status.UID, spec.UID))
}

// Read implements resource.Resource.
func (r *endpointResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state, diags := load[endpointState](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || r.runtime().Unknown { // which engine is not known yet: the state stays
		return
	}
	engine := r.endpoints("read", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reading, cancel := readOperation.bounded(ctx, state.Timeouts)
	defer cancel()
	status, err := engine.Status(reading, state.Name.ValueString())
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		resp.State.RemoveResource(ctx)
	case err != nil:
		resp.Diagnostics.Append(unable("read", "endpoint", state.Name.ValueString(), err))
	case state.Revision.IsNull() && deployment.OtherLife(status.UID, readLife(ctx, req.Private)):
		resp.State.RemoveResource(ctx) // see deploymentResource
	default:
		resp.Diagnostics.Append(rememberFlag(ctx, resp.Private, outdatedKey, status.Outdated)...)
		resp.Diagnostics.Append(rememberLife(ctx, resp.Private, cmp.Or(readLife(ctx, req.Private), status.UID))...)
		if next := observedEndpoint(status, &state); !same(&next, &state) {
			resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
		}
	}
}

// Update implements resource.Resource. On an error nothing is saved: the
// endpoint serves as it did, and the next plan shows the change again.
func (r *endpointResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, diags := load[endpointState](ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	config, diags := load[endpointState](ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	engine := r.endpoints("update", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	name, spec := plan.Name.ValueString(), plan.withSecrets(plan.toSpec(r.rt.Owner), config)
	spec.UID = readLife(ctx, req.Private)
	updating, cancel := updateOperation.bounded(ctx, plan.Timeouts)
	defer cancel()
	status, err := engine.Apply(updating, spec)
	resp.Diagnostics.Append(warnings("endpoint", name, status.Warnings)...)
	if err != nil {
		resp.Diagnostics.Append(unable("update", "endpoint", name, err))
		return
	}
	if plan.Revision.IsUnknown() {
		plan.Revision = types.Int64Value(int64(status.Revision))
	}
	resp.Diagnostics.Append(rememberFlag(ctx, resp.Private, outdatedKey, false)...)
	resp.Diagnostics.Append(rememberLife(ctx, resp.Private, status.UID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete implements resource.Resource. Already gone is success, and so is what
// another resource has applied since: it stays, with a warning.
func (r *endpointResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state, diags := load[endpointState](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	engine := r.endpoints("delete", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	name := state.Name.ValueString()
	removing, cancel := deleteOperation.bounded(ctx, state.Timeouts)
	defer cancel()
	err := engine.Remove(removing, endpoint.Removal{Name: name, Owner: r.rt.Owner, UID: readLife(ctx, req.Private)})
	switch {
	case errors.Is(err, deployment.ErrTakenOver):
		resp.Diagnostics.Append(leftAlone("endpoint", name))
	case err != nil:
		resp.Diagnostics.Append(unable("delete", "endpoint", name, err))
	}
}

// ImportState implements resource.ResourceWithImportState: by name.
func (r *endpointResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	engine := r.endpoints("import", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	status, err := r.importable(ctx, engine, req.ID)
	if err != nil {
		resp.Diagnostics.Append(unable("import", "endpoint", req.ID, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, observedEndpoint(status, nil))...)
}

// importable finds what an import is about.
func (r *endpointResource) importable(ctx context.Context, engine endpoint.Engine, name string) (endpoint.Status, error) {
	if err := isEndpointName(name); err != nil {
		return endpoint.Status{}, fmt.Errorf("%q %w. Import an endpoint by its name", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, readOperation.fallback)
	defer cancel()
	status, err := engine.Status(ctx, name)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		return status, fmt.Errorf("the engine has no endpoint named %q (compare \"docker volume ls --filter label=mlops.kind=endpoint\"): %w", name, err)
	case err == nil && status.Spec.Owner != r.rt.Owner:
		return status, &deployment.OwnerError{Kind: "endpoint", Name: name, Owner: status.Spec.Owner, Want: r.rt.Owner}
	case err == nil && len(status.Spec.Traffic) == 0:
		return status, fmt.Errorf("the record of the endpoint is lost, so nobody knows what it routed to: create it anew instead, which takes over what is there")
	}
	return status, err
}
