package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// name plans name and detection_task, each computed from the other.
func (p *deploymentPlan) name() {
	if p.config.Name.IsNull() {
		p.plan.Name = p.nameOfTask()
		p.plan.DetectionTask = p.config.DetectionTask
	} else {
		p.plan.Name = p.config.Name
		p.plan.DetectionTask = p.taskOfName()
	}
}

func (p *deploymentPlan) nameOfTask() types.String {
	task := p.config.DetectionTask
	switch {
	case p.rt.Unknown && p.prior != nil && p.prior.DetectionTask.Equal(task):
		return p.prior.Name // the provider's prefix is not known yet: it hardly ever changes
	case task.IsUnknown() || p.rt.Unknown:
		return types.StringUnknown()
	}
	name := deployment.NameForTask(p.rt.NamePrefix, task.ValueString())
	if !deployment.ValidName(name) {
		p.diags.Append(invalid(p.base.AtName("detection_task"),
			"The deployment would be named %q: with the provider's name_prefix, a name may have 63 characters, and needs 2.", name))
	}
	return types.StringValue(name)
}

func (p *deploymentPlan) taskOfName() types.String {
	switch {
	case p.prior != nil && p.prior.Name.Equal(p.plan.Name):
		return p.prior.DetectionTask
	case p.plan.Name.IsUnknown() || p.rt.Unknown:
		return types.StringUnknown()
	}
	return taskOf(p.rt.NamePrefix, p.plan.Name.ValueString())
}
