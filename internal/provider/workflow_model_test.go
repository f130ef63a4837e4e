package provider

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// fullSpec says something in every field.
func fullSpec() workflow.Spec {
	number, text := 0.5, "good"
	job := workflow.Job{
		Image: "docker.io/library/trainer:1", PullPolicy: deployment.PullAlways, Entrypoint: []string{"/train"}, Command: []string{"--all"},
		WorkingDir: "/app", User: "1000", Env: map[string]string{"A": "b"}, Secrets: deployment.Secrets{Version: "1"},
		Resource: deployment.Resources{CPUs: 1, Memory: 1 << 30, MemoryReservation: 1 << 29, PidsLimit: 10, GPUs: "all", ShmSize: 1 << 20},
		Networks: []string{"edge"}, Output: "/out",
		Inputs: []workflow.Input{
			{Target: "/a", Artifact: &deployment.Artifact{Volume: "mlops-model-1", Path: "m", Digest: "sha256:1"}},
			{Target: "/b", Volume: "data", Version: "1"}, {Target: "/c", HostPath: "/srv"}, {Target: "/d", Step: "train"},
		},
	}
	return workflow.Spec{
		Name: "retrain", Triggers: map[string]string{"a": "b"}, KeepRuns: 3, PurgeOnDestroy: true,
		Timeouts: deployment.Timeouts{Create: "30h", Read: "1m", Update: "30h", Delete: "1m"},
		Steps: []workflow.Step{
			{Name: "train", Training: &workflow.Training{Job: job, ModelFile: "m"}, Timeout: time.Hour, Retries: 2, Backoff: time.Second, OnFailure: workflow.Continue},
			{Name: "evaluate", Evaluation: &workflow.Evaluation{Job: job, ModelTarget: "/m", Gate: []workflow.Bound{
				{Metric: "$.a", Min: &number, Max: &number}, {Metric: "$.b", Equals: &text},
			}}, OnFailure: workflow.FailWorkflow},
			{Name: "deploy", Deployment: &deployment.Spec{Name: "iris", Image: "docker.io/library/iris-serve:1", PullPolicy: deployment.PullMissing,
				Replicas: 1, RestartPolicy: deployment.RestartAlways, DesiredState: deployment.DesiredRunning, Port: 80},
				OnFailure: workflow.FailWorkflow},
		},
	}
}

// TestWorkflowModelRoundTrip: what a state says of a Spec, after an import,
// means that Spec again; and no field of it is forgotten.
func TestWorkflowModelRoundTrip(t *testing.T) {
	spec := fullSpec()
	empty := unset(reflect.ValueOf(spec))
	// Set by the provider, in the configuration alone, or at plan alone.
	for _, name := range []string{"Spec.Owner", "Step.Unknown", "Secrets.Values", "Secrets.Keys", "Artifact.Size"} {
		if !slices.Contains(empty, name) {
			t.Errorf("%s is set", name)
		}
		empty = slices.DeleteFunc(empty, func(s string) bool { return s == name })
	}
	if len(empty) > 0 {
		t.Errorf("nothing is said about %q", empty)
	}
	m := workflowModel{workflowArguments: workflowArgumentsOf(spec, "pyt-"), Timeouts: timeoutsOf(spec.Timeouts)}
	got, diags := (&runtime{}).workflowSpec(m, workflowModel{Timeouts: timeouts.Value{}})
	if diags.HasError() {
		t.Fatal(diags)
	}
	if !reflect.DeepEqual(got, spec) {
		t.Errorf("came back as\n%+v\nnot\n%+v", got, spec)
	}
}

// unset are the fields, as Type.Field, that are zero wherever they occur.
func unset(v reflect.Value) []string {
	zero, set := map[string]bool{}, map[string]bool{}
	var visit func(v reflect.Value)
	visit = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				visit(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				visit(v.Index(i))
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[deployment.Spec]() {
				return // has a test of its own
			}
			for i := range v.NumField() {
				name := v.Type().Name() + "." + v.Type().Field(i).Name
				if v.Field(i).IsZero() {
					zero[name] = true
				} else {
					set[name] = true
				}
				visit(v.Field(i))
			}
		default:
		}
	}
	visit(v)
	var out []string
	for _, name := range sortedKeys(zero) {
		if !set[name] {
			out = append(out, name)
		}
	}
	return out
}

// TestWorkflowDocumentation: every attribute is documented, and each that a
// user sets says what changing it does.
func TestWorkflowDocumentation(t *testing.T) {
	var visit func(at string, attributes map[string]schema.Attribute)
	visit = func(at string, attributes map[string]schema.Attribute) {
		for _, name := range sortedKeys(attributes) {
			a := attributes[name]
			text := a.GetMarkdownDescription()
			if text == "" {
				t.Errorf("%s%s is not documented", at, name)
			}
			says := slices.ContainsFunc([]string{"hang", "Another name", "Adding or removing", "Raising it", "runs when"}, func(word string) bool { return strings.Contains(text, word) })
			if (a.IsOptional() || a.IsRequired()) && !says {
				t.Errorf("%s%s does not say what changing it does: %s", at, name, text)
			}
			switch a := a.(type) {
			case schema.SingleNestedAttribute:
				visit(at+name+".", a.Attributes)
			case schema.ListNestedAttribute:
				visit(at+name+"[].", a.NestedObject.Attributes)
			case schema.MapNestedAttribute:
				visit(at+name+"{}.", a.NestedObject.Attributes)
			}
		}
	}
	visit("", workflowSchema(context.Background()).Attributes)
}

// TestWorkflowMetrics: numbers become attributes, those inside of objects too.
func TestWorkflowMetrics(t *testing.T) {
	for text, want := range map[string]string{
		``: "<null>", `[1, 2]`: "<null>", `3`: "<null>", `{}`: "{}", `{"a": "b", "c": true, "d": null, "e": [1]}`: "{}",
		`{"a": 1, "huge": 1e9999999999, "b": {"c": 0.5, "d": {"e": -1e3}}}`: `{"a":1,"b.c":0.5,"b.d.e":-1000}`,
	} {
		if got := fmt.Sprint(metricsOf([]byte(text))); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
