package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// ModifyPlan says which steps will run and why. What stays as it is stays known.
func (r *workflowResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() { // destroy
		resp.Diagnostics.Append(rememberFlag(ctx, resp.Private, forGoodKey, true)...)
		return
	}
	p := workflowPlan{rt: r.runtime()}
	var diags, more diag.Diagnostics
	p.config, diags = load[workflowModel](ctx, req.Config)
	p.plan, more = load[workflowModel](ctx, req.Plan)
	diags.Append(more...)
	if !req.State.Raw.IsNull() {
		prior, more := load[workflowModel](ctx, req.State)
		diags.Append(more...)
		p.prior = &prior
	}
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if p.prior != nil && !p.plan.Name.IsUnknown() && !p.plan.Name.Equal(p.prior.Name) { // another workflow comes in its place
		resp.Diagnostics.Append(rememberFlag(ctx, resp.Private, forGoodKey, true)...)
	}
	proposed := p.plan
	p.make(ctx)
	resp.Diagnostics.Append(p.diags...)
	if !resp.Diagnostics.HasError() && !same(&p.plan, &proposed) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, p.plan)...)
	}
}

// workflowPlan is a plan in the making.
type workflowPlan struct {
	rt     *runtime
	config workflowModel
	prior  *workflowModel // nil: a create

	plan    workflowModel
	spec    workflow.Spec // what the runner was asked about
	forgets bool          // see forgetful
	diags   diag.Diagnostics
}

func (p *workflowPlan) make(ctx context.Context) {
	if p.prior != nil && !p.plan.Name.Equal(p.prior.Name) {
		p.prior = nil // it is replaced: Terraform plans a create next
	}
	p.diags.Append(validateWorkflow(p.config)...) // what was unknown when it was validated may be known now
	if p.diags.HasError() {
		return
	}
	p.steps()
	if p.diags.HasError() {
		return
	}
	differs := p.prior == nil || p.differs() || len(p.prior.Drift.Elements()) > 0
	plan, asked := p.ask(ctx)
	if p.diags.HasError() {
		return
	}
	if !differs && (!asked || plan.Empty()) {
		p.plan.workflowResults = p.prior.workflowResults
		return
	}
	p.plan.workflowResults = p.results(plan.Steps)
}

// differs reports whether the plan says anything that the state does not.
func (p *workflowPlan) differs() bool {
	before, says := encode(p.prior.workflowArguments), encode(p.plan.workflowArguments)
	for name, value := range says {
		if !value.Equal(before[name]) {
			return true
		}
	}
	return !p.plan.Timeouts.Equal(p.prior.Timeouts)
}

// ask lets the runner say which steps will run; those after one of which
// nobody knows what it does are not part of the answer. A runner that gives
// none makes the plan less precise, and no worse.
func (p *workflowPlan) ask(ctx context.Context) (plan workflow.Plan, asked bool) {
	if p.rt.Unknown || p.rt.Workflows == nil || p.plan.Name.IsUnknown() {
		return plan, false
	}
	spec, diags := p.rt.workflowSpec(p.plan, p.config)
	p.diags.Append(diags...)
	spec.Steps = spec.Steps[:p.understood()]
	p.unknowns(&spec)
	p.spec = spec
	p.diags.Append(p.unsupported(spec)...)
	if p.diags.HasError() || len(spec.Steps) == 0 {
		return plan, false
	}
	ctx, cancel := readOperation.bounded(ctx, p.plan.Timeouts)
	defer cancel()
	plan, err := p.rt.Workflows.Plan(ctx, spec)
	if err != nil {
		p.diags.Append(warning(fmt.Sprintf("The plan of workflow %q was not checked against the engine", spec.Name), explain(err)))
		return plan, false
	}
	p.forgets = p.forgetful(ctx)
	for _, name := range plan.Retires {
		plan.Warnings = append(plan.Warnings, fmt.Sprintf("No step deploys %q any more: it is removed once all steps have succeeded.", name))
	}
	plan.Warnings = append(plan.Warnings, p.interruptions(ctx, spec, plan)...)
	p.diags.Append(warnings("workflow", spec.Name, plan.Warnings)...)
	return plan, true
}

// understood is the number of steps, from the first, of which it is known what
// they do: their names and their kinds.
func (p *workflowPlan) understood() int {
	for i, step := range groups[stepModel](p.plan.Steps) {
		if kinds, known := step.kinds(); !known || len(kinds) != 1 || !isSet(step.Name) {
			return i
		}
	}
	return len(p.plan.Steps.Elements())
}
