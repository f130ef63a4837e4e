package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// ModifyPlan tells apart what a change does: nothing, a policy, a live update
// or a rollout. What stays as it is stays known.
func (r *deploymentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() { // destroy
		return
	}
	p := deploymentPlan{rt: r.runtime()}
	var diags, more diag.Diagnostics
	p.config, diags = load[deploymentModel](ctx, req.Config)
	p.plan, more = load[deploymentModel](ctx, req.Plan)
	diags.Append(more...)
	if !req.State.Raw.IsNull() {
		prior, more := load[deploymentModel](ctx, req.State)
		diags.Append(more...)
		p.prior, p.driftIsLive = &prior, readFlag(ctx, req.Private, driftIsLiveKey)
	} else {
		p.uid = plannedLife(ctx, req.Private)
	}
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	proposed := p.plan
	p.make(ctx)
	resp.Diagnostics.Append(p.diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !p.plan.equal(&proposed) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, p.plan)...)
	}
	if p.replaces {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("name"))
	}
}

// deploymentPlan is a plan in the making.
type deploymentPlan struct {
	rt          *runtime
	base        path.Path // where the arguments stand: the root of the resource, or an attribute
	config      deploymentModel
	prior       *deploymentModel // nil: a create
	driftIsLive bool             // all drift of prior is mended without a new container
	uid         string           // of a create: the life that finds nothing of another's; "": nobody is warned

	plan     deploymentModel
	replaces bool
	diags    diag.Diagnostics
}

func (p *deploymentPlan) make(ctx context.Context) {
	p.name()
	p.restartPolicy()
	p.diags.Append(validateDeployment(p.config)...) // what was unknown when it was validated may be known now
	if p.diags.HasError() {
		return
	}
	changes := true
	p.replaces = p.prior != nil && !p.plan.Name.Equal(p.prior.Name)
	if p.prior == nil || p.replaces {
		p.plan.deploymentResults = unknownResults(p.plan.Name)
	} else {
		changes = p.update()
	}
	if changes && !p.replaces && !p.diags.HasError() {
		p.ask(ctx)
	}
}

// restartPolicy fills in what the configuration leaves to the provider: the
// default for a new deployment, what it has for another.
func (p *deploymentPlan) restartPolicy() {
	switch {
	case !p.config.RestartPolicy.IsNull():
	case p.prior != nil:
		p.plan.RestartPolicy = p.prior.RestartPolicy
	default:
		p.plan.RestartPolicy = types.StringValue(string(deployment.RestartAlways))
	}
}

// update plans the change of a deployment that exists; false when there is none.
func (p *deploymentPlan) update() bool {
	if isSet(p.plan.AdoptExisting) && isSet(p.prior.AdoptExisting) {
		p.plan.AdoptExisting = p.prior.AdoptExisting // means something to a create alone
	}
	if p.foreign() {
		p.keepFound()
	}
	c := p.compare()
	p.plan.deploymentResults = c.results(p.prior.deploymentResults)
	return c.any
}

// keepFound keeps all that means what was found of a container that somebody else
// made, in whatever order the engine tells it, so that a configuration that fits
// has nothing to change.
func (p *deploymentPlan) keepFound() {
	found, diags := p.prior.toSpec()
	p.diags.Append(diags...)
	for _, a := range arguments {
		group, grouped := a.value(&p.plan).(types.Object)
		had, inState := a.value(p.prior).(types.Object)
		switch {
		case !grouped || !inState:
			if p.means(a, a.value(&p.plan), found) {
				a.copy(&p.plan, p.prior)
			}
		case isSet(group) && isSet(had):
			a.set(&p.plan, p.keptIn(a, group, had, found))
		}
	}
}

// keptIn is a group with those attributes as they were found that mean the same.
// Each is judged by itself, beside the others as they were found: what the first
// plan of an apply does not know of those must not make a difference.
func (p *deploymentPlan) keptIn(a argument, group, had types.Object, found deployment.Spec) types.Object {
	kept := group.Attributes()
	for name, says := range group.Attributes() {
		if says.IsNull() || had.Attributes()[name].IsNull() {
			continue
		}
		other := had.Attributes()
		other[name] = says
		if p.means(a, types.ObjectValueMust(had.AttributeTypes(context.Background()), other), found) {
			kept[name] = had.Attributes()[name]
		}
	}
	return types.ObjectValueMust(group.AttributeTypes(context.Background()), kept)
}

// means reports whether an argument with this value means what was found.
func (p *deploymentPlan) means(a argument, says attr.Value, found deployment.Spec) bool {
	if says.IsNull() || a.value(p.prior).IsNull() || !fullyKnown(says) {
		return false
	}
	with := *p.prior
	a.set(&with, says)
	spec, diags := with.toSpec()
	p.diags.Append(diags...)
	return a.equal(found, spec)
}

// unknownResults are the results of a deployment that is made.
func unknownResults(name types.String) deploymentResults {
	return deploymentResults{
		ID: name, Revision: types.Int64Unknown(), Fingerprint: types.StringUnknown(),
		ImageID: types.StringUnknown(), ImageDigest: types.StringUnknown(),
		Containers: types.ListUnknown(containerType()), Drift: noDrift(),
	}
}

func noDrift() types.List { return types.ListValueMust(types.StringType, []attr.Value{}) }

func containerType() types.ObjectType {
	return types.ObjectType{AttrTypes: objectTypes("containers")}
}
