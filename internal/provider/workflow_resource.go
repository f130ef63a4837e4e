package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// workflowRunner plans and runs workflows; *workflow.Runner has it.
type workflowRunner interface {
	Plan(ctx context.Context, spec workflow.Spec) (workflow.Plan, error)
	Apply(ctx context.Context, spec workflow.Spec) (workflow.Run, error)
	Read(ctx context.Context, name string) (workflow.Run, error)
	Remove(ctx context.Context, r workflow.Removal) (kept []string, err error)
}

// workflowResource is mlops_workflow.
type workflowResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure      = (*workflowResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*workflowResource)(nil)
	_ resource.ResourceWithValidateConfig = (*workflowResource)(nil)
	_ resource.ResourceWithImportState    = (*workflowResource)(nil)
)

func newWorkflowResource() resource.Resource { return &workflowResource{} }

// Metadata implements resource.Resource.
func (r *workflowResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_workflow"
}

// Schema implements resource.Resource.
func (r *workflowResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = workflowSchema(ctx)
}

// ValidateConfig implements resource.ResourceWithValidateConfig.
func (r *workflowResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	config, diags := load[workflowModel](ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(validateWorkflow(config)...)
	}
}

// Create implements resource.Resource. One that fails leaves a state only if a
// deployment was made that must not be orphaned: what was trained is found
// again without a state, and a tainted one would stop what is running.
func (r *workflowResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan, diags := load[workflowModel](ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	run, ok := r.apply(ctx, workflowCreate, plan, req.Config, &resp.Diagnostics)
	if !ok && !deployed(run) {
		return
	}
	plan.fill(workflowResultsOf(run))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Read implements resource.Resource. It runs nothing, and what the last run
// came to stays: only the deployments can have changed since.
func (r *workflowResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state, diags := load[workflowModel](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || r.runtime().Unknown { // which engine is not known yet: the state stays
		return
	}
	name := state.Name.ValueString()
	runner := r.runner("read", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reading, cancel := readOperation.bounded(ctx, state.Timeouts)
	defer cancel()
	run, err := runner.Read(reading, name)
	if errors.Is(err, deployment.ErrNotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(unable("read", "workflow", name, err))
		return
	}
	next := state
	next.Drift = sentences(run.Drift)
	if !same(&next, &state) {
		resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
	}
}

// Update implements resource.Resource. On an error nothing is saved: the next
// plan shows the change again.
func (r *workflowResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, diags := load[workflowModel](ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	run, ok := r.apply(ctx, workflowUpdate, plan, req.Config, &resp.Diagnostics)
	if !ok {
		return
	}
	plan.fill(workflowResultsOf(run))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// apply runs the workflow; false, with an error, when that failed. The run is
// as far as it came.
func (r *workflowResource) apply(ctx context.Context, o operation, plan workflowModel, said stored, diags *diag.Diagnostics) (workflow.Run, bool) {
	config, more := load[workflowModel](ctx, said)
	diags.Append(more...)
	runner := r.runner(o.name, diags)
	if diags.HasError() {
		return workflow.Run{}, false
	}
	spec, more := r.rt.workflowSpec(plan, config)
	diags.Append(more...)
	if diags.HasError() {
		return workflow.Run{}, false
	}
	applying, cancel := o.bounded(ctx, plan.Timeouts)
	defer cancel()
	run, err := runner.Apply(applying, spec)
	diags.Append(warnings("workflow", spec.Name, run.Warnings)...)
	if err != nil {
		diags.Append(unable(o.name, "workflow", spec.Name, err))
	}
	return run, err == nil
}

// deployed reports whether a run has made a deployment, which is the
// workflow's to remove.
func deployed(run workflow.Run) bool {
	return slices.ContainsFunc(run.Results, func(r workflow.Result) bool { return r.Owned && r.Status == workflow.Succeeded })
}

// forGoodKey marks, in what a plan hands to its apply, a workflow that goes for
// good. A delete itself cannot be told from half of a replacement, but Terraform
// plans the destruction of that one only which nothing replaces.
const forGoodKey = "for_good"

// Delete implements resource.Resource. Already gone is success. As half of a
// replacement it leaves to the other half what that one goes on with: results,
// and what is running.
func (r *workflowResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state, diags := load[workflowModel](ctx, req.State)
	resp.Diagnostics.Append(diags...)
	runner := r.runner("delete", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	name := state.Name.ValueString()
	removing, cancel := deleteOperation.bounded(ctx, state.Timeouts)
	defer cancel()
	purge, forGood := state.PurgeOnDestroy.ValueBool(), readFlag(ctx, req.Private, forGoodKey)
	kept, err := runner.Remove(removing, workflow.Removal{Name: name, Owner: r.rt.Owner, Purge: purge && forGood, LeaveJobs: !forGood})
	switch {
	case err != nil && !errors.Is(err, deployment.ErrNotFound):
		resp.Diagnostics.Append(unable("delete", "workflow", name, err))
		resp.Diagnostics.Append(rememberFlag(ctx, resp.Private, forGoodKey, false)...) // of that plan alone
	case forGood:
		resp.Diagnostics.Append(keeping(name, purge, kept)...)
	}
}

// keeping is the warning about what a destroy has left.
func keeping(name string, purge bool, kept []string) diag.Diagnostics {
	if len(kept) == 0 {
		return nil
	}
	text := "It keeps, so that nothing is trained again if it comes back:"
	advice := "To remove them, too, set purge_on_destroy = true and apply before the destroy."
	if purge {
		text, advice = "It keeps what is in use:", "Remove what uses it, then the rest."
	}
	return diag.Diagnostics{warning(fmt.Sprintf("Workflow %q is removed, and leaves something behind", name),
		text+"\n  "+strings.Join(kept, "\n  ")+"\n"+advice)}
}

// ImportState implements resource.ResourceWithImportState: by name, from what
// the newest run recorded.
func (r *workflowResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	runner := r.runner("import", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	run, err := importableRun(ctx, runner, req.ID, r.rt.Owner)
	if err != nil {
		resp.Diagnostics.Append(unable("import", "workflow", req.ID, err))
		return
	}
	next := workflowModel{
		workflowArguments: workflowArgumentsOf(run.Spec, r.rt.NamePrefix), workflowResults: workflowResultsOf(run), Timeouts: timeoutsOf(run.Spec.Timeouts),
	}
	next.Drift = sentences(run.Drift)
	resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
}

// importableRun finds what an import is about.
func importableRun(ctx context.Context, runner workflowRunner, name, owner string) (workflow.Run, error) {
	if err := isWorkflowName(name); err != nil {
		return workflow.Run{}, fmt.Errorf("%q %w. Import a workflow by its name", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, readOperation.fallback)
	defer cancel()
	run, err := runner.Read(ctx, name)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		return run, fmt.Errorf("the engine has no run of a workflow named %q: %w", name, err)
	case err == nil && run.Owner != "" && run.Owner != owner:
		return run, fmt.Errorf("the workflow belongs to owner %q; this configuration is owner %q. "+
			"Use another name, or set the provider's owner to %q if this configuration is to take it over: %w", run.Owner, owner, run.Owner, deployment.ErrOwner)
	}
	return run, err
}

// runner is nil, with an error, while the provider has none.
func (r *workflowResource) runner(verb string, diags *diag.Diagnostics) workflowRunner {
	return available(r.runtime().Workflows, verb, "workflow", diags)
}
