package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// validateWorkflow checks what concerns several attributes. Single values are
// checked by the validators of the schema. What is unknown is skipped here and
// checked again by the plan.
func validateWorkflow(config workflowModel) diag.Diagnostics {
	c := conversion{}
	v := workflowValidation{
		conversion: &c, bound: workflowCreate.timeout(config.Timeouts), names: map[string]int{}, deployments: map[string]int{}, trainings: map[string]bool{},
	}
	v.boundKnown = fullyKnown(config.Timeouts)
	for i, step := range groups[stepModel](config.Steps) {
		if element := config.Steps.Elements()[i]; !isSet(element) { // null ones are refused by the schema
			v.mayTrain = true
			continue
		}
		c.within(stepPath(i), func(c *conversion) {
			v.conversion = c
			v.step(i, step)
		})
	}
	return c.diags
}

// step checks one step, and notes what those after it can refer to.
func (v *workflowValidation) step(i int, m stepModel) {
	v.name(i, m)
	kind := v.kind(m)
	v.times(m)
	if training, ok := group[trainingModel](m.Training); ok {
		v.conversion.within(v.at("training"), func(c *conversion) { v.job(c, training.jobModel, "") })
	}
	if evaluation, ok := group[evaluationModel](m.Evaluation); ok {
		v.conversion.within(v.at("evaluation"), func(c *conversion) {
			v.job(c, evaluation.jobModel, evaluation.modelTarget())
		})
	}
	if arguments, ok := group[deploymentArguments](m.Deployment); ok {
		v.conversion.within(v.at("deployment"), func(c *conversion) { v.deployment(c, i, arguments) })
	}
	switch {
	case kind == "" || m.Name.IsUnknown():
		v.mayTrain = true
	case kind == workflow.KindTraining && isSet(m.Name):
		v.trainings[m.Name.ValueString()] = true
	}
}

func (v *workflowValidation) name(i int, m stepModel) {
	if !isSet(m.Name) {
		return
	}
	name := m.Name.ValueString()
	if j, twice := v.names[name]; twice {
		v.diags.Append(invalid(v.at("name"), "steps[%d] is called %q already.", j, name))
		return
	}
	v.names[name] = i
}

// kind is what the step does, "" when that is not known yet or wrong.
func (v *workflowValidation) kind(m stepModel) workflow.Kind {
	kinds, known := m.kinds()
	if !known {
		return ""
	}
	if len(kinds) != 1 {
		v.diags.Append(invalid(v.base, "A step has exactly one of training, evaluation and deployment; here there are %d.", len(kinds)))
		return ""
	}
	if isSet(m.Type) && m.Type.ValueString() != string(kinds[0]) {
		v.diags.Append(invalid(v.at("type"), "The step has the attribute %s. Leave type out, or make it %q.", kinds[0], kinds[0]))
	}
	return kinds[0]
}

// kinds are those of the three attributes that are set; false while one of
// them may turn out to be null.
func (m stepModel) kinds() (kinds []workflow.Kind, known bool) {
	objects := map[workflow.Kind]types.Object{
		workflow.KindTraining: m.Training, workflow.KindEvaluation: m.Evaluation, workflow.KindDeployment: m.Deployment,
	}
	for _, kind := range workflow.Kinds {
		if objects[kind].IsUnknown() {
			return nil, false
		}
		if !objects[kind].IsNull() {
			kinds = append(kinds, kind)
		}
	}
	return kinds, true
}

// times refuses an attempt that the operation ends first, and waits between
// attempts that there are not.
func (v *workflowValidation) times(m stepModel) {
	if timeout := durationOr(m.Timeout, 0); v.boundKnown && isSet(m.Timeout) && timeout > v.bound {
		v.diags.Append(invalid(v.at("timeout"), "One attempt may take %s, but a whole create ends after %s. Raise timeouts.create.",
			formatDuration(timeout), formatDuration(v.bound)))
	}
	if isSet(m.Backoff) && !m.Retries.IsUnknown() && m.Retries.ValueInt64() == 0 {
		v.diags.Append(invalid(v.at("backoff"), "There is no second attempt to wait for. Set retries, or leave backoff out."))
	}
}

// deployment checks a deployment step; i is its number.
func (v *workflowValidation) deployment(c *conversion, i int, m deploymentArguments) {
	if m.Image.IsNull() {
		c.validateName(m)
		v.reference(c, m)
	} else {
		m.validate(c)
	}
	if !isSet(m.Name) {
		return
	}
	name := m.Name.ValueString()
	if j, twice := v.deployments[name]; twice {
		c.diags.Append(invalid(c.at("name"), "steps[%d] deploys %q already.", j, name))
		return
	}
	v.deployments[name] = i
}

// reference checks a step that refers to a container: all that there is to say
// about it is its name.
func (v *workflowValidation) reference(c *conversion, m deploymentArguments) {
	said := encode(m)
	for _, name := range sortedKeys(said) {
		if name == "name" || name == "detection_task" || said[name].IsNull() {
			continue
		}
		c.diags.Append(invalid(c.at(name), "Without an image the step refers to a container that exists, as it is. Set image, or leave %s out.", name))
	}
}

// modelTarget is where the model is mounted, "" while that is not known.
func (m evaluationModel) modelTarget() string {
	switch {
	case m.ModelTarget.IsUnknown():
		return ""
	case m.ModelTarget.IsNull():
		return deployment.DefaultModelTarget
	}
	return cleanPath(m.ModelTarget)
}

// setOf counts the values that are set; false while one may turn out to be null.
func setOf(values ...attr.Value) (n int, known bool) {
	for _, v := range values {
		if v.IsUnknown() {
			return 0, false
		}
		if !v.IsNull() {
			n++
		}
	}
	return n, true
}
