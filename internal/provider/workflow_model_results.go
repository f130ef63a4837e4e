package provider

import (
	"bytes"
	"encoding/json"
	"math/big"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// workflowResultsOf is what a run came to. drift is another look's.
func workflowResultsOf(run workflow.Run) workflowResults {
	results := map[string]attr.Value{}
	for _, r := range run.Results {
		results[r.Step] = resultOf(r)
	}
	artifact, metrics := lastOf(run.Results)
	return workflowResults{
		ID: types.StringValue(run.Workflow), Run: types.Int64Value(int64(run.Number)), Status: types.StringValue(string(run.Status)),
		Results: types.MapValueMust(workflowObject("results"), results), Artifact: artifactOf(artifact), Metrics: metricsOf(metrics), Drift: noDrift(),
	}
}

// lastOf are the artifact of the last training step, and the metrics of the
// last step that wrote some. A step that failed made none.
func lastOf(results []workflow.Result) (*deployment.Artifact, json.RawMessage) {
	var artifact *deployment.Artifact
	var metrics json.RawMessage
	for _, r := range results {
		if r.Artifact != nil {
			artifact = r.Artifact
		}
		if len(r.Metrics) > 0 {
			metrics = r.Metrics
		}
	}
	return artifact, metrics
}

func resultOf(r workflow.Result) types.Object {
	m := resultModel{
		Status: types.StringValue(string(r.Status)), Reason: optionalText(r.Reason), Attempt: optionalInt(r.Attempt),
		StartedAt: timeOf(r.StartedAt), FinishedAt: timeOf(r.FinishedAt), ExitCode: types.Int64Null(),
		Container: optionalString(r.Container), Hash: optionalString(r.Hash), Message: optionalText(r.Message),
		Artifact: artifactOf(r.Artifact), Metrics: metricsOf(r.Metrics),
	}
	if r.ExitCode != nil {
		m.ExitCode = types.Int64Value(int64(*r.ExitCode))
	}
	return objectOf(workflowObject("results"), m)
}

// unknownResult is the result of a step that will run, with the reason why.
func unknownResult(reason types.String) types.Object {
	kind := workflowObject("results")
	return objectOf(kind, resultModel{
		Status: types.StringUnknown(), Reason: reason, Attempt: types.Int64Unknown(), StartedAt: types.StringUnknown(), FinishedAt: types.StringUnknown(),
		ExitCode: types.Int64Unknown(), Container: types.StringUnknown(), Hash: types.StringUnknown(), Message: types.StringUnknown(),
		Artifact: types.ObjectUnknown(workflowObject("results", "artifact").AttrTypes), Metrics: types.MapUnknown(types.NumberType),
	})
}

// sentences is drift as a state holds it, safe to print.
func sentences(texts []string) types.List {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = deployment.Sanitise(text)
	}
	return types.ListValueMust(types.StringType, stringValues(out))
}

// optionalText is a text that has to do with containers, safe to print.
func optionalText(text string) types.String { return optionalString(deployment.Sanitise(text)) }

func timeOf(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339Nano))
}

// metricsOf are the numbers in what a step wrote, those of objects inside with
// the names joined by dots. Lists can be of any length and have no place in a state.
func metricsOf(text json.RawMessage) types.Map {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var all map[string]any
	if decoder.Decode(&all) != nil || all == nil { // nothing, a list, or a plain number
		return types.MapNull(types.NumberType)
	}
	out := map[string]attr.Value{}
	flatten("", all, out)
	return types.MapValueMust(types.NumberType, out)
}

func flatten(prefix string, from map[string]any, into map[string]attr.Value) {
	for name, value := range from {
		switch value := value.(type) {
		case json.Number:
			if number, ok := numberOf(value.String()); ok {
				into[prefix+name] = number
			}
		case map[string]any:
			flatten(prefix+name+".", value, into)
		}
	}
}

// numberBits is the precision that Terraform gives to decimal numbers: with
// less, 0.9 would not be the 0.9 that it reads from a state.
const numberBits = 512

func numberOf(text string) (types.Number, bool) {
	number, _, err := big.ParseFloat(text, 10, numberBits, big.ToNearestEven)
	if err != nil || number.IsInf() {
		return types.NumberNull(), false
	}
	return types.NumberValue(number), true
}

// fill replaces what is unknown in a plan by what came of it. What was known
// stays: the plan was a promise.
func (r *workflowResults) fill(came workflowResults) {
	fillUnknown(&r.ID, came.ID)
	fillUnknown(&r.Run, came.Run)
	fillUnknown(&r.Status, came.Status)
	fillUnknown(&r.Artifact, came.Artifact)
	fillUnknown(&r.Metrics, came.Metrics)
	fillUnknown(&r.Drift, came.Drift)
	r.fillResults(came.Results)
}

// fillResults does the same inside of results. A step that was not come to has none.
func (r *workflowResults) fillResults(came types.Map) {
	if r.Results.IsUnknown() {
		r.Results = came
		return
	}
	filled := map[string]attr.Value{}
	for step, planned := range r.Results.Elements() {
		object, _ := planned.(types.Object)
		result, ok := came.Elements()[step].(types.Object)
		switch {
		case ok:
			filled[step] = fillObject(object, result)
		case fullyKnown(object):
			filled[step] = object
		default:
			filled[step] = fillObject(object, notRun())
		}
	}
	r.Results = types.MapValueMust(workflowObject("results"), filled)
}

// notRun is the result of a step that a run did not come to.
func notRun() types.Object { return resultOf(workflow.Result{Status: workflow.Skipped}) }

func fillObject(planned, came types.Object) types.Object {
	if planned.IsUnknown() {
		return came
	}
	filled := map[string]attr.Value{}
	for name, value := range planned.Attributes() {
		if value.IsUnknown() {
			value = came.Attributes()[name]
		}
		filled[name] = value
	}
	return replacing(planned, filled)
}
