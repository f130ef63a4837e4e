package provider

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/jsonpath"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// workflowValidation goes through the steps in order.
type workflowValidation struct {
	*conversion // of the step

	bound       time.Duration // of a whole create
	boundKnown  bool
	names       map[string]int  // number of the step that has it
	deployments map[string]int  // the same, by name of the deployment
	trainings   map[string]bool // names of the training steps so far
	mayTrain    bool            // a step so far may turn out to be a training of any name
}

// job checks a container; model is where an evaluation has the model.
func (v *workflowValidation) job(c *conversion, m jobModel, model string) {
	shared := m.deployment()
	c.validateEnvironment(shared)
	c.validateResources(shared.Resources)
	taken := map[string]string{}
	if model != "" {
		taken[model] = "The model"
	}
	switch output := cleanPath(m.Output); {
	case m.Output.IsUnknown():
	case m.Output.IsNull():
		taken[workflow.DefaultOutput] = "The output"
	case taken[output] != "":
		c.diags.Append(invalid(c.at("output"), "The model is mounted on %s, read-only. Use another folder, or set model_target.", output))
	default:
		taken[output] = "The output"
	}
	for i, in := range groups[inputModel](m.Inputs) {
		at := c.at("inputs").AtListIndex(i)
		if element := m.Inputs.Elements()[i]; !isSet(element) {
			continue
		}
		v.input(c, at, in)
		if !isSet(in.Target) {
			continue
		}
		target := cleanPath(in.Target)
		if what, twice := taken[target]; twice {
			c.diags.Append(invalid(at.AtName("target"), "%s is at %s. Use another path.", what, target))
			continue
		}
		taken[target] = at.ParentPath().String() + "[" + strconv.Itoa(i) + "]"
	}
}

// input checks where one input comes from.
func (v *workflowValidation) input(c *conversion, at tfpath.Path, in inputModel) {
	sources, known := setOf(in.Artifact, in.Volume, in.HostPath, in.Step)
	if known && sources != 1 {
		c.diags.Append(invalid(at, "Exactly one of artifact, volume, host_path and step says what is mounted; there are %d.", sources))
		return
	}
	if known && isSet(in.Version) && in.Volume.IsNull() && in.HostPath.IsNull() {
		c.diags.Append(invalid(at.AtName("version"), "The content of an artifact is known by its digest. Only volume and host_path have a version."))
	}
	if !isSet(in.Step) || v.mayTrain || v.trainings[in.Step.ValueString()] {
		return
	}
	if i, exists := v.names[in.Step.ValueString()]; exists {
		c.diags.Append(invalid(at.AtName("step"), "steps[%d], %q, is not a training step before this one: it has no artifact yet.", i, in.Step.ValueString()))
		return
	}
	c.diags.Append(invalid(at.AtName("step"), "No step before this one is called %q.", in.Step.ValueString()))
}

// bounds judges one metric of a gate.
type bounds struct{ documented }

// ValidateObject implements validator.Object.
func (bounds) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	m, ok := group[boundModel](req.ConfigValue)
	if !ok || anyUnknown(m.Min, m.Max, m.Equals) {
		return
	}
	switch {
	case m.Min.IsNull() && m.Max.IsNull() && m.Equals.IsNull():
		resp.Diagnostics.Append(invalid(req.Path, "It bounds nothing. Set min, max or equals."))
	case !m.Equals.IsNull() && (!m.Min.IsNull() || !m.Max.IsNull()):
		resp.Diagnostics.Append(invalid(req.Path.AtName("equals"), "A metric equals a value or lies between two. Keep equals, or min and max."))
	case isSet(m.Min) && isSet(m.Max) && m.Min.ValueFloat64() > m.Max.ValueFloat64():
		resp.Diagnostics.Append(invalid(req.Path.AtName("min"), "%v is more than max, %v.", m.Min.ValueFloat64(), m.Max.ValueFloat64()))
	}
}

// isWorkflowName and isStepName accept what names containers together.
func isWorkflowName(v string) error { return isNameOf(v, "a workflow") }

func isStepName(v string) error { return isNameOf(v, "a step") }

func isNameOf(v, what string) error {
	if !deployment.ValidName(v) {
		return errors.New("is not the name of " + what + ": 2 to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit")
	}
	return nil
}

// isMetric accepts what finds one metric.
func isMetric(v string) error {
	if _, err := jsonpath.Parse(v); err != nil {
		return fmt.Errorf("is not the JSONPath of a metric, such as $.accuracy: %w", err)
	}
	return nil
}

// isOutputFile accepts paths of files inside an output folder.
func isOutputFile(v string) error {
	if isRelativePath(v) != nil || path.Clean(v) == "." || strings.HasSuffix(v, "/") {
		return errors.New("is not the relative path of a file or folder inside the output")
	}
	if path.Clean(v) == workflow.MetricsFile {
		return errors.New("is where the metrics are, which are no part of the artifact")
	}
	return nil
}
