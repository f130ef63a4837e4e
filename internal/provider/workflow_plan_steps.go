package provider

import (
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// steps plans what of the steps is computed, and keeps the spelling of what
// means the same as before.
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
	prior, at := p.priorStep(said.Name)
	if isSet(step.Deployment) {
		by["deployment"] = p.deployment(i, step.Deployment, said.Deployment, prior.Deployment)
	}
	object = replacing(object, by)
	if at != i { // Terraform lets a plan keep what was at the same place
		return object
	}
	before, _ := p.prior.Steps.Elements()[i].(types.Object)
	return keepStepSpelling(object, before)
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

// priorStep is the step of that name in the state, and its number; −1 for none.
func (p *workflowPlan) priorStep(name types.String) (stepModel, int) {
	if p.prior == nil || !isSet(name) {
		return stepModel{}, -1
	}
	for i, step := range groups[stepModel](p.prior.Steps) {
		if step.Name.Equal(name) {
			return step, i
		}
	}
	return stepModel{}, -1
}

// deployment plans what of a deployment step is computed, as mlops_deployment does.
func (p *workflowPlan) deployment(i int, object, said, prior types.Object) types.Object {
	d := deploymentPlan{rt: p.rt, base: stepPath(i).AtName("deployment")}
	d.plan.deploymentArguments, _ = group[deploymentArguments](object)
	d.config.deploymentArguments, _ = group[deploymentArguments](said)
	if before, ok := group[deploymentArguments](prior); ok {
		d.prior = &deploymentModel{deploymentArguments: before}
	}
	d.name()
	if d.prior != nil && (!d.prior.Name.Equal(d.plan.Name) || d.prior.Image.IsNull()) {
		d.prior = nil // another one, or a container that was as it is
	}
	if d.config.Image.IsNull() {
		d.plan.refersTo()
	} else {
		d.restartPolicy()
	}
	p.diags.Append(d.diags...)
	return objectOf(workflowObject("steps", "deployment"), d.plan.deploymentArguments)
}

// keepStepSpelling gives what means in next what it means in prior, the step at
// the same place, the spelling of prior, so that it makes no difference.
func keepStepSpelling(next, prior types.Object) types.Object {
	return keepWhere(next, prior, func(name string, next, prior attr.Value) attr.Value {
		switch name {
		case "timeout", "backoff":
			return keepIf(next, prior, func(v attr.Value) any { return durationOr(stringIn(v), -1) })
		case "training", "evaluation":
			return keepJobSpelling(next.(types.Object), prior.(types.Object)) //nolint:forcetypeassert // both are nested attributes
		case "deployment":
			return keepArguments(next.(types.Object), prior.(types.Object)) //nolint:forcetypeassert // as above
		}
		return next
	})
}

func keepJobSpelling(next, prior types.Object) types.Object {
	return keepWhere(keepArguments(next, prior), prior, func(name string, next, prior attr.Value) attr.Value {
		switch name {
		case "output", "model_file", "model_target":
			return keepIf(next, prior, func(v attr.Value) any { return cleanPath(stringIn(v)) })
		case "gate": // 0.9 as Terraform has it, and as it was recorded
			return keepIf(next, prior, func(v attr.Value) any { return gateToSpec(v.(types.Map)) }) //nolint:forcetypeassert // it is a map
		case "inputs":
			return keepIf(next, prior, func(v attr.Value) any { return inputsToSpec(v.(types.List)) }) //nolint:forcetypeassert // it is a list
		}
		return next
	})
}

// keepArguments keeps the attributes that deployments have too, or a deployment's.
func keepArguments(next, prior types.Object) types.Object {
	after, before := modelOf(deployment.Spec{}), modelOf(deployment.Spec{}) // the attributes that a job does not have
	decode(&after.deploymentArguments, next.Attributes())
	decode(&before.deploymentArguments, prior.Attributes())
	spec, diags := after.toSpec()
	diags.Append(keepSpelling(&after, &before, spec, inPlan)...)
	if diags.HasError() { // said elsewhere
		return next
	}
	by := map[string]attr.Value{}
	kept := encode(after.deploymentArguments)
	for name := range next.Attributes() {
		if value, shared := kept[name]; shared {
			by[name] = value
		}
	}
	return replacing(next, by)
}

// keepWhere goes through the attributes of next that Terraform lets a plan
// keep as they are in prior: a value for a value.
func keepWhere(next, prior types.Object, keep func(name string, next, prior attr.Value) attr.Value) types.Object {
	by := map[string]attr.Value{}
	for name, value := range next.Attributes() {
		if before := prior.Attributes()[name]; isSet(value) && isSet(before) && !value.Equal(before) {
			by[name] = keep(name, value, before)
		}
	}
	return replacing(next, by)
}

// keepIf is prior when both mean the same, else next.
func keepIf(next, prior attr.Value, meaning func(attr.Value) any) attr.Value {
	if fullyKnown(next) && reflect.DeepEqual(meaning(next), meaning(prior)) {
		return prior
	}
	return next
}

func stringIn(v attr.Value) types.String {
	text, _ := v.(types.String)
	return text
}
