package workflow

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/jsonpath"
)

// Problem is what is wrong with a Spec, at an attribute.
type Problem struct {
	Attribute string // as users write it: steps[1].evaluation.gate["$.accuracy"].min
	Text      string // a sentence or two: what is wrong, and how to write it
}

// Validate returns all that is wrong with a workflow, in the order of its
// steps. What a step lists as Unknown is not judged.
func Validate(spec Spec) []Problem {
	v := &validation{}
	if !deployment.ValidName(spec.Name) {
		v.add("name", "%q is no name of a workflow: 2 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.", spec.Name)
	}
	if spec.KeepRuns < 0 {
		v.add("keep_runs", "%d runs cannot be kept: write 1 or more.", spec.KeepRuns)
	}
	if len(spec.Steps) == 0 {
		v.add("steps", "The workflow has no steps. Give it at least one.")
	}
	for i, step := range spec.Steps {
		v.step(fmt.Sprintf("steps[%d]", i), step, spec.Steps[:i])
	}
	return v.problems
}

type validation struct{ problems []Problem }

func (v *validation) add(attribute, format string, args ...any) {
	v.problems = append(v.problems, Problem{Attribute: attribute, Text: deployment.Sanitise(fmt.Sprintf(format, args...))})
}

func (v *validation) step(at string, step Step, earlier []Step) {
	if !deployment.ValidName(step.Name) && !step.unknown("name") {
		v.add(at+".name", "%q is no name of a step: 2 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.", step.Name)
	}
	if i := slices.IndexFunc(earlier, func(s Step) bool { return s.Name == step.Name }); i >= 0 && step.Name != "" {
		v.add(at+".name", "Step %d has the name %q already. Names of steps are unique: results are shown under them.", i+1, step.Name)
	}
	if n := step.kinds(); n != 1 {
		v.add(at, "The step has %d of training, evaluation and deployment. Give it exactly one.", n)
		return
	}
	if step.Timeout < 0 || step.Retries < 0 || step.Backoff < 0 {
		v.add(at, "timeout, retries and backoff cannot be negative.")
	}
	if step.OnFailure != "" && !slices.Contains(OnFailures, step.OnFailure) {
		v.add(at+".on_failure", "%q is not one of fail and continue.", step.OnFailure)
	}
	at += "." + string(step.Kind())
	switch step.Kind() {
	case KindTraining:
		v.job(at, step, earlier)
		v.modelFile(at, step)
	case KindEvaluation:
		v.job(at, step, earlier)
		v.gate(at, step.Evaluation.Gate)
	case KindDeployment:
		v.deployment(at, step, earlier)
	}
}

// kinds is how many of the three a step has.
func (s Step) kinds() int {
	n := 0
	for _, set := range []bool{s.Training != nil, s.Evaluation != nil, s.Deployment != nil} {
		if set {
			n++
		}
	}
	return n
}

func (s Step) unknown(attribute string) bool { return slices.Contains(s.Unknown, attribute) }

func (v *validation) job(at string, step Step, earlier []Step) {
	job := step.job()
	if job.Image == "" && !step.unknown("image") {
		v.add(at+".image", "The step needs an image to run.")
	}
	if job.Output != "" && !folder(job.Output) {
		v.add(at+".output", "%q is no folder inside the container: write an absolute path other than /, without . and ..", job.Output)
	}
	targets := map[string]bool{path.Clean(orDefault(job.Output, DefaultOutput)): true}
	if step.Evaluation != nil && trainedBefore(earlier) {
		targets[path.Clean(orDefault(step.Evaluation.ModelTarget, deployment.DefaultModelTarget))] = true
	}
	if step.unknown("inputs") {
		return
	}
	for i, in := range job.Inputs {
		at := fmt.Sprintf("%s.inputs[%d]", at, i)
		v.input(at, in, earlier)
		if target := path.Clean(in.Target); targets[target] {
			v.add(at+".target", "%q is taken by another input, the model or the output. Each needs a folder of its own.", in.Target)
		} else {
			targets[target] = true
		}
	}
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// folder reports whether something can be mounted or made there.
func folder(p string) bool {
	return path.IsAbs(p) && path.Clean(p) != "/" && !slices.Contains(strings.Split(p, "/"), "..")
}

func trainedBefore(earlier []Step) bool {
	return slices.ContainsFunc(earlier, func(s Step) bool { return s.Training != nil })
}

func (v *validation) input(at string, in Input, earlier []Step) {
	if !folder(in.Target) {
		v.add(at+".target", "%q is no place to mount an input: write an absolute path other than /, without . and ..", in.Target)
	}
	sources := 0
	for _, set := range []bool{in.Artifact != nil, in.Volume != "", in.HostPath != "", in.Step != ""} {
		if set {
			sources++
		}
	}
	if sources != 1 {
		v.add(at, "The input has %d of artifact, volume, host_path and step. Give it exactly one.", sources)
		return
	}
	switch {
	case in.Artifact != nil && (in.Artifact.Volume == "" || in.Artifact.Digest == ""):
		v.add(at+".artifact", "An artifact has a volume and a digest: refer to the attribute artifact of an mlops_model or mlops_workflow.")
	case in.HostPath != "" && !path.IsAbs(in.HostPath):
		v.add(at+".host_path", "%q is no absolute path on the engine's host.", in.HostPath)
	case in.Step != "":
		v.stepInput(at+".step", in.Step, earlier)
	}
	if in.Version != "" && in.Volume == "" && in.HostPath == "" {
		v.add(at+".version", "A version stands for the content of a volume or host_path. What the input reads has a digest of its own: leave the version out.")
	}
}

func (v *validation) stepInput(at, name string, earlier []Step) {
	i := slices.IndexFunc(earlier, func(s Step) bool { return s.Name == name })
	switch {
	case i < 0:
		v.add(at, "There is no step %q before this one.", name)
	case earlier[i].Training == nil:
		v.add(at, "Step %q is no training, so it makes nothing that could be read.", name)
	}
}

func (v *validation) modelFile(at string, step Step) {
	file := step.Training.ModelFile
	if file == "" || step.unknown("model_file") {
		return
	}
	if path.IsAbs(file) || path.Clean(file) != file || file == ".." || strings.HasPrefix(file, "../") || file == "." {
		v.add(at+".model_file", "%q is no path inside the output folder: write it relative to that, without . and ..", file)
	}
	if file == MetricsFile {
		v.add(at+".model_file", "%q is where the job writes its metrics, which are not a part of the artifact.", file)
	}
}

func (v *validation) gate(at string, gate []Bound) {
	for _, b := range gate {
		at := fmt.Sprintf("%s.gate[%q]", at, b.Metric)
		if _, err := jsonpath.Parse(b.Metric); err != nil {
			v.add(at, "%q %s. A metric is named by JSONPath (RFC 9535), such as $.accuracy.", b.Metric, err)
		}
		switch {
		case b.Min == nil && b.Max == nil && b.Equals == nil:
			v.add(at, "The bound says nothing. Give it min, max or equals.")
		case b.Equals != nil && (b.Min != nil || b.Max != nil):
			v.add(at, "The bound has equals beside min or max. Give it one or the other.")
		case b.Min != nil && b.Max != nil && *b.Min > *b.Max:
			v.add(at, "min %s is above max %s: no value fits.", formatNumber(*b.Min), formatNumber(*b.Max))
		}
		for _, bound := range []*float64{b.Min, b.Max} {
			if bound != nil && (math.IsNaN(*bound) || math.IsInf(*bound, 0)) {
				v.add(at, "A bound is a finite number.")
			}
		}
	}
	for i := range gate[:max(len(gate)-1, 0)] {
		if gate[i].Metric == gate[i+1].Metric {
			v.add(at+".gate", "%q has two bounds. Give it one.", gate[i].Metric)
		}
	}
}

// deployment checks what the step adds; the rest is checked as for every deployment.
func (v *validation) deployment(at string, step Step, earlier []Step) {
	d := step.Deployment
	if !deployment.ValidName(d.Name) && !step.unknown("name") && !step.unknown("detection_task") {
		v.add(at+".name", "%q is no name of a deployment: 2 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.", d.Name)
	}
	for i, s := range earlier {
		if s.Deployment != nil && s.Deployment.Name == d.Name && d.Name != "" {
			v.add(at+".name", "Step %d deploys %q already. Two steps would replace each other's replicas in every run.", i+1, d.Name)
		}
	}
	if d.Image == "" && d.Model != nil && !step.unknown("image") {
		v.add(at+".model", "Without an image the step refers to the container that is there, which cannot be given another model. Set image, or leave model out.")
	}
}
