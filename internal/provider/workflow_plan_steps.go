package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// steps plans what of the steps is computed.
func (p *workflowPlan) steps() {
	if p.plan.Steps.IsUnknown() {
		return
	}
	said := groups[stepModel](p.config.Steps)
	elements := p.plan.Steps.Elements()
	next := make([]attr.Value, len(elements))
	for i, element := range elements {
		object, _ := element.(types.Object)
		if !isSet(object) {
			next[i] = element
			continue
		}
		next[i] = p.step(i, object, said[i])
	}
	p.plan.Steps = types.ListValueMust(workflowObject("steps"), next)
}

// step plans one step; said is its configuration.
func (p *workflowPlan) step(i int, object types.Object, said stepModel) types.Object {
	step, _ := group[stepModel](object)
	by := map[string]attr.Value{"type": said.typeOf()}
	if isSet(step.Deployment) {
		by["deployment"] = p.deployment(i, step.Deployment, said)
	}
	return replacing(object, by)
}

// typeOf is the type that a step has, said or not.
func (m stepModel) typeOf() types.String {
	kinds, known := m.kinds()
	switch {
	case !m.Type.IsNull():
		return m.Type
	case !known:
		return types.StringUnknown()
	case len(kinds) != 1: // refused
		return types.StringNull()
	}
	return types.StringValue(string(kinds[0]))
}

// priorStep is the step of that name in the state, the zero one for none.
func (p *workflowPlan) priorStep(name types.String) stepModel {
	if p.prior == nil || !isSet(name) {
		return stepModel{}
	}
	for _, step := range groups[stepModel](p.prior.Steps) {
		if step.Name.Equal(name) {
			return step
		}
	}
	return stepModel{}
}

// mayRefer is a deployment step that may come to have no image, and then no
// defaults: see refersTo.
func (p *deploymentPlan) mayRefer() {
	for _, v := range []struct{ said, planned *types.String }{
		{&p.config.PullPolicy, &p.plan.PullPolicy}, {&p.config.RestartPolicy, &p.plan.RestartPolicy}, {&p.config.DesiredState, &p.plan.DesiredState},
	} {
		if v.said.IsNull() {
			*v.planned = types.StringUnknown()
		}
	}
	if p.config.Replicas.IsNull() {
		p.plan.Replicas = types.Int64Unknown()
	}
	if p.config.AdoptExisting.IsNull() {
		p.plan.AdoptExisting = types.BoolUnknown()
	}
}

// deployment plans what of a deployment step is computed, as mlops_deployment does.
func (p *workflowPlan) deployment(i int, object types.Object, step stepModel) types.Object {
	d := deploymentPlan{rt: p.rt, base: stepPath(i).AtName("deployment")}
	d.plan.deploymentArguments, _ = group[deploymentArguments](object)
	d.config.deploymentArguments, _ = group[deploymentArguments](step.Deployment)
	if before, ok := group[deploymentArguments](p.priorStep(step.Name).Deployment); ok {
		d.prior = &deploymentModel{deploymentArguments: before}
	}
	d.name()
	if d.prior != nil && (!d.prior.Name.Equal(d.plan.Name) || d.prior.Image.IsNull()) {
		d.prior = nil // another one, or a container that was as it is
	}
	switch {
	case d.config.Image.IsNull():
		d.plan.refersTo()
	case d.config.Image.IsUnknown():
		d.mayRefer()
	case anyUnknown(step.Name, d.plan.Name) && d.config.RestartPolicy.IsNull():
		d.plan.RestartPolicy = types.StringUnknown() // that of the same one before, and it is not known which that is
	default:
		d.restartPolicy()
	}
	p.diags.Append(d.diags...)
	return objectOf(workflowObject("steps", "deployment"), d.plan.deploymentArguments)
}
